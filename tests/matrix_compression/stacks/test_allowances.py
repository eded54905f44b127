"""What squares may err by in the claims about sketches: it follows their unit, so that no unit hides a wrong sketch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lrtheory.bounds import Identity, Inequality
from lrtheory.bounds.deciding.comparison import measure
from proofs_checks.guards import allowance
from proofs_checks.matrix_compression.families.passes import Pass, Trace, sketched
from proofs_checks.matrix_compression.sketches.brackets import CM_3
from proofs_checks.matrix_compression.sketches.single_values import CM_3T, CM_10

COLUMNS = tuple(np.array([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0], [1.0, 0.0, 2.0]])[:, [i]] for i in range(3))


def test_a_number_in_the_place_of_an_array_is_refused() -> None:
    with pytest.raises(TypeError, match="the number of factorizations as `steps`"):
        allowance(np.eye(2), 3)


@pytest.mark.parametrize("power", [-400, -50, 0, 50])
def test_it_is_in_the_unit_of_the_squares(power: int) -> None:
    M = np.arange(6.0).reshape(2, 3)
    assert allowance(2.0**power * M, steps=5) == 2.0 ** (2 * power) * allowance(M, steps=5)


def longer(found: Trace) -> Trace:
    """Lengthen the factors of all factorizations by a thousandth, and say that the truth is as much larger."""
    nodes = [replace(node, factor=1.001 * node.factor) for node in found.nodes]
    return replace(found, nodes=nodes, brackets=1.001 * found.brackets, values=1.001 * found.values)


@pytest.mark.parametrize("power", [-50, -10, 0, 50])
@pytest.mark.parametrize("statement", [CM_3, CM_3T, CM_10], ids=lambda one: one.id)
def test_a_factor_that_is_a_thousandth_too_long_is_seen_in_every_unit(statement, power: int) -> None:
    case = Pass(tuple(2.0**power * column for column in COLUMNS), 1, 0)
    assert isinstance(statement.claim, (Inequality, Identity))
    found = sketched(case)
    assert measure(statement.claim, case, found, every=True).verdict == "supported"
    assert measure(statement.claim, case, longer(found), every=True).verdict == "refuted"

"""What formulas refuse beyond their domains: one row per function and argument, each wrong value in a right call."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest

from lrtheory.alpha_rank import theory
from tests.core.formulas.declared import in_rooms, in_theory
from tests.examples import call, calls_of_rooms
from tests.examples.alpha_rank import CALLS
from tests.rules.refusals import arguments_of

NAN, TEXT = math.nan, "x"
PROBABILITY = (0, 1, -0.5, 1.5, NAN, TEXT, None)  # not strictly between 0 and 1
TABLES = ([[0.0, NAN]], [[0.0, 1.0], [0.0, 1.0]], [[TEXT]], 0.5)
SIZES = ((), (0, 2), (2.5, 2), 3, "22", None)

REFUSED: dict[tuple[str, str], tuple[Any, ...]] = {
    ("certain_directions", "lower"): (np.ones((2, 3)), [[0.5]], [[0.5, NAN], [0.5, 0.5]], TEXT, None),
    ("certain_directions", "upper"): (np.ones((2, 3)), [[0.5]], [[0.5, NAN], [0.5, 0.5]], TEXT, None),
    ("clopper_pearson", "successes"): (-1, 11, 2.5, NAN, TEXT),
    ("clopper_pearson", "n"): (-1, NAN, math.inf, TEXT),
    ("clopper_pearson", "delta"): PROBABILITY,
    ("count_weighted_bounds", "payoffs"): TABLES,
    ("count_weighted_bounds", "delta"): PROBABILITY,
    ("exhaustive_bound", "payoffs"): TABLES,
    ("exhaustive_bound", "delta"): PROBABILITY,
    ("hoeffding_radius", "delta"): PROBABILITY,
    ("samples_finite_alpha", "sizes"): SIZES,
    ("samples_finite_alpha", "epsilon"): PROBABILITY,
    ("samples_finite_alpha", "delta"): PROBABILITY,
    ("samples_finite_alpha", "constants"): ("tree", None, 1),
    ("samples_infinite_alpha", "sizes"): SIZES,
    ("samples_infinite_alpha", "gap"): (0, -0.5, NAN, math.inf, TEXT, None),
    ("samples_infinite_alpha", "delta"): PROBABILITY,
    ("samples_infinite_alpha", "bound"): ("tight", None, 1),
    ("samples_to_resolve", "delta"): PROBABILITY,
    ("relaxed_samples_to_resolve", "delta"): PROBABILITY,
    ("has_no_ties", "M"): TABLES,
    ("order_only", "M"): TABLES,
    ("payoffs_with_offset", "M"): ([[0.0, NAN]], [[TEXT, TEXT]], 0.5, np.zeros((2, 2))),
    ("payoffs_with_offset", "b"): ([], 3, TEXT, None, [[1.0, 2.0]], [[NAN]], [[TEXT]]),
    ("potential_log_law", "phi"): ([], [0.0, NAN], [0.0, math.inf], [TEXT], None),
    ("single_sink_limit", "C"): (np.eye(2), [[0.0, -1.0], [0.0, 0.0]], np.ones((2, 3)), [[NAN]], np.empty((0, 0))),
    ("tree_weights", "C"): (np.zeros((2, 2)), np.ones((8, 8)), np.empty((0, 0))),
}
FORMULAS = {name: getattr(theory, name) for name in theory.__all__}
FORMULAS |= {one.path.rpartition(".")[2]: one.function for one in in_rooms("alpha_rank")}
RIGHT = {name.removeprefix("theory."): call for name, call in CALLS.items()} | calls_of_rooms("alpha_rank")
RIGHT |= {"tree_weights": lambda: call([[0, 1], [3, 0]]), "relaxed_samples_to_resolve": lambda: call(0.1, 0.25, 0.1, 8)}


@pytest.mark.parametrize(("name", "argument", "value"), [(*row, value) for row in REFUSED for value in REFUSED[row]])
def test_refused(name: str, argument: str, value: Any) -> None:
    right = RIGHT[name]()
    given = inspect.signature(FORMULAS[name]).bind(*right.args, **right.options)
    given.arguments[argument] = value
    with pytest.raises((TypeError, ValueError), match=r"^`[^`]+` must be (.|\n)*; got (.|\n)*\.$"):
        FORMULAS[name](*given.args, **given.kwargs)


def test_every_argument_that_no_domain_tells_has_a_row() -> None:
    declared = {one.path.rpartition(".")[2]: one for one in (*in_theory("alpha_rank"), *in_rooms("alpha_rank"))}
    told = {(name, argument) for name, one in declared.items() for argument in one.domains}
    formulas = {(name, argument) for name, one in declared.items() for argument in one.hints if argument != "return"}
    untold = (arguments_of(theory) | formulas) - told - {("hoeffding_radius", "anytime")}  # which has a truth value
    assert untold == set(REFUSED) - {("tree_weights", "C")}

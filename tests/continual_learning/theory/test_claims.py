"""What claims refute of variances and of protected directions, and what hypotheses on tasks and rows let in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from proofs_checks.continual_learning.families.streams import Stream
from proofs_checks.continual_learning.families.subspaces import oriented
from proofs_checks.continual_learning.ledger.covariances import fall
from proofs_checks.continual_learning.sketches.corrections import Targets, is_regression
from proofs_checks.continual_learning.subspaces.energy_shares import leaks_a_share, shares
from proofs_checks.continual_learning.task_orders import Course, Labeled, is_course


@pytest.mark.parametrize(("ridge", "before", "after"), [(4, (1, 4), (1, 5)), (1, (1, 1), (1, 2))])
def test_a_variance_that_falls_below_its_bound_is_seen(
    ridge: int, before: tuple[int, int], after: tuple[int, int]
) -> None:
    """In one coordinate an edit of one key leaves v / (1 + v), which is both bounds."""
    stream = Stream(((0,),), ((((1,),), ((1,),)),), Fraction(ridge))
    first, second = Fraction(*before), Fraction(*after)
    for report, holds in ((second, True), (second - Fraction(1, 1000), False), (second + Fraction(1, 1000), False)):
        covariance = np.array([[[first]], [[report]]], object)
        sides = fall(stream, {"exact": {"covariance": covariance}})
        assert all(left <= right for left, right in zip(sides.lhs, sides.rhs, strict=True)) == holds


ROW: Labeled = (((1, 2),), (0,))


@pytest.mark.parametrize(
    ("part", "fits"),
    [
        (ROW, True),
        ((((1, 2), (0, 1)), (1, 0)), True),
        ((((1, 2), (0, 1)), (1,)), False),
        ((((1, 2),), (-1,)), False),
        (((), ()), False),
        ((((1,),), (0,)), False),
    ],
)
def test_tasks_have_a_class_for_each_row_and_rows_of_one_length(part: Labeled, fits: bool) -> None:
    assert is_course(Course(((ROW, ROW), (part, ROW)))) == fits
    assert is_course(Course(((ROW, ROW), (ROW, part)))) == fits


def test_numbers_of_tasks_and_ridges_of_a_course() -> None:
    assert [is_course(Course(((ROW, ROW),) * n)) for n in range(1, 6)] == [False, True, True, True, False]
    assert not is_course(Course(((ROW, ROW),) * 2, Fraction(0)))


def test_a_ridge_is_at_least_a_share_of_the_energy() -> None:
    rows, targets = np.diag([2.0**10, 0.0]), np.eye(2)
    for ridge, fits in ((1.0, True), (np.nextafter(1.0, 0.0), False)):
        assert is_regression(Targets(rows, targets, 1, 2, float(ridge))) == fits


def test_one_direction_more_than_a_share_takes_is_seen() -> None:
    """Of the squared values 99 and 1 the first one alone is more than 0.98 of all."""
    case = shares()[0]
    first = np.eye(2)[:, :1]
    for basis, holds in ((first, True), (np.eye(2), False)):
        moved = case.raw - basis @ (basis.T @ case.raw)
        sides = leaks_a_share(case, {"basis": basis, "after": case.W + oriented(moved, case.layout)})
        assert (np.asarray(sides.lhs) <= np.asarray(sides.rhs) + np.asarray(sides.rounding)).all() == holds

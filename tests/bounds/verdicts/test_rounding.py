"""Rounding that drowns an entry is measured on the instance and on the honest outcome."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds import Family, Identity, Session, Sides, Statement, check, load_evidence, rounding
from tests.bounds.toys import GAUSS, inequality

ONE = Family("one", always=(1, 2, 3))


def toy(claim: Any, solve: Any = lambda n, rng: 0.0, **changes: Any) -> Statement:
    return dataclasses.replace(GAUSS, instances=ONE, saboteurs=(), solve=solve, claim=claim, **changes)


def said(drowned: int, lhs: float = 0.5, rhs: float = 0.4, allowed: float = 1.0) -> Any:
    """Eight entries, of which some have a rounding larger than both of their sides."""
    below = np.arange(8) < drowned
    return lambda n, o: Sides(
        np.where(below, lhs, 1.0), np.where(below, rhs, 2.0), rounding=np.where(below, allowed, 0)
    )


@pytest.mark.parametrize(("drowned", "verdict"), [(0, "supported"), (2, "supported"), (3, "inconclusive")])
def test_more_than_a_quarter_below_its_rounding_is_inconclusive(drowned: int, verdict: str, tmp_path: Any) -> None:
    # the instance holds numbers as large as the rounding, so that it is not beyond everything in sight
    found = check(toy(inequality(said(drowned))), Session())
    assert (found.verdict, found.counts["drowned"], found.counts["saying"]) == (verdict, 3 * drowned, 24 - 3 * drowned)
    assert load_evidence(found.save(tmp_path)).verdict == verdict
    if verdict == "inconclusive":
        assert "the rounding exceeds both sides in 9 of 24 entries, which say nothing" in found.message


@pytest.mark.parametrize(("lhs", "rhs", "drowned"), [(0.0, 0.0, 0), (0.0, 1e-3, 24), (-1e-3, 0.0, 24)])
def test_where_both_sides_are_zero_an_entry_says_something(lhs: float, rhs: float, drowned: int) -> None:
    found = check(toy(inequality(said(8, lhs, rhs, 0.01))), Session())
    assert (found.counts["drowned"], found.counts["saying"]) == (drowned, 24 - drowned)


def orthogonal(n: int, rng: np.random.Generator) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((n + 3, n + 3)))[0]


def test_what_doubles_leave_of_a_zero_counts_as_zero() -> None:
    claim = Identity(lambda n, q: Sides(q.T @ q, np.eye(len(q)), rounding=rounding(len(q) ** 2, 1.0)))
    statement = toy(claim, orthogonal)
    assert check(statement, Session()).counts["drowned"] == 0
    assert check(statement, Session()).verdict == "supported"
    askew = lambda n, rng: orthogonal(n, rng) @ (np.eye(n + 3) + 1e-9 * np.eye(n + 3, k=1))
    assert check(statement.with_solver(askew), Session()).verdict == "refuted"


def test_a_wrong_answer_is_not_excused_by_the_rounding_that_it_brings_along() -> None:
    # the author's rounding grows with the outcome, and so would excuse whatever is large enough
    claim = Identity(lambda n, x: Sides(x, float(n), rounding=1e-9 + (abs(x) if abs(x) > 100 else 0)))
    statement = toy(claim, lambda n, rng: float(n))
    assert check(statement, Session()).verdict == "supported"
    assert check(statement.with_solver(lambda n, rng: 50.0), Session()).verdict == "refuted"
    huge = check(statement.with_solver(lambda n, rng: 1e9), Session())
    assert (huge.verdict, huge.counts["drowned"]) == ("inconclusive", 3)

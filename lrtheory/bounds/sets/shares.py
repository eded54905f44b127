"""The best constants of linear programs: how much more of a quantity a goal may take off, each with multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lrtheory.bounds.sets.dual import Dual, Form, Program, follows, rational_solution, table

__all__ = ["corners", "largest_share", "most"]

_ORDER = 6  # largest denominator of shares at which a corner is looked for


def most(program: Program, term: Form) -> Fraction | None:
    """The most of a term that can be taken off a goal so that it still follows.

    Parameters
    ----------
    program : Program
        Facts and goal, whose coefficients are numbers.
    term : mapping
        Linear form.

    Returns
    -------
    Fraction or None
        A number s for which multipliers in rationals prove goal - s term >= 0; None where the solver's proposal proves
        nothing, or s is not bounded.
    """
    from scipy.optimize import linprog

    variables, names, A, c = table(program, term)
    t = np.array([Fraction(term.get(v, 0)) for v in variables], object)
    equations = np.column_stack([A.T, t]).astype(float)
    bounds = [(0, None)] * len(names) + [(None, None)]
    found = linprog(
        np.r_[np.zeros(len(names)), -1.0], A_eq=equations, b_eq=c.astype(float), bounds=bounds, method="highs-ds"
    )
    if found.x is None:
        return None
    used = np.flatnonzero(found.x[:-1] > 1e-9)
    exact = rational_solution(np.column_stack([A[used].T, t]), c)
    if exact is None:
        return None
    *weights, s = exact
    reduced = replace(program, goal=_less(program.goal, s, term))
    return s if follows(reduced, {names[i]: y for i, y in zip(used, weights, strict=True)}) else None


def _less(goal: Form, s: Fraction, term: Form) -> dict[object, Fraction]:
    """A goal less a multiple of a term."""
    return {v: Fraction(goal.get(v, 0)) - s * Fraction(term.get(v, 0)) for v in {*goal, *term}}


def _least(programs: Sequence[Program], terms: Sequence[Form]) -> Fraction | None:
    """The most that can be taken off the goals of all programs; None where some program tells nothing."""
    found = [most(program, term) for program, term in zip(programs, terms, strict=True)]
    return None if any(one is None for one in found) else min(one for one in found if one is not None)


def largest_share(entry: Dual) -> Fraction | None:
    """The largest share of the unit that all programs of a set allow.

    Parameters
    ----------
    entry : Dual
        Set that names its `share`.

    Returns
    -------
    Fraction or None
        The share, proved by multipliers; None where it is not known, or coefficients are letters.
    """
    programs = list(entry.programs())
    if entry.share is None or any(one.multipliers is not None for one in programs):
        return None
    more = _least(programs, [{one.unit: 1} for one in programs])
    return None if more is None else entry.share + more


def corners(entry: Dual, term: Form) -> list[tuple[Fraction, Fraction]]:
    """The corners of all pairs of a share of the unit and one of another quantity that all programs allow together.

    Parameters
    ----------
    entry : Dual
        Set that names its `share`.
    term : mapping
        The other quantity as a linear form.

    Returns
    -------
    list of tuple of Fraction
        Pairs by rising share of the unit, at shares with denominators of at most 6 and at the largest one, between
        which no pair is better than their mean. Each is proved by multipliers in rationals.
    """
    best = largest_share(entry)
    if best is None or entry.share is None:
        return []
    programs = list(entry.programs())
    shares = {Fraction(p, q) for q in range(1, _ORDER + 1) for p in range(q + 1) if Fraction(p, q) < best}
    points = []
    for share in sorted({*shares, best}):
        moved = [replace(one, goal=_less(one.goal, share - entry.share, {one.unit: 1})) for one in programs]
        other = _least(moved, [term] * len(moved))
        points += [] if other is None else [(share, other)]
    return [point for place, point in enumerate(points) if _is_corner(points, place)]


def _is_corner(points: Sequence[tuple[Fraction, Fraction]], place: int) -> bool:
    """Whether a point lies above the line through its neighbors; both ends count."""
    if place in (0, len(points) - 1):
        return True
    (x0, y0), (x, y), (x1, y1) = points[place - 1 : place + 2]
    return (y - y0) * (x1 - x0) > (y1 - y0) * (x - x0)

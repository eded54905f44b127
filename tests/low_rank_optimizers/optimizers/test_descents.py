"""The descent of a split in Fractions, and steps of other kinds that go down by less."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from proofs_checks.low_rank_optimizers.splitting.descents import split_descent


def change(c: Any, w: Any, d: Any) -> Fraction:
    """Return what sum(c w^2) / 2 changes by in the step d."""
    return sum((a * ((x + y) ** 2 - x * x) / 2 for a, x, y in zip(c, w, d, strict=True)), start=Fraction(0))


def sign(x: Fraction) -> int:
    return (x > 0) - (x < 0)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_quadratics_go_down_by_at_least_the_bound_and_round_ones_by_just_that(n: int) -> None:
    rng = np.random.default_rng(n)
    for round_ in (False, True) * 100:
        c = [Fraction(int(one), 3) for one in rng.integers(0, 9, n)]
        c = [c[0]] * n if round_ else c
        w, u = ([Fraction(int(one), 5) for one in rng.integers(-20, 21, n)] for _ in range(2))
        a, a_s, chosen = Fraction(2, 7), Fraction(1, 3), rng.integers(0, 2, n).tolist()
        g = [x * y for x, y in zip(c, w, strict=True)]
        d = [-a * x if one else -a_s * sign(y) for x, y, one in zip(u, g, chosen, strict=True)]
        along = sum(x * y * one for x, y, one in zip(g, u, chosen, strict=True))
        square = sum(x * x * one for x, one in zip(u, chosen, strict=True))
        rest = [abs(y) for y, one in zip(g, chosen, strict=True) if not one and y]
        bound = split_descent(max(c), a, a_s, along, square, sum(rest, Fraction(0)), len(rest))
        assert change(c, w, d) <= bound
        assert not round_ or change(c, w, d) == bound


def test_signs_of_what_a_singular_direction_leaves_go_down_by_less() -> None:
    """The signs have a part within the direction, where they undo some of the step."""
    G, P = (np.reshape([Fraction(one, 25) for one in rows], (2, 2)) for rows in ((36, 2, 23, 36), (24, 18, 32, 24)))
    u, v = np.array([3, 4], object), np.array([4, 3], object)
    # P is the part of G along its largest singular value: G maps v to 2 u, and back
    assert ((G @ v == 2 * u).all(), (u @ G == 2 * v).all()) == (True, True)
    assert (P == 2 * np.outer(u, v) / Fraction(25)).all()
    a, a_s, left = Fraction(1, 2), Fraction(1), G - P
    d = -a * P - a_s * np.vectorize(sign, otypes=[object])(left)
    bound = split_descent(1, a, a_s, (G * P).sum(), (P * P).sum(), abs(left).sum(), 4)
    assert (change([1] * 4, G.ravel(), d.ravel()), bound) == (Fraction(-71, 50), Fraction(-73, 50))

"""Polynomials that push singular values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import numbers, plain
from lrtheory.bounds import (
    Box,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.low_rank_optimizers import newton_schulz, spectral_image
from lrtheory.low_rank_optimizers.optimizers.newton_schulz import iterated
from proofs_checks.low_rank_optimizers.families.inverses import BAD, rotation, together


@dataclass(frozen=True)
class Spectral:
    """Singular values (Fractions), rational rotations of both sides, the shape, and the number of steps."""

    values: tuple[Fraction, ...]
    turns: tuple[tuple[int, ...], tuple[int, ...]]
    shape: tuple[int, int]
    n_iter: int

    def of(self, values: Any) -> np.ndarray:
        """Return the matrix with these singular values and the singular vectors of the instance."""
        left, right = (rotation(size, turns) for size, turns in zip(self.shape, self.turns, strict=True))
        k = len(self.values)
        return left[:, :k] @ np.diag(np.array(values, object)) @ right[:, :k].T


def is_spectral(case: Spectral) -> bool:
    """Decide whether there is a singular value for each row or column, at most 1, and few steps."""
    if len(case.shape) != 2 or len(case.turns) != 2:
        return False
    return len(case.values) == min(case.shape) > 0 and all(0 <= v <= 1 for v in case.values) and 0 <= case.n_iter <= 5


#: the coefficients of Muon, as the decimals that they are
QUINTIC = (Fraction(34445, 10000), Fraction(-47750, 10000), Fraction(20315, 10000))


Found = dict[str, Any]


def pushed(
    case: Spectral, rng: np.random.Generator | None = None, *, fewer: int = 0, coefficients: Any = QUINTIC
) -> Found:
    """Let the library push the singular values, exactly."""
    n_iter = max(case.n_iter - fewer, 0)
    return {"X": newton_schulz(case.of(case.values), n_iter=n_iter, coefficients=coefficients, normalize=False)}


def draw_spectral(draws: Draws) -> Spectral:
    """Draw up to 3 by 3 singular values of eighths, rotations, and up to 2 steps."""
    m, n = draws.integers(1, 3), draws.integers(1, 3)
    values = tuple(Fraction(int(v), 8) for v in draws.integers(0, 8, shape=min(m, n)))
    turns = tuple(tuple(int(t) for t in draws.integers(0, 2, shape=1)) for _ in range(2))
    return Spectral(values, (turns[0], turns[1]), (m, n), draws.integers(0, 2))


SPECTRA = Family(
    "spectra",
    always=(
        Spectral((Fraction(1, 2),), ((), ()), (1, 1), 1),
        Spectral((Fraction(1, 8),), ((), ()), (1, 1), 5),
        Spectral((Fraction(1, 2), Fraction(1)), ((0,), (0, 1)), (2, 3), 2),
        Spectral((Fraction(1, 4), Fraction(3, 4)), ((0, 1), (0,)), (3, 2), 2),
    ),
    draw=draw_spectral,
)


CUBIC = (Fraction(3, 2), Fraction(-1, 2), Fraction(0))


@formula(x="(-inf, inf)", k="[0, inf)")
def newton_schulz_value(x: Number, k: int, coefficients: Sequence[Number] = QUINTIC) -> Number:
    """p applied k times to the singular value x; `coefficients` are a, b and c.

    Where it is negative, the singular value is its absolute value.

    Proof
    -----
    Assumes: nothing.

    Proof: With X = U S V^T, X X^T = U S^2 U^T on the rows of U, and so a X + (b X X^T + c (X X^T)^2) X = U (a S + b S^3
    + c S^5) V^T. An interval is mapped onto an interval whose ends are values at its ends or at critical points x with
    a + 3 b x^2 + 5 c x^4 = 0, and images of intervals compose. For the quintic of Muon the critical points are x_1 =
    0.5545 and x_2 = 1.0501, with p(x_1) = 1.2024 and p(x_2) = 0.6818: after k >= 2 steps [l, 1] has become [min(p^k(l),
    0.6818), 1.2024] as long as p^{k-1}(l) <= x_1, and its top falls to 1.1344 = p(p(x_2)) afterwards.
    """
    value = plain(x)
    a, b, c = numbers("coefficients", coefficients, length=3)
    for _ in range(k):
        square = value * value
        value = value * (a + square * (b + square * c))
    return value


def follows(case: Spectral, found: Found) -> Sides:
    """Compare the last matrix with the one whose singular values the polynomial has made."""
    X = np.asarray(found["X"], object)
    if X.shape != case.shape:
        return Sides([1], [0])
    value = partial(newton_schulz_value, k=case.n_iter, coefficients=QUINTIC)
    return Sides(X, case.of([value(one) for one in case.values]))


AU_3 = Statement(
    id="low_rank_optimizers/AU-3",
    title="Newton-Schulz steps apply a polynomial to singular values",
    says=(
        "A step X <- a X + (b X X^T + c (X X^T)^2) X keeps the singular vectors of X and replaces each singular "
        "value x by p(x) = a x + b x^3 + c x^5. So k steps apply p k times."
    ),
    source=Derived(newton_schulz_value),
    tex=r"U\,\mathrm{diag}(\sigma)\,V^\top \mapsto U\,\mathrm{diag}(p^k(\sigma))\,V^\top",
    hypotheses={"singular values of at most 1, and at most five steps": is_spectral},
    instances=SPECTRA,
    solve=pushed,
    claim=Identity(follows),
    decisions=("X",),
    saboteurs=(
        saboteur("one step less", solve=partial(pushed, fewer=1)),
        saboteur("the cubic polynomial", solve=partial(pushed, coefficients=CUBIC)),
        saboteur("no square of the square", patch=(iterated, "c * (square @ square)", "c * square")),
    ),
)


@dataclass(frozen=True)
class Reach:
    """The least singular value, others up to 1, and the number of steps."""

    least: float
    values: np.ndarray
    n_iter: int


def is_reach(case: Reach) -> bool:
    """Decide whether all values lie between the least one and 1, and there are few steps."""
    inside = case.values.ndim == 1 and case.values.size > 0 and bool((case.values >= case.least).all())
    return 0 < case.least <= 1 and inside and bool((case.values <= 1).all()) and 0 <= case.n_iter <= 6


def reached(
    case: Reach, rng: np.random.Generator | None = None, *, fewer: int = 0, coefficients: Any = QUINTIC
) -> Found:
    """Let the library push the values, and find the image of the interval."""
    options: dict[str, Any] = {"n_iter": max(case.n_iter - fewer, 0), "coefficients": tuple(map(float, coefficients))}
    image = np.array(spectral_image((case.least, 1.0), **options))
    after = np.diag(np.asarray(newton_schulz(np.diag(case.values), normalize=False, **options))).copy()
    return {"image": image, "after": after}


def draw_reach(draws: Draws) -> Reach:
    """Draw a least value over ten octaves, up to 8 others, and up to 6 steps."""
    least = 2.0 ** -draws.integers(0, 10)
    values = least + (1 - least) * draws.floats(0.0, 1.0, shape=draws.integers(1, 8))
    return Reach(least, np.minimum(values, 1.0), draws.integers(0, 6))


REACHES = Family(
    "reaches",
    always=(
        Reach(0.5, np.array([0.5, 0.75, 1.0]), 1),
        Reach(0.001, np.array([0.001, 0.002, 0.5, 1.0]), 5),
        Reach(0.003, np.array([0.003, 0.3, 1.0]), 5),
        Reach(0.01, np.linspace(0.01, 1, 100), 5),
    ),
    draw=draw_reach,
)


def image_of(low: float, n_iter: int) -> tuple[float, float]:
    """Return the image of an interval up to 1, by values at ends and at roots of the derivative."""
    p = np.polynomial.Polynomial([0, float(QUINTIC[0]), 0, float(QUINTIC[1]), 0, float(QUINTIC[2])])
    turns = np.real(p.deriv().roots())  # all four are real
    high = 1.0
    for _ in range(n_iter):
        values = p(np.array([low, high, *turns[(turns > low) & (turns < high)]]))
        low, high = float(values.min()), float(values.max())
    return low, high


@formula(k="[0, inf)", a="(0, inf)")
def newton_schulz_growth(k: int, a: Number = QUINTIC[0]) -> Number:
    """k steps enlarge a singular value in [0, 1] by at most this factor, where a is the slope of p at 0.

    Five steps of Muon enlarge by at most 484.9, so that values below 0.00103 stay below 1/2.

    Proof
    -----
    Assumes: the quintic of Muon, or another with b + c x^2 <= 0 wherever its iterates are.

    Proof: p(x) - a x = x^3 (b + c x^2) <= 0 for x^2 <= -b / c = 2.35, and p maps [0, 1.25] into [0, 1.2024].
    """
    return plain(a**k)


def is_reached(case: Reach, found: Found, ends: Any = None, lost: int = 0) -> Sides:
    """Bound values by the image of the interval and by powers of the slope, and compare both with what they are."""
    image, after = np.asarray(found["image"], float), np.asarray(found["after"], float)
    if image.shape != (2,) or after.shape != case.values.shape:
        return BAD
    value = partial(newton_schulz_value, k=case.n_iter, coefficients=tuple(map(float, QUINTIC)))
    due, true = np.array(image_of(case.least, case.n_iter)), np.array([value(float(x)) for x in case.values])
    low, high = image if ends is None else ends
    most = newton_schulz_growth(case.n_iter - lost if case.n_iter else 0) * case.values
    # a step multiplies errors by at most its steepest slope, which is below 4
    allowed = float(rounding(64 * (len(after) + 8), 4.0**case.n_iter))
    rows: list[tuple[Any, Any, Any]] = [(low, after, allowed), (after, high, allowed), (after, most, allowed)]
    rows += [(after, true, allowed), (true, after, allowed), (image, due, allowed), (due, image, allowed)]
    return together(rows)


#: p at its first and its second critical point, rounded outwards to four digits
TOP, BOTTOM = Fraction(12024, 10**4), Fraction(6818, 10**4)


def image_slack(x: Any, k: int, lows: Mapping[int, Fraction], high: Fraction = TOP, lost: int = 0) -> list[Any]:
    """Compare p^k(x) with a low and a high end, and with a^k x."""
    # the growth is divided by x, since both sides are 0 at 0: a step multiplies by a + b x^2 + c x^4
    factor, value = x * 0 + 1, x
    for _ in range(k):
        square = value * value
        one = QUINTIC[0] + square * (QUINTIC[1] + square * QUINTIC[2])
        factor, value = factor * one, value * one
    after = newton_schulz_value(x, k)
    return [after - lows[k], high - after, newton_schulz_growth(k - lost) - factor]


def values_above(least: Fraction, steps: tuple[int, ...], **options: Any) -> Box:
    """All singular values from a least one to 1."""
    ends = {k: Fraction(math.floor(10**4 * newton_schulz_value(least, k)), 10**4) for k in steps}
    lows = {k: min(end, BOTTOM) for k, end in ends.items()}
    return Box(
        "singular values x after k steps of Muon, against the image of their interval to four digits and against a^k x",
        of=lambda x, k: Reach(float(least), np.array([float(x)]), k),
        reals={"x": (least, 1)},
        wholes={"k": steps},
        slack=partial(image_slack, lows=lows),
        wrong={
            "orthogonal: between 0.9 and 1.1": partial(
                image_slack, lows=dict.fromkeys(steps, Fraction(9, 10)), high=Fraction(11, 10)
            ),
            "growth of one step less": partial(image_slack, lows=lows, lost=1),
        },
        **options,
    )


AU_3B = Statement(
    id="low_rank_optimizers/AU-3b",
    title="Muon's Newton-Schulz step multiplies no value by more than 3.4445",
    says=(
        "The image of an interval [l, 1] of singular values under k steps is that whose ends are values at ends or at "
        "critical points, step by step: for the quintic of Muon and k = 5 it is [0.4705, 1.2024] for l = 0.001, and "
        "[0.6818, 1.1344] for l = 0.01. And no step enlarges a value by more than a = 3.4445."
    ),
    source=Derived(newton_schulz_growth),
    tex=r"p^k(x) \le a^k x\ (0 \le x \le 1)",
    hypotheses={"singular values between the least and 1, and few steps": is_reach},
    instances=REACHES,
    for_all=(
        values_above(Fraction(1, 100), (1, 2, 3)),
        values_above(Fraction(1, 1000), (5,), budget="thorough"),
    ),
    solve=reached,
    claim=Inequality(is_reached, unbounded="a solver may report any interval"),
    decisions=("image", "after"),
    saboteurs=(
        saboteur("orthogonal: between 0.9 and 1.1", claim=Inequality(partial(is_reached, ends=(0.9, 1.1)))),
        saboteur("one step less", solve=partial(reached, fewer=1)),
        saboteur("the cubic polynomial", solve=partial(reached, coefficients=CUBIC)),
        saboteur("growth of one step less", claim=Inequality(partial(is_reached, lost=1))),
    ),
    notes="Five steps leave values below 0.00103 below 1/2.",
)

"""The distance of low ranks from full noise, for sines, by the spectrum, and at a threshold.

t holds the singular values of T = sigma Om for f(W) = sin(<Om, W> + z), h_r the response of EG-1 to them at rank r,
and Phi_r the mean of cos<T, E>.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import flint
import numpy as np

from lrtheory._numbers import plain
from lrtheory._types import ArrayLike
from lrtheory.bounds import (
    Classical,
    Derived,
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
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.theory.bias import root_of
from lrtheory.low_rank_optimizers.theory.moments import checked_rank
from lrtheory.low_rank_optimizers.theory.sines import _values, log_characteristic
from proofs_checks.low_rank_optimizers.families.polynomials import Task, patterns

Found = dict[str, Any]


@formula()
def characteristic_function(t: ArrayLike, r: float) -> Number:
    r"""Phi_r, the mean of cos<T, E>.

    Proof
    -----
    Assumes: Gaussian factors.

    Proof: given A, <T, E> is Gaussian with mean 0 and variance \|T^T A\|^2 / r. So E exp(i <T, E>) = E exp(-\|T^T A\|^2
    / (2 r)), which for each of the r columns of A is det(I + T T^T / r)^(-1/2).
    """
    return plain(np.exp(log_characteristic(_values(t), checked_rank(r))))


def wrong_bound_of(case: Any, rng: np.random.Generator | None = None, wrong: str = "") -> Found:
    """Return the bound with a wrong first term, or over r twice."""
    t = np.array(case.values, float)
    full, finite = (float(characteristic_function(t, r)) for r in (math.inf, case.rank))
    first = (full if wrong == "gaussian" else finite) * float((t**4).sum()) / 4
    bound = float(np.linalg.norm(t)) * max(first, float(t.max()) ** 2 * full) / case.rank
    return {"bound": bound / (case.rank if wrong == "rank" else 1)}


@dataclass(frozen=True)
class Spectrum:
    """Singular values, and a rank."""

    values: tuple[Fraction, ...]
    rank: int


def is_spectrum(case: Spectrum) -> bool:
    """Decide whether values are so far from 0 that doubles tell responses apart."""
    large = all(Fraction(1, 8) <= t <= 8 for t in case.values)
    return 1 <= len(case.values) <= 6 and large and 1 <= case.rank <= 64


@formula(r="[1, inf)")
def sine_bias_bound(t: ArrayLike, r: int) -> Number:
    """|h_r - h_inf| is at most this.

    Proof
    -----
    Assumes: Gaussian factors.

    Proof: 0 <= log Phi_r - log Phi_inf = sum (t^2/2 - (r/2) log(1 + t^2/r)) <= sum t^4 / (4 r), as log(1 + x) is at
    least x - x^2/2. So Phi_r - Phi_inf is at most Phi_r sum t^4 / (4 r). Entry k of h_r - h_inf is at most t_k (Phi_r -
    Phi_inf), and at least t_k Phi_inf (1 / (1 + t_k^2/r) - 1) >= -t_k^3 Phi_inf / r. Take the larger of both sizes for
    every entry, then the norm.
    """
    t = _values(t)
    squares = t * t
    above = np.exp(log_characteristic(t, r)) * np.sum(squares * squares) / 4
    below = max(squares.tolist()) * np.exp(log_characteristic(t, math.inf))
    return plain(root_of(np.sum(squares)) * max(above, below) / r)


def bound_of(case: Spectrum, rng: np.random.Generator | None = None) -> Found:
    """Return the library's bound."""
    return {"bound": float(sine_bias_bound([float(t) for t in case.values], case.rank))}


def responses_apart(case: Spectrum, found: Found, factor: int = 1) -> Sides:
    """Bound the distance of the responses of a rank and of full noise, and compare the bound with its formula."""
    t, r, bound = (
        [flint.arb(flint.fmpq(one.numerator, one.denominator)) for one in case.values],
        case.rank,
        found["bound"],
    )
    squares = [one * one for one in t]
    norm = sum(squares, flint.arb(0))
    finite, full = (-sum(((1 + x / r).log() for x in squares), flint.arb(0)) * r / 2).exp(), (-norm / 2).exp()
    off = sum(((finite * x / (1 + x * x / r) - full * x) ** 2 for x in t), flint.arb(0)).sqrt()
    fourth = finite * sum((x * x for x in squares), flint.arb(0)) / 4
    due = float(norm.sqrt() / r * max(fourth, max(squares) * full))
    allowed = float(rounding(8 * len(t) + 32, due * (1 + float(norm))))
    return Sides(np.array([float(off), bound, due]), np.array([bound / factor, due, bound]), rounding=allowed)


def draw_spectrum(draws: Any) -> Spectrum:
    """Draw up to 4 values in eighths, some of them equal."""
    values = [Fraction(int(x), 8) for x in draws.integers(1, 32, shape=draws.integers(1, 4))]
    return Spectrum(tuple(values), draws.choice((1, 1, 2, 3, 8, 64)))


SPECTRA = Family(
    "spectra-of-sines",
    always=(
        Spectrum((Fraction(1, 4),), 64),
        Spectrum((Fraction(1),), 1),
        Spectrum((Fraction(6),), 1),
        Spectrum((Fraction(2),), 1),
        Spectrum((Fraction(1),) * 5, 2),
        Spectrum((Fraction(4, 5), Fraction(1, 2), Fraction(3, 10), Fraction(1, 8)), 16),
    ),
    draw=draw_spectrum,
)


LARGE = "a bound may be as large as its solver likes"


EG_U = Statement(
    id="low_rank_optimizers/EG-U",
    title="On a sine the bias is at most of the order 1/r",
    says=(
        "With h_r the response of EG-1 to the singular values t, and h_inf that of full noise, |h_r - h_inf| is at "
        "most (|t|/r) max(Phi_r sum_k t_k^4 / 4, t_max^2 exp(-|t|^2/2)), where t_max is the largest of them. The "
        "library's bound is this number."
    ),
    source=Derived(sine_bias_bound),
    tex=r"r\,\|h_r - h_\infty\| \le \|t\| \max\bigl(\Phi_r \textstyle\sum t_k^4/4,\ t_{\max}^2 e^{-\|t\|^2/2}\bigr)",
    hypotheses={"values of moderate size": is_spectrum},
    instances=SPECTRA,
    solve=bound_of,
    claim=Inequality(responses_apart, unbounded=LARGE),
    decisions=("bound",),
    saboteurs=(
        saboteur("half of it", claim=Inequality(partial(responses_apart, factor=2), unbounded=LARGE)),
        saboteur("the Gaussian Phi in the first term", solve=partial(wrong_bound_of, wrong="gaussian")),
        saboteur("divided by r once more", solve=partial(wrong_bound_of, wrong="rank")),
    ),
)


def counted(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Count the values that are not 0."""
    equal = theory.sine_response([float(case.t)] * case.n_equal, rank=case.rank)
    return {"ratio": np.count_nonzero(case.values), "length": float(np.linalg.norm(equal))}


def of_one_value(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Take the length of the response to one value at the same rank."""
    one = theory.sine_response([float(case.t) * math.sqrt(case.n_equal)], rank=case.rank)
    return {"ratio": theory.participation_ratio(list(case.values)), "length": float(np.linalg.norm(one))}


@dataclass(frozen=True)
class Flat:
    """Singular values of a direction, a rank, and a number of equal values whose length is compared."""

    values: tuple[int, ...]
    rank: int
    n_equal: int = 2
    t: Fraction = Fraction(1)


def is_flat(case: Flat) -> bool:
    """Decide whether all factors can be gone through, and not all values are 0."""
    small = 1 <= len(case.values) and 2 * len(case.values) * case.rank <= 8 and case.rank >= 1
    sizes = any(case.values) and min(case.values) >= 0 and max(case.values) <= 9
    return small and sizes and 1 <= case.n_equal <= 9 and 0 < case.t <= 4


def shares(case: Flat, rng: np.random.Generator | None = None) -> Found:
    """Return the library's participation ratio, and the length of the response to equal values."""
    equal = theory.sine_response([float(case.t)] * case.n_equal, rank=case.rank)
    return {
        "ratio": Fraction(theory.participation_ratio(list(case.values))),  # type: ignore[arg-type]
        "length": float(np.linalg.norm(equal)),
    }


def fourth_cumulant(case: Flat, found: Found) -> Sides:
    """Compare the kurtosis of <T, E> with the ratio, and the length with that of one value at a larger rank."""
    k, r = len(case.values), case.rank
    task = Task(((k, k),), r, "three-point", Fraction(1), ())
    A, B, weights = patterns(task)
    x = sum(t * (A[0][:, 0, i] * B[0][:, 0, i]).sum(axis=1) for i, t in enumerate(case.values))
    total = int(weights.sum())
    square, fourth = (Fraction((weights * x**power).sum()) / total / r ** (power // 2) for power in (2, 4))
    t, R = float(case.t) * math.sqrt(case.n_equal), r * case.n_equal
    due = t * (1 + t * t / R) ** (-R / 2 - 1)
    # a power with an exponent R / 2 + 1 multiplies the error of its base
    allowed = float(rounding(32 + 4 * R, due * (1 + t * t)))
    lhs = np.array([(fourth - 3 * square**2) * r * Fraction(found["ratio"]), found["length"]], object)
    return Sides(lhs, np.array([6 * square**2, due], object), rounding=np.array([0.0, allowed]))


def draw_flat(draws: Any) -> Flat:
    """Draw integer values with ties, a rank, and equal values."""
    k = draws.choice((1, 1, 2, 2, 3))
    values = tuple(int(x) for x in draws.integers(0, 3, shape=k))
    rank = draws.integers(1, 3) if k == 1 else 1
    return Flat(values if any(values) else (1,) * k, rank, draws.integers(1, 9), Fraction(draws.integers(1, 16), 8))


EG_K = Statement(
    id="low_rank_optimizers/EG-K",
    title="k equal directions at rank r act like one at rank r k",
    says=(
        "For Gaussian factors of rank r, <T, E> has the excess kurtosis 6 / (r k), where k = (sum t^2)^2 / sum t^4 is "
        "the participation ratio of the singular values t of T. With k equal values t the response of EG-1 has the "
        "length of that of one value t sqrt(k) at rank r k."
    ),
    source=Derived(theory.participation_ratio),
    tex=(
        r"\frac{\mathbb E\langle T, E\rangle^4}{(\mathbb E\langle T, E\rangle^2)^2} - 3 = \frac{6}{r\,k(T)},\qquad "
        r"\|h_r(t, \dots, t)\| = |h_{rk}(t\sqrt k)|"
    ),
    hypotheses={"all factors can be gone through": is_flat},
    instances=Family(
        "flat-spectra",
        always=(
            Flat((1,), 1, 1),
            Flat((1, 1), 1, 2),
            Flat((1, 9), 1, 3),
            Flat((2, 1), 1, 5),
            Flat((1, 2, 3), 1, 4, Fraction(2)),
            Flat((3,), 3, 9, Fraction(3)),
        ),
        draw=draw_flat,
    ),
    solve=shares,
    claim=Identity(fourth_cumulant),
    decisions=("ratio", "length"),
    saboteurs=(
        saboteur("the number of values that are not 0", solve=counted),
        saboteur("as if there were one value", solve=of_one_value),
    ),
)


@formula(r="[1, inf)", pi="[3, 4]")
def step_response_bounds(r: int, pi: Number = math.pi) -> tuple[Number, Number]:
    """rho^2 is at least and at most these; `pi` is to be a ball where the bounds are to be balls.

    The second is attained at r = 1.

    Proof
    -----
    Assumes: nothing more than `theory.step_response_square`.

    Proof: by Watson (1959), (Gamma(y + 1) / Gamma(y + 1/2))^2 = y + theta(y), where theta falls from 1/pi at y = 0 to
    1/4. With y = (r - 1) / 2 the square is (2 / r)(y + theta) = 1 - (1 - 2 theta) / r, and theta is in (1/4, 1/pi].
    """
    return 1 - Fraction(1, 2 * r), plain(1 - (1 - 2 / pi) / r)


def shifted(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Take Gamma(r/2 + 1) for Gamma(r/2)."""
    low, high = step_response_bounds(case.rank)
    share = 2 / case.rank * math.exp(2 * (math.lgamma((case.rank + 1) / 2) - math.lgamma(case.rank / 2 + 1)))
    return {"share": share, "bounds": np.array([float(low), float(high)])}


@dataclass(frozen=True)
class Ranked:
    """A rank."""

    rank: int


def kept(case: Ranked, rng: np.random.Generator | None = None) -> Found:
    """Return the library's share and its bounds."""
    low, high = step_response_bounds(case.rank)
    return {"share": float(theory.step_response_square(case.rank)), "bounds": np.array([float(low), float(high)])}


def between(case: Ranked, found: Found, second: bool = False) -> Sides:
    """Compare the share with Gamma functions in balls, and bound it from both sides."""
    r, share = case.rank, found["share"]
    gammas = (flint.arb(r + 1) / 2).gamma() / (flint.arb(r) / 2).gamma()
    due = float(gammas * gammas * 2 / r)
    low, high = 1 - 1 / (2 * r), 1 - (1 - 2 / math.pi) / r
    if second:
        high = 1 - 1 / (2 * r) + 1 / (8 * r * r)
    lhs = np.array([low, due, share, due, *found["bounds"], low, high])
    rhs = np.array([share, high, due, share, low, high, *found["bounds"]])
    return Sides(lhs[:8], rhs, rounding=rounding(4 * r + 16, np.ones(8)))


EG_S = Statement(
    id="low_rank_optimizers/EG-S",
    title="At a threshold rank r loses at most 1/(2 r) of the squared gradient",
    says=(
        "For the reward sign(<Om, W> - theta) at its threshold, with Om of rank one and Gaussian factors of rank r, "
        "|g_r| / |g_inf| = rho with rho^2 = (2/r) (Gamma((r+1)/2) / Gamma(r/2))^2, and 1 - 1/(2r) <= rho^2 <= 1 - (1 - "
        "2/pi)/r, with equality on the right at r = 1."
    ),
    source=Classical("Watson's bounds for a quotient of Gamma functions", "Watson, A note on Gamma functions, 1959"),
    tex=(
        r"1 - \frac1{2r} \le \rho_r^2 = \frac2r \Bigl(\frac{\Gamma((r+1)/2)}{\Gamma(r/2)}\Bigr)^2 \le "
        r"1 - \frac{1 - 2/\pi}r"
    ),
    hypotheses={"a rank from 1 to 64": lambda case: 1 <= case.rank <= 64},
    instances=Family(
        "ranks-to-64",
        always=tuple(map(Ranked, range(1, 65))),
        complete="ranks from 1 to 64",
        members=64,
        of=lambda case: 1,
    ),
    solve=kept,
    claim=Inequality(between, unbounded="a share may be any number that its solver states"),
    decisions=("share", "bounds"),
    saboteurs=(
        saboteur("two terms of the expansion as an upper side", claim=Inequality(partial(between, second=True))),
        saboteur("Gamma(r/2 + 1)", solve=shifted),
    ),
)

"""Objectives of one direction: EG-1, EG-1b, EG-U, EG-K and EG-S."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Family,
    Identity,
    Inequality,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.exact_gradients.sine_gradient import sine_gradient
from lrtheory.low_rank_optimizers.problem import SineProblem
from proofs_checks.low_rank_optimizers.families.polynomials import Task, patterns
from proofs_checks.low_rank_optimizers.families.waves import (
    WAVES,
    Wave,
    cosine_of,
    energy,
    energy_allowance,
    is_wave,
    mean_allowance,
    response,
)
from proofs_checks.low_rank_optimizers.wrong_solvers import sines as wrong

Found = dict[str, Any]


def analysed(case: Wave, rng: np.random.Generator | None = None) -> Found:
    """Return the library's mean and second moment."""
    problem = SineProblem(case.direction.astype(float), case.at.astype(float), phase=float(case.phase))
    found = sine_gradient(problem, sigma=float(case.sigma), rank=case.rank or math.inf)
    return {"gradient": found.gradient, "second_moment": found.second_moment, "variance": found.variance}


def mean_of_wave(case: Wave, found: Found, squared: bool = False) -> Sides:
    """Compare the mean with integrals over the factors."""
    U, V = case.frames
    factor = float(cosine_of(case)) / float(case.sigma)
    h = np.array([float(one) for one in response(case)])
    if squared:
        h = h / (1 + np.array(case.values, float) ** 2 / max(case.rank, 1))
    due = factor * (U.astype(float) * h) @ V.astype(float).T
    return Sides(found["gradient"], due, rounding=mean_allowance(case) / float(case.sigma) * np.ones(due.shape))


EG_1 = Statement(
    id="low_rank_optimizers/EG-1",
    title="On a sine the mean of every rank has a closed form",
    says=(
        "For f(W) = sin(<Om, W> + z) and Gaussian factors, with T = sigma Om = U diag(t) V^T and Phi_r = prod_k (1 + "
        "t_k^2/r)^(-r/2), the mean of mirrored pairs is g_r = (cos(<Om, M> + z) / sigma) U diag(h) V^T with h_k = "
        "Phi_r t_k / (1 + t_k^2/r), and full noise is the limit Phi = exp(-|T|^2/2), h = Phi t."
    ),
    source=Derived(theory.sine_response),
    tex=(
        r"g_r = \frac{\cos(\langle\Omega, M\rangle + z)}{\sigma} U\,\mathrm{diag}\Bigl(\frac{\Phi_r t_k}{1 + "
        r"t_k^2/r}\Bigr) V^\top,\qquad \Phi_r = \prod_k (1 + t_k^2/r)^{-r/2}"
    ),
    hypotheses={"numbers of moderate size": is_wave},
    instances=WAVES,
    solve=analysed,
    claim=Identity(mean_of_wave),
    decisions=("gradient",),
    unread={
        "second_moment": "the statement EG-1b is about it",
        "variance": "the statement EG-1b is about it",
    },
    saboteurs=(
        saboteur("divided twice by 1 + t^2/r", claim=Identity(partial(mean_of_wave, squared=True))),
        saboteur("full noise for every rank", solve=partial(wrong.analysed, wrong="full")),
        saboteur("the rank is capped at min(m, n)", solve=partial(wrong.analysed, wrong="capped")),
        saboteur("twice the frequency", solve=partial(wrong.analysed, wrong="double")),
        saboteur("the phase is forgotten", solve=partial(wrong.analysed, wrong="phase")),
    ),
    notes="The mean is compared with integrals over the entries of A, one for each singular value, in balls.",
)


def energy_of_wave(case: Wave, found: Found) -> Sides:
    """Compare the second moment and the variance of one pair with integrals over the factors."""
    amplitude = (cosine_of(case) / flint.arb(flint.fmpq(case.sigma.numerator, case.sigma.denominator))) ** 2
    second = amplitude * energy(case)
    variance = second - amplitude * sum((one * one for one in response(case)), flint.arb(0))
    allowed = energy_allowance(case) / float(case.sigma) ** 2
    return Sides(
        np.array([found["second_moment"], found["variance"]]),
        np.array([float(second), float(variance)]),
        rounding=np.array([allowed, allowed]),
    )


EG_1B = Statement(
    id="low_rank_optimizers/EG-1b",
    title="On a sine the variance of every rank has a closed form",
    says=(
        "For f(W) = sin(<Om, W> + z), Gaussian factors, S = 2 sigma Om and K = (I + S S^T/r)^-1, the mean square of "
        "the estimate of one mirrored pair is (cos^2 / (2 sigma^2)) (mn - L), with the cosine of <Om, M> + z and L = "
        "Phi_r(S) (n tr K - (tr K tr(S^T K S) + |K S|^2)/r - |K S|^2); its variance is |g_r|^2 less."
    ),
    source=Derived(theory.sine_second_moment),
    tex=(
        r"\mathbb E\|\hat g\|^2 = \frac{\cos^2}{2\sigma^2} (mn - L),\quad L = \Phi_r(S) \Bigl(n\,\mathrm{tr} K - "
        r"\tfrac1r \bigl(\mathrm{tr} K\,\mathrm{tr}\,S^\top K S + \|KS\|^2\bigr) - \|KS\|^2\Bigr)"
    ),
    hypotheses={"numbers of moderate size": is_wave},
    instances=WAVES,
    solve=analysed,
    claim=Identity(energy_of_wave),
    decisions=("second_moment", "variance"),
    unread={"gradient": "the statement EG-1 is about it"},
    saboteurs=(
        saboteur("T for 2 T", solve=partial(wrong.analysed, wrong="half")),
        saboteur("the trace on the other side", solve=partial(wrong.analysed, wrong="transposed")),
        saboteur("full noise for every rank", solve=partial(wrong.analysed, wrong="full")),
        saboteur("the variance is the second moment", solve=partial(wrong.analysed, wrong="uncentered")),
    ),
)


@dataclass(frozen=True)
class Spectrum:
    """Singular values, and a rank."""

    values: tuple[Fraction, ...]
    rank: int


def is_spectrum(case: Spectrum) -> bool:
    """Decide whether values are so far from 0 that doubles tell responses apart."""
    large = all(Fraction(1, 8) <= t <= 8 for t in case.values)
    return 1 <= len(case.values) <= 6 and large and 1 <= case.rank <= 64


def bound_of(case: Spectrum, rng: np.random.Generator | None = None) -> Found:
    """Return the library's bound."""
    return {"bound": float(theory.sine_bias_bound([float(t) for t in case.values], rank=case.rank))}


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
    source=Derived(theory.sine_bias_bound),
    tex=r"r\,\|h_r - h_\infty\| \le \|t\| \max\bigl(\Phi_r \textstyle\sum t_k^4/4,\ t_{\max}^2 e^{-\|t\|^2/2}\bigr)",
    hypotheses={"values of moderate size": is_spectrum},
    instances=SPECTRA,
    solve=bound_of,
    claim=Inequality(responses_apart, unbounded=LARGE),
    decisions=("bound",),
    saboteurs=(
        saboteur("half of it", claim=Inequality(partial(responses_apart, factor=2), unbounded=LARGE)),
        saboteur("the Gaussian Phi in the first term", solve=partial(wrong.bound_of, wrong="gaussian")),
        saboteur("divided by r once more", solve=partial(wrong.bound_of, wrong="rank")),
    ),
)


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
        saboteur("the number of values that are not 0", solve=wrong.counted),
        saboteur("as if there were one value", solve=wrong.of_one_value),
    ),
)


@dataclass(frozen=True)
class Ranked:
    """A rank."""

    rank: int


def kept(case: Ranked, rng: np.random.Generator | None = None) -> Found:
    """Return the library's share and its bounds."""
    low, high = theory.step_response_bounds(case.rank)
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
        "ranks-to-64", always=tuple(map(Ranked, range(1, 65))), complete="all ranks from 1 to 64", members=64
    ),
    solve=kept,
    claim=Inequality(between, unbounded="a share may be any number that its solver states"),
    decisions=("share", "bounds"),
    saboteurs=(
        saboteur("two terms of the expansion as an upper side", claim=Inequality(partial(between, second=True))),
        saboteur("Gamma(r/2 + 1)", solve=wrong.shifted),
    ),
)

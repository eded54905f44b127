"""Degrees of polynomials in the place of exp: the least ones, their order, positive rows, and growing norms."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Ball, Derived, Inequality, Measured, Sides, Statement, rounding, saboteur
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.families.growth.ladders import Ladder, slope
from proofs_checks.lora_limits.families.polynomials import (
    LADDER,
    LARGE_ERRORS,
    NEGATIVE,
    ORDERS,
    POSITIVE,
    SCALED,
    SMALL_BOUNDS,
    SMALL_ERRORS,
    Absolute,
    Target,
    Taylor,
    are_doubled,
    degree_brackets,
    degrees_along,
    degrees_by_norm,
    positive_values,
)
from proofs_checks.lora_limits.wrong_solvers import limits as wrong

STATED = "a solver may state any degree, and any error"


def close(case: Absolute, found: np.ndarray) -> Sides:
    """Check low <= high <= low + 1, and that each is the first degree whose end of the bracket is small enough."""
    low, high = (int(one) for one in found)
    # the ends at each degree and at the one before; at degree 0 nothing comes before, and the comparison is with 0
    ends = [theory.chebyshev_bracket(max(0, g), case.bound) for g in (low - 1, low, high - 1, high)]
    lhs = [low, high, case.epsilon if low else 0.0, ends[1][0], case.epsilon if high else 0.0, ends[3][1]]
    rhs = [high, low + 1, ends[0][0], case.epsilon, ends[2][1], case.epsilon]
    return Sides(lhs, rhs, rounding=rounding(64, np.exp(0.0)) * 0)


LL_D2_DEGREES = Statement(
    id="lora_limits/LL-D2-degrees",
    title="The bracket leaves at most two degrees",
    says="g* is the least degree of a polynomial whose absolute error for exp on [-M, M] is at most epsilon; g_low and "
    "g_high are the least degrees at which the two ends of LL-D2 are, and differ by at most 1.",
    source=Derived(theory.degree_bracket),
    tex=r"g_{\mathrm{low}} \le g^* \le g_{\mathrm{high}} \le g_{\mathrm{low}} + 1",
    hypotheses={
        "errors below 2": lambda case: case.epsilon < 2,
        "epsilon >= 2^-100 and 0 <= M <= 300, where the degree is below 1000": lambda case: (
            case.epsilon >= 2.0**-100 and 0 <= case.bound <= 300
        ),
    },
    instances=SMALL_ERRORS,
    solve=degree_brackets,
    claim=Inequality(close, unbounded=STATED),
    saboteurs=(
        # the proof needs errors below 2, and for errors near exp(M) the claim is false, too
        saboteur("errors as large as exp(M)", breaks="errors below 2", instances=LARGE_ERRORS),
        saboteur("one degree less", solve=wrong.less_than_bracket),
    ),
)


def order(
    case: Absolute, found: np.ndarray, band: tuple[Fraction, Fraction] = (Fraction(6, 7), Fraction(16, 5))
) -> Sides:
    """Check that the degree is from 6/7 to 16/5 times its order, and the least one for the upper end of the bracket."""
    expected, same = theory.degree_order(case.bound, case.epsilon), close(case, found)
    low, high = (float(one) * expected for one in band)
    lhs, rhs = np.r_[low, float(found[1]), same.lhs], np.r_[float(found[1]), high, same.rhs]
    return Sides(lhs, rhs, rounding=np.r_[np.full(2, rounding(64, expected)), np.zeros(len(lhs) - 2)])


LL_D3 = Statement(
    id="lora_limits/LL-D3",
    title="The degree is of its known order",
    says="g*, the least degree at which the cut Chebyshev series of exp on [-M, M] has an absolute error of at most "
    "delta, is within these factors of its order (of M alone where log(1/delta) <= e M).",
    source=Measured(
        what="the degree is between 6/7 and 16/5 of its order",
        where="1 <= M <= 32 and 10^-12 <= delta <= 10^-2",
        command="lrtheory check lora_limits/LL-D3",
    ),
    tex=r"\tfrac67 \le g^*/\max\{M, \log(1/\delta)/\log(\log(1/\delta)/M)\} \le \tfrac{16}5",
    hypotheses={
        "1 <= M <= 32": lambda case: 1 <= case.bound <= 32,
        "10^-12 <= delta <= 10^-2": lambda case: 1e-12 <= case.epsilon <= 1e-2,
    },
    instances=ORDERS,
    solve=degree_brackets,
    claim=Inequality(order, unbounded=STATED),
    saboteurs=(
        # bands that most instances satisfy: the extreme ratios are always run
        saboteur("between 6/7 and 2", claim=Inequality(partial(order, band=(Fraction(6, 7), Fraction(2))))),
        saboteur("from 9/10 on", claim=Inequality(partial(order, band=(Fraction(9, 10), Fraction(16, 5))))),
        saboteur("degrees for decaying exponentials", solve=wrong.decaying),
        saboteur("M below 1", breaks="1 <= M <= 32", instances=SMALL_BOUNDS),
    ),
    notes=(
        "The order is that of the abstract of arXiv 2205.06249, which has no constants; 6/7 and 16/5 were measured "
        "on the stated ranges, where the ratio goes from 0.8639 at M = 1.7033, delta = 0.00975 to 3.1313 at M = 9.9, "
        "delta = 2.08e-12. It is small just beyond log(1/delta) = e M, where the order jumps from M to e M."
    ),
)


def along(case: Ladder, found: np.ndarray, exponent: tuple[float, float] = (0.9, 1.05), power: float = 1.0) -> Sides:
    """Check that each degree is the least for the upper end of the bracket, and that degrees grow at a power near 1."""
    degrees = [int(g) for g in found]
    # a solver may state any degree, and beyond 1000 no degree is smaller than the library's
    upper = lambda g, one: float(theory.chebyshev_bracket(min(g, 1000), one.bound)[1])
    enough = [upper(g, one) for g, one in zip(degrees, case.rungs, strict=True)]
    short = [upper(g - 1, one) if g else np.inf for g, one in zip(degrees, case.rungs, strict=True)]
    errors, in_bound = [one.epsilon for one in case.rungs], slope([one.bound for one in case.rungs], degrees)
    lhs = [*enough, *errors, exponent[0] * power, in_bound]
    return Sides(lhs, [*errors, *short, in_bound, exponent[1] * power], rounding=np.zeros(len(lhs)))


LL_D3_RATE = Statement(
    id="lora_limits/LL-D3-rate",
    title="The degree grows like M",
    says="g*, the least degree at which the cut Chebyshev series of exp on [-M, M] has an absolute error of at most "
    "delta, grows in proportion to M while delta stays as it is.",
    source=Measured(
        what="the degree grows with M at a power between 9/10 and 21/20",
        where="M doubled three times from 16 to 32 on, errors of 10^-4 to 10^-1",
        command="lrtheory check lora_limits/LL-D3-rate",
    ),
    tex=r"g^*(M, \delta) = \Theta(M),\quad 10^{-4} \le \delta \le 10^{-1}",
    hypotheses={
        "M is doubled three times": are_doubled,
        "the first M from 16 to 32": lambda case: 16 <= case.rungs[0].bound <= 32,
        "one error, 10^-4 to 10^-1": lambda case: (
            {one.epsilon for one in case.rungs} == {case.rungs[0].epsilon} and 1e-4 <= case.rungs[0].epsilon <= 0.1
        ),
    },
    instances=LADDER,
    solve=degrees_along,
    claim=Inequality(along, unbounded=STATED),
    saboteurs=(
        # the square-root law of exp(-x) on [0, B], which is often quoted for exp on any interval
        saboteur("sqrt(M log(1/delta))", claim=Inequality(partial(along, power=0.5))),
        saboteur("degrees for decaying exponentials", solve=wrong.decaying_along),
        saboteur("one degree more", solve=wrong.one_more_along),
    ),
    notes="The square root is the law of exp(-x) on [0, B]. The rate is that of the abstract of arXiv 2205.06249.",
)


def positive(case: Taylor, found: dict[str, np.ndarray]) -> Sides:
    """Compare the smallest positive double with the values, and the values with exact ones up to rounding."""
    # the smallest positive double and not 0, since an inequality of the engine is not strict
    values = np.asarray(found["values"], dtype=float)
    lhs = np.r_[np.full(len(values), np.finfo(float).tiny), np.abs(values - exact_values(case))]
    return Sides(lhs, np.r_[values, np.zeros(len(values))], rounding=np.r_[np.zeros(len(values)), rounding_of(case)])


def exact_values(case: Taylor) -> np.ndarray:
    """Evaluate T_g at the points in Fractions, and round the values to doubles."""
    places = [Fraction(float(x)) * Fraction(float(case.bound)) for x in case.places]
    return np.array([float(sum(s**k / math.factorial(k) for k in range(case.degree + 1))) for s in places])


def rounding_of(case: Taylor) -> np.ndarray:
    """Bound the rounding of T_g at every point."""
    return np.full(len(case.places), rounding(8 * case.degree + 8, np.exp(case.bound)))


LL_P10 = Statement(
    id="lora_limits/LL-P10",
    title="When rows of the polynomial are positive",
    says="Taylor's polynomial T_g of exp is positive on all of [-M, M] if its degree g is even, or if its relative "
    "error eta there is below 1.",
    source=Derived(theory.taylor_error),
    tex=r"\eta < 1 \text{ or } g \text{ even} \Rightarrow T_g(s) > 0 \text{ for } |s| \le M",
    hypotheses={
        "eta below 1, or an even degree": lambda c: c.degree % 2 == 0 or theory.taylor_error(c.degree, c.bound) < 1
    },
    instances=POSITIVE,
    solve=positive_values,
    claim=Inequality(positive, unbounded="a solver may return any value"),
    saboteurs=(
        # the degree is odd and the error 1 or more: T_g is negative at -M
        saboteur("odd degrees far out", breaks="eta below 1, or an even degree", instances=NEGATIVE),
        saboteur("the sign of odd powers", solve=wrong.alternating),
    ),
    notes=(
        "Even degrees are positive everywhere: the derivative of T_g is T_g less its last term, so T_g > 0 at minima."
    ),
)


def rises(case: Target, found: np.ndarray, spare: int = 0) -> Sides:
    """Compare each degree with the next, its bound below epsilon, and the bound of one degree less above it."""
    one, degrees = case.epsilon * 0 + 1, [int(g) for g in found]
    # M = Gamma^2 for Gamma = 1/4, 1/2, ..., 4, as exact numbers
    norms = [one * (k + 1) ** 2 / 16 for k in range(len(degrees))]
    enough = [theory.taylor_certificate(g, M) for g, M in zip(degrees, norms, strict=True)]
    short = [theory.taylor_certificate(g - 1 - spare, M) for g, M in zip(degrees, norms, strict=True) if g > spare]
    lhs = [*(one * g for g in degrees[:-1]), *enough, *[case.epsilon] * len(short)]
    return Sides(np.array(lhs), np.array([*(one * g for g in degrees[1:]), *[case.epsilon] * len(enough), *short]))


LL_T4_BOUND = Statement(
    id="lora_limits/LL-T4-bound",
    title="The degree that is proved grows with the norms",
    says="g(M) is the least degree at which the bound of LL-D1 on [-M, M] meets a fixed error; logits in d coordinates "
    "are at most beta d Gamma^2 where entries are at most Gamma, and that degree never falls as Gamma grows.",
    source=Derived(theory.taylor_certificate),
    tex=r"\Gamma \le \Gamma' \Rightarrow g(\beta d\,\Gamma^2) \le g(\beta d\,\Gamma'^2)",
    hypotheses={"an error below 1": lambda case: case.epsilon < 1},
    instances=SCALED,
    solve=degrees_by_norm,
    claim=Inequality(rises, numbers=Ball, unbounded=STATED),
    saboteurs=(
        saboteur("norms in the wrong order", solve=wrong.norms_backwards),
        saboteur("one degree more than is needed", solve=wrong.one_more_by_norm),
    ),
)

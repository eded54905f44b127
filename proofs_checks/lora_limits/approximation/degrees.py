"""Degrees of polynomials in the place of exp: the least ones, positive rows, and growing norms."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Ball, Derived, Draws, Family, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.families.polynomials import (
    STATED,
    Absolute,
    Target,
    Taylor,
    close,
    degree_brackets,
    draw_error,
    draw_taylor,
)


def draw_absolute(draws: Draws) -> Absolute:
    """M up to 2, 16 or 128, errors from 2^-40 to 2."""
    # below 2, beyond which the bracket may leave more than two degrees
    return Absolute(draws.floats(0.0, draws.choice((2.0, 16.0, 128.0))), 0.999 * draw_error(draws, 40))


SMALL_ERRORS = Family(
    "absolute-errors",
    always=(
        *(Absolute(M, 10.0**-k) for M in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0) for k in (1, 2, 4, 8)),
        Absolute(0.0, 0.5),
        Absolute(5.0, 1.9375),
    ),
    draw=draw_absolute,
)


# errors near exp(M): the two ends of the bracket are up to three degrees apart
LARGE_ERRORS = Family(
    "errors-of-size-exp", always=(Absolute(16.0, math.exp(16) / 2), Absolute(64.0, math.exp(64) / 10))
)


def less_than_bracket(case: Absolute, rng: np.random.Generator) -> np.ndarray:
    """State both degrees one too small."""
    # they still differ by one, so only the ends of the bracket refute them
    return degree_brackets(case) - 1


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
        saboteur("one degree less", solve=less_than_bracket),
    ),
)


def positive_values(case: Taylor, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the library's values of T_g at the points."""
    s = case.places * case.bound
    return {"values": np.array([theory.taylor_value(case.degree, x) for x in s.tolist()])}


def draw_positive(draws: Draws) -> Taylor:
    """Even degrees, or M so small that the relative error is below 1."""
    case = draw_taylor(draws)
    # M is halved until the hypothesis holds, which keeps the draw and its seed
    while case.degree % 2 and theory.taylor_error(case.degree, case.bound) >= 1:
        case = replace(case, bound=case.bound / 2)
    return case


ENDS = np.array([-1.0, 0.0, 1.0])


POSITIVE = Family(
    "positive", always=(Taylor(1, 0.5, ENDS), Taylor(2, 4.0, ENDS), Taylor(3, 1.0, ENDS)), draw=draw_positive
)


# just outside of the hypothesis: T_1(-2) = -1, and T_3 has its root at -1.596
NEGATIVE = Family("odd-and-far", always=(Taylor(1, 2.0, ENDS), Taylor(3, 1.75, ENDS)))


def alternating(case: Taylor, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return T_g(-s)."""
    # these values are positive, too, because the interval is symmetric: only the exact values refute them
    return positive_values(replace(case, places=-case.places))


def exact_values(case: Taylor) -> np.ndarray:
    """Evaluate T_g at the points in Fractions, and round the values to doubles."""
    places = [Fraction(float(x)) * Fraction(float(case.bound)) for x in case.places]
    return np.array([float(sum(s**k / math.factorial(k) for k in range(case.degree + 1))) for s in places])


def rounding_of(case: Taylor) -> np.ndarray:
    """Bound the rounding of T_g at every point."""
    return np.full(len(case.places), rounding(8 * case.degree + 8, np.exp(case.bound)))


def positive(case: Taylor, found: dict[str, np.ndarray]) -> Sides:
    """Compare the smallest positive double with the values, and the values with exact ones up to rounding."""
    # the smallest positive double and not 0, since an inequality of the engine is not strict
    values = np.asarray(found["values"], dtype=float)
    lhs = np.r_[np.full(len(values), np.finfo(float).tiny), np.abs(values - exact_values(case))]
    return Sides(lhs, np.r_[values, np.zeros(len(values))], rounding=np.r_[np.zeros(len(values)), rounding_of(case)])


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
        saboteur("the sign of odd powers", solve=alternating),
    ),
    notes=(
        "Even degrees are positive everywhere: the derivative of T_g is T_g less its last term, so T_g > 0 at minima."
    ),
)


SCALED = Family(
    "norms",
    always=tuple(Target(1.0, 2.0**-k) for k in (4, 10, 20)),
    draw=lambda draws: Target(1.0, draw_error(draws, 40) / 2),
)


def degrees_by_norm(case: Target, rng: np.random.Generator | None = None) -> np.ndarray:
    """Degrees for the logit bounds Gamma^2, Gamma = 1/4, 1/2, ..., 4."""
    return np.array([theory.min_degree((k / 4) ** 2, case.epsilon, kind="certificate") for k in range(1, 17)])


def one_more_by_norm(case: Target, rng: np.random.Generator) -> np.ndarray:
    """State one degree more for every norm."""
    # the degrees rise with the norms as claimed; each is one above the least
    return degrees_by_norm(case) + 1


def norms_backwards(case: Target, rng: np.random.Generator) -> np.ndarray:
    """State the degrees in the reverse order of the norms."""
    return degrees_by_norm(case)[::-1]


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
        saboteur("norms in the wrong order", solve=norms_backwards),
        saboteur("one degree more than is needed", solve=one_more_by_norm),
    ),
)

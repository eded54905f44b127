"""Errors of polynomials in the place of exp: Taylor's, the cut Chebyshev series, and the best one."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Ball, Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.theory.degrees import taylor_error
from proofs_checks.lora_limits.families.polynomials import (
    BRACKETS,
    RELATIVE,
    TARGETS,
    TAYLOR,
    TWO_APART,
    Bracket,
    Bracketed,
    Kinds,
    Target,
    Taylor,
    best_errors,
    bracketed,
    heights,
    is_above_rounding,
    kinds_of,
    least_degrees,
    rigorous_bracket,
    rigorous_error,
    taylor_errors,
)
from proofs_checks.lora_limits.wrong_solvers import limits as wrong

STATED = "a solver may state any degree, and any error"


def certified(case: Taylor, found: dict[str, Any], relative: bool = True) -> Sides:
    """Compare errors at some points and at -M with the bound, and the stated error with that at -M, from both sides."""
    # the supremum is at -M, so that its error decides; other points are there for a bound that is too small elsewhere
    points = [*(case.places * case.bound), -case.bound]
    errors = [abs(theory.taylor_value(case.degree, s) * np.exp(-s) - 1) for s in points]
    bound = theory.taylor_certificate(case.degree, case.bound)
    bound = bound if relative else bound * np.exp(-case.bound)
    largest, share = theory.taylor_error(case.degree, case.bound), case.lost(case.bound)
    lhs = np.array([*errors, found["error"], largest])
    return Sides(lhs, np.array([*[bound] * len(errors), largest * (1 + share), found["error"] * (1 + share)]))


LL_D1 = Statement(
    id="lora_limits/LL-D1",
    title="A bound on the relative error of Taylor's polynomial",
    says="On [-M, M] Taylor's polynomial T_g of exp, cut after degree g, has a relative error of at most e^M M^(g+1) / "
    "(g+1)!.",
    source=Derived(theory.taylor_certificate),
    tex=r"\sup_{|s|\le M}|T_g(s)e^{-s} - 1| \le e^M M^{g+1}/(g+1)!",
    hypotheses={"M is positive": lambda case: case.bound > 0},
    instances=TAYLOR,
    solve=taylor_errors,
    claim=Inequality(certified, numbers=Ball, unbounded=STATED),
    unread={"stated": "the polynomial's own error is the subject of LL-D1-exact"},
    saboteurs=(
        # subtle for small M, where exp(M) is near 1; instances reach M = 8
        saboteur("exp(M) is dropped", claim=Inequality(partial(certified, relative=False), numbers=Ball)),
        saboteur("the error of one degree less", solve=wrong.error_of_less),
    ),
)


def integral(case: Taylor, found: dict[str, float], sign: int = -1) -> Sides:
    """Compare the error, and the one stated for the library's polynomial, with |T_g(-M) exp(M) - 1| in 400 bits."""
    wanted = rigorous_error(case if sign < 0 else Taylor(case.degree, -case.bound, case.places))
    return Sides([found["error"], found["stated"]], [wanted, wanted], rounding=case.rounding_bound)


LL_D1_EXACT = Statement(
    id="lora_limits/LL-D1-exact",
    title="The relative error of Taylor's polynomial",
    says="eta_T(g, M), the largest relative error on [-M, M] of Taylor's polynomial T_g of exp, cut after degree g, is "
    "this integral; it is reached at -M.",
    source=Derived(theory.taylor_error),
    tex=r"\eta_T(g, M) = \tfrac1{g!}\int_0^M u^g e^u\,du = |T_g(-M)e^M - 1|",
    hypotheses={"M is positive": lambda case: case.bound > 0},
    instances=TAYLOR,
    solve=taylor_errors,
    claim=Identity(integral),
    saboteurs=(
        # the error at M is the smaller of the two, by up to exp(2 M)
        saboteur("at the other end", claim=Identity(partial(integral, sign=1))),
        saboteur("g + 1 factorial", patch=(taylor_error, "math.lgamma(degree + 1)", "math.lgamma(degree + 2)")),
        saboteur("the error of one degree less", solve=wrong.error_of_less),
    ),
)


def least(case: Target, found: dict[str, int]) -> Sides:
    """Check eta(g) <= epsilon <= eta(g - 1), the same for the certificate's degree, and that it is g or g + 1."""
    g, certified = int(found["degree"]), int(found["certified"])
    lhs, rhs = [], []
    # least: the error at the degree is small enough, and the error one degree before is not
    for degree, error in ((g, theory.taylor_error), (certified, theory.taylor_certificate)):
        lhs += [error(degree, case.bound), case.epsilon]
        rhs += [case.epsilon, error(degree - 1, case.bound) if degree else case.epsilon]
    # a zero of the kind of numbers that the claim computes in, since balls and floats do not meet
    zero = case.epsilon * 0
    return Sides(np.array([*lhs, zero + g, zero + certified]), np.array([*rhs, zero + certified, zero + g + 1]))


LL_D1_LEAST = Statement(
    id="lora_limits/LL-D1-least",
    title="The bound asks for at most one degree too many",
    says="If g is the least degree at which Taylor's polynomial of exp has a relative error eta_T of at most epsilon, "
    "the bound of LL-D1 is at most epsilon at the degree g or g + 1, called g_certificate.",
    source=Derived(theory.taylor_error),
    tex=r"\eta_T(g) \le \varepsilon \le \eta_T(g-1),\quad g \le g_{\mathrm{certificate}} \le g + 1",
    hypotheses={
        "epsilon <= 11/5": lambda case: case.epsilon <= Fraction(11, 5),
        "epsilon >= 2^-100 and 0 <= M <= 200, where the degree is below 1000": lambda case: (
            case.epsilon >= Fraction(1, 2**100) and 0 <= case.bound <= 200
        ),
    },
    instances=TARGETS,
    solve=least_degrees,
    claim=Inequality(least, numbers=Ball, unbounded=STATED),
    saboteurs=(
        saboteur("one degree less", solve=wrong.less_than_least),
        saboteur("one degree more", solve=wrong.more_than_least),
        saboteur("an error of 23/10", breaks="epsilon <= 11/5", instances=TWO_APART),
    ),
    notes="At an error of 2.3 the bound can cost two degrees, as for M = 19/16.",
)


def between(case: Bracket, found: Bracketed, upper: Any = None, lower: Any = None) -> Sides:
    """Compare the bracket with E_g and the Chebyshev series, and its two ends with Bessel sums in 200 bits."""
    (below, above), wanted = best_errors(case), np.array(rigorous_bracket(case))
    # at s = M the error of the cut series is its whole tail, so the first point attains the upper end
    s = case.bound * np.cos(np.linspace(0, np.pi, 65))
    errors = np.abs(np.polynomial.polynomial.polyval(s, found.coefficients) - np.exp(s))
    high = found.upper if upper is None else upper(found)
    low = found.lower if lower is None else lower(found)
    lhs = np.r_[low, below, errors, found.upper, np.abs(np.array([found.lower, found.upper]) - wanted)]
    rhs = np.r_[above, high, np.full(len(errors), found.upper), errors[0], 0, 0]
    rounding_bound = np.r_[np.full(len(lhs) - 2, case.rounding_bound), rounding(1024, wanted)]
    return Sides(lhs, rhs, rounding=rounding_bound)


LL_D2 = Statement(
    id="lora_limits/LL-D2",
    title="The best error lies between two sums of Bessel functions",
    says="E_g(M) is the least uniform error of a polynomial of degree g for exp on [-M, M], and I_k is the modified "
    "Bessel function; the cut Chebyshev series has the error on the right.",
    source=Derived(theory.chebyshev_bracket),
    tex=r"2\sum_{j\ \mathrm{odd}} I_{j(g+1)}(M) \le E_g(M) \le 2\sum_{k>g}I_k(M)",
    hypotheses={"M is positive": lambda case: case.bound > 0},
    instances=BRACKETS,
    solve=bracketed,
    claim=Inequality(between, unbounded=STATED),
    decisions=("coefficients",),
    saboteurs=(
        # the lower end of the bracket instead of the upper one, to which it is close for small M
        saboteur("2 I_{g+1} above", claim=Inequality(partial(between, upper=lambda found: found.lower))),
        # its error is the upper end of the bracket, which only the enclosure of E_g shows to be too large
        saboteur("the cut series is best", claim=Inequality(partial(between, lower=lambda found: found.upper))),
        saboteur("the tail is dropped", solve=wrong.tail_dropped),
    ),
    notes="E_g itself is enclosed by exchange: the level of an alternation, and the largest error, on a refined grid.",
)


def stated(case: Bracket, found: Kinds, best: int = 2) -> Sides:
    """Compare each stated error with the true one, and the best kind's with the others and with its alternation."""
    polynomials = [*np.asarray(found.coefficients), np.asarray(found.following)]
    pieces = [heights(a, case.bound) for a in polynomials]
    errors, largest = np.asarray(found.errors), np.array([piece.max() for piece in pieces])
    # g + 2 alternating extrema prove that no polynomial has an error below the smallest of them; fewer prove nothing
    level = pieces[best].min() if len(pieces[best]) >= case.degree + 2 else 0.0
    lhs = np.r_[np.abs(errors - largest), np.full(3, errors[best]), 0.99 * errors[best], errors[3]]
    rhs = np.r_[np.zeros(4), errors[:3], level, errors[best]]
    return Sides(lhs, rhs, rounding=rounding(8 * (case.degree + 2), np.exp(2 * case.bound)))


LL_D2_RELATIVE = Statement(
    id="lora_limits/LL-D2-relative",
    title="Relative errors of the three polynomials, and the smallest of them",
    says="eta(P) is the largest relative error of P for exp on [-M, M]. The library's minimax polynomial of degree g "
    "has an error eta_g within the factor 100/99 of the least one; it does not grow with g.",
    source=Derived(theory.chebyshev_error),
    tex=(
        r"\eta(P) = \sup_{|s|\le M}|P(s)e^{-s} - 1|,\quad "
        r"\eta_{g+1} \le \eta_g = \eta(P_{\mathrm{minimax}}) \le \tfrac{100}{99}\min_P \eta(P)"
    ),
    hypotheses={"0 < M <= 12": lambda case: 0 < case.bound <= 12, "errors above rounding": is_above_rounding},
    instances=RELATIVE,
    solve=kinds_of,
    claim=Inequality(stated, unbounded=STATED),
    decisions=("coefficients", "following"),
    saboteurs=(
        # it is the best where most logits are small, but not by its largest relative error
        saboteur("Taylor's is the smallest", claim=Inequality(partial(stated, best=0))),
        saboteur("Chebyshev's is the smallest", claim=Inequality(partial(stated, best=1))),
        saboteur("99 parts of 100 of the errors", solve=wrong.errors_shrunk),
        saboteur("the cut series in the name of the best", solve=wrong.best_is_the_cut_series),
    ),
)

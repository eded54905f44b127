"""Errors of polynomials in the place of exp: Taylor's, the cut Chebyshev series, and the best one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Ball, Derived, Draws, Family, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.lora_limits import exp_polynomial, theory
from lrtheory.lora_limits.theory import degrees
from lrtheory.lora_limits.theory.degrees import taylor_error
from proofs_checks.lora_limits.families.polynomials import (
    ERRORS_OF_DEGREES,
    Target,
    Taylor,
    draw_error,
    draw_taylor,
    rigorous_error,
)


def taylor_errors(case: Taylor, rng: np.random.Generator | None = None) -> dict[str, float]:
    """The relative error by the library's formula, and the one that it states for its polynomial."""
    stated = exp_polynomial(case.bound, degree=case.degree).error
    return {"error": degrees.taylor_error(case.degree, case.bound), "stated": stated}


PLACES = np.array([-1.0, -0.5, 0.25, 1.0])


TAYLOR = Family(
    "taylor",
    always=tuple(Taylor(g, M, PLACES) for g, M in ((0, 0.25), (1, 0.25), (2, 1.0), (10, 4.0), (4, 0.25), (30, 8.0))),
    draw=draw_taylor,
)


def error_of_less(case: Taylor, rng: np.random.Generator) -> dict[str, float]:
    """State the error of the polynomial without its last power."""
    # an error of another polynomial, which is larger: only the comparison with the exact value refutes it
    return taylor_errors(replace(case, degree=max(0, case.degree - 1)))


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
        saboteur("the error of one degree less", solve=error_of_less),
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
        saboteur("the error of one degree less", solve=error_of_less),
    ),
)


def least_degrees(case: Target, rng: np.random.Generator | None = None) -> dict[str, int]:
    """The degree of the library's polynomial, or of its formula for errors of 1 or more; that of the certificate."""
    M, epsilon = case.bound, case.epsilon
    # `exp_polynomial` takes errors below 1 alone
    found = exp_polynomial(M, epsilon=epsilon).degree if epsilon < 1 else theory.min_degree(M, epsilon)
    return {"degree": found, "certified": theory.min_degree(M, epsilon, kind="certificate")}


def draw_target(draws: Draws) -> Target:
    """M up to 1, 8 or 32, errors from 2^-40 to 11/5."""
    return Target(draws.floats(0.0, draws.choice((1.0, 8.0, 32.0))), 1.1 * draw_error(draws, 40))


TARGETS = Family(
    "targets",
    always=(
        *(Target(M, e) for M in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0) for e in (2.0**-7, 2.0**-14, 2.0**-20)),
        Target(0.0, 0.5),
        Target(1.125, 2.125),
    ),
    draw=draw_target,
)


# eta(0) = 2.279 is below this error, but the certificate is so only at degree 2: LL-D1-least ends at 11/5
TWO_APART = Family("targets-of-large-errors", always=(Target(1.1875, 2.296875),))


def less_than_least(case: Target, rng: np.random.Generator) -> dict[str, int]:
    """State one degree less than the least one."""
    found = least_degrees(case)
    # the error at this degree is above epsilon
    return found | {"degree": found["degree"] - 1}


def more_than_least(case: Target, rng: np.random.Generator) -> dict[str, int]:
    """State one degree more than the least one."""
    found = least_degrees(case)
    # the error is small enough; the degree before would have been enough, too
    return found | {"degree": found["degree"] + 1}


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
    for_all=(ERRORS_OF_DEGREES,),
    solve=least_degrees,
    claim=Inequality(least, numbers=Ball, unbounded=STATED),
    saboteurs=(
        saboteur("one degree less", solve=less_than_least),
        saboteur("one degree more", solve=more_than_least),
        saboteur("an error of 23/10", breaks="epsilon <= 11/5", instances=TWO_APART),
    ),
    notes="At an error of 2.3 the bound can cost two degrees, as for M = 19/16.",
)


@dataclass(frozen=True)
class Bracket:
    """A degree and a bound M."""

    degree: int
    bound: float

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of values of polynomials near exp(M)."""
        return rounding(64 * (self.degree + 2) ** 2, np.exp(self.bound))


@dataclass(frozen=True)
class Bracketed:
    """The library's bracket, and its Chebyshev series as coefficients of powers."""

    lower: float
    upper: float
    coefficients: np.ndarray


def bracketed(case: Bracket, rng: np.random.Generator | None = None) -> Bracketed:
    """Return the library's bracket, and its Chebyshev series in powers."""
    lower, upper = theory.chebyshev_bracket(case.degree, case.bound)
    return Bracketed(lower, upper, exp_polynomial(case.bound, degree=case.degree, kind="chebyshev").coefficients)


def draw_bracket(draws: Draws) -> Bracket:
    """M from 1/4 to 8, and degrees at which the error is above rounding."""
    M = draws.floats(0.25, 8.0)
    return Bracket(draws.integers(0, 6 + int(2 * M)), M)


BRACKETS = Family(
    "brackets",
    always=tuple(Bracket(g, M) for g, M in ((0, 0.5), (2, 1.0), (5, 1.0), (4, 4.0), (8, 4.0), (8, 8.0))),
    draw=draw_bracket,
)


def tail_dropped(case: Bracket, rng: np.random.Generator) -> Bracketed:
    """State the lower end of the bracket as its upper end, too."""
    found = bracketed(case)
    # subtle: for small M the terms after I_{g+1} are small beside it
    return replace(found, upper=found.lower)


def best_errors(case: Bracket) -> tuple[float, float]:
    """Enclose E_g by exchange (Remez): the level of an alternation is below it, the error of any polynomial above.

    After a few exchanges both are close; the upper side is refined on a grid around the largest error.
    """
    g, M = case.degree, case.bound
    # Chebyshev points are nearly optimal for exp, so eight exchanges are enough
    t, grid = np.cos(np.pi * np.arange(g + 2) / (g + 1)), np.cos(np.linspace(0, np.pi, 2001))
    signs = (-1.0) ** np.arange(g + 2)
    for _ in range(8):
        system = np.column_stack([np.polynomial.chebyshev.chebvander(t, g), signs])
        solution = np.linalg.solve(system, np.exp(M * t))
        error = np.polynomial.chebyshev.chebval(grid, solution[:-1]) - np.exp(M * grid)
        pieces = np.split(np.arange(2001), np.nonzero(np.diff(np.sign(error)))[0] + 1)
        # rounding has merged or split extrema: the last enclosure is as narrow as doubles allow
        if len(pieces) != g + 2:
            break
        t = np.array([grid[piece[np.abs(error[piece]).argmax()]] for piece in pieces])
    fine = np.cos(np.linspace(0, np.pi, 2001)[np.abs(error).argmax()] + np.linspace(-1, 1, 2001) * np.pi / 2000)
    largest = np.abs(np.polynomial.chebyshev.chebval(fine, solution[:-1]) - np.exp(M * fine)).max()
    return abs(float(solution[-1])), float(largest)


def rigorous_bracket(case: Bracket) -> tuple[float, float]:
    """2 sum_{odd j} I_{j(g+1)}(M) and 2 sum_{k > g} I_k(M) in 200 bits."""
    with flint.ctx.workprec(200):
        found = [
            flint.arb(case.bound).bessel_i(k)
            # from order 4 M on each term is at most an eighth of the one before, so the terms left out are negligible
            for k in range(case.degree + 1, 3 * case.degree + int(4 * case.bound) + 60)
        ]
        return tuple(float(2 * sum(one, flint.arb(0)).mid()) for one in (found[:: 2 * (case.degree + 1)], found))


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
        saboteur("the tail is dropped", solve=tail_dropped),
    ),
    notes="E_g itself is enclosed by exchange: the level of an alternation, and the largest error, on a refined grid.",
)


@dataclass(frozen=True)
class Kinds:
    """Coefficients of the three polynomials on [-M, M], of the best of degree g + 1, and the relative errors of all."""

    coefficients: np.ndarray
    following: np.ndarray
    errors: np.ndarray


def kinds_of(case: Bracket, rng: np.random.Generator | None = None) -> Kinds:
    """The library's polynomials: Taylor, Chebyshev, minimax."""
    found = [exp_polynomial(case.bound, degree=case.degree, kind=kind) for kind in ("taylor", "chebyshev", "minimax")]
    after = exp_polynomial(case.bound, degree=case.degree + 1, kind="minimax")
    errors = np.array([one.error for one in (*found, after)])
    return Kinds(np.array([one.coefficients for one in found]), after.coefficients, errors)


def is_above_rounding(case: Bracket) -> bool:
    """Return whether the best relative error of the next degree is above 2^-36 and above 2^-60 exp(2 M), its rounding.

    The test uses exp(-M) times the lower end of its bracket, which is far below that error.
    """
    least = theory.chebyshev_bracket(case.degree + 1, case.bound)[0] * np.exp(-case.bound)
    return least >= max(2.0**-36, 2.0**-60 * np.exp(2 * case.bound))


def draw_relative(draws: Draws) -> Bracket:
    """M from 1/4 to 12, and one of the degrees at which the error is above rounding."""
    M = draws.floats(0.25, 12.0)
    return Bracket(draws.choice([g for g in range(24) if is_above_rounding(Bracket(g, M))]), M)


# for each M degrees from the lowest to the highest whose error is above rounding
DEGREES = {0.5: (0, 4), 1.0: (2, 5), 2.0: (8,), 4.0: (4, 8, 14), 6.0: (8, 13, 17), 8.0: (10, 15), 12.0: (14,)}


RELATIVE = Family(
    "relative-errors",
    always=tuple(Bracket(g, M) for M, degrees in DEGREES.items() for g in degrees),
    draw=draw_relative,
)


def errors_shrunk(case: Bracket, rng: np.random.Generator) -> Kinds:
    """State errors that are one percent too small."""
    found = kinds_of(case)
    # the polynomials are right, and only the extrema of their errors refute what is stated of them
    return replace(found, errors=0.99 * found.errors)


def best_is_the_cut_series(case: Bracket, rng: np.random.Generator) -> Kinds:
    """Return Chebyshev's polynomial, with its own error, as the best one."""
    found = kinds_of(case)
    # its stated error is true; only the alternation shows that a better polynomial exists
    return replace(found, coefficients=found.coefficients[[0, 1, 1]], errors=found.errors[[0, 1, 1, 3]])


def heights(a: np.ndarray, bound: float) -> np.ndarray:
    """The largest |P(s) exp(-s) - 1| between sign changes on [-M, M]: on a grid, then by bisection of P' - P.

    No polynomial of a degree g has an error below the least of g + 2 of them.
    """
    value = lambda s: np.polynomial.polynomial.polyval(s, a) * np.exp(-s) - 1
    slope = np.polynomial.polynomial.polysub(np.polynomial.polynomial.polyder(a), a)
    # denser towards the ends, where extrema of a best approximation are close together
    s = -bound * np.cos(np.linspace(0, np.pi, 1025))
    errors = value(s)
    pieces = np.split(np.arange(len(s)), np.nonzero(np.diff(np.sign(errors)))[0] + 1)
    top = np.array([piece[np.abs(errors[piece]).argmax()] for piece in pieces])
    low, high = s[np.maximum(top - 1, 0)], s[np.minimum(top + 1, len(s) - 1)]
    sign = np.sign(np.polynomial.polynomial.polyval(low, slope))
    # a grid interval halved sixty times is narrower than the distance of two doubles
    for _ in range(60):
        middle = (low + high) / 2
        same = np.sign(np.polynomial.polynomial.polyval(middle, slope)) == sign
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.maximum(np.abs(errors[top]), np.abs(value(low)))


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
        saboteur("99 parts of 100 of the errors", solve=errors_shrunk),
        saboteur("the cut series in the name of the best", solve=best_is_the_cut_series),
    ),
)

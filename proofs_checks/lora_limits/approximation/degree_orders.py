"""The order of the least degrees, with constants that were measured."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Draws, Family, Inequality, Measured, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.families.ladders import Ladder, slope
from proofs_checks.lora_limits.families.polynomials import STATED, Absolute, close, degree_brackets


def draw_order(draws: Draws) -> Absolute:
    """M from 1 to 32, most often near log(1/delta) = e M, where the order jumps, and delta from 10^-12 to 10^-2."""
    epsilon = 10.0 ** -draws.floats(2.0, 12.0)
    jump = -math.log(epsilon) / math.e
    return Absolute(min(32.0, max(1.0, jump * draws.choice((draws.floats(0.9, 1.1), draws.floats(0.1, 8.0))))), epsilon)


ORDERS = Family(
    "orders",
    always=(
        *(Absolute(M, 10.0**-k) for M in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0) for k in (2, 4, 8, 12)),
        # the smallest and the largest ratio of the degree to its order that a search has found
        Absolute(1.7033249134442598, 0.009751569848813754),
        Absolute(9.898551845553028, 2.0713128167627614e-12),
    ),
    draw=draw_order,
)


# for tiny M the order is below one, and a degree is an integer
SMALL_BOUNDS = Family("small-bounds", always=(Absolute(1e-4, 0.01), Absolute(0.01, 1e-4)))


def decaying(case: Absolute, rng: np.random.Generator) -> np.ndarray:
    """Return degrees for exp(-x) on [0, 2 M], whose Chebyshev coefficients are smaller by exp(M).

    The literature has a square-root law for it, which one may take for that of exp on [-M, M].
    """
    return degree_brackets(replace(case, epsilon=case.epsilon * float(np.exp(case.bound))))


@formula(M="(0, inf)", delta="(0, 1)")
def degree_order(M: Number, delta: Number) -> float:
    """The order of the smallest degree with the absolute error delta on [-M, M], without its constant.

    It is M alone where l = log(1 / delta) is at most e M, where l / log(l / M) is not defined or falls with l.

    References
    ----------
    .. [1] A. Aggarwal, J. Alman, Optimal-Degree Polynomial Approximations for Exponentials and Gaussian Kernel Density
       Estimation, CCC 2022 (abstract).
    """
    M = float(M)
    needed = -math.log(delta)
    return M if needed <= math.e * M else max(M, needed / math.log(needed / M))


def order(
    case: Absolute, found: np.ndarray, band: tuple[Fraction, Fraction] = (Fraction(6, 7), Fraction(16, 5))
) -> Sides:
    """Check that the degree is from 6/7 to 16/5 times its order, and the least one for the upper end of the bracket."""
    expected, same = degree_order(case.bound, case.epsilon), close(case, found)
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
        saboteur("degrees for decaying exponentials", solve=decaying),
        saboteur("M below 1", breaks="1 <= M <= 32", instances=SMALL_BOUNDS),
    ),
    notes=(
        "The order is that of the abstract of arXiv 2205.06249, which has no constants; 6/7 and 16/5 were measured "
        "on the stated ranges, where the ratio goes from 0.8639 at M = 1.7033, delta = 0.00975 to 3.1313 at M = 9.9, "
        "delta = 2.08e-12. It is small just beyond log(1/delta) = e M, where the order jumps from M to e M."
    ),
)


def are_doubled(case: Ladder) -> bool:
    """Return whether each M is twice the one before, three times."""
    return [one.bound for one in case.rungs] == [case.rungs[0].bound * 2**k for k in range(4)]


def ladder(first: float, epsilon: float) -> Ladder:
    """Double M three times from a first one on."""
    return Ladder(tuple(Absolute(first * 2**k, epsilon) for k in range(4)))


LADDER = Family(
    "bounds-doubled",
    always=(ladder(16.0, 0.01),),
    draw=lambda draws: ladder(draws.floats(16.0, 32.0), 10.0 ** -draws.floats(1.0, 4.0)),
)


def degrees_along(case: Ladder, rng: np.random.Generator | None = None) -> np.ndarray:
    """The upper degrees of the library's brackets."""
    return np.array([theory.degree_bracket(one.bound, one.epsilon)[1] for one in case.rungs])


def decaying_along(case: Ladder, rng: np.random.Generator) -> np.ndarray:
    """Return the degrees of `decaying` for every rung of a ladder."""
    return np.array([decaying(one, rng)[1] for one in case.rungs])


def one_more_along(case: Ladder, rng: np.random.Generator) -> np.ndarray:
    """State one degree more on each rung."""
    # the growth is as claimed; each degree alone is not the least one
    return degrees_along(case) + 1


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
        saboteur("degrees for decaying exponentials", solve=decaying_along),
        saboteur("one degree more", solve=one_more_along),
    ),
    notes="The square root is the law of exp(-x) on [0, B]. The rate is that of the abstract of arXiv 2205.06249.",
)

"""The exponent that rank bounds on the cube reach as it grows."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.theory import hypercube
from proofs_checks.lora_limits.families.cubes import Rank, tails, whole_level


def bits_of(case: Rank) -> tuple[int, ...]:
    """Return the three numbers of bits d, 4 d and 16 d."""
    return tuple(case.n_bits * 4**k for k in range(3))


def rank_exponents(case: Rank, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """The library's bounds for d, 4 d, 16 d, its limit of the exponent, and limits for norms that fall."""
    c, a = case.c, case.a
    ranks = [theory.hypercube_rank_lower_bound(d, c, a) for d in bits_of(case)]
    return {"ranks": ranks, "limits": [hypercube.rank_exponent_limit(c / 256**k, a) for k in range(8)]}


def draw_limit(draws: Draws) -> Rank:
    """Up to ten bits, which grow to 16 times as many."""
    return Rank(draws.integers(2, 10), draws.floats(0.03125, 1.0), draws.floats(0.125, 1.0))


LIMITS = Family(
    "rank-limits",
    always=tuple(Rank(10, c, a) for c, a in ((0.05, 0.25), (0.25, 0.25), (0.05, 0.5), (0.25, 0.5))),
    draw=draw_limit,
)


def ranks_of_whole_levels(case: Rank, rng: np.random.Generator) -> dict[str, Any]:
    """Round every rank up to a whole level of singular values."""
    ranks = [whole_level(replace(case, n_bits=d), rng) for d in bits_of(case)]
    # each rank is enough; what refutes it is that one less is enough, too
    return rank_exponents(case) | {"ranks": ranks}


def limits_backwards(case: Rank, rng: np.random.Generator) -> dict[str, Any]:
    """State the limits in the reverse order of the norms."""
    found = rank_exponents(case)
    return found | {"limits": found["limits"][::-1]}


def entropy(x: float) -> float:
    """Return the binary entropy of x in bits."""
    return -sum(p * math.log2(p) for p in (x, 1 - x) if p > 0)


def root(c: float, a: float) -> float:
    """k by bisection of H(k) + 2 k log2 tanh(c ln 2) = -2 a above its largest point; 1 where it stays above."""
    # by bisection and not by Brent's method, which the library takes
    log_t = math.log2(math.tanh(c * math.log(2)))
    low, high = 1 / (1 + 4**-log_t), 1.0  # t^2 / (1 + t^2), where the exponent of a level is largest
    for _ in range(200):
        middle = (low + high) / 2
        keeps = entropy(middle) + 2 * middle * log_t > -2 * a
        low, high = (middle, high) if keeps else (low, middle)
    return high


def exponent_of_root(c: float, a: float) -> float:
    """Return H(min(k, 1/2)), the limit of the exponent, with k from `root`."""
    return entropy(min(root(c, a), 0.5))


def least_exponent(case: Rank) -> float:
    """Return the lower bound of LL-H5-limit on the exponent at d bits, or 0 if it is negative.

    It is H(min(x - 2 / d, 1/2)) - e with e = log2(d + 1) / d and the root x for a - e / 2 in the place of a.
    """
    lost = math.log2(case.n_bits + 1) / case.n_bits
    x = root(case.c, case.a - lost / 2) - 2 / case.n_bits if case.a > lost / 2 else 0.0
    return max(0.0, entropy(min(x, 0.5)) - lost) if x > 0 else 0.0


def approaches(case: Rank, found: dict[str, Any], most: float = 1.0) -> Sides:
    """Compare exponents at d, 4 d, 16 d between their limit and its lower form at that d, and limits with each other.

    Limits for norms that fall are below 1/4 in the end, and positive. Each rank is compared with the squares beyond it,
    each limit with a root by bisection.
    """
    limits, rungs = found["limits"], [replace(case, n_bits=d) for d in bits_of(case)]
    reached = [math.log2(max(rank, 1)) / one.n_bits for one, rank in zip(rungs, found["ranks"], strict=True)]
    squares = [tails(one, rank) for one, rank in zip(rungs, found["ranks"], strict=True)]
    # squares differ by many powers of ten along the rungs, so they are compared as quotients with 1
    ratios = [one.lhs / np.maximum(one.rhs, np.finfo(float).tiny) for one in squares]
    roots = [exponent_of_root(case.c / 256**k, case.a) for k in range(len(limits))]
    least = [least_exponent(one) for one in rungs]
    lhs = [*least, *reached, *limits[1:], limits[-1], limits[0], *np.ravel(ratios), *limits, *roots]
    rhs = [*reached, *[limits[0]] * 3, *limits[:-1], 0.25, most, *np.ones(2 * len(rungs)), *roots, *limits]
    above = np.finfo(float).tiny
    return Sides([*lhs, above], [*rhs, limits[-1]], rounding=[*np.full(len(lhs), rounding(2**16, 1.0)), 0.0])


LL_H5_LIMIT = Statement(
    id="lora_limits/LL-H5-limit",
    title="The exponent of the rank is positive for every Gamma of order sqrt(log L)",
    says=(
        "R is that of LL-H5-rank for L = 2^d; H_2 is the entropy in bits, t = tanh(c ln 2), and k* the root above t^2 "
        "/ (1 + t^2) of H_2(k) + 2 k log_2 t = -2a, or 1 if there is none; k_d is the same for a - log_2(d + 1) / "
        "(2d) in the place of a."
    ),
    source=Derived(theory.rank_exponent_limit),
    tex=(
        r"\Gamma^2 = c\ln L:\ H_2(\min(k_d - \tfrac2d, \tfrac12)) - \tfrac{\log_2(d+1)}d \le \log_L R \le "
        r"H_2(\min(k^*, \tfrac12)),\quad k_d \to k^* > 0,\quad k^* \to 0 \text{ as } c \to 0"
    ),
    hypotheses={"0 < c <= 1": lambda case: 0 < case.c <= 1, "0 < a <= 1": lambda case: 0 < case.a <= 1},
    instances=LIMITS,
    solve=rank_exponents,
    claim=Inequality(approaches, unbounded="a solver may state any rank, and any limit"),
    saboteurs=(
        # c = 1/4: the limit of the exponent is above 1/2, far from 0
        saboteur("rank L^o(1) for Gamma = sqrt(log L) / 2", claim=Inequality(partial(approaches, most=0.5))),
        saboteur("norms that rise", solve=limits_backwards),
        # the squares of singular values in the place of the values: a factor 2 that is easily lost
        saboteur("a for 2 a", patch=(hypercube.rank_exponent_limit, "math.log2(t) + 2 * a", "math.log2(t) + a")),
        saboteur("ranks of whole levels", solve=ranks_of_whole_levels),
    ),
    notes=(
        "So low rank needs Gamma = o(sqrt(log L)) on this input, whatever SETH says. Checked for d, 4 d and 16 d with "
        "both ends of the exponent, which meet at the rate of log(d) / d."
    ),
)

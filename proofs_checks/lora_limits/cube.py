"""The cube of sign vectors: its spectrum, rank bounds for approximate attention, and a gradient in L log L."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Ball,
    Derived,
    Identity,
    Inequality,
    Sides,
    Statement,
    always,
    rounding,
    saboteur,
)
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.theory import hypercube
from proofs_checks.lora_limits.families.hard.cubes import (
    CUBE_DATA,
    CUBES,
    FEW_BITS,
    FULL_ENOUGH,
    LARGE_NORMS,
    LIMITS,
    RANKS,
    TRUNCATED,
    Cube,
    CubeData,
    Rank,
    Transformed,
    Truncated,
    bits_of,
    by_powers,
    cube_gradient,
    exponent_of_root,
    is_below,
    is_large,
    least_exponent,
    polynomial_attention,
    rank_bound,
    rank_exponents,
    spectrum,
    transformed,
)
from proofs_checks.lora_limits.wrong_solvers import limits as wrong


def noise(cube: Cube) -> float:
    """Return tanh(Gamma^2 / d), the correlation of the noise operator."""
    return math.tanh(cube.gamma**2 / cube.n_bits)


def diagonal(cube: Cube, found: dict[str, np.ndarray], rho: Any = noise) -> Sides:
    """Compare f chi_S with rho^|S| chi_S for all S, row sums of f with 1, stated values and multiplicities too."""
    levels, chi = cube.levels, cube.characters
    # all 2^d eigenvectors are checked, so that no eigenvalue can hide in a degenerate level
    values, count = rho(cube) ** np.arange(cube.n_bits + 1), np.bincount(levels, minlength=cube.n_bits + 1)
    lhs = np.r_[(found["f"] @ chi).ravel(), found["f"].sum(1), found["values"], found["counts"]]
    rhs = np.r_[(chi * values[levels]).ravel(), np.ones(len(chi)), values, count]
    return Sides(lhs, rhs, rounding=cube.rounding_bound)


LL_H5 = Statement(
    id="lora_limits/LL-H5",
    title="Attention on the cube is the noise operator",
    says=(
        "When queries and keys are all 2^d sign vectors times Gamma, the character chi_S(x), the product of the "
        "coordinates x_a with a in S, is an eigenvector of attention f with the eigenvalue tanh(Gamma^2 / d)^|S|; "
        "beta scales the logits."
    ),
    source=Derived(theory.hypercube_spectrum),
    tex=r"C_1 = C_2 = \Gamma\{-1,1\}^d,\ \beta = 1/d \Rightarrow f\chi_S = \tanh(\Gamma^2/d)^{|S|}\chi_S",
    hypotheses={"Gamma is positive": lambda cube: cube.gamma > 0},
    instances=CUBES,
    solve=spectrum,
    claim=Identity(diagonal),
    saboteurs=(
        saboteur(
            # subtle: the difference is of third order in Gamma^2 / d
            "Gamma^2 / d without tanh",
            claim=Identity(partial(diagonal, rho=lambda cube: cube.gamma**2 / cube.n_bits)),
        ),
        # the spectrum as a set, without multiplicities
        saboteur("each value once", solve=wrong.levels_once),
        saboteur("beta = 1", solve=wrong.cube_without_temperature),
    ),
)


def tails(case: Rank, found: int) -> Sides:
    """Compare the squares beyond R with L^(-2a), and that with the squares beyond R - 1, in balls."""
    one = case.c * 0 + 1
    log2 = np.log(one * 2)
    # in balls: a tail of 10^48 tiny squares would vanish in doubles
    square = np.tanh(case.c * log2) ** 2
    allowed = np.exp(case.a * log2 * (-2 * case.n_bits))

    def beyond(rank: int) -> Any:
        """Add up the squares of all singular values but the `rank` largest; levels fall, and a part of one may stay."""
        total, left = one * 0, rank
        for k in range(case.n_bits + 1):
            count = math.comb(case.n_bits, k)
            kept, left = min(count, left), max(0, left - count)
            total = total + square**k * (count - kept)
        return total

    return Sides(np.array([beyond(found), allowed]), np.array([allowed, beyond(max(0, found - 1))]))


LL_H5_RANK = Statement(
    id="lora_limits/LL-H5-rank",
    title="A lower bound on the rank of approximate attention",
    says=(
        "On the cube of L = 2^d tokens attention f has the singular values sigma_1 >= sigma_2 >= ...; a matrix f~ "
        "within L^(-1-a) of f in every entry has at least the rank R, the least one beyond which the squares sum to "
        "at most L^(-2a)."
    ),
    source=Derived(theory.spectral_rank_bound),
    tex=(
        r"\|\tilde f - f\|_{\max} \le L^{-1-a} \Rightarrow \mathrm{rank}\,\tilde f \ge R = \min\{R : "
        r"\textstyle\sum_{i>R}\sigma_i^2 \le L^{-2a}\}"
    ),
    hypotheses={"a bound above zero": lambda case: rank_bound(case) > 0},
    instances=RANKS,
    solve=rank_bound,
    claim=Inequality(tails, numbers=Ball, unbounded="a solver may state any rank"),
    saboteurs=(
        # subtle: right where the cut falls between two levels
        saboteur("a whole level", solve=wrong.whole_level),
        saboteur(
            "Gamma^2 / d without tanh",
            patch=(hypercube.hypercube_rank_lower_bound, "(_ball(norm) * log2).tanh()", "(_ball(norm) * log2)"),
        ),
    ),
    notes="About approximations of attention, as the chain needs them; the gradient is a d x d matrix.",
)


def misses(case: Truncated, found: np.ndarray) -> Sides:
    """Compare L^(-1-a) with the largest error of an entry, and the entries with those of the polynomial."""
    one = theory.make_hypercube(case.rank.n_bits, case.gamma)
    powers = np.exp(one.beta * one.C1 @ one.C2.T)
    error = np.abs(found - powers / powers.sum(1, keepdims=True)).max()
    unlike, least = np.abs(found - by_powers(case)).ravel(), 2.0 ** (-(1 + case.rank.a) * case.rank.n_bits)
    return Sides(np.r_[least, unlike], np.r_[error, 0 * unlike], rounding=rounding(4096, 1.0))


LL_H5_ENTRY = Statement(
    id="lora_limits/LL-H5-entry",
    title="Polynomials of a rank below the bound miss",
    says=(
        "On the cube of L = 2^d tokens a polynomial of degree g gives an attention f~ whose rank is at most the sum "
        "of binom(d, k) over k <= g. If that is below the R of LL-H5-rank, some entry of f~ is more than L^(-1-a) "
        "from that of the exact f."
    ),
    source=Derived(theory.multilinear_features),
    tex=r"\textstyle\sum_{k\le g}\binom dk < R \Rightarrow \|\tilde f - f\|_{\max} > L^{-1-a}",
    hypotheses={"a rank below the bound": is_below},
    instances=TRUNCATED,
    solve=polynomial_attention,
    claim=Inequality(misses, unbounded="an approximation may be off by anything"),
    decisions=("outcome",),
    saboteurs=(
        # these polynomials have full rank, and nothing prevents a small error
        saboteur("a rank that is enough", breaks="a rank below the bound", instances=FULL_ENOUGH),
        saboteur("the exact attention", solve=wrong.exact_attention),
    ),
    notes="On sign vectors a polynomial of degree g has the rank of the multilinear monomials.",
)


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
        saboteur("norms that rise", solve=wrong.limits_backwards),
        # the squares of singular values in the place of the values: a factor 2 that is easily lost
        saboteur("a for 2 a", patch=(hypercube.rank_exponent_limit, "math.log2(t) + 2 * a", "math.log2(t) + a")),
        saboteur("ranks of whole levels", solve=wrong.ranks_of_whole_levels),
    ),
    notes=(
        "So low rank needs Gamma = o(sqrt(log L)) on this input, whatever SETH says. Checked for d, 4 d and 16 d with "
        "both ends of the exponent, which meet at the rate of log(d) / d."
    ),
)


def by_rows(cube: CubeData, found: np.ndarray) -> Sides:
    """Compare the gradient by transforms with C1^T p C2 / d, where p is made row by row."""
    case = cube.case
    f = np.exp(case.logits)
    f /= f.sum(1, keepdims=True)
    q = (f @ case.C3 - case.Y) @ case.C3.T
    # through the Jacobian of each row, another way than the library's p1 - p2
    p = np.array([(np.diag(f_i) - np.outer(f_i, f_i)) @ q_i for f_i, q_i in zip(f, q, strict=True)])
    return Sides(found, case.beta * case.C1.T @ p @ case.C2, rounding=case.rounding_bound * len(f))


LL_H6 = Statement(
    id="lora_limits/LL-H6",
    title="High rank is not hardness",
    says=(
        "On the cube of L = 2^d tokens attention f times any matrix Z is two Walsh-Hadamard transforms H around a "
        "diagonal with rho = tanh(Gamma^2 / d) to the power |S|, the number of bits of an index; so the exact "
        "gradient is cheap at every norm Gamma."
    ),
    source=Derived(theory.hypercube_gradient),
    tex=(
        r"fZ = \tfrac1L H\,\mathrm{diag}(\rho^{|S|})HZ: \text{ the exact gradient in } O(d^2L\log L) "
        r"\text{ for every } \Gamma"
    ),
    hypotheses={"all sign vectors": always},
    instances=CUBE_DATA,
    solve=cube_gradient,
    claim=Identity(by_rows),
    saboteurs=(
        saboteur("sums for differences", patch=(hypercube.walsh_hadamard, "= low - high", "= low + high")),
        saboteur("a norm that is twice as large", solve=wrong.cube_of_twice_the_norm),
    ),
    notes="The condition on the norms is sufficient for low rank; nothing says that a large norm makes an input hard.",
)


def fewer_than_pairs(cube: CubeData, found: Transformed, hard: bool = False) -> Sides:
    """Compare the gradient with whole matrices, and its additions with 2 (d + 1) d_v d L and the pairs of tokens."""
    case, d, n = cube.case, cube.n_bits, 2**cube.n_bits
    f = np.exp(case.logits - case.logits.max(1, keepdims=True))
    f /= f.sum(1, keepdims=True)
    output = f @ case.C3
    c = output - case.Y
    p = f * (c @ case.C3.T - (c * output).sum(1, keepdims=True))
    wanted = case.beta * case.C1.T @ p @ case.C2
    moved = np.abs(found.gradient - wanted).ravel()
    formula = 2 * (d + 1) * case.C3.shape[1] * d * n
    pairs = (n * n, found.additions) if hard else (found.additions, n * n)  # `hard` claims that L^2 are necessary
    lhs = [*moved, found.additions, formula, pairs[0]]
    rounding_bound = [*np.full(len(moved), rounding(64 * n, 1 + np.abs(wanted).max())), 0.0, 0.0, 0.0]
    return Sides(lhs, [*np.zeros(len(moved)), formula, found.additions, pairs[1]], rounding=rounding_bound)


LL_H6_COST = Statement(
    id="lora_limits/LL-H6-cost",
    title="A gradient at large norms with fewer additions than there are pairs of tokens",
    says=(
        "On the cube of L = 2^d tokens with d_v columns of values, at norms with Gamma^2 of ln L or more, the "
        "transforms behind the exact gradient take 2 (d + 1) d_v d L additions, fewer than there are pairs of tokens."
    ),
    source=Derived(theory.hypercube_gradient),
    tex=r"\Gamma^2 \ge \ln L:\ 2(d+1)\,d_v\,d\,L < L^2 \text{ additions},\quad L = 2^d",
    hypotheses={
        "Gamma^2 is at least ln L": is_large,
        "2 (d + 1) d_v d < L": lambda cube: 2 * (cube.n_bits + 1) * cube.C3.shape[1] * cube.n_bits < 2**cube.n_bits,
    },
    instances=LARGE_NORMS,
    solve=transformed,
    claim=Inequality(fewer_than_pairs, unbounded="there may be any number of additions"),
    closed="the additions are counted inside of the library's transform, and no other algorithm has one",
    saboteurs=(
        saboteur(
            "large norms make L^2 necessary", claim=Inequality(partial(fewer_than_pairs, hard=True)), printed=True
        ),
        # the exact gradient is right there, but takes more additions than there are pairs
        saboteur("few bits, or many columns", breaks="2 (d + 1) d_v d < L", instances=FEW_BITS),
        saboteur("sums for differences", patch=(hypercube.walsh_hadamard, "= low - high", "= low + high")),
    ),
    notes=(
        "Remark 5.2 of the paper calls the bound on the norms necessary. Its theorem has it sufficient, and its lower "
        "bound is about the worst input."
    ),
)

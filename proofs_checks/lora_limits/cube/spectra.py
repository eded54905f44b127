"""The cube of sign vectors: its spectrum, and rank bounds for approximate attention.

There are 2^d tokens, with entries of absolute value Gamma and d coordinates.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import inexact
from lrtheory.bounds import (
    All,
    Ball,
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
from lrtheory.lora_limits import attention_factors, chain, exp_polynomial, theory
from lrtheory.lora_limits.theory import hypercube
from lrtheory.lora_limits.theory.hypercube import _multiplicities
from proofs_checks.lora_limits.families.cubes import Rank, rank_bound, tails, whole_level


@dataclass(frozen=True)
class Cube:
    """A cube of d bits, and the norm Gamma of its entries."""

    n_bits: int
    gamma: float

    @property
    def levels(self) -> np.ndarray:
        """|S|, the number of bits of each index S."""
        return np.bitwise_count(np.arange(2**self.n_bits, dtype=np.uint64)).astype(int)

    @property
    def characters(self) -> np.ndarray:
        """The characters chi_S(x), one column for each set S."""
        shared = np.arange(2**self.n_bits)[:, None] & np.arange(2**self.n_bits)
        return 1.0 - 2.0 * (np.bitwise_count(shared.astype(np.uint64)) % 2)

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of sums over all tokens."""
        # eigenvectors have entries 1 and -1, so an entry of f chi_S is a sum over all tokens
        return rounding(64 * (2**self.n_bits + self.n_bits) * (1 + self.gamma**2), 1.0)


@formula(d="[1, inf)", Gamma="[0, inf)")
def hypercube_spectrum(d: int, Gamma: Number) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of the attention, which are its singular values, and their multiplicities.

    They are rho^k for k = 0, ..., d, with rho = tanh(Gamma^2 / d), and binom(d, k).

    Proof
    -----
    Assumes: Gamma is not negative (checked here).

    Proof: exp(Gamma^2 <x, y> / d) = prod_a exp(Gamma^2 x_a y_a / d), and on one bit the matrix [[e, 1/e], [1/e, e]]
    with e = exp(Gamma^2 / d) has the eigenvectors (1, 1) and (1, -1) with the eigenvalues 2 cosh and 2 sinh of Gamma^2
    / d. All row sums are the d-th power of the first, so dividing by them leaves the d-fold tensor power of a matrix
    with the eigenvalues 1 and tanh(Gamma^2 / d). It is symmetric and, for Gamma^2 >= 0, positive semidefinite.
    """
    rho = np.tanh(inexact(Gamma * Gamma / d))
    values = [rho * 0 + 1]
    for _ in range(d):
        values.append(values[-1] * rho)
    return np.array(values), _multiplicities(d)


def spectrum(cube: Cube, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """The library's attention on the cube, and the spectrum that it states."""
    one = theory.make_hypercube(cube.n_bits, cube.gamma)
    tokens = np.zeros((2**cube.n_bits, 1))
    f = chain.gradient_chain(one.C1, one.C2, tokens, tokens, one.W, beta=one.beta).f
    values, counts = hypercube_spectrum(cube.n_bits, cube.gamma)
    return {"f": f, "values": values, "counts": counts.astype(int)}


def draw_cube(draws: Draws) -> Cube:
    """Up to six bits."""
    return Cube(draws.integers(1, 6), draws.floats(0.125, 2.5))


CUBES = Family(
    "cubes", always=tuple(Cube(d, g) for d, g in ((1, 0.5), (2, 1.0), (3, 1.5), (6, 1.5), (6, 2.5))), draw=draw_cube
)


def levels_once(cube: Cube, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """State every distinct eigenvalue with the multiplicity 1."""
    found = spectrum(cube)
    # the distinct values are right; attention has 2^d singular values
    return found | {"counts": np.ones_like(found["counts"])}


def cube_without_temperature(cube: Cube, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Compute attention with beta = 1."""
    found = spectrum(cube)
    # with Gamma sqrt(d) and beta = 1 / d the logits are those of Gamma and beta = 1
    return found | {"f": spectrum(replace(cube, gamma=cube.gamma * cube.n_bits**0.5))["f"]}


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
    source=Derived(hypercube_spectrum),
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
        saboteur("each value once", solve=levels_once),
        saboteur("beta = 1", solve=cube_without_temperature),
    ),
)


def draw_rank(draws: Draws) -> Rank:
    """Up to 40 bits."""
    return Rank(draws.integers(1, 40), draws.floats(0.03125, 1.0), draws.floats(0.125, 1.0))


RANKS = Family(
    "cube-ranks",
    always=tuple(
        # ranks inside a level and far beyond doubles: at 160 bits the squares sum over 10^48 values
        Rank(*at)
        for at in ((6, 0.125, 0.5), (10, 0.125, 0.5), (10, 0.25, 1.0), (40, 0.25, 0.5), (160, 0.0625, 0.25))
    ),
    draw=draw_rank,
)


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
    for_all=(
        All(
            "triples of a number of bits d up to 16, and of c = Gamma^2 / ln L and the exponent a in eighths up to 1",
            lambda: (Rank(d, c / 8, a / 8) for d, c, a in itertools.product(range(1, 17), *[range(1, 9)] * 2)),
            members=1024,
        ),
    ),
    solve=rank_bound,
    claim=Inequality(tails, numbers=Ball, unbounded="a solver may state any rank"),
    saboteurs=(
        # subtle: right where the cut falls between two levels
        saboteur("a whole level", solve=whole_level),
        saboteur(
            "Gamma^2 / d without tanh",
            patch=(hypercube.hypercube_rank_lower_bound, "(_ball(norm) * log2).tanh()", "(_ball(norm) * log2)"),
        ),
    ),
    notes="About approximations of attention, as the chain needs them; the gradient is a d x d matrix.",
)


@dataclass(frozen=True)
class Truncated:
    """The cube of a rank bound, and a degree."""

    rank: Rank
    degree: int

    @property
    def gamma(self) -> float:
        """The norm Gamma that belongs to c and d."""
        return math.sqrt(self.rank.c * self.rank.n_bits * math.log(2))


@formula(d="[0, inf)", g="[0, inf)")
def multilinear_features(d: int, g: int) -> int:
    """Monomials of degree at most g in d variables that are left on sign vectors, where squares are 1.

    Proof
    -----
    Assumes: all variables are 1 or -1 (the caller).

    Proof: With x_a^2 = 1 a monomial depends on the set of variables with odd exponents alone. A monomial of degree at
    most g has at most g of them, and every such set occurs, as the product of its variables.
    """
    return sum(math.comb(d, k) for k in range(min(g, d) + 1))


def is_below(case: Truncated) -> bool:
    """Return whether the polynomial's rank is below the bound."""
    return multilinear_features(case.rank.n_bits, case.degree) < rank_bound(case.rank)


def polynomial_attention(case: Truncated, rng: np.random.Generator | None = None) -> np.ndarray:
    """The library's attention by a polynomial, on the cube."""
    one = theory.make_hypercube(case.rank.n_bits, case.gamma)
    U, V = attention_factors(one.beta * one.C1, one.C2, exp_polynomial(case.gamma**2, degree=case.degree))
    return U @ V.T / (U @ V.sum(0))[:, None]


def draw_truncated(draws: Draws) -> Truncated:
    """Up to six bits, and a degree whose rank is below the bound, if there is one."""
    rank = Rank(draws.integers(2, 6), draws.floats(0.25, 1.0), draws.floats(0.25, 1.0))
    # the hypothesis is false for a degree 0 that is drawn where no rank is below, and the instance is left out
    below = [g for g in range(rank.n_bits) if is_below(Truncated(rank, g))]
    return Truncated(rank, draws.choice(below or [0]))


TRUNCATED = Family(
    "truncated",
    always=tuple(
        Truncated(Rank(d, c, a), g) for d, c, a, g in ((6, 0.25, 1.0, 2), (6, 0.5, 0.5, 2), (7, 0.25, 0.5, 1))
    ),
    draw=draw_truncated,
)


# multilinear monomials of degree d are all 2^d characters, so these polynomials have full rank
FULL_ENOUGH = Family("rank-enough", always=(Truncated(Rank(6, 0.0625, 0.5), 6), Truncated(Rank(6, 0.25, 0.5), 8)))


def exact_attention(case: Truncated, rng: np.random.Generator) -> np.ndarray:
    """Return the exact attention, for which no polynomial is used."""
    # it misses nothing, while the statement says that every polynomial of low rank does
    return spectrum(Cube(case.rank.n_bits, case.gamma))["f"]


def by_powers(case: Truncated) -> np.ndarray:
    """Compute T_g of every logit, divided by the sums of rows."""
    one = theory.make_hypercube(case.rank.n_bits, case.gamma)
    logits, powers = one.beta * one.C1 @ one.C2.T, np.ones((2**case.rank.n_bits,) * 2)
    for k in range(case.degree, 0, -1):
        powers = 1 + logits * powers / k
    return powers / powers.sum(1, keepdims=True)


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
    source=Derived(multilinear_features),
    tex=r"\textstyle\sum_{k\le g}\binom dk < R \Rightarrow \|\tilde f - f\|_{\max} > L^{-1-a}",
    hypotheses={"a rank below the bound": is_below},
    instances=TRUNCATED,
    solve=polynomial_attention,
    claim=Inequality(misses, unbounded="an approximation may be off by anything"),
    decisions=("outcome",),
    saboteurs=(
        # these polynomials have full rank, and nothing prevents a small error
        saboteur("a rank that is enough", breaks="a rank below the bound", instances=FULL_ENOUGH),
        saboteur("the exact attention", solve=exact_attention),
    ),
    notes="On sign vectors a polynomial of degree g has the rank of the multilinear monomials.",
)

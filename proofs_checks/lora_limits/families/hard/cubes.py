"""Attention on all sign vectors, rank bounds of it, and polynomials that fall short of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.lora_limits import attention_factors, chain, exp_polynomial, theory
from lrtheory.lora_limits.theory import hypercube
from proofs_checks.lora_limits.families.chains import Case


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


def spectrum(cube: Cube, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """The library's attention on the cube, and the spectrum that it states."""
    one = theory.make_hypercube(cube.n_bits, cube.gamma)
    tokens = np.zeros((2**cube.n_bits, 1))
    f = chain.gradient_chain(one.C1, one.C2, tokens, tokens, one.W, beta=one.beta).f
    values, counts = theory.hypercube_spectrum(cube.n_bits, cube.gamma)
    return {"f": f, "values": values, "counts": counts.astype(int)}


def draw_cube(draws: Draws) -> Cube:
    """Up to six bits."""
    return Cube(draws.integers(1, 6), draws.floats(0.125, 2.5))


CUBES = Family(
    "cubes", always=tuple(Cube(d, g) for d, g in ((1, 0.5), (2, 1.0), (3, 1.5), (6, 1.5), (6, 2.5))), draw=draw_cube
)


@dataclass(frozen=True)
class CubeData:
    """d bits, Gamma, values and labels."""

    n_bits: int
    gamma: float
    C3: np.ndarray
    Y: np.ndarray

    @property
    def case(self) -> Case:
        """The attention problem of the cube, as the chain reads it."""
        one = theory.make_hypercube(self.n_bits, self.gamma)
        return Case(one.C1, one.C2, self.C3, self.Y, one.W, one.beta)


def cube_gradient(cube: CubeData, rng: np.random.Generator | None = None) -> np.ndarray:
    """The library's gradient by fast transforms."""
    return hypercube.hypercube_gradient(cube.C3, cube.Y, gamma=cube.gamma)


def cube_data(seed: int, n_bits: int, gamma: float, columns: int = 2) -> CubeData:
    """Gaussian values and labels."""
    rng = np.random.default_rng(seed)
    return CubeData(n_bits, gamma, *rng.normal(size=(2, 2**n_bits, columns)))


def draw_data(draws: Draws) -> CubeData:
    """Up to five bits, values and labels in quarters."""
    # 32 tokens at most: the claim makes every matrix of a row, which is cubic in them
    d, columns = draws.integers(1, 5), draws.integers(1, 2)
    tables = [draws.integers(-8, 8, shape=(2**d, columns)) / 4 for _ in range(2)]
    return CubeData(d, draws.floats(0.0, 2.5), *tables)


CUBE_DATA = Family(
    "cube-data",
    always=tuple(cube_data(s, *at) for s, at in enumerate(((1, 1.0), (2, 0.0), (3, 2.0), (6, 1.5)))),
    draw=draw_data,
)


class Added:
    """An entry of an array that counts the sums and differences it takes part in, in a class-wide total."""

    total = 0

    def __add__(self, other: Added) -> Added:
        Added.total += 1
        return self

    __sub__ = __add__


@dataclass(frozen=True)
class Transformed:
    """A gradient, and the sums and differences in its transforms."""

    gradient: np.ndarray
    additions: int


def transformed(cube: CubeData, rng: np.random.Generator | None = None) -> Transformed:
    """The library's gradient; a transform of each shape runs once more on entries that count."""
    plain, shapes = hypercube.walsh_hadamard, []

    def counting(table: np.ndarray) -> None:
        shapes.append(table.shape)
        plain(table)

    # only the shapes are recorded while numbers run through the compiled kernel; counting entries need its plain body
    hypercube.walsh_hadamard = counting
    try:
        gradient = cube_gradient(cube)
    finally:
        hypercube.walsh_hadamard = plain
    additions = 0
    # additions depend on the shape alone, so one count per shape is enough
    for shape in set(shapes):
        Added.total = 0
        plain.py_func(np.full(shape, Added(), object))
        additions += shapes.count(shape) * Added.total
    return Transformed(gradient, additions)


def large_norms(n_bits: int, columns: int, seed: int = 0, factor: float = 1.0) -> CubeData:
    """Return a cube with Gamma^2 = ln L times a factor, a little above so that rounding leaves it on that side."""
    # 2^-50 is more than the rounding of the root and of its square, and far less than any claim notices
    return cube_data(seed, n_bits, math.sqrt(factor * n_bits * math.log(2)) * (1 + 2.0**-50), columns)


def draw_large_norms(draws: Draws) -> CubeData:
    """Nine bits, one column or two, Gamma^2 from ln L to 4 ln L."""
    return large_norms(9, draws.integers(1, 2), draws.integers(0, 2**31 - 1), draws.floats(1.0, 4.0))


def is_large(cube: CubeData) -> bool:
    """Return whether Gamma^2 is at least ln L."""
    return cube.gamma**2 >= cube.n_bits * math.log(2)


LARGE_NORMS = Family("cube-large-norms", always=(large_norms(9, 2), large_norms(10, 1)), draw=draw_large_norms)
# 2 (d + 1) d_v d is 24 for three bits and one column, and 540 for nine bits and three columns: above L = 8 and 512
FEW_BITS = Family("cube-few-bits", always=(large_norms(3, 1), large_norms(9, 3)))


@dataclass(frozen=True)
class Rank:
    """d bits, c = Gamma^2 / ln L, and the exponent a of the relative error."""

    n_bits: int
    c: float
    a: float


def rank_bound(case: Rank, rng: np.random.Generator | None = None) -> int:
    """Return the library's lower bound on the rank."""
    return hypercube.hypercube_rank_lower_bound(case.n_bits, case.c, case.a)


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


def bits_of(case: Rank) -> tuple[int, ...]:
    """Return the three numbers of bits d, 4 d and 16 d."""
    return tuple(case.n_bits * 4**k for k in range(3))


def rank_exponents(case: Rank, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """The library's bounds for d, 4 d, 16 d, its limit of the exponent, and limits for norms that fall."""
    c, a = case.c, case.a
    ranks = [theory.hypercube_rank_lower_bound(d, c, a) for d in bits_of(case)]
    return {"ranks": ranks, "limits": [hypercube.rank_exponent_limit(c / 256**k, a) for k in range(8)]}


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


def draw_limit(draws: Draws) -> Rank:
    """Up to ten bits, which grow to 16 times as many."""
    return Rank(draws.integers(2, 10), draws.floats(0.03125, 1.0), draws.floats(0.125, 1.0))


LIMITS = Family(
    "rank-limits",
    always=tuple(Rank(10, c, a) for c, a in ((0.05, 0.25), (0.25, 0.25), (0.05, 0.5), (0.25, 0.5))),
    draw=draw_limit,
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


def is_below(case: Truncated) -> bool:
    """Return whether the polynomial's rank is below the bound."""
    return theory.multilinear_features(case.rank.n_bits, case.degree) < rank_bound(case.rank)


def polynomial_attention(case: Truncated, rng: np.random.Generator | None = None) -> np.ndarray:
    """The library's attention by a polynomial, on the cube."""
    one = theory.make_hypercube(case.rank.n_bits, case.gamma)
    U, V = attention_factors(one.beta * one.C1, one.C2, exp_polynomial(case.gamma**2, degree=case.degree))
    return U @ V.T / (U @ V.sum(0))[:, None]


def by_powers(case: Truncated) -> np.ndarray:
    """Compute T_g of every logit, divided by the sums of rows."""
    one = theory.make_hypercube(case.rank.n_bits, case.gamma)
    logits, powers = one.beta * one.C1 @ one.C2.T, np.ones((2**case.rank.n_bits,) * 2)
    for k in range(case.degree, 0, -1):
        powers = 1 + logits * powers / k
    return powers / powers.sum(1, keepdims=True)


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

"""The exact gradient on the cube in L log L."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
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
from proofs_checks.lora_limits.families.chains import Case


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


def cube_of_twice_the_norm(cube: CubeData, rng: np.random.Generator) -> np.ndarray:
    """Compute the gradient at twice the norm Gamma."""
    # nothing is wrong at norm 0, so other norms always run
    return cube_gradient(replace(cube, gamma=2 * cube.gamma))


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
        saboteur("a norm that is twice as large", solve=cube_of_twice_the_norm),
    ),
    notes="The condition on the norms is sufficient for low rank; nothing says that a large norm makes an input hard.",
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


def takes_fewer(cube: CubeData) -> bool:
    """Return whether 2 (d + 1) d_v d is below the number L of tokens."""
    return 2 * (cube.n_bits + 1) * cube.C3.shape[1] * cube.n_bits < 2**cube.n_bits


def is_large(cube: CubeData) -> bool:
    """Return whether Gamma^2 is at least ln L."""
    return cube.gamma**2 >= cube.n_bits * math.log(2)


def large_norms(n_bits: int, columns: int, seed: int = 0, factor: float = 1.0) -> CubeData:
    """Return a cube with Gamma^2 = ln L times a factor, a little above so that rounding leaves it on that side."""
    # 2^-50 is more than the rounding of the root and of its square, and far less than any claim notices
    return cube_data(seed, n_bits, math.sqrt(factor * n_bits * math.log(2)) * (1 + 2.0**-50), columns)


def draw_large_norms(draws: Draws) -> CubeData:
    """Nine bits, one column or two, Gamma^2 from ln L to 4 ln L."""
    return large_norms(9, draws.integers(1, 2), draws.integers(0, 2**31 - 1), draws.floats(1.0, 4.0))


LARGE_NORMS = Family("cube-large-norms", always=(large_norms(9, 2), large_norms(10, 1)), draw=draw_large_norms)


# 2 (d + 1) d_v d is 24 for three bits and one column, and 540 for nine bits and three columns: above L = 8 and 512
FEW_BITS = Family("cube-few-bits", always=(large_norms(3, 1), large_norms(9, 3)))


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
        "2 (d + 1) d_v d < L": takes_fewer,
    },
    instances=LARGE_NORMS,
    for_all=(
        All(
            "pairs of up to 10 bits d and a number of columns d_v with 2 (d + 1) d_v d < L, at Gamma^2 = ln L",
            # five columns are too many for ten bits, and so for fewer
            lambda: filter(takes_fewer, (large_norms(d, v) for d in range(1, 11) for v in range(1, 5))),
            members=8,
        ),
    ),
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

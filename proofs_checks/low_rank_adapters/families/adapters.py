"""Adapters of every kind as plain data, and their updates by formulas of the checks' own, in numbers of any kind."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import Any

import flint
import numpy as np

from lrtheory.bounds import Draws
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.hadamard import hadamard
from lrtheory.low_rank_adapters.kinds.lora import full, lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.kinds.queryable import queryable
from lrtheory.low_rank_adapters.kinds.randlora import randlora
from lrtheory.low_rank_adapters.kinds.tera import tera
from lrtheory.low_rank_adapters.kinds.uni_lora import uni_lora
from lrtheory.low_rank_adapters.kinds.vera import vera

#: names of the trained and of the frozen arrays of each kind
ARRAYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "lora": (("B", "A"), ()),
    "lora-fa": (("B",), ("A",)),
    "lora-xs": (("R",), ("B", "A")),
    "vera": (("b", "d"), ("B", "A")),
    "randlora": (("lambdas", "gammas"), ("bases", "A")),
    "uni-lora": (("theta",), ("assignment", "sizes")),
    "tera": (("d0", "d1", "e0", "e1"), ("U0", "U1", "V0", "V1", "C")),
    "queryable": (("weights",), ("B", "A", "atoms")),
    "hadamard": (("B", "A"), ("W",)),
    "full": (("D",), ()),
}

KINDS = tuple(ARRAYS)


@dataclass(frozen=True)
class Case:
    """An adapter: its kind, its arrays in the order of `ARRAYS`, its scale, and its shape (d_out, d_in)."""

    kind: str
    trained: tuple[np.ndarray, ...]
    frozen: tuple[np.ndarray, ...]
    scale: float
    shape: tuple[int, int]
    transposed: bool = False

    @property
    def named(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        trained, frozen = ARRAYS[self.kind]
        return dict(zip(trained, self.trained, strict=True)) | dict(zip(frozen, self.frozen, strict=True))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the trained arrays."""
        return ARRAYS[self.kind][0]

    @property
    def rank(self) -> int:
        """The inner length r of both factors."""
        if self.kind == "uni-lora":
            return len(self.frozen[0]) // sum(self.shape)
        return len(self.named["A"]) if "A" in self.named else min(self.shape)


def build(case: Case) -> Adapter:
    """Make the library's adapter."""
    named = {name: np.asarray(value) for name, value in case.named.items()}
    makers: dict[str, Any] = {
        "lora": lambda B, A, **o: lora(B, A, **o),
        "lora-fa": lambda B, A, **o: lora_fa(B, A, **o),
        "lora-xs": lambda B, R, A, **o: lora_xs(B, R, A, **o),
        "vera": lambda B, A, **o: vera(B, A, **o),
        "randlora": lambda bases, A, **o: randlora(bases, A, transposed=case.transposed, **o),
        "uni-lora": lambda theta, **o: uni_lora(theta, case.shape, case.rank, **o),
        "tera": lambda U0, U1, V0, V1, C, d0, d1, e0, e1, **o: tera([U0, U1], [V0, V1], C, d=[d0, d1], e=[e0, e1], **o),
        "queryable": lambda B, A, **o: queryable(B, A, **o),
        "hadamard": lambda W, B, A, **o: hadamard(W, B, A, **o),
        "full": lambda D, **o: full(D, **o),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns that are zero
        return makers[case.kind](**named, scale=case.scale)  # type: ignore[no-any-return]


def factors(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return B and A of a kind that has two; sizes of Uni-LoRA are squares, so that their roots are exact."""
    if case.kind != "uni-lora":
        return case.named["B"], case.named["A"]
    theta, (assignment, sizes), (m, n) = case.trained[0], case.frozen, case.shape
    entries = [theta[j] / math.isqrt(int(sizes[j])) for j in assignment.astype(np.int64)]
    line = np.array(entries, dtype=theta.dtype if theta.dtype == object else float)
    return line[case.rank * n :].reshape(m, case.rank), line[: case.rank * n].reshape(case.rank, n)


def update(case: Case) -> np.ndarray:
    """Return the update by the formula of its kind, in numbers of any kind."""
    x = case.named
    if case.kind == "full":
        return case.scale * x["D"]
    if case.kind == "hadamard":
        return case.scale * x["W"] * (x["B"] @ x["A"])
    if case.kind == "queryable":
        mixed = sum(w * C for w, C in zip(x["weights"], x["atoms"], strict=True))
        return case.scale * (x["B"] @ mixed @ x["A"])
    if case.kind == "tera":
        left = np.kron(x["U0"] * x["d0"], x["U1"] * x["d1"])
        right = np.kron(x["V0"] * x["e0"], x["V1"] * x["e1"])
        return case.scale * (left @ x["C"] @ right.T)
    if case.kind == "vera":
        return case.scale * ((x["b"][:, None] * x["B"] * x["d"]) @ x["A"])
    if case.kind == "lora-xs":
        return case.scale * (x["B"] @ x["R"] @ x["A"])
    if case.kind == "randlora":
        terms = zip(x["bases"], x["lambdas"], x["gammas"], strict=True)
        total = case.scale * sum((base * left) @ (x["A"] * right) for base, left, right in terms)
        return total.T if case.transposed else total
    B, A = factors(case)
    return case.scale * (B @ A)


def ends_of(case: Case) -> list[list[np.ndarray]]:
    """Return the updates after a step of 1 of each trained number, and after one of -1."""
    found = []
    for block, array in enumerate(case.trained):
        for place in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = array.copy()
                moved[place] = moved[place] + sign
                ends.append(update(replace(case, trained=(*case.trained[:block], moved, *case.trained[block + 1 :]))))
            found.append(ends)
    return found


def derivatives(case: Case) -> np.ndarray:
    """Return the derivative of the update in each trained number, as a row; differences give it exactly (AD-1)."""
    return np.array([((ahead - behind) / 2).ravel() for ahead, behind in ends_of(case)])


def somewhere(case: Case) -> Case:
    """Move the trained numbers to a point where no polynomial of theirs of low degree vanishes by chance."""
    rng = np.random.default_rng(0)
    high = 2 ** (8 if case.kind == "tera" else 20)  # products of four numbers are still exact
    return replace(case, trained=tuple(rng.integers(1, high, size=one.shape).astype(float) for one in case.trained))


def is_case(case: Case) -> bool:
    """Decide whether all arrays are finite and fit, and sizes of Uni-LoRA are squares that count all members."""
    try:
        made = build(case)
    except (ValueError, TypeError):
        return False
    squares = case.kind != "uni-lora" or all(math.isqrt(int(n)) ** 2 == n for n in case.frozen[1])
    return squares and tuple(made.shape) == tuple(case.shape)


def exact_rank(matrix: np.ndarray) -> int:
    """Return the rank of a matrix of doubles, each taken as the rational number that it is."""
    rows = [[flint.fmpq(*float(x).as_integer_ratio()) for x in row] for row in np.atleast_2d(matrix)]
    return int(flint.fmpq_mat(rows).rref()[1])


def assigned(draws: Draws, shape: tuple[int, int], rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a vector, the place of every entry in it, and the smallest sizes 1, 4, 16, .. that hold all members."""
    length = rank * sum(shape)
    d = draws.integers(1, min(length, 5))
    places = np.concatenate([np.arange(d), draws.integers(0, d - 1, shape=(length - d,))])[draws.permutation(length)]
    members = np.bincount(places, minlength=d)
    sizes = np.array([next(4**k for k in range(9) if 4**k >= n) for n in members])
    return draws.integers(-8, 8, shape=(d,)).astype(float), places, sizes


def nonzero(draws: Draws, shape: tuple[int, ...]) -> np.ndarray:
    """Draw integers of up to four in size, of which none is 0."""
    found = draws.integers(1, 4, shape=shape) * (2 * draws.integers(0, 1, shape=shape) - 1)
    return np.asarray(found, float)


def draw_case(
    draws: Draws, *, low: int = 1, most: int = 4, kinds: tuple[str, ...] = KINDS, fewest_atoms: int = 1
) -> Case:
    """Draw an adapter of small integers; those that are frozen are not 0."""
    kind, r, N = draws.choice(kinds), draws.integers(1, 2), draws.integers(1, 2)
    m, n = draws.integers(low, most), draws.integers(low, most)
    small, big, p, K = min(m, n), max(m, n), draws.integers(1, 2), draws.integers(fewest_atoms, 4)
    shapes = {
        "lora": (((m, r), (r, n)), ()),
        "lora-fa": (((m, r),), ((r, n),)),
        "lora-xs": (((r, p),), ((m, r), (p, n))),
        "vera": (((m,), (r,)), ((m, r), (r, n))),
        "randlora": (((N, r), (N, small)), ((N, big, r), (r, small))),
        "queryable": ((), ((m, r), (p, n), (K, r, p))),
        "hadamard": (((m, r), (r, n)), ((m, n),)),
        "full": (((m, n),), ()),
    }
    scale = draws.choice((1.0, 0.5, -1.5, 2.0))
    if kind == "tera":
        return draw_network(draws, scale)
    if kind == "uni-lora":
        theta, places, sizes = assigned(draws, (m, n), r)
        return Case(kind, (theta,), (places, sizes), scale, (m, n))
    trained, frozen = shapes[kind]
    moving = tuple(draws.integers(-3, 3, shape=shape).astype(float) for shape in trained)
    if kind == "queryable":
        moving = (draw_weights(draws, K),)
    fixed = tuple(nonzero(draws, shape) for shape in frozen)
    return Case(kind, moving, fixed, scale, (m, n), kind == "randlora" and m < n)


def draw_weights(draws: Draws, K: int) -> np.ndarray:
    """Draw weights of K atoms, which are multiples of a quarter and sum to 1."""
    return np.asarray(np.bincount(draws.integers(0, K - 1, shape=(4,)), minlength=K) / 4)


def draw_network(draws: Draws, scale: float = 1.0, *, most: int = 2) -> Case:
    """Draw a TeRA with two factors on each side, whose heights are up to `most`, of small integers that are not 0."""
    heights = [draws.integers(1, most) for _ in range(4)]
    widths = [draws.integers(1, height) for height in heights]
    core = nonzero(draws, (widths[0] * widths[1], widths[2] * widths[3]))
    factors = tuple(nonzero(draws, size) for size in zip(heights, widths, strict=True))
    trained = tuple(draws.integers(-3, 3, shape=(width,)).astype(float) for width in widths)
    shape = heights[0] * heights[1], heights[2] * heights[3]
    return Case("tera", trained, (*factors, core), scale, shape)


def with_more(cls: type[Any], case: Case, **more: Any) -> Any:
    """Add data to an adapter."""
    return cls(case.kind, case.trained, case.frozen, case.scale, case.shape, case.transposed, **more)


def one_of_each() -> tuple[Case, ...]:
    """Make a small adapter of every kind, each wider or taller than high."""
    B, A = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]]), np.array([[1.0, -2.0, 3.0, 1.0], [2.0, 1.0, -1.0, 4.0]])
    bases = np.array(
        [[[1.0, 0.0], [2.0, 1.0], [0.0, 1.0], [1.0, 3.0]], [[0.0, 1.0], [1.0, 1.0], [2.0, 0.0], [1.0, 1.0]]]
    )
    pairs, wide = np.array([[1.0, 2.0], [-1.0, 3.0]]), np.array([[1.0, 2.0, -1.0], [2.0, 1.0, 3.0]])
    W, places = 1.0 + np.arange(12.0).reshape(3, 4), np.array([0, 1, 2, 0, 2, 1, 0])
    theta, sizes = np.array([4.0, 2.0, -8.0]), np.array([4, 4, 16])
    one, two = np.ones((1, 1)), np.array([[1.0], [2.0]])
    shape = (3, 4)
    return (
        Case("lora", (B, A), (), 0.5, shape),
        Case("lora-fa", (B,), (A,), 2.0, shape),
        Case("lora-xs", (pairs,), (B, A), -1.5, shape),
        Case("vera", (np.array([1.0, 2.0, -1.0]), np.array([2.0, 3.0])), (B, A), 0.5, shape),
        Case("randlora", (pairs, wide), (bases, wide[::-1]), 2.0, shape, True),
        Case("uni-lora", (theta,), (places, sizes), 0.5, shape),
        Case("tera", (one[0], pairs[0], pairs[1], -one[0]), (one, B, pairs, two, wide[:, :2]), 0.5, shape),
        Case("queryable", (np.array([0.25, 0.75]),), (B, A, np.stack([pairs, pairs.T[::-1]])), 0.5, shape),
        Case("hadamard", (B, A), (W,), 2.0, shape),
        Case("full", (W,), (), 0.5, shape),
    )


def smallest(kind: str = "lora") -> Case:
    """Make an adapter of a single number."""
    one = np.ones((1, 1))
    return Case(kind, (2 * one, 3 * one), () if kind == "lora" else (one,), 1.0, (1, 1))

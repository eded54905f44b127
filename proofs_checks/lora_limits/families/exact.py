"""The exact gradient under shifts, scales and tiles, and arrays that count products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, rounding
from lrtheory.lora_limits import chain, gradient_chain
from lrtheory.lora_limits.products import tiled
from lrtheory.lora_limits.products.attention import Attention
from proofs_checks.lora_limits.families.chains import (
    ALONE,
    TWO,
    Case,
    HeadCase,
    draw_as_wide,
    draw_case,
    draw_scaled,
    draw_table,
    gaussian_head,
    made,
)

# --- keys that are shifted -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shifted:
    """A chain, and what is taken off all of its keys."""

    case: Case
    shift: np.ndarray

    @property
    def moved(self) -> Case:
        """The chain with shifted keys."""
        return replace(self.case, C2=self.case.C2 - self.shift)

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of an entry of any of its matrices."""
        return self.case.rounding_bound + self.moved.rounding_bound + self.case.entry_rounding * sum(self.case.C2.shape)


def shifted(pair: Shifted, rng: np.random.Generator | None = None, moved: Case | None = None) -> dict[str, np.ndarray]:
    """p, f and G without a shift; f with it, and G with shifted keys in the last factor alone."""
    case, moved = pair.case, pair.moved if moved is None else moved
    call = lambda one: chain.gradient_chain(one.C1, one.C2, one.C3, one.Y, one.W, beta=one.beta)
    # f is recomputed with shifted keys; for the gradient the shift is in the last factor, where p 1 = 0 removes it
    here, there = call(case), call(moved)
    last = case.beta * case.C1.T @ here.p @ pair.moved.C2
    return {"p": here.p, "f": here.f, "G": here.gradient, "f_shifted": there.f, "G_shifted": last}


def draw_shifted(draws: Draws) -> Shifted:
    """A small chain and a shift of up to two."""
    case = draw_case(draws)
    return Shifted(case, draw_table(draws, case.C2.shape[1]))


SHIFTED = Family(
    "shifted-keys",
    always=(
        Shifted(TWO, np.array([1.0, -2.0])),
        Shifted(ALONE, np.array([1.0])),
        Shifted(made(1, 6, 2, 0.5), np.ones(2)),
    ),
    draw=draw_shifted,
)


def two_factorizations(
    case: HeadCase, rng: np.random.Generator | None = None, transpose: bool = True
) -> dict[str, Any]:
    """The chain of the query weight, and that of the transposed key weight: f, c, q, p and the gradient of each."""
    Q, K, V = (case.X[projection] @ case.weight(projection) for projection in "QKV")
    key_weight = case.weight("K").T if transpose else case.weight("K")
    both = {
        "Q": chain.gradient_chain(case.X["Q"], K, V, case.Y, case.weight("Q"), beta=case.beta),
        "K": chain.gradient_chain(Q, case.X["K"], V, case.Y, key_weight, beta=case.beta),
    }
    return {x: {name: getattr(one, name) for name in ("f", "c", "q", "p", "gradient")} for x, one in both.items()}


# --- the scale at the inputs -----------------------------------------------------------------------------------------


def rescaled(case: HeadCase, rng: np.random.Generator | None = None, kept: bool = False) -> dict[str, np.ndarray]:
    """dA and dB from the chain with C1 = s X and the weight W* / s + (B A)^T."""
    K, V = (case.X[projection] @ case.weight(projection) for projection in "KV")
    # the inputs carry s, so the frozen weight must carry 1 / s for the logits to stay as they are
    frozen = case.W["Q"] if kept else case.W["Q"] / case.scale
    W = frozen + (case.B["Q"] @ case.A["Q"]).T
    G = gradient_chain(case.scale * case.X["Q"], K, V, case.Y, W, beta=case.beta).gradient
    return {"A": case.B["Q"].T @ G.T, "B": G.T @ case.A["Q"].T}


RESCALED = Family(
    "rescaled-heads",
    always=(gaussian_head(3, 3, 2, 1, alpha=2.0), gaussian_head(4, 6, 3, 2), gaussian_head(5, 5, 3, 2, alpha=-1.0)),
    draw=draw_scaled,
)

# --- products, counted -----------------------------------------------------------------------------------------------


class Counted(np.ndarray):
    """An array that counts the multiplications of entries in `*` and in `@`, and those in `@` once more apart."""

    products = 0
    matrix_products = 0
    __array_priority__ = 1.0  # so that a concatenation with plain arrays still counts

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(one) if isinstance(one, Counted) else one for one in inputs]
        # an output array would be a Counted one, whose call would count once more
        options = {name: value for name, value in options.items() if name != "out"}
        found = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.multiply:
            Counted.products += found.size
        elif ufunc is np.matmul:
            Counted.products += found.size * plain[0].shape[-1]
            Counted.matrix_products += found.size * plain[0].shape[-1]
        return found.view(Counted) if isinstance(found, np.ndarray) else found


def counted(case: Case, rng: np.random.Generator | None = None) -> int:
    """Count the products of the library's chain."""
    Counted.products = 0
    # behind the check of arguments, which makes plain arrays of all inputs
    tables = {name: getattr(case, name).view(Counted) for name in ("C1", "C2", "C3", "Y", "W")}
    chain.chain_matrices(np, tables, case.beta)
    return Counted.products


# the formula is exact at every size; 40 tokens of width 3 tell terms in L^2 from terms in d^2 L
COUNTED = Family("counted-chains", always=(ALONE, TWO, made(0, 12, 4, 0.5), made(1, 40, 3, 1.0)), draw=draw_as_wide)

# --- tiles -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tiled:
    """A head as the methods see it: queries (with beta), keys, values, targets, and R and S beside keys and queries."""

    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    targets: np.ndarray
    right: np.ndarray
    left: np.ndarray

    @property
    def logits(self) -> np.ndarray:
        """q k^T."""
        return self.queries @ self.keys.T

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of an entry of any product."""
        # the online softmax rounds each sum once more per tile than whole matrices do
        operations = 64 * sum(self.logits.shape) * (1 + np.abs(self.logits).max())
        sizes = [1 + np.abs(one).max() for one in (self.values, self.targets, self.right, self.left)]
        return rounding(operations, self.values.shape[1] * len(self.queries) * np.prod(sizes) ** 2)


TILINGS = ("compiled", "swept")


def tilings(head: Attention) -> dict[str, list[np.ndarray]]:
    """Compute the products by compiled tiles of all keys, and by tiles of eight keys for one query at a time.

    A batch of one head takes the second way, since the compiled kernel takes no batch.
    """
    batch = Attention(*(one[None] if isinstance(one, np.ndarray) else one for one in head))
    compiled, swept = tiled.tiled_products(np, head, 1), tiled.tiled_products(np, batch, 1)
    return {
        "compiled": [compiled.right, compiled.left, compiled.transport],
        "swept": [one[0] for one in (swept.right, swept.left, swept.transport)],
    }


def whole_and_tiled(case: Tiled, rng: np.random.Generator | None = None) -> dict[str, list[np.ndarray]]:
    """Compute p R, p^T S and f^T c by both ways of `tilings`."""
    tables = (case.queries, case.keys, case.values, case.targets, case.right, case.left)
    return tilings(Attention(*tables, transport=True))


def growing(top: float) -> Tiled:
    """Return logits that grow along twenty keys up to `top`, so that every tile of keys raises the running maximum."""
    keys = np.linspace(0.0, top, 20)[:, None]
    alternating = np.tile([[1.0], [-1.0]], (10, 1))
    return Tiled(np.array([[1.0], [0.5], [-1.0]]), keys, alternating, np.zeros((3, 1)), keys / top, np.eye(3))


def draw_tiled(draws: Draws) -> Tiled:
    """Up to four queries and seventeen keys in two coordinates."""
    # seventeen keys are three tiles of eight for a block of one query, the last of them with one key
    queries, keys = draws.integers(1, 4), draws.integers(1, 17)
    shapes = ((queries, 2), (keys, 2), (keys, 2), (queries, 2), (keys, 1), (queries, 1))
    return Tiled(*(draw_table(draws, *shape) for shape in shapes))


# logits up to 1000: exp overflows without the maximum, and earlier tiles count too much without the rescaling
TILED = Family("tiles", always=(growing(4.0), growing(1000.0)), draw=draw_tiled)

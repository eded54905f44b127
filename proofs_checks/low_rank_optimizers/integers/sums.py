"""Sums of integers of eight bits that fit, and floors that every way of computing gives alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Identity, Inequality, Sides, Statement, formula, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN
from lrtheory.low_rank_optimizers.theory.integers import LIMIT
from proofs_checks.low_rank_optimizers.families.integers import (
    LARGEST,
    Network,
    differ,
    draw_network,
    is_network,
    is_small,
    networks,
)


@dataclass(frozen=True)
class Product:
    """Activations x (n,) and noise A (m, r), B (n, r)."""

    x: np.ndarray
    A: np.ndarray
    B: np.ndarray


def is_product(case: Product) -> bool:
    """Decide whether shapes fit and all entries have eight bits."""
    shapes = np.shape(case.x), np.shape(case.A), np.shape(case.B)
    fit = len(shapes[0]) == 1 and len(shapes[1]) == len(shapes[2]) == 2 and shapes[2][0] == shapes[0][0]
    return bool(fit and shapes[1][1] == shapes[2][1] and all(map(is_small, (case.x, case.A, case.B))))


def multiplied(case: Product, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return x B and (x B) A^T as the kernels compute them."""
    inner = np.zeros(case.B.shape[1], np.int64)
    kernels.project(case.x.astype(np.int32), case.B.astype(np.int8), inner)
    outer = np.zeros(len(case.A), np.int64)
    kernels.spread(inner, case.A.astype(np.int8), outer)
    return {"inner": inner, "product": outer}


def full(n: int, r: int) -> Product:
    """Return the product whose entries are all 127."""
    return Product(np.full(n, LARGEST), np.full((1, r), LARGEST), np.full((n, r), LARGEST))


def draw_product(draws: Draws) -> Product:
    """Draw entries of any size, or of the largest with random signs."""
    n, m, r = draws.integers(1, 40), draws.integers(1, 3), draws.integers(1, 3)
    least = draws.integers(0, 1) * LARGEST
    entries = [
        draws.integers(least, LARGEST, shape=s) * (2 * draws.integers(0, 1, shape=s) - 1)
        for s in ((n,), (m, r), (n, r))
    ]
    return Product(*entries)


PRODUCTS = Family(
    "integer-products",
    always=lambda: (
        Product(np.array([1, 2]), np.array([[3, -4]]), np.array([[5, -6], [7, 8]])),
        *(full(n, r) for n, r in ((1, 1), (3, 2), (1048, 1), (262, 4), (1049, 1), (1024, 2))),
    ),
    draw=draw_product,
)


def wrapped(case: Product, rng: Any = None) -> dict[str, np.ndarray]:
    """Compute products in 32 bits, which wrap around."""
    return {name: value.astype(np.int32).astype(np.int64) for name, value in multiplied(case).items()}


Found = dict[str, Any]


def fits(case: Product, found: Found, safe: int | None = None) -> Sides:
    """Bound exact products, and by the largest number of 32 bits where there are few enough inputs."""
    n, r = case.B.shape
    x, A, B = (array.astype(object) for array in (case.x, case.A, case.B))
    off = differ(found["inner"], x @ B) or differ(found["product"], (x @ B) @ A.T)
    if off is not None:
        return off
    sizes = [abs(int(value)) for value in found["product"]]
    bounds = [theory.largest_product(n, r)]
    if n * r <= (theory.safe_inputs(3) if safe is None else safe):
        bounds.append(2**31 - 1)
    lhs, rhs = zip(*((size, bound) for size in sizes for bound in bounds), strict=True)
    return Sides(np.array(lhs, object), np.array(rhs, object))


EI_1 = Statement(
    id="low_rank_optimizers/EI-1",
    title="Sums of low rank fit in 32 bits up to 1048 inputs times the rank",
    says=(
        "Activations x (n), and noise A (m, r) and B (n, r), have entries of at most 127 in absolute value. Then all "
        "entries of (x B) A^T are at most 127^3 n r, which is below 2^31 exactly where n r <= 1048."
    ),
    source=Derived(theory.largest_product),
    tex=r"|(xB)A^\top| \le 127^3\, n r,\qquad 127^3\, n r < 2^{31} \iff n r \le 1048",
    hypotheses={"entries of eight bits": is_product},
    instances=PRODUCTS,
    for_all=(
        All(
            "products of 1,030 to 1,079 inputs at rank 1 whose entries are all 127",
            lambda: (full(n, 1) for n in range(1030, 1080)),
            members=50,
            invisible={"A counts once": "at rank 1 it does"},
        ),
    ),
    solve=multiplied,
    claim=Inequality(fits, unbounded="a solver may say that a product is any number"),
    saboteurs=(
        saboteur("sums of 32 bits", solve=wrapped),
        saboteur(
            "2048 inputs are safe", claim=Inequality(partial(fits, safe=2048), unbounded="as the claim itself is")
        ),
        saboteur("A counts once", patch=(kernels.spread, "* A[i, k]", "* A[i, 0]")),
    ),
)


NETWORKS = Family("integer-networks", always=networks, draw=draw_network)


def passed(case: Network, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return logits of the network, and of both members, compiled and interpreted."""
    members, net, found = case.members, case.network, {}
    for name, compiled in (("compiled", True), ("interpreted", False)):
        perturbed = [members.logits(member, case.text, compiled=compiled) for member in (0, 1)]
        found[name] = np.stack([net.logits(case.text, compiled=compiled), *perturbed]).astype(np.int64)
    return found


def forgetful(case: Network, rng: Any = None) -> dict[str, np.ndarray]:
    """Run each symbol from a state of 0."""

    def rows(network: Any, *which: int) -> np.ndarray:
        return np.concatenate([network.logits(*which, case.text[t : t + 1]) for t in range(len(case.text))])

    found = np.stack([rows(case.network), rows(case.members, 0), rows(case.members, 1)]).astype(np.int64)
    return {"compiled": found, "interpreted": found}


def _clip(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -LARGEST, LARGEST)


def _forward(case: Network, layers: list[list[int]], sign: int) -> np.ndarray:
    def layer(index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        begin, n, m = layers[index]
        start = int(case.starts[index])
        factors = case.noise[start : start + (n + m) * case.rank].astype(np.int64).reshape(n + m, case.rank)
        return case.weights[begin : begin + n * m].astype(np.int64).reshape(n, m), factors[:n], factors[n:]

    def row(index: int, j: int = 0) -> np.ndarray:
        W, B, A = layer(index)
        return W[j] + (sign * (A @ B[j]) >> (4 + case.shift) if sign else 0)

    def linear(index: int, x: np.ndarray) -> np.ndarray:
        W, B, A = layer(index)
        noise = sign * ((x @ B) @ A.T) >> (4 + case.shift) if sign else 0
        return _clip((x @ W + noise) // (16 * math.isqrt(len(W))))

    def norm(index: int, x: np.ndarray) -> np.ndarray:
        return _clip(x * row(index) // max(1, int(abs(x).sum()) // len(x)))

    h, found = np.zeros(case.width, np.int64), []
    for symbol in case.text.tolist():
        x = _clip(row(0, symbol))
        y = norm(1, x)
        f = _clip(linear(2, y) + linear(3, h) + row(4))
        c = _clip(linear(5, y) + linear(6, (f + 127) * h >> 8) + row(7))
        h = h + ((f + 127) * (c - h) >> 8)
        x = _clip(x + h)
        x = _clip(x + linear(10, linear(9, norm(8, x))))
        found.append(linear(12, norm(11, x)))
    return np.array(found)


def oracle(case: Network) -> np.ndarray:
    """Return the logits (3, length, n_symbols) of the network and its members, layer by layer on NumPy's integers."""
    layers = IntegerRNN(case.n_symbols, case.width, rng=0)._layout.tolist()
    return np.stack([_forward(case, layers, sign) for sign in (0, 1, -1)])


def same_bits(case: Network, found: Found) -> Sides:
    """Compare compiled and interpreted logits with those of NumPy."""
    truth = oracle(case)
    shapes = [np.shape(found[name]) for name in ("compiled", "interpreted")]
    if shapes != [truth.shape] * 2:
        return Sides([1], [0])
    return Sides(np.concatenate([found["compiled"].ravel(), found["interpreted"].ravel()]), np.tile(truth.ravel(), 2))


@formula(b="[8, inf)")
def largest_divisor(b: int = 28) -> int:
    """Up to this divisor, a product and a shift by b bits give floors of quotients that are clipped to eight bits.

    It is 1026 for 28 bits, where networks divide by 364 at most.

    Proof
    -----
    Assumes: a network of at most `safe_inputs(2)` inputs a layer and a rank of at most 4096, both checked where it is
    made; shifts are floors for negative integers too.

    Proof: with M = floor(2^b / d) + 1 and e = M d - 2^b, which is from 1 to d, u M / 2^b is u / d + (u e / 2^b) / d.
    Here u e < 255 d^2 <= 2^b, so that less than 1 / d is added to a multiple of 1 / d, and no integer is passed. A
    value v is clipped to [-127 d, 127 d] first, which changes v // d only where it is above 127 in absolute value, and
    u = v + 127 d is shifted by 127 multiples of d.

    So each operation of the kernels is one on integers, and any two ways to compute it agree as long as nothing wraps
    around: sums of products x W are at most 127^2 n < 2^31, those of low rank 127^3 n r < 2^63; a weight with its noise
    is at most 127 + 127^2 r / 16 < 2^23, and 127 times it is below 2^31; all else is made of a few activations. The
    order of additions does not matter then, and compiled loops, interpreted ones and arrays give the same bits.
    """
    return math.isqrt((1 << b) // (2 * LIMIT + 1))


EI_2B = Statement(
    id="low_rank_optimizers/EI-2b",
    title="Compiled kernels, interpreted ones and NumPy give the same bits",
    says=(
        "The logits of a network of integers and of both members of a pair are defined by floors, shifts and clipping "
        "alone. Compiled kernels, interpreted ones and NumPy's arrays give the same integers for all weights and noise."
    ),
    source=Derived(largest_divisor),
    tex=r"\ell_{\mathrm{compiled}} = \ell_{\mathrm{interpreted}} = \ell_{\mathrm{NumPy}}",
    hypotheses={"a network of eight bits, a text and noise": is_network},
    instances=NETWORKS,
    solve=passed,
    claim=Identity(same_bits),
    saboteurs=(
        saboteur(
            "a quotient is truncated",
            patch=(kernels.quotient, "(inside * inverse >> 28) - 127", "clip(int(value / divisor))"),
        ),
        saboteur("the inverse is rounded down", patch=(kernels.multiply, "// divisor + 1", "// divisor")),
        saboteur(
            "the noise of the second member is rounded otherwise",
            patch=(kernels.multiply, "sign * outer[i] >> shift", "sign * (outer[i] >> shift)"),
        ),
        saboteur(
            "a norm divides by the mean plus one",
            patch=(kernels.normalize, "max(1, int(total) // len(x))", "1 + int(total) // len(x)"),
        ),
        saboteur("every symbol begins with a state of 0", solve=forgetful),
    ),
)

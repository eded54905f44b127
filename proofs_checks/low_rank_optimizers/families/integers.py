"""Products and networks in small integers, and a network in NumPy that computes with Python's floors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN
from lrtheory.low_rank_optimizers.integer.members import IntegerMembers

LIMIT = 127
#: symbols and width of small networks
SMALL = ((1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (2, 4))


def is_small(values: Any) -> bool:
    """Decide whether an array holds integers from -127 to 127."""
    array = np.asarray(values)
    return array.dtype.kind in "iu" and array.size > 0 and int(array.min()) >= -LIMIT and int(array.max()) <= LIMIT


# --- products --------------------------------------------------------------------------------------------------------


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
    return Product(np.full(n, LIMIT), np.full((1, r), LIMIT), np.full((n, r), LIMIT))


def draw_product(draws: Draws) -> Product:
    """Draw entries of any size, or of the largest with random signs."""
    n, m, r = draws.integers(1, 40), draws.integers(1, 3), draws.integers(1, 3)
    least = draws.integers(0, 1) * LIMIT
    entries = [
        draws.integers(least, LIMIT, shape=s) * (2 * draws.integers(0, 1, shape=s) - 1) for s in ((n,), (m, r), (n, r))
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

# --- networks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Network:
    """Weights of a network of one block, in one array; a text; noise of one pair, and where each layer reads it."""

    n_symbols: int
    width: int
    weights: np.ndarray
    text: np.ndarray
    noise: np.ndarray
    starts: np.ndarray
    rank: int = 1
    shift: int = 4

    @property
    def network(self) -> IntegerRNN:
        """The library's network with these weights."""
        return IntegerRNN(self.n_symbols, self.width, rng=0)._with(self.weights)

    @property
    def members(self) -> IntegerMembers:
        """Both members of the pair."""
        return IntegerMembers(self.network, self.noise, self.starts[None], rank=self.rank, sigma_shift=self.shift)


def is_network(case: Network) -> bool:
    """Decide whether weights and noise have eight bits, sizes fit, and the text holds symbols of the alphabet."""
    if not (case.n_symbols > 0 and case.width > 0 and case.rank > 0 and 0 <= case.shift <= 32):
        return False
    layers = IntegerRNN(case.n_symbols, case.width, rng=0)._layout
    text, ends = np.asarray(case.text), np.asarray(case.starts) + layers[:, 1:].sum(axis=1) * case.rank
    sized = is_small(case.weights) and np.shape(case.weights) == (int((layers[:, 1] * layers[:, 2]).sum()),)
    read = is_small(case.noise) and int(np.min(case.starts)) >= 0 and int(ends.max()) <= len(case.noise)
    return bool(sized and read and text.ndim == 1 and text.size and 0 <= text.min() and text.max() < case.n_symbols)


def networks() -> tuple[Network, ...]:
    """Return the smallest networks, with weights of all sizes."""
    chance = np.random.default_rng(0)
    return tuple(_network(chance, *sizes, rank, shift) for sizes in SMALL for rank, shift in ((1, 4), (2, 0)))


def _network(chance: Any, n_symbols: int, width: int, rank: int, shift: int) -> Network:
    layers = IntegerRNN(n_symbols, width, rng=0)._layout
    count, lengths = int((layers[:, 1] * layers[:, 2]).sum()), layers[:, 1:].sum(axis=1) * rank
    noise = chance.integers(-LIMIT, LIMIT + 1, int(lengths.max()) + 40)
    starts = np.array([chance.integers(0, len(noise) - length + 1) for length in lengths.tolist()])
    weights = chance.integers(-LIMIT, LIMIT + 1, count)
    return Network(n_symbols, width, weights, chance.integers(0, n_symbols, 4), noise, starts, rank, shift)


def draw_network(draws: Draws) -> Network:
    """Draw a network with up to 3 symbols and 4 activations."""
    chance = np.random.default_rng(draws.integers(0, 2**31))
    sizes = draws.integers(1, 3), draws.integers(1, 4), draws.integers(1, 2), draws.integers(0, 5)
    return _network(chance, *sizes)


NETWORKS = Family("integer-networks", always=networks, draw=draw_network)


def passed(case: Network, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return logits of the network, and of both members, compiled and interpreted."""
    members, net, found = case.members, case.network, {}
    for name, compiled in (("compiled", True), ("interpreted", False)):
        perturbed = [members.logits(member, case.text, compiled=compiled) for member in (0, 1)]
        found[name] = np.stack([net.logits(case.text, compiled=compiled), *perturbed]).astype(np.int64)
    return found


def oracle(case: Network) -> np.ndarray:
    """Return the logits (3, length, n_symbols) of the network and its members, layer by layer on NumPy's integers."""
    layers = IntegerRNN(case.n_symbols, case.width, rng=0)._layout.tolist()
    return np.stack([_forward(case, layers, sign) for sign in (0, 1, -1)])


def _clip(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -LIMIT, LIMIT)


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

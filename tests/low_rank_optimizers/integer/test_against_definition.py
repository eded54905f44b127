"""Logits of deep networks and their members against lists of Python integers, written from the definition alone."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import IntegerMembers, IntegerRNN
from lrtheory.low_rank_optimizers.integer import kernels

LAYERS = ("norm_1", "forget_input", "forget_state", "forget_bias", "input", "state", "bias", "norm_2", "up", "down")
Rows = list[list[int]]


def clip(v: int) -> int:
    return max(-127, min(127, v))


def forward(weights: dict[str, Rows], noise: dict[str, tuple[Rows, Rows]], sign: int, shift: int, text: list[int]):
    """Run one member; without noise where the sign is 0."""

    def low_rank(name: str, x: list[int]) -> list[int]:
        A, B = noise[name]
        inner = [sum(x[j] * B[j][k] for j in range(len(x))) for k in range(len(B[0]))]
        return [(sign * sum(inner[k] * row[k] for k in range(len(row)))) >> (4 + shift) for row in A]

    def product(name: str, x: list[int], scale: int) -> list[int]:
        W, n = weights[name], len(x)
        y = [sum(x[j] * W[j][i] for j in range(n)) + extra for i, extra in enumerate(low_rank(name, x))]
        return [clip(v // scale) for v in y] if scale > 1 else y

    def matrix(name: str, x: list[int]) -> list[int]:
        return product(name, x, 16 * math.isqrt(len(x)))

    def norm(name: str, x: list[int]) -> list[int]:
        a = max(1, sum(abs(v) for v in x) // len(x))
        return [clip(v * w // a) for v, w in zip(x, product(name, [1], 1), strict=True)]

    blocks = sum(name.startswith("up") for name in weights)
    width = len(weights["norm"][0])
    h = [[0] * width for _ in range(blocks)]
    found = []
    for symbol in text:
        x = [clip(v) for v in product("embedding", [int(j == symbol) for j in range(len(weights["embedding"]))], 1)]
        for b in range(blocks):
            names = {name: f"{name}.{b}" for name in LAYERS}
            y = norm(names["norm_1"], x)
            gates = (matrix(names["forget_input"], y), matrix(names["forget_state"], h[b]))
            f = [clip(sum(v)) for v in zip(*gates, product(names["forget_bias"], [1], 1), strict=True)]
            p = [(g + 127) * v >> 8 for g, v in zip(f, h[b], strict=True)]
            gates = (matrix(names["input"], y), matrix(names["state"], p))
            c = [clip(sum(v)) for v in zip(*gates, product(names["bias"], [1], 1), strict=True)]
            h[b] = [v + ((g + 127) * (new - v) >> 8) for g, new, v in zip(f, c, h[b], strict=True)]
            x = [clip(sum(v)) for v in zip(x, h[b], strict=True)]
            z = matrix(names["down"], matrix(names["up"], norm(names["norm_2"], x)))
            x = [clip(sum(v)) for v in zip(x, z, strict=True)]
        found.append(matrix("head", norm("norm", x)))
    return found


@pytest.mark.parametrize(
    ("symbols", "width", "blocks", "rank", "shift", "size"),
    [(3, 5, 3, 1, 4, 127), (2, 7, 2, 3, 1, 30), (5, 9, 1, 2, 0, 127), (4, 17, 2, 1, 6, 20), (40, 2, 1, 2, 3, 127)],
)
def test_logits_are_those_of_python_integers(symbols, width, blocks, rank, shift, size):
    chance = np.random.default_rng(width)
    network = IntegerRNN(symbols, width, n_blocks=blocks, rng=0)
    network = network.replaced({k: chance.integers(-size, size + 1, s) for k, s in network.shapes.items()})
    starts = chance.integers(0, 40, (2, len(network.shapes)))
    numbers = chance.integers(-size, size + 1, 40 + rank * max(10 * width, symbols + width))
    members = IntegerMembers(network, numbers, starts, rank=rank, sigma_shift=shift)
    text = chance.integers(0, symbols, 6).tolist()
    weights = {name: value.tolist() for name, value in network.weights.items()}
    none = {name: ([[0]] * m, [[0]] * n) for name, (n, m) in network.shapes.items()}
    assert network.logits(text).tolist() == forward(weights, none, 0, shift, text)
    for member in range(4):
        noise = {}
        for start, (name, (n, m)) in zip(starts[member // 2].tolist(), network.shapes.items(), strict=True):
            rows = numbers[start : start + (n + m) * rank].reshape(n + m, rank).tolist()
            noise[name] = (rows[n:], rows[:n])
        found = forward(weights, noise, 1 - 2 * (member % 2), shift, text)
        assert members.logits(member, text).tolist() == found
        assert members.logits(member, text, compiled=False).tolist() == found


def test_quotients_are_floors():
    chance = np.random.default_rng(0)
    for d in (1, 2, 3, 5, 7, 11, 16, 127, 181, 182, 363, 364, 1024, 1025):
        multiples = d * np.arange(-130, 131)
        values = np.concatenate([multiples - 1, multiples, multiples + 1, chance.integers(-(2**40), 2**40, 50)])
        for v in values.tolist():
            exact = math.floor(Fraction(v, d))
            assert kernels.quotient(v, d, (1 << 28) // d + 1) == clip(exact)
            assert kernels.is_clipped(v, d) == (abs(exact) > 127)


@pytest.mark.parametrize(("x", "expected"), [([1, 1, -2, 1], [16, 16, -32, 16]), ([0, 0, -1, 1], [0, 0, -16, 16])])
def test_small_inputs_are_divided_by_at_least_one(x, expected):
    y = np.zeros(4, np.int32)
    assert kernels.normalize(np.array(x, np.int32), np.full(4, 16, np.int32), y) == 0
    assert y.tolist() == expected

"""Logits and their scores, and Markov chains whose texts are enumerated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.integer_es import IntegerES
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN
from lrtheory.low_rank_optimizers.integer.lookup_tables import logarithms, powers
from proofs_checks.low_rank_optimizers.families.integers import LIMIT, is_small


@dataclass(frozen=True)
class Logits:
    """Logits (symbols,) in sixteenths of log2."""

    logits: np.ndarray


def scored(case: Logits, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the score of every symbol."""
    row, tables = case.logits.astype(np.int8), (powers(), logarithms())
    return np.array([kernels.score(row, target, *tables) for target in range(len(row))], np.int64)


def rows() -> tuple[Logits, ...]:
    """Return single symbols, for which the table is worst, and rows of all sizes."""
    chance = np.random.default_rng(3)
    singles = [Logits(np.array([logit])) for logit in (-123, -127, 0, 127)]
    return (*singles, *(Logits(chance.integers(-s, s + 1, V)) for V, s in ((2, 3), (4, 127), (32, 40), (64, 127))))


ROWS = Family(
    "integer-logits",
    always=rows,
    draw=lambda draws: Logits(draws.integers(-LIMIT, draws.integers(-LIMIT, LIMIT), shape=(draws.integers(1, 40),))),
)


@dataclass(frozen=True)
class Source:
    """A Markov chain by Fractions (symbols, symbols), a network for its symbols, and how many symbols are predicted."""

    transitions: np.ndarray
    width: int
    weights: np.ndarray
    length: int


def is_source(case: Source) -> bool:
    """Decide whether two or three rows of positive Fractions add up to 1, and the network fits."""
    P = np.asarray(case.transitions)
    if (
        P.ndim != 2
        or P.shape not in ((2, 2), (3, 3))
        or P.dtype != object
        or case.width < 1
        or not 1 <= case.length <= 4
    ):
        return False
    chain = all(isinstance(p, Fraction) and p > 0 for p in P.flat) and all(sum(row) == 1 for row in P.tolist())
    size = IntegerRNN(len(P), case.width, rng=0).n_weights
    return bool(chain and is_small(case.weights) and np.shape(case.weights) == (size,))


def texts_of(case: Source) -> np.ndarray:
    """Return every text (k^(length + 1), length + 1) in lexicographic order."""
    return np.array(list(product(range(len(case.transitions)), repeat=case.length + 1)))


def predicted(case: Source, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the logits before each symbol of every text but its first, and the scores of these symbols."""
    network = IntegerRNN(len(case.transitions), case.width, rng=0)._with(case.weights)
    texts = texts_of(case)
    logits = np.stack([network.logits(text[:-1]) for text in texts])
    scores = np.stack([network.score(text).scores for text in texts])
    return {"logits": logits.astype(np.int64), "scores": scores}


def exact_scores(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return scores by powers of integers: the floor of 16 log2(S / 16) is the largest k with 2^k 16^16 <= S^16."""
    found = [
        _exact_score(row.tolist(), int(t))
        for rows, ts in zip(logits, targets, strict=True)
        for row, t in zip(rows, ts, strict=True)
    ]
    return np.array(found).reshape(targets.shape)


@lru_cache(maxsize=256)
def _entry(x: int) -> int:
    """Return floor(16 2^(x / 16)) by bisection."""
    low, high = 0, 32 << (x // 16)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**16 <= 2**x * 16**16 else (low, middle)
    return low


def _exact_score(row: list[int], target: int) -> int:
    total = sum(_entry(int(value) + 128) for value in row)
    k = 0
    while 2 ** (k + 1) * 16**16 <= total**16:
        k += 1
    return int(row[target]) + 128 - k


def stationary(P: np.ndarray) -> list[Any]:
    """Return the stationary law of two or three states, by the Markov chain tree theorem."""
    if len(P) == 2:
        weights = [P[1, 0], P[0, 1]]
    else:
        weights = []
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            weights.append(P[j, i] * P[k, i] + P[j, k] * P[k, i] + P[k, j] * P[j, i])
    return [weight / sum(weights[1:], weights[0]) for weight in weights]


def chain_of(parts: Any) -> np.ndarray:
    """Return the chain whose transitions are proportional to positive integers."""
    rows = [[Fraction(int(part), int(sum(row))) for part in row] for row in np.asarray(parts).tolist()]
    return np.array(rows, object)


@lru_cache(maxsize=1)
def sources() -> tuple[Source, ...]:
    """Return fair coins under a network of logits -1, and chains under networks that know nothing or were trained."""
    timid = IntegerRNN(2, 1, rng=0)
    constants = {name: np.zeros(size, int) for name, size in timid.shapes.items()}
    constants |= {"embedding": np.full((2, 1), 16), "norm": np.full((1, 1), 16), "head": np.full((1, 2), -1)}
    cases = [Source(chain_of([[1, 1], [1, 1]]), 1, timid.replaced(constants)._flat, 2)]
    for parts, length in (([[1, 7], [3, 1]], 3), ([[1, 12, 3], [8, 1, 1], [1, 2, 13]], 2)):
        P, chance = chain_of(parts), np.random.default_rng(4)
        text = [0]
        for _ in range(2000):
            text.append(int(chance.choice(len(P), p=P[text[-1]].astype(float))))
        blank = IntegerRNN(len(P), 4, rng=0)
        es = IntegerES(blank, population_size=64, noise_size=1 << 14, rng=0)
        es.train(text, 120, n_tokens=12)
        cases += [Source(P, 4, network._flat, length) for network in (blank, es.network)]
    return tuple(cases)


def draw_source(draws: Draws) -> Source:
    """Draw a chain of two or three symbols and a network that knows nothing."""
    k, width = draws.integers(2, 3), draws.integers(1, 3)
    chance = np.random.default_rng(draws.integers(0, 2**31))
    size = IntegerRNN(k, width, rng=0).n_weights
    weights = chance.integers(-LIMIT, LIMIT + 1, size)
    return Source(chain_of(chance.integers(1, 20, (k, k))), width, weights, draws.integers(1, 3))


SOURCES = Family("integer-sources", always=sources, draw=draw_source)

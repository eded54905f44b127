"""Differences of scores that are told, and all patterns of winners of a vote."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from lrtheory.bounds import Family
from lrtheory.low_rank_optimizers.integer.integer_es import IntegerES
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN
from lrtheory.low_rank_optimizers.integer.members import IntegerMembers
from proofs_checks.low_rank_optimizers.families.integers import (
    LIMIT,
    Network,
    draw_network,
    is_network,
    is_small,
    networks,
)

#: layers of a network of one block
LAYERS = 13


@dataclass(frozen=True)
class Steps:
    """A network, and differences of scores (steps, pairs) that its pairs are told."""

    start: Network
    differences: np.ndarray


def is_steps(case: Steps) -> bool:
    """Decide whether the network is one, and there are differences, which are integers."""
    told = np.asarray(case.differences)
    return is_network(case.start) and told.ndim == 2 and told.size > 0 and told.dtype.kind in "iu"


def stepped(case: Steps, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the weights (steps + 1, n_weights) along the training that is told these differences."""
    es = IntegerES(case.start.network, population_size=2 * case.differences.shape[1], noise_size=1 << 10, rng=0)
    path = [es.network._flat]
    for differences in case.differences:
        es.ask()
        es.tell(np.stack([differences, 0 * differences], axis=1).ravel())
        path.append(es.network._flat)
    return np.stack(path).astype(np.int64)


def steps() -> tuple[Steps, ...]:
    """Return runs of up to eight steps, from weights of all sizes and from the largest ones."""
    chance = np.random.default_rng(1)
    runs = [
        Steps(one, chance.integers(-2, 3, (8, pairs)))
        for one, pairs in zip(networks()[::3], (1, 2, 8, 32), strict=True)
    ]
    ends = [replace(runs[1].start, weights=np.full_like(runs[1].start.weights, end)) for end in (-LIMIT, LIMIT)]
    return (*runs, *(Steps(one, runs[2].differences) for one in ends))


STEPS = Family(
    "integer-steps",
    always=steps,
    draw=lambda draws: Steps(
        draw_network(draws), draws.integers(-2, 2, shape=(draws.integers(1, 8), draws.integers(1, 8)))
    ),
)


@dataclass(frozen=True)
class Vote:
    """Noise B and A (pairs, 13), one number a layer of the smallest network, which all its weights share; a step."""

    B: np.ndarray
    A: np.ndarray
    step: int


def is_vote(case: Vote) -> bool:
    """Decide whether noise of eight bits for one to ten pairs is there, and the step is not negative."""
    shape = np.shape(case.A)
    small = is_small(case.A) and is_small(case.B) and np.shape(case.B) == shape
    return bool(small and len(shape) == 2 and shape[1] == LAYERS and 1 <= shape[0] <= 10 and case.step >= 0)


def voted(case: Vote, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return how each weight moves, (2^pairs, weights), for every pattern of winners."""
    pairs = len(case.A)
    network = IntegerRNN(1, 1, rng=0)
    layers, zeros = network._layout, np.zeros(network.n_weights, np.int8)
    noise, starts = _laid(case, layers)
    es = IntegerES(network._with(zeros), population_size=2 * pairs, noise_size=len(noise), rng=0)
    moves = []
    for winners in product((0, 1), repeat=pairs):
        es.network, es.n_steps = network._with(zeros), case.step
        es._open = IntegerMembers(es.network, noise, starts)
        es.tell(np.stack([winners, 1 - np.array(winners)], axis=1).ravel())
        moves.append(es.network._flat.astype(np.int64))
    return np.array(moves)


def _laid(case: Vote, layers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the noise in the order in which pairs read it, and where they begin."""
    rows: list[int] = []
    starts: list[list[int]] = []
    for b, a in zip(case.B.tolist(), case.A.tolist(), strict=True):
        starts.append([])
        for index, (_, n, m) in enumerate(layers.tolist()):
            starts[-1].append(len(rows))
            rows += [b[index]] * n + [a[index]] * m
    return np.array(rows), np.array(starts)


def sizes_of_the_smallest() -> list[list[int]]:
    """Return inputs and outputs of the layers of the smallest network."""
    return [list(size) for size in IntegerRNN(1, 1, rng=0).shapes.values()]


def votes() -> tuple[Vote, ...]:
    """Return equal noise, also with votes of exactly the bound, noise of all sizes, and first steps, of level 1."""
    chance = np.random.default_rng(2)
    equal = tuple(
        Vote(np.full((P, LAYERS), 16), np.full((P, LAYERS), 16), step) for P, step in ((2, 0), (4, 150), (8, 600))
    )
    drawn = tuple(_vote(chance, P, step) for P, step in ((1, 0), (2, 0), (3, 20), (5, 600), (7, 300), (8, 5000)))
    return equal + drawn


def _vote(chance: Any, pairs: int, step: int) -> Vote:
    B, A = (np.clip(np.trunc(16 * chance.standard_normal((pairs, LAYERS))), -LIMIT, LIMIT).astype(int) for _ in "BA")
    return Vote(B, A, step)


VOTES = Family(
    "integer-votes",
    always=votes,
    draw=lambda draws: _vote(
        np.random.default_rng(draws.integers(0, 2**31)), draws.integers(1, 6), draws.integers(0, 2000)
    ),
)

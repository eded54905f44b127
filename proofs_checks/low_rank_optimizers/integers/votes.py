"""Votes that move weights of eight bits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from lrtheory._numbers import numbers
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import All, Derived, Family, Identity, Inequality, Number, Sides, Statement, formula, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.integer_es import IntegerES
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN
from lrtheory.low_rank_optimizers.integer.members import IntegerMembers
from lrtheory.low_rank_optimizers.theory.integers import LIMIT
from proofs_checks.low_rank_optimizers.certificates.steps import TRAVELS
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
    ends = [replace(runs[1].start, weights=np.full_like(runs[1].start.weights, end)) for end in (-LARGEST, LARGEST)]
    return (*runs, *(Steps(one, runs[2].differences) for one in ends))


STEPS = Family(
    "integer-steps",
    always=steps,
    draw=lambda draws: Steps(
        draw_network(draws), draws.integers(-2, 2, shape=(draws.integers(1, 8), draws.integers(1, 8)))
    ),
)


def still(case: Steps, rng: Any = None) -> np.ndarray:
    """Begin at zeros."""
    path = stepped(case)
    return path - path[0]


@formula(T="[0, inf)")
def weight_travel(T: int) -> int:
    """No weight is further than this from its first value after T steps.

    Proof
    -----
    Assumes: weights of absolute value at most 127 that move by -1, 0 or 1 and are clipped to 127.

    Proof: clipping to an interval that holds the weight never lengthens a move; add up T moves.
    """
    return min(T, 2 * LIMIT)


def travels(case: Steps, path: np.ndarray, speed: Fraction = Fraction(1)) -> Sides:
    """Bound the distance from the first weights, the length of each move, and the weights."""
    T, first = len(case.differences), np.asarray(case.start.weights, int)
    off = differ(np.shape(path), (T + 1, len(first))) or differ(path[0], first)
    if off is not None:
        return off
    steps, weights = np.abs(np.diff(path, axis=0)), np.abs(path)
    far = np.abs(path - first)
    bound = np.array([[speed * weight_travel(t)] * len(first) for t in range(T + 1)], object)
    lhs = [far[1:].ravel(), steps.ravel(), weights[1:].ravel()]
    rhs = [bound[1:].ravel(), 0 * steps.ravel() + 1, 0 * weights[1:].ravel() + LARGEST]
    return Sides(np.concatenate(lhs), np.concatenate(rhs), trivial=255)


EI_2 = Statement(
    id="low_rank_optimizers/EI-2",
    title="A vote moves a weight by at most one",
    says=(
        "Weights of eight bits are trained for T steps by votes. No weight is further than T, or 254, from where it "
        "began, each step moves it by at most 1, and it stays between -127 and 127, whatever the members score."
    ),
    source=Derived(weight_travel),
    tex=r"|W_T - W_0|_\infty \le \min(T, 254),\qquad |W_T|_\infty \le 127",
    hypotheses={"a network and differences of scores": is_steps},
    instances=STEPS,
    for_all=(TRAVELS,),
    solve=stepped,
    claim=Inequality(travels),
    decisions=("outcome",),
    saboteurs=(
        saboteur("moves of two", patch=(kernels.move, "step = 1 if", "step = 2 if")),
        saboteur(
            "clipped to -128", patch=(kernels.move, "clip(int(w[i]) + step)", "max(-128, min(127, int(w[i]) + step))")
        ),
        saboteur("begins at zeros", solve=still),
        saboteur("half a step", claim=Inequality(partial(travels, speed=Fraction(1, 2)))),
    ),
)


#: layers of a network of one block
LAYERS = 13


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


def _vote(chance: Any, pairs: int, step: int) -> Vote:
    B, A = (
        np.clip(np.trunc(16 * chance.standard_normal((pairs, LAYERS))), -LARGEST, LARGEST).astype(int) for _ in "BA"
    )
    return Vote(B, A, step)


def votes() -> tuple[Vote, ...]:
    """Return equal noise, also with votes of exactly the bound, noise of all sizes, and first steps, of level 1."""
    chance = np.random.default_rng(2)
    equal = tuple(
        Vote(np.full((P, LAYERS), 16), np.full((P, LAYERS), 16), step) for P, step in ((2, 0), (4, 150), (8, 600))
    )
    drawn = tuple(_vote(chance, P, step) for P, step in ((1, 0), (2, 0), (3, 20), (5, 600), (7, 300), (8, 5000)))
    return equal + drawn


VOTES = Family(
    "integer-votes",
    always=votes,
    draw=lambda draws: _vote(
        np.random.default_rng(draws.integers(0, 2**31)), draws.integers(1, 6), draws.integers(0, 2000)
    ),
)


def few_pairs() -> Iterator[Vote]:
    """Yield two pairs with all factors -16, 0 and 16, and four whose B are 16 and A are 0 or 16, alike in all layers.

    It votes at the first step, where every vote counts, and at step 150, where the square of 16 is at the bound.
    """
    factors = [((16,) * 4, four) for four in product((0, 16), repeat=4)]
    factors += [(four[:2], four[2:]) for four in product((-16, 0, 16), repeat=4)]
    for step, both in product((150, 0), factors):
        B, A = (np.repeat(np.array(one)[:, None], LAYERS, axis=1) for one in both)
        yield Vote(B, A, step)


def sizes_of_the_smallest() -> list[list[int]]:
    """Return inputs and outputs of the layers of the smallest network."""
    return [list(size) for size in IntegerRNN(1, 1, rng=0).shapes.values()]


@formula(bound="[0, inf)")
def flip_probability(z: ArrayLike, bound: Number) -> Fraction:
    """The probability that a weight moves when scores say nothing.

    It moves where Z is not 0 and 16 |Z| reaches `bound`, and z holds its noise A_p B_p^T in each pair.

    At level 0.1 with signs for noise, P = 16, 64, 100 and 1000 pairs give 0.0768, 0.1034, 0.0886 and 0.1067: isqrt(P)
    and int(16 z) round.

    Proof
    -----
    Assumes: both members of a pair have the same true score, with independent noise of one law and no ties.

    Proof: then the difference is symmetric, its sign is fair, and it is independent of A_p and B_p, since exchanging
    the members changes the sign of the difference alone. The sums of the signed products are counted by adding one pair
    at a time.
    """
    steps = numbers("z", z)
    sums = {0: 1}
    for step in steps:
        if step != int(step):
            raise must("z", "integers", step)
        longer: dict[int, int] = {}
        for value, count in sums.items():
            for there in (value + int(step), value - int(step)):
                longer[there] = longer.get(there, 0) + count
        sums = longer
    far = sum(count for value, count in sums.items() if value != 0 and 16 * abs(value) >= bound)
    return Fraction(far, 2 ** len(steps))


def flips(case: Vote, moves: np.ndarray) -> Sides:
    """Compare all moves with the rule, and the share of patterns that move a weight with the tail of its vote."""
    P = len(case.A)
    sizes = [n * m for n, m in sizes_of_the_smallest()]
    products = np.repeat(case.A.astype(int) * case.B.astype(int), sizes, axis=1)
    off = differ(np.shape(moves), (2**P, products.shape[1]))
    if off is not None:
        return off
    bound = theory.vote_quantile(case.step) * math.isqrt(P) * 256
    patterns = 2 * np.array(list(product((0, 1), repeat=P))) - 1
    Z = patterns @ products
    due = np.sign(Z) * (16 * np.abs(Z) >= bound)
    places = np.cumsum([0, *sizes[:-1]])  # weights of one layer share their noise
    shares = [Fraction(int(np.count_nonzero(moves[:, i])), 2**P) for i in places]
    tails = [flip_probability(products[:, i].tolist(), bound) for i in places]
    lhs = [*moves.ravel().tolist(), *shares]
    return Sides(np.array(lhs, object), np.array([*due.ravel().tolist(), *tails], object))


EI_4 = Statement(
    id="low_rank_optimizers/EI-4",
    title="Where scores say nothing, a weight moves with the probability of the tail of its vote",
    says=(
        "The members of each of P pairs have the same true score and independent noise of one law, without ties. Then "
        "the winners are fair coins, independent of the noise A_p, B_p of the weights, and a weight moves with the "
        "probability that Z = sum_p s_p A_p B_p^T, with fair signs s_p, is not 0 and 16 |Z| >= q isqrt(P) 256. All "
        "patterns of winners are enumerated."
    ),
    source=Derived(flip_probability),
    tex=r"P(\Delta W \ne 0) = P\bigl(Z \ne 0,\ 16|Z| \ge q\,\mathrm{isqrt}(P)\,256\bigr)",
    hypotheses={"noise of one to ten pairs": is_vote},
    instances=VOTES,
    for_all=(
        All(
            "votes, at the steps 0 and 150, of two pairs with factors -16, 0 and 16, or of four pairs whose factors B "
            "are 16 and A are 0 or 16",
            few_pairs,
            members=194,
        ),
    ),
    solve=voted,
    claim=Identity(flips),
    decisions=("outcome",),
    saboteurs=(
        saboteur(
            "as released: votes that add up to 0 move by -1",
            patch=(kernels.move, " and votes[i] != 0", ""),
            printed=True,
        ),
        saboteur(
            "members for pairs",
            patch=(IntegerES._move, "self.population_size // 2 * self.rank", "self.population_size"),
        ),
        saboteur(
            "no square root", patch=(IntegerES._move, "math.isqrt(self.population_size // 2 * self.rank)", "self.rank")
        ),
        saboteur("above the bound alone", patch=(kernels.move, "* 16 >= bound", "* 16 > bound")),
    ),
)

"""The value E of "i is above j" at the ends of batches, of which outcomes of earlier ones may choose the next.

Models, moves and chances are those of `wealth`: i (0), j (1), opponents k (2, 3, ...), and p_ik the chance that i beats
k. Results are matched inside a batch, and what is left over at its end is dropped.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.alpha_rank.boards import values
from lrtheory.alpha_rank.boards.battles import Battles, results_of
from lrtheory.bounds import Derived, Draws, Family, Inequality, Sides, Statement, rounding, saboteur
from proofs_checks.alpha_rank.boards.wealth import Duel, History, integral, is_not_above

LEVELS = (0.8, 0.6, 0.5)  # of the chance that E reaches 1/a at the end of some batch


@dataclass(frozen=True)
class Staged:
    """Moves of which a batch is chosen, the chances that the first of each pair wins, and the sizes."""

    moves: np.ndarray  # int64 (M, 2)
    chances: np.ndarray  # float64 (M,)
    size: int  # battles of a batch
    n_batches: int


def menu(staged: Staged) -> list[tuple[int, ...]]:
    """The batches that may be chosen, as places of their moves."""
    return list(itertools.combinations_with_replacement(range(len(staged.moves)), staged.size))


def played(staged: Staged, batch: tuple[int, ...]) -> list[tuple[History, float]]:
    """The results of a batch, and how likely they are."""
    found = []
    for results in itertools.product((0, 1), repeat=staged.size):
        chance = 1.0
        for place, won in zip(batch, results, strict=True):
            p = float(staged.chances[place])
            chance *= p if won else 1 - p
        moves = [tuple(staged.moves[place].tolist()) for place in batch]
        found.append((tuple((*move, won) for move, won in zip(moves, results, strict=True)), chance))
    return found


def stages(staged: Staged) -> list[tuple[History, ...]]:
    """All sequences of played batches, shorter ones first."""
    options = [results for batch in menu(staged) for results, _ in played(staged, batch)]
    layers: list[list[tuple[History, ...]]] = [[()]]
    for _ in range(staged.n_batches):
        layers.append([(*before, results) for before in layers[-1] for results in options])
    return [one for layer in layers for one in layer]


def values_of_batches(
    staged: Staged, rng: np.random.Generator, apart: bool = True, charged: bool = False
) -> np.ndarray:
    """Compute the library's value after every sequence of batches; without `apart` all battles are one batch."""
    terms = []
    for done in stages(staged):
        battles = [(*battle, t * apart) for t, batch in enumerate(done) for battle in batch]
        if not battles:
            terms.append(np.zeros(4, np.int64))
            continue
        first, second, won, cells = (np.array(column, np.int64) for column in zip(*battles, strict=True))
        log = Battles(first, second, 2 * won, cells, 1 + int(second.max()), {})
        terms.append(values.terms_of(results_of(log), log.n_models, charged=charged)[0, 1])
    return np.exp(values.log_values(np.array(terms)))


def batch_wealth(done: tuple[History, ...]) -> Fraction:
    r"""Return E after some batches: an opponent of another batch counts as another opponent.

    Proof
    -----
    Assumes: SST, and j is as good as i (a hypothesis). What a batch holds, and when it ends, is fixed before its first
    battle, by the outcomes of earlier batches in any way.

    Proof: Given the past, the terms z of the next batch are independent, with means p_ik - p_jk <= 0 or
    2 p_ij - 1 <= 0, as in the proof of SST-3; what is left over enters none. So the product of 1 + lambda z over the
    batch has a mean of at most 1, and E at the ends of batches is a nonnegative supermartingale mixed over lambda,
    which begins at 1. Ville's inequality ends the proof.

    Checked by: SST-4b.
    """
    wide = 1 + max((b for batch in done for _, b, _ in batch), default=0)
    return integral(
        tuple((a, b if b == 1 else b + t * wide, won) for t, batch in enumerate(done) for a, b, won in batch), False
    )


def best_batches(staged: Staged, found: np.ndarray) -> Sides:
    """Compare the largest mean over all choices with 1, P(E reaches 1/a) with a, and values with the integrals."""
    nodes = stages(staged)
    value = dict(zip(nodes, np.asarray(found, float).tolist(), strict=True))
    chosen = [played(staged, batch) for batch in menu(staged)]
    best: dict[tuple[tuple[History, ...], int], float] = {}
    for done in reversed(nodes):
        for place in range(len(LEVELS) + 1):
            stop = value[done] if place == len(LEVELS) else float(value[done] >= (1 - 1e-9) / LEVELS[place])
            go = [
                sum(chance * best[(*done, results), place] for results, chance in batch)
                for batch in (chosen if len(done) < staged.n_batches else [])
            ]
            best[done, place] = max([stop, *go])
    due = np.array([float(batch_wealth(done)) for done in nodes])
    top = [best[(), place] for place in range(len(LEVELS) + 1)]
    lhs, rhs = np.r_[top, np.ravel(found), due], np.r_[LEVELS, 1.0, due, np.ravel(found)]
    # a chance of at most 1 says nothing; a mean, and the equality of two numbers, have no such limit
    limit = np.r_[np.ones(len(LEVELS)), np.full(1 + 2 * len(due), np.inf)]
    return Sides(lhs, rhs, trivial=limit, rounding=rounding(10**5, np.maximum(np.abs(rhs), 1.0)))


def staged_moves(rows: list[tuple[int, int, float]], size: int, n_batches: int) -> Staged:
    """Build an instance from triples of two models and a chance."""
    moves, chances = np.array([row[:2] for row in rows], np.int64), np.array([row[2] for row in rows], float)
    return Staged(moves, chances, size, n_batches)


def drawn(draws: Draws) -> Staged:
    """Draw chances for all moves of i, j and one opponent, in batches of one or two."""
    weaker, stronger = np.sort(draws.floats(0.05, 0.95, 2)).tolist()
    rows = [(0, 2, weaker), (1, 2, stronger), (0, 1, draws.floats(0.2, 0.5))]
    size = draws.integers(1, 2)
    return staged_moves(rows, size, 4 - size)


SST_4b = Statement(
    id="alpha_rank/SST-4b",
    title="Without charges the value holds at the ends of batches",
    says=(
        "If model j is as good as model i, each batch of battles is fixed before its first one by outcomes of earlier "
        "batches, and results are matched inside batches alone, then E without charges has mean at most 1 at the end "
        "of every batch, and reaches 1/a at one of these with probability at most a."
    ),
    source=Derived(batch_wealth),
    tex=r"\sup_{\text{batches}} \mathbb E\,E \le 1,\quad P(\exists \text{ batch}: E \ge 1/a) \le a",
    hypotheses={
        "j is as good as i, by SST": lambda staged: is_not_above(Duel(staged.moves, staged.chances, staged.n_batches))
    },
    instances=Family(
        name="batches-of-battles",
        always=(
            # i meets k, and only a win is answered
            staged_moves([(0, 2, 0.5), (1, 2, 0.5)], 1, 4),
            staged_moves([(0, 2, 0.5), (1, 2, 0.5)], 2, 2),
            staged_moves([(0, 2, 0.75), (1, 2, 0.75)], 3, 1),
            staged_moves([(0, 2, 0.25), (1, 2, 0.25), (0, 1, 0.5)], 2, 2),
        ),
        draw=drawn,
    ),
    solve=values_of_batches,
    claim=Inequality(best_batches, unbounded="the value of a bet may be any number"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("results are matched across batches", solve=partial(values_of_batches, apart=False)),
        saboteur("results that are left over are charged", solve=partial(values_of_batches, charged=True)),
    ),
    notes="The largest mean over all choices of batches, by backward induction.",
)

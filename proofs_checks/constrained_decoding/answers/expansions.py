"""Which prefixes best-first search expands, and why no exact search can expand fewer.

OPT_k is the score of the k-th best item, 0 where there are fewer items, and a score is a probability.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.constrained_decoding import search
from proofs_checks.constrained_decoding.families.languages import (
    CROSSED,
    Prefix,
    all_sequences,
    indexed,
    longest,
    padded,
)
from proofs_checks.constrained_decoding.families.models import Halved, draw_halved, fits, ranked, scores


@dataclass(frozen=True)
class Wanted(Halved):
    """A language and a model, and the number k of items that are asked for."""

    k: int


def draw_wanted(draws: Draws) -> Wanted:
    """Draw a language with a model, without a probability 0, and up to five items."""
    case = draw_halved(draws, least=0)
    return Wanted(case.rows, case.n_tokens, case.halvings, draws.integers(1, 5))


#: 0-1 is met first as a whole item, and 1-0 is better
LATER = Wanted(((0, 0), (0, 1), (1, 0), (2, 0)), 3, ((1, 2, 3), (3, 4, 4), (0, 1, 1), (0, 1, 1)), 1)

WANTED = Family(
    "wanted-items",
    always=(
        Wanted(((0,),), 1, ((0,),), 1),
        LATER,
        Wanted(((0, 0, 0), (1, 0, 0), (1, 1, 0)), 2, ((1, 1), (2, 4), (1, 1), (0, 4), (4, 4), (4, 4)), 1),
        Wanted(CROSSED.rows, 2, ((1, 1),) * 5, 3),  # more than there are
        Wanted(all_sequences(2, 3), 2, ((1, 1),) * 7, 2),  # equal scores
    ),
    draw=draw_wanted,
)


@dataclass(frozen=True)
class Expanded:
    """The items in their order, filled up with -1, and for each inner prefix how often it was expanded."""

    items: np.ndarray
    times: np.ndarray


def expanded(case: Wanted, rng: np.random.Generator) -> Expanded:
    """Search best first by the library, whose model notes the prefixes for which it is asked."""
    model = case.model
    found = search(indexed(case), model, case.k, method="best-first")
    return outcome(case, [list(row) for row in found.sequences], model.prefixes)


def outcome(case: Wanted, rows: list[list[int]], prefixes: list[Prefix]) -> Expanded:
    """Make an outcome."""
    times = np.array([prefixes.count(s) for s in case.inner])
    return Expanded(padded([*rows, *[[]] * case.k][: case.k], longest(case)), times)


def by_heap(case: Wanted, rng: np.random.Generator, by_length: bool = False) -> Expanded:
    """Search by a heap of tuples: until k items were pushed, or by scores that are divided by their length."""
    p, rows, prefixes = scores(case, case.table), list[Prefix](), list[Prefix]()
    height = lambda s: math.log(p[s]) / len(s) if by_length else math.log(p[s])
    heap: list[tuple[float, Prefix]] = [(0.0, ())]
    while heap and len(rows) < case.k:
        _, s = heapq.heappop(heap)
        if not case.tree[s]:
            rows.append(s)
            continue
        prefixes.append(s)
        for token in case.tree[s]:
            after = (*s, token)
            if not by_length and not case.tree[after]:
                rows.append(after)
            else:
                heapq.heappush(heap, (-height(after), after))
    return outcome(case, [list(row) for row in rows], prefixes)


@formula(score="[0, 1]", best="[0, 1]")
def must_expand(score: Number, best: Number) -> bool:
    """Whether every proof of the k best items expands an inner prefix of this score, where `best` is OPT_k.

    Proof
    -----
    Assumes: a step never increases a score; the scores of a prefix are seen by expanding what comes before it.

    Proof: best-first search pops prefixes from a heap by their scores. Scores do not increase along a path, and an
    ancestor of each prefix that was not popped is in the heap with at least its score. So when the k-th item is popped,
    every prefix of a larger score than OPT_k has been popped, and none of a smaller one. Conversely let an inner prefix
    of a score above OPT_k not be expanded. An item below it may have the same score, if the model continues with
    probability 1, or a score below OPT_k; which of the two holds cannot be told, and decides the k best items.
    """
    return bool(score > best)


def just_the_needed(case: Wanted, found: Expanded, all_of_it: bool = True) -> Sides:
    """Compare the items with the ranking, and the expanded prefixes with those above OPT_k; equal ones are free."""
    p, ranking = scores(case, case.table), ranked(case, case.table)
    best = p[ranking[case.k - 1]] if case.k <= len(ranking) else Fraction(0)
    due = padded([list(item) for item in ranking[: case.k]] + [[]] * max(case.k - len(ranking), 0), longest(case))
    got, needed = found.times.tolist(), []
    for place, s in enumerate(case.inner):
        free = p[s] == best and got[place] in (0, 1)
        needed.append(got[place] if free else int(must_expand(p[s], best if all_of_it else best / 4)))
    return Sides([*np.ravel(found.items).tolist(), *got], [*due.ravel().tolist(), *needed])


ST_6 = Statement(
    id="constrained_decoding/ST-6",
    title="Best-first search expands what every proof of the best items must expand",
    says=(
        "Best-first search for k items returns the k best ones in order, equal ones in lexicographic order, and "
        "expands each inner prefix s whose score p(s) is larger than OPT_k, the score of the k-th best item (0 where "
        "there are fewer), once, and none whose score is smaller; every exact search must expand those."
    ),
    source=Derived(must_expand),
    tex=r"\{s : p(s) > \mathrm{OPT}_k\} \subseteq \text{expanded} \subseteq \{s : p(s) \ge \mathrm{OPT}_k\}",
    hypotheses={
        "a row of probabilities at each inner prefix": fits,
        "no item has probability 0": lambda case: min(scores(case, case.table).values()) > 0,
    },
    instances=WANTED,
    solve=expanded,
    claim=Identity(just_the_needed),
    saboteurs=(
        saboteur("it stops when k items were pushed", solve=by_heap),
        saboteur("scores are divided by the length", solve=partial(by_heap, by_length=True)),
        saboteur("prefixes above a quarter of OPT_k", claim=Identity(partial(just_the_needed, all_of_it=False))),
    ),
    notes=(
        "A prefix of exactly the score OPT_k may be expanded or not: with a step of probability 1 the item itself ties "
        "with its prefix."
    ),
)

"""All response graphs of small games, and all that intervals can leave open of them, up to names.

Of a game the graph reads one order of a player's strategies for each choice of what the others play. A game of ranks,
in which the payoffs are the places in these orders, stands for all games with its graph.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial

import numpy as np

from lrtheory.bounds import All
from proofs_checks.alpha_rank.families.boxes import Box
from proofs_checks.alpha_rank.families.games import ExactGame, exact_game
from proofs_checks.orbits import representatives

Entries = tuple[int, ...]  # of a table (K, *sizes), flat

NAMES = "the names of strategies and players"


def renamed(sizes: tuple[int, ...], entries: Entries) -> set[Entries]:
    """Return the tables of a game under all orders of strategies, and of players with equally many."""
    table, players, found = np.reshape(entries, (len(sizes), *sizes)), range(len(sizes)), set()
    for order in itertools.permutations(players):
        if tuple(sizes[k] for k in order) != sizes:
            continue
        turned = table[list(order)].transpose(0, *(1 + k for k in order))
        for strategies in itertools.product(*(itertools.permutations(range(n)) for n in sizes)):
            found.add(tuple(turned[np.ix_(players, *strategies)].ravel().tolist()))
    return found


def ranks(n: int, ties: bool) -> list[Entries]:
    """List the orders of n strategies by the places that they get: all weak ones, or those without ties."""
    found = {tuple(sorted(set(one)).index(x) for x in one) for one in itertools.product(range(n), repeat=n)}
    return sorted(one for one in found if ties or len(set(one)) == n)


def tables(sizes: tuple[int, ...], ties: bool) -> Iterator[Entries]:
    """Yield the tables of ranks of all response graphs of a shape."""
    whole = list(np.ndindex(*sizes))
    lines = [(k, rest) for k in range(len(sizes)) for rest in sorted({s[:k] + s[k + 1 :] for s in whole})]
    for chosen in itertools.product(*(ranks(sizes[k], ties) for k, _ in lines)):
        of = dict(zip(lines, chosen, strict=True))
        yield tuple(of[k, s[:k] + s[k + 1 :]][s[k]] for k in range(len(sizes)) for s in whole)


@cache  # several statements list them
def named_once(sizes: tuple[int, ...], ties: bool) -> tuple[Entries, ...]:
    """Return one table of ranks for each response graph of a shape, up to names."""
    return tuple(representatives(tables(sizes, ties), partial(renamed, sizes)))


def games(shapes: Iterable[tuple[int, ...]], ties: bool) -> Iterator[ExactGame]:
    """Yield one game of ranks for each response graph of the shapes, up to names."""
    for sizes in shapes:
        for entries in named_once(sizes, ties):
            yield exact_game(np.reshape(entries, (len(sizes), *sizes)))


def n_renamed(game: ExactGame) -> int:
    """Count the response graphs that differ from that of a game by names."""
    return len(renamed(game.sizes, tuple(map(int, game.payoffs.ravel()))))


TWO_STRATEGIES = All(
    "response graphs of two players with two strategies each, ties allowed, each by one table of payoffs",
    partial(games, ((2, 2),), True),
    members=15,
    orbit=n_renamed,
    total=3**4,
    up_to=NAMES,
)

WITH_TIES = All(
    "response graphs of two players, with two strategies each or with two and three, ties allowed, each by one table "
    "of payoffs",
    partial(games, ((2, 2), (2, 3)), True),
    members=427,
    orbit=n_renamed,
    total=3**4 + 3**3 * 13**2,
    up_to=NAMES,
)

THREE_PLAYERS = All(
    "response graphs of three players with two strategies each, without ties, each by one table of payoffs",
    partial(games, ((2, 2, 2),), False),
    members=112,
    orbit=n_renamed,
    total=2**12,
    up_to=NAMES,
)

THREE_STRATEGIES = All(
    "response graphs of two players with three strategies each, without ties, each by one table of payoffs",
    partial(games, ((3, 3),), False),
    members=669,
    orbit=n_renamed,
    total=6**6,
    up_to=NAMES,
    budget="thorough",
)


def one_sink(is_one: Callable[[ExactGame], bool]) -> All:
    """The graphs without ties that have one sink, by what decides that."""

    def listed() -> Iterator[ExactGame]:
        return filter(is_one, games(((2, 2), (2, 3), (2, 2, 2)), ties=False))

    return All(
        "response graphs with one sink, without ties, of two players with two strategies each or with two and three, "
        "or of three players with two each, each by one table of payoffs",
        listed,
        members=104,
        orbit=n_renamed,
        total=3448,
        up_to=NAMES,
    )


# What is known of an edge, as the numbers of its two payoffs. Their intervals and their values stand below: those of
# CERTAIN edges are points, and those of the others are alike, with payoffs in an order (HIDDEN) or equal (TIED).
CERTAIN, HIDDEN, TIED = ((0, 1), (1, 0)), ((2, 3), (3, 2)), ((4, 4),)

LOWER, UPPER, PAYOFF = np.array([0.0, 2, 0, 0, 0]), np.array([0.0, 2, 2, 2, 2]), np.array([0.0, 2, 0, 2, 1])

EPSILONS = (1 / 16, 1 / 4, 7 / 16)


def edges(states: Iterable[Entries], epsilons: Iterable[float]) -> Iterator[tuple[np.ndarray, float]]:
    """Yield all tables (2, 2, 2) of games of two players with two strategies whose four edges are in the states."""
    for epsilon in epsilons:
        whole = ((a[0], b[0], a[1], b[1], c[0], c[1], d[0], d[1]) for a, b, c, d in itertools.product(states, repeat=4))
        for entries in representatives(whole, partial(renamed, (2, 2))):
            yield np.reshape(entries, (2, 2, 2)), epsilon


def boxes(states: Iterable[Entries], epsilons: Iterable[float]) -> Iterator[Box]:
    """Yield boxes of payoffs in which each edge is in one of the states."""
    for table, epsilon in edges(states, epsilons):
        yield Box(PAYOFF[table], LOWER[table], UPPER[table], epsilon)


def n_boxes(box: Box) -> int:
    """Count the boxes that differ from one by names."""
    # payoffs and ends are 0, 1 or 2, so these numbers tell them apart
    return len(renamed((2, 2), tuple(map(int, (box.payoffs + 4 * box.lower + 16 * box.upper).ravel()))))


OPEN_EDGES = All(
    "games of two players with two strategies each, in which every edge is known to point up, known to point down, or "
    "open, at epsilon 1/16, 1/4 or 7/16",
    partial(boxes, (*CERTAIN, *TIED), EPSILONS),
    members=45,
    orbit=n_boxes,
    total=3 * 3**4,
    up_to=NAMES,
)

TRUE_EDGES = All(
    "games of two players with two strategies each, at epsilon 1/4, in which every edge is known to point up or down, "
    "or is open and in truth points up, down or nowhere",
    partial(boxes, (*CERTAIN, *HIDDEN, *TIED), EPSILONS[1:2]),
    members=90,
    orbit=n_boxes,
    total=5**4,
    up_to=NAMES,
)

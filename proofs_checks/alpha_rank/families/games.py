"""Instances of games that are ranked at finite alpha, and of games whose limits are exact."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import networkx as nx
import numpy as np

from lrtheory.alpha_rank import load_kuhn
from lrtheory.alpha_rank.theory import identities
from lrtheory.bounds import Draws, Family, exactly

# --- games that are ranked at finite alpha --------------------------------------------------------------------------


@dataclass(frozen=True)
class RankedGame:
    """The payoffs of a game (K, *sizes), ranked at intensity alpha with populations of size m."""

    payoffs: np.ndarray
    alpha: float
    population_size: int


def draw_ranked(draws: Draws) -> RankedGame:
    """Draw a game of up to nine profiles, dyadic payoffs in [-4, 4], from no selection to strong selection."""
    sizes = draws.choice(((2, 2), (1, 3), (2, 3), (2, 2, 2), (3, 3)))
    # dyadic, so that payoff differences are exact in doubles and in Fractions alike
    payoffs = draws.integers(-64, 64, shape=(len(sizes), *sizes)) / 16
    return RankedGame(payoffs, draws.choice((0.0, 0.25, 1.0, 16.0)), draws.choice((2, 10, 50)))


PRISONERS_DILEMMA = np.array([[[3.0, 0.0], [5.0, 1.0]], [[3.0, 5.0], [0.0, 1.0]]])
RANKED_GAMES = Family(
    "ranked-games",
    always=lambda: (
        RankedGame(np.zeros((1, 1)), 1.0, 2),
        RankedGame(np.array([[0.0, 1.0]]), 1.0, 2),
        RankedGame(PRISONERS_DILEMMA, 0.0, 50),
        RankedGame(PRISONERS_DILEMMA, 512.0, 50),  # the way back has probability e^(-25088)
        RankedGame(load_kuhn(3, iterations=1).payoffs, 10.0, 50),
    ),
    draw=draw_ranked,
)

RANKED_WITH_DEVIATIONS = Family(
    "ranked-games-with-deviations", always=lambda: RANKED_GAMES.smallest()[1:], draw=draw_ranked
)


@dataclass(frozen=True)
class PotentialGame:
    """A potential (*sizes), offsets that each player cannot influence, and the parameters of the ranking."""

    potential: np.ndarray
    offsets: tuple[np.ndarray, ...]
    alpha: float
    population_size: int

    @property
    def payoffs(self) -> np.ndarray:
        """Return the potential for every player, plus the offsets."""
        common = np.stack([self.potential] * self.potential.ndim)
        return identities.payoffs_with_offset(common, self.offsets)


def draw_potential(draws: Draws) -> PotentialGame:
    """Draw a dyadic potential and dyadic offsets, on which payoff differences are exact."""
    sizes = draws.choice(((2, 2), (2, 3), (2, 2, 2), (3, 3)))
    shapes = [tuple(1 if i == k else n for i, n in enumerate(sizes)) for k in range(len(sizes))]
    offsets = tuple(draws.integers(-64, 64, shape=shape) / 16 for shape in shapes)
    potential = draws.integers(-32, 32, shape=sizes) / 16
    return PotentialGame(potential, offsets, draws.choice((0.25, 1.0, 4.0)), draws.choice((2, 10, 50)))


POTENTIAL_GAMES = Family(
    "potential-games",
    always=(
        PotentialGame(np.array([0.0, 1.0]), (np.array([0.0]),), 1.0, 2),
        PotentialGame(np.array([[2.0, 0.0], [0.0, 1.0]]), (np.zeros((1, 2)), np.zeros((2, 1))), 1.0, 50),
        PotentialGame(np.zeros((2, 2)), (np.zeros((1, 2)), np.array([[0.0], [1.0]])), 1.0, 2),
    ),
    draw=draw_potential,
)


@dataclass(frozen=True)
class SameChain:
    """Two descriptions of one chain: offsets, a factor moved from alpha to the payoffs, and orders of strategies."""

    game: RankedGame
    offsets: tuple[np.ndarray, ...]
    factor: float
    orders: tuple[np.ndarray, ...]

    def permuted(self, table: np.ndarray) -> np.ndarray:
        """Return a table (*sizes) with the strategies of each player in the new order."""
        return table[np.ix_(*self.orders)]

    @property
    def other(self) -> RankedGame:
        """Return the second description: offsets added, scaled by the factor, then permuted."""
        payoffs = self.factor * identities.payoffs_with_offset(self.game.payoffs, self.offsets)
        permuted = np.stack([self.permuted(table) for table in payoffs])
        return RankedGame(permuted, self.game.alpha / self.factor, self.game.population_size)


def draw_same_chain(draws: Draws) -> SameChain:
    """Draw a game and its second description; all arithmetic on payoffs is exact."""
    game = draw_ranked(draws)
    sizes = game.payoffs.shape[1:]
    shapes = [tuple(1 if i == k else n for i, n in enumerate(sizes)) for k in range(len(sizes))]
    offsets = tuple(draws.integers(-64, 64, shape=shape) / 16 for shape in shapes)
    return SameChain(game, offsets, draws.choice((0.5, 1.0, 4.0)), tuple(draws.permutation(n) for n in sizes))


SAME_CHAINS = Family(
    "same-chains",
    always=(
        SameChain(
            RankedGame(PRISONERS_DILEMMA, 1.0, 10),
            (np.array([[1.0, -2.0]]), np.array([[0.5], [3.0]])),
            2.0,
            (np.array([1, 0]), np.array([0, 1])),
        ),
    ),
    draw=draw_same_chain,
)

# --- games whose limits are exact -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExactGame:
    """The payoffs of a game (K, *sizes) as Fractions."""

    payoffs: np.ndarray

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of strategies of each player."""
        return self.payoffs.shape[1:]


def exact_game(payoffs) -> ExactGame:
    """Make a game with the given integer or dyadic payoffs."""
    return ExactGame(exactly(np.asarray(payoffs, dtype=float)))


def sinks(game: ExactGame) -> list[set[int]]:
    """Find the attracting components of the response graph with networkx, independently of the library."""
    graph, profiles = nx.DiGraph(), list(np.ndindex(game.sizes))
    graph.add_nodes_from(range(len(profiles)))
    for (i, s), (j, t) in itertools.permutations(enumerate(profiles), 2):
        movers = [k for k in range(len(s)) if s[k] != t[k]]
        if len(movers) == 1 and game.payoffs[(movers[0], *t)] >= game.payoffs[(movers[0], *s)]:
            graph.add_edge(i, j)
    return list(nx.attracting_components(graph))


def draw_exact(draws: Draws) -> ExactGame:
    """Draw payoffs from few integers, so that ties and several sinks are common."""
    sizes = draws.choice(((2, 2), (2, 3), (2, 2, 2), (3, 3)))
    return exact_game(draws.integers(0, 6, shape=(len(sizes), *sizes)))


def draw_tie_free(draws: Draws) -> ExactGame:
    """Draw a game in which no two payoffs of a player are equal."""
    # so no deviation is a tie; games with several sinks are drawn, too, and do not meet the hypothesis "one sink"
    sizes = draws.choice(((2, 2), (2, 3), (2, 2, 2), (3, 3)))
    n = int(np.prod(sizes))
    return exact_game(np.array([draws.permutation(n).reshape(sizes) for _ in sizes]))


MATCHING_PENNIES = [[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]
COORDINATION = [[[2, 0], [0, 1]], [[2, 0], [0, 1]]]
EXACT_GAMES = Family(
    "exact-games",
    always=lambda: (
        exact_game(np.zeros((1, 1))),
        exact_game(np.zeros((2, 1, 3))),  # constant payoffs: uniform
        exact_game(PRISONERS_DILEMMA),
        exact_game(COORDINATION),
        exact_game(MATCHING_PENNIES),
        ExactGame(load_kuhn(3, iterations=2, exact=True).payoffs),
    ),
    draw=draw_exact,
)
ONE_SINK = Family(
    "one-sink-games",
    always=(exact_game([[0, 1]]), exact_game(PRISONERS_DILEMMA), exact_game(MATCHING_PENNIES)),
    draw=draw_tie_free,
)
TWO_SINKS = Family("two-sinks", always=(exact_game(COORDINATION),))
COORDINATION_GAMES = Family(
    "coordination-games",
    always=(exact_game(COORDINATION),),
    draw=lambda draws: exact_game([[[draws.integers(3, 6), 0], [0, draws.integers(1, 2)]]] * 2),
)


@dataclass(frozen=True)
class PerturbedGame:
    """The payoffs of a game (K, *sizes), and the perturbation of its chain."""

    payoffs: np.ndarray
    epsilon: float


# player 0 ties in the first column: the perturbed chain moves there at 1/2, the limit of alpha at 1/m
TIED = Family("one-tie", always=(exact_game([[[0, 2], [0, 1]], [[1, 0], [0, 1]]]),))
# leaving the sinks costs 2 and 3; after x^3 + x it costs 490 and 30, so the alpha limit changes from one to the other
UNEQUAL_BARRIERS = Family("unequal-barriers", always=(exact_game([[[10, 0], [8, 3]], [[10, 8], [0, 3]]]),))
#: the sink is a cycle of four profiles, and two lie outside; the sink is all six profiles
CYCLE_AND_TWO = np.array([[[2.0, 1.0, 3.0], [0.0, 5.0, 4.0]], [[2.0, 4.0, 1.0], [5.0, 3.0, 0.0]]])
ALL_IN_THE_SINK = np.array([[[1.0, 2.0, 5.0], [3.0, 0.0, 4.0]], [[5.0, 2.0, 4.0], [0.0, 3.0, 1.0]]])
EPSILON_LADDER = Family(
    "epsilon-ladder",
    always=tuple(
        PerturbedGame(payoffs, epsilon)
        for payoffs in (PRISONERS_DILEMMA, CYCLE_AND_TWO, ALL_IN_THE_SINK)
        for epsilon in (1e-1, 1e-2, 1e-3, 1e-4)
    ),
)

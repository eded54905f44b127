"""Infinite selection strength: the mass goes to the sinks of the response graph.

C are the rates of the walk that takes every deviation that pays, with one probability, and no other.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import networkx as nx
import numpy as np

from lrtheory._types import ArrayLike
from lrtheory._validation import array, must
from lrtheory.alpha_rank import alpha_rank, profile_chain
from lrtheory.alpha_rank.chains.response_graph import response_signs
from lrtheory.alpha_rank.problem import payoff_tables
from lrtheory.alpha_rank.stationary.distribution import stationary_distribution
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Paper,
    Rate,
    Sides,
    Statement,
    always,
    exactly,
    formula,
    saboteur,
)
from proofs_checks.alpha_rank.families.games import (
    COORDINATION,
    EXACT_GAMES,
    MATCHING_PENNIES,
    PRISONERS_DILEMMA,
    ExactGame,
    both_limits,
    epsilon_limit,
    exact_game,
    exact_limit,
)
from proofs_checks.alpha_rank.families.response_graphs import (
    THREE_PLAYERS,
    THREE_STRATEGIES,
    WITH_TIES,
    one_sink,
)


def reversed_arcs(game: ExactGame, rng: np.random.Generator) -> np.ndarray:
    """Rank by strong components that no arc enters, in place of those that no arc leaves."""
    return alpha_rank(-game.payoffs).pi.ravel()


def sinks(game: ExactGame) -> list[set[int]]:
    """Find the attracting components of the response graph with networkx, independently of the library."""
    graph, profiles = nx.DiGraph(), list(np.ndindex(game.sizes))
    graph.add_nodes_from(range(len(profiles)))
    for (i, s), (j, t) in itertools.permutations(enumerate(profiles), 2):
        movers = [k for k in range(len(s)) if s[k] != t[k]]
        if len(movers) == 1 and game.payoffs[(movers[0], *t)] >= game.payoffs[(movers[0], *s)]:
            graph.add_edge(i, j)
    return list(nx.attracting_components(graph))


def support(game: ExactGame, pi: np.ndarray) -> Sides:
    """Claim that mass outside the sinks is 0, that a single sink has mass everywhere, and that the masses are a law."""
    components, n = sinks(game), len(pi)
    inside = np.array([int(any(s in component for component in components)) for s in range(n)])
    positive = np.array([int(mass > 0) for mass in pi])
    # mass only inside; with one sink everywhere inside; no negative mass; the total at most and at least 1
    least = inside if len(components) == 1 else np.zeros(n, dtype=int)
    lhs = np.r_[positive, 1 - positive, -pi, pi.sum(), -pi.sum()]
    trivial = np.r_[np.ones(2 * n), np.full(n + 2, np.inf)]
    return Sides(lhs, np.r_[inside, 1 - least, np.zeros(n, dtype=int), 1, -1], trivial=trivial)


AR_T9 = Statement(
    id="alpha_rank/AR-T9",
    title="The mass lies on the sinks of the response graph",
    says=(
        "As epsilon -> 0 the law pi_epsilon of the perturbed chain of a finite game puts all mass on the Markov-Conley "
        "chains (MCC), the sink strongly connected components of its response graph; where there is only one, each of "
        "its profiles keeps some."
    ),
    source=Paper("1903.01373", "Markov-Conley chains", read="secondary"),
    tex=r"\operatorname{supp}\lim_{\varepsilon\to0}\pi_\varepsilon \subseteq \bigcup \mathrm{MCC}, = \text{for one}",
    hypotheses={"finite game": always},
    instances=EXACT_GAMES,
    for_all=(WITH_TIES, THREE_PLAYERS, THREE_STRATEGIES),
    solve=exact_limit,
    claim=Inequality(support, unbounded="the masses that a solver returns may be any numbers"),
    decisions=("outcome",),
    saboteurs=(
        saboteur("sources for sinks", solve=reversed_arcs),
        # right where all payoffs are equal
        saboteur(
            "uniform", solve=lambda game, rng: np.array([Fraction(1, game.payoffs[0].size)] * game.payoffs[0].size)
        ),
    ),
    notes="Sinks by networkx. One instance is three-player Kuhn poker, which has exact ties.",
)


def draw_tie_free(draws: Draws) -> ExactGame:
    """Draw a game in which no two payoffs of a player are equal."""
    # so no deviation is a tie; games with several sinks are drawn, too, and do not meet the hypothesis "one sink"
    sizes = draws.choice(((2, 2), (2, 3), (2, 2, 2), (3, 3)))
    n = int(np.prod(sizes))
    return exact_game(np.array([draws.permutation(n).reshape(sizes) for _ in sizes]))


ONE_SINK = Family(
    "one-sink-games",
    always=(exact_game([[0, 1]]), exact_game(PRISONERS_DILEMMA), exact_game(MATCHING_PENNIES)),
    draw=draw_tie_free,
)


TWO_SINKS = Family("two-sinks", always=(exact_game(COORDINATION),))


# player 0 ties in the first column: the perturbed chain moves there at 1/2, the limit of alpha at 1/m
TIED = Family("one-tie", always=(exact_game([[[0, 2], [0, 1]], [[1, 0], [0, 1]]]),))


@formula()
def single_sink_limit(C: ArrayLike) -> np.ndarray:
    """The law of the walk on its only sink, the limit of both kinds.

    Rates are needed up to a factor, and Fractions stay Fractions.

    Proof
    -----
    Assumes: one sink (checked here) and no ties (hypothesis of AR-T6). The error of order epsilon needs one sink alone
    (hypothesis of AR-T6-rate).

    Proof: of the limits. Without ties both chains have rates that converge to those of the walk, as epsilon -> 0 and as
    alpha -> infinity, where rho -> 1 uphill and -> 0 downhill. So any limit point of their laws is stationary for the
    walk. The walk leaves every state outside the sink for good and is irreducible on the sink, so it has one stationary
    law, and both laws converge to it.

    Of the error in epsilon: it is of the order of epsilon, or 0 at every epsilon. The rates are affine in epsilon, so
    the law is a rational function of epsilon; it is bounded, hence without a pole at 0, and the error is O(epsilon).
    Where a profile lies outside the sink, some deviation joins the two, and it leads into the sink. In each step mass
    of at least c epsilon goes back along it, c > 0, and all of that must return, so the mass outside is at least c
    epsilon, while it is 0 in the limit. Otherwise the walk is irreducible. With the generator A + epsilon B, pi = pi_0
    + epsilon p + O(epsilon^2), where p A = -pi_0 B. If p = 0, then pi_0 B = 0, and pi_0 is the law at every epsilon.
    """
    from scipy.sparse.csgraph import connected_components  # here, so that importing a system stays quick

    C = array("C", C, shape=(None, None), low=0)
    if C.shape[0] != C.shape[1] or len(C) == 0:
        raise must("C", "square, with at least one state", C.shape)
    n, component = connected_components((C != 0).astype(int), connection="strong")
    leaves = [bool((C[component == c][:, component != c] != 0).any()) for c in range(n)]
    sinks = [np.flatnonzero(component == c) for c in range(n) if not leaves[c]]
    if len(sinks) != 1:
        raise must("C", f"a walk with one sink, not {len(sinks)}", C)
    (sink,) = sinks
    law = stationary_distribution(C[np.ix_(sink, sink)]).pi
    whole = np.full(len(C), law[0] * 0, law.dtype)
    whole[sink] = law
    return whole


def walk_of(game: ExactGame | PerturbedGame) -> np.ndarray:
    """Return the rates of the walk of the theorem, which the perturbed chain is at epsilon = 0."""
    chain = profile_chain(game.payoffs)
    return chain.dense(chain.perturbed_rates(Fraction(0)))


def law_of_the_walk(game: ExactGame, laws: np.ndarray) -> Sides:
    """Compare both limits with the limit by determinants, and where there is one sink that with the law of its walk."""
    law = epsilon_limit(game)
    # the law of the walk is unique where there is one sink
    of_the_walk = single_sink_limit(walk_of(game)) if len(sinks(game)) == 1 else law
    return Sides(lhs=np.r_[laws.ravel(), of_the_walk], rhs=np.r_[law, law, law])


@formula()
def has_no_ties(M: ArrayLike) -> bool:
    """Tell whether every deviation changes the payoff of the deviating player, where M are the payoffs."""
    return bool((response_signs(payoff_tables(M, name="M"), batch=False) != 0).all())


AR_T6 = Statement(
    id="alpha_rank/AR-T6",
    title="One sink and no ties: both limits agree",
    says=(
        "In a game without ties whose response graph has one sink component, the law pi_alpha at growing selection "
        "strength alpha and the law pi_epsilon of the perturbed chain at vanishing epsilon have the same limit."
    ),
    source=Derived(single_sink_limit),
    tex=r"\lim_{\alpha\to\infty}\pi_\alpha = \lim_{\varepsilon\to0}\pi_\varepsilon",
    hypotheses={
        "no ties": lambda game: has_no_ties(game.payoffs),
        "one sink": lambda game: len(sinks(game)) == 1,
    },
    instances=ONE_SINK,
    for_all=(one_sink(lambda game: len(sinks(game)) == 1),),
    solve=both_limits,
    claim=Identity(law_of_the_walk),
    saboteurs=(
        saboteur("two sinks", breaks="one sink", instances=TWO_SINKS),
        saboteur("tie rule 1/2 in place of 1/m", breaks="no ties", instances=TIED),
        saboteur(
            "sources in one of them",
            solve=lambda game, rng: np.stack([exact_limit(game), reversed_arcs(game, rng)]),
        ),
    ),
)


@dataclass(frozen=True)
class PerturbedGame:
    """The payoffs of a game (K, *sizes), and the perturbation of its chain."""

    payoffs: np.ndarray
    epsilon: float


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


def perturbed_law(game: PerturbedGame, rng: np.random.Generator, n: int, power: int = 1) -> np.ndarray:
    """Compute pi_epsilon, flat, once per run; nothing is random."""
    return np.stack([alpha_rank(game.payoffs, perturbation=game.epsilon**power).pi.ravel()] * n)


def is_off(game: PerturbedGame) -> bool:
    """Decide in Fractions whether pi_epsilon differs from its limit."""
    game = exactly(game)
    return bool((alpha_rank(game.payoffs, perturbation=game.epsilon).pi.ravel() != epsilon_limit(game)).any())


def distance(game: PerturbedGame, laws: np.ndarray) -> np.ndarray:
    """Compute the l1 distance of pi_epsilon from its limit by determinants and from the law of the walk, the larger."""
    game = exactly(game)
    limits = epsilon_limit(game), single_sink_limit(walk_of(game))
    return np.max([np.abs(laws - limit.astype(float)).sum(axis=1) for limit in limits], axis=0)


def rate(exponent: tuple[float, float]) -> Rate:
    """Claim the exponent of the distance over epsilon as a power of 1/epsilon."""
    return Rate(
        cost=distance,
        size=lambda game: 1 / game.epsilon,
        over=lambda game: game.epsilon,
        # distance over epsilon is a constant where the theorem holds, so the exponent is near 0
        exponent=exponent,
    )


AR_T6_RATE = Statement(
    id="alpha_rank/AR-T6-rate",
    title="The perturbed chain approaches its limit like epsilon",
    says=(
        "In a game whose response graph has one sink component the l1 distance of the law pi_epsilon of the "
        "perturbed chain from its limit pi_0 is of the order of epsilon, unless it is 0 at every epsilon."
    ),
    source=Derived(single_sink_limit),
    tex=r"\|\pi_\varepsilon - \pi_0\|_1 = \Theta(\varepsilon)",
    hypotheses={"one sink": lambda game: len(sinks(ExactGame(game.payoffs))) == 1, "error not 0": is_off},
    instances=EPSILON_LADDER,
    solve=perturbed_law,
    # at the largest epsilon of the ladder, 1/10, terms of order epsilon^2 still bend the slope
    claim=rate((-0.05, 0.05)),
    saboteurs=(
        saboteur("like the square of epsilon", solve=partial(perturbed_law, power=2)),
        saboteur("faster than epsilon^(11/10) claimed", claim=rate((-0.2, -0.1))),
    ),
    notes="On matching pennies the error is 0 at every epsilon. Three games are measured; in one of them all profiles "
    "are in the sink.",
)

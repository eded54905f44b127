"""Infinite selection strength: where the mass goes, when the two limits agree and when they do not."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.alpha_rank import alpha_rank, limits, profile_chain
from lrtheory.bounds import Derived, Identity, Inequality, Paper, Rate, Sides, Statement, always, saboteur
from proofs_checks.alpha_rank import mutants
from proofs_checks.alpha_rank.families.games import (
    COORDINATION_GAMES,
    EPSILON_LADDER,
    EXACT_GAMES,
    ONE_SINK,
    TIED,
    TWO_SINKS,
    UNEQUAL_BARRIERS,
    ExactGame,
    PerturbedGame,
    sinks,
)


def exact_limit(game: ExactGame, rng: np.random.Generator | None = None, limit: str = "epsilon") -> np.ndarray:
    """The limit law in Fractions, flat."""
    return alpha_rank(game.payoffs, limit=limit).pi.ravel()


def both_limits(game: ExactGame, rng: np.random.Generator) -> np.ndarray:
    """The limits epsilon -> 0 and alpha -> infinity."""
    return np.stack([exact_limit(game, limit="epsilon"), exact_limit(game, limit="alpha")])


def support(game: ExactGame, pi: np.ndarray) -> Sides:
    """Mass outside the sinks is 0; with a single sink each of its profiles has mass."""
    components = sinks(game)
    inside = np.array([int(any(s in component for component in components)) for s in range(len(pi))])
    positive = np.array([int(mass > 0) for mass in pi])
    least = inside if len(components) == 1 else np.zeros(len(pi), dtype=int)
    return Sides(lhs=np.stack([positive, least]), rhs=np.stack([inside, positive]))


AR_T9 = Statement(
    id="alpha_rank/AR-T9",
    title="The mass lies on the sinks of the response graph",
    source=Paper("1903.01373", "Markov-Conley chains", read="secondary"),
    tex=r"\operatorname{supp}\lim_{\varepsilon\to0}\pi_\varepsilon \subseteq \bigcup \mathrm{MCC}, = \text{for one}",
    hypotheses={"finite game": always},
    instances=EXACT_GAMES,
    solve=exact_limit,
    claim=Inequality(support),
    saboteurs=(
        saboteur("sources for sinks", solve=mutants.reversed_arcs),
        saboteur(
            "uniform", solve=lambda game, rng: np.array([Fraction(1, game.payoffs[0].size)] * game.payoffs[0].size)
        ),
    ),
    notes="Sinks by networkx. One instance is three-player Kuhn poker, which has exact ties.",
)


def equal_laws(game: ExactGame, laws: np.ndarray) -> Sides:
    """The first law against the second, and the total mass."""
    return Sides(lhs=np.r_[laws[0], laws[0].sum()], rhs=np.r_[laws[1], Fraction(1)])


def law_of_the_walk(game: ExactGame, laws: np.ndarray) -> Sides:
    """Both limits against the law of the walk on the sink, and the total mass; with two sinks one against the other."""
    chain = profile_chain(game.payoffs)
    walk = chain.dense(chain.epsilon_rates(Fraction(0)))
    law = limits.single_sink_limit(walk) if len(sinks(game)) == 1 else laws[1]
    return Sides(lhs=np.r_[laws[0], laws[1], laws[0].sum()], rhs=np.r_[law, law, Fraction(1)])


AR_T6 = Statement(
    id="alpha_rank/AR-T6",
    title="One sink and no ties: both limits agree",
    source=Derived(limits.single_sink_limit),
    tex=r"\lim_{\alpha\to\infty}\pi_\alpha = \lim_{\varepsilon\to0}\pi_\varepsilon",
    hypotheses={
        "no ties": limits.has_no_ties,
        "one sink": lambda game: len(sinks(game)) == 1,
    },
    instances=ONE_SINK,
    solve=both_limits,
    claim=Identity(law_of_the_walk),
    saboteurs=(
        saboteur("two sinks", breaks="one sink", instances=TWO_SINKS),
        saboteur("tie rule 1/2 in place of 1/m", breaks="no ties", instances=TIED),
        saboteur(
            "sources in one of them",
            solve=lambda game, rng: np.stack([exact_limit(game), mutants.reversed_arcs(game, rng)]),
        ),
    ),
)


def coordination(game: ExactGame, laws: np.ndarray) -> Sides:
    """(1/2, 0, 0, 1/2) and (1, 0, 0, 0)."""
    return Sides(lhs=laws, rhs=np.array(limits.coordination_limits(), object))


AR_T7 = Statement(
    id="alpha_rank/AR-T7",
    title="Two sinks: the two limits differ",
    source=Derived(limits.coordination_limits),
    tex=r"M = \mathrm{diag}(a > b):\ \pi_\varepsilon \to (\tfrac12, 0, 0, \tfrac12),\ \pi_\alpha \to (1, 0, 0, 0)",
    hypotheses={"a > b > 0": lambda game: game.payoffs[0, 0, 0] > game.payoffs[0, 1, 1] > 0},
    instances=COORDINATION_GAMES,
    solve=both_limits,
    claim=Identity(coordination),
    saboteurs=(
        saboteur("the epsilon limit called the alpha limit", solve=lambda game, rng: both_limits(game, rng)[[0, 0]]),
        saboteur("the alpha limit called the epsilon limit", solve=lambda game, rng: both_limits(game, rng)[[1, 1]]),
    ),
)


def distance(game: PerturbedGame, rng: np.random.Generator, n: int, power: int = 1) -> np.ndarray:
    """l1 distance of pi_epsilon from its limit; the same in every run."""
    epsilon = game.epsilon**power
    exact = np.abs(alpha_rank(game.payoffs, epsilon=epsilon).pi - alpha_rank(game.payoffs).pi).sum()
    return np.full(n, float(exact))


def rate(exponent: tuple[float, float]) -> Rate:
    """The distance over epsilon, against 1/epsilon."""
    return Rate(
        cost=lambda game, found: found,
        size=lambda game: 1 / game.epsilon,
        over=lambda game: game.epsilon,
        exponent=exponent,
    )


AR_T6_RATE = Statement(
    id="alpha_rank/AR-T6-rate",
    title="The epsilon chain approaches its limit like epsilon",
    source=Derived(limits.single_sink_limit),
    tex=r"\|\pi_\varepsilon - \pi_0\|_1 = \Theta(\varepsilon)",
    hypotheses={"error not 0": lambda game: bool(distance(game, None, 1)[0] > 0)},
    instances=EPSILON_LADDER,
    solve=distance,
    claim=rate((-0.05, 0.05)),
    saboteurs=(
        saboteur("like the square of epsilon", solve=partial(distance, power=2)),
        saboteur("faster than epsilon^(11/10) claimed", claim=rate((-0.2, -0.1))),
    ),
    notes="On matching pennies the error is exactly 0, so the rate is an upper bound in general.",
)


def mapped(game: ExactGame) -> ExactGame:
    """The game with the cubes of its payoffs plus themselves."""
    return ExactGame(game.payoffs**3 + game.payoffs)


def keeps_the_order(game: ExactGame) -> bool:
    """Whether all deviations have the same directions after the map."""
    return bool((limits.order_only(game.payoffs) == limits.order_only(mapped(game).payoffs)).all())


def increasing(game: ExactGame, rng: np.random.Generator, limit: str = "epsilon") -> np.ndarray:
    """The limit law on the payoffs, and on their cubes plus themselves."""
    return np.stack([exact_limit(game, limit=limit), exact_limit(mapped(game), limit=limit)])


AR_T5_LIMIT = Statement(
    id="alpha_rank/AR-T5-limit",
    title="The epsilon limit reads the order of payoffs alone",
    source=Derived(limits.order_only),
    tex=r"f \uparrow\ \Rightarrow \lim_\varepsilon\pi_\varepsilon(f \circ M) = \lim_\varepsilon\pi_\varepsilon(M)",
    hypotheses={"increasing map": keeps_the_order},
    instances=EXACT_GAMES,
    solve=increasing,
    claim=Identity(equal_laws),
    saboteurs=(
        saboteur("the alpha limit too", solve=partial(increasing, limit="alpha"), instances=UNEQUAL_BARRIERS),
        saboteur("a decreasing map", solve=mutants.decreasing_map),
    ),
)

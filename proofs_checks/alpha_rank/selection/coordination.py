"""Infinite selection strength: a game of coordination, where both limits differ."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lrtheory.bounds import Derived, Family, Identity, Sides, Statement, formula, saboteur
from proofs_checks.alpha_rank.families.games import COORDINATION, ExactGame, both_limits, exact_game

COORDINATION_GAMES = Family(
    "coordination-games",
    always=(exact_game(COORDINATION),),
    draw=lambda draws: exact_game([[[draws.integers(3, 6), 0], [0, draws.integers(1, 2)]]] * 2),
)


@formula()
def coordination_limits() -> tuple[list[Fraction], list[Fraction]]:
    """The limit epsilon -> 0, and the limit alpha -> infinity for any population size; profiles are in C-order.

    Proof
    -----
    Assumes: a > b > 0 (hypothesis of AR-T7), and populations of at least two (argument check of `alpha_rank`).

    Proof: both (0,0) and (1,1) are sinks. To leave either at all takes one step down, after which both ways lead up:
    the perturbed chain does so at rate 2 epsilon / D from each, and from the middle goes to either with probability
    1/2. The two exchange roles when both players rename their strategies, which keeps all directions, so their masses
    are equal, and what is in the middle vanishes. At finite alpha a common payoff is a potential, and pi ~ exp((m - 1)
    alpha phi), see AR-T4, so all mass goes to the larger payoff.
    """
    half, one, zero = Fraction(1, 2), Fraction(1), Fraction(0)
    return [half, zero, zero, half], [one, zero, zero, zero]


def coordination(game: ExactGame, laws: np.ndarray) -> Sides:
    """Compare the limits with (1/2, 0, 0, 1/2) and (1, 0, 0, 0)."""
    return Sides(lhs=laws, rhs=np.array(coordination_limits(), object))


AR_T7 = Statement(
    id="alpha_rank/AR-T7",
    title="Two sinks: the two limits differ",
    says=(
        "Where both players get a at profile (0,0), b at (1,1) and 0 elsewhere, with a > b > 0, the law pi_epsilon of "
        "the perturbed chain tends to mass 1/2 on (0,0) and on (1,1), while the law pi_alpha at growing selection "
        "strength alpha tends to mass 1 on (0,0)."
    ),
    source=Derived(coordination_limits),
    tex=r"M = \mathrm{diag}(a > b):\ \pi_\varepsilon \to (\tfrac12, 0, 0, \tfrac12),\ \pi_\alpha \to (1, 0, 0, 0)",
    hypotheses={
        "common payoffs": lambda game: game.sizes == (2, 2) and bool((game.payoffs[0] == game.payoffs[1]).all()),
        "0 off the diagonal": lambda game: game.payoffs[0, 0, 1] == game.payoffs[0, 1, 0] == 0,
        "a > b > 0": lambda game: game.payoffs[0, 0, 0] > game.payoffs[0, 1, 1] > 0,
    },
    instances=COORDINATION_GAMES,
    solve=both_limits,
    claim=Identity(coordination),
    saboteurs=(
        # each of the two is right in one of the limits
        saboteur("the perturbed limit called the alpha limit", solve=lambda game, rng: both_limits(game, rng)[[0, 0]]),
        saboteur("the alpha limit called the perturbed limit", solve=lambda game, rng: both_limits(game, rng)[[1, 1]]),
    ),
)

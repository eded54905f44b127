"""Rates of deviations: bounds on how far they move with the payoffs, and on how small they are.

D deviations leave each profile, of which eta = 1 / D is the share of one. alpha is the selection strength, m the
population size, and payoffs lie in [-M, M].
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lrtheory.alpha_rank import profile_chain
from lrtheory.bounds import Derived, Family, Inequality, Number, Sides, Statement, formula, rounding, saboteur
from proofs_checks.alpha_rank.families.games import RANKED_GAMES, RankedGame, draw_ranked

RANKED_WITH_DEVIATIONS = Family(
    "ranked-games-with-deviations", always=lambda: RANKED_GAMES.smallest()[1:], draw=draw_ranked
)


def rates_of_twice_alpha(game: RankedGame, rng: np.random.Generator) -> np.ndarray:
    """Compute rates at 2 alpha, twice as sensitive as the bound is told."""
    signs = 1 - 2 * (np.indices(game.payoffs.shape).sum(0) % 2)
    both = (game.payoffs, game.payoffs + signs / 16)
    return np.stack([profile_chain(payoffs).rates(2 * game.alpha, game.population_size) for payoffs in both])


OFF = 2.0**-4  # t in statement P2: how far every payoff is moved; a power of two, so that dyadic payoffs stay exact


def both_payoffs(game: RankedGame) -> tuple[np.ndarray, np.ndarray]:
    """Return the payoffs, and payoffs that are off by 1/16 in alternating directions."""
    signs = 1 - 2 * (np.indices(game.payoffs.shape).sum(0) % 2)
    return game.payoffs, game.payoffs + signs * OFF


def rates(game: RankedGame, rng: np.random.Generator) -> np.ndarray:
    """Compute the rates of all deviations, on both payoffs."""
    chains = map(profile_chain, both_payoffs(game))
    return np.stack([chain.rates(game.alpha, game.population_size) for chain in chains])


def summed_rates(game: RankedGame) -> np.ndarray:
    """Compute the rates by their sum, 1 / (D (1 + e^{-u} + ... + e^{-(m-1) u})), on both payoffs."""
    steps = np.arange(game.population_size)
    with np.errstate(over="ignore"):
        gains = np.stack([profile_chain(payoffs).differences for payoffs in both_payoffs(game)])
        return 1 / np.exp(-game.alpha * gains[..., None] * steps).sum(axis=-1) / gains.shape[2]


@formula(alpha="[0, inf)", D="[1, inf)")
def rate_lipschitz(alpha: Number, D: int) -> float:
    """Where payoffs move by t, no rate moves by more than t times this.

    Proof
    -----
    Assumes: a finite alpha (argument check), and deviations whose payoffs both move by at most t (the caller).

    Proof: C = rho(u) / D, and u moves by at most 2 alpha t, so it is enough that 0 <= rho' <= 1. With x = e^{-u}, 1 /
    rho = S = sum_{l < m} x^l, hence rho' = sum_{l < m} l x^l / S^2 >= 0. The polynomial S^2 has the coefficient l + 1
    at x^l for l < m and no negative one, so the numerator is at most S^2 for every x >= 0.
    """
    return 2 * alpha / D


@formula(alpha="(0, inf)", m="[1, inf)", D="[1, inf)", M="(0, inf)")
def smallest_rate(alpha: Number, m: int, D: int, M: Number = 1.0) -> float:
    """The rate of the largest loss; no rate is smaller.

    Proof
    -----
    Assumes: payoffs in [-M, M] (the caller; P2 takes M from its payoffs), alpha above 0 and finite (argument check).

    Proof: rho increases (see AR-T3) and u >= -2 alpha M, so C >= rho(-2 alpha M) / D, which is the formula.
    """
    x = 2 * alpha * M
    # e^{-(m-1)x} (1 - e^{-x}) / (1 - e^{-mx}): the formula without powers of e that overflow
    return math.exp(-(m - 1) * x) * math.expm1(-x) / (D * math.expm1(-m * x))


def lipschitz(game: RankedGame, both: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare |C_hat - C| with 2 alpha t / D, the rate of the largest loss with C, and C, both ways, with its sum."""
    # the formula of g needs M > 0; where all payoffs are 0 any M bounds them
    n, degree, most = both[0].size, both.shape[2], max(2.0**-10, np.abs(game.payoffs).max())
    change = factor * rate_lipschitz(game.alpha, degree) * OFF
    least = 0.0  # at alpha = 0 all rates are equal, and the formula of g would divide 0 by 0
    if game.alpha:
        least = smallest_rate(game.alpha, game.population_size, degree, most)
    moved, (rates_, due) = np.abs(both[1] - both[0]).ravel(), (both.ravel(), summed_rates(game).ravel())
    lhs, rhs = np.r_[moved, np.full(n, least), rates_, due], np.r_[np.full(n, change), both[0].ravel(), due, rates_]
    allowed = rounding(100 * game.population_size * (1 + game.alpha * 2 * most), np.maximum(np.abs(lhs), np.abs(rhs)))
    allowed += np.finfo(float).tiny  # below it doubles have no relative accuracy
    return Sides(lhs, rhs, trivial=np.r_[np.full(2 * n, 1 / degree), np.full(4 * n, np.inf)], rounding=allowed)


P2 = Statement(
    id="alpha_rank/P2",
    title="Rates move slowly with the payoffs, and none is smaller than g",
    says=(
        "Payoffs that move by at most t move each probability C of a deviation by at most 2 alpha eta t, and C is at "
        "least eta (e^(2 alpha M) - 1) / (e^(2 alpha m M) - 1); alpha is the selection strength, m the population "
        "size, M bounds the payoffs, and 1 / eta deviations leave each profile."
    ),
    source=Derived(rate_lipschitz),
    tex=r"|\hat C - C| \le 2\alpha\eta t,\quad C \ge \eta\,(e^{2\alpha M} - 1)/(e^{2\alpha m M} - 1)",
    hypotheses={
        "finite alpha": lambda game: 0 <= game.alpha < np.inf,
        "somebody can deviate": lambda game: game.payoffs[0].size > 1,
    },
    instances=RANKED_WITH_DEVIATIONS,
    solve=rates,
    claim=Inequality(lipschitz, unbounded="a rate that a solver returns may be any number"),
    saboteurs=(
        saboteur("a sixteenth of the Lipschitz constant", claim=Inequality(partial(lipschitz, factor=1 / 16))),
        saboteur("twice as intense", solve=rates_of_twice_alpha),
    ),
    notes="The paper's constant 2 alpha e^(2 alpha M) is larger.",
)

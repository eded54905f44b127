"""alpha-Rank at finite alpha: one positive law, detailed balance of potential games, invariances of the chain."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.alpha_rank import alpha_rank, fixation_probability, profile_chain
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.alpha_rank.theory import identities
from lrtheory.bounds import Derived, Identity, Inequality, Paper, Sides, Statement, exactly, rounding, saboteur
from proofs_checks.alpha_rank import wrong_solvers
from proofs_checks.alpha_rank.families.games import (
    POTENTIAL_GAMES,
    RANKED_GAMES,
    RANKED_WITH_DEVIATIONS,
    SAME_CHAINS,
    PotentialGame,
    RankedGame,
    SameChain,
)


def log_law(game: RankedGame | PotentialGame, rng: np.random.Generator | None = None) -> np.ndarray:
    """Compute the logarithms of pi, flat, by elimination on logarithms."""
    options = {"alpha": game.alpha, "population_size": game.population_size, "method": "log-gth"}
    return alpha_rank(game.payoffs, **options).log_pi.ravel()


def log_rounding(game: RankedGame | PotentialGame, log_pi: np.ndarray) -> np.ndarray:
    """Bound the rounding of log pi: O(n^3) additions of logarithms as large as m alpha times a payoff difference."""
    largest = 1 + 2 * game.population_size * game.alpha * np.abs(game.payoffs).max()
    return rounding(20 * len(log_pi) ** 3, largest + np.abs(log_pi).max())


def log_flows(game: RankedGame | PotentialGame, log_pi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute log flows pi(s) C(s, t) along every deviation, and back; the common factor 1/D is left out."""
    edges = profile_chain(game.payoffs)
    log_rho = partial(fixation_probability, population_size=game.population_size, log=True)
    there = log_pi[:, None] + log_rho(game.alpha * edges.differences)
    return there, log_pi[edges.neighbors] + log_rho(-game.alpha * edges.differences)


def balance(game: RankedGame, log_pi: np.ndarray) -> Sides:
    """Compare the log outflow of every profile with its log inflow, and the total mass with 1."""
    there, back = log_flows(game, log_pi)
    out, into = (np.logaddexp.reduce(flows, axis=1) if flows.size else np.zeros(len(log_pi)) for flows in (there, back))
    mass = np.logaddexp.reduce(log_pi)
    return Sides(lhs=np.r_[out, mass], rhs=np.r_[into, 0.0], rounding=log_rounding(game, log_pi))


AR_T1 = Statement(
    id="alpha_rank/AR-T1",
    title="One stationary law, positive everywhere",
    says=(
        "At every finite selection strength alpha the chain of alpha-Rank, with transition matrix C, has a stationary "
        "law pi (pi C = pi, with total mass 1) that gives every profile s a positive mass."
    ),
    source=Paper("1903.01373", "uniqueness of the stationary distribution", read="secondary"),
    tex=r"\alpha < \infty \Rightarrow \pi C = \pi,\ \sum_s \pi(s) = 1,\ \log\pi(s) > -\infty",
    hypotheses={"finite alpha": lambda game: 0 <= game.alpha < np.inf},
    instances=RANKED_GAMES,
    solve=log_law,
    claim=Identity(balance),
    saboteurs=(
        saboteur("the way back underflows", solve=wrong_solvers.underflowing_law),
        # the uniform law is right where nobody gains by a deviation, and at alpha = 0
        saboteur(
            "right eigenvector", solve=lambda game, rng: np.full(log_law(game).shape, -np.log(log_law(game).size))
        ),
    ),
    notes="In logarithms, on games whose smallest mass is far below the smallest double.",
)


def has_potential(game: PotentialGame) -> bool:
    """Tell whether payoffs differ along every deviation as the potential does; in Fractions."""
    payoffs, potential = exactly(game.payoffs), exactly(game.potential)
    common = np.stack([potential] * potential.ndim)
    return bool((profile_chain(payoffs).differences == profile_chain(common).differences).all())


def potential_law(game: PotentialGame, log_pi: np.ndarray, less: int = 0) -> Sides:
    """Compare log pi with (m - 1) alpha phi, normalized."""
    m = game.population_size - less
    law = identities.potential_log_law(game.potential, alpha=game.alpha, population_size=m).ravel()
    return Sides(lhs=log_pi, rhs=law, rounding=log_rounding(game, log_pi))


AR_T4 = Statement(
    id="alpha_rank/AR-T4",
    title="Potential games rank by their potential",
    says=(
        "If one function phi of the profile tells what each player k gains in payoff M^k by moving alone from s to "
        "sigma (an exact potential), then the mass pi(s) is proportional to exp((m - 1) alpha phi(s)), where m is the "
        "population size and alpha the selection strength; both sides are logarithms, and c makes the total mass 1."
    ),
    source=Derived(identities.potential_log_law),
    tex=r"M^k(\sigma) - M^k(s) = \phi(\sigma) - \phi(s) \Rightarrow \log\pi(s) = (m-1)\alpha\phi(s) + c",
    hypotheses={"exact potential": has_potential, "finite alpha": lambda game: 0 <= game.alpha < np.inf},
    instances=POTENTIAL_GAMES,
    solve=log_law,
    claim=Identity(potential_law),
    saboteurs=(
        saboteur("exponent (m - 2) alpha phi", claim=Identity(partial(potential_law, less=1))),
        saboteur("payoffs of the others' table", solve=wrong_solvers.players_exchanged),
        # subtle: every weight is off by a millionth, which a tolerance chosen by eye would let pass
        saboteur(
            "exits too small", patch=(elimination.eliminate_log, "A[i, k] -= exits[k]", "A[i, k] -= exits[k] - 1e-6")
        ),
    ),
)


def detailed_balance(game: PotentialGame, log_pi: np.ndarray) -> Sides:
    """Compare the log flow along every deviation with that back, and the total mass with 1."""
    there, back = log_flows(game, log_pi)
    lhs, rhs = np.r_[there.ravel(), np.logaddexp.reduce(log_pi)], np.r_[back.ravel(), 0.0]
    return Sides(lhs, rhs, rounding=log_rounding(game, log_pi))


P4 = Statement(
    id="alpha_rank/P4",
    title="Detailed balance of potential games",
    says=(
        "In a game with an exact potential, at finite alpha, as much stationary mass flows along every deviation as "
        "flows back: pi(s) C(s, sigma) = pi(sigma) C(sigma, s), where C(s, sigma) is the probability of a step from "
        "profile s to sigma. Both sides are logarithms."
    ),
    source=Derived(identities.potential_log_law),
    tex=r"\log\pi(s) + \log C_{s\sigma} = \log\pi(\sigma) + \log C_{\sigma s}",
    hypotheses={"exact potential": has_potential, "finite alpha": lambda game: 0 <= game.alpha < np.inf},
    instances=POTENTIAL_GAMES,
    solve=log_law,
    claim=Identity(detailed_balance),
    saboteurs=(saboteur("payoffs of the others' table", solve=wrong_solvers.players_exchanged),),
    notes="The other identities of the chain are AR-T3 and AR-T8.",
)


def both_laws(same: SameChain, rng: np.random.Generator) -> np.ndarray:
    """Compute log pi of both descriptions, the first with its strategies in the order of the second."""
    first = log_law(same.game).reshape(same.game.payoffs.shape[1:])
    return np.stack([same.permuted(first).ravel(), log_law(same.other)])


def equal_laws(same: SameChain, laws: np.ndarray) -> Sides:
    """Compare the first law with the second, and the second with the balance of its own chain."""
    own = balance(same.other, laws[1])
    allowed = log_rounding(same.game, laws[0]) + log_rounding(same.other, laws[1])
    return Sides(np.r_[laws[0], own.lhs], np.r_[laws[1], own.rhs], rounding=allowed)


AR_T5 = Statement(
    id="alpha_rank/AR-T5",
    title="What leaves the chain unchanged",
    says=(
        "The law pi does not change when the payoffs M are multiplied by c > 0 and the selection strength alpha is "
        "divided by c, nor when a function b^k of what the others play, s^{-k}, is added to the payoff M^k of player "
        "k; and renaming strategies only renames its profiles. Both sides are logarithms of masses."
    ),
    source=Derived(identities.payoffs_with_offset),
    tex=r"\log\pi(\alpha, M) = \log\pi(\alpha/c,\ c(M^k + b^k(s^{-k}))),\ \text{and strategies may be renamed}",
    hypotheses={
        "a positive factor": lambda same: same.factor > 0,
        "orders of the strategies": lambda same: all(sorted(one) == list(range(len(one))) for one in same.orders),
        "finite alpha": lambda same: 0 <= same.game.alpha < np.inf,
    },
    instances=SAME_CHAINS,
    solve=both_laws,
    claim=Identity(equal_laws),
    saboteurs=(
        saboteur("the factor is not taken out of alpha", solve=wrong_solvers.factor_ignored),
        # subtle: an offset may depend on everything but the own strategy
        saboteur("an offset on the own strategy", solve=wrong_solvers.own_offset),
    ),
)


def rates(game: RankedGame, rng: np.random.Generator) -> np.ndarray:
    """Compute the rates of all deviations, on both payoffs."""
    chains = map(profile_chain, both_payoffs(game))
    return np.stack([chain.rates(game.alpha, game.population_size) for chain in chains])


OFF = 2.0**-4  # t in statement P2: how far every payoff is moved; a power of two, so that dyadic payoffs stay exact


def lipschitz(game: RankedGame, both: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare |C_hat - C| with 2 alpha t / D, the rate of the largest loss with C, and C, both ways, with its sum."""
    # the formula of g needs M > 0; where all payoffs are 0 any M bounds them
    n, degree, most = both[0].size, both.shape[2], max(2.0**-10, np.abs(game.payoffs).max())
    change = factor * identities.rate_lipschitz(alpha=game.alpha, degree=degree) * OFF
    least = 0.0  # at alpha = 0 all rates are equal, and the formula of g would divide 0 by 0
    if game.alpha:
        options = {"alpha": game.alpha, "population_size": game.population_size, "degree": degree}
        least = identities.smallest_rate(**options, max_payoff=most)
    moved, (rates_, due) = np.abs(both[1] - both[0]).ravel(), (both.ravel(), summed_rates(game).ravel())
    lhs, rhs = np.r_[moved, np.full(n, least), rates_, due], np.r_[np.full(n, change), both[0].ravel(), due, rates_]
    allowed = rounding(100 * game.population_size * (1 + game.alpha * 2 * most), np.maximum(np.abs(lhs), np.abs(rhs)))
    allowed += np.finfo(float).tiny  # below it doubles have no relative accuracy
    return Sides(lhs, rhs, trivial=np.r_[np.full(2 * n, 1 / degree), np.full(4 * n, np.inf)], rounding=allowed)


def summed_rates(game: RankedGame) -> np.ndarray:
    """Compute the rates by their sum, 1 / (D (1 + e^{-u} + ... + e^{-(m-1) u})), on both payoffs."""
    steps = np.arange(game.population_size)
    with np.errstate(over="ignore"):
        gains = np.stack([profile_chain(payoffs).differences for payoffs in both_payoffs(game)])
        return 1 / np.exp(-game.alpha * gains[..., None] * steps).sum(axis=-1) / gains.shape[2]


def both_payoffs(game: RankedGame) -> tuple[np.ndarray, np.ndarray]:
    """Return the payoffs, and payoffs that are off by 1/16 in alternating directions."""
    signs = 1 - 2 * (np.indices(game.payoffs.shape).sum(0) % 2)
    return game.payoffs, game.payoffs + signs * OFF


P2 = Statement(
    id="alpha_rank/P2",
    title="Rates move slowly with the payoffs, and none is smaller than g",
    says=(
        "Payoffs that move by at most t move each probability C of a deviation by at most 2 alpha eta t, and C is at "
        "least eta (e^(2 alpha M) - 1) / (e^(2 alpha m M) - 1); alpha is the selection strength, m the population "
        "size, M bounds the payoffs, and 1 / eta deviations leave each profile."
    ),
    source=Derived(identities.rate_lipschitz),
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
        saboteur("twice as intense", solve=wrong_solvers.rates_of_twice_alpha),
    ),
    notes="The paper's constant 2 alpha e^(2 alpha M) is larger.",
)

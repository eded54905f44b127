"""One positive law at every finite selection strength, and detailed balance where payoffs have a potential phi.

alpha is the selection strength, m the population size, and C(s, sigma) the probability of a step from profile s to
sigma.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory._validation import array, must
from lrtheory.alpha_rank import alpha_rank, profile_chain, stationary_distribution
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Number,
    Paper,
    Sides,
    Statement,
    exactly,
    formula,
    saboteur,
)
from proofs_checks.alpha_rank.families.games import (
    RANKED_GAMES,
    PotentialGame,
    RankedGame,
    balance,
    log_flows,
    log_law,
    log_rounding,
)


def underflowing_law(game: RankedGame, rng: np.random.Generator) -> np.ndarray:
    """Take rates below e^(-745) for (nearly) zero, as doubles would."""
    rates = profile_chain(game.payoffs)
    log_rates = rates.log_rates(game.alpha, game.population_size)
    log_rates = np.where(log_rates < -745, -1e4, log_rates)
    return stationary_distribution(rates.dense(log_rates, fill=-np.inf), method="log-gth", log=True).log_pi


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
        saboteur("the way back underflows", solve=underflowing_law),
        # the uniform law is right where nobody gains by a deviation, and at alpha = 0
        saboteur(
            "right eigenvector", solve=lambda game, rng: np.full(log_law(game).shape, -np.log(log_law(game).size))
        ),
    ),
    notes="In logarithms, on games whose smallest mass is far below the smallest double.",
)


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


def players_exchanged(game: PotentialGame, rng: np.random.Generator) -> np.ndarray:
    """Let every player move by the table of the player before."""
    options = {"alpha": game.alpha, "population_size": game.population_size, "method": "log-gth"}
    return alpha_rank(np.roll(game.payoffs, 1, axis=0), **options).log_pi.ravel()


def has_potential(game: PotentialGame) -> bool:
    """Tell whether payoffs differ along every deviation as the potential does; in Fractions."""
    payoffs, potential = exactly(game.payoffs), exactly(game.potential)
    common = np.stack([potential] * potential.ndim)
    return bool((profile_chain(payoffs).differences == profile_chain(common).differences).all())


@formula(alpha="[0, inf)", m="[1, inf)")
def potential_log_law(phi: ArrayLike, alpha: Number, m: int) -> np.ndarray:
    """The logarithm of pi, in the shape of phi.

    Proof
    -----
    Assumes: phi is an exact potential (hypothesis of AR-T4), and alpha is finite (argument check).

    Proof: by AR-T3 C(s, sigma) / C(sigma, s) = exp((m - 1) alpha (phi(sigma) - phi(s))) on every edge. So exp((m - 1)
    alpha phi) satisfies detailed balance, hence is stationary up to a factor. All rates are positive at finite alpha,
    so the stationary law is unique.
    """
    times, alpha = m - 1, float(alpha)
    log_weights = times * alpha * array("phi", phi).astype(np.float64)
    if log_weights.size == 0:
        raise must("phi", "an array of at least one entry", log_weights.shape)
    log_weights = log_weights - log_weights.max()
    return log_weights - math.log(np.exp(log_weights).sum())


def potential_law(game: PotentialGame, log_pi: np.ndarray, less: int = 0) -> Sides:
    """Compare log pi with (m - 1) alpha phi, normalized."""
    m = game.population_size - less
    law = potential_log_law(game.potential, game.alpha, m).ravel()
    return Sides(lhs=log_pi, rhs=law, rounding=log_rounding(game, log_pi))


AR_T4 = Statement(
    id="alpha_rank/AR-T4",
    title="Potential games rank by their potential",
    says=(
        "If one function phi of the profile tells what each player k gains in payoff M^k by moving alone from s to "
        "sigma (an exact potential), then the mass pi(s) is proportional to exp((m - 1) alpha phi(s)), where m is the "
        "population size and alpha the selection strength; both sides are logarithms, and c makes the total mass 1."
    ),
    source=Derived(potential_log_law),
    tex=r"M^k(\sigma) - M^k(s) = \phi(\sigma) - \phi(s) \Rightarrow \log\pi(s) = (m-1)\alpha\phi(s) + c",
    hypotheses={"exact potential": has_potential, "finite alpha": lambda game: 0 <= game.alpha < np.inf},
    instances=POTENTIAL_GAMES,
    solve=log_law,
    claim=Identity(potential_law),
    saboteurs=(
        saboteur("exponent (m - 2) alpha phi", claim=Identity(partial(potential_law, less=1))),
        saboteur("payoffs of the others' table", solve=players_exchanged),
        # subtle: every weight is off by a millionth, which a tolerance chosen by eye would let pass
        saboteur(
            "exits too small", patch=(elimination.eliminate_log, "A[i, k] -= exits[k]", "A[i, k] -= exits[k] - 1e-6")
        ),
    ),
)


def detailed_balance(game: PotentialGame, log_pi: np.ndarray) -> Sides:
    """Compare log flows along every deviation with those back, and total masses with 1, of pi and of the formula."""
    sides: list[tuple[np.ndarray, np.ndarray]] = []
    for law in (log_pi, potential_log_law(game.potential, game.alpha, game.population_size).ravel()):
        there, back = log_flows(game, law)
        sides += [(there.ravel(), back.ravel()), (np.array([np.logaddexp.reduce(law)]), np.zeros(1))]
    lhs, rhs = (np.concatenate(side) for side in zip(*sides, strict=True))
    return Sides(lhs, rhs, rounding=log_rounding(game, log_pi))


P4 = Statement(
    id="alpha_rank/P4",
    title="Detailed balance of potential games",
    says=(
        "In a game with an exact potential, at finite alpha, as much stationary mass flows along every deviation as "
        "flows back: pi(s) C(s, sigma) = pi(sigma) C(sigma, s), where C(s, sigma) is the probability of a step from "
        "profile s to sigma. Both sides are logarithms."
    ),
    source=Derived(potential_log_law),
    tex=r"\log\pi(s) + \log C_{s\sigma} = \log\pi(\sigma) + \log C_{\sigma s}",
    hypotheses={"exact potential": has_potential, "finite alpha": lambda game: 0 <= game.alpha < np.inf},
    instances=POTENTIAL_GAMES,
    solve=log_law,
    claim=Identity(detailed_balance),
    saboteurs=(saboteur("payoffs of the others' table", solve=players_exchanged),),
    notes="The other identities of the chain are AR-T3 and AR-T8.",
)

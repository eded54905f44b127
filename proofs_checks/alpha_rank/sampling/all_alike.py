"""Payoffs that are estimated from the same number of samples of each profile, and the masses that they give.

n is the number of profiles, m the population size, alpha the selection strength, and no payoff is off by more than t.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lrtheory.alpha_rank import alpha_rank, load_kuhn, profile_chain, theory
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Paper,
    Probability,
    Recorded,
    Sides,
    Statement,
    Tight,
    always,
    exactly,
    formula,
    rounding,
    saboteur,
)
from proofs_checks.alpha_rank.chains.perturbed_chains import mass_error_bound
from proofs_checks.alpha_rank.families.estimated_payoffs import ValuedGame


@dataclass(frozen=True)
class Perturbed:
    """The payoffs (K, *sizes) and estimates of them, both ranked at intensity alpha with populations of size m."""

    payoffs: np.ndarray
    estimates: np.ndarray
    radius: float
    alpha: float
    population_size: int

    @property
    def n_profiles(self) -> int:
        """Number of profiles."""
        return self.payoffs[0].size


def is_close(instance: Perturbed) -> bool:
    """Tell whether no estimate is off by more than the radius; in Fractions."""
    exact = exactly(instance)
    return bool((abs(exact.estimates - exact.payoffs) <= exact.radius).all())


def tilted_staircase(n: int, radius: float = 2.0**-13) -> Perturbed:
    """Make common payoffs 1, 2, 3, ... along (0,0), (0,1), (1,1), ..., -8 elsewhere; estimates stretch its edges."""
    path = [(i // 2, (i + 1) // 2) for i in range(2 * n - 1)]
    common = np.full((n, n), -8.0)
    common[tuple(np.transpose(path))] = np.arange(1, 2 * n)
    estimates = np.stack([common, common])
    for low, high in itertools.pairwise(path):
        player = 0 if low[0] != high[0] else 1
        estimates[(player, *low)] -= radius
        estimates[(player, *high)] += radius
    return Perturbed(np.stack([common, common]), estimates, radius, 1.0, 10)


def half_bound(radius: float = 2.0**-13) -> Perturbed:
    """Make a 2 x 2 game on which the bound is twice the truth, the tightest that is known."""
    payoffs = np.zeros((2, 2, 2))
    payoffs[1, 0, 1] = payoffs[0, 1, 1] = payoffs[1, 1, 0] = 2.0
    payoffs[0, 1, 0] = 10.0
    estimates = payoffs.copy()
    for line in ((1, 0), (1, 1)):  # player 1 in either row, low entry down and high entry up
        row = payoffs[line]
        estimates[line] += radius * np.where(row == row.max(), 1, -1)
    column = payoffs[0, :, 1]
    estimates[0, :, 1] += radius * np.where(column == column.max(), 1, -1)
    return Perturbed(payoffs, estimates, radius, 1.0, 10)


def draw_perturbed(draws: Draws) -> Perturbed:
    """Draw a small game, every payoff changed by a full radius up or down."""
    sizes = draws.choice(((2, 2), (1, 3), (2, 3), (2, 2, 2), (3, 3)))
    shape = (len(sizes), *sizes)
    payoffs = draws.integers(-64, 64, shape=shape) / 16
    radius = 2.0 ** -draws.integers(2, 12)
    signs = 2 * draws.integers(0, 1, shape=shape) - 1
    return Perturbed(payoffs, payoffs + radius * signs, radius, draws.choice((0.25, 1.0)), draws.choice((2, 10, 50)))


def climb_perturbed(instance: Perturbed, draws: Draws) -> Perturbed:
    """Change one payoff, and draw the sign of its error anew."""
    index = tuple(draws.integers(0, n - 1) for n in instance.payoffs.shape)
    payoffs, estimates = instance.payoffs.copy(), instance.estimates.copy()
    step = draws.integers(-8, 8) / 4
    payoffs[index] += step
    estimates[index] = payoffs[index] + instance.radius * draws.choice((-1, 1))
    return replace(instance, payoffs=payoffs, estimates=estimates)


def dyadic(x):
    """Round to 20 binary digits, so that sums of a few such numbers are exact."""
    return np.round(x * 2**20) / 2**20


def kuhn_perturbed() -> Perturbed:
    """Take Kuhn poker's payoffs to 20 binary digits, every entry off by 1/16 chip in alternating directions."""
    payoffs = dyadic(load_kuhn(3, iterations=3).payoffs)
    signs = 1 - 2 * (np.indices(payoffs.shape).sum(0) % 2)
    return Perturbed(payoffs, payoffs + signs / 16, 1 / 16, 1.0, 10)


PERTURBED_GAMES = Family(
    "perturbed-games",
    always=lambda: (
        Perturbed(np.zeros((1, 1)), np.zeros((1, 1)), 0.5, 1.0, 2),
        Perturbed(np.array([[0.0, 1.0]]), np.array([[-0.5, 1.5]]), 0.5, 1.0, 2),
        kuhn_perturbed(),
    ),
    tight=(
        Tight(half_bound(), 0.495, 0.5),
        *(Tight(tilted_staircase(n), 0.99 / (n + 1), 1 / (n + 1)) for n in (2, 3, 4)),
    ),
    draw=draw_perturbed,
    climb=climb_perturbed,
)


def at_a_threshold(radius: float = 2.0**-12) -> Perturbed:
    """Make a cyclic 2 x 2 game; log rates out of the last profile differ by just below 1, with errors just above."""
    edge = dyadic(-np.log(np.expm1(1 + np.log1p(np.exp(-8.0)))))  # log rho(8) - log rho(edge) = 1 for m = 2
    payoffs = np.array([[[0.0, 8.0], [5.0, 0.0]], [[3.0, 0.0], [edge + radius / 2, 0.0]]])
    estimates = payoffs.copy()
    estimates[1, 1, 0] = edge - radius / 2
    return Perturbed(payoffs, estimates, radius, 1.0, 2)


THRESHOLD = Family("threshold", always=(at_a_threshold(),))


FAR_ESTIMATES = Family(
    "far-estimates",
    always=(replace(half_bound(), radius=2.0**-15),),  # the same errors, four times the radius that is admitted
)


def both_rankings(instance: Perturbed, rng: np.random.Generator, intensity: float = 1.0) -> np.ndarray:
    """Compute the logarithms of pi on the payoffs and on the estimates."""
    options = {"population_size": instance.population_size, "method": "log-gth"}
    exact = alpha_rank(instance.payoffs, alpha=instance.alpha, **options)
    estimated = alpha_rank(instance.estimates, alpha=intensity * instance.alpha, **options)
    return np.stack([exact.log_pi, estimated.log_pi])


def smallest_log_mass(instance: Perturbed) -> float:
    """Bound -log pi(s) and -log pi_hat(s) whatever the errors are: the radius does not enter.

    By the tree theorem pi(s) is at least r^(n-1) over n^(n-1), the number of trees with a root, where r is the ratio of
    the smallest and the largest rate, at least exp(-(m-1) alpha G) for gains of size G at most.
    """
    n, m = instance.n_profiles, instance.population_size
    chains = [profile_chain(payoffs).largest_gain for payoffs in (instance.payoffs, instance.estimates)]
    return float((n - 1) * ((m - 1) * instance.alpha * max(chains) + np.log(n)))


@formula(n="[1, inf)", alpha="[0, inf)", m="[1, inf)", t="[0, inf)")
def log_ratio_bound(n: int, alpha: Number, m: int, t: Number) -> Number:
    """No log mass moves by more than this.

    Proof
    -----
    Assumes: a finite alpha (argument check), and no estimate off by more than the radius (hypothesis of MI-L1).

    Proof: a payoff difference changes by at most 2t, and 0 <= d log rho / du <= m - 1 (see AR-T3), so each log C moves
    by at most b = 2 (m - 1) alpha t. By the tree theorem pi(s) = T_s / sum_r T_r, where T_s sums products of n - 1
    rates over trees: log T_s moves by at most (n - 1) b, and so does the logarithm of the sum, hence that of the
    quotient by at most twice as much (see MI-L3).
    """
    return 4 * (n - 1) * (m - 1) * alpha * t


def log_ratios(instance: Perturbed, log_pi: np.ndarray, factor: float = 1.0) -> Sides:
    """Compare |log pi_hat(s) - log pi(s)| with 4 (|S| - 1) (m - 1) alpha t for all s, and both total masses with 1.

    Also compare |pi_hat(s) - pi(s)| with `mass_error_bound`. Elimination adds (2/3) n^3 logarithms with five roundings
    each; log masses stay below n m alpha times the largest payoff difference.
    """
    n, m = instance.n_profiles, instance.population_size
    bound = factor * log_ratio_bound(n, instance.alpha, m, instance.radius)
    largest = n * (1 + m * instance.alpha * 2 * np.abs(instance.estimates).max())
    moved, masses = np.abs(log_pi[1] - log_pi[0]).ravel(), np.abs(np.logaddexp.reduce(log_pi.reshape(2, -1), axis=1))
    # a solver may return any log mass: above 1 it is wrong anyway, and would overflow
    shifted = np.abs(np.exp(np.minimum(log_pi[1], 1.0)) - np.exp(np.minimum(log_pi[0], 1.0))).ravel()
    rhs = np.r_[np.full(n, bound), 0.0, 0.0, np.full(n, mass_error_bound(bound))]
    trivial = np.r_[np.full(n, smallest_log_mass(instance)), np.inf, np.inf, np.ones(n)]
    return Sides(np.r_[moved, masses, shifted], rhs, trivial=trivial, rounding=rounding(4 * n**3, largest))


MI_L1 = Statement(
    id="alpha_rank/MI-L1",
    title="Payoff errors move log masses by a bounded amount",
    says=(
        "If no estimate M_hat of a payoff M is off by more than t, then log pi(s), the log mass of a profile s, is "
        "off by at most 4 (|S| - 1) (m - 1) alpha t; |S| is the number of profiles, m the population size, alpha the "
        "finite selection strength, and pi_hat the law of the estimates."
    ),
    source=Derived(log_ratio_bound),
    tex=r"\|\hat M - M\|_\infty \le t \Rightarrow |\log\hat\pi(s) - \log\pi(s)| \le 4(|S|-1)(m-1)\alpha t",
    hypotheses={"estimates within t": is_close, "finite alpha": lambda instance: 0 <= instance.alpha < np.inf},
    instances=PERTURBED_GAMES,
    solve=both_rankings,
    claim=Inequality(log_ratios, unbounded="the total mass of what a solver returns may be any"),
    saboteurs=(
        saboteur("bound divided by 4", claim=Inequality(partial(log_ratios, factor=1 / 4))),
        # subtle: the tightest instance that is known attains half of the bound
        saboteur("12/25 of the bound", claim=Inequality(partial(log_ratios, factor=12 / 25))),
        # subtle: one percent of alpha
        saboteur("estimates ranked at another intensity", solve=partial(both_rankings, intensity=1.01)),
        saboteur("errors of 4t", breaks="estimates within t", instances=FAR_ESTIMATES),
        # subtle: only log rates that lie on both sides of the changed threshold show it
        saboteur(
            "small terms are left out",
            patch=(elimination.log_add, "x - y > 37.0", "x - y > 1.0"),
            instances=THRESHOLD,
        ),
    ),
    notes="Holds for every chain whose log rates move by (m-1) alpha 2t; attained up to a factor 2 on a 2 x 2 game.",
)


def two_optima(alpha: float, population_size: int) -> ValuedGame:
    """Make a common payoff with two equal optima, between which the masses are very sensitive to errors."""
    common = np.array([[0.0, -0.2], [-0.2, 0.0]])
    return ValuedGame(np.stack([common, common]), alpha, population_size)


def draw_valued(draws: Draws) -> ValuedGame:
    """Draw a 2 x 2 game of sixteenths, ranked at moderate intensity."""
    means = draws.integers(-16, 16, shape=(2, 2, 2)) / 16
    epsilon, delta = draws.choice((0.05, 0.1, 0.25)), draws.choice((0.05, 0.1, 0.25))
    return ValuedGame(means, draws.choice((0.1, 0.5, 1.0)), draws.choice((2, 5, 10)), epsilon, delta)


TWO_OPTIMA = Family(
    "two-optima",
    always=(two_optima(0.1, 2), two_optima(1.0, 10), two_optima(0.5, 50)),
    draw=draw_valued,
)


MI_T1 = Statement(
    id="alpha_rank/MI-T1",
    title="Samples that make the finite-alpha ranking right, as published",
    says=(
        "If each of the |S| profiles is played N times, every mass is within epsilon of the truth with probability at "
        "least 1 - delta; K players, payoffs in [-M, M], L a Lipschitz constant of the chain in the payoffs, g its "
        "smallest rate, and Sigma the sum of binom(|S|, n) n^|S| over 0 < n < |S|."
    ),
    source=Paper("1909.09849", "Theorem 3.1", read="secondary"),
    tex=r"N > 648 M^2 \log(2|S|K/\delta) L^2 \Sigma^2 / \varepsilon^2 g^2",
    hypotheses={"finite alpha": always},
    instances=TWO_OPTIMA,
    solve=lambda game, rng, n: None,
    claim=Recorded(
        "N is 7e10 on four profiles at alpha = 0.1, m = 2, and 3e29 at alpha = 1, m = 10: no run can reach it.",
        carried_by="alpha_rank/MI-T1p",
    ),
)


LARGE_POPULATION = Family("large-population", always=(two_optima(0.5, 50),))


def estimated_laws(game: ValuedGame, rng: np.random.Generator, n: int, cut: int = 1, power: int = 2) -> np.ndarray:
    """Rank the means of N outcomes per profile, the theorem's N divided by `cut` or short of a factor (m-1)^2."""
    m, epsilon, delta = game.population_size, game.epsilon, game.delta
    options = {"alpha": game.alpha, "population_size": m, "epsilon": epsilon, "delta": delta}
    needed = theory.samples_finite_alpha(game.means.shape[1:], **options) / (m - 1) ** (2 - power)
    samples = max(1, int(needed / cut))
    means = 2 * rng.binomial(samples, (1 + game.means) / 2, size=(n, *game.means.shape)) / samples - 1
    return np.stack([alpha_rank(mean, alpha=game.alpha, population_size=m).pi.ravel() for mean in means])


def far_off(game: ValuedGame, laws: np.ndarray) -> np.ndarray:
    """Tell for each run whether a mass is off by more than epsilon or negative, or the total is not 1."""
    exact = alpha_rank(game.means, alpha=game.alpha, population_size=game.population_size).pi.ravel()
    # masses that are no law are as wrong as masses that are far off
    no_law = (laws.min(axis=1) < 0) | (np.abs(laws.sum(axis=1) - 1) > rounding(4 * laws.shape[1], 1.0))
    return (np.abs(laws - exact).max(axis=1) > game.epsilon) | no_law


MI_T1P = Statement(
    id="alpha_rank/MI-T1p",
    title="Samples that make the finite-alpha ranking right",
    says=(
        "If each of the |S| profiles is played N times, every mass of the finite-alpha ranking is within epsilon of "
        "the truth with probability at least 1 - delta; there are K players, outcomes lie in [-M, M], m is the "
        "population size and alpha the selection strength."
    ),
    source=Derived(theory.samples_finite_alpha),
    tex=r"N \ge 8M^2\log(2|S|K/\delta)\,((|S|-1)(m-1)\alpha)^2/\operatorname{artanh}(\varepsilon)^2",
    hypotheses={
        "outcomes in [-1, 1]": lambda game: abs(game.means).max() <= 1,
        "finite alpha": lambda game: 0 <= game.alpha < np.inf,
        "epsilon and delta in (0, 1)": lambda game: 0 < game.epsilon < 1 and 0 < game.delta < 1,
    },
    instances=TWO_OPTIMA,
    solve=estimated_laws,
    claim=Probability(event=far_off, at_most=lambda game: game.delta),
    saboteurs=(
        # N is some 800 times what these games need, hence so large a divisor
        saboteur("N/5000", solve=partial(estimated_laws, cut=5000)),
        # the factor is 1 at m = 2, and 2401 in a population of 50
        saboteur("(m - 1)^2 dropped", solve=partial(estimated_laws, power=0), instances=LARGE_POPULATION),
    ),
    notes="About 800 times larger than needed on these games, and 10^20 times smaller than the published number.",
)

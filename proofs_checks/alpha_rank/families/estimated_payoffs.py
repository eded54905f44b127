"""Instances of games whose payoffs are estimated: off by a radius, or sampled a fixed number of times."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from lrtheory.alpha_rank import Game, load_kuhn
from lrtheory.bounds import Draws, Family, Tight, exactly

# --- a game, another one at most t away, and the parameters of the ranking ------------------------------------------


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


def dyadic(x):
    """Round to 20 binary digits, so that sums of a few such numbers are exact."""
    return np.round(x * 2**20) / 2**20


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

# --- games without ties, sampled a fixed number of times ------------------------------------------------------------


@dataclass(frozen=True)
class SampledGame:
    """The mean payoffs (K, *sizes) of outcomes +size or -size, and the failure probability that is allowed."""

    means: np.ndarray
    delta: float
    outcome_size: float = 1.0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of strategies of each player."""
        return self.means.shape[1:]

    @property
    def gap(self) -> float:
        """Smallest payoff difference on an edge of the response graph."""
        return float(Game(self.means).gap)


def equally_spaced(*sizes: int, gap: float = 0.2, delta: float = 0.1, outcome_size: float = 1.0) -> SampledGame:
    """Make each strategy of a player better than the one before by the gap, whatever the others do; mean 0."""
    lines = [gap * (np.arange(n) - (n - 1) / 2) for n in sizes]
    means = [np.broadcast_to(np.expand_dims(line, tuple(i for i in range(len(sizes)) if i != k)), sizes)
             for k, line in enumerate(lines)]  # fmt: skip
    return SampledGame(np.array(means), delta, outcome_size)


def draw_sampled(draws: Draws) -> SampledGame:
    """Draw a game of equally spaced lines, each player's in a random order."""
    game = equally_spaced(*draws.choice(((2, 2), (2, 3), (3, 3), (2, 2, 2))), gap=draws.choice((0.1, 0.2, 0.4)))
    means = game.means.copy()
    for k, n in enumerate(game.sizes):
        means[k] = np.take(means[k], draws.permutation(n), axis=k)
    return replace(game, means=means)


EQUALLY_SPACED = Family(
    "equally-spaced-games",
    always=(equally_spaced(2), equally_spaced(2, 2), equally_spaced(3, 3), equally_spaced(4, 4, delta=0.05)),
    draw=draw_sampled,
)
SIX_BY_SIX = Family("six-by-six", always=(equally_spaced(6, 6),))
LARGE_OUTCOMES = Family("large-outcomes", always=(equally_spaced(2, 2, outcome_size=4.0),))

# --- games at finite alpha, sampled a fixed number of times ---------------------------------------------------------


@dataclass(frozen=True)
class ValuedGame:
    """The mean payoffs (K, *sizes) of outcomes +1 or -1, the ranking's parameters, and the accuracy asked for."""

    means: np.ndarray
    alpha: float
    population_size: int
    epsilon: float = 0.1
    delta: float = 0.1


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
LARGE_POPULATION = Family("large-population", always=(two_optima(0.5, 50),))

# --- one mean -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BernoulliMean:
    """A win probability, the number of outcomes, and the failure probability that is allowed."""

    p: float
    n: int
    delta: float


BERNOULLI_MEANS = Family(
    "bernoulli-means",
    always=(
        BernoulliMean(0.5, 1, 0.5),
        BernoulliMean(0.5, 10, 0.1),  # 8 or 2 wins are just inside, by a quarter of the half-width
        BernoulliMean(0.5, 40, 0.1),
        BernoulliMean(0.9, 40, 0.01),
    ),
    draw=lambda draws: BernoulliMean(draws.integers(0, 16) / 16, draws.integers(1, 60), draws.choice((0.5, 0.1, 0.01))),
)

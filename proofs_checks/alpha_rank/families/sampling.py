"""Games whose payoffs are estimated: off by a radius, sampled, or known to lie in a box."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from lrtheory.alpha_rank import Game, kuhn_policies, load_kuhn, sample_matches, theory
from lrtheory.bounds import Draws, Family, Tight, exactly

# --- a game, another one at most t away, and the parameters of the ranking ------------------------------------------


@dataclass(frozen=True)
class Perturbed:
    """Payoffs (K, *sizes) and estimates of them, both ranked at intensity alpha with populations of size m."""

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
    """Whether no estimate is farther than the radius; in Fractions."""
    exact = exactly(instance)
    return bool((abs(exact.estimates - exact.payoffs) <= exact.radius).all())


def dyadic(x):
    """Numbers to 20 binary digits, on which sums of a few are exact."""
    return np.round(x * 2**20) / 2**20


def tilted_staircase(n: int, radius: float = 2.0**-13) -> Perturbed:
    """Common payoff 1, 2, 3, ... along (0,0), (0,1), (1,1), ..., -8 elsewhere; estimates err outwards on its edges."""
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
    """A 2 x 2 game on which the bound is twice the truth, the tightest that is known."""
    payoffs = np.zeros((2, 2, 2))
    payoffs[1, 0, 1] = payoffs[0, 1, 1] = payoffs[1, 1, 0] = 2.0
    payoffs[0, 1, 0] = 10.0
    estimates = payoffs.copy()
    for place in ((1, 0), (1, 1)):  # player 1 in either row, low entry down and high entry up
        row = payoffs[place]
        estimates[place] += radius * np.where(row == row.max(), 1, -1)
    column = payoffs[0, :, 1]
    estimates[0, :, 1] += radius * np.where(column == column.max(), 1, -1)
    return Perturbed(payoffs, estimates, radius, 1.0, 10)


def draw_perturbed(draws: Draws) -> Perturbed:
    """A small game, every payoff changed by a full radius up or down."""
    sizes = draws.choice(((2, 2), (1, 3), (2, 3), (2, 2, 2), (3, 3)))
    shape = (len(sizes), *sizes)
    payoffs = draws.integers(-64, 64, shape=shape) / 16
    radius = 2.0 ** -draws.integers(2, 12)
    signs = 2 * draws.integers(0, 1, shape=shape) - 1
    return Perturbed(payoffs, payoffs + radius * signs, radius, draws.choice((0.25, 1.0)), draws.choice((2, 10, 50)))


def climb_perturbed(instance: Perturbed, draws: Draws) -> Perturbed:
    """Another payoff, or the other sign of one error."""
    place = tuple(draws.integers(0, n - 1) for n in instance.payoffs.shape)
    payoffs, estimates = instance.payoffs.copy(), instance.estimates.copy()
    step = draws.integers(-8, 8) / 4
    payoffs[place] += step
    estimates[place] = payoffs[place] + instance.radius * draws.choice((-1, 1))
    return replace(instance, payoffs=payoffs, estimates=estimates)


def kuhn_perturbed() -> Perturbed:
    """Real payoffs, to 20 binary digits, with every entry off by 1/16 chip in the order of the tables' parity."""
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
    """A cyclic 2 x 2 game; log rates out of the last profile differ by just below 1, and with errors by just above."""
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
    """Mean payoffs (K, *sizes), outcomes +size or -size, and the failure probability that is allowed."""

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
    """Every strategy of a player is better than the one before by the gap, whatever the others do; mean 0."""
    lines = [gap * (np.arange(n) - (n - 1) / 2) for n in sizes]
    means = [np.broadcast_to(np.expand_dims(line, tuple(i for i in range(len(sizes)) if i != k)), sizes)
             for k, line in enumerate(lines)]  # fmt: skip
    return SampledGame(np.array(means), delta, outcome_size)


def draw_sampled(draws: Draws) -> SampledGame:
    """Lines in any order, equally spaced."""
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
    """Mean payoffs (K, *sizes) of outcomes +1 or -1, the ranking's parameters, and the accuracy that is asked for."""

    means: np.ndarray
    alpha: float
    population_size: int
    epsilon: float = 0.1
    delta: float = 0.1


def two_optima(alpha: float, population_size: int) -> ValuedGame:
    """Two equal optima of a common payoff: the mass between them is as sensitive to errors as can be."""
    common = np.array([[0.0, -0.2], [-0.2, 0.0]])
    return ValuedGame(np.stack([common, common]), alpha, population_size)


TWO_OPTIMA = Family("two-optima", always=(two_optima(0.1, 2), two_optima(1.0, 10), two_optima(0.5, 50)))
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
    always=(BernoulliMean(0.5, 1, 0.5), BernoulliMean(0.5, 40, 0.1), BernoulliMean(0.9, 40, 0.01)),
    draw=lambda draws: BernoulliMean(draws.integers(0, 16) / 16, draws.integers(1, 60), draws.choice((0.5, 0.1, 0.01))),
)

# --- games with Bernoulli outcomes, sampled by ResponseGraphUCB -----------------------------------------------------


@dataclass(frozen=True)
class Match:
    """A game with Bernoulli outcomes, the failure probability, and a cap where ties keep the sampling going."""

    game: Game
    delta: float
    max_samples: int | None = None


def one_gap(gap: float) -> Match:
    """Two players, two strategies; the second is better than the first by the gap, around 1/2."""
    own = np.array([0.5 - gap / 2, 0.5 + gap / 2])
    return Match(Game(np.stack([np.tile(own[:, None], (1, 2)), np.tile(own, (2, 1))]), outcomes="bernoulli"), 0.1)


def staggered(*sizes: int) -> Match:
    """Own payoffs spread over [0.1, 0.9], with gaps that differ from line to line."""
    payoffs = np.empty((len(sizes), *sizes))
    for k, n in enumerate(sizes):
        others = np.indices(sizes).sum(0) - np.indices(sizes)[k]
        payoffs[k] = 0.1 + 0.8 * np.indices(sizes)[k] / (n - 1) * (1 - 0.3 * others / max(1, others.max()))
    return Match(Game(payoffs, outcomes="bernoulli"), 0.1)


def nearly_equal(n: int, delta: float) -> Match:
    """Two players, n strategies each, own payoffs around 1/2 that differ by 2^-10; a cap ends the sampling."""
    own = 0.5 + (np.arange(n) - (n - 1) / 2) * 2.0**-10
    payoffs = np.stack([np.tile(own[:, None], (1, n)), np.tile(own, (n, 1))])
    return Match(Game(payoffs, outcomes="bernoulli"), delta, max_samples=5000)


def near_tie() -> Match:
    """A 4 x 4 game with one edge that is much harder than the others."""
    rows = np.tile(np.array([0.0, 0.25, 0.5, 0.75])[:, None], (1, 4))
    rows[1, 0] = 0.45
    columns = np.tile(np.array([0.0, 0.3, 0.6, 0.9]), (4, 1))
    return Match(Game(np.stack([rows, columns]), outcomes="bernoulli"), 0.1)


def kuhn_matches() -> Match:
    """The 3-player Kuhn meta-game, chips read as win probabilities; some edges are tied, so a cap ends the sampling."""
    return Match(load_kuhn(3, iterations=3, units="unit"), 0.1, max_samples=4000)


MATCHES = Family("matches", always=lambda: (one_gap(0.5), staggered(3, 3), staggered(2, 2, 2), kuhn_matches()))
RESOLVED_MATCHES = Family("resolved-matches", always=(one_gap(0.5), staggered(3, 3), staggered(2, 2, 2), near_tie()))
EASY_MATCH = Family("easy-match", always=(replace(one_gap(0.8), max_samples=2000),))
TIED_MATCHES = Family(
    "tied-matches", always=(replace(one_gap(0.0), max_samples=60_000), replace(one_gap(0.25), max_samples=60_000))
)


@dataclass(frozen=True)
class Counts:
    """Trials, and the level of an interval."""

    n: int
    level: float


ALL_COUNTS = Family(
    "all-counts",
    always=tuple(Counts(n, level) for n in (1, 2, 5, 50, 200) for level in (0.5, 0.1, 0.01, 0.0001)),
    draw=lambda draws: Counts(draws.integers(1, 200), draws.choice((0.5, 0.1, 0.01, 0.0001))),
)
NEAR_TIES = Family(
    "near-ties",
    always=(
        nearly_equal(3, delta=0.5),
        nearly_equal(3, delta=0.05),
        replace(one_gap(0.5), delta=0.05),
    ),
)
HARD_MATCH = Family("hard-match", always=(replace(one_gap(0.125), max_samples=200),))
NEAR_TIE = Family("near-tie", always=(near_tie(),))
GAP_LADDER = Family("gap-ladder", always=tuple(one_gap(gap) for gap in (0.8, 0.4, 0.2, 0.1)))

# --- payoffs in a box -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Box:
    """Payoffs (K, *sizes), intervals that should contain them, and the perturbation of the chain."""

    payoffs: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    epsilon: float


def is_inside(box: Box) -> bool:
    """Whether every payoff lies in its interval."""
    return bool(((box.lower <= box.payoffs) & (box.payoffs <= box.upper)).all())


def kuhn_box(n_matches: int = 2000, delta: float = 0.1) -> Box:
    """Intervals from sampled matches of three-player Kuhn poker, around the exact payoffs of fictitious play."""
    game, policies = load_kuhn(3, iterations=1), kuhn_policies(3, iterations=1)
    rng = np.random.default_rng(0)
    means = np.empty(game.payoffs.shape)
    for profile in np.ndindex(game.sizes):
        means[(slice(None), *profile)] = sample_matches(policies, profile, n_matches, rng=rng).mean(0)
    radius = 6 * theory.hoeffding_radius(n_matches, delta=delta, n_means=means.size, anytime=False)  # -2 to 4 chips
    return Box(game.payoffs, means - radius, means + radius, 0.125)


def draw_box(draws: Draws, sizes: tuple[tuple[int, ...], ...] = ((2, 2), (1, 3), (2, 3))) -> Box:
    """A small game, and intervals that contain its payoffs."""
    chosen = draws.choice(sizes)
    shape = (len(chosen), *chosen)
    payoffs, below, above = (draws.integers(0, high, shape=shape) / 4.0 for high in (20, 5, 5))
    return Box(payoffs, payoffs - below, payoffs + above, draws.choice((0.125, 0.25)))


BOXES = Family(
    "boxes",
    always=lambda: (
        Box(np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]]), 0.25),
        kuhn_box(),
    ),
    draw=draw_box,
)
MISSED_BOXES = Family(
    "missed-boxes",
    always=(Box(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.5]]), 0.25),),
)
FOUR_OPEN_EDGES = Box(
    payoffs=np.array([[[5.0, 2, 1], [8, 0, 2], [5, 7, 5]], [[7, -1, 2], [4, 3, 3], [3, 0, -1]]]),
    lower=np.array([[[5.0, 2, 1], [8, 0, 2], [5, 7, 5]], [[7, -1, 2], [4, 3, 3], [3, 0, -1]]]),
    upper=np.array([[[6.0, 3, 2], [9, 1, 3], [6, 7, 6]], [[7, 1, 3], [6, 3, 3], [3, 0, 0]]]),
    epsilon=0.125,
)
THREE_BY_THREE = Family("three-by-three-boxes", always=(FOUR_OPEN_EDGES,))
SMALL_BOXES = Family(
    "small-boxes",
    always=(
        Box(np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]]), 0.25),
        Box(np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]]), np.array([[1.0, 2.0]]), 0.125),  # intervals that touch
        FOUR_OPEN_EDGES,
    ),
    draw=lambda draws: draw_box(draws, sizes=((2, 2), (1, 3), (1, 2))),
)
TOUCHING = Family(
    "touching-intervals",
    always=tuple(
        Box(np.array([[low, high]]), np.array([[low - 1, low]]), np.array([[low, high]]), epsilon)
        for low, high, epsilon in ((1.0, 2.0, 0.25), (0.0, 3.0, 0.125), (-2.0, 5.0, 0.0625))
    ),
)


@dataclass(frozen=True)
class NestedBoxes:
    """A box inside another one, for the same payoffs."""

    inner: Box
    outer: Box


def is_nested(boxes: NestedBoxes) -> bool:
    """Whether the inner box lies in the outer one."""
    inner, outer = boxes.inner, boxes.outer
    return bool(((outer.lower <= inner.lower) & (inner.upper <= outer.upper)).all())


def draw_nested(draws: Draws) -> NestedBoxes:
    """A box, and one that is wider by quarters on every side."""
    box = draw_box(draws, sizes=((2, 2), (1, 3), (2, 3)))
    below, above = (draws.integers(0, 4, shape=box.payoffs.shape) / 4 for _ in range(2))
    return NestedBoxes(box, replace(box, lower=box.lower - below, upper=box.upper + above))


POINT = Box(np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]]), 0.25)
WIDE = replace(POINT, lower=POINT.lower - 1, upper=POINT.upper + 1)
NESTED_BOXES = Family("nested-boxes", always=(NestedBoxes(POINT, POINT), NestedBoxes(POINT, WIDE)), draw=draw_nested)
UNNESTED_BOXES = Family("unnested-boxes", always=(NestedBoxes(WIDE, POINT),))

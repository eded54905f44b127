"""Instances of games that are ranked at finite alpha, and of games whose limits are exact, and their laws."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import flint
import numpy as np

from lrtheory.alpha_rank import alpha_rank, fixation_probability, load_kuhn, profile_chain
from lrtheory.bounds import Draws, Family, Sides, exactly, rounding
from proofs_checks.alpha_rank.families.chains import fmpq, fraction


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
        return np.stack([self.potential + offset for offset in self.offsets])


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


def draw_exact(draws: Draws) -> ExactGame:
    """Draw payoffs from few integers, so that ties and several sinks are common."""
    sizes = draws.choice(((2, 2), (2, 3), (2, 2, 2), (3, 3)))
    return exact_game(draws.integers(0, 6, shape=(len(sizes), *sizes)))


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


def exact_limit(game: ExactGame, rng: np.random.Generator | None = None, limit: str = "perturbed") -> np.ndarray:
    """Compute the limit law in Fractions, flat."""
    return alpha_rank(game.payoffs, limit=limit).pi.ravel()


def both_limits(game: ExactGame, rng: np.random.Generator) -> np.ndarray:
    """Compute the limits epsilon -> 0 and alpha -> infinity."""
    return np.stack([exact_limit(game, limit="perturbed"), exact_limit(game, limit="alpha")])


def cofactors(rates: np.ndarray) -> list[flint.fmpq]:
    """Return a multiple of the stationary law whose first entry is det(D - A) without row and column 0."""
    n = len(rates)
    off = [[fmpq(rates[i, j] if i != j else Fraction(0)) for j in range(n)] for i in range(n)]
    minor = flint.fmpq_mat([[sum(off[i]) if i == j else -off[i][j] for j in range(1, n)] for i in range(1, n)])
    others = minor.transpose().solve(flint.fmpq_mat([[off[0][j]] for j in range(1, n)]))
    first = minor.det()
    return [first, *(first * others[i, 0] for i in range(n - 1))]


def epsilon_limit(game: ExactGame) -> np.ndarray:
    """Compute lim pi_epsilon by determinants: a quotient of polynomials, which are read off their values at n points.

    The cofactors of D - A, D the exits, are a stationary vector, and polynomials of degree n - 1 at most in epsilon.
    """
    chain, n = profile_chain(game.payoffs), game.payoffs[0].size
    if n == 1:
        return np.array([Fraction(1)], object)
    # polynomials of degree n - 1 are known from n values; these points lie in (0, 1/4], where epsilon may lie
    points = [Fraction(k, 4 * n) for k in range(1, n + 1)]
    values = [cofactors(chain.dense(chain.perturbed_rates(point))) for point in points]
    nodes = flint.fmpq_mat([[fmpq(point**k) for k in range(n)] for point in points])
    coefficients = nodes.solve(flint.fmpq_mat(values))
    # the lowest power of epsilon that any cofactor has: its coefficients are the limit, up to a factor
    order = next(k for k in range(n) if any(coefficients[k, s] != 0 for s in range(n)))
    lowest = [fraction(coefficients[order, s]) for s in range(n)]
    return np.array([mass / sum(lowest) for mass in lowest], object)

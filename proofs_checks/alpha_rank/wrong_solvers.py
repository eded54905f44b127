"""Wrong solvers of alpha-Rank; each must be caught by a statement or by a test against an oracle."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.sparse import csgraph

from lrtheory.alpha_rank import (
    alpha_rank,
    fixation_probability,
    intervals,
    profile_chain,
    response_graph_ucb_batch,
    response_signs,
    stationary_distribution,
    theory,
)
from lrtheory.alpha_rank.chains.profiles import ProfileChain
from lrtheory.alpha_rank.chains.single_population import is_constant_sum
from lrtheory.bounds import exactly
from lrtheory.matrix_completion import complete
from proofs_checks.alpha_rank.families.boxes import Box, NestedBoxes, SquareBox
from proofs_checks.alpha_rank.families.chains import Chain, ChainPair, Mutant, SinglePopulation, log_chances
from proofs_checks.alpha_rank.families.estimated_payoffs import SampledGame
from proofs_checks.alpha_rank.families.games import ExactGame, PotentialGame, RankedGame, SameChain
from proofs_checks.alpha_rank.families.low_rank import (
    Found,
    LowRankTable,
    NoisyTable,
    directions,
    noisily_completed,
    seen,
)
from proofs_checks.alpha_rank.families.ucb_runs import Directed, Match, Sampled, Told

# --- chains ----------------------------------------------------------------------------------------------------------


def transposed(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """Solve the chain whose rates are read from column to row."""
    return stationary_distribution(chain.rates.T, rational=True).pi


def jumps_alone(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """Solve the chain of jumps (rows divided by their sums), which forgets how long each state lasts."""
    return stationary_distribution(chain.rates / chain.rates.sum(1, keepdims=True), rational=True).pi


def right_eigenvector(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """Return the uniform vector, which solves P 1 = 1 instead of pi P = pi."""
    n = len(chain.rates)
    return np.array([Fraction(1, n)] * n, object)


def one_transposed(pair: ChainPair, rng: np.random.Generator) -> np.ndarray:
    """Solve both chains, the second read from column to row."""
    return np.stack([stationary_distribution(rates, rational=True).pi for rates in (pair.rates, pair.other.T)])


def not_normalized(pair: ChainPair, rng: np.random.Generator) -> np.ndarray:
    """Return both laws as multiples of the first state's mass."""
    laws = [stationary_distribution(rates, rational=True).pi for rates in (pair.rates, pair.other)]
    return np.stack([law / law[0] for law in laws])


# --- samples of a fixed size -----------------------------------------------------------------------------------------


def signs_of_one_outcome(game: SampledGame, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw directions from one outcome per profile, however many the theorem asks for."""
    return response_signs(2.0 * (rng.random((n, *game.means.shape)) < (1 + game.means) / 2) - 1, batch=True)


# --- ResponseGraphUCB ------------------------------------------------------------------------------------------------


def told_exchanged(match: Match, rng: np.random.Generator, n: int = 50) -> Told:
    """Run ResponseGraphUCB with better and worse confused in its directions."""
    found = response_graph_ucb_batch(match.game, n, delta=match.delta, max_samples=match.max_samples, rng=rng)
    return Told(found.means, found.n_samples, found.lower, found.upper, -found.direction, found.resolved)


def directions_exchanged(match: Match, rng: np.random.Generator, n: int) -> Directed:
    """Return the exchanged directions of `told_exchanged`."""
    found = told_exchanged(match, rng, n)
    return Directed(found.direction, found.resolved)


def round_robin(match: Match, rng: np.random.Generator, n: int = 50) -> Sampled:
    """Play all profiles as often as the hardest one, also where all edges are resolved long before."""
    found = response_graph_ucb_batch(match.game, n, delta=match.delta, rng=rng)
    hardest = found.n_samples.max(axis=tuple(range(1, found.n_samples.ndim)), keepdims=True)
    more = (hardest - found.n_samples)[:, None]
    wins = found.means * found.n_samples[:, None] + rng.binomial(more, match.game.payoffs)
    return _reported(match, wins, np.broadcast_to(hardest, found.n_samples.shape), found.lower, found.upper)


def too_many_plays(match: Match, rng: np.random.Generator, n: int) -> Sampled:
    """Play until intervals of half-width n^(-1/4) are disjoint, which those of the theorem are long before."""
    gap, sizes = match.game.gap, match.game.sizes
    enough = theory.samples_to_resolve(gap, delta=match.delta, n_means=match.game.payoffs.size)
    plays = np.full((n, *sizes), max(enough, int((2 / gap) ** 4)))
    means = np.broadcast_to(match.game.payoffs, (n, *match.game.payoffs.shape))
    wins = rng.binomial(plays[:, None], means)
    return _reported(match, wins, plays, np.zeros(means.shape), np.ones(means.shape))


def _reported(match: Match, wins: np.ndarray, plays: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> Sampled:
    """Report means, and their Hoeffding intervals intersected with earlier ones."""
    radius = theory.hoeffding_radius(plays, delta=match.delta, n_means=match.game.payoffs.size)[:, None]
    means = wins / plays[:, None]
    return Sampled(means, plays, np.maximum(lower, means - radius), np.minimum(upper, means + radius))


# --- ranking intervals -----------------------------------------------------------------------------------------------


def midpoints(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Rank the middle of the box, as if all edges were known."""
    pi = alpha_rank(exactly((box.lower + box.upper) / 2), perturbation=exactly(box.epsilon)).pi
    return np.stack([pi, pi])


def midpoints_flat(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Return `midpoints` in the shape (2, |S|)."""
    return midpoints(box, rng).reshape(2, -1)


def nested_midpoints(boxes: NestedBoxes, rng: np.random.Generator) -> np.ndarray:
    """Rank the middles of a box and of one around it."""
    return np.stack([midpoints(boxes.inner, rng), midpoints(boxes.outer, rng)])


def single_midpoints(box: SquareBox, rng: np.random.Generator) -> np.ndarray:
    """Rank a single population by the middle of the box, as if all pairs were known."""
    box = exactly(box)
    pi = alpha_rank((box.lower + box.upper) / 2, population="single", perturbation=box.epsilon).pi
    return np.stack([pi, pi])


def against_one_half(box: SquareBox, rng: np.random.Generator) -> np.ndarray:
    """Take the payoffs above the diagonal for win rates: those below would be one less them."""
    box = exactly(box)
    lower, upper = box.lower.copy(), box.upper.copy()
    pairs = np.triu_indices(len(lower), 1)
    lower.T[pairs], upper.T[pairs] = 1 - upper[pairs], 1 - lower[pairs]
    found = intervals.ranking_intervals(lower, upper, population="single", perturbation=box.epsilon)
    return np.stack([found.lower, found.upper])


def by_graph_distance(box: Box, rng: np.random.Generator) -> np.ndarray:
    """Orient open edges away from the target, and towards it, by their distance in steps, not by hitting times."""
    box = exactly(box)
    neighbors, direction, is_open = intervals.open_edges(box.lower, box.upper)
    edges = ProfileChain((), neighbors, direction).dense(np.ones(neighbors.shape))
    steps = csgraph.shortest_path(edges, unweighted=True)
    masses = []
    for sense in (1, -1):
        for target, distance in enumerate(steps):
            uphill = sense * np.sign(distance[neighbors] - distance[:, None]).astype(int)
            oriented = ProfileChain((), neighbors, np.where(is_open & (uphill != 0), uphill, direction))
            masses.append(1 / intervals.hitting_times(oriented, target, box.epsilon)[1])
    return np.array(masses, object).reshape(2, -1)


# --- tables of low rank ----------------------------------------------------------------------------------------------


def win_rates_completed(table: LowRankTable, rng: np.random.Generator, n: int) -> np.ndarray:
    """Complete win rates at the rank of the payoffs, though the constant 1/2 adds one to their rank."""
    found = []
    for _ in range(n):
        given = seen(table.means, table.n_pairs, rng)
        given = np.where(np.isnan(given), 1 - given.T, given)
        found.append(directions(complete(given, table.rank, method="exact", rng=rng).block()))
    return np.array(found)


def players_of_the_table_exchanged(table: NoisyTable, rng: np.random.Generator) -> Found:
    """Return directions of the game in which the two players have been exchanged."""
    found = noisily_completed(table, rng)
    return replace(found, directions=directions(found.means.T))


# --- fixation --------------------------------------------------------------------------------------------------------


def one_individual_less(mutant: Mutant, rng: np.random.Generator) -> np.ndarray:
    """Compute log rho with m - 1 in place of m in the denominator."""
    u, m = mutant.advantage * np.array([1.0, -1.0]), mutant.population_size
    return np.log(np.expm1(-u) / np.expm1(-(m - 1) * u)) if mutant.advantage else np.full(2, -np.log(m - 1))


def a_hundred_more(mutant: Mutant, rng: np.random.Generator) -> np.ndarray:
    """Compute log rho in a population that is larger by a hundred than the theorem is told."""
    u = np.array([mutant.advantage, mutant.advantage + mutant.step, 0.0])
    return fixation_probability(u, population_size=mutant.population_size + 100, log=True)


def factor_dropped(single: SinglePopulation, rng: np.random.Generator) -> np.ndarray:
    """Take alpha (M(r, s) - c / 2) for the advantage alpha m / (m - 1) (M(r, s) - c / 2)."""
    m, constant = single.population_size, is_constant_sum(single.table) and single.fitness == "global"
    return log_chances(replace(single, alpha=single.alpha * (m - 1) / m) if constant else single, rng)


def transposed_table(single: SinglePopulation, rng: np.random.Generator) -> np.ndarray:
    """Exchange what the resident gets from the mutant and what the mutant gets from the resident."""
    return log_chances(replace(single, table=single.table.T), rng)


def one_more_in_the_population(single: SinglePopulation, rng: np.random.Generator) -> np.ndarray:
    """Compute the chances in a population of m + 1 individuals."""
    return log_chances(replace(single, population_size=single.population_size + 1), rng)


# --- games at finite alpha -------------------------------------------------------------------------------------------


def underflowing_law(game: RankedGame, rng: np.random.Generator) -> np.ndarray:
    """Take rates below e^(-745) for (nearly) zero, as doubles would."""
    rates = profile_chain(game.payoffs)
    log_rates = rates.log_rates(game.alpha, game.population_size)
    log_rates = np.where(log_rates < -745, -1e4, log_rates)
    return stationary_distribution(rates.dense(log_rates, fill=-np.inf), method="log-gth", log=True).log_pi


def players_exchanged(game: PotentialGame, rng: np.random.Generator) -> np.ndarray:
    """Let every player move by the table of the player before."""
    options = {"alpha": game.alpha, "population_size": game.population_size, "method": "log-gth"}
    return alpha_rank(np.roll(game.payoffs, 1, axis=0), **options).log_pi.ravel()


def _laws(first: RankedGame, second: RankedGame, same: SameChain) -> np.ndarray:
    logs = [alpha_rank(g.payoffs, alpha=g.alpha, population_size=g.population_size).log_pi for g in (first, second)]
    return np.stack([same.permuted(logs[0]).ravel(), logs[1].ravel()])


def factor_ignored(same: SameChain, rng: np.random.Generator) -> np.ndarray:
    """Scale the payoffs, but not alpha."""
    return _laws(same.game, replace(same.other, alpha=same.game.alpha), same)


def own_offset(same: SameChain, rng: np.random.Generator) -> np.ndarray:
    """Let player 0's first strategy pay 1 more, an offset on the own strategy."""
    changed = same.other.payoffs.copy()
    changed[0, 0] += 1.0
    return _laws(same.game, replace(same.other, payoffs=changed), same)


def rates_of_twice_alpha(game: RankedGame, rng: np.random.Generator) -> np.ndarray:
    """Compute rates at 2 alpha, twice as sensitive as the bound is told."""
    signs = 1 - 2 * (np.indices(game.payoffs.shape).sum(0) % 2)
    both = (game.payoffs, game.payoffs + signs / 16)
    return np.stack([profile_chain(payoffs).rates(2 * game.alpha, game.population_size) for payoffs in both])


# --- limits ----------------------------------------------------------------------------------------------------------


def reversed_arcs(game: ExactGame, rng: np.random.Generator) -> np.ndarray:
    """Rank by strong components that no arc enters, in place of those that no arc leaves."""
    return alpha_rank(-game.payoffs).pi.ravel()


def decreasing_map(game: ExactGame, rng: np.random.Generator) -> np.ndarray:
    """Rank (M - 2)^2 in place of M, which is not an increasing map."""
    return np.stack([alpha_rank(p).pi.ravel() for p in (game.payoffs, (game.payoffs - 2) ** 2)])

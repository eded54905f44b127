"""Instances of chains with rational rates, and of mutants in a population.

A replayed instance is found by the module and the name of its class, and the streams of random numbers depend on both;
so a class that moves to another file takes its stored instances with it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.sparse.csgraph import connected_components

from lrtheory.alpha_rank import load_kuhn, profile_chain, transition_matrix
from lrtheory.bounds import Draws, Family, Tight

# --- chains with integer rates --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chain:
    """The rates of a Markov chain, (n, n) Fractions; the diagonal is ignored."""

    rates: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """Return a transition matrix with the same stationary law: rates over one more than the largest exit rate."""
        off = self.rates * (1 - np.eye(len(self.rates), dtype=int))
        # one more than the largest exit rate: every state also stays with positive probability
        jumps = off / (1 + off.sum(1).max())
        return jumps + np.diag(1 - jumps.sum(1))


def chain(rates) -> Chain:
    """Make a chain with the given integer rates."""
    fractions = [[Fraction(int(rate)) for rate in row] for row in rates]
    return Chain(np.array(fractions, object))


def is_irreducible(chain: Chain) -> bool:
    """Tell whether every state is reached from every other."""
    return connected_components(chain.rates != 0, connection="strong")[0] == 1


def draw_chain(draws: Draws) -> Chain:
    """Draw two to four states with sparse integer rates and a cycle that keeps the chain irreducible."""
    n = draws.integers(2, 4)
    rates = draws.integers(0, 5, shape=(n, n))
    order = draws.permutation(n)
    rates[order, np.roll(order, 1)] += 1
    return chain(rates)


INTEGER_CHAINS = Family(
    "integer-chains",
    always=(
        # two states, where pi = (b, a) / (a + b)
        *(chain([[0, a], [b, 0]]) for a, b in itertools.product((1, 2, 3), repeat=2)),
        chain([[0, 1, 0], [0, 0, 2], [3, 0, 0]]),  # a cycle: one tree for each root
        chain([[0, 1, 2], [2, 0, 1], [1, 1, 0]]),
    ),
    draw=draw_chain,
)


def kuhn_chain() -> Chain:
    """Make the perturbed chain of the 3-player Kuhn meta-game with two strategies each, in Fractions."""
    game = load_kuhn(3, iterations=1, exact=True)
    return Chain(transition_matrix(game, alpha=np.inf, perturbation=Fraction(1, 100), format="dense"))


RETURN_CHAINS = Family(
    "return-chains",
    always=lambda: (chain([[0, 1], [2, 0]]), chain([[0, 1, 0], [0, 0, 2], [3, 0, 0]]), kuhn_chain()),
    draw=draw_chain,
)
WALKS = Family("walks", always=(chain([[0, 1], [3, 0]]), chain([[0, 1, 0], [0, 0, 2], [3, 1, 0]])), draw=draw_chain)

# --- a mutant in a population ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """The advantage u of a mutant in a population (alpha times payoff), the population's size, and a step of u."""

    advantage: float
    population_size: int
    step: float = 0.125


MUTANTS = Family(
    "mutants",
    # neutral; for, against, and far against the mutant; and nearly neutral, where 1 - e^-u would cancel
    always=(Mutant(0.0, 2), Mutant(1.0, 2), Mutant(-3.0, 3), Mutant(0.5, 10), Mutant(-40.0, 5), Mutant(2.0**-30, 8)),
    draw=lambda draws: Mutant(draws.integers(-256, 256) / 16.0, draws.integers(2, 12), 2.0 ** -draws.integers(0, 8)),
)


@dataclass(frozen=True)
class SinglePopulation:
    """A symmetric game M(r, s), played at intensity alpha by one population of size m."""

    table: np.ndarray
    fitness: str
    alpha: float
    population_size: int


def log_chances(single: SinglePopulation, rng: np.random.Generator) -> np.ndarray:
    """Compute with the library log probabilities that the mutant r takes over from s, all s and all r != s."""
    table, m = single.table, single.population_size
    rates = profile_chain(table, population="single", fitness=single.fitness, population_size=m)
    return rates.log_rates(single.alpha, m) + np.log(max(1, len(table) - 1))


def draw_single(draws: Draws) -> SinglePopulation:
    """Draw two or three strategies with dyadic payoffs; half of the games have a constant sum."""
    n = draws.integers(2, 3)
    table = draws.integers(-16, 16, shape=(n, n)) / 8.0
    if draws.integers(0, 1):
        table = table - table.T + 0.5
    fitness = draws.choice(("local", "global"))
    return SinglePopulation(table, fitness, draws.choice((0.125, 1.0, 4.0)), draws.integers(2, 9))


# M(r, s) + M(s, r) is 0 here, 1 when 1/2 is added, and not constant in GENERAL, the prisoner's dilemma
BIASED_RPS = np.array([[0.0, -0.5, 1.0], [0.5, 0.0, -0.125], [-1.0, 0.125, 0.0]])
GENERAL = np.array([[3.0, 0.0], [5.0, 1.0]])

SINGLE_POPULATIONS = Family(
    "single-populations",
    always=(
        SinglePopulation(BIASED_RPS, "local", 1.0, 8),
        SinglePopulation(BIASED_RPS, "global", 1.0, 8),
        SinglePopulation(BIASED_RPS + 0.5, "global", 4.0, 3),
        SinglePopulation(GENERAL, "global", 0.5, 10),
        SinglePopulation(GENERAL, "local", 0.5, 2),
    ),
    draw=draw_single,
)

# --- two chains with rates of the same support ----------------------------------------------------------------------


@dataclass(frozen=True)
class ChainPair:
    """The rates of two chains, (n, n) positive Fractions off the diagonal."""

    rates: np.ndarray
    other: np.ndarray


def chain_pair(rates, other) -> ChainPair:
    """Make two chains with the given integer rates; the diagonal is set to 1 and not read."""
    return ChainPair(*(chain(np.where(np.eye(len(table)), 1, table)).rates for table in (rates, other)))


def draw_pair(draws: Draws) -> ChainPair:
    """Draw two chains on two to four states, whose rates from 1 to 8 are independent."""
    n = draws.integers(2, 4)
    return chain_pair(draws.integers(1, 8, shape=(n, n)), draws.integers(1, 8, shape=(n, n)))


CHAIN_PAIRS = Family(
    "chain-pairs",
    always=(
        chain_pair([[0, 1], [1, 0]], [[0, 1], [1, 0]]),
        chain_pair([[0, 1], [1, 0]], [[0, 2], [1, 0]]),
        chain_pair([[0, 1, 2], [2, 0, 1], [1, 1, 0]], [[0, 2, 1], [1, 0, 2], [2, 2, 0]]),
    ),
    tight=(Tight(chain_pair([[0, 2], [1, 0]], [[0, 1], [2, 0]]), 0.5, 1.0),),  # attains MI-L2, and half of MI-L3
    draw=draw_pair,
)

"""Instances of chains with rational rates, and their laws, return times and chances of absorption in Fractions.

A replayed instance is found by the module and the name of its class, and the streams of random numbers depend on
both; so a class that moves to another file takes its stored instances with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
from scipy.sparse.csgraph import connected_components

from lrtheory.alpha_rank import stationary_distribution
from lrtheory.bounds import Draws, Family


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


def exact_law(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """Compute the stationary law in Fractions, by elimination."""
    return stationary_distribution(chain.rates, rational=True).pi


def fmpq(value: Fraction) -> flint.fmpq:
    """Convert a Fraction to a rational of FLINT."""
    return flint.fmpq(value.numerator, value.denominator)


def fraction(value: flint.fmpq) -> Fraction:
    """Convert a rational of FLINT to a Fraction."""
    return Fraction(int(value.p), int(value.q))


def hitting_times(p: np.ndarray, s: int) -> np.ndarray:
    """Compute the mean times h to hit the state s, 0 from s itself; they solve (I - P) h = 1 off s.

    The transition matrix P is of shape (n, n), in Fractions.
    """
    others = [y for y in range(len(p)) if y != s]
    system = [[flint.fmpq(int(x == y)) - fmpq(p[x, y]) for y in others] for x in others]
    found = flint.fmpq_mat(system).solve(flint.fmpq_mat([[flint.fmpq(1)]] * len(others)))
    times = np.full(len(p), Fraction(0), object)
    times[others] = [fraction(found[i, 0]) for i in range(len(others))]
    return times


def return_times(chain: Chain) -> np.ndarray:
    """Compute R(s) = 1 + sum_y P(s, y) h_s(y), with the times h_s to hit s."""
    p = chain.probabilities
    return np.array([1 + p[s] @ hitting_times(p, s) for s in range(len(p))], object)


def absorption(proportions: Sequence[Fraction]) -> Fraction:
    """Compute the chance of a birth and death chain to reach m before 0, from 1, by its linear system.

    From i one more and one less come as 1 to x_i, so (1 + x_i) h_i = h_{i+1} + x_i h_{i-1}, with h_0 = 0 and h_m = 1.
    """
    n, x = len(proportions), [fmpq(one) for one in proportions]
    system = [[(1 + x[i]) * (i == j) - (j == i + 1) - x[i] * (j == i - 1) for j in range(n)] for i in range(n)]
    into = [[flint.fmpq(int(i == n - 1))] for i in range(n)]
    return fraction(flint.fmpq_mat(system).solve(flint.fmpq_mat(into))[0, 0])


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

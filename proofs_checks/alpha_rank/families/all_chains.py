"""Chains whose rates are letters for positive numbers, and the kernels' bodies on them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.bounds import Generic
from proofs_checks.alpha_rank.families.chains import Chain


def with_rates(n_states: int, *rates: Any) -> Chain:
    """Make the chain of its rates, which come row by row without the diagonal."""
    C = np.full((n_states, n_states), Fraction(0))
    C[~np.eye(n_states, dtype=bool)] = [rate * Fraction(1) for rate in rates]
    return Chain(C)


def eliminated(chain: Chain) -> np.ndarray:
    """Compute the stationary law by the kernels' bodies, on rates of any kind."""
    A, n = chain.rates.copy(), len(chain.rates)
    exits, pi = np.zeros(n, object), np.zeros(n, object)
    pi[0] = 1
    if elimination.eliminate.py_func(A, exits) >= 0:
        raise must("chain", "a chain with a way from every state", chain.rates)
    elimination.stationary.py_func(A, pi)
    return pi / sum(pi)


def all_chains(n_states: int, outcome: Callable[[Chain], Any] = eliminated, **options: Any) -> Generic:
    """Return the set of all chains with a number of states and positive rates."""
    names = [f"c{i}{j}" for i in range(n_states) for j in range(n_states) if i != j]
    words = f"chains of {n_states} states with positive rates"
    return Generic(words, partial(with_rates, n_states), names, outcome=outcome, **options)


def determinant(A: np.ndarray) -> Any:
    """Compute a determinant by Leibniz' sum, which divides nothing."""
    n, total = len(A), 0
    for order in itertools.permutations(range(n)):
        inversions = sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n))
        total = total + (-1) ** inversions * math.prod(A[i, order[i]] for i in range(n))
    return total


def before_leaving(chain: Chain, states: Sequence[int], b: np.ndarray) -> np.ndarray:
    """Solve exit_x h_x - sum_y C_xy h_y = b_x over some states by Cramer's rule, whose divisor is a sum of forests."""
    C, k = chain.rates, len(states)
    system = -C[np.ix_(states, states)]
    for x, state in enumerate(states):
        system[x, x] = sum(C[state, j] for j in range(len(C)) if j != state)
    columns = [np.where(np.arange(k) == x, np.reshape(b, (-1, 1)), system) for x in range(k)]
    return np.array([determinant(one) for one in columns], object) / determinant(system)

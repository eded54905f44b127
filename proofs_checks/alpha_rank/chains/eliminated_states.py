"""A chain whose states are eliminated one by one, and the work of it."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import flint
import numpy as np

from lrtheory.alpha_rank import stationary_distribution
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.bounds import Classical, Identity, Sides, Statement, saboteur
from proofs_checks.alpha_rank.families.all_chains import all_chains, before_leaving
from proofs_checks.alpha_rank.families.chains import INTEGER_CHAINS, Chain, fmpq, fraction, is_irreducible


def reduced_chains(chain: Chain, rng: np.random.Generator | None) -> np.ndarray:
    """Return the rates out of and into k of the chain on 0..k, for every k, as elimination leaves them: (2, n, n)."""
    # below the diagonal of the trace stand rates A[k, j]; above it A[i, k] / sigma_k, which sigma_k makes rates again
    trace = chain.rates.copy()
    exits = np.array([Fraction(0)] * len(trace), object)
    elimination.eliminate.py_func(trace, exits)
    return np.stack([np.tril(trace, -1), np.triu(trace, 1).T * exits[:, None]])


def complements(chain: Chain) -> np.ndarray:
    """Compute the rates of `reduced_chains` by linear algebra: R_LL + R_LH (I - P_HH)^-1 P_HL, H the states above k."""
    p, n = chain.probabilities, len(chain.rates)
    # rates are `scale` times probabilities, see `Chain.probabilities`
    scale = 1 + (chain.rates * (1 - np.eye(n, dtype=int))).sum(1).max()
    found = np.full((2, n, n), Fraction(0), object)
    for k in range(n):
        low, high = range(k + 1), range(k + 1, n)
        detour = np.zeros((k + 1, k + 1), dtype=int)
        if len(high):
            system = [[flint.fmpq(int(x == y)) - fmpq(p[x, y]) for y in high] for x in high]
            back = flint.fmpq_mat(system).solve(flint.fmpq_mat([[fmpq(p[x, y]) for y in low] for x in high]))
            detour = p[np.ix_(low, high)] @ np.array([[fraction(back[i, j]) for j in low] for i in range(len(high))])
        reduced = scale * (p[: k + 1, : k + 1] + detour)
        found[0, k, :k], found[1, k, :k] = reduced[k, :k], reduced[:k, k]
    return found


def complements_of_rates(chain: Chain, found: np.ndarray) -> Sides:
    """Compare the rates with R_LL + R_LH h, where h_x(y) is the chance to leave the states H from x to y first."""
    C, n = chain.rates, len(chain.rates)
    due = np.full(found.shape, Fraction(0), object)
    for k in range(n):
        high, reduced = list(range(k + 1, n)), C[: k + 1, : k + 1].copy()
        for y in range(k + 1 if high else 0):
            reduced[:, y] = reduced[:, y] + C[: k + 1, k + 1 :] @ before_leaving(chain, high, C[k + 1 :, y])
        due[0, k, :k], due[1, k, :k] = reduced[k, :k], reduced[:k, k]
    return Sides(found, due)


P8 = Statement(
    id="alpha_rank/P8",
    title="Elimination leaves the stochastic complement",
    says=(
        "Eliminating the states H above k of an irreducible chain leaves, off the diagonal, the rates A^(k) of its "
        "stochastic complement on L = {0..k}: the rates R within L, plus those of the detours through H; P are the "
        "transition probabilities that belong to the rates R."
    ),
    source=Classical("stochastic complementation", "C. Meyer, SIAM Review 31, 1989"),
    tex=r"A^{(k)} = R_{LL} + R_{LH}(I - P_{HH})^{-1}P_{HL},\quad L = \{0..k\}",
    hypotheses={"irreducible": is_irreducible},
    instances=INTEGER_CHAINS,
    for_all=(
        all_chains(3, partial(reduced_chains, rng=None), sides=complements_of_rates),
        all_chains(4, partial(reduced_chains, rng=None), sides=complements_of_rates),
    ),
    solve=reduced_chains,
    claim=Identity(lambda chain, found: Sides(lhs=found, rhs=complements(chain))),
    saboteurs=(
        saboteur("transposed chain", solve=lambda chain, rng: reduced_chains(Chain(chain.rates.T), rng)),
        # the rate into state 1 is left out of every exit, which chains of two states do not show
        saboteur(
            "one exit is forgotten", patch=(elimination.eliminate, "for j in range(1, k):", "for j in range(2, k):")
        ),
    ),
)


def reported_operations(chain: Chain, rng: np.random.Generator) -> int:
    """Return the number of operations that the solver reports."""
    return stationary_distribution(chain.rates.astype(float)).counts["flops"]


def counted_operations(chain: Chain) -> int:
    """Count the operations of the kernels by running them on numbers that count; the sums of the exits are left out."""
    counts = {"operations": 0}

    class Counting(Fraction):
        """A Fraction that counts products, quotients and the sums with them."""

        def __mul__(self, other: Fraction) -> Fraction:
            counts["operations"] += 2
            return Counting(Fraction(self) * Fraction(other))

        def __add__(self, other: Fraction) -> Fraction:
            return Counting(Fraction(self) + Fraction(other))

        def __truediv__(self, other: Fraction) -> Fraction:
            return Counting(Fraction(self) / Fraction(other))

    n = len(chain.rates)
    trace = np.array([[Counting(rate) for rate in row] for row in chain.rates], object)
    exits, pi = (np.array([Counting(0)] * n, object) for _ in range(2))
    pi[0] = Counting(1)
    elimination.eliminate.py_func(trace, exits)
    elimination.stationary.py_func(trace, pi)
    return counts["operations"]


AR_T10 = Statement(
    id="alpha_rank/AR-T10",
    title="What the elimination costs, counted one by one",
    says=(
        "Solving an irreducible chain of n states without subtraction takes 2 k^2 multiplications and additions to "
        "remove each state k = 1, ..., n - 1 and n (n - 1) more to put the states back, which is (2/3) n^3 up to "
        "terms of order n^2."
    ),
    source=Classical("Gaussian elimination without subtraction", "W. Grassmann et al., Operations Research 33, 1985"),
    tex=r"2\sum_{k<n} k^2 + n(n-1) = \tfrac23 n^3 + O(n^2)",
    hypotheses={"irreducible": is_irreducible},
    instances=INTEGER_CHAINS,
    solve=reported_operations,
    claim=Identity(lambda chain, count: Sides(lhs=count, rhs=counted_operations(chain))),
    closed="The counts are those of the library's own kernels, run on numbers that count.",
    saboteurs=(
        saboteur("n^3", solve=lambda chain, rng: len(chain.rates) ** 3),
        saboteur("one operation short", solve=lambda chain, rng: reported_operations(chain, rng) - 1),
    ),
    notes="A product and the sum that takes it up are two operations.",
)

"""The Markov chain behind alpha-Rank: the tree theorem, and Kac's lemma on return times."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import flint
import numpy as np

from lrtheory.alpha_rank import stationary_distribution, theory
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.bounds import Classical, Expectation, Identity, Sides, Statement, saboteur
from proofs_checks.alpha_rank import wrong_solvers
from proofs_checks.alpha_rank.families.chains import INTEGER_CHAINS, RETURN_CHAINS, WALKS, Chain, is_irreducible

STEPS = 4  # of a walk


def exact_law(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """Compute the stationary law in Fractions, by elimination."""
    return stationary_distribution(chain.rates, rational=True).pi


AR_T8 = Statement(
    id="alpha_rank/AR-T8",
    title="Markov chain tree theorem",
    says=(
        "In an irreducible chain pi(s) is proportional to the summed weight of the spanning trees T that are directed "
        "into the state s, where the weight of a tree is the product of the rates C_e of its edges e."
    ),
    source=Classical("Markov chain tree theorem", "V. Anantharam, P. Tsoucas, Statist. Probab. Lett. 8, 1989"),
    tex=r"\pi(s) \propto \sum_{T \to s} \prod_{e \in T} C_e",
    hypotheses={"irreducible": is_irreducible},
    instances=INTEGER_CHAINS,
    solve=exact_law,
    claim=Identity(lambda chain, pi: Sides(lhs=pi, rhs=theory.tree_weights(chain.rates))),
    saboteurs=(
        saboteur("transposed chain", solve=wrong_solvers.transposed),
        # it is right where the rates into each state sum to those out of it, as on a cycle of equal rates
        saboteur("right eigenvector", solve=wrong_solvers.right_eigenvector),
        saboteur("rows divided by their sums", solve=wrong_solvers.jumps_alone),
        saboteur(
            "trees that leave the root", claim=Identity(lambda chain, pi: Sides(pi, theory.tree_weights(chain.rates.T)))
        ),
        # subtle: only detours into the state just below the removed one are lost, so chains of two states stay right
        saboteur(
            "one detour is not added",
            patch=(
                elimination.eliminate,
                "for j in range(k):\n                    A[i",
                "for j in range(k - 1):\n                    A[i",
            ),
        ),
    ),
)


def return_times(chain: Chain) -> np.ndarray:
    """Compute R(s) = 1 + sum_y P(s, y) h_s(y); the times h_s to hit s solve (I - P) h = 1 off the state s."""
    p = chain.probabilities
    n = len(p)
    times = []
    for s in range(n):
        others = [y for y in range(n) if y != s]
        system = [[flint.fmpq(int(x == y)) - fmpq(p[x, y]) for y in others] for x in others]
        hitting = flint.fmpq_mat(system).solve(flint.fmpq_mat([[flint.fmpq(1)]] * (n - 1)))
        times.append(1 + sum(p[s, y] * fraction(hitting[i, 0]) for i, y in enumerate(others)))
    return np.array(times, object)


P6 = Statement(
    id="alpha_rank/P6",
    title="Kac's lemma: mass times mean return time",
    says=(
        "In an irreducible chain the stationary mass pi(s) of a state s times R(s), the mean number of steps until a "
        "walk that starts in s is back in s, is exactly 1."
    ),
    source=Classical("Kac's lemma", "J. Norris, Markov Chains, 1997, Theorem 1.7.7"),
    tex=r"\pi(s)\, R(s) = 1",
    hypotheses={"irreducible": is_irreducible},
    instances=RETURN_CHAINS,
    solve=exact_law,
    claim=Identity(lambda chain, pi: Sides(lhs=pi * return_times(chain), rhs=np.ones(len(pi), dtype=int))),
    saboteurs=(
        saboteur("transposed chain", solve=wrong_solvers.transposed),
        saboteur(
            "time to hit, not to return", claim=Identity(lambda chain, pi: Sides(pi * (return_times(chain) - 1), 1))
        ),
        # the diagonal enters, where the elimination leaves numbers that no right solver reads
        saboteur(
            "the last state is put back twice", patch=(elimination.stationary, "range(i + 1, n)", "range(max(1, i), n)")
        ),
    ),
    notes="Runs on the perturbed chain of three-player Kuhn poker, in Fractions.",
)


def visits(chain: Chain, rng: np.random.Generator, n: int, law=exact_law) -> np.ndarray:
    """Count visits to state 0 in STEPS steps of n walks, whose first state is drawn from the stationary law."""
    p = chain.probabilities.astype(float)
    start, rows = np.cumsum(law(chain, rng).astype(float)), np.cumsum(p, 1)
    # inverse transform on cumulative sums, which rounding may leave below 1: hence the clip
    state = (rng.random((n, 1)) > start).sum(1).clip(0, len(p) - 1)
    seen = np.zeros(n)
    # few steps, so that the walk cannot forget a wrong first state
    for _ in range(STEPS):
        seen += state == 0
        state = (rng.random((n, 1)) > rows[state]).sum(1).clip(0, len(p) - 1)
    return seen


P6_VISITS = Statement(
    id="alpha_rank/P6-visits",
    title="A stationary walk visits each state as its mass says",
    says=(
        "A walk X_0, X_1, ... whose first state is drawn from the stationary law pi of an irreducible chain is in the "
        "state s at H pi(s) of the times t = 0, ..., H - 1 on average."
    ),
    source=Classical("stationarity", "J. Norris, Markov Chains, 1997, section 1.7"),
    tex=r"\mathbb E\,|\{t < H : X_t = s\}| = H\,\pi(s)",
    hypotheses={"irreducible": is_irreducible},
    instances=WALKS,
    solve=visits,
    claim=Expectation(
        sample=lambda chain, seen: seen,
        equals=lambda chain: STEPS * float(theory.tree_weights(chain.rates)[0]),
        within=lambda chain: STEPS / 16,
        support=lambda chain: (0, STEPS),
    ),
    saboteurs=(
        saboteur("starts anywhere", solve=partial(visits, law=wrong_solvers.right_eigenvector)),
        saboteur("starts by the transposed chain", solve=partial(visits, law=wrong_solvers.transposed)),
    ),
    notes="A return time has no almost sure range; visits within H steps have.",
)


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


def fmpq(value: Fraction) -> flint.fmpq:
    """Convert a Fraction to a rational of FLINT."""
    return flint.fmpq(value.numerator, value.denominator)


def fraction(value: flint.fmpq) -> Fraction:
    """Convert a rational of FLINT to a Fraction."""
    return Fraction(int(value.p), int(value.q))

"""The Markov chain behind alpha-Rank: the tree theorem, and Kac's lemma on return times."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import flint
import numpy as np

from lrtheory.alpha_rank import elimination, stationary_distribution, theory
from lrtheory.bounds import Classical, Expectation, Identity, Sides, Statement, saboteur
from proofs_checks.alpha_rank import mutants
from proofs_checks.alpha_rank.families import INTEGER_CHAINS, RETURN_CHAINS, WALKS, Chain, is_irreducible

STEPS = 4  # of a walk


def exact_law(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """The stationary law in Fractions, by elimination."""
    return stationary_distribution(chain.rates, rational=True).pi


AR_T8 = Statement(
    id="alpha_rank/AR-T8",
    title="Markov chain tree theorem",
    source=Classical("Markov chain tree theorem", "V. Anantharam, P. Tsoucas, Statist. Probab. Lett. 8, 1989"),
    tex=r"\pi(s) \propto \sum_{T \to s} \prod_{e \in T} C_e",
    hypotheses={"irreducible": is_irreducible},
    instances=INTEGER_CHAINS,
    solve=exact_law,
    claim=Identity(lambda chain, pi: Sides(lhs=pi, rhs=theory.tree_weights(chain.rates))),
    saboteurs=(
        saboteur("transposed chain", solve=mutants.transposed),
        saboteur("right eigenvector", solve=mutants.right_eigenvector),
        saboteur(
            "trees that leave the root", claim=Identity(lambda chain, pi: Sides(pi, theory.tree_weights(chain.rates.T)))
        ),
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
    """R(s) = 1 + sum_y P(s, y) h_s(y), with the times h_s to hit s from the linear system (I - P) h = 1 off s."""
    p = chain.probabilities
    n = len(p)
    times = []
    for s in range(n):
        others = [y for y in range(n) if y != s]
        system = [[flint.fmpq(int(x == y)) - _fmpq(p[x, y]) for y in others] for x in others]
        hitting = flint.fmpq_mat(system).solve(flint.fmpq_mat([[flint.fmpq(1)]] * (n - 1)))
        times.append(1 + sum(p[s, y] * _fraction(hitting[i, 0]) for i, y in enumerate(others)))
    return np.array(times, object)


P6 = Statement(
    id="alpha_rank/P6",
    title="Kac's lemma: mass times mean return time",
    source=Classical("Kac's lemma", "J. Norris, Markov Chains, 1997, Theorem 1.7.7"),
    tex=r"\pi(s)\, R(s) = 1",
    hypotheses={"irreducible": is_irreducible},
    instances=RETURN_CHAINS,
    solve=exact_law,
    claim=Identity(lambda chain, pi: Sides(lhs=pi * return_times(chain), rhs=np.ones(len(pi), dtype=int))),
    saboteurs=(
        saboteur("transposed chain", solve=mutants.transposed),
        saboteur(
            "time to hit, not to return", claim=Identity(lambda chain, pi: Sides(pi * (return_times(chain) - 1), 1))
        ),
        saboteur(
            "the last state is put back twice", patch=(elimination.stationary, "range(i + 1, n)", "range(max(1, i), n)")
        ),
    ),
    notes="Runs on the epsilon-chain of three-player Kuhn poker, in Fractions.",
)


def visits(chain: Chain, rng: np.random.Generator, n: int, law=exact_law) -> np.ndarray:
    """Visits to state 0 within STEPS steps of n walks, the first state drawn from the stationary law."""
    p = chain.probabilities.astype(float)
    start, rows = np.cumsum(law(chain, rng).astype(float)), np.cumsum(p, 1)
    state = (rng.random((n, 1)) > start).sum(1).clip(0, len(p) - 1)
    seen = np.zeros(n)
    for _ in range(STEPS):
        seen += state == 0
        state = (rng.random((n, 1)) > rows[state]).sum(1).clip(0, len(p) - 1)
    return seen


P6_VISITS = Statement(
    id="alpha_rank/P6-visits",
    title="Visits of a stationary walk",
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
        saboteur("starts anywhere", solve=partial(visits, law=mutants.right_eigenvector)),
        saboteur("starts by the transposed chain", solve=partial(visits, law=mutants.transposed)),
    ),
    notes="A return time has no almost sure range; visits within H steps have.",
)


def _fmpq(value: Fraction) -> flint.fmpq:
    return flint.fmpq(value.numerator, value.denominator)


def _fraction(value: flint.fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))

"""The law of an irreducible chain, by its spanning trees.

C are the rates of the chain, from row to column.
"""

from __future__ import annotations

import math

import numpy as np

from lrtheory._kernels.units import scaled, unit_of
from lrtheory._validation import must
from lrtheory.alpha_rank import stationary_distribution
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.bounds import Classical, Identity, Sides, Statement, formula, saboteur
from proofs_checks.alpha_rank.certificates.trees import trees_into
from proofs_checks.alpha_rank.families.all_chains import all_chains
from proofs_checks.alpha_rank.families.chains import INTEGER_CHAINS, Chain, exact_law, is_irreducible
from proofs_checks.alpha_rank.families.wrong_solvers import right_eigenvector, transposed


def jumps_alone(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    """Solve the chain of jumps (rows divided by their sums), which forgets how long each state lasts."""
    return stationary_distribution(chain.rates / chain.rates.sum(1, keepdims=True), rational=True).pi


@formula(C="n x n in [0, inf)")
def tree_weights(C: np.ndarray) -> np.ndarray:
    """The stationary law, by enumeration of all spanning trees. Fractions are summed exactly.

    There are n^(n - 1) choices for each root, so at most 7 states are taken.
    """
    n = len(C)
    if not 1 <= n <= 7:
        raise must("C", "the rates of 1 to 7 states", C.shape)
    if C.dtype.kind == "f":  # products of n - 1 rates leave the range of doubles in some units, which do not matter
        C = scaled(C.astype(np.float64), -unit_of(C))
    weights = [C[0, 0] * 0 for _ in range(n)]
    for root in range(n):
        for tree in trees_into(root, n):
            weights[root] += math.prod((C[move] for move in tree.items()), start=1)
    total = sum(weights)
    if total == 0:
        raise must("C", "a chain with a spanning tree", C)
    found = [weight / total for weight in weights]
    return np.array(found, np.float64 if all(isinstance(x, float) for x in found) else object)


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
    for_all=(all_chains(3), all_chains(4)),
    solve=exact_law,
    claim=Identity(lambda chain, pi: Sides(lhs=pi, rhs=tree_weights(chain.rates))),
    saboteurs=(
        saboteur("transposed chain", solve=transposed),
        # it is right where the rates into each state sum to those out of it, as on a cycle of equal rates
        saboteur("right eigenvector", solve=right_eigenvector),
        saboteur("rows divided by their sums", solve=jumps_alone),
        saboteur("trees that leave the root", claim=Identity(lambda chain, pi: Sides(pi, tree_weights(chain.rates.T)))),
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

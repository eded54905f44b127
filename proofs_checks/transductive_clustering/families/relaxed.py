"""The energy without entropy, inside of the simplices too, and one update of the start."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory._numbers import plain, table
from lrtheory._types import ArrayLike, SparseArray
from lrtheory.bounds import Number, formula
from lrtheory.transductive_clustering import laplacian_energy
from lrtheory.transductive_clustering.theory.arguments import quadratic, square
from proofs_checks.transductive_clustering.families.definitions import Case
from proofs_checks.transductive_clustering.families.paths import descend


@formula(Z="N x K", lam="[0, inf)")
def pair_energy(Z: np.ndarray, A: ArrayLike, W: ArrayLike | SparseArray, lam: Number) -> Number:
    """E(Z), the energy without entropy of assignments Z with the costs A, the affinity W and its weight lambda, `lam`.

    <A, Z> - (lambda / 2) tr(Z' W Z).
    """
    A, W = table("A", A, shape=Z.shape), square(W, len(Z), name="W")
    return plain((A * Z).sum() - lam * quadratic(Z, W) / 2)


def inside(case: Case, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return concave and convex energy without entropy at the start."""
    concave = pair_energy(case.init, case.costs, case.affinity, case.lam)
    return np.array([float(concave), float(laplacian_energy(case.init, case.costs, case.affinity, lam=case.lam))])


def one_update(case: Case, rng: np.random.Generator | None = None, **changes: Any) -> np.ndarray:
    """Return S(Z) of the start."""
    return descend(replace(case, **changes), n_updates=1).assignments[1]

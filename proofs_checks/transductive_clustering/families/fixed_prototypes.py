"""Quantities of runs with fixed prototypes: squared steps, n times their least, and a bound below all energies."""

from __future__ import annotations

import numpy as np

from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering.families.definitions import Case


def squared_steps(Z: np.ndarray, apart: int = 1) -> np.ndarray:
    """Return the squared distances between assignments that are `apart` updates from each other."""
    return ((Z[apart:] - Z[:-apart]) ** 2).sum((1, 2))


def n_times_the_least(terms: np.ndarray) -> np.ndarray:
    """Return n times the least of the first n terms, for each n."""
    return np.arange(1, len(terms) + 1) * np.minimum.accumulate(terms)


def lower_bound(case: Case) -> float:
    """Return a number below all energies."""
    full = {"n_free": int(case.free.sum()), "lam": case.lam, "temperature": case.temperature}
    return float(theory.energy_lower_bound(case.costs, case.affinity, **full))

"""Updates of curvature that invert something else, and directions that leave a factor out."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.low_rank_optimizers.optimizers.curvature import stabilized, update_curvature
from lrtheory.low_rank_optimizers.optimizers.mkor import preconditioned
from proofs_checks.low_rank_optimizers.families.curvature.inverses import Walk, counted_path, fractions, inverse, path
from proofs_checks.low_rank_optimizers.families.curvature.preconditioners import Pair, Stable

Found = dict[str, Any]


def stale(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """See each vector one step late."""
    late = np.vstack([0 * case.seen[:1], case.seen[:-1]])
    return path(Walk(case.L, late, case.decay, case.along))


def undamped(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Let the matrix decay alone, as if no vector had been seen."""
    X, found = inverse(fractions(case.L)), []
    for _ in case.seen:
        X = case.decay * X
        found.append(X)
    return {"X": np.array(found, object)}


def both_published(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Return the path of the thesis's formula for both."""
    X = path(case, method="published")["X"]
    return {"exact": X, "published": X}


def wound_down(case: Walk, rng: np.random.Generator | None = None) -> Found:
    """Stabilize each exact update, with a weight of seven eighths."""
    X, found = inverse(fractions(case.L)), []
    for g in fractions(case.seen):
        X = stabilized(np, update_curvature(X, g, decay=case.decay), Fraction(7, 8))
        found.append(X)
    return counted_path(case) | {"X": np.array(found, object)}


def one_sided(case: Pair, rng: np.random.Generator | None = None) -> Found:
    """Leave the right factor out."""
    return {"update": preconditioned(np, case.factors[0], case.G, np.eye(case.G.shape[1]))}


def inverted(case: Pair, rng: np.random.Generator | None = None) -> Found:
    """Use the factors of curvature in the place of their inverses."""
    left, right = map(np.linalg.inv, case.factors)
    return {"update": preconditioned(np, left, case.G, right)}


def opposite(case: Pair, rng: np.random.Generator | None = None) -> Found:
    """Point the other way."""
    left, right = case.factors
    return {"update": -preconditioned(np, left, case.G, right)}


def swapped(case: Stable, rng: np.random.Generator | None = None) -> Found:
    """Give the identity the weight of the matrix."""
    return {"X": stabilized(np, case.matrix, 1 - case.zeta)}

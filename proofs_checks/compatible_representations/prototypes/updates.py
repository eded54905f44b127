"""Which change of a class mean keeps it furthest from the means of all other classes.

w_y are unit class means of the old encoder, and delta is a change of unit length of the mean of class y. Its margin is
the least of -<delta, w_y'> over the other classes y'.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.compatible_representations import simplex_prototypes
from proofs_checks.compatible_representations.families.coordinates import in_frame, norms


@dataclass(frozen=True)
class Changed:
    """A class y, and changes of its mean: rows of K integers c, for the directions sum over j of c_j w_j."""

    y: int
    changes: np.ndarray


def is_changed(case: Changed) -> bool:
    """Decide whether there are three or more classes, and no change is 0."""
    K = case.changes.shape[1]
    return K > 2 and 0 <= case.y < K and bool((norms(case.changes) > 0).all())


def draw_changed(draws: Draws) -> Changed:
    """Draw up to six changes of the mean of one of three to seven classes."""
    K = draws.integers(3, 7)
    changes = draws.integers(-4, 4, shape=(draws.integers(1, 6), K))
    y = draws.integers(0, K - 1)
    changes[(changes == changes[:, :1]).all(1), y] += 1  # equal coordinates are the direction 0
    return Changed(y, changes)


CHANGED = Family(
    "changes-of-means",
    always=(
        Changed(0, np.array([[1, 0, 0], [0, -1, -1], [0, -1, 0], [5, 1, 0]])),
        Changed(2, np.array([[0, 0, 1, 0], [1, -1, 0, 0], [-3, -1, 2, 0]])),
        Changed(4, np.eye(6, dtype=np.int64)),
    ),
    draw=draw_changed,
)


@dataclass(frozen=True)
class Moved:
    """Unit means of all classes, and the change of unit length of each that keeps it furthest from the others."""

    means: np.ndarray
    changes: np.ndarray


def stationary(case: Changed, rng: np.random.Generator, turn: int = 0) -> Moved:
    """Return the library's prototypes, each of which moves along itself, or along the `turn`-th one after it."""
    W = simplex_prototypes(case.changes.shape[1])
    return Moved(W, np.roll(W, -turn, axis=0))


def not_centred(case: Changed, rng: np.random.Generator) -> Moved:
    """Return the first K - 1 unit vectors and one opposite to their mean, each of which moves along itself."""
    K = case.changes.shape[1]
    W = np.vstack([np.eye(K - 1), np.full((1, K - 1), -1 / math.sqrt(K - 1))])
    return Moved(W, W)


@formula(K="[2, inf)")
def largest_margin(K: int) -> Fraction:
    """The largest margin of a change, for K classes.

    Proof
    -----
    Assumes: delta and the means w_y are unit vectors; for the bound, the means are the vertices of a regular simplex.

    Proof: the vertices have the sum 0, so that the sum of -<delta, w_y'> over the K - 1 other classes is <delta, w_y>,
    which is at most 1; the least of them is at most 1 / (K - 1). Equality forces <delta, w_y> = 1, which is delta =
    w_y. For other unit means and delta = w_y the worst margin is minus the largest product of two means, which is at
    most 1 / (K - 1) too, with equality for the simplex alone (statement SX-1).
    """
    return Fraction(1, K - 1)


def within_margin(case: Changed, found: Moved, share: Number = 1) -> Sides:
    """Compare the margins of all changes with the largest one, that with the margins returned, and norms with 1."""
    K, y = case.changes.shape[1], case.y
    best = float(largest_margin(K))
    products = in_frame(case.changes).astype(float) / np.sqrt(norms(case.changes).astype(float))[:, None]
    others = (-np.delete(products, y, axis=1)).min(1)
    W, U = np.asarray(found.means, float), np.asarray(found.changes, float)
    margins = [(-np.delete(W @ change, i)).min() for i, change in enumerate(U)]
    squares = np.concatenate([(W * W).sum(1), (U * U).sum(1)])
    n = len(others)
    lhs = np.concatenate([others, np.full(K, best), squares])
    rhs = np.concatenate([np.full(n, float(share) * best), margins, np.ones(2 * K)])
    trivial = np.concatenate([np.ones(n), np.full(3 * K, math.inf)])
    return Sides(lhs, rhs, trivial=trivial, rounding=rounding(32 * K, 1.0))


UNBOUNDED = "means and changes that are returned may have any length"

SX_5 = Statement(
    id="compatible_representations/SX-5",
    title="Moving along its prototype keeps a class furthest from the others",
    says=(
        "If old class means w_y are the K vertices of a regular simplex, the margin of a change delta of unit length "
        "of class y, which is the least of -<delta, w_y'> over the other classes y', is at most 1 / (K - 1), and delta "
        "= w_y has that margin."
    ),
    source=Derived(largest_margin),
    tex=(
        r"\min_{y' \ne y} -\langle \delta, w_{y'} \rangle \le \tfrac{1}{K - 1}"
        r" = \min_{y' \ne y} -\langle w_y, w_{y'} \rangle"
    ),
    hypotheses={"three or more classes, and changes that are not 0": is_changed},
    instances=CHANGED,
    solve=stationary,
    claim=Inequality(within_margin, unbounded=UNBOUNDED),
    decisions=("means", "changes"),
    saboteurs=(
        saboteur("prototypes that are not centred", solve=not_centred),
        saboteur("towards the next prototype", solve=partial(stationary, turn=1)),
        saboteur(
            "half of the margin", claim=Inequality(partial(within_margin, share=Fraction(1, 2)), unbounded=UNBOUNDED)
        ),
    ),
    notes="A reading of what the papers call optimal. With K = 2 every margin is at most 1, which says nothing.",
)

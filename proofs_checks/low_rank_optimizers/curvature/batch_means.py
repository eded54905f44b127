"""Curvature of a layer that the mean of a batch keeps.

The activations a of a batch have the mean vector of which MKOR makes a factor of curvature of rank one; the factor of
K-FAC is E[a a^T].
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import plain
from lrtheory._validation import must
from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, rounding, saboteur
from lrtheory.low_rank_optimizers.optimizers.mkor import MKOR
from proofs_checks.guards import misfit
from proofs_checks.low_rank_optimizers.families.inverses import fractions, inverse

Found = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """Activations (N, d) of integers, and sixteenths of the decay of the factor."""

    activations: np.ndarray
    sixteenths: int = 8

    @property
    def decay(self) -> Fraction:
        """The decay."""
        return Fraction(self.sixteenths, 16)


def is_batch(case: Batch) -> bool:
    """Decide whether up to 8 activations of up to 4 integers below 9, not all 0, and a decay are there."""
    a = np.asarray(case.activations)
    fits = a.ndim == 2 and a.dtype.kind in "iu" and 1 <= len(a) <= 8 and 1 <= a.shape[1] <= 4
    return fits and bool(a.any() and (np.abs(a) < 9).all()) and 2 <= case.sixteenths <= 14


def seen(case: Batch, rng: np.random.Generator | None = None, wrong: str = "") -> Found:
    """Return the inverse of the factor of activations after the first step of the library's MKOR."""
    a = np.asarray(case.activations, float)
    optimizer = MKOR(step_size=1.0, decay=float(case.decay), normalize=wrong == "normalized")
    given = a[0] if wrong == "first" else a
    optimizer.step(np.ones((1, a.shape[1])), activation=given, output_gradient=np.ones((len(a), 1)))
    return {"X": np.asarray(optimizer.get_state()["kept.right"])}


def second_moments(case: Batch, rng: np.random.Generator | None = None) -> Found:
    """Return the inverse of the factor that the second moments of the whole batch make, as in K-FAC."""
    a, gamma = np.asarray(case.activations, float), float(case.decay)
    return {"X": np.linalg.inv(gamma * np.eye(a.shape[1]) + (1 - gamma) * a.T @ a / len(a))}


@formula(a="N x d in (-inf, inf)")
def mean_share(a: np.ndarray) -> Number:
    r"""The mean vector of a batch a has this share of the trace of its second moments.

    Proof
    -----
    Assumes: not all of a is 0.

    Proof: E[a a^T] = (E a)(E a)^T + Cov(a), and the trace of the first term is \|E a\|^2, of the left side E \|a\|^2.
    The covariance is positive semidefinite, so that the share is at most 1, and 1 only where all activations are equal.
    """
    if not np.any(a):
        raise must("a", "not all 0", a)
    rows = np.reshape([Fraction(one) for one in np.asarray(a, object).ravel().tolist()], a.shape)
    mean = rows.sum(axis=0) / len(rows)
    return plain((mean * mean).sum() / ((rows * rows).sum() / len(rows)))


def keeps(case: Batch, found: Found, whole: bool = False) -> Sides:
    """Compare X with the inverse of the decayed factor of the mean, and the trace that it has kept with the share."""
    rows, gamma = fractions(case.activations), case.decay
    d = rows.shape[1]
    X = np.asarray(found["X"], float)
    off = misfit((X, (d, d)))
    if off is not None:
        return off
    mean = rows.sum(axis=0) / len(rows)
    due = inverse(gamma * fractions(np.eye(d, dtype=int)) + (1 - gamma) * np.outer(mean, mean)).astype(float)
    total = (rows * rows).sum() / len(rows)
    # d - trace(gamma X) is (1 - gamma) |mean|^2 / (gamma + (1 - gamma) |mean|^2): X has one other eigenvalue
    lost = d - float(gamma) * float(np.trace(X))
    share = 1 if whole else mean_share(np.asarray(case.activations))
    kept = (1 - gamma) * Fraction(share) * total
    lhs = np.concatenate([X.ravel(), [lost]])
    rhs = np.concatenate([due.ravel(), [float(kept / (gamma + kept))]])
    return Sides(lhs, rhs, rounding=rounding(1024, 8 / float(gamma)) * np.ones(len(lhs)))


def draw_batch(draws: Draws) -> Batch:
    """Draw a batch that is not all 0, and a decay."""
    a = draws.integers(-4, 8, shape=(draws.integers(1, 6), draws.integers(1, 4)))
    return Batch(a if a.any() else a + 1, draws.integers(2, 14))


MK_7 = Statement(
    id="low_rank_optimizers/MK-7",
    title="The mean of a batch keeps a known share of the curvature, which may be none",
    says=(
        "The first step of MKOR makes X = (gamma I + (1 - gamma) (E a)(E a)^T)^(-1) of the activations a of a batch. "
        "Of the trace of E[a a^T], the factor of K-FAC, this keeps the share |E a|^2 / E|a|^2, and the covariance of "
        "the activations is what is lost: centred activations leave no curvature at all."
    ),
    source=Derived(mean_share),
    tex=(
        r"\frac{\mathrm{tr}\,(\mathbb E a)(\mathbb E a)^\top}{\mathrm{tr}\,\mathbb E[a a^\top]} = "
        r"\frac{\|\mathbb E a\|^2}{\mathbb E\|a\|^2} \le 1"
    ),
    hypotheses={"a batch of small integers, not all 0": is_batch},
    instances=Family(
        "batches",
        always=(
            Batch(np.array([[2, 1]])),
            Batch(np.array([[1, 2], [-1, -2]])),
            Batch(np.array([[3, 0, 1], [1, 0, 1], [2, 2, 1]]), 12),
            Batch(np.array([[4], [0], [0]]), 4),
        ),
        draw=draw_batch,
    ),
    solve=seen,
    claim=Identity(keeps),
    decisions=("X",),
    saboteurs=(
        saboteur("the factor of K-FAC, with the whole trace", claim=Identity(partial(keeps, whole=True))),
        saboteur("the second moments of the batch", solve=second_moments),
        saboteur("the first activation for the mean", solve=partial(seen, wrong="first")),
        saboteur("means of length one", solve=partial(seen, wrong="normalized")),
    ),
)

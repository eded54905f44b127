"""Moments of Adam that move from some columns of a basis to others."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import numbers, table
from lrtheory._types import ArrayLike
from lrtheory._validation import integer, must
from lrtheory.bounds import Derived, Family, Identity, Sides, Statement, formula, rounding, saboteur
from lrtheory.low_rank_optimizers.columns.select_columns import selected
from lrtheory.low_rank_optimizers.optimizers.dct_adamw import moved
from proofs_checks.low_rank_optimizers.families.streams import FITS, Stream, adam, draw_stream, kept, no_stream, special

Found = dict[str, Any]


def moments(case: Stream, rng: np.random.Generator | None = None) -> Found:
    """Return the columns and both moments after each step, without error feedback."""
    states, _ = adam(case, error_feedback=False)
    return {name: kept(case, states, name) for name in ("indices", "mean", "square")}


REFRESHED = Family("streams-with-refreshes", always=special, draw=partial(draw_stream, fresh=False))


UNSORTED = (
    selected,
    'np.sort(np.argsort(-scores, kind="stable")[:rank])',
    'np.argsort(-scores, kind="stable")[:rank]',
)


def different(name: str, value: ArrayLike) -> list[int]:
    """Columns of a basis, none of which comes twice."""
    found = [integer(name, entry, low=0) for entry in numbers(name, value, 0)]
    if len(set(found)) < len(found):
        raise must(name, "columns of which none comes twice", value)
    return found


@formula()
def moved_moments(moments: ArrayLike, old: ArrayLike, new: ArrayLike) -> np.ndarray:
    """The `moments` of the columns `old`, column by column, at their places in `new`, and 0 for new ones.

    Proof
    -----
    Assumes: Q is orthogonal.

    Proof: the rotation from the old to the new coordinates is Q_old^T Q_new, whose entry (i, j) is the inner product of
    two columns of Q: 1 where old[i] = new[j], else 0. So each new coordinate is an old one or has none, and what moves
    is moved whole. Since the entries are 0 and 1, second moments move as first ones do; under a dense rotation they
    would not.
    """
    before, now = (different(name, value) for name, value in (("old", old), ("new", new)))
    kept = table("moments", moments, shape=("m", len(before)))
    if len(now) != len(before):
        raise must("new", f"{len(before)} columns", new)
    found = np.zeros_like(kept)
    for place, column in enumerate(now):
        if column in before:
            found[:, place] = kept[:, before.index(column)]
    return found


def moments_move(case: Stream, found: Found) -> Sides:
    """Compare both moments with those that are rotated by Q_old^T Q_new, and the formula with that rotation."""
    T, m, _ = case.S.shape
    off = no_stream(case, found, mean=(T, m, case.rank), square=(T, m, case.rank))
    if off is not None:
        return off
    Q, b, places = case.basis, float(case.momentum), np.asarray(found["indices"], int)
    mean = square = np.zeros((m, case.rank))
    lhs, rhs = [], []
    for t, G in enumerate(case.gradients):
        if t:
            old, new = places[t - 1], places[t]
            turn = Q[:, old].T @ Q[:, new]
            lhs += [moved_moments(one, old, new) for one in (mean, square)]
            mean, square = mean @ turn, square @ turn
            rhs += [mean, square]
        a = G @ Q[:, places[t]]
        mean, square = b * mean + (1 - b) * a, 0.75 * square + 0.25 * a**2
        lhs += [np.asarray(found["mean"][t], float), np.asarray(found["square"][t], float)]
        rhs += [mean, square]
    g = float(case.largest[-1])  # no mean is larger, and no mean of squares larger than its square
    return Sides(np.ravel(lhs), np.ravel(rhs), rounding=float(rounding(16 * T * (case.S.shape[2] + 4), g + g * g)))


DC_5 = Statement(
    id="low_rank_optimizers/DC-5",
    title="Moments stay with their columns when the selection changes",
    says=(
        "Adam keeps its moments in r columns of an orthogonal basis Q, I before and J now. The rotation Q_I^T Q_J is a "
        "matrix of zeros and ones: moments of columns that are in I and J move along, and those of new columns start "
        "at 0, for squares as for means."
    ),
    source=Derived(moved_moments),
    tex=r"(Q_I^\top Q_J)_{ij} = [I_i = J_j],\qquad m_J = m_I\,Q_I^\top Q_J",
    hypotheses=FITS,
    instances=REFRESHED,
    solve=moments,
    claim=Identity(moments_move),
    decisions=("indices",),
    saboteurs=(
        saboteur(
            "as released by default: moments stay in their places",
            patch=(moved, "if np.array_equal(old, new):", "if True:"),
            printed=True,
        ),
        saboteur("the inverse rotation", patch=(moved, "np.searchsorted(old, new)", "np.searchsorted(new, old)")),
        saboteur("columns in the order of their squares", patch=UNSORTED),
    ),
    notes="A released program moves moments on request alone; by default they stay while the columns change.",
)

"""Optimizers of few columns over many steps: moments that move, errors and buffers that stay bounded: DC-5 to DC-7."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, rounding, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.columns.select_columns import selected
from lrtheory.low_rank_optimizers.optimizers.dct_adamw import DCTAdamW, moved
from lrtheory.low_rank_optimizers.optimizers.trion import Trion
from proofs_checks.guards import unlike
from proofs_checks.low_rank_optimizers.families.basis.feedback import (
    BUFFERS,
    REFRESHED,
    STALE,
    STREAMS,
    Found,
    Stream,
    buffers,
    fed_back,
    is_fresh,
    is_stream,
    moments,
    no_stream,
)
from proofs_checks.low_rank_optimizers.wrong_solvers import feedback as wrong

FITS = {"gradients of one shape and a rank": is_stream}
FRESH = {**FITS, "columns are selected anew in every step": is_fresh}
UNSORTED = (
    selected,
    'np.sort(np.argsort(-scores, kind="stable")[:rank])',
    'np.argsort(-scores, kind="stable")[:rank]',
)


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
            lhs += [theory.moved_moments(one, old, new) for one in (mean, square)]
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
    source=Derived(theory.moved_moments),
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


def stays_small(case: Stream, found: Found, factor: float = 1.0, first: bool = False) -> Sides:
    """Compare the norms of all errors with the bound, once errors and used parts follow from the columns."""
    T, m, n = case.S.shape
    off = no_stream(case, found, used=(T, m, case.rank), errors=(T, m, n))
    if off is not None:
        return off
    Q, gradients = case.basis, case.gradients
    used, errors = (np.asarray(found[name], float) for name in ("used", "errors"))
    parts = [Q[:, places] for places in np.asarray(found["indices"], int)]
    sums = gradients + np.concatenate([np.zeros((1, m, n)), errors[:-1]])
    spent = [a @ part.T for a, part in zip(used, parts, strict=True)]
    apart = [used - [A @ part for A, part in zip(sums, parts, strict=True)], errors - sums + spent]
    apart.append((sum(spent) + errors[-1] - gradients.sum(axis=0)) / T)  # as much as in one step, in each of T
    g = case.largest
    most = [theory.feedback_bound(factor * one, n, case.rank) for one in g.tolist()]
    most = [one * (1 - np.sqrt(1 - case.rank / n)) for one in most] if first else most
    lengths = np.sqrt((errors**2).sum(axis=(1, 2)))
    off = unlike(np.concatenate([one.ravel() for one in apart]), case.allowed)
    return off or Sides(lengths, most, trivial=np.arange(1, T + 1) * g, rounding=case.allowed)


DC_6 = Statement(
    id="low_rank_optimizers/DC-6",
    title="Error feedback carries a bounded error if columns are selected in every step",
    says=(
        "Each step selects the r of n columns with the largest sums of squares of G_t + E_{t-1}, uses these, and keeps "
        "the rest as the error E_t. The used parts of T steps sum to G_1 + ... + G_T - E_T, and |E_t| is at most g q / "
        "(1 - q), where q = sqrt(1 - r/n) and g is at least each |G_t|."
    ),
    source=Derived(theory.feedback_bound),
    tex=r"\textstyle\sum_tU_t = \sum_tG_t - E_T,\quad \|E_t\| \le g\,\frac{q}{1 - q},\quad q = \sqrt{1 - r/n}",
    hypotheses=FRESH,
    instances=STREAMS,
    solve=fed_back,
    claim=Inequality(stays_small),
    decisions=("indices",),
    saboteurs=(
        saboteur(
            "columns selected once for many steps", breaks="columns are selected anew in every step", instances=STALE
        ),
        saboteur("as released: sums of absolute values", solve=partial(fed_back, rule="l1"), printed=True),
        saboteur("places of the longest rows", solve=wrong.by_rows),
        saboteur(
            "the old error is forgotten",
            patch=(DCTAdamW._advance, 'made["error"] = A - (', 'made["error"] = gradient - ('),
        ),
        saboteur("4/5 of the bound", claim=Inequality(partial(stays_small, factor=0.8))),
        saboteur("g q, as after one step", claim=Inequality(partial(stays_small, first=True))),
    ),
    notes=(
        "A released program selects every 200 steps by default. With error feedback, what a stale selection misses "
        "then adds up in every step."
    ),
)


def buffer_stays_small(case: Stream, found: Found, forgets: bool = False) -> Sides:
    """Compare the norms of all buffers with the bound, once they follow from the columns."""
    T, m, n = case.S.shape
    off = no_stream(case, found, buffers=(T, m, n))
    if off is not None:
        return off
    Q, M, mu = case.basis, np.asarray(found["buffers"], float), float(case.momentum)
    parts = [Q[:, places] for places in np.asarray(found["indices"], int)]
    sums = case.gradients + np.concatenate([np.zeros((1, m, n)), M[:-1]])
    due = [X - (1 - mu) * X @ part @ part.T for X, part in zip(sums, parts, strict=True)]
    g, mu = case.largest, 0.0 if forgets else mu
    most = [theory.momentum_bound(one, n, case.rank, momentum=mu) for one in g.tolist()]
    lengths = np.sqrt((M**2).sum(axis=(1, 2)))
    off = unlike(M - due, case.allowed)
    return off or Sides(lengths, most, trivial=np.arange(1, T + 1) * g, rounding=case.allowed)


DC_7 = Statement(
    id="low_rank_optimizers/DC-7",
    title="The buffer of Trion stays bounded",
    says=(
        "Each step adds a gradient G_t to a buffer and multiplies by mu its part in the r of n columns with the "
        "largest sums of squares. The buffer M_t then has |M_t| at most g q / (1 - q), where q^2 = 1 - (1 - mu^2) r/n "
        "and g is at least each |G_t|."
    ),
    source=Derived(theory.momentum_bound),
    tex=r"\|M_t\| \le g\,\frac{q}{1 - q},\quad q = \sqrt{1 - (1 - \mu^2)\,r/n}",
    hypotheses=FITS,
    instances=BUFFERS,
    solve=buffers,
    claim=Inequality(buffer_stays_small),
    decisions=("indices",),
    saboteurs=(
        saboteur("as released: sums of absolute values", solve=partial(buffers, rule="l1"), printed=True),
        saboteur("1 - mu for mu", patch=(Trion._advance, "(S, self.momentum - 1)", "(S, -self.momentum)")),
        saboteur("as if the selected part were removed", claim=Inequality(partial(buffer_stays_small, forgets=True))),
    ),
    notes="Its released program selects by sums of absolute values, under which the bound fails.",
)

"""Optimizers of few columns over many steps: errors and buffers that stay bounded.

r of the n columns of an orthogonal basis Q are kept, and g is at least the Frobenius norm of each gradient.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact
from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, Tight, formula, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.optimizers.dct_adamw import DCTAdamW
from lrtheory.low_rank_optimizers.optimizers.trion import Trion
from lrtheory.low_rank_optimizers.theory.columns import geometric
from proofs_checks.guards import unlike
from proofs_checks.low_rank_optimizers.families.streams import (
    FITS,
    KINDS,
    Stream,
    adam,
    constant,
    draw_stream,
    kept,
    no_stream,
    special,
)

Found = dict[str, Any]


def fed_back(case: Stream, rng: np.random.Generator | None = None, rule: str = "l2") -> Found:
    """Return columns, used coefficients (the first moment of momentum 0) and errors after each step."""
    states, errors = adam(case, error_feedback=True, rule=rule)
    carried = np.array([one.T if case.transposed else one for one in errors])
    return {"indices": kept(case, states, "indices"), "used": kept(case, states, "mean"), "errors": carried}


STREAMS = Family(
    "streams-of-gradients",
    always=special,
    tight=[Tight(constant(64, 64, 63, n_steps=2), 0.874, 0.876)],
    draw=draw_stream,
)


def stale() -> list[Stream]:
    """Return gradients along one column, and then along another, after columns were selected once."""
    S = np.zeros((14, 2, 2), int)
    S[0, 0, 0], S[1:, 0, 1] = 2, 2
    return [Stream(S, "permutation", 1, refresh_every=200), Stream(S, "cosines", 1, refresh_every=200)]


def draw_stale(draws: Draws) -> Stream:
    """Return a constant gradient along another column than that of the first step."""
    size = draws.integers(1, 9)
    return Stream(stale()[0].S * size, draws.choice(KINDS), 1, refresh_every=200)


STALE = Family("streams-without-refreshes", always=stale, draw=draw_stale)


def by_rows(case: Stream, rng: np.random.Generator | None = None) -> Found:
    """Take the places of the longest rows for columns of the basis."""
    Q, (_, m, n) = case.basis, case.S.shape
    error = np.zeros((m, n))
    indices, used, errors = [], [], []
    for G in case.gradients:
        A = error + G
        lengths = ((A @ Q) ** 2).sum(axis=1)[:n]
        indices.append(np.sort(np.argsort(-lengths, kind="stable")[: case.rank]))
        used.append(A @ Q[:, indices[-1]])
        error = A - used[-1] @ Q[:, indices[-1]].T
        errors.append(error)
    return {"indices": np.array(indices), "used": np.array(used), "errors": np.array(errors)}


def is_fresh(case: Stream) -> bool:
    """Decide whether columns are selected anew in every step."""
    return case.refresh_every == 1


FRESH = {**FITS, "columns are selected anew in every step": is_fresh}


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
        saboteur("places of the longest rows", solve=by_rows),
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


def buffers(case: Stream, rng: np.random.Generator | None = None, rule: str = "l2") -> Found:
    """Return the columns and the buffer of the library's Trion after each step."""
    basis = "dct" if case.kind == "cosines" else case.basis
    made = Trion(case.rank, step_size=1.0, momentum=case.momentum, basis=basis, rule=rule)
    states = []
    for G in case.gradients:
        made.step(G.T if case.transposed else G)
        states.append(made.get_state())
    return {"indices": kept(case, states, "indices"), "buffers": kept(case, states, "buffer")}


BUFFERS = Family(
    "streams-into-a-buffer",
    always=special,
    tight=[Tight(constant(2, 2, 2, n_steps=14), 0.999, 1.0)],
    draw=draw_stream,
)


@formula(g="[0, inf)", n="[1, inf)", r="[1, n]", mu="[0, 1)")
def momentum_bound(g: Number, n: int, r: int, mu: Number) -> Number:
    r"""Trion's momentum buffer is at most this long. The selected part of the buffer is multiplied by mu.

    At r = n it is g mu / (1 - mu).

    Proof
    -----
    Assumes: the l2 rule selects in every step, from the buffer plus the gradient.

    Proof: let X = M + G and let P project on the selected columns. As P is an orthogonal projection, \|X - (1 - mu) X
    P\|^2 = \|X\|^2 - (1 - mu^2) \|X P\|^2, and \|X P\|^2 >= (r/n) \|X\|^2 by `selection_bound`. So \|M'\| <= q \|M +
    G\| <= q (\|M\| + g), and a geometric series sums that.
    """
    return geometric(g, (exact(n - r) + mu * mu * r) / n)  # without cancellation


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
    most = [momentum_bound(one, n, case.rank, mu) for one in g.tolist()]
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
    source=Derived(momentum_bound),
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

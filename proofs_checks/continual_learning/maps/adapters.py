"""The best change of a low rank."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory._numbers import numbers, plain
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import Derived, Identity, Number, Sides, Statement, formula, rounding, saboteur
from proofs_checks.continual_learning.families.runs import recursion
from proofs_checks.continual_learning.families.streams import HELD, STREAMS, Stream
from proofs_checks.continual_learning.families.truths import allowances, beside, information, norm, truth


def adapted(stream: Stream, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the factors of the best change of a rank, what they are said to cost more, and the change turned."""
    made = []
    for layout in ("rows", "torch"):
        machine = recursion(stream, "sqrt", layout=layout)
        for K, V in truth(stream, False).edits:
            machine.update(K, V)
        made.append(machine.as_adapter(stream.rank))
    found, turned = made
    return {"B": found.B, "A": found.A, "excess": found.certificate.excess, "turned": turned.dense()}


def fits_rank(case: Stream) -> bool:
    """Decide whether the rank of an adapter is between 1 and the smaller side of the map."""
    return 1 <= case.rank <= min(len(case.W0), len(case.W0[0]))


def truncated(stream: Stream, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Truncate the change itself, and say that it costs what the best change costs."""
    true, r = truth(stream, False), stream.rank
    D = true.maps[-1] - true.start
    U, s, Vt = np.linalg.svd(D, full_matrices=False)
    R = np.linalg.cholesky(information(stream).astype(float)).T
    tail = np.linalg.svd(R @ D, compute_uv=False)[r:]
    B, A = U[:, :r] * s[:r], Vt[:r]
    return {"B": B, "A": A, "excess": float(tail @ tail), "turned": (B @ A).T}


def unturned(stream: Stream, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Give the change of rows where maps are stored the other way round."""
    found = adapted(stream)
    change = found["B"] @ found["A"]
    return found | {"turned": change if change.shape == found["turned"].shape else 0 * change.T}


@formula(r="[0, inf)")
def adapter_excess(s: ArrayLike, r: int) -> Number:
    r"""The best change of rank r costs this more than the map of least cost.

    s are the singular values of R D, in descending order.

    Proof
    -----
    Assumes: M_T is positive definite, and all singular values are there (the caller).

    Proof: J_T(W_0 + X) - J_T(W_T) = \|R (X - D)\|^2 with D = W_T - W_0, as J_T is quadratic with matrix R^T R and has
    its minimum at W_T. R X has the rank of X, so by Eckart and Young the least value over changes X of rank r is the
    tail of the spectrum of R D, and X = R^{-1} [R D]_r attains it, with the truncated singular value decomposition.

    References
    ----------
    .. [1] A. Izenman, Reduced-rank regression for the multivariate linear model, J. Multivariate Analysis 1975.
    """
    values = numbers("s", s, 0)
    if any(a < b for a, b in pairwise(values)):
        raise must("s", "in descending order", s)
    return plain(sum((one * one for one in values[r:]), start=0))


def best_of_rank(stream: Stream, found: dict[str, Any]) -> Sides:
    """Compare what the factors cost more than the best map, and what they are said to, with the tail of a spectrum."""
    true, M = truth(stream, False), information(stream).astype(float)
    W = true.maps[-1]
    R = np.linalg.cholesky(M).T
    tail = adapter_excess(np.linalg.svd(R @ (W - true.start), compute_uv=False), stream.rank)
    B, A = found["B"], found["A"]
    p, d = len(W[0]), len(W)
    if B.shape != (d, stream.rank) or A.shape != (stream.rank, p) or found["turned"].shape != (p, d):
        raise ValueError(f"B, A and the change turned must be {d} x rank x {p}; got {B.shape}, {A.shape}")
    T, adapted_map = len(true.edits), true.start + B @ A
    excess = true.cost(T, adapted_map) - true.cost(T, W)
    energies = allowances(stream)[2] + float(rounding(64 * (d + p), norm(M) * norm(W - true.start) ** 2))
    turned = true.cost(T, true.start + found["turned"].T) - true.cost(T, W)
    return beside([(one, tail, energies) for one in (excess, found["excess"], turned)])


RL_19 = Statement(
    id="continual_learning/RL-19",
    title="The best adapter of a rank costs the squared values that it drops",
    says=(
        "Let R^T R = M_T be the information of all edits and D = W_T - W_0 the change of the map. The change of rank r "
        "with the least cost is R^-1 times the truncated singular value decomposition of R D, and it costs more than "
        "W_T by the sum of the squares of the singular values of R D after the r-th. No other change of that rank "
        "costs less, the adapter reports the number, and its product has the layout of the map: rows x go to x (W_0 + "
        "B A), or to x (W_0 + B A)^T where maps are stored as (outputs, inputs)."
    ),
    source=Derived(adapter_excess),
    tex=r"J_T(W_0 + R^{-1} [R D]_r) - J_T(W_T) = \sum_{i > r} \sigma_i(R D)^2",
    hypotheses=HELD | {"a rank": fits_rank},
    instances=STREAMS,
    solve=adapted,
    claim=Identity(best_of_rank),
    decisions=("B", "A"),
    saboteurs=(
        saboteur("the change itself is truncated", solve=truncated),
        saboteur("the layout is not looked at", solve=unturned),
    ),
    notes="The truncated change is as good where the information is a multiple of the identity, and never better.",
)

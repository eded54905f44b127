"""Edits that are taken out again, and the best change of a low rank: RL-13 and RL-19."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Sides, Statement, rounding, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from proofs_checks.continual_learning.families.runs import Found, adapted, taken_out
from proofs_checks.continual_learning.families.streams import LONGER_STREAMS, STREAMS, Stream, fits_rank, has_two
from proofs_checks.continual_learning.families.truths import allowances, beside, information, norm, of_forms, truth
from proofs_checks.continual_learning.recursion import HELD
from proofs_checks.continual_learning.wrong_solvers import edits as wrong


def as_if_never(stream: Stream, found: Found) -> Sides:
    """Compare maps without an edit with the batch solution of all others, and so the error about that edit."""
    i, edits = stream.gone, stream.pairs
    rest = edits[:i] + edits[i + 1 :]
    maps = [theory.ridge_solution(stream.W0, some, **stream.weights) for some in (rest[:-1], rest)]
    T = len(edits) - 1
    pairs: list[Any] = []
    for one, true, (weights, outputs, _) in of_forms(
        stream, found, weights=(2, *np.shape(stream.W0)), left=np.shape(edits[i][1])
    ):
        K, V = true.edits[i]
        due = [true.of_kind(W) for W in maps]
        # an edit is taken out through the inverse of I - P, with the condition of the information
        worse = 1 + norm(true.covariances[0]) * norm(K) ** 2
        pairs.append((one["weights"], np.stack(due), worse * weights))
        pairs.append((one["left"], V - K @ due[0], worse * outputs))
        formula = theory.leave_one_out(V - K @ true.maps[T], K @ true.covariances[T] @ K.T)
        pairs.append((one["left"], formula, worse * outputs))
    return beside(pairs)


RL_13 = Statement(
    id="continual_learning/RL-13",
    title="An edit is taken out exactly",
    says=(
        "With P = K_i C_T K_i^T, the map W_T - C_T K_i^T (I - P)^-1 (V_i - K_i W_T) is the one of least cost of all "
        "edits but the i-th, and so are the maps of later edits: nothing of it stays. What the map would get wrong "
        "about edit i, had it never been told, is (I - P)^-1 (V_i - K_i W_T)."
    ),
    source=Derived(theory.leave_one_out),
    tex=r"W_T - C_T K_i^\top (I - P_i)^{-1} (V_i - K_i W_T) = W^{-i}",
    hypotheses=HELD | {"at least two edits, and one before the last to take out": has_two},
    instances=LONGER_STREAMS,
    solve=taken_out,
    claim=Identity(as_if_never),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("I + P for I - P", solve=wrong.untaken),
        saboteur(
            "the information stays, so that the next edit goes wrong", solve=partial(wrong.untaken, wrong="information")
        ),
        saboteur("the covariance of the time of the edit", solve=partial(wrong.untaken, wrong="time")),
        saboteur("taken out as if written again", patch=(Covariance.removed, "-weight", "weight")),
    ),
)


def best_of_rank(stream: Stream, found: dict[str, Any]) -> Sides:
    """Compare what the factors cost more than the best map, and what they are said to, with the tail of a spectrum."""
    true, M = truth(stream, False), information(stream).astype(float)
    W = true.maps[-1]
    R = np.linalg.cholesky(M).T
    tail = theory.adapter_excess(np.linalg.svd(R @ (W - true.start), compute_uv=False), stream.rank)
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
    source=Derived(theory.adapter_excess),
    tex=r"J_T(W_0 + R^{-1} [R D]_r) - J_T(W_T) = \sum_{i > r} \sigma_i(R D)^2",
    hypotheses=HELD | {"a rank": fits_rank},
    instances=STREAMS,
    solve=adapted,
    claim=Identity(best_of_rank),
    decisions=("B", "A"),
    saboteurs=(
        saboteur("the change itself is truncated", solve=wrong.truncated),
        saboteur("the layout is not looked at", solve=wrong.unturned),
    ),
    notes="The truncated change is as good where the information is a multiple of the identity, and never better.",
)

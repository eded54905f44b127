"""Edits that are taken out again."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds import Derived, Family, Identity, Sides, Statement, formula, saboteur
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from lrtheory.continual_learning.theory.ridge import inverse, of_one_kind
from proofs_checks.continual_learning.families.runs import collected, forms, recursion
from proofs_checks.continual_learning.families.streams import ALWAYS, HELD, Stream, draw_stream
from proofs_checks.continual_learning.families.truths import beside, norm, of_forms, truth
from proofs_checks.continual_learning.families.wrong_edits import identity, in_all_forms, right_step

Found = dict[str, Any]


def taken_out(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits but the last, take one out, and write the last."""
    runs: list[dict[str, Any]] = []
    for form in forms(stream):
        machine, edits = recursion(stream, form), truth(stream, form == "exact").edits
        for K, V in edits[:-1]:
            machine.update(K, V)
        left = machine.leave_one_out(stream.gone)
        machine.forget(stream.gone)
        without = machine.weights
        machine.update(*edits[-1])
        runs.append({"weights": np.stack([without, machine.weights]), "left": left})
    return collected(runs)


def has_two(case: Stream) -> bool:
    """Decide whether there are two edits, and one before the last is to be taken out."""
    return len(case.edits) >= 2 and 0 <= case.gone < len(case.edits) - 1


LONGER_STREAMS = Family(
    "longer-edit-streams", always=tuple(filter(has_two, ALWAYS)), draw=lambda draws: draw_stream(draws, least=2)
)


def untaken(stream: Stream, rng: np.random.Generator | None = None, wrong: str = "sign") -> Found:
    """Take an edit out with a wrong sign, without its information, or with the covariance of its own time."""
    true, i = truth(stream), stream.gone
    T = len(true.edits) - 1
    W, C = true.maps[T], true.covariances[T]
    K, V = true.edits[i]
    used = true.covariances[i + 1] if wrong == "time" else C
    P = K @ used @ K.T
    gain = used @ K.T @ inverse(identity(len(K)) + (P if wrong == "sign" else -P))
    without = W - gain @ (V - K @ W)
    after = C if wrong == "information" else inverse(inverse(C) - K.T @ K)
    last = right_step(after, without, *true.edits[-1])[1]
    return in_all_forms(len(forms(stream)), {"weights": np.stack([without, last]), "left": V - K @ without})


@formula(F="u x p", P="u x u")
def leave_one_out(F: np.ndarray, P: np.ndarray) -> np.ndarray:
    """(I - P)^{-1} F, the error of the map about an edit, had it never been told.

    F = V - K W_T is its error now, and P = K C_T K^T the leverage now, all of whose eigenvalues are below 1.

    Proof
    -----
    Assumes: the information M_T - K^T K of the other edits is positive definite (statement RL-13); then so is I - P.

    Proof: put W' = W_T - C_T K^T (I - P)^{-1} F with F = V - K W_T. Then (M_T - K^T K) W' = M_T W_T - K^T K W_T - K^T
    (I - P) (I - P)^{-1} F = M_T W_T - K^T V, so W' is the map of least cost of the other edits, by
    `theory.ridge_solution`. And V - K W' = F + P (I - P)^{-1} F = (I - P)^{-1} F.
    """
    F, P = of_one_kind(F, P)
    try:
        return np.asarray(inverse(np.eye(len(P), dtype=P.dtype) - P) @ F)
    except (ZeroDivisionError, np.linalg.LinAlgError) as error:
        raise must("P", "without the eigenvalue 1", P) from error


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
        by_formula = leave_one_out(V - K @ true.maps[T], K @ true.covariances[T] @ K.T)
        pairs.append((one["left"], by_formula, worse * outputs))
    return beside(pairs)


RL_13 = Statement(
    id="continual_learning/RL-13",
    title="An edit is taken out exactly",
    says=(
        "With P = K_i C_T K_i^T, the map W_T - C_T K_i^T (I - P)^-1 (V_i - K_i W_T) is the one of least cost of all "
        "edits but the i-th, and so are the maps of later edits: nothing of it stays. What the map would get wrong "
        "about edit i, had it never been told, is (I - P)^-1 (V_i - K_i W_T)."
    ),
    source=Derived(leave_one_out),
    tex=r"W_T - C_T K_i^\top (I - P_i)^{-1} (V_i - K_i W_T) = W^{-i}",
    hypotheses=HELD | {"at least two edits, and one before the last to take out": has_two},
    instances=LONGER_STREAMS,
    solve=taken_out,
    claim=Identity(as_if_never),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("I + P for I - P", solve=untaken),
        saboteur(
            "the information stays, so that the next edit goes wrong", solve=partial(untaken, wrong="information")
        ),
        saboteur("the covariance of the time of the edit", solve=partial(untaken, wrong="time")),
        saboteur("taken out as if written again", patch=(Covariance.removed, "-weight", "weight")),
    ),
)

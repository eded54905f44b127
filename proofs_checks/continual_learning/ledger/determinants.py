"""The information of all edits, by the determinants of each."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Classical, Identity, Sides, Statement, saboteur
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from lrtheory.continual_learning.theory.ridge import inverse
from proofs_checks.continual_learning.families.runs import DIFFERENCE, collected, forms, recursion
from proofs_checks.continual_learning.families.streams import HELD, STREAMS, Stream
from proofs_checks.continual_learning.families.truths import (
    as_fractions,
    beside,
    condition,
    information,
    of_forms,
    share,
    truth,
)
from proofs_checks.continual_learning.families.wrong_edits import in_all_forms, right_step

Found = dict[str, Any]


def covariances(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Return the covariance before and after each edit, and the logarithm of the determinant of the information."""
    runs: list[dict[str, Any]] = []
    for form in forms(stream):
        machine = recursion(stream, form)
        states = [(machine.covariance, machine.log_det)]
        for K, V in truth(stream, form == "exact").edits:
            machine.update(K, V)
            states.append((machine.covariance, machine.log_det))
        runs.append({"covariance": np.stack([C for C, _ in states]), "log_det": [x for _, x in states]})
    return collected(runs, "log_det")


def stale(stream: Stream, rng: np.random.Generator | None = None, halved: bool = False) -> Found:
    """Keep the first covariance, or move it half of the way, and report the determinant that follows."""
    true = truth(stream)
    found = [true.covariances[0]]
    for K, V in true.edits:
        after = right_step(found[-1], true.start, K, V)[0]
        found.append((found[-1] + after) / 2 if halved else found[-1])
    M = [inverse(C).astype(float) for C in found]
    log_det = [np.linalg.slogdet(one)[1] for one in M]
    return in_all_forms(len(forms(stream)), {"covariance": np.stack(found)}, {"log_det": log_det})


def determinant(A: np.ndarray) -> Any:
    """Return the determinant, of Fractions in Fractions."""
    if A.dtype != object:
        return float(np.linalg.det(A))
    if len(A) == 0:
        return 1
    rest = A[1:, 1:] if len(A) == 1 else None
    minors = [np.delete(A[1:], j, axis=1) for j in range(len(A))] if rest is None else [A[1:, 1:]]
    return sum((-1) ** j * A[0, j] * determinant(minor) for j, minor in enumerate(minors))


def determinants(stream: Stream, found: Found, by_trace: bool = False) -> Sides:
    """Compare products of the determinants of all edits, and the reported logarithm, with those of the information."""
    d, T, M = len(stream.W0), len(stream.edits), [information(stream, t) for t in range(len(stream.edits) + 1)]
    exact = [determinant(one) for one in M]
    pairs: list[Any] = []
    for one, true, _ in of_forms(stream, found, covariance=(T + 1, d, d)):
        products: list[Any] = []
        due = [x / exact[0] for x in exact[1:]]
        for (K, _), C in zip(true.edits, one["covariance"], strict=False):
            P = as_fractions(K) @ as_fractions(C) @ as_fractions(K).T  # in doubles H may have lost all of I
            H = np.eye(len(K), dtype=P.dtype) + P
            growth = 1 + P.trace() if by_trace else determinant(H)
            products.append(growth * (products[-1] if products else 1))
        # a leverage errs by the share of the largest one, which is the condition times the least at most
        error = len(true.edits) * sum(len(K) for K, _ in true.edits) * share(stream) * condition(stream)
        for product, growth in zip(products, due, strict=True):
            pairs.append((product, growth, 0.0) if true.is_exact else (float(product), growth, error * float(growth)))
        told = np.log(np.array([x / exact[0] for x in exact], float))
        pairs.append((one["log_det"], told, d * share(stream) * (1 + np.abs(np.log(np.array(exact, float))).max())))
    return beside(pairs)


RL_11 = Statement(
    id="continual_learning/RL-11",
    title="Information grows by the determinants of the edits",
    says=(
        "The determinant of the information matrix M_T of all edits is that of the prior M_0, times det H_t of each "
        "edit, where H_t = I + K_t C_{t-1} K_t^T with its keys K_t and the covariance C_{t-1} = M_{t-1}^-1 before it. "
        "Its logarithm is reported."
    ),
    source=Classical(
        "the matrix determinant lemma", "Harville, Matrix Algebra from a Statistician's Perspective, 18.1"
    ),
    tex=r"\prod_{t \le T} \det H_t = \det M_T / \det M_0",
    hypotheses=HELD,
    instances=STREAMS,
    solve=covariances,
    claim=Identity(determinants),
    decisions=("*.covariance",),
    saboteurs=(
        saboteur("the covariance is never updated", solve=stale),
        saboteur("the covariance moves half of the way", solve=partial(stale, halved=True)),
        saboteur("a product of 1 + trace", claim=Identity(partial(determinants, by_trace=True))),
        saboteur("a variance is left over from a difference", patch=DIFFERENCE),
        saboteur("keys are added twice", patch=(Covariance.added, "(F * weight)", "(2 * F * weight)")),
    ),
)

"""Effects of an edit on the covariance: on the determinant of its inverse, and on the variances of all rows.

P = K C K^T is the leverage of an edit, with the covariance C before it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import Classical, Derived, Identity, Inequality, Number, Sides, Statement, formula, saboteur
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
    probes,
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


@formula(v="[0, inf)", trace="[0, inf)")
def variance_range(v: Number, trace: Number) -> tuple[Number, Number]:
    r"""Bounds on the variance after an edit of a row whose variance was v, where `trace` is that of P.

    They are v / (1 + trace) and v, for any row; for one of the keys of the edit the second is v / (1 + v).

    Proof
    -----
    Assumes: the covariance after the edit is the inverse of C^{-1} + K^T K (statement RL-1).

    Proof: the covariance after it is A (I + A K^T K A)^{-1} A with the root A of C, and the eigenvalues of A K^T K A
    are between 0 and their sum, which is that of P. So x A (I + A K^T K A)^{-1} A x^T is between \|x A\|^2 / (1 +
    trace) and \|x A\|^2. For a key k alone, the matrix determinant lemma gives v / (1 + v), and the other keys of the
    edit only take from it, as edits that come after.
    """
    return plain(exact(v) / (1 + trace)), plain(v)


def key_variance(v: Number) -> Number:
    """Return what one key alone leaves of its variance."""
    return plain(exact(v) / (1 + v))


def fall(stream: Stream, found: Found, halved: bool = False) -> Sides:
    """Bound the variance of some rows after each edit from both sides by the one before it, and that of its keys."""
    d, T = len(stream.W0), len(stream.edits)
    pairs: list[Any] = []
    most: list[Any] = []

    def add(lhs: Any, rhs: Any, error: Any, limit: Any = np.inf) -> None:
        pairs.append((lhs, rhs, error))
        most.append(limit)

    for one, true, _ in of_forms(stream, found, covariance=(T + 1, d, d)):
        C = one["covariance"]
        unit = 0.0 if true.is_exact else share(stream) * float(np.abs(np.asarray(C[0], float)).max())
        first = true.covariances[0].ravel().tolist()
        for entry, due in zip(C[0].ravel().tolist(), first, strict=True):
            add(entry, due, unit)
            add(-entry, -due, unit)
        for t, (K, _) in enumerate(true.edits):
            trace = sum(k @ C[t] @ k for k in K)
            for x in probes(d):
                least, largest = variance_range(max(x @ C[t] @ x, 0), max(trace, 0))
                after, error = x @ C[t + 1] @ x, d * unit
                add(least, after, error)
                add(after, largest, error)
            for k in K:
                v, after = max(k @ C[t] @ k, 0), k @ C[t + 1] @ k
                share_left = exact(v) / (2 + v) if halved else key_variance(v)
                add(after, share_left, unit * float(k @ k) * (1 + float(v)), v)
    return beside(pairs, most)


RL_7 = Statement(
    id="continual_learning/RL-7",
    title="No variance grows, and that of a written key falls below 1",
    says=(
        "C_t is the covariance after edit t, and P = K C_{t-1} K^T the leverage of its keys K. The variance x C_t x^T "
        "of every row x is at most x C_{t-1} x^T, and at least that divided by 1 + trace P. Of a key k of the edit "
        "with the variance v before it, at most v / (1 + v) is left, with equality for an edit of one key: however "
        "little was known of it, its variance is below 1 afterwards."
    ),
    source=Derived(variance_range),
    tex=(
        r"\frac{x C_{t-1} x^\top}{1 + \mathrm{tr} P} \le x C_t x^\top \le x C_{t-1} x^\top,\qquad "
        r"k C_t k^\top \le \frac{v}{1 + v}"
    ),
    hypotheses=HELD,
    instances=STREAMS,
    solve=covariances,
    claim=Inequality(fall, unbounded="a solver may report any covariance"),
    decisions=("*.covariance",),
    unread={"log_det": "RL-11 compares the determinant"},
    saboteurs=(
        saboteur("the covariance is never updated", solve=stale),
        saboteur("the covariance moves half of the way", solve=partial(stale, halved=True)),
        saboteur("a share v / (2 + v) is left", claim=Inequality(partial(fall, halved=True), unbounded="as above")),
        saboteur("keys are added twice", patch=(Covariance.added, "(F * weight)", "(2 * F * weight)")),
        saboteur("taken away and not added", patch=(Covariance.added, "self.C - (F", "self.C + (F")),
    ),
)

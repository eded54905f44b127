"""A small certificate of each class of continual_learning, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import continual_learning as cl
from tests.rules.certificates.certified import X, Y, case

W0, EDITS = np.eye(3, 2), [(X[:1], Y[:1]), (X[1:], Y[1:])]
EDITED = cl.EditProblem(W0, EDITS)
REPLACED = cl.EditProblem(W0, [(X[:1], Y[:1] + 1), (X[1:], Y[1:])])


def edited() -> Any:
    state = cl.RecursiveRidge(W0)
    return state, [state.update(keys, values) for keys, values in EDITS]


@case
def EditCertificate() -> Any:
    proof = edited()[1][1].certificate
    return proof, EDITED, {"name": 0}, REPLACED


@case
def DriftCertificate() -> Any:
    proof = edited()[0].certificate
    return proof, EDITED, {"achieved": 0.9 * proof.achieved}, REPLACED


@case
def LowRankEditCertificate() -> Any:
    proof = edited()[0].as_adapter(1).certificate
    return proof, EDITED, {"B": 1.1 * proof.B}, REPLACED


@case
def SketchCertificate() -> Any:
    proof = cl.sketch(X, 1).certificate
    return proof, X, {"rows": 1.1 * proof.rows}, X[:-1]


@case
def LeakCertificate() -> Any:
    protector = cl.SubspaceProtector(3, layout="rows")
    protector.extend(X, rank=1)
    proof = protector.leak_bound(np.ones((3, 1))).certificate
    return proof, X, {"change": 2 * proof.change}, 3 * X

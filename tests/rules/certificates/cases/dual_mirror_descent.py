"""A small certificate of each class of dual_mirror_descent, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

from lrtheory import dual_mirror_descent as dmd
from tests.rules.certificates.certified import X, Y, case

STREAM, RICHER = (dmd.RequestStream(Y[:3] + more, X[:3, :2] + 1, 4.0) for more in (0.0, 1.0))


@case
def AllocationCertificate() -> Any:
    proof = dmd.allocate(STREAM).certificate
    return proof, STREAM, {"actions": 1 - proof.actions}, RICHER


@case
def DualityCertificate() -> Any:
    proof = dmd.hindsight_optimum(STREAM).certificate
    return proof, STREAM, {"solution": proof.solution / 2}, RICHER

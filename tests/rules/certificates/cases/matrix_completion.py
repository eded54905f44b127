"""A small certificate of each class of matrix_completion, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import matrix_completion as mc
from tests.rules.certificates.certified import X, case


@case
def CompletionCertificate() -> Any:
    proof = mc.duality_gap(X, X[:, :2], np.eye(3, 2), lam=1.0)
    return proof, X, {"U": 1.1 * proof.U}, 1.1 * X

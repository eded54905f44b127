"""A small certificate of each class of transductive_clustering, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import transductive_clustering as tc
from tests.rules.certificates.certified import X, case


@case
def StationarityCertificate() -> Any:
    W = np.ones((4, 4)) - np.eye(4)
    proof = tc.bound_update(X / 7, W, lam=0.1, max_iter=2).certificate
    return proof, (X / 7, W), {"assignments": np.roll(proof.assignments, 1, axis=1)}, (X / 7, 2 * W)

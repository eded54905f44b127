"""A small certificate of each class of low_rank_adapters, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory import low_rank_adapters as lra
from lrtheory.low_rank_adapters.kinds.lora import lora
from tests.rules.certificates.certified import X, case

TARGET = X + np.eye(4, 3)


@case
def FitCertificate() -> Any:
    adapter = lora(np.eye(4, 1), np.ones((1, 3)))
    proof = lra.fit(adapter, TARGET).certificate
    return proof, TARGET, {"adapter": adapter}, 2 * TARGET


@case
def ConversionCertificate() -> Any:
    adapter = lora(X[:, :2], np.eye(2, 3))
    proof = lra.to_lora(adapter, rank=1).certificate
    return proof, adapter, {"adapter": lora(np.eye(4, 1), np.ones((1, 3)))}, TARGET


@case
def StartCertificate() -> Any:
    adapter = lora(np.eye(4, 1), np.ones((1, 3)))
    proof = lra.initialize(adapter, TARGET, rng=0).certificate
    return proof, TARGET, {"B": proof.B[::-1].copy(), "A": proof.A[:, ::-1].copy()}, TARGET[::-1] ** 2

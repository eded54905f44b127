"""A small certificate of each class of low_rank_optimizers, its problem, another answer, and other data."""

from __future__ import annotations

import dataclasses
from typing import Any

from lrtheory import low_rank_optimizers as lro
from tests.rules.certificates.certified import X, case


@case
def ColumnCertificate() -> Any:
    proof = lro.select_columns(X, 1).certificate
    return proof, X, {"indices": (proof.indices + 1) % 3}, 2 * X


@case
def BiasCertificate() -> Any:
    small = lro.make_cubic((2, 2), rng=0)
    large = dataclasses.replace(small, cubic=1000 * small.cubic)
    proof = lro.bias_bound((2, 2), rank=1, sigma=1.0, hessian_lipschitz=40.0)
    return proof, small, {"sigma": 2.0}, large


@case
def AbsorptionCertificate() -> Any:
    proof = lro.absorption(X, step_bound=0.01).certificate
    return proof, X, {"step_bound": 1.0}, 100 * X

"""Factors of a product that are out of balance, and momenta that are lost."""

from __future__ import annotations

from typing import Any

import numpy as np

from proofs_checks.low_rank_adapters.families.products import Product, balanced, curvature


def one_sided(case: Product, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Keep all singular values with the left vectors."""
    U, s, Vt = np.linalg.svd(case.product, full_matrices=False)
    r = case.B.shape[1]
    return _as_found(case, U[:, :r] * s[:r], Vt[:r])


def split_by_qr(case: Product, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Make the left factor orthonormal."""
    Q, R = np.linalg.qr(case.B)
    return _as_found(case, Q, R @ case.A)


def forgetful(case: Product, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Balance the factors, and set their momenta to 0."""
    return {**balanced(case), "of_B": 0 * case.left_momentum, "of_A": 0 * case.right_momentum}


def _as_found(case: Product, B: np.ndarray, A: np.ndarray) -> dict[str, Any]:
    """Say of these factors what is true of them, so that nothing but their balance is wrong."""
    given, made = (case.scale**2 * curvature(*pair) for pair in ((case.B, case.A), (B, A)))
    return {**balanced(case), "B": B, "A": A, "before": given, "after": made}

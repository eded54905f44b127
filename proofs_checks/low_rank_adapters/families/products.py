"""Factors of one product in any balance, with momenta."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.low_rank_adapters.convert.refactorize import refactorize
from lrtheory.low_rank_adapters.kinds.lora import lora
from proofs_checks.low_rank_adapters.families.factors import allowance, draw_factors, factors, norm, rank, worst


@dataclass(frozen=True)
class Product:
    """Factors B (m, r) and A (r, n), a scale, and the momenta of both factors."""

    B: np.ndarray
    A: np.ndarray
    scale: float
    left_momentum: np.ndarray
    right_momentum: np.ndarray

    @property
    def product(self) -> np.ndarray:
        """The product B A."""
        return np.asarray(self.B @ self.A)

    @property
    def values(self) -> np.ndarray:
        """The singular values of the product."""
        return np.linalg.svd(self.product, compute_uv=False)

    @property
    def allowed(self) -> float:
        """Return the rounding that the product may have in doubles."""
        return allowance(self.product, worst(self.B) * worst(self.A) * norm(self.B) * norm(self.A))


def is_product(case: Product) -> bool:
    """Decide whether factors and momenta are finite and fit, and the scale is not 0."""
    arrays = (case.B, case.A, case.left_momentum, case.right_momentum)
    if any(np.ndim(x) != 2 or np.asarray(x).dtype.kind != "f" or not np.isfinite(x).all() for x in arrays):
        return False
    fits = (
        case.B.shape == case.left_momentum.shape
        and case.A.shape == case.right_momentum.shape
        and case.B.shape[1] == len(case.A)
    )
    return bool(fits and np.isfinite(case.scale) and case.scale != 0)


def is_regular(case: Product) -> bool:
    """Decide in rational numbers whether the product has the rank r of its factors, none of it in the last digits."""
    r = case.B.shape[1]
    values = case.values
    return rank(case.B) == r == rank(case.A) and len(values) >= r and bool(values[r - 1] > 1e-6 * values[0])


def balanced(case: Product, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's factors of the same product, what it says of sharpness, and the momenta it carries along."""
    adapter = lora(case.B, case.A, scale=case.scale)
    found = refactorize(adapter, momentum={"B": case.left_momentum, "A": case.right_momentum})
    assert found.momentum is not None
    return {
        **{name: np.asarray(found.adapter.params[name]) for name in "BA"},
        "before": found.sharpness_before,
        "after": found.sharpness_after,
        "of_B": np.asarray(found.momentum["B"]),
        "of_A": np.asarray(found.momentum["A"]),
    }


def curvature(B: np.ndarray, A: np.ndarray) -> float:
    """Return the largest eigenvalue of the operator of Gauss and Newton, from its matrix."""
    m, n = len(B), A.shape[1]
    dense = np.hstack([np.kron(np.eye(m), A.T), np.kron(B, np.eye(n))])
    return float(np.linalg.norm(dense, 2) ** 2)


def draw_product(draws: Draws) -> Product:
    """Draw factors of small integers, one of them in a unit of its own, and momenta."""
    case = draw_factors(draws)
    unit = 2.0 ** draws.choice((0, 0, -3, 3, 20))
    of_B, of_A = (draws.integers(-3, 3, shape=X.shape).astype(float) for X in (case.B, case.A))
    return Product(unit * case.B, case.A, case.scale, of_B * norm(case.B), of_A)


def products() -> tuple[Product, ...]:
    """Return the smallest product, and factors out of balance by rows and as a whole."""
    found = [Product(c.B, c.A, c.scale, c.B[::-1].copy(), 0.5 * c.A[:, ::-1]) for c in factors()[:5]]
    return (*found, replace(found[3], B=8 * found[3].B), replace(found[3], A=found[3].A / 8))


def even() -> Product:
    """Return factors that are balanced already."""
    X = np.array([[2.0, 0.0], [0.0, 1.0]])
    return Product(X, X.copy(), 1.0, np.ones((2, 2)), np.ones((2, 2)))


PRODUCTS = Family("adapter-products", always=products, tight=(Tight(even(), 1, 1),), draw=draw_product)
#: for identities, of which no instance is tight in a way of its own
CARRIED = Family("carried-momenta", always=lambda: (*products(), even()), draw=draw_product)

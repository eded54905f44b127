"""Gradients with a proved error, and features that cancel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.lora_limits import Polynomial, exp_polynomial, features, lora_gradients, theory
from proofs_checks.lora_limits.families.chains import LETTERS, HeadCase, adapter_slopes, draw_letters, letters


@dataclass(frozen=True)
class Adapted:
    """A head with small inputs, the error that is allowed, the method and its polynomial."""

    case: HeadCase
    epsilon: float
    method: str = "low-rank"
    polynomial: str = "taylor"

    @property
    def exact(self) -> dict[str, np.ndarray]:
        """All gradients by the complex step."""
        return {f"{kind}_{x}": adapter_slopes(self.case, x, kind) for kind in "ABW" for x in LETTERS}

    @property
    def spoiled(self) -> np.ndarray:
        """Rounding of exact gradients."""
        return self.case.spoiled


def by_certificate(adapted: Adapted, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """The low-rank gradients with a proved error, and their certificates."""
    case = adapted.case
    options = options or {"epsilon": adapted.epsilon}
    inputs = {"XK": case.X["K"], "XV": case.X["V"], "method": adapted.method, "polynomial": adapted.polynomial}
    found = lora_gradients(case.head, case.X["Q"], case.Y, **inputs, adapt=LETTERS, **options)
    gradients = {f"{kind}_{x}": getattr(found, kind)[x] for kind in "ABW" for x in LETTERS}
    return {"gradients": gradients, "entries": dict(found.certificate.entries)}


def small(case: HeadCase, factor: float) -> HeadCase:
    """Queries and keys scaled down, so that logits stay below about one."""
    return replace(case, X=case.X | {"Q": factor * case.X["Q"], "K": factor * case.X["K"]})


def draw_adapted(draws: Draws) -> Adapted:
    """A small head; targets from 1/4 to 2^-20."""
    case = small(draw_letters(draws), 0.125)
    logits = np.abs(case.chain.logits).max()
    kind, method = draws.choice(("taylor", "chebyshev", "minimax")), draws.choice(("low-rank", "low-rank", "hybrid"))
    return Adapted(small(case, float(1 / (1 + logits))), 2.0 ** -draws.choice((2, 10, 20)), method, kind)


ADAPTED = Family(
    "adapted",
    always=(Adapted(small(letters(6, 2, 2, 1), 0.25), 2.0**-4), Adapted(small(letters(7, 16, 2, 1), 0.25), 2.0**-16)),
    draw=draw_adapted,
)


# --- features that cancel --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cancelling:
    """Pairs of rows whose products are large and cancel."""

    Q: np.ndarray
    K: np.ndarray
    degree: int
    floor: float

    @property
    def polynomial(self) -> Polynomial:
        """Taylor's, on [-M, M]."""
        return exp_polynomial(float(np.abs((self.Q * self.K).sum(1)).max()), degree=self.degree)


def cancelling(x: float, offset: float, degree: int, dtype: Any = np.float64) -> Cancelling:
    """x = (t, t) and y = (t, -t + offset)."""
    Q, K = np.array([[x, x]], dtype), np.array([[x, -x + offset]], dtype)
    products = float(np.abs(Q.astype(float) * K.astype(float)).sum())
    logit = float(abs((Q.astype(float) * K.astype(float)).sum()))
    a = exp_polynomial(logit, degree=degree).coefficients
    return Cancelling(Q, K, degree, theory.rounding_floor(a, products, n_variables=2, bound=logit, dtype=dtype))


def factors(case: Cancelling, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """U and V of the library, for each pair."""
    return features.attention_factors(case.Q, case.K, case.polynomial)


CANCELLING = Family(
    "cancelling",
    always=(
        cancelling(0.5, 0.25, 3),
        cancelling(6.0, 0.15625, 12),
        cancelling(6.0, -0.125, 12),
        cancelling(4.0, 0.015625, 9, np.float32),
        cancelling(4.0, -0.03125, 9, np.float32),
    ),
)

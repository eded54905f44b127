"""Gradients with a proved error, and features that cancel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.lora_limits import Polynomial, exp_polynomial, lora_gradients, theory
from lrtheory.lora_limits.products import features
from proofs_checks.lora_limits.families.chains import PROJECTIONS, HeadCase, adapter_slopes, draw_head, gaussian_head


@dataclass(frozen=True)
class Adapted:
    """A head with small inputs, the error that is allowed, the method and its polynomial; a batch, the precision."""

    case: HeadCase
    epsilon: float
    method: str = "low-rank"
    polynomial: str = "taylor"
    n_entries: int = 1
    single: bool = False

    @property
    def entries(self) -> list[HeadCase]:
        """The entries of the batch, each with queries and keys of half the size; in numbers of the precision."""
        case = in_single(self.case) if self.single else self.case
        return [small(case, 0.5**k) for k in range(self.n_entries)]

    @property
    def exact(self) -> dict[str, np.ndarray]:
        """All gradients by the complex step in double precision, summed over the entries."""
        names = [(kind, x) for kind in "ABW" for x in PROJECTIONS]
        return {f"{kind}_{x}": sum(adapter_slopes(one, x, kind) for one in self.entries) for kind, x in names}

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of exact gradients."""
        return sum(one.rounding_bound for one in self.entries)


def by_certificate(adapted: Adapted, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """The low-rank gradients with a proved error, and their certificates."""
    entries, kind = adapted.entries, np.float32 if adapted.single else np.float64
    options = options or {"max_error": adapted.epsilon}
    tables = {"Y": [one.Y for one in entries]} | {x: [one.X[x] for one in entries] for x in PROJECTIONS}
    given = {x: np.array(table if len(entries) > 1 else table[0], dtype=kind) for x, table in tables.items()}
    inputs = {"XK": given["K"], "XV": given["V"], "method": adapted.method, "polynomial": adapted.polynomial}
    found = lora_gradients(entries[0].head, given["Q"], given["Y"], **inputs, adapt=PROJECTIONS, **options)
    gradients = {f"{kind}_{x}": getattr(found, kind)[x] for kind in "ABW" for x in PROJECTIONS}
    return {"gradients": gradients, "entries": dict(found.certificate.entries)}


def in_single(case: HeadCase) -> HeadCase:
    """Return the head with every number rounded to single precision and stored in double."""
    near = lambda table: table.astype(np.float32).astype(np.float64)
    tables = {name: {x: near(one) for x, one in getattr(case, name).items()} for name in "XWAB"}
    return replace(case, Y=near(case.Y), **tables)


def small(case: HeadCase, factor: float) -> HeadCase:
    """Queries and keys scaled down, so that logits stay below about one."""
    return replace(case, X=case.X | {"Q": factor * case.X["Q"], "K": factor * case.X["K"]})


def reachable(adapted: Adapted) -> float:
    """Return a power of two that is at least four times what a polynomial of degree 8 proves; 1 where that is 0.

    In single precision the rounding of sums, which no degree removes, grows with the inputs. A smaller target may lie
    below it, and is refused.
    """
    proved = max(by_certificate(adapted, degree=8)["entries"].values())
    # a factor of four is a margin above the rounding of sums, which is a part of what degree 8 proves
    return 2.0 ** math.ceil(math.log2(4 * proved)) if proved > 0 else 1.0


def draw_adapted(draws: Draws) -> Adapted:
    """A small head, or a batch of two; targets from 1/4 to 2^-20 in double precision, reachable ones in single."""
    case = small(draw_head(draws), 0.125)  # large logits are refused, since rounding hides what a polynomial proves
    logits = np.abs(case.chain.logits).max()
    # "low-rank" twice: the hybrid method takes the same passes and differs only where tokens are large
    kind, method = draws.choice(("taylor", "chebyshev", "minimax")), draws.choice(("low-rank", "low-rank", "hybrid"))
    n_entries, single = draws.choice((1, 1, 2)), draws.choice((False, False, True))
    # powers of two, so that a counterexample prints without rounding
    target = 2.0 ** -draws.choice((2, 10, 20))
    adapted = Adapted(small(case, float(1 / (1 + logits))), target, method, kind, n_entries, single)
    return replace(adapted, epsilon=reachable(adapted)) if single else adapted


ADAPTED = Family(
    "adapted",
    always=(
        # each precision, one head and batches, both methods, an easy target and one near what degree 8 proves
        Adapted(small(gaussian_head(6, 2, 2, 1), 0.25), 2.0**-4),
        Adapted(small(gaussian_head(7, 16, 2, 1), 0.25), 2.0**-16),
        Adapted(small(gaussian_head(6, 2, 2, 1), 0.25), 0.25, single=True),
        Adapted(small(gaussian_head(7, 16, 2, 1), 0.25), 1.0, single=True, n_entries=2),
        Adapted(small(gaussian_head(7, 16, 2, 1), 0.25), 2.0**-16, n_entries=3),
        Adapted(small(gaussian_head(7, 16, 2, 1), 0.25), 2.0**-16, "hybrid", "minimax", 2),
    ),
    draw=draw_adapted,
)


# --- features that cancel --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Canceling:
    """Pairs of rows whose products are large and cancel."""

    Q: np.ndarray
    K: np.ndarray
    degree: int
    floor: float

    @property
    def polynomial(self) -> Polynomial:
        """Taylor's polynomial on [-M, M], for the largest logit M."""
        return exp_polynomial(float(np.abs((self.Q * self.K).sum(1)).max()), degree=self.degree)


def floor_of(Q: np.ndarray, K: np.ndarray, degree: int) -> float:
    """The library's floor of rounding for these rows, by the sum of absolute products and the largest logit."""
    terms = Q.astype(float) * K.astype(float)
    logit, products = float(np.abs(terms.sum(1)).max()), float(np.abs(terms).sum(1).max())
    a = exp_polynomial(logit, degree=degree).coefficients
    return theory.rounding_floor(a, products, n_variables=Q.shape[1], bound=logit, dtype=Q.dtype)


def canceling(x: float, offset: float, degree: int, dtype: Any = np.float64) -> Canceling:
    """Make one pair of rows, (x, x) and (x, -x + offset), whose products cancel but for x times the offset."""
    # the products x^2 and -x^2 cancel but for x times the offset, so N is large and the logit small
    Q, K = np.array([[x, x]], dtype), np.array([[x, -x + offset]], dtype)
    return Canceling(Q, K, degree, floor_of(Q, K, degree))


def draw_canceling(draws: Draws) -> Canceling:
    """Up to three pairs of rows of up to four coordinates, whose products cancel but for a part; both precisions."""
    pairs, d, dtype = draws.integers(1, 3), draws.integers(1, 2), draws.choice((np.float64, np.float32))
    # rows (h, h) and (h, off - h): the products h h and h (off - h) cancel but for h off
    half = draws.integers(-48, 48, shape=(pairs, d)) / 8
    off = draws.integers(-8, 8, shape=(pairs, d)) / 64
    Q, K = (np.concatenate(both, axis=1).astype(dtype) for both in ((half, half), (half, off - half)))
    degree = draws.integers(1, 14)
    return Canceling(Q, K, degree, floor_of(Q, K, degree))


def factors(case: Canceling, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors U and V of the library for each pair of rows."""
    return features.attention_factors(case.Q, case.K, case.polynomial)


CANCELING = Family(
    "canceling",
    always=(
        # without cancellation; then products of 36 that cancel to a logit below 1, with either sign; then single
        # precision
        canceling(0.5, 0.25, 3),
        canceling(6.0, 0.15625, 12),
        canceling(6.0, -0.125, 12),
        canceling(4.0, 0.015625, 9, np.float32),
        canceling(4.0, -0.03125, 9, np.float32),
    ),
    draw=draw_canceling,
)

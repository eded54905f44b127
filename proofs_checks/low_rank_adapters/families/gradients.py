"""Gradients whose singular values are known exactly, gradients of rank one, and adapters that start from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import hadamard

from lrtheory.bounds import Draws, Family, Tight
from lrtheory.low_rank_adapters.kinds.lora import lora_xs
from lrtheory.low_rank_adapters.training.initialize import initialize
from proofs_checks.low_rank_adapters.families.factors import allowance, norm

#: orthonormal vectors of halves
SIGNS = hadamard(4) / 2.0


@dataclass(frozen=True)
class Spectral:
    """The gradient G = U diag(s) V^T with s decreasing, a rank, and the factors B and A of some other adapter."""

    U: np.ndarray
    s: np.ndarray
    Vt: np.ndarray
    rank: int
    B: np.ndarray
    A: np.ndarray

    @property
    def gradient(self) -> np.ndarray:
        """The gradient."""
        return np.asarray(self.U * self.s @ self.Vt)

    @property
    def allowed(self) -> float:
        """Return the rounding that an energy of the gradient may have in doubles."""
        return allowance(self.U, norm(self.s) ** 2)


def is_spectral(case: Spectral) -> bool:
    """Decide whether U and V are orthonormal to the last digit, and s decreases and is not negative."""
    arrays = (case.U, case.s, case.Vt, case.B, case.A)
    if any(np.asarray(x).dtype.kind != "f" or not np.isfinite(x).all() for x in arrays) or np.ndim(case.s) != 1:
        return False
    p = len(case.s)
    if case.U.ndim != 2 or case.Vt.ndim != 2 or case.U.shape[1] != p or len(case.Vt) != p:
        return False
    even = all((Q.T @ Q == np.eye(p)).all() for Q in (case.U, case.Vt.T))
    fits = case.B.ndim == 2 and case.A.ndim == 2 and len(case.B) == len(case.U) and case.A.shape[1] == len(case.Vt.T)
    fits = fits and case.B.shape[1] == len(case.A) == case.rank
    return bool(even and fits and (np.diff(case.s) <= 0).all() and (case.s >= 0).all() and case.s[0] > 0)


def has_a_gap(case: Spectral) -> bool:
    """Decide whether the leading r singular vectors are told apart from the others by their values."""
    r = case.rank
    return 0 < r <= len(case.s) and bool(case.s[r - 1] > 0 and (r == len(case.s) or case.s[r] <= 0.75 * case.s[r - 1]))


def started(case: Any, rng: np.random.Generator | None = None, method: Any = "gradient") -> dict[str, Any]:
    """Return the frozen factors that the library starts LoRA-XS with from the gradient of the instance."""
    (m, n), r = case.gradient.shape, case.rank
    adapter = lora_xs(np.zeros((m, r)), np.zeros((r, r)), np.zeros((r, n)))
    found = initialize(adapter, case.gradient, method=method, rng=np.random.default_rng(0))
    return {"B": found.adapter.frozen["B"], "A": found.adapter.frozen["A"]}


def draw_spectral(draws: Draws) -> Spectral:
    """Draw signs as singular vectors, values with a gap at the rank, and other factors in integers."""
    U = SIGNS[:, draws.permutation(4)] * draws.choice((-1.0, 1.0))
    Vt = SIGNS[draws.permutation(4)]
    r = draws.integers(1, 3)
    s = np.sort(2.0 ** draws.integers(-3, 3, shape=(4,)))[::-1].copy()
    s[r:] = np.minimum(s[r:], s[r - 1] / 2)
    B, A = (draws.integers(-2, 2, shape=shape).astype(float) for shape in ((4, r), (r, 4)))
    return Spectral(U, s * 2.0 ** draws.choice((0, 0, -40, 40)), Vt, r, B, A)


def spectral() -> tuple[Spectral, ...]:
    """Return the smallest gradient, one in the coordinates, and a spike whose signs say nothing of it."""
    one, s, eye = np.array([[1.0]]), np.array([8.0, 4.0, 2.0, 1.0]), np.eye(4)
    spike = np.array([1.0, 2.0**-20, 2.0**-20, 2.0**-20])
    return (
        Spectral(one, np.array([2.0]), one, 1, one, 3 * one),
        Spectral(eye, s, eye[[1, 0, 3, 2]], 2, SIGNS[:, :2].copy(), SIGNS[1:3].copy()),
        Spectral(SIGNS, spike, eye, 1, one * np.ones((4, 1)), np.array([[0.0, 1.0, 0.0, 0.0]])),
        Spectral(SIGNS, s, eye, 3, SIGNS[:, 1:4].copy(), eye[1:].copy()),
    )


SPECTRAL = Family(
    "known-spectra",
    always=spectral,
    tight=(
        Tight(
            Spectral(SIGNS, np.array([8.0, 4.0, 2.0, 1.0]), SIGNS.T.copy(), 2, SIGNS[:, :2].copy(), SIGNS[:2].copy()),
            1,
            1,
        ),
    ),
    draw=draw_spectral,
)


@dataclass(frozen=True)
class Outer:
    """The gradient u v^T of rank one."""

    u: np.ndarray
    v: np.ndarray
    rank: int = 1

    @property
    def gradient(self) -> np.ndarray:
        """The gradient."""
        return np.asarray(np.outer(self.u, self.v))

    @property
    def allowed(self) -> float:
        """Return the rounding that an energy of the gradient may have in doubles."""
        return allowance(self.gradient, norm(self.gradient) ** 2)


def is_outer(case: Outer) -> bool:
    """Decide whether both vectors are finite and not 0, and the rank is 1."""
    vectors = (np.asarray(case.u), np.asarray(case.v))
    return case.rank == 1 and all(x.ndim == 1 and x.any() and bool(np.isfinite(x).all()) for x in vectors)


def draw_outer(draws: Draws) -> Outer:
    """Draw vectors of small integers, zeros among them."""

    def vector() -> np.ndarray:
        x = draws.integers(-5, 5, shape=(draws.integers(1, 6),)).astype(float)
        x[0] += not x.any()
        return x * 2.0 ** draws.choice((0, -30, 30))

    return Outer(vector(), vector())


OUTERS = Family(
    "outer-products",
    always=(
        Outer(np.array([2.0]), np.array([3.0])),
        Outer(np.array([3.0, 1.0]), np.array([1.0, 1.0])),
        Outer(np.array([4.0, 0.0, -1.0]), np.array([1.0, -7.0])),
    ),
    draw=draw_outer,
)

"""Adapters in the linearised problem with weight decay: descents from random starts, and where they end.

The loss is sum_k (<X_k, U V^T> - y_k)^2 / (2 N) + h (|U|^2 + |V|^2) / 2, whose minimum over factors of any rank is that
of a convex problem, with the nuclear norm of U V^T in the place of the decay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from lrtheory.bounds import Draws, Family


@dataclass(frozen=True)
class Descents:
    """Data X (N, m, n), labels y (N,), the decay h, and starts: U above V, (starts, m + n, rank)."""

    X: np.ndarray
    y: np.ndarray
    decay: float
    starts: np.ndarray

    @property
    def rank(self) -> int:
        """r."""
        return self.starts.shape[2]

    def gap(self, factors: np.ndarray) -> float:
        """A bound on the loss above its minimum, by the dual problem, in units of the loss at 0.

        For every theta with |sum_k theta_k X_k|_2 <= h N the minimum is at least (<theta, y> - |theta|^2 / 2) / N.
        """
        n_data, h = len(self.y), self.decay
        U, V = np.split(factors, [self.X.shape[1]])
        error = np.einsum("kij,ij->k", self.X, U @ V.T) - self.y
        norm = np.linalg.norm(np.tensordot(error, self.X, 1), 2)
        # the residual is the best theta at the minimum; scaled down, it is feasible anywhere, and bounds the minimum
        theta = -error * min(1.0, h * n_data / norm) if norm > 0 else -error
        loss = (error @ error) / (2 * n_data) + h / 2 * (factors**2).sum()
        return float((loss - (theta @ self.y - theta @ theta / 2) / n_data) / (self.y @ self.y / (2 * n_data)))


def descended(case: Descents, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the end points of descents from the starts, by limited-memory BFGS."""
    m, n_data = case.X.shape[1], len(case.y)

    def loss(z: np.ndarray) -> tuple[float, np.ndarray]:
        factors = z.reshape(case.starts.shape[1:])
        U, V = factors[:m], factors[m:]
        error = np.einsum("kij,ij->k", case.X, U @ V.T) - case.y
        G = np.tensordot(error, case.X, 1) / n_data
        slope = np.concatenate([G @ V, G.T @ U]) + case.decay * factors
        return float(error @ error / (2 * n_data) + case.decay / 2 * (z @ z)), slope.ravel()

    # tighter than the claim, so that a descent stops at a critical point and not at a tolerance
    options = {"maxiter": 4000, "ftol": 1e-16, "gtol": 1e-10, "maxcor": 30}
    ends = [minimize(loss, one.ravel(), jac=True, method="L-BFGS-B", options=options).x for one in case.starts]
    return np.reshape(ends, case.starts.shape)


def gaussian_descents(seed: int, n_data: int, shape: tuple[int, int], rank: int, decay: float) -> Descents:
    """Gaussian data, labels, and two starts."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n_data, *shape)), rng.normal(size=n_data)
    return Descents(X, y, decay, rng.normal(size=(2, sum(shape), rank)))


def draw_descents(draws: Draws) -> Descents:
    """Up to six data, matrices up to 4 x 4, the least rank or one more."""
    n_data, shape = draws.integers(1, 6), (draws.integers(2, 4), draws.integers(2, 4))
    # computed anew and not by the library, whose rank is under test
    rank = next(r for r in range(1, 5) if r * (r + 1) > 2 * n_data) + draws.integers(0, 1)
    return gaussian_descents(draws.integers(0, 2**31 - 1), n_data, shape, rank, draws.choice((0.0625, 0.25)))


DESCENTS = Family(
    "descents",
    always=lambda: tuple(
        gaussian_descents(seed, *at) for seed, at in enumerate(((1, (2, 2), 2, 0.0625), (6, (4, 4), 4, 0.0625)))
    ),
    draw=draw_descents,
)
# for six data rank 1 is below the bound; from these seeds descents end above the minimum over all ranks
LOW_RANKS = Family(
    "descents-of-low-rank", always=lambda: tuple(gaussian_descents(s, 6, (4, 4), 1, 0.0625) for s in (0, 1))
)

"""Data for a layer, updates to convert, and subspaces beside a target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight, rounding
from lrtheory.low_rank_adapters.convert.to_lora import to_lora
from lrtheory.low_rank_adapters.fit import fit
from lrtheory.low_rank_adapters.kinds.lora import lora
from proofs_checks.guards import allowance, square
from proofs_checks.low_rank_adapters.families.adapters import (
    Case,
    build,
    draw_case,
    is_case,
    one_of_each,
    smallest,
    update,
    with_more,
)
from proofs_checks.low_rank_adapters.families.spectra import values


@dataclass(frozen=True)
class Data:
    """Inputs X (T, n), wanted outputs Y (T, m), a weight W (m, n), and factors of some update of a rank r."""

    X: np.ndarray
    Y: np.ndarray
    W: np.ndarray
    B: np.ndarray
    A: np.ndarray

    @property
    def missing(self) -> np.ndarray:
        """E, what the outputs of the weight lack, an example a column."""
        return np.asarray((self.Y - self.X @ self.W.T).T)

    @property
    def fitted(self) -> np.ndarray:
        """E P_X, with the projector onto the span of the inputs."""
        U, s, _ = np.linalg.svd(self.X, full_matrices=False)
        U = U[:, s > max(self.X.shape) * np.finfo(float).eps * s.max(initial=0.0)]
        return np.asarray(self.missing @ U @ U.T)

    def error(self, B: np.ndarray, A: np.ndarray) -> float:
        """The squared error of an update B A."""
        return square(self.missing - B @ (A @ self.X.T))

    @property
    def allowed(self) -> float:
        """Return the rounding that squared errors may have."""
        s = values(self.X)
        kept = s[s > max(self.X.shape) * np.finfo(float).eps * s.max(initial=0.0)]
        stretch = float(kept.max(initial=1.0) / kept.min(initial=kept.max(initial=1.0)))
        return allowance(self.Y, self.missing, self.B @ (self.A @ self.X.T)) * stretch


@dataclass(frozen=True, kw_only=True)
class Converted(Case):
    """An adapter, and the rank of a LoRA for its update."""

    to_rank: int

    @property
    def allowed(self) -> float:
        """Return the rounding that squared errors may have."""
        return allowance(update(self), *(one for one in (*self.trained, *self.frozen) if one.ndim == 2))


@dataclass(frozen=True)
class Sketched:
    """A target D, a matrix Q with orthonormal columns, and a rank r."""

    D: np.ndarray
    Q: np.ndarray
    rank: int


def is_data(case: Data) -> bool:
    """Decide whether all shapes fit, with a rank of 1 at least, and all numbers are finite."""
    (T, n), (m, r) = case.X.shape, case.B.shape
    fits = (case.Y.shape, case.W.shape, case.A.shape) == ((T, m), (m, n), (r, n)) and min(T, n, m, r) >= 1
    return fits and all(bool(np.isfinite(one).all()) for one in (case.X, case.Y, case.W, case.B, case.A))


def is_converted(case: Converted) -> bool:
    """Decide whether the rank is from 1 to the smaller side."""
    return 1 <= case.to_rank <= min(case.shape) and is_case(case)


def is_sketched(case: Sketched) -> bool:
    """Decide whether Q has the rows of D and orthonormal columns, up to rounding."""
    (m, k), gram = case.Q.shape, case.Q.T @ case.Q
    fits = len(case.D) == m and case.rank >= 0 and bool(np.isfinite(case.D).all())
    return fits and bool((np.abs(gram - np.eye(k)) <= rounding(8 * (m + k), 1.0)).all())


def fitted(case: Data, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the best factors for the data, with their loss and its lower bound."""
    found = fit(lora(0 * case.B, 0 * case.A), X=case.X, Y=case.Y, weight=case.W)
    B, A = (np.asarray(found.adapter.params[name]) for name in "BA")
    return {"B": B, "A": A, "loss": found.loss, "lower": found.lower}


def converted(case: Converted, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the factors of the LoRA, and what they leave."""
    found = to_lora(build(case), rank=case.to_rank)
    B, A = (np.asarray(found.adapter.params[name]) for name in "BA")
    return {"B": B * found.adapter.scale, "A": A, "loss": found.loss, "lower": found.lower}


# --- families ---------------------------------------------------------------------------------------------------------


def draw_data(draws: Draws) -> Data:
    """Draw small integers; the inputs are stretched, or of low rank, or neither."""
    m, n, T, r = draws.integers(1, 4), draws.integers(1, 4), draws.integers(1, 6), draws.integers(1, 2)
    X, Y, W, B, A = (
        draws.integers(-3, 3, shape=shape).astype(float) for shape in ((T, n), (T, m), (m, n), (m, r), (r, n))
    )
    kind = draws.choice(("plain", "stretched", "low"))
    if kind == "stretched":
        X = X * 4.0 ** np.arange(n)
    if kind == "low":
        X = np.outer(X[:, 0], np.arange(1.0, n + 1))
    return Data(X, Y, W, B, A)


#: inputs of very different sizes, so that the best update is not the best one for the outputs
STRETCHED = Data(
    np.diag([16.0, 1.0]), np.array([[16.0, 0.0], [0.0, 8.0]]), np.zeros((2, 2)), np.ones((2, 1)), np.ones((1, 2))
)
#: one input, so that most of the outputs are out of reach
ONE_INPUT = Data(
    np.array([[1.0], [0.0], [0.0]]),
    np.array([[1.0, 0.0], [0.0, 4.0], [3.0, 0.0]]),
    np.zeros((2, 1)),
    np.ones((2, 1)),
    np.ones((1, 1)),
)
DATA = Family("data-for-a-layer", always=lambda: (STRETCHED, ONE_INPUT), draw=draw_data)


def draw_converted(draws: Draws) -> Converted:
    """Draw an adapter of any kind, and a rank."""
    case = draw_case(draws, most=5)
    return with_more(Converted, case, to_rank=draws.integers(1, min(*case.shape, 3)))  # type: ignore[no-any-return]


CONVERTED = Family(
    "adapters-and-ranks",
    always=lambda: tuple(with_more(Converted, case, to_rank=1) for case in (smallest(), *one_of_each())),
    draw=draw_converted,
)


def draw_sketched(draws: Draws) -> Sketched:
    """Draw a matrix of integers, with columns of different sizes or none, and a basis that is random or leading."""
    m, n = draws.integers(2, 6), draws.integers(2, 6)
    D = draws.integers(-4, 4, shape=(m, n)) * 2.0 ** -(draws.integers(0, 2) * np.arange(n))
    k = draws.integers(1, m - 1)
    basis = np.linalg.svd(D)[0][:, :k] if draws.integers(0, 2) else draws.integers(-4, 4, shape=(m, k)).astype(float)
    return Sketched(D, np.linalg.qr(basis)[0], draws.integers(1, max(1, min(k, n) - 1)))


def last_axes(entries: list[float], k: int, rank: int) -> Sketched:
    """Make a diagonal matrix, and its last k axes."""
    return Sketched(np.diag(entries), np.eye(len(entries))[:, -k:].copy(), rank)


SKETCHES = Family(
    "targets-and-subspaces",
    always=lambda: (last_axes([3.0, 3.0, 1.0, 1.0], 2, 2), last_axes([2.0, 1.0], 1, 1)),
    tight=(Tight(replace(last_axes([3.0, 2.0, 1.0], 3, 1)), 1 - 1e-12, 1 + 1e-12),),
    draw=draw_sketched,
)

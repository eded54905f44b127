"""A weight and the inputs of its layer, which may span fewer directions than the weight has columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight, rounding
from lrtheory.matrix_compression import truncate


@dataclass(frozen=True)
class Layer:
    """W (d_out, d_in), inputs X with a row for each sample, the rank r; and whether X^T X is handed over for X."""

    W: np.ndarray
    X: np.ndarray
    rank: int
    by_covariance: bool = False

    @property
    def outputs(self) -> np.ndarray:
        """W X^T, a column for each sample: exact where both hold integers."""
        return np.asarray(self.W @ self.X.T)

    @property
    def input_values(self) -> np.ndarray:
        """The singular values of X that are not 0."""
        return spanned(self.X)[1]

    @property
    def allowed(self) -> float:
        """The rounding in doubles of norms of outputs: weights are found by dividing by what inputs have least of."""
        values = self.input_values
        if not len(values):
            return 0.0
        spread = float(values[0] / values[-1])
        steps = 64 * (sum(self.W.shape) + len(self.X) + 8)
        load = float(np.linalg.norm(self.W)) * float(values[0])
        return float(rounding(steps, load) * (spread**2 if self.by_covariance else spread))


@dataclass(frozen=True)
class Taught:
    """Inputs of a compressed network, outputs of the original one for the same samples, and the rank r."""

    X: np.ndarray
    Y: np.ndarray
    rank: int


def spanned(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the left singular vectors of X whose values are not 0, and these values."""
    U, values, _ = np.linalg.svd(X, full_matrices=False)
    kept = values > 1e-9 * values.max(initial=0.0)
    return U[:, kept], values[kept]


def is_layer(case: Layer) -> bool:
    """Decide whether the inputs are finite and fit the weight, and the rank is not negative."""
    W, X = np.asarray(case.W), np.asarray(case.X)
    fits = W.ndim == X.ndim == 2 and W.shape[1] == X.shape[1] and 0 not in (*W.shape, *X.shape)
    return bool(fits and np.isfinite(W).all() and np.isfinite(X).all() and case.rank >= 0)


def is_taught(case: Taught) -> bool:
    """Decide whether inputs and outputs are finite and of as many samples, and the rank is not negative."""
    X, Y = np.asarray(case.X), np.asarray(case.Y)
    fits = X.ndim == Y.ndim == 2 and len(X) == len(Y) and 0 not in (*X.shape, *Y.shape)
    return bool(fits and np.isfinite(X).all() and np.isfinite(Y).all() and case.rank >= 0)


def has_all_directions(case: Layer) -> bool:
    """Decide whether the inputs span every direction that the weight can see."""
    return len(case.input_values) == case.W.shape[1]


def is_even(case: Layer | Taught) -> bool:
    """Decide whether inputs that are not 0 have singular values within a factor of 1000, so that rounding is small."""
    _, values = spanned(case.X)
    return bool(not len(values) or values[0] <= 1000 * values[-1])


def whitened(case: Layer, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's factors in the metric of the inputs, all singular values, and the error that it reports."""
    given = {"covariance": case.X.T @ case.X} if case.by_covariance else {"inputs": case.X}
    found = truncate(case.W, case.rank, **given)  # type: ignore[arg-type]
    return {"B": found.B, "A": found.A, "values": found.singular_values, "error": found.error}


def both(case: Layer, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the plain truncation and that in the metric of the inputs, as matrices."""
    return {
        "plain": np.asarray(truncate(case.W, case.rank).delta),
        "whitened": np.asarray(truncate(case.W, case.rank, inputs=case.X).delta),
    }


def distilled(case: Taught, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the library's factors for outputs of another network, and the relative error that it reports."""
    W = np.zeros((case.Y.shape[1], case.X.shape[1]))
    found = truncate(W, case.rank, inputs=case.X, targets=case.Y)
    return {"B": found.B, "A": found.A, "error": found.error}


def draw_layer(draws: Draws) -> Layer:
    """Draw small integers; samples that are fewer than the columns, or of which some are sums of others."""
    m, n, samples = draws.integers(1, 5), draws.integers(1, 5), draws.integers(1, 7)
    W, X = draws.integers(-4, 4, shape=(m, n)), draws.integers(-3, 3, shape=(samples, n))
    unit = 2.0 ** draws.choice((0, 0, -30, 30))
    return Layer(unit * W, X.astype(float), draws.integers(0, min(m, n)), draws.choice((False, True)))


def draw_full(draws: Draws) -> Layer:
    """Draw inputs that span every direction: more samples than columns, and the axes among them."""
    case = draw_layer(draws)
    n = case.W.shape[1]
    return replace(case, X=np.concatenate([case.X, np.diag(draws.integers(1, 4, shape=(n,)))]), by_covariance=False)


def draw_taught(draws: Draws) -> Taught:
    """Draw integers for both sides."""
    n, m, samples = draws.integers(1, 4), draws.integers(1, 4), draws.integers(1, 7)
    X, Y = draws.integers(-3, 3, shape=(samples, n)), draws.integers(-4, 4, shape=(samples, m))
    return Taught(X.astype(float), Y.astype(float), draws.integers(0, min(m, n)))


def worst(t: float, delta: float) -> Layer:
    """Make a weight whose plain truncation drops just the direction that the inputs have: its ratio is (1 - t) cond."""
    return Layer(np.diag([1.0, 1 - t]), np.diag([delta, 1.0]), 1)


def layers() -> tuple[Layer, ...]:
    """Return the smallest layer, an input in one direction, one with dependent samples, and a general one."""
    W = np.array([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    X = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0], [1.0, 3.0, 3.0], [2.0, -1.0, 0.0]])
    return (
        Layer(np.array([[2.0]]), np.array([[3.0]]), 0),
        Layer(np.diag([3.0, 1.0]), np.array([[0.0, 2.0]]), 1),
        Layer(W, X, 1),
        Layer(W[::-1].copy(), X[:2], 1),
        Layer(W, X[:3], 1, by_covariance=True),
        worst(0.125, 0.25),
    )


LAYERS = Family("layers", always=layers, draw=draw_layer)
SPANNED = Family(
    "layers-whose-inputs-span",
    always=lambda: [one for one in layers() if has_all_directions(one)],
    tight=(Tight(worst(2.0**-10, 0.125), 0.998, 1),),
    draw=draw_full,
)
#: fewer samples than the rank: nothing is lost in the metric of the inputs, whatever plain truncation loses
ONE_SAMPLE = Family(
    "layers-with-one-sample",
    always=(Layer(np.diag([3.0, 1.0]), np.array([[0.0, 2.0]]), 1),),
    complete="the smallest layer with fewer samples than columns on which plain truncation errs",
    members=1,
)
TAUGHT = Family(
    "taught-layers",
    always=(
        Taught(np.array([[1.0]]), np.array([[2.0]]), 1),
        Taught(np.array([[1.0], [0.0]]), np.array([[2.0], [3.0]]), 1),
        Taught(np.eye(2), np.array([[2.0, 0.0], [0.0, 1.0]]), 1),
        Taught(np.eye(2)[::-1].copy(), np.array([[1.0, 1.0], [0.0, 3.0]]), 1),
        Taught(np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 1.0]]), 1),
        Taught(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 1.0]]), 2),
    ),
    draw=draw_taught,
)

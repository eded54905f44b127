"""Matrix completion in other units: values of the matrix, penalties, factors, and right-hand sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory.matrix_completion import (
    Observations,
    complete,
    complete_dense,
    duality_gap,
    half_step,
    incoherence,
    make_low_rank,
    make_power_law,
    objective,
    sketch,
    sketched_lstsq,
    spectral_init,
    subspace_distance,
)

PROBLEM = make_low_rank((40, 30), 2, density=0.6, condition=3, rng=0).observations
NOISY = make_low_rank((40, 30), 2, density=0.6, noise=0.2, rng=1).observations
RATINGS = make_power_law((40, 30), 2, n_observed=500, rng=0).observations
RNG = np.random.default_rng(0)
LEFT, RIGHT = RNG.normal(size=(40, 2)), RNG.normal(size=(30, 2))
A, B = RNG.normal(size=(200, 3)), RNG.normal(size=(200, 2))
EXACT = {"tol": 1e-13, "max_iter": 1000}


def times(seen: Observations, factor: float) -> Observations:
    """The sample with values in another unit."""
    return Observations(seen.rows, seen.cols, factor * seen.values, seen.shape)


def product(found: Any, factor: float) -> tuple[Any, ...]:
    """U V^T and the singular values, in the old unit."""
    return (found.U / factor) @ found.V.T, found.singular_values / factor


def completed(factor: float) -> tuple[Any, ...]:
    """A matrix without noise, at machine precision."""
    done = complete(times(PROBLEM, factor), 2, tol=1e-12, max_iter=500)
    return *product(done, factor), done.residual < 1e-11


def along_paths(factor: float) -> tuple[Any, ...]:
    """Rank one, whose entries follow along paths."""
    table = np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0]) * factor
    table[np.triu_indices(3, 1)] = np.nan
    done = complete(table, 1)
    return done.block() / factor, done.n_iter


def rated(factor: float) -> tuple[Any, ...]:
    """Ratings with mean, biases, a ridge and its certificate."""
    done = complete(times(RATINGS, factor), 2, ridge=4.0 * factor, bias=True, **EXACT)
    proof = done.certificate
    values = proof.achieved / factor**2, proof.bound / factor**2, proof.spectral_norm / factor
    return *product(done, factor), done.mean / factor, done.row_bias / factor, *values, done.residual


def stopped(factor: float) -> tuple[Any, ...]:
    """Iterations and predictions of a run that held-out ratings end."""
    train, test = times(RATINGS, factor).split(0.2, rng=0)
    done = complete(train, 3, validation=test, bias=True, max_iter=30)
    return done.n_iter, done.validation_rmse / factor, done.predict([0, 1], [2, 3]) / factor


def whole(factor: float) -> tuple[Any, ...]:
    """The path for dense arrays."""
    table = np.full((40, 30), np.nan)
    table[NOISY.rows, NOISY.cols] = factor * NOISY.values
    done = complete_dense(table, None, 2, ridge=factor, inner_tol=1e-6, **EXACT)
    return *product(done, factor), done.residual


def halves(method: str) -> Callable[[float], Any]:
    """A half-step for values in another unit."""

    def solve(factor: float) -> tuple[Any, ...]:
        found = half_step(times(NOISY, factor), RIGHT, init=factor * LEFT, method=method, ridge=2.0, rng=0)
        return found.factor / factor, found.squares / factor**2, found.counts["inner_iterations"]

    return solve


def other_half(method: str) -> Callable[[float], Any]:
    """A half-step for a fixed factor in another unit: the ridge is in units of its square."""

    def solve(factor: float) -> Any:
        return half_step(NOISY, factor * RIGHT, method=method, ridge=2.0 * factor**2, rng=0).factor * factor

    return solve


def proof(factor: float) -> tuple[Any, ...]:
    """Gap, bound and objective are in units of squared values, the weight in those of the values."""
    found = duality_gap(times(NOISY, factor), LEFT * factor, RIGHT, lam=3.0 * factor)
    parts = found.gap, found.bound, found.achieved
    return *(part / factor**2 for part in parts), found.spectral_norm / factor, found.verify(times(NOISY, factor))


def penalized(factor: float) -> float:
    """The objective, with factors in units of the root of that of the values."""
    root = factor**0.5
    return objective(times(NOISY, factor), root * LEFT, root * RIGHT, ridge=2.0 * factor) / factor**2


def regression(method: str, of_side: float = 0.0, of_matrix: float = 0.0) -> Callable[[float], Any]:
    """Least squares with the side, or the matrix, in another unit."""

    def solve(factor: float) -> tuple[Any, ...]:
        side, matrix = factor**of_side, factor**of_matrix
        found = sketched_lstsq(matrix * A, side * B, method=method, epsilon=1e-12, rng=0)
        return found.x * (matrix / side), found.residual_norms / side, found.R / matrix, found.converged

    return solve


def regression_by_columns(factor: float) -> tuple[Any, ...]:
    """Least squares whose columns have units of their own."""
    units = np.array([factor, 1.0, 1 / factor])
    found = sketched_lstsq(A * units, B, epsilon=1e-12, rng=0)
    return found.x * units[:, None], found.residual_norms, found.converged


def started(factor: float) -> tuple[Any, ...]:
    """The spectral start to machine precision."""
    found = spectral_init(times(NOISY, factor), 2, tol=0.0)
    return (found.U * found.singular_values / factor) @ found.V.T, found.singular_values / factor


UNITS: dict[str, Callable[[float], Any]] = {
    "complete: values": completed,
    "complete: values along paths": along_paths,
    "complete: values, biases and ridge": rated,
    "complete: values and validation": stopped,
    "complete_dense: values and ridge": whole,
    "half_step: values, exact": halves("exact"),
    "half_step: values, cg": halves("cg"),
    "half_step: values, sketch": halves("sketch"),
    "half_step: fixed factor and ridge, exact": other_half("exact"),
    "half_step: fixed factor and ridge, cg": other_half("cg"),
    "half_step: fixed factor and ridge, sketch": other_half("sketch"),
    "duality_gap: values and weight": proof,
    "objective: values and ridge": penalized,
    "spectral_init: values": started,
    "sketch: values": lambda f: sketch(f * A, 12, kind="leverage", rng=0) / f,
    "sketched_lstsq: right-hand side, cg": regression("cg", of_side=1),
    "sketched_lstsq: right-hand side, gd": regression("gd", of_side=1),
    "sketched_lstsq: matrix, cg": regression("cg", of_matrix=1),
    "sketched_lstsq: matrix, gd": regression("gd", of_matrix=1),
    "sketched_lstsq: each column": regression_by_columns,
    "subspace_distance: coordinates": lambda f: subspace_distance(LEFT * [f, 1 / f], f * LEFT + f * LEFT[::-1]),
    "incoherence: coordinates": lambda f: incoherence(LEFT * [f, 1 / f]),
}

UNITLESS: dict[str, str] = {
    "finitely_completable": "only the positions of the observations count",
    "rank_one_components": "only the positions of the observations count",
    "spectral_gap": "only the positions of the observations count",
    "sample_mask": "it takes a shape and a probability",
    "split_mask": "it divides positions, whatever the values are",
}

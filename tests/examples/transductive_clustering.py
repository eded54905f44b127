"""One small call of every public function of `transductive_clustering`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lrtheory import transductive_clustering as tc
from tests.backends import need_data
from tests.examples import Call, call

SWAP = np.array([[0.0, 1.0], [1.0, 0.0]])
UNIFORM = np.array([[0.5, 0.5], [0.5, 0.5]])
LABELS = np.array([[1.0, 0.0], [1.0, 0.0]])
COSTS = np.array([[0.0, 1.0], [0.5, 0.25]])


def points() -> np.ndarray:
    """Twelve points in three groups, in the plane."""
    rng = np.random.default_rng(0)
    return np.repeat(np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]), 4, axis=0) + rng.normal(size=(12, 2)) / 4


def problem() -> tuple[np.ndarray, np.ndarray]:
    """A batch of two problems with five points and three clusters; in the second one steps are damped."""
    rng = np.random.default_rng(1)
    W = np.triu(rng.integers(0, 2, (2, 5, 5)), 1).astype(float)
    return rng.uniform(size=(2, 5, 3)), (W + W.transpose(0, 2, 1)) * np.array([0.5, 8.0])[:, None, None]


def rows() -> np.ndarray:
    """Assignments of the problems."""
    Z = 1 + problem()[0]
    return Z / Z.sum(axis=-1, keepdims=True)


def tasks() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two tasks with two classes, which are not the same ones."""
    rng = np.random.default_rng(2)
    centers = np.array([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    support = centers + rng.normal(size=(2, 2, 3)) / 4
    query = np.repeat(centers, 3, axis=0) + rng.normal(size=(2, 6, 3)) / 2
    return support, np.array([[7, 3], [3, 5]]), query


def shots(**options: Any) -> Call:
    return call(*tasks(), **options)


def loaded(name: str) -> Call:
    """A loader, where its data and what reads them are installed."""
    need_data(name)
    if name == "sentences":
        pytest.importorskip("tokenizers")
        pytest.importorskip("safetensors")
    return call()


WEIGHTS = {"lam": 1.0, "temperature": 1.0}
CALLS = {
    "bound_update": lambda: call(*problem(), lam=1.5, clamp=np.array([[0, -1, -1, -1, 2], [-1, -1, -1, 1, -1]])),
    "classify": lambda: call({"x": [0.0, 0.2, 3.0, 3.3], "y": ["low", None, "high", None]}, "y"),
    "cluster": lambda: call(points(), 3, rng=0, record=True),
    "discrete_energy": lambda: call(np.array([[0, 1, 2, 2, 1], [0, 0, 0, 1, 1]]), *problem(), lam=2.0),
    "evaluate": lambda: call(np.tile(points(), (3, 1)), np.repeat([0, 1, 2] * 3, 4), n_tasks=4, way=2, query=3, rng=0),
    "few_shot": lambda: shots(query_mask=np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0]]), record=True),
    "knn_affinity": lambda: call(points(), n_neighbors=2),
    "laplacian_energy": lambda: call(rows(), *problem()),
    "load_digits_features": lambda: loaded("digits_features"),
    "load_mnist_5k": lambda: loaded("mnist_5k"),
    "load_sentences": lambda: loaded("sentences"),
    "make_directed_ring": lambda: call(4),
    "make_episodes": lambda: call(points(), np.repeat([0, 1, 2], 4), n_tasks=3, way=2, query=2, rng=0),
    "make_gaussian_mixture": lambda: call(20, 3, rng=0),
    "make_two_points": lambda: call(),
    "monotone_report": lambda: call(SWAP, lam=3.0),
    "nearest_neighbors": lambda: call(points(), 2),
    "psd_shift": lambda: call(SWAP),
    "relaxed_energy": lambda: call(rows(), *problem(), temperature=0.5),
    "round_assignments": lambda: call(UNIFORM, COSTS, SWAP, lam=1.0),
    "spatial_order": lambda: call(points()),
    "baselines.lloyd": lambda: call(points(), 3, rng=0),
    "baselines.spectral": lambda: call(points(), 3, n_neighbors=3, rng=0),
    "theory.descent_bound": lambda: call(0.5, smallest_eigenvalue=-1.0, damping=0.5, **WEIGHTS),
    "theory.energy_lower_bound": lambda: call(COSTS, SWAP, n_free=2, **WEIGHTS),
    "theory.half_width": lambda: call([0.5, 1.0, 0.75]),
    "theory.largest_monotone_lam": lambda: call(-2.0, temperature=1.0),
    "theory.ring_threshold": lambda: call(3),
    "theory.two_point_energy": lambda: call(0.5, 0.25, **WEIGHTS),
    "theory.two_point_limit": lambda: call(lam=3.0, temperature=1.0),
    "theory.two_point_threshold": lambda: call(0.25),
    "theory.uniform_rate": lambda: call(1.0, 2, **WEIGHTS),
}
assert tc.__doc__

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "clamped_costs": lambda: call(COSTS, SWAP, [1, -1], 2.0),
    "energy_decrease": lambda: call(UNIFORM, UNIFORM, SWAP, 1.0, 1.0),
    "energy_without_logs": lambda: call(LABELS, UNIFORM, COSTS, SWAP, 1.0, 1.0),
    "kl_divergence": lambda: call(LABELS, UNIFORM),
    "kl_lower_bound": lambda: call(LABELS, UNIFORM),
    "laplacian_gap": lambda: call(UNIFORM, SWAP, 1.0),
    "log_partition": lambda: call(COSTS, 0.5),
    "majoriser": lambda: call(LABELS, UNIFORM, COSTS, SWAP, 1.0, 1.0),
    "majoriser_gap": lambda: call(LABELS, UNIFORM, SWAP, 1.0),
    "mass_floor": lambda: call(COSTS, [1.0, 1.0], 1.0, 1.0),
    "mean_shift_gain": lambda: call([1.0, 0.5], [0.5, 0.25], 1.0, 0.5),
    "mean_step_decrease": lambda: call([1.0, 2.0], [[0.0], [1.0]], [[0.5], [1.0]]),
    "pair_energy": lambda: call(UNIFORM, COSTS, SWAP, 1.0),
    "row_replacement": lambda: call(UNIFORM, COSTS, SWAP, 1.0, 0, [1.0, 0.0]),
    "softmax_jacobian": lambda: call([0.5, 0.5]),
    "tangent_error": lambda: call([[0.5, 0.0], [0.0, 0.0]]),
    "two_step_decrease": lambda: call(UNIFORM, UNIFORM, 1.0),
    "two_step_value": lambda: call(UNIFORM, UNIFORM, COSTS, SWAP, 1.0, 1.0),
    "vertex_gap": lambda: call(SWAP, 1.0),
}

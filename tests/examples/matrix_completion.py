"""One small call of every public function of `matrix_completion`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lrtheory import matrix_completion
from lrtheory._data import location
from lrtheory.matrix_completion import CompletionProblem, LowRank, loaders
from tests.examples import Call, call


def problem() -> CompletionProblem:
    """A matrix of rank 2, most of it seen."""
    return matrix_completion.make_low_rank((12, 10), 2, density=0.8, rng=0)


def factor(size: int, rank: int = 2) -> np.ndarray:
    """A matrix of full column rank."""
    return np.random.default_rng(size).normal(size=(size, rank))


def identity() -> tuple[np.ndarray, LowRank, np.ndarray]:
    """A basis, M, and a mask with no empty column."""
    U, left, right = (np.linalg.qr(factor(size))[0] for size in (8, 9, 6))
    truth = LowRank(np.linalg.qr(left[:8])[0], np.array([2.0, 1.0]), right)
    return U, truth, np.arange(48).reshape(8, 6) % 5 > 0


def masked() -> tuple[np.ndarray, np.ndarray, int]:
    """Values, mask and rank."""
    return problem().truth.dense(), np.arange(120).reshape(12, 10) % 4 > 0, 2


def installed(name: str) -> Call:
    """Nothing, where the file is there."""
    data = next(one for one in loaders.DATA_SETS if one.name == name)
    if location(data) is None:
        pytest.skip(data.remedy)
    return call()


def lectures() -> Call:
    """Nothing, where pandas is there too."""
    pytest.importorskip("pandas")
    return installed("lecture_ratings")


CALLS = {
    "complete": lambda: call(problem(), 2),
    "complete_dense": lambda: call(*masked(), max_iter=3),
    "duality_gap": lambda: call(problem(), factor(12), factor(10), lam=1.0),
    "finitely_completable": lambda: call(problem(), 2, rng=0),
    "half_step": lambda: call(problem(), factor(10)),
    "incoherence": lambda: call(factor(12)),
    "load_digits_matrix": lambda: installed("digits_matrix"),
    "load_lecture_ratings": lectures,
    "load_movielens_100k": lambda: installed("movielens_100k"),
    "make_coherent": lambda: call((12, 10), 2, rng=0),
    "make_low_rank": lambda: call((12, 10), 2, rng=0),
    "make_power_law": lambda: call((12, 10), 2, n_observed=30, rng=0),
    "objective": lambda: call(problem(), factor(12), factor(10), ridge=1.0),
    "rank_one_components": lambda: call(problem()),
    "sample_mask": lambda: call((12, 10), 0.5, rng=0),
    "sketch": lambda: call(factor(20), 8, rng=0),
    "sketched_lstsq": lambda: call(factor(40), factor(40, 1)[:, 0], rng=0),
    "spectral_gap": lambda: call(problem()),
    "spectral_init": lambda: call(problem(), 2),
    "split_mask": lambda: call(problem().observations, 2, rng=0),
    "subspace_distance": lambda: call(factor(12), factor(12) + 0.1 * factor(24)[12:]),
    "theory.contraction_bound": lambda: call(0.5, smallest=1.0, driving=0.1),
    "theory.countsketch_rank_loss": lambda: call(4, sketch_size=20),
    "theory.coverage_probability": lambda: call(5, 6, rank=2, density=0.5),
    "theory.degrees_of_freedom": lambda: call(5, 6, 2),
    "theory.distortion": lambda: call(factor(20), np.triu(factor(2)) + 4 * np.eye(2)),
    "theory.driving_error": lambda: call(*identity()),
    "theory.driving_second_moment": lambda: call(*identity()[:2], density=0.5),
    "theory.gaussian_sketch_failure": lambda: call(0.3, sketch_size=100),
    "theory.half_step_flops": lambda: call(1000, 10, 3),
    "theory.imbalance": lambda: call(factor(12), factor(10)),
    "theory.noise_risk": lambda: call(0.5, n_rows=9, n_cols=9, rank=2, density=0.5),
    "theory.outer_iterations": lambda: call(1.0, epsilon=1e-6),
    "theory.samples_alternating": lambda: call(100, rank=2, incoherence=1, condition=1),
    "theory.samples_for_contraction": lambda: call(rank=2, incoherence=1, condition=1),
    "theory.srht_failure": lambda: call(600, n_rows=1024, rank=4),
    "baselines.als": lambda: call(problem(), 2, rng=0),
    "baselines.scaled_gd": lambda: call(problem(), 2),
    "baselines.soft_impute": lambda: call(problem(), 2, lam=1.0, rng=0),
    "baselines.svp": lambda: call(problem(), 2, rng=0),
}

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {"exact_half_step": lambda: call(*identity())}

"""Tasks of digits as figures use them: the features that the methods see, and the methods by their usual names."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.transductive_clustering import EpisodeBatch, Turns, load_digits_features, make_episodes

#: the methods that a person would compare, with their defaults
METHODS: dict[str, dict[str, Any]] = {
    "nearest prototype": {"method": "nearest"},
    "BD-CSPN": {"method": "bd-cspn"},
    "LaplacianShot": {"method": "laplacian-shot", "prototype": "rectified"},
    "label spreading": {"method": "label-spreading"},
    "K-means": {"method": "k-means"},
    "K-modes": {"method": "k-means", "prototype": "mode"},
    "SLK-means": {"method": "slk"},
    "SLK-means, hard": {"method": "slk", "turns": Turns(hard=True), "lam": 0.7, "temperature": 1.0},
    "SLK-modes": {"method": "slk", "prototype": "mode"},
    "TIM": {"method": "tim"},
    "PT-MAP": {"method": "pt-map"},
}
SLOW = ("K-modes", "SLK-modes", "TIM", "PT-MAP")  # slow methods, which get fewer tasks


def digits_tasks(n_tasks: int, rng: np.random.Generator, **size: Any) -> EpisodeBatch:
    """Tasks from the handwritten digits."""
    return make_episodes(load_digits_features(), n_tasks=n_tasks, rng=rng, **size)


def features(batch: EpisodeBatch) -> tuple[np.ndarray, np.ndarray]:
    """Support and queries (E, N, D) as the methods see them, and the squared distances (E, N, K) to the class means."""
    X = np.concatenate([batch.support, batch.query], axis=1) - batch.base_mean[:, None]
    X /= np.linalg.norm(X, axis=2, keepdims=True)
    support, query = np.split(X, [batch.support.shape[1]], axis=1)
    query += support.mean(axis=1, keepdims=True) - query.mean(axis=1, keepdims=True)
    way = len(np.unique(batch.support_labels[0]))
    means = support.reshape(len(X), way, -1, X.shape[2]).mean(axis=2)
    return X, ((X[:, :, None] - means[:, None]) ** 2).sum(axis=3)


def clamped_labels(batch: EpisodeBatch) -> np.ndarray:
    """Return the argument `clamp`: labeled points are clamped to the number of their class, queries are free (-1)."""
    way = len(np.unique(batch.support_labels[0]))
    ours = np.repeat(np.arange(way), batch.support.shape[1] // way)
    free = np.full(batch.query.shape[1], -1)
    return np.tile(np.concatenate([ours, free]), (batch.n_tasks, 1))

"""Selections by other rules, and what optimizers of few columns do when they forget something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory.low_rank_optimizers.columns.basis import dct_basis
from proofs_checks.low_rank_optimizers.families.basis.columns import Choice, Found, energies, reported
from proofs_checks.low_rank_optimizers.families.basis.cosines import Cosines, bases


def least(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the columns that hold least."""
    return _by(case, lambda squares: squares)


def last(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the last columns, whatever they hold."""
    n = case.S.shape[1]
    return {"indices": np.arange(n - case.rank, n)}


def by_rows(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the places of the longest rows of the gradient, which are no columns of the basis."""
    n = case.S.shape[1]
    lengths = (np.asarray(case.gradient, float) ** 2).sum(axis=1)[:n]
    return {"indices": np.sort(np.argsort(-lengths, kind="stable")[: case.rank])}


def without_basis(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the longest columns of the gradient itself."""
    lengths = (np.asarray(case.gradient, float) ** 2).sum(axis=0)
    return {"indices": np.sort(np.argsort(-lengths, kind="stable")[: case.rank])}


def reported_without_basis(case: Choice, rng: np.random.Generator | None = None) -> Found:
    """Take the longest columns of the gradient itself, and report what the right ones hold."""
    return reported(case) | without_basis(case)


def _by(case: Choice, score: Callable[[Any], Any]) -> Found:
    scores = np.array([float(score(value)) for value in energies(case)])
    return {"indices": np.sort(np.argsort(scores, kind="stable")[: case.rank])}


def rounded_arguments(case: Cosines, rng: np.random.Generator | None = None) -> Found:
    """Form the arguments of the cosines in single precision."""
    j, k = np.meshgrid(np.arange(case.n, dtype=np.float32), np.arange(case.n, dtype=np.float32), indexing="ij")
    single = np.cos(k * (2 * j + 1) * np.float32(np.pi) / np.float32(2 * case.n)) * np.float32(np.sqrt(2 / case.n))
    single[:, 0] = np.sqrt(1 / case.n)
    return bases(case) | {"single": single.astype(np.float32)}


def transposed(case: Cosines, rng: np.random.Generator | None = None) -> Found:
    """Apply the transposed basis, which is the inverse transform."""
    return bases(case) | {"product": np.asarray(case.X, float) @ dct_basis(case.n).T}

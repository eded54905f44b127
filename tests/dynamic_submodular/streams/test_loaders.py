"""Streams from real data, where the data are installed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory._data import DIGITS, read_table


def test_supermarket(data: Callable[[str], None]) -> None:
    data("supermarket")
    stream = ds.load_supermarket(days=3, min_customers=30, k=5)
    assert stream.names is not None
    days = [day for _, day in stream.names]
    assert days == sorted(days)
    trace = ds.DynamicSubmodular(stream, epsilon=0.2, rng=0).update(stream.ops[:400], record=True)
    assert (trace.values * 2.2 >= trace.upper_bounds).all()


def test_airports(data: Callable[[str], None]) -> None:
    data("airports")
    stream = ds.load_airports(n_neighbors=20, length=500, k=5)
    assert stream.names is not None
    assert "ZRH" in stream.names
    solver = ds.DynamicSubmodular(stream, rng=0)
    solver.update(stream.ops[:800])
    solver.check_invariants()


def test_digits(data: Callable[[str], None]) -> None:
    data("digits_similarity")
    stream = ds.load_digits_similarity(length=100, k=5)
    assert stream.objective.n == 1797
    assert np.bincount(stream.names).min() > 170
    X = read_table(DIGITS)[:, :64]
    cosines = X @ X[:3].T / np.linalg.norm(X, axis=1)[:, None] / np.linalg.norm(X[:3], axis=1)
    for i in range(3):
        assert stream.objective.value([i]) == pytest.approx((1 + cosines[:, i]).sum() / 2, rel=1e-12)
    solver = ds.DynamicSubmodular(stream, rng=0)
    solver.update(stream.ops[:200])
    assert solver.value >= ds.maximize(stream, candidates=solver.present).value / 2.1

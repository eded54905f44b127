"""Softmaxes of short rows and steps to them against their definitions, with nothing read or written beside the rows."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._array import kernel, kernel_input
from lrtheory._kernels.softmax_rows import add_rows, row_width, shift_rows, step_rows


@kernel
def width_of(table):
    return row_width(table)


@kernel
def shifted(costs, pulled, lam, cold, powers, highest):
    shift_rows(costs, pulled, lam, cold, powers, highest)


@kernel
def added(powers, count, mass):
    add_rows(powers, count, mass)


@kernel
def stepped(Z, pulled, powers, scales, part, new):
    return step_rows(Z, pulled, powers, scales, part, new)


def inner(rows, k, kind, value):
    """A table whose rows lie between numbers that would be noticed."""
    whole = np.full((rows + 2, k), value, kind)
    return whole, whole[1:-1]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 15, 16, 17, 33])
def test_rows_of_integers_are_exact(k, kind, compiled):
    rng, n = np.random.default_rng(k), 5
    width = width_of(np.empty((0, k), kind)) if compiled else k
    assert k <= width < k + 8
    calls = [call if compiled else call.py_func for call in (shifted, added, stepped)]
    beside, costs = inner(n, k, kind, np.nan)
    costs[:] = rng.integers(-9, 9, (n, k))
    pulled, powers = np.zeros((n + 2, width), kind), np.full((n + 2, width), 77, kind)
    pulled[:, :k] = rng.integers(-9, 9, (n + 2, k))
    highest, mass = np.full(n + 2, np.nan, kind), np.full(n + 2, np.nan, kind)
    calls[0](kernel_input(costs), pulled, kind(2), kind(4), powers, highest)
    logits = 2 * pulled[:n, :k] - costs
    np.testing.assert_array_equal(highest[:n], logits.max(axis=1))
    np.testing.assert_array_equal(powers[:n, :k], 4 * (logits - logits.max(axis=1, keepdims=True)))
    assert (powers[:n, k:] == -np.inf).all()
    assert (powers[n:] == 77).all()
    assert np.isnan(highest[n:]).all()
    powers[:, k:] = 0
    calls[1](powers, n, mass)
    np.testing.assert_array_equal(mass[:n], powers[:n].sum(axis=1))
    assert np.isnan(mass[n:]).all()
    for part in (1.0, 0.5):
        _, Z = inner(n, k, kind, np.nan)
        Z[:] = rng.integers(-9, 9, (n, k))
        around, new = inner(n, k, kind, np.nan)
        scales = rng.integers(1, 4, n + 2).astype(kind)
        found = calls[2](Z, pulled, powers, scales, kind(part), new)
        goal, u = powers[:n, :k] * scales[:n, None], pulled[:n, :k]
        moves = part * (goal - Z)
        np.testing.assert_array_equal(new, Z + moves)
        assert [*map(float, found)] == [(Z * u).sum(), (goal * u).sum(), (moves**2).sum(), np.abs(moves).max()]
        assert np.isnan(around[[0, -1]]).all()
    assert np.isnan(beside[[0, -1]]).all()


def test_a_whole_step_ends_at_its_goal_to_the_last_bit():
    rng = np.random.default_rng(0)
    Z, goal = rng.random((50, 10)), rng.random((50, 10))
    width = width_of(Z)
    pulled, powers, new = np.zeros((50, width)), np.zeros((50, width)), np.empty((50, 10))
    powers[:, :10] = goal
    stepped(Z, pulled, powers, np.ones(50), 1.0, new)
    np.testing.assert_array_equal(new, goal)

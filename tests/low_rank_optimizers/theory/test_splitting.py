"""Formulas of split coordinates against linear systems, long recursions and lists of arrays."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from lrtheory.low_rank_optimizers import theory
from proofs_checks.low_rank_optimizers.splitting.settled_variances import lost_travel
from tests.rules.refusals import assert_refused

ONE, BELOW_ONE = "an integer of at least 1", "in [0, 1)"


def steps(curvature: float, alpha: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """The matrix of (x, m) in one step, and what multiplies the noise."""
    m = np.array([(1 - b) * curvature, b])
    return np.array([[1, 0] - alpha * m, m]), (1 - b) * np.array([-alpha, 1.0])


@pytest.mark.parametrize("seed", range(30))
def test_a_coordinate_settles_where_the_lyapunov_equation_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    curvature, noise, b = rng.uniform(0.1, 5), rng.uniform(0, 3), rng.choice([0, rng.uniform(0, 0.99)])
    alpha = rng.uniform(0.01, 0.99) * 2 * (1 + b) / ((1 - b) * curvature)
    A, c = steps(curvature, alpha, b)
    moments = scipy.linalg.solve_discrete_lyapunov(A, noise * np.outer(c, c))
    found = theory.stationary_variance(curvature, noise, step_size=alpha, momentum=b)
    assert found == pytest.approx(moments[0, 0], rel=1e-8)


def test_numbers_of_the_stationary_variance() -> None:
    values = {"step_size": Fraction(1, 2), "momentum": Fraction(9, 10)}
    assert theory.stationary_variance(1, 1, **values) == Fraction(19, 75)
    assert theory.stationary_variance(1, 1, step_size=Fraction(1, 2)) == Fraction(1, 3)


@pytest.mark.parametrize("period", [1, 2, 7, 50])
@pytest.mark.parametrize("density", [0.0, 0.25, 1.0])
def test_new_splits_settle_where_a_long_recursion_does(period: int, density: float) -> None:
    curvature, noise, alpha, b = 1.5, 2.0, 0.5, 0.9
    v, path = 3.0, np.zeros(period)
    for _ in range(400):
        path = np.zeros(period)
        for share, momentum in ((density, b), (1 - density, 0.0)):
            A, c = steps(curvature, alpha, momentum)
            moments = np.diag([v, 0.0])
            for t in range(period):
                moments = A @ moments @ A.T + noise * np.outer(c, c)
                path[t] += share * moments[0, 0]
        v = path[-1]
    found = theory.resplit_variances(curvature, noise, step_size=alpha, momentum=b, density=density, period=period)
    assert np.allclose(found, path, rtol=1e-10)


@pytest.mark.parametrize(("period", "end"), [(1, 0.32055), (10, 0.30353), (50, 0.31304), (200, 0.31333)])
def test_numbers_of_new_splits(period: int, end: float) -> None:
    found = theory.resplit_variances(1.0, 1.0, step_size=0.5, momentum=0.9, density=0.25, period=period)
    assert round(found[-1], 5) == end
    if period == 10:
        assert round(sum(found) / 10, 5) == 0.29411


def test_one_step_a_period_has_a_closed_form() -> None:
    p, b, alpha, curvature = Fraction(1, 4), Fraction(2, 3), Fraction(1, 2), Fraction(3, 2)
    a = (1 - b) * alpha
    top = p * a**2 + (1 - p) * alpha**2
    bottom = 1 - p * (1 - a * curvature) ** 2 - (1 - p) * (1 - alpha * curvature) ** 2
    found = theory.resplit_variances(curvature, 5, step_size=alpha, momentum=b, density=p, period=1)
    assert found == [5 * top / bottom]


@pytest.mark.parametrize("period", [1, 3, 40])
def test_a_reset_loses_the_travel_that_a_loop_counts(period: int) -> None:
    b = Fraction(3, 4)
    m, travel = Fraction(0), Fraction(0)
    for _ in range(period):
        m = b * m + (1 - b)
        travel += m
    assert period - travel == lost_travel(b, period)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 3), (7, 7), (4,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bytes_are_those_of_the_arrays(shape: tuple[int, ...], dtype: type) -> None:
    item, m, n = np.dtype(dtype).itemsize, shape[0], shape[-1]
    whole = np.zeros(shape, dtype).nbytes

    def count(method: str, **options: Any) -> int:
        return theory.state_bytes(method, shape, itemsize=item, **options)

    assert count("adamw") == 2 * whole
    assert [count(name) for name in ("sgd", "auon", "muon")] == [whole] * 3
    assert [count(name, momentum=0) for name in ("sgd", "auon", "muon")] == [0] * 3
    assert count("low_rank_es") == 16
    if len(shape) == 1:
        assert count("mkor") == 0
        assert {count(name, rank=1) for name in ("galore", "dct_adamw", "trion")} == {2 * whole}
        assert count("frugal", density=0.5) == 2 * whole
        return
    assert count("mkor") == np.zeros((m, m), dtype).nbytes + np.zeros((n, n), dtype).nbytes
    for rank in (1, 3, 9):
        r = min(rank, m, n)
        moments, indices = 2 * np.zeros((max(m, n), r), dtype).nbytes, np.zeros(r, np.int32).nbytes
        assert count("galore", rank=rank) == moments + np.zeros((min(m, n), r), dtype).nbytes
        assert count("dct_adamw", rank=rank) == moments + indices
        assert count("dct_adamw", rank=rank, error_feedback=True) == moments + indices + whole
        assert count("trion", rank=rank) == whole + indices
    for kind, length, size in (("columns", m, n), ("rows", n, m), ("entries", 1, m * n)):
        for density in (0.25, 0.5):  # halves of a part are rounded upwards
            chosen = int(density * size + 0.5)
            expected = 2 * np.zeros((chosen, length), dtype).nbytes + np.zeros(chosen, np.int32).nbytes
            assert count("frugal", density=density, kind=kind) == expected


def test_error_feedback_may_cost_more_than_it_saves() -> None:
    saved = [
        theory.state_bytes("dct_adamw", (64, 32), rank=r, error_feedback=True) < theory.state_bytes("adamw", (64, 32))
        for r in (15, 16)
    ]
    assert saved == [True, False]


POINT = {"step_size": 0.5, "momentum": 0.5}
SPLIT = POINT | {"density": 0.5, "period": 2}
#: function, its arguments, its options, the argument named, the rule
REFUSED: list[tuple[str, Any, dict[str, Any], str, str]] = [
    ("stationary_variance", (1, 1), POINT | {"step_size": 6}, "step_size", "below 2 (1 + momentum)"),
    ("resplit_variances", (1, 1), SPLIT | {"step_size": 5}, "step_size", "so small that"),
    # steps that turn the coordinate around keep what the noise adds
    ("resplit_variances", (1, 1), {"step_size": 2, "momentum": 0, "density": 0, "period": 1}, "step_size", "so small"),
    ("state_bytes", ("adam", (1, 1)), {}, "method", "one of 'adamw'"),
    ("state_bytes", ("adamw", ()), {}, "shape", "of one axis or more"),
    ("state_bytes", ("adamw", 3), {}, "shape", "a sequence"),
    ("state_bytes", ("adamw", (1, 1)), {"rank": "abc"}, "rank", "an integer"),
    ("state_bytes", ("sgd", (1, 1)), {"density": 2}, "density", "in [0, 1]"),
    ("state_bytes", ("muon", (1, 1)), {"kind": "svd"}, "kind", "one of 'columns'"),
    ("state_bytes", ("muon", (2, 2, 2)), {}, "shape", "of at most two axes for muon"),
    ("state_bytes", ("trion", (2, 2, 2)), {"rank": 1}, "shape", "of at most two axes for trion"),
    ("state_bytes", ("trion", (2, 2)), {}, "rank", "given for trion"),
    ("state_bytes", ("trion", (2, 2)), {"rank": 0}, "rank", ONE),
    ("state_bytes", ("frugal", (2, 2)), {}, "density", "given for frugal"),
    ("state_bytes", ("frugal", (2, 2)), {"density": 2}, "density", "in [0, 1]"),
    ("state_bytes", ("frugal", (2, 2)), {"density": 1, "kind": "svd"}, "kind", "one of 'columns'"),
    ("state_bytes", ("sgd", (2, 2)), {"momentum": 1}, "momentum", BELOW_ONE),
    ("state_bytes", ("dct_adamw", (2, 2)), {"error_feedback": 2}, "error_feedback", "True or False"),
    ("state_bytes", ("adamw", (2, 2)), {"itemsize": 0}, "itemsize", ONE),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0]}-{row[3]}")
def test_what_a_formula_says_nothing_about_is_refused(row: tuple[str, Any, dict[str, Any], str, str]) -> None:
    name, args, options, argument, rule = row
    assert_refused(getattr(theory, name), args, options, argument, rule)

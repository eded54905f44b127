"""One small call of every public function of `dual_mirror_descent`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import dual_mirror_descent as dmd
from tests.backends import need_data
from tests.examples import Call, call


def menus() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Twelve requests with two actions that use three resources."""
    rng = np.random.default_rng(0)
    return rng.integers(1, 9, (12, 2)) / 8, rng.integers(0, 3, (12, 2, 3)) / 2, np.array([4.0, 3.0, 5.0])


def table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three request types with one action and one resource."""
    return np.array([3.0, 2.0, 1.0]), np.array([1.0, 1.0, 1.0]), np.array([3.0])


def types() -> np.ndarray:
    """Eight requests of three types."""
    return np.array([0, 1, 2, 2, 1, 0, 1, 2])


def batch() -> Call:
    """Four streams of ten requests over one table."""
    kinds = np.random.default_rng(0).integers(3, size=(4, 10))
    return call(dmd.RequestStream(*table(), types=kinds))


def law(**options: Any) -> dict[str, Any]:
    """One resource with rate 1/2 and unit bounds."""
    return {"rate": [0.5], "reward_bound": 1.0, "cost_bound": 1.0, **options}


def gradients() -> np.ndarray:
    """Three gradients of two resources."""
    return np.array([[0.5, -0.5], [-0.5, 0.25], [0.25, 0.5]])


def loaded(name: str, **options: Any) -> Call:
    """A loader, where its data are installed."""
    need_data(name)
    return call(**options)


CALLS = {
    "allocate": lambda: call(*menus(), record=True),
    "allocate_batch": batch,
    "dual_bound": lambda: call(*menus(), np.array([0.5, 0.25, 0.0])),
    "fluid_optimum": lambda: call(table()[:2], [0.25, 0.5, 0.25], 0.4),
    "hindsight_optimum": lambda: call(*menus()),
    "load_ads": lambda: loaded("ads"),
    "load_flights": lambda: loaded("flights"),
    "load_hotel": lambda: loaded("hotel", resources="total"),
    "make_corrupted": lambda: call(20, rng=0),
    "make_display_ads": lambda: call(20, correlation=0.5, rng=0),
    "make_hub_and_spoke": lambda: call(100, rng=0),
    "make_markov": lambda: call(20, rng=0),
    "make_online_lp": lambda: call(10, n_resources=3, n_actions=2, rng=0),
    "make_periodic": lambda: call(40, period=10, kind="sinusoid", rng=0),
    "make_phases": lambda: call(3, 4, last=2),
    "make_uniform": lambda: call(20, rng=0),
    "pace": lambda: call(np.array([1.0, 0.5, 0.75]), np.array([0.5, 0.25, 0.5]), 1.0, record=True),
    "baselines.adaptive_target": lambda: call(*menus()),
    "baselines.fast_online_lp": lambda: call(*menus()),
    "baselines.greedy": lambda: call(*menus()),
    "baselines.history_dependent": lambda: call(*menus(), every=4),
    "baselines.resolve": lambda: call(*table(), types=types(), every=4),
    "baselines.static_price": lambda: call(*menus(), prices=np.array([0.5, 0.5, 0.0])),
    "theory.bregman": lambda: call([1.0], [0.5], geometry="entropy"),
    "theory.corrupted_total_variation": lambda: call(10, 2),
    "theory.default_init": lambda: call(rate=[0.5], reward_bound=1.0, geometry="entropy"),
    "theory.gradient_bound": lambda: call(rate=[0.5], cost_bound=1.0),
    "theory.markov_mixing": lambda: call(0.25, 2),
    "theory.phase_ratio": lambda: call(4, growth=0.01),
    "theory.price_bound": lambda: call(step_size=0.1, **law()),
    "theory.regret_bound": lambda: call("ergodic", horizon=100, lag=2, mixing=0.1, **law()),
    "theory.regret_constants": lambda: call(**law()),
    "theory.step_size": lambda: call(horizon=100, **law()),
    "theory.uniform_fluid": lambda: call(10, 3.0),
    "theory.uniform_hindsight": lambda: call(10, 3),
}

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "mirror_descent_bound": lambda: call(gradients(), [0.0, 0.0], [0.5, 0.5], 0.1),
    "three_point_hindsight": lambda: call(4, 2, (0.25, 0.5, 0.25)),
    "three_point_online": lambda: call(4, 2, (0.25, 0.5, 0.25)),
}

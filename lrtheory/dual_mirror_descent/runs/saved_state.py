"""The state of `DualMirrorDescent` is written in lists and numbers for JSON, and checked when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._numbers import HUGE
from lrtheory._validation import array, integer, must, real, state_entry, state_value
from lrtheory.dual_mirror_descent.prices.steps import (
    BOUND,
    CAP,
    CAPPED,
    DEPLETION,
    ENTROPY,
    GEOMETRIES,
    LEFT,
    PRICE,
    RATE,
    SLACK,
    Setup,
)
from lrtheory.dual_mirror_descent.runs.setup import in_domain

__all__ = ["read", "written"]


def written(setup: Setup, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Write the numbers of a run and its tables."""
    tables = {name: getattr(setup, name).tolist() for name in ("state", "etas", "targets")}
    return {**numbers, **tables}


def parameters(setup: Setup) -> dict[str, Any]:
    """List the parameters that a restored run must share; JSON has no infinity, so a price without cap has None."""
    rules = setup.rules
    return {
        "geometry": GEOMETRIES[rules.geometry],
        "lazy": rules.lazy,
        "adaptive": rules.adaptive,
        "on_depletion": DEPLETION[rules.depletion],
        "fairness": rules.fairness,
        "reward_bound": rules.reward_bound,
        "cost_bound": setup.resources[BOUND].tolist(),
        "rate": setup.resources[RATE].tolist(),
        "price_cap": [cap if cap < np.inf else None for cap in setup.resources[CAP].tolist()],
    }


def read(state: Mapping[str, Any], setup: Setup) -> tuple[Setup, dict[str, Any]]:
    """Read the tables and the numbers of a saved state of a solver with the same parameters."""
    numbers = _numbers(state)
    table, etas, targets = _tables(state, setup, numbers["horizon"])
    return setup._replace(state=table, etas=etas, targets=targets), numbers


def _numbers(state: Mapping[str, Any]) -> dict[str, Any]:
    def whole(name: str, low: int, high: int | None = None) -> int:
        return integer(f"state[{name!r}]", state_value(state, name), low=low, high=high)

    horizon = whole("horizon", 1)
    seen = whole("n_seen", 0, horizon)
    return {
        "horizon": horizon,
        "n_seen": seen,
        "n_pending": whole("n_pending", 0, horizon - seen),
        "stopped": whole("stopped", -1, seen),  # tau, or -1 while no budget is nearly depleted
        "reward": real("state['reward']", state_value(state, "reward"), low=-HUGE, high=HUGE),
    }


def _tables(state: Mapping[str, Any], setup: Setup, horizon: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows, m = setup.state.shape

    def table(name: str, shape: tuple[int | None, ...], low: float = -np.inf) -> np.ndarray:
        found = array(f"state[{name!r}]", state_entry(state, name), shape=shape, low=low)
        return np.array(found, dtype=np.float64)

    kept, etas, targets = table("state", (rows, m)), table("etas", (None,), 0.0), table("targets", (None, m), 0.0)
    for name, found in (("etas", etas), ("targets", targets)):
        if len(found) != 1 and len(found) < horizon:
            raise must(f"state[{name!r}]", f"of one entry or {horizon}", len(found))
    # any state that a run can reach passes: the kernels overdraw by SLACK at most, and keep prices in their domain
    if (kept[LEFT] < -setup.resources[SLACK]).any():
        raise must(f"state['state'][{LEFT}]", "at least 0, units that are left", kept[LEFT])
    if setup.rules.geometry in (ENTROPY, CAPPED) and not (kept[PRICE] > 0).all():
        raise must(f"state['state'][{PRICE}]", "positive for entropies, where a price of 0 stays 0", kept[PRICE])
    in_domain("state['state'][0]", kept[PRICE], setup.resources[RATE], setup.rules.fairness)
    return kept, etas, targets

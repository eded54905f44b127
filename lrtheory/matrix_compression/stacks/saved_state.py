"""The state of a `StackSketch` as numbers and arrays, and checked when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._validation import array, integer, must, real, state_entry
from lrtheory.matrix_compression.stacks.factors import Factor
from lrtheory.matrix_compression.stacks.units import Sum

__all__ = ["read", "written"]

#: the numbers of a state, and the attributes that hold them
KEPT = {"n_blocks": "n_blocks", "n_columns": "n_columns", "n_steps": "_n_steps", "unit": "_unit"}


def written(sketch: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Write all that a sketch has seen, and the parameters that must be the same where it goes on."""
    state: dict[str, Any] = {
        **parameters,
        **{name: int(getattr(sketch, own)) for name, own in KEPT.items()},
        "total": np.array(sketch._total),
        "columns": sketch._columns[:, : sketch._filled].copy(),
    }
    if sketch._gram is not None:
        state["gram"] = sketch._gram.copy()
    if sketch._factor is not None:
        one = sketch._factor
        state |= {"factor": one.F.copy(), "lost": one.lost.copy(), "floors": one.floors.copy()}
        state["lost_sums"] = np.array([one.lost_whole, one.lost_most])
    return state


def read(sketch: Any, state: Mapping[str, Any]) -> None:
    """Fill a fresh sketch from a state."""
    for name, own in KEPT.items():
        value = np.asarray(state_entry(state, name)).item()
        setattr(sketch, own, integer(f"state[{name!r}]", value, low=-(2**41) if name == "unit" else 0))
    high, low = array("state['total']", state_entry(state, "total"), shape=(2,)).tolist()
    sketch._total = Sum(real("state['total']", high, low=0.0), low)
    columns = array("state['columns']", state_entry(state, "columns"), shape=(None, None)).astype(np.float64)
    if len(columns) == 0:
        return
    sketch._begin(len(columns))
    m, room = len(columns), sketch._width()
    if columns.shape[1] >= room:
        raise must("state['columns']", f"at most {room - 1} columns", columns.shape[1])
    sketch._columns = np.empty((m, room))
    sketch._columns[:, : columns.shape[1]] = columns
    sketch._filled = columns.shape[1]
    if sketch._gram is not None:
        gram = array("state['gram']", state_entry(state, "gram"), shape=(m, m))
        sketch._gram = np.array(gram, dtype=np.float64, order="F")
        return
    k = sketch._keep
    F = array("state['factor']", state_entry(state, "factor"), shape=(m, None))
    if F.shape[1] > k:
        raise must("state['factor']", f"of at most {k} columns", F.shape)
    lost, floors = (
        np.array(array(f"state[{name!r}]", state_entry(state, name), shape=(k + 1,), low=0.0), dtype=np.float64)
        for name in ("lost", "floors")
    )
    whole, most = array("state['lost_sums']", state_entry(state, "lost_sums"), shape=(2,), low=0.0).tolist()
    sketch._factor = Factor(np.array(F, dtype=np.float64), lost, whole, most, floors, sketch._n_steps)

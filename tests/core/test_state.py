"""Saved states of all solvers: none is taken that is no mapping, lacks a key, or belongs to other parameters."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from lrtheory import alpha_rank as ar
from lrtheory import dual_mirror_descent as dmd
from lrtheory import dynamic_submodular as ds
from lrtheory._validation import same_parameters, state_entry

SOLVERS: dict[str, tuple[Any, Any]] = {
    "ResponseGraphUCB": (lambda: ar.ResponseGraphUCB((2, 2), rng=0), lambda: ar.ResponseGraphUCB((2, 2), delta=0.2)),
    "DualMirrorDescent": (
        lambda: dmd.DualMirrorDescent([1.0], 5, reward_bound=1.0, cost_bound=1.0),
        lambda: dmd.DualMirrorDescent([2.0], 5, reward_bound=1.0, cost_bound=1.0),
    ),
    "DynamicSubmodular": (
        lambda: ds.DynamicSubmodular(ds.Coverage([[0], [1]]), 1, rng=0),
        lambda: ds.DynamicSubmodular(ds.Coverage([[0], [1]]), 2, rng=0),
    ),
}


@pytest.mark.parametrize("name", SOLVERS)
def test_what_is_no_state_of_this_object_is_refused_and_changes_nothing(name: str) -> None:
    make, make_other = SOLVERS[name]
    solver, state = make(), make().get_state()
    before = json.dumps(solver.get_state())
    with pytest.raises(TypeError, match="`state` must be a mapping"):
        solver.set_state(3)
    for key in state:
        with pytest.raises(ValueError, match=rf"`state` must be a mapping with the key '{key}'"):
            solver.set_state({other: value for other, value in state.items() if other != key})
    with pytest.raises(ValueError, match="as of this object"):
        solver.set_state(make_other().get_state())
    assert json.dumps(solver.get_state()) == before


def test_arrays_count_as_their_lists() -> None:
    same_parameters({"sizes": np.array([2, 3])}, {"sizes": [2, 3]})
    with pytest.raises(ValueError, match="`state\\['sizes'\\]` must be \\[2, 4\\], as of this object; got \\[2, 3\\]"):
        same_parameters({"sizes": np.array([2, 3])}, {"sizes": [2, 4]})
    assert state_entry({"sizes": 1}, "sizes") == 1

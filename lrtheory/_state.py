"""Checks of every saved state: a mapping with all its keys, for an object with the parameters it had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._validation import must

__all__ = ["entry", "same_parameters"]


def entry(state: Any, name: str) -> Any:
    """An entry of a state from `get_state`; an error where there is none."""
    if not isinstance(state, Mapping):
        raise must("state", "a mapping from `get_state`", state, TypeError)
    if name not in state:
        raise must("state", f"a mapping with the key {name!r}", sorted(map(str, state)))
    return state[name]


def same_parameters(state: Any, own: Mapping[str, Any]) -> None:
    """Refuse the state of an object with other parameters, which are lists, numbers and strings as JSON holds them."""
    for name, value in own.items():
        given = entry(state, name)
        given = given.tolist() if isinstance(given, np.ndarray) else given
        if given != value:
            raise must(f"state[{name!r}]", f"{value!r}, as of this object", given)

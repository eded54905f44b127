"""HiRA in the files of peft: the update is the weight times B A, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import must
from lrtheory.low_rank_adapters.files.folder import Folder
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.hadamard import hadamard

__all__ = ["read", "write"]


def read(folder: Folder) -> dict[str, Adapter]:
    """The modules of a HiRA, which has no scale."""
    found: dict[str, Adapter] = {}
    for name in folder.modules:
        B, A = folder.parts(name, B=("hira_B", 2), A=("hira_A", 2))
        W = folder.weights.array(name, "the weights that its updates are multiples of")
        if B.shape[1] != len(A) or W.shape != (len(B), A.shape[1]):
            raise must("weights", f"those that {name!r} fits, with factors of {B.shape} and {A.shape}", W.shape)
        found[name] = hadamard(W, B, A)
    return found


def write(adapters: Mapping[str, Adapter]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Any]]:
    """Arrays of modules, none that are shared, and settings; the scale goes into B."""
    arrays: dict[str, np.ndarray] = {}
    ranks = {}
    for name, one in adapters.items():
        B, A = (to_numpy(one.params[key]) for key in "BA")
        arrays |= {f"{name}.hira_A": A, f"{name}.hira_B": one.scale * B}
        ranks[name] = len(A)
    return arrays, {}, {"r": max(ranks.values()), "rank_pattern": ranks if len(set(ranks.values())) > 1 else {}}

"""VeRA in the files of peft: two vectors a module, and two projections of which each module takes a leading block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import must
from lrtheory.low_rank_adapters.files.folder import Folder, overlaid
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.vera import vera

__all__ = ["read", "write"]


def read(folder: Folder) -> dict[str, Adapter]:
    """The modules of a VeRA, which peft scales by 1."""
    A, B = folder.projections("vera_A", "vera_B", 2)
    found: dict[str, Adapter] = {}
    for name in folder.modules:
        b, d = folder.parts(name, b=("vera_lambda_b", 1), d=("vera_lambda_d", 1))
        shape = folder.weights.shape(name, "d_in of its modules")
        if shape[0] != len(b) or len(d) != len(A) or B.shape[0] < shape[0] or A.shape[1] < shape[1]:
            sizes = f"vectors of {len(b)} and {len(d)} numbers, projections of {B.shape} and {A.shape}"
            raise must("weights", f"those that {name!r} of the adapter fits, which has {sizes}", shape)
        found[name] = vera(B[: shape[0]], A[:, : shape[1]], b=b, d=d)
    return found


def write(adapters: Mapping[str, Adapter]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Any]]:
    """Arrays of modules, shared arrays and settings; the scale goes into b."""
    host = {name: {key: to_numpy(value) for key, value in one.frozen.items()} for name, one in adapters.items()}
    shared = {f"vera_{key}": overlaid({name: one[key] for name, one in host.items()}) for key in "AB"}
    arrays = {}
    for name, one in adapters.items():
        arrays[f"{name}.vera_lambda_b"] = one.scale * to_numpy(one.params["b"])
        arrays[f"{name}.vera_lambda_d"] = to_numpy(one.params["d"])
    if len({one["A"].shape[0] for one in host.values()}) > 1:
        raise must("adapters", "ones of one rank, as a file of VeRA has", [one["A"].shape[0] for one in host.values()])
    return arrays, shared, {"r": shared["vera_A"].shape[0], "save_projection": True, "projection_prng_key": 0}

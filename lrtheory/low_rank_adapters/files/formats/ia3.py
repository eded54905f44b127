"""IA3 in the files of peft: rows of the weight and entries of the bias are multiplied, or columns of the weight."""

from __future__ import annotations

import numpy as np

from lrtheory._files.adapters.names import PREFIX
from lrtheory._files.safetensors import Stored, encoded
from lrtheory._validation import Words, must
from lrtheory.low_rank_adapters.files.folder import Folder
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import full

__all__ = ["read"]


def read(folder: Folder) -> dict[str, Adapter]:
    """The modules of an IA3; biases that it changes stand among the arrays beside them."""
    found: dict[str, Adapter] = {}
    for name in folder.modules:
        (factors,) = folder.parts(name, factors=("ia3_l", 2))
        W = folder.weights.array(name, "the weights whose rows it multiplies").astype(np.float64)
        if factors.shape not in ((len(W), 1), (1, W.shape[1])):
            raise must("weights", f"those that {name!r} fits, with an array of {factors.shape}", W.shape)
        found[name] = full((factors.astype(np.float64) - 1) * W)
        bias = folder.weights.bias(name)
        if bias is not None and factors.shape[1] == 1:
            if bias.shape != (len(W),):
                raise must("weights", f"those with a bias of length {len(W)} at {name!r}", bias.shape)
            folder.others[f"{PREFIX}{name}.base_layer.bias"] = _multiplied(name, bias, factors[:, 0])
    return found


def _multiplied(name: str, bias: np.ndarray, factors: np.ndarray) -> Stored:
    try:
        return encoded(bias.astype(np.float64) * factors, "F32")
    except OverflowError as error:
        rule = f"those whose bias of {name!r} times its factors is finite in single precision"
        raise must("weights", rule, Words(str(error))) from error

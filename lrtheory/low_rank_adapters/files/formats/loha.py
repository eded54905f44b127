r"""LoHa in the files of peft: the update is the product of two low-rank matrices, entry by entry.

scale (B_1 A_1) * (B_2 A_2) is a product of factors with r^2 inner indices: column (i, j) of the left one is column i of
B_1 times column j of B_2, entry by entry, and row (i, j) of the right one is made alike. The kernels of a convolution
lie side by side; where they are kept in the form of Tucker, both matrices follow from it.
"""

from __future__ import annotations

import numpy as np

from lrtheory._files.adapters.settings import scaling
from lrtheory._validation import must
from lrtheory.low_rank_adapters.files.folder import Folder
from lrtheory.low_rank_adapters.files.formats import tucker
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import full, lora

__all__ = ["read"]

KERNELS = ("hada_t1", "hada_t2")
PARTS = {"B1": ("hada_w1_a", 2), "A1": ("hada_w1_b", 2), "B2": ("hada_w2_a", 2), "A2": ("hada_w2_b", 2)}


def read(folder: Folder) -> dict[str, Adapter]:
    """The modules of a LoHa, whose factors have the rank of the settings."""
    found: dict[str, Adapter] = {}
    for name in folder.modules:
        B1, A1, B2, A2 = _factors(folder, name)
        rank = len(A1)
        fits = B1.shape == B2.shape == (len(B1), rank) and A1.shape == A2.shape
        if not fits:
            raise must("path", f"that of an adapter whose factors of {name!r} fit", [x.shape for x in (B1, A1, B2, A2)])
        scale = scaling(folder.config, name, rank, "alpha")
        if rank * rank < min(len(B1), A1.shape[1]):
            left = (B1[:, :, None] * B2[:, None, :]).reshape(len(B1), -1)
            found[name] = lora(left, (A1[:, None] * A2[None]).reshape(rank * rank, -1), scale=scale)
        else:
            found[name] = full(scale * (B1 @ A1) * (B2 @ A2))
    return found


def _factors(folder: Folder, name: str) -> list[np.ndarray]:
    """B_1, A_1, B_2 and A_2 of a module in double precision."""
    if not set(KERNELS) & set(folder.modules[name]):
        return [part.astype(np.float64) for part in folder.parts(name, **PARTS)]
    axes = max(value.ndim for part, value in folder.modules[name].items() if part in KERNELS)
    named = PARTS | {part: (part, axes) for part in KERNELS}
    a1, b1, a2, b2, t1, t2 = folder.parts(name, **named)
    return [*tucker.factors(name, t1, a1, b1), *tucker.factors(name, t2, a2, b2)]

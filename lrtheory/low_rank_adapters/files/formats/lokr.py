"""LoKr in the files of peft: the update is a Kronecker product, whose singular values are products of singular values.

Each of the two matrices is stored whole, or as two factors. The kernels of a convolution belong to the second one,
where they lie side by side, or are kept in the form of Tucker. Where whole kernels have one length, peft takes the
product of the arrays as they are: the first one, of one axis less, is multiplied with the last two of (d_out, d_in,
length).
"""

from __future__ import annotations

import numpy as np

from lrtheory._files.adapters.settings import number_of
from lrtheory._validation import must
from lrtheory.low_rank_adapters.files.folder import Folder
from lrtheory.low_rank_adapters.files.formats import tucker
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import full, lora

__all__ = ["read"]


def read(folder: Folder) -> dict[str, Adapter]:
    """The modules of a LoKr, scaled by alpha / r of the settings, whatever ranks its matrices have."""
    found: dict[str, Adapter] = {}
    for name in folder.modules:
        scale = number_of(folder.config, "alpha", name) / number_of(folder.config, "r", name)
        B, A = _factors(folder, name, "w1")
        kernels = folder.modules[name].get("lokr_w2")
        if kernels is not None and kernels.ndim == 3:
            product = np.kron(B @ A, kernels.astype(np.float64))
            found[name] = full(scale * product.reshape(len(B) * len(kernels), -1))
            continue
        D, C = _factors(folder, name, "w2")
        inner = B.shape[1] * D.shape[1]
        if inner < min(len(B) * len(D), A.shape[1] * C.shape[1]):
            found[name] = lora(np.kron(B, D), np.kron(A, C), scale=scale)
        else:
            found[name] = full(scale * np.kron(B @ A, D @ C))
    return found


def _factors(folder: Folder, name: str, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Two factors of one of the matrices; those of a whole one come from its singular value decomposition."""
    own = {part: value for part, value in folder.modules[name].items() if part.startswith(f"lokr_{which}")}
    kernels = folder.modules[name].get("lokr_t2") if which == "w2" else None
    whole, split = f"lokr_{which}", {f"lokr_{which}_a", f"lokr_{which}_b"}
    if set(own) == {whole} and which == "w2" and own[whole].ndim > 3:
        own = {whole: own[whole].reshape(len(own[whole]), -1)}
    forms = ({whole}, split) if kernels is None else (split,)
    if set(own) not in forms or any(value.ndim != 2 or not value.size for value in own.values()):
        raise must("path", f"that of an adapter with {whole} of {name!r} or its two factors", list(own))
    if kernels is not None:
        return tucker.factors(name, kernels, own[f"{whole}_a"], own[f"{whole}_b"])
    if set(own) == {whole}:
        U, values, Vt = np.linalg.svd(own[whole].astype(np.float64), full_matrices=False)
        return U * values, Vt
    left, right = (own[f"lokr_{which}_{letter}"].astype(np.float64) for letter in "ab")
    if left.shape[1] != len(right):
        raise must("path", f"that of an adapter whose factors of {name!r} fit", (left.shape, right.shape))
    return left, right

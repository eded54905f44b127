"""The weights of a model that an adapter changes, in pieces of rows, and files of the model with these changes.

Of weights that a model keeps as (d_in, d_out) the update is transposed, and so it is for embeddings; the kernels of a
convolution lie side by side in a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.adapters.base import base_name, is_transposed
from lrtheory._files.adapters.module import layout_of
from lrtheory._files.adapters.settings import refuse_tied
from lrtheory._files.adapters.starts import is_turned, refuse_start, resolved
from lrtheory._validation import must
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint

__all__ = ["Adapted", "Rows", "adapted"]


class Rows(NamedTuple):
    """Rows of a weight as the model keeps it, and what is added to them, in double precision."""

    weight: np.ndarray
    update: np.ndarray


@dataclass(frozen=True)
class Adapted:
    """A weight that an adapter changes: the name of its array, its shape with flat kernels, and factors of the update.

    Parameters
    ----------
    model : Checkpoint
        The model.
    name : str
        The array.
    left, right : array
        Factors of what is added, as the model keeps it; without `right` it is the left one.
    scale : float
        The factor in front of their product.
    """

    model: Checkpoint
    name: str
    left: np.ndarray
    right: np.ndarray | None
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        """Of the weight, with the kernels of a convolution in one row."""
        return len(self.left), self.left.shape[1] if self.right is None else self.right.shape[1]

    def rows(self, n: int) -> Iterator[Rows]:
        """Pieces of n rows."""
        weight = self.model.read(self.name).reshape(self.shape)
        right = None if self.right is None else self.right.astype(np.float64)
        for start in range(0, len(weight), n):
            left = self.scale * self.left[start : start + n].astype(np.float64)
            yield Rows(weight[start : start + n].astype(np.float64), left if right is None else left @ right)


def adapted(model: Checkpoint, adapter: AdapterFile) -> dict[str, Adapted]:
    """The weights of a model that the factors of an adapter change, by module.

    Parameters
    ----------
    model : Checkpoint
        The model.
    adapter : AdapterFile
        Adapter, whose update may depend on the weights where these are files.

    Returns
    -------
    dict of str to Adapted
        Weight of each module.

    Raises
    ------
    ValueError
        If a weight is missing or of another shape, the update depends on weights that are no files, or factors are
        those of experts.
    """
    refuse_tied(adapter.config or {})
    if any(module.kind == "expert" for module in adapter.modules.values()):
        raise must("adapter", "one of layers, and not of arrays of experts, whose order factors do not say", "experts")
    flag = is_turned(adapter)
    if isinstance(model.tensors, Tensors):
        adapter = resolved(adapter, model.tensors)
    else:
        refuse_start(adapter.config or {}, "model")
    return {name: _weight(model, name, module, flag) for name, module in adapter.modules.items() if module.rank}


def _weight(model: Checkpoint, module: str, one: AdapterModule, flag: bool) -> Adapted:
    name = f"{module}.weight"
    if isinstance(model.tensors, Tensors):
        name = base_name(model.tensors, name)
        known = is_transposed(model.tensors, module)
    elif name not in model.names:
        raise must("model", f"the model of the adapter, with the array {name!r}", model.names[:4])
    else:
        known = None
    stored = model.shape(name)
    flat = (stored[0], math.prod(stored[1:])) if len(stored) > 1 else (0, 0)
    turned = one.kind == "embedding" or (
        flat != one.shape if one.shape[0] != one.shape[1] else bool(flag if known is None else known)
    )
    kernels = tuple(stored) if math.prod(stored[2:]) > 1 else flat
    if kernels != (one.shape[::-1] if turned else layout_of(one)):
        raise must("model", f"the model of the adapter, with {name!r} of the shape {one.shape}", stored)
    left, right = _factors(one)
    if turned:
        left, right = (left.T, None) if right is None else (right.T, left.T)
    return Adapted(model, name, left, right, one.scale)


def _factors(one: AdapterModule) -> tuple[np.ndarray, Any]:
    """Both factors, or the update alone where one of them is the identity, as that of an update of full rank is."""
    for first, second in ((one.B, one.A), (one.A, one.B)):
        rows, columns = second.shape
        if rows == columns and np.array_equal(second, np.eye(rows)):
            return first, None
    return one.B, one.A

"""The weights of a model that an adapter changes, in pieces of rows, and files of the model with these changes.

Of weights that a model keeps as (d_in, d_out) the update is transposed, and so it is for embeddings; the kernels of a
convolution lie side by side in a row, and the matrices of experts one below the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.adapters.base import is_transposed
from lrtheory._files.adapters.beside import beside, named
from lrtheory._files.adapters.module import layout_of
from lrtheory._files.adapters.settings import refuse_tied
from lrtheory._files.adapters.starts import is_turned, name_of_own, refuse_start, resolved
from lrtheory._files.safetensors import Stored, decoded
from lrtheory._validation import must
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint
from lrtheory.low_rank_optimizers.rounding.expert_arrays import array_in, arrays_of_experts

__all__ = ["Adapted", "Rows", "adapted", "beside_factors"]


class Rows(NamedTuple):
    """Rows of a weight as the model keeps it, and what is added to them, in double precision."""

    weight: np.ndarray
    update: np.ndarray


@dataclass(frozen=True)
class Part:
    """An update as factors in double precision, of which the left one has the scale; without `right` it is that one."""

    left: np.ndarray
    right: np.ndarray | None

    @property
    def shape(self) -> tuple[int, int]:
        """Of the update."""
        return len(self.left), self.left.shape[1] if self.right is None else self.right.shape[1]

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Some rows of the update."""
        left = self.left[start:stop]
        return left if self.right is None else left @ self.right


@dataclass(frozen=True)
class Adapted:
    """A weight that an adapter changes: the name of its array, and factors of the update.

    Parameters
    ----------
    model : Checkpoint
        The model.
    name : str
        The array.
    parts : tuple of Part
        Factors of what is added, as the model keeps it: of the whole weight, or of the matrix of each expert. Where a
        weight has come with the factors, its difference from that of the model is in it.
    """

    model: Checkpoint
    name: str
    parts: tuple[Part, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Of the weight, with the kernels of a convolution in one row, and experts one below the other."""
        rows, columns = self.parts[0].shape
        return len(self.parts) * rows, columns

    def rows(self, n: int, *, finite: bool = True) -> Iterator[Rows]:
        """Pieces of n rows; it is for the caller to refuse numbers that are not finite, where he says so."""
        weight = self.model.read(self.name, finite=finite).reshape(self.shape)
        for start in range(0, len(weight), n):
            stop = min(start + n, len(weight))
            yield Rows(weight[start:stop].astype(np.float64), self._update(start, stop))

    def _update(self, start: int, stop: int) -> np.ndarray:
        """Rows of what is added."""
        rows = self.parts[0].shape[0]
        found = [
            self.parts[k].rows(max(start - k * rows, 0), min(stop - k * rows, rows))
            for k in range(start // rows, -(-stop // rows))
        ]
        return found[0] if len(found) == 1 else np.concatenate(found)


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
        If a weight is missing or of another shape, the update depends on weights that are no files, or factors of
        experts fit several arrays.
    """
    refuse_tied(adapter.config or {})
    flag = is_turned(adapter)
    if isinstance(model.tensors, Tensors):
        adapter = resolved(adapter, model.tensors)
    else:
        refuse_start(adapter.config or {}, "model")
    layers = {name: one for name, one in adapter.modules.items() if one.rank and one.kind != "expert"}
    own = {name: adapter.others.get(name_of_own(adapter, name)) for name in layers}
    found = {name: _weight(model, name, one, flag, own[name]) for name, one in layers.items()}
    for array, (experts, turned) in arrays_of_experts(model, adapter).items():
        found[array] = Adapted(model, array, tuple(_part(one, turned) for one in experts))
    return found


def beside_factors(adapter: AdapterFile) -> dict[str, Stored]:
    """The whole arrays of an adapter by their names in the model, without weights that `adapted` changes."""
    counted = {named(name_of_own(adapter, name)) for name, one in adapter.modules.items() if one.rank}
    return {name: array for name, array in beside(adapter).items() if name not in counted}


def _weight(model: Checkpoint, module: str, one: AdapterModule, flag: bool, own: Stored | None) -> Adapted:
    """The weight of a layer; where another one came with the factors, it is changed into that one and the update."""
    name = array_in(model, f"{module}.weight")
    known = is_transposed(model.tensors, module) if isinstance(model.tensors, Tensors) else None
    stored = model.shape(name)
    flat = (stored[0], math.prod(stored[1:])) if len(stored) > 1 else (0, 0)
    turned = one.kind == "embedding" or (
        flat != one.shape if one.shape[0] != one.shape[1] else bool(flag if known is None else known)
    )
    kernels = tuple(stored) if math.prod(stored[2:]) > 1 else flat
    if kernels != (one.shape[::-1] if turned else layout_of(one)):
        raise must("model", f"the model of the adapter, with {name!r} of the shape {one.shape}", stored)
    part = _part(one, turned)
    if own is not None:
        if own.shape != stored:
            raise must("model", f"the model of the adapter, with {name!r} of the shape {own.shape}", stored)
        moved = decoded(own).astype(np.float64) - model.read(name)
        if moved.any():
            part = Part(moved.reshape(part.shape) + part.rows(0, len(part.left)), None)
    return Adapted(model, name, (part,))


def _part(one: AdapterModule, turned: bool) -> Part:
    """The factors of an update, or of its transpose."""
    left, right = _factors(one)
    if turned:
        left, right = (left.T, None) if right is None else (right.T, left.T)
    return Part(one.scale * left.astype(np.float64), None if right is None else right.astype(np.float64))


def _factors(one: AdapterModule) -> tuple[np.ndarray, Any]:
    """Both factors, or the update alone where one of them is the identity, as that of an update of full rank is."""
    for first, second in ((one.B, one.A), (one.A, one.B)):
        rows, columns = second.shape
        if rows == columns and np.array_equal(second, np.eye(rows)):
            return first, None
    return one.B, one.A

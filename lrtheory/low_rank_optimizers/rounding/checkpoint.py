"""The weights of a model by their names: arrays in memory, or files that are read tensor by tensor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._files import Tensors
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, array, must

__all__ = ["Checkpoint", "Weights", "checkpoint_of"]

#: floats of a safetensors file
FLOATS = ("F64", "F32", "F16", "BF16")
#: what functions take for the weights of a model
Weights = ArrayLike | Mapping[str, Any] | str | PathLike[str]


@dataclass(frozen=True)
class Checkpoint:
    """The weights of a model, by name.

    Parameters
    ----------
    tensors : Tensors or mapping of str to array
        The files, or the arrays.
    """

    tensors: Tensors | Mapping[str, Any]

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Checkpoint:
        """Open a safetensors file, or a folder with a model in one or several of them.

        Parameters
        ----------
        path : path
            The file or the folder; the index of a model in several files stands for its folder.

        Returns
        -------
        Checkpoint
            Nothing is read yet but names, types and shapes.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If a file is damaged.
        """
        return cls(Tensors.from_file(path))

    @property
    def names(self) -> list[str]:
        """The names of the arrays of floats; those of integers, such as positions, are not weights."""
        if isinstance(self.tensors, Tensors):
            return [name for name in self.tensors.names if self.tensors.dtype(name) in FLOATS]
        return [name for name, one in self.tensors.items() if "float" in str(getattr(one, "dtype", "float"))]

    @property
    def others(self) -> list[str]:
        """The names of the arrays that are not of floats."""
        known = self.tensors.names if isinstance(self.tensors, Tensors) else list(self.tensors)
        return sorted(set(known) - set(self.names))

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array."""
        tensors = self.tensors
        return tensors.shape(name) if isinstance(tensors, Tensors) else tuple(np.shape(tensors[name]))

    def read(self, name: str, *, finite: bool = True) -> np.ndarray:
        """An array, of finite numbers unless it is not asked for them; half precision becomes single."""
        if not finite and isinstance(self.tensors, Tensors):
            found = self.tensors[name]
        else:
            found = array(f"weights[{name!r}]", on_host(self.tensors[name]))
        return found if found.dtype in (np.float32, np.float64) else found.astype(np.float32)

    def sixteen_bits(self) -> str:
        """The format of sixteen bits that holds most of its weights; bfloat16 where none is kept in sixteen bits."""
        sizes = {"BF16": 0, "F16": 0}
        for name in self.names:
            kind = self.stored(name)
            if kind in sizes:
                sizes[kind] += math.prod(self.shape(name))
        return "float16" if sizes["F16"] > sizes["BF16"] else "bfloat16"

    def stored(self, name: str) -> str:
        """The type of an array, by the name that the format of files has for it."""
        if isinstance(self.tensors, Tensors):
            return self.tensors.dtype(name)
        kind = str(getattr(self.tensors[name], "dtype", "float64"))
        known = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
        return next((short for long, short in known.items() if long in kind), "F64")


def on_host(value: Any) -> Any:
    """An array as NumPy computes with it: bfloat16, which JAX has and NumPy has not, in single precision."""
    found = to_numpy(value)
    return found.astype(np.float32) if str(getattr(found, "dtype", "")) == "bfloat16" else found


def checkpoint_of(name: str, value: Any) -> Checkpoint:
    """The weights that somebody gave: a path, a mapping, one array, or a sequence of arrays."""
    if isinstance(value, (Checkpoint, str, PathLike)):
        made = value if isinstance(value, Checkpoint) else Checkpoint.from_file(value)
    elif isinstance(value, Mapping):
        made = Checkpoint({str(key): one for key, one in value.items()})
    elif isinstance(value, Sequence) and len(value) and all(hasattr(one, "ndim") and one.ndim for one in value):
        made = Checkpoint({f"weights[{i}]": one for i, one in enumerate(value)})
    else:
        made = Checkpoint({"weights": array(name, on_host(value))})
    if not made.names:
        raise must(name, "weights with at least one array of floats", Words(f"the arrays {made.others}"))
    return made

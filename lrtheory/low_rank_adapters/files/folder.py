"""The folder of an adapter: its settings, the arrays of each module, and the arrays that all modules share."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._files.adapters.base import is_transposed
from lrtheory._files.adapters.folder import ARRAYS, refuse_pickle
from lrtheory._files.adapters.names import PREFIX
from lrtheory._files.adapters.settings import CONFIG, understood
from lrtheory._files.opening import json_of
from lrtheory._files.safetensors import Stored, Tensors, decoded
from lrtheory._validation import integer, must

__all__ = ["SHARED", "Folder", "Weights", "overlaid", "read_config"]

#: what stands in front of the name of an array that belongs to no module
SHARED = "base_model."


class Weights:
    """The weights of the base model by module, or their shapes, in the order in which the caller names them.

    Parameters
    ----------
    source : mapping of str to array or shape, path, or None
        None stands for no weights at all; names may end in ".weight".
    transposed : bool
        Whether the model keeps each weight as (d_in, d_out).
    """

    def __init__(self, source: Any, transposed: bool) -> None:
        self.ordered, self._transposed = isinstance(source, Mapping), transposed
        if source is not None and not self.ordered and not isinstance(source, (str, PathLike)):
            raise must("weights", "a mapping from modules to arrays or shapes, or a path", source, TypeError)
        files = None if source is None or self.ordered else Tensors(source)
        self._source: Any = source if files is None else files
        names = (source or ()) if files is None else files.names
        self._names, self._all = {str(name).removesuffix(".weight"): name for name in names}, frozenset(names)

    def __iter__(self) -> Any:
        return iter(self._names)

    def shape(self, module: str, why: str) -> tuple[int, int]:
        """(d_out, d_in) of a module; `why` says in an error what the file of the adapter lacks."""
        name = self._found(module, why)
        shape = self._source.shape(name) if isinstance(self._source, Tensors) else self._source[name]
        if not isinstance(shape, Sequence) or not all(isinstance(length, (int, np.integer)) for length in shape):
            shape = np.shape(to_numpy(shape))
        if len(shape) != 2 or min(shape) < 1:
            raise must("weights", f"a matrix or the shape of one at {module!r}", tuple(shape))
        first, second = (int(length) for length in shape)
        return (second, first) if self._is_turned(module) else (first, second)

    def array(self, module: str, why: str) -> np.ndarray:
        """The weight of a module, of shape (d_out, d_in)."""
        found = np.asarray(to_numpy(self._source[self._found(module, why)]))
        if found.ndim != 2 or found.dtype.kind != "f":
            raise must("weights", f"a matrix of floating-point numbers at {module!r}", found)
        return found.T if self._is_turned(module) else found

    def bias(self, module: str) -> np.ndarray | None:
        """The bias beside the weight of a module, if there is one."""
        name = f"{module}.bias"
        return np.asarray(to_numpy(self._source[name])) if name in self._all else None

    def _is_turned(self, module: str) -> bool:
        """Whether the model keeps a weight as (d_in, d_out), by its architecture or by the settings of the adapter."""
        known = is_transposed(self._source, module) if isinstance(self._source, Tensors) else None
        return self._transposed if known is None else known

    def _found(self, module: str, why: str) -> Any:
        if self._source is None:
            raise must("weights", f"given, since the adapter lacks {why}", None)
        if module not in self._names:
            raise must("weights", f"a mapping or a model with {module!r}, as the adapter lacks {why}", list(self)[:4])
        return self._names[module]


class Folder(NamedTuple):
    """The settings of an adapter, its arrays by module and part, those that modules share, and all others."""

    config: Mapping[str, Any]
    modules: dict[str, dict[str, np.ndarray]]
    shared: dict[str, np.ndarray]
    others: dict[str, Stored]
    weights: Weights

    @classmethod
    def read(cls, folder: Path, config: Mapping[str, Any], prefix: str, weights: Any) -> Folder:
        """Read the arrays, whose last names begin with a prefix, and the others."""
        refuse_pickle(folder / ARRAYS)
        tensors = Tensors(folder / ARRAYS)
        understood(config)
        own = cls(config, {}, {}, {}, Weights(weights, bool(config.get("fan_in_fan_out"))))
        for name in sorted(tensors.names):
            found = re.match(rf"^(?P<module>.+)\.(?P<part>{prefix}\w+)$", name)
            if found is None:
                own.others[name] = tensors.stored(name)
                continue
            place = own.shared
            if found["module"] + "." != SHARED:
                place = own.modules.setdefault(found["module"].removeprefix(PREFIX), {})
            value = decoded(tensors.stored(name))
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise must("path", f"that of an adapter whose numbers are finite, as those of {name!r} are not", "NaN")
            place[found["part"]] = value
        return own

    def number(self, name: str) -> float:
        """A finite number of the settings."""
        value = self.config.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise must(name, "a finite number in the settings of the adapter", value)
        return value

    def rank(self) -> int:
        """The setting r, a whole number of at least 1."""
        return integer("r", self.config.get("r"), low=1)

    def parts(self, module: str, **dimensions: tuple[str, int]) -> list[np.ndarray]:
        """The arrays of a module that a kind needs, with their numbers of axes."""
        arrays = self.modules[module]
        missing = sorted({part for part, _ in dimensions.values()} ^ set(arrays))
        if missing:
            raise must("path", f"that of an adapter that has for {module!r} the arrays of its kind alone", missing)
        return [_with_axes(arrays[part], axes, f"{module}.{part}") for part, axes in dimensions.values()]

    def vector(self, part: str) -> np.ndarray:
        """A vector that all modules share."""
        return _with_axes(self.shared[part], 1, part)

    def projections(self, first: str, second: str, axes: int) -> tuple[np.ndarray, np.ndarray]:
        """The two frozen arrays that all modules share, which peft saves on request alone."""
        if first not in self.shared or second not in self.shared:
            raise must("path", "a folder that holds the projections (save_projection=True)", "an adapter without them")
        A, B = (_with_axes(self.shared[part], axes, part) for part in (first, second))
        return A, B


def _with_axes(value: np.ndarray, axes: int, name: str) -> np.ndarray:
    if value.ndim != axes or 0 in value.shape:
        raise must("path", f"that of an adapter whose array {name!r} has {axes} axes", value.shape)
    return value


def read_config(path: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of an adapter and its settings, which say the kind."""
    folder = path if path.is_dir() else path.parent
    if not path.exists():
        raise FileNotFoundError(f"there is no folder {str(path)!r}")
    if not (folder / CONFIG).is_file():
        raise FileNotFoundError(f"there is no {CONFIG} in {str(folder)!r}")
    config = json_of(folder / CONFIG)
    if not isinstance(config, dict):
        raise ValueError(f"{folder / CONFIG}: no JSON object")
    return folder, config


def overlaid(parts: Mapping[str, np.ndarray], least: tuple[int, ...] = ()) -> np.ndarray:
    """One array of which the arrays of all modules are the leading blocks, of a shape of `least` or more."""
    shape = np.max([part.shape for part in parts.values()] + ([least] if least else []), axis=0)
    whole = np.zeros(shape, np.result_type(*parts.values()))
    for part in parts.values():
        whole[tuple(map(slice, part.shape))] = part
    for name, part in parts.items():
        if not np.array_equal(whole[tuple(map(slice, part.shape))], part):
            raise must("adapters", "ones that share their frozen arrays, as a file holds one of each", repr(name))
    return whole

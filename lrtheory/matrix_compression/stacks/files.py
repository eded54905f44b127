"""Stacks in files: the matrices of an npz or npy file, or of a model."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import Tensors, form_of, read_arrays
from lrtheory._files.safetensors import encoded, write_tensors
from lrtheory._validation import Words, must

__all__ = ["stack_in", "write_basis"]

_TYPES = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}


def stack_in(path: str | PathLike[str], columns: str | Sequence[str] | None, form: str | None) -> dict[str, Any]:
    """The blocks and names of a file, of those arrays that are named, or of all that are matrices."""
    kind = form_of(path, form)
    if kind in ("safetensors", "folder"):
        tensors = Tensors(path)
        shapes = {name: tensors.shape(name) for name in tensors.names}
        chosen = _chosen(path, shapes, columns)
        return {"blocks": [tensors[name] for name in chosen], "names": chosen}
    if kind not in ("npy", "npz"):
        raise ValueError(f"{path}: matrices are read from npy, npz and safetensors files; this one is a {kind}")
    arrays = read_arrays(path)
    if kind == "npy" and arrays["array"].ndim == 3:
        arrays = dict(zip(map(str, range(len(arrays["array"]))), arrays["array"], strict=True))
    chosen = _chosen(path, {name: np.shape(one) for name, one in arrays.items()}, columns)
    return {"blocks": [arrays[name] for name in chosen], "names": chosen}


def _chosen(path: Any, shapes: dict[str, tuple[int, ...]], columns: str | Sequence[str] | None) -> list[str]:
    """The names that are asked for, in the order of the file; each pattern has to fit one."""
    matrices = [name for name, shape in shapes.items() if len(shape) == 2]
    if columns is not None:
        patterns = [one.strip() for one in columns.split(",")] if isinstance(columns, str) else list(columns)
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in matrices):
                raise must("columns", f"names of matrices in {path}, as {', '.join(matrices[:4]) or 'none'}", pattern)
        matrices = [name for name in matrices if any(fnmatchcase(name, pattern) for pattern in patterns)]
    rows = {shapes[name][0]: name for name in reversed(matrices)}
    if not matrices:
        raise ValueError(f"{path}: no array in it is a matrix")
    if len(rows) > 1:
        (m, one), (n, other) = sorted(rows.items(), key=lambda item: matrices.index(item[1]))[:2]
        got = Words(f"{m} in {one} and {n} in {other}; `columns` chooses some")
        raise must("path", "a file whose matrices have the same number of rows", got)
    return matrices


def write_basis(
    target: Path, basis: np.ndarray, coefficients: Sequence[np.ndarray], names: Sequence[object] | None
) -> None:
    """Write a safetensors file with a basis, and the coefficients of each block by its name or number."""
    called = list(map(str, names if names is not None and coefficients else range(len(coefficients))))
    if len(set(called)) < len(called):  # numbers in place of names that several blocks have
        called = list(map(str, range(len(called))))
    arrays = {"basis": basis} | {f"coefficients.{name}": C for name, C in zip(called, coefficients, strict=True)}
    write_tensors(target, {name: encoded(one, _TYPES[one.dtype]) for name, one in arrays.items()})

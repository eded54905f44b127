"""What a result writes is read back, or the name of the file is refused."""

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from lrtheory._files import SUFFIXES, Table
from lrtheory._result import Result

__all__ = ["check_saved", "same"]


def same(one: Any, other: Any) -> bool:
    """Whether two values have one type and one content, NaN for NaN."""
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray) and one.dtype == object:
        return one.shape == other.shape and same(one.ravel().tolist(), other.ravel().tolist())
    if isinstance(one, (np.ndarray, np.generic)):
        kinds = one.dtype == other.dtype and one.shape == other.shape
        return kinds and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    if sparse.issparse(one):
        return one.shape == other.shape and one.dtype == other.dtype and (one != other).nnz == 0
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    return one == other or one != one


def check_saved(value: Result) -> None:
    """An npz file holds a result whole, or its table; other forms hold a table that is the answer, or are refused."""
    kind = type(value)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.npz")
        value.to_file(path)
        if kind._is_whole():
            assert same(kind.from_file(path), value), f"{kind.__name__} is not read back"
        else:
            assert Table.from_file(path).names == list(value._columns()), (
                f"the table of {kind.__name__} is not read back"
            )
        for suffix in SUFFIXES[:-1]:
            place, refusal = path.with_suffix(suffix), ""
            try:
                value.to_file(place)
            except ValueError as error:
                refusal = str(error)
            assert place.exists() != bool(refusal)
            assert not refusal or ".npz" in refusal, refusal

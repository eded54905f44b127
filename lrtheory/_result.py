"""The class that all results share: read-only arrays, also after unpickling; a short repr; `to_dict` for JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeVar, dataclass_transform

import numpy as np
from scipy import sparse

__all__ = ["Result", "json_safe", "read_only", "result"]

T = TypeVar("T")


def read_only(array: np.ndarray) -> np.ndarray:
    """A read-only view; the array itself stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view


class Result:
    """Base of all results; subclasses are made with the decorator `result`."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, value in _items(self):
            object.__setattr__(self, name, _frozen(value))

    def __reduce__(self) -> tuple[Any, ...]:
        # Unpickling goes through __init__, so the copies are read-only too.
        return _rebuilt, (type(self), tuple(_thawed(value) for _, value in _items(self)))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_short(value)}" for name, value in _items(self) if value is not None)
        return f"{type(self).__name__}({shown})"

    def to_dict(self) -> dict[str, Any]:
        """The fields as a dictionary that JSON can hold (arrays as lists, Fractions and infinities as strings).

        Returns
        -------
        dict
            One entry a field.
        """
        return {name: json_safe(value) for name, value in _items(self)}


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(dataclasses.field,))
def result(cls: type[T]) -> type[T]:
    """Make a frozen result class: ``@result class R(Result)``, with fields in the order of the house."""
    return dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)(cls)


def _rebuilt(cls: type[T], values: tuple[Any, ...]) -> T:
    return cls(*values)


def _items(owner: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(owner, field.name)) for field in dataclasses.fields(owner)]


def _mapped(value: Any, on_array: Callable[[np.ndarray], Any], on_mapping: Callable[[dict[str, Any]], Any]) -> Any:
    """Apply one function to the arrays and one to the mappings inside a field."""
    if isinstance(value, np.ndarray):
        return on_array(value)
    if isinstance(value, Mapping):
        return on_mapping({key: _mapped(item, on_array, on_mapping) for key, item in value.items()})
    if isinstance(value, (list, tuple)) and any(isinstance(item, np.ndarray) for item in value):
        return type(value)(_mapped(item, on_array, on_mapping) for item in value)
    return value


_PLAIN = frozenset((type(None), bool, int, float, str))


def _frozen(value: Any) -> Any:
    if type(value) in _PLAIN:  # most fields, and small results are made by the thousand
        return value
    if sparse.issparse(value) and hasattr(value, "data"):
        value.data.flags.writeable = False
        return value
    return _mapped(value, read_only, MappingProxyType)


def _thawed(value: Any) -> Any:
    return _mapped(value, lambda array: array, dict)


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.size > 8:
            return f"<{value.dtype} array of shape {value.shape}>"
        return np.array2string(value, precision=6, separator=", ")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_short(item)}" for key, item in value.items()) + "}"
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def json_safe(value: Any) -> Any:
    """The value in the types that JSON knows, without NaN or infinities."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: json_safe(item) for name, item in _items(value)}
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return json_safe(value.tolist())
    if sparse.issparse(value):
        coo = value.tocoo()
        return {"shape": list(coo.shape), "row": coo.row.tolist(), "col": coo.col.tolist(), "data": json_safe(coo.data)}
    if isinstance(value, (list, tuple)):
        return [json_safe(item) for item in value]
    if isinstance(value, np.generic):
        return json_safe(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value) if isinstance(value, Fraction) else repr(value)

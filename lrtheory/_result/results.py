"""The class that all results share: read-only arrays, a short repr, tables, pictures and JSON.

A class whose answer is a table says by `_columns` which one, by `_facts` what a person should read beside it, and by
`_draw` how it looks; `to_frame`, `plot`, the HTML of notebooks, the repr and the tables of the shell follow from these.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

import numpy as np

from lrtheory._array import read_only, sparse
from lrtheory._result import display
from lrtheory._result.saved import read_whole, write_whole
from lrtheory._validation import path_of

__all__ = ["Result", "json_safe", "result"]

T = TypeVar("T")


class Result:
    """Base of all results; subclasses are made with the decorator `result`."""

    __slots__ = ()

    #: suffixes of files that the class writes beside tables; "" stands for every other one, as those of folders
    _forms: ClassVar[tuple[str, ...]] = ()
    #: whether the table is a part of the answer alone, so that an npz file holds all fields in its place
    _is_more: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in _names(type(self)):  # type: ignore[arg-type]
            value = getattr(self, name)
            if type(value) not in _PLAIN:  # most fields are, and small results are made by the thousand
                object.__setattr__(self, name, _frozen(value))

    def __reduce__(self) -> tuple[Any, ...]:
        # Unpickling goes through __init__, so the copies are read-only too.
        return _rebuilt, (type(self), tuple(_thawed(value) for _, value in _items(self)))

    def __repr__(self) -> str:
        if not self._is_table():
            shown = ", ".join(f"{name}={_short(value)}" for name, value in _items(self) if value is not None)
            return f"{type(self).__name__}({shown})"
        columns = display.plain(self._columns())
        head = f"{type(self).__name__}, {display.counted(display.n_rows(columns), 'row')}"
        return "\n".join([head, *self._lead(), *display.table(columns), *self._facts()])

    def _repr_html_(self) -> str:
        columns = self._columns()
        if not self._is_table():
            columns = {"field": list(columns), "value": [cells[0] for cells in columns.values()]}
        return display.page(type(self).__name__, display.plain(columns), self._facts(), lead=self._lead())

    @classmethod
    def _is_table(cls) -> bool:
        return cls._columns is not Result._columns

    @classmethod
    def _is_whole(cls) -> bool:
        """Whether an npz file holds all fields, and not a table."""
        return cls._is_more or not cls._is_table()

    def _columns(self) -> Mapping[str, Sequence[Any]]:
        """The answer as columns of one length, names first; unless a class says otherwise, one row of its fields."""
        return {name: [_single(value)] for name, value in _items(self) if value is not None and name != "message"}

    def _lead(self) -> list[str]:
        """The sentences that a person should read before the table, where the answer is a sentence."""
        return []

    def _facts(self) -> list[str]:
        """The sentences that a person should read beside the table, the most important first."""
        message = getattr(self, "message", "")
        return [message] if message else []

    def _draw(self, ax: Any) -> None:
        """The picture; unless a class says otherwise, bars of the first column of numbers by the first column."""
        columns = display.plain(self._columns())
        names = next(iter(columns), "")
        measured = [n for n, cells in columns.items() if n != names and all(isinstance(c, (int, float)) for c in cells)]
        if not self._is_table() or not measured:
            what = f"{type(self).__name__} holds single numbers, which `to_dict` lists; there is no picture of them"
            raise TypeError(what)
        display.bars(ax, columns[names], columns[measured[0]], label=measured[0])

    def _check_path(self, path: Path) -> None:
        """Refuse a path at which a form of the class's own may not stand; `_write` gets another one beside it."""

    def _write(self, target: Path) -> bool:
        """Write a form of the class's own, where the path asks for one, and say whether it did."""
        return False

    def _decided(self) -> bool | None:
        """The answer to the question of yes or no that the class asks, if any; None while it is open."""
        return None

    def plot(self, ax: Any = None) -> Any:
        """Draw the answer.

        Parameters
        ----------
        ax : matplotlib Axes or None
            Where to draw; None makes a figure.

        Returns
        -------
        matplotlib Axes
            The axes.

        Raises
        ------
        TypeError
            If the result is neither a table nor a curve.
        """
        fresh = ax is None
        ax = display.new_axes() if fresh else ax
        try:
            self._draw(ax)
        except Exception:
            if fresh:
                display.close(ax)
            raise
        if fresh:
            display.fit_height(ax)
        return ax

    def to_frame(self) -> Any:
        """The answer as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            One row for each entry of the table; for a result of single numbers one row of its fields.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return display.frame(display.plain(self._columns()))

    def to_file(self, path: str | Path, *, force: bool = False) -> None:
        """Write the answer as a table, or in a form of its own.

        An answer that is no table is written whole as .npz, which `from_file` reads; so is one that is more than the
        table of it that a person sees, such as a model.

        Parameters
        ----------
        path : path
            Ends in .csv, .tsv, .json, .jsonl or .npz, or as a form of the class's own does.
        force : bool
            Whether a file that is there may be replaced, and a folder that holds what this program wrote and nothing
            else. An empty folder is nothing.

        Raises
        ------
        FileExistsError
            If something is there that may not be replaced.
        ValueError
            If the path ends in something else, or in the form of a table that would hold a part of the answer alone.
        """
        from lrtheory._files import replacing, write_columns

        def write(target: Path) -> None:
            self._check_path(Path(path))
            if self._write(target):
                return
            if self._is_whole() and target.suffix.lower() == ".npz":
                write_whole(target, self)
                return
            self._refuse_part(target)
            write_columns(target, display.plain(self._columns()))

        replacing(path, write, force=force)

    def _refuse_part(self, target: Path) -> None:
        """Refuse a table in which fields that are no single numbers would be cut to a few words."""
        from lrtheory._files import SUFFIXES

        cut = [] if self._is_table() else [name for name, value in _items(self) if _single(value) is not value]
        cut = [name for name in cut if getattr(self, name) is not None]
        if cut and target.suffix.lower() in SUFFIXES:
            what = f"a {type(self).__name__} is no table, as {', '.join(cut[:3])} show; .npz holds all of it"
            raise ValueError(f"{what}, and {type(self).__name__}.from_file reads it; got {target.name!r}")

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read an answer that `to_file` has written whole, as .npz.

        Parameters
        ----------
        path : path
            The file. Nothing in it is run.

        Returns
        -------
        object of the class
            Equal to the one that was written.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file holds something else, such as the table of an answer.
        """
        return read_whole(path_of("path", path), cls)

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
    return [(name, getattr(owner, name)) for name in _names(type(owner))]  # type: ignore[arg-type]


@functools.cache  # a class is asked at each of its results
def _names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


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
    if type(value) is np.ndarray:
        return read_only(value)
    if isinstance(value, Result):  # it has frozen its fields itself
        return value
    if type(value) is dict and _PLAIN.issuperset(map(type, value.values())):
        return MappingProxyType(dict(value))
    if sparse.issparse(value) and hasattr(value, "data"):
        value.data.flags.writeable = False
        return value
    return _mapped(value, read_only, MappingProxyType)


def _thawed(value: Any) -> Any:
    return _mapped(value, lambda array: array, dict)


def _single(value: Any) -> Any:
    """A field as one cell."""
    return value if isinstance(value, (bool, int, float, str, Fraction, np.generic)) else _short(value)


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
    """The value in the types that JSON knows, without NaN or infinities; large data say by `_brief` what is shown."""
    if hasattr(type(value), "_brief"):
        return json_safe(value._brief())
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

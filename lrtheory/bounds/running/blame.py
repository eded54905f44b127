"""Whose error it is: one that an author's function raises becomes a sentence about that part of a statement.

Without it an error in a claim would be a bare traceback, and one in a view would look like an error of the algorithm.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from lrtheory.bounds.arithmetic.data import parts
from lrtheory.bounds.errors import RAISED, OutcomeError, StatementError

__all__ = ["blamed", "lost_attribute", "place_of", "told"]

_ENGINE = Path(__file__).resolve().parent.parent
_OBJECTS = ("dtype('O')", "type object", "type Fraction", "type Ball", "'Fraction'", "'Ball'")
_LONG = 100  # letters of a label that a sentence repeats


@contextmanager
def blamed(part: str, place: str, instance: Any = None, *, let: tuple[type[BaseException], ...] = ()) -> Iterator[None]:
    """Context in which an author's function is called.

    Parameters
    ----------
    part : str
        Name of the function that is called, such as ``"the hypothesis 'even'"``.
    place : str
        The statement or family, and the instance, as `place_of` writes them.
    instance : object
        The instance, to recognize attributes that its copies have lost.
    let : tuple of type
        Errors that come through as they are.

    Raises
    ------
    StatementError
        In place of any other error of the function, which is its cause.
    """
    try:
        yield
    except let:
        raise
    except RAISED as error:
        raise told(error, part, place, instance) from error


def told(error: BaseException, part: str, place: str, instance: Any = None) -> StatementError:
    """The error of an author's function as a sentence with the statement, the instance, the part and the line.

    Parameters
    ----------
    error : BaseException
        Error that was raised. A `StatementError` says itself what is wrong, and gets the place alone.
    part, place, instance
        As for `blamed`.

    Returns
    -------
    StatementError
        Error that the caller raises from `error`.
    """
    if isinstance(error, StatementError):
        kind = OutcomeError if isinstance(error, OutcomeError) else StatementError
        return kind(f"{error}" if f"{error}".startswith(place.partition(" on ")[0]) else f"{place}: {error}")
    lost = lost_attribute(error, instance) or _not_exact(error)
    text = f"{place}: {part} raised {type(error).__name__}: {error}".rstrip(": ")
    return StatementError(f"{text}{_line(error)}{f'; {lost}' if lost else ''}")


def _not_exact(error: BaseException) -> str:
    """Why a function of arrays refuses the exact numbers with which close sides are decided; empty if it does not."""
    words = f"{error}"
    if not isinstance(error, TypeError) or not any(word in words for word in _OBJECTS):
        return ""
    return (
        "close sides are computed again from Fractions, in arrays of objects, which such a function does not take: "
        "write it for exact numbers, or say what doubles may err by, as in "
        "`Sides(lhs, rhs, rounding=rounding(n, size))` for n operations on numbers up to size"
    )


def place_of(owner: str, label: str) -> str:
    """A statement and one of its instances, as sentences name them; a long instance is cut."""
    return f"{owner} on {label if len(label) <= _LONG else label[: _LONG - 3] + '...'}"


def _line(error: BaseException) -> str:
    """The file and line of the first function outside of the engine, which is the author's."""
    for frame in traceback.extract_tb(error.__traceback__):
        if not Path(frame.filename).is_relative_to(_ENGINE) and Path(frame.filename).name != "contextlib.py":
            return f" ({Path(frame.filename).name}, line {frame.lineno})"
    return ""


def lost_attribute(error: BaseException, instance: Any) -> str:
    """Why an attribute is missing that the instance has outside of the fields of its dataclass; empty if it is not.

    Copies of an instance are made of its fields, since nothing else of it is written into a replay.
    """
    owner, name = getattr(error, "obj", None), getattr(error, "name", None)
    if not isinstance(error, AttributeError) or not is_dataclass(owner) or name in {f.name for f in fields(owner)}:
        return ""
    if not _has(instance, type(owner), str(name)):
        return ""
    return f"attributes outside of the fields are not handed over; declare `{name}: ... = field(init=False)`"


def _has(value: Any, kind: type, name: str) -> bool:
    """Whether an object of a class within plain data has an attribute."""
    if type(value) is kind and hasattr(value, name):
        return True
    return any(_has(item, kind, name) for _, _, item in parts(value) or ())

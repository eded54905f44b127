"""Exact arithmetic: the same formula on Fractions, or on balls where it takes exp, log or sqrt.

A double is a rational number, so an instance and an outcome can be taken over into exact numbers without loss. Floats
must not come back in on the way: ``Fraction * 0.5`` is a float without a word, hence the check in `as_exact`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from lrtheory._validation import must
from lrtheory.bounds.errors import StatementError

__all__ = [
    "PRECISIONS",
    "Ball",
    "Undecided",
    "as_exact",
    "exactly",
    "exp",
    "has_large_integers",
    "log",
    "precision",
    "rounding",
    "sqrt",
    "to_float",
]

PRECISIONS = (106, 212, 424, 848)  # bits tried one after the other before an entry stays undecided


class Undecided(ArithmeticError):
    """Two balls overlap, so their order is not known at this precision."""


def _operation(function: Callable[[Any, Any], Any]) -> Callable[[Ball, Any], Any]:
    def operation(self: Ball, other: Any) -> Any:
        # an array goes through its entries by itself
        return NotImplemented if isinstance(other, np.ndarray) else Ball._wrap(function(self._arb, Ball(other)._arb))

    return operation


def _reflected(function: Callable[[Any, Any], Any]) -> Callable[[Ball, Any], Ball]:
    return lambda self, other: Ball._wrap(function(Ball(other)._arb, self._arb))


def _elementary(name: str) -> Callable[[Ball], Ball]:
    return lambda self: Ball._wrap(getattr(self._arb, name)())


class Ball:
    """A real number known up to a rigorous radius (an `arb` of python-flint) that refuses to meet a float.

    NumPy's `exp`, `log`, `log1p`, `expm1`, `sqrt`, `tanh`, `arctanh`, `abs` work on object arrays of balls. An order
    that the radii leave open raises `Undecided`; the caller then tries more bits.
    """

    __slots__ = ("_arb",)
    _arb: Any

    def __init__(self, value: Any) -> None:
        if isinstance(value, Ball):
            self._arb = value._arb
        elif isinstance(value, Fraction):
            self._arb = flint.arb(flint.fmpq(value.numerator, value.denominator))
        elif isinstance(value, (int, np.integer)):
            self._arb = flint.arb(int(value))
        else:
            raise StatementError(f"an exact evaluation met {value!r}; write constants as integers or Fractions")

    @classmethod
    def _wrap(cls, value: Any) -> Ball:
        ball = object.__new__(cls)
        ball._arb = value
        return ball

    __add__, __radd__ = _operation(operator.add), _reflected(operator.add)
    __sub__, __rsub__ = _operation(operator.sub), _reflected(operator.sub)
    __mul__, __rmul__ = _operation(operator.mul), _reflected(operator.mul)
    __truediv__, __rtruediv__ = _operation(operator.truediv), _reflected(operator.truediv)
    __pow__ = _operation(operator.pow)
    exp, log, sqrt, tanh = _elementary("exp"), _elementary("log"), _elementary("sqrt"), _elementary("tanh")
    expm1, log1p, arctanh, __abs__ = (
        _elementary("expm1"),
        _elementary("log1p"),
        _elementary("atanh"),
        _elementary("__abs__"),
    )

    def __neg__(self) -> Ball:
        return Ball._wrap(-self._arb)

    def _compare(self, other: Any, question: Callable[[Any, Any], bool], opposite: Callable[[Any, Any], bool]) -> bool:
        other = Ball(other)
        if question(self._arb, other._arb):
            return True
        if opposite(self._arb, other._arb):
            return False
        raise Undecided

    def __lt__(self, other: Any) -> bool:
        return self._compare(other, operator.lt, operator.ge)

    def __le__(self, other: Any) -> bool:
        return self._compare(other, operator.le, operator.gt)

    def __gt__(self, other: Any) -> bool:
        return self._compare(other, operator.gt, operator.le)

    def __ge__(self, other: Any) -> bool:
        return self._compare(other, operator.ge, operator.lt)

    def __eq__(self, other: object) -> bool:
        other = Ball(other)
        # for balls `!=` is true only where every number of one differs from every number of the other
        if self._arb != other._arb:
            return False  # the balls are disjoint
        if self._arb.is_exact() and other._arb.is_exact():
            return True
        raise Undecided

    __hash__ = None  # type: ignore[assignment]

    def __float__(self) -> float:
        return float(self._arb.mid())

    def __repr__(self) -> str:
        return str(self._arb)


_IN_BALLS: ContextVar[bool] = ContextVar("in_balls", default=False)


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """A context in which balls are computed with the given number of bits, and integers have balls as logarithms."""
    token = _IN_BALLS.set(True)
    try:
        with flint.ctx.workprec(bits):
            yield
    finally:
        _IN_BALLS.reset(token)


def log(x: Any) -> Any:
    """The natural logarithm of a number of any kind, or of each entry of an array.

    Parameters
    ----------
    x : int, float, Fraction, Ball, or array of them
        Above 0.

    Returns
    -------
    float, Ball or array
        A ball where a claim is decided in balls (``numbers=Ball``), or x is one; else a double.

    Raises
    ------
    ValueError
        If a number is not above 0.
    """
    return _of_any_kind("log", x)


def exp(x: Any) -> Any:
    """The exponential of a number of any kind, or of each entry of an array; see `log`."""
    return _of_any_kind("exp", x)


def sqrt(x: Any) -> Any:
    """The square root of a number of any kind at or above 0, or of each entry of an array; see `log`."""
    return _of_any_kind("sqrt", x)


def _of_any_kind(name: str, x: Any) -> Any:
    if isinstance(x, (list, tuple, np.ndarray)):
        values = [_of_any_kind(name, entry) for entry in np.asarray(x, object).ravel().tolist()]
        kind = object if any(isinstance(value, Ball) for value in values) else float
        result = np.empty(len(values), kind)
        result[:] = values
        return result.reshape(np.shape(x))
    if isinstance(x, Ball):
        return getattr(x, name)()
    exact = isinstance(x, (int, np.integer, Fraction)) and not isinstance(x, bool)
    if exact and _IN_BALLS.get():
        if (name == "log" and x <= 0) or (name == "sqrt" and x < 0):  # a ball would be NaN without a word
            raise must("x", "above 0" if name == "log" else "at least 0", x)
        return getattr(Ball(x), name)()
    # math.log takes integers and Fractions of any size, where a double would be infinite
    if name == "log" and isinstance(x, Fraction):
        return math.log(x.numerator) - math.log(x.denominator)
    return getattr(math, name)(int(x) if isinstance(x, np.integer) else x)


def exactly(value: Any, number: Callable[[Fraction], Any] = Fraction) -> Any:
    """Convert every double of a value to the rational number that it is; integers, strings and booleans stay.

    With ``number=float`` the other way: Fractions as the nearest doubles.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return _with_fields(value, {f.name: exactly(getattr(value, f.name), number) for f in fields(value) if f.init})
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iu" and is_large(value) and number is not float:
            return value.astype(object)  # Python's integers do not wrap; small ones stay, since they may be indices
        if value.dtype.kind not in "fO":
            return value
        if number is float:
            return value.astype(float)
        flat = np.empty(value.size, object)
        flat[:] = [exactly(item, number) for item in value.ravel().tolist()]
        return flat.reshape(value.shape)
    if isinstance(value, Mapping):
        return {key: exactly(item, number) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [exactly(item, number) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, (float, np.floating)):
        return number(Fraction(float(value))) if math.isfinite(value) else value
    return number(value) if isinstance(value, Fraction) else value


def is_large(value: np.ndarray) -> bool:
    """Whether products of two entries may leave the range of int64."""
    return value.size > 0 and int(np.abs(value.astype(float)).max()) >= 2**31


def has_large_integers(value: Any) -> bool:
    """Whether arithmetic on the data may wrap silently, so that doubles and int64 cannot even filter."""
    if is_dataclass(value) and not isinstance(value, type):
        return any(has_large_integers(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return any(map(has_large_integers, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_large_integers, value))
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu" and is_large(value)


def _with_fields(value: Any, changed: Mapping[str, Any]) -> Any:
    """A copy of a frozen dataclass with other fields, past a validation that may insist on floats."""
    copy = object.__new__(type(value))
    for field in fields(value):
        object.__setattr__(copy, field.name, changed.get(field.name, getattr(value, field.name)))
    return copy


def as_exact(side: np.ndarray, name: str) -> np.ndarray:
    """The entries of an exactly evaluated side; an error if a float has crept in."""
    for entry in side.flat:
        if not isinstance(entry, (int, np.integer, Fraction, Ball)) and not _is_infinite(entry):
            raise StatementError(
                f"the exact evaluation of {name} gave {entry!r} of type {type(entry).__name__}; "
                "write constants as integers or Fractions, or ask for balls (numbers=Ball)"
            )
    return side


def _is_infinite(entry: Any) -> bool:
    return isinstance(entry, (float, np.floating)) and math.isinf(entry)


def to_float(side: Any) -> np.ndarray:
    """A side as doubles, whatever its numbers are."""
    side = np.asarray(side)
    return side.astype(float)


def rounding(n_operations: Any, magnitude: Any) -> np.ndarray:
    """Rounding error allowed after `n_operations` operations in doubles on numbers of the given magnitude.

    The standard constant gamma_n = n u / (1 - n u) with the unit roundoff u = 2^-53, times the magnitude.
    """
    unit = 2.0**-53
    count = np.asarray(n_operations, float) * unit
    return count / (1 - count) * np.abs(to_float(magnitude))

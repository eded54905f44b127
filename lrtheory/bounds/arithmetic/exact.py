"""Exact arithmetic: the same formula on Fractions, or on balls where it takes exp, log or sqrt.

A double is a rational number, so an instance and an outcome can be taken over into exact numbers without loss. Floats
must not come back in on the way: ``Fraction * 0.5`` is a float without a word, hence the check in `as_exact`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from lrtheory._validation import must
from lrtheory.bounds.arithmetic.data import mapped
from lrtheory.bounds.errors import OutcomeError, StatementError

__all__ = [
    "LARGEST",
    "PRECISIONS",
    "Ball",
    "Undecided",
    "as_array",
    "as_exact",
    "exactly",
    "exp",
    "is_large",
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

    @classmethod
    def between(cls, low: Fraction, high: Fraction) -> Ball:
        """A ball that holds all numbers from `low` to `high`, and a little more where it is rounded outwards."""
        return cls._wrap(cls(low)._arb.union(cls(high)._arb))

    def moving(self) -> Ball:
        """The ball as a variable: what is computed of it carries its derivative in this variable along (`slope`)."""
        return Ball._wrap(flint.arb_series([self._arb, 1], 2))

    @property
    def slope(self) -> Ball:
        """The derivative in the variable that was made by `moving`, at all numbers of the ball at once."""
        return Ball._wrap(self._arb[1] if isinstance(self._arb, flint.arb_series) else flint.arb(0))

    @property
    def low(self) -> float:
        """The lower end as a double, by which balls are sorted and nothing is decided; minus infinity for none."""
        end = float(_plain(self).lower())
        return -math.inf if math.isnan(end) else end

    @property
    def is_finite(self) -> bool:
        """Whether middle and radius of the ball are finite numbers."""
        return bool(_plain(self).is_finite())

    def overlaps(self, other: Ball) -> bool:
        """Whether some number lies in both balls."""
        return bool(_plain(self).overlaps(_plain(other)))

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
        mine, theirs = _plain(self), _plain(Ball(other))
        if question(mine, theirs):
            return True
        if opposite(mine, theirs):
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
        mine, theirs = _plain(self), _plain(Ball(other))
        # for balls `!=` is true only where every number of one differs from every number of the other
        if mine != theirs:
            return False  # the balls are disjoint
        if mine.is_exact() and theirs.is_exact():
            return True
        raise Undecided

    __hash__ = None  # type: ignore[assignment]

    def __float__(self) -> float:
        if _WIDE.get() and self._arb.rel_accuracy_bits() < _DOUBLE:
            raise StatementError("a step takes one number of a ball that stands for many, as a double")
        number = float(self._arb.mid())
        if math.isinf(number) and self._arb.is_finite():
            raise OverflowError("a ball beyond the range of doubles")  # as a Fraction does
        return number

    def __repr__(self) -> str:
        return str(self._arb)


def _plain(ball: Ball) -> Any:
    """The `arb` of a ball, without a derivative that it carries along."""
    return ball._arb[0] if isinstance(ball._arb, flint.arb_series) else ball._arb


_REAL = (int, float, np.integer, np.floating, np.bool_, Fraction, Ball)
LARGEST = float(np.finfo(float).max)
_IN_BALLS: ContextVar[bool] = ContextVar("in_balls", default=False)
_WIDE: ContextVar[bool] = ContextVar("wide", default=False)
_DOUBLE = 50  # bits by which a ball is as good as a double


@contextmanager
def precision(bits: int, *, wide: bool = False) -> Iterator[None]:
    """A context in which balls are computed with the given number of bits, and integers have balls as logarithms.

    With `wide`, balls stand for all their numbers, and one that is wider than a double does not become one.
    """
    tokens = _IN_BALLS.set(True), _WIDE.set(wide)
    try:
        with flint.ctx.workprec(bits):
            yield
    finally:
        _IN_BALLS.reset(tokens[0])
        _WIDE.reset(tokens[1])


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
    return mapped(value, lambda leaf: _converted(leaf, number))


def _converted(leaf: Any, number: Callable[[Fraction], Any]) -> Any:
    if isinstance(leaf, np.ndarray):
        if leaf.dtype.kind in "iu" and is_large(leaf) and number is not float:
            return leaf.astype(object)  # Python's integers do not wrap; small ones stay, since they may be indices
        if leaf.dtype.kind not in "fO":
            return leaf
        if number is float:
            return to_float(leaf)
        flat = np.empty(leaf.size, object)
        flat[:] = [exactly(item, number) for item in leaf.ravel().tolist()]
        return flat.reshape(leaf.shape)
    if isinstance(leaf, (float, np.floating)):
        # by its ratio, since a long double has digits that a double has not
        return number(Fraction(*leaf.as_integer_ratio())) if np.isfinite(leaf) else leaf
    return number(leaf) if isinstance(leaf, Fraction) else leaf


def is_large(value: np.ndarray) -> bool:
    """Whether products of two entries may leave the range of int64."""
    return value.size > 0 and int(np.abs(value.astype(float)).max()) >= 2**31


def as_exact(side: np.ndarray, name: str) -> np.ndarray:
    """The entries of an exactly evaluated side, its integers as Python's; an error if a float has crept in."""
    flat = np.empty(side.size, object)
    for place, entry in enumerate(side.flat):
        if isinstance(entry, (int, np.integer, np.bool_)):  # a truth value is 0 or 1
            flat[place] = int(entry)
        elif isinstance(entry, (Fraction, Ball)) or _is_infinite(entry):
            flat[place] = entry
        else:
            raise StatementError(
                f"the exact evaluation of {name} gave {entry!r} of type {type(entry).__name__}; "
                "write constants as integers or Fractions, or ask for balls (numbers=Ball)"
            )
    return flat.reshape(side.shape)


def _is_infinite(entry: Any) -> bool:
    return isinstance(entry, (float, np.floating)) and math.isinf(entry)


def as_array(side: Any) -> np.ndarray:
    """A side as an array that keeps exact numbers, of which NumPy would make doubles.

    Those are a lone Fraction or ball, and lists in which an integer has more than 64 bits or meets one without sign.
    """
    if isinstance(side, (Fraction, Ball)):
        return np.array(side, object)
    array = np.asarray(side)
    if array.dtype.kind == "f" and isinstance(side, (list, tuple)):
        apart = np.array(side, object)
        return apart if any(isinstance(entry, (int, np.integer)) for entry in apart.flat) else array
    return array


def to_float(side: Any, name: str = "a side") -> np.ndarray:
    """Numbers of any real kind as doubles; one beyond all doubles as the largest, so that the order is kept.

    Raises
    ------
    OutcomeError
        If something is not a real number, be it complex.
    """
    side = as_array(side)
    if side.dtype.kind in "biu" or side.dtype == np.float64:
        return side.astype(float)
    if side.dtype.kind == "f":  # of other lengths
        with np.errstate(over="ignore"):
            doubles = side.astype(float)
        return np.where(np.isinf(doubles) & np.isfinite(side), np.copysign(LARGEST, doubles), doubles)
    if side.dtype.kind != "O":
        raise OutcomeError(f"{name} must hold real numbers; got {side.dtype}")
    for kind in set(map(type, side.flat)):
        if not issubclass(kind, _REAL):
            wrong = next(entry for entry in side.flat if type(entry) is kind)
            raise OutcomeError(f"{name} must hold real numbers; got {wrong!r} of type {kind.__name__}")
    try:
        return side.astype(float)
    except OverflowError:
        return np.array([_double(entry) for entry in side.flat]).reshape(side.shape)


def _double(entry: Any) -> float:
    try:
        return float(entry)
    except OverflowError:
        return LARGEST if entry > 0 else -LARGEST


def rounding(n_operations: Any, magnitude: Any) -> np.ndarray:
    """Rounding error allowed after `n_operations` operations in doubles on numbers of the given magnitude.

    The standard constant gamma_n = n u / (1 - n u) with the unit roundoff u = 2^-53, times the magnitude.
    """
    unit = 2.0**-53
    count = np.asarray(n_operations, float) * unit
    return count / (1 - count) * np.abs(to_float(magnitude))

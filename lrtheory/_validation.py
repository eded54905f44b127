"""Argument checks: the only place where error sentences are made.

Every sentence reads `` `name` must be <rule>; got <value>. `` A wrong type is a TypeError, a wrong value or shape a
ValueError. Each function returns the checked value, so that a caller writes
``delta = open_interval("delta", delta, 0, 1)``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "Words",
    "array",
    "as_array",
    "at_most_one",
    "below_one",
    "check_callback",
    "check_sizes",
    "choice",
    "exactly_one",
    "fits",
    "flag",
    "floats",
    "generator",
    "integer",
    "is_iterable",
    "matrix",
    "must",
    "open_interval",
    "pair",
    "pairs",
    "path_of",
    "probability_vector",
    "real",
    "refuse_unused",
    "same_parameters",
    "sequence",
    "state_entry",
    "state_value",
    "unmasked",
]


class Words(str):
    """Words that an error sentence shows as they are, without the quotes of a string that somebody gave."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def must(name: str, rule: str, value: object, error: type[Exception] = ValueError) -> Exception:
    """The exception to raise when an argument breaks a rule."""
    return error(f"`{name}` must be {rule}; got {_shown(value)}.")


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray) and value.size > 6:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    text = repr(value.item() if isinstance(value, np.generic) else value)
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= 80 else text[:77] + "..."


def real(name: str, value: Any, *, low: float = -np.inf, high: float = np.inf) -> float:
    """A number in the closed interval [low, high]; the infinities only where an end of the interval is infinite."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise must(name, "a real number", value, TypeError)
    try:
        number = float(value)
    except OverflowError as error:  # of integers and Fractions alone
        raise must(name, "a number in the range of doubles", Words("one beyond it")) from error
    if not low <= number <= high:
        if high == np.finfo(np.float64).max:
            rule = "a finite number" if low == -np.inf else f"finite and at least {low:g}"
        else:
            rule = "a number" if low == -np.inf and high == np.inf else f"in [{low:g}, {high:g}]"
        raise must(name, rule, value)
    return number


def open_interval(name: str, value: Any, low: float, high: float) -> float:
    """A number strictly between low and high."""
    if not low < real(name, value) < high:
        raise must(name, f"in ({low:g}, {high:g})", value)
    return float(value)


def below_one(name: str, value: Any, *, zero: bool = True) -> float:
    """A number in [0, 1), or in (0, 1) where zero is not allowed."""
    number = real(name, value)
    if not (0 <= number < 1 if zero else 0 < number < 1):
        raise must(name, "in [0, 1)" if zero else "in (0, 1)", value)
    return number


def integer(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """An integer in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise must(name, "an integer", value, TypeError)
    number = int(value)
    if number < low or (high is not None and number > high):
        rule = f"an integer of at least {low}" if high is None else f"an integer in [{low}, {high}]"
        raise must(name, rule, value)
    return number


def flag(name: str, value: Any, *, undecided: bool = False) -> Any:
    """True or False, also None where a question may be left open; the word "no", which counts as true, is refused."""
    if undecided and value is None:
        return None
    if not isinstance(value, (bool, np.bool_)):
        raise must(name, "True, False or None" if undecided else "True or False", value, TypeError)
    return bool(value)


def choice(name: str, value: Any, options: Collection[Any]) -> Any:
    """One of the options."""
    try:
        known = value in options
    except (TypeError, ValueError):  # unhashable values and arrays
        known = False
    if not known:
        raise must(name, "one of " + ", ".join(map(repr, options)), value)
    return value


def check_callback(value: Any) -> Any:
    """The callback of a loop: None, or what can be called."""
    if value is not None and not callable(value):
        raise must("callback", "callable or None", value, TypeError)
    return value


def refuse_unused(method: str, used: Collection[str], argument: str = "method", /, **options: tuple[Any, Any]) -> None:
    """Refuse each option that was given although the chosen method does not use it.

    Parameters
    ----------
    method : str
        The method that was chosen.
    argument : str
        The argument that chose it, where that is not called ``method``.
    used : collection of str
        The options that it uses: the row of the solver's table of options.
    **options : tuple of (value, default)
        Value of each option that some method uses, and its default, which stands for "not given".

    Raises
    ------
    ValueError
        If an option that the method does not use differs from its default.
    """
    for name, (value, default) in options.items():
        given = value is not default and not (np.isscalar(value) and np.isscalar(default) and value == default)
        if given and name not in used:
            raise must(name, f'left out with {argument} "{method}", which does not use it', value)


def check_sizes(name: str, value: Any) -> tuple[int, ...]:
    """A non-empty tuple of positive integers, such as the numbers of strategies of the players."""
    scalar = isinstance(value, np.ndarray) and value.ndim == 0
    if scalar or isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)) or len(value) == 0:
        raise must(name, "a non-empty sequence of positive integers", value, TypeError)
    return tuple(integer(f"{name}[{i}]", size, low=1) for i, size in enumerate(value))


def is_iterable(value: Any) -> bool:
    """Whether a loop can go over a value; an array without axes says that it can, and cannot."""
    return isinstance(value, Iterable) and getattr(value, "ndim", 1) != 0


def sequence(name: str, value: Any) -> Any:
    """A list, a tuple or an array with one axis at least, which has a length and entries by number."""
    scalar = isinstance(value, np.ndarray) and value.ndim == 0
    if scalar or isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
        raise must(name, "a sequence", value, TypeError)
    return value


def pair(name: str, value: Any, *, low: int = 1) -> tuple[int, int]:
    """Two integers of at least `low`, such as the numbers of rows and columns of a matrix."""
    if len(sequence(name, value)) != 2:
        raise must(name, "a pair of integers", value)
    first, second = (integer(f"{name}[{i}]", size, low=low) for i, size in enumerate(value))
    return first, second


def pairs(name: str, value: Any) -> Any:
    """A sequence of pairs."""
    for i, one in enumerate(sequence(name, value)):
        if len(sequence(f"{name}[{i}]", one)) != 2:
            raise must(f"{name}[{i}]", "a pair", one)
    return value


def path_of(name: str, value: Any) -> Path:
    """A path that was given as one or as a string."""
    if not isinstance(value, (str, PathLike)):
        raise must(name, "a path", value, TypeError)
    return Path(value)


def exactly_one(**given: Any) -> str:
    """The name of the one of these arguments that is given, that is, not None."""
    return str(_one_of(given, "exactly one of these", (1,)))


def at_most_one(**given: Any) -> str | None:
    """The name of the one of these arguments that is given, that is, not None; None where none is."""
    return _one_of(given, "at most one of these", (0, 1))


def _one_of(given: Mapping[str, Any], rule: str, counts: tuple[int, ...]) -> str | None:
    names = [name for name, value in given.items() if value is not None]
    if len(names) not in counts:
        raise must(", ".join(given), rule, Words(" and ".join(names) or "none of them"))
    return names[0] if names else None


def unmasked(name: str, value: Any) -> Any:
    """The value itself, unless it is or holds a masked array, whose hidden entries NumPy would silently use."""
    items = value if isinstance(value, (list, tuple)) else ()
    if np.ma.isMaskedArray(value) or any(map(np.ma.isMaskedArray, items)):
        raise must(name, "an array without a mask", value)
    return value


def as_array(name: str, value: Any) -> np.ndarray:
    """A NumPy array of any kind, of what has rows of equal length and no mask."""
    unmasked(name, value)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise must(name, "an array with rows of equal length", value) from error


def array(
    name: str,
    value: Any,
    *,
    shape: tuple[int | None, ...] | None = None,
    low: float = -np.inf,
    high: float = np.inf,
    finite: bool = True,
) -> np.ndarray:
    """A real NumPy array; integers become float64, float32 stays float32, exact numbers stay an object array.

    ``shape`` may leave an axis open with None.
    """
    result = as_array(name, value)
    if result.dtype.kind in "iub":
        result = result.astype(np.float64)
    if result.dtype.kind == "O":
        if not all(isinstance(entry, Real) for entry in result.flat):
            raise must(name, "an array of real numbers", value, TypeError)
        if any(entry != entry for entry in result.flat):  # NaN alone differs from itself
            raise must(name, "free of NaN", value)
    elif result.dtype.kind != "f":
        raise must(name, "an array of real numbers", value, TypeError)
    if shape is not None and not fits(result.shape, shape):
        raise must(name, f"of shape {_shape_text(shape)}", result.shape)
    if result.dtype.kind == "f":
        if finite and not np.isfinite(result).all():
            raise must(name, "finite", float(result[~np.isfinite(result)].flat[0]))
        if not finite and np.isnan(result).any():
            raise must(name, "free of NaN", result)
    if low == -np.inf and high == np.inf:  # so that large arrays are not gone over for nothing
        return result
    with np.errstate(invalid="ignore"):  # NaN, where it may stand, is not outside
        outside = (result < low) | (result > high)
    if outside.any():
        raise must(name, f"in [{low:g}, {high:g}]", result[outside].flat[0])
    return result


def floats(
    name: str,
    value: Any,
    *,
    shape: tuple[int | None, ...] | None = None,
    low: float = -np.inf,
    high: float = np.inf,
) -> np.ndarray:
    """Like `array`, but what LAPACK has no routines for, exact numbers and extended precision, becomes float64."""
    found = array(name, value, shape=shape, low=low, high=high)
    if found.dtype.kind == "f" and found.dtype.itemsize <= 8:
        return found
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
            doubles = found.astype(np.float64)
    except OverflowError as error:
        raise must(name, "an array of numbers in the range of doubles", value) from error
    return array(name, doubles, low=low, high=high)


def matrix(name: str, value: Any) -> np.ndarray:
    """A finite matrix with rows and columns; half precision becomes single."""
    found = array(name, value)
    if found.ndim != 2 or 0 in found.shape:
        raise must(name, "a matrix with rows and columns", found.shape)
    return found.astype(np.float32) if found.dtype == np.float16 else found


def fits(shape: tuple[int, ...], wanted: tuple[int | str | None, ...]) -> bool:
    """Whether a shape has as many axes as are wanted, of the lengths that are given; None or a letter is any length."""
    return len(shape) == len(wanted) and all(
        w is None or isinstance(w, str) or n == w for n, w in zip(shape, wanted, strict=True)
    )


def _shape_text(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("n" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"


def probability_vector(name: str, value: Any) -> np.ndarray:
    """A one-dimensional array of non-negative numbers with sum 1 (up to rounding)."""
    result = array(name, value, shape=(None,), low=0.0, high=1.0)
    if abs(float(result.sum()) - 1.0) > 1e-12 * max(1, result.size):
        raise must(name, "a vector of probabilities with sum 1", float(result.sum()))
    return result


def state_entry(state: Any, name: str) -> Any:
    """An entry of a saved state, which `get_state` made and `set_state` is about to read."""
    if not isinstance(state, Mapping):
        raise must("state", "a mapping from `get_state`", state, TypeError)
    if name not in state:
        raise must("state", f"a mapping with the key {name!r}", sorted(map(str, state)))
    return state[name]


def state_value(state: Any, name: str) -> Any:
    """The one number or word that an entry of a saved state holds, as Python's own; files make arrays of them."""
    value = state_entry(state, name)
    if isinstance(value, np.ndarray) and value.size != 1:
        raise must(f"state[{name!r}]", "one number or word", value)
    return value.item() if isinstance(value, (np.ndarray, np.generic)) else value


def same_parameters(state: Any, own: Mapping[str, Any]) -> None:
    """Refuse the state of an object with other parameters, which are lists, numbers and strings as JSON holds them."""
    for name, value in own.items():
        given = state_entry(state, name)
        given = given.tolist() if isinstance(given, np.ndarray) else given
        if given != value:
            raise must(f"state[{name!r}]", f"{value!r}, as of this object", given)


def generator(rng: Any) -> np.random.Generator:
    """The Generator meant by `rng`: None, an int, a SeedSequence or a Generator."""
    allowed = (type(None), Integral, np.random.SeedSequence, np.random.BitGenerator, np.random.Generator)
    if isinstance(rng, bool) or not isinstance(rng, allowed):
        raise must("rng", "None, an integer, a SeedSequence or a Generator", rng, TypeError)
    if isinstance(rng, Integral):
        rng = integer("rng", rng, low=0)
    return np.random.default_rng(rng)

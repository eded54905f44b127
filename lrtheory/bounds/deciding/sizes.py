"""Words for numbers: ranges of those in which instances differ, decimals beside long fractions, stricter bounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.data import parts
from lrtheory.bounds.claims import SHARPER

__all__ = ["sizes_of", "stricter_words", "with_decimals"]

_MOST = 4
_NUMBER = r"-?\d+(/\d+|(\.\d+)?(e[+-]?\d+)?)"  # of a fraction or a decimal, and neither a ball nor words
_LONG = 16  # letters of a fraction that is read as it stands
_DIGITS = (9, 60)  # of decimals, the least and the most
_LARGE = 1e300  # beyond it are infinities, and integers that are no sizes


def sizes_of(instances: Sequence[Any]) -> dict[str, list[float]]:
    """The ranges of the numbers of instances that vary, at most four; of their lengths where no number does.

    Parameters
    ----------
    instances : sequence of object
        Plain data.

    Returns
    -------
    dict of str to list of float
        The least and the largest number by its name.
    """
    seen: dict[str, list[float]] = {}
    lengths: dict[str, list[float]] = {}
    for instance in instances:
        for name, value in _named(instance):
            if _is_number(value):
                seen.setdefault(name, []).append(value)
            elif isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
                lengths.setdefault(f"len({name})", []).append(len(value))
    varied = [
        {name: _ends(found) for name, found in some.items() if min(found) < max(found)} for some in (seen, lengths)
    ]
    return dict(list((varied[0] or varied[1]).items())[:_MOST])


def with_decimals(lhs: str, rhs: str) -> tuple[str, str]:
    """Both sides of evidence, with a decimal beside a fraction that is too long to be read.

    Parameters
    ----------
    lhs, rhs : str
        As `Evidence.worst` has them.

    Returns
    -------
    tuple of str
        Decimals have as many digits as tell the sides apart.
    """
    numbers = [Fraction(side) if re.fullmatch(_NUMBER, side) else None for side in (lhs, rhs)]
    for digits in range(*_DIGITS):
        told = [None if one is None else _decimal(one, digits) for one in numbers]
        if told[0] != told[1] or numbers[0] == numbers[1]:
            break
    sides = [
        f"{side}  (about {decimal})" if decimal is not None and "/" in side and len(side) > _LONG else side
        for side, decimal in zip((lhs, rhs), told, strict=True)
    ]
    return sides[0], sides[1]


def stricter_words(part: float) -> str:
    """A sentence about bounds that are stricter by 2 % and by 10 %: the least part that is refuted."""
    if not part:
        return f"not shown to be tight: no instance refutes a bound that is stricter by {100 * SHARPER[-1]:.0f} %"
    others = [one for one in SHARPER if one < part]
    but = f", and by {100 * others[-1]:.0f} % is not" if others else ""
    return f"a bound that is stricter by {100 * part:.0f} % is refuted{but}"


def _decimal(number: Fraction, digits: int) -> str:
    return f"{Context(prec=digits).divide(Decimal(number.numerator), Decimal(number.denominator)).normalize()}"


def _named(instance: Any) -> list[tuple[str, Any]]:
    if _is_number(instance):
        return [("n", instance)]
    inner = None if isinstance(instance, (list, tuple)) and not hasattr(instance, "_fields") else parts(instance)
    return [("instance", instance)] if inner is None else [(name, value) for _, name, value in inner]


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating, Fraction)):
        return False
    number: Any = value
    return bool(abs(number) < _LARGE)


def _ends(found: Sequence[Any]) -> list[float]:
    ends = min(found), max(found)
    return [int(end) if isinstance(end, (int, np.integer)) else float(end) for end in ends]

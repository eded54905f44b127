"""Arguments of `theory`: numbers of any kind (floats, Fractions, balls of a rigorous arithmetic) and their ranges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lrtheory._validation import must

__all__ = ["HUGE", "at_least", "first_prices", "numbers", "positive_rates", "within"]

#: what a finite number is at most
HUGE = float(np.finfo(float).max)


def numbers(value: Any, m: int | None = None) -> list[Any]:
    """A vector over the resources as a list of numbers; one number stands for all m of them."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, Sequence):
        return [value] * (m or 1)
    return list(value)


def _decided(name: str, value: Any, holds: Callable[[Any], bool]) -> bool:
    """Whether a rule holds for a value that must be a number."""
    try:
        return holds(value)
    except TypeError as error:
        raise must(name, "a number", value, TypeError) from error


def at_least(name: str, value: Any, low: Any = 0) -> Any:
    """A number of any kind that is not below another; balls of a rigorous arithmetic decide it themselves."""
    if _decided(name, value, lambda x: x < low or x != x):  # NaN is not itself
        raise must(name, f"at least {low}", value)
    return value


def within(name: str, value: Any, low: Any, high: Any) -> None:
    """Refuse a number of any kind outside [low, high]."""
    if not _decided(name, value, lambda x: low <= x <= high):
        raise must(name, f"in [{low}, {high}]", value)


def first_prices(init: Any, m: int, low: Any = 0) -> list[Any]:
    """mu_1 as a list of m numbers, none below `low` where that is given."""
    found = numbers(init, m)
    if len(found) != m:
        raise must("init", f"one price, or {m} of them", init)
    for price in found:
        if low is not None:
            at_least("init", price, low)
        elif not _decided("init", price, lambda x: abs(x) <= int(HUGE)):
            raise must("init", "finite", price)
    return found


def positive_rates(rate: Any) -> list[Any]:
    """The rates of the resources as a list, all positive."""
    rates = numbers(rate)
    if not rates or not all(_decided("rate", r, lambda x: x > 0) for r in rates):
        raise must("rate", "positive for every resource", rate)
    return rates

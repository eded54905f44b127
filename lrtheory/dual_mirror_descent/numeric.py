"""Arguments of `theory`: numbers of any kind (floats, Fractions, balls of a rigorous arithmetic) and their ranges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lrtheory._validation import must

__all__ = ["at_least", "numbers", "positive_rates", "within"]


def numbers(value: Any, m: int | None = None) -> list[Any]:
    """A vector over the resources as a list of numbers; one number stands for all m of them."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, Sequence):
        return [value] * (m or 1)
    return list(value)


def at_least(name: str, value: Any, low: Any = 0) -> Any:
    """A number of any kind that is not below another; balls of a rigorous arithmetic decide it themselves."""
    if value < low or (isinstance(value, float) and math.isnan(value)):
        raise must(name, f"at least {low}", value)
    return value


def within(name: str, value: Any, low: Any, high: Any) -> Any:
    """A number of any kind in [low, high]."""
    if not low <= value <= high:
        raise must(name, f"in [{low}, {high}]", value)
    return value


def positive_rates(rate: Any) -> list[Any]:
    """The rates of the resources as a list, all positive."""
    rates = numbers(rate)
    if not rates or not all(r > 0 for r in rates):
        raise must("rate", "positive for every resource", rate)
    return rates

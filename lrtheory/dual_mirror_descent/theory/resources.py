"""Arguments with a number per resource: rates, bounds on the costs, first prices. Solvers check theirs here too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lrtheory._array import to_numpy
from lrtheory._numbers import HUGE, number, numbers
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import choice, must, unmasked
from lrtheory.dual_mirror_descent.prices.steps import GEOMETRIES

__all__ = ["cost_bounds", "default_init", "first_prices", "largest_ratio", "per_resource", "positive_rates"]


def per_resource(
    name: str, value: Any, m: int | None = None, low: Any = -HUGE, high: Any = HUGE, *, ends: str = "[]"
) -> list[Any]:
    """Return a vector over the resources as a list of numbers in an interval; one number stands for all m of them."""
    vector = to_numpy(unmasked(name, value))
    is_sequence = isinstance(vector, Sequence) and not isinstance(vector, (str, bytes))
    if not is_sequence and getattr(vector, "ndim", 0) == 0:
        return [number(name, vector, low, high, ends=ends)] * (m or 1)
    if m is not None and len(vector) != m:
        raise must(name, f"one number, or {m} of them", value)
    return numbers(name, vector, low, high, ends=ends)


def positive_rates(rate: Number | ArrayLike) -> list[Any]:
    """Return the rates of the resources as a list, all positive."""
    return per_resource("rate", rate, low=0, ends="(]")


def cost_bounds(value: Number | ArrayLike, m: int) -> list[Any]:
    """Return the largest cost of each resource as a list; one number stands for all of them."""
    return per_resource("cost_bound", value, m, 0)


def largest_ratio(bounds: list[Any], rates: list[Any]) -> Any:
    """Compute max_j b_j / rho_j; compared without division, so that equal ratios of balls are seen to be equal."""
    bound, rate = bounds[0], rates[0]
    for b, r in zip(bounds[1:], rates[1:], strict=True):
        if b * rate > bound * r:
            bound, rate = b, r
    return bound / rate


def default_init(*, rate: Number | ArrayLike, reward_bound: Number, geometry: str = "euclidean") -> list[Any]:
    """Return first prices when none are given: 0, or reward_bound / ((m + 1) rho_j) for entropies (statement DMD-C2).

    Parameters
    ----------
    rate : array of shape (m,)
        rho, units per period, above 0.
    reward_bound : float
        f_bar, at least 0.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The geometry.

    Returns
    -------
    list of m numbers
        mu_1.

    Raises
    ------
    ValueError
        If a number is out of range, or there is no such geometry.

    Examples
    --------
    >>> default_init(rate=[0.5], reward_bound=1.0, geometry="entropy")
    [1.0]
    """
    choice("geometry", geometry, GEOMETRIES)
    rates, high = positive_rates(rate), number("reward_bound", reward_bound, 0)
    if "entropy" not in geometry:
        return [0 * r for r in rates]
    positive = high if high > 0 else 1  # entropies cannot start at 0
    return [positive / ((len(rates) + 1) * r) for r in rates]


def first_prices(
    init: Number | ArrayLike | None, rates: list[Any], reward_bound: Number, geometry: str, low: Any = -HUGE
) -> list[Any]:
    """Return mu_1 as it is given, one price for all resources or one per resource, or by default; none below `low`."""
    choice("geometry", geometry, GEOMETRIES)
    if init is None:
        return default_init(rate=rates, reward_bound=reward_bound, geometry=geometry)
    prices = per_resource("init", init, len(rates), low)
    if "entropy" in geometry and not all(price > 0 for price in prices):
        raise must("init", "positive for entropies, where a price of 0 stays 0", init)
    return prices

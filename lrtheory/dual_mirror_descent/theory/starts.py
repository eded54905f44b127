"""First prices of a run, by default or as they are given; theory and solvers both take them from here."""

from __future__ import annotations

from typing import Any

from lrtheory._numbers import HUGE, number
from lrtheory._validation import choice, must
from lrtheory.dual_mirror_descent.prices.steps import GEOMETRIES
from lrtheory.dual_mirror_descent.theory.numeric import per_resource, positive_rates

__all__ = ["default_init", "first_prices"]


def default_init(*, rate: Any, reward_bound: Any, geometry: str = "euclidean") -> list[Any]:
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
    rates, reward_bound = positive_rates(rate), number("reward_bound", reward_bound, 0)
    if "entropy" not in geometry:
        return [0 * r for r in rates]
    positive = reward_bound if reward_bound > 0 else 1  # entropies cannot start at 0
    return [positive / ((len(rates) + 1) * r) for r in rates]


def first_prices(init: Any, rates: list[Any], reward_bound: Any, geometry: str, low: Any = -HUGE) -> list[Any]:
    """Return mu_1 as it is given, one price for all resources or one per resource, or by default; none below `low`."""
    choice("geometry", geometry, GEOMETRIES)
    if init is None:
        return default_init(rate=rates, reward_bound=reward_bound, geometry=geometry)
    prices = per_resource("init", init, len(rates), low)
    if "entropy" in geometry and not all(price > 0 for price in prices):
        raise must("init", "positive for entropies, where a price of 0 stays 0", init)
    return prices

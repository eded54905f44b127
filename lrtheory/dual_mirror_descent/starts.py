"""First prices of a run, by default and as they are given."""

from __future__ import annotations

from typing import Any

from lrtheory._validation import choice, must
from lrtheory.dual_mirror_descent.numeric import at_least, first_prices, positive_rates
from lrtheory.dual_mirror_descent.steps import GEOMETRIES

__all__ = ["default_init", "given_or_default"]


def default_init(*, rate: Any, reward_bound: Any, geometry: str = "euclidean") -> list[Any]:
    """First prices when none are given: 0, or reward_bound / ((m + 1) rho_j) for entropies (statement DMD-C2).

    Parameters
    ----------
    rate : array of shape (m,)
        rho, units a period.
    reward_bound : float
        f_bar.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        The geometry.

    Returns
    -------
    list of m numbers
        mu_1.

    Raises
    ------
    ValueError
        If a rate is not positive, or there is no such geometry.

    Examples
    --------
    >>> default_init(rate=[0.5], reward_bound=1.0, geometry="entropy")
    [1.0]
    """
    choice("geometry", geometry, GEOMETRIES)
    rates = positive_rates(rate)
    if "entropy" not in geometry:
        return [0 * r for r in rates]
    at_least("reward_bound", reward_bound)
    positive = reward_bound if reward_bound > 0 else 1  # entropies cannot start at 0
    return [positive / ((len(rates) + 1) * r) for r in rates]


def given_or_default(init: Any, rates: list[Any], reward_bound: Any, geometry: str) -> list[Any]:
    """mu_1 as it is given, or by default; the prices of fair runs, which are Euclidean, may lie below zero."""
    if init is None:
        return default_init(rate=rates, reward_bound=reward_bound, geometry=geometry)
    is_entropy = "entropy" in geometry
    found = first_prices(init, len(rates), low=0 if is_entropy else None)
    if is_entropy and not all(price > 0 for price in found):
        raise must("init", "positive for entropies, where a price of 0 stays 0", init)
    return found

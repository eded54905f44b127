"""The verbs of the shell: ``lrtheory dual_mirror_descent pace`` and ``allocate``."""

from __future__ import annotations

from typing import Literal

from lrtheory.dual_mirror_descent.allocate import AllocationResult
from lrtheory.dual_mirror_descent.allocate import allocate as serve
from lrtheory.dual_mirror_descent.pacing import PacingResult
from lrtheory.dual_mirror_descent.pacing import pace as bid
from lrtheory.dual_mirror_descent.streams.reading import Auctions, Budgets, Requests

__all__ = ["allocate", "pace"]


def pace(auctions: Auctions, *, budget: float, objective: Literal["utility", "value"] = "utility") -> PacingResult:
    """Bid in second-price auctions so that a budget lasts.

    The bids are those of adaptive pacing, and the last sentence compares them with what hindsight could have earned.

    Parameters
    ----------
    auctions : Auctions
        A log of auctions, with columns value and price, in the order of time. The price is the highest bid of the
        others, which the winner pays.
    budget : float
        Money for all auctions.
    objective : {"utility", "value"}
        Values less payments, or values alone.

    Returns
    -------
    PacingResult
        Bid, win and payment of each auction.

    Examples
    --------
    lrtheory dual_mirror_descent pace bids.csv --budget 20 --plot spend.png
    """
    return bid(auctions, budget=budget, objective=objective)


def allocate(
    requests: Requests,
    *,
    budget: Budgets,
    geometry: Literal["euclidean", "scaled-euclidean", "entropy", "capped-entropy"] = "scaled-euclidean",
) -> AllocationResult:
    """Serve requests one by one from limited resources.

    The algorithm sees each request when it comes and never the ones after it.

    Parameters
    ----------
    requests : Requests
        A log of requests, with columns request, action, reward and one for each resource. Each row is an action that a
        request offers, with what it earns and what it uses.
    budget : Budgets
        A table with columns resource and budget.
    geometry : {"euclidean", "scaled-euclidean", "entropy", "capped-entropy"}
        Geometry of the steps of the prices; with the scaled and the capped one units of resources do not matter.

    Returns
    -------
    AllocationResult
        The action of each request.

    Examples
    --------
    lrtheory dual_mirror_descent allocate requests.csv --budget seats.csv -o actions.csv
    """
    return serve(requests.stream(budget), geometry=geometry)

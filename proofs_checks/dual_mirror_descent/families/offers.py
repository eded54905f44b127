"""Products that customers choose among by a multinomial logit, and prices of their stock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dual_mirror_descent import oracles


@dataclass(frozen=True)
class Offers:
    """Revenues, weights and prices of the products (m,), the weight of buying nothing, and k, the limit of an offer."""

    revenues: np.ndarray
    weights: np.ndarray
    prices: np.ndarray
    outside: float
    k: int


@dataclass(frozen=True)
class Offer:
    """An offer is a mask of the products on offer, (m,) bool."""

    chosen: np.ndarray


def offered(offers: Offers, rng: np.random.Generator) -> Offer:
    """Return the offer of the library's oracle."""
    oracle = oracles.assortment(offers.revenues, offers.weights, outside=offers.outside, k=offers.k)
    action = oracle(offers.prices).action
    return Offer(np.isin(np.arange(len(offers.revenues)), list(action or ())))


def worth(offers: Offers, chosen: Any) -> Any:
    """Compute the expected margin of an offer, given by indices of products or by a mask."""
    margins, weights = (offers.revenues - offers.prices)[chosen], offers.weights[chosen]
    return (weights * margins).sum() / (offers.outside + weights.sum())


def draw_offers(draws: Draws) -> Offers:
    """Draw up to six products with numbers that are eighths or sixteenths, half of the time with a limit."""
    m = draws.integers(1, 6)
    revenues, weights, prices = (draws.integers(0, 16, shape=m) / 8 for _ in range(3))
    return Offers(revenues, weights, prices / 2, draws.integers(1, 8) / 8, draws.choice((m, draws.integers(1, m))))


OFFERS = Family(
    "offers",
    always=(
        Offers(np.array([1.0, 0.5]), np.array([1.0, 1.0]), np.zeros(2), 1.0, 2),
        Offers(np.array([2.0, 1.0, 1.0]), np.array([0.125, 2.0, 2.0]), np.zeros(3), 0.5, 1),
        Offers(np.array([0.5]), np.array([1.0]), np.array([1.0]), 1.0, 1),
    ),
    draw=draw_offers,
)

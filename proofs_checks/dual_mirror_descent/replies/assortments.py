"""Offers of products of which customers choose one: the best offer at given prices."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import All, Derived, Draws, Family, Inequality, OutcomeError, Sides, Statement, saboteur
from lrtheory.dual_mirror_descent import oracles
from proofs_checks.orbits import representatives


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


Product = tuple[float, float]  # revenue and weight


def reordered(products: tuple[Product, ...]) -> set[tuple[Product, ...]]:
    """Return the products in all orders."""
    return set(itertools.permutations(products))


def three_products() -> Iterator[Offers]:
    """Yield three products of few sizes at prices of 0, of which two may be offered, up to their order."""
    kinds = itertools.product((0.5, 1.0, 2.0), repeat=2)
    for products in representatives(itertools.product(list(kinds), repeat=3), reordered):
        yield Offers(*map(np.array, zip(*products, strict=True)), np.zeros(3), 1.0, 2)


def n_reordered(offers: Offers) -> int:
    """Count the offers that differ from one by the order of the products."""
    return len(reordered(tuple(zip(offers.revenues.tolist(), offers.weights.tolist(), strict=True))))


def worth(offers: Offers, chosen: Any) -> Any:
    """Compute the expected margin of an offer, given by indices of products or by a mask."""
    margins, weights = (offers.revenues - offers.prices)[chosen], offers.weights[chosen]
    return (weights * margins).sum() / (offers.outside + weights.sum())


def best_prefix(offers: Offers, rng: np.random.Generator) -> Offer:
    """Offer the best of the prefixes by margin of at most k products, which is best without a limit alone."""
    order = np.argsort(-(offers.revenues - offers.prices), kind="stable")
    prefixes = [order[:size] for size in range(offers.k + 1)]
    best = max(prefixes, key=lambda prefix: float(worth(offers, prefix)))
    return Offer(np.isin(np.arange(len(offers.revenues)), best))


def without_outside(offers: Offers, rng: np.random.Generator) -> Offer:
    """Offer the products of largest positive margin, as many as allowed, though each takes sales from the others."""
    margins = offers.revenues - offers.prices
    chosen = [j for j in np.argsort(-margins, kind="stable")[: offers.k] if margins[j] > 0]
    return Offer(np.isin(np.arange(len(margins)), chosen))


def best_offers(offers: Offers, offer: Offer) -> Sides:
    """Compare the expected margin of every offer of at most k products with that of the oracle's, by enumeration."""
    m = len(offers.revenues)
    if offer.chosen.shape != (m,) or offer.chosen.dtype != bool or offer.chosen.sum() > offers.k:
        raise OutcomeError(f"an offer of at most {offers.k} of {m} products is due, as a mask")
    subsets = [list(s) for size in range(offers.k + 1) for s in itertools.combinations(range(m), size)]
    values = [worth(offers, subset) for subset in subsets]
    most = max(0, (offers.revenues - offers.prices).max())  # an average of margins, of which nothing has none
    return Sides(
        np.array(values), np.full(len(values), worth(offers, offer.chosen)), trivial=np.full(len(values), most)
    )


DMD_L11_ASSORTMENT = Statement(
    id="dual_mirror_descent/DMD-L11-assortment",
    title="The assortment oracle offers the best set",
    says=(
        "Of all offers S of at most k products the oracle finds one of largest expected margin, the sum over j in S of "
        "(r_j - mu_j) u_j/(u_0 + sum_S u), with revenue r_j, price mu_j and choice weight u_j of product j, and weight "
        "u_0 of buying nothing."
    ),
    source=Derived(oracles.assortment),
    tex=r"\sum_{j\in S}(r_j - \mu_j)u_j/(u_0 + \sum_S u) \text{ is largest over } |S| \le k",
    hypotheses={"positive weight of buying nothing": lambda offers: offers.outside > 0},
    instances=OFFERS,
    for_all=(
        All(
            "choices of three products with revenues and weights 1/2, 1 or 2, of which two may be offered",
            three_products,
            members=165,
            orbit=n_reordered,
            total=9**3,
            up_to="the order of the products",
        ),
    ),
    solve=offered,
    decisions=("chosen",),
    claim=Inequality(best_offers),
    saboteurs=(
        saboteur("the best prefix by margin, whatever the limit", solve=best_prefix),
        saboteur("all products with a positive margin", solve=without_outside),
    ),
)

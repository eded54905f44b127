"""Bids of adaptive pacing in second-price auctions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import (
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Numbers,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.dual_mirror_descent import pace


@dataclass(frozen=True)
class Auctions:
    """Values and highest competing bids (T,) of second-price auctions, a budget for all, and a step."""

    values: np.ndarray
    competing: np.ndarray
    budget: float
    step_size: float


def draw_auctions(draws: Draws) -> Auctions:
    """Draw up to 32 auctions with values and competing bids in sixteenths."""
    n = draws.integers(1, 32)
    return Auctions(
        draws.integers(1, 16, shape=n) / 16,
        draws.integers(1, 16, shape=n) / 16,
        draws.integers(1, 8) * n / 16,
        draws.choice((0.25, 1.0)),
    )


AUCTIONS = Family(
    "auctions",
    always=(
        Auctions(np.array([1.0, 0.5]), np.array([0.5, 0.5]), 1.0, 0.25),
        Auctions(np.array([0.5, 1.0, 1.0, 0.75]), np.array([0.75, 0.5, 0.5, 0.25]), 0.75, 1.0),
    ),
    draw=draw_auctions,
)


@dataclass(frozen=True)
class Bids:
    """Bids and wins (T,), multipliers before every auction and after the last (T + 1,), reported spend and reward."""

    bids: np.ndarray
    wins: np.ndarray
    multipliers: np.ndarray
    spend: float
    reward: float


def bids(auctions: Auctions, rng: np.random.Generator) -> Bids:
    """Bid in the auctions by adaptive pacing, from a multiplier of 0."""
    known = {"step_size": auctions.step_size, "init": 0.0, "record": True}
    found = pace(auctions.values, auctions.competing, auctions.budget, **known)
    return Bids(found.bids, found.wins, found.trace["multipliers"], found.spend, found.reward)


def three_auctions() -> Iterator[Auctions]:
    """Yield three auctions with all values and competing bids of a few sizes."""
    for pairs in itertools.product(itertools.product((0.5, 1.0), (0.25, 0.5, 1.0)), repeat=3):
        yield Auctions(*map(np.array, zip(*pairs, strict=True)), budget=1.0, step_size=1.0)


def truthful(auctions: Auctions, rng: np.random.Generator) -> Bids:
    """Report bids of the full value."""
    return replace(bids(auctions, rng), bids=auctions.values)


def wins_bargains_alone(auctions: Auctions, rng: np.random.Generator) -> Bids:
    """Win auctions only where the value is more than twice the price."""
    found = bids(auctions, rng)
    return replace(found, wins=found.wins & (auctions.values > 2 * auctions.competing))


@formula(v="[0, inf)", mu="[0, inf)")
def pacing_bid(v: Numbers, mu: Numbers) -> Numbers:
    """The bid for a value v at the multiplier mu.

    Proof
    -----
    Assumes: the payment of the winner is the highest competing bid d (second-price auction; the caller), and v, d and
    mu are at least 0 (argument checks).

    Proof: winning against d earns v - d and uses d, so it is proposed when v - d - mu d > 0, that is when v / (1 + mu)
    > d. A bid of v / (1 + mu) wins exactly then, whatever d is.
    """
    return v / (1 + mu)


def bids_win(auctions: Auctions, found: Bids) -> Sides:
    """Compare bids, wins, multipliers, spend and reward with the rules of pacing written out, from mu_1 = 0."""
    mu = found.multipliers[:-1]
    paid = np.cumsum(found.wins * auctions.competing) - found.wins * auctions.competing
    # the multiplier moves by the payment of a proposed win, affordable or not, as in dual mirror descent
    worth_it = auctions.values - auctions.competing > mu * auctions.competing
    solvent = auctions.competing <= auctions.budget - paid
    rate = auctions.budget / len(mu)
    moved = np.maximum(mu - auctions.step_size * (rate - auctions.competing * worth_it), 0)
    wins = worth_it & solvent
    spend, reward = (auctions.competing * wins).sum(), ((auctions.values - auctions.competing) * wins).sum()
    lhs = np.r_[found.bids, found.wins, found.multipliers, found.spend, found.reward]
    rhs = np.r_[pacing_bid(auctions.values, mu), wins, 0, moved, spend, reward]
    # a multiplier is a sum of at most T moves, and a bid, a spend or a reward takes a few operations more
    allowed = rounding(8 * len(mu), np.r_[np.abs(auctions.values), 0 * mu, 0, 1 + moved, 1 + spend, 1 + reward])
    return Sides(lhs, rhs, rounding=allowed)


DMD_S6 = Statement(
    id="dual_mirror_descent/DMD-S6",
    title="Bid the value over 1 + mu, and win where that is worth its price",
    says=(
        "In auction t, with value v_t and highest competing bid d_t, pacing with multiplier mu_t bids v_t/(1 + mu_t), "
        "and while the budget lasts it wins exactly where v_t - d_t > mu_t d_t, that is where the gain exceeds the "
        "priced payment."
    ),
    source=Derived(pacing_bid),
    tex=r"\text{bid}_t = v_t/(1 + \mu_t),\quad \text{win} \iff v_t - d_t > \mu_t d_t",
    hypotheses={"positive competing bids": lambda auctions: bool((auctions.competing > 0).all())},
    instances=AUCTIONS,
    for_all=(
        All(
            "triples of auctions with values 1/2 or 1 and competing bids 1/4, 1/2 or 1, for a budget of 1",
            three_auctions,
            members=6**3,
        ),
    ),
    solve=bids,
    decisions=("bids", "wins", "multipliers"),
    claim=Identity(bids_win),
    saboteurs=(
        saboteur("truthful bids", solve=truthful),
        saboteur("wins bargains alone", solve=wins_bargains_alone),
    ),
)

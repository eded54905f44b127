"""Sequences in two systems of units, and auctions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.dual_mirror_descent import pace
from proofs_checks.dual_mirror_descent.families.streams import (
    SHORT_TRACE,
    TWO,
    Requests,
    Service,
    draw_geometry,
    draw_menus,
    served,
)


@dataclass(frozen=True)
class Scaled:
    """A sequence with exponents of other units: rewards times a power of two, resource j times another one (m,)."""

    requests: Requests
    reward_exponent: int
    resource_exponents: np.ndarray

    @property
    def other(self) -> Requests:
        """The sequence in the other units, with its step and first prices translated (statement DMD-S1)."""
        # powers of two change no digit, so that the two runs can be compared bit by bit
        c, s = 2.0**self.reward_exponent, 2.0**self.resource_exponents
        one, geometry = self.requests, self.requests.geometry
        step = one.step_size if geometry == "entropy" else c * one.step_size
        return replace(
            one, rewards=c * one.rewards, costs=one.costs * s, rate=one.rate * s, init=one.init * c / s, step_size=step
        )


def draw_scaled(draws: Draws) -> Scaled:
    """Draw rewards in other units under Euclidean steps and entropy, and resources too under scaled Euclidean steps."""
    drawn = draw_menus(draws, (16, 2, 3)) if draws.integers(0, 1) else draw_geometry(draws)
    if drawn.geometry == "capped-entropy":
        drawn = replace(drawn, geometry="entropy", init=drawn.init + 1 / 16)
    resources = draws.integers(-3, 3, shape=len(drawn.rate)) * (drawn.geometry == "scaled-euclidean")
    return Scaled(drawn, draws.integers(-3, 3), resources)


UNITS = Family(
    "units",
    always=(
        Scaled(SHORT_TRACE, 2, np.array([0])),
        Scaled(TWO, -1, np.array([0, 0])),
        Scaled(replace(TWO, geometry="scaled-euclidean"), 1, np.array([3, -2])),
        Scaled(replace(TWO, geometry="entropy"), 1, np.array([0, 0])),
    ),
    draw=draw_scaled,
)
RESOURCE_UNITS = Family("resource-units", always=(Scaled(SHORT_TRACE, 0, np.array([1])),))


def both_units(scaled: Scaled, rng: np.random.Generator, **options) -> tuple[Service, Service]:
    """Run both systems of units, the second one perhaps with other options."""
    return served(scaled.requests), served(scaled.other, **options)


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

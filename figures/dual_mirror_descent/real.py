"""Real requests: departures, hotel bookings and ad impressions, and the share of the best that each policy earns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, below, headline
from lrtheory.dual_mirror_descent import (
    AllocationResult,
    RequestStream,
    allocate,
    baselines,
    load_ads,
    load_flights,
    load_hotel,
)

if TYPE_CHECKING:
    import matplotlib.figure


def hotel_nights() -> RequestStream:
    """Load bookings with one resource per night; dense, since the capped entropy moves all prices at once."""
    bookings = load_hotel()
    return RequestStream(bookings.rewards, bookings.costs.toarray()[:, None], bookings.budget)


DATA: dict[str, Callable[[], RequestStream]] = {
    "flights": load_flights,
    "hotel, all nights as one": lambda: load_hotel(resources="total"),
    "ads": load_ads,
    "hotel, every night": hotel_nights,
}
POLICIES: dict[str, Callable[[RequestStream], AllocationResult]] = {
    "greedy": baselines.greedy,
    "Euclidean": allocate,
    "scaled Euclidean": lambda requests: allocate(requests, geometry="scaled-euclidean"),
    "adaptive target": baselines.adaptive_target,
    "capped entropy": lambda requests: allocate(requests, geometry="capped-entropy"),
    "entropy": lambda requests: allocate(requests, geometry="entropy"),
}
INPUTS: dict[str, dict[str, Any]] = {"quick": {"repetitions": 1}, "full": {"repetitions": 1}}


def compute_real(profile: str) -> dict[str, np.ndarray]:
    """Compute rewards as shares of the best dual bound that the runs prove; requests come in their real order."""
    rewards, bounds = np.zeros((2, len(DATA), len(POLICIES)))
    sizes = np.zeros((len(DATA), 2), np.int64)
    for row, load in enumerate(DATA.values()):
        requests = load()
        runs = [policy(requests) for policy in POLICIES.values()]
        rewards[row], bounds[row] = [run.reward for run in runs], [run.certificate.bound for run in runs]
        sizes[row] = requests.horizon, requests.n_resources
    return {"share": rewards / bounds.min(axis=1, keepdims=True), "sizes": sizes}


def real_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Claim, with margins, what the figure shows."""
    share = dict(zip(POLICIES, arrays["share"].T, strict=True))
    nights = arrays["share"][-1]
    return {
        "where resources are asked for all the time, Euclidean prices earn more than 95 % of the bound": below(
            0.95, share["Euclidean"][:-1]
        ),
        "where resources are asked for all the time, greedy earns less than 85 % of the bound": below(
            share["greedy"][:-1], 0.85
        ),
        "where resources are asked for all the time, an adaptive target is within 1 % of Euclidean prices": below(
            np.abs(share["adaptive target"] - share["Euclidean"])[:-1], 0.01
        ),
        "entropies at the starts of theory earn less than three quarters of the bound on hotel and ads": below(
            [share["entropy"][1:3], share["capped entropy"][1:3]], 0.75
        ),
        "where each night is a resource, greedy beats all other policies": below(nights[1:], nights[0]),
    }


def draw_real(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one group of bars per data set."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(9.2, 4.4), layout="constrained")
    places = np.arange(len(DATA))
    for number, name in enumerate(POLICIES):
        bars = axis.bar(
            places + (number - 2.5) * 0.14, arrays["share"][:, number], 0.13, color=COLORS[number], label=name
        )
        axis.bar_label(bars, fmt=lambda share: f"{100 * share:.1f}", fontsize=7, padding=1)
    axis.axhline(1, color="lightgray", linewidth=0.8, zorder=0)
    names = [f"{name}\nT = {t:,}, m = {m}" for name, (t, m) in zip(DATA, arrays["sizes"].tolist(), strict=True)]
    axis.set_xticks(places, names)
    axis.set(ylabel="reward / best dual bound proved (labels in %)", ylim=(0, 1.2))
    axis.legend(ncols=len(POLICIES), loc="upper center")
    headline(figure, "Real requests in their order, one run each, step sizes and starts of theory")
    return figure


REAL = Figure(
    name="real",
    title="What share of the dual bound the policies earn on flights, hotel bookings and ads.",
    compute=compute_real,
    claims=real_claims,
    draw=draw_real,
    inputs=INPUTS,
    data=("flights", "hotel", "ads"),
)

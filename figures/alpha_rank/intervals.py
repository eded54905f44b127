"""Intervals on the ranking that sampled matches of Kuhn poker give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, headline
from lrtheory.alpha_rank import (
    alpha_rank,
    kuhn_policies,
    load_kuhn,
    profile_chain,
    ranking_intervals,
    response_graph,
    sample_matches,
    theory,
)

if TYPE_CHECKING:
    import matplotlib.figure

DELTA = 0.1
PERTURBATION = 1e-3
CHIPS = 6  # a match of three pays from -2 to 4
SEED = 0
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"matches": [1_000, 3_000, 10_000, 30_000, 100_000, 300_000], "iterations": 2, "repetitions": 1},
    "full": {
        "matches": [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000],
        "iterations": 2,
        "repetitions": 1,
    },
}


def compute_kuhn(profile: str) -> dict[str, np.ndarray]:
    """Compute ranking intervals from growing numbers of matches, and the exact ranking."""
    matches, iterations = INPUTS[profile]["matches"], INPUTS[profile]["iterations"]
    game, policies = load_kuhn(3, iterations=iterations), kuhn_policies(3, iterations=iterations)
    rng = np.random.default_rng(SEED)
    won, lower, upper, open_edges = np.zeros(game.payoffs.shape), [], [], []
    for before, n in zip([0, *matches], matches, strict=False):
        # matches add up from number to number; the radius holds at all times, so all intervals hold together
        for strategies in np.ndindex(game.sizes):
            won[(slice(None), *strategies)] += sample_matches(policies, strategies, n - before, rng=rng).sum(axis=0)
        radius = CHIPS * theory.hoeffding_radius(n, delta=DELTA, n_means=won.size)
        found = ranking_intervals(won / n - radius, won / n + radius, perturbation=PERTURBATION)
        lower.append(found.lower.ravel())
        upper.append(found.upper.ravel())
        open_edges.append(int((abs(response_differences(won / n)) <= 2 * radius).sum()) // 2)
    return {
        "matches": np.array(matches),
        "exact": alpha_rank(game, perturbation=PERTURBATION).pi.ravel(),
        "lower": np.array(lower),
        "upper": np.array(upper),
        "open_edges": np.array(open_edges),
        "tied_edges": np.array(int((response_graph(game).direction == 0).sum()) // 2),
    }


def response_differences(payoffs: np.ndarray) -> np.ndarray:
    """Compute the gain of the deviating player on every edge, seen from both ends."""
    return profile_chain(payoffs).differences


def kuhn_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    exact, lower, upper = arrays["exact"], arrays["lower"], arrays["upper"]
    inside = (lower <= exact + 1e-12) & (exact <= upper + 1e-12)
    width = (upper - lower).sum(axis=1)
    rivals = can_be_first(arrays)
    return {
        "every interval contains the exact mass of its profile": (bool(inside.all()), float(inside.mean())),
        "the total width of the intervals falls with the number of matches": (
            bool((np.diff(width) < 0).all()),
            float(-np.diff(width).max()),
        ),
        "fewer profiles can still be first with the most matches than with the fewest": (
            bool(rivals[-1] < rivals[0]),
            float(rivals[0] - rivals[-1]),
        ),
        "edges between tied profiles stay open": (
            bool((arrays["open_edges"] >= arrays["tied_edges"]).all() and arrays["tied_edges"] > 0),
            float(arrays["tied_edges"]),
        ),
    }


def can_be_first(arrays: Any) -> np.ndarray:
    """Count the profiles whose upper end is above every lower end, for each number of matches."""
    return (arrays["upper"] >= arrays["lower"].max(axis=1, keepdims=True)).sum(axis=1)


def draw_kuhn(arrays: Any) -> matplotlib.figure.Figure:
    """Draw intervals of the five heaviest profiles on the left, and what is still open on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    matches = arrays["matches"]
    heaviest = np.argsort(-arrays["exact"])[:5]
    for place, s in enumerate(heaviest):
        x = matches * 1.12 ** (place - 2)
        low, high = arrays["lower"][:, s], arrays["upper"][:, s]
        left.vlines(x, low, high, color=COLORS[place], linewidth=2.5, linestyle=(LINES * 2)[place], alpha=0.8)
        exact = np.full(len(x), arrays["exact"][s])
        left.plot(x, exact, MARKERS[place], color=COLORS[place], markersize=4, label=profile_name(int(s), arrays))
    left.set(
        xscale="log",
        xlabel="matches of each profile",
        ylabel="mass of a profile",
        title="bars: intervals; dots: exact mass",
    )
    left.set_ylim(-0.03, 1.03)
    left.legend(
        title="strategies of the players (0: uniform, i: the i-th best response)",
        ncols=5,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.2),
        columnspacing=0.8,
        handletextpad=0.2,
    )
    right.plot(matches, can_be_first(arrays), "o-", label="profiles that can be first")
    right.plot(matches, arrays["open_edges"], "s--", label="open edges")
    right.axhline(int(arrays["tied_edges"]), color="gray", linestyle=":", label="edges that are exact ties")
    right.set(
        xscale="log",
        yscale="log",
        ylim=(1, 100),
        xlabel="matches of each profile",
        ylabel="number",
        title="what is still open",
    )
    right.legend()
    headline(
        figure,
        f"Three-player Kuhn poker, fictitious play: one repetition, at most {matches[-1]:,} matches a profile, "
        rf"$\delta$ = {DELTA}",
    )
    return figure


def profile_name(number: int, arrays: Any) -> str:
    """Name a profile by its three strategies, 0 for uniform and i for the i-th best response."""
    n = round(len(arrays["exact"]) ** (1 / 3))
    return "".join(str(int(i)) for i in np.unravel_index(number, (n, n, n)))


KUHN = Figure(
    name="kuhn-intervals",
    title="Intervals on the ranking of Kuhn poker strategies shrink as matches are played.",
    compute=compute_kuhn,
    claims=kuhn_claims,
    draw=draw_kuhn,
    seed=SEED,
    inputs=INPUTS,
)

"""A schedule that answers only wins: what tests of a fixed log do there, and why open results are charged."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, headline
from lrtheory.alpha_rank.boards.battles import Battles, results_of
from lrtheory.alpha_rank.boards.exact import exact_p_values
from lrtheory.alpha_rank.boards.values import log_values, terms_of

if TYPE_CHECKING:
    import matplotlib.figure

LEVEL = 0.05
RULES = ("exact test", "binomial test of coins", "value without charges", "value with charges")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"opponents": [4, 8, 12, 16, 24]},
    "full": {"opponents": [4, 8, 12, 16, 20, 24, 28, 32, 38]},
}


def answered(n: int, won: int, lost_to: int) -> Battles:
    """Battles of i (0) with n opponents, and of j (1) with those whom i has beaten, to some of whom j loses."""
    pairs, points = [], []
    for k in range(n):
        pairs.append((0, 2 + k))
        points.append(2 if k < won else 0)
        if k < won:
            pairs.append((1, 2 + k))
            points.append(0 if k < lost_to else 2)
    first, second = np.array(pairs, np.int64).T
    return Battles(first, second, np.array(points, np.int64), np.zeros(len(points), np.int64), n + 2, {})


def compute_wins(profile: str) -> dict[str, np.ndarray]:
    """Compute levels of "i is above j" where all are equal, and means of values: every outcome with its chance."""
    counts = INPUTS[profile]["opponents"]
    level, mean = np.zeros((len(RULES), len(counts))), np.zeros((2, len(counts)))
    for c, n in enumerate(counts):
        for won in range(n + 1):
            for lost_to in range(won + 1):
                chance = math.comb(n, won) * math.comb(won, lost_to) / 2 ** (n + won)
                results = results_of(answered(n, won, lost_to))
                terms = [terms_of(results, n + 2, charged=charged)[0, 1] for charged in (False, True)]
                heads, tails = terms[0][0], terms[0][3]
                values = np.exp([log_values(one) for one in terms])
                coins = special.bdtrc(heads - 1, heads + tails, 0.5) if heads else 1.0
                p = exact_p_values(results, n + 2)[0, 1]
                level[:, c] += chance * np.array([p <= LEVEL, coins <= LEVEL, *(values >= 1 / LEVEL)])
                mean[:, c] += chance * values
    return {"opponents": np.array(counts), "level": level, "mean": mean}


def wins_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    level, mean = arrays["level"], arrays["mean"]
    n = arrays["opponents"]
    heads = [special.bdtrc(4, int(one), 0.25) for one in n]  # five heads and more, without a tail, have p <= 1/32
    return {
        "with charges the level is below 5 %, and the mean below 1": below(
            np.stack([level[3] / LEVEL, mean[1]]), 1 + 1e-12
        ),
        "coins without charges claim with the chance of five heads among coins of chance 1/4": below(
            abs(level[1] - heads), 1e-9
        ),
        "with the most opponents the exact test of a fixed log is wrong more often than not": below(0.5, level[0, -1]),
        "without charges the value too claims far more often than in 5 %": below(5 * LEVEL, level[2, -1]),
        "without charges the mean of the value is above 1": below(1, mean[0]),
    }


def draw_wins(arrays: Any) -> matplotlib.figure.Figure:
    """Draw levels on the left, and means of values on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for r, rule in enumerate(RULES):
        look = {"color": COLORS[r], "marker": MARKERS[r], "linestyle": LINES[r], "markersize": 5, "label": rule}
        left.plot(arrays["opponents"], arrays["level"][r], **look)
        if r >= 2:
            right.plot(arrays["opponents"], arrays["mean"][r - 2], **look)
    left.axhline(LEVEL, color="gray", linestyle=":", label="5 %")
    left.set(xlabel="opponents", ylabel="chance of a wrong claim", ylim=(-0.03, 1.03), xticks=arrays["opponents"])
    right.axhline(1, color="gray", linestyle=":", label="what a fair bet has")
    right.set(xlabel="opponents", ylabel="mean of the value", yscale="log", xticks=arrays["opponents"])
    right.yaxis.set_major_formatter("{x:,g}")
    left.legend()
    right.legend()
    headline(figure, "All models are equal; i meets each opponent, and j only those whom i has beaten: i above j?")
    return figure


ONLY_WINS = Figure(
    name="only-wins",
    title="A schedule that answers only wins refutes tests that do not charge open results.",
    compute=compute_wins,
    claims=wins_claims,
    draw=draw_wins,
    inputs=INPUTS,
)

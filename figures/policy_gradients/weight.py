"""The factor by which division by the standard deviation stretches the gradient of the success probability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, stream
from figures.policy_gradients._panels import finish, panels
from lrtheory.policy_gradients import group_advantages, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
SIZES = (2, 4, 16, 64)
#: success probabilities at which groups are drawn
DRAWN = (0.01, 0.1, 0.5, 0.9, 0.99)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"groups": 10_000, "points": 161},
    "full": {"groups": 200_000, "points": 1_001},
}


def sampled(success: float, size: int, groups: int, rng: np.random.Generator) -> tuple[float, float]:
    """The factor from groups that are drawn, and its standard error: the mean of A_i r_i over P (1 - P)."""
    rewards = (rng.random((groups, size)) < success).astype(float)
    advantages = group_advantages(rewards, norm="std").advantages
    values = (advantages * rewards).mean(axis=1) / (success * (1 - success))
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(groups))


def weights(success: Any) -> np.ndarray:
    """The formula, by size of the group and success probability."""
    return np.array([[theory.weight(p, group_size=size) for p in success] for size in SIZES], float)


def compute_weight(profile: str) -> dict[str, np.ndarray]:
    """By size of the group and success probability: the factor by formula, and from groups that are drawn."""
    groups, points = INPUTS[profile]["groups"], INPUTS[profile]["points"]
    success = 1 / (1 + np.exp(-np.linspace(-np.log(9_999), np.log(9_999), points)))
    drawn = [
        [sampled(p, size, groups, stream(SEED, i, j)) for j, p in enumerate(DRAWN)] for i, size in enumerate(SIZES)
    ]
    return {
        "success": success,
        "weight": weights(success.tolist()),
        "expected": weights(DRAWN),
        "drawn": np.array(drawn),
    }


def weight_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as factors."""
    p, weight, sizes = arrays["success"], arrays["weight"], np.array(SIZES)[:, None]
    above = np.sqrt((sizes - 1) / sizes / (p * (1 - p)))
    value, error = np.moveaxis(arrays["drawn"], -1, 0)
    return {
        "the factor is at least 2 (G-1)/G (GR-3)": below(2 * (sizes - 1) / sizes, weight + 1e-9),
        "it grows with the group (GR-3)": below(weight[:-1], weight[1:]),
        "it stays below sqrt((G-1)/G) of the limit (GR-3)": below(weight, above),
        "it is at most sqrt(G-1)": below(weight, np.sqrt(sizes - 1) + 1e-9),
        "groups show it within 4.5 standard errors": below(abs(value - arrays["expected"]), 4.5 * error),
    }


def draw_weight(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the factor by success probability, one line for each size of the group."""
    figure, axis = panels(1)
    p = arrays["success"]
    axis.plot(p, 1 / np.sqrt(p * (1 - p)), color="gray", linestyle=":", label="limit of large groups, 1/sqrt(P (1-P))")
    for i in reversed(range(len(SIZES))):
        value, error = arrays["drawn"][i].T
        axis.plot(p, arrays["weight"][i], color=COLORS[i], linestyle=LINES[i], label=f"std, G = {SIZES[i]}")
        look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": "", "markersize": 4, "capsize": 2}
        axis.errorbar(DRAWN, value, yerr=2 * error, **look)
    axis.axhline(1, color="black", linewidth=1, linestyle="--", label="leave one out, any G")
    axis.set(
        xscale="logit", yscale="log", ylim=(0.7, 30), xticks=[1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999]
    )
    axis.set_yticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"], minor=False)
    axis.set_yticks([], minor=True)
    axis.set(xlabel="success probability P of a problem", ylabel="factor on the gradient of P")
    return finish(
        figure,
        "Division by the standard deviation turns up hard problems and nearly solved ones; points: groups that were "
        "drawn, with two standard errors",
    )


WEIGHT = Figure(
    name="weight",
    title="The factor of a normalization on the gradient of the success probability, by success probability.",
    compute=compute_weight,
    claims=weight_claims,
    draw=draw_weight,
    seed=SEED,
    inputs=INPUTS,
)

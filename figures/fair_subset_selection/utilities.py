"""Bias in utilities: the share that is kept as the disadvantaged are seen with less and less of their utility."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, MARKERS, below, headline, stream
from figures.fair_subset_selection._panels import RULES, best_quota, draw_line, kept, random_half
from lrtheory.fair_subset_selection import bias_utilities, sample_utilities

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 2
M, K, N, SPREAD = 50, 10, 50, 8.0
MODELS = {"plackett-luce": ("quality", "Plackett-Luce"), "uniform-utilities": ("scale", "uniform utilities")}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 60, "theta": [0.1, 0.25, 0.5, 0.75, 1.0]},
    "full": {"repetitions": 200, "theta": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]},
}


def compute_utilities(profile: str) -> dict[str, np.ndarray]:
    """Compute F(S_l) / OPT, (models, rules, thetas, quotas, repetitions), and without a quota."""
    thetas, repetitions = INPUTS[profile]["theta"], INPUTS[profile]["repetitions"]
    shares = np.zeros((len(MODELS), len(RULES), len(thetas), K + 1, repetitions))
    free = np.zeros((len(MODELS), len(RULES), len(thetas), repetitions))
    levels = SPREAD ** np.linspace(0, 1, M)
    for (number, (model, (name, _))), run in (
        (pair, r) for pair in enumerate(MODELS.items()) for r in range(repetitions)
    ):
        rng = stream(SEED, number, run)
        utilities = sample_utilities(model, N, M, rng=rng, **{name: levels})
        disadvantaged = random_half(M, rng)
        for t, theta in enumerate(thetas):  # of the same panel
            biased = bias_utilities(utilities, disadvantaged, theta, rng=rng)
            found = kept(biased.latent, biased.observed, disadvantaged, K, ties="random", rng=rng)
            shares[number, :, t, :, run], free[number, :, t, run] = found
    return {"theta": np.array(thetas), "shares": shares, "free": free}


def utilities_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims that the figure shows as booleans, with margins."""
    constrained, free = best_quota(arrays["shares"])[0], arrays["free"].mean(axis=-1)
    return {
        "without bias no quota is needed": below(np.abs(1 - free[..., -1]), 1e-9),
        "with the best quota Borda keeps 95 % at every bias": below(0.95, constrained[:, 0]),
        "without a quota Borda keeps less than 94 % at the largest bias": below(free[:, 0, 0], 0.94),
        "at the largest bias a quota gains more than 0.05 for every rule under Plackett-Luce": below(
            0.05, constrained[0, :, 0] - free[0, :, 0]
        ),
        "SNTV with the best quota keeps less than Borda at the largest bias": below(
            constrained[:, 2, 0], constrained[:, 0, 0] - 0.05
        ),
    }


def draw_utilities(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel per law of utilities."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(MODELS), figsize=(9.2, 4.2), sharey=True, layout="constrained")
    for number, (axis, (_, title)) in enumerate(zip(axes, MODELS.values(), strict=True)):
        for rule, name in enumerate(RULES):
            options = {"color": COLORS[rule], "marker": MARKERS[rule]}
            with_quota = best_quota(arrays["shares"][number, rule])
            without = best_quota(arrays["free"][number, rule][:, None])
            draw_line(axis, arrays["theta"], with_quota, label=f"{name}, best quota", **options)
            draw_line(axis, arrays["theta"], without, label=f"{name}, no quota", linestyle=":", mfc="none", **options)
        axis.set(xlabel=r"share of the utility that is seen, $\theta$")
        axis.set_title(title)
    axes[0].set(ylabel=r"mean of $F(S)/\mathrm{OPT}$")
    axes[1].legend(loc="lower right")
    headline(
        figure,
        f"Bias in utilities: n = {N}, m = {M}, k = {K}, qualities from 1 to {SPREAD:g} in equal ratios, "
        f"{arrays['free'].shape[-1]} panels, the same for every $\\theta$;\nrandom halves, ties at random, two "
        "standard errors; the best quota is the one with the largest mean",
    )
    return figure


UTILITIES = Figure(
    name="utility-bias",
    title="What is kept with the best quota and without one when utilities are seen in part.",
    compute=compute_utilities,
    claims=utilities_claims,
    draw=draw_utilities,
    seed=SEED,
    inputs=INPUTS,
)

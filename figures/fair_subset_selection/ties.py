"""Choices with the best quota and without one, and the error that is made when the numbers of the items decide ties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside, headline, stream
from figures.fair_subset_selection._panels import RULES, best_quota, draw_line, kept, random_half
from lrtheory.fair_subset_selection import bias_swaps, sample_rankings

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 1
MODEL = published("fair_subset_selection")["swaps"]
KNOWN = published("fair_subset_selection")["unconstrained"]
M, K, PHI, N = MODEL["n_items"], MODEL["k"], MODEL["phi"], KNOWN["n"]
TIES = ("random", "index")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 120, "sevenths": [0, 1, 3, 7]},
    "full": {"repetitions": 200, "sevenths": list(range(MODEL["n_intensities"]))},
}


def compute_ties(profile: str) -> dict[str, np.ndarray]:
    """Compute F(S_l) / OPT, (ties, rules, intensities, quotas, repetitions), and without a quota.

    Both rules for ties see the same rankings, so that they differ in nothing else.
    """
    sevenths, repetitions = INPUTS[profile]["sevenths"], INPUTS[profile]["repetitions"]
    shares = np.zeros((2, len(RULES), len(sevenths), K + 1, repetitions))
    free = np.zeros((2, len(RULES), len(sevenths), repetitions))
    for t, run in np.ndindex(len(sevenths), repetitions):
        rng = stream(SEED, sevenths[t], run)
        latent, disadvantaged = sample_rankings("mallows", N, M, rng=rng), random_half(M, rng)
        observed = bias_swaps(latent, disadvantaged, phi=PHI, intensity=sevenths[t] / 7, rng=rng).observed
        for number, ties in enumerate(TIES):
            found = kept(latent, observed, disadvantaged, K, ties=ties, rng=rng)  # type: ignore[arg-type]
            shares[number, :, t, :, run], free[number, :, t, run] = found
    known = [[KNOWN[kind][rule] for rule in RULES] for kind in ("best_quota", "no_quota")]
    return {"sevenths": np.array(sevenths), "shares": shares, "free": free, "known": np.array(known)}


def lines(arrays: Any) -> tuple[np.ndarray, np.ndarray]:
    """Compute means and standard errors, (with the best quota or without one, ties, rules, intensities)."""
    free = arrays["free"][..., None, :]  # as a single quota
    pairs = best_quota(arrays["shares"]), best_quota(free)
    mean, error = (np.stack(values) for values in zip(*pairs, strict=True))
    return mean, error


def ties_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims that the figure shows as booleans, with margins."""
    mean, error = lines(arrays)
    where = np.flatnonzero(np.isin(arrays["sevenths"], KNOWN["intensity_sevenths"]))
    off = np.abs(mean[:, 0][:, :, where] - arrays["known"])
    gain = mean[0, ..., -1] - mean[1, ..., -1]  # of the best quota at full intensity, (ties, rules)
    return {
        "with random ties shares are within 0.02 and three standard errors of independent numbers": below(
            off, 0.02 + 3 * error[:, 0][:, :, where]
        ),
        "at full intensity a quota brings Borda more than 0.05": below(0.05, gain[0, 0]),
        "at full intensity no quota lifts 10-Bloc or SNTV above 0.75": below(mean[0, 0, 1:, -1], 0.75),
        "ties by number, which here is true quality, pretend that 10-Bloc and SNTV keep 0.2 more": below(
            0.2, mean[0, 1, 1:, -1] - mean[0, 0, 1:, -1]
        ),
        "the rule for ties changes what Borda keeps by less than 0.01": below(
            np.abs(mean[:, 0, 0] - mean[:, 1, 0]), 0.01
        ),
        "without bias no rule needs a quota to choose the best set": below(1 - mean[1, :, :, 0], 1e-9),
    }


def ties_beside(arrays: Any) -> list[Beside]:
    """Compare the share kept with ties at random, by the best quota and without one, with independent code."""
    mean, _ = lines(arrays)
    where = np.flatnonzero(np.isin(arrays["sevenths"], KNOWN["intensity_sevenths"]))
    names = [
        f"share kept, {how}, {rule}, intensity {seventh}/7"
        for how in ("best quota", "no quota") for rule in RULES for seventh in KNOWN["intensity_sevenths"]
    ]  # fmt: skip
    return beside(names, arrays["known"], mean[:, 0][:, :, where], KNOWN["source"])


def draw_ties(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel per rule."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(RULES), figsize=(9.2, 3.9), sharey=True, layout="constrained")
    mean, error = lines(arrays)
    x = arrays["sevenths"] / 7
    for rule, (axis, name) in enumerate(zip(axes, RULES, strict=True)):
        for kind, what in enumerate(("best quota", "no quota")):
            for ties, (words, style) in enumerate((("ties at random", "-"), ("ties by number", ":"))):
                line = mean[kind, ties, rule], error[kind, ties, rule]
                options = {"color": COLORS[kind], "marker": MARKERS[kind], "linestyle": style}
                draw_line(axis, x, line, label=f"{what}, {words}", **options)
            known = arrays["known"][kind, rule]
            intensities = np.array(KNOWN["intensity_sevenths"]) / 7
            axis.plot(intensities, known, "*", color=COLORS[kind], markersize=11, mec="black", mew=0.7, zorder=5)
        gain = mean[0, 0, rule, -1] - mean[1, 0, rule, -1]
        axis.set_title(f"{name}: best quota brings {gain:.2f} at $\\lambda$ = 1")
        axis.set(xlabel=r"intensity $\lambda$", ylim=(0.4, 1.03))
    axes[0].plot([], [], "*", color="white", markersize=11, mec="black", mew=0.7, label="independent numbers")
    axes[0].set(ylabel=r"mean of $F(S)/\mathrm{OPT}$")
    axes[0].legend(loc="lower left")
    headline(
        figure,
        f"Swaps as the model has them, Mallows, n = {N}, m = {M}, k = {K}: {arrays['free'].shape[-1]} elections a "
        "point, two standard errors.\nThe center is 0, 1, ..., so ties by number put the better item first: zeros of "
        "the biased scores look like knowledge",
    )
    return figure


TIES_FIGURE = Figure(
    name="quota-or-none",
    title="The best quota against none under full and partial swaps, ties at random and by number.",
    compute=compute_ties,
    claims=ties_claims,
    draw=draw_ties,
    beside=ties_beside,
    seed=SEED,
    inputs=INPUTS,
)

"""Smoothness of Borda and SNTV under swaps: alpha, and the steps of gamma, as the model has them and as released.

The released code exchanges pairs back that it has exchanged, and its Borda gives the most points to the last item; the
second matters on single-peaked rankings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, below, beside, headline, stream
from figures.fair_subset_selection._panels import CULTURES, TITLES, random_half
from lrtheory.fair_subset_selection import Rankings, ScoreRule, bias_swaps, sample_rankings, smoothness

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 5
KNOWN = published("fair_subset_selection")["smoothness"]
M, N, PHI, INTENSITY = (KNOWN[name] for name in ("n_items", "n", "phi", "intensity"))
RULES = ("Borda", "SNTV")
VARIANTS = ("as written", "released")
STEPS = [(CULTURES.index(name), *step) for name, steps in KNOWN["borda_gamma_steps"].items() for step in steps]
BETAS = np.linspace(0, 1, 201)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"elections": 250, "draws": 4},
    "full": {"elections": KNOWN["elections"], "draws": 20},
}


def elections(culture: str, count: int, rng: np.random.Generator) -> Rankings:
    """Draw the rankings of many elections, each with its own parameter, as one panel."""
    return Rankings(np.concatenate([sample_rankings(culture, N, M, rng=rng).positions for _ in range(count)]))


def rule_of(variant: int, r: int) -> ScoreRule:
    """Make a rule as the variant has it: Borda is upside down in the released code."""
    if VARIANTS[variant] == "released" and RULES[r] == "Borda":
        return ScoreRule("positional", position_weights=np.arange(M))
    return ScoreRule(RULES[r].lower())


def compute_smoothness(profile: str) -> dict[str, np.ndarray]:
    """Compute alpha, (cultures, variants, rules, draws of the groups), and gamma on a grid, (..., betas)."""
    count, draws = INPUTS[profile]["elections"], INPUTS[profile]["draws"]
    alpha = np.zeros((len(CULTURES), len(VARIANTS), len(RULES), draws))
    gamma = np.zeros((*alpha.shape, len(BETAS)))
    for c, draw in np.ndindex(len(CULTURES), draws):
        rng = stream(SEED, c, draw)
        latent, groups = elections(CULTURES[c], count, rng), random_half(M, rng)
        for variant in range(len(VARIANTS)):
            options = {"phi": PHI, "intensity": INTENSITY, "refresh": variant == 0, "rng": rng}
            observed = bias_swaps(latent, groups, **options).observed
            for r in range(len(RULES)):
                found = smoothness(latent, observed, rule_of(variant, r), groups=groups)
                alpha[c, variant, r, draw] = found.alpha
                gamma[c, variant, r, draw] = [found.gamma(beta) for beta in BETAS]
    known = np.array([[KNOWN["alpha_times_max_over_m"][name][culture] for name in RULES] for culture in CULTURES])
    largest = np.array([rule_of(0, r).max_item_score(M) for r in range(len(RULES))])
    return {"alpha": alpha, "gamma": gamma, "known": known * M / largest, "elections": np.array(count)}


def smoothness_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims that the figure shows as booleans, with margins."""
    alpha, gamma = arrays["alpha"].mean(axis=-1), arrays["gamma"]
    written, released = alpha[:, 0], alpha[:, 1]
    separated = BETAS <= 0.6
    past = [np.searchsorted(BETAS, min(1, beta + 0.03)) for _, beta, _ in STEPS]  # where a step stands varies a little
    read = [gamma[c, 1, 0, 0, at] for (c, _, _), at in zip(STEPS, past, strict=True)]
    return {
        "released: alpha of Borda is within 0.05 of the printed values": below(
            np.abs(released[:, 0] - arrays["known"][:, 0]), 0.05
        ),
        "released: alpha of SNTV is within 0.08 of the printed values, whose rounding is 0.05": below(
            np.abs(released[:, 1] - arrays["known"][:, 1]), 0.08
        ),
        "released: gamma of Borda is within 0.15 of what was read off the figures": below(
            np.abs(np.array(read) - [value for _, _, value in STEPS]), 0.15
        ),
        "as written alpha of Borda is at most three quarters of the released one": below(
            written[:, 0] / released[:, 0], 0.75
        ),
        "as written alpha of SNTV is below 0.005 in every culture": below(np.abs(written[:, 1]), 0.005),
        "as written alpha of Borda is above 0.05 in every culture": below(0.05, written[:, 0]),
        "gamma of Borda is below 1 where beta is at most 0.6": below(gamma[:, :, 0][..., separated], 1.0),
        "on impartial culture nothing is to be learnt: gamma of Borda is 0 up to beta = 0.9": below(
            np.abs(gamma[0, :, 0][..., BETAS <= 0.9]), 1e-9
        ),
    }


def smoothness_beside(arrays: Any) -> list[Beside]:
    """Compare alpha in the released variant with the printed values."""
    names = [f"alpha, {culture}, {rule}" for culture in CULTURES for rule in RULES]
    source = f"{KNOWN['source']}; here over the largest score, {arrays['alpha'].shape[-1]} draws"
    return beside(names, arrays["known"], arrays["alpha"].mean(axis=-1)[:, 1], source)


def draw_smoothness(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the steps of gamma, one panel per culture, and alpha of both variants beside the printed values."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(9.2, 6.8), layout="constrained")
    panels = axes.ravel()
    for c, axis in enumerate(panels[:-1]):
        for variant, r in np.ndindex(len(VARIANTS), len(RULES)):
            steps = np.where(np.isfinite(arrays["gamma"][c, variant, r, 0]), arrays["gamma"][c, variant, r, 0], 9)
            style = "-" if variant == 0 else "--"
            options = {"color": COLORS[(0, 2)[r]], "linestyle": style, "where": "post"}
            axis.step(BETAS, steps, label=f"{RULES[r]}, {VARIANTS[variant]}", **options)
        for _, beta, value in (step for step in STEPS if step[0] == c):
            axis.plot(beta, value, "*", color=COLORS[0], markersize=11, mec="black", mew=0.7, zorder=5)
        axis.axhline(1, color="gray", linewidth=0.8, zorder=0)
        axis.set(xlabel=r"$\beta$", ylim=(-0.05, 2.1), xlim=(0, 1.02))
        axis.set_title(TITLES.get(CULTURES[c], CULTURES[c]))
    panels[1].plot([], [], "*", color="white", markersize=11, mec="black", mew=0.7, label="read off, Borda released")
    panels[1].legend(loc="upper left")
    for axis in axes[:, 0]:
        axis.set(ylabel=r"$\gamma(\beta)$; above 1: not smooth")
    draw_alpha(panels[-1], arrays)
    headline(
        figure,
        f"Swaps with $\\phi$ = {PHI}, $\\lambda$ = {INTENSITY}, m = n = {M}: {int(arrays['elections'])} elections; "
        f"$\\gamma$ for one draw of the groups, $\\alpha$ for {arrays['alpha'].shape[-1]} (mean and range)",
    )
    return figure


def draw_alpha(axis: Any, arrays: Any) -> None:
    """Draw alpha of Borda as bars, and alpha of SNTV as a number under the culture."""
    ticks, alpha = np.arange(len(CULTURES)), arrays["alpha"]
    mean = alpha.mean(axis=-1)
    for variant, name in enumerate(VARIANTS):
        values = alpha[:, variant, 0]
        spread = [mean[:, variant, 0] - values.min(axis=-1), values.max(axis=-1) - mean[:, variant, 0]]
        at = ticks + 0.36 * variant - 0.18
        options = {"color": COLORS[0], "alpha": (1, 0.45)[variant], "capsize": 2, "label": f"Borda, {name}"}
        axis.bar(at, mean[:, variant, 0], 0.34, yerr=spread, **options)
    printed = arrays["known"][:, 0]
    axis.plot(ticks + 0.18, printed, "*", color="white", markersize=11, mec="black", mew=0.7, label="printed, Borda")
    names = ("imp.\n", "urn\n", "Mallows\n", "norm.\nMallows", "single-\npeaked")
    labels = [f"{name}\n{mean[c, 0, 1]:.3f}\n{mean[c, 1, 1]:.3f}" for c, name in enumerate(names)]
    axis.set_xticks(ticks, labels, fontsize=8)
    axis.set(ylabel=r"$\alpha$, relative to $\tau_1 = m - 1$", xlabel="below: SNTV, as written, released")
    axis.set_title(r"$\alpha$")
    axis.set_ylim(top=1.45 * printed.max())
    axis.legend(loc="upper right")


SMOOTHNESS = Figure(
    name="smoothness",
    title="Smoothness of Borda and SNTV under swaps in five cultures, as the model has them and as released.",
    compute=compute_smoothness,
    claims=smoothness_claims,
    draw=draw_smoothness,
    beside=smoothness_beside,
    seed=SEED,
    inputs=INPUTS,
)

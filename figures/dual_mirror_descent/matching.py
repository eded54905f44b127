"""Proportional matching of display ads: independent and ergodic visitors, under two rules for empty budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside, draw_power, headline, log_axes, slope, stream
from lrtheory.dual_mirror_descent import DualMirrorDescent, RequestStream, make_display_ads, oracles

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
KNOWN = published("dual_mirror_descent")["matching"]
AGAIN = published("dual_mirror_descent")["matching_again"]
TEMPERATURE = KNOWN["temperature"]
RULES = {"clip": "cut at what remains", "reject": "all or nothing"}
GENERATORS = {"shrinking": "ergodic, as released: the variance shrinks", "preserved": "ergodic, marginals preserved"}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 1, "horizon": AGAIN["horizon"], "correlation": [0.0, 0.5, 0.9, 0.99]},
    "full": {"repetitions": 2, "horizon": [*AGAIN["horizon"], KNOWN["horizon"]], "correlation": KNOWN["correlation"]},
}


def run(ads: RequestStream, rule: str) -> tuple[float, float]:
    """Run one stream, and return its regret against the dual bound at its average price, and that bound."""
    horizon = ads.horizon
    online = DualMirrorDescent(ads.budget, horizon, step_size=horizon**-0.5, on_depletion=rule, cost_bound=1.0)
    prices = np.zeros(ads.n_resources)
    for qualities in ads.rewards:
        prices += online.prices / horizon
        online.decide_with(oracles.matching(qualities, temperature=TEMPERATURE))
    bound = float(conjugates(ads.rewards - prices).sum() + prices @ ads.budget)
    return bound - online.reward, bound


def conjugates(margins: np.ndarray) -> np.ndarray:
    """Compute the largest reduced reward of each visitor, lambda log(1 + sum_j exp(margin_j / lambda)), (T,)."""
    z = margins / TEMPERATURE
    top = np.maximum(z.max(axis=1), 0.0)
    return TEMPERATURE * (top + np.log(np.exp(-top) + np.exp(z - top[:, None]).sum(axis=1)))


def compute_matching(profile: str) -> dict[str, np.ndarray]:
    """Compute regret and dual bound, (generators, correlations, rules, horizons); generators agree at correlation 0."""
    settings = INPUTS[profile]
    correlations, horizons, repetitions = settings["correlation"], settings["horizon"], settings["repetitions"]
    found = np.zeros((len(GENERATORS), len(correlations), len(RULES), len(horizons), 2))
    for g, c, r, t in np.ndindex(found.shape[:-1]):
        if g and not correlations[c]:
            found[g, c, r, t] = found[0, c, r, t]
            continue
        options = {"correlation": correlations[c], "marginal": list(GENERATORS)[g]}
        many = [make_display_ads(horizons[t], rng=stream(SEED, g, c, t, i), **options) for i in range(repetitions)]
        found[g, c, r, t] = np.mean([run(ads, list(RULES)[r]) for ads in many], axis=0)
    return {"horizon": np.array(horizons), "correlation": np.array(correlations), "regret": found[..., 0],
            "bound": found[..., 1], "repetitions": np.array(repetitions)}  # fmt: skip


def matching_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Claim, with margins, what the figure shows."""
    regret, share = arrays["regret"], arrays["regret"] / arrays["bound"]
    clipped, rejected = regret[0, 0]
    return {
        "regret with cutting grows slower than T^0.75": below(slope(arrays["horizon"], clipped), 0.75),
        "cutting loses less than a third of what all or nothing loses": below(clipped[-1], rejected[-1] / 3),
        "cutting loses less than all or nothing in every panel, at every correlation": below(
            regret[:, :, 0, -1], regret[:, :, 1, -1]
        ),
        "with marginals preserved the largest correlation costs more than none": below(
            share[1, 0, 0, -1], share[1, -1, 0, -1]
        ),
    }


def matching_beside(arrays: Any) -> list[Beside]:
    """List regret where shares are cut and marginals are preserved."""
    horizons, correlations = arrays["horizon"].tolist(), arrays["correlation"].tolist()
    rows: list[Beside] = []
    for correlation, known in AGAIN["regret"].items():
        ours = arrays["regret"][1, correlations.index(float(correlation)), 0]
        names = [f"regret, correlation {correlation}, T = {T}" for T in AGAIN["horizon"]]
        there = [ours[horizons.index(T)] if T in horizons else np.nan for T in AGAIN["horizon"]]
        rows += beside(names, known, there, f"{AGAIN['source']}; here {int(arrays['repetitions'])} runs")
    return rows


def draw_matching(arrays: Any) -> matplotlib.figure.Figure:
    """Draw independent visitors on the left, and the two ergodic generators beside them."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9.2, 4), layout="constrained", sharey=True)
    horizon, correlations = arrays["horizon"], arrays["correlation"]
    panels = [
        (0, "independent", [0]),
        *((g, name, range(1, len(correlations))) for g, name in enumerate(GENERATORS.values())),
    ]
    for axis, (g, name, shown) in zip(axes, panels, strict=True):
        for c in shown:
            style = {"color": COLORS[c], "marker": MARKERS[c], "markersize": 5}
            axis.plot(horizon, arrays["regret"][g, c, 0], label=f"correlation {correlations[c]:g}", **style)
            axis.plot(horizon, arrays["regret"][g, c, 1], linestyle="--", mfc="none", **style)
        axis.plot(horizon, arrays["bound"][g, shown[0], 0], color="gray", linewidth=0.8, label="dual bound there")
        axis.set(xlabel="visitors T", title=name)
        log_axes(axis, horizon)
        draw_power(axis, horizon, arrays["regret"][g, shown[0], 0, 0], 0.5, "slope 1/2")
    axes[0].set(ylabel="regret to the dual bound")
    named = [dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True)) for axis in axes]
    legend = {name: handle for one in named for name, handle in one.items()}
    figure.legend(legend.values(), legend, ncols=len(legend), loc="outside lower center", columnspacing=1)
    headline(
        figure,
        f"Proportional matching, temperature {TEMPERATURE}, {int(arrays['repetitions'])} repetitions up to T = "
        f"{int(horizon[-1]):,}. Solid: shares {RULES['clip']}; dashed: {RULES['reject']}",
    )
    return figure


MATCHING = Figure(
    name="matching",
    title="Proportional matching with independent and ergodic visitors, when a budget is empty.",
    compute=compute_matching,
    claims=matching_claims,
    draw=draw_matching,
    beside=matching_beside,
    seed=SEED,
    inputs=INPUTS,
)

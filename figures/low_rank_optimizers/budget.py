"""Squared bias plus variance of an evolution strategy against its rank, at a fixed budget, without sampling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, log_axes
from lrtheory.low_rank_optimizers import make_sine, plan_population, sine_gradient

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["budget"]
SHAPE, SEED = (32, 32), 4
PAIRS = (64, 10**4, 10**6)
SPECTRA = {"rank-one": "direction of rank one", "flat": "32 equal singular values"}
RANKS = [1, 2, 4, 8, 16, 32, 64]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"budgets": [10**k for k in range(2, 9)], "shape": SHAPE},
    "full": {"budgets": [round(10 ** (k / 4)) for k in range(8, 33)], "shape": SHAPE},
}


def errors(spectrum: str) -> np.ndarray:
    """Squared bias about the ES gradient and the variance of one pair, (2, ranks and infinity), both exact (EG-1b)."""
    problem = make_sine(SHAPE, spectrum=spectrum, rng=SEED)
    whole = sine_gradient(problem, sigma=1.0)
    found = [sine_gradient(problem, sigma=1.0, rank=rank) for rank in (*RANKS, math.inf)]
    return np.transpose([(float(np.sum((one.gradient - whole.gradient) ** 2)), one.variance) for one in found])


def best(spectrum: str, budgets: list[int]) -> list[int]:
    """The rank that is planned for each budget; a member of rank r costs 1 + r (1/m + 1/n)."""
    values = [1.0] if spectrum == "rank-one" else [SHAPE[0] ** -0.5] * SHAPE[0]
    return [
        plan_population(SHAPE, n_evaluations=budget, singular_values=values, sigma=1.0, max_rank=64).rank
        for budget in budgets
    ]


def compute_budget(profile: str) -> dict[str, np.ndarray]:
    """Errors, (spectra, 2, ranks), and the best rank by budget, (spectra, budgets)."""
    budgets = INPUTS[profile]["budgets"]
    return {
        "rank": np.array(RANKS),
        "error": np.array([errors(spectrum) for spectrum in SPECTRA]),
        "budget": np.array(budgets),
        "best": np.array([best(spectrum, budgets) for spectrum in SPECTRA], float),
    }


def totals(arrays: Any) -> np.ndarray:
    """Mean squared errors, (spectra, populations, ranks and infinity)."""
    bias, variance = np.moveaxis(arrays["error"], 1, 0)
    return np.asarray(bias[:, None] + variance[:, None] / np.array(PAIRS)[:, None])


def budget_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as ranks or as mean squared errors."""
    mse = totals(arrays)[..., :-1]
    one, flat = arrays["best"]
    return {
        "the best rank does not fall when the budget grows": below(-0.5, np.diff(arrays["best"])),
        "with 64 pairs no rank is better than 1 for a direction of rank one": below(mse[0, 0, 0], mse[0, 0, 1:]),
        "with a million pairs rank 8 has a tenth or less of the error of rank 1, for a direction of rank one": below(
            mse[0, 2, 3], mse[0, 2, 0] / 10
        ),
        "a flat spectrum never wants a larger rank than a direction of rank one, and sometimes a smaller one": (
            bool((flat <= one).all() and (flat < one).any()),
            float((one - flat).max()),
        ),
    }


def budget_beside(arrays: Any) -> list[Beside]:
    """Squared biases, and mean squared errors, for a direction of rank one."""
    at = np.searchsorted(arrays["rank"], KNOWN["rank"])
    bias, mse = arrays["error"][0, 0, at], totals(arrays)[0, 1, at]
    rows = beside([f"squared bias, rank {r}" for r in KNOWN["rank"]], KNOWN["bias"], bias, KNOWN["source"])
    what = [f"mean squared error of 10,000 pairs, rank {r}" for r in KNOWN["rank"]]
    return rows + beside(what, KNOWN["mse"], mse, KNOWN["source"])


def draw_budget(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors by rank, a panel a spectrum, and the best rank by budget."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator

    figure, axes = plt.subplots(1, 3, figsize=(9.2, 3.7), layout="constrained")
    r = arrays["rank"]
    for axis, (bias, _), mse, label in zip(axes, arrays["error"], totals(arrays), SPECTRA.values(), strict=False):
        axis.plot(r, bias[:-1], color="black", linestyle="--", label="squared bias")
        for i, (pairs, one) in enumerate(zip(PAIRS, mse, strict=True)):
            look = {"color": COLORS[i], "marker": MARKERS[i], "markersize": 4, "linestyle": LINES[i]}
            axis.plot(r, one[:-1], label=f"with variance, {pairs:,} pairs", **look)
        log_axes(axis, r)
        axis.set(xlabel="rank", title=label)
        axis.set_ylim(1e-5, 30)
        axis.yaxis.set_major_locator(LogLocator())
        axis.yaxis.set_major_formatter(LogFormatterSciNotation())
    axes[0].set_ylabel("mean squared error")
    for i, (one, label) in enumerate(zip(arrays["best"], SPECTRA.values(), strict=True)):
        axes[2].plot(arrays["budget"], one, drawstyle="steps-post", color=COLORS[3 + i], linestyle=LINES[i])
        axes[2].plot(arrays["budget"], one, MARKERS[3 + i], color=COLORS[3 + i], markersize=4, label=label)
    axes[2].set_xscale("log")
    axes[2].set_yscale("log", base=2)
    ticks = 2 ** np.arange(int(np.log2(arrays["best"].max())) + 2)
    axes[2].set_yticks(ticks, [str(tick) for tick in ticks])
    axes[2].set(xlabel="budget, in evaluations", ylabel="best rank at equal cost", title="what is planned")
    axes[2].legend(loc="upper left")
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=4, loc="outside lower center")
    headline(figure, "A larger rank pays once the population is large, and later where the spectrum is flat")
    return figure


BUDGET = Figure(
    name="budget",
    title="Squared bias plus variance against the rank, at a fixed budget, and the rank that is best for a budget.",
    compute=compute_budget,
    claims=budget_claims,
    draw=draw_budget,
    beside=budget_beside,
    seed=SEED,
    inputs=INPUTS,
)

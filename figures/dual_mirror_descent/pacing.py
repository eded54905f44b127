"""Adaptive pacing in second-price auctions: regret against time, and one run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, below, beside, between, draw_power, draw_runs, headline, log_axes, slope, stream
from lrtheory.dual_mirror_descent import hindsight_optimum, pace

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
KNOWN = published("dual_mirror_descent")["pacing"]
RATE = KNOWN["rate"]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 60, "horizon": KNOWN["horizon"][:4]},
    "full": {"repetitions": 400, "horizon": KNOWN["horizon"]},
}


def compute_pacing(profile: str) -> dict[str, np.ndarray]:
    """Compute regret and gap to the dual bound, (horizons, repetitions), and the path of the first longest run."""
    settings = INPUTS[profile]
    shape = (len(settings["horizon"]), settings["repetitions"])
    regret, gap, path = np.zeros(shape), np.zeros(shape), {}
    for (t, horizon), i in ((pair, i) for pair in enumerate(settings["horizon"]) for i in range(shape[1])):
        values, bids = stream(SEED, t, i).random((2, horizon))
        budget = RATE * horizon
        found = pace(values, bids, budget, step_size=0.1 / (RATE * horizon**0.5), record=True)
        optimum = hindsight_optimum(values - bids, bids, budget).value
        regret[t, i], gap[t, i] = optimum - found.reward, found.certificate.gap
        if i == 0:
            path = {"multipliers": found.trace["multipliers"], "spend": np.cumsum(np.where(found.wins, bids, 0.0))}
    return {"horizon": np.array(settings["horizon"]), "regret": regret, "gap": gap, **path,
            "limit": np.array(fluid_multiplier()), "known": np.array(KNOWN["regret"][: shape[0]])}  # fmt: skip


def fluid_multiplier() -> float:
    """Solve rate = E[d 1{v > (1 + mu) d}] = 1 / (6 (1 + mu)^2), mean spending for uniform v and d, for mu."""
    return math.sqrt(1 / (6 * RATE)) - 1


def pacing_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Claim, with margins, what the figure shows."""
    mean, half = arrays["regret"].mean(axis=1), len(arrays["multipliers"]) // 2
    budget = RATE * arrays["horizon"][-1]
    return {
        "regret grows like T to a power between 0.45 and 0.62": between(slope(arrays["horizon"], mean), 0.45, 0.62),
        "the mean regret is within a quarter of independent numbers": between(mean / arrays["known"], 0.75, 1.25),
        "the gap that a run proves is at least its regret": below(arrays["regret"] - 1e-6, arrays["gap"]),
        "in the second half the mean multiplier is within 5 % of its limit": between(
            arrays["multipliers"][half:].mean() / arrays["limit"], 0.95, 1.05
        ),
        "the budget is spent within 5 %, and never exceeded": between(arrays["spend"][-1] / budget, 0.95, 1 + 1e-9),
    }


def pacing_beside(arrays: Any) -> list[Beside]:
    """List mean regret at every horizon."""
    names = [f"regret, T = {T}" for T in arrays["horizon"].tolist()]
    runs = f"here {arrays['regret'].shape[1]} runs"
    return beside(names, arrays["known"], arrays["regret"].mean(axis=1), f"{KNOWN['source']}; {runs}")


def draw_pacing(arrays: Any) -> matplotlib.figure.Figure:
    """Draw regret on the left, then multipliers and spending of one run."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9.2, 3.8), layout="constrained")
    horizon, regret, budget = arrays["horizon"], arrays["regret"], RATE * arrays["horizon"][-1]
    draw_runs(left, horizon, regret, 0, label="to the hindsight optimum")
    draw_runs(left, horizon, arrays["gap"], 2, label="proved: to the dual bound", linestyle="--")
    left.plot(horizon, arrays["known"], "o", color=COLORS[1], mfc="none", markersize=9, label="independent numbers")
    draw_power(left, horizon, regret[0].mean(), 0.5, "slope 1/2")
    fitted = slope(horizon, regret.mean(axis=1))
    log_axes(left, horizon)
    left.set(xlabel="auctions T", ylabel="regret", title=f"slope {fitted:.2f}")
    left.set_ylim(top=12 * left.get_ylim()[1])
    left.legend(loc="upper left")
    time = np.arange(len(arrays["multipliers"]))
    middle.plot(time, arrays["multipliers"], color=COLORS[0], linewidth=0.6)
    middle.axhline(float(arrays["limit"]), color=COLORS[1], label=f"fluid limit {float(arrays['limit']):.3f}")
    middle.set(xlabel="auction", ylabel=r"multiplier $\mu_t$", title="bids are $v / (1 + \\mu)$")
    middle.legend()
    right.plot(time[1:], arrays["spend"] - budget * time[1:] / time[-1], color=COLORS[0], linewidth=0.8)
    right.axhline(0, color="gray", linewidth=0.8)
    right.set(
        xlabel="auction",
        ylabel="spent, less an even plan",
        title=f"{arrays['spend'][-1] / budget:.1%} of the budget spent",
    )
    headline(
        figure,
        f"Second-price auctions, uniform values and bids, {RATE} a period: {regret.shape[1]} repetitions (left), one "
        f"run over T = {int(horizon[-1]):,} (middle, right)",
    )
    return figure


PACING = Figure(
    name="pacing",
    title="Regret of adaptive pacing in second-price auctions, and the multipliers of one run.",
    compute=compute_pacing,
    claims=pacing_claims,
    draw=draw_pacing,
    beside=pacing_beside,
    seed=SEED,
    inputs=INPUTS,
)

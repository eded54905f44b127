"""Network revenue management on random online linear programs: regret against time, resources and actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, below, beside, between, draw_power, draw_runs, headline, log_axes, slope, stream
from lrtheory.dual_mirror_descent import allocate, make_online_lp, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
KNOWN = published("dual_mirror_descent")["online_lp"]
HORIZON, N_RESOURCES, N_ACTIONS = KNOWN["horizon"], KNOWN["n_resources"], 10
PANELS = ("horizon", "n_resources", "n_actions")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"repetitions": 6, "horizon": [101, 400, 1000, 4000], "n_resources": [10, 30, 100, 400],
              "n_actions": [10, 30, 101]},
    "full": {"repetitions": 50, "horizon": [101, 200, 400, 1000, 2000, 4000, 10_000],
             "n_resources": [10, 30, 100, 200, 400], "n_actions": [10, 30, 101, 300, 1000]},
}  # fmt: skip


def run(repetition: int, horizon: int, n_resources: int, n_actions: int) -> tuple[float, float, float]:
    """Return regret against the dual bound, that bound, and the bound of theory; a repetition draws its parameters."""
    program = make_online_lp(horizon, n_resources=n_resources, n_actions=n_actions, rng=stream(SEED, repetition))
    eta = horizon**-0.5
    found = allocate(program, step_size=eta).certificate
    bounds = {"rate": program.rate, "reward_bound": program.reward_bound, "cost_bound": program.cost_bound}
    allowed = theory.regret_bound("iid", horizon=horizon, step_size=eta, **bounds).total
    return found.gap, found.bound, float(allowed)


def compute_online_lp(profile: str) -> dict[str, np.ndarray]:
    """Compute regret, (points, repetitions), along each of three axes from the published setting."""
    settings = INPUTS[profile]
    arrays: dict[str, np.ndarray] = {}
    for panel in PANELS:
        base = {"horizon": HORIZON, "n_resources": N_RESOURCES, "n_actions": N_ACTIONS}
        points = [(i, *(base | {panel: x}).values()) for x in settings[panel] for i in range(settings["repetitions"])]
        runs = np.reshape(each(run, points), (len(settings[panel]), settings["repetitions"], -1))
        arrays |= {panel: np.array(settings[panel]), f"{panel}_regret": runs[..., 0]}
        if panel == "horizon":
            arrays |= {"optimum": runs[..., 1], "allowed": runs[..., 2]}
    arrays["recorded_actions"] = np.array([entry["n_actions"] for entry in KNOWN["recorded"]])
    arrays["recorded_regret"] = np.array([np.mean(entry["regret"]) for entry in KNOWN["recorded"]])
    return arrays


def online_lp_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Claim, with margins, what the figure shows."""
    means = {panel: arrays[f"{panel}_regret"].mean(axis=1) for panel in PANELS}
    recorded = dict(zip(arrays["recorded_actions"].tolist(), arrays["recorded_regret"], strict=True))
    ratio = [
        mean / recorded[d] for d, mean in zip(arrays["n_actions"].tolist(), means["n_actions"], strict=True)
        if d in recorded
    ]  # fmt: skip
    spread = means["n_actions"].max() / means["n_actions"].min()
    at = arrays["horizon"].tolist().index(HORIZON)
    return {
        "regret grows like T to a power between 0.4 and 0.7": between(
            slope(arrays["horizon"], means["horizon"]), 0.4, 0.7
        ),
        "regret grows like m to a power between 0.3 and 0.7": between(
            slope(arrays["n_resources"], means["n_resources"]), 0.3, 0.7
        ),
        "the number of actions changes the regret by less than a quarter": between(spread, 0.99, 1.25),
        "the regret is within a quarter of the recorded one": between(ratio, 0.75, 1.25),
        "at the horizon of the other panels the bound of theory exceeds the optimum and says nothing": below(
            arrays["optimum"][at], arrays["allowed"][at]
        ),
    }


def online_lp_beside(arrays: Any) -> list[Beside]:
    """List mean regret at the numbers of actions that the authors recorded."""
    means = dict(zip(arrays["n_actions"].tolist(), arrays["n_actions_regret"].mean(axis=1), strict=True))
    runs = f"here {arrays['n_actions_regret'].shape[1]} runs of other requests of the same law"
    rows = [
        Beside(f"regret, {row['n_actions']} actions", float(np.mean(row["regret"])), float(means[row["n_actions"]]),
               f"{row['source']}; {runs}")
        for row in KNOWN["recorded"] if row["n_actions"] in means
    ]  # fmt: skip
    again = published("dual_mirror_descent")["online_lp_again"]
    for panel in PANELS:
        ours = dict(zip(arrays[panel].tolist(), arrays[f"{panel}_regret"].mean(axis=1), strict=True))
        names = [f"regret, independent code, {panel} = {x}" for x in again[panel]]
        there = [ours.get(int(x), np.nan) for x in again[panel]]
        rows += beside(names, list(again[panel].values()), there, f"{again['source']}; {runs}")
    growth = slope(arrays["horizon"], arrays["horizon_regret"].mean(axis=1))
    return [*rows, Beside("exponent of the regret in T", again["slope"], growth, f"{again['source']}; {runs}")]


def draw_online_lp(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel per axis; circles are the numbers of the authors' code."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9.2, 3.6), layout="constrained", sharey=True)
    labels = ("requests T", "resources m", "actions d")
    for number, (axis, panel, label) in enumerate(zip(axes, PANELS, labels, strict=True)):
        x, runs = arrays[panel], arrays[f"{panel}_regret"]
        draw_runs(axis, x, runs, 0)
        fitted = slope(x, runs.mean(axis=1))
        log_axes(axis, x)
        axis.set(xlabel=label, title=f"slope {fitted:.2f}")
        if number < 2:
            draw_power(axis, x, runs[0].mean(), 0.5, "slope 1/2")
    recorded = {"color": COLORS[1], "marker": "o", "mfc": "none", "markersize": 9, "linestyle": "", "zorder": 3}
    for axis, x in zip(axes[:2], (HORIZON, N_RESOURCES), strict=True):
        axis.plot([x], arrays["recorded_regret"][:1], **recorded)
    log_axes(axes[2], np.union1d(arrays["n_actions"], arrays["recorded_actions"]))
    axes[2].plot(arrays["recorded_actions"], arrays["recorded_regret"], label="authors' code", **recorded)
    axes[0].set(ylabel="regret to the dual bound")
    axes[0].legend()
    axes[2].legend()
    at = arrays["horizon"].tolist().index(HORIZON)
    repetitions = arrays["horizon_regret"].shape[1]
    headline(
        figure,
        f"Online linear programs around T = {HORIZON}, m = {N_RESOURCES}, d = {N_ACTIONS}: {repetitions} repetitions, "
        f"bars of two standard errors\n(theory allows {np.median(arrays['allowed'][at]):,.0f} there, more than the "
        f"dual bound {arrays['optimum'][at].mean():,.0f}: vacuous)",
    )
    return figure


ONLINE_LP = Figure(
    name="network-revenue-management",
    title="Regret on random online linear programs, against time, resources and actions.",
    compute=compute_online_lp,
    claims=online_lp_claims,
    draw=draw_online_lp,
    beside=online_lp_beside,
    seed=SEED,
    inputs=INPUTS,
)

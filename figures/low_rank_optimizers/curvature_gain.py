"""The gain along the direction that curvature should damp, by three formulas of MKOR, once and along a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, below, beside, between, headline, stream
from lrtheory._data.network import Network
from lrtheory.low_rank_optimizers.loaders import load_digits_problem
from lrtheory.low_rank_optimizers.optimizers.curvature import METHODS, update_curvature

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["curvature gain"]
SEED, DECAY, SIZES, BATCH, STEP = 9, 0.95, (64, 64, 10), 128, 0.5
INPUTS: dict[str, dict[str, Any]] = {"quick": {"points": 61, "steps": 20}, "full": {"points": 241, "steps": 20}}


def gains(values: np.ndarray, method: str) -> np.ndarray:
    """g^T X g after X = I has seen g, from its value before."""
    found = []
    for s in values:
        g = np.sqrt(s) * np.array([0.6, 0.8])
        found.append(g @ np.asarray(update_curvature(np.eye(2), g, decay=DECAY, method=method)) @ g)
    return np.array(found)


def activations(steps: int) -> np.ndarray:
    """Mean activations of the hidden layer, batch by batch, while a network on digits learns."""
    problem = load_digits_problem()
    X, y = np.asarray(problem.X), np.asarray(problem.y)
    network, order, found = Network(SIZES, stream(SEED, 0), np.dtype(np.float64)), stream(SEED, 1), []
    for _ in range(steps):
        batch = order.integers(len(y), size=BATCH)
        found.append(network.inputs(X[batch])[1][:, :-1].mean(axis=0))
        slopes = network.gradients(X[batch], y[batch])[1]
        network.layers = [W - STEP * slope for W, slope in zip(network.layers, slopes, strict=True)]
    return np.array(found)


def along(seen: np.ndarray, method: str) -> np.ndarray:
    """g^T X g right after each g was seen, along a run that starts at X = I."""
    X, found = np.eye(seen.shape[1]), []
    for g in seen:
        X = np.asarray(update_curvature(X, g, decay=DECAY, method=method))
        found.append(g @ X @ g)
    return np.array(found)


def compute_curvature_gain(profile: str) -> dict[str, np.ndarray]:
    """Gains once, (methods, points), and along a run, (methods, steps)."""
    settings = INPUTS[profile]
    before, seen = np.logspace(-2, 4, settings["points"]), activations(settings["steps"])
    known = np.array(KNOWN["before"], float)
    return {
        "before": before,
        "gain": np.array([gains(before, method) for method in METHODS]),
        "run": np.array([along(seen, method) for method in METHODS]),
        "length": np.linalg.norm(seen, axis=1),
        "known": gains(known, "published") / gains(known, "exact"),
    }


def curvature_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as gains or as quotients."""
    exact, printed, released = arrays["gain"]
    run = dict(zip(METHODS, arrays["run"], strict=True))
    large = np.abs(arrays["before"]) >= 1e3
    return {
        "what the exact inverse keeps along g stays below 1/(1 - decay) = 20": between(
            np.concatenate([exact, run["exact"]]), 0, 20
        ),
        "from g^T X g = 1000 on the formula of the thesis keeps 100 times as much as the inverse": below(
            100, printed[large] / exact[large]
        ),
        "on mean activations of digits the gain of the thesis's formula grows 100,000-fold in 20 steps": below(
            1e5, run["published"][-1] / run["published"][0]
        ),
        "what the released program keeps along g stays below 1": between(
            np.concatenate([released, run["released"]]), 0, 1
        ),
    }


def curvature_beside(arrays: Any) -> list[Beside]:
    """Quotients of the gain by the formula of the thesis and the exact one."""
    what = [f"thesis over exact, {s:g} before" for s in KNOWN["before"]]
    return beside(what, KNOWN["quotient"], arrays["known"], KNOWN["source"])


def draw_curvature_gain(arrays: Any) -> matplotlib.figure.Figure:
    """Draw gains after one update, and along a run."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.8), layout="constrained")
    labels = {"exact": "exact inverse", "published": "formula of the thesis", "released": "released program"}
    for i, method in enumerate(METHODS):
        look = {"color": COLORS[i], "linestyle": LINES[i], "label": labels[method]}
        left.plot(arrays["before"], arrays["gain"][i], **look)
        right.plot(np.arange(1, arrays["run"].shape[1] + 1), arrays["run"][i], **look)
    for axis in (left, right):
        axis.axhline(1 / (1 - DECAY), color="black", linestyle=":", linewidth=1, label="bound of the inverse (MK-3)")
        axis.set(yscale="log", ylabel=r"$g^T X g$, once $g$ was seen")
    left.set(xscale="log", xlabel=r"$g^T X g$ before")
    right.set(xlabel="batch of digits, g its mean hidden activation", xticks=[1, 5, 10, 15, 20])
    left.legend(loc="upper left")
    headline(
        figure, "How much of the seen direction is left in X: the formula of the thesis amplifies what it should damp"
    )
    return figure


CURVATURE_GAIN = Figure(
    name="curvature-gain",
    title="The gain along the seen direction by the exact update, the thesis and the program of MKOR.",
    compute=compute_curvature_gain,
    claims=curvature_claims,
    draw=draw_curvature_gain,
    beside=curvature_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_problem",),
)

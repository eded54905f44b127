"""Paths of exact flows: variants of the advantage go at their own speeds along one curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below
from figures.policy_gradients._panels import finish, panels
from lrtheory.policy_gradients import flow

if TYPE_CHECKING:
    import matplotlib.figure

START, CORRECT = np.array([0.2, 0.14, 0.06, 0.4, 0.2]), np.array([True, True, True, False, False])
#: four that depend on rewards alone, and one that does not
VARIANTS: dict[str, dict[str, Any]] = {
    "std, G = 8": {"norm": "std", "group_size": 8},
    "no division, G = 8": {"norm": "none", "group_size": 8},
    "leave one out, G = 2": {"norm": "loo", "group_size": 2},
    "mean, G = 4": {"norm": "mean", "group_size": 4},
    "unlikeliness 1, G = 8": {"norm": "none", "group_size": 8, "unlikeliness": 1.0},
}
INPUTS: dict[str, dict[str, Any]] = {"quick": {"step": 0.05, "steps": 800}, "full": {"step": 0.01, "steps": 4_000}}


def growth(shares: np.ndarray) -> np.ndarray:
    """By how much the difference of the inverse shares of the last and the first right answer has grown."""
    gap = 1 / shares[..., -1] - 1 / shares[..., 0]
    return gap / gap[..., :1]


def curve(phi: np.ndarray) -> np.ndarray:
    """The shares 1 / (phi / q(0) + psi) of GR-4, with the psi by which they sum to 1, by bisection."""
    inverse = phi[..., None] * START[CORRECT].sum() / START[CORRECT]
    low, high = -inverse.min(axis=-1), np.full(phi.shape, float(CORRECT.sum()))
    with np.errstate(divide="ignore"):
        for _ in range(100):
            psi = (low + high) / 2
            large = (1 / (inverse + psi[..., None])).sum(axis=-1) > 1
            low, high = np.where(large, psi, low), np.where(large, high, psi)
    return 1 / (inverse + psi[..., None])


def compute_curve(profile: str) -> dict[str, np.ndarray]:
    """By variant and time: the success probability, and the shares of the right answers in it."""
    step, steps = INPUTS[profile]["step"], INPUTS[profile]["steps"]
    options = {"step_size": step, "n_steps": steps, "method": "rk4"}
    p = np.array([flow(START, CORRECT, **options, **variant).p for variant in VARIANTS.values()])
    success = p[..., CORRECT].sum(axis=-1)
    shares = p[..., CORRECT] / success[..., None]
    return {
        "time": step * np.arange(steps + 1),
        "success": success,
        "shares": shares,
        "told": curve(growth(shares[:-1])),
        "curve": curve(np.geomspace(1, 400, 200)),
    }


def curve_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as probabilities."""
    success, rarest = arrays["success"][:-1], arrays["shares"][..., 2]
    return {
        "four variants stay within 1e-6 of the curve (GR-4)": below(abs(arrays["shares"][:-1] - arrays["told"]), 1e-6),
        "each of them raises the success all the time (GR-4d)": below(0, np.diff(success, axis=1)),
        "each of them takes more than half of its share from the rarest right answer": below(
            rarest[:-1, -1], rarest[:-1, 0] / 2
        ),
        "with unlikeliness the rarest right answer gains": below(rarest[-1, 0], rarest[-1, -1]),
        "at time 10 the speeds have led more than 0.05 of success apart": below(
            0.05, np.ptp(success[:, np.argmin(abs(arrays["time"] - 10))])
        ),
    }


def draw_curve(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the success by time, and the shares of right answers without time."""
    figure, (speed, path) = panels(2)
    path.plot(*arrays["curve"][:, [0, 2]].T, color="gray", label="curve of GR-4")
    for i, label in enumerate(VARIANTS):
        look = {"color": COLORS[i], "marker": MARKERS[i], "markersize": 4, "label": label}
        every = len(arrays["time"]) // 5
        speed.plot(
            arrays["time"], arrays["success"][i], linestyle=LINES[i % 4], markevery=(i * every // 5, every), **look
        )
        path.plot(*arrays["shares"][i, :: every // 5, [0, 2]], linestyle="", **look)
    speed.set(xlabel="time of the flow", ylabel="success probability", ylim=(0, 1.02), title="speed")
    path.set(xlabel="share of the likeliest right answer", ylabel="share of the rarest right answer", title="path")
    path.set(xlim=(0, 1), ylim=(0, None))
    return finish(
        figure,
        "What depends on rewards alone sharpens along one curve, whatever the normalization; unlikeliness leaves it",
    )


ONE_CURVE = Figure(
    name="one-curve",
    title="Exact flows of five variants: the success by time, and the shares of the right answers.",
    compute=compute_curve,
    claims=curve_claims,
    draw=draw_curve,
    inputs=INPUTS,
)

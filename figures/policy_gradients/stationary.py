"""Where a flow with a KL term comes to rest, by the success of the reference policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, below, beside
from figures.policy_gradients._panels import finish, panels
from lrtheory.policy_gradients import stationary_points, theory

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("policy_gradients")["stationary"]
#: where three points of rest reach far
G, LAM = 32, 0.3
#: normalization, and which divergence from the reference the KL term lowers
LAWS = {
    "std, KL(p || reference)": ("std", "reverse"),
    "no division, KL(p || reference)": ("none", "reverse"),
    "std, KL(reference || p), as k3 has it": ("std", "forward"),
}
#: success of the reference where the solver looks for points of rest
REFERENCES = 10.0 ** np.arange(-6, 0)
INPUTS: dict[str, dict[str, Any]] = {"quick": {"points": 401}, "full": {"points": 4_001}}


def at_rest(norm: str, direction: str, size: float, lam: float, reference: float) -> list[float]:
    """The success at the points of rest, in increasing order; NaN stands for those that are fewer than three."""
    law, right = np.array([reference, 1 - reference]), np.array([True, False])
    found = np.sort(
        stationary_points(law, right, lam=lam, group_size=int(size), norm=norm, direction=direction).p[:, 0]
    )
    return [*found.tolist(), *[np.nan] * (3 - len(found))]


def line(norm: str, direction: str, points: int) -> np.ndarray:
    """Pairs of a success at rest and the success of the reference from which it is at rest (GR-8f)."""
    weight = lambda p: np.array([theory.weight(one, group_size=G, norm=norm) for one in p.tolist()], float)
    if direction == "reverse":
        p = 1 / (1 + np.exp(-np.linspace(-19, 19, points)))
        return np.array([p, 1 / (1 + np.exp(weight(p) / LAM) * (1 - p) / p)])
    # below the success from which a reference of success 0 leads, there is no point of rest
    p = at_rest(norm, direction, G, LAM, 1e-9)[0] + np.geomspace(1e-9, 0.05, points)
    return np.array([p, p - weight(p) * p * (1 - p) / LAM])


def compute_rest(profile: str) -> dict[str, np.ndarray]:
    """By law: the line of GR-8f, the points that the solver finds, and those of three other settings."""
    return {
        "line": np.array([line(*law, INPUTS[profile]["points"]) for law in LAWS.values()]),
        "roots": np.array([[at_rest(*law, G, LAM, one) for one in REFERENCES.tolist()] for law in LAWS.values()]),
        "settings": np.array([at_rest("std", "reverse", *one) for one in KNOWN["settings"]]),
        "none": np.array(at_rest("none", "reverse", *KNOWN["settings"][0])[0]),
    }


def rest_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as numbers of points or as probabilities."""
    count = np.isfinite(arrays["roots"]).sum(axis=-1)
    lifts = arrays["roots"] - REFERENCES[:, None]
    return {
        "with std and a reference between 1e-5 and 1e-3 there are three points of rest (GR-8m)": below(
            2.5, count[0, 1:4]
        ),
        "so there are in three other settings": below(0.01, np.diff(arrays["settings"], axis=1)),
        "without division there is one point of rest (GR-8f)": below(count[1], 1.5),
        "with KL(reference || p) there is one point of rest (GR-8f)": below(count[2], 1.5),
        "success at rest is above that of the reference (GR-8f)": below(0, lifts[np.isfinite(lifts)]),
        "with KL(reference || p) by at most 1/(2 lam) (GR-8f)": below(lifts[2, :, 0], 1 / (2 * LAM)),
    }


def rest_beside(arrays: Any) -> list[Beside]:
    """The points of rest of three settings, and the only one without division."""
    settings = [f"G = {int(size)}, lam = {lam:g}, reference {start:g}" for size, lam, start in KNOWN["settings"]]
    names = [f"point of rest {i} of three, {setting}" for setting in settings for i in (1, 2, 3)]
    rows = beside(names, KNOWN["roots"], arrays["settings"], KNOWN["source"])
    return rows + beside(["point of rest without division, G = 8"], KNOWN["none"], arrays["none"], KNOWN["source"])


def draw_rest(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the success at rest by the success of the reference."""
    figure, axis = panels(1, height=4.6)
    for i, label in enumerate(LAWS):
        success, reference = arrays["line"][i]
        inside = (reference > 5e-7) & (reference < 0.3)
        axis.plot(reference[inside], success[inside], color=COLORS[i], linestyle=LINES[i], label=label)
        axis.plot(REFERENCES, arrays["roots"][i], color=COLORS[i], marker="o", markersize=4, linestyle="")
    axis.plot([], [], color="gray", marker="o", markersize=4, linestyle="", label="points that the solver finds")
    axis.plot((5e-7, 0.3), (5e-7, 0.3), color="gray", linestyle=":", label="success of the reference")
    axis.set(xscale="log", yscale="logit", ylim=(5e-7, 1 - 5e-9))
    axis.set_yticks([1e-6, 1e-4, 1e-2, 0.5, 1 - 1e-2, 1 - 1e-4, 1 - 1e-6, 1 - 1e-8])
    axis.set(xlabel="success probability of the reference", ylabel="success probability at rest")
    return finish(
        figure,
        f"With a KL term (G = {G}, weight {LAM:g}) a hard problem can come to rest at three levels of success, but "
        "only where advantages are divided by their deviation",
    )


STATIONARY = Figure(
    name="stationary",
    title="Success at rest under a KL term, by the success of the reference policy.",
    compute=compute_rest,
    claims=rest_claims,
    draw=draw_rest,
    beside=rest_beside,
    inputs=INPUTS,
)

"""Several updates from one batch: what the clip keeps for the rare right answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside
from figures.policy_gradients._panels import finish, panels
from lrtheory.policy_gradients import inner_updates

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("policy_gradients")["inner"]
P, CORRECT = np.array([0.2, 0.05, 0.0125, 0.4, 0.3375]), np.array([True, True, True, False, False])
G, CLIP, STEP = 8, 0.2, 0.5
INPUTS: dict[str, dict[str, Any]] = {"quick": {"updates": 40}, "full": {"updates": 400}}


def path(updates: int, clip: float | None) -> np.ndarray:
    """The ratios of p to its start, by the number of updates."""
    options = {"group_size": G, "clip": clip, "step_size": STEP}
    rows = [inner_updates(P, CORRECT, n_updates=n, **options).p for n in range(1, updates + 1)]
    return np.array([P, *rows]) / P


def compute_inner(profile: str) -> dict[str, np.ndarray]:
    """By number of updates: the ratios with the clip and without."""
    updates = INPUTS[profile]["updates"]
    return {"updates": np.arange(updates + 1), "clipped": path(updates, CLIP), "free": path(updates, None)}


def inner_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as ratios."""
    clipped, free = arrays["clipped"], arrays["free"]
    return {
        "with the clip every right answer ends at 1.2 of its start or above (GR-12)": below(1 + CLIP, clipped[-1, :3]),
        "and every wrong one at 0.8 or below (GR-12)": below(clipped[-1, 3:], 1 - CLIP),
        "with the clip the loop has come to rest": below(abs(np.diff(clipped[-10:], axis=0)), 1e-12),
        "after one update the likely answer is lifted most": below(clipped[1, 1:3], clipped[1, 0]),
        "without it both rarer right answers fall below half of their start": below(free[-1, 1:3], 0.5),
    }


def inner_beside(arrays: Any) -> list[Beside]:
    """The ratios of the right answers after 1, 2, 4 and 8 updates."""
    rows = []
    for name, what in (("clipped", "with the clip"), ("free", "without it")):
        names = [f"ratio of right answer {i}, {what}, {n} updates" for n in KNOWN["updates"] for i in (1, 2, 3)]
        rows += beside(names, KNOWN[name], arrays[name][KNOWN["updates"], :3], KNOWN["source"])
    return rows


def draw_inner(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the ratios by the number of updates, with the clip and without it."""
    figure, axes = panels(2, sharey=True)
    shown = min(len(arrays["updates"]), 41)
    for axis, name, title in zip(axes, ("clipped", "free"), (f"clip at {CLIP:g}", "no clip"), strict=True):
        for i, p in enumerate(P):
            look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": "-" if CORRECT[i] else "--"}
            label = f"{'right' if CORRECT[i] else 'wrong'}, p = {p:g}"
            axis.plot(arrays["updates"][:shown], arrays[name][:shown, i], markersize=3.5, label=label, **look)
        for bound in (1 - CLIP, 1 + CLIP):
            axis.axhline(bound, color="gray", linestyle=":", label="1 - clip, 1 + clip" if bound < 1 else None)
        axis.set(yscale="log", ylim=(0.01, 10), xlabel="updates from one batch", title=title)
        axis.yaxis.set_major_formatter("{x:g}")
    axes[0].set_ylabel("probability, over that before the batch")
    return finish(
        figure, "It is the clip, and not the number of updates, that lifts the rare right answers with the likely one"
    )


INNER_LOOP = Figure(
    name="inner-loop",
    title="Probabilities of answers over their start, by the number of updates from one batch.",
    compute=compute_inner,
    claims=inner_claims,
    draw=draw_inner,
    beside=inner_beside,
    inputs=INPUTS,
)

"""The share of a loss that is left at each rank, for adapters chosen from the data, the update, or one gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, log_axes
from lrtheory.low_rank_adapters.baselines import ridge_then_svd
from lrtheory.low_rank_adapters.fit import fit
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.loaders import load_update
from lrtheory.low_rank_adapters.training.initialize import initialize

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_adapters")["healing"]
LABELS = {
    "optimum": "best LoRA for the data (AD-5)",
    "svd of the update": "full update, then its best copy of this rank",
    "gradient": "LoRA-XS between subspaces of the gradient",
    "sign": "LoRA-XS between subspaces of its signs",
}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"rank": [1, 4, 16, 64]},
    "full": {"rank": [1, 2, 4, 8, 16, 32, 64, 128]},
}


def left(rank: int, problem: Any) -> list[float]:
    """Return the share of the loss that the best adapter of each sort leaves."""
    data = {"X": problem.X, "Y": problem.Y, "weight": problem.weight}
    error = problem.Y - problem.X @ problem.weight.T
    gradient, total = -error.T @ problem.X, np.sum(error * error)
    thin, small = (make_adapter(kind, gradient.shape, rank=rank, rng=0) for kind in ("lora", "lora-xs"))
    starts = [initialize(small, gradient, method=method).adapter for method in ("gradient", "sign")]
    found = [fit(thin, **data), ridge_then_svd(thin, **data), *[fit(start, **data) for start in starts]]
    return [one.loss / total for one in found]


def compute_healing(profile: str) -> dict[str, np.ndarray]:
    """Shares of the loss that are left, (ranks, sorts)."""
    problem, ranks = load_update("healing"), INPUTS[profile]["rank"]
    return {"rank": np.array(ranks), "left": np.array([left(rank, problem) for rank in ranks])}


def healing_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of the loss, or as quotients of them."""
    best, truncated, gradient, sign = arrays["left"].T
    at = arrays["rank"] == 16
    return {
        "no start leaves less of the loss than the best LoRA": below(best[:, None], arrays["left"][:, 1:]),
        "at rank 16 the signs leave more than 4 times what the gradient leaves": below(4, (sign / gradient)[at]),
        "the best copy of the full update leaves 1.5 times the optimum or more from rank 4 on": below(
            1.5, (truncated / best)[arrays["rank"] >= 4]
        ),
        "a start from one gradient leaves more than the best copy of the full update, at every rank": below(
            truncated, gradient
        ),
    }


def healing_beside(arrays: Any) -> list[Beside]:
    """Shares of the loss at four ranks."""
    rows = []
    for sort, found in zip(LABELS, arrays["left"].T, strict=True):
        names = [f"share of the loss left at rank {rank}, {sort}" for rank in KNOWN["ranks"]]
        rows += beside(names, KNOWN[sort], found[np.searchsorted(arrays["rank"], KNOWN["ranks"])], KNOWN["source"])
    return rows


def draw_healing(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the share of the loss against the rank."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    for i, (label, found) in enumerate(zip(LABELS.values(), arrays["left"].T, strict=True)):
        look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[i], "markersize": 5}
        axis.plot(arrays["rank"], found, label=label, **look)
    log_axes(axis, arrays["rank"])
    axis.set(xlabel="rank", ylabel="share of the loss that is left")
    axis.legend(loc="lower left")
    headline(
        figure,
        "A layer of a transformer is removed and the next one refitted. The public code of LoRA-SB factors the "
        "signs of the gradient",
    )
    return figure


HEALING = Figure(
    name="healing",
    title="The loss that adapters leave after a layer was removed, by how they are chosen.",
    compute=compute_healing,
    claims=healing_claims,
    draw=draw_healing,
    beside=healing_beside,
    inputs=INPUTS,
    data=("update",),
)

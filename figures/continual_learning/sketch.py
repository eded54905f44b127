"""The error of a sketch, beside its own certificate and the bound that is known before the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, log_axes
from lrtheory.continual_learning.baselines import truncated
from lrtheory.continual_learning.loaders import load_split_mnist
from lrtheory.continual_learning.makers import make_adversarial_rows
from lrtheory.continual_learning.sketching.frequent_directions import FrequentDirections
from lrtheory.continual_learning.theory import fd_bound

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("continual_learning")["sketch"]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"mnist": [8, 16, 32, 64, 128, 256], "adversarial": [2, 4, 8, 16]},
    "full": {"mnist": [8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256], "adversarial": [2, 3, 4, 6, 8, 12, 16, 24, 32]},
}
LABELS = {
    "bound": "known before (FD-1)",
    "delta": "what the sketch says (FD-6)",
    "error": "what it misses",
    "truncated": "missed by leading directions alone",
    "leak": "worst leak beside its rows (CS-3)",
}


def pixels() -> np.ndarray:
    """The images that are learned from, one after another, with a constant for the bias."""
    rows = np.concatenate([np.asarray(task.X) for task in load_split_mnist().tasks])
    return np.hstack([rows, np.ones((len(rows), 1))])


def missed(gram: np.ndarray, B: np.ndarray) -> float:
    """The largest eigenvalue of A^T A - B^T B."""
    return float(np.linalg.eigvalsh(gram - B.T @ B)[-1])


def measured(rows: np.ndarray, ranks: list[int], *, both: bool) -> np.ndarray:
    """By rank the numbers of `LABELS`; that of truncation is nan where it is not asked for."""
    gram, values = rows.T @ rows, np.linalg.svd(rows, compute_uv=False)
    found = []
    for rank in ranks:
        state = FrequentDirections(rows.shape[1], rank, method="fd")
        state.update(rows)
        least = missed(gram, truncated(rows, rank, buffer=rank + 1).sketch) if both else np.nan
        B = np.asarray(state.sketch)
        found.append([fd_bound(values, rank), state.missed, missed(gram, B), least, leak(rows, B)])
    return np.array(found, float)


def leak(rows: np.ndarray, B: np.ndarray) -> float:
    """The most that outputs of old rows can change, squared, by a step of norm 1 that leaves all rows of B alone."""
    basis = np.linalg.svd(B, full_matrices=False)[2][: np.linalg.matrix_rank(B)]
    left = rows - (rows @ basis.T) @ basis
    return float(np.linalg.eigvalsh(left.T @ left)[-1])


def compute_sketch(profile: str) -> dict[str, np.ndarray]:
    """Numbers by rank, (ranks, 5), for pixels and for the stream on which the bound is attained."""
    settings, rows = INPUTS[profile], pixels()
    made = [make_adversarial_rows(rank) for rank in settings["adversarial"]]
    told = [measured(one, [rank], both=True)[0] for one, rank in zip(made, settings["adversarial"], strict=True)]
    return {
        "mnist.rank": np.array(settings["mnist"]),
        "mnist": measured(rows, settings["mnist"], both=False),
        "top": np.array(np.linalg.norm(rows, 2) ** 2),
        "adversarial.rank": np.array(settings["adversarial"]),
        "adversarial": np.array(told),
    }


def sketch_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as energies or as quotients."""
    _, delta, _, _, leaked = arrays["mnist"].T
    made = arrays["adversarial"]
    both = np.concatenate([arrays["mnist"], made])
    slack = 1 + 1e-9
    return {
        "what a sketch misses is at most its own delta, and its delta is at most the bound": below(
            both[:, [2, 1]], slack * both[:, [1, 0]]
        ),
        "on pixels the delta of the sketch is at most 2.5 times the worst leak": below(delta / leaked, 2.5),
        "on the made stream the sketch misses all of its bound": below(0.999, made[:, 2] / made[:, 0]),
        "on the made stream truncation misses more than 50 times the bound": below(50, made[:, 3] / made[:, 0]),
    }


def sketch_beside(arrays: Any) -> list[Beside]:
    """Delta of four sketches of pixels, and the worst leak."""
    at = np.searchsorted(arrays["mnist.rank"], KNOWN["rank"])
    _, delta, _, _, leaked = arrays["mnist"][at].T
    rows = beside(
        [f"delta / largest squared singular value, {rank} rows" for rank in KNOWN["rank"]],
        KNOWN["delta"], delta / arrays["top"], KNOWN["source"],
    )  # fmt: skip
    return rows + beside(
        [f"worst leak / delta, {rank} rows" for rank in KNOWN["rank"]], KNOWN["leak"], leaked / delta, KNOWN["source"]
    )


def draw_sketch(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors and bounds against the rows of the sketch."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.8), layout="constrained")
    for axis, name, top in zip(axes, ("mnist", "adversarial"), (float(arrays["top"]), 1.0), strict=True):
        for i, (label, column) in enumerate(zip(LABELS.values(), arrays[name].T, strict=False)):
            if np.isfinite(column).all():
                look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[i % len(LINES)], "markersize": 5}
                axis.plot(arrays[f"{name}.rank"], column / top, label=label, **look)
        log_axes(axis, arrays[f"{name}.rank"])
        axis.set_xlabel("rows of the sketch")
    axes[0].set(ylabel="share of the largest squared singular value", title="pixels of 3750 digits")
    axes[1].set(title="a stream on which the bound is attained")
    figure.legend(*axes[1].get_legend_handles_labels(), ncols=3, loc="outside lower center")
    headline(figure, "The largest direction that a sketch misses, and what it knows of that itself")
    return figure


SKETCH = Figure(
    name="sketch",
    title="What sketches of pixels and of a hard stream miss, against their own certificate and the bound.",
    compute=compute_sketch,
    claims=sketch_claims,
    draw=draw_sketch,
    beside=sketch_beside,
    inputs=INPUTS,
    data=("split_mnist",),
)

"""Ranks of 36 matrices of a transformer under one budget, beside a uniform rule and a floor that nobody passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside, headline
from lrtheory.matrix_compression import allocate_ranks, load_transformer_weights
from lrtheory.matrix_compression.baselines import uniform_ranks

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("matrix_compression")["ranks"]
KINDS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "first map": "intermediate.dense",
    "second map": "layer.{}.output.dense",
}
LAYERS = 6
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"ratio": [1.5, 2, 3, 6]},
    "full": {"ratio": [1.25, 1.5, 2, 2.5, 3, 4, 6, 8]},
}


def compute_ranks(profile: str) -> dict[str, np.ndarray]:
    """Relative errors by ratio, (uniform, global, greedy, floor), and both choices of ranks at one half."""
    weights = load_transformer_weights()
    spectra = {name: np.linalg.svd(W.astype(float), compute_uv=False) for name, W in weights.items()}
    shapes = {name: W.shape for name, W in weights.items()}
    cost = {name: sum(shape) for name, shape in shapes.items()}
    total = sum(float((values**2).sum()) for values in spectra.values())
    numbers = sum(W.size for W in weights.values())
    rows, half = [], {}
    for ratio in INPUTS[profile]["ratio"]:
        uniform = uniform_ranks(spectra, shapes, ratio=ratio)
        best = allocate_ranks(spectra, numbers / ratio, cost=cost)
        greedy = allocate_ranks(spectra, numbers / ratio, cost=cost, method="greedy")
        floor = np.sqrt(max(0.0, 1 - min(best.certificate.bound, greedy.certificate.bound) / total))
        rows.append([uniform.error, best.error, greedy.error, floor])
        if ratio == 2:
            half = {"half_uniform": uniform.ranks, "half_global": best.ranks, "names": np.array(best.names)}
    return {"ratio": np.array(INPUTS[profile]["ratio"], float), "errors": np.array(rows), **half}


def ranks_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of the errors, or as ranks."""
    uniform, best, greedy, floor = arrays["errors"].T
    middle = np.isin(arrays["ratio"], (2, 3))
    chosen = by_kind(arrays, "half_global")
    return {
        "one budget errs at least 5 % less than the uniform rule at 1/2 and at 1/3": below(
            0.05, (1 - best / uniform)[middle]
        ),
        "one budget errs less than the uniform rule at every ratio": below(best, uniform),
        "one budget errs less than 0.1 % more than the floor": below(best / floor - 1, 1e-3),
        "no choice passes the floor": below(floor, np.minimum(best, greedy) + 1e-12),
        "greedy ranks err as much as one budget within 0.1 %": below(greedy / best - 1, 1e-3),
        "at 1/2 queries and keys get more than values and outputs in every layer": below(
            chosen[2:4].max(axis=0), chosen[:2].min(axis=0)
        ),
    }


def by_kind(arrays: Any, field: str) -> np.ndarray:
    """Return ranks as (kinds, layers)."""
    names = arrays["names"].tolist()
    rows = [
        [f"layer.{k}." + part if "{}" not in part else part.format(k) for k in range(LAYERS)] for part in KINDS.values()
    ]
    at = [[next(i for i, name in enumerate(names) if f".{part}." in name) for part in row] for row in rows]
    return arrays[field][np.array(at)].astype(float)


def ranks_beside(arrays: Any) -> list[Beside]:
    """Relative errors at one half and one third."""
    rows = []
    for word, column in (("uniform", 0), ("global", 1), ("floor", 3)):
        names = [f"relative error with 1/{round(1 / share)} of the parameters, {word}" for share in KNOWN["share"]]
        ours = [arrays["errors"][arrays["ratio"] == round(1 / share), column].item() for share in KNOWN["share"]]
        rows += beside(names, KNOWN[word], ours, KNOWN["source"])
    return rows


def draw_ranks(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors by share on the left, ranks at one half on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.2), width_ratios=(1, 1.3), layout="constrained")
    share = 1 / arrays["ratio"]
    for i, (column, label) in enumerate(((0, "the same share of each matrix"), (1, "one budget"))):
        look = {"color": COLORS[i], "marker": MARKERS[i], "markersize": 4}
        left.plot(share, arrays["errors"][:, column], label=label, **look)
    left.plot(share, arrays["errors"][:, 3], color="black", linestyle=":", label="certified floor (AB-5)")
    left.set(xlabel="share of the parameters", ylabel="relative error of all matrices")
    left.legend()
    chosen, uniform = by_kind(arrays, "half_global"), by_kind(arrays, "half_uniform")
    for i, name in enumerate(KINDS):
        x = 8 * i + np.arange(LAYERS)
        right.bar(x, chosen[i], color=COLORS[1], width=0.8, label="one budget" if i == 0 else None)
        right.plot(x, uniform[i], color=COLORS[0], marker="o", markersize=3, label=None if i else "the same share")
        right.text(x.mean(), -0.03, name, transform=right.get_xaxis_transform(), ha="center", va="top", fontsize=8)
    right.set(ylabel="rank at half the parameters", xticks=[], xlabel="\nsix layers of each kind")
    right.legend(loc="upper left")
    headline(
        figure,
        "36 matrices of a transformer, not trained afterwards. The paper of the uniform rule (arXiv:2310.10700) trains "
        "and loses 0.6 points with 1/3 to 2/3 of the parameters",
    )
    return figure


RANKS = Figure(
    name="ranks",
    title="Ranks of 36 matrices of a transformer under one budget, and the floor of all choices.",
    compute=compute_ranks,
    claims=ranks_claims,
    draw=draw_ranks,
    beside=ranks_beside,
    inputs=INPUTS,
    data=("transformer_weights",),
)

"""Layers of a sentence encoder as old encoders and its last one as the new one, judged by people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._style import COLORS
from figures._tools import MARKERS, below, headline, log_ticks
from lrtheory.compatible_representations import baselines, fit_map, load_encoder_layers

if TYPE_CHECKING:
    import matplotlib.figure

OLD, NEW = (3, 4, 5), 6
SIZES = (20, 50, 100, 300)
MAPS = ("plain rotation", "nearest to the identity", "shrunk by 0.03", "shrunk by 0.3")
INPUTS: dict[str, dict[str, Any]] = {profile: {"items": SIZES, "first": 10} for profile in ("quick", "full")}


def gains(similarity: np.ndarray) -> np.ndarray:
    """Human similarity above its least value, for all pairs; an item has none with itself."""
    other = ~np.eye(len(similarity), dtype=bool)
    return np.where(other, similarity - similarity[other].min(), 0.0)


def quality(queries: np.ndarray, items: np.ndarray, gain: np.ndarray, first: int) -> float:
    """Mean nDCG of the first items: each text asks for the others."""
    scores = queries @ items.T
    np.fill_diagonal(scores, -np.inf)
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :first]
    weights = 1 / np.log2(np.arange(2, first + 2))
    best = -np.sort(-gain, axis=1)[:, :first] @ weights
    return float((np.take_along_axis(gain, ranked, axis=1) @ weights / best).mean())


def map_of(kind: str, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """The matrix of a map from new to old features."""
    if kind == "plain rotation":
        return baselines.rotation(new, old)
    return fit_map(new, old, shrinkage=float(kind.split()[-1]) if "shrunk" in kind else 0.0).matrix


def compute_layers(profile: str) -> dict[str, np.ndarray]:
    """Qualities for each old layer: old alone, new alone, new in old, and with maps by their number of items."""
    data, first = load_encoder_layers(), INPUTS[profile]["first"]
    n, gain = data.n_judged, gains(data.similarity)
    features = {layer: np.asarray(rows, float) for layer, rows in data.features.items()}
    new, found, mapped = features[NEW], [], np.zeros((len(OLD), len(MAPS), len(SIZES)))
    for i, layer in enumerate(OLD):
        old = features[layer]
        pairs = (old, old), (new, new), (new, old)
        found.append([quality(queries[:n], items[:n], gain, first) for queries, items in pairs])
        for k, m in enumerate(SIZES):
            for j, kind in enumerate(MAPS):
                matrix = map_of(kind, new[n : n + m], old[n : n + m])
                mapped[i, j, k] = quality(new[:n] @ matrix, old[:n], gain, first)
    return {"plain": np.array(found), "mapped": mapped}


def layers_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as nDCG."""
    old, _, swapped = arrays["plain"].T
    return {
        "new queries in the old gallery beat old ones without a map, at every layer": below(old, swapped),
        "a rotation of 20 texts that is shrunk by 0.03 beats no map by more than 0.005": below(
            0.005, arrays["mapped"][:, 2, 0] - swapped
        ),
        "a plain rotation of 20 texts loses more than 0.08 against no map": below(
            0.08, swapped - arrays["mapped"][:, 0, 0]
        ),
    }


def draw_layers(arrays: Any) -> matplotlib.figure.Figure:
    """Draw quality against the number of texts, a panel an old layer."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(OLD), figsize=(9.2, 3.4), sharey=True, layout="constrained")
    for axis, layer, plain, mapped in zip(axes, OLD, arrays["plain"], arrays["mapped"], strict=True):
        for j, (kind, values) in enumerate(zip(MAPS, mapped, strict=True)):
            axis.plot(SIZES, values, marker=MARKERS[j], markersize=4, color=COLORS[j], label=kind)
        axis.axhline(plain[2], color="black", linestyle="--", label="no map")
        axis.axhline(plain[0], color="gray", linestyle=":", label="old queries")
        log_ticks(axis, SIZES)
        axis.set(title=f"old: layer {layer}, new: layer {NEW}", xlabel="texts encoded by both")
    axes[0].set_ylabel("nDCG of ten")
    axes[1].legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)
    headline(
        figure,
        "Layers of one network share a frame: new queries gain without a map, a plain rotation of few texts hurts, "
        "and one that stays near the identity helps",
    )
    return figure


LAYERS = Figure(
    name="layers",
    title="Search quality of a sentence encoder's last layer in galleries of earlier layers, by maps and texts.",
    compute=compute_layers,
    claims=layers_claims,
    draw=draw_layers,
    inputs=INPUTS,
    data=("encoder_layers",),
)

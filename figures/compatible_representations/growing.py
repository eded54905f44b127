"""Encoders that learn more and more classes: three ways to judge them, which do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._style import COLORS
from figures._tools import below, headline
from figures.compatible_representations.runs import HEADS
from lrtheory.compatible_representations import baselines, cross_test, fit_map, load_digits_versions

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = (2, 4, 6, 8, 10)
WAYS = ("all ten classes", "classes that the\nold version knew", "these, with\na rotation")
INPUTS: dict[str, dict[str, Any]] = {"quick": {"seeds": 2}, "full": {"seeds": 10}}


def averages(head: str, seed: int) -> np.ndarray:
    """Average accuracy of all pairs of versions, in each of the three ways."""
    data = load_digits_versions(KNOWN, by="classes", rng=seed)
    models = baselines.independent(data.versions, n_classes=10, head=head, rng=seed)  # type: ignore[arg-type]
    queries, items = ([one.features(rows) for one in models] for rows in (data.queries, data.gallery))
    found = np.full((3, len(KNOWN), len(KNOWN)), np.nan)
    for j, n_classes in enumerate(KNOWN):
        for way, most in enumerate((10, n_classes, n_classes)):
            asked, kept = data.query_labels < most, data.gallery_labels < most
            labels = data.query_labels[asked], data.gallery_labels[kept]
            gallery, tested = items[j][kept], [queries[j][asked]]
            for i in range(j + 1, len(KNOWN)):
                later = queries[i][asked]
                tested.append(fit_map(items[i][kept], gallery).apply(later) if way == 2 else later)
            found[way, j:, j] = cross_test([(one, gallery) for one in tested], *labels).matrix[:, 0]
    return np.nanmean(found, axis=(1, 2))


def compute_growing(profile: str) -> dict[str, np.ndarray]:
    """Average accuracies, (heads, ways, seeds)."""
    seeds = INPUTS[profile]["seeds"]
    rows = each(averages, [(head, seed) for head in HEADS for seed in range(seeds)])
    return {"average": np.reshape(rows, (len(HEADS), seeds, len(WAYS))).swapaxes(1, 2)}


def growing_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of queries."""
    mean = arrays["average"].mean(axis=2)
    return {
        "on the classes that an old version knew the simplex finds more than 0.95": below(0.95, mean[0, 1]),
        "learned prototypes find less than 0.75 of them, and with a rotation more than 0.95": below(
            max(mean[1, 1] - 0.75, 0.95 - mean[1, 2]), 0
        ),
        "on all ten classes even the simplex finds less than 0.7": below(mean[0, 0], 0.7),
    }


def draw_growing(arrays: Any) -> matplotlib.figure.Figure:
    """Draw a group of bars for each way."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 3.3), layout="constrained")
    x = np.arange(len(WAYS))
    for number, (label, mean) in enumerate(
        zip(("fixed simplex", "learned prototypes"), arrays["average"].mean(axis=2), strict=True)
    ):
        bars = axis.bar(x + 0.4 * number - 0.2, mean, 0.38, color=COLORS[number], label=label)
        axis.bar_label(bars, fmt="%.2f")
    axis.set_xticks(x, WAYS)
    axis.set(ylabel="average accuracy", ylim=(0, 1.12))
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    headline(figure, "Versions that know 2, 4, 6, 8 and 10 digits: which classes are asked for decides what is seen")
    return figure


GROWING = Figure(
    name="growing",
    title="Average accuracy of encoders that learn more and more classes, by which classes are asked for.",
    compute=compute_growing,
    claims=growing_claims,
    draw=draw_growing,
    inputs=INPUTS,
    data=("digits_versions",),
)

"""The definition of compatibility against the service: gaps, and what a replacement gains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._style import COLORS
from figures._tools import below, headline
from figures.compatible_representations.runs import pair
from lrtheory.compatible_representations import compatibility_gap
from lrtheory.compatible_representations.theory import gap_rays

if TYPE_CHECKING:
    import matplotlib.figure

INPUTS: dict[str, dict[str, Any]] = {"quick": {"seeds": 5}, "full": {"seeds": 20}}
K = 10


def class_means(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of the rows of each class."""
    return np.array([rows[labels == y].mean(axis=0) for y in range(K)])


def judged(seed: int) -> np.ndarray:
    """Both gaps, what new queries gain, lengths of old means along and off their rays, and the gap of rays."""
    one = pair("simplex", seed)
    gap = compatibility_gap(one.new_queries, one.old_queries, one.old_gallery, **one.labels, delta=None)
    old, new = one.accuracies(one.new_queries)
    W = one.old.prototypes
    items = class_means(one.old_gallery, one.labels["gallery_labels"])
    asked = class_means(one.new_queries, one.labels["query_labels"])
    along, after = ((means * W).sum(axis=1) for means in (items, asked))
    off = np.linalg.norm(items - along[:, None] * W, axis=1)
    rays = gap_rays(float(along.mean()), float(after.mean()), n_classes=K)[0]
    return np.array([gap.same, gap.different, new - old, along.mean(), off.mean(), rays], float)


def compute_definition(profile: str) -> dict[str, np.ndarray]:
    """One array for each number, by seed."""
    rows = np.array(each(judged, [(seed,) for seed in range(INPUTS[profile]["seeds"])]))
    return dict(zip(("same", "different", "gain", "along", "off", "rays"), rows.T, strict=True))


def definition_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of seeds, or as gaps."""
    broken = (arrays["same"] < 0) & (arrays["gain"] > 0)
    return {
        "at more than half of the seeds the definition fails for equal classes, and the service gains": below(
            0.5, broken.mean()
        ),
        "at no seed the definition holds for equal classes, and the service loses": below(
            ((arrays["same"] > 0) & (arrays["gain"] < 0)).mean(), 0.001
        ),
        "at every seed means on the rays of the simplex would have a gap above 0": below(0, arrays["rays"]),
        "old means are off their rays by half of their length along them": below(
            0.5, (arrays["off"] / arrays["along"]).mean()
        ),
    }


def draw_definition(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the gain against the gap of equal classes, and this gap beside that of means on the rays."""
    import matplotlib.pyplot as plt

    figure, (service, rays) = plt.subplots(1, 2, figsize=(7.8, 3.3), layout="constrained")
    service.axhline(0, color="gray", linewidth=0.8)
    service.axvline(0, color="gray", linewidth=0.8)
    service.plot(arrays["same"], arrays["gain"], "o", color=COLORS[0])
    low, high = service.get_xlim()
    service.set_xlim(min(low, -0.02), max(high, 0.08))
    service.text(0.98, 0.98, "gap above 0:\nthe definition\nholds", ha="right", va="top", transform=service.transAxes)
    service.set(xlabel="mean gap of equal classes", ylabel="accuracy gained", title="a point a training")
    order = np.argsort(arrays["same"])
    x = np.arange(len(order))
    rays.bar(x - 0.2, arrays["rays"][order], 0.4, color=COLORS[1], label="means on the rays")
    rays.bar(x + 0.2, arrays["same"][order], 0.4, color=COLORS[0], label="measured")
    rays.axhline(0, color="gray", linewidth=0.8)
    rays.set(xlabel="training", ylabel="mean gap of equal classes", title="what the rays would say", xticks=[])
    rays.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
    gained = int((arrays["gain"] > 0).sum())
    headline(
        figure,
        f"Encoders of 30 and of 800 digits on one simplex: the swap gains in {gained} of {len(order)} trainings, and "
        f"the definition fails in {int((arrays['same'] < 0).sum())}, since old means are off their rays",
    )
    return figure


DEFINITION = Figure(
    name="definition",
    title="Gaps of the definition of compatibility, beside the accuracy that a replacement gains.",
    compute=compute_definition,
    claims=definition_claims,
    draw=draw_definition,
    inputs=INPUTS,
    data=("digits_versions",),
)

"""Accuracy of new queries on an old gallery, by the number of items on which a map was fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._tools import below, draw_runs, headline, log_ticks
from figures.compatible_representations.runs import HEADS, pair
from lrtheory.compatible_representations import fit_map

if TYPE_CHECKING:
    import matplotlib.figure

SIZES = (10, 30, 100, 500)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"seeds": 5, "items": SIZES},
    "full": {"seeds": 20, "items": SIZES},
}


def by_items(head: str, seed: int) -> np.ndarray:
    """Accuracies on the old gallery: of the old queries, of the new ones, and of the new ones with each map."""
    one = pair(head, seed)
    found = one.accuracies(one.new_queries).tolist()
    for n in SIZES:
        rotation = fit_map(one.new_gallery[:n], one.old_gallery[:n])
        found.append(one.accuracies(rotation.apply(one.new_queries))[1])
    return np.array(found)


def compute_items(profile: str) -> dict[str, np.ndarray]:
    """Accuracies, (heads, seeds), of old and of new queries, and with maps, (heads, sizes, seeds)."""
    seeds = INPUTS[profile]["seeds"]
    tables = each(by_items, [(head, seed) for head in HEADS for seed in range(seeds)])
    found = np.reshape(tables, (len(HEADS), seeds, -1))
    return {"old": found[:, :, 0], "new": found[:, :, 1], "mapped": found[:, :, 2:].swapaxes(1, 2)}


def items_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of queries."""
    none, mapped = arrays["new"].mean(axis=1), arrays["mapped"].mean(axis=2)
    return {
        "a rotation fitted on 100 items beats no map, with and without a simplex": below(none, mapped[:, 2]),
        "a rotation fitted on 10 items hurts the simplex by more than 0.1": below(0.1, none[0] - mapped[0, 0]),
        "without a map, learned prototypes find less than a fifth": below(none[1], 0.2),
        "with 500 items new queries are 0.1 better than old ones": below(
            0.1, (mapped[:, 3] - arrays["old"].mean(axis=1))
        ),
    }


def draw_items(arrays: Any) -> matplotlib.figure.Figure:
    """Draw accuracy against the number of items, a panel a head."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.2), sharey=True, layout="constrained")
    titles = "fixed simplex", "learned prototypes"
    for number, (axis, title) in enumerate(zip(axes, titles, strict=True)):
        draw_runs(axis, SIZES, arrays["mapped"][number], number, label="rotation")
        axis.axhline(arrays["new"][number].mean(), color="black", linestyle="--", label="no map")
        axis.axhline(arrays["old"][number].mean(), color="gray", linestyle=":", label="old queries")
        log_ticks(axis, SIZES)
        axis.set(title=title, xlabel="items encoded by both", ylim=(0, 1))
    axes[0].set_ylabel("accuracy on the old gallery")
    axes[1].legend(loc="center right")
    none, mapped = arrays["new"].mean(axis=1), arrays["mapped"].mean(axis=2)
    headline(
        figure,
        f"New queries on an old gallery: a rotation of 10 items hurts where spaces agree ({none[0]:.2f} to "
        f"{mapped[0, 0]:.2f}), and one of 100 helps both",
    )
    return figure


ITEMS = Figure(
    name="items",
    title="Accuracy of new queries on an old gallery, by the number of items on which a map was fitted.",
    compute=compute_items,
    claims=items_claims,
    draw=draw_items,
    inputs=INPUTS,
    data=("digits_versions",),
)

"""Quality of a service while its gallery is encoded anew, by the share that is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._style import COLORS
from figures._tools import MARKERS, below, headline
from figures.compatible_representations.runs import pair
from lrtheory.compatible_representations import Encodings, fit_map, mixed_test

if TYPE_CHECKING:
    import matplotlib.figure

SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
FITTED = 100
WAYS = (("simplex", False), ("simplex", True), ("learned", False), ("learned", True))
LABELS = ("fixed simplex", "fixed simplex, rotation of 100", "learned", "learned, rotation of 100")
INPUTS: dict[str, dict[str, Any]] = {"quick": {"seeds": 3}, "full": {"seeds": 20}}


def migrated(head: str, is_mapped: bool, seed: int) -> np.ndarray:
    """Accuracies by share, those of old queries, and whether the answer is yes by share."""
    one = pair(head, seed)
    old = Encodings(one.old_queries, one.old_gallery, **one.labels)
    new = Encodings(one.new_queries, one.new_gallery, **one.labels)
    back = fit_map(one.new_gallery[:FITTED], one.old_gallery[:FITTED]) if is_mapped else None
    found = mixed_test(new, old, shares=SHARES, backward_map=back, rng=seed)
    answers = [verdict == "yes" for verdict in found.verdicts]
    return np.array([found.accuracies, np.full(len(SHARES), found.old_accuracy), answers])


def compute_migration(profile: str) -> dict[str, np.ndarray]:
    """Accuracies, old ones and answers, (ways, seeds, shares)."""
    seeds = INPUTS[profile]["seeds"]
    rows = each(migrated, [(*way, seed) for way in WAYS for seed in range(seeds)])
    found = np.reshape(rows, (len(WAYS), seeds, 3, len(SHARES)))
    return dict(zip(("accuracy", "old", "yes"), np.moveaxis(found, 2, 0), strict=True))


def migration_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of queries or of seeds."""
    mean, yes = arrays["accuracy"].mean(axis=1), arrays["yes"].mean(axis=1)
    return {
        "before anything is encoded anew learned prototypes find less than a fifth": below(mean[2, 0], 0.2),
        "a rotation of 100 items lifts the first answers of both kinds by 0.03": below(
            0.03, mean[[1, 3], 0] - mean[[0, 2], 0]
        ),
        "with a quarter encoded anew and a rotation the answer is yes at every seed": below(0.999, yes[[1, 3], 3]),
    }


def draw_migration(arrays: Any) -> matplotlib.figure.Figure:
    """Draw accuracy against the share, with a mark where the answer is yes at every seed."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
    for j, (label, accuracy, yes) in enumerate(zip(LABELS, arrays["accuracy"], arrays["yes"], strict=True)):
        mean, sure = accuracy.mean(axis=0), yes.all(axis=0)
        axis.plot(SHARES, mean, color=COLORS[j], linestyle="-" if WAYS[j][1] else "--", label=label)
        for kept, face in ((sure, COLORS[j]), (~sure, "white")):
            axis.plot(
                np.array(SHARES)[kept], mean[kept], MARKERS[j], color=COLORS[j], markerfacecolor=face, markersize=5
            )
    old = float(arrays["old"].mean())
    axis.axhline(old, color="gray", linestyle=":", label="old queries, old gallery (mean)")
    axis.set(xlabel="share of the gallery that is encoded anew", ylabel="accuracy of new queries", ylim=(0, 1))
    axis.legend(loc="lower right", title="filled: may be switched, at every seed", fontsize="small")
    headline(figure, "New queries while the gallery is encoded anew: a few new items answer most, and a map the rest")
    return figure


MIGRATION = Figure(
    name="migration",
    title="Accuracy of new queries by the share of the gallery that is encoded anew.",
    compute=compute_migration,
    claims=migration_claims,
    draw=draw_migration,
    inputs=INPUTS,
    data=("digits_versions",),
)

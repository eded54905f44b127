"""Accuracies of every version's queries on the galleries of all earlier ones, by how versions are trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import below, beside, headline
from figures.compatible_representations.runs import digits
from lrtheory.compatible_representations import SmallEncoder, baselines, cross_test, fit_map

if TYPE_CHECKING:
    import matplotlib.figure

INPUTS: dict[str, dict[str, Any]] = {"quick": {"seeds": 2}, "full": {"seeds": 10}}
SIZES = (30, 60, 120, 300, 800)
KNOWN = published("compatible_representations")["versions"]
KINDS = {
    "simplex": "simplex",
    "simplex, continued": "simplex,\ngoing on",
    "learned": "learned\nprototypes",
    "learned, continued": "learned,\ngoing on",
    "learned, rotated": "learned,\nrotated",
    "learned, affine": "learned,\naffine map",
}


def encoders(kind: str, seed: int) -> list[SmallEncoder]:
    """All versions: trained anew, or going on from the version before."""
    way = baselines.finetune if kind.endswith("continued") else baselines.independent
    head: Any = kind.partition(",")[0]
    return way(digits(seed).versions, n_classes=10, head=head, rng=seed)


def table(kind: str, seed: int) -> np.ndarray:
    """Accuracies of the queries of each version on the templates of each earlier one; NaN for later ones."""
    data, models = digits(seed), encoders(kind, seed)
    queries, items = ([one.features(rows) for one in models] for rows in (data.queries, data.gallery))
    labels = {"query_labels": data.query_labels, "gallery_labels": data.gallery_labels}
    method = {"learned, rotated": "rotation", "learned, affine": "affine"}.get(kind)
    if method is None:
        return cross_test(list(zip(queries, items, strict=True)), **labels).matrix
    found = np.full((len(models), len(models)), np.nan)
    for j, gallery in enumerate(items):
        maps: Sequence[Any] = [fit_map(items[i], gallery, method=method) for i in range(j + 1, len(models))]  # type: ignore[arg-type]
        mapped = [queries[j], *(one.apply(queries[j + 1 + k]) for k, one in enumerate(maps))]
        found[j:, j] = cross_test([(one, gallery) for one in mapped], **labels).matrix[:, 0]
    return found


def compute_versions(profile: str) -> dict[str, np.ndarray]:
    """Matrices of accuracies, (kinds, seeds, versions, versions), and their means on and below the diagonal."""
    seeds = INPUTS[profile]["seeds"]
    tables = each(table, [(kind, seed) for kind in KINDS for seed in range(seeds)])
    matrices = np.reshape(tables, (len(KINDS), seeds, len(SIZES), len(SIZES)))
    return {"matrices": matrices, "average": np.nanmean(matrices, axis=(2, 3))}


def means(arrays: Any) -> dict[str, float]:
    """Average accuracy of each kind, over the seeds."""
    return dict(zip(KINDS, arrays["average"].mean(axis=1).tolist(), strict=True))


def versions_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of queries."""
    mean = means(arrays)
    return {
        "with a fixed simplex the average accuracy is 0.4 above that of prototypes learned anew": below(
            0.4, mean["simplex"] - mean["learned"]
        ),
        "a rotation fitted on 500 items brings it to within 0.03 of the simplex": below(
            abs(mean["learned, rotated"] - mean["simplex"]), 0.03
        ),
        "learned prototypes that go on from the version before are within 0.05 of the simplex": below(
            abs(mean["learned, continued"] - mean["simplex"]), 0.05
        ),
    }


def versions_beside(arrays: Any) -> list[Beside]:
    """Average accuracies of all kinds."""
    names = [f"average accuracy, {kind}" for kind in KINDS]
    return beside(names, KNOWN["average"], np.array([*means(arrays).values()]), KNOWN["source"])


def draw_versions(arrays: Any) -> matplotlib.figure.Figure:
    """Draw a matrix for each kind."""
    import matplotlib.pyplot as plt

    mean = means(arrays)
    figure, axes = plt.subplots(1, len(KINDS), figsize=(9.2, 2.7), sharey=True, layout="constrained")
    ticks = np.arange(len(SIZES))
    for axis, (kind, title), matrix in zip(axes, KINDS.items(), arrays["matrices"].mean(axis=1), strict=True):
        image = axis.imshow(matrix, cmap="cividis", vmin=0, vmax=1)
        axis.set(title=title, xticks=ticks, yticks=ticks, yticklabels=SIZES, xlabel=f"mean {mean[kind]:.2f}")
        axis.set_xticklabels(SIZES, rotation=90)
    axes[0].set_ylabel("digits that the\nqueries' version knows")
    figure.colorbar(image, ax=axes, label="accuracy", shrink=0.8)
    headline(
        figure,
        "Queries of each version of an encoder (row) on the templates of a gallery that an earlier version has "
        "indexed (column)",
    )
    return figure


VERSIONS = Figure(
    name="versions",
    title="Accuracies of queries of later versions on galleries of earlier ones, by how versions are trained.",
    compute=compute_versions,
    claims=versions_claims,
    draw=draw_versions,
    beside=versions_beside,
    inputs=INPUTS,
    data=("digits_versions",),
)

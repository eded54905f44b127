"""Encoders of digits that several figures compare: an oldest and a newest version, or all of them."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from lrtheory.compatible_representations import SmallEncoder, Versions, baselines, cross_test, load_digits_versions

HEADS = ("simplex", "learned")


class Pair(NamedTuple):
    """Features of the queries and of the gallery by an old and a new encoder, and the classes of both."""

    old: SmallEncoder
    old_queries: np.ndarray
    new_queries: np.ndarray
    old_gallery: np.ndarray
    new_gallery: np.ndarray
    labels: dict[str, np.ndarray]

    def accuracies(self, queries: np.ndarray) -> np.ndarray:
        """Accuracies on the templates of the old gallery: of the old queries, and of others."""
        models = (self.old_queries, self.old_gallery), (queries, self.old_gallery)
        return cross_test(models, **self.labels).matrix[:, 0]


@functools.cache
def digits(seed: int) -> Versions:
    """The digits in five portions, the rows in an order of their own."""
    return load_digits_versions(rng=seed)


@functools.cache
def pair(head: str, seed: int) -> Pair:
    """An encoder of the first 30 digits, and one of all 800 that was trained by itself."""
    data = digits(seed)
    ends = data.versions[0], data.versions[-1]
    old, new = baselines.independent(ends, n_classes=10, head=head, rng=seed)  # type: ignore[arg-type]
    features = [encoder.features(rows) for rows in (data.queries, data.gallery) for encoder in (old, new)]
    labels = {"query_labels": data.query_labels, "gallery_labels": data.gallery_labels}
    return Pair(old, *features, labels)

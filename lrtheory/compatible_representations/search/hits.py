"""Hits: whether a query finds an item, or a template, of its own class."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lrtheory.compatible_representations.search.features import Classes, unit_rows
from lrtheory.compatible_representations.search.nearest import nearest
from lrtheory.compatible_representations.search.templates import template_scores

__all__ = ["METRICS", "Metric", "found_classes", "hits_of", "unanswerable"]

Metric = Literal["template", "nearest"]
METRICS = ("template", "nearest")


def found_classes(
    queries: np.ndarray, gallery: np.ndarray, classes: Classes, metric: Metric, exclude: np.ndarray | None = None
) -> np.ndarray:
    """The class that each query finds, -1 for none; cosines decide.

    Parameters
    ----------
    queries : array of shape (n, d)
        Rows, none of them zero.
    gallery : array of shape (m, d)
        Rows, none of them zero.
    classes : Classes
        Classes of both.
    metric : {"template", "nearest"}
        Whether the nearest template or the nearest item decides.
    exclude : int array of shape (n,), optional
        Item that a query must not find, -1 for none.

    Returns
    -------
    int64 array of shape (n,)
        Numbers of classes.
    """
    unit_queries, unit_gallery = unit_rows(queries), unit_rows(gallery)
    if metric == "template":
        scores = template_scores(unit_queries, unit_gallery, classes.gallery, classes.n_in_gallery, exclude)
        return np.where(np.isneginf(scores.max(axis=1)), -1, scores.argmax(axis=1))  # the first of equal ones
    items = nearest(unit_queries, unit_gallery, exclude)
    return np.where(items >= 0, classes.gallery[items], -1)


def hits_of(
    queries: np.ndarray, gallery: np.ndarray, classes: Classes, metric: Metric, exclude: np.ndarray | None = None
) -> np.ndarray:
    """Whether each query finds its own class; see `found_classes`."""
    found: np.ndarray = found_classes(queries, gallery, classes, metric, exclude) == classes.queries
    return found


def unanswerable(classes: Classes, exclude: np.ndarray | None = None) -> int:
    """Queries without an item of their class in the gallery, beside the one that is excluded."""
    counts = np.bincount(classes.gallery, minlength=len(classes.names))[classes.queries]
    if exclude is not None:
        counts = counts - ((exclude >= 0) & (classes.gallery[exclude] == classes.queries))
    return int((counts == 0).sum())

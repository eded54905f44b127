"""Templates: the mean direction of each class of a gallery, and its products with queries."""

from __future__ import annotations

import numpy as np

__all__ = ["class_sums", "template_scores", "templates"]

#: rows that become doubles at a time, few enough for a cache
PART = 256


def class_sums(rows: np.ndarray, classes: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The sum of the rows of each class in double precision, and their numbers.

    Parameters
    ----------
    rows : array of shape (m, d)
        Features.
    classes : int array of shape (m,)
        Classes from 0 to n_classes - 1.
    n_classes : int
        Number of classes, some of which may have no row.

    Returns
    -------
    sums : float64 array of shape (n_classes, d)
        Sums; zeros for a class without rows.
    counts : int64 array of shape (n_classes,)
        Numbers of rows.
    """
    counts = np.bincount(classes, minlength=n_classes)
    order = np.argsort(classes, kind="stable")
    ordered, sums = classes[order], np.zeros((n_classes, rows.shape[1]))
    for start in range(0, len(rows), PART):
        some = ordered[start : start + PART]
        firsts = np.flatnonzero(np.diff(some, prepend=-1))
        part = rows[order[start : start + PART]].astype(np.float64)
        sums[some[firsts]] += np.add.reduceat(part, firsts, axis=0)
    return sums, counts


def templates(gallery: np.ndarray, classes: np.ndarray, n_classes: int) -> np.ndarray:
    """The normalized mean of the rows of each class.

    Parameters
    ----------
    gallery : array of shape (m, d)
        Rows of norm 1.
    classes : int array of shape (m,)
        Classes of the rows.
    n_classes : int
        Number of classes, each of which has a row.

    Returns
    -------
    float64 array of shape (n_classes, d)
        Rows of norm 1; zeros for a class whose rows cancel.
    """
    return _directions(class_sums(gallery, classes, n_classes)[0])


def template_scores(
    queries: np.ndarray, gallery: np.ndarray, classes: np.ndarray, n_classes: int, exclude: np.ndarray | None = None
) -> np.ndarray:
    """The product of each query with each template.

    Parameters
    ----------
    queries : array of shape (n, d)
        Rows of norm 1.
    gallery : array of shape (m, d)
        Rows of norm 1.
    classes : int array of shape (m,)
        Classes of the gallery.
    n_classes : int
        Number of classes.
    exclude : int array of shape (n,), optional
        Item that does not count for a query, -1 for none.

    Returns
    -------
    array of shape (n, n_classes)
        Scores; minus infinity for a class without rows.
    """
    sums, counts = class_sums(gallery, classes, n_classes)
    scores = queries @ _directions(sums).astype(queries.dtype).T
    scores[:, counts == 0] = -np.inf
    if exclude is not None:
        asked = np.flatnonzero(exclude >= 0)
        items = exclude[asked]
        own = classes[items]
        left = _directions(sums[own] - gallery[items])
        scores[asked, own] = np.einsum("ij,ij->i", queries[asked], left)
        alone = counts[own] == 1
        scores[asked[alone], own[alone]] = -np.inf
    return scores


def _directions(sums: np.ndarray) -> np.ndarray:
    """Rows of norm 1; sums of rows of norm 1 that are nothing but rounding stay zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", sums, sums))
    lengths = np.where(lengths > 1e-12, lengths, np.inf)
    found: np.ndarray = sums / lengths[:, None]
    return found

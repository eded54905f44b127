"""Baselines that a user would try: encoders trained anew or further, plain maps, and gaps by all pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrtheory._array import arrays
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import generator, must, pairs
from lrtheory.compatible_representations.search.features import check_width, classes_of, on_host
from lrtheory.compatible_representations.train import Head, SmallEncoder, train

__all__ = ["affine", "all_pairs", "finetune", "independent", "rotation"]


@arrays("host")
def rotation(new: ArrayLike, old: ArrayLike) -> np.ndarray:
    """Fit a rotation by one singular value decomposition, whatever it leaves open.

    Where there are fewer items than dimensions, the free part is what the decomposition happens to return; that may
    turn the other dimensions anywhere.

    Arrays: any (copied to the host)

    Parameters
    ----------
    new, old : array of shape (n, d)
        Items by the new encoder, and the same items by the old one.

    Returns
    -------
    float64 array of shape (d, d)
        Orthogonal matrix for rows from the right.

    Raises
    ------
    ValueError
        If the shapes differ, or a row is zero or not finite.

    References
    ----------
    .. [1] P. Schoenemann, A generalized solution of the orthogonal Procrustes problem, Psychometrika 31, 1966.

    Examples
    --------
    >>> rotation([[0.0, 1.0], [-1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]).round(6).tolist()
    [[0.0, -1.0], [1.0, 0.0]]
    """
    F, B = _both(new, old)
    check_width("new", F, "old", B)
    U, _, V = np.linalg.svd(F.T @ B)
    found: np.ndarray = U @ V
    return found


@arrays("host")
def affine(new: ArrayLike, old: ArrayLike) -> np.ndarray:
    """Fit any matrix with an offset by least squares.

    Arrays: any (copied to the host)

    Parameters
    ----------
    new, old : array of shape (n, d_new) and (n, d_old)
        Items by the new encoder, and the same items by the old one.

    Returns
    -------
    float64 array of shape (d_new + 1, d_old)
        Matrix for rows (x, 1) from the right: the offset is the last row.

    Raises
    ------
    ValueError
        If the numbers of rows differ, or a row is zero or not finite.

    Examples
    --------
    >>> affine([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[1.0], [3.0], [3.0]]).round(6).tolist()
    [[2.0], [0.0], [1.0]]
    """
    F, B = _both(new, old)
    found: np.ndarray = np.linalg.lstsq(np.hstack([F, np.ones((len(F), 1))]), B, rcond=None)[0]
    return found + 0.0


def _both(new: ArrayLike, old: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    F, B = (on_host(name, one).astype(np.float64) for name, one in (("new", new), ("old", old)))
    if len(F) != len(B):
        raise must("new", f"of as many rows as `old`, {len(B)}", len(F))
    return F, B


@arrays("host")
def all_pairs(
    new: ArrayLike, old: ArrayLike, gallery: ArrayLike, *, query_labels: ArrayLike, gallery_labels: ArrayLike
) -> tuple[float, float]:
    """Average the gaps of all pairs from their matrix, which `compatibility_gap` does without it.

    Arrays: any (copied to the host)

    Parameters
    ----------
    new, old : array of shape (n, d)
        Queries by both encoders.
    gallery : array of shape (m, d)
        Gallery by the old encoder.
    query_labels, gallery_labels : sequence of n and of m labels
        Classes, by labels of any kind.

    Returns
    -------
    same, different : float
        Means over the pairs of equal and of unlike classes; NaN without such pairs.

    Raises
    ------
    ValueError
        If shapes do not fit, or a row is zero or not finite.

    Examples
    --------
    >>> old = [[1.0, 0.0], [0.0, 1.0]]
    >>> all_pairs([[0.0, 1.0], [0.0, 1.0]], old, old, query_labels=[0, 1], gallery_labels=[0, 1])
    (-0.5, 0.5)
    """
    F, B, G = (
        on_host(name, one).astype(np.float64) for name, one in (("new", new), ("old", old), ("gallery", gallery))
    )
    check_width("new", F, "old", B)
    check_width("gallery", G, "old", B)
    classes = classes_of(query_labels, gallery_labels, len(B), len(G))
    gaps = (F - B) @ G.T
    same = classes.queries[:, None] == classes.gallery[None, :]
    means = [float(gaps[kind].mean()) if kind.any() else float("nan") for kind in (same, ~same)]
    return means[0], means[1]


def independent(
    versions: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    n_classes: int,
    head: Head = "learned",
    epochs: int = 60,
    rng: Rng = None,
) -> list[SmallEncoder]:
    """Train every version of an encoder from weights that are drawn anew.

    Parameters
    ----------
    versions : sequence of pairs of arrays of shape (n, d) and (n,)
        Inputs and classes that each version learns from.
    n_classes : int
        Prototypes.
    head : {"simplex", "learned"}
        As in `train`.
    epochs : int
        Passes over the rows of each version.
    rng : int, SeedSequence, Generator or None
        Source of all draws.

    Returns
    -------
    list of SmallEncoder
        One encoder for each version.

    Raises
    ------
    TypeError
        If `versions` is not a sequence of pairs.
    ValueError
        If `train` refuses the rows of a version or an option.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.eye(3), np.arange(3)
    >>> len(independent([data, data], n_classes=3, epochs=1, rng=0))
    2
    """
    draws = generator(rng)
    return [
        train(X, y, n_classes=n_classes, head=head, epochs=epochs, rng=draws) for X, y in pairs("versions", versions)
    ]


def finetune(
    versions: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    n_classes: int,
    head: Head = "learned",
    epochs: int = 60,
    rng: Rng = None,
) -> list[SmallEncoder]:
    """Train every version of an encoder on from the one before.

    Parameters
    ----------
    versions : sequence of pairs of arrays of shape (n, d) and (n,)
        Inputs and classes that each version learns from.
    n_classes : int
        Prototypes.
    head : {"simplex", "learned"}
        As in `train`.
    epochs : int
        Passes over the rows of each version.
    rng : int, SeedSequence, Generator or None
        Source of all draws.

    Returns
    -------
    list of SmallEncoder
        One encoder for each version.

    Raises
    ------
    TypeError
        If `versions` is not a sequence of pairs.
    ValueError
        If `train` refuses the rows of a version or an option.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.eye(3), np.arange(3)
    >>> len(finetune([data, data], n_classes=3, epochs=1, rng=0))
    2
    """
    draws, found = generator(rng), list[SmallEncoder]()
    for X, y in pairs("versions", versions):
        init = found[-1] if found else None
        found.append(train(X, y, n_classes=n_classes, head=head, epochs=epochs, init=init, rng=draws))
    return found

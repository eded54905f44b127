r"""The regular simplex: prototypes that stay, their logits in linear time, and heads turned onto one another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, real_array
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import choice, integer, must, real
from lrtheory.compatible_representations.search.features import on_host

__all__ = ["HeadAlignment", "align_head", "simplex_logits", "simplex_prototypes"]


def simplex_prototypes(n_classes: int, *, dtype: type | np.dtype | str = np.float64) -> np.ndarray:
    r"""Make K unit vectors that are as far apart as K vectors can be (statements SX-1 and SX-1b).

    Parameters
    ----------
    n_classes : int
        K, at least 2; for two classes the vectors are 1 and -1.
    dtype : {float64, float32}
        Kind of number.

    Returns
    -------
    array of shape (n_classes, n_classes - 1)
        Rows of norm 1 with products -1 / (K - 1) and sum 0.

    Raises
    ------
    TypeError
        If `n_classes` is not an integer.
    ValueError
        If it is below 2.

    Notes
    -----
    The rows of the identity of size K - 1 and a last row of alpha = (1 - sqrt(K)) / (K - 1) have one distance from
    each other [1]_; they are centred and divided by their norm.

    References
    ----------
    .. [1] F. Pernici, M. Bruni, C. Baecchi, A. Del Bimbo, Regular Polytope Networks, IEEE Transactions on Neural
       Networks and Learning Systems 33, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> W = simplex_prototypes(3)
    >>> (W @ W.T).round(12).tolist()
    [[1.0, -0.5, -0.5], [-0.5, 1.0, -0.5], [-0.5, -0.5, 1.0]]
    """
    K = checked_classes(n_classes)
    kind = np.dtype(choice("dtype", np.dtype(dtype), (np.dtype(np.float64), np.dtype(np.float32))))
    first, mean, norm = _frame(K)
    W = np.full((K, K - 1), -mean / norm)
    W[: K - 1][np.diag_indices(K - 1)] = (1 - mean) / norm
    W[K - 1] = (first - mean) / norm
    return W.astype(kind)


def checked_classes(value: Any) -> int:
    """Two classes or more."""
    K = integer("n_classes", value, low=-(2**62))
    if K < 2:
        raise must("n_classes", "at least 2", value)
    return K


def _frame(K: int) -> tuple[float, float, float]:
    """alpha, the entries of the mean of the rows, and the norm of a centred row."""
    alpha = (1 - math.sqrt(K)) / (K - 1)
    mean = (1 + alpha) / K
    return alpha, mean, math.sqrt((1 - mean) ** 2 + (K - 2) * mean**2)


@arrays("device")
def simplex_logits(features: ArrayLike, n_classes: int, *, scale: float = 1.0) -> Array:
    r"""Compute the products of features with all vertices of a simplex, in a time linear in their number (SX-19).

    Arrays: any (device)

    Parameters
    ----------
    features : array of shape (n, n_classes - 1)
        Rows of features.
    n_classes : int
        K, at least 2.
    scale : float
        Factor of the logits.

    Returns
    -------
    array of shape (n, n_classes)
        ``scale * features @ simplex_prototypes(n_classes).T``.

    Raises
    ------
    TypeError
        If the entries are not real numbers.
    ValueError
        If `features` has another width, or an entry is not finite.

    Notes
    -----
    In the frame of `simplex_prototypes` with alpha = (1 - sqrt(K)) / (K - 1), m = (1 + alpha) / K, the norm nu of a
    centred row, and the sum S of the entries of f, the logits are (f_i - m S) / nu, and the last one is
    (alpha - m) S / nu.

    Examples
    --------
    >>> import numpy as np
    >>> f = np.array([[1.0, 2.0], [0.0, -1.0]])
    >>> bool(np.allclose(simplex_logits(f, 3), f @ simplex_prototypes(3).T))
    True
    """
    K = checked_classes(n_classes)
    xp = array_namespace(features)
    given = real_array(xp, "features", features)
    if given.ndim != 2 or given.shape[1] != K - 1:
        raise must("features", f"of shape (n, {K - 1})", tuple(given.shape))
    factor = real("scale", scale)
    if not math.isfinite(factor):
        raise must("scale", "a finite number", scale)
    alpha, mean, norm = _frame(K)
    sums = xp.sum(given, axis=1, keepdims=True)
    if xp is array_namespace(np.empty(0)):  # one array, filled in place
        found = np.empty((len(given), K), given.dtype)
        np.subtract(given, mean * sums, out=found[:, :-1])
        np.multiply(sums, alpha - mean, out=found[:, -1:])
        found *= given.dtype.type(factor / norm)
        return found
    return xp.concat([given - mean * sums, (alpha - mean) * sums], axis=1) * (factor / norm)


@result
class HeadAlignment(Result):
    """A head that is turned onto another one.

    Attributes
    ----------
    weights : array of shape (n_classes, d)
        The turned weights.
    rotation : array of shape (d, d)
        Orthogonal matrix R with ``weights @ R``, where the narrower of the two heads has zeros appended.
    mean_cosine : float
        Mean over the classes of the cosine of a turned row with its reference.
    """

    weights: np.ndarray
    rotation: np.ndarray
    mean_cosine: float


def align_head(weights: ArrayLike, reference: ArrayLike) -> HeadAlignment:
    r"""Turn the prototypes of a head onto those of an earlier one, class by class (statement SX-12).

    A head that has been trained anew, or has grown by a class, has a frame of its own. The rotation or reflection that
    makes the cosines of equal classes largest brings it back; features of the new encoder are turned by the same.

    Parameters
    ----------
    weights : array of shape (n_classes, d)
        Prototypes to turn, a row for each class.
    reference : array of shape (n_classes, d_ref)
        Prototypes of the same classes, in the same order; the first rows of a larger head will do.

    Returns
    -------
    HeadAlignment
        Turned weights of the larger width, the rotation, and the mean cosine.

    Raises
    ------
    TypeError
        If the entries are not real numbers.
    ValueError
        If the numbers of rows differ, or a row is zero or not finite.

    Examples
    --------
    The head of ten classes, grown from nine:

    >>> found = align_head(simplex_prototypes(9), simplex_prototypes(10)[:9])
    >>> round(found.mean_cosine, 6), round((1 - 1 / 81) ** 0.5, 6)
    (0.993808, 0.993808)
    """
    W, V = (on_host(name, value).astype(np.float64) for name, value in (("weights", weights), ("reference", reference)))
    if len(W) != len(V):
        raise must("weights", f"of as many rows as `reference`, {len(V)}", len(W))
    width = max(W.shape[1], V.shape[1])
    W, V = (np.pad(one, ((0, 0), (0, width - one.shape[1]))) for one in (W, V))
    lengths = np.linalg.norm(W, axis=1), np.linalg.norm(V, axis=1)
    left, _, right = np.linalg.svd((W / lengths[0][:, None]).T @ (V / lengths[1][:, None]))
    rotation = left @ right
    turned = W @ rotation
    cosines = np.einsum("ij,ij->i", turned, V) / (lengths[0] * lengths[1])
    return HeadAlignment(turned, rotation, float(cosines.mean()))

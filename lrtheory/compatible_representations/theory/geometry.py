r"""Class means on the vertices of a simplex: gaps, angles, and what a cross-entropy says about them.

Part of `theory`, where users find these functions. The K vertices are the rows w_1, ..., w_K of `simplex_prototypes`:
unit vectors with products -1 / (K - 1).
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from lrtheory._numbers import formula
from lrtheory._types import Number
from lrtheory._validation import must

__all__ = ["alignment_from_loss", "cross_entropy_floor", "gap_confusion", "gap_rays", "growth_cosine"]


@formula(old_length="[0, inf)", new_length="(-inf, inf)", n_classes="[2, inf)")
def gap_rays(old_length: Number, new_length: Number, *, n_classes: int) -> tuple[Number, Number]:
    r"""Compute the expected gaps of class means that lie on the rays through the vertices (statement SX-2).

    Parameters
    ----------
    old_length, new_length : number
        The old mean of class y is old_length times w_y, and the new one new_length times w_y.
    n_classes : int
        K.

    Returns
    -------
    same, different : number
        a_o (a_n - a_o), and minus that over K - 1. The definition holds if the first is at least 0, that is, if
        a_n >= a_o or a_o = 0.

    Proof
    -----
    Assumes: the two items of a pair are independent given their classes, so that the expected product is that of the
    means (the caller).

    Proof: the mean of the old gallery item is a_o w_y, and the query's mean changes by (a_n - a_o) w_y. Their product
    is a_o (a_n - a_o) for one class, and the same times w_y . w_y' = -1 / (K - 1) for two.

    Examples
    --------
    >>> same, different = gap_rays(0.7, 0.9, n_classes=10)
    >>> round(same, 4), round(different, 4)
    (0.14, -0.0156)
    """
    same = old_length * (new_length - old_length)
    return same, -same / (n_classes - 1)


@formula(old="k x k in [0, 1]", new="k x k in [0, 1]")
def gap_confusion(old: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Compute the expected gaps of features that have collapsed onto the vertices (statement SX-18).

    Parameters
    ----------
    old, new : array of shape (k, k), k at least 2
        The row of class y is the law of the vertex that a feature of the class falls on: p_y under the old encoder, r_y
        under the new one.

    Returns
    -------
    same : array of shape (k,)
        K / (K - 1) (r_y . p_y - p_y . p_y).
    different : array of shape (k, k)
        K / (K - 1) (r_y . p_y' - p_y . p_y'), with the query's class in the rows; the diagonal is `same`.

    Raises
    ------
    ValueError
        If there is one class alone, or a row does not sum to 1.

    Proof
    -----
    Assumes: as `gap_rays` does.

    Proof: for laws p and q with vertices W the means have the product p W . q W = (K p . q - 1) / (K - 1), as the Gram
    matrix of the vertices is (K I - J) / (K - 1) and both laws sum to 1. In the difference of two such products the
    constant cancels.

    Examples
    --------
    A perfect new encoder breaks the definition where the old one has a class wrong more often than right:

    >>> same, _ = gap_confusion(np.array([[0.45, 0.55], [0.0, 1.0]]), np.eye(2))
    >>> same.round(3).tolist()
    [-0.11, 0.0]
    """
    k = len(old)
    if k < 2:
        raise must("old", "a matrix with two rows at least", old.shape)
    for name, laws in (("old", old), ("new", new)):
        sums = laws.sum(axis=1)
        if any(abs(float(total) - 1.0) > 1e-12 * k for total in sums):
            raise must(name, "a matrix whose rows sum to 1", sums)
    if "f" in (old.dtype.kind, new.dtype.kind):  # doubles beside exact numbers make doubles
        old, new = old.astype(np.float64), new.astype(np.float64)
    factor = Fraction(k, k - 1) if old.dtype == object else k / (k - 1)
    different = (new @ old.T - old @ old.T) * factor
    return np.diagonal(different).copy(), different


@formula(n_classes="[2, inf)", larger="[n_classes, inf)")
def growth_cosine(n_classes: int, *, larger: int) -> float:
    r"""Compute the mean cosine of the vertices of a simplex with those of a larger one, after the best rotation.

    A head that grows from K to P classes and is aligned by `align_head` keeps this much (statement SX-12).

    Parameters
    ----------
    n_classes : int
        K.
    larger : int
        P.

    Returns
    -------
    float
        The root of (K - 1) P / (K (P - 1)); for P = K + 1 it is the root of 1 - 1 / K^2.

    Proof
    -----
    Proof: let the columns of A be the K vertices of the one simplex and those of B the first K of the other, in a space
    that holds both. The best rotation reaches the nuclear norm of A^T B, so the mean is that over K. The Gram matrices
    (K I - J) / (K - 1) and (P I - J) / (P - 1) commute. On vectors that sum to 0 their eigenvalues are K / (K - 1) and
    P / (P - 1), K - 1 times, and on the constant ones the first is 0. The singular values of A^T B are the roots of the
    products, so their sum is (K - 1) times the root of K P / ((K - 1) (P - 1)).

    Examples
    --------
    >>> round(growth_cosine(10, larger=11), 5), round(growth_cosine(10, larger=1024), 5)
    (0.99499, 0.94915)
    """
    return math.sqrt((n_classes - 1) * larger / (n_classes * (larger - 1)))


@formula(radius="[0, inf)", n_classes="[2, inf)")
def cross_entropy_floor(radius: Number, *, n_classes: int) -> float:
    r"""Compute the least cross-entropy of a feature of given norm under a fixed simplex (statement SX-13).

    Parameters
    ----------
    radius : number
        Norm r of the feature, times the scale of the logits.
    n_classes : int
        K.

    Returns
    -------
    float
        log(1 + (K - 1) exp(-r K / (K - 1))), in natural logarithms; reached by r w_y alone.

    Proof
    -----
    Proof: the loss of a feature f of class y is the logarithm of 1 + sum_{j != y} exp((w_j - w_y) . f). By convexity
    the sum is at least K - 1 times exp of the mean exponent. As the vertices sum to 0, the mean of the others is
    -w_y / (K - 1), so the mean exponent is -K / (K - 1) w_y . f, which is at least -K r / (K - 1). Equality needs that
    all w_j . f are equal and that f = r w_y.

    Examples
    --------
    >>> round(cross_entropy_floor(8.0, n_classes=10), 6)
    0.00124
    """
    k = n_classes
    return math.log1p((k - 1) * math.exp(-float(radius) * k / (k - 1)))


@formula(loss="(0, inf)", n_classes="[2, inf)")
def alignment_from_loss(loss: Number, *, n_classes: int) -> float:
    r"""Compute how far features must reach along their vertices, given their mean cross-entropy (statement SX-13).

    Parameters
    ----------
    loss : number
        Mean cross-entropy l of features under a fixed simplex, in natural logarithms.
    n_classes : int
        K.

    Returns
    -------
    float
        ((K - 1) / K) log((K - 1) / (e^l - 1)): a lower bound of the mean of f . w_y, times the scale of the logits;
        below 0 where the loss is above log K.

    Proof
    -----
    Proof: by the first step of `cross_entropy_floor` a feature with a = w_y . f has a loss of at least
    log(1 + (K - 1) exp(-a K / (K - 1))). Solved for a this is the bound for one feature. As a function of the loss it
    is convex, as the second derivative of -log(e^l - 1) is e^l / (e^l - 1)^2, so the mean of the bounds is at least the
    bound at the mean loss.

    Examples
    --------
    >>> floor = cross_entropy_floor(2.0, n_classes=3)
    >>> round(alignment_from_loss(floor, n_classes=3), 12)
    2.0
    """
    k = n_classes
    found = float(loss)
    excess = found + math.log(-math.expm1(-found)) if found > 1 else math.log(math.expm1(found))
    return (k - 1) / k * (math.log(k - 1) - excess)

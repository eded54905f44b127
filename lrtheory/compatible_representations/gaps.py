r"""Compatibility by its definition: gaps of similarities of equal and of unlike classes, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, beside, to_numpy
from lrtheory._numbers.confidence import mean_interval
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import Words, must, open_interval
from lrtheory.compatible_representations.search.features import (
    Classes,
    check_width,
    classes_of,
    exclusions,
    feature_rows,
    has_unit_rows,
)
from lrtheory.compatible_representations.search.templates import class_sums

__all__ = ["ClassGaps", "CompatibilityGap", "compatibility_gap"]

#: products of larger or smaller numbers may leave the range of doubles
LARGEST, SMALLEST = 1e140, 1e-140


@result
class ClassGaps(Result):
    """The gaps of the queries of each class, over all their pairs with items of the gallery.

    Attributes
    ----------
    classes : tuple
        Labels as given.
    n_queries, n_gallery : int64 array of shape (classes,)
        Queries of the class, and its items in the gallery.
    pair_same, pair_different : float64 array of shape (classes,)
        Mean over all pairs of a query of the class and an item of the same class, or of another one; NaN without such
        pairs.
    """

    classes: tuple[Any, ...]
    n_queries: Array
    n_gallery: Array
    pair_same: Array
    pair_different: Array

    def _columns(self) -> dict[str, Any]:
        return {
            "class": self.classes,
            "queries": self.n_queries,
            "gallery": self.n_gallery,
            "same": self.pair_same,
            "different": self.pair_different,
        }


@result
class CompatibilityGap(Result):
    r"""Changes of the similarities to the old gallery when queries are encoded by the new encoder.

    The gap of a query and an item is <f_n(q) - f_o(q), f_o(g)>. The definition of compatibility wants it to be at least
    0 for equal classes and at most 0 for unlike ones; here it is taken in the mean.

    Attributes
    ----------
    same, different : float, or None
        Mean over queries of their mean gap to the items of their class, or of other classes; None without such pairs.
    pair_same, pair_different : float, or None
        Mean over all pairs, in which queries of large classes count for more.
    same_values, different_values : float64 array of shape (n,)
        Mean gap of each query; NaN where it has no such item.
    same_interval, different_interval : tuple of float, or None
        Interval that holds the mean of `same` over the law of queries, with probability 1 - delta each; None where it
        was not asked for or rows have other norms than 1.
    violating_same, violating_different : float, or None
        Share of the queries whose mean gap has the wrong sign.
    by_class : ClassGaps
        Means over the pairs of each class.
    n_queries : int
        Queries.
    message : str
        Sentence on whether the definition holds.
    """

    same: float | None
    different: float | None
    pair_same: float | None
    pair_different: float | None
    same_values: Array
    different_values: Array
    same_interval: tuple[float, float] | None
    different_interval: tuple[float, float] | None
    violating_same: float | None
    violating_different: float | None
    by_class: ClassGaps
    n_queries: int
    message: str

    def _facts(self) -> list[str]:
        return [self.message]


@arrays("device")
def compatibility_gap(
    new: ArrayLike,
    old: ArrayLike,
    gallery: ArrayLike,
    *,
    query_labels: ArrayLike,
    gallery_labels: ArrayLike,
    exclude: ArrayLike | None = None,
    delta: float | None = 0.05,
) -> CompatibilityGap:
    r"""Measure how far a new encoder is from the definition of compatibility (statements SX-0, SX-19 and SX-20).

    Sums over pairs are products of class sums, so it takes O((n + m) d) and no matrix of all pairs.

    Arrays: any (device)

    Parameters
    ----------
    new, old : array of shape (n, d)
        Queries by the new encoder, and the same queries by the old one. Features are taken as they are and not
        normalized.
    gallery : array of shape (m, d)
        The gallery, by the old encoder.
    query_labels, gallery_labels : sequence of n and of m labels
        Classes, by labels of any kind.
    exclude : array of shape (n,), optional
        For queries that are items of the gallery, the number of that item; -1 for others. A pair of a query with itself
        says nothing: the definition would want equal features there.
    delta : float or None
        Probability that an interval misses; None leaves the intervals out.

    Returns
    -------
    CompatibilityGap
        Means over queries and over pairs, intervals, and a table by class.

    Raises
    ------
    TypeError
        If entries are not real numbers, or `exclude` holds no integers.
    ValueError
        If shapes do not fit, a row is zero or not finite, squares leave the range of doubles, no query has a class of
        the gallery, or `delta` is out of range.

    Examples
    --------
    >>> old = [[1.0, 0.0], [0.0, 1.0]]
    >>> found = compatibility_gap([[0.0, 1.0], [0.0, 1.0]], old, old, query_labels=[0, 1], gallery_labels=[0, 1])
    >>> found.same, found.different
    (-0.5, 0.5)
    """
    xp = array_namespace(new, old, gallery)
    rows = {name: feature_rows(xp, name, one) for name, one in (("new", new), ("old", old), ("gallery", gallery))}
    F, B, G = rows.values()
    check_width("new", F, "old", B)
    check_width("gallery", G, "old", B)
    if F.shape[0] != B.shape[0]:
        raise must("new", f"of as many rows as `old`, {B.shape[0]}", F.shape[0])
    risk = None if delta is None else open_interval("delta", delta, 0, 1)
    n, m = int(F.shape[0]), int(G.shape[0])
    classes = classes_of(query_labels, gallery_labels, n, m)
    skipped = exclusions(exclude, n, m)
    _check_range(xp, rows)
    is_unit = risk is not None and all(has_unit_rows(xp, one) for one in rows.values())
    moved = xp.astype(F, xp.float64) - xp.astype(B, xp.float64)
    totals = _products(xp, moved, G, classes, skipped)
    return _summed(totals, classes, risk if is_unit else None, risk is not None and not is_unit, F)


def _check_range(xp: Any, rows: dict[str, Any]) -> None:
    """Refuse numbers whose products leave the range of doubles."""
    for name, one in rows.items():
        size = np.asarray(to_numpy(xp.max(xp.abs(one), axis=1)), np.float64)
        if size.max() > LARGEST or size.min() < SMALLEST:
            worst = float(size.max() if size.max() > LARGEST else size.min())
            raise must(name, "features whose squares are in the range of doubles", Words(f"a row of size {worst:.3g}"))


def _products(xp: Any, moved: Any, G: Any, classes: Classes, skipped: np.ndarray | None) -> np.ndarray:
    """For each query the sums of its gaps to its class and to others, and the numbers of such items: (4, n)."""
    n, known = moved.shape[0], len(classes.names)
    if isinstance(G, np.ndarray):
        sums, counts = class_sums(G, classes.gallery, known)
        total = sums.sum(axis=0)
        own = np.einsum("ij,ij->i", moved, sums[classes.queries])
        every = moved @ total
    else:
        counts = np.bincount(classes.gallery, minlength=known)
        numbers = xp.asarray(np.arange(known), device=G.device)
        double = xp.astype(G, xp.float64)
        member = xp.asarray(classes.gallery, device=G.device)[None, :] == numbers[:, None]
        sums = xp.astype(member, xp.float64) @ double
        at = xp.asarray(classes.queries, device=G.device)
        own = to_numpy(xp.sum(moved * xp.take(sums, at, axis=0), axis=1))
        every = to_numpy(moved @ xp.sum(sums, axis=0))
    same = counts[classes.queries]
    found = np.stack([own, every - own, same, len(classes.gallery) - same]).astype(np.float64)
    if skipped is not None:
        asked = np.flatnonzero(skipped >= 0)
        items = skipped[asked]
        if isinstance(G, np.ndarray):
            alone = np.einsum("ij,ij->i", moved[asked], G[items].astype(np.float64))
        else:
            left = xp.take(moved, xp.asarray(asked, device=G.device), axis=0)
            picked = xp.take(double, xp.asarray(items, device=G.device), axis=0)
            alone = to_numpy(xp.sum(left * picked, axis=1))
        other = (classes.gallery[items] != classes.queries[asked]).astype(np.int64)
        found[other, asked] -= alone
        found[2 + other, asked] -= 1
    assert found.shape == (4, n)
    return found


def _summed(found: np.ndarray, classes: Classes, risk: float | None, other_norms: bool, like: Any) -> CompatibilityGap:
    """The means over queries, over all pairs, and over the pairs of each class, beside an array of the caller."""
    known = len(classes.names)
    sums, pairs = found[:2], found[2:]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(pairs > 0, sums / np.where(pairs > 0, pairs, 1), np.nan)
        by_class = [np.bincount(classes.queries, one, known) for one in found]
        means = [np.where(by_class[2 + k] > 0, by_class[k] / by_class[2 + k], np.nan) for k in range(2)]
    table = ClassGaps(
        classes=classes.names,
        n_queries=beside(np.bincount(classes.queries, minlength=known), like),
        n_gallery=beside(np.bincount(classes.gallery, minlength=known), like),
        pair_same=beside(means[0], like),
        pair_different=beside(means[1], like),
    )
    there = [one[~np.isnan(one)] for one in values]
    means_of_queries = [float(one.mean()) if len(one) else None for one in there]
    of_pairs = [float(sums[k].sum() / pairs[k].sum()) if pairs[k].sum() else None for k in range(2)]
    wrong = [float((sign * one < 0).mean()) if len(one) else None for sign, one in zip((1, -1), there, strict=True)]
    spans = [None if risk is None or not len(one) else _interval(one, risk) for one in there]
    return CompatibilityGap(
        same=means_of_queries[0],
        different=means_of_queries[1],
        pair_same=of_pairs[0],
        pair_different=of_pairs[1],
        same_values=beside(values[0], like),
        different_values=beside(values[1], like),
        same_interval=spans[0],
        different_interval=spans[1],
        violating_same=wrong[0],
        violating_different=wrong[1],
        by_class=table,
        n_queries=found.shape[1],
        message=_said(means_of_queries[0], means_of_queries[1], other_norms),
    )


def _interval(values: np.ndarray, risk: float) -> tuple[float, float]:
    """The interval of the mean of values in [-2, 2]."""
    low, high = mean_interval((np.clip(values, -2.0, 2.0) + 2.0) / 4.0, risk)
    return 4.0 * low - 2.0, 4.0 * high - 2.0


def _said(same: float | None, different: float | None, other_norms: bool) -> str:
    if same is None or different is None:
        said = f"there is no pair of {'equal' if same is None else 'unlike'} classes"
    else:
        broken = [word for word, is_broken in (("equal", same < 0), ("unlike", different > 0)) if is_broken]
        said = f"the definition is broken for {' and '.join(broken)} classes" if broken else "the definition holds"
        said = f"in the mean over queries {said}; whether a replacement helps is decided by `check_replacement`"
    return said + "; no intervals, as rows have other norms than 1" * other_norms

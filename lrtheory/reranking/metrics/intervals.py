"""The least and the largest value of a metric over orders of ties and gains of unjudged documents."""

from __future__ import annotations

import numpy as np

from lrtheory.reranking.metrics.kernels import all_values, ends
from lrtheory.reranking.metrics.lists import Lists
from lrtheory.reranking.metrics.names import RBP, Metric

__all__ = ["interval", "judged_counts", "values"]


def values(metric: Metric, lists: Lists) -> np.ndarray:
    """Measure each query, where unjudged documents count as irrelevant.

    Parameters
    ----------
    metric : Metric
        The metric.
    lists : Lists
        Ranked lists.

    Returns
    -------
    float64 array of shape (queries,)
        Values.
    """
    out = np.zeros(len(lists.relevant))
    judged = lists.ideal_ptr, lists.ideal, lists.relevant
    all_values(*metric[1:], lists.row_ptr, lists.gains, lists.stops, lists.discounts, *judged, out)
    return out


def interval(
    metric: Metric, lists: Lists, *, ties: bool = False, holes: bool = False, unseen: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Bound each query's value.

    Parameters
    ----------
    metric : Metric
        The metric.
    lists : Lists
        Ranked lists.
    ties : bool
        Whether documents with equal scores may stand in any order (statements RK-M2 and RK-M3).
    holes : bool
        Whether an unjudged document may have any gain up to the largest one (statements RK-M5 to RK-M7). Of RBP without
        a cut, all ranks behind the list are unjudged too.
    unseen : int
        Documents that were neither found nor judged and may be relevant, for each query.

    Returns
    -------
    lower, upper : float64 arrays of shape (queries,)
        Ends, which are attained; but for the largest nDCG where judgments have several gains, which is bounded.
    """
    n = len(lists.gains)
    rows, query_ptr, group_ptr = np.arange(n), lists.row_ptr, np.arange(n + 1)
    is_judged = lists.is_judged if holes else np.ones(n, bool)
    if ties:
        query_ptr, group_ptr = lists.query_ptr, lists.group_ptr
        groups = np.repeat(np.arange(len(group_ptr) - 1), np.diff(group_ptr))
        rows = np.lexsort((lists.gains, ~is_judged, groups))
    bounds = query_ptr, group_ptr, is_judged[rows].astype(np.int64), lists.gains[rows], lists.stops[rows]
    judged = lists.discounts, lists.ideal_ptr, lists.ideal, lists.relevant, lists.is_graded
    lower, upper = np.zeros(len(lists.relevant)), np.zeros(len(lists.relevant))
    for low, out in ((True, lower), (False, upper)):
        ends(low, *metric[1:], *bounds, lists.most, lists.most_stop, unseen if holes else 0, *judged, out)
    if holes and metric.kind == RBP and not metric.cut:
        upper += metric.patience ** np.diff(lists.row_ptr)
    return lower, upper


def judged_counts(lists: Lists, cut: int) -> tuple[np.ndarray, np.ndarray]:
    """Count the documents among the first ranks of each query, and those of them that are judged.

    Parameters
    ----------
    lists : Lists
        Ranked lists.
    cut : int
        Ranks that count; 0 for all.

    Returns
    -------
    judged, shown : int64 arrays of shape (queries,)
        Counts.
    """
    lengths = np.diff(lists.row_ptr)
    shown = np.minimum(lengths, cut) if cut else lengths
    judged = np.concatenate([[0], np.cumsum(lists.is_judged)])
    return judged[lists.row_ptr[:-1] + shown] - judged[lists.row_ptr[:-1]], shown

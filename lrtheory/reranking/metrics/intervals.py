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
        Whether documents with equal scores may stand in any order.
    holes : bool
        Whether an unjudged document may have any gain up to the largest one (statements RK-M5 and RK-M6). Of RBP
        without a cut, all ranks behind the list are unjudged too.
    unseen : int
        Documents that were neither found nor judged and may be relevant, for each query.

    Returns
    -------
    lower, upper : float64 arrays of shape (queries,)
        Ends, which are attained; but for the largest nDCG where judgments have several gains, which is bounded.

    Notes
    -----
    An exchange of two neighbours that brings the larger gain to the front lowers no metric (statement RK-M1), and such
    exchanges lead from any order of tied documents to the falling one. So the ends are at the rising and the falling
    order of each group.

    With several gains, DCG - t IDCG is concave in the gains for t >= 0, since DCG is linear in them and IDCG the
    largest one of linear functions. So the gains at which nDCG is at least t are a convex set, and its least value is
    at a corner: unjudged documents have gain 0 or the largest one, and with the largest one the last ranks count least.
    The largest value may lie between corners: judged gains 2 and 1 at ranks 1 and 3, and u between them, give
    .950 at u = 0, .922 at u = 3, and 1 at u = 1.
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

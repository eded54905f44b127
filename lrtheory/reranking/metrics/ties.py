"""Means of metrics over all orders of documents with equal scores (statement RK-M3)."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel
from lrtheory.reranking.metrics.lists import Lists
from lrtheory.reranking.metrics.names import AP, DCG, ERR, NDCG, PRECISION, RBP, RECALL, RR, Metric

__all__ = ["expected"]


@kernel
def spread(query_ptr, group_ptr, cut, weights, numbers, out):
    """For each query the sum over ranks up to the cut of a weight times the mean of the numbers of the rank's group."""
    for query in range(len(query_ptr) - 1):
        start, total = group_ptr[query_ptr[query]], 0.0
        for group in range(query_ptr[query], query_ptr[query + 1]):
            first, last = group_ptr[group], group_ptr[group + 1]
            mean = numbers[first:last].sum() / (last - first)
            for row in range(first, last):
                if cut == 0 or row - start < cut:
                    total += mean * weights[row - start]
        out[query] = total


@kernel
def mean_precisions(groups, cut, gains):
    """The mean sum of the precisions at relevant ranks up to the cut."""
    total, before = 0.0, 0
    for group in range(len(groups) - 1):
        first, last = groups[group], groups[group + 1]
        size, hits = last - first, 0
        for row in range(first, last):
            hits += gains[row] > 0.0
        for place in range(size):
            rank = first - groups[0] + place + 1
            if cut == 0 or rank <= cut:
                # of the other hits of the group, a part of the places before this one holds some
                above = place * (hits - 1) / (size - 1) if size > 1 else 0.0
                total += hits / size * (before + 1 + above) / rank
        before += hits
    return total


@kernel
def mean_reciprocal_rank(groups, cut, gains):
    """The mean of 1 over the first relevant rank, where it is not beyond the cut."""
    for group in range(len(groups) - 1):
        first, last = groups[group], groups[group + 1]
        size, hits = last - first, 0
        for row in range(first, last):
            hits += gains[row] > 0.0
        if hits == 0:
            continue
        total, none_yet = 0.0, 1.0
        for place in range(size - hits + 1):
            rank = first - groups[0] + place + 1
            if cut == 0 or rank <= cut:
                total += none_yet * hits / (size - place) / rank
            none_yet *= (size - hits - place) / (size - place)
        return total
    return 0.0


@kernel
def mean_stops(groups, cut, stops):
    """The mean of 1 over the rank at which a reader stops, where it is not beyond the cut."""
    total, reads = 0.0, 1.0
    for group in range(len(groups) - 1):
        first, last = groups[group], groups[group + 1]
        size = last - first
        # means[m] is the mean product of m of the group's probabilities to read on, one document after the other
        means = np.zeros(size + 1)
        means[0] = 1.0
        for n in range(size):
            keep = 1.0 - stops[first + n]
            for m in range(n + 1, 0, -1):
                means[m] = ((n + 1 - m) * means[m] + m * keep * means[m - 1]) / (n + 1)
        for place in range(size):
            rank = first - groups[0] + place + 1
            if cut == 0 or rank <= cut:
                total += reads * (means[place] - means[place + 1]) / rank
        reads *= means[size]
    return total


@kernel
def means(kind, query_ptr, group_ptr, cut, gains, stops, out):
    """For each query the mean sum of precisions, reciprocal rank, or ERR."""
    for query in range(len(query_ptr) - 1):
        groups = group_ptr[query_ptr[query] : query_ptr[query + 1] + 1]
        if kind == AP:
            out[query] = mean_precisions(groups, cut, gains)
        elif kind == RR:
            out[query] = mean_reciprocal_rank(groups, cut, gains)
        else:
            out[query] = mean_stops(groups, cut, stops)


def expected(metric: Metric, lists: Lists) -> np.ndarray:
    """The mean of a metric of each query over all orders of its tied groups.

    Parameters
    ----------
    metric : Metric
        The metric.
    lists : Lists
        Ranked lists.

    Returns
    -------
    float64 array of shape (queries,)
        Means.
    """
    out, kind, cut = np.zeros(len(lists.relevant)), metric.kind, metric.cut
    where = lists.query_ptr, lists.group_ptr
    if kind in (AP, RR, ERR):
        means(kind, *where, cut, lists.gains, lists.stops, out)
    else:
        ranks = np.arange(lists.longest)
        hits = (lists.gains > 0).astype(np.float64)
        weights = lists.discounts
        if kind in (PRECISION, RECALL):
            weights = np.full(len(ranks), 1.0 / cut if kind == PRECISION else 1.0)
        elif kind == RBP:
            weights = (1 - metric.patience) * metric.patience**ranks
        numbers = lists.gains / lists.scale_of_rows if kind == NDCG else lists.gains if kind == DCG else hits
        spread(*where, cut, weights, numbers, out)
    if kind in (AP, RECALL):
        return out / np.maximum(lists.relevant, 1)
    return np.minimum(out / lists.ideal_values(cut), 1.0) if kind == NDCG else out

"""Kernels: gains of ranked documents by look-up, metrics of lists, and the ends of metrics over ties and holes.

A list is the gains of its documents by rank. Documents with equal scores are a group; groups are row bounds, and a
query is a range of groups. A document without a judgment may have any gain from 0 to the largest one.
"""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel
from lrtheory.reranking.metrics.names import AP, DCG, ERR, NDCG, PRECISION, RBP, RECALL, RR

__all__ = ["all_values", "ends", "look_up"]


@kernel
def look_up(row_ptr, docs, judged_ptr, judged_docs, gains, table, found, is_judged):
    """Write the gain of each row, and whether there is one; docs are numbers of judged documents, or -1."""
    for query in range(len(row_ptr) - 1):
        first, last = judged_ptr[query], judged_ptr[query + 1]
        for at in range(first, last):
            table[judged_docs[at]] = at
        for row in range(row_ptr[query], row_ptr[query + 1]):
            at = table[docs[row]] if docs[row] >= 0 else -1
            is_judged[row] = at >= 0
            found[row] = gains[at] if at >= 0 else 0.0
        for at in range(first, last):
            table[judged_docs[at]] = -1


@kernel
def value(kind, cut, patience, gains, stops, discounts, ideal, extra, most, relevant):
    """The metric of one list, where `extra` documents of the largest gain `most` are judged beside the `ideal` ones."""
    n = len(gains) if cut == 0 else min(len(gains), cut)
    total = 0.0
    if kind == DCG:
        for r in range(n):
            total += gains[r] * discounts[r]
        return total
    if kind == NDCG:
        # gains are measured in units of the largest one, so that none is too small or too large
        scale = max(most if extra > 0 else 0.0, ideal[0] if len(ideal) > 0 else 0.0)
        if scale == 0.0:
            return 0.0
        best, size = 0.0, len(ideal) + extra
        for r in range(n):
            total += gains[r] / scale * discounts[r]
        for r in range(size if cut == 0 else min(size, cut)):
            best += (most if r < extra else ideal[r - extra]) / scale * discounts[r]
        return min(total / best, 1.0)
    if kind == ERR:
        reads = 1.0
        for r in range(n):
            total += reads * stops[r] / (r + 1)
            reads *= 1.0 - stops[r]
        return total
    if kind == RBP:
        weight = 1.0 - patience
        for r in range(n):
            total += weight if gains[r] > 0.0 else 0.0
            weight *= patience
        return total
    hits = 0
    for r in range(n):
        if gains[r] > 0.0:
            hits += 1
            if kind == RR:
                return 1.0 / (r + 1)
            total += hits / (r + 1)
    if kind == RR:
        return 0.0
    if kind == PRECISION:
        return hits / cut
    if relevant == 0:
        return 0.0
    return (hits if kind == RECALL else total) / relevant


@kernel
def all_values(kind, cut, patience, row_ptr, gains, stops, discounts, ideal_ptr, ideal, relevant, out):
    """The metric of each query."""
    for query in range(len(row_ptr) - 1):
        first, last = row_ptr[query], row_ptr[query + 1]
        best = ideal[ideal_ptr[query] : ideal_ptr[query + 1]]
        out[query] = value(
            kind,
            cut,
            patience,
            gains[first:last],
            stops[first:last],
            discounts,
            best,
            0,
            0.0,
            relevant[query],
        )


@kernel
def fill(low, marked, groups, is_judged, gains, stops, most, most_stop, filled, filled_stops):
    """Write the worst or the best order of each group where `marked` of the unjudged rows have the largest gain.

    The marked rows are the last ones for the worst order and the first ones for the best. Rows of a group stand with
    rising gains, and unjudged ones behind them.
    """
    n_groups, left, start = len(groups) - 1, marked, groups[0]
    for step in range(n_groups):
        group = n_groups - 1 - step if low else step
        first, last = groups[group], groups[group + 1]
        n_judged = 0
        for row in range(first, last):
            n_judged += is_judged[row]
        n_open = last - first - n_judged
        here = min(left, n_open)
        left -= here
        for place in range(last - first):
            # from the smallest gain on: unmarked rows, judged ones, marked ones
            if place < n_open - here:
                gain, stop = 0.0, 0.0
            elif place < last - first - here:
                row = first + place - (n_open - here)
                gain, stop = gains[row], stops[row]
            else:
                gain, stop = most, most_stop
            to = (first + place if low else last - 1 - place) - start
            filled[to] = gain
            filled_stops[to] = stop


@kernel
def precisions(low, size, hits, start, before, cut):
    """The sum of precisions at the hits of a group in its worst or best order, and the sum of 1 over their ranks.

    `before` counts hits in earlier groups, and `start` their documents.
    """
    total, weights = 0.0, 0.0
    for i in range(1, hits + 1):
        rank = start + i + (size - hits if low else 0)
        if cut == 0 or rank <= cut:
            total += (before + i) / rank
            weights += 1.0 / rank
    return total, weights


@kernel
def end_of_ap(low, cut, groups, is_judged, gains, relevant, more):
    """The least or the largest AP over marks: all groups are counted once, and each mark moves one of them.

    Marks go from the last group to the first for the least value, and from the first to the last for the largest one.
    With m marks the groups that are marked throughout add `marked` + m `marked_slope`, and those without a mark add
    `others` + m `others_slope`, since the marks before a group add to each of its precisions.
    """
    n_groups = len(groups) - 1
    # hits that are judged before each group, and all open rows
    hits, opens, others, others_slope = np.zeros(n_groups + 1), np.zeros(n_groups), 0.0, 0.0
    for group in range(n_groups):
        n_hits = 0
        for row in range(groups[group], groups[group + 1]):
            n_hits += is_judged[row] and gains[row] > 0.0
            opens[group] += 1 - is_judged[row]
        hits[group + 1] = hits[group] + n_hits
        size, start = groups[group + 1] - groups[group], groups[group] - groups[0]
        total, weights = precisions(low, size, n_hits, start, hits[group], cut)
        others += total
        others_slope += 0.0 if low else weights
    known = relevant + more
    found = others / known if known > 0 else 0.0
    marked, marked_slope, m = 0.0, 0.0, 0
    for step in range(n_groups):
        group = n_groups - 1 - step if low else step
        size, start = groups[group + 1] - groups[group], groups[group] - groups[0]
        n_hits, n_open = int(hits[group + 1] - hits[group]), int(opens[group])
        total, weights = precisions(low, size, n_hits, start, hits[group], cut)
        others -= total
        others_slope -= 0.0 if low else weights
        for here in range(1, n_open + 1):
            m += 1
            # marks of earlier groups: none for the least value, all others for the largest one
            before = hits[group] + (0 if low else m - here)
            total, _ = precisions(low, size, n_hits + here, start, before, cut)
            one = (marked + m * marked_slope + total + others + m * others_slope) / (known + m)
            found = min(found, one) if low else max(found, one)
        # for the least value, marks that come later stand before this group; those in it and behind it do not
        before = hits[group] - m if low else hits[group] + m - n_open
        total, weights = precisions(low, size, n_hits + n_open, start, before, cut)
        marked += total
        marked_slope += weights if low else 0.0
    return found


@kernel
def ends(
    low,
    kind,
    cut,
    patience,
    query_ptr,
    group_ptr,
    is_judged,
    gains,
    stops,
    most,
    most_stop,
    unseen,
    discounts,
    ideal_ptr,
    ideal,
    relevant,
    is_graded,
    out,
):
    """The least or the largest value of a metric of each query over ties in groups and gains of unjudged rows.

    With graded gains the largest nDCG is bounded, by the DCG with the largest gain in all unjudged rows over the ideal
    of judged ones.
    """
    for query in range(len(query_ptr) - 1):
        groups = group_ptr[query_ptr[query] : query_ptr[query + 1] + 1]
        best = ideal[ideal_ptr[query] : ideal_ptr[query + 1]]
        # groups behind the cut are not seen: marks in them only add to what the metric is divided by
        n_groups = len(groups) - 1
        while cut > 0 and n_groups > 0 and groups[n_groups - 1] - groups[0] >= cut:
            n_groups -= 1
        n_open, behind = 0, 0
        for row in range(groups[0], groups[-1]):
            if row < groups[n_groups]:
                n_open += 1 - is_judged[row]
            else:
                behind += 1 - is_judged[row]
        size = groups[n_groups] - groups[0]
        if kind == AP:
            more = behind + unseen if low else 0
            out[query] = end_of_ap(low, cut, groups[: n_groups + 1], is_judged, gains, relevant[query], more)
            continue
        filled, filled_stops = np.empty(size), np.empty(size)
        # all but AP, nDCG and recall rise with each gain, so that their ends mark none or all
        scan = kind == RECALL or (kind == NDCG and (low or not is_graded))
        found = np.inf if low else -np.inf
        for marked in range(0 if low or scan else n_open, (n_open if scan or not low else 0) + 1):
            fill(low, marked, groups[: n_groups + 1], is_judged, gains, stops, most, most_stop, filled, filled_stops)
            extra = marked + behind + unseen if low else marked
            if kind == NDCG and not scan:
                extra = 0
            one = value(
                kind, cut, patience, filled, filled_stops, discounts, best, extra, most, relevant[query] + extra
            )
            found = min(found, one) if low else max(found, one)
        out[query] = found

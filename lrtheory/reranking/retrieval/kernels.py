"""The kernels of a search: a heap of the best documents, all sums, and those that can be among the best."""

from __future__ import annotations

import numpy as np

from lrtheory._array import kernel

__all__ = ["exhaustive", "maxscore", "push", "rank", "seek"]


@kernel
def push(ids, scores, n, document, score):  # type: ignore[no-untyped-def]
    """Take a document into a heap of n of at most len(ids), whose root is the worst; return the new n.

    Of equal scores the larger document is worse.
    """
    if n < len(ids):
        at = n
        n += 1
        while at > 0:
            above = (at - 1) // 2
            if scores[above] < score or (scores[above] == score and ids[above] > document):
                break
            ids[at], scores[at] = ids[above], scores[above]
            at = above
    else:
        if score < scores[0] or (score == scores[0] and document > ids[0]):
            return n
        at = 0
        while 2 * at + 1 < n:
            below = 2 * at + 1
            other = below + 1
            if other < n and (
                scores[other] < scores[below] or (scores[other] == scores[below] and ids[other] > ids[below])
            ):
                below = other
            if score < scores[below] or (score == scores[below] and document > ids[below]):
                break
            ids[at], scores[at] = ids[below], scores[below]
            at = below
    ids[at], scores[at] = document, score
    return n


@kernel
def exhaustive(indptr, docs, impacts, n_documents, starts, terms, weights, ids, scores):  # type: ignore[no-untyped-def]
    """Score every document that has a term of a query; return the postings that were read."""
    total = np.zeros(n_documents)
    seen = np.full(n_documents, -1, np.int64)
    met = np.empty(n_documents, np.int64)
    read = 0
    for q in range(len(starts) - 1):
        n_met = 0
        for at in range(starts[q], starts[q + 1]):
            for p in range(indptr[terms[at]], indptr[terms[at] + 1]):
                d = docs[p]
                if seen[d] != q:
                    seen[d] = q
                    total[d] = 0.0
                    met[n_met] = d
                    n_met += 1
                total[d] += weights[at] * impacts[p]
            read += indptr[terms[at] + 1] - indptr[terms[at]]
        n = 0
        for i in range(n_met):
            n = push(ids[q], scores[q], n, met[i], total[met[i]])
    return read


@kernel
def seek(docs, at, end, document):  # type: ignore[no-untyped-def]
    """The first place from `at` on whose document is not below the given one, by steps that double."""
    step = 1
    while at + step < end and docs[at + step] < document:
        at += step
        step *= 2
    high = min(at + step, end)
    while at < high:
        middle = (at + high) // 2
        if docs[middle] < document:
            at = middle + 1
        else:
            high = middle
    return at


@kernel
def rank(values, n, order):  # type: ignore[no-untyped-def]
    """Write the places of the first n values from the smallest to the largest."""
    for i in range(n):
        j = i
        while j > 0 and values[order[j - 1]] > values[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i


@kernel
def maxscore(indptr, docs, impacts, bounds, starts, terms, weights, ids, scores):  # type: ignore[no-untyped-def]
    """Score what can be among the best; return the postings that were read.

    Lists are in the order of their bounds. Those below `first` cannot lift a document into the heap by themselves, so
    documents that are in no other list are not visited.
    """
    longest, k, read = 1, ids.shape[1], 0
    for q in range(len(starts) - 1):
        longest = max(longest, starts[q + 1] - starts[q])
    largest, upto = np.empty(longest), np.empty(longest)
    order = np.empty(longest, np.int64)
    at, end = np.empty(longest, np.int64), np.empty(longest, np.int64)
    part = np.zeros(longest)
    for q in range(len(starts) - 1):
        base, L = starts[q], starts[q + 1] - starts[q]
        for i in range(L):
            largest[i] = weights[base + i] * bounds[terms[base + i]]
        rank(largest, L, order)
        slack, reach = 1.0 + (L + 1) * 2.0**-52, 0.0
        for j in range(L):
            reach += largest[order[j]]
            upto[j] = reach
            at[j], end[j] = indptr[terms[base + order[j]]], indptr[terms[base + order[j]] + 1]
        n, first, theta = 0, 0, -np.inf
        while True:
            while first < L and upto[first] * slack <= theta:
                first += 1
            document = -1
            for j in range(first, L):
                if at[j] < end[j] and (document < 0 or docs[at[j]] < document):
                    document = docs[at[j]]
            if document < 0:
                break
            s, hopeless = 0.0, False
            for j in range(L):
                part[j] = 0.0
            for j in range(first, L):
                if at[j] < end[j] and docs[at[j]] == document:
                    part[order[j]] = weights[base + order[j]] * impacts[at[j]]
                    s += part[order[j]]
                    at[j] += 1
                    read += 1
            for j in range(first - 1, -1, -1):
                if (s + upto[j]) * slack <= theta:
                    hopeless = True
                    break
                if at[j] < end[j] and docs[at[j]] < document:
                    at[j] = seek(docs, at[j], end[j], document)
                    read += at[j] < end[j] and docs[at[j]] != document
                if at[j] < end[j] and docs[at[j]] == document:
                    part[order[j]] = weights[base + order[j]] * impacts[at[j]]
                    s += part[order[j]]
                    at[j] += 1
                    read += 1
            if hopeless:
                continue
            s = 0.0  # in the order of the query, as the exhaustive sum
            for j in range(L):
                s += part[j]
            if n < k or s > theta:
                n = push(ids[q], scores[q], n, document, s)
                if n == k:
                    theta = scores[q, 0]
    return read

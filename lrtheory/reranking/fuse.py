"""Fuse the runs of several systems into one: reciprocal ranks, sums of scores, points, or turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lrtheory._types import ArrayLike
from lrtheory._validation import array, choice, integer, is_iterable, must, real, refuse_unused
from lrtheory.reranking.problem import Run

__all__ = ["fuse"]

#: options of each method
METHODS: dict[str, tuple[str, ...]] = {
    "rrf": ("kappa", "weights"),
    "combsum": ("normalize", "weights"),
    "combmnz": ("normalize", "weights"),
    "borda": ("weights",),
    "interleave": (),
}
NORMALIZE = ("min-max", "z", "rank", "none")


class _Rows(NamedTuple):
    """The rows of all runs, one run after the other, each by query and rank; `starts` are the firsts of each list."""

    run: np.ndarray
    query: np.ndarray
    doc: np.ndarray
    rank: np.ndarray
    size: np.ndarray
    score: np.ndarray
    starts: np.ndarray


def fuse(
    runs: Sequence[Run],
    *,
    method: str = "rrf",
    kappa: float | None = None,
    weights: ArrayLike | None = None,
    normalize: str | None = None,
    depth: int | None = None,
) -> Run:
    r"""Fuse runs into one.

    With ranks r from 1, weights w, and L runs, of which :math:`L_d` know document d, a list gives nothing to documents
    that it has not got, and otherwise

    ==============  ========================================================================================
    ``rrf``         w / (kappa + r), added up
    ``combsum``     w times the normalized score, added up
    ``combmnz``     the same times :math:`L_d`
    ``borda``       w times the number of documents behind it, added up
    ``interleave``  all first places in the order of the runs, then all second ones, no document twice
    ==============  ========================================================================================

    What all lists agree on is kept, but for z scores and scores below 0 (statement RK-F1). A larger kappa weakens
    single first places (statement RK-F6) until the order is Borda's (statement RK-F2).

    Parameters
    ----------
    runs : sequence of Run
        Runs, at least one; documents and queries are the same where their names are. A run that lacks a query has an
        empty list for it.
    method : {"rrf", "combsum", "combmnz", "borda", "interleave"}
        Rule by which scores or places are put together.
    kappa : float, optional
        Constant of "rrf", at least 0; 60 by default.
    weights : array of shape (runs,), optional
        Weight of each run, above 0; 1 by default. Not for "interleave".
    normalize : {"min-max", "z", "rank", "none"}, optional
        Scale of the scores of a list for "combsum" and "combmnz": [0, 1], mean 0 and standard deviation 1, the share of
        documents that are not before it, or the one that they have. By default "min-max", which gives 0 to the last
        document, and to all where scores are equal.
    depth : int, optional
        Documents of a list that count, from its first on; all by default.

    Returns
    -------
    Run
        Fused scores. Equal ones stand in the order in which documents first come, run after run. For "interleave" the
        scores are n, n - 1, ..., 1.

    Raises
    ------
    TypeError
        If `runs` holds anything but runs.
    ValueError
        If an option is out of its range or is not one of the method, or scores that are added up are not finite.

    References
    ----------
    .. [1] G. V. Cormack, C. L. A. Clarke, S. Buettcher, Reciprocal rank fusion outperforms Condorcet and individual
       rank learning methods, SIGIR 2009.
    .. [2] E. A. Fox, J. A. Shaw, Combination of multiple searches, TREC 1993.

    Examples
    --------
    >>> first = Run.from_lists({"q": ["a", "b", "c"]})
    >>> second = Run.from_lists({"q": ["c", "b"]})
    >>> fuse([first, second]).ranking("q")
    ('c', 'b', 'a')
    >>> fuse([first, second], method="interleave").ranking("q")
    ('a', 'c', 'b')
    """
    listed = _checked_runs(runs)
    choice("method", method, METHODS)
    given = {"kappa": (kappa, None), "weights": (weights, None), "normalize": (normalize, None)}
    refuse_unused(method, METHODS[method], **given)
    constant = 60.0 if kappa is None else real("kappa", kappa, low=0.0, high=np.finfo(np.float64).max)
    way = choice("normalize", "min-max" if normalize is None else normalize, NORMALIZE)
    share = _checked_weights(weights, len(listed))
    queries, documents, rows = _joined(listed, None if depth is None else integer("depth", depth, low=1))
    if method == "interleave":
        parts = -((rows.rank - 1) * len(listed) + rows.run).astype(np.float64)  # the turn, the first one largest
    elif method == "rrf":
        parts = share[rows.run] / (constant + rows.rank)
    elif method == "borda":
        parts = share[rows.run] * (rows.size - rows.rank)
    else:
        parts = share[rows.run] * _normalized(rows, way)
    _, first, pair = np.unique(rows.query * len(documents) + rows.doc, return_index=True, return_inverse=True)
    # from the smallest part on, so that documents with the same parts tie, whichever run gave which
    rising = np.argsort(parts, kind="stable")
    scores = np.bincount(pair[rising], weights=parts[rising], minlength=len(first))
    if method == "combmnz":
        scores *= np.bincount(pair, minlength=len(first))
    if method == "interleave":
        scores = np.full(len(first), -np.inf)
        np.maximum.at(scores, pair, parts)
    if not np.isfinite(scores).all():
        raise must("runs", "of scores whose weighted sums are doubles", float(scores[~np.isfinite(scores)][0]))
    order = np.lexsort((first, -scores, rows.query[first]))
    lengths = np.bincount(rows.query[first], minlength=len(queries))
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    if method == "interleave":
        scores[order] = np.repeat(indptr[1:], lengths) - np.arange(len(order))
    message = _said(listed, len(queries), method)
    return Run(queries, documents, indptr, rows.doc[first][order], scores[order], "", message)


def _checked_runs(runs: Any) -> list[Run]:
    listed = list(runs) if is_iterable(runs) and not isinstance(runs, Run | str) else []
    if not listed or not all(isinstance(one, Run) for one in listed):
        raise must("runs", "a sequence of Run, at least one", runs, TypeError)
    return listed


def _checked_weights(weights: ArrayLike | None, n: int) -> np.ndarray:
    found = np.ones(n) if weights is None else array("weights", weights, shape=(n,)).astype(np.float64)
    if (found <= 0).any():
        raise must("weights", "> 0", float(found.min()))
    return found


def _joined(runs: Sequence[Run], depth: int | None) -> tuple[tuple[str, ...], tuple[str, ...], _Rows]:
    """Queries and documents of all runs, and the rows of all runs with their numbers among these."""
    queries: dict[str, int] = {}
    documents: dict[str, int] = {}
    parts: list[list[np.ndarray]] = []
    for number, run in enumerate(runs):
        query = np.array([queries.setdefault(name, len(queries)) for name in run.queries], np.int64)
        doc = np.array([documents.setdefault(name, len(documents)) for name in run.documents], np.int64)
        lengths = np.diff(run.indptr)
        rank = np.arange(len(run.docs)) - np.repeat(run.indptr[:-1], lengths) + 1
        kept = slice(None) if depth is None else rank <= depth
        size = np.repeat(lengths if depth is None else np.minimum(lengths, depth), lengths)
        whose = np.full(len(run.docs), number)
        columns = (whose, np.repeat(query, lengths), doc[run.docs], rank, size, run.scores)
        parts.append([column[kept] for column in columns])
    run_of, query_of, doc_of, rank, size, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    rows = _Rows(run_of, query_of, doc_of, rank, size, score, np.flatnonzero(rank == 1))
    return tuple(queries), tuple(documents), rows


def _normalized(rows: _Rows, way: str) -> np.ndarray:
    """The score of each row, made comparable within its list."""
    if not len(rows.rank):
        return np.zeros(0)
    if way == "rank":
        return 1.0 - (rows.rank - 1) / rows.size
    if not np.isfinite(rows.score).all():
        raise must("runs", 'of finite scores, or method="rrf"', float(rows.score[~np.isfinite(rows.score)][0]))
    if way == "none":
        return rows.score
    sizes = rows.size[rows.starts]
    by_list = lambda function, values: np.repeat(function.reduceat(values, rows.starts), sizes)
    # in units of the largest score of the list, so that no difference leaves the doubles
    scale = by_list(np.maximum, np.abs(rows.score))
    scores = rows.score / np.where(scale > 0, scale, 1.0)
    low, high = by_list(np.minimum, scores), by_list(np.maximum, scores)
    if way == "min-max":
        return (scores - low) / np.where(high > low, high - low, 1.0)
    apart = np.where(high > low, scores - by_list(np.add, scores) / rows.size, 0.0)
    spread = np.sqrt(by_list(np.add, apart**2) / rows.size)
    return apart / np.where(spread > 0, spread, 1.0)


def _said(runs: Sequence[Run], n_queries: int, method: str) -> str:
    """Say what was fused, and what some runs lack."""
    n = len(runs)
    lacking = sum(len(run.queries) < n_queries for run in runs)
    more = f"; {lacking} of them lack some of the {n_queries:,} queries" if lacking else ""
    return f"{n} run{'s' * (n > 1)} fused by {method}{more}"

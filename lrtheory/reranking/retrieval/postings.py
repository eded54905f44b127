"""Impacts of terms in documents, the search in them, and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._array import kernel_input, read_only
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, as_array, choice, integer, must
from lrtheory.reranking.problem import Run
from lrtheory.reranking.retrieval.kernels import exhaustive, maxscore

__all__ = ["Postings", "SearchResult", "terms_of"]

METHODS = ("auto", "maxscore", "exhaustive")


@result
class SearchResult(Result):
    """The best documents of each query.

    Attributes
    ----------
    ids : int64 array of shape (queries, k)
        Numbers of documents, the best first, of equal scores the smaller one first; -1 where fewer documents have a
        term of the query.
    scores : float64 array of shape (queries, k)
        Scores of the documents; minus infinity where there is none.
    queries, documents : tuple of str
        Names.
    method : str
        "maxscore" or "exhaustive".
    reason : str
        Reason for the method.
    message : str
        Postings that were read, in a sentence.
    counts : mapping
        ``postings`` that were read, ``all_postings`` of the queries, and ``unknown`` terms of queries.
    """

    ids: np.ndarray
    scores: np.ndarray
    queries: tuple[str, ...]
    documents: tuple[str, ...]
    method: str
    reason: str
    message: str
    counts: Mapping[str, int]

    def run(self) -> Run:
        """The answer as a run, which `evaluate` takes.

        Returns
        -------
        Run
            A query that no document has a term of is there, without documents.
        """
        found = self.ids >= 0
        indptr = np.concatenate([[0], np.cumsum(found.sum(axis=1))])
        return Run(self.queries, self.documents, indptr, self.ids[found], self.scores[found], "bm25", self.message)

    def _columns(self) -> dict[str, Any]:
        rows, places = np.nonzero(self.ids >= 0)
        return {
            "query": [self.queries[row] for row in rows],
            "rank": places + 1,
            "document": [self.documents[one] for one in self.ids[rows, places]],
            "score": self.scores[rows, places],
        }


class Postings:
    """Impacts of terms in documents, one list a term.

    Parameters
    ----------
    indptr : int64 array of shape (terms + 1,)
        Rows ``indptr[t]`` to ``indptr[t + 1]`` are those of term t.
    docs : int64 array of shape (rows,)
        Documents, ascending within a term.
    impacts : float64 array of shape (rows,)
        Part of the score of the document that the term gives.
    n_documents : int
        Number of documents.

    Raises
    ------
    ValueError
        If the arrays do not fit, a document is out of range, or the documents of a term do not ascend.

    Examples
    --------
    >>> lists = Postings([0, 2, 3], [0, 2, 2], [1.0, 0.5, 2.0], n_documents=3)
    >>> found = lists.search([[0, 1]], 2)
    >>> found.ids.tolist(), found.scores.tolist()
    ([[2, 0]], [[2.5, 1.0]])
    """

    def __init__(self, indptr: ArrayLike, docs: ArrayLike, impacts: ArrayLike, *, n_documents: int) -> None:
        self.n_documents = integer("n_documents", n_documents, low=0)
        found = [as_array(name, value) for name, value in (("indptr", indptr), ("docs", docs))]
        for name, one in zip(("indptr", "docs"), found, strict=True):
            if one.ndim != 1 or (one.size and one.dtype.kind not in "iu"):
                raise must(name, "an array of integers with one axis", one)
        starts, rows = (one.astype(np.int64) for one in found)
        values = array("impacts", impacts, shape=(len(rows),)).astype(np.float64)
        if not len(starts) or starts[0] != 0 or starts[-1] != len(rows) or (np.diff(starts) < 0).any():
            raise must("indptr", f"ascending from 0 to the number of rows, {len(rows)}", starts)
        if len(rows) and not (rows.min() >= 0 and rows.max() < self.n_documents):
            raise must("docs", f"in [0, {self.n_documents - 1}]", int(rows.max() if rows.min() >= 0 else rows.min()))
        inside = np.ones(max(len(rows) - 1, 0), bool)
        inside[starts[(starts > 0) & (starts < len(rows))] - 1] = False
        if (np.diff(rows)[inside] <= 0).any():
            raise must("docs", "ascending within each term", rows)
        self.indptr, self.impacts = kernel_input(starts), kernel_input(values)
        self.docs = kernel_input(rows, np.int32 if self.n_documents < 2**31 else np.int64)
        filled = np.flatnonzero(np.diff(starts))
        largest = np.zeros(len(starts) - 1)
        if len(filled):
            largest[filled] = np.maximum.reduceat(values, starts[filled])
        self._bounds = read_only(largest)
        self._least = float(values.min(initial=0.0))

    @property
    def upper_bounds(self) -> np.ndarray:
        """The largest impact of each term, (terms,); 0 for a term without documents."""
        return self._bounds

    def search(self, queries: Sequence[Any], k: int, *, method: str = "auto") -> SearchResult:
        """Find the best documents of queries.

        Parameters
        ----------
        queries : sequence of sequences of int
            Terms of each query; one that stands twice counts twice.
        k : int
            Number of documents a query.
        method : {"auto", "maxscore", "exhaustive"}
            "maxscore" leaves documents that cannot be among the best, with the same answer to the bit; with negative
            impacts that is not safe, and everything is scored. "auto" takes it.

        Returns
        -------
        SearchResult
            Documents and scores.

        Raises
        ------
        TypeError
            If a query holds anything but integers.
        ValueError
            If `k` is below 1, or there is no such term.
        """
        terms = [terms_of(f"queries[{q}]", one, len(self._bounds)) for q, one in enumerate(queries)]
        names = tuple(str(q) for q in range(len(terms)))
        return self._search(terms, k, method, names, tuple(map(str, range(self.n_documents))), 0)

    def _search(
        self,
        terms: list[list[int]],
        k: int,
        method: str,
        queries: tuple[str, ...],
        names: tuple[str, ...],
        unknown: int,
    ) -> SearchResult:
        k = integer("k", k, low=1)
        reason = "it was named" if choice("method", method, METHODS) != "auto" else "no impact is negative"
        chosen = "maxscore" if method == "auto" else method
        if chosen == "maxscore" and self._least < 0:
            chosen, reason = "exhaustive", "an impact is negative, so that leaving documents is not safe"
        counted = [dict.fromkeys(one, 0) for one in terms]
        for one, row in zip(terms, counted, strict=True):
            for term in one:
                row[term] += 1
        starts = np.concatenate([[0], np.cumsum([len(row) for row in counted])]).astype(np.int64)
        flat = np.array([term for row in counted for term in row], np.int64)
        weights = np.array([count for row in counted for count in row.values()], np.float64)
        ids = np.full((len(terms), min(k, max(self.n_documents, 1))), -1, np.int64)
        scores = np.full(ids.shape, -np.inf)
        given = [kernel_input(one) for one in (starts, flat, weights)]
        lists = (self.indptr, self.docs, self.impacts)
        if chosen == "maxscore":
            read = maxscore(*lists, kernel_input(self._bounds), *given, ids, scores)
        else:
            read = exhaustive(*lists, self.n_documents, *given, ids, scores)
        # the heaps are put into order: scores fall, and documents rise where they are equal
        order = np.lexsort((ids, -scores), axis=1)
        ids, scores = np.take_along_axis(ids, order, 1), np.take_along_axis(scores, order, 1)
        wide = ((0, 0), (0, k - ids.shape[1]))
        lengths = np.diff(self.indptr)[flat]
        total = int(lengths.sum())
        return SearchResult(
            ids=np.pad(ids, wide, constant_values=-1),
            scores=np.pad(scores, wide, constant_values=-np.inf),
            queries=queries,
            documents=names,
            method=chosen,
            reason=reason,
            message=f"{read:,} of {total:,} postings were read for {len(terms):,} queries",
            counts={"postings": int(read), "all_postings": total, "unknown": unknown},
        )


def terms_of(name: str, value: Any, n_terms: int) -> list[int]:
    """The terms of a query as a list."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise must(name, "a sequence of numbers of terms", value, TypeError)
    return [integer(name, term, low=0, high=n_terms - 1) for term in value]

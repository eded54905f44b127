r"""BM25 search with MaxScore, which leaves documents that cannot be among the best, and changes nothing by it.

.. math:: \mathrm{score}(q, D) = \sum_{t \in q} \mathrm{idf}(t)\, \frac{(k_1 + 1)\, tf}{tf + K_D}, \qquad
   K_D = k_1 \left(1 - b + b \frac{|D|}{\mathrm{avg}}\right)

The part that a term gives a document is its *impact*, computed once when the index is built [1]_. Terms are ordered by
their largest impacts [2]_; a document is left as soon as what it has and the largest impacts of the rest cannot exceed
the k-th score so far (statement RK-B2). Sums of bounds and scores are rounded in different orders, so the test is made
with the factor 1 + (L + 1) 2^-52 for L terms.

References
----------
.. [1] S. Robertson, H. Zaragoza, The probabilistic relevance framework: BM25 and beyond, FnTIR 3, 2009.
.. [2] H. Turtle, J. Flood, Query evaluation: strategies and optimizations, IP&M 31, 1995.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._array import kernel, kernel_input, read_only, sparse
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import array, as_array, choice, integer, must, real
from lrtheory.reranking.problem import Run

__all__ = ["Bm25", "Postings", "SearchResult"]

METHODS = ("auto", "maxscore", "exhaustive")
LARGEST = float(np.finfo(np.float64).max)


# --- kernels ---------------------------------------------------------------------------------------------------------


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
def maxscore(indptr, docs, impacts, bounds, starts, terms, weights, ids, scores):  # type: ignore[no-untyped-def]
    """Score what can be among the best; return the postings that were read.

    Lists are in the order of their bounds. Those below `first` cannot lift a document into the heap by themselves, so
    documents that are in no other list are not visited.
    """
    longest, k, read = 1, ids.shape[1], 0
    for q in range(len(starts) - 1):
        longest = max(longest, starts[q + 1] - starts[q])
    upto = np.empty(longest)
    at, end = np.empty(longest, np.int64), np.empty(longest, np.int64)
    part = np.zeros(longest)
    for q in range(len(starts) - 1):
        base, L = starts[q], starts[q + 1] - starts[q]
        largest = weights[base : base + L] * bounds[terms[base : base + L]]
        order = np.argsort(largest)
        slack = 1.0 + (L + 1) * 2.0**-52
        reach = 0.0
        for j in range(L):
            reach += largest[order[j]]
            upto[j] = reach
            at[j], end[j] = indptr[terms[base + order[j]]], indptr[terms[base + order[j]] + 1]
        n, first = 0, 0
        theta = -np.inf
        while True:
            while first < L and upto[first] * slack <= theta:
                first += 1
            document = -1
            for j in range(first, L):
                if at[j] < end[j] and (document < 0 or docs[at[j]] < document):
                    document = docs[at[j]]
            if document < 0:
                break
            part[:L] = 0.0
            s = 0.0
            for j in range(first, L):
                if at[j] < end[j] and docs[at[j]] == document:
                    part[order[j]] = weights[base + order[j]] * impacts[at[j]]
                    s += part[order[j]]
                    at[j] += 1
                    read += 1
            hopeless = False
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


# --- postings --------------------------------------------------------------------------------------------------------


@result
class SearchResult(Result):
    """The best documents of each query.

    Attributes
    ----------
    ids : int64 array of shape (queries, k)
        Numbers of documents, the best first, of equal scores the smaller one first; -1 where fewer documents have a
        term of the query.
    scores : float64 array of shape (queries, k)
        Their scores; minus infinity where there is no document.
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
        return Run(self.queries, self.documents, indptr, self.ids[found], self.scores[found], self.message, "bm25")

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
        What the term adds to the score of the document.
    n_documents : int
        Number of documents.

    Raises
    ------
    ValueError
        If the arrays do not fit, a document is out of range, or the documents of a term do not ascend.

    Examples
    --------
    >>> lists = Postings([0, 2, 3], [0, 2, 2], [1.0, 0.5, 2.0], 3)
    >>> found = lists.search([[0, 1]], 2)
    >>> found.ids.tolist(), found.scores.tolist()
    ([[2, 0]], [[2.5, 1.0]])
    """

    def __init__(self, indptr: ArrayLike, docs: ArrayLike, impacts: ArrayLike, n_documents: int) -> None:
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
            If a term is no integer.
        ValueError
            If `k` is below 1, or there is no such term.
        """
        terms = [_terms(f"queries[{q}]", one, len(self._bounds)) for q, one in enumerate(queries)]
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


def _terms(name: str, value: Any, n_terms: int) -> list[int]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise must(name, "a sequence of numbers of terms", value, TypeError)
    return [integer(name, term, low=0, high=n_terms - 1) for term in value]


# --- the index -------------------------------------------------------------------------------------------------------


class Bm25:
    """An index of documents for BM25 search.

    Parameters
    ----------
    documents : sequence, mapping, or matrix of shape (documents, terms)
        Texts, whose words are runs of letters and digits in lower case; lists of tokens; either by name; or the counts
        of numbered terms, dense or sparse.
    k1 : float
        How soon more copies of a term stop counting, at least 0.
    b : float
        How much the length of a document counts, in [0, 1].
    idf : {"lucene", "robertson"}
        Weight of a term in df of N documents: ln(1 + (N - df + 1/2) / (df + 1/2)), or the same without "1 +", which is
        negative for terms of more than half of the documents.
    names : sequence of str, optional
        Names of the documents; by default those of a mapping, or their numbers.

    Raises
    ------
    TypeError
        If the documents are of another kind.
    ValueError
        If a number is out of its range, a count is no whole number of at least 0, or names do not fit.

    Examples
    --------
    >>> from lrtheory.reranking import Bm25
    >>> index = Bm25({"a": "the cat sat", "b": "the dog", "c": "a cat and a cat"})
    >>> found = index.search(["cat"], 2)
    >>> [found.documents[one] for one in found.ids[0]], found.scores.round(3).tolist()
    (['c', 'a'], [[0.567, 0.49]])
    """

    def __init__(
        self,
        documents: Sequence[Any] | Mapping[str, Any] | ArrayLike | SparseArray,
        *,
        k1: float = 1.2,
        b: float = 0.75,
        idf: str = "lucene",
        names: Sequence[str] | None = None,
    ) -> None:
        self.k1, self.b = real("k1", k1, low=0, high=LARGEST), real("b", b, low=0, high=1)
        self.idf = choice("idf", idf, ("lucene", "robertson"))
        if isinstance(documents, Mapping):
            if names is not None:
                raise must("names", "left out where documents have names", names)
            documents, names = list(documents.values()), list(documents)
        self.terms: dict[str, int] | None = None
        columns = self._counted(documents)
        n = columns.shape[0]
        self.names = tuple(map(str, range(n))) if names is None else tuple(names)
        if len(self.names) != n or len(set(self.names)) < n or not all(isinstance(one, str) for one in self.names):
            raise must("names", f"{n} different words, one for each document", len(self.names))
        self.postings = self._weighed(columns)

    def _counted(self, documents: Any) -> Any:
        """The counts as a matrix of scipy.sparse, by columns."""
        if sparse.issparse(documents) or (hasattr(documents, "ndim") and documents.ndim == 2):
            found = sparse.csc_array(documents)
            found.sum_duplicates()
            found.eliminate_zeros()
            found.sort_indices()
            values = array("documents", found.data, low=0)
            if (values != np.floor(values)).any():
                raise must("documents", "whole numbers of terms", float(values[values != np.floor(values)][0]))
            return found
        rows = [tokens_of(f"documents[{d}]", one) for d, one in enumerate(_listed(documents))]
        self.terms = {}
        numbers = [self.terms.setdefault(token, len(self.terms)) for row in rows for token in row]
        where = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        table = (np.ones(len(numbers)), (where, np.array(numbers, np.int64)))
        found = sparse.coo_array(table, shape=(len(rows), len(self.terms))).tocsc()
        found.sort_indices()
        return found

    def _weighed(self, columns: Any) -> Postings:
        """The impact of each term in each document that has it."""
        n = columns.shape[0]
        df = np.diff(columns.indptr).astype(np.float64)
        odds = (n - df + 0.5) / (df + 0.5)
        weights = np.log1p(odds) if self.idf == "lucene" else np.log(odds)
        lengths = np.bincount(columns.indices, weights=columns.data, minlength=n)
        average = float(lengths.mean()) if n and lengths.any() else 1.0
        K = self.k1 * (1 - self.b + self.b * lengths / average)
        tf = columns.data.astype(np.float64)
        # the share tf / (tf + K) first: it is at most 1, so that no product leaves the range of doubles early
        impacts = np.repeat(weights, np.diff(columns.indptr)) * (self.k1 + 1) * (tf / (tf + K[columns.indices]))
        return Postings(columns.indptr.astype(np.int64), columns.indices.astype(np.int64), impacts, n)

    def search(self, queries: Sequence[Any] | Mapping[str, Any], k: int, *, method: str = "auto") -> SearchResult:
        """Find the best documents of queries.

        Parameters
        ----------
        queries : sequence, or mapping by name
            Texts or lists of tokens, as the documents were; numbers of terms where counts were given. A term that
            stands twice in a query counts twice.
        k : int
            Number of documents a query, at least 1.
        method : {"auto", "maxscore", "exhaustive"}
            As in `Postings.search`.

        Returns
        -------
        SearchResult
            Documents that have a term of the query, with their scores.

        Raises
        ------
        TypeError
            If a query is of another kind.
        ValueError
            If `k` is below 1.
        """
        names: Any = map(str, range(len(queries)))
        if isinstance(queries, Mapping):
            names, queries = list(queries), list(queries.values())
        if self.terms is None:
            n_terms = len(self.postings.upper_bounds)
            found = [_terms(f"queries[{q}]", one, n_terms) for q, one in enumerate(queries)]
            return self.postings._search(found, k, method, tuple(names), self.names, 0)
        rows = [tokens_of(f"queries[{q}]", one) for q, one in enumerate(_listed(queries))]
        known = [[self.terms[token] for token in row if token in self.terms] for row in rows]
        unknown = sum(len(set(row) - self.terms.keys()) for row in rows)
        return self.postings._search(known, k, method, tuple(names), self.names, unknown)


def _listed(documents: Any) -> list[Any]:
    if isinstance(documents, str) or not hasattr(documents, "__iter__"):
        raise must(
            "documents", "a sequence of texts or of lists of tokens, or a matrix of counts", documents, TypeError
        )
    return list(documents)


def tokens_of(name: str, value: Any) -> list[str]:
    """The words of a text, or the tokens as they are."""
    if isinstance(value, str):
        return re.findall(r"[^\W_]+", value.lower())
    tokens = list(value) if hasattr(value, "__iter__") else None
    if tokens is None or not all(isinstance(token, str) for token in tokens):
        raise must(name, "a text or a list of tokens", value, TypeError)
    return tokens

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

from lrtheory._array import sparse, to_numpy
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import array, choice, is_iterable, must, real
from lrtheory.reranking.retrieval.postings import Postings, SearchResult, terms_of

__all__ = ["Bm25", "Postings", "SearchResult"]

LARGEST = float(np.finfo(np.float64).max)


class Bm25:
    """An index of documents for BM25 search.

    Parameters
    ----------
    documents : sequence, mapping, or matrix of shape (documents, terms)
        Texts, whose words are runs of letters and digits in lower case; lists of tokens; either by name; or the counts
        of numbered terms, dense or sparse. Entries of a sparse matrix that stand twice are added up first.
    k1 : float
        Saturation, at least 0: the smaller it is, the sooner more copies of a term stop counting.
    b : float
        Weight of the length of a document, in [0, 1].
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
        if sparse.issparse(documents) or getattr(documents, "ndim", 1) == 2:
            dense = None if sparse.issparse(documents) else array("documents", to_numpy(documents), low=0)
            if np.ndim(documents if dense is None else dense) != 2:
                raise must("documents", "a matrix of counts", np.shape(documents))
            given = documents if dense is None else dense
            if given.dtype.kind in "biuf":  # entries that stand twice are added up, which small integers do not hold
                given = given.astype(np.float64)
            found = sparse.csc_array(given)
            found.sum_duplicates()
            found.eliminate_zeros()
            found.sort_indices()
            values = array("documents", found.data, low=0)
            if (values != np.floor(values)).any():
                raise must("documents", "whole numbers of terms", float(values[values != np.floor(values)][0]))
            return found
        rows = [tokens_of(f"documents[{d}]", one) for d, one in enumerate(_listed("documents", documents))]
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
        if not np.isfinite(lengths.sum()):
            raise must("documents", "counts whose sum is in the range of doubles", float(columns.data.max()))
        average = float(lengths.mean()) if n and lengths.any() else 1.0
        tf = columns.data.astype(np.float64)
        with np.errstate(over="ignore"):
            K = self.k1 * (1 - self.b + self.b * lengths / average)
            sums = tf + K[columns.indices]
            # the share tf / (tf + K) is at most 1, so that no product leaves the range of doubles early
            impacts = np.repeat(weights, np.diff(columns.indptr)) * (self.k1 + 1) * (tf / sums)
        if not (np.isfinite(sums) & np.isfinite(impacts)).all():  # over an infinite sum the impact would be 0
            raise must("k1", "so small that tf + K_D and all impacts are in the range of doubles", self.k1)
        return Postings(columns.indptr.astype(np.int64), columns.indices.astype(np.int64), impacts, n_documents=n)

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
        listed = _listed("queries", queries.values() if isinstance(queries, Mapping) else queries)
        names = tuple(queries) if isinstance(queries, Mapping) else tuple(map(str, range(len(listed))))
        if self.terms is None:
            n_terms = len(self.postings.upper_bounds)
            found = [terms_of(f"queries[{q}]", one, n_terms) for q, one in enumerate(listed)]
            return self.postings._search(found, k, method, names, self.names, 0)
        rows = [tokens_of(f"queries[{q}]", one) for q, one in enumerate(listed)]
        known = [[self.terms[token] for token in row if token in self.terms] for row in rows]
        unknown = sum(token not in self.terms for row in rows for token in set(row))
        return self.postings._search(known, k, method, names, self.names, unknown)


def _listed(name: str, given: Any) -> list[Any]:
    if isinstance(given, str) or not is_iterable(given):
        raise must(name, "a sequence of texts or of lists of tokens, or of counts of terms", given, TypeError)
    return list(given)


def tokens_of(name: str, value: Any) -> list[str]:
    """The words of a text, or the tokens as they are."""
    if isinstance(value, str):
        return re.findall(r"[^\W_]+", value.lower())
    tokens = list(value) if hasattr(value, "__iter__") else None
    if tokens is None or not all(isinstance(token, str) for token in tokens):
        raise must(name, "a text or a list of tokens", value, TypeError)
    return tokens

"""Search against sums by hand: ties, near ties, the ends of the range of doubles, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from lrtheory.reranking import Bm25, Postings, evaluate, theory
from lrtheory.reranking.problem import Judgments

#: impacts whose sums depend on the order of addition, tie often, or leave the range of doubles
NASTY = [0.0, 0.1, 0.2, 0.3, 1 / 3, 3.33e-16, 2.22e-16, 2.0, 1e-310, 1e300]


def lists_of(table: np.ndarray) -> Postings:
    indptr = np.concatenate([[0], np.cumsum((table > 0).sum(1))])
    return Postings(indptr, np.nonzero(table)[1], table[table > 0], n_documents=table.shape[1])


def by_hand(table: np.ndarray, query: list[int], k: int) -> list[tuple[int, float]]:
    """Documents that have a term of the query, by falling sums in the order of the query."""
    scores, known = np.zeros(table.shape[1]), np.zeros(table.shape[1], bool)
    for term in dict.fromkeys(query):
        scores += query.count(term) * table[term]
        known |= table[term] > 0
    found = sorted((-scores[d], d) for d in np.flatnonzero(known))
    return [(int(d), float(-s)) for s, d in found[:k]]


@pytest.mark.parametrize("nasty", [False, True])
def test_pruned_search_is_the_exhaustive_one_to_the_bit(nasty: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        shape = (int(rng.integers(1, 6)), int(rng.integers(1, 15)))
        table = rng.choice(NASTY, shape) if nasty else rng.integers(0, 4, shape) * rng.integers(0, 2, shape) / 64
        queries = [rng.integers(0, shape[0], rng.integers(0, 6)).tolist() for _ in range(3)]
        k = int(rng.integers(1, 8))
        pruned, whole = (lists_of(table).search(queries, k, method=one) for one in ("maxscore", "exhaustive"))
        np.testing.assert_array_equal(pruned.ids, whole.ids)
        np.testing.assert_array_equal(pruned.scores, whole.scores)
        assert pruned.counts["postings"] <= whole.counts["postings"] == whole.counts["all_postings"]
        for row, query in enumerate(queries):
            due = by_hand(table, query, k)
            assert list(zip(whole.ids[row].tolist(), whole.scores[row].tolist(), strict=True))[: len(due)] == due
            assert (whole.ids[row, len(due) :] == -1).all()


def test_a_document_above_by_one_bit_is_not_lost() -> None:
    """The sum of bounds alone, rounded otherwise than the score, would leave the second document."""
    table = np.array([[2.0, 2.0], [0.0, 3.33e-16], [0.0, 2.22e-16]])
    for query in ([0, 1, 2], [1, 2, 0], [2, 1, 0]):
        found = lists_of(table).search([query], 1, method="maxscore")
        assert found.ids.tolist() == lists_of(table).search([query], 1, method="exhaustive").ids.tolist()


def test_pruning_reads_less_where_a_frequent_term_is_light() -> None:
    rng = np.random.default_rng(1)
    table = np.zeros((2, 5000))
    table[0] = rng.uniform(0, 0.1, 5000)
    table[1, rng.permutation(5000)[:40]] = 1.0
    found = lists_of(table).search([[0, 1]], 10)
    assert found.counts["postings"] < 2000
    assert found.method == "maxscore"


def test_impacts_below_zero_are_searched_exhaustively() -> None:
    lists = Postings([0, 2, 4], [0, 1, 0, 1], [-4.0, -1.0, 3.0, 3.0], n_documents=2)
    found = lists.search([[0, 1]], 1, method="maxscore")
    assert (found.method, found.ids.tolist(), found.scores.tolist()) == ("exhaustive", [[1]], [[2.0]])
    assert "not safe" in found.reason
    index = Bm25(["a b", "a c", "a d", "e"], idf="robertson")
    assert index.search(["a"], 2).method == "exhaustive"


TEXTS = ["The cat sat on the mat.", "the dog", "", "A cat, and a CAT!", "words_with_lines Straße 42"]


def test_impacts_are_those_of_the_formula() -> None:
    for k1, b in ((1.2, 0.75), (0.0, 0.5), (2.0, 0.0), (1.5, 1.0)):
        index = Bm25(TEXTS, k1=k1, b=b)
        rows = [
            text.lower().replace(".", "").replace(",", "").replace("!", "").replace("_", " ").split() for text in TEXTS
        ]
        average = sum(map(len, rows)) / len(rows)
        for term in ("cat", "the", "a", "42", "straße"):
            df = sum(term in row for row in rows)
            idf = math.log(1 + (len(rows) - df + 0.5) / (df + 0.5))
            found = index.search([term], len(rows))
            scores = dict(zip(found.ids[0].tolist(), found.scores[0].tolist(), strict=True))
            for d, row in enumerate(rows):
                tf, K = row.count(term), k1 * (1 - b + b * len(row) / average)
                due = idf * (k1 + 1) * tf / (tf + K) if tf else None
                assert scores.get(d) == (None if due is None else pytest.approx(due, rel=1e-14))
            assert index.postings.upper_bounds.max() <= theory.term_bound(
                math.log(1 + (len(rows) - 0.5) / 1.5), k1=k1, b=b, average=average
            )


def test_counts_texts_and_tokens_have_one_answer() -> None:
    counts = np.array([[2, 0, 1], [0, 1, 0], [1, 1, 1]])
    words = ["x", "y", "z"]
    tokens = [[word for word, count in zip(words, row, strict=True) for _ in range(count)] for row in counts.tolist()]
    whole = [
        Bm25(counts),
        Bm25(sparse.csr_array(counts)),
        Bm25(sparse.coo_matrix(counts)),
        Bm25(counts.astype(np.int8)),
    ]
    # 200 + 100 copies of a term in one document, which eight bits do not hold
    split = sparse.coo_array((np.array([200, 100, 1], np.uint8), ([0, 0, 1], [0, 0, 0])), shape=(2, 1))
    np.testing.assert_array_equal(Bm25(split).postings.impacts, Bm25(np.array([[300], [1]])).postings.impacts)
    for index in whole:
        ours, due = index.search([[0, 2]], 3), Bm25(tokens).search([["x", "z"]], 3)
        np.testing.assert_array_equal(ours.ids, due.ids)
        np.testing.assert_array_equal(ours.scores, due.scores)
    np.testing.assert_array_equal(Bm25([" ".join(row) for row in tokens]).search(["x z"], 3).scores, due.scores)


def test_a_sparse_matrix_is_the_sum_of_its_entries() -> None:
    """Also where an entry below 0 takes away what another one gives, and nothing is left."""
    places = ([0, 0, 0, 1, 1, 1], [0, 0, 1, 0, 1, 1])
    split = sparse.coo_array((np.array([3, -1, 1, 1, 1, -1]), places), shape=(2, 2))
    ours, due = Bm25(split), Bm25(np.array([[2, 1], [1, 0]]))
    for name in ("indptr", "docs", "impacts"):
        np.testing.assert_array_equal(getattr(ours.postings, name), getattr(due.postings, name))


def test_impacts_of_extreme_saturation_tend_to_the_limit() -> None:
    """With k1 without bound the impact tends to idf tf / (1 - b + b |D| / avg)."""
    for k1 in (1e20, 1e300, 1e307):
        index = Bm25(["a", "a b c d d"], k1=k1, b=0.75)
        due = math.log(1 + 0.5 / 2.5) / (0.25 + 0.75 * 5 / 3)
        assert index.search(["a"], 2).scores[0, 1] == pytest.approx(due, rel=1e-12)
        assert index.search(["d"], 2).scores[0, 0] == pytest.approx(2 * math.log(2) / 1.5, rel=1e-12)


def test_a_term_that_stands_twice_counts_twice() -> None:
    index = Bm25(TEXTS)
    once, twice = index.search(["cat"], 2), index.search(["cat cat"], 2)
    np.testing.assert_array_equal(twice.scores, 2 * once.scores)


def test_results_are_runs_by_name() -> None:
    index = Bm25({"d1": "red fish", "d2": "blue fish", "d3": "bird"})
    found = index.search({"colors": "blue fish", "nothing": "whale", "empty": ""}, 5)
    assert found.run().as_dict()["colors"].keys() == {"d2", "d1"}
    assert found.run().queries == ("colors", "nothing", "empty")
    assert found.counts["unknown"] == 1
    assert found.ids.shape == (3, 5)
    judged = Judgments.from_dict({"colors": {"d2": 1}})
    assert evaluate(found.run(), judged, ["rr"]).values.tolist() == [[1.0]]


def test_empty_collections_have_answers() -> None:
    for documents in ([], ["", " ."], np.zeros((2, 3))):
        index = Bm25(documents)
        found = index.search([[]], 2)
        assert (found.ids.tolist(), found.scores.tolist()) == ([[-1, -1]], [[-np.inf, -np.inf]])
    assert Bm25(["a"]).search([], 1).ids.shape == (0, 1)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "k1": (lambda: Bm25(["a"], k1=-1), "`k1` must be finite and at least 0; got -1."),
    "b": (lambda: Bm25(["a"], b=1.5), "`b` must be in [0, 1]; got 1.5."),
    "k1 beyond doubles": (
        lambda: Bm25(["a", "a b c d"], k1=1.7e308),
        "`k1` must be so small that tf + K_D and all impacts are in the range of doubles; got 1.7e+308.",
    ),
    "k1 times idf beyond doubles": (
        lambda: Bm25(["a", "b", "c", "d", "e", "f g"], k1=1.7e308, b=0),
        "`k1` must be so small that tf + K_D and all impacts are in the range of doubles; got 1.7e+308.",
    ),
    "idf": (lambda: Bm25(["a"], idf="plus"), "`idf` must be one of 'lucene', 'robertson'; got 'plus'."),
    "one text": (lambda: Bm25("a b"), "`documents` must be a sequence of texts or of lists of tokens"),
    "one query": (lambda: Bm25(["a b"]).search("a", 1), "`queries` must be a sequence of texts or of lists of tokens"),
    "table of words": (lambda: Bm25(np.array([["a"]])), "`documents` must be an array of real numbers"),
    "one axis": (lambda: Bm25(sparse.coo_array(np.array([1, 2]))), "`documents` must be a matrix of counts; got (2,)."),
    "huge": (
        lambda: Bm25(np.array([[1.7e308, 1.7e308]])),
        "`documents` must be counts whose sum is in the range of doubles; got 1.7e+308.",
    ),
    "numbers": (lambda: Bm25([1, 2]), "`documents[0]` must be a text or a list of tokens; got 1."),
    "counts": (lambda: Bm25(np.array([[0.5]])), "`documents` must be whole numbers of terms; got 0.5."),
    "negative": (lambda: Bm25(np.array([[-1]])), "`documents` must be in [0, inf]; got -1.0."),
    "nan": (lambda: Bm25(np.array([[np.nan]])), "`documents` must be finite; got nan."),
    "names": (lambda: Bm25(["a", "b"], names=["x", "x"]), "`names` must be 2 different words, one for each document"),
    "names twice": (lambda: Bm25({"x": "a"}, names=["y"]), "`names` must be left out where documents have names"),
    "k": (lambda: Bm25(["a"]).search(["a"], 0), "`k` must be an integer of at least 1; got 0."),
    "method": (lambda: Bm25(["a"]).search(["a"], 1, method="wand"), "`method` must be one of 'auto', 'maxscore'"),
    "query": (lambda: Bm25(["a"]).search([3], 1), "`queries[0]` must be a text or a list of tokens; got 3."),
    "term": (lambda: Bm25(np.eye(2)).search([[2]], 1), "`queries[0]` must be an integer in [0, 1]; got 2."),
    "indptr": (lambda: Postings([0, 2], [0], [1.0], n_documents=1), "`indptr` must be ascending from 0 to the number"),
    "bounds that are fractions": (
        lambda: Postings([0.0, 1.5], [0], [1.0], n_documents=1),
        "`indptr` must be an array of integers with one axis; got",
    ),
    "documents that are fractions": (
        lambda: Postings([0, 1], [0.5], [1.0], n_documents=1),
        "`docs` must be an array of integers with one axis; got",
    ),
    "docs": (lambda: Postings([0, 1], [1], [1.0], n_documents=1), "`docs` must be in [0, 0]; got 1."),
    "order": (
        lambda: Postings([0, 2], [1, 0], [1.0, 1.0], n_documents=2),
        "`docs` must be ascending within each term; got",
    ),
    "impacts": (lambda: Postings([0, 1], [0], [np.inf], n_documents=1), "`impacts` must be finite; got inf."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_refused_in_one_sentence(name: str) -> None:
    call, sentence = REFUSED[name]
    with pytest.raises((TypeError, ValueError)) as refused:
        call()
    assert sentence in str(refused.value)


def test_documents_of_different_terms_may_fall() -> None:
    lists = Postings([0, 2, 2, 3, 4], [1, 2, 0, 0], [1.0, 1.0, 1.0, 0.5], n_documents=3)
    assert lists.upper_bounds.tolist() == [1.0, 0.0, 1.0, 0.5]
    assert lists.search([[3, 0]], 3).ids.tolist() == [[1, 2, 0]]
    assert Fraction(lists.search([[3, 2]], 1).scores[0, 0]) == Fraction(3, 2)

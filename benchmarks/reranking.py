"""Metrics of runs against tools that evaluate, and search by words against two packages of BM25."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Inputs, Row, ready

#: queries of a run, documents of each, and those of them that are judged
QUERIES, FOUND, JUDGED = 2000, 100, 60
#: terms of all documents, and the length of a document
TERMS, LENGTH = 30_000, 60
#: documents that a search returns
K = 10
NAMES = ("ndcg@10", "ap", "rr", "p@10", "recall@100")


# --- metrics ---------------------------------------------------------------------------------------------------------


def judged() -> Inputs:
    """Documents by falling scores, which single precision tells apart, and gains of some of them and of others."""
    rng = np.random.default_rng(0)
    docs = np.argsort(rng.random((QUERIES, FOUND + 30)), axis=1) + 1000 * np.arange(QUERIES)[:, None]
    places = np.argsort(rng.random((QUERIES, FOUND + 30)), axis=1)[:, :JUDGED]
    gains = rng.choice([0, 0, 0, 1, 2], (QUERIES, JUDGED))
    gains[:, 0] = 1  # every query has a relevant document
    scores = np.argsort(rng.random((QUERIES, FOUND)), axis=1) / 128
    return {"docs": docs[:, :FOUND], "scores": scores, "judged": np.take_along_axis(docs, places, 1), "gains": gains}


def dictionaries(inputs: Inputs) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    """Judgments and the run, as all tools take them; names sort as numbers do."""

    def by_query(docs: np.ndarray, values: np.ndarray) -> dict[str, dict[str, Any]]:
        rows = zip(docs.tolist(), values.tolist(), strict=True)
        return {
            f"q{q:05d}": {f"d{doc:08d}": value for doc, value in zip(*row, strict=True)} for q, row in enumerate(rows)
        }

    return by_query(inputs["judged"], inputs["gains"]), by_query(inputs["docs"], inputs["scores"])


def our_metrics(inputs: Inputs) -> np.ndarray:
    """Five metrics of each query."""
    from lrtheory.reranking import Judgments, Run, evaluate

    def made() -> tuple[Any, Any]:
        judgments, run = dictionaries(inputs)
        return Run.from_dict(run), Judgments.from_dict(judgments)

    run, judgments = ready("ours", inputs, made)
    return np.asarray(evaluate(run, judgments, NAMES).values)


def pytrec_metrics(inputs: Inputs) -> np.ndarray:
    """The metrics of trec_eval; dictionaries stand ready."""
    import pytrec_eval

    keys = ("ndcg_cut_10", "map", "recip_rank", "P_10", "recall_100")

    def made() -> tuple[Any, Any]:
        judgments, run = dictionaries(inputs)
        names = {"map", "ndcg_cut.10", "recip_rank", "P.10", "recall.100"}
        return pytrec_eval.RelevanceEvaluator(judgments, names), run

    evaluator, run = ready("pytrec", inputs, made)
    found = evaluator.evaluate(run)
    return np.array([[found[query][key] for key in keys] for query in sorted(found)])


def ranx_metrics(inputs: Inputs) -> np.ndarray:
    """The metrics of ranx; its own judgments and run stand ready."""
    import ranx

    def made() -> tuple[Any, Any]:
        judgments, run = dictionaries(inputs)
        return ranx.Qrels(judgments), ranx.Run(run)

    qrels, run = ready("ranx", inputs, made)
    names = ["ndcg@10", "map", "mrr", "precision@10", "recall@100"]
    found = ranx.evaluate(qrels, run, names, return_mean=False)
    return np.column_stack([found[name] for name in names])


def ir_metrics(inputs: Inputs) -> np.ndarray:
    """The metrics of ir_measures, which asks others; its evaluator stands ready."""
    import ir_measures
    from ir_measures import AP, RR, P, R, nDCG

    measures = [nDCG @ 10, AP, RR, P @ 10, R @ 100]

    def made() -> tuple[Any, Any]:
        judgments, run = dictionaries(inputs)
        return ir_measures.evaluator(measures, judgments), run

    evaluator, run = ready("ir", inputs, made)
    found = np.empty((QUERIES, len(measures)))
    for one in evaluator.iter_calc(run):
        found[int(one.query_id[1:]), measures.index(one.measure)] = one.value
    return found


METRICS = Row(
    name="five-metrics",
    title=f"five metrics of {QUERIES:,} queries with {FOUND} documents, {JUDGED} judged",
    inputs=judged,
    ours={"evaluate": our_metrics},
    peers={"pytrec-eval": pytrec_metrics, "ranx": ranx_metrics, "ir-measures": ir_metrics},
    tolerance=1e-12,
)


# --- search ----------------------------------------------------------------------------------------------------------


def texts(n_documents: int, n_queries: int, shift: int) -> Callable[[], Inputs]:
    """Terms of documents and of queries of two to five terms, by a law of Zipf that begins at the rank `shift`."""

    def inputs() -> Inputs:
        rng = np.random.default_rng(0)
        law = 1 / (shift + np.arange(TERMS))
        law /= law.sum()
        terms = rng.choice(TERMS, size=(n_documents, LENGTH), p=law)
        queries = rng.choice(TERMS, size=(n_queries, 5), p=law)
        queries[np.arange(5) >= rng.integers(2, 6, n_queries)[:, None]] = -1
        return {"terms": terms.astype(np.int32), "queries": queries}

    return inputs


def words(rows: np.ndarray) -> list[list[str]]:
    """Terms as words, each of a row once where it may be a query."""
    return [[str(term) for term in row if term >= 0] for row in rows.tolist()]


def distinct(rows: np.ndarray) -> list[list[str]]:
    """The different terms of each query as words."""
    return [list(dict.fromkeys(row)) for row in words(rows)]


def our_search(idf: str, k1: float) -> Callable[[Inputs], np.ndarray]:
    """Scores of the best documents of each query."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.reranking import Bm25

        def made() -> tuple[Any, Any]:
            return Bm25(words(inputs["terms"]), idf=idf, k1=k1), distinct(inputs["queries"])

        index, queries = ready("index", inputs, made)
        return np.asarray(index.search(queries, K).scores)

    return solve


def bm25s_search(inputs: Inputs) -> np.ndarray:
    """The search of bm25s with its compiled loops; its scores lack the constant factor k1 + 1."""
    import bm25s

    def made() -> tuple[Any, Any]:
        index = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
        index.index(words(inputs["terms"]), show_progress=False)
        return index, distinct(inputs["queries"])

    index, queries = ready("bm25s", inputs, made)
    _, scores = index.retrieve(queries, k=K, n_threads=1, show_progress=False)
    return np.asarray(scores, float) * 2.2


def rank_bm25_search(inputs: Inputs) -> np.ndarray:
    """The scores of rank_bm25 of all documents, and the largest of them."""
    import rank_bm25

    def made() -> tuple[Any, Any]:
        return rank_bm25.BM25Okapi(words(inputs["terms"]), k1=1.2, b=0.75), distinct(inputs["queries"])

    index, queries = ready("rank", inputs, made)
    scores = np.array([index.get_scores(query) for query in queries])
    return -np.sort(-scores, axis=1)[:, :K]


SEARCH = Row(
    name="search-1e5",
    title=f"the best {K} of 100,000 documents of {LENGTH} words for 500 queries of two to five words",
    inputs=texts(100_000, 500, 10),
    ours={"maxscore": our_search("lucene", 1.2)},
    peers={"bm25s": bm25s_search},
    tolerance=1e-3,
)
# no term is in half of the documents, where rank_bm25 replaces its weight
LOOPS = Row(
    name="search-2e4",
    title=f"the best {K} of 20,000 documents of {LENGTH} words for 20 queries of two to five words",
    inputs=texts(20_000, 20, 200),
    ours={"maxscore": our_search("robertson", 1.2)},
    peers={"rank-bm25": rank_bm25_search},
    tolerance=1e-9,
)

r"""Reranking: metrics with intervals, calls that are counted, prefixes that are certain.

A search gives a list, a judge such as a language model sorts a few documents of it at a time, and a metric says how
good the result is. Every call of the judge costs, and judgments have holes. Which documents are first for certain after
how many calls, and what of a score rests on holes, ties or luck, is what this package measures:

* Lines of trec_eval, tables, frames or dictionaries as data             `Run`, `Judgments`
* A metric of a run, and what ties and missing judgments leave open      `evaluate`, `evaluate_all`
* Whether two systems differ, or several                                 `compare`, `compare_all`, `sign_flips`
* Calls, rounds and votes that a judge will need                         `plan`, `estimate_noise`
* The best k of n documents, and how much of the order is certain        `rerank`, `Reranker`
* A search by words, and several lists as one                            `Bm25`, `fuse`

Windows of w documents that slide by s from the end of n documents to their head make the first

.. math:: g = w - \min(s, n - w)

certain (statement RK-W1): ten of a hundred at the usual sizes, by nine calls that wait for each other. Sorted groups
that are merged take seven calls in three rounds (RK-T3), no strategy takes fewer than six (RK-T2), and six calls in one
round check an order that somebody claims (RK-V1).

From files to an answer, in the shell::

    lrtheory reranking evaluate news.qrels words.run meanings.run -m ndcg@10
    lrtheory reranking compare news.qrels meanings.run words.run --decided

Examples
--------
Merging makes ten of a hundred documents certain, and the certificate asks the judge again:

>>> from lrtheory import reranking as rr
>>> judge = rr.make_oracle(range(99, -1, -1))
>>> found = rr.rerank(judge, 100, 10, size=20)
>>> found.method, found.calls, found.rounds, found.order[:3].tolist()
('merge', 7, 3, [99, 98, 97])
>>> found.certificate.verify(judge)
True

Two runs on judgments that lack a document, whose gain leaves the metric open:

>>> judgments = rr.Judgments.from_dict({"q": {"a": 1, "b": 0, "c": 1}})
>>> run = rr.Run.from_lists({"q": ["a", "d", "b", "c"]})
>>> value = rr.evaluate(run, judgments, ["ap"], unjudged="bounds")
>>> value.lower.round(3).tolist(), value.upper.round(3).tolist()
([[0.75]], [[0.917]])
>>> fused = rr.fuse([run, rr.Run.from_lists({"q": ["c", "a"]})])
>>> fused.ranking("q")
('a', 'c', 'd', 'b')
"""

from __future__ import annotations

from lrtheory._data.sentence_vectors import encode
from lrtheory.reranking import baselines, theory
from lrtheory.reranking.compare import Comparison, Comparisons, compare, compare_all
from lrtheory.reranking.evaluate import Evaluation, Evaluations, QueryValues, evaluate, evaluate_all
from lrtheory.reranking.fuse import fuse
from lrtheory.reranking.loaders import LeeDocuments, QuestionAnswers, load_lee_documents, load_question_answers
from lrtheory.reranking.metrics.sign_flips import SignFlips, sign_flips
from lrtheory.reranking.plan import NoiseEstimate, Plan, estimate_noise, plan
from lrtheory.reranking.problem import Judgments, Run
from lrtheory.reranking.rerank import Reranker, Reranking, RerankingCertificate, rerank
from lrtheory.reranking.retrieval.bm25 import Bm25, Postings, SearchResult
from lrtheory.reranking.strategies.oracles import EncoderOracle, Oracle, encoder_oracle, make_oracle

__all__ = [
    "Bm25",
    "Comparison",
    "Comparisons",
    "EncoderOracle",
    "Evaluation",
    "Evaluations",
    "Judgments",
    "LeeDocuments",
    "NoiseEstimate",
    "Oracle",
    "Plan",
    "Postings",
    "QueryValues",
    "QuestionAnswers",
    "Reranker",
    "Reranking",
    "RerankingCertificate",
    "Run",
    "SearchResult",
    "SignFlips",
    "baselines",
    "compare",
    "compare_all",
    "encode",
    "encoder_oracle",
    "estimate_noise",
    "evaluate",
    "evaluate_all",
    "fuse",
    "load_lee_documents",
    "load_question_answers",
    "make_oracle",
    "plan",
    "rerank",
    "sign_flips",
    "theory",
]


def _warmup() -> None:
    """Compile the kernels of metrics, with ends and in the mean over ties, and those of search."""
    judgments = Judgments.from_dict({"q": {"a": 1, "b": 0}})
    run = Run.from_dict({"q": {"a": 1.0, "c": 1.0}})
    evaluate(run, judgments, ["ap", "dcg"], unjudged="bounds")
    evaluate(run, judgments, ["ap", "rr", "err", "ndcg"], ties="expected")
    index = Bm25(["a b", "b"])
    for method in ("maxscore", "exhaustive"):
        index.search(["a"], 1, method=method)

"""The verbs of the shell: search, fuse and measure runs, say whether they differ, and plan the calls of a judge."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lrtheory._validation import must
from lrtheory.reranking.compare import Comparison, Comparisons, compare_all
from lrtheory.reranking.compare import compare as compared
from lrtheory.reranking.evaluate import Evaluations, evaluate_all
from lrtheory.reranking.fuse import fuse as fused
from lrtheory.reranking.plan import Plan
from lrtheory.reranking.plan import plan as planned
from lrtheory.reranking.problem import Judgments, Run
from lrtheory.reranking.retrieval.bm25 import Bm25
from lrtheory.reranking.retrieval.texts import Texts

__all__ = ["compare", "evaluate", "fuse", "plan", "search"]

#: what -o writes, where it is more than the table
WRITES = {"fuse": "a TREC run (.run, .trec), or a table", "search": "a TREC run (.run, .trec), or a table"}
#: verbs that ask a question of yes or no
DECIDES = ("compare",)
#: arguments of the functions that a verb calls, and its own names for them
RENAMED = {"evaluate": {"metrics": "m"}, "compare": {"metrics": "m", "metric": "m"}}


def evaluate(
    judgments: Judgments,
    *runs: Run,
    m: tuple[str, ...] = ("ndcg@10", "ap", "rr"),
    gains: Literal["linear", "exponential"] = "linear",
    ties: Literal["input", "trec", "expected"] = "input",
    unjudged: Literal["zero", "skip"] = "zero",
    max_gain: float | None = None,
    negative: Literal["refuse", "zero"] = "refuse",
) -> Evaluations:
    """Measure runs on judgments, with the range that missing judgments and equal scores leave open.

    The mean is over all judged queries; one that a run lacks counts as 0. Runs and judgments are files of TREC, JSON by
    query and document, or tables.

    Parameters
    ----------
    judgments : Judgments
        The gains of documents: query, 0, document, gain.
    *runs : Run
        Scores of documents, a file for each run: query, Q0, document, rank, score, tag. Ranks are not looked at.
    m : tuple of str
        The metrics: dcg, ndcg, ap, rr, p, recall, err, with @k or without it, and rbp.8.
    gains : {"linear", "exponential"}
        A document of gain g counts g, or 2^g - 1.
    ties : {"input", "trec", "expected"}
        Equal scores in the order of the file, by name as trec_eval does, or in the mean over their orders.
    unjudged : {"zero", "skip"}
        Documents without a judgment count as irrelevant in the mean, or are left out.
    max_gain : float
        The largest gain that a document may have; that of the judgments unless it is given.
    negative : {"refuse", "zero"}
        Whether gains below 0, which some files have for spam, are refused or count as 0.

    Returns
    -------
    Evaluations
        A row for each run and metric: mean, lower and upper, and the share of what is shown that is judged.

    Examples
    --------
    lrtheory reranking evaluate news.qrels words.run
    lrtheory reranking evaluate news.qrels words.run meanings.run -m ndcg@10,ap,rbp.8 --ties trec
    """
    return evaluate_all(
        _named(runs), judgments, m, gains=gains, ties=ties, unjudged=unjudged, max_gain=max_gain, negative=negative
    )


def compare(
    judgments: Judgments,
    first: Run,
    second: Run,
    *others: Run,
    m: str = "ndcg@10",
    delta: float = 0.05,
    gains: Literal["linear", "exponential"] = "linear",
    ties: Literal["input", "trec", "expected"] = "input",
    unjudged: Literal["zero", "skip"] = "zero",
    negative: Literal["refuse", "zero"] = "refuse",
    rng: int = 0,
) -> Comparison | Comparisons:
    """Say if two runs differ: difference, interval and p-value over queries, and what rests on missing judgments.

    With more runs all pairs are compared, with Holm's correction. With --decided the exit code is 0 if all of them
    differ, and 2 while that is open.

    Parameters
    ----------
    judgments : Judgments
        The gains of documents: query, 0, document, gain.
    first : Run
        Scores of the first system.
    second : Run
        Scores of the second system, whose values are subtracted.
    *others : Run
        Scores of more systems.
    m : str
        The metric, such as ndcg@10, ap or rbp.8.
    delta : float
        Level of the test and of the interval.
    gains : {"linear", "exponential"}
        A document of gain g counts g, or 2^g - 1.
    ties : {"input", "trec", "expected"}
        Equal scores in the order of the file, by name as trec_eval does, or in the mean over their orders.
    unjudged : {"zero", "skip"}
        Documents without a judgment count as irrelevant, or are left out.
    negative : {"refuse", "zero"}
        Whether gains below 0, which some files have for spam, are refused or count as 0.
    rng : int
        The seed of sampled signs, where there are too many to count.

    Returns
    -------
    Comparison or Comparisons
        Difference of each pair, first minus second.

    Examples
    --------
    lrtheory reranking compare news.qrels meanings.run words.run --decided
    lrtheory reranking compare news.qrels meanings.run words.run both.run -m ap
    """
    options: dict[str, Any] = {"gains": gains, "ties": ties, "unjudged": unjudged, "negative": negative}
    if not others:
        return compared(first, second, judgments, metric=m, delta=delta, rng=rng, **options)
    return compare_all(_named((first, second, *others)), judgments, metric=m, delta=delta, rng=rng, **options)


def fuse(
    first: Run,
    second: Run,
    *others: Run,
    method: Literal["rrf", "combsum", "combmnz", "borda", "interleave"] = "rrf",
    kappa: float | None = None,
    weights: tuple[str, ...] | None = None,
    normalize: Literal["min-max", "z", "rank", "none"] | None = None,
    depth: int | None = None,
) -> Run:
    """Fuse runs into one, which -o writes.

    A document that a run has not got gets nothing from it.

    Parameters
    ----------
    first : Run
        Scores of documents: query, Q0, document, rank, score, tag.
    second : Run
        Scores of another system.
    *others : Run
        Scores of more systems.
    method : {"rrf", "combsum", "combmnz", "borda", "interleave"}
        Reciprocal ranks, scores, scores times the number of runs, places, or all first places, then all second ones.
    kappa : float
        Constant of reciprocal ranks, which are 1 / (kappa + rank); 60 unless it is given.
    weights : tuple of str
        A weight for each run, such as 1,0.5.
    normalize : {"min-max", "z", "rank", "none"}
        Way to make scores of different runs comparable; min-max unless it is given.
    depth : int
        Documents of each list that count.

    Returns
    -------
    Run
        Documents of each query, the best first.

    Examples
    --------
    lrtheory reranking fuse words.run meanings.run -o fused.run
    lrtheory reranking fuse words.run meanings.run --method combsum --weights 1,2
    """
    shares = None if weights is None else [_number("weights", one) for one in weights]
    runs = (first, second, *others)
    return fused(runs, method=method, kappa=kappa, weights=shares, normalize=normalize, depth=depth)


def search(documents: Texts, queries: Texts, *, k: int = 100, k1: float = 1.2, b: float = 0.75) -> Run:
    """Find documents for queries by their words (BM25), as a run, which -o writes.

    Parameters
    ----------
    documents : Texts
        Columns id and text, and perhaps title; or a name, a tab and a text in each line.
    queries : Texts
        The queries, likewise.
    k : int
        Documents a query.
    k1 : float
        Saturation: the larger, the more do further copies of a word count.
    b : float
        Weight of the length of a document, from 0 to 1.

    Returns
    -------
    Run
        Documents of each query, the best first.

    Examples
    --------
    lrtheory reranking search news.jsonl news_queries.tsv -k 5
    lrtheory reranking search news.jsonl news_queries.tsv -k 100 -o bm25.run
    """
    return Bm25(documents.as_dict(), k1=k1, b=b).search(queries.as_dict(), k).run()


def plan(
    first: Run,
    *,
    k: int = 10,
    size: int = 20,
    error_rate: float = 0.0,
    delta: float = 0.05,
    persistent: bool = False,
) -> Plan:
    """Count the calls of a judge that make the first k documents certain, for the longest list of a run.

    Parameters
    ----------
    first : Run
        Scores of the documents that a judge shall sort.
    k : int
        Best documents that are wanted, in order.
    size : int
        Documents that the judge sees in a call.
    error_rate : float
        Probability that the answer to a call is wrong.
    delta : float
        Probability that the result is wrong, where the judge errs.
    persistent : bool
        The judge gives the same answer whenever it is asked, right or wrong.

    Returns
    -------
    Plan
        A row for each strategy: calls, rounds and votes at most.

    Examples
    --------
    lrtheory reranking plan words.run -k 5 --size 8
    lrtheory reranking plan words.run -k 5 --size 2 --error-rate 0.1
    """
    longest = int(np.diff(first.indptr).max(initial=0))
    return planned(longest, min(k, longest), size=size, error_rate=error_rate, delta=delta, persistent=persistent)


def _named(runs: tuple[Run, ...]) -> dict[str, Run]:
    """Runs by the names of their files, with numbers where these are equal or missing."""
    names = [run.name for run in runs]
    shown = [name if name and names.count(name) == 1 else f"{name}#{i}" for i, name in enumerate(names, start=1)]
    if len(set(shown)) < len(shown):  # a file may be called like a number of ours
        shown = [str(i) for i in range(1, len(names) + 1)]
    return dict(zip(shown, runs, strict=True))


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise must(name, "numbers with commas between them", text) from None

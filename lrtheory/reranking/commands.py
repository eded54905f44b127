"""The verbs of the shell: metrics of runs with what is open, and whether two systems differ."""

from __future__ import annotations

from typing import Any, Literal

from lrtheory.reranking.compare import Comparison, Comparisons, compare_all
from lrtheory.reranking.compare import compare as compared
from lrtheory.reranking.evaluate import Evaluations, evaluate_all
from lrtheory.reranking.problem import Judgments, Run

__all__ = ["compare", "evaluate"]

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
        What to do with gains below 0, which some files have for spam.

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
    """Say whether two runs differ: difference, interval and p-value over queries, and what rests on missing judgments.

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
        What to do with gains below 0, which some files have for spam.
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


def _named(runs: tuple[Run, ...]) -> dict[str, Run]:
    """Runs by the names of their files, with numbers where these are equal or missing."""
    names = [run.name for run in runs]
    shown = [name if name and names.count(name) == 1 else f"{name}#{i}" for i, name in enumerate(names, start=1)]
    return dict(zip(shown, runs, strict=True))

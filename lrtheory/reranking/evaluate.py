"""Measure a run on judgments, and say what ties and missing judgments leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._result import Result, display, result
from lrtheory._validation import choice, integer, must
from lrtheory.reranking.metrics.intervals import interval, judged_counts, values
from lrtheory.reranking.metrics.lists import Lists, Options, ranked_lists
from lrtheory.reranking.metrics.names import ERR, Metric, metrics_of
from lrtheory.reranking.metrics.ties import expected
from lrtheory.reranking.problem import Judgments, Run

__all__ = [
    "TIES",
    "UNJUDGED",
    "Evaluation",
    "Evaluations",
    "QueryValues",
    "check_types",
    "evaluate",
    "evaluate_all",
    "options_of",
]

GAINS, DISCOUNTS = ("linear", "exponential"), ("log2", "reciprocal")
#: documents that an ideal order may have beside the judged ones
MOST_UNSEEN = 100_000
TIES, UNJUDGED, NEGATIVE = ("input", "trec", "expected", "bounds"), ("zero", "skip", "bounds"), ("refuse", "zero")


@result
class QueryValues(Result):
    """The values of one metric by query.

    Attributes
    ----------
    queries : tuple of str
        Queries of the judgments.
    values, lower, upper : float64 arrays of shape (queries,)
        Value of each query, and the ends of what is open.
    judged : float64 array of shape (queries,)
        Share of documents up to the cut that are judged; 1 where none was found.
    """

    queries: tuple[str, ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    judged: np.ndarray

    def _columns(self) -> dict[str, Any]:
        names = ("values", "lower", "upper", "judged")
        return {"query": self.queries, **{name.removesuffix("s"): getattr(self, name) for name in names}}


@result
class Evaluation(Result):
    """Metrics of a run, by query and in the mean over all judged queries.

    Attributes
    ----------
    queries : tuple of str
        Queries of the judgments, over which means are taken.
    metrics : tuple of str
        Names of the metrics.
    values : float64 array of shape (queries, metrics)
        Value of each query; a query without a result has value 0.
    lower, upper : float64 arrays of shape (queries, metrics)
        Ends over what was left open, ties or judgments; equal to `values` where nothing was.
    mean, mean_lower, mean_upper : float64 arrays of shape (metrics,)
        Means over all judged queries.
    judged : float64 array of shape (queries, metrics)
        Share of documents up to the cut that are judged; 1 where none was found.
    judged_share : float64 array of shape (metrics,)
        Share of judged documents up to the cut over all queries together.
    found : bool array of shape (queries,)
        Whether the run has the query.
    empty : bool array of shape (queries,)
        Whether no judged document of the query is relevant, so that AP, nDCG and recall are 0.
    ties, unjudged : str
        Rules for equal scores and for documents without a judgment.
    message : str
        Sentences about the queries, ties and holes that the means rest on.
    counts : mapping of str to int
        ``queries`` of the mean, ``missing`` ones of them without a result, ``empty`` ones, ``dropped`` queries of the
        run without judgments, and ``tied`` queries with equal scores.
    """

    queries: tuple[str, ...]
    metrics: tuple[str, ...]
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    mean: np.ndarray
    mean_lower: np.ndarray
    mean_upper: np.ndarray
    judged: np.ndarray
    judged_share: np.ndarray
    found: np.ndarray
    empty: np.ndarray
    ties: str
    unjudged: str
    message: str
    counts: Mapping[str, int]

    # a table of means is less than the values of queries
    _is_more = True

    def by_query(self, metric: str | None = None) -> QueryValues:
        """The values of one metric by query.

        Parameters
        ----------
        metric : str or None
            One of `metrics`; None takes the first.

        Returns
        -------
        QueryValues
            Table with a row for each query.

        Raises
        ------
        ValueError
            If the metric was not measured.
        """
        at = 0 if metric is None else self.metrics.index(choice("metric", metric, self.metrics))
        columns = (self.values, self.lower, self.upper, self.judged)
        return QueryValues(self.queries, *(np.ascontiguousarray(one[:, at]) for one in columns))

    def _columns(self) -> dict[str, Any]:
        return {
            "metric": self.metrics,
            "mean": self.mean,
            "lower": self.mean_lower,
            "upper": self.mean_upper,
            "judged": self.judged_share,
            "queries": [len(self.queries)] * len(self.metrics),
        }

    def _facts(self) -> list[str]:
        return self.message.split("; ")

    def _draw(self, ax: Any) -> None:
        display.intervals(ax, self.metrics, self.mean_lower, self.mean_upper, middle=self.mean, label="mean")


def evaluate(
    run: Run,
    judgments: Judgments,
    metrics: str | Sequence[str] = ("ndcg@10", "ap", "rr"),
    *,
    gains: str = "linear",
    ties: str = "input",
    unjudged: str = "zero",
    discount: str = "log2",
    max_gain: float | None = None,
    unseen: int = 0,
    negative: str = "refuse",
) -> Evaluation:
    r"""Measure a run.

    With gains :math:`g_r` and discounts :math:`d_r` by rank, R relevant documents among the judged ones and
    :math:`x_r = 1` for a relevant document,

    .. math:: \mathrm{DCG} = \sum_r g_r d_r, \quad \mathrm{AP} = \frac 1 R \sum_r x_r P@r, \quad
        \mathrm{RBP} = (1 - p) \sum_r x_r p^{r-1}, \quad \mathrm{ERR} = \sum_r \frac{s_r}{r} \prod_{t<r} (1 - s_t),

    with :math:`s = (2^g - 1) / 2^G`, where G is the largest gain. nDCG divides DCG by that of the best order of all
    judged documents, P@k always by k, recall by R; RR is one over the first relevant rank. All of them add up the first
    k ranks where there is a cut, and are 0 where they would divide by 0.

    Parameters
    ----------
    run : Run
        Scores of documents; larger ones come first.
    judgments : Judgments
        Gains. The mean is over its queries: one that the run lacks counts as 0, and queries of the run that are not
        judged are dropped. Both are counted.
    metrics : str or sequence of str
        Names among "dcg", "ndcg", "ap", "rr", "p", "recall" and "err", with ``@k`` or without it, and "rbp.8" with the
        probability p to read on.
    gains : {"linear", "exponential"}
        Whether a document of gain g counts g, as in trec_eval, or :math:`2^g - 1`.
    ties : {"input", "trec", "expected", "bounds"}
        Equal scores in the order of the run's rows; by name, the largest first, where trec_eval takes scores for equal
        that are so in single precision; in the mean over all their orders (statement RK-M3); or in the order of the
        rows, with `lower` and `upper` over all orders.
    unjudged : {"zero", "skip", "bounds"}
        Documents without a judgment count as irrelevant, are left out of the list, or leave `lower` and `upper` open:
        each may have any gain up to the largest one (statements RK-M5 and RK-M6). The ends are attained, except for the
        upper one of nDCG if judged gains have several values above 0, which is a bound. Of RBP without a cut the ranks
        behind the list are open too. `values` count such documents as irrelevant.
    discount : {"log2", "reciprocal"}
        Discounts 1 / log2(r + 1), or 1 / r.
    max_gain : float or None
        The largest possible gain G, at least that of the judgments, which is the default.
    unseen : int
        Number of documents of each query that were neither found nor judged and may be relevant; they lower `lower` of
        metrics that divide by R. At most 100,000, and used with unjudged="bounds".
    negative : {"refuse", "zero"}
        Gains below 0, which files of TREC use for spam, are refused or count as judged 0.

    Returns
    -------
    Evaluation
        Values by query, means, ends, and the share of documents that are judged. Where ties can change a mean, the
        message says between which values, whatever rule was chosen.

    Raises
    ------
    TypeError
        If `run` or `judgments` is something else.
    ValueError
        If there is no judged query, a metric is unknown, a gain is below 0, or an option is out of its range.

    References
    ----------
    .. [1] F. McSherry, M. Najork, Computing information retrieval performance measures efficiently in the presence of
       tied scores, ECIR 2008.
    .. [2] A. Moffat, J. Zobel, Rank-biased precision for measurement of retrieval effectiveness, ACM Transactions on
       Information Systems 27, 2008.

    Examples
    --------
    >>> judgments = Judgments.from_dict({"q": {"a": 1, "b": 0, "c": 1}})
    >>> run = Run.from_dict({"q": {"a": 3.0, "new": 2.0, "b": 1.0}})
    >>> found = evaluate(run, judgments, ("ap", "p@2"), unjudged="bounds")
    >>> found.values.tolist(), found.lower.round(3).tolist(), found.upper.round(3).tolist()
    ([[0.5, 0.5]], [[0.5, 0.5]], [[0.667, 1.0]])
    >>> found.judged.round(3).tolist()
    [[0.667, 0.5]]
    """
    check_types(run, judgments)
    options = options_of(gains=gains, discount=discount, max_gain=max_gain, negative=negative)
    asked = metrics_of(metrics)
    _check_rules(ties, unjudged)
    extra = integer("unseen", unseen, low=0, high=MOST_UNSEEN)
    if extra and unjudged != "bounds":
        raise must("unseen", 'left out unless unjudged="bounds"', unseen)
    stops = any(metric.kind == ERR for metric in asked)
    lists = ranked_lists(run, judgments, options, by_name=ties == "trec", extra=extra, stops=stops)
    shares = [judged_counts(lists, metric.cut) for metric in asked]
    any_judged = bool(lists.is_judged.any())
    if unjudged == "skip":
        lists = lists.cut_to(lists.is_judged)
    columns = [_measured(metric, lists, ties, unjudged, extra) for metric in asked]
    value, lower, upper = (np.stack(one, axis=1) for one in zip(*columns, strict=True))
    if not np.isfinite(value).all() or not np.isfinite(upper).all():
        raise must("gains", "so small that their sums are doubles", float(judgments.gains.max()))
    mean, mean_lower, mean_upper = (one.mean(axis=0) for one in (value, lower, upper))
    counts, is_empty = _counts(run, judgments, lists), lists.relevant == 0
    return Evaluation(
        queries=judgments.queries,
        metrics=tuple(metric.name for metric in asked),
        values=value,
        lower=lower,
        upper=upper,
        mean=mean,
        mean_lower=mean_lower,
        mean_upper=mean_upper,
        judged=np.stack([np.where(shown > 0, hits / np.maximum(shown, 1), 1.0) for hits, shown in shares], axis=1),
        judged_share=np.array([hits.sum() / shown.sum() if shown.any() else 1.0 for hits, shown in shares]),
        found=lists.is_found,
        empty=is_empty,
        ties=ties,
        unjudged=unjudged,
        message="; ".join(_sentences(run, asked, lists, counts, shares, any_judged, ties, unjudged, extra)),
        counts=counts,
    )


def options_of(*, gains: str, discount: str, max_gain: float | None, negative: str) -> Options:
    """Check the options that say how gains are counted."""
    choice("gains", gains, GAINS)
    choice("discount", discount, DISCOUNTS)
    return Options(gains, discount, max_gain, choice("negative", negative, NEGATIVE))


def check_types(run: Run, judgments: Judgments) -> None:
    """Refuse one in the place of the other, and judgments of nothing."""
    if not isinstance(run, Run):
        raise must("run", "a Run, as Run.from_file and Run.from_dict make it", run, TypeError)
    if not isinstance(judgments, Judgments):
        raise must("judgments", "Judgments, as Judgments.from_file makes them", judgments, TypeError)
    if not judgments.queries:
        raise must("judgments", "of at least one query", judgments)


def _check_rules(ties: str, unjudged: str) -> None:
    choice("ties", ties, TIES)
    choice("unjudged", unjudged, UNJUDGED)
    if ties == "expected" and unjudged == "bounds":
        raise must("ties", '"input", "trec" or "bounds" where unjudged="bounds"', ties)


def _measured(metric: Metric, lists: Lists, ties: str, unjudged: str, unseen: int) -> tuple[np.ndarray, ...]:
    """The values of a metric and their ends."""
    found = expected(metric, lists) if ties == "expected" else values(metric, lists)
    if ties != "bounds" and unjudged != "bounds":
        return found, found, found
    lower, upper = interval(metric, lists, ties=ties == "bounds", holes=unjudged == "bounds", unseen=unseen)
    # a sum in another order may be another double
    return found, np.minimum(lower, found), np.maximum(upper, found)


def _counts(run: Run, judgments: Judgments, lists: Lists) -> dict[str, int]:
    known = set(judgments.queries)
    return {
        "queries": len(judgments.queries),
        "missing": int((~lists.is_found).sum()),
        "empty": int((lists.relevant == 0).sum()),
        "dropped": sum(query not in known for query in run.queries),
        "tied": int((np.diff(lists.row_ptr) > np.diff(lists.query_ptr)).sum()),
    }


def _sentences(
    run: Run,
    asked: Sequence[Metric],
    lists: Lists,
    counts: Mapping[str, int],
    shares: Sequence[tuple[np.ndarray, np.ndarray]],
    any_judged: bool,
    ties: str,
    unjudged: str,
    unseen: int,
) -> list[str]:
    """The sentences that a person should read beside the means."""
    told = [f"mean over {counts['queries']:,} judged {_queries(counts['queries'])}"]
    if counts["missing"]:
        told[0] += f", {counts['missing']:,} of them without a result, which counts as 0"
    if counts["dropped"]:
        told.append(f"{counts['dropped']:,} {_queries(counts['dropped'])} of the run without judgments left out")
    if counts["empty"]:
        told.append(f"{counts['empty']:,} {_queries(counts['empty'])} without a relevant document count as 0")
    if shares[0][1].any() and not any_judged:
        told.append("none of the documents found is judged: are the names of documents those of the judgments?")
    else:
        told += _on_holes(asked[0], shares[0], unjudged, unseen)
    told += _on_ties(asked[0], lists, ties) if counts["tied"] else []
    return [*told, run.message] if run.message else told


def _queries(n: int) -> str:
    return "query" if n == 1 else "queries"


def _on_holes(metric: Metric, share: tuple[np.ndarray, np.ndarray], unjudged: str, unseen: int) -> list[str]:
    """Say how much of what is shown is judged."""
    hits, shown = (int(one.sum()) for one in share)
    where = f"the first {metric.cut:,}" if metric.cut else "all documents"
    if hits == shown:
        return []
    treated = {
        "zero": "the others count as irrelevant",
        "skip": "the others were left out",
        "bounds": "lower and upper say what the others can change" + ", and what was not found" * (unseen > 0),
    }
    return [f"{100 * hits / shown:.1f} % of {where} are judged, and {treated[unjudged]}"]


def _on_ties(metric: Metric, lists: Lists, ties: str) -> list[str]:
    """Say between which values the first mean lies over all orders of equal scores, where that matters."""
    lower, upper = (one.mean() for one in interval(metric, lists, ties=True))
    if upper - lower <= 1e-12 * abs(upper):
        return []
    n = int((np.diff(lists.row_ptr) > np.diff(lists.query_ptr)).sum())
    span = f"over all their orders {metric.name} lies between {lower:.4g} and {upper:.4g}"
    rule = {"trec": "they go by name", "expected": "this is the mean"}.get(ties, "they stay in the order of the rows")
    return [f"equal scores in {n:,} {_queries(n)}: {span}, and {rule}"]


# --- several runs ----------------------------------------------------------------------------------------------------


@result
class Evaluations(Result):
    """Means of several runs, with what equal scores and missing judgments leave open.

    Attributes
    ----------
    names : tuple of str
        Runs.
    metrics : tuple of str
        Names of the metrics.
    mean, lower, upper : float64 arrays of shape (runs, metrics)
        Means over all judged queries, and their ends over all orders of equal scores, and over all gains that unjudged
        documents may have unless these were left out.
    judged : float64 array of shape (runs, metrics)
        Share of documents up to the cut that are judged.
    n_queries : int
        Judged queries.
    message : str
        Sentences about each run.
    """

    names: tuple[str, ...]
    metrics: tuple[str, ...]
    mean: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    judged: np.ndarray
    n_queries: int
    message: str

    def _columns(self) -> dict[str, Any]:
        n, m = self.mean.shape
        ends = {"mean": self.mean, "lower": self.lower, "upper": self.upper, "judged": self.judged}
        return {
            "run": [name for name in self.names for _ in range(m)],
            "metric": list(self.metrics) * n,
            "query": ["all"] * (n * m),
            **{name: value.ravel() for name, value in ends.items()},
        }

    def _facts(self) -> list[str]:
        return self.message.split("; ")

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        rows = [f"{run}, {metric}" for run, metric in zip(columns["run"], columns["metric"], strict=True)]
        display.intervals(ax, rows, columns["lower"], columns["upper"], middle=columns["mean"], label="mean")


def evaluate_all(
    runs: Mapping[str, Run],
    judgments: Judgments,
    metrics: str | Sequence[str] = ("ndcg@10", "ap", "rr"),
    *,
    gains: str = "linear",
    ties: str = "input",
    unjudged: str = "zero",
    discount: str = "log2",
    max_gain: float | None = None,
    unseen: int = 0,
    negative: str = "refuse",
) -> Evaluations:
    """Measure several runs, each with the range that equal scores and missing judgments leave open.

    Parameters
    ----------
    runs : mapping of str to Run
        Runs by name.
    judgments : Judgments
        Gains.
    metrics : str or sequence of str
        Names, as `evaluate` takes them.
    gains : {"linear", "exponential"}
        Whether a document of gain g counts g, or 2^g - 1.
    ties : {"input", "trec", "expected"}
        Order of equal scores for the means.
    unjudged : {"zero", "skip"}
        Whether documents without a judgment count as irrelevant in the means, or are left out.
    discount : {"log2", "reciprocal"}
        Discounts 1 / log2(r + 1), or 1 / r.
    max_gain : float or None
        The largest possible gain; None takes that of the judgments.
    unseen : int
        Documents of each query that were neither found nor judged and may be relevant.
    negative : {"refuse", "zero"}
        Whether gains below 0 are refused or count as 0.

    Returns
    -------
    Evaluations
        A row for each run and metric.

    Raises
    ------
    TypeError
        If `runs` is not a mapping, or one of them is not a run.
    ValueError
        If there is no run, or an option is out of its range.

    Examples
    --------
    >>> judgments = Judgments.from_dict({"q": {"a": 1, "b": 0}})
    >>> runs = {"first": Run.from_lists({"q": ["a", "new"]})}
    >>> found = evaluate_all(runs, judgments, ["p@2"])
    >>> found.mean.tolist(), found.lower.tolist(), found.upper.tolist(), found.judged.tolist()
    ([[0.5]], [[0.5]], [[1.0]], [[0.5]])
    """
    if not isinstance(runs, Mapping):
        raise must("runs", "a mapping from names to runs", runs, TypeError)
    if not runs:
        raise must("runs", "of at least one run", runs)
    choice("ties", ties, [rule for rule in TIES if rule != "bounds"])
    choice("unjudged", unjudged, [rule for rule in UNJUDGED if rule != "bounds"])
    options: dict[str, Any] = {"gains": gains, "discount": discount, "max_gain": max_gain, "negative": negative}
    holes: dict[str, Any] = {"unjudged": "skip"} if unjudged == "skip" else {"unjudged": "bounds", "unseen": unseen}
    means, lower, upper, judged, told = [], [], [], [], []
    for name, run in runs.items():
        found = evaluate(run, judgments, metrics, ties=ties, unjudged=unjudged, **options)
        ends = evaluate(run, judgments, metrics, ties="bounds", **holes, **options)
        means.append(found.mean)
        lower.append(np.minimum(ends.mean_lower, found.mean))
        upper.append(np.maximum(ends.mean_upper, found.mean))
        judged.append(found.judged_share)
        told += [f"{name}: {sentence}" if len(runs) > 1 else sentence for sentence in found._facts()]
    return Evaluations(
        names=tuple(map(str, runs)),
        metrics=found.metrics,
        mean=np.array(means),
        lower=np.array(lower),
        upper=np.array(upper),
        judged=np.array(judged),
        n_queries=len(judgments.queries),
        message="; ".join(told),
    )

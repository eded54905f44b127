"""Whether two systems differ: paired tests over queries, with an interval and what rests on missing judgments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._result import Result, display, result
from lrtheory._validation import choice, generator, integer, must, open_interval
from lrtheory.reranking.evaluate import TIES, UNJUDGED, check_types, options_of
from lrtheory.reranking.metrics.intervals import interval, judged_counts, values
from lrtheory.reranking.metrics.lists import Lists, Options, ranked_lists
from lrtheory.reranking.metrics.names import PRECISION, Metric, metric_of
from lrtheory.reranking.metrics.sign_flips import (
    ALTERNATIVES,
    METHODS,
    RELATIVE_RESOLUTION,
    SignFlips,
    sign_flips,
    signs_of,
    tested,
)
from lrtheory.reranking.metrics.signs import EXACT_SUBSETS, shift_interval
from lrtheory.reranking.metrics.ties import expected
from lrtheory.reranking.problem import Judgments, Run

__all__ = ["Comparison", "Comparisons", "SignFlips", "compare", "compare_all", "sign_flips"]

# --- two systems -----------------------------------------------------------------------------------------------------


@result
class Comparison(Result):
    """The difference of two systems in a metric, first minus second.

    Attributes
    ----------
    metric : str
        Name of the metric.
    means : tuple of float
        Mean of each system over all judged queries.
    difference : float
        Difference of the means.
    lower, upper : float
        Shifts that the test does not reject at level `delta`; infinite where so few queries reject nothing.
    p_value, smallest_p : float
        Share of signs whose sum is at least as large, and the least p-value that as many queries can reach.
    delta : float
        Level of the test and of the interval.
    wins, losses, equal : int
        Queries in which the first system has the larger value, the smaller one, or the same.
    judged : tuple of float
        Share of documents up to the cut that are judged, of each system.
    on_judged : float
        Difference where documents without a judgment are left out.
    open_lower, open_upper : float
        Bounds of the difference over all gains that documents without a judgment may have, found or not; each system
        at its own ends, so that the bounds need not be attained.
    queries : tuple of str
        Judged queries.
    differences : float64 array of shape (queries,)
        Difference of each query; a missing result counts as 0.
    method : str
        "exact" or "sampled".
    message : str
        Sentences for a person, such as how many queries decided.
    """

    metric: str
    means: tuple[float, float]
    difference: float
    lower: float
    upper: float
    p_value: float
    smallest_p: float
    delta: float
    wins: int
    losses: int
    equal: int
    judged: tuple[float, float]
    on_judged: float
    open_lower: float
    open_upper: float
    queries: tuple[str, ...]
    differences: np.ndarray
    method: str
    message: str

    # a row of numbers is less than the differences of queries
    _is_more = True

    def _columns(self) -> dict[str, Any]:
        row = {"metric": self.metric, "first": self.means[0], "second": self.means[1], "difference": self.difference}
        ends = {"lower": self.lower, "upper": self.upper, "p": self.p_value, "least p": self.smallest_p}
        return {name: [value] for name, value in {**row, **ends, "queries": len(self.queries)}.items()}

    def _facts(self) -> list[str]:
        return self.message.split("; ")

    def _decided(self) -> bool | None:
        return True if self.p_value <= self.delta else None

    def _draw(self, ax: Any) -> None:
        order = np.argsort(-self.differences, kind="stable")
        names = [self.queries[i] for i in order.tolist()]
        display.bars(ax, names, self.differences[order].tolist(), label=f"difference of {self.metric}")


def compare(
    first: Run | Sequence[Run],
    second: Run | Sequence[Run],
    judgments: Judgments,
    *,
    metric: str = "ndcg@10",
    method: str = "auto",
    alternative: str = "two-sided",
    delta: float = 0.05,
    max_samples: int = 100_000,
    rng: np.random.Generator | int | None = None,
    gains: str = "linear",
    ties: str = "input",
    unjudged: str = "zero",
    discount: str = "log2",
    max_gain: float | None = None,
    negative: str = "refuse",
) -> Comparison:
    """Compare two systems by exchanging the signs of their differences in each query.

    Parameters
    ----------
    first, second : Run, or sequence of Run
        One run of each system, or several, as of seeds or folds: a query's value is then the mean over them.
    judgments : Judgments
        Gains. All its queries count, a missing result as 0.
    metric : str
        One of the metrics of `evaluate`.
    method : {"auto", "exact", "sampled"}
        Whether all signs are counted, as `sign_flips` says.
    alternative : {"two-sided", "greater", "less"}
        Whether the systems differ, or the first one is better, or worse.
    delta : float
        Level of the test and of the interval, in (0, 1).
    max_samples : int
        Signs that are sampled where there are too many to count.
    rng : None, int or Generator
        Random numbers of samples.
    gains : {"linear", "exponential"}
        Whether a document of gain g counts g, or 2^g - 1.
    ties : {"input", "trec", "expected"}
        Equal scores in the order of the rows, by name as in trec_eval, or in the mean over their orders.
    unjudged : {"zero", "skip"}
        Whether documents without a judgment count as irrelevant, or are left out.
    discount : {"log2", "reciprocal"}
        Discounts 1 / log2(r + 1), or 1 / r.
    max_gain : float or None
        The largest possible gain; None takes that of the judgments.
    negative : {"refuse", "zero"}
        Whether gains below 0 are refused or count as 0.

    Returns
    -------
    Comparison
        Difference, interval and p-value, and what rests on documents that are not judged. The interval holds the shifts
        theta for which the differences are symmetric about theta according to the test of both sides. It is exact up to
        20 queries, and beyond it comes from sampled signs. It leaves 0 out where the exact p-value of both sides is at
        most `delta`.

    Raises
    ------
    TypeError
        If a system is neither a run nor a sequence of runs.
    ValueError
        If an option is out of its range, or a gain is below 0.

    References
    ----------
    .. [1] J. A. Hartigan, Using subsample values as typical values, Journal of the American Statistical Association 64,
       1969.
    .. [2] B. Phipson, G. K. Smyth, Permutation p-values should never be zero, Statistical Applications in Genetics and
       Molecular Biology 9, 2010.

    Examples
    --------
    >>> judgments = Judgments.from_dict({f"q{i}": {"a": 1, "b": 0} for i in range(6)})
    >>> good = Run.from_lists({f"q{i}": ["a", "b"] for i in range(6)})
    >>> poor = Run.from_lists({f"q{i}": ["b", "a"] for i in range(6)})
    >>> found = compare(good, poor, judgments, metric="rr")
    >>> found.difference, found.p_value, found.lower, found.upper
    (0.5, 0.03125, 0.5, 0.5)
    """
    level = open_interval("delta", delta, 0, 1)
    choice("method", method, METHODS)
    choice("alternative", alternative, ALTERNATIVES)
    samples, random = integer("max_samples", max_samples, low=1), generator(rng)
    one = metric_of(metric)
    rules = _Rules(options_of(gains=gains, discount=discount, max_gain=max_gain, negative=negative), ties, unjudged)
    systems = [_System(name, runs, judgments, one, rules) for name, runs in (("first", first), ("second", second))]
    return _compared(systems[0], systems[1], judgments, one, (method, alternative, samples, random), level)


class _Rules:
    """The options of measuring a run, checked."""

    def __init__(self, options: Options, ties: str, unjudged: str) -> None:
        self.options = options
        self.ties = choice("ties", ties, tuple(rule for rule in TIES if rule != "bounds"))
        self.unjudged = choice("unjudged", unjudged, tuple(rule for rule in UNJUDGED if rule != "bounds"))


class _System:
    """One system: values of queries in the mean over its runs, and their ends."""

    def __init__(self, name: str, runs: Any, judgments: Judgments, metric: Metric, rules: _Rules) -> None:
        self.runs = (runs,) if isinstance(runs, Run) else tuple(runs) if isinstance(runs, (list, tuple)) else ()
        if not self.runs or not all(isinstance(run, Run) for run in self.runs):
            raise must(name, "a Run, or a list of Runs", runs, TypeError)
        check_types(self.runs[0], judgments)
        lists = [ranked_lists(run, judgments, rules.options, by_name=rules.ties == "trec") for run in self.runs]
        kept = [one.cut_to(one.is_judged) for one in lists]
        measure = expected if rules.ties == "expected" else values
        mean = lambda several: np.mean(np.array(several), axis=0)
        self.skipped = mean([measure(metric, one) for one in kept])
        self.values = self.skipped if rules.unjudged == "skip" else mean([measure(metric, one) for one in lists])
        if not np.isfinite(self.values).all():
            raise must("judgments", "of gains so small that their sums are doubles", float(judgments.gains.max()))
        both_ends = [interval(metric, one, ties=rules.ties == "expected", holes=True) for one in lists]
        self.lower, self.upper = (mean(side) for side in zip(*both_ends, strict=True))
        self.judged = _share_judged(lists, metric.cut)
        self.missing = int(sum((~one.is_found).sum() for one in lists))


def _share_judged(lists: Sequence[Lists], cut: int) -> float:
    hits, shown = np.sum([[side.sum() for side in judged_counts(one, cut)] for one in lists], axis=0).tolist()
    return hits / shown if shown else 1.0


def _compared(
    a: _System,
    b: _System,
    judgments: Judgments,
    metric: Metric,
    test: tuple[str, str, int, np.random.Generator],
    delta: float,
) -> Comparison:
    differences = a.values - b.values
    largest = float(max(np.abs(a.values).max(), np.abs(b.values).max()))
    resolution = RELATIVE_RESOLUTION * largest
    whole = 1.0 / (metric.cut * math.lcm(len(a.runs), len(b.runs))) if metric.kind == PRECISION else None
    found = tested(signs_of(differences, resolution, whole), len(differences), *test)
    lower, upper = shift_interval(differences, delta, *test[2:])
    wins, losses = int((differences > resolution / 4).sum()), int((differences < -resolution / 4).sum())
    return Comparison(
        metric=metric.name,
        means=(float(a.values.mean()), float(b.values.mean())),
        difference=float(differences.mean()),
        lower=lower,
        upper=upper,
        p_value=found.p_value,
        smallest_p=found.smallest_p,
        delta=delta,
        method=found.method,
        wins=wins,
        losses=losses,
        equal=len(differences) - wins - losses,
        judged=(a.judged, b.judged),
        on_judged=float((a.skipped - b.skipped).mean()),
        open_lower=float((a.lower - b.upper).mean()),
        open_upper=float((a.upper - b.lower).mean()),
        queries=judgments.queries,
        differences=differences,
        message="; ".join(_sentences(a, b, differences, found, (lower, upper), (wins, losses), metric, delta)),
    )


def _sentences(
    a: _System,
    b: _System,
    differences: np.ndarray,
    found: SignFlips,
    ends: tuple[float, float],
    counts: tuple[int, int],
    metric: Metric,
    delta: float,
) -> list[str]:
    n, mean = len(differences), float(differences.mean())
    many = f"{n:,} {'query' if n == 1 else 'queries'}"
    where = f"between {ends[0]:+.4g} and {ends[1]:+.4g} at {100 * (1 - delta):g} %" if np.isfinite(ends[0]) else ""
    told = [f"{metric.name}: {mean:+.4g} over {many}, {where or f'too few for an interval at {100 * (1 - delta):g} %'}"]
    how = "counting all signs" if found.method == "exact" else f"{found.samples:,} sampled signs"
    told.append(f"p = {found.p_value:.3g}, {how}: {counts[0]:,} of the queries up, {counts[1]:,} down")
    if found.smallest_p > delta:
        few = f"{found.n:,} {'query that differs' if found.n == 1 else 'queries that differ'}"
        told.append(f"{few} cannot reach p = {delta:g}: the least is {found.smallest_p:.2g}")
    if n > EXACT_SUBSETS and np.isfinite(ends[0]):
        told.append("the interval comes from sampled signs")
    if a.judged < 1 or b.judged < 1:
        where = f"the first {metric.cut:,}" if metric.cut else "all documents"
        told.append(f"{100 * a.judged:.1f} % and {100 * b.judged:.1f} % of {where} are judged")
        alone = float((a.skipped - b.skipped).mean())
        low, high = float((a.lower - b.upper).mean()), float((a.upper - b.lower).mean())
        told.append(
            f"on judged documents alone the difference is {alone:+.4g}, and with any judgments of the others "
            f"it lies between {low:+.4g} and {high:+.4g}"
        )
    if a.missing or b.missing:
        told.append(f"results that are missing count as 0: {a.missing:,} and {b.missing:,}")
    return told


# --- several systems -------------------------------------------------------------------------------------------------


@result
class Comparisons(Result):
    """All pairs of several systems in one metric.

    Attributes
    ----------
    metric : str
        Name of the metric.
    names : tuple of str
        Systems.
    means : float64 array of shape (systems,)
        Mean of each over all judged queries.
    first, second : tuples of str
        Systems of each pair; the difference is first minus second.
    difference, lower, upper, p_value : float64 arrays of shape (pairs,)
        As in `Comparison`, for each pair by itself.
    holm : float64 array of shape (pairs,)
        p-values after Holm's correction: rejecting those of at most `delta` makes an error with probability at most
        `delta`, over all pairs together.
    delta : float
        Level.
    message : str
        Number of pairs that differ, and shares of judged documents.
    """

    metric: str
    names: tuple[str, ...]
    means: np.ndarray
    first: tuple[str, ...]
    second: tuple[str, ...]
    difference: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p_value: np.ndarray
    holm: np.ndarray
    delta: float
    message: str

    def _columns(self) -> dict[str, Any]:
        ends = {"lower": self.lower, "upper": self.upper, "p": self.p_value, "p of all": self.holm}
        return {"first": self.first, "second": self.second, "difference": self.difference, **ends}

    def _facts(self) -> list[str]:
        return self.message.split("; ")

    def _decided(self) -> bool | None:
        return True if bool((self.holm <= self.delta).all()) else None

    def _draw(self, ax: Any) -> None:
        pairs = [f"{a} - {b}" for a, b in zip(self.first, self.second, strict=True)]
        low, high = (np.where(np.isfinite(end), end, self.difference) for end in (self.lower, self.upper))
        display.intervals(ax, pairs, low, high, middle=self.difference, label=f"difference of {self.metric}")


def compare_all(
    systems: Mapping[str, Run | Sequence[Run]],
    judgments: Judgments,
    *,
    metric: str = "ndcg@10",
    method: str = "auto",
    delta: float = 0.05,
    max_samples: int = 100_000,
    rng: np.random.Generator | int | None = None,
    gains: str = "linear",
    ties: str = "input",
    unjudged: str = "zero",
    discount: str = "log2",
    max_gain: float | None = None,
    negative: str = "refuse",
) -> Comparisons:
    """Compare all pairs of several systems, with Holm's correction over the pairs.

    Parameters
    ----------
    systems : mapping of str to Run or sequence of Run
        The runs of each system, at least two systems.
    judgments : Judgments
        Gains. All its queries count, a missing result as 0.
    metric : str
        One of the metrics of `evaluate`.
    method : {"auto", "exact", "sampled"}
        Whether all signs are counted, as `sign_flips` says; tests are of both sides.
    delta : float
        Level of all tests together, and of each interval, in (0, 1).
    max_samples : int
        Signs that are sampled where there are too many to count.
    rng : None, int or Generator
        Random numbers of samples.
    gains : {"linear", "exponential"}
        Whether a document of gain g counts g, or 2^g - 1.
    ties : {"input", "trec", "expected"}
        Equal scores in the order of the rows, by name as in trec_eval, or in the mean over their orders.
    unjudged : {"zero", "skip"}
        Whether documents without a judgment count as irrelevant, or are left out.
    discount : {"log2", "reciprocal"}
        Discounts 1 / log2(r + 1), or 1 / r.
    max_gain : float or None
        The largest possible gain; None takes that of the judgments.
    negative : {"refuse", "zero"}
        Whether gains below 0 are refused or count as 0.

    Returns
    -------
    Comparisons
        A row for each pair.

    Raises
    ------
    TypeError
        If `systems` is not a mapping, or one of them is neither a run nor a sequence of runs.
    ValueError
        If there are fewer than two systems, or an option is out of its range.

    References
    ----------
    .. [1] S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> judgments = Judgments.from_dict({f"q{i}": {"a": 1, "b": 0} for i in range(8)})
    >>> runs = {name: Run.from_lists({f"q{i}": list(name) for i in range(8)}) for name in ("ab", "ba", "b")}
    >>> found = compare_all(runs, judgments, metric="rr")
    >>> found.first, found.second, found.holm.tolist()
    (('ab', 'ab', 'ba'), ('ba', 'b', 'b'), [0.0234375, 0.0234375, 0.0234375])
    """
    if not isinstance(systems, Mapping):
        raise must("systems", "a mapping from names to runs", systems, TypeError)
    if len(systems) < 2:
        raise must("systems", "of at least two systems", list(systems))
    level = open_interval("delta", delta, 0, 1)
    choice("method", method, METHODS)
    samples, random = integer("max_samples", max_samples, low=1), generator(rng)
    one = metric_of(metric)
    rules = _Rules(options_of(gains=gains, discount=discount, max_gain=max_gain, negative=negative), ties, unjudged)
    names = tuple(map(str, systems))
    made = [_System(f"systems[{name!r}]", runs, judgments, one, rules) for name, runs in systems.items()]
    test = method, "two-sided", samples, random
    pairs = [(i, j) for i in range(len(made)) for j in range(i + 1, len(made))]
    found = [_compared(made[i], made[j], judgments, one, test, level) for i, j in pairs]
    p = np.array([pair.p_value for pair in found])
    holm = _holm(p)
    told = (
        f"{int((holm <= level).sum())} of {len(pairs)} pairs differ at level {level:g} over all pairs together (Holm)"
    )
    shares = ", ".join(f"{100 * system.judged:.1f} %" for system in made)
    if any(system.judged < 1 for system in made):
        told += f"; judged are {shares} of what the systems show"
    return Comparisons(
        metric=one.name,
        names=names,
        means=np.array([system.values.mean() for system in made]),
        first=tuple(names[i] for i, _ in pairs),
        second=tuple(names[j] for _, j in pairs),
        difference=np.array([pair.difference for pair in found]),
        lower=np.array([pair.lower for pair in found]),
        upper=np.array([pair.upper for pair in found]),
        p_value=p,
        holm=holm,
        delta=level,
        message=told,
    )


def _holm(p: np.ndarray) -> np.ndarray:
    """The largest of (m - i) p over a p-value and all smaller ones, the i-th from 0 in their order, and at most 1."""
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted

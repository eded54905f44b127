"""Ranked lists with their gains: the documents of a run in the order of their scores, matched with judgments."""

from __future__ import annotations

from itertools import repeat
from typing import NamedTuple

import numpy as np

from lrtheory._validation import must, real
from lrtheory.reranking.metrics.kernels import all_values, look_up
from lrtheory.reranking.metrics.names import DCG
from lrtheory.reranking.problem import Judgments, Run

__all__ = ["Lists", "Options", "ranked_lists"]

#: exponents beyond which sums of powers of two leave the doubles
MOST_EXPONENT = 1000


class Options(NamedTuple):
    """The counting of gains: "linear" or "exponential", the discount, the largest gain, and gains below 0."""

    gains: str = "linear"
    discount: str = "log2"
    max_gain: float | None = None
    negative: str = "refuse"


class Lists(NamedTuple):
    """The ranked list of each judged query, and what is known of all its judged documents.

    Rows are documents by query and rank. Rows with equal scores are a group; rows ``group_ptr[g]`` to
    ``group_ptr[g + 1]`` are those of group g, and groups ``query_ptr[q]`` to ``query_ptr[q + 1]`` those of query q.
    """

    row_ptr: np.ndarray
    query_ptr: np.ndarray
    group_ptr: np.ndarray
    gains: np.ndarray
    stops: np.ndarray
    is_judged: np.ndarray
    ideal_ptr: np.ndarray
    ideal: np.ndarray
    relevant: np.ndarray
    discounts: np.ndarray
    most: float
    most_stop: float
    is_graded: bool
    is_found: np.ndarray

    @property
    def longest(self) -> int:
        """The number of documents of the longest list."""
        return int(np.diff(self.row_ptr).max(initial=0))

    @property
    def is_tied(self) -> bool:
        """Whether some scores of a query are equal."""
        return len(self.group_ptr) - 1 < len(self.gains)

    @property
    def scale(self) -> np.ndarray:
        """The largest judged gain of each query, and 1 where that is 0."""
        first = np.minimum(self.ideal_ptr[:-1], max(len(self.ideal) - 1, 0))
        largest = self.ideal[first] if len(self.ideal) else np.zeros(len(first))
        return np.where((np.diff(self.ideal_ptr) > 0) & (largest > 0), largest, 1.0)

    @property
    def scale_of_rows(self) -> np.ndarray:
        """That number for each row."""
        return np.repeat(self.scale, np.diff(self.row_ptr))

    def ideal_values(self, cut: int) -> np.ndarray:
        """The DCG of the best order of each query's judged documents in units of `scale`; 1 where that is 0."""
        out = np.zeros(len(self.relevant))
        ideal = self.ideal / np.repeat(self.scale, np.diff(self.ideal_ptr))
        none = np.zeros(0)
        all_values(
            DCG, cut, 0.0, self.ideal_ptr, ideal, ideal, self.discounts, self.ideal_ptr * 0, none, self.relevant, out
        )
        return np.where(out > 0, out, 1.0)

    def cut_to(self, rows: np.ndarray) -> Lists:
        """The lists with these of their rows alone, which are marked."""
        ptr = lambda bounds: np.concatenate([[0], np.cumsum(rows)])[bounds]
        group_ptr = ptr(self.group_ptr)
        # groups without rows go away
        kept = np.concatenate([[True], np.diff(group_ptr) > 0])
        query_ptr = (np.cumsum(kept) - 1)[self.query_ptr]
        return self._replace(
            row_ptr=ptr(self.row_ptr),
            query_ptr=query_ptr,
            group_ptr=group_ptr[kept],
            gains=self.gains[rows],
            stops=self.stops[rows],
            is_judged=self.is_judged[rows],
        )


def ranked_lists(
    run: Run, judgments: Judgments, options: Options, *, by_name: bool = False, extra: int = 0, stops: bool = True
) -> Lists:
    """Rank the documents of each judged query, and look up their gains.

    Parameters
    ----------
    run : Run
        Scores; documents of a query that is not judged are left out.
    judgments : Judgments
        Gains; a query without a result has an empty list.
    options : Options
        Counting of gains.
    by_name : bool
        Whether scores that are equal in single precision are ordered by name, the largest first, as trec_eval does;
        else equal scores stay in the order of the rows.
    extra : int
        Documents that may come to the judged ones of a query.
    stops : bool
        Whether a metric will ask at which rank a reader stops.

    Returns
    -------
    Lists
        Lists in the order of the queries of `judgments`.

    Raises
    ------
    ValueError
        If a gain breaks a rule.
    """
    raw = _checked_gains(judgments, options)
    numbers = {name: number for number, name in enumerate(run.queries)}
    queries = np.array([numbers.get(name, -1) for name in judgments.queries], np.int64)
    rows, row_ptr = _rows_of(run, queries)
    row_query = np.repeat(np.arange(len(queries)), np.diff(row_ptr))
    scores = run.scores[rows]
    if by_name:
        with np.errstate(over="ignore"):  # what is beyond single precision is infinite there
            scores = scores.astype(np.float32)
    tied = np.zeros(len(rows), bool)
    tied[1:] = (scores[1:] == scores[:-1]) & (row_query[1:] == row_query[:-1])
    if by_name and tied.any():
        rows = rows[_by_name(run, rows, tied)]
    group_ptr = np.append(np.flatnonzero(~tied), len(rows))
    query_ptr = np.searchsorted(group_ptr, row_ptr)
    found, is_judged = _gains_of(run, judgments, raw, rows, row_ptr)
    return _lists(
        judgments, raw, found, is_judged, (row_ptr, query_ptr, group_ptr), queries >= 0, options, extra, stops
    )


def _checked_gains(judgments: Judgments, options: Options) -> np.ndarray:
    """The gains as they are judged, those below 0 as 0 where that is wished."""
    gains = judgments.gains
    if options.negative == "refuse" and gains.size and gains.min() < 0:
        raise must("gains", '>= 0, or negative="zero"', float(gains.min()))
    gains = np.maximum(gains, 0.0)
    largest = float(gains.max(initial=0.0))
    if options.max_gain is not None:
        real("max_gain", options.max_gain, low=largest, high=np.finfo(np.float64).max)
    if options.gains == "exponential" and max(largest, options.max_gain or 0.0) > MOST_EXPONENT:
        raise must("gains", f"of at most {MOST_EXPONENT} where they are exponents of 2", largest)
    return gains


def _rows_of(run: Run, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the run that belong to these of its queries, and their bounds; -1 is a query without rows."""
    starts = np.where(queries >= 0, run.indptr[queries], 0)
    lengths = np.where(queries >= 0, run.indptr[queries + 1] - starts, 0)
    row_ptr = np.concatenate([[0], np.cumsum(lengths)])
    return np.arange(row_ptr[-1]) + np.repeat(starts - row_ptr[:-1], lengths), row_ptr


def _by_name(run: Run, rows: np.ndarray, tied: np.ndarray) -> np.ndarray:
    """The order of the rows where each tied group goes by names, the largest first."""
    in_group = tied.copy()
    in_group[:-1] |= tied[1:]
    docs = run.docs[rows]
    names = sorted({run.documents[doc] for doc in docs[in_group].tolist()}, reverse=True)
    place = {name: number for number, name in enumerate(names)}
    key = np.zeros(len(rows), np.int64)
    key[in_group] = [place[run.documents[doc]] for doc in docs[in_group].tolist()]
    return np.lexsort((key, np.cumsum(~tied)))


def _gains_of(
    run: Run, judgments: Judgments, raw: np.ndarray, rows: np.ndarray, row_ptr: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The gain of each row, and whether it is judged."""
    docs = _numbers_among(run.documents, judgments.documents)[run.docs[rows]] if len(rows) else np.zeros(0, np.int64)
    found, is_judged = np.zeros(len(rows)), np.zeros(len(rows), bool)
    table = np.full(len(judgments.documents), -1, np.int64)
    look_up(row_ptr, docs, judgments.indptr, judgments.docs, raw, table, found, is_judged)
    return found, is_judged


def _power_less_one(gains: np.ndarray) -> np.ndarray:
    """2^g - 1, which small gains do not lose to cancellation; whole gains give whole numbers."""
    return np.where(gains < 1, np.expm1(gains * np.log(2.0)), np.exp2(gains) - 1.0)


def _stops(gains: np.ndarray, top: float) -> np.ndarray:
    """(2^g - 1) / 2^top for gains of at most top."""
    if top <= MOST_EXPONENT:
        return _power_less_one(gains) * np.exp2(-top)
    return np.where(gains > 0, np.exp2(gains - top), 0.0)  # 2^top is no double, and the 1 is nothing beside it


#: the latest names, those among which they were looked for, and what was found: most runs are measured more than once
_latest: list[tuple[tuple[str, ...], tuple[str, ...], np.ndarray]] = []


def _numbers_among(names: tuple[str, ...], known: tuple[str, ...]) -> np.ndarray:
    """The number of each name among those that are known, or -1."""
    for one, other, found in _latest:
        if one is names and other is known:
            return found
    numbers = dict(zip(known, range(len(known)), strict=True))
    found = np.fromiter(map(numbers.get, names, repeat(-1)), np.int64, len(names))
    _latest[:] = [(names, known, found), *_latest[:1]]
    return found


def _lists(
    judgments: Judgments,
    raw: np.ndarray,
    found: np.ndarray,
    is_judged: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray, np.ndarray],
    is_found: np.ndarray,
    options: Options,
    extra: int,
    stops: bool,
) -> Lists:
    row_ptr, query_ptr, group_ptr = bounds
    convert = _power_less_one if options.gains == "exponential" else np.asarray
    top = float(raw.max(initial=0.0)) if options.max_gain is None else float(options.max_gain)
    top = top if top > 0 else 1.0  # nothing is relevant, and what may be is 1
    stop = lambda gains: _stops(gains, top)
    judged_query = np.repeat(np.arange(len(judgments.queries)), np.diff(judgments.indptr))
    ideal = convert(raw)  # judgments are kept by falling gain
    relevant = np.bincount(judged_query[raw > 0], minlength=len(judgments.queries))
    longest = int(max(np.diff(row_ptr).max(initial=0), np.diff(judgments.indptr).max(initial=0)))
    ranks = np.arange(1.0, 2 * longest + extra + 2)
    return Lists(
        row_ptr=row_ptr,
        query_ptr=query_ptr,
        group_ptr=group_ptr,
        gains=convert(found),
        stops=stop(found) if stops else np.zeros(len(found)),
        is_judged=is_judged,
        ideal_ptr=judgments.indptr,
        ideal=ideal,
        relevant=relevant,
        discounts=1.0 / np.log2(ranks + 1) if options.discount == "log2" else 1.0 / ranks,
        most=float(convert(np.array(top))),
        most_stop=float(stop(np.array(top))),
        is_graded=bool(((raw > 0) & (raw < top)).any()),
        is_found=is_found,
    )

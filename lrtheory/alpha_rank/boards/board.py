r"""Who can be first, under strong stochastic transitivity: a better model does better against everybody.

Bradley-Terry and Thurstone are cases. Under it two models can be compared by how they do against the same opponents,
which gives exact tests that need no fit (statements SST-1 to SST-7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal

import numpy as np

from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike
from lrtheory._validation import must, open_interval
from lrtheory.alpha_rank.boards.comparing import Compared, compare_pairs, log_of_pairs
from lrtheory.alpha_rank.boards.differences import decided_wins, elo_intervals, information_shares
from lrtheory.alpha_rank.boards.leaderboard import leaderboard
from lrtheory.alpha_rank.boards.orders import closure, order_test, rank_intervals, shortest_circle
from lrtheory.alpha_rank.boards.sentences import left_out, unconnected
from lrtheory.alpha_rank.matches.elo import elo
from lrtheory.alpha_rank.matches.log import MatchLog

__all__ = ["Board", "rank_models", "refuted"]

#: models that a sentence names
MOST_NAMED = 12


@result
class Board(Result):
    """Models of a leaderboard, and what a log says about their order.

    Attributes
    ----------
    can_be_first : bool array of shape (n,)
        Whether the log leaves it open that the model is first (statement SST-6).
    above : bool array of shape (n, n)
        Whether the row is above the column for certain, all pairs at once (SST-7).
    rank_intervals : int64 array of shape (n, 2)
        The best and the worst rank of each model, all at once, from 1.
    p_values : float64 array of shape (n, n)
        The p values of the row being above the column: exact, or a bound above, or one over the value of a bet.
    leader : int
        The model with the highest Elo rating among those that can be first.
    elo : float64 array of shape (n,)
        Rating less that of the leader, in points, of decided battles.
    elo_lower, elo_upper : float64 array of shape (n,)
        Ends of intervals for these differences, all pairs at once, under Bradley-Terry (SST-9).
    battles : int64 array of shape (n,)
        Number of battles of each model.
    win_rates : float64 array of shape (n,)
        Mean score, a tie counted as half a win; NaN without battles.
    circle : tuple of int
        Models of which each beats the next, and the last the first, or a pair whose comparisons cross, where these
        refute every order; else empty.
    refuted_by : str
        The statement that refutes every order, and how sure it is; empty where none does.
    named : tuple of int
        A model that was named beforehand, its best and its worst rank; empty for none.
    names : tuple of str
        Names of the models.
    delta : float
        Probability that "can be first" misses the first, and that some claim of `above` is wrong, each.
    schedule : str
        "fixed", "anytime", "any" or "batch": how battles may have been chosen.
    without_order : str
        Answer of alpha-Rank, which assumes no order, where no order explains the log; else empty.
    facts : tuple of str
        Sentences on battles that were not used and on pairs that could not be compared.
    message : str
        Assumption on the schedule.
    counts : mapping
        ``battles``, ``ties``, certain ``directions``, and battles ``left_out``.
    """

    can_be_first: np.ndarray
    above: np.ndarray
    rank_intervals: np.ndarray
    p_values: np.ndarray
    leader: int
    elo: np.ndarray
    elo_lower: np.ndarray
    elo_upper: np.ndarray
    battles: np.ndarray
    win_rates: np.ndarray
    circle: tuple[int, ...]
    refuted_by: str
    named: tuple[int, ...]
    names: tuple[str, ...]
    delta: float
    schedule: str
    without_order: str
    facts: tuple[str, ...]
    message: str
    counts: Mapping[str, int]

    def first(self) -> str:
        """Say who can be first.

        Returns
        -------
        str
            A sentence, with the names in the order of their ratings.
        """
        if self.circle:
            names = [self.names[i] for i in self.circle]
            if len(names) == 2:
                return f"no order explains this log: {names[0]} and {names[1]} each do better against some opponents"
            return f"no order explains this log: {' beats '.join([*names, names[0]])}"
        found = [self.names[i] for i in self._order() if self.can_be_first[i]]
        if len(found) == 1:
            return f"first is certain: {found[0]}"
        more = f", and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        return f"first can be: {', '.join(found[:MOST_NAMED])}{more}" if found else "no model can be first"

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """List who is above whom for certain.

        Returns
        -------
        tuple of pairs of str
            The upper and the lower model of each pair, all right at once with probability 1 - delta.
        """
        return tuple((self.names[i], self.names[j]) for i, j in np.argwhere(self.above).tolist())

    def ranks(self) -> dict[str, tuple[int, int]]:
        """List the ranks that are left to each model.

        Returns
        -------
        dict of str to pair of int
            The best and the worst rank by the name of the model, all at once; 1 is first.
        """
        ends = self.rank_intervals.tolist()
        return {self.names[i]: (ends[i][0], ends[i][1]) for i in self._order()}

    def _order(self) -> list[int]:
        return [int(i) for i in np.argsort(-self.elo, kind="stable")]

    def _columns(self) -> dict[str, Any]:
        order = self._order()
        columns: dict[str, Any] = {"model": [self.names[i] for i in order]}
        columns |= {"rank from": self.rank_intervals[order, 0], "to": self.rank_intervals[order, 1]}
        columns |= {"elo": self.elo[order], "elo from": self.elo_lower[order], "elo to": self.elo_upper[order]}
        rates = [None if np.isnan(rate) else rate for rate in self.win_rates[order].tolist()]
        columns |= {"battles": self.battles[order], "win rate": rates}
        return columns | {"can be first": self.can_be_first[order]}

    def _lead(self) -> list[str]:
        sure = f"{100 * (1 - self.delta):g}%"
        if not self.circle:
            return [f"{self.first()} (under SST, {sure}; alpha_rank/SST-6)", f"this holds {self.message}"]
        return [f"{self.first()} ({self.refuted_by})", f"without an order: {self.without_order}"]

    def _facts(self) -> list[str]:
        n = len(self.names)
        facts = [
            "SST: a better model does better against everybody; battles are independent",
            f"{self.counts['directions']} of {n * (n - 1) // 2} directions are certain, all ranks hold at once (SST-7)",
            f"elo: points to {self.names[self.leader]} under Bradley-Terry, all pairs at once (SST-9)",
        ]
        if self.named:
            model, best, worst = self.named
            facts.append(f"{self.names[model]}, if it was named beforehand: rank {best} to {worst} (SST-7)")
        return [*facts, *self.facts]

    def _draw(self, ax: Any) -> None:
        order = self._order()[: display.MOST_NAMES]
        colors = [display.ORANGE if self.can_be_first[i] else display.BLUE for i in order]
        rows = range(len(order))
        finite = self.elo[order]
        reach = max(1.0, float(np.ptp(finite)))
        low = np.maximum(self.elo_lower[order], finite.min() - reach)
        high = np.minimum(self.elo_upper[order], finite.max() + reach)
        ax.hlines(rows, low, high, color=colors, lw=3)
        ax.scatter(finite, rows, color=colors, s=16, zorder=3)
        display.name_ticks(ax.yaxis, [self.names[i] for i in order])
        ax.set_ylim(max(1, len(order)) - 0.5, -0.5)
        ax.set(xlabel=f"Elo, points to {self.names[self.leader]} (orange: can be first)")
        beside = ax.inset_axes((1.02, 0.0, 0.3, 1.0), sharey=ax)
        best, worst = self.rank_intervals[order].T
        beside.hlines(rows, best - 0.4, worst + 0.4, color=colors, lw=6, alpha=0.6)
        beside.tick_params(labelleft=False)
        beside.set(xlabel="rank", xlim=(0.5, len(self.names) + 0.5))
        if len(order) < len(self.names):
            ax.set_title(f"the first {len(order)} of {len(self.names):,}", fontsize="medium")

    def _decided(self) -> bool | None:
        if self.circle:
            return False
        return True if self.can_be_first.sum() == 1 else None


def rank_models(
    matches: MatchLog | Mapping[str, ArrayLike] | ArrayLike | str | PathLike[str],
    *,
    delta: float = 0.05,
    anytime: bool = False,
    any_schedule: bool = False,
    batch: str | None = None,
    horizon: int | None = None,
    by: str | Sequence[str] = (),
    once: str | None = None,
    seats: bool = False,
    both_bad: Literal["tie", "drop"] = "tie",
    model: str | None = None,
) -> Board:
    """Rank models from a log of battles, under the assumption that a better model does better against everybody.

    Parameters
    ----------
    matches : MatchLog, path or data frame
        The log, as `MatchLog.from_file` reads it: matches of two who win, lose or draw.
    delta : float
        Probability, in (0, 1), that the first is not among those who can be first, and that a certain direction is
        wrong, each.
    anytime : bool
        For who looks at a growing log again and again, whose battles no outcome has chosen.
    any_schedule : bool
        For a log whose battles or whose length outcomes have chosen, in any way.
    batch : str or None
        A column that numbers batches, each chosen before its first battle, by the outcomes of earlier ones.
    horizon : int or None
        Beside `any_schedule`: the number of battles, if it was fixed beforehand, which gives narrower answers.
    by : str or sequence of str
        Columns, such as the language or the day; battles are compared only where all are equal.
    once : str or None
        A column, such as the judge: of each judge only the first battle of each pair counts.
    seats : bool
        Compare only results from the same seat, where it may matter who sat first.
    both_bad : {"tie", "drop"}
        Meaning of a battle in which both answers were bad.
    model : str or None
        One model named before looking at the log, whose rank interval is then narrower.

    Returns
    -------
    Board
        Models that can be first, certain directions, ranks, and Elo differences.

    Raises
    ------
    TypeError
        If `matches` is none of these.
    ValueError
        If the log cannot be read or has other matches, a column or the model is not in it, or options exclude each
        other.

    Notes
    -----
    For every pair results against the same opponents are exchanged under the hypothesis that the two are equal, and
    direct battles are fair coins: the p value is exact for a fixed log (statement SST-1). At all times (SST-3), under
    any schedule (SST-4) and for batches (SST-4b) it is one over the value of a bet. With more than 20 models p values
    that decide nothing are replaced by larger bounds.

    Examples
    --------
    >>> log = {"model_a": ["ann", "bob", "cat"] * 40, "model_b": ["bob", "cat", "ann"] * 40}
    >>> log["winner"] = ["model_a", "model_a", "model_b"] * 40
    >>> board = rank_models(log)
    >>> board.first(), board.ranks()
    ('first is certain: ann', {'ann': (1, 1), 'bob': (2, 2), 'cat': (3, 3)})
    """
    delta = open_interval("delta", delta, 0, 1)
    log = log_of_pairs(matches)
    if model is not None and model not in log.names:
        raise must("model", "the name of a model of the log", model)
    found = compare_pairs(
        log,
        delta,
        anytime=anytime,
        any_schedule=any_schedule,
        batch=batch,
        horizon=horizon,
        by=by,
        once=once,
        seats=seats,
        both_bad=both_bad,
    )
    return _board(log, found, delta, model)


def _board(log: MatchLog, found: Compared, delta: float, model: str | None) -> Board:
    """Put together what the p values say, and what Bradley-Terry says beside them."""
    battles, n = found.battles, found.battles.n_models
    wins = decided_wins(battles)
    each = 2 * delta / (n * (n - 1))  # for all pairs at once (SST-7, SST-9)
    claims = found.p_values <= each
    above = closure(claims)
    circle, refuted_by, facts = refuted(found, wins, claims, delta)
    ranks = rank_intervals(above) if not above.diagonal().any() else np.tile((1, n), (n, 1)).astype(np.int64)
    named: tuple[int, ...] = ()
    if model is not None:
        i = log.names.index(model)
        better, worse = found.p_values[:, i] <= delta / (n - 1), found.p_values[i] <= delta / (n - 1)
        named = (i, 1 + int(better.sum()), n - int(worse.sum()))
    fit = elo(wins)
    candidates = np.where(found.can_be_first, fit.ratings, -np.inf) if found.can_be_first.any() else fit.ratings
    leader = int(np.argmax(candidates))
    lower, upper = elo_intervals(found.results, wins, leader, delta=each, schedule=found.schedule)
    sides = np.concatenate([battles.first, battles.second])
    played = np.bincount(sides, minlength=n)
    points = np.bincount(sides, weights=np.concatenate([battles.points, 2 - battles.points]), minlength=n)
    with np.errstate(invalid="ignore"):
        rates = points / (2 * played)
    shares = information_shares(wins, fit.predicted, leader)
    if not fit.message.startswith("the ratings exist"):
        facts.append(f"elo: {fit.message}")
    facts += unconnected(found.results, log.names, shares) + left_out(log, battles)
    without_order = ""
    if circle:
        without_order = leaderboard(log, delta=delta, anytime=found.schedule != "fixed").intervals.first()
    return Board(
        can_be_first=found.can_be_first,
        above=above,
        rank_intervals=ranks,
        p_values=found.p_values,
        leader=leader,
        elo=fit.ratings - fit.ratings[leader],
        elo_lower=lower,
        elo_upper=upper,
        battles=played,
        win_rates=rates,
        circle=circle,
        refuted_by=refuted_by,
        named=named,
        names=log.names,
        delta=delta,
        schedule=found.schedule,
        without_order=without_order,
        facts=tuple(facts),
        message=found.told,
        counts={
            "battles": len(battles.points),
            "ties": int((battles.points == 1).sum()),
            "directions": int(np.triu(above | above.T, 1).sum()),
            "left_out": sum(battles.dropped.values()),
        },
    )


def refuted(
    found: Compared, wins: np.ndarray, claims: np.ndarray, delta: float
) -> tuple[tuple[int, ...], str, list[str]]:
    """Find what refutes every order, if anything does, by which statement, and what the tests of an order say."""
    facts = []
    if found.schedule == "fixed":
        crossing, circle = order_test(found.results, wins)
        facts.append(
            f"tests of an order: p {crossing[0]:.2g} for pairs that cross, {circle[0]:.2g} for circles (SST-11)"
        )
        for p, models in (circle, crossing):
            if p <= delta / 2:
                return models, f"alpha_rank/SST-11, {100 * (1 - delta):g}%", facts
    around = shortest_circle(claims)
    # an order makes such a circle with probability 2 delta at most, as equal models make both directions wrong
    return around, f"alpha_rank/SST-7, {100 * (1 - 2 * delta):g}%" if around else "", facts

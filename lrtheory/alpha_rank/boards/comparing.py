"""The test of "i is above j" for all pairs.

It depends on the schedule: whether outcomes have chosen which battles came, and how many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lrtheory._validation import at_most_one, choice, flag, integer, must
from lrtheory.alpha_rank.boards.battles import Battles, Results, battles_of, marked, results_of
from lrtheory.alpha_rank.boards.exact import exact_p_values
from lrtheory.alpha_rank.boards.values import log_values, terms_of
from lrtheory.alpha_rank.matches.log import MatchLog, known_log
from lrtheory.alpha_rank.matches.table import is_of_pairs

__all__ = ["Compared", "columns_of", "compare_pairs", "log_of_pairs"]

#: the assumption of exact p values, in the words that the user gets
TOLD_FIXED = "for a log whose battles and length no outcome has chosen; else rank it with --any-schedule"
#: up to so many models all p values are computed to the end
FEW = 20


class Compared(NamedTuple):
    """p values of all pairs, and who can be first."""

    battles: Battles
    results: Results
    p_values: np.ndarray  # float64 (n, n): of the row being above the column
    can_be_first: np.ndarray  # bool (n,)
    schedule: str
    told: str  # what is assumed of the schedule


def log_of_pairs(matches: object) -> MatchLog:
    """The log that is meant, which must be of matches of two who win, lose or draw."""
    log = known_log(matches)
    if log is None:
        raise must("matches", "a MatchLog, path or data frame", matches, TypeError)
    if not is_of_pairs(log):
        raise must(
            "matches", "a log of two players who win, lose or draw; `leaderboard` ranks others", log.scores.shape
        )
    return log


def columns_of(name: str, given: object) -> tuple[str, ...]:
    """The names of columns in a list, or in one text with commas."""
    listed = given.split(",") if isinstance(given, str) else given
    if not isinstance(listed, (list, tuple)) or not all(isinstance(one, str) for one in listed):
        raise must(name, "names of columns, or one text of them with commas", given, TypeError)
    found = tuple(one.strip() for one in listed)
    if "" in found or len(set(found)) < len(found):
        raise must(name, "different names of columns", given)
    return found


def compare_pairs(
    log: MatchLog,
    delta: float,
    *,
    anytime: bool = False,
    any_schedule: bool = False,
    batch: str | None = None,
    horizon: int | None = None,
    by: object = (),
    once: str | None = None,
    seats: bool = False,
    both_bad: str = "tie",
) -> Compared:
    """Test all pairs of models; the arguments are those of `rank_models`."""
    choice("both_bad", both_bad, ("tie", "drop"))
    flag("anytime", anytime), flag("any_schedule", any_schedule), flag("seats", seats)
    chosen = at_most_one(anytime=anytime or None, any_schedule=any_schedule or None, batch=batch)
    if horizon is not None and not any_schedule:
        raise must("horizon", "left out but for a log under any schedule", horizon)
    if chosen is not None and not log.in_order:
        rule = "left out for a log whose rows stand for several battles each, as their order is not known"
        raise must(chosen, rule, batch if chosen == "batch" else True)
    if seats and not log.has_seats:
        raise must("seats", "False for a log that lists the winner first", seats)
    names = columns_of("by", by)
    battles = battles_of(log, by=names, once=once, both_bad=both_bad)
    results, n = results_of(battles, seats=seats), battles.n_models
    if chosen is None:
        # p values are compared with delta / (n - 1), for all rivals of one model, and with 2 delta / (n (n - 1)), for
        # all pairs of models; where a bound decides both, it will do
        p = exact_p_values(results, n, (0.0, 1.0) if n <= FEW else (2 * delta / (n * (n - 1)), delta / (n - 1)))
        # a model can be first unless some rival is above it
        first = np.asarray((p > delta / (n - 1)).all(axis=0))
        return Compared(battles, results, p, first, "fixed", TOLD_FIXED)
    told = {
        "anytime": "at all times, for battles that no outcome has chosen",
        "any_schedule": "at all times, also where outcomes have chosen the battles",
        "batch": f"at the end of every `{batch}`, each of which was chosen before its first battle",
    }[chosen]
    compared = results
    if batch is not None:
        marked(log, "batch", batch)
        inside = battles_of(log, by=(*names, batch), once=once, both_bad=both_bad)
        compared = results_of(inside, seats=seats)
    options = {}
    if any_schedule and horizon is not None:
        integer("horizon", horizon, low=len(battles.points))
        # two results may wait for a partner, and none begins to in the last fifth: what waits at the end is charged
        options = {"most_open": 2, "last": int(0.8 * horizon)}
    log_e = log_values(terms_of(compared, n, charged=any_schedule, **options))
    np.fill_diagonal(log_e, -np.inf)
    # the mean of values of bets is one too, so a model is not first where the mean over its rivals reaches 1 / delta
    mean = np.logaddexp.reduce(log_e, axis=0) - np.log(n - 1)
    p = np.exp(-np.maximum(log_e, 0.0))
    return Compared(battles, results, p, mean < -np.log(delta), "any" if any_schedule else chosen, told)

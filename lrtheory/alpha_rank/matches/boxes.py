"""Intervals on payoffs from what was counted or sampled, or from two arrays of a caller."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._validation import as_array, choice, flag, must, open_interval
from lrtheory.alpha_rank.matches.seats import SeatTable
from lrtheory.alpha_rank.matches.table import MatchTable
from lrtheory.alpha_rank.problem import Names, names_of, payoff_tables
from lrtheory.alpha_rank.sampling.ucb import GraphEstimate

__all__ = ["DELTA", "Box", "box_of"]

#: failure probability of intervals on payoffs that are made from counts, where nobody says another
DELTA = 0.05


class Box(NamedTuple):
    """Intervals on payoffs: two arrays (K, s_1, ..., s_K) or (n, n), names, and the sentence that says where from."""

    lower: np.ndarray
    upper: np.ndarray
    names: tuple[tuple[str, ...], ...] | None
    population: str
    message: str


def box_of(
    source: Any,
    upper: Any = None,
    *,
    population: str | None = None,
    delta: float | None = None,
    anytime: bool = False,
    names: Names | None = None,
) -> Box:
    """The intervals on payoffs that counts, samples or two arrays mean."""
    choice("population", population, ("multi", "single", None))
    flag("anytime", anytime)
    counted = isinstance(source, (MatchTable, SeatTable, GraphEstimate))
    if counted and upper is not None:
        raise must("upper", f"left out beside a {type(source).__name__}, which brings both ends", upper)
    if not counted and upper is None:
        raise must("upper", "given beside an array", upper)
    if delta is not None and not isinstance(source, (MatchTable, SeatTable)):
        raise must("delta", "left out for intervals that are given", delta)
    if isinstance(source, (SeatTable, GraphEstimate)) and population == "single":
        raise must("population", f'"multi" for a {type(source).__name__}, which keeps seats apart', population)
    if isinstance(source, GraphEstimate):
        names = names_of(None, names, source.lower.shape[1:])
        return Box(source.lower, source.upper, names, "multi", "intervals of the samples, at their own confidence")
    if not isinstance(source, (MatchTable, SeatTable)):
        return _given_box(source, upper, population or "multi", names)
    delta = open_interval("delta", DELTA if delta is None else delta, 0, 1)
    low, high = source.intervals(delta, anytime=anytime)
    message = _confidence(source, delta, anytime)
    if isinstance(source, SeatTable):
        return Box(low, high, names_of(None, names or source.names, low.shape[1:]), "multi", message)
    if population == "multi":
        names = names_of(None, names or (source.names,) * 2, low.shape)
        return Box(np.stack([low, low.T]), np.stack([high, high.T]), names, "multi", message)
    return Box(low, high, names_of(None, names or source.names, low.shape[:1]), "single", message)


def _confidence(source: MatchTable | SeatTable, delta: float, anytime: bool) -> str:
    """Say how sure the intervals on the means are, and what that assumes."""
    exact = isinstance(source, MatchTable) or source.is_coin
    kind = "Clopper-Pearson" if exact else "Hoeffding"
    when = "at all times" if anytime else "for a log whose length and pairs no outcome has chosen"
    said = f"all of this at {100 * (1 - delta):g}% confidence ({kind} intervals {when}; matches independent"
    if isinstance(source, SeatTable) and source.score_range != (0.0, 1.0):
        said += f"; scores between {source.score_range[0]:g} and {source.score_range[1]:g}, as in the log"
    return said + ")"


def _given_box(lower: Any, upper: Any, population: str, names: Names | None) -> Box:
    """Check intervals that the caller made."""
    names_in = lower
    if population == "single":
        # a square table is checked as one of two players' tables, and taken out again
        squares = [as_array(name, table) for name, table in (("lower", lower), ("upper", upper))]
        for name, table in zip(("lower", "upper"), squares, strict=True):
            if table.ndim != 2 or table.shape[0] != table.shape[-1]:
                raise must(name, "one square table for a single population", table.shape)
        lower, upper = ([table, table] for table in squares)
    low, high = payoff_tables(lower, name="lower"), payoff_tables(upper, name="upper")
    if low.shape != high.shape:
        raise must("upper", f"of shape {low.shape}", high.shape)
    if (low > high).any():
        raise must("lower", "at most `upper` everywhere", low[low > high][0])
    if population == "single":
        low, high = low[0], high[0]
    sizes = low.shape[:1] if population == "single" else low.shape[1:]
    return Box(low, high, names_of(names_in, names, sizes), population, "")

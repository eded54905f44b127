r"""The error of a completion on entries that it has not seen, with its interval, beside the mean and the biases alone.

.. math:: \mathrm{RMSE} = \Big( \sum_g S_g \Big/ \sum_g n_g \Big)^{1/2}, \qquad
   S_g = \text{ sum of the squared errors in row } g, \quad n_g = \text{ their number.}

Ratings of one user are alike, so rows and not ratings are what is independent: the interval is that of a ratio of sums
over rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._result import Result, display, result

__all__ = ["Score", "measured"]


@result
class Score(Result):
    """Root mean square errors on held-out entries, of a completion and of two models without factors.

    Intervals are those of a ratio of sums over rows: they assume that rows (users) are independent of each other, and
    many, since a normal law with Student's quantile approximates the mean; entries of one row may depend on each other.

    Attributes
    ----------
    models : tuple of str
        "mean", "biases" where they were fitted, and the completion by its rank.
    rmse : array of shape (models,)
        Root mean square error of each model, in units of the values.
    lower, upper : arrays of shape (models,)
        Ends of the intervals, each of confidence 1 - delta; NaN where one row was tested.
    gain : float
        Error of the model before the last one less that of the last one; positive where the factors help.
    gain_lower, gain_upper : float
        Ends of its interval, from the same entries; NaN where one row was tested.
    delta : float
        Probability that an interval misses.
    message : str
        Number of entries and rows that were tested, and whether the factors help.
    counts : mapping
        ``tested`` entries, ``rows`` that hold them, and how many are in rows or columns that were ``unknown``.
    """

    models: tuple[str, ...]
    rmse: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    gain: float
    gain_lower: float
    gain_upper: float
    delta: float
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> Mapping[str, Sequence[Any]]:
        return dict(zip(("model", "rmse", "lower", "upper"), self._cells(), strict=True))

    def _facts(self) -> list[str]:
        share = f"{100 * (1 - self.delta):g} %"
        assumed = f"intervals ({share}) assume independent rows, and many of them (normal approximation)"
        return [self.message, assumed]

    def _draw(self, ax: Any) -> None:
        models, middle, lower, upper = self._cells()
        display.intervals(ax, models, lower, upper, middle=middle, label="root mean square error")

    def _cells(self) -> tuple[Sequence[Any], ...]:
        return self.models, self.rmse.tolist(), self.lower.tolist(), self.upper.tolist()


def measured(
    values: np.ndarray, predicted: Mapping[str, np.ndarray], rows: np.ndarray, *, delta: float, unknown: int
) -> Score:
    """Compare predictions with the values of N entries whose rows, the independent units, have these numbers."""
    groups = np.unique(rows, return_inverse=True)[1]
    n_groups, sizes = int(groups.max()) + 1, np.bincount(groups).astype(np.float64)
    mean, influence = {}, {}
    for name, found in predicted.items():
        squares = np.bincount(groups, (found - values) ** 2)
        mean[name] = float(squares.sum() / sizes.sum())
        # what each row moves the ratio of the two sums by
        influence[name] = (squares - mean[name] * sizes) / sizes.sum()
    spread = {name: _half_width(moved, delta) for name, moved in influence.items()}
    rmse = {name: math.sqrt(value) for name, value in mean.items()}
    *_, before, last = predicted
    # of roots the influence is that of the squares over twice the root
    moved = [influence[name] / (2 * rmse[name]) if rmse[name] > 0 else 0 * sizes for name in (before, last)]
    gain, half = rmse[before] - rmse[last], _half_width(moved[0] - moved[1], delta)
    return Score(
        models=tuple(predicted),
        rmse=np.array(list(rmse.values())),
        lower=np.sqrt(np.maximum(0.0, [mean[name] - spread[name] for name in predicted])),
        upper=np.sqrt([mean[name] + spread[name] for name in predicted]),
        gain=gain,
        gain_lower=gain - half,
        gain_upper=gain + half,
        delta=delta,
        message=_sentence(len(values), n_groups, before, last, (gain, gain - half, gain + half), unknown),
        counts={"tested": len(values), "rows": n_groups, "unknown": unknown},
    )


def _half_width(moved: np.ndarray, delta: float) -> float:
    """Half of an interval for a sum of what independent rows contribute; NaN for one row, which shows no spread."""
    from scipy import special  # here, so that importing the system stays quick

    n = len(moved)
    if n < 2:
        return math.nan
    return float(special.stdtrit(n - 1, 1 - delta / 2)) * math.sqrt(n / (n - 1) * float(moved @ moved))


def _sentence(n: int, n_rows: int, before: str, last: str, gain: tuple[float, float, float], unknown: int) -> str:
    middle, low, high = gain
    interval = f"[{low:.4g}, {high:.4g}]"
    if not low <= high:
        verdict = "one row shows no spread, so there is no interval"
    elif low > 0:
        verdict = f"{last} has a smaller error than {before}, by {middle:.4g} {interval}"
    elif high < 0:
        verdict = f"{last} has a larger error than {before}, by {-middle:.4g} [{-high:.4g}, {-low:.4g}]"
    else:
        verdict = f"whether {last} is better than {before} is open: the errors differ by {middle:.4g} {interval}"
    strangers = f", {unknown:,} of them in rows or columns that training had not seen" if unknown else ""
    return f"on {n:,} held-out entries of {n_rows:,} rows{strangers}, {verdict}"

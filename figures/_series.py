"""What figures share: colours, streams, slopes, means with errors, and claims that are inequalities with margins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from figures import Beside

#: of Okabe and Ito, told apart by colour-blind eyes
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = "osD^vPX"


def stream(seed: int, *key: int) -> np.random.Generator:
    """The randomness of one run, whatever else is computed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def slope(x: Any, y: Any) -> float:
    """The exponent of growth: least squares of log y on log x; NaN unless all are positive."""
    if not (np.asarray(y) > 0).all():
        return float("nan")
    return float(np.polyfit(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)), 1)[0])


def mean_error(runs: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the last axis, and its standard error."""
    return runs.mean(axis=-1), runs.std(axis=-1, ddof=1) / np.sqrt(runs.shape[-1])


def below(value: Any, limit: Any) -> tuple[bool, float]:
    """The claim that value < limit, everywhere."""
    return _positive(np.asarray(limit) - np.asarray(value))


def between(value: Any, low: float, high: float) -> tuple[bool, float]:
    """The claim that low < value < high, everywhere."""
    return _positive(np.minimum(np.asarray(value) - low, high - np.asarray(value)))


def _positive(slack: np.ndarray) -> tuple[bool, float]:
    """Where nothing is compared nothing is shown, so an empty claim fails."""
    margin = float(slack.min()) if slack.size else float("nan")
    return margin > 0, margin


def draw_runs(axis: Any, x: Any, runs: Any, number: int, **options: Any) -> None:
    """Means of the runs in one colour, with two standard errors."""
    mean, error = mean_error(runs)
    options = {"color": COLORS[number], "marker": MARKERS[number], "markersize": 4, "capsize": 2, **options}
    axis.errorbar(x, mean, yerr=2 * error, **options)


def log_axes(axis: Any, x: Any) -> None:
    """Logarithmic axes with ticks at the points that were computed, and plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set(xscale="log", yscale="log")
    axis.set_xticks(x, [f"{value:,}" for value in x])
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:,g}")
    axis.yaxis.set_minor_formatter(NullFormatter())


def draw_power(axis: Any, x: Any, start: float, exponent: float, label: str) -> None:
    """A dotted line that grows like a power, from the first point."""
    x = np.asarray(x, float)
    axis.plot(x, start * (x / x[0]) ** exponent, color="gray", linestyle=":", linewidth=1, label=label)


def beside(names: Iterable[str], published: Any, ours: Any, source: str) -> list[Beside]:
    """Rows of published numbers and ours, in one order; pairs of which one is missing are left out."""
    pairs = zip(names, np.ravel(published).tolist(), np.ravel(ours).tolist(), strict=True)
    return [Beside(name, a, b, source) for name, a, b in pairs if np.isfinite(a) and np.isfinite(b)]

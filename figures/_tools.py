"""Tools that figures share: streams, slopes, means with errors, lines, and inequalities with margins as claims."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np

from figures import Beside
from figures._style import COLORS

MARKERS = "osD^vPX"
LINES = ("-", "--", "-.", ":")
CHARACTERS = 13.5  # an inch, of a title


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
    """Means of the runs in one color, with two standard errors."""
    mean, error = mean_error(runs)
    look = {"color": COLORS[number], "marker": MARKERS[number], "linestyle": LINES[number % len(LINES)]}
    options = {**look, "markersize": 4, "capsize": 2, **options}
    axis.errorbar(x, mean, yerr=2 * error, **options)


def headline(figure: Any, text: str) -> None:
    """A title over all panels, broken into lines that fit the figure, and never within a formula or an equation."""
    whole = re.sub(r"\$[^$]*\$| = ", lambda formula: formula[0].replace(" ", "\0"), text)
    widest = round(CHARACTERS * figure.get_figwidth())
    lines = textwrap.wrap(whole, widest)
    if len(lines) > 1:  # of about one length
        even = (textwrap.wrap(whole, width) for width in range(len(whole) // len(lines), widest))
        lines = next((found for found in even if len(found) == len(lines)), lines)
    figure.suptitle("\n".join(lines).replace("\0", " "))


def log_axes(axis: Any, x: Any) -> None:
    """Logarithmic axes with ticks at the points that were computed, and plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter

    log_ticks(axis, x)
    axis.set(yscale="log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:,g}")
    axis.yaxis.set_minor_formatter(NullFormatter())


def log_ticks(axis: Any, x: Any, *, most: int = 6) -> None:
    """A logarithmic axis with ticks at points that were computed, few enough to be read, with plain numbers."""
    from matplotlib.ticker import NullLocator

    x = np.unique(x)
    least, chosen = x[-1] / x[0], [x[-1]]
    for value in x[-2::-1]:  # from the last, which is the one that is spoken of
        if chosen[-1] / value >= 0.999 * least ** (1 / most):
            chosen.append(value)
    axis.set_xscale("log")
    axis.set_xticks(chosen[::-1], [f"{value:,}" for value in chosen[::-1]])
    axis.xaxis.set_minor_locator(NullLocator())


def draw_power(axis: Any, x: Any, start: float, exponent: float, label: str) -> None:
    """A dotted line that grows like a power, from the first point."""
    x = np.asarray(x, float)
    axis.plot(x, start * (x / x[0]) ** exponent, color="gray", linestyle=":", linewidth=1, label=label)


def beside(names: Iterable[str], published: Any, ours: Any, source: str) -> list[Beside]:
    """Rows of published numbers and ours, in one order; pairs of which one is missing are left out."""
    pairs = zip(names, np.ravel(published).tolist(), np.ravel(ours).tolist(), strict=True)
    return [Beside(name, a, b, source) for name, a, b in pairs if np.isfinite(a) and np.isfinite(b)]

"""Show an answer: its columns become text, HTML, a data frame or a picture."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = [
    "bars",
    "close",
    "counted",
    "curves",
    "fit_height",
    "frame",
    "intervals",
    "legend",
    "n_rows",
    "name_ticks",
    "new_axes",
    "page",
    "plain",
    "table",
]

Columns = Mapping[str, Sequence[Any]]
Numbers = Sequence[float] | np.ndarray

#: the rows that a notebook or a terminal shows, and the letters of a line
ROWS, WIDTH = 10, 88
#: the names that fit along an axis, and into a legend
MOST_NAMES, MOST_LINES = 40, 12
BLUE, ORANGE = "#0072B2", "#D55E00"  # of Okabe and Ito, told apart by color-blind eyes


def plain(columns: Columns) -> dict[str, list[Any]]:
    """The columns as lists of Python's own numbers and words, without NumPy's."""
    from lrtheory._array import to_numpy

    made = {}
    for name, cells in columns.items():
        cells = to_numpy(cells)
        listed = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
        made[name] = [cell.item() if isinstance(cell, np.generic) else cell for cell in listed]
    lengths = {name: len(cells) for name, cells in made.items()}
    assert len(set(lengths.values())) <= 1, f"columns of different lengths: {lengths}"
    return made


def n_rows(columns: Columns) -> int:
    """The number of rows."""
    return len(next(iter(columns.values()), ()))


def table(columns: Columns, *, rows: int | None = ROWS, width: int = WIDTH) -> list[str]:
    """The lines of a table: the names, then the first rows; columns that do not fit into the width are counted.

    Parameters
    ----------
    columns : mapping of str to list
        Columns that `plain` returned.
    rows : int or None
        The rows that are shown; None shows all.
    width : int
        Letters of a line.

    Returns
    -------
    list of str
        Numbers stand on the right, words on the left.
    """
    n, shown = n_rows(columns), {}
    for name, cells in columns.items():
        kept = cells if rows is None else cells[:rows]
        right = _is_numeric(cells)
        words = [name, *map(_cell, kept)]
        longest = max(map(len, words))
        shown[name] = [word.rjust(longest) if right else word.ljust(longest) for word in words]
    fitting = list(shown)
    while len(fitting) > 1 and sum(len(shown[name][0]) + 2 for name in fitting) - 2 > width:
        fitting.pop()
    lines = ["  ".join(parts).rstrip() for parts in zip(*(shown[name] for name in fitting), strict=True)]
    left = [counted(n - rows, "more row")] if rows is not None and n > rows else []
    hidden = list(shown)[len(fitting) :]
    left += [f"{counted(len(hidden), 'more column')}: {', '.join(hidden)}"] if hidden else []
    return lines + [f"... {', and '.join(left)}"[:width]] * bool(left)


def counted(n: int, what: str) -> str:
    """A number of things: ``1 row``, ``1,200 rows``."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _is_numeric(cells: Sequence[Any]) -> bool:
    return all(cell is None or isinstance(cell, (int, float, Fraction)) for cell in cells)


def _cell(value: Any) -> str:
    """One cell as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "nan" if math.isnan(value) else f"{value:.4g}" if abs(value) < 1e5 else f"{value:.6g}"
    word = " ".join(str(value).split())
    return word if len(word) <= 40 else word[:37] + "..."


def page(title: str, columns: Columns, facts: Sequence[str], *, lead: Sequence[str] = (), rows: int = ROWS) -> str:
    """The answer as HTML for a notebook: a table of the first rows, and the sentences below it.

    Parameters
    ----------
    title : str
        Stands above.
    columns : mapping of str to list
        Columns that `plain` returned.
    facts : sequence of str
        Sentences.
    lead : sequence of str
        Sentences above the table.
    rows : int
        The rows that are shown.

    Returns
    -------
    str
        Every name and cell is escaped.
    """
    n = n_rows(columns)
    numeric = {name for name, cells in columns.items() if _is_numeric(cells)}

    def line(tag: str, cells: Sequence[Any]) -> str:
        inside = "".join(
            f'<{tag} style="text-align:{"right" if name in numeric else "left"}">{html.escape(_cell(cell))}</{tag}>'
            for name, cell in zip(columns, cells, strict=True)
        )
        return f"<tr>{inside}</tr>"

    body = [line("td", cells) for cells in zip(*(cells[:rows] for cells in columns.values()), strict=True)]
    more = [counted(n - rows, "more row")] if n > rows else []
    above, below = ("".join(f"<p>{html.escape(fact)}</p>" for fact in told) for told in (lead, (*more, *facts)))
    head = line("th", list(columns))
    return f"<div><p><b>{html.escape(title)}</b></p>{above}<table>{head}{''.join(body)}</table>{below}</div>"


def frame(columns: Columns) -> Any:
    """The columns as a pandas DataFrame.

    Parameters
    ----------
    columns : mapping of str to list
        Columns that `plain` returned.

    Returns
    -------
    pandas.DataFrame
        Frame of one row for each entry.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("`to_frame` needs pandas: pip install pandas; `to_dict` does without") from error
    return pd.DataFrame(dict(columns))


def new_axes() -> Any:
    """Make a figure, and return its axes."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(6, 3.2), layout="constrained")[1]


def fit_height(ax: Any) -> None:
    """Let a figure be as high as the names beside its rows need; one of lines has none, and stays as it is."""
    from matplotlib.ticker import FixedLocator

    rows = len(ax.get_yticks()) if isinstance(ax.yaxis.get_major_locator(), FixedLocator) else 0
    ax.figure.set_size_inches(6, min(12.0, max(3.2, 1.2 + 0.24 * rows)))


def name_ticks(axis: Any, names: Sequence[Any], *, rotation: float = 0.0) -> None:
    """Name the places 0, 1, ... of an axis; of more names than fit every second, third, ... one.

    Parameters
    ----------
    axis : matplotlib Axis
        Axis of a plot, such as ``ax.xaxis``.
    names : sequence
        Words.
    rotation : float
        Rotation of the words, in degrees.
    """
    places = range(0, len(names), -(-len(names) // MOST_NAMES) or 1)
    axis.set_ticks(places, [_cell(names[place]) for place in places], rotation=rotation)


def legend(ax: Any, **options: Any) -> None:
    """Name the lines, or count them where their names would cover the picture."""
    n_lines = len(ax.get_legend_handles_labels()[1])
    if n_lines <= MOST_LINES:
        ax.legend(**options)
    else:
        ax.set_title(f"{n_lines:,} lines", fontsize="medium")


def close(ax: Any) -> None:
    """Forget the figure of the axes."""
    import matplotlib.pyplot as plt

    plt.close(ax.figure)


def bars(ax: Any, names: Sequence[Any], values: Numbers, *, label: str = "", most: int = MOST_NAMES) -> None:
    """One horizontal bar for each name, the first on top.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    names : sequence
        Words beside the bars.
    values : sequence of float
        Lengths; NaN draws none.
    label : str
        Below the axis.
    most : int
        The bars that are drawn; the others are counted in the title.
    """
    kept = min(most, len(names))
    ax.barh(range(kept), [float(value) for value in values[:kept]], color=BLUE)
    _named_rows(ax, names, kept)
    ax.set(xlabel=label)


def intervals(
    ax: Any,
    names: Sequence[Any],
    lower: Numbers,
    upper: Numbers,
    *,
    middle: Numbers | None = None,
    label: str = "",
    most: int = MOST_NAMES,
) -> None:
    """One horizontal interval for each name, the first on top.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    names : sequence
        Words beside the intervals.
    lower, upper : sequence of float
        Ends of the intervals.
    middle : sequence of float or None
        A point in each.
    label : str
        Below the axis.
    most : int
        The intervals that are drawn; the others are counted in the title.
    """
    kept = min(most, len(names))
    ax.hlines(range(kept), [float(x) for x in lower[:kept]], [float(x) for x in upper[:kept]], color=BLUE, lw=3)
    if middle is not None:
        ax.plot([float(x) for x in middle[:kept]], range(kept), "o", color=ORANGE, ms=4)
    _named_rows(ax, names, kept)
    ax.set(xlabel=label)


def _named_rows(ax: Any, names: Sequence[Any], kept: int) -> None:
    ax.set_yticks(range(kept), [_cell(name) for name in names[:kept]])
    ax.set_ylim(max(1, kept) - 0.5, -0.5)
    ax.spines[["top", "right"]].set_visible(False)
    if kept < len(names):
        ax.set_title(f"the first {kept} of {len(names):,}", fontsize="medium")


def curves(ax: Any, x: Numbers, lines: Mapping[str, Any], *, xlabel: str = "", ylabel: str = "") -> None:
    """Curves over one axis, with a legend where there are several.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    x : sequence of float
        Abscissas of the points of all curves.
    lines : mapping of str to sequence of float
        The curves by name.
    xlabel, ylabel : str
        Words at the axes.
    """
    for name, y in lines.items():
        ax.plot(x, y, label=name, marker="." if len(x) <= 60 else None)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    if len(lines) > 1:
        legend(ax)

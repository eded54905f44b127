"""Panels beside each other with their legends below, where no line can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from figures._tools import headline

if TYPE_CHECKING:
    import matplotlib.figure


def panels(count: int, *, height: float = 4.3, **options: Any) -> tuple[matplotlib.figure.Figure, Any]:
    """A figure and its panels; one panel alone is narrower than two."""
    import matplotlib.pyplot as plt

    width = 6.8 if count == 1 else 9.0
    return plt.subplots(1, count, figsize=(width, height), layout="constrained", **options)


def finish(figure: matplotlib.figure.Figure, title: str, *, ncols: int = 2) -> matplotlib.figure.Figure:
    """Put a legend below each panel, and the title over all of them."""
    for axis in figure.axes:
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=ncols)
    headline(figure, title)
    return figure

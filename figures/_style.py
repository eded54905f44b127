"""The looks of every figure: colors that color-blind eyes tell apart, and letters that are read at column width."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["COLORS", "style"]

#: of Okabe and Ito, told apart by color-blind eyes
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
#: figures are up to 9.2 inches wide, so in a text of 7 inches the smallest letters have 6 points
_SETTINGS: Mapping[str, Any] = MappingProxyType(
    {
        "font.size": 9,
        "figure.titlesize": 9.5,
        "axes.titlesize": 9,
        "axes.labelsize": 9,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.title_fontsize": 8,
        "legend.framealpha": 0.85,
        "legend.handlelength": 2.4,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.linewidth": 1.4,
        "pdf.fonttype": 42,  # letters stay letters, and no outlines of Type 3
    }
)


def style() -> Any:
    """A context in which figures are drawn and saved; it starts from Matplotlib's defaults, whatever a user has set."""
    import matplotlib as mpl
    from cycler import cycler

    defaults = {name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith("backend")}
    return mpl.rc_context({**defaults, **_SETTINGS, "axes.prop_cycle": cycler(color=COLORS)})

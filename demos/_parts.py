"""What the demos share: a theorem to show, sliders, a verdict of the statement engine, curves, and the page.

A demo is ``demos/<system>.py``, a marimo app whose set-up cell holds a `Story`, its ``SLIDERS``, and what ``measure``
and ``draw`` need. ``measure(saboteur=..., **hypotheses)`` returns a `Reading`; the app draws it, the exported page
holds one for every stop of a slider, and the tests call it with the switch on and off.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import lrtheory
from figures._tools import COLORS
from lrtheory.bounds import Statement
from lrtheory.bounds.statement.formulas import as_image, as_text
from lrtheory.bounds.statement.letters import set_in

__all__ = [
    "Reading",
    "Slider",
    "Story",
    "Verdict",
    "axes",
    "body",
    "controls",
    "curves",
    "head",
    "judge",
    "legend",
    "number",
    "row",
]

MEASURED, BOUND, OTHER = COLORS[0], COLORS[1], COLORS[2]
#: blue for supported, vermilion for refuted, grey where nothing is claimed
SHADES = {"supported": COLORS[0], "refuted": COLORS[1]}


@dataclass(frozen=True)
class Story:
    """What a page says before anything is computed.

    Attributes
    ----------
    title : str
        The question.
    plain : str
        The theorem in plain words.
    formula : str
        The theorem in TeX, within what Matplotlib reads.
    statement : Statement
        The statement that decides.
    switch : str
        What the saboteur does.
    measured, bound : str
        What the two numbers are.
    """

    title: str
    plain: str
    formula: str
    statement: Statement
    switch: str
    measured: str
    bound: str


@dataclass(frozen=True)
class Slider:
    """A parameter: its label, the stops of its slider, and where the slider stands at the start."""

    label: str
    stops: Sequence[float]
    start: float


@dataclass(frozen=True)
class Verdict:
    """What the statement engine says of the instance that the sliders make.

    Attributes
    ----------
    word : str
        ``supported``, ``refuted``, ``inconclusive``, or ``no claim`` where a hypothesis is broken.
    sentence : str
        Why.
    """

    word: str
    sentence: str


@dataclass(frozen=True)
class Reading:
    """What is drawn, the two numbers beside it, and the verdict.

    Attributes
    ----------
    x, measured, bound : ndarray of shape (n,)
        Both curves.
    numbers : tuple of float
        One measured number and its bound.
    verdict : Verdict
        The verdict.
    more : mapping
        Other things that the picture shows.
    remark : str
        What to know about the two numbers, such as how far chance may move them; empty where there is nothing.
    """

    x: np.ndarray
    measured: np.ndarray
    bound: np.ndarray
    numbers: tuple[float, float]
    verdict: Verdict
    more: Mapping[str, Any] = field(default_factory=dict)
    remark: str = ""


# --- the verdict -----------------------------------------------------------------------------------------------------


def judge(statement: Statement, solve: Callable[..., Any], instances: Sequence[Any]) -> Verdict:
    """Check the statement for a solver, with `lrtheory.check`, on each of the instances.

    Where an instance breaks a hypothesis nothing is claimed of it, and nothing is checked.
    """
    for name, holds in statement.hypotheses.items():
        if not all(holds(instance) for instance in instances):
            return Verdict("no claim", f"The hypothesis “{name}” is broken: the theorem promises nothing here.")
    found = [lrtheory.check(statement.id, solve=solve, instance=instance) for instance in instances]
    words = {evidence.verdict for evidence in found}
    word = next((word for word in ("refuted", "supported") if word in words), "inconclusive")
    if word == "inconclusive":
        return Verdict(word, f"The check does not decide: {found[0].message or 'within its budget'}.")
    # the sides at the entry that decides are no numbers of the cards, and may stand for an answer that is not valid
    said = "it holds in every place" if word == "supported" else "it fails in one place at least"
    several = f" {sum(e.verdict == word for e in found)} of {len(found)} instances say so." if len(found) > 1 else ""
    return Verdict(word, f"The check compares both sides wherever the claim speaks of this instance; {said}.{several}")


# --- the picture -----------------------------------------------------------------------------------------------------


def axes(**settings: Any) -> tuple[Figure, Any]:
    """A figure with one plot, which grows with the page."""
    figure = Figure(figsize=(6.4, 3.5), layout="constrained")
    axis = figure.subplots()
    axis.spines[["top", "right"]].set_visible(False)
    axis.set(**settings)
    return figure, axis


def curves(axis: Any, reading: Reading, measured: str, bound: str) -> None:
    """Both curves with a legend above them: what is measured with points, the bound without."""
    axis.plot(reading.x, reading.bound, color=BOUND, linewidth=2, label=bound)
    axis.plot(reading.x, reading.measured, color=MEASURED, marker="o", markersize=4, label=measured)
    legend(axis)


def legend(axis: Any) -> None:
    """A legend above the plot, where no curve can be."""
    axis.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, fontsize=9)


def _svg(figure: Figure) -> str:
    """The figure as the source of an image."""
    written = io.BytesIO()
    figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(written.getvalue()).decode()


# --- the page --------------------------------------------------------------------------------------------------------

_CARD = "flex:1;min-width:8em;padding:.5em .8em;border:1px solid #ddd;border-radius:.4em"


def head(story: Story) -> str:
    """Title, theorem, and the command that checks it with all its saboteurs."""
    command = f"lrtheory check {story.statement.id}"
    return (
        f'<h1 style="font-size:1.6em;margin:0 0 .4em">{html.escape(story.title)}</h1>'
        f'<p style="margin:.3em 0;max-width:60em">{story.plain}</p>{as_image(story.formula)}'
        f'<p style="margin:.3em 0;max-width:60em">{html.escape(set_in(story.statement.says, as_text))}</p>'
        f'<p style="margin:.3em 0;color:#666;font-size:.85em">{html.escape(str(story.statement.source))}. '
        f"On many instances, with all its saboteurs: <code>{command}</code></p>"
    )


def number(value: float) -> str:
    """Three digits, or that there is none."""
    return f"{value:,.3g}" if abs(value) < 1e3 else f"{value:,.0f}" if np.isfinite(value) else "none"


def body(story: Story, reading: Reading, figure: Figure) -> str:
    """The picture, both numbers, and the verdict."""
    cards = "".join(
        f'<div style="{_CARD}"><div style="color:{color};font-size:1.5em" id="{name}">{number(value)}</div>'
        f'<div style="font-size:.85em;color:#444">{html.escape(label)}</div></div>'
        for name, label, value, color in (
            ("measured", story.measured, reading.numbers[0], MEASURED),
            ("bound", story.bound, reading.numbers[1], BOUND),
        )
    )
    verdict, shade = reading.verdict, SHADES.get(reading.verdict.word, "#666666")
    said = f'<p style="margin:.5em 0;font-size:.85em;color:#444">{html.escape(reading.remark)}</p>'
    remark = said if reading.remark else ""
    return (
        f'<div style="display:flex;gap:1.2em;flex-wrap:wrap;align-items:center">'
        f'<img alt="{html.escape(story.measured)}, and {html.escape(story.bound)}" src="{_svg(figure)}" '
        f'style="flex:3;min-width:24em;width:24em">'
        f'<div style="flex:1.4;min-width:16em"><div style="display:flex;gap:.6em">{cards}</div>'
        f'<div style="margin-top:.8em;padding:.7em .9em;border-left:.4em solid {shade};background:#f6f6f6">'
        f'<div id="verdict" style="font-size:1.4em;font-weight:600;color:{shade}">{verdict.word}</div>'
        f'<div style="font-size:.95em;color:#222">{html.escape(verdict.sentence)}</div></div>{remark}</div></div>'
    )


def controls(story: Story, sliders: Mapping[str, Slider]) -> Any:
    """The sliders and the switch, as one element of marimo."""
    import marimo as mo

    made: dict[str, Any] = {
        name: mo.ui.slider(steps=list(one.stops), value=one.start, label=one.label, show_value=True)
        for name, one in sliders.items()
    }
    made["saboteur"] = mo.ui.switch(label=f"saboteur: {story.switch}")
    return mo.ui.dictionary(made)


def row(elements: Any) -> Any:
    """The controls beside each other, the switch below them."""
    import marimo as mo

    names = [name for name in elements if name != "saboteur"]
    return mo.vstack([mo.hstack([elements[name] for name in names], wrap=True, justify="start"), elements["saboteur"]])

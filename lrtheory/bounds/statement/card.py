"""A statement as a card of a notebook: what it claims, where that comes from, and what would contradict it."""

from __future__ import annotations

import html
from typing import Any

from lrtheory.bounds.statement.formulas import as_image, as_text
from lrtheory.bounds.statement.letters import set_in

__all__ = ["card"]


def card(statement: Any) -> str:
    """A statement as HTML that loads nothing from elsewhere.

    Parameters
    ----------
    statement : Statement
        Any statement.

    Returns
    -------
    str
        Title, sentence, formula, source, hypotheses, saboteurs, and the command that checks it.
    """
    numbered = [f"{place}. {one.name}" for place, one in enumerate(statement.saboteurs, start=1)]
    rows = {
        "source": [str(statement.source)],
        "hypotheses": list(statement.hypotheses),
        "violated": [] if statement.violated is None else [str(statement.violated)],
        "saboteurs": numbered,
        "repairs": [one.name for one in statement.repairs],
        "notes": [statement.notes] if statement.notes else [],
    }
    table = "".join(
        f"<tr><th style='text-align:left;vertical-align:top'>{word}</th>"
        f"<td style='text-align:left'>{'<br>'.join(map(html.escape, lines))}</td></tr>"
        for word, lines in rows.items()
        if lines
    )
    asked = statement.origin.prefix + statement.id
    return (
        f"<div style='max-width:60em'><b>{html.escape(statement.title)}</b> "
        f"<code>{html.escape(statement.id)}</code> <i>{html.escape(statement.kind)}</i>"
        f"<p>{html.escape(set_in(statement.says, as_text))}</p>{as_image(statement.tex)}<table>{table}</table>"
        f"<code>lrtheory check {html.escape(asked)}</code></div>"
    )

"""A page a theorem: what it says, whose it is, its proof, both sides, how it was tried, and how to try one's own."""

from __future__ import annotations

import html
import inspect
import re
import textwrap
from collections.abc import Callable, Collection
from typing import Any

from lrtheory.bounds import Derived, Statement
from lrtheory.bounds.claims import Recorded
from lrtheory.bounds.claims.fields import summary_of
from lrtheory.bounds.reporting.markdown import rounded
from lrtheory.bounds.statement.letters import set_in
from lrtheory.cli.describing import arguments, signature
from pages.evidence import Caught, Entry
from pages.markup import code_and_words, escaped, heading, sentence, title

__all__ = ["boxed", "theorem"]

#: a bar for each pair of sides: width of the bound, of what is drawn beyond it, and height of a line, in pixels
BOUND, BEYOND, LINE = 320, 160, 22
#: how far the body of a directive stands in
IN = "   "
#: the saboteurs that the picture shows; the table below it has all
SHOWN = 6
#: above the table of sides
SABOTEURS = """\
All but the statement's own are saboteurs: deliberate mistakes, such as a wrong solver, a constant that is too strong, a
misprint of a paper or a hypothesis that was left out, each of which the same check has to refute.
"""


def words(text: str) -> str:
    """A sentence with its letters set as mathematics."""
    return set_in(text, r"\ :math:`{}`\ ".format, escaped).removeprefix("\\ ")


def said(statement: Statement) -> str:
    """What a statement says, with its letters set as mathematics, and its formula."""
    return f"{words(statement.says)}\n\n.. math:: {statement.tex}\n"


def verdict(statement: Statement) -> str:
    """Whether it is supported, of what kind it is, and whose."""
    source = escaped(str(statement.source))
    if isinstance(statement.source, Derived):  # by its last name, under which it is documented
        formula = statement.source.theory
        here = not formula.__module__.startswith("lrtheory.")
        source = f"derived here, with the proof in {f'``{formula.__name__}``' if here else f'`{formula.__name__}`'}"
    return f"*{statement.due.capitalize()}* ({statement.kind}). Source: {source}."


def boxed(statement: Statement, more: str = "") -> str:
    """What a statement says, its formula and its verdict in a box, with a sentence more at the end."""
    state = "recorded" if statement.due == "recorded" else "claimed"
    body = textwrap.indent(f"{said(statement)}\n{verdict(statement)} {more}".rstrip(), IN)
    return f".. container:: statement {state}\n\n{body}\n"


def theorem(statement: Statement, beside: Collection[Callable[..., Any]], measured: Entry) -> str:
    """The page of a statement.

    Parameters
    ----------
    statement : Statement
        Any statement of this project.
    beside : collection of callable
        Formulas of its room, which stand on no page of functions.
    measured : Entry
        What the evidence says of it.

    Returns
    -------
    str
        As reStructuredText.
    """
    system, _, name = statement.id.partition("/")
    notes = [statement.notes, getattr(statement.claim, "reason", "")]
    parts = [
        f":orphan:\n\n.. _{statement.id}:\n",
        heading(f"{name}: {statement.title}", "="),
        f".. rst-class:: up\n\n:doc:`{title(system)} </papers/{system}>`\n",
        boxed(statement),
        *(["Hypotheses:\n"] if statement.hypotheses else []),
        *[f"- {words(sentence(one))}" for one in statement.hypotheses],
        "",
        *[f"{words(sentence(note))}\n" for note in notes if note],
        *proofs(statement, beside),
    ]
    if measured.ours or measured.caught:
        parts += [heading("Both sides", "-"), *both_sides(statement, measured)]
    if measured.tried or measured.replay:
        tried = [f"- {code_and_words(sentence(line))}" for line in measured.tried]
        again = f"\n.. code-block:: sh\n\n   {measured.replay}\n" if measured.replay else ""
        parts += [heading("How it was tried", "-"), *tried, again]
    return "\n".join([*parts, *own(statement)])


# --- the proof -------------------------------------------------------------------------------------------------------


def proofs(statement: Statement, beside: Collection[Callable[..., Any]]) -> list[str]:
    """The formulas of the room and the one that carries the proof, each with its domain, proof and sources."""
    formulas = list(beside)
    if isinstance(statement.source, Derived) and statement.source.theory not in formulas:
        formulas.append(statement.source.theory)
    return [heading("Formulas and proofs", "-"), *map(proved, formulas)] if formulas else []


def marked(text: str) -> str:
    """Text of a docstring, whose backticks are markup, with its letters set as mathematics."""
    # a bar would begin the name of a text to fill in
    return set_in(text, r"\ :math:`{}`\ ".format, lambda prose: re.sub(r"(?<!\\)\|", r"\\|", prose))


def proved(formula: Callable[..., Any]) -> str:
    """A formula: its summary, domain, proof and sources."""
    summary, _, rest = (inspect.getdoc(formula) or "").partition("\n\n")
    domain = re.search(r"^Domain: .*$", rest, re.MULTILINE)
    # each part as it stands: its backslashes and backticks are markup; but it may have no headings and no footnotes
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", rest, flags=re.MULTILINE)[1:]
    told = {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    sources = " ".join(re.sub(r"^\.\. \[\d+\] ", "", told.get("References", ""), flags=re.MULTILINE).split())
    paragraphs = [marked(summary), *([escaped(domain[0])] if domain else []), marked(told.get("Proof", ""))]
    paragraphs += [f"Source: {sources}"] if sources else []
    name = f"``{formula.__name__}({', '.join(inspect.signature(formula).parameters)})``"
    body = "\n\n".join(part for part in paragraphs if part)
    return f"{name}\n\n{textwrap.indent(body, IN)}\n"


# --- both sides ------------------------------------------------------------------------------------------------------


def both_sides(statement: Statement, measured: Entry) -> list[str]:
    """What is compared, a picture of the sides, and a table of them."""
    pairs = [*([measured.ours] if measured.ours else []), *measured.caught]
    summary = summary_of(getattr(statement.claim, "sides", None))
    rows = []
    for one in pairs:
        cells = (code_and_words(one.name or "the statement"), escaped(one.left), escaped(one.right))
        rows.append("   * - " + "\n     - ".join([*cells, code_and_words(one.where)]))
    table = [".. list-table::", "   :header-rows: 1", "   :widths: 40 15 15 30", ""]
    head = "   * - who\n     - left side\n     - right side\n     - where"
    return [
        *([f"{words(sentence(summary))}\n"] if summary else []),
        SABOTEURS if measured.caught else "",
        *picture(pairs),
        "\n".join([*table, head, *rows]) + "\n",
    ]


def quotient(one: Caught) -> float | None:
    """The left side in units of the right one; None where the right one is not above zero or a side is no number."""
    try:
        left, right = (rounded(side.replace("±", "+/-")) for side in (one.left, one.right))
    except ValueError:
        return None
    return left / right if right > 0 and left >= 0 else None


def picture(pairs: list[Caught]) -> list[str]:
    """Left sides as bars against their right sides, for the pairs of positive numbers."""
    drawn = [(one, share) for one in pairs if (share := quotient(one)) is not None][: SHOWN + 1]
    if not drawn:
        return []
    width, height = BOUND + BEYOND + 8, LINE * (len(drawn) + 1)
    lines, heard = [], []
    for row, (one, share) in enumerate(drawn):
        name, y = one.name or "the statement", LINE * row + 4
        length = min(share, 1 + BEYOND / BOUND) * BOUND
        kind = "saboteur" if one.name else "ours"
        heard.append(f"{name}: {share:.3g}")
        lines.append(f'<rect class="{kind}" x="1" y="{y}" width="{max(length, 1):.1f}" height="{LINE - 8}"/>')
        told = f"{textwrap.shorten(name, 60, placeholder=' ...')}: {share:.3g}"  # a bar ends where the picture does
        lines.append(f'<text x="6" y="{y + LINE - 11}">{html.escape(told)}</text>')
    rule = f'<path class="bound" d="M{BOUND + 1} 0V{height - LINE}"/>'
    label = f'<text class="bound" x="{BOUND + 1}" y="{height - 6}" text-anchor="middle">right side</text>'
    spoken = html.escape("Left sides in units of the right sides. " + "; ".join(heard), quote=True)
    svg = f'<svg class="slack" viewBox="0 0 {width} {height}" role="img" aria-label="{spoken}">'
    return [f".. raw:: html\n\n   {svg}{''.join(lines)}{rule}{label}</svg>\n"]


# --- one's own -------------------------------------------------------------------------------------------------------


def own(statement: Statement) -> list[str]:
    """The Python in which a reader puts an algorithm of their own, and the command for sharper constants."""
    parts = [heading("Try your own", "-")]
    if isinstance(statement.claim, Recorded):
        return [
            *parts,
            f"Nothing is measured here; what can be checked stands in {escaped(statement.claim.carried_by)}.\n",
        ]
    if statement.closed:
        parts.append(f"An algorithm of your own is not put to the test: {escaped(sentence(statement.closed))}\n")
    else:
        taken = ", ".join(arguments(statement))
        parts += [
            ".. code-block:: python\n",
            "   import lrtheory\n\n",
            f"   def solve({taken}):  # {signature(statement).partition('-> ')[2]}",
            f"       ...  # of the form that `lrtheory show {statement.id}` tells\n\n",
            f'   print(lrtheory.check("{statement.id}", solve=solve))\n',
            f"``lrtheory start {statement.id}`` prints this file with the types that are taken and returned.\n",
        ]
    if statement.kind != "identity":
        parts.append(f"``lrtheory sharpen {statement.id}`` looks for the largest constant that all instances allow.\n")
    return parts

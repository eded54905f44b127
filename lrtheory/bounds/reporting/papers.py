"""The tables of the main page: a row a paper, a row a system, the errata that count, numbers that differ most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lrtheory.bounds.reporting.about import About, Reading
from lrtheory.bounds.reporting.details import item, sources_line
from lrtheory.bounds.reporting.figures import Record, agreement, farthest
from lrtheory.bounds.reporting.found import Found, counts, place
from lrtheory.bounds.reporting.markdown import apart, plain, table
from lrtheory.bounds.reporting.section import errata, link
from lrtheory.bounds.statement import Statement

__all__ = ["errata_table", "farthest_table", "of_reading", "paper_row", "papers_table", "system_rows", "systems_table"]

_PAPERS = ("paper", "read", "claims", "checked", "found", "call")
_SYSTEMS = ("system", "theorems", "of papers", "classical", "derived", "observed", "saboteurs", "errata")
_ERRATA = ("id", "refuted as it stands", "left side", "right side", "counterexample")
_FARTHEST = ("figure", "of others within 10 %", "farthest apart", "there", "here")


def of_reading(reading: Reading, statements: Sequence[Statement]) -> list[Statement]:
    """The statements of a system that carry the claims of a paper.

    Parameters
    ----------
    reading : Reading
        A paper.
    statements : sequence of Statement
        The statements of its system.

    Returns
    -------
    list of Statement
        Statements of the system whose ids begin with one of `reading.ids`, in their order.
    """
    return [one for one in statements if item(one.id).startswith(reading.ids)] if reading.ids else []


def paper_row(system: str, reading: Reading, statements: Sequence[Statement], details: str) -> list[str]:
    """The row of a paper, which needs no measurement.

    Parameters
    ----------
    system : str
        Name of the system.
    reading : Reading
        The paper.
    statements : sequence of Statement
        The statements of the system.
    details : str
        The folder of the pages of details, seen from the main page.

    Returns
    -------
    list of str
        Cells of Markdown.
    """
    own = of_reading(reading, statements)
    name = f"[{plain(reading.name)}](https://arxiv.org/abs/{reading.key})"
    checked = f"[{len(own)}]({details}/{system}.md)" if own else "-"
    call = f"`{system}.{reading.call}`" if reading.call else "-"
    return [name, reading.read, plain(reading.claims), checked, plain(reading.found), call]


def papers_table(statements: Sequence[Statement], abouts: Mapping[str, About], details: str) -> str:
    """A row for each paper.

    Parameters
    ----------
    statements : sequence of Statement
        All statements of the report.
    abouts : mapping of str to About
        For each system what is said of its papers.
    details : str
        The folder of the pages of details, seen from the main page.

    Returns
    -------
    str
        A table in Markdown; empty if no paper is told.
    """
    rows = []
    for system in dict.fromkeys(one.system for one in statements):
        own = [one for one in statements if one.system == system]
        rows += [paper_row(system, one, own, details) for one in (abouts[system].papers if system in abouts else ())]
    return table(_PAPERS, rows)


def system_rows(statements: Sequence[Statement], details: str) -> list[list[str]]:
    """A row for each system with its counts.

    Parameters
    ----------
    statements : sequence of Statement
        All statements of the report.
    details : str
        The folder of the pages of details, seen from the main page.

    Returns
    -------
    list of list of str
        Cells of Markdown.
    """
    rows = []
    for system in dict.fromkeys(one.system for one in statements):
        n = counts([one for one in statements if one.system == system])
        names = ("theorems", "of the papers", "classical", "derived here", "observations", "saboteurs", "errata")
        rows.append([f"[{system}]({details}/{system}.md)", *(str(n[name]) for name in names)])
    return rows


def systems_table(statements: Sequence[Statement], details: str) -> str:
    """The table of systems, and behind it the digests of their sources for the test of staleness.

    Parameters
    ----------
    statements : sequence of Statement
        All statements of the report.
    details : str
        The folder of the pages of details, seen from the main page.

    Returns
    -------
    str
        Markdown.
    """
    systems = dict.fromkeys(one.system for one in statements)
    # in comments of HTML, since no reader needs them
    sources = [
        f"<!-- {system}: {sources_line([o for o in statements if o.system == system])} -->" for system in systems
    ]
    return table(_SYSTEMS, system_rows(statements, details)) + "\n" + "\n".join(sources) + "\n"


def errata_table(found: Sequence[Found], abouts: Mapping[str, About], details: str | None) -> str:
    """Wordings of sources that are refuted as they stand, each with its counterexample.

    Parameters
    ----------
    found : sequence of Found
        Statements with their evidence.
    abouts : mapping of str to About
        For each system which errata count; of a system that is not there all do.
    details : str or None
        The folder of the pages of details, seen from the page; None on such a page itself.

    Returns
    -------
    str
        A table in Markdown; empty if there is none.
    """
    rows = []
    for one, name in errata(found):
        id, system = item(one.statement.id), one.statement.system
        if system not in abouts or id in abouts[system].errata:
            worst = one.saboteurs[name].worst
            there = "" if details is None else f"{details}/{system}.md"
            numbers = apart(worst["lhs"], worst["rhs"])
            rows.append([link(id, there), plain(name), *numbers, place(worst["instance"])])
    return table(_ERRATA, rows)


def farthest_table(records: Mapping[str, Sequence[Record]], details: str) -> str:
    """For each system the number of others that is farthest from ours.

    Parameters
    ----------
    records : mapping of str to sequence of mapping
        For each system the records of its figures.
    details : str
        The folder of the pages of details, seen from the page.

    Returns
    -------
    str
        A table in Markdown; empty if no figure has a number of others.
    """
    rows = []
    for system, own in records.items():
        total, near = agreement(own)
        if total:
            figure, what, theirs, ours, _ = farthest(own)  # the source stands in the details
            name = link(f"{system}/{figure}", f"{details}/{system}.md").replace(f"#{system}/", "#")
            rows.append([name, f"{near} of {total}", what, theirs, ours])
    return table(_FARTHEST, rows)

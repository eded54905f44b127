"""The head of the page of a system: its papers, their claims, pictures, and a row for each statement."""

from __future__ import annotations

from collections.abc import Sequence

from lrtheory.bounds.deciding.whole_sets import of_statement
from lrtheory.bounds.provenance.sources import Classical, Derived, Documented, Measured, Paper, Source
from lrtheory.bounds.reporting.about import About
from lrtheory.bounds.reporting.details import item
from lrtheory.bounds.reporting.figures import Record, name_of
from lrtheory.bounds.reporting.found import Found, how_close
from lrtheory.bounds.reporting.markdown import anchor, formula, plain, table
from lrtheory.bounds.statement import Statement

__all__ = ["MARK", "errata", "link", "row_start", "section"]

#: behind the id of a statement that covers a whole set
MARK = "*"
#: the kinds of sources with the words above their table; each table has the columns of its words and numbers
_TABLES: tuple[tuple[type, str, str], ...] = (
    (Paper, "Theorems of papers:", "item"),
    (Classical, "Textbook theorems:", "name"),
    (Derived, "Derived here, with proofs:", ""),
    (Documented, "Promises of documentation:", "promised by"),
    (Measured, "Observations, measured and not proved:", ""),
)


def section(
    system: str, found: Sequence[Found], records: Sequence[Record], about: About | None, pictures: str, there: str = ""
) -> str:
    """The head of the page of a system: its papers, its pictures, and a row for each statement.

    Parameters
    ----------
    system : str
        Name of the system.
    found : sequence of Found
        Statements of the system, in the order of the report.
    records : sequence of mapping
        The records of its figures.
    about : About or None
        Sentences about the papers of the system.
    pictures : str
        The folder of the pictures, seen from the page.
    there : str
        The page with the entries, seen from the page; empty if it is the same.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        If `about` names a figure without a record.
    """
    parts = []
    if about is not None:
        parts += [f"{about.paper}\n", f"{about.claims}\n"]
        parts += [_picture(_record(records, name), system, pictures) for name in about.pictures if records]
    for kind, words, column in _TABLES:
        rows = [_row(one, about, there) for one in found if isinstance(one.statement.source, kind)]
        header = ("id", "claim", "formula", *filter(None, [column]), "how close")
        parts += [f"{words}\n", table(header, rows)] if rows else []
    return "\n".join(filter(None, parts))


def link(heading: str, there: str) -> str:
    """A heading of a page of details as a link to it."""
    return f"[{heading}]({there}#{anchor(heading)})"


def row_start(statement: Statement, about: About | None) -> str:
    """The beginning of the row of a statement, which needs no measurement.

    Parameters
    ----------
    statement : Statement
        Any statement.
    about : About or None
        Sentences about the papers; an item of one of them is named without its number where there is one alone.

    Returns
    -------
    str
        The first cells with their bars.
    """
    cells = _first_cells(statement, about, "")
    # the header of a table with these cells is their row, bars and escapes included
    return table(cells, [[]]).splitlines()[0]


def _first_cells(statement: Statement, about: About | None, there: str) -> list[str]:
    mark = MARK if any(one["how"] == "all of" for one in of_statement(statement)) else ""
    cells = [link(item(statement.id), there) + mark, plain(statement.title), formula(statement.tex)]
    whose = _whose(statement.source, about)
    return [*cells, plain(whose)] if whose else cells


def _row(found: Found, about: About | None, there: str) -> list[str]:
    return [*_first_cells(found.statement, about, there), how_close(found)]


def _whose(source: Source, about: About | None) -> str:
    """The item of a paper, with how much of it was read where that is not all, or the name of a textbook theorem."""
    if isinstance(source, Classical):
        return source.name
    if isinstance(source, Documented):
        return f"{source.distribution} {source.version}, {source.item}"
    if not isinstance(source, Paper):
        return ""
    # the paper of the section needs no name in each of its rows
    where = "" if about is not None and source.key in about.paper else source.key
    told = ", ".join(filter(None, (where, source.read.replace("full", ""))))
    return source.item + (f" ({told})" if told else "")


def _record(records: Sequence[Record], name: str) -> Record:
    found = [record for record in records if name_of(record) == name]
    if not found:
        raise ValueError(f"there is no record of the figure {name!r}; run `make figures`")
    return found[0]


def _picture(record: Record, system: str, pictures: str) -> str:
    """A picture with its title, its profile, and how many of its claims hold."""
    name, claims = name_of(record), record["claims"].values()
    holding = sum(bool(said["holds"]) for said in claims)
    share = f"All {holding}" if holding == len(claims) else f"{holding} of {len(claims)}"
    return (
        f"[![{name}]({pictures}/{system}--{name}.png)](#{anchor(name)})\n\n"
        f"*{plain(record['title'])}* {share} claims hold ({record['profile']}).\n"
    )


def errata(found: Sequence[Found]) -> list[tuple[Found, str]]:
    """The statements whose source is wrong as it stands, each with the name of the saboteur that is its wording."""
    return [(each, one.name) for each in found for one in each.statement.saboteurs if one.printed]

"""The section of a paper: its claims, pictures, a row for each statement, errata, numbers of others beside ours."""

from __future__ import annotations

from collections.abc import Sequence

from lrtheory.bounds.deciding.whole_sets import of_statement
from lrtheory.bounds.provenance.sources import Classical, Derived, Documented, Measured, Paper, Source
from lrtheory.bounds.reporting.about import About
from lrtheory.bounds.reporting.details import item, sources_line
from lrtheory.bounds.reporting.figures import NEAR, Record, agreement, farthest, name_of
from lrtheory.bounds.reporting.found import Found, how_close, place
from lrtheory.bounds.reporting.markdown import anchor, apart, plain, table
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
_ERRATA = ("id", "refuted as it stands", "left side", "right side", "counterexample")


def section(
    system: str, found: Sequence[Found], records: Sequence[Record], about: About | None, *, details: str, pictures: str
) -> str:
    """The section of one system.

    Parameters
    ----------
    system : str
        Name of the system.
    found : sequence of Found
        Statements of the system, in the order of the report.
    records : sequence of mapping
        The records of its figures.
    about : About or None
        Sentences about the paper of the system.
    details, pictures : str
        The folders of the pages of details and of the pictures, seen from the page.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        If `about` names a figure without a record.
    """
    there = f"{details}/{system}.md"
    parts = [f"## {system}\n"]
    own = [one.statement for one in found]
    # the digest stands in a comment of HTML: it is for the test of staleness, and not for readers
    if about is not None:
        parts += [f"{about.paper} <!-- {sources_line(own)} -->\n", f"{about.claims}\n"]
        parts += [_picture(_record(records, name), system, there, pictures) for name in about.pictures if records]
    else:
        parts.append(f"<!-- {sources_line(own)} -->\n")
    for kind, words, column in _TABLES:
        rows = [_row(one, there, about) for one in found if isinstance(one.statement.source, kind)]
        header = ("id", "claim", *filter(None, [column]), "how close")
        parts += [f"{words}\n", table(header, rows)] if rows else []
    wrong = errata(found)
    if wrong:
        parts += ["Errata, in our words:\n", table(_ERRATA, _errata_rows(wrong, there))]
    if about is not None and records:
        parts.append(_beside(records, there))
    return "\n".join(filter(None, parts))


def link(heading: str, there: str) -> str:
    """A heading of a page of details as a link to it."""
    return f"[{heading}]({there}#{anchor(heading)})"


def row_start(statement: Statement, details: str, about: About | None) -> str:
    """The beginning of the row of a statement, which needs no measurement.

    Parameters
    ----------
    statement : Statement
        Any statement.
    details : str
        The folder of the pages of details, seen from the page.
    about : About or None
        Sentences about the paper; an item of this paper is named without its number.

    Returns
    -------
    str
        The first cells with their bars.
    """
    cells = _first_cells(statement, f"{details}/{statement.system}.md", about)
    # the header of a table with these cells is their row, bars and escapes included
    return table(cells, [[]]).splitlines()[0]


def _first_cells(statement: Statement, there: str, about: About | None) -> list[str]:
    mark = MARK if any(one["how"] == "all of" for one in of_statement(statement)) else ""
    cells = [link(item(statement.id), there) + mark, plain(statement.title)]
    whose = _whose(statement.source, about)
    return [*cells, plain(whose)] if whose else cells


def _row(found: Found, there: str, about: About | None) -> list[str]:
    return [*_first_cells(found.statement, there, about), how_close(found)]


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


def _picture(record: Record, system: str, there: str, pictures: str) -> str:
    """A picture with its title, its profile, and how many of its claims hold."""
    name, claims = name_of(record), record["claims"].values()
    holding = sum(bool(said["holds"]) for said in claims)
    share = f"All {holding}" if holding == len(claims) else f"{holding} of {len(claims)}"
    return (
        f"[![{name}]({pictures}/{system}--{name}.png)]({there}#{anchor(name)})\n\n"
        f"*{plain(record['title'])}* {share} claims hold ({record['profile']}).\n"
    )


def errata(found: Sequence[Found]) -> list[tuple[Found, str]]:
    """The statements whose source is wrong as it stands, each with the name of the saboteur that is its wording."""
    return [(each, one.name) for each in found for one in each.statement.saboteurs if one.printed]


def _errata_rows(wrong: Sequence[tuple[Found, str]], there: str) -> list[list[str]]:
    rows = []
    for found, name in wrong:
        worst = found.saboteurs[name].worst
        numbers = apart(worst["lhs"], worst["rhs"])
        rows.append([link(item(found.statement.id), there), plain(name), *numbers, place(worst["instance"])])
    return rows


def _beside(records: Sequence[Record], there: str) -> str:
    """The share of numbers of others that agree with ours, and the pair that is farthest apart."""
    total, near = agreement(records)
    if not total:
        return ""
    figure, what, theirs, ours, _ = farthest(records)  # the source stands in the details
    return (
        f"Of {total} [numbers of others]({there}#figures) {near} agree within {100 * NEAR:.0f} %. Farthest "
        f"apart, in `{figure}`: {what}, {theirs} there and {ours} here.\n"
    )

"""Whether a committed report still belongs to the statements and to their sources."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lrtheory.bounds.reporting.about import About, Finding
from lrtheory.bounds.reporting.details import fixed, item, saboteur_line, sources_line
from lrtheory.bounds.reporting.markdown import table
from lrtheory.bounds.reporting.opening import counts_list, pattern
from lrtheory.bounds.reporting.pages import DETAILS
from lrtheory.bounds.reporting.papers import paper_row, system_rows
from lrtheory.bounds.reporting.section import row_start
from lrtheory.bounds.statement import Statement

__all__ = ["stale"]


def stale(
    main: str,
    details: Mapping[str, str],
    statements: Sequence[Statement],
    *,
    abouts: Mapping[str, About] | None = None,
    findings: Sequence[Finding] = (),
) -> list[str]:
    """The differences between a report and the registry.

    Parameters
    ----------
    main : str
        The main page.
    details : mapping of str to str
        For each system the page of details.
    statements : sequence of Statement
        All statements.
    abouts : mapping of str to About, or None
        For each system what is said of its paper.
    findings : sequence of Finding
        Findings that the opening tells.

    Returns
    -------
    list of str
        A sentence for everything that is missing, superfluous, changed, or older than the sources.
    """
    abouts = abouts or {}
    # everything here is told without a measurement, so a test of a fresh checkout can ask it
    found = [] if counts_list(statements) in main else ["the counts of the opening have changed"]
    found += [f"the finding has changed: {one.text}" for one in findings if not re.search(pattern(one), main)]
    for system in dict.fromkeys([*(statement.system for statement in statements), *details]):
        own = [statement for statement in statements if statement.system == system]
        about = abouts.get(system)
        found += _of_main(main, system, own, about)
        found += _of_details(details.get(system, ""), system, own, about)
    return found


def _of_main(main: str, system: str, statements: Sequence[Statement], about: About | None) -> list[str]:
    """Rows of the main page."""
    if not statements:
        return []
    rows = [(f"the counts of {system}", system_rows(statements, DETAILS)[0])]
    rows += [(one.name, paper_row(system, one, statements, DETAILS)) for one in (about.papers if about else ())]
    # the header of a table with these cells is their row
    found = [
        f"{what} is missing from the main page, or differs there"
        for what, row in rows
        if table(row, [[]]).splitlines()[0] not in main
    ]
    if sources_line(statements) not in main:
        found.append(f"the sources of {system} have changed since the main page was written")
    return found


def _of_details(page: str, system: str, statements: Sequence[Statement], about: About | None) -> list[str]:
    """Rows and entries of the page of a system, and what it says of the papers."""
    if not statements:
        return [f"there are details of {system}, which has no statement"]
    rows = [line for line in page.splitlines() if line.startswith("|[")]
    found = [
        f"{one.id} has no row, or another"
        for one in statements
        if not any(row.startswith(row_start(one, about)) for row in rows)
    ]
    if about is not None:
        shown = [f"/{system}--{name}.png)" for name in about.pictures]
        missing = [text for text in (about.paper, about.claims, *shown) if text not in page]
        found += [f"the page does not say of {system}: {text}" for text in missing]
    # figures have headings of the same level, and are no statements
    body = page.partition("\n## Figures\n")[0]
    entries = {entry.splitlines()[0][4:]: entry for entry in re.split(r"\n(?=### )", body) if entry.startswith("### ")}
    ids = {item(statement.id): statement for statement in statements}
    found += [
        f"the details know {system}/{name}, which is no statement any more" for name in entries if name not in ids
    ]
    for name, statement in ids.items():
        entry = entries.get(name, "")
        lines = [line for line in entry.splitlines() if line.startswith("  - ")]
        starts = [saboteur_line(one) for one in statement.saboteurs]
        # a line goes on with what was measured, which no registry knows; only its beginning is compared
        same = len(lines) == len(starts) and all(map(str.startswith, lines, starts))
        if not entry.startswith(fixed(statement)) or not same:
            found.append(f"{statement.id} is missing from the details, or differs there")
    if sources_line(statements) not in page:
        found.append(f"the sources of {system} have changed since its details were written")
    return found

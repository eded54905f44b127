"""The report as a page that people read and pages of details, from the evidence of a run and the records of figures."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lrtheory.bounds.reporting.about import About, Finding
from lrtheory.bounds.reporting.details import details_page
from lrtheory.bounds.reporting.figures import Record, beside
from lrtheory.bounds.reporting.found import Found, collect
from lrtheory.bounds.reporting.opening import opening
from lrtheory.bounds.reporting.papers import errata_table
from lrtheory.bounds.reporting.section import section
from lrtheory.bounds.statement import Statement

__all__ = ["DETAILS", "PICTURES", "Report", "render"]

#: folders beside the main page
DETAILS, PICTURES = "docs/evidence", "docs/pictures"


@dataclass(frozen=True)
class Report:
    """A report that was rendered and is not yet written.

    Attributes
    ----------
    main : str
        The page that people read, as Markdown.
    details : mapping of str to str
        For each system its page: tables, and every statement in full.
    folder : str
        Folder of the pages of the systems, seen from that of the main page.
    """

    main: str
    details: Mapping[str, str]
    folder: str

    def write(self, path: str | Path) -> None:
        """Write the main page, and beside it the pages of details.

        Parameters
        ----------
        path : path
            The file of the main page, in a folder that exists.

        Raises
        ------
        FileNotFoundError
            If there is no such folder; nothing is written.
        """
        path = Path(path)
        if not path.parent.is_dir():
            raise FileNotFoundError(f"`path` must lie in a folder that exists; got {str(path)!r}")
        # the main page comes last: if the details cannot be written, it still belongs to the old ones
        below = path.parent / self.folder
        below.mkdir(parents=True, exist_ok=True)
        for system, text in self.details.items():
            (below / f"{system}.md").write_text(text, encoding="utf-8")
        path.write_text(self.main, encoding="utf-8")


def render(
    statements: Sequence[Statement],
    evidence: Path,
    *,
    abouts: Mapping[str, About] | None = None,
    findings: Sequence[Finding] = (),
    figures: Mapping[str, Sequence[Record]] | None = None,
    details: str = DETAILS,
    pictures: str = PICTURES,
    title: str | Mapping[str, str] = "",
) -> Report:
    """The report of some statements, and of figures.

    Parameters
    ----------
    statements : sequence of Statement
        Statements in the order of the report.
    evidence : Path
        Folder of the evidence files.
    abouts : mapping of str to About, or None
        For each system what is said of its paper.
    findings : sequence of Finding
        Findings that the opening tells.
    figures : mapping of str to sequence of mapping, or None
        For each system the records that its figures have left.
    details, pictures : str
        The folders of the pages of details and of the pictures, seen from the main page.
    title : str or mapping of str to str
        Subject of the statements, in words for the head of the page, or for the section of each system.

    Returns
    -------
    Report
        Markdown, with numbers to three digits, no times and no machine.

    Raises
    ------
    FileNotFoundError
        If an evidence file is missing.
    ValueError
        If a verdict is not the one that is due, a saboteur was not refuted, evidence is older than the sources or of
        several runs, or a finding or a paper names what is not there.
    """
    abouts, figures = abouts or {}, figures or {}
    found = collect(statements, evidence)
    systems = list(dict.fromkeys(statement.system for statement in statements))
    records = {system: figures.get(system, ()) for system in systems}
    # one title heads the page, a table of titles heads those of the systems
    titles = title if isinstance(title, Mapping) else {}
    main = opening(found, records, abouts, findings, details=details)
    if isinstance(title, str) and title:
        main = f"{title}\n\n{main}"
    # the pages of the systems lie in a folder, from which the pictures are seen otherwise
    seen = posixpath.relpath(pictures, details)
    pages = {}
    for system in systems:
        about = abouts.get(system) or (About(paper=titles[system], claims="") if system in titles else None)
        own = [one for one in found if one.statement.system == system]
        if not abouts:  # a few statements of somebody else, whose titles and formulas are what a reader looks for
            rows = section(system, own, (), about, pictures, f"{details}/{system}.md")
            main += f"\n## {system}\n\n{rows}"
        head = [section(system, own, records[system], about, seen), _wrong(own), beside(records[system])]
        pages[system] = details_page(system, own, records[system], "\n".join(filter(None, head)))
    return Report(main, pages, details)


def _wrong(found: Sequence[Found]) -> str:
    """All errata of a system."""
    told = errata_table(found, {}, None)
    return f"Errata, in our words:\n\n{told}" if told else ""

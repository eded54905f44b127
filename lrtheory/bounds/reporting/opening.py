"""The main page of the report: how much was measured, what a reader should not miss, and the tables of papers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lrtheory.bounds.provenance.sources import Documented
from lrtheory.bounds.reporting.about import About, Finding, Published, Shown, Side
from lrtheory.bounds.reporting.details import item
from lrtheory.bounds.reporting.figures import NEAR, Record, agreement, in_full, profiles
from lrtheory.bounds.reporting.found import Found, counts, place, run, sides
from lrtheory.bounds.reporting.markdown import plain, rounded, table
from lrtheory.bounds.reporting.papers import errata_table, farthest_table, papers_table, systems_table
from lrtheory.bounds.reporting.section import link
from lrtheory.bounds.statement import Statement

__all__ = ["counts_list", "filled", "needs", "opening", "pattern", "promises"]

HEAD = """# What was measured

Papers state theorems, and documentation makes promises. Here each is a program that tries to refute it. `lrtheory
report` prints this page from what `pytest -m bounds` and `make figures` leave.
"""
PAPERS = """## The papers

What of each paper was read, what it claims, how many statements carry that here, and what was found. Papers whose
claims are about large models and their speed have no theorem; what of them is algebra is checked.
"""
SYSTEMS = """## The systems

Each leads to its page: every statement with its formula, what it rests on, both sides at the worst instance, saboteurs,
and a replay. *Of papers* are theorems in a paper's own wording, *derived* those that are proved here.
"""
ERRATA = """## Errata that count

What sources say as they stand, in our words, with the smallest counterexample. The left side should equal the right
one, or stay below it. All others stand on the pages of the systems.
"""
FARTHEST = """## Numbers of others

Those that differ most from ours, one a system; the pages say whose they are, and what differs.
"""


def opening(
    found: Sequence[Found],
    records: Mapping[str, Sequence[Record]],
    abouts: Mapping[str, About],
    findings: Sequence[Finding],
    *,
    details: str,
) -> str:
    """The whole main page.

    Parameters
    ----------
    found : sequence of Found
        All statements of the report.
    records : mapping of str to sequence of mapping
        For each system the records of its figures.
    abouts : mapping of str to About
        For each system what is said of its papers.
    findings : sequence of Finding
        Findings that a reader should not miss.
    details : str
        The folder of the pages of details, seen from the page.

    Returns
    -------
    str
        Markdown.
    """
    statements = [one.statement for one in found]
    parts = [HEAD, counts_list(statements) + _figures(records)]
    if findings:
        lines = [f"{i}. {filled(one, found, records, details)}\n" for i, one in enumerate(findings, 1)]
        parts += ["## What a reader should not miss\n", "".join(lines)]
    told = (
        ("## Promises\n", promises(found, details)),
        (PAPERS, papers_table(statements, abouts, details)),
        (SYSTEMS, systems_table(statements, details)),
        (ERRATA, errata_table(found, abouts, details)),
        (FARTHEST, farthest_table(records, details)),
    )
    parts += [part for words, rows in told if rows for part in (words, rows)]
    return "\n".join([*parts, run(found) + "\n"])


def counts_list(statements: Sequence[Statement]) -> str:
    """The size of the report, as a list of counts.

    Parameters
    ----------
    statements : sequence of Statement
        All statements of the report.

    Returns
    -------
    str
        Markdown, one line per item.
    """
    n = counts(statements)
    told = (
        (
            n["theorems"],
            f"**{n['theorems']} theorems** are supported: {n['read in full']} of papers, in the wording that was read "
            f"there; {n['of the papers'] - n['read in full']} of papers, known from an abstract, from code or from "
            f"others; {n['classical']} classical; {n['derived here']} derived here with a proof.",
        ),
        (
            n["observations"],
            f"**{n['observations']} observations** were measured: constants and regularities that no proof carries.",
        ),
        (
            n["kept"] + n["violated"],
            f"**{n['kept']} promises** of documentation hold on all instances, and **{n['violated']}** do not.",
        ),
        (
            n["sets"],
            f"**{n['sets']} statements** hold on all of a named set.",
        ),
        (n["recorded"], f"**{n['recorded']} statements** are recorded without a check, with the reason."),
        (
            n["saboteurs"],
            f"**{n['saboteurs']} saboteurs** are refuted by the same checks: wrong solvers, too strong constants, "
            "dropped hypotheses.",
        ),
        (
            n["errata"],
            f"**{n['errata']} errata**: wordings or rules of papers, code or tools that the checks refute.",
        ),
    )
    # a collection of somebody else's may have no observation, or no theorem; a line about none would only puzzle
    return "".join(f"- {text}\n" for count, text in told if count)


def promises(found: Sequence[Found], details: str) -> str:
    """The documented promises, whether they hold, and a counterexample where they do not.

    Parameters
    ----------
    found : sequence of Found
        All statements of the report.
    details : str
        The folder of the pages of details, seen from the page.

    Returns
    -------
    str
        A table in Markdown, violated promises first; empty if nothing is a promise.
    """
    rows = []
    # `sorted` is stable: violated promises come first, and both groups keep their order
    for one in sorted(found, key=lambda each: each.statement.violated is None):
        source, worst = one.statement.source, one.evidence.worst
        if not isinstance(source, Documented):
            continue
        holds = one.statement.violated is None
        against = "" if holds else "{} against {} at ".format(*sides(worst)) + _instance(one)
        told = "yes" if holds else f"**no**: {plain(str(one.statement.violated))}"
        name = link(item(one.statement.id), f"{details}/{one.statement.system}.md")
        where = f"{source.distribution} {source.version}, {source.item}"
        rows.append([name, plain(where), plain(source.promise), told, against])
    return table(("id", "promised by", "promise", "holds", "smallest counterexample"), rows)


def _instance(found: Found) -> str:
    """The worst instance itself where it fits into a cell, else its label."""
    label = found.evidence.worst["instance"]
    instance = dict(found.statement.instances.fixed()).get(label)
    shown = " ".join(repr(instance).split())
    # a longer instance would widen the column for all rows
    return f"`{shown}`" if instance is not None and len(shown) <= 160 and "`" not in shown else place(label)


def _figures(records: Mapping[str, Sequence[Record]]) -> str:
    every = [record for some in records.values() for record in some]
    if not every:
        return ""
    claims = [said["holds"] for record in every for said in record["claims"].values()]
    total, near = agreement(every)
    sentences = (
        f"- **{len(every)} figures** (profile {profiles(every)}) support {sum(claims)} of their {len(claims)} claims "
        f"and set {total} numbers of others beside ours, published or computed by independent code; {near} agree "
        f"within {100 * NEAR:.0f} %.",
        in_full(every),
    )
    return " ".join(filter(None, sentences)) + "\n"


# --- findings --------------------------------------------------------------------------------------------------------


def needs(finding: Finding) -> tuple[set[tuple[str, str]], set[str]]:
    """The evidence that a finding rests on.

    Parameters
    ----------
    finding : Finding
        Any finding.

    Returns
    -------
    tuple of set
        Pairs of a statement and a saboteur, which may be empty; names of figures.
    """
    every = finding.numbers.values()
    return {(one.statement, one.saboteur) for one in every if isinstance(one, Side)}, {
        one.figure for one in every if not isinstance(one, Side)
    }


def filled(finding: Finding, found: Sequence[Found], records: Mapping[str, Sequence[Record]], details: str) -> str:
    """A finding with its numbers, and links to what it rests on.

    Parameters
    ----------
    finding : Finding
        Finding that is told.
    found : sequence of Found
        All statements of the report.
    records : mapping of str to sequence of mapping
        For each system the records of its figures.
    details : str
        The folder of the pages of details, seen from the page.

    Returns
    -------
    str
        Markdown in one line.

    Raises
    ------
    ValueError
        If it names a statement, a saboteur, a figure or a claim that is not there, or a claim that fails.
    """
    # a finding is a text with placeholders, so that no number in it can differ from what was measured
    by_id = {one.statement.id: one for one in found}
    by_name = {record["figure"]: record for some in records.values() for record in some}
    values = {name: _value(one, by_id, by_name) for name, one in finding.numbers.items()}
    pairs, figures = needs(finding)
    names = [*sorted({id for id, _ in pairs}), *sorted(figures)]
    links = ", ".join(link(item(name), f"{details}/{name.partition('/')[0]}.md") for name in names)
    text = re.sub(r"(\d)%", r"\1 %", finding.text.format(**values))
    return f"{text} ({links})"


def _value(one: Side | Published | Shown, found: Mapping[str, Found], records: Mapping[str, Record]) -> float | str:
    """The number, or the claim, that stands for a placeholder."""
    if isinstance(one, Side):
        if one.statement not in found or one.saboteur not in ("", *found[one.statement].saboteurs):
            raise ValueError(f"a finding needs {one.statement} {one.saboteur!r}, which is no statement or saboteur")
        here = found[one.statement]
        evidence = here.saboteurs[one.saboteur] if one.saboteur else here.evidence
        value = evidence.tightness if one.what == "tightness" else evidence.worst[one.what]
        return rounded(str(value))
    if one.figure not in records:
        raise ValueError(f"a finding needs the figure {one.figure}, of which there is no record; run `make figures`")
    record = records[one.figure]
    if isinstance(one, Shown):
        if not record["claims"].get(one.claim, {}).get("holds", False):
            raise ValueError(f"a finding needs {one.figure} to show that {one.claim}, which it does not")
        return plain(one.claim)
    rows = [row for row in record["beside"] if row["what"] == one.what]
    if not rows:
        raise ValueError(f"a finding needs {one.what!r} of the figure {one.figure}, which does not compare it")
    return float(rows[0][one.who])


def pattern(finding: Finding) -> str:
    """A regular expression that the finding matches, whatever its numbers are."""
    # numbers change with the machine and the seed, and the words around them must not
    return ".+?".join(re.escape(part) for part in re.split(r"{\w+(?::[^}]*)?}", finding.text))

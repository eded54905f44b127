"""`paper_repro.md` from evidence files, the errata among them, and whether a committed report is stale."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from lrtheory.bounds.checking import system_digest
from lrtheory.bounds.evidence import Evidence, file_name, load_evidence
from lrtheory.bounds.statement import Statement

__all__ = ["costs", "render", "stale"]

_HEAD = """# What was measured

Every row is one statement, measured by `make bounds` and rendered by `lrtheory report`. *lhs* and *rhs* are the two
sides at the worst instance, *tightness* is the largest lhs/rhs where the bound bites. `lrtheory show ID` prints a
statement with its hypotheses, `lrtheory check ID` measures it again. A saboteur is a wrong variant that the same check
refuted.
"""
_COLUMNS = (
    "| id | claim | source | hypotheses | saboteurs refuted | sources | verdict | lhs | rhs | tightness | worst |"
)


def render(statements: Sequence[Statement], folder: Path) -> str:
    """The report of some statements.

    Parameters
    ----------
    statements : sequence of Statement
        In the order of the report.
    folder : Path
        Where the evidence files are.

    Returns
    -------
    str
        Markdown, with numbers to three digits, no times and no machine.

    Raises
    ------
    FileNotFoundError
        If an evidence file is missing.
    """
    parts = [_HEAD]
    for system, group in itertools.groupby(statements, key=lambda statement: statement.system):
        own = list(group)
        rows = ["| " + " | ".join([*_fixed(statement), *_measured(statement, folder)]) + " |" for statement in own]
        parts.append(
            "\n".join([f"## {system}", "", _COLUMNS, "|" + " --- |" * (_COLUMNS.count("|") - 1), *rows]) + "\n"
        )
        parts += _errata(own, folder)
    return "\n".join(parts)


def _fixed(statement: Statement) -> list[str]:
    """The cells that follow from the statement and the sources alone."""
    hypotheses = ", ".join(statement.hypotheses)
    saboteurs = "; ".join(one.name for one in statement.saboteurs)
    claim = f"{statement.title}: ${statement.tex}$".replace(r"\|", r"\Vert ").replace("|", r"\vert ")
    return [f"`{statement.id}`", claim, str(statement.source), hypotheses, saboteurs, system_digest(statement.system)]


def _measured(statement: Statement, folder: Path) -> list[str]:
    evidence = _of(statement, "", folder)
    sabotaged = [_of(statement, one.name, folder) for one in statement.saboteurs]
    missed = [one.saboteur for one in sabotaged if one.verdict != "refuted"]
    if missed:
        raise ValueError(f"{statement.id}: saboteurs were not refuted: {missed}")
    if any(one.digest != system_digest(statement.system) for one in (evidence, *sabotaged)):
        raise ValueError(f"{statement.id}: evidence is older than the sources; run `make bounds` first")
    if len({(one.budget, one.seed) for one in (evidence, *sabotaged)}) > 1:
        raise ValueError(f"{statement.id}: evidence of several runs is mixed; run `make bounds` first")
    worst = evidence.worst
    sides = [_short(worst["lhs"]), _short(worst["rhs"])] if worst else ["", ""]
    tightness = "" if evidence.tightness is None else f"{evidence.tightness:.3g}"
    label = _label(str(worst.get("instance", "")))
    return [evidence.verdict, *sides, tightness, label or evidence.message]


def _label(label: str) -> str:
    return "found by search" if label.startswith("json:") else label


def _of(statement: Statement, saboteur: str, folder: Path) -> Evidence:
    path = folder / file_name(statement.id, saboteur)
    if not path.exists():
        raise FileNotFoundError(
            f"no evidence for {statement.id} {saboteur}".strip() + f" in {folder}; run `make bounds`"
        )
    return load_evidence(path)


def _short(side: str) -> str:
    """Three digits, or a fraction that is short."""
    try:
        return f"{float(side):.3g}"
    except ValueError:
        if "/" in side and len(side) > 15:
            numerator, _, denominator = side.partition("/")
            return f"{int(numerator) / int(denominator):.3g}"
        return side.strip("[]").partition(" +/-")[0][:15]


def _errata(statements: Sequence[Statement], folder: Path) -> list[str]:
    """The printed wordings that the checks refuted, with their smallest counterexamples."""
    rows = []
    for statement in statements:
        for one in statement.saboteurs:
            if one.printed:
                worst = _of(statement, one.name, folder).worst
                rows.append(
                    f"- `{statement.id}`, as published ({one.name}): lhs {_short(worst['lhs'])} against rhs "
                    f"{_short(worst['rhs'])} on `{worst['instance']}`."
                )
    return ["\n".join(["### Errata", "", *rows]) + "\n"] if rows else []


def stale(text: str, statements: Sequence[Statement]) -> list[str]:
    """How a report differs from the registry.

    Parameters
    ----------
    text : str
        A report that `render` made.
    statements : sequence of Statement
        All statements.

    Returns
    -------
    list of str
        A sentence for each row that is missing, superfluous, changed, or older than the sources.
    """
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| `")}
    found = [f"{id} is no statement any more" for id in lines if id not in {f"`{s.id}`" for s in statements}]
    for statement in statements:
        row = lines.get(f"`{statement.id}`")
        if row is None:
            found.append(f"`{statement.id}` is missing")
        elif not row.startswith("| " + " | ".join([*_fixed(statement), statement.due]) + " |"):
            found.append(f"`{statement.id}` differs from the statement, or its sources have changed")
    return found


def costs(folder: Path) -> str:
    """Processor seconds by system: compiling, and all else.

    Parameters
    ----------
    folder : Path
        Where the evidence files are.

    Returns
    -------
    str
        A table in plain text.
    """
    every = [load_evidence(path) for path in sorted(folder.glob("*.json"))]
    if not every:
        raise FileNotFoundError(f"no evidence in {folder}; run `make bounds`")
    lines = [f"{'system':<28}{'statements':>12}{'compiling [s]':>15}{'running [s]':>13}"]
    for system in sorted({evidence.statement.partition("/")[0] for evidence in every}):
        own = [evidence for evidence in every if evidence.statement.startswith(system + "/")]
        compiling = sum(evidence.compile_seconds for evidence in own)
        running = sum(evidence.seconds for evidence in own) - compiling
        lines.append(f"{system:<28}{len({e.statement for e in own}):>12}{compiling:>15.1f}{running:>13.1f}")
    slowest = sorted(every, key=lambda evidence: -evidence.seconds)[:5]
    lines += ["", "the five dearest checks"]
    lines += [f"{e.seconds:8.2f} s  {e.statement}  {e.saboteur}" for e in slowest]
    return "\n".join(lines)

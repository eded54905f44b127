"""`paper_repro.md` from evidence files, the errata among them, and whether a committed report is stale."""

from __future__ import annotations

import importlib.metadata
import itertools
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lrtheory.bounds.checking import system_digest
from lrtheory.bounds.evidence import Evidence, file_name, load_evidence
from lrtheory.bounds.figure_records import figure_section
from lrtheory.bounds.sources import Classical, Derived, Measured, Paper
from lrtheory.bounds.statement import Statement

__all__ = ["costs", "counted", "render", "short", "stale"]

_HEAD = """# What was measured

Every row is one statement, measured by `make bounds` and rendered by `lrtheory report`.

- *source*: where it stands. "read" says what of it was at hand: full (the paper itself), abstract, secondary (what
  others restate of it), code (the authors' own), or recalled (nothing but memory). "Classical" is a textbook theorem.
  "Derived here" is no theorem of the paper: the docstring that is named carries the proof. Observations are constants
  and regularities that were measured; they are no theorems, stand in tables of their own and are counted apart.
- *lhs*, *rhs*: both sides at the worst entry; *slack*: rhs - lhs there (for equalities minus their distance). Near ties
  are decided in rational or ball arithmetic; where sides carry the rounding of iterates, "±" says how much, and the
  claim is decided up to that.
- *tightness*: the largest lhs/rhs where the bound bites, "-" where nothing comes near; *says something*: on how many
  instances, and in how many entries, the claim excludes anything. With fewer than half of the instances or a quarter of
  the entries it would not count as supported.
- *worst*: the instance, which `lrtheory check ID` replays; "found by search" ones are printed by it.
- *saboteurs*: wrong variants (a changed solver, too strong a constant, a dropped hypothesis), all refuted.
- *formula*: the claim is about a formula of the library, or about counts that only its own kernels make, so no
  algorithm of a user's own is put to the test.
- *recorded* statements are not checked; the row says why, and which statement carries what can be.

Errata are claims of a source, or rules of its authors' code, that the same checks refute as they stand; they are told
in our words, and the corrected form is the statement beside them. Which instance is the worst, and sides that carry
roundings, may differ on another processor; verdicts should not.
"""
_INDEX = (
    "| system | paper | theorems supported | of the paper | classical | derived here | observations | recorded "
    "| saboteurs refuted | errata | figures |"
)
_COLUMNS = (
    "| id | claim | source | hypotheses | saboteurs refuted | verdict | kind | lhs | rhs | slack | tightness "
    "| says something | worst |"
)
TINY = 1e-9  # a ratio of both sides below which nothing comes near the bound
_ERRATA = "| statement | refuted | lhs | rhs | counterexample | corrected form | its source |"


def render(
    statements: Sequence[Statement],
    folder: Path,
    *,
    titles: Mapping[str, str] | None = None,
    figures: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> str:
    """The report of some statements, and of figures.

    Parameters
    ----------
    statements : sequence of Statement
        In the order of the report.
    folder : Path
        Where the evidence files are.
    titles : mapping or None
        For each system the paper.
    figures : mapping or None
        For each system the records that its figures have left.

    Returns
    -------
    str
        Markdown, with numbers to three digits, no times and no machine.

    Raises
    ------
    FileNotFoundError
        If an evidence file is missing.
    ValueError
        If a saboteur was not refuted, or evidence is older than the sources, or of several runs.
    """
    titles, figures = titles or {}, figures or {}
    index, parts = [], []
    for system, group in itertools.groupby(statements, key=lambda statement: statement.system):
        own, records = list(group), figures.get(system, ())
        title, errata = titles.get(system, ""), _errata(own, folder)
        cells = [f"[{system}](#{system})", title, *_counts(own), str(len(errata)), str(len(records))]
        index.append(cells)
        digest = f"Sources {system_digest(system)}."
        parts += [f"## {system}\n", f"{title} {digest}\n".lstrip()]
        theorems = [one for one in own if not isinstance(one.source, Measured)]
        observations = [one for one in own if isinstance(one.source, Measured)]
        for heading, some in (("Theorems", theorems), ("Observations", observations)):
            rows = [[*_fixed(one), *_measured(one, folder)] for one in some]
            parts += [f"### {heading}\n", _table(_COLUMNS, rows)] if rows else []
        parts += ["### Errata\n", _table(_ERRATA, errata)] if errata else []
        parts += [figure_section(records)] if records else []
    return "\n".join([_HEAD, _run(statements, folder), _table(_INDEX, index), *parts])


def _table(header: str, rows: Sequence[Sequence[str]]) -> str:
    lines = [header, "|" + " --- |" * (header.count("|") - 1), *(f"| {_joined(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def _joined(row: Sequence[str]) -> str:
    """Cells side by side; a bar within a text would end its cell."""
    return " | ".join(cell.replace("|", "&#124;") for cell in row)


def _run(statements: Sequence[Statement], folder: Path) -> str:
    """Seed, budget, level and versions."""
    one = _of(statements[0], "", folder)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "numba"))
    python = ".".join(platform.python_version_tuple()[:2])
    return (
        f"Seed {one.seed}, budget {one.budget}; claims about chance are decided at level 1e-7, the others exactly. "
        f"Python {python}, {versions}.\n"
    )


def counted(statements: Sequence[Statement]) -> str:
    """How many statements there are, by what they rest on.

    Parameters
    ----------
    statements : sequence of Statement
        Any statements.

    Returns
    -------
    str
        One line: theorems of papers, classical and derived ones, observations, and what is recorded without a check.
    """
    total, papers, classical, derived, observations, recorded, saboteurs = _counts(statements)
    return (
        f"{total} theorems ({papers} of the papers, {classical} classical, {derived} derived here), {observations} "
        f"observations, {recorded} recorded without a check, {saboteurs} saboteurs"
    )


def _counts(statements: Sequence[Statement]) -> list[str]:
    """Checked theorems, by the kind of their source, observations, recorded statements, and saboteurs."""
    checked = [one for one in statements if one.due == "supported"]
    kinds = [sum(isinstance(one.source, kind) for one in checked) for kind in (Paper, Classical, Derived, Measured)]
    saboteurs = sum(len(one.saboteurs) for one in statements)
    counts = (len(checked) - kinds[-1], *kinds, len(statements) - len(checked), saboteurs)
    return [str(count) for count in counts]


def _fixed(statement: Statement) -> list[str]:
    """The cells that follow from the statement alone."""
    hypotheses = ", ".join(statement.hypotheses)
    saboteurs = "; ".join(one.name for one in statement.saboteurs)
    claim = f"{statement.title}: {_formula(statement)}"
    return [f"`{statement.id}`", claim, str(statement.source), hypotheses, saboteurs, statement.due]


def _formula(statement: Statement) -> str:
    return f"${statement.tex}$".replace(r"\|", r"\Vert ").replace("|", r"\vert ")


def _measured(statement: Statement, folder: Path) -> list[str]:
    evidence = _of(statement, "", folder)
    sabotaged = [_of(statement, one.name, folder) for one in statement.saboteurs]
    missed = [one.saboteur for one in sabotaged if one.verdict != "refuted"]
    if evidence.verdict != statement.due:
        raise ValueError(f"{statement.id}: {evidence.verdict}, and {statement.due} is due")
    if missed:
        raise ValueError(f"{statement.id}: saboteurs were not refuted: {missed}")
    if any(one.digest != system_digest(statement.system) for one in (evidence, *sabotaged)):
        raise ValueError(f"{statement.id}: evidence is older than the sources; run `make bounds` first")
    if len({(one.budget, one.seed) for one in (evidence, *sabotaged)}) > 1:
        raise ValueError(f"{statement.id}: evidence of several runs is mixed; run `make bounds` first")
    worst = evidence.worst
    sides, slack = ["", ""], ""
    if worst:
        sides, slack = [short(worst["lhs"]), short(worst["rhs"])], f"{worst['slack']:.3g}"
        sides[1] += f" ± {worst['rounding']:.1g}" if "rounding" in worst else ""
    tightness = "" if evidence.tightness is None else f"{evidence.tightness:.3g}" if evidence.tightness > TINY else "-"
    saying = f"{evidence.n_instances - evidence.vacuous} of {evidence.n_instances}" if evidence.n_instances else ""
    if evidence.counts.get("entries"):
        saying += f"; {evidence.counts['saying']} of {evidence.counts['entries']} entries"
    if "upper" in worst:
        tightness += f" (at most {worst['upper']:.2g}" + (
            f", exactly {worst['exact']:.2g})" if "exact" in worst else ")"
        )
    label = _label(str(worst.get("instance", "")))
    kind = f"{evidence.kind}, formula" if statement.closed else evidence.kind
    return [kind, *sides, slack, tightness, saying, label or evidence.message]


def _label(label: str) -> str:
    return "found by search" if label.startswith("json:") else label


def _of(statement: Statement, saboteur: str, folder: Path) -> Evidence:
    path = folder / file_name(statement.id, saboteur)
    if not path.exists():
        raise FileNotFoundError(
            f"no evidence for {statement.id}{f', saboteur {saboteur!r},' if saboteur else ''} in {folder}; run "
            "`make bounds` in a checkout"
        )
    return load_evidence(path)


def short(side: str) -> str:
    """A side of evidence in three digits, or as a fraction that is short.

    Parameters
    ----------
    side : str
        A float, a fraction or a ball.

    Returns
    -------
    str
        At most 15 characters.
    """
    try:
        return f"{float(side):.3g}"
    except ValueError:
        if "+/-" in side:  # a ball
            middle = side.strip("[]").partition("+/-")[0].strip()
            return f"{float(middle or 0):.3g}"
        if "/" in side and len(side) > 15:
            numerator, _, denominator = side.partition("/")
            return f"{int(numerator) / int(denominator):.3g}"
        return side[:15]


def _errata(statements: Sequence[Statement], folder: Path) -> list[list[str]]:
    """The printed wordings that the checks refuted, with their smallest counterexamples and the corrected form."""
    rows = []
    for statement in statements:
        for one in statement.saboteurs:
            if one.printed:
                worst = _of(statement, one.name, folder).worst
                cells = [short(worst["lhs"]), short(worst["rhs"]), f"`{_label(worst['instance'])}`"]
                rows.append([f"`{statement.id}`", one.name, *cells, _formula(statement), str(statement.source)])
    return rows


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
    width = _COLUMNS.count("|")
    rows = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == width]
    lines = {row.split("|")[1].strip(): row for row in rows}
    found = [f"{id} is no statement any more" for id in lines if id not in {f"`{s.id}`" for s in statements}]
    for statement in statements:
        row = lines.get(f"`{statement.id}`")
        if row is None:
            found.append(f"`{statement.id}` is missing")
        elif not row.startswith(f"| {_joined(_fixed(statement))} |"):
            found.append(f"`{statement.id}` differs from the statement")
    for system in dict.fromkeys(statement.system for statement in statements):
        if f"Sources {system_digest(system)}." not in text:
            found.append(f"the sources of {system} have changed")
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

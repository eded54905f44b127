"""The evidence about each statement from a run of the bounds, with that of its saboteurs, fresh and whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrtheory.bounds.deciding.checking import LEVEL
from lrtheory.bounds.deciding.evidence import Evidence, file_name, load_evidence
from lrtheory.bounds.deciding.whole_sets import of_statement
from lrtheory.bounds.provenance.origin import evidence_digest
from lrtheory.bounds.provenance.sources import Classical, Derived, Documented, Measured, Paper
from lrtheory.bounds.reporting.markdown import apart, rounded, short
from lrtheory.bounds.statement import Statement

__all__ = ["Found", "collect", "counts", "how_close", "place", "run", "sides"]

TINY = 1e-9  # a ratio of both sides below which nothing comes near the bound
TIGHT = 0.995  # what is shown as 100 %


@dataclass(frozen=True)
class Found:
    """A statement with what was measured of it.

    Attributes
    ----------
    statement : Statement
        The statement.
    evidence : Evidence
        Evidence of the statement itself.
    saboteurs : mapping of str to Evidence
        Evidence of its saboteurs, all refuted, by their names.
    repairs : mapping of str to Evidence
        Evidence of its repairs, all supported, by their names.
    """

    statement: Statement
    evidence: Evidence
    saboteurs: Mapping[str, Evidence]
    repairs: Mapping[str, Evidence]


def collect(statements: Sequence[Statement], folder: Path) -> list[Found]:
    """The evidence of some statements, if it is whole, fresh, of one run, and as it is due.

    Parameters
    ----------
    statements : sequence of Statement
        Statements in the order of the report.
    folder : Path
        Folder of the evidence files.

    Returns
    -------
    list of Found
        One for each statement.

    Raises
    ------
    FileNotFoundError
        If an evidence file is missing.
    ValueError
        If a verdict is not the one that is due, a saboteur was not refuted, or evidence is older than the sources or of
        several runs.
    """
    found = [_found(statement, folder) for statement in statements]
    # verdicts of two seeds or budgets in one table would claim a run that never took place
    runs = {(one.budget, one.seed) for each in found for one in _all_of(each)}
    if len(runs) > 1:
        raise ValueError(f"evidence of several runs is mixed, {sorted(runs)}; {_RUN}")
    return found


_RUN = "run the bounds first (`pytest -m bounds`)"


def _all_of(found: Found) -> list[Evidence]:
    """The evidence of a statement, of its saboteurs and of its repairs."""
    return [found.evidence, *found.saboteurs.values(), *found.repairs.values()]


def _found(statement: Statement, folder: Path) -> Found:
    evidence = _load(statement, folder)
    saboteurs = {one.name: _load(statement, folder, saboteur=one.name) for one in statement.saboteurs}
    repairs = {one.name: _load(statement, folder, repair=one.name) for one in statement.repairs}
    missed = [name for name, one in saboteurs.items() if one.verdict != "refuted"]
    failed = [name for name, one in repairs.items() if one.verdict != "supported"]
    if evidence.verdict != statement.due:
        raise ValueError(f"{statement.id}: {evidence.verdict}, and {statement.due} is due")
    if missed:
        raise ValueError(f"{statement.id}: saboteurs were not refuted: {missed}")
    blind = [one.unseen for one in saboteurs.values() if one.unseen]
    if blind:
        raise ValueError(f"{statement.id}: {blind[0]}")
    if failed:
        raise ValueError(f"{statement.id}: repairs were not supported: {failed}")
    found = Found(statement, evidence, saboteurs, repairs)
    weak = [one for one in _all_of(found) if one.too_weak]
    if weak:
        raise ValueError(f"{statement.id}: {weak[0].message}")
    absent = [name for name, version in evidence.versions.items() if version == "not installed"]
    if absent:  # perhaps a misspelt name, on which evidence would rest and never become old
        raise ValueError(
            f"{statement.id}: `versions` names {absent[0]!r}, which was not installed when it was measured"
        )
    if any(one.digest != evidence_digest(statement.origin) for one in _all_of(found)):
        raise ValueError(f"{statement.id}: evidence is older than the sources or the versions; {_RUN}")
    return found


def _load(statement: Statement, folder: Path, **variant: str) -> Evidence:
    path = folder / statement.origin.collection / file_name(statement.id, **variant)
    if not path.exists():
        named = "".join(f", {kind} {name!r}," for kind, name in variant.items())
        raise FileNotFoundError(f"no evidence for {statement.id}{named} in {path.parent}; {_RUN}")
    found = load_evidence(path)
    if not found.subject:
        raise ValueError(f"{path} is evidence of format 1, which has no rows; {_RUN}")
    if found.caller or not found.is_whole:
        about = f"about {found.subject}" if found.caller else f"on {found.scope} alone"
        raise ValueError(f"{path} is evidence {about}, and not that of {statement.id}; {_RUN}")
    wanted = (statement.id, variant.get("saboteur", ""), variant.get("repair", ""))
    # a file system that takes capitals for small letters has one file for two ids
    if (found.statement, found.saboteur, found.repair) != wanted:
        raise ValueError(f"{path} is the evidence of {found.statement}, and not that of {statement.id}; {_RUN}")
    if "saboteur" in variant:
        statement = statement.sabotaged(variant["saboteur"])
    if "repair" in variant:
        statement = statement.repaired(variant["repair"])
    words = (found.title, found.tex, set(found.hypotheses), [one["words"] for one in found.sets])
    sets = [one["words"] for one in of_statement(statement)]
    if words != (statement.title, statement.tex, set(statement.hypotheses), sets):
        raise ValueError(f"{path} has another title, formula, hypotheses or sets than {statement.id}; {_RUN}")
    return found


def run(found: Sequence[Found]) -> str:
    """Seed, budget and level of a run, in one line.

    Parameters
    ----------
    found : sequence of Found
        Statements with their evidence of this run.

    Returns
    -------
    str
        One sentence.
    """
    one = found[0].evidence
    level = f"{LEVEL:.0e}".replace("e-0", "e-")
    return (
        f"Seed {one.seed}, budget {one.budget}; claims about chance are decided at level {level}, the others exactly "
        "or up to a rounding that is told."
    )


def counts(statements: Sequence[Statement]) -> dict[str, int]:
    """Counts of statements by what they rest on, and of their saboteurs.

    Parameters
    ----------
    statements : sequence of Statement
        Any statements.

    Returns
    -------
    dict of str to int
        ``theorems``, among them those ``of the papers`` (and of these those of papers that were ``read in full``),
        ``classical`` and ``derived here``, then ``observations``,
        promises of libraries that are ``kept`` and ``violated``, ``recorded`` statements, those that cover whole
        ``sets``, ``saboteurs``, and the ``errata`` among these.
    """
    checked = [one for one in statements if one.due == "supported"]
    violated = sum(one.due == "refuted" for one in statements)
    kinds = {
        "of the papers": Paper,
        "classical": Classical,
        "derived here": Derived,
        "observations": Measured,
        "kept": Documented,
    }
    of_kind = {name: sum(isinstance(one.source, kind) for one in checked) for name, kind in kinds.items()}
    return {
        "theorems": len(checked) - of_kind["observations"] - of_kind["kept"],
        **of_kind,
        "read in full": sum(isinstance(one.source, Paper) and one.source.read == "full" for one in checked),
        "violated": violated,
        "recorded": len(statements) - len(checked) - violated,
        "sets": sum(any(each["how"] == "all of" for each in of_statement(one)) for one in statements),
        "saboteurs": sum(len(one.saboteurs) for one in statements),
        "errata": sum(saboteur.printed for one in statements for saboteur in one.saboteurs),
    }


def sides(worst: Mapping[str, Any], *, enough: bool = False) -> tuple[str, str]:
    """Both sides at the worst entry, in three digits.

    Parameters
    ----------
    worst : mapping
        `Evidence.worst`.
    enough : bool
        Whether sides that differ get the digits that tell them apart.

    Returns
    -------
    tuple of str
        The left side, and the right one with what rounding may move.
    """
    rounding = f" ± {worst['rounding']:.1g}" if "rounding" in worst else ""
    lhs, rhs = (apart if enough else _alike)(worst["lhs"], worst["rhs"])
    return lhs, rhs + rounding


def _alike(lhs: str, rhs: str) -> tuple[str, str]:
    return short(lhs), short(rhs)


def place(label: str) -> str:
    """An instance by its label; one that a search found is printed by the command that replays it.

    Parameters
    ----------
    label : str
        Label of an instance.

    Returns
    -------
    str
        Markdown.
    """
    return "an instance that a search found" if label.startswith("json:") else f"`{label}`"


def how_close(found: Found) -> str:
    """The distance of both sides from each other, and the share of cases in which the claim says something.

    Parameters
    ----------
    found : Found
        A statement with its evidence.

    Returns
    -------
    str
        ``=`` for equalities, ``tight``, a percentage of the bound, ``-`` where nothing comes near, or the slack where
        sides have no ratio; for probabilities that are not known exactly how many of how many runs failed; then a
        second percentage where some entries or instances say nothing.
    """
    if found.evidence.verdict == "recorded":
        return "*recorded*"
    if found.statement.violated is not None:
        lhs, rhs = sides(found.evidence.worst)
        return f"*violated*: {lhs} against {rhs}"
    return "; ".join(filter(None, (_near(found), _saying(found.evidence))))


def _near(found: Found) -> str:
    worst, tightness = found.evidence.worst, found.evidence.tightness
    if found.evidence.kind in ("identity", "law") or getattr(found.statement.claim, "equals", None) is not None:
        return "="
    if found.evidence.kind == "rate":
        return "rate"
    if "exact" in worst:  # a probability that is known
        tightness = worst["exact"] / float(worst["rhs"])
    elif "upper" in worst:  # an upper limit would tell how many runs there were, and not how near the bound is
        return f"{worst['failures']:,} of {worst['runs']:,} runs" if worst["failures"] else "-"
    if tightness is None:  # sides that are zero or negative have no ratio
        slack, scale = float(worst["slack"]), max(abs(rounded(worst[side])) for side in ("lhs", "rhs"))
        return "tight" if abs(slack) <= max(worst.get("rounding", 0.0), TINY * scale) else f"slack {slack:.2g}"
    return "tight" if tightness >= TIGHT else "-" if tightness <= TINY else _percent(tightness)


def _saying(evidence: Evidence) -> str:
    """The share of entries, or of instances, on which the claim excludes something; empty where it is all of them."""
    total, saying = evidence.counts.get("entries", 0), evidence.counts.get("saying", 0)
    if not total:
        total, saying = evidence.n_instances, evidence.n_instances - evidence.vacuous
    return "" if saying == total else f"{min(99, round(100 * saying / total))} %"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"

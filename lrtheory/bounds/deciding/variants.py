"""The evidence of a statement with what goes along with it: its saboteurs, its repairs, and what it lacks."""

from __future__ import annotations

import dataclasses

from lrtheory.bounds.deciding.checking import check
from lrtheory.bounds.deciding.evidence import Evidence
from lrtheory.bounds.deciding.verdict import of_variants
from lrtheory.bounds.session import Session
from lrtheory.bounds.statement import Statement, defects

__all__ = ["noted", "with_defects", "with_variants"]


def noted(evidence: Evidence, *words: str) -> Evidence:
    """Evidence whose message goes on with these words, of which empty ones are left out."""
    return dataclasses.replace(evidence, message="; ".join(filter(None, (evidence.message, *words))))


def with_defects(evidence: Evidence, statement: Statement) -> Evidence:
    """Note what a statement lacks, so that a verdict on half a statement is not taken for one on a whole.

    Parameters
    ----------
    evidence : Evidence
        Evidence of the statement itself.
    statement : Statement
        The statement.

    Returns
    -------
    Evidence
        Evidence whose message is longer where the statement lacks anything.
    """
    return noted(evidence, *(f"incomplete: {one}" for one in defects(statement)))


def with_variants(evidence: Evidence, statement: Statement, session: Session) -> Evidence:
    """Run the saboteurs and the repairs of a statement, and note their verdicts.

    Parameters
    ----------
    evidence : Evidence
        Evidence of the statement itself.
    statement : Statement
        The statement.
    session : Session
        Budget and seed.

    Returns
    -------
    Evidence
        Evidence that holds the verdicts; an interruption keeps those that are decided. Where a saboteur is not refuted,
        support becomes `inconclusive`, and what the statement gets by itself stays as `Evidence.alone`.
    """
    saboteurs: dict[str, str] = {}
    unseen: list[str] = []
    repairs: dict[str, str] = {}
    interrupted = ""
    try:
        for one in statement.saboteurs:
            wrong = check(statement.sabotaged(one.name), session)
            saboteurs[one.name] = wrong.verdict
            unseen += filter(None, [wrong.unseen])
        for mended in statement.repairs:
            repairs[mended.name] = check(statement.repaired(mended.name), session).verdict
    except KeyboardInterrupt:
        left = {
            "saboteurs": len(statement.saboteurs) - len(saboteurs),
            "repairs": len(statement.repairs) - len(repairs),
        }
        told = " and ".join(f"{count} {kind}" for kind, count in left.items() if count)
        interrupted = f"interrupted, {told} were not run"
    evidence = dataclasses.replace(evidence, problems=(*evidence.problems, *unseen))
    verdict, doubt = of_variants(evidence.alone, saboteurs)
    new = dataclasses.replace(evidence, verdict=verdict, saboteurs=saboteurs, repairs=repairs)
    return noted(new, interrupted, doubt, *unseen)

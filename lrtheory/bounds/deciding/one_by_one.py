"""Deciding a claim about chance on somebody else's solver: each run is a call of its own."""

from __future__ import annotations

from typing import Any

from lrtheory.bounds.claims import Rate
from lrtheory.bounds.deciding.both_sides import Draws, decide_sides
from lrtheory.bounds.deciding.runs import decide_rate, decide_runs
from lrtheory.bounds.deciding.tally import Tally
from lrtheory.bounds.errors import OutcomeError
from lrtheory.bounds.running.handover import Fault
from lrtheory.bounds.session import Session
from lrtheory.bounds.statement import Statement

__all__ = ["decide_one_by_one"]

_STILL = "`solve` draws nothing from its stream, so one run an instance was judged, as of a claim without chance"


def decide_one_by_one(
    statement: Statement, session: Session, chosen: list[tuple[str, Any]] | None, alpha: float
) -> tuple[Tally, float]:
    """The tally, and its level of error; a solver that draws nothing is judged as one of a deterministic claim.

    A random claim looks at few instances, so a failure of such a solver on one instance in twenty would pass.
    """
    if isinstance(statement.claim, Rate):
        return decide_rate(statement, session, chosen, alpha), alpha
    if _draws_nothing(statement, session, chosen):
        try:
            tally = decide_sides(statement, session, chosen)
        except Draws:  # on an instance that a random claim does not look at
            pass
        else:
            tally.remarks.append(_STILL)
            return tally, 0.0
    return decide_runs(statement, session, chosen, alpha), alpha


def _draws_nothing(statement: Statement, session: Session, chosen: list[tuple[str, Any]] | None) -> bool:
    """Whether no stream is used on any instance that a claim about chance looks at."""
    some = chosen or Tally().instances(statement, session, session.budget.sampled)
    try:
        return all(session.draws_nothing(statement, instance) for _, instance in some)
    except (Fault, OutcomeError):  # which the check meets again, and tells
        return False

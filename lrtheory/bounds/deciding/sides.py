"""Going over the instances of an inequality or identity: fixed ones, drawn ones, then searches for worse ones."""

from __future__ import annotations

from typing import Any

from lrtheory.bounds.claims import Identity, Inequality, Level
from lrtheory.bounds.deciding.deterministic import Measured, measure
from lrtheory.bounds.deciding.record import Record, Row, faulty, found_label
from lrtheory.bounds.deciding.search import climb, shrink, targeted
from lrtheory.bounds.families import is_fixed
from lrtheory.bounds.running.handover import Overwritten, Raised
from lrtheory.bounds.session import Session
from lrtheory.bounds.statement import Statement

__all__ = ["decide_sides"]


def decide_sides(statement: Statement, session: Session, chosen: list[tuple[str, Any]] | None) -> Record:
    """Look at the chosen instances, or at the family's until one refutes the claim."""
    record, family = Record(), statement.instances
    for label, instance in chosen or record.instances(statement, session, session.budget.draws):
        # doubles can be blind to a counterexample (cancellation), so fixed, replayed and some drawn instances are exact
        every = chosen is not None or session.looks_closely(family, label)
        _look(statement, session, record, label, instance, every=every)
        if record.refuted():
            break
    # a replayed instance is judged alone; without a row there is nothing to climb from
    if chosen or not record.rows:
        return record

    def badness(instance: Any) -> float | None:
        label = found_label(instance)
        if not record.admits(statement, label, instance):
            return None  # the search must turn back at the border of the hypotheses
        row = _look(statement, session, record, label, instance)
        return None if row is None else row.badness

    worst = max(record.rows, key=lambda row: row.badness)
    climb(family, session, worst.instance, worst.badness, badness, stop=record.refuted)
    targeted(family, session, badness, stop=record.refuted)
    # a fixed counterexample is already as small as its author made it; a drawn one is shrunk for the reader
    if record.refuted() and not is_fixed(record.rows[-1].label):
        _simplify(statement, session, record)
    return record


def _look(
    statement: Statement, session: Session, record: Record, label: str, instance: Any, *, every: bool = False
) -> Row | None:
    """Measure one instance and write its row; None where the outcome of a saboteur crashed the claim."""
    try:
        measured = _measured(statement, session, record, instance, every=every)
    except (Overwritten, Raised) as fault:
        record.counts["raised"] += isinstance(fault, Raised)
        record.rows.append(faulty(label, instance, fault))
        return record.rows[-1]
    if measured is None:
        return None
    record.counts.update(
        entries=measured.entries, saying=measured.saying, exact=measured.exact, outside=measured.outside
    )
    if measured.outside:
        _judge_event(statement, session, record, label, instance)
    row = _row(statement, label, instance, measured)
    record.rows.append(row)
    # a family may state lhs/rhs of its tight instances; a saboteur is free to miss it
    expected = None if statement.sabotage else statement.instances.expected(label)
    if expected is not None and not expected[0] <= row.ratio <= expected[1]:
        known = f"known to be {expected[0]}" if expected[0] == expected[1] else f"known to lie in {expected}"
        record.problems.append(f"{label}: lhs/rhs is {row.ratio:.6g}, {known}")
    return row


def _judge_event(statement: Statement, session: Session, record: Record, label: str, instance: Any) -> None:
    """Entries outside the good event are excused only while the event's own claim is not contradicted."""
    event = statement.claim.outside  # type: ignore[union-attr]
    assert event is not None
    x = event.observe(instance, session.run(statement, instance))
    if event.judge(instance, x, Level()).verdict == "refuted":
        record.problems.append(f"{label}: the good event failed in {int(x.sum())} of {len(x)} runs")


def _row(statement: Statement, label: str, instance: Any, m: Measured) -> Row:
    """The row of a measured instance."""
    two_sided = isinstance(statement.claim, Identity)
    sides = (m.lhs, m.rhs, m.verdict, m.shown, m.where, m.ratio, m.vacuous)
    return Row(label, instance, *sides, two_sided=two_sided, rounding=m.rounding)


def _measured(
    statement: Statement, session: Session, record: Record, instance: Any, *, every: bool = False
) -> Measured | None:
    """The measured instance; None where a saboteur crashed, which catches nothing, so the check goes on."""
    assert isinstance(statement.claim, (Inequality, Identity))
    try:
        return measure(statement.claim, instance, session.run(statement, instance), every=every)
    except Exception as error:
        record.note_crash(statement, error)
        return None


def _simplify(statement: Statement, session: Session, record: Record) -> None:
    """Replace a drawn counterexample by the simplest one that Hypothesis finds."""
    aside = Record()  # what the shrinker looks at counts neither as an instance nor as a hypothesis that held

    def fails(instance: Any) -> bool:
        if not aside.admits(statement, found_label(instance), instance):
            return False
        try:
            measured = _measured(statement, session, aside, instance)
        except (Overwritten, Raised):
            return True
        return measured is not None and measured.verdict == "refuted"

    found = shrink(statement.instances, session, fails)
    if found is not None:
        record.rows.pop()
        _look(statement, session, record, found_label(found), found, every=True)

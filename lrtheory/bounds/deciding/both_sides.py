"""Deciding an inequality or identity: over fixed instances, drawn ones, then searches for worse ones."""

from __future__ import annotations

from typing import Any

from lrtheory.bounds.claims import SHARPER, Expectation, Identity, Inequality, Law, Level
from lrtheory.bounds.deciding.comparison import Comparison, honest_sizes, measure, shown_apart
from lrtheory.bounds.deciding.search import climb, shrink, targeted
from lrtheory.bounds.deciding.tally import Row, Tally, faulty, found_label
from lrtheory.bounds.errors import RAISED, StatementError
from lrtheory.bounds.families import is_fixed
from lrtheory.bounds.running.blame import blamed, place_of
from lrtheory.bounds.running.handover import Fault, Raised
from lrtheory.bounds.session import Session
from lrtheory.bounds.statement import Statement

__all__ = ["Draws", "decide_sides", "look"]


class Draws(Exception):
    """A solver that was taken for a deterministic one has used its stream, or its runs differ."""


def decide_sides(statement: Statement, session: Session, chosen: list[tuple[str, Any]] | None) -> Tally:
    """Look at the chosen instances, or at the family's until one refutes the claim."""
    tally, family = Tally(), statement.instances
    for label, instance in chosen or tally.instances(statement, session, session.budget.draws):
        # doubles can be blind to a counterexample (cancellation), so fixed, replayed and some drawn instances are exact
        every = chosen is not None or session.looks_closely(family, label) or tally.misled
        look(statement, session, tally, label, instance, every=every)
        if tally.refuted():
            break
    # a replayed instance is judged alone; without a row there is nothing to climb from
    if chosen or not tally.rows:
        return tally

    def badness(instance: Any) -> float | None:
        label = found_label(instance)
        if not tally.admits(statement, label, instance):
            return None  # the search must turn back at the border of the hypotheses
        row = look(statement, session, tally, label, instance, every=tally.misled)
        return None if row is None else row.badness

    if not tally.refuted():
        worst = max(tally.rows, key=lambda row: row.badness)
        climb(family, session, worst.instance, worst.badness, badness, stop=tally.refuted)
        targeted(family, session, badness, stop=tally.refuted)
    # a fixed counterexample is already as small as its author made it; a drawn one is shrunk for the reader
    if tally.refuted() and not is_fixed(tally.rows[-1].label):
        _simplify(statement, session, tally)
    return tally


def look(
    statement: Statement, session: Session, tally: Tally, label: str, instance: Any, *, every: bool = False
) -> Row | None:
    """Measure one instance and write its row.

    Parameters
    ----------
    statement : Statement
        Statement with a deterministic claim.
    session : Session
        Seed, and the runs that statements share.
    tally : Tally
        Tally that gets the row.
    label : str
        Name of the instance.
    instance : object
        The instance.
    every : bool
        Whether every entry is decided exactly, and not those alone whose sides are close.

    Returns
    -------
    Row or None
        None where the outcome of a saboteur crashed the claim.
    """
    try:
        compared = _compared(statement, session, tally, label, instance, every=every)
    except Fault as fault:
        tally.counts["raised"] += isinstance(fault, Raised)
        tally.rows.append(faulty(label, instance, fault))
        return tally.rows[-1]
    if compared is None:
        return None
    tally.misled |= compared.misled
    tally.counts.update(
        entries=compared.entries,
        saying=compared.saying,
        exact=compared.exact,
        outside=compared.outside,
        drowned=compared.drowned,
    )
    if compared.outside:
        _judge_event(statement, session, tally, label, instance)
    row = _row(statement, label, instance, compared)
    tally.rows.append(row)
    # a family may state lhs/rhs of its tight instances; a saboteur is free to miss it
    expected = None if statement.sabotage else statement.instances.expected(label)
    if expected is not None and not expected[0] <= row.ratio <= expected[1]:
        known = f"known to be {expected[0]}" if expected[0] == expected[1] else f"known to lie in {expected}"
        tally.problems.append(f"{label}: lhs/rhs is {row.ratio:.6g}, {known}")
    return row


def _judge_event(statement: Statement, session: Session, tally: Tally, label: str, instance: Any) -> None:
    """Entries outside the good event are excused only while the event's own claim is not contradicted."""
    event = statement.claim.outside  # type: ignore[union-attr]
    assert event is not None
    with blamed("the claim about the good event", place_of(statement.id, label), instance):
        x = event.observe(instance, session.run(statement, instance))
        verdict = event.judge(instance, x, Level()).verdict
    if verdict == "refuted":
        tally.problems.append(f"{label}: the good event failed in {int(x.sum())} of {len(x)} runs")


def _row(statement: Statement, label: str, instance: Any, m: Comparison) -> Row:
    """The row of an instance whose sides were compared."""
    claim = statement.claim
    two_sided = isinstance(claim, (Identity, Law)) or (isinstance(claim, Expectation) and claim.equals is not None)
    sides = (m.lhs, m.rhs, m.verdict, m.shown, m.where, m.ratio, m.vacuous)
    sharper = next((part for part in SHARPER if m.gap < part), 0.0) if isinstance(claim, Inequality) else None
    return Row(label, instance, *sides, two_sided=two_sided, rounding=m.rounding, sharper=sharper)


def _compared(
    statement: Statement, session: Session, tally: Tally, label: str, instance: Any, *, every: bool = False
) -> Comparison | None:
    """The comparison of both sides; None where a saboteur crashed, which catches nothing, so the check goes on."""
    try:
        if not isinstance(statement.claim, (Inequality, Identity)):
            return _of_one_run(statement, session, instance)
        sizes = lambda: session.of_honest(statement, instance, "sizes", honest_sizes)
        honest = None if statement.reference is None else sizes
        return measure(statement.claim, instance, session.run(statement, instance), every=every, honest=honest)
    except Draws:
        raise
    except RAISED as error:
        tally.note_crash(statement, label, instance, error)
        return None


def _of_one_run(statement: Statement, session: Session, instance: Any) -> Comparison:
    """The comparison of a claim about chance where nothing is drawn, so that one run tells what all runs are."""
    claim: Any = statement.claim
    ((outcome, touched),) = session.runs_alone(statement, instance, 0, 1)
    observed = claim.observe(instance, outcome)
    if observed.shape != (1,):
        raise StatementError(f"one run gave numbers of shape {observed.shape}")
    judgment = claim.of_constant(instance, float(observed[0]))
    if touched or (judgment.verdict == "refuted" and not session.draws_nothing(statement, instance, first=1)):
        raise Draws
    lhs, rhs, vacuous = judgment.lhs, judgment.rhs, claim.is_vacuous(instance)
    return Comparison(
        verdict=judgment.verdict,
        lhs=float(lhs),
        rhs=float(rhs),
        shown=shown_apart(lhs, rhs, 6),
        where=(),
        rounding=0.0,
        ratio=lhs / rhs if rhs > 0 and not vacuous else float("nan"),
        vacuous=vacuous,
        entries=1,
        saying=int(not vacuous),
        exact=0,
        outside=0,
        misled=False,
    )


def _simplify(statement: Statement, session: Session, tally: Tally) -> None:
    """Replace a drawn counterexample by the simplest one that Hypothesis finds."""
    aside = Tally()  # what the shrinker looks at counts neither as an instance nor as a hypothesis that held

    def fails(instance: Any) -> bool:
        if not aside.admits(statement, found_label(instance), instance):
            return False
        try:
            compared = _compared(statement, session, aside, found_label(instance), instance, every=tally.misled)
        except Fault:
            return True
        return compared is not None and compared.verdict == "refuted"

    found = shrink(statement.instances, session, fails)
    if found is not None:
        tally.rows.pop()
        look(statement, session, tally, found_label(found), found, every=True)

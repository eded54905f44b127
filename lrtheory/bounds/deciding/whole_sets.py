"""Deciding the sets of a statement: each member as an instance of its own, until one contradicts the claim."""

from __future__ import annotations

import time
from collections import Counter
from fractions import Fraction
from functools import partial
from typing import Any

from lrtheory.bounds.deciding.both_sides import look
from lrtheory.bounds.deciding.evidence import NOT_CHECKED
from lrtheory.bounds.deciding.tally import Row, Tally, faulty
from lrtheory.bounds.errors import RAISED, StatementError
from lrtheory.bounds.families import in_set
from lrtheory.bounds.running.encoding import digest
from lrtheory.bounds.running.handover import Fault, received
from lrtheory.bounds.running.patching import patched
from lrtheory.bounds.session import BUDGETS, Session
from lrtheory.bounds.sets import All, Box, Coins, Dual, Generic, Proof
from lrtheory.bounds.sets.coins import Continuum
from lrtheory.bounds.statement import Statement

_DENIED = "an inequality fails at {}, and the check does not refute the claim there"

Decided = All | Box | Coins | Dual | Generic

__all__ = ["decide_sets", "member", "of_statement"]


def of_statement(statement: Statement, *, traced: bool = False) -> list[dict[str, Any]]:
    """List the sets of a statement, before anything is measured.

    Parameters
    ----------
    statement : Statement
        Any statement.
    traced : bool
        Whether letters are computed with, to tell what they are about.

    Returns
    -------
    list of dict
        For each set its `words`, what it is `about`, `how` it is covered, its number of `members`, and its `verdict`,
        which is "not checked here"; a `Proof` has no members, and is a "proof". A complete family is the first: it is
        covered where it counts what its members stand for, and a choice of cases that were tried where it does not.
    """
    family = statement.instances
    found = []
    if family.complete:
        how = "tried" if family.of is None else "all of"
        found.append(_entry(statement, family.told, family.members, how) | {"family": family.name})
    for one in statement.for_all:
        if isinstance(one, Proof):  # nothing is decided here, and whoever reads it must be told
            found.append({"words": one.told, "about": one.about, "how": "proof", "verdict": NOT_CHECKED})
        if not isinstance(one, Decided):
            continue
        found.append(_entry(statement, one.told, one.members, "all of"))
        if isinstance(one, Dual):
            found[-1]["about"] = "the rule"
        if isinstance(one, Box):
            found[-1]["about"] = one.about(statement.system)
        if traced and isinstance(one, Generic) and one.outcome is not None:
            found[-1]["about"] = one.compared(statement.solve, statement.claim, statement.system).about
    return found


def _entry(statement: Statement, words: str, members: int, how: str) -> dict[str, Any]:
    return {"words": words, "about": _about(statement), "how": how, "members": members, "verdict": NOT_CHECKED}


def _about(statement: Statement) -> str:
    """The subject of a measurement on an instance with numbers."""
    return "the formula" if statement.subject == "a formula" else "the code"


def decide_sets(statement: Statement, session: Session, tally: Tally) -> list[dict[str, Any]]:
    """Decide the sets of a statement, of which a wrong variant meets the first one alone.

    Parameters
    ----------
    statement : Statement
        The statement, or a sabotaged one.
    session : Session
        Budget and seed.
    tally : Tally
        Tally of the family; a member that contradicts the claim becomes a row of it, and a set that stays open a
        problem.

    Returns
    -------
    list of dict
        The entries of `of_statement` with the verdict on each, and the processor time in `seconds`.
    """
    entries = of_statement(statement)
    if len(entries) > len(statement.for_all):  # the family is the set, and has been measured
        entries[0] |= {"verdict": tally.verdict(), "seconds": 0.0}
    if tally.refuted() and not statement.sabotage:  # nothing is left to prove
        return entries
    ours = [(number, one) for number, one in enumerate(statement.for_all, start=1) if isinstance(one, Decided)]
    for number, one in ours[: 1 if statement.sabotage else None]:
        entry = entries[number - 1 + len(entries) - len(statement.for_all)]
        if BUDGETS[one.budget].members > session.budget.members:
            continue
        if isinstance(one, Coins) and one.walk is not None and statement.solve is not statement.honest().solve:
            continue  # a walk runs the kernels of the statement's own solver
        since = time.process_time()
        try:
            aside, about = _decided(statement, session, number, one)
        except Continuum:
            if not statement.sabotage:
                raise
            continue  # a wrong solver that draws no coins cannot be measured there
        entry |= {"verdict": aside.verdict(), "about": about, "seconds": time.process_time() - since}
        if statement.sabotage:
            entry["invisible"] = one.invisible.get(statement.sabotage, "")
        if aside.refuted() and not tally.refuted():
            tally.rows.append(next(row for row in aside.rows if row.verdict == "refuted"))
        elif entry["verdict"] == "inconclusive":
            why = "; ".join(filter(None, (aside.vacuous(), *aside.problems))) or "a member stays open"
            tally.problems.append(f"all {one.told}: inconclusive, {why}")
    return entries


def _decided(statement: Statement, session: Session, number: int, one: Decided) -> tuple[Tally, str]:
    """The tally of one set, which ends with the first member that contradicts the claim, and what it is about."""
    if one.members > session.budget.members:
        raise StatementError(f"all {one.told}: at most {session.budget.members:,} members are decided at this budget")
    # a session of its own, so that the runs that the statements of a family share are not forgotten for those of a set
    aside, alone, about = Tally(), session.aside(), _about(statement)
    measure = partial(_by_coins, one=one) if isinstance(one, Coins) else _measure
    if isinstance(one, Box) and statement.sabotage in one.wrong:  # a point would do, and would not show that this fails
        return aside, _in_box(statement, alone, aside, number, one)
    for place, instance in one.named():
        measure(statement, alone, aside, in_set(number, place), instance)
        if aside.refuted():
            return aside, about
    if isinstance(one, Coins) and one.walk is not None and not statement.sabotage:
        _demand_same_law(one, instance, session.budget.members)
    if isinstance(one, Generic):
        about = _on_letters(statement, alone, aside, number, one)
    if isinstance(one, Dual):
        about = _by_duals(statement, alone, aside, number, one)
    if isinstance(one, Box):
        about = _in_box(statement, alone, aside, number, one)
    if not (aside.rows or aside.problems or statement.sabotage):
        raise StatementError(f"all {one.told}: no member was measured")
    return aside, about


def _measure(statement: Statement, alone: Session, aside: Tally, label: str, instance: Any) -> None:
    """Measure a member as an instance; one that breaks a hypothesis is an error, as of a fixed one."""
    aside.admits(statement, label, instance)
    look(statement, alone, aside, label, instance, every=True)


def _on_letters(statement: Statement, alone: Session, aside: Tally, number: int, one: Generic) -> str:
    """Decide a claim on letters; what contradicts it becomes an instance with numbers, which the check judges."""
    with patched(statement.patch):
        traced = one.compared(statement.solve, statement.claim, statement.system)
    if traced.against is not None:
        label = in_set(number, one.place(traced.against))
        _measure(statement, alone, aside, label, one.of(*traced.against))
        if not aside.refuted():
            raise StatementError(f"all {one.told}: letters contradict the claim at {label}, and the check supports it")
    elif traced.open:
        aside.problems.append(traced.open)
    return _about(statement) if one.outcome is None else traced.about


class _Told(Session):
    """A session in which a run has the outcome that was found by coins."""

    outcome: Any = None

    def run(self, statement: Statement, instance: Any, chunk: int = 0, n: int | None = None) -> Any:
        return self.outcome


def _by_coins(statement: Statement, alone: Session, aside: Tally, label: str, instance: Any, one: Coins) -> None:
    """Compare the exact law on a member with that of the claim, or judge the outcome of every way."""
    aside.admits(statement, label, instance)
    run, limit = partial(alone.outcome_with, statement, instance), alone.budget.members
    try:
        # a walk runs the kernels that a patch changes, and no solver that would change them
        with patched(None if one.walk is None else statement.patch):
            ways = one.ways(instance, run, limit)
            if one.law is not None:
                wrong = one.against(instance, statement.claim, ways)
            else:
                for _, outcome in ways:
                    told = _Told(alone.budget, alone.seed)
                    told.outcome = received(outcome)
                    look(statement, told, aside, label, instance, every=True)
                return
    except Continuum:
        raise
    except Fault as fault:
        aside.rows.append(faulty(label, instance, fault))
        return
    except RAISED as error:
        aside.note_crash(statement, label, instance, error)
        return
    category, found, due = wrong or (0, Fraction(1), Fraction(1))
    verdict, shown = "refuted" if wrong else "supported", (f"{found}", f"{due}")
    aside.rows.append(Row(label, instance, float(found), float(due), verdict, shown, (category,), two_sided=True))
    aside.counts.update(entries=1, saying=1)


def _demand_same_law(one: Coins, instance: Any, limit: int) -> None:
    """Demand that outcomes have the chances that they have where no states are merged."""
    laws: list[Counter[int]] = [Counter(), Counter()]
    for law, merged in zip(laws, (True, False), strict=True):
        for weight, outcome in one.ways(instance, lambda rng: None, limit, merged=merged):
            law[digest(outcome)] += weight  # type: ignore[assignment]
    if laws[0] != laws[1]:
        raise StatementError(f"all {one.told}: states with one key go on in different ways")


def _by_duals(statement: Statement, alone: Session, aside: Tally, number: int, one: Dual) -> str:
    """Decide the programs of a set; a point against them, and one that attains a goal, are instances for the check."""
    why, against, tight = one.decided()
    if why and not against:
        aside.problems.append(why)
    if one.instance is not None and (against or tight):
        label = in_set(number, one.end)
        _measure(statement, alone, aside, label, one.instance((against or tight)[0]))
        if against and not aside.refuted():
            raise StatementError(f"all {one.told}: {why}, and the check supports the claim at {label}")
        row = aside.rows[-1]
        if tight and not (statement.sabotage or aside.refuted()) and abs(row.slack) > row.rounding:
            sides = f"{row.lhs:.9g} and {row.rhs:.9g}"
            aside.problems.append(f"a goal is attained at {label}, where the sides are {sides}")
    return "the rule"


def _in_box(statement: Statement, alone: Session, aside: Tally, number: int, one: Box) -> str:
    """Cover a box; a point at which an inequality fails is an instance for the check."""
    about = one.about(statement.system)
    if statement.sabotage and statement.sabotage not in one.wrong:
        return about
    found = one.covered(one.wrong.get(statement.sabotage, one.slack), one.where)
    if found.against is not None:
        label = in_set(number, one.place(found.against))
        _measure(statement, alone, aside, label, one.of(*found.against))
        if not aside.refuted():
            raise StatementError(f"all {one.told}: {_DENIED.format(label)}")
    elif found.open:
        aside.problems.append(found.open)
    elif statement.sabotage:
        raise StatementError(f"all {one.told}: what `wrong` has for {statement.sabotage!r} holds on all of it")
    elif one.sharp:
        _demand_end(statement, alone, number, one)
    return about


def _demand_end(statement: Statement, alone: Session, number: int, one: Box) -> None:
    """Find a point beyond the conditions of a box at which an inequality fails, and demand that the check sees it."""
    beyond = one.covered(one.slack, ())
    if beyond.against is None:
        raise StatementError(f"all {one.told}: no inequality fails where a condition does not hold")
    label, aside = in_set(number, one.place(beyond.against)), Tally()
    look(statement, alone, aside, label, one.of(*beyond.against), every=True)
    if not aside.refuted():
        raise StatementError(f"all {one.told}: {_DENIED.format(label)}")


def member(statement: Statement, number: int, place: str) -> Any:
    """The member of a set that a label names; None where there is none."""
    return statement.for_all[number - 1].member(place) if 1 <= number <= len(statement.for_all) else None

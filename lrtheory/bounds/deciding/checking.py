"""Checking a statement: from a session to evidence."""

from __future__ import annotations

import inspect
import shlex
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from lrtheory._array import compile_seconds
from lrtheory._validation import must
from lrtheory.bounds.claims import Identity, Inequality, Rate, Recorded
from lrtheory.bounds.claims.fields import summary_of
from lrtheory.bounds.deciding.both_sides import decide_sides
from lrtheory.bounds.deciding.evidence import Evidence
from lrtheory.bounds.deciding.one_by_one import decide_one_by_one
from lrtheory.bounds.deciding.runs import decide_rate, decide_runs
from lrtheory.bounds.deciding.sizes import sizes_of
from lrtheory.bounds.deciding.steady import demand_steady
from lrtheory.bounds.deciding.tally import Row, Tally, holds
from lrtheory.bounds.deciding.verdict import scope_of
from lrtheory.bounds.deciding.whole_sets import decide_sets, member
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.families import SET, Family
from lrtheory.bounds.provenance.origin import evidence_digest
from lrtheory.bounds.running.encoding import decode, encode
from lrtheory.bounds.running.handover import classes_of
from lrtheory.bounds.session import DEFAULT_SEED, Session
from lrtheory.bounds.statement import Statement

__all__ = ["LEVEL", "check", "demand_signature", "takes"]

_MEMBERS = 8  # drawn instances that tell of which types a family is
LEVEL = 1e-7  # of every random check: a thousand of them err with probability below 1e-4


def check(statement: Statement, session: Session, *, instance: Any = None, level: float = LEVEL) -> Evidence:
    """Measure a statement within a session's budget.

    Parameters
    ----------
    statement : Statement
        The statement, or a sabotaged one.
    session : Session
        Budget, seed, and the runs that statements share.
    instance : object or None
        Check this instance alone: a label such as ``family:17``, ``json:`` and a line of JSON, or the instance itself.
    level : float
        Error level of a random claim.

    Returns
    -------
    Evidence
        The verdict and what led to it.

    Raises
    ------
    StatementError
        If the statement is not well posed.
    TypeError
        If `statement` is not a statement, such as an id, or `session` is not a session.
    ValueError
        If `instance` is a label or a line that means nothing to the statement's family.
    """
    if not isinstance(statement, Statement):
        raise must("statement", "a Statement (`lrtheory.check` takes ids)", statement, TypeError)
    if not isinstance(session, Session):
        raise must("session", "a Session", session, TypeError)
    try:
        return _checked(statement, session, instance, level)
    except StatementError as error:
        # a file has many statements, and a statement many variants: the sentence says which one is ill-posed
        variant, said = statement.sabotage or statement.repair, str(error)
        if statement.id in said and (not variant or repr(variant) in said):
            raise
        named = f"{statement.id} [{variant}]" if variant else statement.id
        told = said.replace(statement.id, named, 1) if statement.id in said else f"{named}: {said}"
        raise type(error)(told) from error


def _checked(statement: Statement, session: Session, instance: Any, level: float) -> Evidence:
    # processor time and not the clock, since other checks run beside this one
    since = time.process_time(), compile_seconds()
    demand_signature(statement, statement.solve)
    chosen = None if instance is None else [_located(statement, session, instance)]
    if not isinstance(statement.claim, Recorded):
        for label, first in chosen or list(statement.instances.fixed())[:1]:
            # the solver under test has no part in it, so one answer serves all wrong ones with the same claim
            rest = statement.instances, statement.claim, statement.honest().solve, statement.one_by_one, first
            steady = partial(demand_steady, statement, session, label, first)
            session.once((*rest, *statement.hypotheses.values()), steady)
    if isinstance(statement.claim, Recorded):
        tally, level = Tally(), 0.0
    elif isinstance(statement.claim, (Inequality, Identity)):
        tally, level = decide_sides(statement, session, chosen), 0.0
    elif statement.one_by_one:
        tally, level = decide_one_by_one(statement, session, chosen, level)
    else:
        decide = decide_rate if isinstance(statement.claim, Rate) else decide_runs
        tally = decide(statement, session, chosen, level)
    sets = [] if chosen is not None else decide_sets(statement, session, tally)
    if statement.patch is not None and not tally.refuted() and not session.called(statement.patch):
        raise StatementError(f"{statement.id}: no run reached the changed kernel of {statement.sabotage!r}")
    if chosen is not None:
        _doubt_hypotheses(statement, tally, *chosen[0])
    return _evidence(statement, session, tally, sets, level, since, chosen)


def demand_signature(statement: Statement, solve: Callable[..., Any]) -> None:
    """Refuse an algorithm that does not take what it will be given, which would look like a failure of it.

    Parameters
    ----------
    statement : Statement
        Statement whose kind of claim determines the arguments.
    solve : callable
        The algorithm.

    Raises
    ------
    StatementError
        If it takes other arguments.
    """
    names = ["instance", "rng"] if statement.kind in ("inequality", "identity") else ["instance", "rng", "n"]
    if takes(solve, *names) is False and statement.kind != "recorded":
        due, signature = f"({', '.join(names)})", inspect.signature(solve, follow_wrapped=False)
        raise StatementError(f"{statement.id}: `solve` must take {due}; got one that takes {signature}")


def takes(solve: Callable[..., Any], *names: str) -> bool | None:
    """Whether a function can be called with these arguments by position; None where it does not tell, as some of C."""
    try:
        signature = inspect.signature(solve, follow_wrapped=False)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*names)
    except TypeError:
        return False
    return True


def _located(statement: Statement, session: Session, instance: Any) -> tuple[str, Any]:
    """The instance that a label, a line of JSON or an object means."""
    family = statement.instances
    if not isinstance(instance, str):
        return "given", instance
    if instance.startswith("json:"):
        return instance, _from_line(family, session, instance.removeprefix("json:"))
    label = instance if ":" in instance else f"{family.name}:{instance}"
    fixed = dict(family.fixed())
    if label in fixed:
        return label, fixed[label]
    if label.startswith(SET):
        return label, _of_a_set(statement, label)
    prefix, _, index = label.rpartition(":")
    if family.draw is None or prefix != family.name or not index.isdecimal():
        known = ", ".join([*list(fixed)[:3], *([f"{family.name}:17"] if family.draw is not None else [])])
        raise must("instance", f"a label of the family {family.name} ({known}, ...), or json: and a line", instance)
    return label, session.drawn(family, int(index))


def _of_a_set(statement: Statement, label: str) -> Any:
    """The member of a set of the statement that a label means."""
    number, _, place = label.removeprefix(SET).partition(":")
    found = member(statement, int(number), place) if number.isdecimal() else None
    if found is None:
        named = f"{SET}1:0" if statement.for_all else "another label, since the statement has no sets"
        raise must("instance", f"the label of a member of a set ({named})", label)
    return found


def _from_line(family: Family, session: Session, line: str) -> Any:
    """The instance that a line of JSON means, of the classes that the family has."""
    members = [one for _, one in family.fixed()]
    # drawn instances may be of other types than the fixed ones; a few show which
    members += [session.drawn(family, index) for index in range(_MEMBERS if family.draw is not None else 0)]
    found = decode(line, set().union(*map(classes_of, members)))
    # a line of another family would be measured by hypotheses and sides that do not fit it
    if type(found) not in {type(one) for one in members}:
        raise must("instance", f"of a type that the family {family.name} has", found)
    return found


def _doubt_hypotheses(statement: Statement, tally: Tally, label: str, instance: Any) -> None:
    """Count the hypotheses that hold on an instance of the caller's choice, and note the one that does not."""
    for name in statement.hypotheses:
        if holds(statement, name, label, instance):
            tally.hypotheses[name] += 1
        else:
            tally.breaks_hypothesis = True
            tally.problems.append(f"{label} breaks the hypothesis {name!r}")


def _evidence(
    statement: Statement,
    session: Session,
    tally: Tally,
    sets: list[dict[str, Any]],
    level: float,
    since: tuple[float, float],
    chosen: list[tuple[str, Any]] | None,
) -> Evidence:
    rows, counts = tally.rows, tally.counts
    verdict = "recorded" if isinstance(statement.claim, Recorded) else tally.verdict()
    decisive, worst = [row for row in rows if row.verdict == "refuted"] or rows, tally.worst()
    ratios = [row.ratio for row in rows if not np.isnan(row.ratio)]
    lhs, rhs, slack = (np.array([getattr(row, name) for row in rows], float) for name in ("lhs", "rhs", "slack"))
    return Evidence(
        statement=statement.id,
        title=statement.title,
        tex=statement.tex,
        sides=summary_of(getattr(statement.claim, "sides", None)),
        source=str(statement.source or ""),
        kind=statement.kind,
        saboteur=statement.sabotage,
        repair=statement.repair,
        collection=statement.origin.collection,
        place=statement.origin.place,
        versions=statement.origin.installed(),
        subject=statement.subject,
        scope=scope_of(len(rows)) if chosen is None else instance_label(*chosen[0]),
        verdict=verdict,
        level=level,
        budget=session.budget.name,
        hypotheses={name: tally.hypotheses[name] for name in statement.hypotheses},
        lhs=lhs,
        rhs=rhs,
        slack=slack,
        worst={} if worst is None else _shown(worst),
        vacuous=sum(row.vacuous for row in rows),
        tightness=max(ratios) if ratios else None,
        e_value=_e_value(decisive, verdict),
        n_instances=len(rows),
        rows=tuple(tally.told()),
        problems=tuple(tally.problems),
        sets=tuple(sets),
        sizes=sizes_of([row.instance for row in rows if row.instance is not None]),
        saboteurs={},
        repairs={},
        message=_message(statement, tally),
        replay=_replay(statement, session, worst),
        digest=evidence_digest(statement.origin),
        seed=session.seed,
        counts={name: int(counts[name]) for name in sorted(counts)},
        seconds=time.process_time() - since[0],
        compile_seconds=compile_seconds() - since[1],
    )


def _e_value(rows: list[Row], verdict: str) -> float | None:
    log_e = [row.log_e for row in rows if not np.isnan(row.log_e)]
    if not log_e:
        return None
    return float(np.exp(min(700.0, max(log_e) if verdict == "refuted" else min(log_e))))  # 700: the largest double


def _message(statement: Statement, tally: Tally) -> str:
    if isinstance(statement.claim, Recorded):
        return f"{statement.claim.reason} Carried by {statement.claim.carried_by}."
    remarks, counts = tally.problems + tally.remarks, tally.counts
    if not tally.rows:
        remarks.append("no instance was measured")
    elif tally.vacuous():
        remarks.append(tally.vacuous())
    if 2 * counts["most_runs"] > counts["cap"]:
        remarks.append(
            f"underpowered: {counts['most_runs']} of at most {counts['cap']} runs were needed on {tally.longest}; "
            "choose instances on which the claim is further from its bound, or state it less sharply"
        )
    if tally.counts["raised"]:
        remarks += [row.shown[0] for row in tally.rows if row.verdict == "refuted"]
    if statement.patch is not None and statement.patch.remark():
        remarks.append(statement.patch.remark())
    if statement.randomness:
        remarks.append(f"random numbers: {statement.randomness}; a replay repeats the law and not the draws")
    if statement.violated is not None:
        now = "the promise holds now, and was" if tally.verdict() == "supported" else ""
        remarks.append(f"{now} known to be violated: {statement.violated}".lstrip())
    if tally.counts["crashes"]:
        remarks.append(f"{tally.counts['crashes']} crashes, which catch nothing (the last: {tally.last_crash})")
    if tally.left_out():
        remarks.append(tally.left_out())
    if tally.counts["refused"]:
        remarks.append(f"{tally.counts['refused']} drawn instances broke a hypothesis and were left out")
    return "; ".join(remarks)


def _shown(row: Row) -> dict[str, Any]:
    shown = {"instance": row.label, "where": list(row.where), "lhs": row.shown[0], "rhs": row.shown[1]}
    return shown | {"slack": row.slack} | ({"rounding": row.rounding} if row.rounding else {}) | dict(row.told)


def _replay(statement: Statement, session: Session, worst: Row | None) -> str:
    words = ["lrtheory", "check", statement.origin.prefix + statement.id]
    words += ["--saboteur", statement.sabotage] if statement.sabotage else []
    words += ["--repair", statement.repair] if statement.repair else []
    words += ["--budget", session.budget.name] if session.budget.name != "quick" else []
    words += ["--seed", str(session.seed)] if session.seed != DEFAULT_SEED else []
    if worst is not None and worst.instance is not None:
        words += ["--instance", instance_label(worst.label, worst.instance)]
    return shlex.join(words)


def instance_label(label: str, instance: Any) -> str:
    """The name of an instance in a command; one of the caller's own is written out as JSON."""
    return f"json:{encode(instance)}" if label == "given" else label

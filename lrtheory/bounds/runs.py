"""Going over the instances of a random claim, chunk after chunk of runs until each is decided."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds.claims import Expectation, Judgment, Law, Level, Probability, Rate
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.record import Record, Row
from lrtheory.bounds.session import Session, chunks
from lrtheory.bounds.statement import Statement

__all__ = ["decide_rate", "decide_runs"]


def decide_runs(statement: Statement, session: Session, chosen: list[tuple[str, Any]] | None, alpha: float) -> Record:
    """Support needs every instance, refutation one; an instance stops as soon as it is decided."""
    record, claim, cap = Record(), statement.claim, session.budget.runs
    assert isinstance(claim, (Probability, Expectation, Law))
    counted = Record() if chosen else record
    family = list(counted.instances(statement, session, session.budget.sampled))
    instances = chosen or family
    level = Level(alpha, len(family), len(chunks(cap)))  # a replayed instance is judged at the level of the family
    record.counts["cap"] = cap
    for label, instance in instances:
        if isinstance(claim, Law) and not claim.reachable(instance, cap // 2, level):
            raise StatementError(f"{statement.id}: {claim.within} is out of reach within half of {cap} runs on {label}")
        judgment = _runs(statement, session, record, instance, level)
        if judgment is not None:
            record.rows.append(_row(claim, label, instance, judgment))
        if record.refuted():
            break
    return record


def _row(claim: Probability | Expectation | Law, label: str, instance: Any, judgment: Judgment) -> Row:
    lhs, rhs = judgment.lhs, judgment.rhs
    vacuous = isinstance(claim, Expectation) and claim.at_most is not None and rhs >= claim.support(instance)[1]
    return Row(
        label,
        instance,
        lhs,
        rhs,
        judgment.verdict,
        shown=(f"{lhs:.6g}", f"{rhs:.6g}"),
        ratio=lhs / rhs if rhs > 0 and not vacuous else float("nan"),
        vacuous=vacuous,
        log_e=judgment.log_against if judgment.verdict == "refuted" else judgment.log_for,
        two_sided=isinstance(claim, Law) or (isinstance(claim, Expectation) and claim.equals is not None),
    )


def _runs(statement: Statement, session: Session, record: Record, instance: Any, level: Level) -> Judgment | None:
    claim = statement.claim
    assert isinstance(claim, (Probability, Expectation, Law))
    seen: list[np.ndarray] = []
    judgment = None
    for chunk, size in enumerate(chunks(session.budget.runs)):
        observed = _observed(statement, session, record, instance, (chunk, size))
        if observed is None:
            return None
        seen.append(observed)
        judgment = claim.judge(instance, np.concatenate(seen), level)
        if judgment.verdict != "inconclusive":
            break
    record.counts["most_runs"] = max(record.counts["most_runs"], sum(map(len, seen)))
    return judgment


def _observed(
    statement: Statement, session: Session, record: Record, instance: Any, chunk: tuple[int, int]
) -> np.ndarray | None:
    """One number a run; None where a mutant crashed, which catches nothing."""
    claim, (index, size) = statement.claim, chunk
    assert isinstance(claim, (Probability, Expectation, Law, Rate))
    try:
        observed = claim.observe(instance, session.run(statement, instance, index, size))
    except Exception as error:
        record.note_crash(statement, error)
        return None
    if observed.shape != (size,) or np.isnan(observed).any():
        raise StatementError(f"{statement.id}: {size} runs gave numbers of shape {observed.shape}, or NaN among them")
    record.counts["runs"] += size
    return observed


def decide_rate(statement: Statement, session: Session, chosen: list[tuple[str, Any]] | None, alpha: float) -> Record:
    """All rungs of the ladder run together, until the range of the slope is inside or outside the stated one."""
    record, claim, schedule = Record(), statement.claim, chunks(session.budget.runs)
    assert isinstance(claim, Rate)
    if chosen:
        raise must("instance", "left out for a Rate, which needs its whole ladder", chosen[0][0])
    rungs = list(record.instances(statement, session, 0))
    if len(rungs) < 3:
        raise StatementError(f"{statement.id}: a rate needs a ladder of at least three instances")
    sizes = np.array([float(claim.size(instance)) for _, instance in rungs])
    seen: list[list[np.ndarray]] = [[] for _ in rungs]
    ends: tuple[Judgment, ...] = ()
    for chunk in enumerate(schedule):
        for own, (_, instance) in zip(seen, rungs, strict=True):
            observed = _observed(statement, session, record, instance, chunk)
            if observed is None:
                return record
            own.append(observed)
        ends = claim.judge_ladder(sizes, [np.concatenate(own) for own in seen], Level(alpha, 1, len(schedule)))
        if ends[0].verdict != "inconclusive":
            break
    record.counts.update(cap=session.budget.runs, most_runs=sum(map(len, seen[0])))
    for name, end in zip(("lower", "upper"), ends, strict=True):
        label = f"{statement.instances.name}: {name} end of the slope"
        record.rows.append(Row(label, None, end.lhs, end.rhs, end.verdict, (f"{end.lhs:.4g}", f"{end.rhs:.4g}")))
    return record

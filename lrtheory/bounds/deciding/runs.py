"""Deciding a random claim: over its instances, chunk after chunk of runs until each is decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds.arithmetic import evalues
from lrtheory.bounds.claims import SHARPER, Expectation, Judgment, Law, Level, Probability, Rate
from lrtheory.bounds.claims.judgment import sharpened
from lrtheory.bounds.deciding.comparison import shown_apart
from lrtheory.bounds.deciding.tally import Row, Tally, faulty, found_label
from lrtheory.bounds.errors import RAISED, StatementError
from lrtheory.bounds.families import FromGenerator
from lrtheory.bounds.running.blame import blamed, place_of
from lrtheory.bounds.running.handover import Fault, Raised
from lrtheory.bounds.session import Session, chunks
from lrtheory.bounds.statement import Statement

__all__ = ["decide_rate", "decide_runs"]


def decide_runs(statement: Statement, session: Session, chosen: list[tuple[str, Any]] | None, alpha: float) -> Tally:
    """Support needs every instance, refutation one; an instance stops as soon as it is decided."""
    tally, claim, cap = Tally(), statement.claim, session.budget.runs
    assert isinstance(claim, (Probability, Expectation, Law))
    # a replay needs the size of the family for its level, and must not count the family's instances as examined
    counted = Tally() if chosen else tally
    family = list(counted.instances(statement, session, session.budget.sampled))
    searched = isinstance(claim, Probability) and not statement.sabotage
    # a replayed instance is judged at the level of the family, and of the one that the search may add
    level = Level(alpha, len(family) + searched, len(chunks(cap)))
    tally.counts["cap"] = cap
    # The error level is shared by all instances: the union over them bounds the chance of a wrong refutation.
    for label, instance in chosen or family:
        with blamed("the claim", place_of(statement.id, label), instance):
            reachable = not isinstance(claim, Law) or claim.reachable(instance, cap // 2, level)
        if not reachable:
            within = claim.within  # type: ignore[union-attr]
            raise StatementError(f"{statement.id}: {within} is out of reach within half of {cap} runs on {label}")
        _decide(statement, session, tally, (label, instance), level)
        if tally.refuted():
            return tally
    if isinstance(claim, Expectation) and not tally.problems:
        undecided = (row for row in tally.rows if row.verdict == "inconclusive")
        reasons = ((row.label, claim.never(row.instance, cap, level)) for row in undecided)
        tally.problems += [f"{label}: {reason}" for label, reason in reasons if reason][:1]  # one stands for all
    if searched and not chosen and tally.rows:
        found = _likeliest_failure(statement, session, tally)
        if found is not None:
            _decide(statement, session, tally, (found_label(found), found), level)
    return tally


def _decide(statement: Statement, session: Session, tally: Tally, labeled: tuple[str, Any], level: Level) -> None:
    """Run on one instance until it is decided, and write its row."""
    claim, (label, instance), before = statement.claim, labeled, tally.counts["runs"]
    assert isinstance(claim, (Probability, Expectation, Law))
    try:
        judged = _runs(statement, session, tally, labeled, level)
    except Fault as fault:
        tally.counts["raised"] += isinstance(fault, Raised)
        tally.rows.append(faulty(label, instance, fault))
        return
    if judged is None:
        return
    judgment, seen = judged
    with blamed("the claim", place_of(statement.id, label), instance):
        row = _row(claim, label, instance, judgment)
        if isinstance(claim, Probability):
            row = _with_rate(claim, row, tally.counts["runs"] - before, level)
        if row.verdict == "supported" and not row.vacuous and not statement.sabotage:
            row = replace(row, sharper=_sharper(claim, row, seen, level))
    tally.rows.append(row)
    if row.verdict == "refuted":  # which needed no run on the others, whatever their order
        tally.counts["most_runs"], tally.longest = tally.counts["runs"] - before, label


def _sharper(claim: Probability | Expectation | Law, row: Row, seen: np.ndarray, level: Level) -> float | None:
    """The least part by which a stricter bound is refuted by the same runs, or by the probability that is known.

    The e-values hold at whatever look the runs have stopped, so this errs with the probability of a check.
    """
    for part in SHARPER:
        stricter = None if isinstance(claim, Law) else claim.stricter(part)
        if stricter is None:
            return None
        known = row.told.get("exact")
        if known is not None and known > sharpened(row.rhs, part):
            return part
        if known is None and stricter.judge(row.instance, seen, level).verdict == "refuted":
            return part
    return 0.0


def _with_rate(claim: Probability, row: Row, runs: int, level: Level) -> Row:
    """A row with the upper limit of the rate, and with the exact probability, which decides where it is known."""
    # lhs is the mean of zeros and ones, so this product is an integer up to the rounding of doubles
    failures = round(row.lhs * runs)
    told = {"runs": runs, "failures": failures, "upper": evalues.upper_rate(failures, runs, level.alpha)}
    probability = None if claim.exact is None else claim.exact(row.instance)
    if probability is None:
        return replace(row, told=told)
    if probability > claim.at_most(row.instance):
        return replace(row, verdict="refuted", lhs=float(probability), told=told | {"exact": float(probability)})
    # An instance that only the climb found may be too close to delta for its runs; its exact probability decides it.
    # On the family's own instances the runs must decide too, or else our sampling would never be tested.
    verdict = "supported" if row.verdict == "inconclusive" and row.label.startswith("json:") else row.verdict
    return replace(row, verdict=verdict, told=told | {"exact": float(probability)})


def _likeliest_failure(statement: Statement, session: Session, tally: Tally) -> Any | None:
    """The instance with the largest probability of failure that a hill climb meets; None if it is one of the rows'."""
    claim, family = statement.claim, statement.instances
    assert isinstance(claim, Probability)
    draws, move = FromGenerator(session.rng(family, "failures")), family.climb
    # instances with a known probability are compared by it, the others by the rate in one chunk of runs
    here = max(tally.rows, key=lambda row: (row.told.get("exact", 0.0), row.lhs))
    start, best = here.instance, (here.told.get("exact", 0.0), here.lhs)
    found = start
    for _ in range(session.budget.failures if move or family.draw else 0):
        with blamed("`climb`" if move else "`draw`", f"the family {family.name}", found):
            neighbor = move(found, draws) if move else family.draw(draws)  # type: ignore[misc]
        label = found_label(neighbor)
        if not tally.admits(statement, label, neighbor):
            continue
        with blamed("the claim", place_of(statement.id, label), neighbor):
            probability = None if claim.exact is None else claim.exact(neighbor)
        rate = 0.0
        if probability is None:
            try:
                # chunk 0 again: if this instance is examined afterwards, its first runs are remembered and cost nothing
                observed = _observed(statement, session, tally, (label, neighbor), (0, chunks(64)[0]))
            except Fault:
                return neighbor  # whose row will say so
            rate = 0.0 if observed is None else float(observed.mean())
        height = (float(probability or 0.0), rate)
        if height >= best:  # equal heights move on, or a plateau of rate 0 would never be left
            found, best = neighbor, height
    return None if found is start else found


def _row(claim: Probability | Expectation | Law, label: str, instance: Any, judgment: Judgment) -> Row:
    """The row of an instance on which a claim about chance was judged."""
    lhs, rhs, vacuous = judgment.lhs, judgment.rhs, claim.is_vacuous(instance)
    return Row(
        label,
        instance,
        lhs,
        rhs,
        judgment.verdict,
        shown=shown_apart(lhs, rhs, 6),
        ratio=lhs / rhs if rhs > 0 and not vacuous else float("nan"),
        vacuous=vacuous,
        log_e=judgment.log_against if judgment.verdict == "refuted" else judgment.log_for,
        two_sided=isinstance(claim, Law) or (isinstance(claim, Expectation) and claim.equals is not None),
    )


def _runs(
    statement: Statement, session: Session, tally: Tally, labeled: tuple[str, Any], level: Level
) -> tuple[Judgment, np.ndarray] | None:
    """The judgment after the first chunk that decides, or the last one, and the runs; None where a saboteur crashed."""
    claim, (label, instance) = statement.claim, labeled
    assert isinstance(claim, (Probability, Expectation, Law))
    seen: list[np.ndarray] = []
    judgment = None
    for chunk, size in enumerate(chunks(session.budget.runs)):
        observed = _observed(statement, session, tally, labeled, (chunk, size))
        if observed is None:
            return None
        seen.append(observed)
        # Looking after each chunk costs nothing: the evidence is valid at all looks together (arithmetic/evalues.py).
        with blamed("the claim", place_of(statement.id, label), instance):
            judgment = claim.judge(instance, np.concatenate(seen), level)
        if judgment.verdict != "inconclusive":
            break
    if sum(map(len, seen)) > tally.counts["most_runs"]:
        tally.counts["most_runs"], tally.longest = sum(map(len, seen)), label
    assert judgment is not None
    return judgment, np.concatenate(seen)


def _observed(
    statement: Statement, session: Session, tally: Tally, labeled: tuple[str, Any], chunk: tuple[int, int]
) -> np.ndarray | None:
    """One number per run; None where a saboteur crashed, which catches nothing."""
    claim, (label, instance), (index, size) = statement.claim, labeled, chunk
    assert isinstance(claim, (Probability, Expectation, Law, Rate))
    try:
        if statement.one_by_one:
            first = sum(chunks(session.budget.runs)[:index])
            observed = session.observed_alone(statement, instance, first, size)
            tally.counts["calls"] += size
        else:
            observed = claim.observe(instance, session.run(statement, instance, index, size))
    except RAISED as error:
        tally.note_crash(statement, label, instance, error)
        return None
    if observed.shape != (size,) or np.isnan(observed).any():
        raise StatementError(f"{statement.id}: {size} runs gave numbers of shape {observed.shape}, or NaN among them")
    tally.counts["runs"] += size  # also of runs that were remembered from another statement
    return observed


def decide_rate(statement: Statement, session: Session, chosen: list[tuple[str, Any]] | None, alpha: float) -> Tally:
    """All rungs of the ladder run together, until the range of the slope is inside or outside the stated one."""
    tally, claim, schedule = Tally(), statement.claim, chunks(session.budget.runs)
    assert isinstance(claim, Rate)
    if chosen:
        raise must("instance", "left out for a Rate, which needs its whole ladder", chosen[0][0])
    rungs = list(tally.instances(statement, session, 0))
    if len(rungs) < 3:
        raise StatementError(f"{statement.id}: a rate needs a ladder of at least three instances")
    with blamed("the claim", statement.id):
        sizes = np.array([float(claim.size(instance)) for _, instance in rungs])
        vacuous = claim.is_vacuous(sizes, np.array([float(claim.over(instance)) for _, instance in rungs]))
    seen: list[list[np.ndarray]] = [[] for _ in rungs]
    ends: tuple[Judgment, ...] = ()
    # All rungs get the same runs before a look: the slope needs every rung, and a look at some would bias the choice.
    for chunk in enumerate(schedule):
        for own, (label, instance) in zip(seen, rungs, strict=True):
            try:
                observed = _observed(statement, session, tally, (label, instance), chunk)
            except Fault as fault:
                tally.rows.append(faulty(label, instance, fault))
                return tally
            if observed is None:
                return tally
            own.append(observed)
        ends = claim.judge_ladder(sizes, [np.concatenate(own) for own in seen], Level(alpha, 1, len(schedule)))
        if ends[0].verdict != "inconclusive":
            break
    tally.counts.update(cap=session.budget.runs, most_runs=sum(map(len, seen[0])))
    tally.longest = "each rung of the ladder"
    for name, end in zip(("lower", "upper"), ends, strict=True):
        label = f"{statement.instances.name}: {name} end of the slope"
        shown = (f"{end.lhs:.4g}", f"{end.rhs:.4g}")
        tally.rows.append(Row(label, None, end.lhs, end.rhs, end.verdict, shown, vacuous=vacuous))
    return tally

"""Algorithms of the caller's own under test: what they are given, what they must return, and where they went wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds.deciding.checking import check, demand_signature, takes
from lrtheory.bounds.deciding.evidence import CALLERS, Evidence
from lrtheory.bounds.errors import OutcomeError
from lrtheory.bounds.running.handover import classes_of, handed
from lrtheory.bounds.session import Session
from lrtheory.bounds.statement import Statement
from lrtheory.bounds.statement.statement import name_of
from lrtheory.bounds.trust.replay import call

__all__ = ["check_own", "example_of", "kind_of", "solve_by_example"]

_TRUSTED = ("lrtheory", "proofs_checks")  # packages whose classes an outcome may be made of
_CLOSE = 1e-9  # sides that are nearer to each other than this part differ by the rounding of somebody's doubles


def check_own(statement: Statement, solve: Callable[..., Any], session: Session, instance: Any = None) -> Evidence:
    """Measure a statement on an algorithm of the caller's.

    Parameters
    ----------
    statement : Statement
        Statement whose claim is measured.
    solve : callable
        Takes what the statement's own `solve` takes and returns what that returns. Where the claim is about chance it
        is called for each run by itself, with n = 1 and a stream of its own, and may leave `n` out.
    session : Session
        Budget and seed.
    instance : object or None
        One instance alone, as for `check`.

    Returns
    -------
    Evidence
        The verdict; its replay is a call in Python, since a command does not know the algorithm.

    Raises
    ------
    TypeError
        If `solve` cannot be called.
    StatementError
        If `solve` takes other arguments than those that it will be given.
    ValueError
        If no algorithm of a user's own can be put to this test (`Statement.closed`).
    OutcomeError
        If what it returned cannot be judged; the sentence says what the statement's own returns. Errors that are raised
        within `solve` come through, with a note that names the instance.
    """
    if not callable(solve):
        raise must("solve", "a callable", solve, TypeError)
    if statement.closed:
        raise must("solve", f"left out for {statement.id} ({statement.closed.rstrip('.')})", solve)
    of_one = statement.is_random and takes(solve, "instance", "rng", "n") is False and takes(solve, "instance", "rng")
    if not of_one:
        demand_signature(statement, solve)
    watched = _Watched(solve, lambda: classes_of(example_of(statement, session)[1]), takes_runs=not of_one)
    try:
        evidence = check(statement.with_solver(watched, one_by_one=True), session, instance=instance)
    except Exception as error:
        raise _explained(error, statement, session, watched) from error
    if watched.error is not None:  # the caller wants to see where, and not that an error refutes the claim
        raise _explained(watched.error, statement, session, watched)
    notes = "; ".join(note for note in (evidence.message, _nearly(evidence)) if note)
    again = call(evidence, f"{statement.id!r}, solve=...", instance)
    subject = f"{CALLERS}{name_of(solve)}"
    return dataclasses.replace(evidence, subject=subject, replay=again, message=notes)


class _Watched:
    """A solver that remembers its last instance and outcome, and that returns no classes of its author's own.

    A class of the author's own could answer a claim by its methods and properties and not by its numbers.
    """

    def __init__(self, solve: Callable[..., Any], known: Callable[[], set[type]], *, takes_runs: bool) -> None:
        self.takes_runs = takes_runs
        self.solve, self.known, self.instance, self.outcome, self.returned = solve, known, None, None, True
        self.error: Exception | None = None

    def __call__(self, instance: Any, rng: np.random.Generator, *runs: int) -> Any:
        self.instance, self.returned = instance, False
        try:
            self.outcome = self.solve(instance, rng, *(runs if self.takes_runs else ()))
        except Exception as error:
            self.error = error
            raise
        self.returned = True
        # by packages and not by identity: results of the library are made in many modules
        foreign = {one for one in classes_of(self.outcome) if one.__module__.partition(".")[0] not in _TRUSTED}
        if foreign and not foreign <= self.known():
            names = ", ".join(sorted(one.__name__ for one in foreign))
            raise OutcomeError(f"it holds {names}, no class of the statement; `lrtheory start` prints the imports")
        return self.outcome


def _explained(error: Exception, statement: Statement, session: Session, watched: _Watched) -> Exception:
    """The error of the caller's solver with a note, or a sentence about what it returned."""
    given = kind_of(watched.instance)
    if not watched.returned:
        error.add_note(f"raised by `solve` on an instance of {statement.id}: {given}")
        return error
    due, found = solve_by_example(statement, session)[1], kind_of(watched.outcome)
    if found == due:  # its form is right, so what is wrong is said by the error alone
        return OutcomeError(f"what `solve` returned on {given} cannot be judged: {error}")
    told = f" ({type(error).__name__}: {error})"
    return OutcomeError(
        f"`solve` must return {due}, as {statement.id} does on its first instance; got {found} on {given}{told}"
    )


def _nearly(evidence: Evidence) -> str:
    """A hint where doubles were refuted by exact arithmetic alone."""
    if evidence.verdict != "refuted" or evidence.level > 0 or not evidence.worst:
        return ""
    worst = int(np.argmax(-evidence.slack))
    scale = max(abs(evidence.lhs[worst]), abs(evidence.rhs[worst]))
    if not np.isfinite(scale):  # an infinite answer agrees with nothing
        return ""
    if not 0 < abs(evidence.slack[worst]) <= _CLOSE * scale and evidence.slack[worst] != 0:
        return ""
    return (
        "both sides agree up to the rounding of doubles, and this statement is decided exactly: return Fractions, in "
        "object arrays, where the instance holds them"
    )


def solve_by_example(statement: Statement, session: Session) -> tuple[str, str]:
    """The types that a statement's own solver takes and returns, by its first instance and one run.

    Parameters
    ----------
    statement : Statement
        Statement whose own solver runs once.
    session : Session
        Session whose random stream the run takes.

    Returns
    -------
    tuple of str
        The kinds of the instance and of the outcome.
    """
    instance, outcome = example_of(statement, session)
    return kind_of(instance), kind_of(outcome)


def example_of(statement: Statement, session: Session, runs: int = 1) -> tuple[Any, Any]:
    """The first instance of a statement, and what its own solver returns for it.

    Parameters
    ----------
    statement : Statement
        Statement whose own solver runs.
    session : Session
        Session whose random stream the runs take.
    runs : int
        Number of runs, where the claim is about chance.

    Returns
    -------
    tuple of object
        The instance as a solver is given it, and the outcome.
    """
    instance = next(iter(session.instances(statement.instances, 1)))[1]
    family, given = statement.instances, handed(instance)
    given = given if family.view is None else family.view(given)
    return given, statement.solve(given, session.rng(family, "example"), *((runs,) if statement.is_random else ()))


def kind_of(value: Any, depth: int = 2) -> str:
    """Type, shape and fields of a value, in one line.

    Parameters
    ----------
    value : object
        Plain data, or a result.
    depth : int
        Levels of fields that are told.

    Returns
    -------
    str
        Form such as ``Panel(values: array (3, 2) of Fraction, k: int)``.
    """
    name = type(value).__name__
    if isinstance(value, np.ndarray):
        entries = type(np.asarray(value).flat[0]).__name__ if value.dtype == object and value.size else str(value.dtype)
        return f"array {value.shape} of {entries}"
    fields = getattr(value, "_fields", ())
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value)]
    if fields and depth > 0:
        return f"{name}({', '.join(f'{field}: {kind_of(getattr(value, field), depth - 1)}' for field in fields)})"
    if isinstance(value, dict) and value and depth > 0:
        return "dict(" + ", ".join(f"{key!r}: {kind_of(entry, depth - 1)}" for key, entry in value.items()) + ")"
    if isinstance(value, (list, tuple)) and value and depth > 0:
        inner = list(dict.fromkeys(kind_of(entry, depth - 1) for entry in value))
        return f"{name} of {len(value)}: {', '.join(inner)}"
    return name

"""Over the whole registry: no lie about an outcome is supported, and no solver may change its instance."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lrtheory._front import registry
from lrtheory.bounds import Inequality, Measured, Session, Statement, check
from lrtheory.bounds.trust.forger import FORGING, admits_lies, forge

CHECKED = [one for one in registry() if one.kind != "recorded"]
OPEN = [one for one in CHECKED if admits_lies(one)]


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(FORGING)


@pytest.mark.parametrize("statement", OPEN, ids=lambda one: one.id)
def test_no_lie_about_an_outcome_is_supported(statement: Statement, session: Session) -> None:
    testimony = forge(statement, session, seconds=30)
    assert testimony.supported == ()
    assert 4 * testimony.untold <= testimony.told


def changes(instance: Any) -> Iterator[Any]:
    """Ways to change an instance that was handed out, as functions without arguments."""
    if isinstance(instance, np.ndarray) and instance.size:
        yield lambda: scribble(instance)
    elif dataclasses.is_dataclass(instance):
        for field in dataclasses.fields(instance):
            value = getattr(instance, field.name)
            yield from changes(value)
            if isinstance(value, (int, float)):
                yield lambda name=field.name, value=value: object.__setattr__(instance, name, value + 1)
    elif isinstance(instance, dict):
        yield instance.clear
    elif isinstance(instance, (list, tuple)):
        for item in instance:
            yield from changes(item)


def scribble(array: np.ndarray) -> None:
    """Write into an array although it is read-only."""
    array.flags.writeable = True
    if array.dtype == bool:
        array.flat[0] = not array.flat[0]
    else:
        array.flat[0] = array.flat[0] + 1


@pytest.mark.parametrize("statement", CHECKED, ids=lambda one: one.id)
def test_a_solver_that_overwrites_its_instance_is_refuted(statement: Statement, session: Session) -> None:
    if next(changes(statement.instances.smallest()[0]), None) is None:
        return  # numbers alone cannot be changed

    def vandal(instance: Any, rng: np.random.Generator, *n: int) -> Any:
        outcome = statement.solve(instance, rng, *n)
        next(changes(instance))()
        return outcome

    # a rare failure is out of reach of the few runs in which lies show
    many = Session(dataclasses.replace(FORGING, runs=8192)) if statement.is_random else session
    evidence = check(dataclasses.replace(statement, solve=vandal), many)
    assert evidence.verdict == "refuted"
    assert evidence.worst["lhs"].startswith("`solve` overwrote its instance")


@pytest.mark.parametrize("statement", CHECKED, ids=lambda one: one.id)
def test_what_a_statement_declares_has_a_reason(statement: Statement) -> None:
    reasons = [
        *statement.unread.values(),
        *statement.may_vary.values(),
        *statement.free.values(),
        *([statement.closed] if statement.closed else []),
    ]
    if isinstance(statement.claim, Inequality) and statement.claim.unbounded:
        reasons.append(statement.claim.unbounded)
    assert all(len(reason.split()) >= 4 for reason in reasons)
    if isinstance(statement.source, Measured):
        assert statement.source.command == f"lrtheory check {statement.id}"

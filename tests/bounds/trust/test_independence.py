"""Over the whole registry: many runs of one call are like runs that are calls of their own, and are judged alike."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._front import registry
from lrtheory.bounds import Session, Statement, check
from lrtheory.bounds.session import chunks
from tests.bounds.toys import HEDGE, UNIFORM

RANDOM = [one for one in registry() if one.is_random]
RUNS = 128
LEVEL = 1e-6
OFTEN = 0.05  # a few runs decide at this level; that verdicts agree is asked at any
CONSTANT = 2.16863  # of two samples of one size (F. Wei, R. Dudley, Statist. Probab. Lett. 82, 2012)


def unlike(statement: Statement, session: Session, alone: Statement | None = None) -> float:
    """A bound on the share of all ways to divide both samples in two that are as far apart as both kinds of runs.

    Both samples are what the claim observes on the smallest instance. The distance is that of their distribution
    functions; ties only make it smaller.
    """
    instance = statement.instances.smallest()[0]
    alone = alone or handed_in(statement)
    # in the chunks in which a check takes runs, so that one in this session goes on from them
    sizes = chunks(RUNS)
    parts = [session.observed_alone(alone, instance, sum(sizes[:at]), size) for at, size in enumerate(sizes)]
    apart = np.concatenate(parts)
    at_once = statement.claim.observe(instance, session.run(statement, instance, RUNS, RUNS))
    assert apart.shape == at_once.shape == (RUNS,)
    values = np.unique(np.concatenate([apart, at_once]))
    distance = np.abs((apart[:, None] <= values).mean(0) - (at_once[:, None] <= values).mean(0)).max()
    return float(CONSTANT * np.exp(-RUNS * distance**2))


def handed_in(statement: Statement) -> Statement:
    """The statement's own solver as one of a user's."""
    return statement.with_solver(statement.solve, one_by_one=True)


@pytest.mark.parametrize("statement", RANDOM, ids=lambda one: one.id)
def test_runs_of_one_call_are_like_runs_alone(statement: Statement) -> None:
    session, alone = Session(), handed_in(statement)
    assert unlike(statement, session, alone) > LEVEL
    if statement.kind == "rate" or statement.closed:  # a rate needs its whole ladder
        return
    label = next(statement.instances.fixed())[0]
    found = [check(one, session, instance=label, level=OFTEN) for one in (statement, alone)]
    assert found[0].verdict == found[1].verdict
    assert found[0].verdict == "supported" or found[0].vacuous == 1


def test_one_run_for_all_is_told_apart() -> None:
    for statement in (HEDGE, UNIFORM):
        copied = lambda x, rng, n, solve=statement.solve: np.repeat(solve(x, rng, 1), n, axis=0)
        wrong = statement.with_solver(copied)
        assert min(unlike(wrong, Session(seed=seed)) for seed in range(3)) <= LEVEL
        assert unlike(statement, Session()) > LEVEL

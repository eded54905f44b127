"""Over the whole registry: many runs of one call are like runs that are calls of their own."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._front import registry
from lrtheory.bounds import Session, Statement
from tests.bounds.toys import HEDGE, UNIFORM

RANDOM = [one for one in registry() if one.is_random]
RUNS = 256
LEVEL = 1e-6
CONSTANT = 2.16863  # of two samples of one size (F. Wei, R. Dudley, Statist. Probab. Lett. 82, 2012)


def unlike(statement: Statement, session: Session) -> float:
    """A bound on the share of all ways to divide both samples in two that are as far apart as both kinds of runs.

    Both samples are what the claim observes on the smallest instance. The distance is that of their distribution
    functions; ties only make it smaller.
    """
    instance = statement.instances.smallest()[0]
    alone = statement.with_solver(statement.solve, one_by_one=True)
    apart = session.observed_alone(alone, instance, 0, RUNS)
    at_once = statement.claim.observe(instance, session.run(statement, instance, RUNS, RUNS))
    assert apart.shape == at_once.shape == (RUNS,)
    values = np.unique(np.concatenate([apart, at_once]))
    distance = np.abs((apart[:, None] <= values).mean(0) - (at_once[:, None] <= values).mean(0)).max()
    return float(CONSTANT * np.exp(-RUNS * distance**2))


@pytest.mark.parametrize("statement", RANDOM, ids=lambda one: one.id)
def test_runs_of_one_call_are_like_runs_alone(statement: Statement) -> None:
    assert unlike(statement, Session()) > LEVEL


def test_one_run_for_all_is_told_apart() -> None:
    for statement in (HEDGE, UNIFORM):
        copied = lambda x, rng, n, solve=statement.solve: np.repeat(solve(x, rng, 1), n, axis=0)
        wrong = statement.with_solver(copied)
        assert min(unlike(wrong, Session(seed=seed)) for seed in range(3)) <= LEVEL
        assert unlike(statement, Session()) > LEVEL

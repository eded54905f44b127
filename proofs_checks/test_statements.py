"""Every statement, once: the verdict that is due, or the evidence."""

import pytest

from lrtheory._front import registry
from lrtheory.bounds import DEFAULT_SEED, check


def grouped(ids):
    """One group a system, so that no kernel is compiled twice."""
    return [pytest.param(id, marks=pytest.mark.xdist_group(id.partition("/")[0])) for id in ids]


@pytest.mark.bounds
@pytest.mark.parametrize("id", grouped(registry().ids()))
def test_statement(id, bounds_session, evidence_folder):
    """The statement is supported (or recorded, where that is all that can be)."""
    statement = registry()[id]
    evidence = check(statement, bounds_session)
    evidence.save(evidence_folder)
    assert evidence.verdict == statement.due, evidence
    assert not (evidence.underpowered and bounds_session.seed == DEFAULT_SEED), f"more than half of the cap\n{evidence}"

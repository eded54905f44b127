"""What every statement of the project owes, whatever its system; and that the committed report is not stale."""

from pathlib import Path

import pytest

import lrtheory
from lrtheory._front import registry
from lrtheory.bounds import LEVEL, Inequality, Probability, Recorded, defects
from lrtheory.bounds.report import stale

STATEMENTS = list(registry())
REPORT = Path(lrtheory.__file__).resolve().parent.parent / "paper_repro.md"


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.id)
def test_statements_are_complete(statement):
    assert defects(statement) == []


def test_every_system_has_statements():
    assert set(registry().systems) == set(lrtheory.SYSTEMS)
    assert {statement.system for statement in STATEMENTS} == set(lrtheory.SYSTEMS)


def test_good_events_and_records_lead_to_statements():
    for statement in STATEMENTS:
        if isinstance(statement.claim, Inequality) and statement.claim.outside:
            assert isinstance(registry()[statement.claim.outside].claim, Probability)
        if isinstance(statement.claim, Recorded):
            assert not isinstance(registry()[statement.claim.carried_by].claim, Recorded)


def test_all_random_checks_together_err_less_than_once_in_ten_thousand_runs():
    random = [s for s in STATEMENTS if s.kind not in ("inequality", "identity", "recorded")]
    checks = sum(1 + len(statement.saboteurs) for statement in random)
    assert checks * LEVEL < 1e-4


def test_families_with_one_name_are_one_family():
    families = {}
    for statement in STATEMENTS:
        for one in (statement, *(statement.sabotaged(s.name) for s in statement.saboteurs)):
            assert families.setdefault(one.instances.name, one.instances) is one.instances


def test_the_report_is_not_stale():
    assert stale(REPORT.read_text(), STATEMENTS) == []

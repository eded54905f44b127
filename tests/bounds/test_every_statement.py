"""What every statement of the project owes, whatever its system; and that the committed report is not stale."""

import dataclasses
import importlib
import re
import runpy
import sys
from pathlib import Path

import pytest

import lrtheory
from lrtheory._front import abouts, findings, registry
from lrtheory.bounds import LEVEL, Inequality, Recorded, Session, check, defects
from lrtheory.bounds.provenance.sources import Paper
from lrtheory.bounds.reporting import DETAILS, needs, stale
from lrtheory.bounds.reporting.details import item
from lrtheory.bounds.reporting.markdown import anchor
from lrtheory.bounds.reporting.papers import of_reading
from lrtheory.bounds.trust.forger import FORGING
from proofs_checks import fresh

STATEMENTS = list(registry())
ROOT = Path(lrtheory.__file__).resolve().parent.parent
REPORT = ROOT / "paper_repro.md"


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.id)
def test_statements_are_complete(statement):
    assert defects(statement) == []


def test_every_system_has_statements():
    assert set(registry().systems) == set(lrtheory.SYSTEMS)
    assert {statement.system for statement in STATEMENTS} == set(lrtheory.SYSTEMS)


def test_good_events_and_records_lead_to_statements():
    for statement in STATEMENTS:
        if isinstance(statement.claim, Inequality) and statement.claim.outside:
            assert any(other.claim is statement.claim.outside for other in STATEMENTS)
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


CONTROLS = [(s, one) for s in STATEMENTS for one in s.saboteurs if "instances" in one.changes and one.breaks is None]


@pytest.fixture(scope="module")
def few():
    """A session of few draws: a saboteur must be refuted on an instance that always runs, so these are what matters."""
    return Session(FORGING)


@pytest.mark.parametrize(("statement", "one"), CONTROLS, ids=lambda value: getattr(value, "id", ""))
def test_on_the_instances_of_a_saboteur_the_statement_itself_holds(statement, one, few):
    control = dataclasses.replace(statement, instances=one.changes["instances"])
    assert check(control, Session() if control.is_random else few).verdict == "supported"


def few_of_each_kind(system):
    """The first statement of each kind; `make bounds FRESH=3` takes all of them, at three seeds."""
    kinds = {}
    for statement in STATEMENTS:
        if statement.system == system:
            kinds.setdefault(statement.kind, statement)
    return list(kinds.values())


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_verdicts_do_not_hang_on_the_seed(system):
    session = Session(seed=1)
    for statement in few_of_each_kind(system):
        assert check(statement, session).verdict == statement.due
        for one in statement.saboteurs:
            assert check(statement.sabotaged(one.name), session).verdict == "refuted", (statement.id, one.name)


def test_ids_that_docstrings_cite_are_statements():
    root = Path(lrtheory.__file__).resolve().parent
    for system in lrtheory.SYSTEMS:
        known = {statement.id.partition("/")[2] for statement in STATEMENTS if statement.system == system}
        for path in (root / system).rglob("*.py"):
            cited = re.findall(r"\b((?:[A-Z]{2,3}-[A-Z]\d*p?)(?:-[a-z]+)*|P\d+)\b", path.read_text())
            assert set(cited) <= known, (path.name, set(cited) - known)


def test_neither_the_report_nor_its_details_are_stale():
    details = {path.stem: path.read_text() for path in (ROOT / DETAILS).glob("*.md")}
    assert stale(REPORT.read_text(), details, STATEMENTS, abouts=abouts(), findings=findings()) == []


def test_the_report_can_be_read_in_a_quarter_of_an_hour():
    """Whatever the number of systems."""
    text = REPORT.read_text()
    assert len(text.encode()) <= 40_000
    assert len(text.split()) <= 4_500
    assert max(line.count("|") for line in text.splitlines() if line.startswith("|")) <= 9


def test_every_paper_is_told_in_a_few_lines_with_a_picture_or_two():
    for system, about in abouts().items():
        assert 300 <= len(about.claims) <= 700, system
        assert 1 <= len(about.pictures) <= 2


def test_every_paper_has_a_row_that_leads_to_statements_and_a_solver():
    """Each that the words of a system or a source name; the other way round each row is named there, or a source."""
    for system, about in abouts().items():
        own = [statement for statement in STATEMENTS if statement.system == system]
        cited = {one.source.key for one in own if isinstance(one.source, Paper)}
        named = set(re.findall(r"\d{4}\.\d{5}", about.paper))
        assert {one.key for one in about.papers} == named | cited, system
        for one in about.papers:
            assert bool(of_reading(one, own)) or one.found.startswith("Nothing of it is checked, because "), one
            assert not one.call or callable(getattr(importlib.import_module(f"lrtheory.{system}"), one.call)), one
            assert max(len(one.claims.split()), len(one.found.split())) <= 30, one
        told = {item(statement.id) for statement in own for saboteur in statement.saboteurs if saboteur.printed}
        assert set(about.errata) <= told, system
        assert bool(about.errata) == bool(told), system


def test_findings_rest_on_statements_and_saboteurs_that_stand():
    assert len(findings()) == 8
    known = {(s.id, name) for s in STATEMENTS for name in ("", *(one.name for one in s.saboteurs))}
    for finding in findings():
        pairs, figures = needs(finding)
        assert pairs <= known
        assert pairs or figures


def test_places_in_the_details_have_names_of_their_own():
    for system in lrtheory.SYSTEMS:
        names = [anchor(statement.id.partition("/")[2]) for statement in STATEMENTS if statement.system == system]
        assert len(set(names)) == len(names)


def test_other_processes_find_what_runs_at_fresh_seeds(monkeypatch):
    """By its name: what `__main__` holds is sent as it is, with caches that cannot be sent."""
    given = []
    monkeypatch.setattr(fresh, "parallel_map", lambda run, tasks, **_: [given.append(run) or [] for _ in tasks])
    monkeypatch.setattr(sys, "argv", ["fresh", "--seeds", "1", "2", "--systems", "lora_limits"])
    with pytest.raises(SystemExit, match="0"), pytest.warns(RuntimeWarning, match="in sys.modules"):
        runpy.run_module("proofs_checks.fresh", run_name="__main__")
    assert [run.__module__ for run in given] == 2 * ["proofs_checks.fresh"]

"""Cards, a page a function, a gallery for whoever does not see it; and whether the built pages are whole."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

import lrtheory
from lrtheory.bounds.reporting.markdown import plain
from tests.rules.public_names import public_names, system_modules


def test_cards_name_functions_that_exist(part: Any) -> None:
    asked = part("pages.start").asked()
    assert {one["system"] for one in asked} == set(lrtheory.SYSTEMS)
    for one in asked:
        module = importlib.import_module(f"lrtheory.{one['system']}")
        for name in one["begin"]:
            value: Any = module
            for step in name.split("."):
                value = getattr(value, step)
            assert callable(value), name


def test_a_system_without_a_question_gets_a_card_of_its_docstring(part: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    start = part("pages.start")
    monkeypatch.setattr(start, "facts", lambda system: {})
    assert [one["system"] for one in start.asked()] == list(lrtheory.SYSTEMS)
    first = start.asked()[0]
    assert first["asks"] == "alpha-Rank"
    assert first["answer"] == "Which strategies survive, and how many games one must watch to know."


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_every_public_function_has_one_page(part: Any, system: str) -> None:
    entries = part("pages.functions").entries
    found = entries(system)
    shown = [inspect.unwrap(_named(entry.full)) for entry in found]
    # a class of the core may have its page with another system that shows it, too
    everywhere = [_named(entry.full) for one in lrtheory.SYSTEMS for entry in entries(one) if entry.is_class]
    for prefix, module in system_modules(system):
        for name in public_names(module):
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isroutine(value):
                core = inspect.isclass(value) and value.__module__.startswith("lrtheory._")
                among = everywhere if core else shown
                assert sum(one is inspect.unwrap(value) for one in among) == 1, f"{prefix}{name}"
    pages = [entry.page.lower() for entry in found]
    assert len(set(pages)) == len(pages)
    assert all(entry.summary.endswith((".", "?")) for entry in found)


def _named(full: str) -> Any:
    module, _, name = full.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_pictures_speak_in_sentences(part: Any) -> None:
    picture = part("pages.gallery").Picture("toy", "line", "a line rises", ("it never falls",))
    assert ":alt: A line rises.\n" in picture.figure()
    assert "   - It never falls.\n" in picture.figure()


def test_lost_links_and_things_from_elsewhere_are_seen(part: Any, tmp_path: Path) -> None:
    links = part("links")
    (tmp_path / "a.html").write_text('<a href="b.html#x">b</a><a href="https://else.org">e</a>', encoding="utf-8")
    (tmp_path / "b.html").write_text('<p id="x"></p>', encoding="utf-8")
    assert links.broken(tmp_path) == []
    (tmp_path / "b.html").write_text(
        '<script src="https://else.org/math.js"></script><a href="c.html">', encoding="utf-8"
    )
    assert links.broken(tmp_path) == [
        "a.html -> b.html#x",
        "b.html fetches https://else.org/math.js",
        "b.html -> c.html",
    ]


def test_the_page_of_a_theorem_has_all_that_a_reviewer_asks(part: Any) -> None:
    theorems, evidence = part("pages.theorems"), part("pages.evidence")
    (statement,) = lrtheory.statements("continual_learning/RL-6")
    beside = part("pages.lectures").formulas_beside("continual_learning")[statement.id]
    page = theorems.theorem(statement, beside, evidence.entries("continual_learning")[statement.id])
    for due in (":math:`G_t`", statement.tex, "distance_range(", ":math:`M_0`\\  + \\ :math:`S_t`", "solve=solve"):
        assert due in page
    assert all(one.name in page for one in statement.saboteurs)
    assert page.index("Formulas and proofs") < page.index("Both sides") < page.index("How it was tried")


def test_entries_of_the_evidence_are_read(part: Any) -> None:
    evidence = part("pages.evidence")
    body = (
        "- both sides: left 8, right 9 ± 2e-16; slack 1, at `a:always-0`\n- tightness: 1\n"
        "- replay: `lrtheory check x`\n"
        "- saboteurs:\n  - *the wording of the source*: a: b: left -1/2, right 0, at `a:1`\n  - silent: no outcome\n"
    )
    found = evidence.entry(body)
    assert found.ours == evidence.Caught("", "8", "9 ± 2e-16", "`a:always-0`")
    assert found.caught[0] == evidence.Caught("the wording of the source: a: b", "-1/2", "0", "`a:1`")
    assert found.caught[1] == evidence.Caught("silent", where="no outcome")
    assert found.replay == "lrtheory check x"
    assert found.tried == ["tightness: 1"]


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_every_saboteur_is_found_in_the_evidence(part: Any, system: str) -> None:
    found = part("pages.evidence").entries(system)
    for statement in lrtheory.statements(f"{system}/*"):
        names = [one.name.removeprefix("the wording of the source: ") for one in found[statement.id].caught]
        assert names == [plain(one.name) for one in statement.saboteurs], statement.id


def test_sides_are_drawn_against_the_right_one(part: Any) -> None:
    theorems, caught = part("pages.theorems"), part("pages.evidence").Caught
    assert theorems.quotient(caught("", "1/2", "2")) == 0.25
    assert theorems.quotient(caught("", "1", "0.5 ± 1e-9")) == 2
    assert theorems.quotient(caught("", "-1", "1")) is None
    assert theorems.quotient(caught("", "1", "0")) is None
    (svg,) = theorems.picture([caught("", "1", "2"), caught("wrong", "3", "2")])
    assert svg.count('class="ours"') == svg.count('class="saboteur"') == 1
    assert theorems.picture([caught("", "-1", "1")]) == []

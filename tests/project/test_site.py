"""The pages: cards, a page a function, a gallery for whoever does not see it, formulas and names; and what is whole."""

from __future__ import annotations

import importlib
import inspect
import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import lrtheory
from tests.backends import missing
from tests.rules.walk import ROOT, public_names, system_modules


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the folder docs, by name; what it needs may not be installed."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))

    def load(name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except ImportError as error:
            return missing("docs", f"{error}; pip install 'lrtheory[docs]'")

    return load


# --- what is made ----------------------------------------------------------------------------------------------------


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
    monkeypatch.setattr(start, "questions", lambda: {"question": [], "titles": {}})
    assert [one["system"] for one in start.asked()] == list(lrtheory.SYSTEMS)
    first = start.asked()[0]
    assert first["asks"] == "alpha-Rank"
    assert first["answer"] == "Which strategies survive, and how many games one must watch to know."


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_every_public_function_has_one_page(part: Any, system: str) -> None:
    found = part("pages.functions").entries(system)
    shown = [inspect.unwrap(_named(entry.full)) for entry in found]
    for prefix, module in system_modules(system):
        for name in public_names(module):
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isroutine(value):
                assert sum(one is inspect.unwrap(value) for one in shown) == 1, f"{prefix}{name}"
    pages = [entry.page.lower() for entry in found]
    assert len(set(pages)) == len(pages)
    assert all(entry.summary.endswith((".", "?")) for entry in found)


def _named(full: str) -> Any:
    module, _, name = full.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_the_page_about_files_comes_with_its_section(part: Any) -> None:
    start = part("pages.start")
    assert start.section("I have a file", "# a\n\n## I have a file\n\n| x |\n\n## b\n") == "# I have a file\n\n| x |\n"
    assert start.section("I have a file", "# a\n\n## b\n") == ""
    assert ["about/files" in start.contents(there) for there in (True, False)] == [True, False]


def test_pictures_speak_in_sentences(part: Any) -> None:
    picture = part("pages.gallery").Picture("toy", "line", "a line rises", ("it never falls",))
    assert ":alt: A line rises.\n" in picture.figure()
    assert "   - It never falls.\n" in picture.figure()


# --- formulas and names ----------------------------------------------------------------------------------------------


def test_every_formula_of_a_statement_can_be_set(part: Any) -> None:
    formulas = part("extensions.formulas")
    for statement in lrtheory.statements():
        # XML knows five names of letters, and HTML many
        named = re.sub(
            r"&(?!amp|lt|gt|quot)\w+;", lambda found: unescape(found[0]), formulas.mathml(statement.tex, block=True)
        )
        tree = ElementTree.fromstring(named)
        assert tree.get("aria-label") == statement.tex
        assert "".join(tree.itertext()).strip(), statement.id
    with pytest.raises(ValueError, match="`tex` must be TeX"):
        formulas.mathml(r"\nosuchcommand{x}", block=False)


def test_the_font_has_the_letters_and_the_measures(part: Any, tmp_path: Path) -> None:
    formulas = part("extensions.formulas")
    (tmp_path / "page.html").write_text("<p>Ω</p><math><mi>x</mi><mo>&#8721;</mo></math>", encoding="utf-8")
    assert formulas.letters(tmp_path) == {"x", "∑"}
    formulas.write_font(tmp_path / "font.woff", {"∑"})
    from fontTools.ttLib import TTFont

    with TTFont(tmp_path / "font.woff") as font:
        assert "MATH" in font
        assert {0x2211, 0x1D465} <= set(font.getBestCmap())  # a sum, and the slanted x as which a browser sets x
        assert 0x2A0C not in font.getBestCmap()
    assert (tmp_path / "font.woff").stat().st_size < 150_000


OBJECTS = {
    name: SimpleNamespace(objtype=kind)
    for name, kind in {
        "lrtheory.alpha_rank.elo": "function",
        "lrtheory.alpha_rank.EloResult": "class",
        "lrtheory.alpha_rank.theory.hoeffding_radius": "function",
        "lrtheory.bounds.Statement": "class",
        "lrtheory.check": "function",
    }.items()
}


@pytest.mark.parametrize(
    ("name", "module", "full"),
    [
        ("elo", "lrtheory.alpha_rank", "lrtheory.alpha_rank.elo"),
        ("elo", "lrtheory.alpha_rank.theory", "lrtheory.alpha_rank.elo"),
        ("theory.hoeffding_radius", "lrtheory.alpha_rank", "lrtheory.alpha_rank.theory.hoeffding_radius"),
        ("hoeffding_radius", "lrtheory.alpha_rank", "lrtheory.alpha_rank.theory.hoeffding_radius"),
        ("alpha_rank.elo", None, "lrtheory.alpha_rank.elo"),
        ("EloResult.ratings", "lrtheory.alpha_rank", "lrtheory.alpha_rank.EloResult"),
        ("check", "lrtheory.alpha_rank", "lrtheory.check"),
        ("Statement", None, "lrtheory.bounds.Statement"),
        ("EloResult.nothing", "lrtheory.alpha_rank", None),
        ("elo", "lrtheory.matrix_completion", None),
        ("elo(table)", "lrtheory.alpha_rank", None),
        ("make_...", "lrtheory.alpha_rank", None),
    ],
)
def test_names_lead_where_they_should(part: Any, name: str, module: str | None, full: str | None) -> None:
    found = part("extensions.names").find(name, module, OBJECTS)
    assert (found and found[0]) == full


def test_parameters_are_known(part: Any) -> None:
    names = part("extensions.names")
    assert {"lower", "epsilon"} <= names.parameters("lrtheory.alpha_rank.ranking_intervals")
    assert "ratings" in names.parameters("lrtheory.alpha_rank.EloResult")
    assert names.parameters("lrtheory.nothing.there") == set()


def test_initials_stay_and_proofs_move(part: Any) -> None:
    proofs = part("extensions.proofs")
    lines = [".. [1] M. Rowland et al.", ".. [2] Classical."]
    proofs.initials_as_letters(None, "", "", None, None, lines)
    assert lines == [".. [1] \\M. Rowland et al.", ".. [2] Classical."]
    lines = ["Sum.", "", "Proof", "-----", "It follows.", "", "Notes", "-----", "Old.", "", "Examples", "--------", "1"]
    proofs.proofs_as_paragraphs(None, "", "", None, None, lines)
    assert "Proof" not in lines
    assert lines.index("Notes") < lines.index("Old.") < lines.index("**Proof.**") < lines.index("Examples")


# --- what is whole ---------------------------------------------------------------------------------------------------


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

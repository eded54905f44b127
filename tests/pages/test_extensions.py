"""Formulas, names in backticks, and docstrings, as Sphinx is taught to read them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lrtheory
from lrtheory.bounds.statement.letters import letters


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
    assert {"lower", "perturbation"} <= names.parameters("lrtheory.alpha_rank.ranking_intervals")
    assert "ratings" in names.parameters("lrtheory.alpha_rank.EloResult")
    assert names.parameters("lrtheory.nothing.there") == set()
    assert names.returns("lrtheory.alpha_rank.ranking_intervals") == "RankingIntervals"
    assert names.returns("lrtheory.nothing.there") == ""


def test_initials_stay_and_proofs_move(part: Any) -> None:
    proofs = part("extensions.proofs")
    lines = [".. [1] M. Rowland et al.", ".. [2] Classical."]
    proofs.initials_as_letters(None, "", "", None, None, lines)
    assert lines == [".. [1] \\M. Rowland et al.", ".. [2] Classical."]
    lines = ["Sum.", "", "Proof", "-----", "It follows.", "", "Notes", "-----", "Old.", "", "Examples", "--------", "1"]
    proofs.proofs_as_paragraphs(None, "", "", None, None, lines)
    assert "Proof" not in lines
    assert lines.index("Notes") < lines.index("Old.") < lines.index("**Proof.**") < lines.index("Examples")


def test_letters_of_every_sentence_can_be_set(part: Any) -> None:
    formulas = part("extensions.formulas")
    found = {text for one in lrtheory.statements() for text, is_tex in letters(one.says) if is_tex}
    assert len(found) > 400
    for text in found:
        formulas.mathml(text, block=False)


def test_navigation_is_made_once_a_folder_where_a_page_stands_in_no_table(part: Any) -> None:
    navigation, made = part("extensions.navigation"), []
    metadata = {"a/x": {"orphan": ""}, "a/y": {"orphan": ""}, "b/z": {"orphan": ""}, "a/other": {}}
    app = SimpleNamespace(env=SimpleNamespace(metadata=metadata))
    for name in metadata:
        context = {"toctree": lambda name=name, **options: made.append(name) or name}
        navigation.kept(app, name, "page.html", context, None)
        shown = context["toctree"](collapse=False)
        assert shown == {"a/y": "a/x"}.get(name, name)
    assert made == ["a/x", "b/z", "a/other"]

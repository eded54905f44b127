"""Certificates: what is written, and what is refused before Coq is asked."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lrtheory._front import statements
from lrtheory.bounds import (
    Proof,
    Statement,
    StatementError,
    defects,
    saboteur,
)
from lrtheory.bounds import check as check_statement
from lrtheory.bounds.deciding.verdict import contradictions
from lrtheory.bounds.session import Session
from lrtheory.bounds.trust.certificates import coq
from lrtheory.bounds.trust.certificates.certificate import certificates
from lrtheory.bounds.trust.certificates.writing import checked, with_proofs, write
from tests.bounds.sets.squares import TEXT, arguments, squared, toy


def test_equal_statements_give_equal_bytes(folder: Path, tmp_path: Path) -> None:
    write(certificates(toy(tmp_path / "author")), tmp_path / "again")
    for path in folder.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(folder)).read_bytes()
    names = {row["file"] for row in json.loads((folder / "MANIFEST.json").read_text())["files"]}
    assert names == {"toy.v", "toy_anchors.v", *(f"wrong/toy_{x}.v" for x in ("three_times", "no_one"))} | {
        "wrong/toy_three_times_refuted.v"
    }


def test_anchors_have_the_sides_that_the_claim_computes(folder: Path) -> None:
    text = (folder / "toy_anchors.v").read_text()
    assert "hypotheses 1 2 /\\\n  lhs 1 2 = (2) /\\\n  rhs 1 2 = (2)." in text
    assert "hypotheses 1 1 /\\" in (folder / "wrong/toy_no_one.v").read_text()


def test_a_proof_is_not_proved_before_a_checker_has_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = toy(tmp_path)
    assert defects(statement) == []
    evidence = check_statement(statement, Session())
    assert evidence.verdict == "supported"
    assert [(one["how"], one["verdict"]) for one in evidence.sets] == [("proof", "not checked here")]
    assert dict(evidence.lines())["proof"] == "every number: the rule (not checked here)"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert with_proofs(evidence, statement) is evidence
    for forged in ({"how": "proved"}, {"checker": "Coq"}, {"verdict": "supported"}):
        told = evidence.to_dict() | {"sets": [dict(evidence.sets[0]) | forged]}
        assert any("does not say what proved it" in clause for clause in contradictions(told)), forged


def test_without_coq_it_says_so_and_that_is_an_error_where_coq_is_required(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert checked(folder) == 0
    assert "written, not checked: no coqc" in capfd.readouterr().out
    assert checked(folder, require="coq") == 1


REFUSED: list[tuple[str, str, str]] = [
    ("nra. Qed.", "Admitted.", "the word 'Admitted'"),
    ("Ltac impossible", "Notation two := 2.\nLtac impossible", "the word 'Notation'"),
    ("(* --- proof --- *)\n", "", "not a head, definitions and a proof"),
    ("Definition rhs", "\n".join(f"Definition a{i} := 1." for i in range(40)) + "\nDefinition rhs", "than 40 lines"),
    ("Definition lhs", "Definition two := 2 * x.\nDefinition lhs", "does not stand once"),
    ("(* --- theorem --- *)\n", "", "has no line"),
]


@pytest.mark.parametrize(("right", "other", "sentence"), REFUSED)
def test_a_text_that_is_not_in_order_is_not_written(right: str, other: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(StatementError, match=sentence):
        certificates(toy(tmp_path, TEXT.replace(right, other)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"anchor": lambda number, answer: arguments(number, answer) if number < 4 else {}}, "fewer than 5"),
        ({"anchor": lambda number, answer: {0: "1 2"}}, "fewer than 5"),
        ({"anchor": lambda number, answer: {} if number == 1 else arguments(number, answer)}, "no anchor is tight"),
    ],
)
def test_anchors_are_many_and_one_is_tight(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(StatementError, match=sentence):
        certificates(toy(tmp_path, **changes))


def test_another_head_is_refused(tmp_path: Path) -> None:
    statement = toy(tmp_path)
    text = (tmp_path / "toy.v").read_text()
    (tmp_path / "toy.v").write_text(text.replace("twice the number", "thrice the number"))
    with pytest.raises(StatementError, match="does not begin with"):
        certificates(statement)


def test_a_saboteur_that_nothing_sees_must_be_called_so(tmp_path: Path) -> None:
    statement = toy(tmp_path, wrong=())
    assert defects(statement) == ["the proof for every number: no wrong file stands for the saboteur 'three times'"]
    blind = dataclasses.replace(statement, saboteurs=(saboteur("the same", solve=lambda x, rng: squared(x, rng)),))
    with pytest.raises(StatementError, match="changes no anchor"):
        certificates(blind)


@pytest.mark.parametrize("word", ["Admitted", "Axiom", "Unset", "Load", "bypass_check", "Notation", "#[global]"])
def test_forbidden_words_are_seen_in_comments_too(word: str) -> None:
    assert coq.forbidden(f'(* " *) {word} (* " *)')
    assert not coq.forbidden("Set Implicit Arguments. (* admits, axiomatic *)")
    assert coq.forbidden("Set Printing All")


def test_bytes_that_differ_from_the_manifest_are_refused(folder: Path) -> None:
    (folder / "toy.v").write_text((folder / "toy.v").read_text() + " ")
    with pytest.raises(coq.Refused, match="other bytes"):
        coq.check(folder, "coqc")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text.replace('"format": 1', '"format": 2'), "format"),
        (lambda text: text.replace('"format": 1', '"format": 1, "format": 1'), "key twice"),
        (lambda text: text.replace('"kind": "theorem"', '"kind": "library"'), "no theorem"),
        (lambda text: text.replace('"file": "toy.v"', '"file": "../toy.v"'), "outside"),
        (lambda text: text.replace('"file": "wrong/toy_no_one.v"', '"file": "toy.v"'), "twice"),
    ],
)
def test_a_manifest_that_is_not_whole_is_refused(change: Callable[[str], str], sentence: str, folder: Path) -> None:
    path = folder / "MANIFEST.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(coq.Refused, match=sentence):
        coq.check(folder, "coqc")


def test_a_file_that_is_not_in_the_manifest_is_refused(folder: Path) -> None:
    (folder / "more.v").write_text("")
    with pytest.raises(coq.Refused, match="does not stand in"):
        coq.check(folder, "coqc")


HELD = {one.id: one for one in statements() if any(isinstance(each, Proof) for each in one.for_all)}


def test_the_files_in_the_repository_are_those_that_are_made(tmp_path: Path) -> None:
    places: dict[Path, list[Statement]] = {}
    for one in HELD.values():
        for place in {each.file.parent for each in one.for_all if isinstance(each, Proof)}:
            places.setdefault(place, []).append(one)
    assert places
    for place, found in places.items():
        made = tmp_path / place.parent.name
        write((each for one in found for each in certificates(one)), made)
        # what must be rejected follows from the rest, so that its digests are kept and not its text
        ours = {
            p.relative_to(made) for p in made.rglob("*.*") if p.suffix in (".v", ".json") and p.parent.name != "wrong"
        }
        kept = {p.relative_to(place) for p in place.rglob("*.*") if p.suffix in (".v", ".json")}
        told = f"write them anew by `write`, as here, and copy them to {place}, without `wrong`"
        assert ours == kept, told
        assert all((made / name).read_bytes() == (place / name).read_bytes() for name in kept), told

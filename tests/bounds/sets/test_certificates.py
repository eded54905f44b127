"""Certificates: what Coq is asked, what is refused although it compiles, and that wrong files fail at their proofs."""

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
    Classical,
    Family,
    Inequality,
    Proof,
    Sides,
    Statement,
    StatementError,
    Wrong,
    defects,
    saboteur,
)
from lrtheory.bounds import check as check_statement
from lrtheory.bounds.deciding.verdict import contradictions
from lrtheory.bounds.session import Session
from lrtheory.bounds.trust.certificates import coq
from lrtheory.bounds.trust.certificates.certificate import certificates, head_of
from lrtheory.bounds.trust.certificates.writing import CHECKERS, checked, proved, with_proofs, write
from tests.backends import missing

TEXT = """\
From Coq Require Import Reals Lra.
Open Scope R_scope.

(* --- definitions and claim --- *)

Definition hypotheses (x y : R) : Prop := y = x * x + 1.

Definition lhs (x y : R) : R := 2 * x.

Definition rhs (x y : R) : R := y.

Definition claim : Prop := forall x y, hypotheses x y -> lhs x y <= rhs x y.

(* --- proof --- *)

Ltac holds := unfold hypotheses; lra.

Ltac impossible := lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; lra].

(* --- theorem --- *)

Theorem certified : claim.
Proof.
  intros x y H. unfold hypotheses in H. unfold lhs, rhs. assert (P := Rle_0_sqr (x - 1)). unfold Rsqr in P.
  nra. Qed.
"""
CLAIM = """\
toy.claim = forall x y : Rdefinitions.RbaseSymbolsImpl.R, toy.hypotheses x y ->
  Rdefinitions.Rle (toy.lhs x y) (toy.rhs x y) : Prop
"""


def squared(number: int, rng: Any) -> int:
    return number * number + 1


def too_small(number: int, rng: Any) -> int:
    return number * number


def twice(number: int, answer: Any, factor: int = 2) -> Sides:
    return Sides(factor * number, answer, least=-(10**9))


def arguments(number: int, answer: int) -> dict[int, str]:
    return {0: f"{number} {answer}"}


def three_times(number: int, answer: Any) -> Sides:
    return twice(number, answer, 3)


def toy(folder: Path, text: str = TEXT, **changes: Any) -> Statement:
    """A statement with a proof in a folder."""
    one = Proof(
        "every number",
        file=folder / "toy.v",
        anchor=arguments,
        about="the rule",
        wrong=(Wrong("three times", "2 * x", "3 * x"),),
    )
    one = dataclasses.replace(one, **changes)
    made = Statement(
        id="toys/squares",
        title="A square and one",
        says="A square and one is at least twice the number.",
        source=Classical("squares", "any textbook"),
        tex="2 x \\le x^2 + 1",
        hypotheses={"a number": lambda number: True},
        instances=Family("numbers", always=(0, 1, 2, 3, 4, 5), draw=lambda draws: draws.integers(0, 9)),
        for_all=(one,),
        solve=squared,
        claim=Inequality(twice),
        saboteurs=(saboteur("three times", claim=Inequality(three_times)), saboteur("no one", solve=too_small)),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "toy.v").write_text(head_of(made, one) + text)
    (folder / "toy.claim").write_text(CLAIM)
    return made


@pytest.fixture
def coqc(uses: Callable[[str], None]) -> str:
    """The compiler of Coq, without which nothing is proved."""
    found = shutil.which("coqc")
    if found is None:
        missing("coq", "there is no coqc (Debian: apt-get install coq)")
    uses("coq")
    return str(found)


def reports(folder: Path, coqc: str) -> dict[str, coq.Report]:
    return {one.file: one for one in coq.check(folder, coqc)}


def changed(folder: Path, name: str, change: Callable[[str], str]) -> None:
    """Exchange the text of a file, and its digest in the manifest."""
    text = change((folder / name).read_text())
    (folder / name).write_text(text)
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    for row in manifest["files"]:
        if row["file"] == name:
            row["sha256"] = coq.digest(text.encode())
        elif row["file"] != "toy.v":  # only what is needed, since each run of Coq takes a while
            (folder / row["file"]).unlink()
    manifest["files"] = [row for row in manifest["files"] if row["file"] in (name, "toy.v")]
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(certificates(toy(tmp_path / "author")), tmp_path / "made")
    return tmp_path / "made"


# --- without Coq -----------------------------------------------------------------------------------------------------


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
        made_files = {p.relative_to(made): p.read_bytes() for p in made.rglob("*.*") if p.name not in CHECKERS}
        made_files.pop(Path("README.md"))
        kept = {p.relative_to(place): p.read_bytes() for p in place.rglob("*.*") if p.suffix in (".v", ".json")}
        assert made_files == kept, f"write them anew: lrtheory certificates -o DIR, and copy those of {place}"


# --- with Coq --------------------------------------------------------------------------------------------------------


def test_coq_accepts_what_is_right_and_rejects_what_is_wrong(folder: Path, coqc: str) -> None:
    found = reports(folder, coqc)
    assert all(one.as_due for one in found.values()), found
    assert found["toy.v"].claim == " ".join(CLAIM.split())
    assert "Classical" in " ".join(found["toy.v"].axioms)
    assert found["wrong/toy_three_times.v"].said.startswith("rejected, as is due")


def test_what_coq_accepted_stands_in_evidence(tmp_path: Path, coqc: str) -> None:
    statement = toy(tmp_path)
    evidence = with_proofs(check_statement(statement, Session()), statement)
    (one,) = evidence.sets
    assert (one["how"], one["verdict"], one["anchors"]) == ("proved", "supported", 6)
    assert one["digest"] == coq.digest((tmp_path / "toy.v").read_bytes())
    assert dict(evidence.lines())["proved"].startswith("every number: the rule (Coq 8.20")
    assert not contradictions(evidence.to_dict())


MORE = "From Coq Require Import ClassicalEpsilon.\n"
LIES: list[tuple[str, str, Callable[[str], str], str]] = [
    ("admitted", "toy.v", lambda text: text.replace("nra. Qed.", "Admitted."), "toy.certified"),
    (
        "an axiom that is not on the list",
        "toy.v",
        lambda text: text.replace("Theorem certified", MORE + "Theorem certified").replace(
            "nra. Qed.",
            "destruct (constructive_indefinite_description (fun n => n = 0%nat)) as [n N]. eauto. nra. Qed.",
        ),
        "constructive_indefinite_description",
    ),
    (
        "the guard switched off",
        "toy.v",
        lambda text: text.replace(
            "Theorem certified",
            "Unset Guard Checking.\nFixpoint loop (n : nat) : False := loop n.\nTheorem certified",
        ).replace("nra. Qed.", "destruct (loop 0). Qed."),
        "rests on",
    ),
    (
        "a theorem of another claim",
        "toy.v",
        lambda text: text.replace(
            "Theorem certified : claim.", "Theorem certified : forall x y, hypotheses x y -> lhs x y <= rhs x y + 1."
        ),
        "not of its claim",
    ),
    (
        "another claim",
        "toy.v",
        lambda text: text.replace("lhs x y <= rhs x y.", "lhs x y - 1 <= rhs x y.", 1),
        "another claim",
    ),
    (
        "an anchor of another instance",
        "toy_anchors.v",
        lambda text: text.replace("rhs 2 5 = (5)", "rhs 2 5 = (10)"),
        "anchors",
    ),
    (
        "an anchor that says nothing",
        "toy_anchors.v",
        lambda text: text.replace(
            "  hypotheses 2 5 /\\\n  lhs 2 5 = (4) /\\\n  rhs 2 5 = (5).\nProof. anchored.", "  True.\nProof. exact I."
        ),
        "5 anchors",
    ),
    ("an anchor is lost", "toy_anchors.v", lambda text: text.replace("Example anchor_1", "Fact anchor_1"), "5 anchors"),
    (
        "definitions beside anchors",
        "toy_anchors.v",
        lambda text: text.replace("Example anchor_1 ", "Definition lhs (x y : R) := 0.\nExample anchor_1 "),
        "definitions of their own",
    ),
    (
        "a wrong file that is right",
        "wrong/toy_three_times.v",
        lambda text: text.replace("3 * x", "1 * x"),
        "Coq accepts it",
    ),
    (
        "a wrong file that does not parse",
        "wrong/toy_three_times.v",
        lambda text: text.replace("3 * x", "3 * )"),
        "before its proof",
    ),
    (
        "a wrong file without a type",
        "wrong/toy_three_times.v",
        lambda text: text.replace("3 * x", "3 * true"),
        "before its proof",
    ),
    (
        "a wrong file with another proof",
        "wrong/toy_three_times.v",
        lambda text: text.replace("nra. Qed.", "easy. Qed."),
        "elsewhere than in one place",
    ),
    (
        "a wrong file with a name that nothing has",
        "wrong/toy_three_times.v",
        lambda text: text.replace("3 * x", "x * x"),
        "Coq accepts it",
    ),
]


@pytest.mark.parametrize(("name", "change", "sentence"), [one[1:] for one in LIES], ids=[one[0] for one in LIES])
def test_a_lie_is_refused_although_the_manifest_has_its_digest(
    name: str,
    change: Callable[[str], str],
    sentence: str,
    folder: Path,
    coqc: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coq, "forbidden", lambda text: "")  # the words are not needed to see it
    before = (folder / name).read_text()
    changed(folder, name, change)
    assert (folder / name).read_text() != before
    found = reports(folder, coqc)[name]
    assert not found.as_due
    assert sentence in found.said


def test_a_folder_says_which_file_is_refused(folder: Path, coqc: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert checked(folder) == 0
    assert "rests on: Classical" in capfd.readouterr().out
    changed(folder, "toy.v", lambda text: text.replace("nra. Qed.", "Admitted."))
    assert checked(folder) == 1
    assert "NOT toy.v" in capfd.readouterr().out


def test_a_statement_whose_proof_fails_is_an_error(tmp_path: Path, coqc: str) -> None:
    with pytest.raises(StatementError, match=r"toy.v is refused"):
        proved(toy(tmp_path, TEXT.replace("nra.", "easy.")), coqc)

"""What Coq is asked, what is refused although it compiles, and that wrong files fail at their proofs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lrtheory.bounds import (
    StatementError,
)
from lrtheory.bounds import check as check_statement
from lrtheory.bounds.deciding.verdict import contradictions
from lrtheory.bounds.session import Session
from lrtheory.bounds.trust.certificates import coq
from lrtheory.bounds.trust.certificates.writing import checked, proved, with_proofs
from tests.bounds.sets.squares import CLAIM, TEXT, changed, reports, toy


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


def rewritten(folder: Path, **changes: tuple[str, str]) -> None:
    """Exchange a part of files, by their stems, with the digests in the manifest."""
    manifest = folder / "MANIFEST.json"
    for path in [path for path in folder.rglob("*.v") if path.stem in changes]:
        before = path.read_text()
        after = before.replace(*changes[path.stem], 1)
        assert after != before
        path.write_text(after)
        manifest.write_text(manifest.read_text().replace(coq.digest(before.encode()), coq.digest(after.encode())))


def test_what_was_compiled_stays_for_the_second_checker(folder: Path, coqc: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert all(one.as_due for one in coq.check(folder, coqc, kept))
    assert (kept / "asked.vo").exists()
    with pytest.raises(coq.Refused, match="exists"):
        coq.check(folder, coqc, kept)


def test_one_file_that_is_refused_takes_no_other_with_it(folder: Path, coqc: str) -> None:
    rewritten(folder, toy_anchors=("rhs 2 5 = (5)", "rhs 2 5 = (6)"), toy_three_times=("3 * x", "1 * x"))
    found = reports(folder, coqc)
    assert {name for name, one in found.items() if not one.as_due} == {"toy_anchors.v", "wrong/toy_three_times.v"}


def test_files_that_are_read_in_one_run_do_not_see_each_other(folder: Path, coqc: str) -> None:
    rewritten(
        folder,
        toy_three_times_refuted=("Theorem refuted", "Lemma helps : 0 = 0.\nProof. lra. Qed.\nTheorem refuted"),
        toy_anchors=("Proof. anchored. Qed.", "Proof. pose helps. anchored. Qed."),
    )
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    manifest["files"].sort(key=lambda row: row["kind"] == "anchors")  # they are read after what they name
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    found = reports(folder, coqc)
    assert {name for name, one in found.items() if not one.as_due} == {"toy_anchors.v"}
    assert "helps" in found["toy_anchors.v"].said

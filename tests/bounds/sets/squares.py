"""A toy with a proof: a square and one is at least twice the number."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lrtheory.bounds import (
    Classical,
    Family,
    Inequality,
    Proof,
    Sides,
    Statement,
    Wrong,
    saboteur,
)
from lrtheory.bounds.trust.certificates import coq
from lrtheory.bounds.trust.certificates.certificate import head_of

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

"""The files for one theorem: the author's text, instances of the family as anchors, and texts that must be rejected."""

from __future__ import annotations

import operator
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np

from lrtheory.bounds.arithmetic.exact import exactly
from lrtheory.bounds.claims import Identity, Inequality
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.running.patching import patched
from lrtheory.bounds.session import Session
from lrtheory.bounds.sets import Proof
from lrtheory.bounds.statement import Statement
from lrtheory.bounds.trust.certificates.coq import THEOREM, Refused, forbidden, parts

__all__ = ["AXIOMS", "Certificate", "certificates", "head_of"]

FEWEST = 5  # anchors, one of which is tight
MOST = 12  # anchors, which a reader can look through
#: what the real numbers of Coq rest on
AXIOMS = (
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "Classical_Prop.classic",
    "FunctionalExtensionality.functional_extensionality_dep",
)


@dataclass(frozen=True)
class Certificate:
    """A theorem and its proof as texts, which hold nothing that runs here.

    Attributes
    ----------
    id, words, about : str
        The statement, the set, and what the theorem is about.
    name : str
        Name of the file of the theorem, without its suffix.
    libraries : mapping of str to str
        Texts on which the others build, by their names.
    head, claim, proof : str
        The three parts of the file, as its author wrote them.
    printed : str
        The claim as Coq prints it; empty where nobody has looked.
    anchors : str
        Text of the instances on which code and theorem agree.
    n_anchors : int
        Number of anchors.
    wrong : mapping of str to tuple of str
        Files that must be rejected: for each name its text, and "claim", "anchors", or "against" for one that must be
        accepted, since it proves the negation of the wrong claim.
    axioms : tuple of str
        Axioms on which the proofs may rest.
    """

    id: str
    words: str
    about: str
    name: str
    libraries: Mapping[str, str]
    head: str
    claim: str
    proof: str
    printed: str
    anchors: str
    n_anchors: int
    wrong: Mapping[str, tuple[str, str]]
    axioms: tuple[str, ...] = AXIOMS


def certificates(statement: Statement) -> list[Certificate]:
    """Make the certificates of a statement; equal statements give equal texts.

    Parameters
    ----------
    statement : Statement
        Any statement.

    Returns
    -------
    list of Certificate
        One for each of its proofs.

    Raises
    ------
    StatementError
        If a file is not in its three parts, has a word that none may have, another head than is due, fewer than five
        anchors or no tight one; or if a saboteur changes no anchor.
    """
    return [_certificate(statement, one) for one in statement.for_all if isinstance(one, Proof)]


def head_of(statement: Statement, one: Proof) -> str:
    """The first part of a file: which statement, what it says, of what, and what the theorem is about."""
    told = f"{statement.id}: {statement.title}. {statement.says} Of {one.words}: {one.about}."
    return "(* " + "\n   ".join(textwrap.wrap(told, 112)) + " *)\n"


def _certificate(statement: Statement, one: Proof) -> Certificate:
    text = one.file.read_text(encoding="ascii")
    place = f"{statement.id}, {one.file.name}"
    try:
        head, claim, proof = parts(text)
    except Refused as error:
        raise StatementError(f"{place}: {error}") from None
    if not head.startswith(head_of(statement, one)):
        raise StatementError(f"{place}: it does not begin with\n{head_of(statement, one)}")
    libraries = _libraries(one, text)
    for name, each in ((one.file.name, text), *libraries.items()):
        if forbidden(each):
            raise StatementError(f"{place}: {name} has the word {forbidden(each)!r}")
    name, printed = one.file.stem, one.file.with_suffix(".claim")
    modules = [*(each.removeprefix("lib/").removesuffix(".v") for each in libraries), name]
    anchors = _anchors(statement, one)
    _demand_anchors(place, anchors)
    return Certificate(
        id=statement.id,
        words=one.words,
        about=one.about,
        name=name,
        libraries=libraries,
        head=head,
        claim=claim,
        proof=proof,
        printed=" ".join(printed.read_text().split()) if printed.is_file() else "",
        anchors=_examples(modules, head_of(statement, one), anchors),
        n_anchors=len(anchors),
        wrong=_wrong(statement, one, (head, claim, proof), modules, anchors),
    )


def _libraries(one: Proof, text: str) -> dict[str, str]:
    """The libraries beside the file that it names."""
    asked = re.findall(r"^From Certificates Require Import ([\w ]+)\.", text, re.MULTILINE)
    names = [name for line in asked for name in line.split()]
    return {f"lib/{name}.v": (one.file.parent / "lib" / f"{name}.v").read_text(encoding="ascii") for name in names}


# --- anchors ---------------------------------------------------------------------------------------------------------

Anchor = tuple[str, str, Fraction, Fraction]  # label, arguments, both sides


def _anchors(statement: Statement, one: Proof) -> list[Anchor]:
    """Fixed instances with the answers of the solver, and both sides as the claim computes them in exact numbers."""
    found: list[Anchor] = []
    session, claim = Session(), cast(Inequality | Identity, statement.claim)  # no other claim has a proof
    for label, instance in statement.instances.fixed():
        outcome = session.run(statement, instance)
        for entry, arguments in one.anchor(instance, outcome).items():
            with patched(statement.patch):
                sides = claim.sides(*(exactly(each, Fraction) for each in (instance, outcome)))
            both = np.broadcast_arrays(*(np.array(side, object) for side in (sides.lhs, sides.rhs)))
            lhs, rhs = map(np.ravel, both)
            if entry < lhs.size:  # the sides of a wrong answer may be fewer
                found.append((label, arguments, _exact(lhs[entry]), _exact(rhs[entry])))
    return found[:MOST]


def _exact(number: Any) -> Fraction:
    return number if isinstance(number, Fraction) else Fraction(float(number))


def _demand_anchors(place: str, anchors: list[Anchor]) -> None:
    if len({arguments for _, arguments, _, _ in anchors}) < FEWEST:
        raise StatementError(f"{place}: it has fewer than {FEWEST} different anchors")
    if not any(lhs == rhs for _, _, lhs, rhs in anchors):
        raise StatementError(f"{place}: no anchor is tight")


def _examples(names: list[str], head: str, anchors: list[Anchor]) -> str:
    """The anchors as a file: that the hypotheses hold, and what both sides are."""
    lines = [f"{head}From Coq Require Import Reals NArith ZArith List.\n"]
    lines += [f"From Certificates Require Import {' '.join(names)}.\n", "Import ListNotations.\nOpen Scope R_scope.\n"]
    for number, (label, arguments, lhs, rhs) in enumerate(anchors, start=1):
        claim = f"hypotheses {arguments} /\\\n  lhs {arguments} = {_real(lhs)} /\\\n  rhs {arguments} = {_real(rhs)}"
        lines.append(f"\n(* {label} *)\nExample anchor_{number} :\n  {claim}.\nProof. anchored. Qed.\n")
    return "".join(lines)


def _real(number: Fraction) -> str:
    text = str(number.numerator) if number.denominator == 1 else f"{number.numerator} / {number.denominator}"
    return f"({text})"


# --- what must be rejected -------------------------------------------------------------------------------------------


def _wrong(
    statement: Statement, one: Proof, text: tuple[str, str, str], modules: list[str], anchors: list[Anchor]
) -> dict[str, tuple[str, str]]:
    """The texts that must be rejected, and those that prove the negation of a wrong claim."""
    head, claim, proof = text
    found: dict[str, tuple[str, str]] = {}
    for each in one.wrong:
        if claim.count(each.right) != 1 or each.right == each.wrong:
            raise StatementError(f"{statement.id}: {each.right!r} does not stand once in the claim of {one.file.name}")
        name, wrong = f"wrong/{one.file.stem}_{_slug(each.saboteur)}", claim.replace(each.right, each.wrong)
        told = f"{head}(* Wrong on purpose: {each.saboteur}. *)\n"
        found[f"{name}.v"] = (told + wrong + proof, "claim")
        instance = each.against() if each.against else _counterexample(statement, one, each.saboteur)
        if instance:
            before, mark, _ = proof.partition(THEOREM)
            if not mark:
                raise StatementError(f"{statement.id}: {one.file.name} has no line {THEOREM}")
            found[f"{name}_refuted.v"] = (told + wrong + before + _REFUTED.format(instance), "against")
    for saboteur in statement.saboteurs:
        blind = saboteur.name in one.invisible or saboteur.breaks is not None or "instances" in saboteur.changes
        if blind or not {"solve", "patch"} & set(saboteur.changes):
            continue
        answers = _anchors(statement.sabotaged(saboteur.name), one)
        if answers == anchors or not answers:
            raise StatementError(f"{statement.id}: {saboteur.name!r} changes no anchor, and is not called invisible")
        changed = [each for each in answers if each not in anchors] or answers
        told = f"{head_of(statement, one)}(* Answers of a wrong solver: {saboteur.name}. *)\n"
        found[f"wrong/{one.file.stem}_{_slug(saboteur.name)}.v"] = (_examples(modules, told, changed), "anchors")
    return found


_REFUTED = """\
Theorem refuted : ~ claim.
Proof.
  intro wrong.
  assert (one : hypotheses {0}) by holds.
  apply wrong in one. unfold lhs, rhs in one. revert one. impossible.
Qed.
"""


def _counterexample(statement: Statement, one: Proof, saboteur: str) -> str:
    """The arguments of the first instance that contradicts the claim of a saboteur; empty where none is known."""
    if saboteur not in {each.name for each in statement.saboteurs}:
        return ""
    wrong = statement.sabotaged(saboteur)
    is_wrong = operator.ne if cast(Inequality | Identity, wrong.claim).equality else operator.gt
    for _, arguments, lhs, rhs in _anchors(wrong, one):
        if is_wrong(lhs, rhs):
            return arguments
    return ""


def _slug(words: str) -> str:
    return re.sub(r"\W+", "_", words.lower(), flags=re.ASCII).strip("_")

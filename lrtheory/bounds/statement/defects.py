"""The demands on a statement before anything is measured: that it says itself, has instances, and can be refuted."""

from __future__ import annotations

import re

from lrtheory._validation import must
from lrtheory.bounds.claims import Recorded
from lrtheory.bounds.families import SET
from lrtheory.bounds.provenance.sources import Derived, proof_of
from lrtheory.bounds.running.encoding import digest
from lrtheory.bounds.sets import All, Box, Coins, Dual, Generic, Proof
from lrtheory.bounds.statement.statement import Statement

__all__ = ["defects"]


def defects(statement: Statement) -> list[str]:
    """List what a statement lacks; the tests demand an empty list.

    Parameters
    ----------
    statement : Statement
        Any statement.

    Returns
    -------
    list of str
        One sentence for each defect.

    Raises
    ------
    TypeError
        If `statement` is not a statement, such as an id.
    """
    if not isinstance(statement, Statement):
        raise must("statement", "a Statement", statement, TypeError)
    found = []
    if not re.fullmatch(r"[a-z][a-z0-9_.-]*/[A-Za-z0-9_.-]+", statement.id):
        found.append(
            "the id is not <system>/<item> of letters, digits, _, - and dots only, with a system in small letters"
        )
    if not (statement.title and statement.tex and statement.source):
        found.append("title, TeX or source is missing")
    if len(statement.says.split()) < 5 or not statement.says.isascii():
        found.append(
            "it does not say itself: `says` is a plain sentence in which the symbols of its formula are explained"
        )
    if isinstance(statement.source, Derived) and len(proof_of(statement.source).splitlines()) < 2:
        found.append(f"{statement.source.theory.__name__} has no section Proof of two lines or more")
    if isinstance(statement.claim, Recorded):
        return found
    if not statement.hypotheses:
        found.append("no hypothesis is named")
    # what is refuted as installed needs no saboteur to show that the check can refute; a repair shows that it can hold
    if not statement.saboteurs and statement.violated is None:
        found.append("there is no saboteur")
    changed = any("solve" in one.changes or "patch" in one.changes for one in statement.saboteurs)
    if not changed and statement.violated is None:
        found.append("no saboteur changes the solver")
    if statement.violated is not None and len(statement.violated.says.split()) < 4:
        found.append("`violated` does not say what goes wrong")
    if statement.repairs and statement.violated is None:
        found.append("it has a repair, and nothing is violated")
    found += _defects_of_instances(statement)
    found += _defects_of_sets(statement)
    unknown = [one.breaks for one in statement.saboteurs if one.breaks not in (None, *statement.hypotheses)]
    if unknown:
        found.append(f"saboteurs break hypotheses that are not there: {unknown}")
    # of a random claim lhs/rhs is an estimate, which no interval could be asserted of at any level
    if statement.instances.tight and statement.kind not in ("inequality", "identity"):
        found.append("a tight instance is asserted for inequalities and identities alone")
    if statement.kind == "rate" and any("patch" in one.changes for one in statement.saboteurs):
        found.append("a Rate is sabotaged by a patch, which is interpreted; use a compiled mutant as solve")
    return found


def _defects_of_sets(statement: Statement) -> list[str]:
    """A set shows that the claim holds on all of it if a wrong variant can fail there."""
    if not statement.for_all:
        return []
    due = Coins if statement.kind == "law" else (All, Box, Coins, Generic, Dual, Proof)
    if statement.kind not in ("inequality", "identity", "law") or not all(
        isinstance(one, due) and (getattr(one, "law", None) is None) == (statement.kind != "law")
        for one in statement.for_all
    ):
        return ["sets are covered for inequalities and identities, and by coins for laws"]
    seeing = [one.name for one in statement.saboteurs if one.breaks is None and "instances" not in one.changes]
    found = []
    for one in statement.for_all:
        if isinstance(one, Proof):
            found += _defects_of_proof(statement, one)
            continue
        unknown = [name for name in [*one.invisible, *getattr(one, "wrong", ())] if name not in seeing]
        if unknown:
            found.append(f"all {one.told}: no saboteur is measured there that is called {unknown[0]!r}")
        if all(name in one.invisible for name in seeing):
            found.append(f"all {one.told}: no saboteur fails there, so it shows nothing")
    return found


def _defects_of_proof(statement: Statement, one: Proof) -> list[str]:
    """Every saboteur that exchanges the claim has a wrong file; the others must change what the anchors say."""
    found = []
    named = {each.saboteur for each in one.wrong} | set(one.invisible)
    for each in statement.saboteurs:
        if "claim" in each.changes and each.breaks is None and each.name not in named:
            found.append(f"the proof for {one.told}: no wrong file stands for the saboteur {each.name!r}")
    unknown = [name for name in one.invisible if name not in {each.name for each in statement.saboteurs}]
    if unknown:
        found.append(f"the proof for {one.told}: there is no saboteur {unknown[0]!r}")
    if not one.file.is_file():
        found.append(f"the proof for {one.told}: there is no file {one.file.name}")
    return found


def _defects_of_instances(statement: Statement) -> list[str]:
    """A family meets instances that nobody has seen, or it has them all."""
    family, found = statement.instances, []
    # the name stands in labels, where json: begins a line that is no label
    if not re.fullmatch(r"[A-Za-z0-9_-]+", family.name) or family.name == "json":
        found.append(f"the family {family.name!r} is not named by letters, digits, - and _, or is called json")
    if not family.smallest():
        found.append(f"the family {family.name} has no smallest instance")
    if family.name.startswith(SET):
        found.append(f"the family {family.name!r} begins like the labels of members of sets")
    if family.of is not None and not family.complete:
        found.append(f"the family {family.name} counts what its members stand for, and does not say what is complete")
    if family.complete and family.draw is not None:
        found.append(f"the family {family.name} draws, and says that it is complete")
    if family.complete and len(list(family.fixed())) != family.members:
        found.append(f"the family {family.name} says that it has {family.members} members")
    elif family.complete and len({digest(instance) for _, instance in family.fixed()}) < family.members:
        found.append(f"the family {family.name} counts an instance twice among its {family.members} members")
    if statement.kind != "rate" and family.draw is None and not family.complete:
        found.append(f"the family {family.name} neither draws nor is complete")
    return found

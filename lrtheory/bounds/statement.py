"""A statement: hypotheses, two sides, and what would contradict it, in the order in which a theorem is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lrtheory._validation import must
from lrtheory.bounds.claims import Claim, Inequality, Probability, Recorded
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.families import Family
from lrtheory.bounds.provenance.origin import UNKNOWN, Origin
from lrtheory.bounds.provenance.sources import Derived, Source, proof_of
from lrtheory.bounds.running.patching import Patch

__all__ = ["Repair", "Saboteur", "Statement", "Violated", "always", "defects", "repair", "saboteur"]

Predicate = Callable[[Any], bool]


def always(instance: Any) -> bool:
    """The hypothesis that holds by construction of the instances."""
    return True


@dataclass(frozen=True)
class Saboteur:
    """A change under which the same check must answer `refuted`; made by `saboteur`."""

    name: str
    changes: Mapping[str, Any]
    breaks: str | None = None
    printed: bool = False


def saboteur(
    name: str,
    *,
    solve: Callable[..., Any] | None = None,
    claim: Claim | None = None,
    breaks: str | None = None,
    instances: Family | None = None,
    patch: tuple[Any, str, str] | None = None,
    printed: bool = False,
) -> Saboteur:
    """Name a wrong variant of a statement.

    Parameters
    ----------
    name : str
        What is wrong, in a few words.
    solve : callable or None
        A wrong solver.
    claim : Claim or None
        Too strong a claim.
    breaks : str or None
        The hypothesis that is dropped; the engine verifies that it is false on each of `instances`.
    instances : Family or None
        Where the sabotage shows, if not on the statement's own family.
    patch : tuple or None
        ``(kernel, old, new)``: one line of a kernel's source, replaced and interpreted.
    printed : bool
        Whether this is the paper's own wording; such saboteurs are the report's errata.

    Returns
    -------
    Saboteur
        To be listed in `Statement.saboteurs`.

    Raises
    ------
    StatementError
        If nothing is changed, or a hypothesis is dropped and not exactly the instances are given.
    """
    given = {"solve": solve, "claim": claim, "instances": instances, "patch": Patch(*patch) if patch else None}
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise StatementError(f"the saboteur {name!r} changes nothing")
    if breaks is not None and set(changes) != {"instances"}:
        raise StatementError(f"the saboteur {name!r} drops a hypothesis: it gives instances and changes nothing else")
    return Saboteur(name, changes, breaks, printed)


@dataclass(frozen=True)
class Violated:
    """The remark that a promise does not hold as installed, so that the verdict that is due is `refuted`.

    The day on which the promise holds, its test fails and says so.

    Attributes
    ----------
    says : str
        What goes wrong, in a sentence.
    reference : str
        Where it was reported, such as ``"networkx #8523"``; empty if it was not.
    """

    says: str
    reference: str = ""

    def __str__(self) -> str:
        return f"{self.says.rstrip('.')}{f' ({self.reference})' if self.reference else ''}."


@dataclass(frozen=True)
class Repair:
    """A change under which a statement that is false as installed must be supported; made by `repair`."""

    name: str
    changes: Mapping[str, Any]


def repair(name: str, *, patch: tuple[Any, str, str] | None = None, solve: Callable[..., Any] | None = None) -> Repair:
    """Name a change that mends what is wrong, the opposite of a saboteur; it shows where the error is.

    Parameters
    ----------
    name : str
        What is mended, in a few words.
    patch : tuple or None
        ``(function, old, new)``: one line of the source of a function, replaced.
    solve : callable or None
        A solver that does it right.

    Returns
    -------
    Repair
        To be listed in `Statement.repairs`.

    Raises
    ------
    StatementError
        If nothing is changed.
    """
    changes = {"solve": solve, "patch": Patch(*patch) if patch else None}
    changes = {field: value for field, value in changes.items() if value is not None}
    if not changes:
        raise StatementError(f"the repair {name!r} changes nothing")
    return Repair(name, changes)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A theorem, lemma or proof step as an object.

    Attributes
    ----------
    id : str
        ``<system>/<item>``: the system in small letters, digits, `_`, `-` and dots, beginning with a letter; the item
        also with capitals.
    title : str
        A few words.
    source : Paper, Derived, Classical, Documented or Measured
        Where it comes from.
    says : str
        The claim as a plain sentence, in which every symbol of its formula is explained.
    tex : str
        The claim as TeX.
    hypotheses : mapping of str to callable
        Named predicates of an instance.
    instances : Family
        Where it is checked.
    solve : callable
        What is under test: ``solve(instance, rng) -> outcome`` for deterministic claims, ``solve(instance, rng, n) ->
        outcomes`` for random ones. It returns what the algorithm returns; only the claim knows the truth.
    claim : Claim
        What is claimed of the outcome.
    saboteurs : tuple of Saboteur
        Wrong variants that the same check must refute.
    notes : str
        Vacuity, corrections, what the statement leaves open.
    decisions : tuple of str
        Paths of what the algorithm decides within its outcome (`forger.leaves`); everything else is a report, which
        must follow from the decisions.
    unread : mapping of str to str
        Paths that the claim does not look at, with the reason.
    closed : str
        Why no algorithm of a user's own can be put to the test: the claim is about a formula, or about counts that only
        our kernels make. Empty where one can.
    randomness : str
        Which random numbers the algorithm draws besides those of `rng`, such as "the library's own"; a replay then
        repeats the law and not the draws. Empty where there are none.
    violated : Violated or None
        For a promise that does not hold as installed: the sentence that says so. The verdict that is due is then
        `refuted`.
    repairs : tuple of Repair
        Changes under which the statement is supported.
    patch : Patch or None
        Set by `sabotaged` and `repaired` alone.
    sabotage, repair : str
        Name of the saboteur or of the repair in force; empty for the statement itself.
    origin : Origin
        Where the statement was found, set by the registry.
    """

    id: str
    title: str
    source: Source
    tex: str
    hypotheses: Mapping[str, Predicate]
    instances: Family
    solve: Callable[..., Any]
    claim: Claim
    saboteurs: tuple[Saboteur, ...] = ()
    notes: str = ""
    says: str = ""
    decisions: tuple[str, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    closed: str = ""
    randomness: str = ""
    violated: Violated | None = None
    repairs: tuple[Repair, ...] = ()
    patch: Patch | None = None
    sabotage: str = ""
    repair: str = ""
    origin: Origin = UNKNOWN

    @property
    def system(self) -> str:
        """The system whose statement this is."""
        return self.id.partition("/")[0]

    @property
    def kind(self) -> str:
        """The type of the claim, in lower case."""
        return type(self.claim).__name__.lower()

    @property
    def due(self) -> str:
        """The verdict without which a test of the statement fails."""
        if isinstance(self.claim, Recorded):
            return "recorded"
        return "refuted" if self.sabotage or self.violated is not None else "supported"

    def for_another_solver(self) -> Statement:
        """The statement decided by runs alone, since an exact probability is that of its own solver.

        Returns
        -------
        Statement
            Ready for another solver.
        """
        if not isinstance(self.claim, Probability):
            return self
        return replace(self, claim=replace(self.claim, exact=None))

    def sabotaged(self, name: str | int) -> Statement:
        """The statement with the fields exchanged that a saboteur exchanges.

        Parameters
        ----------
        name : str or int
            Name of one of the saboteurs, or its number in their order, counted from 1.

        Returns
        -------
        Statement
            A wrong statement.

        Raises
        ------
        KeyError
            If there is no such saboteur.
        """
        named: dict[str | int, Saboteur] = {one.name: one for one in self.saboteurs}
        found = named | dict(enumerate(self.saboteurs, start=1))
        if name not in found:
            raise KeyError(str(must("saboteur", "one of " + ", ".join(map(repr, named)) + ", or its number", name)))
        one = found[name]
        hypotheses = dict(self.hypotheses)
        # the dropped hypothesis is turned around, so that the engine sees that the instances do break it
        if one.breaks is not None:
            kept = hypotheses.pop(one.breaks)
            hypotheses[f"not: {one.breaks}"] = lambda instance: not kept(instance)
        changes = dict(one.changes)
        claim = changes.get("claim")
        # too strong a claim has the sides of the statement, so what can be said of their reach is the same
        if isinstance(claim, Inequality) and isinstance(self.claim, Inequality) and not claim.unbounded:
            changes["claim"] = replace(claim, unbounded=self.claim.unbounded)
        alone = replace(self._with_solver_of(changes), saboteurs=(), repairs=(), violated=None)
        return replace(alone, **changes, hypotheses=hypotheses, sabotage=one.name)

    def repaired(self, name: str) -> Statement:
        """The statement with what is wrong mended, which must be supported.

        Parameters
        ----------
        name : str
            Name of one of the repairs.

        Returns
        -------
        Statement
            A statement that holds.

        Raises
        ------
        KeyError
            If there is no repair of that name.
        """
        found = {one.name: one for one in self.repairs}
        if name not in found:
            raise KeyError(str(must("repair", "one of " + ", ".join(map(repr, found)), name)))
        changes = found[name].changes
        alone = replace(self._with_solver_of(changes), saboteurs=(), repairs=(), violated=None)
        return replace(alone, **changes, repair=name)

    # A claim may know the exact probability for the statement's own solver; for another one it would be a wrong number.
    def _with_solver_of(self, changes: Mapping[str, Any]) -> Statement:
        """The statement decided by runs alone where its solver is changed."""
        return self.for_another_solver() if {"solve", "patch"} & set(changes) else self


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
    """
    found = []
    if not re.fullmatch(r"[a-z][a-z0-9_.-]*/[A-Za-z0-9_.-]+", statement.id):
        found.append("the id is not <system>/<item> with letters, digits, _, - and dots only")
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
    unknown = [one.breaks for one in statement.saboteurs if one.breaks not in (None, *statement.hypotheses)]
    if unknown:
        found.append(f"saboteurs break hypotheses that are not there: {unknown}")
    names = [one.name for one in statement.saboteurs]
    if len(set(names)) < len(names):
        found.append("two saboteurs have one name")
    # of a random claim lhs/rhs is an estimate, which no interval could be asserted of at any level
    if statement.instances.tight and statement.kind not in ("inequality", "identity"):
        found.append("a tight instance is asserted for inequalities and identities alone")
    if statement.kind == "rate" and any("patch" in one.changes for one in statement.saboteurs):
        found.append("a Rate is sabotaged by a patch, which is interpreted; use a compiled mutant as solve")
    return found


def _defects_of_instances(statement: Statement) -> list[str]:
    """A family meets instances that nobody has seen, or it has them all."""
    family, found = statement.instances, []
    if not family.smallest():
        found.append(f"the family {family.name} has no smallest instance")
    if family.complete and family.draw is not None:
        found.append(f"the family {family.name} draws, and says that it is complete")
    if family.complete and len(list(family.fixed())) != family.members:
        found.append(f"the family {family.name} says that it has {family.members} members")
    if statement.kind != "rate" and family.draw is None and not family.complete:
        found.append(f"the family {family.name} neither draws nor is complete")
    return found

"""The class of statements, with its fields in the order in which a theorem is read."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.bounds.claims import Claim, Inequality, Probability, Recorded
from lrtheory.bounds.families import Family
from lrtheory.bounds.provenance.origin import UNKNOWN, Origin
from lrtheory.bounds.provenance.places import public_name
from lrtheory.bounds.provenance.sources import Source
from lrtheory.bounds.running.patching import Patch
from lrtheory.bounds.sets import Entry
from lrtheory.bounds.statement.card import card
from lrtheory.bounds.statement.fields import demand_fields
from lrtheory.bounds.statement.variants import Repair, Saboteur, Violated

__all__ = ["Statement", "always", "name_of"]

Predicate = Callable[[Any], bool]
_MEASURED = ("claim", "solve", "instances", "hypotheses")
_ALONE: Mapping[str, Any] = {"saboteurs": (), "repairs": (), "violated": None}  # fields of a variant
_WORDS = ("id", "title", "tex", "says", "source", "origin")


def always(instance: Any) -> bool:
    """The hypothesis that holds by construction of the instances."""
    return True


def name_of(solve: Callable[..., Any]) -> str:
    """The name of a function as a reader finds it: package, module, name.

    Parameters
    ----------
    solve : callable
        A function, a method, a partial of one, or an object that can be called.

    Returns
    -------
    str
        Dotted name such as ``mymodule.solver``; an object that can be called is named by its class.
    """
    inner: Any = solve
    while isinstance(inner, functools.partial):
        inner = inner.func
    inner = inner if hasattr(inner, "__qualname__") else type(inner)
    module = public_name(getattr(inner, "__module__", None) or "").removesuffix(".py")
    return f"{module}.{inner.__qualname__}".removeprefix(".")


def _turned(answer: Any) -> Any:
    """The contrary of a truth value; whatever else a hypothesis answers is left for the check to refuse."""
    return not answer if isinstance(answer, (bool, np.bool_)) else answer


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
        Source from which the claim is taken.
    says : str
        The claim as a plain sentence, in which every symbol of its formula is explained.
    tex : str
        The claim as TeX.
    hypotheses : mapping of str to callable
        Named predicates of an instance, each of which answers True or False.
    instances : Family
        Family of the instances on which the claim is checked.
    for_all : tuple of All, Box, Coins, Dual, Generic or Proof
        Sets on all of which the claim is decided too: listed ones, all positive numbers of a shape, all coins of a
        random algorithm, and polyhedra; and theorems for all sizes, which another program proves.
    solve : callable
        Algorithm or formula under test: ``solve(instance, rng) -> outcome`` for deterministic claims, ``solve(instance,
        rng, n) -> outcomes`` for random ones. It returns what the algorithm returns; only the claim knows the truth.
    claim : Claim
        Claim about the outcome.
    saboteurs : tuple of Saboteur
        Wrong variants that the same check must refute.
    notes : str
        Vacuity, corrections, what the statement leaves open.
    decisions : tuple of str
        Paths of what the algorithm decides within its outcome (`lies.leaves`); everything else is a report, which
        must follow from the decisions.
    unread : mapping of str to str
        Paths that the claim does not look at, with the reason.
    may_vary : mapping of str to str
        Paths where an outcome of another solver may have other lengths (of axes, lists, mappings) than that of the
        statement's own on the same instance, or None, with the reason: "the number of iterates is the solver's". Its
        form is the same everywhere else (`Statement.with_solver`).
    free : mapping of str to str
        Paths of numbers whose sign, or of truth values whose contrary, is as good an answer, with the reason: "the sign
        of a row is free". Both sides must then be the same for either; under a claim about chance, both supported.
    closed : str
        Reason why no algorithm of a user's own can be put to the test: the claim is about a formula, or about counts
        that only our kernels make. Empty where one can. Where the reason names a formula, evidence is about that.
    randomness : str
        Random numbers that the algorithm draws besides those of `rng`, such as "the library's own"; a replay then
        repeats the law and not the draws. Empty where there are none.
    violated : Violated or None
        For a promise that does not hold as installed: the sentence that says so. The verdict that is due is then
        `refuted`.
    repairs : tuple of Repair
        Changes under which the statement is supported.
    patch : Patch or None
        Set by `sabotaged` and `repaired` alone.
    reference : callable or None
        The statement's own solver, where another one is under test; set by `with_solver` and `sabotaged` alone.
    one_by_one : bool
        Whether each run of a claim about chance is a call of `solve` by itself, with n = 1 and a stream of its own; set
        by `with_solver` alone.
    sabotage, repair : str
        Name of the saboteur or of the repair in force; empty for the statement itself.
    origin : Origin
        Place of the statement, set by the registry.
    made_of : mapping or None
        The fields before `dataclasses.replace`, which sets it. What has the id of another statement and another claim,
        solver, family or hypotheses is titled "changed from" it, and has no origin; with another claim it has no `tex`,
        `says` and `source` either, since those describe the other one. What is given anew stays.

    Raises
    ------
    StatementError
        If a field is of another kind, or two saboteurs, or two repairs, have one name.
    """

    id: str
    title: str
    source: Source
    tex: str
    hypotheses: Mapping[str, Predicate]
    instances: Family
    for_all: tuple[Entry, ...] = ()
    solve: Callable[..., Any]
    claim: Claim
    saboteurs: tuple[Saboteur, ...] = ()
    notes: str = ""
    says: str = ""
    decisions: tuple[str, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    may_vary: Mapping[str, str] = field(default_factory=dict)
    free: Mapping[str, str] = field(default_factory=dict)
    closed: str = ""
    randomness: str = ""
    violated: Violated | None = None
    repairs: tuple[Repair, ...] = ()
    patch: Patch | None = None
    reference: Callable[..., Any] | None = None
    one_by_one: bool = False
    sabotage: str = ""
    repair: str = ""
    origin: Origin = UNKNOWN
    made_of: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        demand_fields(self)
        self._forget()
        kept = (*_WORDS, *_MEASURED)
        object.__setattr__(self, "made_of", {name: getattr(self, name) for name in kept})

    def _forget(self) -> None:
        """Drop the words that describe another statement, where `dataclasses.replace` has carried them over."""
        before = self.made_of
        if before is None or before["id"] != self.id:
            return
        changed = [name for name in _MEASURED if getattr(self, name) is not before[name]]
        if not changed:
            return
        blank = {"title": f"changed from {self.id}", "origin": UNKNOWN}
        blank |= {"tex": "", "says": "", "source": None} if "claim" in changed else {}
        for name, value in blank.items():
            if getattr(self, name) is before[name]:
                object.__setattr__(self, name, value)

    def _with(self, **changes: Any) -> Statement:
        """The statement with other fields, under its own words: a variant that evidence names as one."""
        return replace(self, made_of=None, **changes)

    def __repr__(self) -> str:
        return f"Statement({self.id!r}, {self.kind}: {self.title})"

    def _repr_html_(self) -> str:
        return card(self)

    @property
    def system(self) -> str:
        """The system whose statement this is."""
        return self.id.partition("/")[0]

    @property
    def kind(self) -> str:
        """The type of the claim, in lower case."""
        return type(self.claim).__name__.lower()

    @property
    def subject(self) -> str:
        """The subject of evidence about this statement, in words."""
        if (self.reference is not None or self.one_by_one) and not self.sabotage:
            return f"a solver of the caller's: {name_of(self.solve)}"
        return "a formula" if "formula" in self.closed else "the project's solver"

    @property
    def is_random(self) -> bool:
        """Whether the claim is about chance, so that `solve` takes a number of runs."""
        return self.kind in ("probability", "expectation", "law", "rate")

    @property
    def due(self) -> str:
        """The verdict without which a test of the statement fails."""
        if isinstance(self.claim, Recorded):
            return "recorded"
        return "refuted" if self.sabotage or self.violated is not None else "supported"

    def with_solver(self, solve: Callable[..., Any], *, one_by_one: bool = False) -> Statement:
        """The statement with another solver under test, whose outcomes must have the form of those of its own.

        The form is the containers, the shape of every array and the kind of every number (truth value, integer, real,
        complex) of what the statement's own solver returns on the same instance; an integer may stand for a real
        number. Numbers are finite. What is `violated` has no form, since its own solver is wrong.

        Parameters
        ----------
        solve : callable
            The other solver.
        one_by_one : bool
            Whether each run is a call by itself, so that runs are independent whatever the solver does with `n`.

        Returns
        -------
        Statement
            Decided by runs alone, since an exact probability is that of the statement's own solver.
        """
        return self._by_runs()._with(solve=solve, reference=self._form(), one_by_one=one_by_one and self.is_random)

    def honest(self) -> Statement:
        """The statement with its own solver under test, whatever stands in its place.

        Returns
        -------
        Statement
            The statement itself where no other solver does.
        """
        if self.reference is None:
            return self
        return self._with(solve=self.reference, reference=None, patch=None, one_by_one=False)

    def _by_runs(self) -> Statement:
        # A claim may know the exact probability for the statement's own solver; for another one it is a wrong number.
        if not isinstance(self.claim, Probability):
            return self
        return self._with(claim=replace(self.claim, exact=None))

    def _form(self) -> Callable[..., Any] | None:
        """The solver whose outcomes are of the form that is due."""
        return None if self.violated is not None else self.reference or self.solve

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
        if isinstance(name, bool) or name not in found:  # True equals 1, and is no number of a saboteur
            options = f"one of {', '.join(map(repr, named))}, or its number"
            rule = options if named else f"left out for {self.id}, which has no saboteur"
            raise KeyError(str(must("saboteur", rule, name)))
        one = found[name]
        hypotheses = dict(self.hypotheses)
        # the dropped hypothesis is turned around, so that the engine sees that the instances do break it
        if one.breaks is not None:
            kept = hypotheses.pop(one.breaks)
            hypotheses[f"not: {one.breaks}"] = lambda instance: _turned(kept(instance))
        changes = dict(one.changes)
        claim = changes.get("claim")
        # too strong a claim has the sides of the statement, so what can be said of their reach is the same
        if isinstance(claim, Inequality) and isinstance(self.claim, Inequality) and not claim.unbounded:
            changes["claim"] = replace(claim, unbounded=self.claim.unbounded)
        # the sets of a statement satisfy its hypotheses, so what drops one or has instances of its own does without
        sets = () if one.breaks is not None or "instances" in changes else self.for_all
        another = {"solve", "patch"} & set(changes)
        alone = self._by_runs() if another else self
        fields: dict[str, Any] = {"sabotage": one.name, "hypotheses": hypotheses, "for_all": sets, **_ALONE}
        fields["reference"] = self._form() if another else self.reference
        return alone._with(**fields, **changes)

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
            options = f"one of {', '.join(map(repr, found))}"
            rule = options if found else f"left out for {self.id}, which has no repair"
            raise KeyError(str(must("repair", rule, name)))
        changes = found[name].changes
        return self._by_runs()._with(repair=name, **_ALONE, **changes)

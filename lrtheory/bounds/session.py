"""Budgets, named random streams, and the runs that statements over one family share."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from lrtheory._validation import choice
from lrtheory.bounds.errors import RAISED, OutcomeError, StatementError
from lrtheory.bounds.families import Family, FromGenerator
from lrtheory.bounds.running.blame import blamed, lost_attribute
from lrtheory.bounds.running.encoding import digest
from lrtheory.bounds.running.form import demand_finite, fitted
from lrtheory.bounds.running.handover import Fault, Overwritten, Raised, altered, handed, kinds_of, received
from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.bounds.statement import Statement

__all__ = ["BUDGETS", "DEFAULT_SEED", "Budget", "Session", "chunks"]

DEFAULT_SEED = 0
_MEMO_SIZE = 256
_CLOSELY = 1 / 8
_FORMS = 8  # runs whose honest outcomes give their forms to all runs of an instance


@dataclass(frozen=True)
class Budget:
    """The limits of a check, as counts and never as seconds, so that a verdict does not depend on the machine.

    Attributes
    ----------
    name : str
        Name under which `--budget` and `--bounds-budget` know it.
    draws : int
        Instances drawn for a deterministic claim, beyond those that always run.
    sampled : int
        Instances drawn for a random claim, beyond those that always run.
    climbs, searches : int
        Steps of the hill climb, and examples of Hypothesis' targeted search.
    runs : int
        Cap on the runs of a random claim, for each instance.
    failures : int
        Instances at which the search for the largest probability of failure looks.
    members : int
        Members of the largest set that is decided as a whole, and ways in which coins may fall on an instance.
    """

    name: str
    draws: int
    sampled: int
    climbs: int
    searches: int
    runs: int
    failures: int = 0
    members: int = 0


BUDGETS = {
    "quick": Budget("quick", draws=40, sampled=2, climbs=30, searches=30, runs=8192, failures=4, members=2000),
    "thorough": Budget(
        "thorough", draws=1000, sampled=16, climbs=1000, searches=1000, runs=65536, failures=100, members=40000
    ),
}


def chunks(cap: int) -> list[int]:
    """Sizes of the chunks of runs, 64, 64, 128, 256, ... with sum `cap`; fixed, so that stopping moves no draws."""
    sizes = [64]
    while sum(sizes) < cap:
        sizes.append(min(sum(sizes), cap - sum(sizes)))
    return sizes


@dataclass
class Session:
    """One run of the checks: a budget, a seed, and the memo of what has been run."""

    budget: Budget = BUDGETS["quick"]
    seed: int = DEFAULT_SEED
    _memo: OrderedDict[tuple[Any, ...], Any] = field(default_factory=OrderedDict, init=False, repr=False)
    _called: set[Patch] = field(default_factory=set, init=False, repr=False)

    @classmethod
    def named(cls, budget: str, seed: int = DEFAULT_SEED) -> Session:
        """A session with one of the named budgets."""
        return cls(BUDGETS[choice("budget", budget, tuple(BUDGETS))], seed)

    def aside(self) -> Session:
        """A session of this budget and seed with a memo of its own, so that this one forgets no run for another's."""
        other = Session(self.budget, self.seed)
        other._called = self._called
        return other

    def rng(self, family: Family, purpose: str, *numbers: int) -> np.random.Generator:
        """The stream of a family for one purpose; no statement can move another's."""
        # crc32 and not `hash`, which differs from process to process
        key = (zlib.crc32(family.name.encode()), zlib.crc32(purpose.encode()), *numbers)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def drawn(self, family: Family, index: int) -> Any:
        """The instance with a number among the drawn ones."""
        assert family.draw is not None
        # two families of one name in one session would else share instances
        key = ("drawn", family.name, index, id(family.draw))

        def draw() -> Any:
            with blamed("`draw`", f"{family.name}:{index}"):
                return family.draw(FromGenerator(self.rng(family, "draw", index)))  # type: ignore[misc]

        return self._remembered(key, draw, keep=family.draw)

    def instances(self, family: Family, draws: int) -> Iterator[tuple[str, Any]]:
        """Labeled instances of a family: those that always run, then the drawn ones."""
        yield from family.fixed()
        if family.draw is not None:
            for index in range(draws):
                yield f"{family.name}:{index}", self.drawn(family, index)

    def looks_closely(self, family: Family, label: str) -> bool:
        """Whether every entry of an instance is decided exactly: always a fixed one, and a random eighth of the drawn.

        The size of the sides does not tell whether terms far larger than they have cancelled, so doubles alone could
        hide a counterexample on every draw.
        """
        prefix, _, index = label.rpartition(":")
        if prefix != family.name or not index.isdigit():
            return True
        return bool(self.rng(family, "closely", int(index)).random() < _CLOSELY)

    def called(self, patch: Patch) -> bool:
        """Whether a solver has run into the changed kernel of a patch."""
        return patch in self._called

    def run(self, statement: Statement, instance: Any, chunk: int = 0, n: int | None = None) -> Any:
        """The outcome of `solve` on an instance; statements with the same family, view, solver and patch share it.

        The stream depends on the content of the instance, so a replayed instance meets the same draws. The solver gets
        a copy of the instance, read-only in every array, or the family's view of the copy. A `Fault` is raised where it
        has changed the copy all the same, has ended in an error, or has returned what is no number, and `OutcomeError`
        where the outcome has not the form of that of the statement's own solver.
        """
        try:
            content = digest(instance)
        except TypeError as error:
            raise StatementError(f"{statement.id}: {error}; a Family makes other objects by its `view`") from error
        family = statement.instances
        # all that a solver sees stands in the key: two classes may be written alike, and two views seen of one instance
        seen = (content, kinds_of(instance), id(family.view))
        key = ("run", family.name, *seen, chunk, n, statement.patch, id(statement.solve), id(statement.reference))

        def compute() -> Any:
            rng, given = self.rng(family, "solve", content, chunk), handed(instance)
            outcome = _solved(statement, given, instance, rng, () if n is None else (n,), self._called)
            _demand_unaltered(given, instance)
            due = self._due(statement, instance, chunk, n)
            return received(outcome) if due is None else _in_form(statement, received(outcome), due[0])

        return self._remembered(key, compute, keep=(statement.solve, statement.reference, family.view))

    def outcome_with(self, statement: Statement, instance: Any, rng: np.random.Generator) -> Any:
        """The outcome of one run of `solve` with somebody else's stream, which nothing remembers."""
        given = handed(instance)
        outcome = received(_solved(statement, given, instance, rng, (1,), self._called))
        _demand_unaltered(given, instance)
        return outcome

    def runs_alone(self, statement: Statement, instance: Any, first: int, size: int) -> Iterator[tuple[Any, bool]]:
        """Outcomes of runs that are calls of their own, and whether each has used its stream.

        Each has a stream of its own, which is that of `run` for a chunk of this number. The first runs of the
        statement's own solver give their forms to all.
        """
        family, content, given = statement.instances, digest(instance), handed(instance)
        dues: dict[int, tuple[Any] | None] = {}
        for run in range(first, first + size):
            rng, place = self.rng(family, "solve", content, run), run % _FORMS
            before = _state_of(rng)
            outcome = received(_solved(statement, given, instance, rng, (1,), self._called))
            due = dues[place] = dues[place] if place in dues else self._due(statement, instance, place, 1)
            try:
                outcome = outcome if due is None else _in_form(statement, outcome, due[0])
            except OutcomeError as error:
                raise _varied(error, statement, [one[0] for one in dues.values() if one is not None]) from error
            yield outcome, _state_of(rng) != before
        _demand_unaltered(given, instance)

    def observed_alone(self, statement: Statement, instance: Any, first: int, size: int) -> np.ndarray:
        """The numbers that a claim about chance sees of such runs, one by one, so that no run sees another."""
        claim: Any = statement.claim
        key = ("alone", statement.instances.name, digest(instance), kinds_of(instance), first, size)

        def compute() -> np.ndarray:
            runs = self.runs_alone(statement, instance, first, size)
            return np.concatenate([claim.observe(instance, outcome) for outcome, _ in runs])

        keep = (statement.solve, claim, statement.instances.view)
        return self._remembered((*key, *map(id, keep)), compute, keep=keep)

    def draws_nothing(self, statement: Statement, instance: Any, first: int = 0) -> bool:
        """Whether eight runs leave their streams untouched and have one outcome."""
        (one, touched), *others = self.runs_alone(statement, instance, first, _FORMS)
        return not touched and not any(used or altered(other, one) for other, used in others)

    def _due(self, statement: Statement, instance: Any, chunk: int, n: int | None) -> tuple[Any] | None:
        """The honest outcome, which gives its form to that of another solver; None for the statement's own."""
        if statement.reference is None:
            return None
        try:
            return (self.run(statement.honest(), instance, chunk, n),)
        except Fault as fault:
            raise StatementError(f"the statement's own solver gives no form to an outcome: {fault}") from fault

    def of_honest(self, statement: Statement, instance: Any, name: str, compute: Callable[[Any, Any, Any], Any]) -> Any:
        """Compute something of the claim, an instance and the honest outcome; variants with one claim share it."""
        claim, honest, family = statement.claim, statement.honest(), statement.instances
        keep = (claim, honest.solve, family.view, compute)
        key = (name, family.name, digest(instance), kinds_of(instance), *map(id, keep))
        return self._remembered(key, lambda: compute(claim, instance, self.run(honest, instance)), keep=keep)

    def once(self, keep: tuple[Any, ...], ask: Callable[[], None]) -> None:
        """Ask what has one answer for the same objects, unless it was asked before and no error was raised."""
        self._remembered(("once", *map(id, keep)), ask, keep=keep)

    def _remembered(self, key: tuple[Any, ...], compute: Callable[[], Any], keep: Any) -> Any:
        """The value of a key; `keep` holds the objects whose ids stand in the key, so that no other gets them."""
        if key not in self._memo:
            self._memo[key] = compute(), keep
            if len(self._memo) > _MEMO_SIZE:
                self._memo.popitem(last=False)
        self._memo.move_to_end(key)
        return self._memo[key][0]


def _varied(error: OutcomeError, statement: Statement, dues: list[Any]) -> StatementError:
    """The error of an outcome of another form, or what a statement lacks whose honest outcomes have several forms."""
    for due in dues[1:]:
        try:
            fitted(due, dues[0], may_vary=statement.may_vary, unread=statement.unread)
        except OutcomeError as differs:
            path = f"{differs}".split("`")[1]
            return StatementError(
                f"honest outcomes differ in form from run to run: {differs}; where a length belongs to the solver, the "
                f'statement says so: may_vary={{"{path}": "the reason"}}'
            )
    return error


def _in_form(statement: Statement, outcome: Any, due: Any) -> Any:
    """An outcome in the form that is due, with finite numbers."""
    outcome = fitted(outcome, due, may_vary=statement.may_vary, unread=statement.unread)
    demand_finite(outcome, due, unread=statement.unread)
    return outcome


def _state_of(rng: np.random.Generator) -> tuple[Any, int]:
    """The state of a stream, and the number of streams made from it; both stay while it is not used."""
    return rng.bit_generator.state, rng.bit_generator.seed_seq.n_children_spawned  # type: ignore[attr-defined]


def _demand_unaltered(given: Any, instance: Any) -> None:
    changed = altered(given, instance)
    if changed:
        raise Overwritten(changed)


def _solved(
    statement: Statement,
    given: Any,
    instance: Any,
    rng: np.random.Generator,
    runs: tuple[int, ...],
    called: set[Patch],
) -> Any:
    """The return value of `solve` on a copy of the instance; a patch that it has reached is added to `called`."""
    # a mutant may overflow; that is its business
    quiet: Literal["ignore"] | None = "ignore" if statement.sabotage else None
    # the view is made from the copy, so that a view that keeps a reference reaches no truth
    view = statement.instances.view
    with patched(statement.patch) as reached, np.errstate(all=quiet):
        with blamed("`view`", f"the family {statement.instances.name}", instance):
            seen = given if view is None else view(given)
        try:
            outcome = statement.solve(seen, rng, *runs)
        except StatementError:  # an ill-posed statement is no outcome of its solver
            raise
        except ImportError as error:  # nor is a package that is not installed
            raise StatementError(f"`solve` raised {type(error).__name__}: {error}") from error
        except RAISED as error:
            lost = lost_attribute(error, instance)
            raise (
                StatementError(f"`solve` raised AttributeError: {error}; {lost}") if lost else Raised(error)
            ) from error
        finally:
            called |= reached
    return outcome

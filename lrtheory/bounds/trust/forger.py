"""Dishonest solvers, which a claim must not support: a mute one, and those that lie about one field after the other.

The saboteurs of a statement show that its check can refute. A forger shows that its claim believes nothing: it takes
an honest outcome and changes one field of it (`trust/lies.py`), puts the answer of another instance or the bound itself
in its place, or zeros in every place.
"""

from __future__ import annotations

import fnmatch
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, zip_longest
from typing import Any

import numpy as np

from lrtheory.bounds.arithmetic.data import ROOT, matches
from lrtheory.bounds.arithmetic.data import leaves as data_leaves
from lrtheory.bounds.arithmetic.exact import exactly, to_float
from lrtheory.bounds.claims import Inequality, Recorded
from lrtheory.bounds.deciding.checking import check
from lrtheory.bounds.deciding.evidence import Evidence
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.families import Family
from lrtheory.bounds.running.encoding import digest
from lrtheory.bounds.session import BUDGETS, Budget, Session
from lrtheory.bounds.statement import Statement
from lrtheory.bounds.trust.lies import TURNS, Leaf, changed, cuts, filled, kind_of_number, leaves, lies, places, zeroed
from lrtheory.bounds.trust.lies import malformed as malformed_lies
from lrtheory.bounds.trust.lies import same as same_leaf

__all__ = ["FORGING", "SECONDS", "Lie", "Testimony", "admits_lies", "forge"]

FORGING = Budget("forging", draws=2, sampled=0, climbs=0, searches=0, runs=512)  # enough for lies to show
_MEMBERS = 2  # of each set, to which lies are told
SECONDS = 5.0  # after which lies are left untold
Forge = Callable[[Any, Any, tuple[int, ...]], Any]  # of an instance, its honest outcome and the number of runs


@dataclass(frozen=True)
class Lie:
    """A forgery: the path of the forged field, empty for the whole outcome, what was made of it, and its kind.

    The kinds are `report` and `decision` for other numbers, `sign`, `length`, `another` for what belongs to another
    instance, `mute` for zeros in every place, and `unread` and `free` for what is declared so and moves a side.
    """

    path: str
    words: str
    kind: str

    def __str__(self) -> str:
        return f"{self.path or 'the whole outcome'}: {self.words}"


@dataclass(frozen=True)
class Testimony:
    """The lies that were told about the outcome of a statement.

    Attributes
    ----------
    supported : tuple of Lie
        Lies under which the statement is still supported, or that move a side although their path is declared unread or
        free.
    told, untold : int
        Numbers of lies that were told, and that were not for want of time.
    """

    supported: tuple[Lie, ...]
    told: int
    untold: int


def admits_lies(statement: Statement) -> bool:
    """Whether a statement is open to algorithms of others, and its own one right, so that a lie can be told from it."""
    return not (statement.closed or isinstance(statement.claim, Recorded) or statement.violated is not None)


def forge(statement: Statement, session: Session, *, seconds: float = math.inf, malformed: bool = False) -> Testimony:
    """Tell lies about honest outcomes, and note under which a statement is still supported.

    Parameters
    ----------
    statement : Statement
        Statement that `admits_lies`.
    session : Session
        Budget and seed; `FORGING` suffices for most. Where an honest outcome is not supported at it, the quick budget
        without searches takes its place.
    seconds : float
        Processor time after which no further lie is begun. In the main thread of a process one that is being told then
        is broken off, where its claim runs in Python.
    malformed : bool
        Whether to tell, too, the lies that the form of an outcome gives away whatever the claim reads (`form.fitted`).

    Returns
    -------
    Testimony
        Without a supported lie if the claim sees through all of them.

    Raises
    ------
    StatementError
        If an honest outcome is not supported, or a path is declared at which there is nothing.
    """
    until = time.process_time() + seconds
    honest = _Remembering(statement)
    statement = replace(statement.with_solver(honest), reference=honest, instances=_in_order(statement), for_all=())
    truth, session = _truth(statement, session)
    _demand_paths(statement, honest)
    forgeries = list(_forgeries(statement, honest, malformed))
    found: list[Lie] = []
    told = 0
    for lie, forgery in forgeries:
        left = until - time.process_time()
        if left <= 0:
            break
        try:
            with _at_most(left):
                found += _believed(statement, session, honest, truth, lie, forgery)
        except _TooLong:  # a claim may count up to 10^9
            break
        told += 1
    return Testimony(tuple(found), told, len(forgeries) - told)


class _TooLong(BaseException):
    """The time for lies is used up; no error, so that nothing takes it for one of a claim."""


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise `_TooLong` within once the process has computed for so long; in the main thread alone, as signals do."""
    is_main = threading.current_thread() is threading.main_thread()
    if math.isinf(seconds) or not is_main or not hasattr(signal, "SIGVTALRM"):
        yield
        return

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _in_order(statement: Statement) -> Family:
    """The family with the first members of each set, small instances first, and without a view.

    On small instances most lies are refuted. The forger tells them apart by their plain data, so it makes their views
    itself.
    """
    family = statement.instances
    some = [*family.smallest(), *(each for one in statement.for_all for _, each in islice(one.named(), _MEMBERS))]
    sizes = [sum(map(np.size, data_leaves(instance))) for instance in some]
    # one that is a thousand times as large as is usual costs more than all others together, and shows no further lie
    most = 1000 * float(np.median(sizes)) if sizes else 0.0
    order = [place for place in np.argsort(sizes, kind="stable") if sizes[place] <= most]
    return replace(family, always=[some[place] for place in order], view=None)


def _truth(statement: Statement, session: Session) -> tuple[Evidence, Session]:
    """The evidence about honest outcomes, and the session in which they are supported."""
    truth: Evidence | None
    try:
        truth = check(statement, session)
    except StatementError:  # such as that of a law which so few runs cannot reach
        truth = None
    if truth is None or truth.verdict == "inconclusive":  # more draws may carry what the fixed instances do not
        session = Session(replace(BUDGETS["quick"], climbs=0, searches=0, failures=0, members=0), session.seed)
        truth = check(statement, session)
    if truth.verdict != "supported":
        raise StatementError(f"{statement.id}: an honest outcome is {truth.verdict}\n{truth}")
    return truth, session


def _demand_paths(statement: Statement, honest: _Remembering) -> None:
    """Refuse declared paths at which there is nothing."""
    known = leaves(honest.first)
    declared = (*statement.decisions, *statement.unread, *statement.free)
    idle = [one for one in declared if not fnmatch.filter(known, one)]
    if idle:
        raise StatementError(f"{statement.id}: an outcome has no {idle}; it has {list(known)}")
    parts = {path for outcome in honest.outcomes for path in places(outcome)}
    idle = [one for one in statement.may_vary if not fnmatch.filter(parts, one)]
    if idle:
        raise StatementError(f"{statement.id}: nothing in an outcome is at {idle}; there is {sorted(parts)}")


def _believed(
    statement: Statement, session: Session, honest: _Remembering, truth: Evidence, lie: Lie, forgery: Forge
) -> list[Lie]:
    """The lie, if the claim supports it or reads what it should not."""
    forger = _Forger(honest, forgery)
    free = lie.words in TURNS and matches(lie.path, statement.free)
    unread = matches(lie.path, statement.unread)
    try:
        evidence = check(replace(statement, solve=forger), session)
    except Exception:  # what cannot be judged is an error, whose sentence the user of a solver reads
        if not forger.forged:
            raise
        return [Lie(lie.path, "its sign is declared free, and is read", "free")] if free else []
    if not forger.differs:
        return []
    if unread or free:
        # sides of a claim about chance are estimates, which move with the draws although their law does not
        still = (free and statement.is_random) or _unmoved(evidence, truth)
        if evidence.verdict == "supported" and still:
            return []
        if unread:
            return [Lie(lie.path, "is declared unread, and is read", "unread")]
        return [Lie(lie.path, "its sign is declared free, and is read", "free")]
    return [lie] if evidence.verdict == "supported" else []


def _unmoved(evidence: Evidence, truth: Evidence) -> bool:
    """Whether both sides are what they were."""
    return np.array_equal(evidence.lhs, truth.lhs) and np.array_equal(evidence.rhs, truth.rhs)


def _forgeries(statement: Statement, honest: _Remembering, malformed: bool) -> Iterator[tuple[Lie, Forge]]:
    """Every lie about the whole outcome, then about the fields in turn, so that none is left out for want of time."""
    first = honest.first
    paths = leaves(first)
    if paths:
        yield Lie("", "zero in every place", "mute"), lambda instance, outcome, n: zeroed(outcome)
    if len(paths) > 1:
        yield Lie("", "of another instance", "another"), partial(_answered, honest)
    if malformed and statement.is_random:
        yield Lie("", "one run of all", "length"), _one_run
    parts = places(first)
    own = [_about_length(path, part) for path, part in parts.items() if matches(path, statement.may_vary)]
    own += [_about_field(statement, honest, path, found[0], malformed) for path, found in paths.items()]
    for some in zip_longest(*own):
        yield from (one for one in some if one is not None)


def _about_length(path: str, part: Any) -> Iterator[tuple[Lie, Forge]]:
    for words, change in cuts(part):
        yield Lie(path, words, "length"), partial(_cut, path, change)


def _about_field(
    statement: Statement, honest: _Remembering, path: str, leaf: Leaf, malformed: bool
) -> Iterator[tuple[Lie, Forge]]:
    decision = matches(path, statement.decisions)
    kind = "decision" if decision else "report"
    # a set of any size in which one item is exchanged is another answer: zero is an item, -1 and 10^9 are none
    varies = matches(path.rpartition(".")[0] or ROOT, statement.may_vary)
    for words, change in lies(leaf, decision=decision):
        if not (decision and varies and words == "zero"):
            yield Lie(path, words, "sign" if words == "negated" else kind), partial(_told, path, change)
    # what was decided elsewhere may keep a bound, or have the law that is due, here too, and is no lie then
    one_sided = isinstance(statement.claim, Inequality) or statement.is_random
    another = (decision and (one_sided or varies)) or (statement.is_random and path == ROOT)
    if not another:
        yield Lie(path, "of another instance", "another"), partial(_borrowed, honest, path)
    if not decision and isinstance(statement.claim, Inequality) and kind_of_number(leaf) == "f":
        yield Lie(path, "the bound itself", kind), partial(_bound, statement.claim, path)
    for words, change in malformed_lies(leaf) if malformed else ():
        yield Lie(path, words, "length"), partial(_told, path, change)


def _told(path: str, change: Callable[[Leaf], Leaf], instance: Any, outcome: Any, n: Any) -> Any:
    """One field changed in the same way on every instance."""
    return changed(outcome, path, change)


def _cut(path: str, change: Callable[[Any], Any], instance: Any, outcome: Any, n: Any) -> Any:
    """One container, or one array, of another length on every instance."""
    return changed(outcome, path, change, container=True)


def _one_run(instance: Any, outcome: Any, n: Any) -> Any:
    """The first of the runs that were asked for."""
    short = lambda leaf: leaf[:1] if np.shape(leaf)[:1] == n else leaf
    for path in leaves(outcome):
        outcome = changed(outcome, path, short)
    return outcome


def _answered(honest: _Remembering, instance: Any, outcome: Any, n: Any) -> Any:
    """The whole answer of another instance, of those that are not equal to this one the first."""
    return next((one for one in honest.others(instance, n) if not _equal(one, outcome)), outcome)


def _borrowed(honest: _Remembering, path: str, instance: Any, outcome: Any, n: Any) -> Any:
    """One field as another instance has it, of those that have other numbers of the same shapes the first."""
    own = leaves(outcome).get(path, [])  # a tuple of another length has other paths
    for one in honest.others(instance, n):
        other = leaves(one).get(path, [])
        alike = list(map(np.shape, other)) == list(map(np.shape, own))
        if alike and not all(map(same_leaf, other, own)):
            return changed(outcome, path, partial(_next_of, iter(other)))
    return outcome


def _next_of(rest: Iterator[Leaf], leaf: Leaf) -> Leaf:
    """The next of some leaves, in the place of this one."""
    return next(rest)


def _bound(claim: Inequality, path: str, instance: Any, outcome: Any, n: Any) -> Any:
    """A field that reports exactly what the claim allows."""
    sides = claim.sides(exactly(instance, float), exactly(outcome, float))
    allowed = to_float(sides.rhs)
    slip = 0.0 if sides.rounding is None else float(to_float(sides.rounding).max(initial=0.0))

    def as_allowed(leaf: Leaf) -> Leaf:
        most = allowed if np.shape(leaf) == allowed.shape else allowed.max(initial=0.0)
        if bool((np.abs(to_float(leaf) - most) <= slip).all()):
            return leaf  # an honest bound, up to the rounding that the claim grants it
        if np.shape(leaf) == allowed.shape:
            return allowed.copy() if isinstance(leaf, np.ndarray) else float(allowed)
        return filled(leaf, float(most))

    return changed(outcome, path, as_allowed)


class _Remembering:
    """A statement's own solver, which runs once on each instance and random stream."""

    def __init__(self, statement: Statement) -> None:
        self._solve, self._view = statement.solve, statement.instances.view
        self._known: dict[tuple[Any, ...], Any] = {}

    def __call__(self, instance: Any, rng: np.random.Generator, *n: int) -> Any:
        key = (n, digest(instance), str(rng.bit_generator.state))
        if key not in self._known:
            seen = instance if self._view is None else self._view(instance)
            self._known[key] = self._solve(seen, rng, *n)
        return self._known[key]

    @property
    def outcomes(self) -> list[Any]:
        """All outcomes."""
        return list(self._known.values())

    @property
    def first(self) -> Any:
        """The first outcome."""
        return next(iter(self._known.values()))

    def others(self, instance: Any, n: tuple[int, ...]) -> Iterator[Any]:
        """The outcomes of other instances."""
        content = digest(instance)
        return (one for key, one in self._known.items() if key[0] == n and key[1] != content)


class _Forger:
    """A solver that lies about what an honest one returns, and knows whether it has."""

    def __init__(self, honest: _Remembering, forge: Forge) -> None:
        self._honest, self._forge, self.differs, self.forged = honest, forge, False, False

    def __call__(self, instance: Any, rng: np.random.Generator, *n: int) -> Any:
        outcome = self._honest(instance, rng, *n)
        self.forged = False
        forged = self._forge(instance, outcome, n)
        self.forged = True
        self.differs = self.differs or not _equal(outcome, forged)
        return forged


def _equal(a: Any, b: Any) -> bool:
    """Whether two outcomes hold the same numbers."""
    mine, other = leaves(a), leaves(b)
    return list(mine) == list(other) and all(
        len(mine[path]) == len(other[path]) and all(map(same_leaf, mine[path], other[path])) for path in mine
    )

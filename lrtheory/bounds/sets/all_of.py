"""Every member of a finite set, up to a stated symmetry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.running.encoding import digest
from lrtheory.bounds.sets.entry import Entry

__all__ = ["All"]


@dataclass(frozen=True)
class All(Entry):
    """A finite set, each member of which is measured.

    The listing is counted and not believed: a member that comes twice, another number of members, and orbits that do
    not add up to the stated total are errors.

    Parameters
    ----------
    words : str
        Plural noun phrase for what the set consists of, without its number: "samples of a 4 x 4 table".
    instances : callable or sequence
        Instances of the statement's own type that satisfy its hypotheses; a callable without arguments is called when
        the set is decided.
    members : int
        Number of instances.
    orbit : callable or None
        ``orbit(instance) -> int``: the number of things of the set for which the instance stands, where a symmetry
        makes them alike.
    total : int or None
        Number of things in all orbits together; needed with `orbit` alone.
    up_to : str
        Symmetry that makes the things of an orbit alike: "the order of rows and columns"; needed with `orbit` alone.
    invisible : mapping of str to str
        Saboteurs that hold on every member, by their names, each with the reason. Every other saboteur that exchanges
        solver, claim or patch must be refuted on some member.
    budget : {"quick", "thorough"}
        Least budget at which the set is decided.

    Raises
    ------
    StatementError
        If the words are empty or begin with a number, there are no members, or one of `orbit`, `total` and `up_to` is
        given without the others.
    """

    words: str
    instances: Callable[[], Iterable[Any]] | Sequence[Any]
    members: int
    orbit: Callable[[Any], int] | None = None
    total: int | None = None
    up_to: str = ""
    invisible: Mapping[str, str] = field(default_factory=dict)
    budget: str = "quick"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.members, bool) or not isinstance(self.members, int) or self.members < 1:
            raise StatementError(f"`members` of All must be a positive integer; got {self.members!r}")
        if len({self.orbit is None, self.total is None, not self.up_to}) > 1:
            raise StatementError(f"All of {self.words}: `orbit`, `total` and `up_to` are given together or not at all")

    @property
    def told(self) -> str:
        """The set in words, with the number of its things."""
        if self.orbit is None:
            return f"{self.members:,} {self.words}"
        return f"{self.total:,} {self.words} ({self.members:,} up to {self.up_to})"

    def named(self) -> Iterator[tuple[str, Any]]:
        """Yield the members by their numbers, and hold the listing against what it is said to be.

        Yields
        ------
        tuple of str and object
            Number of the member, from 0, and the instance.

        Raises
        ------
        StatementError
            If a member comes twice, there are more or fewer of them than `members`, or orbits do not add up.
        """
        seen: set[Any] = set()
        things = 0
        for instance in self.instances() if callable(self.instances) else self.instances:
            content = digest(instance)
            if content in seen:
                raise StatementError(f"all {self.told}: member {len(seen)} stands in the list before")
            if len(seen) == self.members:
                raise StatementError(f"all {self.told}: the list has more than {self.members:,} members")
            things += 1 if self.orbit is None else self._size(instance)
            yield f"{len(seen)}", instance
            seen.add(content)
        if len(seen) < self.members:
            raise StatementError(f"all {self.told}: the list has {len(seen):,} members")
        if self.total is not None and things != self.total:
            raise StatementError(f"all {self.told}: the orbits have {things:,} things together")

    def _size(self, instance: Any) -> int:
        assert self.orbit is not None
        size = self.orbit(instance)
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise StatementError(f"all {self.told}: an orbit has {size!r} things, and a positive integer is due")
        return size

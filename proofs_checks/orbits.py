"""Sets up to a symmetry: one thing of every orbit, where orbits are made by applying the whole group."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)
Case = TypeVar("Case")


def representatives(things: Iterable[T], images: Callable[[T], set[T]]) -> Iterator[T]:
    """Yield the first thing of every orbit.

    Parameters
    ----------
    things : iterable
        All things of a set, each once.
    images : callable
        ``images(thing)``: what the elements of a group make of the thing, itself among them.

    Yields
    ------
    object
        Things no two of which are alike.
    """
    seen: set[T] = set()
    for thing in things:
        if thing not in seen:
            seen |= images(thing)
            yield thing


def partitions(n: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways to put n things into groups without names: their numbers, in the order in which groups come."""
    if n == 0:
        yield ()
        return
    for groups in partitions(n - 1):
        yield from ((*groups, group) for group in range(max(groups, default=-1) + 2))


@dataclass(frozen=True)
class Symmetry(Generic[Case]):
    """A group that acts on cases with arrays, which are told apart by keys and not by themselves.

    Attributes
    ----------
    images : callable
        ``images(case)``: keys of what the elements of the group make of the case. The first is that of the case itself,
        and no other is made for a case that is alike one before.
    """

    images: Callable[[Case], Iterable[Hashable]]

    def size(self, case: Case) -> int:
        """The number of cases in the orbit of one."""
        return len(set(self.images(case)))

    def one_of_each(self, cases: Iterable[Case]) -> Iterator[Case]:
        """The first case of every orbit.

        Yields
        ------
        object
            Cases no two of which are alike.
        """
        seen: set[Hashable] = set()
        for case in cases:
            if next(iter(self.images(case))) not in seen:
                seen.update(self.images(case))
                yield case

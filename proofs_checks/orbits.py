"""Sets up to a symmetry: one thing of every orbit, where orbits are made by applying the whole group."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


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

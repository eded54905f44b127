"""Families of instances: what always runs, what is known to be tight, what is drawn, and how to climb."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from lrtheory.bounds.errors import StatementError

__all__ = ["SET", "Draws", "Family", "FromGenerator", "FromHypothesis", "Tight", "in_set", "is_fixed"]

T = TypeVar("T")


class Draws(Protocol):
    """The draws that a family may ask for; a Generator answers, or Hypothesis, which can then shrink what it found."""

    def integers(self, low: int, high: int, shape: int | tuple[int, ...] | None = None) -> Any:
        """Integers in [low, high], both ends included: one of any size, or an int64 array of the given shape."""

    def floats(self, low: float, high: float, shape: int | tuple[int, ...] | None = None) -> Any:
        """Doubles in [low, high]: one, or an array of the given shape."""

    def permutation(self, n: int) -> np.ndarray:
        """A permutation of 0..n-1."""

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""


def _demand_range(low: int, high: int) -> None:
    """Refuse ends that are in the wrong order, or too large for an array."""
    if low > high:
        raise StatementError(f"draws.integers must have low <= high; got {low} and {high}")
    if not -(2**63) <= low <= high < 2**63:
        raise StatementError(
            f"draws.integers draws arrays of 64 bits, and large integers one by one; got {low}, {high}"
        )


def _large(rng: np.random.Generator, low: int, high: int) -> int:
    """A uniform integer of any size in [low, high]."""
    width = high - low
    # the first bits that do not exceed the width; each try is taken with probability above 1/2
    while True:
        drawn = int.from_bytes(rng.bytes((width.bit_length() + 7) // 8), "big") >> (-width.bit_length() % 8)
        if drawn <= width:
            return low + drawn


@dataclass(frozen=True)
class FromGenerator:
    """Draws answered by NumPy's Generator."""

    rng: np.random.Generator

    def integers(self, low: int, high: int, shape: int | tuple[int, ...] | None = None) -> Any:
        """Uniform integers in [low, high]."""
        if shape is None and low <= high and not -(2**63) <= low <= high < 2**63:
            return _large(self.rng, low, high)
        _demand_range(low, high)
        drawn = self.rng.integers(low, high, size=shape, endpoint=True)
        return int(drawn) if shape is None else drawn

    def floats(self, low: float, high: float, shape: int | tuple[int, ...] | None = None) -> Any:
        """Uniform doubles in [low, high)."""
        return self.rng.uniform(low, high, size=shape)

    def permutation(self, n: int) -> np.ndarray:
        """A uniform permutation."""
        return self.rng.permutation(n)

    def choice(self, options: Sequence[T]) -> T:
        """A uniform option."""
        return options[self.integers(0, len(options) - 1)]


@dataclass(frozen=True)
class FromHypothesis:
    """Draws answered by Hypothesis, which prefers and shrinks towards simple answers."""

    draw: Callable[[Any], Any]  # the `draw` of a composite strategy

    def _drawn(self, strategy: Any, shape: int | tuple[int, ...] | None, dtype: type) -> Any:
        if shape is None:
            return self.draw(strategy)
        from hypothesis.extra.numpy import arrays

        return self.draw(arrays(dtype, shape, elements=strategy))

    def integers(self, low: int, high: int, shape: int | tuple[int, ...] | None = None) -> Any:
        """Integers that shrink towards 0 or the nearest end."""
        from hypothesis import strategies

        if shape is not None:
            _demand_range(low, high)
        return self._drawn(strategies.integers(low, high), shape, np.int64)

    def floats(self, low: float, high: float, shape: int | tuple[int, ...] | None = None) -> Any:
        """Doubles that shrink towards short decimals."""
        from hypothesis import strategies

        return self._drawn(strategies.floats(low, high), shape, np.float64)

    def permutation(self, n: int) -> np.ndarray:
        """A permutation that shrinks towards the identity."""
        from hypothesis import strategies

        return np.array(self.draw(strategies.permutations(range(n))), dtype=np.int64)

    def choice(self, options: Sequence[T]) -> T:
        """An option; shrinks towards the first."""
        from hypothesis import strategies

        return self.draw(strategies.sampled_from(options))


@dataclass(frozen=True)
class Tight:
    """An instance on which the largest lhs/rhs is known to lie in [low, high]; the check asserts it."""

    instance: Any
    low: float
    high: float


@dataclass(frozen=True)
class Family:
    """A named family of instances.

    Parameters
    ----------
    name : str
        Letters, digits, `-` and `_`. It names the random streams, so a change of name is a change of seed.
    always : sequence or callable
        The smallest and the enumerated instances, which run every time; a callable without arguments is called once,
        where building them takes time.
    tight : sequence of Tight
        The tightest known instances, which run every time too.
    draw : callable or None
        ``draw(draws) -> instance``, with all choices made through `Draws`.
    climb : callable or None
        ``climb(instance, draws) -> instance``, a neighbor, for the hill climb from the worst instance.
    complete : str
        For a family without `draw`: what all of its instances are, in words. With `of` it is a plural noun phrase for
        what a whole set consists of, without its number; without `of` the instances are cases that are listed.
    members : int
        Number of instances of a complete family.
    of : callable or None
        ``of(instance) -> int``: how many things of the set that `complete` names an instance stands for, such as the
        numbers of a block; 1 where instances are the things themselves. The family then covers a whole set, and
        what is printed is the number of things.
    view : callable or None
        ``view(instance) -> object``, such as a graph of networkx: what `solve` gets in place of the instance, which
        stays plain data. Each call of `solve` gets a view of its own; claims and hypotheses see the instance.
    """

    name: str
    always: Sequence[Any] | Callable[[], Sequence[Any]] = ()
    tight: Sequence[Tight] = ()
    draw: Callable[[Draws], Any] | None = None
    climb: Callable[[Any, Draws], Any] | None = None
    complete: str = ""
    members: int = 0
    of: Callable[[Any], int] | None = None
    view: Callable[[Any], Any] | None = None
    _built: list[tuple[Any, ...]] = field(default_factory=list, init=False, repr=False, compare=False)

    def smallest(self) -> tuple[Any, ...]:
        """The instances that always run, built on first use."""
        # enumerations can take a while, so they are built when the first check asks
        if not self._built:
            built = self.always() if callable(self.always) else self.always
            if not isinstance(built, Iterable):
                raise StatementError(f"`always` of the family {self.name} must be a list of instances; got {built!r}")
            self._built.append(tuple(built))
        return self._built[0]

    def fixed(self) -> Iterator[tuple[str, Any]]:
        """Labels and instances that run every time."""
        for index, instance in enumerate(self.smallest()):
            yield f"{self.name}:always-{index}", instance
        for index, tight in enumerate(self.tight):
            yield f"{self.name}:tight-{index}", tight.instance

    @property
    def told(self) -> str:
        """The things of a complete family in words, with their number: those of a whole set, or cases that are listed.

        Raises
        ------
        StatementError
            If `of` does not answer a positive integer.
        """
        if self.of is None:
            number = len(list(self.fixed()))
            return f"{number:,} case{'s that are' if number > 1 else ' that is'} listed: {self.complete}"
        sizes = [self.of(instance) for _, instance in self.fixed()]
        wrong = [size for size in sizes if isinstance(size, bool) or not isinstance(size, int) or size < 1]
        if wrong:
            raise StatementError(f"`of` of the family {self.name} must be a positive integer; got {wrong[0]!r}")
        blocks = f" (in {len(sizes):,} blocks)" if sum(sizes) > len(sizes) else ""
        return f"{sum(sizes):,} {self.complete}{blocks}"

    def expected(self, label: str) -> tuple[float, float] | None:
        """The interval in which lhs/rhs must lie on a labeled instance, for the tight ones."""
        # labels of tight instances end in their number, see `fixed`; a string that was found may end alike
        place = label.partition(":tight-")[2] if is_fixed(label) else ""
        return (self.tight[int(place)].low, self.tight[int(place)].high) if place else None


SET = "for-all-"  # the beginning of the labels of members of a statement's sets


def in_set(number: int, place: Any) -> str:
    """The label of a member of a set, by the number of the set, counted from 1, and its place or its numbers."""
    return f"{SET}{number}:{place}"


def is_fixed(label: str) -> bool:
    """Whether a label names an instance that runs every time."""
    return not label.startswith("json:") and (":always-" in label or ":tight-" in label or label.startswith(SET))

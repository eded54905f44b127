"""All coins of a random algorithm: its exact law, by running it once for every way that its draws can fall."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from lrtheory.bounds.errors import StatementError

__all__ = ["CoinTosses", "Coins", "Continuum", "all_coins"]

_DENOMINATOR = 10**6  # largest one of a chance that is given as a double


class Continuum(StatementError):
    """A draw has more outcomes than can be listed."""


class CoinTosses(np.random.Generator):
    """A generator whose draws are chosen: the first ones as a path says, and 0 from there on.

    It answers what has finitely many outcomes. A draw from a continuum is an error.

    Parameters
    ----------
    path : sequence of int
        Number of the outcome of each draw, in their order.
    """

    def __init__(self, path: Sequence[int]) -> None:
        super().__init__(np.random.PCG64(0))
        self.path = list(path)
        self.sizes: list[int] = []
        self.weights: list[Fraction] = []

    def _one_of(self, chances: Sequence[Fraction]) -> int:
        """One of several outcomes with these chances."""
        place = len(self.sizes)
        self.path += [0] * (place == len(self.path))
        self.sizes.append(len(chances))
        self.weights.append(chances[self.path[place]])
        return self.path[place]

    def _below(self, n: int) -> int:
        """A uniform number below n."""
        return self._one_of([Fraction(1, n)] * n) if n > 1 else 0

    def integers(  # type: ignore[override]
        self, low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64, endpoint: bool = False
    ) -> Any:
        """Uniform integers of a range."""
        low, high = (0, low) if high is None else (low, high)
        low, width = int(low), int(high) - int(low) + endpoint
        if width < 1:
            raise ValueError("low >= high")
        if size is None:
            return low + self._below(width)
        return self._filled(size, lambda: low + self._below(width)).astype(dtype)

    def choice(  # type: ignore[override]
        self, a: Any, size: Any = None, replace: bool = True, p: Any = None, axis: int = 0, shuffle: bool = True
    ) -> Any:
        """Entries of a sequence, with their chances."""
        options = np.arange(a) if isinstance(a, (int, np.integer)) else np.asarray(a)
        chances = [Fraction(1, len(options))] * len(options) if p is None else _exact(p)
        if size is None:
            return options[self._one_of(chances)]
        if not replace:
            if p is not None:
                raise StatementError("coins do not draw without replacement by chances")
            return self.permutation(options)[: int(size)]
        return options[self._filled(size, lambda: self._one_of(chances))]

    def permutation(self, x: Any, axis: int = 0) -> Any:  # type: ignore[override]
        """A uniform order of a sequence."""
        items = list(range(int(x))) if isinstance(x, (int, np.integer)) else list(x)
        for last in range(len(items) - 1, 0, -1):
            other = self._below(last + 1)
            items[last], items[other] = items[other], items[last]
        return np.array(items)

    def _filled(self, size: Any, draw: Callable[[], int]) -> np.ndarray:
        shape = (int(size),) if isinstance(size, (int, np.integer)) else tuple(map(int, size))
        return np.array([draw() for _ in range(prod(shape))], np.int64).reshape(shape)


def _refused(name: str) -> Callable[..., Any]:
    def refuse(self: CoinTosses, *_: Any, **__: Any) -> Any:
        raise Continuum(f"coins answer draws with finitely many outcomes alone; `{name}` has more")

    return refuse


for _name in dir(np.random.Generator):
    if not _name.startswith("_") and _name not in ("bit_generator", "integers", "choice", "permutation"):
        setattr(CoinTosses, _name, _refused(_name))


def _exact(p: Any) -> list[Fraction]:
    """Chances as fractions, each the nearest one of a small denominator; together they are 1."""
    chances = [Fraction(one).limit_denominator(_DENOMINATOR) for one in np.asarray(p).tolist()]
    if sum(chances) != 1 or min(chances) < 0:
        raise StatementError(f"chances do not add up to 1: {list(map(str, chances))}")
    return chances


def all_coins(run: Callable[[CoinTosses], Any], limit: int) -> Iterator[tuple[Fraction, Any]]:
    """Run something once for every way that its draws can fall.

    Parameters
    ----------
    run : callable
        ``run(rng) -> outcome``, which draws from `rng` alone.
    limit : int
        Largest number of runs.

    Yields
    ------
    tuple of Fraction and object
        Chance of a way, and the outcome; the chances add up to 1.

    Raises
    ------
    StatementError
        If there are more ways, or a run draws otherwise than one with the same draws before it.
    """
    path: list[int] = []
    total = Fraction(0)
    for _ in range(limit):
        coins = CoinTosses(path)
        outcome = run(coins)
        if len(coins.sizes) < len(path):
            raise StatementError("a run stopped drawing where another one with the same draws went on")
        weight = prod(coins.weights, start=Fraction(1))
        total += weight
        yield weight, outcome
        path = coins.path[: len(coins.sizes)]
        while path and path[-1] == coins.sizes[len(path) - 1] - 1:
            path.pop()
        if not path:
            if total != 1:
                raise StatementError(f"the chances of all draws add up to {total}")
            return
        path[-1] += 1
    raise StatementError(f"there are more than {limit:,} ways in which the draws can fall")


@dataclass(frozen=True)
class Coins:
    """Instances on which the law of a random algorithm is known exactly, by every way in which its draws can fall.

    The solver runs once for each way, and the chances of the categories of its outcomes are compared in Fractions with
    those that the theorem states.

    Parameters
    ----------
    words : str
        Plural noun phrase for the instances, without their number.
    instances : callable or sequence
        Instances, which satisfy the hypotheses.
    members : int
        Number of instances.
    law : callable
        ``law(instance)``, the chance of each category as the claim numbers them, in Fractions.
    invisible : mapping of str to str
        Saboteurs whose law is right on all instances, by their names, each with the reason; see `All`.
    budget : {"quick", "thorough"}
        Least budget at which the set is decided.

    Raises
    ------
    StatementError
        If the words are empty or begin with a number, or there are no members.
    """

    words: str
    instances: Callable[[], Iterable[Any]] | Sequence[Any]
    members: int
    law: Callable[[Any], Sequence[Fraction]]
    invisible: Mapping[str, str] = field(default_factory=dict)
    budget: str = "quick"

    def __post_init__(self) -> None:
        if not isinstance(self.words, str) or not self.words.strip() or self.words.lstrip()[0].isdigit():
            raise StatementError(f"`words` of Coins must name things, and not count them; got {self.words!r}")
        if isinstance(self.members, bool) or not isinstance(self.members, int) or self.members < 1:
            raise StatementError(f"`members` of Coins must be a positive integer; got {self.members!r}")

    @property
    def told(self) -> str:
        """The set in words, with its number of instances."""
        return f"{self.members:,} {self.words}, with all coins"

    def enumerated(self) -> list[Any]:
        """The instances.

        Returns
        -------
        list
            Instances, of which there are `members`.

        Raises
        ------
        StatementError
            If there are more or fewer.
        """
        found = list(self.instances() if callable(self.instances) else self.instances)
        if len(found) != self.members:
            raise StatementError(f"all {self.told}: the list has {len(found):,} members")
        return found

    def some(self, count: int) -> list[Any]:
        """The first members.

        Parameters
        ----------
        count : int
            Number of members.

        Returns
        -------
        list
            Instances.
        """
        return self.enumerated()[:count]

    def against(
        self, instance: Any, claim: Any, run: Callable[[CoinTosses], Any], limit: int
    ) -> tuple[int, Fraction, Fraction] | None:
        """Compare the exact law on one instance with that of the theorem.

        Parameters
        ----------
        instance : object
            Instance of the set.
        claim : Law
            Claim that has the category of an outcome.
        run : callable
            ``run(rng)``, the outcome of one run.
        limit : int
            Largest number of ways.

        Returns
        -------
        tuple or None
            First category whose chances differ, its exact chance, and the one that is due; None where the laws are
            equal.

        Raises
        ------
        StatementError
            If the stated law is not exact, does not add up to 1, or lacks a category.
        """
        due = list(self.law(instance))
        if not all(isinstance(one, (int, Fraction)) and not isinstance(one, bool) for one in due) or sum(due) != 1:
            raise StatementError(f"all {self.told}: `law` must give Fractions that add up to 1; got {due!r}")
        found = [Fraction(0)] * len(due)
        for weight, outcome in all_coins(run, limit):
            (category,) = claim.observe(instance, outcome)
            if not 0 <= category < len(due):
                raise StatementError(f"all {self.told}: category {category} is none of the {len(due)} of `law`")
            found[int(category)] += weight
        wrong = next((k for k, (a, b) in enumerate(zip(found, due, strict=True)) if a != b), None)
        return None if wrong is None else (wrong, found[wrong], Fraction(due[wrong]))

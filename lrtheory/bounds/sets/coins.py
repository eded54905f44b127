"""All coins of a random algorithm: its exact law, by running it once for every way that its draws can fall."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.sets.entry import Entry

__all__ = ["CoinTosses", "Coins", "Continuum", "Uniform", "Walk", "all_coins", "walked"]

_DENOMINATOR = 10**6  # largest one of a chance that is given as a double
_LISTED = 10**6  # outcomes of one draw that are listed at most
_ROUNDING = Fraction(1, 10**12)  # by which the doubles of a claim may differ from the exact law


class Continuum(StatementError):
    """A draw has more outcomes than can be listed."""


class CoinTosses(np.random.Generator):
    """A generator whose draws are chosen: the first ones as a path says, and 0 from there on.

    It answers what has finitely many outcomes. A draw from a continuum is an error, and so is a way around draws, by
    the bit generator or by options that it does not know.

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
        if n > _LISTED:
            raise Continuum(f"one draw has {n:,} outcomes, and at most {_LISTED:,} are listed")
        return self._one_of([Fraction(1, n)] * n) if n > 1 else 0

    def is_below(self, chance: Any) -> bool:
        """Whether a number that is uniform on [0, 1) lies below a chance.

        Parameters
        ----------
        chance : float or Fraction
            Stands for the nearest fraction with a denominator of at most a million.

        Returns
        -------
        bool
            True with that chance; without a draw where it is at most 0, or 1 or more.
        """
        exact = min(max(Fraction(chance).limit_denominator(_DENOMINATOR), Fraction(0)), Fraction(1))
        return exact == 1 if exact in (0, 1) else self._one_of([exact, 1 - exact]) == 0

    def integers(  # type: ignore[override]
        self, low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64, endpoint: bool = False
    ) -> Any:
        """Uniform integers of a range."""
        low, high = (0, low) if high is None else (low, high)
        if np.ndim(low) or np.ndim(high):
            raise Continuum("coins draw integers of one range at a time")
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
        if axis != 0 or not shuffle:
            raise Continuum("coins choose along the first axis, in a random order")
        options = np.arange(a) if isinstance(a, (int, np.integer)) else np.asarray(a)
        chances = [Fraction(1, len(options))] * len(options) if p is None else _exact(p)
        if size is None:
            return options[self._one_of(chances)]
        if not replace:
            if p is not None:
                raise Continuum("coins do not draw without replacement by chances")
            return self.permutation(options)[: int(size)]
        return options[self._filled(size, lambda: self._one_of(chances))]

    def permutation(self, x: Any, axis: int = 0) -> Any:  # type: ignore[override]
        """A uniform order of a sequence."""
        if axis != 0:
            raise Continuum("coins order the first axis alone")
        items = list(range(int(x))) if isinstance(x, (int, np.integer)) else list(x)
        for last in range(len(items) - 1, 0, -1):
            other = self._below(last + 1)
            items[last], items[other] = items[other], items[last]
        return np.array(items)

    def _filled(self, size: Any, draw: Callable[[], int]) -> np.ndarray:
        shape = (int(size),) if isinstance(size, (int, np.integer)) else tuple(map(int, size))
        return np.array([draw() for _ in range(prod(shape))], np.int64).reshape(shape)


class Uniform:
    """A uniform number on [0, 1) that a kernel has drawn, of which is asked once whether it is below a chance.

    Parameters
    ----------
    coins : CoinTosses
        Coins that answer.
    """

    def __init__(self, coins: CoinTosses) -> None:
        self._coins: CoinTosses | None = coins

    def __lt__(self, chance: Any) -> bool:
        if self._coins is None:
            raise Continuum("a uniform number is compared twice, so its answers hang together")
        coins, self._coins = self._coins, None
        return coins.is_below(chance)


def _refused(name: str) -> Callable[..., Any]:
    def refuse(self: CoinTosses, *_: Any, **__: Any) -> Any:
        raise Continuum(f"coins answer draws with finitely many outcomes alone; `{name}` has more")

    return refuse


for _name in dir(np.random.Generator):
    if not _name.startswith("_") and _name not in ("bit_generator", "integers", "choice", "permutation"):
        setattr(CoinTosses, _name, _refused(_name))
CoinTosses.bit_generator = property(_refused("bit_generator"))  # type: ignore[assignment, method-assign]


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
class Walk:
    """A run that goes on by updates, after each of which equal states are merged and their chances added up.

    Parameters
    ----------
    start : object
        State before the first update.
    updates : sequence
        The updates, none of which hangs on a draw.
    step : callable
        ``step(state, update, coins) -> state``, which draws from `coins` alone and leaves the given state as it is.
    key : callable
        ``key(state)``, hashable: the whole state, less what no later step reads.
    outcome : callable
        ``outcome(state)``, the outcome of a run that ends there.
    """

    start: Any
    updates: Sequence[Any]
    step: Callable[[Any, Any, CoinTosses], Any]
    key: Callable[[Any], Hashable]
    outcome: Callable[[Any], Any]


def walked(walk: Walk, limit: int, *, merged: bool = True) -> Iterator[tuple[Fraction, Any]]:
    """Run a walk for every way that its draws can fall.

    Parameters
    ----------
    walk : Walk
        The walk.
    limit : int
        Largest number of steps.
    merged : bool
        Whether states of one key are merged.

    Yields
    ------
    tuple of Fraction and object
        Chance of a last state, and its outcome; the chances add up to 1.

    Raises
    ------
    StatementError
        If there are more steps, or chances do not add up to 1.
    """
    states: dict[Hashable, tuple[Fraction, Any]] = {0: (Fraction(1), walk.start)}
    left = limit
    for update in walk.updates:
        after: dict[Hashable, tuple[Fraction, Any]] = {}
        for weight, state in states.values():
            for chance, new in all_coins(lambda coins: walk.step(state, update, coins), limit):  # noqa: B023
                left -= 1
                if left < 0:
                    raise StatementError(f"a walk takes more than {limit:,} steps")
                key = walk.key(new) if merged else left
                before, kept = after.get(key, (Fraction(0), new))
                after[key] = before + weight * chance, kept
        states = after
    if sum(weight for weight, _ in states.values()) != 1:
        raise StatementError("the chances of all states of a walk do not add up to 1")
    yield from ((weight, walk.outcome(state)) for weight, state in states.values())


@dataclass(frozen=True)
class Coins(Entry):
    """Instances on which the law of a random algorithm is known exactly, by every way in which its draws can fall.

    The solver runs once for each way, and the chances of the categories of its outcomes are compared in Fractions with
    those that the theorem states. An inequality or identity must hold of the outcome of every way. A chance that the
    solver gives as a double stands for the nearest fraction with a denominator of at most a million.

    Parameters
    ----------
    words : str
        Plural noun phrase for the instances, without their number.
    instances : callable or sequence
        Instances, which satisfy the hypotheses.
    members : int
        Number of instances.
    law : callable or None
        ``law(instance)``, the chance of each category in Fractions, which the claim has as doubles; None for claims
        that are no `Law`.
    walk : callable or None
        ``walk(instance) -> Walk`` in the place of the solver, for algorithms that draw in kernels, which it runs
        interpreted. On the last instance the law must be the same where no states are merged.
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
    law: Callable[[Any], Sequence[Fraction]] | None = None
    walk: Callable[[Any], Walk] | None = None
    invisible: Mapping[str, str] = field(default_factory=dict)
    budget: str = "quick"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.members, bool) or not isinstance(self.members, int) or self.members < 1:
            raise StatementError(f"`members` of Coins must be a positive integer; got {self.members!r}")

    @property
    def told(self) -> str:
        """The set in words, with its number of instances."""
        return f"{self.members:,} {self.words}, with all coins"

    def named(self) -> Iterator[tuple[str, Any]]:
        """Yield the instances by their numbers.

        Yields
        ------
        tuple of str and object
            Number of the instance, from 0, and the instance.

        Raises
        ------
        StatementError
            If there are more or fewer than `members`.
        """
        found = list(self.instances() if callable(self.instances) else self.instances)
        if len(found) != self.members:
            raise StatementError(f"all {self.told}: the list has {len(found):,} members")
        for number, instance in enumerate(found):
            yield f"{number}", instance

    def ways(
        self, instance: Any, run: Callable[[CoinTosses], Any], limit: int, *, merged: bool = True
    ) -> Iterator[tuple[Fraction, Any]]:
        """Run the solver, or the walk, on an instance for every way that draws can fall.

        Parameters
        ----------
        instance : object
            Instance of the set.
        run : callable
            ``run(rng)``, the outcome of one run of the solver.
        limit : int
            Largest number of ways, or of steps.
        merged : bool
            Whether equal states of a walk are merged.

        Yields
        ------
        tuple of Fraction and object
            Chance, and outcome.
        """
        if self.walk is None:
            yield from all_coins(run, limit)
        else:
            yield from walked(self.walk(instance), limit, merged=merged)

    def against(
        self, instance: Any, claim: Any, ways: Iterable[tuple[Fraction, Any]]
    ) -> tuple[int, Fraction, Fraction] | None:
        """Compare the exact law on one instance with that of the theorem.

        Parameters
        ----------
        instance : object
            Instance of the set.
        claim : Law
            Claim that has the category of an outcome.
        ways : iterable of tuple
            Chances and outcomes, as of `ways`.

        Returns
        -------
        tuple or None
            First category whose chances differ, its exact chance, and the one that is due; None where the laws are
            equal.

        Raises
        ------
        StatementError
            If the stated law is not exact, does not add up to 1, or has other categories than outcomes and claim.
        """
        assert self.law is not None
        due = list(self.law(instance))
        if not all(isinstance(one, (int, Fraction)) and not isinstance(one, bool) for one in due) or sum(due) != 1:
            raise StatementError(f"all {self.told}: `law` must give Fractions that add up to 1; got {due!r}")
        found = [Fraction(0)] * len(due)
        for weight, outcome in ways:
            (category,) = claim.observe(instance, outcome)
            if not 0 <= category < len(due):
                raise StatementError(f"all {self.told}: category {category} is none of the {len(due)} of `law`")
            found[int(category)] += weight
        stated = [Fraction(float(one)) for one in claim.probabilities(instance)]
        if len(stated) != len(due):
            raise StatementError(f"all {self.told}: the claim has {len(stated)} categories, and `law` has {len(due)}")
        for category, (exact, right, rounded) in enumerate(zip(found, due, stated, strict=True)):
            if exact != right:
                return category, exact, Fraction(right)
            if abs(right - rounded) > _ROUNDING:  # the claim is another one, as a saboteur's may be
                return category, exact, rounded
        return None

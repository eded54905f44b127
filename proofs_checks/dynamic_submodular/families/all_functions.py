"""All monotone submodular functions of a few elements, by the linear inequalities that define them or by their values.

Beside them stand all short streams of updates of three elements.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from lrtheory.bounds import All, Program
from proofs_checks.dynamic_submodular.families.functions import SetFunction, by_values, set_function
from proofs_checks.dynamic_submodular.families.offline import Offline
from proofs_checks.dynamic_submodular.families.streams import Updates, modular
from proofs_checks.orbits import representatives

Form = dict[Any, Fraction]


def form(*terms: tuple[int, Fraction | int]) -> Form:
    """Sum values f(S) of sets S, given as bit masks, with coefficients; f(empty) is 0."""
    found: Form = {}
    for mask, coefficient in terms:
        if mask:
            found[mask] = found.get(mask, Fraction(0)) + coefficient
    return found


def monotone_submodular(n: int) -> dict[str, Form]:
    """List f(S + v) >= f(S), and f(S + v) + f(S + w) >= f(S + v + w) + f(S), for all sets and elements."""
    facts: dict[str, Form] = {}
    for S in range(1 << n):
        outside = [v for v in range(n) if not S >> v & 1]
        for v in outside:
            facts[f"Mono {S} {v}"] = form((S | 1 << v, 1), (S, -1))
        for v, w in itertools.combinations(outside, 2):
            a, b = 1 << v, 1 << w
            facts[f"Sub {S} {v} {w}"] = form((S | a, 1), (S | b, 1), (S | a | b, -1), (S, -1))
    return facts


def greedy_runs(n: int, k: int) -> dict[str, Form]:
    """List the functions on which the elements 0, 1, ..., k - 1 are a run of greedy selection, ties included.

    Every run is one of these after elements are given other numbers.
    """
    facts = monotone_submodular(n)
    for i in range(k):
        before = (1 << i) - 1
        for v in range(i + 1, n):
            facts[f"Pick {i} {v}"] = form((before | 1 << i, 1), (before | 1 << v, -1))
    return facts


def shares_of_greedy(n: int, k: int, share: Fraction) -> Iterator[Program]:
    """Yield, for each set O of k elements, that the run keeps a share of f(O)."""
    facts = greedy_runs(n, k)
    for chosen in itertools.combinations(range(n), k):
        best = sum(1 << v for v in chosen)
        yield Program(facts, form(((1 << k) - 1, 1), (best, -share)), unit=best, name=" ".join(map(str, chosen)))


def gaps_of_greedy(n: int, k: int) -> Iterator[Program]:
    """Yield, for each set O of k elements and each step, that the step closes a k-th of the gap to f(O)."""
    facts, left = greedy_runs(n, k), 1 - Fraction(1, k)
    for chosen in itertools.combinations(range(n), k):
        best = sum(1 << v for v in chosen)
        for i in range(1, k + 1):
            before, after = (1 << (i - 1)) - 1, (1 << i) - 1
            yield Program(facts, form((after, 1), (best, left - 1), (before, -left)), unit=best)


def offline(n: int, k: int, values: Mapping[Any, Fraction]) -> Offline:
    """Make an instance of the values of a function, in whole numbers."""
    scale = lcm(*(value.denominator for value in values.values()))
    table: Sequence[int] = [int(values.get(S, Fraction(0)) * scale) for S in range(1 << n)]
    return Offline(by_values(np.array(table)), k)


def whole_functions(n: int, most: int) -> Iterator[SetFunction]:
    """Yield the monotone submodular functions of n elements with whole values, none above `most` for a single one."""
    masks = sorted(range(1, 1 << n), key=lambda mask: (mask.bit_count(), mask))
    found = [{0: 0}]
    for S in masks:  # by size, so that the bounds of f(S) are known
        inside = [S ^ (1 << v) for v in range(n) if S >> v & 1]
        larger = []
        for f in found:
            highest = min((f[A] + f[B] - f[A & B] for A, B in itertools.combinations(inside, 2)), default=most)
            larger += [f | {S: value} for value in range(max(f[A] for A in inside), highest + 1)]
        found = larger
    yield from (by_values(np.array([f[S] for S in range(1 << n)])) for f in found)


def to_choose(most: int, **options: Any) -> All:
    """Return the set of all functions of three elements up to `most`, of which two are chosen."""
    return All(
        f"monotone submodular functions of three elements with whole values, up to {most} for one, and k = 2",
        lambda: (Offline(function, 2) for function in whole_functions(3, most)),
        members={2: 115, 3: 536}[most],
        **options,
    )


#: functions, k and guesses: equal elements at the threshold, one that hides two, copies, and different weights
STREAMED = (
    (modular([1.0] * 3), 2, 4.0),
    (set_function("coverage", np.array([[1, 1], [1, 0], [0, 1]]) > 0), 2, 3.0),
    (set_function("coverage", np.ones((3, 1)) > 0), 2, 1.0),
    (modular([4.0, 5.0, 6.0]), 1, 6.0),
)


#: why these streams do not see what becomes of dead members
FEW = "a batch of two or fewer members is built again at the first death"


def named_streams(length: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the numbers of functions with the elements that come where they are absent and else go, one an update."""
    return itertools.product(range(len(STREAMED)), itertools.product(range(3), repeat=length))


def alike(stream: tuple[int, tuple[int, ...]]) -> set[tuple[int, tuple[int, ...]]]:
    """Return a stream under all exchanges of elements that keep its function."""
    number, named = stream
    values = STREAMED[number][0].values
    found = set()
    for names in itertools.permutations(range(3)):
        moved = [sum(1 << names[v] for v in range(3) if S >> v & 1) for S in range(8)]
        if (values[moved] == values).all():
            found.add((number, tuple(names[v] for v in named)))
    return found


def updates_of(stream: tuple[int, tuple[int, ...]]) -> Updates:
    """Make the updates of a stream."""
    function, k, guess = STREAMED[stream[0]]
    ops = [~v if stream[1][:t].count(v) % 2 else v for t, v in enumerate(stream[1])]
    return Updates(function, np.array(ops), k, 0.25, guess)


def n_alike(instance: Any) -> int:
    """Count the streams that differ from one by names, for an instance that is a stream or has one."""
    updates = getattr(instance, "updates", instance)
    functions = [np.array_equal(function.values, updates.function.values) for function, _, _ in STREAMED]
    return len(alike((functions.index(True), tuple(v if v >= 0 else ~v for v in updates.ops.tolist()))))


WORDS = (
    "updates of three elements that are equal, or copies, or of which one hides two, or of weights 4, 5 and 6, one run "
    "of each"
)

NAMES = "the names of elements that are alike"


def every_stream() -> Iterator[Updates]:
    """Yield the streams of four updates; the shorter ones are their beginnings."""
    return map(updates_of, named_streams(4))


def all_streams(as_instance: Callable[[Updates], Any] = lambda updates: updates, **options: Any) -> All:
    """Return the set of all streams of four updates, made into instances."""
    return All(
        f"streams of four {WORDS}",
        lambda: (as_instance(updates_of(stream)) for stream in representatives(named_streams(4), alike)),
        members=150,
        orbit=n_alike,
        total=len(STREAMED) * 3**4,
        up_to=NAMES,
        **options,
    )


LONG_STREAMS = All(
    f"streams of six {WORDS}",
    lambda: map(updates_of, representatives(named_streams(6), alike)),
    members=1338,
    orbit=n_alike,
    total=len(STREAMED) * 3**6,
    up_to=NAMES,
    budget="thorough",
)

"""All monotone submodular functions of a few elements, by the linear inequalities that define them or by their values.

Beside them stand all short streams of updates of three elements. Elements are *alike* where the function keeps its
values when they are exchanged; of streams that differ by the names of such elements one is listed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from lrtheory.bounds import All, Program
from proofs_checks.dynamic_submodular.families.functions import SetFunction, by_values, mask_of, set_function
from proofs_checks.dynamic_submodular.families.offline import Offline
from proofs_checks.dynamic_submodular.families.streams import Updates, modular
from proofs_checks.orbits import Symmetry

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


def gaps_of_greedy(n: int, k: int, left: Fraction) -> Iterator[Program]:
    """Yield, for each set O of k elements and each step, that the step leaves at most a share of the gap to f(O)."""
    facts = greedy_runs(n, k)
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


#: what the functions are that `whole_functions` yields for three elements
SMALL = "monotone submodular functions of three elements with f(empty) = 0 and whole values, at most {} for one element"


def to_choose(most: int, **options: Any) -> All:
    """Return the set of all functions of three elements up to `most`, of which two are chosen."""
    return All(
        f"{SMALL.format(most)}, where two elements are chosen",
        lambda: (Offline(function, 2) for function in whole_functions(3, most)),
        members={2: 115, 3: 536}[most],
        **options,
    )


NOTHING_YET = np.array([], dtype=np.int64)

#: functions of three elements, each with its k, epsilon and guess, before any update
FUNCTIONS = (
    Updates(modular([1.0] * 3), NOTHING_YET, 2, 0.25, 4.0),  # the threshold is the value of an element
    Updates(set_function("coverage", np.array([[1, 1], [1, 0], [0, 1]]) > 0), NOTHING_YET, 2, 0.25, 3.0),
    Updates(set_function("coverage", np.ones((3, 1)) > 0), NOTHING_YET, 2, 0.25, 1.0),
    Updates(modular([4.0, 5.0, 6.0]), NOTHING_YET, 1, 0.25, 6.0),
)

#: the same for batches: in each of the first three all elements are one batch, in which one of three may be dead. Two
#: guesses are full and one is open, with square roots, under which whoever is counted twice adds again; of the last
#: function, pairs of three items, one element fills the bucket, and the others fall out of it
BATCHES = (
    Updates(modular([1.0] * 3), NOTHING_YET, 3, 0.5, 6.0),
    Updates(modular([6.0, 6.0, 7.0]), NOTHING_YET, 3, 0.5, 36.0),
    Updates(set_function("features", 4.0 * np.eye(3)), NOTHING_YET, 4, 0.5, 8.0),
    Updates(set_function("coverage", np.eye(3) == 0), NOTHING_YET, 3, 0.5, 6.0),
)


def streams(functions: Iterable[Updates], named: Iterable[tuple[int, ...]]) -> Iterator[Updates]:
    """Yield the streams in which the named elements come where they are absent, and else go, one an update."""
    for start, elements in itertools.product(functions, named):
        ops = [~v if elements[:t].count(v) % 2 else v for t, v in enumerate(elements)]
        yield replace(start, ops=np.array(ops))


def renamed(instance: Any) -> Iterator[Hashable]:
    """Yield a stream, or that of an instance with one, after all exchanges of elements that are alike."""
    updates = getattr(instance, "updates", instance)
    values = updates.function.values
    for names in itertools.permutations(range(3)):  # the identity first
        moved = [mask_of(names[v] for v in range(3) if S >> v & 1) for S in range(8)]
        if (values[moved] == values).all():
            yield (*values, updates.k, *(names[op] if op >= 0 else ~names[~op] for op in updates.ops.tolist()))


NAMES = Symmetry(renamed)
UP_TO = "the names of elements that are alike"

#: what `every_stream` yields, after "pairs of a stream of four "
WORDS = (
    "updates of three elements and one of four functions (equal weights; weights 4, 5 and 6; copies; one element that "
    "covers the two others), which comes with its k, epsilon and guess, one run of each pair"
)


def every_stream(length: int = 4) -> Iterator[Updates]:
    """Yield the streams of `length` updates; the shorter ones are their beginnings."""
    return streams(FUNCTIONS, itertools.product(range(3), repeat=length))


def all_streams(as_instance: Callable[[Updates], Any] = lambda updates: updates) -> All:
    """Return the set of all streams of four updates, made into instances."""
    return All(
        f"pairs of a stream of four {WORDS}",
        lambda: map(as_instance, NAMES.one_of_each(every_stream())),
        members=150,
        orbit=NAMES.size,
        total=len(FUNCTIONS) * 3**4,
        up_to=UP_TO,
    )


LONG_STREAMS = All(
    f"pairs of a stream of six {WORDS}",
    lambda: NAMES.one_of_each(every_stream(6)),
    members=1338,
    orbit=NAMES.size,
    total=len(FUNCTIONS) * 3**6,
    up_to=UP_TO,
    budget="thorough",
)


def every_batch() -> Iterator[Updates]:
    """Yield the streams that insert three elements in any order, and then go on by three updates."""
    named = itertools.product(itertools.permutations(range(3)), itertools.product(range(3), repeat=3))
    return streams(BATCHES, [first + then for first, then in named])


IN_BATCHES = All(
    "pairs of a stream of three insertions and three more updates and one of four functions (equal weights; weights 6, "
    "6 and 7; square roots; pairs of three items), which comes with its k and guess, epsilon 1/2, one run of each pair",
    lambda: NAMES.one_of_each(every_batch()),
    members=27 + 81 + 27 + 27,
    orbit=NAMES.size,
    total=len(BATCHES) * 6 * 3**3,
    up_to=UP_TO,
)

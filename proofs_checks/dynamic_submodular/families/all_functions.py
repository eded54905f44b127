"""All monotone submodular functions of a few elements, by the linear inequalities that define them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from lrtheory.bounds import Program
from proofs_checks.dynamic_submodular.families.functions import by_values
from proofs_checks.dynamic_submodular.families.offline import Offline

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
        yield Program(facts, form(((1 << k) - 1, 1), (best, -share)), unit=best)


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

"""pybloom_live: filters at capacity, filters that grow, and copies.

Keys are random numbers of 60 bits, drawn anew in every run, since the hash functions have fixed seeds.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from lrtheory.bounds import (
    Documented,
    Family,
    Identity,
    Inequality,
    Probability,
    Sides,
    Statement,
    Violated,
    repair,
    saboteur,
)
from pybloom_live import BloomFilter, ScalableBloomFilter

# --- instances --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Capacity:
    """A filter, the rate of false positives that is allowed, and the number of keys that are added."""

    capacity: int
    rate: Fraction
    keys: int


# --- what is under test -----------------------------------------------------------------------------------------------


def hits(make):
    """Whether a key that was never added is found, in each run."""

    def solve(case, rng, n):
        found = []
        for _ in range(n):
            one = make(case.capacity, float(case.rate))
            *added, other = rng.integers(2**60, size=case.keys + 1).tolist()
            for key in added:
                one.add(key)
            found.append(other in one)
        return np.array(found)

    return solve


def tightened(capacity, rate):
    """A filter that grows, whose first rate is a tenth of the one asked for, so that the sum of all rates is that."""
    return ScalableBloomFilter(capacity, rate / 9, ScalableBloomFilter.SMALL_SET_GROWTH)


def growing(capacity, rate):
    return ScalableBloomFilter(capacity, rate, ScalableBloomFilter.SMALL_SET_GROWTH)


def filled(case):
    one = BloomFilter(case.capacity, float(case.rate))
    for key in range(case.keys):
        one.add(key)
    return one


def lengths(copy):
    """The number of keys that a filter and its copy say they hold."""

    def solve(case, rng):
        one = filled(case)
        return {"filter": len(one), "copy": len(copy(one))}

    return solve


def found_again(through=lambda one: one, forgotten=0):
    """Whether each key is found that has been added."""

    def solve(case, rng):
        one = BloomFilter(case.capacity, float(case.rate))
        for key in range(case.keys - forgotten):
            one.add(key)
        one = through(one)
        return tuple(key in one for key in range(case.keys))

    return solve


# --- claims -----------------------------------------------------------------------------------------------------------


def at_most(factor):
    return Probability(lambda case, found: found, lambda case: float(factor * case.rate))


def forgets(case, found):
    return Sides(lhs=found.count(False), rhs=0, trivial=case.keys)


def half_are_found(case, found):
    return Sides(lhs=found.count(True), rhs=case.keys // 2, trivial=case.keys)


# --- statements -------------------------------------------------------------------------------------------------------


def full(draws):
    capacity = draws.integers(1, 8)
    return Capacity(capacity, Fraction(draws.integers(2, 6), 10), capacity)


FULL = Family(
    "pybloom-full",
    always=(Capacity(1, Fraction(2, 5), 1), Capacity(4, Fraction(1, 10), 4)),
    draw=full,
)
RATE = Statement(
    id="pybloom_live/filter",
    title="A full filter errs at most at the given rate",
    says="After as many random keys as the capacity, another random key is found with probability at most the rate p.",
    source=Documented("pybloom_live", "BloomFilter", "at most the given rate of false positives up to the capacity"),
    tex=r"P(y \in B) \le p",
    hypotheses={"as many keys as the capacity": lambda case: case.keys == case.capacity},
    instances=FULL,
    solve=hits(BloomFilter),
    claim=at_most(1),
    violated=Violated("With capacity 1 and rate 2/5 there are two slices of one bit, and one key fills them all"),
    repairs=(
        repair("room for three times as many", solve=hits(lambda capacity, rate: BloomFilter(3 * capacity, rate))),
    ),
    notes="The size of a slice comes from a formula for large filters, which errs to the unsafe side for small ones.",
)

SCALABLE = Statement(
    id="pybloom_live/scalable-filter",
    title="A filter that grows keeps its rate of false positives",
    says="However many random keys have been added, another random key is found with probability at most the rate p.",
    source=Documented("pybloom_live", "ScalableBloomFilter", "a steady rate of false positives while it grows"),
    tex=r"P(y \in B) \le p",
    hypotheses={"some keys": lambda case: case.keys >= 1},
    # one filter is enough for one key; the rates of two, three and four filters add up
    instances=Family(
        "pybloom-growing",
        always=(Capacity(1, Fraction(1, 10), 3), Capacity(1, Fraction(1, 10), 15), Capacity(4, Fraction(1, 10), 60)),
        draw=lambda draws: Capacity(draws.integers(1, 4), Fraction(1, 10), draws.integers(1, 20)),
    ),
    solve=hits(growing),
    claim=at_most(1),
    violated=Violated(
        "The first filter takes 9/10 of the rate and each one more 9/10 of the last, which adds up to 9 p"
    ),
    repairs=(repair("a ninth of the rate", solve=hits(tightened)),),
    notes="The construction gives the first filter the share 1 - 9/10 of the rate, so that the sum of all is p.",
)

COPY = Statement(
    id="pybloom_live/copy",
    title="A copy holds as many keys as the filter",
    says="The number of keys m' of a copy of a filter is the number m of keys that the filter stores.",
    source=Documented("pybloom_live", "BloomFilter.copy", "a copy of the filter, and len the number of its keys"),
    tex=r"m' = m",
    hypotheses={"not over capacity": lambda case: case.keys <= case.capacity},
    instances=Family(
        "pybloom-copies",
        always=[Capacity(5, Fraction(1, 100), keys) for keys in (1, 2, 5)],
        draw=lambda draws: Capacity(10, Fraction(1, 100), draws.integers(1, 10)),
    ),
    solve=lengths(lambda one: one.copy()),
    claim=Identity(lambda case, found: Sides(lhs=found["copy"], rhs=found["filter"])),
    violated=Violated("The count of a copy is zero, and so is that of a union, so both can be filled once more"),
    repairs=(repair("a deep copy", solve=lengths(deepcopy)),),
)

FORGETS = Statement(
    id="pybloom_live/no-false-negatives",
    title="Every key that was added is found",
    says="The number m of keys that were added and are not found is zero, in a filter, in a copy and in a union.",
    source=Documented("pybloom_live", "BloomFilter", "it stores its keys; only absent keys are answered wrongly"),
    tex=r"m = 0",
    hypotheses={"not over capacity": lambda case: case.keys <= case.capacity},
    instances=replace(
        COPY.instances,
        name="pybloom-kept",
        always=[Capacity(n, Fraction(1, d), n) for n in (1, 2, 3, 20) for d in (2, 10, 1000)],
    ),
    solve=found_again(lambda one: one.copy() | BloomFilter(one.capacity, one.error_rate)),
    claim=Inequality(forgets),
    saboteurs=(
        saboteur("the last key forgotten", solve=found_again(forgotten=1)),
        saboteur(
            "the intersection with an empty filter",
            solve=found_again(lambda one: one & BloomFilter(one.capacity, one.error_rate)),
        ),
        saboteur("half are found", claim=Inequality(half_are_found)),
    ),
)

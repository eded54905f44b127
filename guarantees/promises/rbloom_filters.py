"""rbloom: a filter at capacity, without false negatives.

Keys are random numbers of 60 bits, which CPython hashes to themselves, drawn anew in every run.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from lrtheory.bounds import Documented, Expectation, Family, Inequality, Sides, Statement, Violated, repair, saboteur
from rbloom import Bloom


@dataclass(frozen=True)
class Capacity:
    """The number of keys of a full filter, with zero for an empty one, and the rate of false positives allowed."""

    capacity: int
    rate: Fraction


# --- what is under test -----------------------------------------------------------------------------------------------


ASKED = 32


def hits(make=Bloom, times=1):
    """How many of some keys that were never added are found in a filter with ``times`` as many keys as it has room for.

    Several keys are asked for in each run, since one alone tells little about a rate.
    """

    def solve(case, rng, n):
        found = []
        for _ in range(n):
            one = make(max(case.capacity, 1), float(case.rate))
            keys = rng.integers(2**60, size=times * case.capacity + ASKED).tolist()
            one.update(keys[ASKED:])
            found.append(sum(key in one for key in keys[:ASKED]))
        return np.array(found)

    return solve


def found_again(through):
    """Whether each key is found that has been added, after ``through(filter, an empty one)``."""

    def solve(case, rng):
        keys = rng.integers(2**60, size=case.capacity).tolist()
        one, empty = (Bloom(case.capacity, float(case.rate)) for _ in range(2))
        one.update(keys)
        one = through(one, empty)
        return tuple(key in one for key in keys)

    return solve


# --- claims -----------------------------------------------------------------------------------------------------------


def rate(factor):
    """The mean share of keys that are found is at most ``factor`` times the rate."""
    return Expectation(
        sample=lambda case, found: found / ASKED,
        support=lambda case: (0, 1),
        at_most=lambda case: float(factor * case.rate),
    )


def forgets(case, found):
    return Sides(lhs=found.count(False), rhs=0, trivial=case.capacity)


# --- statements -------------------------------------------------------------------------------------------------------

CASES = Family(
    "rbloom",
    # between rates 1/4 and 1/2 there is one hash function; three keys then have one byte from 7/25 on
    always=tuple(
        Capacity(capacity, Fraction(percent, 100))
        for capacity, percent in ((3, 28), (1, 50), (1, 10), (2, 10), (4, 10), (20, 26), (100, 50), (100, 10))
    ),
    draw=lambda draws: Capacity(draws.integers(1, 30), Fraction(draws.integers(5, 50), 100)),
)

RATE = Statement(
    id="rbloom/filter",
    title="A full filter errs at most a quarter more often than the given rate",
    says="After as many random keys as the capacity, another random key is found with probability r at most 5/4 times "
    "the rate p.",
    source=Documented("rbloom", "Bloom", "the largest rate of false positives up to the number of expected items"),
    tex=r"r \le \tfrac54 p",
    hypotheses={"a rate of at most 1/2": lambda case: 0 < case.rate <= Fraction(1, 2)},
    instances=CASES,
    solve=hits(),
    claim=rate(Fraction(5, 4)),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("four times as many keys", solve=hits(times=4)),
        saboteur("the rate itself", claim=rate(1), printed=True),
    ),
    notes="The number of hash functions is rounded down from the logarithm of 1/p to base 2, and the number of bits is "
    "the one for the logarithm itself. At capacity 3 and rate 7/25 a byte and one hash function give 169/512.",
)

LARGE_RATES = replace(
    RATE,
    id="rbloom/filter-large-rates",
    title="A full filter errs at most at the given rate, above one half too",
    says="After as many random keys as the capacity, another one is found with probability r at most the rate p.",
    tex=r"r \le p",
    hypotheses={"a rate": lambda case: 0 < case.rate < 1},
    instances=Family(
        "rbloom-large-rates",
        always=(Capacity(0, Fraction(3, 5)), Capacity(1, Fraction(3, 5)), Capacity(100, Fraction(3, 5))),
        draw=lambda draws: Capacity(draws.integers(0, 30), Fraction(draws.integers(60, 90), 100)),
    ),
    claim=rate(1),
    saboteurs=(),
    violated=Violated("Above one half the number of hash functions is zero, and an empty filter has every key in it"),
    repairs=(repair("a rate of at most 1/2", solve=hits(lambda capacity, rate: Bloom(capacity, min(rate, 0.5)))),),
    notes="",
)

FORGETS = Statement(
    id="rbloom/no-false-negatives",
    title="Every key that was added is found",
    says="The number m of keys that were added and are not found is zero, also in a copy and in a union.",
    source=Documented("rbloom", "Bloom.update", "what was added is in the filter, as in a set"),
    tex=r"m = 0",
    hypotheses={"a rate of at most 1/2": lambda case: 0 < case.rate <= Fraction(1, 2)},
    instances=CASES,
    solve=found_again(lambda one, empty: one.copy() | empty),
    claim=Inequality(forgets),
    saboteurs=(
        saboteur("the intersection with an empty one", solve=found_again(lambda one, empty: one & empty)),
        saboteur(
            "none is found",
            claim=Inequality(lambda case, found: Sides(lhs=found.count(True), rhs=0, trivial=case.capacity)),
        ),
    ),
)

"""river: counts of keys, and sets.

Keys are integers, whose hash in CPython is the number itself, so that no verdict depends on the process. Where the keys
are to be random, they are numbers of 60 bits, drawn anew in every run.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from lrtheory.bounds import (
    Documented,
    Family,
    Inequality,
    Probability,
    Sides,
    Statement,
    Tight,
    Violated,
    always,
    repair,
    saboteur,
)
from river import sketch

# --- instances --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """Keys with their counts, the first of which is asked for; without keys they are random."""

    epsilon: Fraction
    delta: Fraction
    counts: tuple[int, ...]
    keys: tuple[int, ...] = ()


@dataclass(frozen=True)
class Updates:
    """Amounts that are added to keys one after the other; the key 0 is asked for."""

    epsilon: Fraction
    updates: tuple[tuple[int, int], ...]

    def count(self, key: int) -> int:
        """The sum of what has been added to a key."""
        return sum(amount for other, amount in self.updates if other == key)


@dataclass(frozen=True)
class Capacity:
    """A set that is filled to its capacity, and the rate of false positives that is allowed."""

    capacity: int
    rate: Fraction


# --- what is under test -----------------------------------------------------------------------------------------------


def random_keys(rng, count):
    return rng.integers(2**60, size=count).tolist()


def estimates(make):
    """The count of the first key in each run; ``make(epsilon, delta, seed)`` makes the sketch."""

    def solve(load, rng, n):
        found = []
        for _ in range(n):
            one = make(float(load.epsilon), float(load.delta), int(rng.integers(2**31)))
            keys = load.keys or random_keys(rng, len(load.counts))
            for key, count in zip(keys, load.counts, strict=True):
                if count:
                    one.update(key, count)
            found.append(one[keys[0]])
        return np.array(found)

    return solve


class PairwiseCounter(sketch.Counter):
    """The counter with hash functions (a x + b mod p) mod w, which send two keys to one slot with probability 1/w."""

    PRIME = 2**61 - 1

    def _hash(self, x):
        pairs = zip(self._masks, self._masks[1:] + self._masks[:1], strict=True)
        slots = [(a * hash(x) + b) % self.PRIME % self._w for a, b in pairs]
        return tuple(range(self._d)), tuple(slots)


def totals(updates, rng):
    counter = sketch.Counter(epsilon=float(updates.epsilon), seed=int(rng.integers(2**31)))
    for key, amount in updates.updates:
        counter.update(key, amount)
    return counter[0]


def members(room, keys=random_keys):
    """Whether a key that was never added is found; the set has room for ``room(capacity)`` keys."""

    def solve(case, rng, n):
        found = []
        for _ in range(n):
            one = sketch.Set(room(case.capacity), float(case.rate), seed=int(rng.integers(2**31)))
            *added, other = keys(rng, case.capacity + 1)
            one.update(added)
            found.append(other in one)
        return np.array(found)

    return solve


def found_again(through=lambda one: one):
    """Whether each key is found that has been added."""

    def solve(case, rng):
        one = sketch.Set(case.capacity, float(case.rate), seed=int(rng.integers(2**31)))
        keys = random_keys(rng, case.capacity)
        one.update(keys)
        one = through(one)
        return tuple(key in one for key in keys)

    return solve


# --- claims -----------------------------------------------------------------------------------------------------------


def above(load, found):
    """The estimate is more than epsilon times all counts above the truth."""
    return found > float(load.counts[0] + load.epsilon * sum(load.counts))


def never_below(updates, found):
    size = sum(abs(amount) for _, amount in updates.updates)
    return Sides(lhs=updates.count(0), rhs=found, least=-size)


# --- statements -------------------------------------------------------------------------------------------------------

SHARE, DELTA = Fraction(1, 10), Fraction(1, 20)  # the defaults of river
LOADS = Family(
    "river-loads",
    # four slots, so the keys 0 and 4 have one slot in every table; then 28 slots, and two keys by default
    always=(
        Load(Fraction(7, 10), DELTA, (0, 1), (4, 0)),
        Load(SHARE, DELTA, (0, 1), (36, 0)),
        Load(SHARE, DELTA, (1, 1, 1)),
    ),
    draw=lambda draws: Load(SHARE, DELTA, tuple(draws.integers(0, 9, shape=5).tolist())),
)
RANDOM = replace(
    LOADS,
    name="river-random-loads",
    always=(
        # eight keys with equal counts: one more in every slot of the first is an error of more than a tenth
        Load(SHARE, DELTA, (1,) * 8),
        Load(SHARE, DELTA, (0, 1)),
        Load(SHARE, DELTA, (1, 100)),
    ),
)

COUNTER = Statement(
    id="river/counter",
    title="A count is too large by a share of all counts with a small probability",
    says="For every key the estimate f' of its count f is above f + eps N with probability at most delta, where N is "
    "the sum of all counts and eps and delta are the parameters.",
    source=Documented("river", "sketch.Counter", "with probability 1 - delta at most epsilon times all counts above"),
    tex=r"P(\hat f > f + \varepsilon N) \le \delta",
    hypotheses={"none": always},
    instances=LOADS,
    solve=estimates(sketch.Counter),
    claim=Probability(above, lambda load: float(load.delta)),
    violated=Violated(
        "The hash functions are the hash of the key with bits flipped, modulo the number of slots, so some pairs of "
        "keys collide in all tables together"
    ),
    repairs=(repair("hash functions that are pairwise independent", solve=estimates(PairwiseCounter)),),
    notes="With a power of two as the number of slots, keys that are equal in their last bits collide under every "
    "seed, whatever delta is. With the default parameters the keys 0 and 36 do so under one seed in eight: in each of "
    "the three tables they share a slot with probability 1/2.",
)

COUNTER_RANDOM = replace(
    COUNTER,
    id="river/counter-random-keys",
    title="The same for random keys",
    says="For random keys the estimate f' of a count f is above f + eps N with probability at most delta, where N is "
    "the sum of all counts and eps and delta are the parameters.",
    hypotheses={"random keys": lambda load: not load.keys},
    instances=RANDOM,
    violated=None,
    repairs=(),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("one table", solve=estimates(lambda epsilon, delta, seed: sketch.Counter(4 * epsilon, 0.9, seed))),
        saboteur("ten times as seldom", claim=Probability(above, lambda load: float(load.delta) / 10)),
        saboteur("keys equal modulo 4", breaks="random keys", instances=replace(LOADS, always=LOADS.always[:1])),
    ),
    notes="",
)

FLOWS = Family(
    "river-updates",
    always=(Updates(Fraction(7, 10), ((0, 1),)), Updates(Fraction(7, 10), ((0, 5), (4, 3)))),
    draw=lambda draws: Updates(
        Fraction(7, 10), tuple((draws.integers(0, 8), draws.integers(0, 9)) for _ in range(draws.integers(1, 8)))
    ),
)
OVERESTIMATE = Statement(
    id="river/counter-overestimate",
    title="A count is never too small",
    says="If no amount that is added is negative, then the estimate f' of a count f is at least f.",
    source=Documented("river", "sketch.Counter", "an estimate is never below the count"),
    tex=r"f \le \hat f",
    hypotheses={"no negative amounts": lambda updates: all(amount >= 0 for _, amount in updates.updates)},
    instances=replace(FLOWS, tight=(Tight(FLOWS.always[0], 1, 1),)),
    solve=totals,
    claim=Inequality(never_below),
    saboteurs=(
        saboteur("less one", solve=lambda updates, rng: totals(updates, rng) - 1),
        saboteur("one more", claim=Inequality(lambda u, found: replace(never_below(u, found), lhs=u.count(0) + 1))),
    ),
)

NEGATIVE = replace(
    OVERESTIMATE,
    id="river/counter-negative-amounts",
    title="A count is never too small, negative amounts included",
    says="The estimate f' of a count f is at least f, also where negative amounts have been added.",
    source=Documented("river", "sketch.Counter", "never below the count, in the turnstile model of negative updates"),
    hypotheses={"none": always},
    # four slots: what is taken from the key 4 is taken from the key 0
    instances=replace(FLOWS, name="river-negative", always=(Updates(Fraction(7, 10), ((4, -1),)),), tight=()),
    saboteurs=(),
    violated=Violated("A negative amount of another key in the same slot is taken from the estimate of every table"),
    notes="The minimum over tables bounds a count from above only while no count is negative.",
)

HALF = Fraction(1, 2)
SETS = Family(
    "river-sets",
    always=tuple(Capacity(*case) for case in ((1, HALF), (1, SHARE), (10, Fraction(1, 100)))),
    draw=lambda draws: Capacity(draws.integers(1, 8), Fraction(draws.integers(2, 6), 10)),
)
SET = Statement(
    id="river/set",
    title="A full set errs at most at the given rate",
    says="After as many random keys as the capacity, another random key is found with probability at most the rate p.",
    source=Documented("river", "sketch.Set", "the rate of false positives at capacity"),
    tex=r"P(y \in S) \le p",
    hypotheses={"none": always},
    instances=SETS,
    solve=members(lambda capacity: capacity),
    claim=Probability(lambda case, found: found, lambda case: float(case.rate)),
    violated=Violated(
        "At capacity 1 and rate 1/2 there are two bits and two hash functions, and 3/4 of keys are found"
    ),
    repairs=(repair("room for three times as many", solve=members(lambda capacity: 3 * capacity)),),
    notes="Independent hash functions would come close to the rate from capacities of ten on; here the hash functions "
    "differ by flipped bits alone, which doubles it at capacity 10 and rate 1/100.",
)

FORGETS = Statement(
    id="river/set-no-false-negatives",
    title="Every key that was added is found",
    says="The number m of keys that were added and are not found is zero.",
    source=Documented("river", "sketch.Set", "what was observed is never taken for unobserved"),
    tex=r"m = 0",
    hypotheses={"none": always},
    instances=replace(SETS, name="river-sets-kept"),
    solve=found_again(),
    claim=Inequality(lambda case, found: Sides(lhs=found.count(False), rhs=0, trivial=case.capacity)),
    saboteurs=(
        saboteur(
            "the intersection with an empty set",
            solve=found_again(lambda one: one & sketch.Set(one.capacity, one.fp_rate, seed=one.seed)),
        ),
        saboteur(
            "none is found",
            claim=Inequality(lambda case, found: Sides(lhs=found.count(True), rhs=0, trivial=case.capacity)),
        ),
    ),
)

"""pyprobables: Bloom filters, filters that expand, and the quotient filter.

The hash functions have fixed seeds, so the keys are random, drawn anew in every run. The quotient filter is given
hashes themselves; it stores 32 bits, and answers exactly to hashes of so many bits.
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
    repair,
    saboteur,
)
from probables import BloomFilter, ExpandingBloomFilter, QuotientFilter

# --- instances --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Capacity:
    """A filter, the rate of false positives that is allowed, and the number of keys that are added."""

    capacity: int
    rate: Fraction
    keys: int


@dataclass(frozen=True)
class Steps:
    """Hashes that are added, or removed where the sign is negative; ``slots`` is the logarithm of the size."""

    hashes: tuple[int, ...]
    slots: int = 3
    load: Fraction = Fraction(17, 20)

    @property
    def held(self) -> frozenset[int]:
        """What is left in the end."""
        left: set[int] = set()
        for one in self.hashes:
            left = left | {one} if one > 0 else left - {-one}
        return frozenset(left)

    @property
    def most(self) -> int:
        """The largest number of hashes that are held at a time."""
        return max(len(replace(self, hashes=self.hashes[:end]).held) for end in range(len(self.hashes) + 1))


# --- what is under test -----------------------------------------------------------------------------------------------


def hits(make):
    """Whether a key that was never added is found, in each run."""

    def solve(case, rng, n):
        found = []
        for _ in range(n):
            one = make(case.capacity, float(case.rate))
            *added, other = map(str, rng.integers(10**8, 10**9, size=case.keys + 1).tolist())
            for key in added:
                one.add(key)
            found.append(other in one)
        return np.array(found)

    return solve


def played(steps, mended=False):
    """The quotient filter after all steps, without expansion."""
    one = QuotientFilter(steps.slots, auto_expand=False)
    for value in steps.hashes:
        if value > 0:
            one.add_alt(value)
        elif one.check_alt(-value):
            one.remove_alt(-value)
            if mended:
                one._elements_added -= 1
    return one


#: hashes that meet in one slot, in neighboring ones, and at the end of the table
HASHES = tuple((slot << 29) + rest for slot in (0, 1, 2, 5, 7) for rest in (1, 2))


def answers(forgotten=0):
    """Which of the hashes are found."""

    def solve(steps, rng):
        one = played(replace(steps, hashes=steps.hashes[: len(steps.hashes) - forgotten]), mended=True)
        return tuple(one.check_alt(value) for value in HASHES)

    return solve


def places(mended=False):
    """The number of hashes that are stored in the end."""
    return lambda steps, rng: len(played(steps, mended).get_hashes())


def loads(mended=False):
    """The share of slots that are filled, after every hash that is added to a filter that expands."""

    def solve(steps, rng):
        one, found = QuotientFilter(steps.slots), []
        one.max_load_factor = float(steps.load)
        for value in steps.hashes:
            one.add_alt(value)
            if mended:
                one.max_load_factor = float(steps.load)
            found.append(Fraction(one.elements_added, one.size))
        return tuple(found)

    return solve


def full_of_eight(steps, rng):
    """Eight slots, of which every one is filled in the end."""
    return tuple(Fraction(min(k, 8), 8) for k in range(1, len(steps.hashes) + 1))


# --- claims -----------------------------------------------------------------------------------------------------------


def wrong(steps, found):
    held = [value in steps.held for value in HASHES]
    lhs = sum(one != other for one, other in zip(held, found, strict=True))
    return Sides(lhs=lhs, rhs=0, trivial=len(HASHES))


def all_stored(steps, stored):
    return Sides(lhs=len(steps.held), rhs=stored, least=0)


def below(room):
    """After an addition the load exceeds its largest value by at most ``room`` slots of the smallest table."""

    def sides(steps, found):
        rhs = steps.load + room * Fraction(1, 2**steps.slots)
        return Sides(lhs=found, rhs=[rhs] * len(found), trivial=[1] * len(found))

    return Inequality(sides)


# --- statements: Bloom filters ----------------------------------------------------------------------------------------

TENTH = Fraction(1, 10)


def full(draws):
    capacity = draws.integers(1, 6)
    return Capacity(capacity, Fraction(draws.integers(1, 4), 10), capacity)


RATE = Statement(
    id="pyprobables/filter",
    title="A full filter errs at most at the given rate",
    says="After as many random keys as the capacity, another random key is found with probability at most the rate p.",
    source=Documented("pyprobables", "BloomFilter", "the rate of false positives for the estimated number of elements"),
    tex=r"P(y \in B) \le p",
    hypotheses={"as many keys as the capacity": lambda case: case.keys == case.capacity},
    instances=Family(
        "pyprobables-full",
        always=(Capacity(1, Fraction(2, 5), 1), Capacity(1, TENTH, 1), Capacity(1, Fraction(1, 100), 1)),
        draw=full,
    ),
    solve=hits(BloomFilter),
    claim=Probability(lambda case, found: found, lambda case: float(case.rate)),
    violated=Violated(
        "With capacity 1 and rate 2/5 there are two bits and one hash function, and half of all keys hit"
    ),
    repairs=(repair("room for three times as many", solve=hits(lambda size, rate: BloomFilter(3 * size, rate))),),
    notes="The number of bits comes from a formula for large filters, and the number of hash functions is rounded; at "
    "capacity 1 and rate 1/100 the rate is about doubled. At capacities of a hundred it is met closely.",
)

EXPANDING = replace(
    RATE,
    id="pyprobables/expanding-filter",
    title="A filter that expands keeps its rate of false positives",
    says="However many random keys have been added, another random key is found with probability at most the rate p.",
    source=Documented("pyprobables", "ExpandingBloomFilter", "it grows before its rate exceeds the one desired"),
    hypotheses={"some keys": lambda case: case.keys >= 1},
    instances=Family(
        "pyprobables-expanding",
        always=(Capacity(1, TENTH, 4), Capacity(10, TENTH, 30)),
        draw=lambda draws: Capacity(draws.integers(5, 10), TENTH, draws.integers(20, 30)),
    ),
    solve=hits(ExpandingBloomFilter),
    violated=Violated("Each filter that is added has the whole rate, so the rates of all filters add up"),
    repairs=(repair("a tenth of the rate", solve=hits(lambda size, rate: ExpandingBloomFilter(2 * size, rate / 10))),),
    notes="With three full filters of rate p the rate is 1 - (1 - p)^3, and it tends to one.",
)

# --- statements: the quotient filter ----------------------------------------------------------------------------------


def moves(draws):
    """Additions of the hashes, some of them removed again, with never more than seven in the filter."""
    hashes, held = [], []
    for _ in range(draws.integers(1, 12)):
        value = draws.choice(HASHES)
        if value in held or len(held) == 7:
            held.remove(value := value if value in held else held[0])
            hashes.append(-value)
        else:
            held.append(value)
            hashes.append(value)
    return Steps(tuple(hashes))


STORED = Statement(
    id="pyprobables/quotient-filter",
    title="A quotient filter answers exactly to hashes",
    says="The number m of hashes that are found and not held, or held and not found, is zero.",
    source=Documented("pyprobables", "QuotientFilter.check", "what is not found is definitely not in the filter"),
    tex=r"m = 0",
    hypotheses={"a free slot": lambda steps: steps.most < 2**steps.slots},
    instances=Family(
        "quotients",
        always=[
            *(Steps((value,)) for value in HASHES),
            *(Steps((a, b, -a)) for a in HASHES for b in HASHES if a != b),
            *(Steps((*HASHES[i : i + 7], -HASHES[i + drop])) for i in range(4) for drop in range(7)),
        ],
        draw=moves,
    ),
    solve=answers(),
    claim=Inequality(wrong),
    saboteurs=(
        saboteur("the last step forgotten", solve=answers(1)),
        saboteur(
            "all are found",
            claim=Inequality(lambda steps, found: Sides(lhs=found.count(False), rhs=0, trivial=len(HASHES))),
        ),
    ),
)

ROOM = Statement(
    id="pyprobables/quotient-filter-room",
    title="There is room as long as a slot is free",
    says="If never all slots are taken, then every addition succeeds, and of m hashes that are held at least m are "
    "stored.",
    source=Documented("pyprobables", "QuotientFilter.add", "an error only where no location is available"),
    tex=r"|\mathrm{stored}| \ge m",
    hypotheses={"a free slot": lambda steps: steps.most < 2**steps.slots},
    instances=Family(
        "quotients-in-turns",
        always=(Steps((1, -1) * 8 + (1,)), Steps((1, 2) + (3, -3) * 6 + (3,))),
        draw=moves,
    ),
    solve=places(),
    claim=Inequality(all_stored),
    violated=Violated("A removal is not taken from the number of elements, so eight of them fill an empty filter"),
    repairs=(repair("a removal is counted", solve=places(mended=True)),),
    notes="A hash that is added and removed eight times leaves an empty filter of eight slots that takes no more.",
)

LOAD = Statement(
    id="pyprobables/quotient-filter-load",
    title="A filter that expands keeps to its largest load",
    says="After every addition the share of filled slots is at most the largest load l plus one slot, 2^-q.",
    source=Documented("pyprobables", "QuotientFilter.max_load_factor", "the load above which the filter expands"),
    tex=r"\mathrm{load} \le l + 2^{-q}",
    hypotheses={"additions alone": lambda steps: min(steps.hashes) > 0},
    instances=Family(
        "quotient-loads",
        always=(Steps((1, 2, 3, 4, 5), load=Fraction(1, 8)), Steps(tuple(range(1, 30)), load=Fraction(1, 2))),
        draw=lambda draws: Steps(tuple(range(1, draws.integers(2, 40))), load=Fraction(draws.integers(1, 6), 8)),
    ),
    solve=loads(),
    claim=below(1),
    violated=Violated("The first expansion sets the largest load back to its default of 17/20"),
    repairs=(repair("set again after every addition", solve=loads(mended=True)),),
)

DEFAULT_LOAD = replace(
    LOAD,
    id="pyprobables/quotient-filter-default-load",
    title="A filter that expands keeps to its default load",
    hypotheses={"the default": lambda steps: steps.load == Fraction(17, 20)},
    instances=Family(
        "quotient-default-loads",
        always=(Steps((1,)), Steps(tuple(range(1, 40)))),
        tight=(Tight(Steps(tuple(range(1, 8))), 0.89, 0.9),),
        draw=lambda draws: Steps(tuple(range(1, draws.integers(2, 60)))),
    ),
    violated=None,
    repairs=(),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("no expansion", solve=full_of_eight),
        saboteur("one slot less", claim=below(0)),
    ),
)

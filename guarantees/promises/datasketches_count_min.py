"""datasketches: a count-min sketch, whose documentation has its error the wrong way round.

The hash functions have a seed, which is drawn in every run where a claim is about chance. The truth is counted.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import datasketches
import numpy as np
import ready
from lrtheory.bounds import Documented, Family, Inequality, Probability, Sides, Statement, Tight, always, saboteur

STREAMS = ready.streams(60, keys=12)

# --- instances --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A stream of keys, and the rows and slots of a sketch; the bounds are those of the key that is asked for."""

    keys: tuple[int, ...]
    rows: int
    slots: int
    key: int = 0


@dataclass(frozen=True)
class Accuracy:
    """The counts of random keys, the first of which is asked for, and the accuracy that is wanted."""

    counts: tuple[int, ...]
    share: Fraction
    confidence: Fraction


# --- what is under test -----------------------------------------------------------------------------------------------


def bounds(table, rng):
    counter = datasketches.count_min_sketch(table.rows, table.slots)
    for key in table.keys:
        counter.update(key)
    lower, upper = counter.get_lower_bound(table.key), counter.get_upper_bound(table.key)
    return {"lower": lower, "estimate": counter.get_estimate(table.key), "upper": upper}


def less_the_mean(table, rng):
    found, mean = bounds(table, rng), -(-len(table.keys) // table.slots)
    return {**found, "estimate": found["estimate"] - mean}


def never_under(table, found):
    return Sides(lhs=table.keys.count(table.key), rhs=found["estimate"], least=-len(table.keys))


def never_over(table, found):
    return Sides(lhs=found["estimate"], rhs=table.keys.count(table.key), trivial=len(table.keys) + 1)


def in_order(truth):
    """The lower bound, what it bounds, and the upper bound."""

    def sides(table, found):
        middle, size = truth(table, found), len(table.keys)
        lhs, rhs = [found["lower"], middle], [middle, found["upper"]]
        return Sides(lhs=lhs, rhs=rhs, trivial=[size + 1] * 2)

    return Inequality(sides)


def counted(rows=None):
    """The estimate of the first key in each run, with the suggested number of slots and of rows."""

    def solve(accuracy, rng, n):
        slots = datasketches.count_min_sketch.suggest_num_buckets(float(accuracy.share))
        needed = rows or datasketches.count_min_sketch.suggest_num_hashes(float(accuracy.confidence))
        found = []
        for _ in range(n):
            counter = datasketches.count_min_sketch(needed, slots, int(rng.integers(1, 2**31)))
            keys = rng.integers(2**60, size=len(accuracy.counts)).tolist()
            for key, count in zip(keys, accuracy.counts, strict=True):
                counter.update(key, count)
            found.append(counter.get_estimate(keys[0]))
        return np.array(found)

    return solve


def too_large(accuracy, found):
    return found > float(accuracy.counts[0] + accuracy.share * sum(accuracy.counts))


# --- statements -------------------------------------------------------------------------------------------------------

TABLES = Family(
    "count-min-tables",
    # three slots are the least; of four keys two are in one slot
    always=(
        *(Table((0, 1, 2, 3), 1, 3, key) for key in range(4)),
        *(Table(stream.keys, 1, 3) for stream in STREAMS.smallest()),
        Table(tuple(range(50)), 3, 8),
    ),
    draw=lambda draws: Table(STREAMS.draw(draws).keys, draws.integers(1, 3), draws.integers(3, 12)),
)
ELSEWHERE = {"lower": "a bound of another statement", "upper": "a bound of another statement"}

COUNT = Statement(
    id="datasketches/count-min",
    title="A count is never too small",
    says="The estimate f' of a frequency f is at least f.",
    source=Documented("datasketches", "count_min_sketch.suggest_num_buckets", "an estimate errs on one side alone"),
    tex=r"f \le \hat f",
    hypotheses={"none": always},
    instances=replace(TABLES, tight=(Tight(Table((0,), 1, 3), 1, 1),)),
    solve=bounds,
    claim=Inequality(never_under),
    unread=ELSEWHERE,
    saboteurs=(
        saboteur("less the mean of a slot", solve=less_the_mean),
        saboteur("never too large", claim=Inequality(never_over), printed=True),
    ),
    notes="The documentation of suggest_num_buckets has it the other way round: never above the frequency, and below "
    "it by a share of the stream.",
)

BOUNDS = replace(
    COUNT,
    id="datasketches/count-min-bounds",
    title="The bounds are those of the estimate",
    says="The estimate f' lies between the lower bound a and the upper bound b.",
    source=Documented("datasketches", "count_min_sketch.get_lower_bound", "bounds on the estimate"),
    tex=r"a \le \hat f \le b",
    claim=in_order(lambda table, found: found["estimate"]),
    unread={},
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("less the mean of a slot", solve=less_the_mean),
        saboteur("bounds of the frequency", claim=in_order(lambda table, found: table.keys.count(table.key))),
    ),
    notes="They are no bounds of the frequency: the lower one is the estimate itself, which is too large wherever keys "
    "share a slot.",
)

ACCURATE = Statement(
    id="datasketches/count-min-accuracy",
    title="A count is seldom too large by more than a share of the stream",
    says="With the suggested slots and rows for a share e and a confidence c, the estimate f' of a frequency f is "
    "above f + e N with probability at most 1 - c, where N is the sum of all frequencies.",
    source=Documented("datasketches", "count_min_sketch.suggest_num_hashes", "the error is kept with the confidence"),
    tex=r"P(\hat f > f + e N) \le 1 - c",
    hypotheses={"none": always},
    instances=Family(
        "count-min-accuracy",
        always=(
            Accuracy((0, 1), Fraction(9, 10), Fraction(3, 5)),
            Accuracy((0, 1), Fraction(1, 5), Fraction(9, 10)),
            Accuracy((1,) * 12, Fraction(1, 10), Fraction(9, 10)),
        ),
        draw=lambda draws: Accuracy(
            tuple(draws.integers(0, 9, shape=draws.integers(2, 8)).tolist()), Fraction(1, 5), Fraction(9, 10)
        ),
    ),
    solve=counted(),
    claim=Probability(too_large, lambda accuracy: float(1 - accuracy.confidence)),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("twice the estimate, and one", solve=lambda one, rng, n: 2 * counted()(one, rng, n) + 2),
        saboteur("ten times as seldom", claim=Probability(too_large, lambda one: float(1 - one.confidence) / 10)),
    ),
)

"""pyprobables: the count-min sketch.

Its hash functions have fixed seeds, so the keys are random: decimal numbers of nine digits, drawn anew in every run.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import ready
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
from probables import CountMinSketch, StreamThreshold
from probables.hashes import default_sha256

# --- instances --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """The counts of random keys, the first of which is asked for, and the accuracy that is wanted."""

    counts: tuple[int, ...]
    rate: Fraction
    confidence: Fraction

    @property
    def width(self) -> int:
        """The number of slots of a row."""
        return -(-2 // self.rate)


@dataclass(frozen=True)
class Table:
    """A stream of keys, the width of a sketch of three rows, and a threshold of frequencies."""

    keys: tuple[int, ...]
    width: int
    threshold: int = 2


# --- what is under test -----------------------------------------------------------------------------------------------


def counted(hash_function=None, rows=None):
    """The estimate of the first key in each run."""

    def solve(load, rng, n):
        wanted = {"confidence": float(load.confidence), "error_rate": float(load.rate)}
        shape = wanted if rows is None else {"width": load.width, "depth": rows}
        found = []
        for _ in range(n):
            one = CountMinSketch(**shape, hash_function=hash_function)
            keys = list(map(str, rng.integers(10**8, 10**9, size=len(load.counts)).tolist()))
            for key, count in zip(keys, load.counts, strict=True):
                if count:
                    one.add(key, count)
            found.append(one.check(keys[0]))
        return np.array(found)

    return solve


def estimates(query):
    def solve(table, rng):
        one = CountMinSketch(width=table.width, depth=3)
        one.query_type = query
        for key in table.keys:
            one.add(str(key))
        return {key: one.check(str(key)) for key in sorted(set(table.keys))}

    return solve


def above_threshold(less=0):
    def solve(table, rng):
        one = StreamThreshold(threshold=table.threshold + less, width=table.width, depth=3)
        for key in table.keys:
            one.add(str(key))
        return tuple(sorted(map(int, one.meets_threshold)))

    return solve


# --- claims -----------------------------------------------------------------------------------------------------------


def too_large(load, found):
    return found > float(load.counts[0] + load.rate * sum(load.counts))


def never_below(more=0):
    def sides(table, found):
        truth = [table.keys.count(key) + more for key in found]
        return Sides(lhs=truth, rhs=list(found.values()), least=[0] * len(truth))

    return Inequality(sides)


def none_missing(table, output):
    due = {key for key in table.keys if table.keys.count(key) >= table.threshold}
    return Sides(lhs=len(due - set(output)), rhs=0, trivial=len(set(table.keys)))


def none_wrong(table, output):
    wrong = {key for key in output if table.keys.count(key) < table.threshold}
    return Sides(lhs=len(wrong), rhs=0, trivial=len(set(table.keys)))


# --- statements -------------------------------------------------------------------------------------------------------

HALF, NINE_TENTHS, SURE = Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)
LOADS = Family(
    "pyprobables-loads",
    # four slots and eight slots a row, seven rows: two keys would have one slot in all rows once in 4^7
    always=(Load((0, 1), HALF, SURE), Load((0, 1), Fraction(1, 4), SURE)),
    draw=lambda draws: Load((0, draws.integers(1, 9)), HALF, SURE),
)
ACCURACY = Statement(
    id="pyprobables/count-min",
    title="A count is too large by a share of all counts with a small probability",
    says="For random keys the estimate f' of a count f is above f + e N with probability at most 1 - c, where N is the "
    "sum of all counts, e the error rate and c the confidence.",
    source=Documented("pyprobables", "CountMinSketch", "an error rate that is kept with the given confidence"),
    tex=r"P(\hat f > f + e N) \le 1 - c",
    hypotheses={"none": always},
    instances=LOADS,
    solve=counted(),
    claim=Probability(too_large, lambda load: float(1 - load.confidence)),
    violated=Violated(
        "Modulo a power of two, the default hash functions of all rows look at the last bits of the characters alone, "
        "so keys collide in all rows together"
    ),
    repairs=(repair("SHA-256 as hash function", solve=counted(default_sha256)),),
    notes="The width is 2/e, rounded up, so it is a power of two at error rates 1/2, 1/4, 1/8. At 1/2 one pair of keys "
    "in four collides in all of seven rows; the letters A and Q do so up to a width of 16, whatever the depth.",
)

ODD = replace(
    ACCURACY,
    id="pyprobables/count-min-odd-width",
    title="The same with an odd number of slots a row",
    hypotheses={"an odd width": lambda load: load.width % 2 == 1},
    instances=Family(
        "pyprobables-odd",
        always=(
            # both other keys matter: a share of two fifths of two is less than one
            Load((0, 1, 1), Fraction(2, 5), NINE_TENTHS),
            Load((1,) * 8, Fraction(2, 15), NINE_TENTHS),
            Load((1, 100, 50, 33, 25, 20), Fraction(2, 21), NINE_TENTHS),
        ),
        draw=lambda draws: Load(
            tuple(draws.integers(0, 9, shape=draws.integers(2, 8)).tolist()), Fraction(2, 21), NINE_TENTHS
        ),
    ),
    violated=None,
    repairs=(),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("one row", solve=counted(rows=1)),
        saboteur("fifty times as seldom", claim=Probability(too_large, lambda load: float(1 - load.confidence) / 50)),
        saboteur("a power of two", breaks="an odd width", instances=LOADS),
    ),
    notes="",
)

STREAMS = ready.streams()
TABLES = Family(
    "pyprobables-tables",
    always=[Table(stream.keys, width) for stream in STREAMS.smallest() for width in (2, 5)],
    tight=(Tight(Table((0,), 2), 1, 1),),
    draw=lambda draws: Table(STREAMS.draw(draws).keys, draws.integers(2, 12), draws.integers(1, 9)),
)
COUNT = Statement(
    id="pyprobables/count-min-overestimate",
    title="A count is never too small",
    says="The estimate f' of a count f is at least f, with the query that is the default.",
    source=Documented(
        "pyprobables", "CountMinSketch.check", "how many times a key was likely inserted, by the minimum"
    ),
    tex=r"f \le \hat f",
    hypotheses={"none": always},
    instances=TABLES,
    solve=estimates("min"),
    claim=never_below(),
    saboteurs=(
        saboteur("the query mean-min", solve=estimates("mean-min")),
        saboteur("one more", claim=never_below(1)),
    ),
)

THRESHOLD = Statement(
    id="pyprobables/stream-threshold",
    title="Every key that meets the threshold is tracked",
    says="No key that occurs at least as often as the threshold is missing from the output.",
    source=Documented("pyprobables", "StreamThreshold.meets_threshold", "the keys that meet the threshold"),
    tex=r"f_x \ge t \Rightarrow x \in \mathrm{output}",
    hypotheses={"a threshold": lambda table: table.threshold >= 1},
    instances=replace(TABLES, name="pyprobables-thresholds", tight=()),
    solve=above_threshold(),
    claim=Inequality(none_missing),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur("strictly above", solve=above_threshold(less=1)),
        saboteur("none is wrong either", claim=Inequality(none_wrong)),
    ),
    notes="Keys that share their slots with others are tracked too, although they do not meet the threshold.",
)

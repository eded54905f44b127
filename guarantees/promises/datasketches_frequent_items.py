"""datasketches: the guaranteed bounds of frequent items.

The sketch hashes with a fixed seed, so what it answers to a stream is always the same. The truth is counted.
"""

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction

import datasketches
import ready
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, Tight, always, saboteur

SIZE = 3  # the logarithm of the slots of the table
EPSILON = Fraction(7, 2 * 2**SIZE)  # the share of the stream that is the largest error, as the sketch has it

# --- instances and truth ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A stream of keys, and the frequency above which an item is frequent."""

    keys: tuple[int, ...]
    threshold: int

    @property
    def counts(self) -> dict[int, int]:
        """The frequency of every key, by key in increasing order."""
        return dict(sorted(Counter(self.keys).items()))


# --- what is under test -----------------------------------------------------------------------------------------------


def filled(keys):
    items = datasketches.frequent_strings_sketch(SIZE)
    for key in keys:
        items.update(str(key))
    return items


def frequencies(asked, rng):
    """Lower bound, estimate and upper bound of every key, and of one that never came."""
    items, keys = filled(asked.keys), [*asked.counts, -1]
    return {
        "lower": {key: items.get_lower_bound(str(key)) for key in keys},
        "estimate": {key: items.get_estimate(str(key)) for key in keys},
        "upper": {key: items.get_upper_bound(str(key)) for key in keys},
    }


# --- claims -----------------------------------------------------------------------------------------------------------


def around(asked, found):
    """The lower bound, the truth, the upper bound; and the estimate between the bounds."""
    truth = {**asked.counts, -1: 0}
    lower, estimate, upper = ([found[name][key] for key in truth] for name in ("lower", "estimate", "upper"))
    lhs, rhs = [*lower, *truth.values(), *lower, *estimate], [*truth.values(), *upper, *estimate, *upper]
    return Sides(lhs=lhs, rhs=rhs, trivial=[len(asked.keys) + 1] * len(lhs))


def width(share):
    """The bounds of a key differ by at most ``share`` times the parameter epsilon, of all items."""

    def sides(asked, found):
        lhs = [found["upper"][key] - found["lower"][key] for key in (*asked.counts, -1)]
        return Sides(lhs=lhs, rhs=[share * EPSILON * len(asked.keys)] * len(lhs), trivial=[len(asked.keys)] * len(lhs))

    return Inequality(sides)


def listed(kind):
    """The items that are frequent, so that none is wrong or none is missing."""

    def solve(asked, rng):
        items = filled(asked.keys)
        rows = items.get_frequent_items(kind, asked.threshold)
        return tuple(sorted(int(row[0]) for row in rows))

    return solve


def errors(asked, output):
    """The number of keys with a frequency above the threshold that are not in the output, and of others that are."""
    frequent = {key for key, count in asked.counts.items() if count > asked.threshold}
    return len(frequent - set(output)), len(set(output) - frequent)


def none(which):
    return Inequality(lambda asked, out: Sides(lhs=errors(asked, out)[which], rhs=0, trivial=len(asked.counts)))


def error_is_below(asked):
    """Whether the largest error of the sketch is at most the threshold."""
    return EPSILON * len(asked.keys) <= asked.threshold


def at_the_threshold_too(asked, output):
    due = {key for key, count in asked.counts.items() if count >= asked.threshold}
    return Sides(lhs=len(due - set(output)), rhs=0, trivial=len(asked.counts))


# --- statements -------------------------------------------------------------------------------------------------------

STREAMS = ready.streams(60, keys=12)
LONG = (tuple(range(50)), tuple(place % 9 for place in range(90)), (0,) * 20 + tuple(range(40)))


def asked(name, always, bottom=0, top=12):
    return Family(
        name,
        always=always,
        draw=lambda draws: Asked(STREAMS.draw(draws).keys, draws.integers(bottom, top)),
    )


FREQUENCIES = Statement(
    id="datasketches/frequent-items",
    title="Guaranteed bounds of a frequency",
    says="The frequency f of every key lies between its bounds a and b, and so does the estimate.",
    source=Documented("datasketches", "frequent_strings_sketch.get_lower_bound", "guaranteed bounds of a frequency"),
    tex=r"a \le f \le b",
    hypotheses={"none": always},
    instances=replace(
        asked(
            "frequencies", [Asked(stream.keys, 0) for stream in STREAMS.smallest()] + [Asked(one, 0) for one in LONG]
        ),
        tight=(Tight(Asked((0,), 0), 1, 1),),
    ),
    solve=frequencies,
    claim=Inequality(around),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("the estimate less one as upper bound", solve=lambda one, rng: shifted(one, rng, "upper")),
        saboteur("strictly below", claim=Inequality(lambda one, found: strict(around(one, found)))),
    ),
)


def shifted(one, rng, name):
    found = frequencies(one, rng)
    return {**found, name: {key: found["estimate"][key] - 1 for key in found[name]}}


def strict(sides):
    return replace(sides, lhs=[value + 1 for value in sides.lhs], trivial=[value + 1 for value in sides.trivial])


WIDTH = replace(
    FREQUENCIES,
    id="datasketches/frequent-items-epsilon",
    title="The bounds differ by a share of the stream",
    says="The bounds a and b of a frequency differ by at most the parameter eps = 7/16 of the table times the number n "
    "of items.",
    source=Documented("datasketches", "frequent_strings_sketch.epsilon", "the share of the stream that is the error"),
    tex=r"b - a \le \varepsilon n",
    instances=replace(FREQUENCIES.instances, tight=()),
    claim=width(Fraction(1)),
    unread={"estimate": "it is judged by datasketches/frequent-items"},
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur(
            "all items as the upper bound",
            solve=lambda one, rng: {**frequencies(one, rng), "upper": dict.fromkeys((*one.counts, -1), len(one.keys))},
        ),
        saboteur("a fifth of it", claim=width(Fraction(1, 5))),
    ),
)

NO_FALSE_POSITIVES = Statement(
    id="datasketches/no-false-positives",
    title="Without false positives, every item in the output is frequent",
    says="With NO_FALSE_POSITIVES, no item with a frequency of at most the threshold t is in the output.",
    source=Documented("datasketches", "frequent_items_error_type", "the output is free of false positives"),
    tex=r"x \in \mathrm{output} \Rightarrow f_x > t",
    hypotheses={"none": always},
    instances=asked("no-false-positives", [Asked(keys, t) for keys in ((0,), (0, 0, 1), *LONG) for t in (0, 1, 5)]),
    solve=listed(datasketches.NO_FALSE_POSITIVES),
    claim=none(1),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("without false negatives", solve=listed(datasketches.NO_FALSE_NEGATIVES)),
        saboteur("none is missing either", claim=Inequality(lambda one, out: sum_of(one, out))),
    ),
)


def sum_of(one, out):
    return Sides(lhs=sum(errors(one, out)), rhs=0, trivial=2 * len(one.counts))


NO_FALSE_NEGATIVES = replace(
    NO_FALSE_POSITIVES,
    id="datasketches/no-false-negatives",
    title="Without false negatives, every frequent item is in the output",
    says="With NO_FALSE_NEGATIVES, every item whose frequency is above the threshold t is in the output, if t is at "
    "least eps = 7/16 of the table times the number of items.",
    source=Documented("datasketches", "frequent_items_error_type", "the output misses no frequent item"),
    tex=r"f_x > t \Rightarrow x \in \mathrm{output}",
    hypotheses={"threshold above the error": error_is_below},
    instances=asked(
        "no-false-negatives",
        [
            one
            for keys in ((0,), (0, 0, 1), *LONG, (0,) * 30 + tuple(range(1, 31)))
            for t in (1, 2, 22, 27, 40)
            if error_is_below(one := Asked(keys, t))
        ],
        bottom=10,
        top=30,
    ),
    solve=listed(datasketches.NO_FALSE_NEGATIVES),
    claim=none(0),
    may_vary={"outcome": "an answer is a set of any size, which the claim judges"},
    saboteurs=(
        saboteur(
            "the last one forgotten", solve=lambda one, rng: listed(datasketches.NO_FALSE_NEGATIVES)(one, rng)[:-1]
        ),
        saboteur("at the threshold too", claim=Inequality(at_the_threshold_too)),
        saboteur(
            "no threshold, as by default",
            breaks="threshold above the error",
            instances=asked("default-threshold", [Asked(tuple(range(7)), 0)]),
        ),
    ),
    notes="Where the threshold is below the largest error, as the default 0 is, the sketch takes that error in its "
    "place: of seven keys that differ, some are missing, although each occurs more than zero times.",
)

"""scikit-learn: scores that compare two partitions. Every pair of partitions of few points is tried."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from lrtheory.bounds import (
    Documented,
    Family,
    Identity,
    Inequality,
    Sides,
    Statement,
    Tight,
    Violated,
    repair,
    rounding,
    saboteur,
)
from sklearn.metrics import adjusted_rand_score, fowlkes_mallows_score, rand_score


@dataclass(frozen=True)
class Pair:
    """Two partitions of the same points, as the number of the part of each point."""

    first: tuple[int, ...]
    second: tuple[int, ...]


def partitions(n):
    """All partitions of n points, each once: a point joins a part that is there or begins the next one."""
    found = [()]
    for _ in range(n):
        found = [(*one, part) for one in found for part in range(max(one, default=-1) + 2)]
    return found


def pairs(top):
    return [Pair(a, b) for n in range(1, top + 1) for a in partitions(n) for b in partitions(n)]


def drawn(draws):
    n = draws.integers(2, 8)
    return Pair(*(tuple(draws.integers(0, 3, shape=n).tolist()) for _ in range(2)))


SAME_POINTS = {"the same points": lambda pair: len(pair.first) == len(pair.second) > 0}


def within(low):
    """The score lies between `low` and 1; it comes from about as many operations as there are points."""

    def sides(pair, score):
        ends = [Fraction(low), score], [score, 1]
        return Sides(*ends, rounding=rounding(8 * len(pair.first) + 16, [1, 1]))

    return Inequality(sides, unbounded="a wrong score may be any number")


ADJUSTED_RAND = Statement(
    id="scikit-learn/adjusted-rand-range",
    title="The adjusted Rand index is at least -1/2",
    says="The score R of `adjusted_rand_score` for any two partitions of the same points lies between -1/2 and 1.",
    source=Documented("scikit-learn", "metrics.adjusted_rand_score", "the score lies between -0.5 and 1"),
    tex=r"-1/2 \le R \le 1",
    hypotheses=SAME_POINTS,
    instances=Family(
        "pairs-of-partitions",
        always=lambda: pairs(4),
        tight=(Tight(Pair((0, 0, 1, 1), (0, 0, 1, 1)), 1, 1),),
        draw=drawn,
    ),
    solve=lambda pair, rng: float(adjusted_rand_score(pair.first, pair.second)),
    claim=within(Fraction(-1, 2)),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("not adjusted", solve=lambda pair, rng: 2 * float(rand_score(pair.first, pair.second)) - 1),
        saboteur("at least -2/5", claim=within(Fraction(-2, 5))),
    ),
    decisions=("outcome",),
    notes="The lower end is attained by two halves that cross, such as 0 0 1 1 and 0 1 0 1.",
)


def fowlkes_mallows(pair):
    """The share of pairs of points that both partitions join, 1 where both of them join none."""
    joined = [
        {(i, j) for i, j in combinations(range(len(one)), 2) if one[i] == one[j]} for one in (pair.first, pair.second)
    ]
    if not joined[0] and not joined[1]:
        return 1.0
    both = len(joined[0] & joined[1])
    return both / (len(joined[0]) * len(joined[1])) ** 0.5 if both else 0.0


EQUAL = Statement(
    id="scikit-learn/fowlkes-mallows-equal",
    title="Equal partitions have the score 1",
    says="The score of `fowlkes_mallows_score` for a partition and itself is 1.",
    source=Documented("scikit-learn", "metrics.fowlkes_mallows_score", "a labeling that is perfect has the score 1"),
    tex=r"FM(P, P) = 1",
    hypotheses=SAME_POINTS | {"equal": lambda pair: pair.first == pair.second},
    instances=Family(
        "equal-partitions",
        always=lambda: [Pair(one, one) for n in range(1, 5) for one in partitions(n)],
        draw=lambda draws: Pair(*(2 * (drawn(draws).first,))),
    ),
    solve=lambda pair, rng: float(fowlkes_mallows_score(pair.first, pair.second)),
    claim=Identity(lambda pair, score: Sides(lhs=score, rhs=1, rounding=rounding(8, 1))),
    decisions=("outcome",),
    violated=Violated("A partition into single points joins no pair of them, and its score with itself is 0"),
    repairs=(repair("1 where no pair is joined", solve=lambda pair, rng: fowlkes_mallows(pair)),),
    notes="By the formula the score is 0/0 there. A single point is the smallest case.",
)

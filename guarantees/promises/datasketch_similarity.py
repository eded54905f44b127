"""datasketch: similarities of sets from the least hash values, and the index that looks for similar ones.

The seed of the permutations is drawn in every run. The two errors of an index are integrals of polynomials, which are
taken in Fractions.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from math import comb

import numpy as np
from datasketch import MinHash, MinHashLSH
from datasketch.lsh import _optimal_param
from lrtheory.bounds import (
    Documented,
    Expectation,
    Family,
    Inequality,
    Probability,
    Sides,
    Statement,
    Violated,
    repair,
    saboteur,
)

# --- instances and truth ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """Two sets of numbers."""

    a: tuple[int, ...]
    b: tuple[int, ...]

    @property
    def similarity(self) -> Fraction:
        """The size of the intersection over that of the union."""
        return Fraction(len({*self.a} & {*self.b}), len({*self.a} | {*self.b}))


@dataclass(frozen=True)
class Index:
    """A threshold, a number of permutations, and the weight of false positives; false negatives have the rest."""

    threshold: Fraction
    permutations: int
    weight: Fraction = Fraction(1, 2)


@cache
def error(index, bands, rows):
    """The weighted sum of both errors.

    Sets of similarity s meet in no band with probability (1 - s^rows)^bands. Below the threshold those that meet are
    errors, and above it those that do not.
    """
    powers = [(-1) ** i * Fraction(comb(bands, i), rows * i + 1) for i in range(bands + 1)]
    apart = lambda s: sum(power * s ** (rows * i + 1) for i, power in enumerate(powers))
    t = index.threshold
    return index.weight * (t - apart(t)) + (1 - index.weight) * (apart(Fraction(1)) - apart(t))


def shapes(index, least=2):
    n = index.permutations
    return [(bands, rows) for bands in range(least, n + 1) for rows in range(1, n // bands + 1)]


def two_bands(index):
    """Whether one band alone is not better than several."""
    alone = min(error(index, 1, rows) for rows in range(1, index.permutations + 1))
    return min(error(index, *shape) for shape in shapes(index)) < alone


# --- what is under test -----------------------------------------------------------------------------------------------

PERMUTATIONS = 32


def sketch(keys, seed, permutations=PERMUTATIONS):
    one = MinHash(permutations, seed=seed)
    one.update_batch([str(key).encode() for key in keys])
    return one


def similarities(other=lambda pair: pair.b):
    def solve(pair, rng, n):
        seeds = rng.integers(2**31, size=n).tolist()
        return np.array([sketch(pair.a, seed).jaccard(sketch(other(pair), seed)) for seed in seeds])

    return solve


def met(bands, rows):
    """Whether the first set is found with the second one as the query."""

    def solve(pair, rng, n):
        found = []
        for seed in rng.integers(2**31, size=n).tolist():
            index = MinHashLSH(num_perm=8, params=(bands, rows))
            index.insert("a", sketch(pair.a, seed, 8))
            found.append(index.query(sketch(pair.b, seed, 8)) == ["a"])
        return np.array(found)

    return solve


def optimized(index, rng):
    weights = (float(index.weight), float(1 - index.weight))
    one = MinHashLSH(threshold=float(index.threshold), num_perm=index.permutations, weights=weights)
    return one.b, one.r


def all_permutations(index, rng):
    """As many bands as rows, as far as possible."""
    rows = max(int(index.permutations**0.5) - 1, 1)
    return index.permutations // rows, rows


# --- claims -----------------------------------------------------------------------------------------------------------


def least_error(factor=1):
    def sides(index, shape):
        bands, rows = shape
        lhs = error(index, bands, rows) if bands * rows <= index.permutations else 1
        return Sides(lhs=lhs, rhs=factor * min(error(index, *one) for one in shapes(index)), trivial=1)

    return Inequality(sides)


def missed(pair, found):
    return ~found


def apart(pair):
    """The probability that sets of this similarity meet in none of four bands of two rows."""
    return float((1 - pair.similarity**2) ** 4)


# --- statements -------------------------------------------------------------------------------------------------------

PAIRS = Family(
    "similar-sets",
    always=(Pair((0,), (0, 1)), Pair((1,), (0, 1, 2)), Pair((0, 1, 2), (1, 2, 3))),
    draw=lambda draws: Pair(tuple(range(6)), tuple(range(draws.integers(1, 4), draws.integers(6, 9)))),
)


def unbiased(value):
    return Expectation(
        sample=lambda pair, found: found,
        support=lambda pair: (0, 1),
        equals=lambda pair: float(value(pair)),
        within=lambda pair: 0.06,
    )


JACCARD = Statement(
    id="datasketch/jaccard",
    title="The estimate of a similarity is right on average",
    says="Over the seeds of the permutations the mean of the estimate is the Jaccard similarity J of the two sets.",
    source=Documented("datasketch", "MinHash.jaccard", "an estimate of the Jaccard similarity"),
    tex=r"\mathbb{E}\, \hat J = J",
    hypotheses={"sets that meet": lambda pair: pair.similarity > 0},
    instances=PAIRS,
    solve=similarities(),
    claim=unbiased(lambda pair: pair.similarity),
    closed="the promise grants an error, within which a wrong answer keeps it too",
    saboteurs=(
        saboteur("one more key in the second set", solve=similarities(lambda pair: (*pair.b, 100))),
        saboteur("the share of the smaller set", claim=unbiased(lambda pair: share_of_smaller(pair))),
    ),
    notes="Unbiased is our reading; the permutations are linear modulo a power of two, and not min-wise independent.",
)


def share_of_smaller(pair):
    return Fraction(len({*pair.a} & {*pair.b}), min(len(pair.a), len(pair.b)))


CANDIDATES = Statement(
    id="datasketch/lsh-candidates",
    title="Sets of high similarity seldom miss each other in all bands",
    says="With b = 4 bands of r = 2 rows, sets of Jaccard similarity J are not found with probability at most "
    "0.1 + (1 - J^r)^b.",
    source=Documented(
        "datasketch", "MinHashLSH", "a query finds the sets that share a band, by the parameters b and r"
    ),
    tex=r"P(\text{missed}) \le (1 - J^r)^b + 0.1",
    hypotheses={"similar at least by 1/2": lambda pair: pair.similarity >= Fraction(1, 2)},
    instances=replace(
        PAIRS,
        name="similar-by-a-half",
        always=(Pair((0, 1), (0, 1, 2)), Pair((0,), (0,))),
        draw=lambda draws: Pair(tuple(range(8)), tuple(range(8 + draws.integers(0, 2)))),
    ),
    solve=met(4, 2),
    claim=Probability(missed, lambda pair: apart(pair) + 0.1),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("two bands of four rows", solve=met(2, 4)),
        saboteur("a fifth of it", claim=Probability(missed, lambda pair: apart(pair) / 5 + 0.02)),
    ),
)

OPTIMIZED = Statement(
    id="datasketch/lsh-parameters",
    title="The parameters of an index have the least error",
    says="The bands b and rows r of an index have a weighted sum e(b, r) of false positives and false negatives that "
    "is least among all b of at least two and r with b r at most the number of permutations.",
    source=Documented("datasketch", "MinHashLSH", "optimized for the threshold, by the least sum of both errors"),
    tex=r"e(b, r) = \min_{b' r' \le n} e(b', r')",
    hypotheses={"several bands are best": two_bands},
    instances=Family(
        "lsh-indices",
        always=[index for n in (2, 3, 4, 8) for t in range(11) if two_bands(index := Index(Fraction(t, 10), n))],
        draw=lambda draws: Index(
            Fraction(draws.integers(0, 16), 16), draws.integers(2, 10), Fraction(draws.integers(1, 7), 8)
        ),
    ),
    solve=optimized,
    claim=least_error(),
    saboteurs=(
        saboteur("nearly as many bands as rows", solve=all_permutations),
        saboteur("half of it", claim=least_error(Fraction(1, 2))),
    ),
)

ALL_THRESHOLDS = replace(
    OPTIMIZED,
    id="datasketch/lsh-thresholds",
    title="The parameters of an index have the least error, for every threshold",
    hypotheses={"a threshold from 0 to 1": lambda index: 0 <= index.threshold <= 1},
    instances=replace(
        OPTIMIZED.instances, name="lsh-thresholds", always=(Index(Fraction(1), 2), Index(Fraction(9, 10), 4))
    ),
    saboteurs=(),
    violated=Violated("One band is among the shapes that are tried, and where it is the best one an error is raised"),
    repairs=(repair("from two bands on", patch=(_optimal_param, "range(1, num_perm + 1)", "range(2, num_perm + 1)")),),
    notes="A threshold of 1 is within the documented range and raises an error for every number of permutations.",
)

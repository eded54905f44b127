"""scipy: sketches that keep norms with some probability."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from math import ceil

import numpy as np
from lrtheory.bounds import Documented, Family, Probability, Statement, saboteur
from scipy.linalg import clarkson_woodruff_transform


@dataclass(frozen=True)
class Vector:
    """A vector of integers, and an error epsilon and a probability delta that fix the size of the sketch."""

    entries: tuple[int, ...]
    epsilon: Fraction
    delta: Fraction

    def size(self):
        """The number of rows of the sketch."""
        return ceil(2 / (self.epsilon**2 * self.delta))


def norm_leaves(vector, square):
    """Whether |x| lies outside of (1 - epsilon) |x'| to (1 + epsilon) |x'|, in squares, which are integers."""
    low, high = (1 - vector.epsilon) ** 2, (1 + vector.epsilon) ** 2
    true = sum(entry * entry for entry in vector.entries)
    return not low * square <= true <= high * square


def squares(vector, sketches):
    """The squared norm of each sketch; its entries are sums of signed integers."""
    found = np.asarray(sketches)
    if found.shape[1:] != (vector.size(), 1) or not (found == np.rint(found)).all():
        return [0] * len(found)  # no sketch of the right size counts as the zero vector, which is an error
    return (np.rint(found).astype(int) ** 2).sum(axis=(1, 2)).tolist()


def event(vector, sketches):
    return np.array([norm_leaves(vector, square) for square in squares(vector, sketches)], bool)


@cache
def exact(vector):
    """The probability of the event, by enumeration of all rows and signs, where these are few."""
    n, k = len(vector.entries), vector.size()
    if (2 * k) ** n > 25_000:
        return None
    wrong = 0
    for places in product(range(k), repeat=n):
        for signs in product((1, -1), repeat=n):
            sums = [0] * k
            for place, sign, entry in zip(places, signs, vector.entries, strict=True):
                sums[place] += sign * entry
            wrong += norm_leaves(vector, sum(one * one for one in sums))
    return Fraction(wrong, (2 * k) ** n)


def sketched(vector, rng, n):
    column = np.array(vector.entries, float)[:, None]
    return np.array([clarkson_woodruff_transform(column, vector.size(), rng=rng) for _ in range(n)])


def one_row(vector, rng, n):
    """A wrong solver: all entries meet in one row of the sketch, with signs."""
    sketches = np.zeros((n, vector.size(), 1))
    signs = rng.choice((-1, 1), size=(n, len(vector.entries)))
    sketches[:, 0, 0] = signs @ np.array(vector.entries)
    return sketches


NARROW, WIDE = Fraction(1, 2), Fraction(9, 10)


def drawn(draws):
    entries = draws.integers(-3, 3, shape=draws.integers(2, 4)).tolist()
    return Vector((1, *entries), WIDE, Fraction(draws.integers(7, 9), 10))


CLARKSON_WOODRUFF = Statement(
    id="scipy/clarkson-woodruff",
    title="A sketch of Clarkson and Woodruff keeps a norm",
    says="With k at least 2 / (epsilon^2 delta) rows in the sketch x' of a fixed vector x, the norm of x leaves the "
    "range from 1 - epsilon to 1 + epsilon times the norm of x' with probability at most delta.",
    source=Documented(
        "scipy",
        "linalg.clarkson_woodruff_transform",
        "with at least 2 / (epsilon^2 delta) rows the norm is kept up to epsilon with probability at least 1 - delta",
    ),
    tex=r"P(\|x\| \ne (1 \pm \epsilon) \|x'\|) \le \delta",
    hypotheses={"in (0, 1)": lambda vector: 0 < vector.epsilon < 1 and 0 < vector.delta < 1},
    instances=Family(
        "vectors",
        always=(
            Vector((1, 1), WIDE, Fraction(83, 100)),  # three rows, in which two equal entries cancel most often
            Vector((1, 1, 1), NARROW, Fraction(3, 5)),
        ),
        draw=drawn,
    ),
    solve=sketched,
    claim=Probability(event, lambda vector: float(vector.delta), exact=exact),
    free={"outcome": "a sketch and its negative have the same norm"},
    saboteurs=(
        saboteur("one row for all", solve=one_row),
        saboteur("delta / 8", claim=Probability(event, lambda vector: float(vector.delta / 8))),
    ),
    decisions=("outcome",),
    notes="By Markov's inequality the probability is at most delta; it is far below on these vectors.",
)

"""scikit-learn: hashed features, with inner products that are right in the mean, and features scaled to a range."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from lrtheory.bounds import (
    Documented,
    Expectation,
    Family,
    Inequality,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from sklearn.feature_extraction import FeatureHasher
from sklearn.preprocessing import MinMaxScaler

# --- hashed features -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Documents:
    """How often two documents have each word, and the number of columns that words are hashed to."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    columns: int


def inner_product(documents):
    return sum(a * b for a, b in zip(documents.first, documents.second, strict=True))


def most(documents):
    """More than any inner product after hashing, whatever the columns and the signs."""
    return float(sum(documents.first) * sum(documents.second))


def hashed(documents, words, alternate_sign):
    hasher = FeatureHasher(n_features=documents.columns, alternate_sign=alternate_sign)
    counts = [dict(zip(words, part, strict=True)) for part in (documents.first, documents.second)]
    first, second = hasher.transform(counts).toarray()
    return float(first @ second)


def random_words(alternate_sign=True):
    """Words of eight letters, drawn anew in each run."""

    def solve(documents, rng, n):
        letters = rng.integers(97, 123, size=(n, len(documents.first), 8), dtype=np.uint8)
        return [hashed(documents, [bytes(word).decode() for word in words], alternate_sign) for words in letters]

    return solve


def known_words(*words):
    """The same words in each run: what a document can have in it that is written after a look at the hash function."""
    return lambda documents, rng, n: [hashed(documents, words, True)] * n


def in_mean(shift=0.0):
    return Expectation(
        lambda documents, found: np.array(found),
        support=lambda documents: (-most(documents), most(documents)),
        equals=lambda documents: inner_product(documents) + shift,
        within=lambda documents: most(documents) / 4,
    )


PAIRS = (Documents((1, 0), (0, 1), 2), Documents((1, 1), (1, 1), 2), Documents((1, 1), (1, 1), 1))

HASHER = Statement(
    id="scikit-learn/feature-hasher",
    title="Hashed features have the right inner product in the mean",
    says="For words that are drawn at random, the expected inner product of the hashed documents h(x) and h(y) is that "
    "of their counts x and y, up to a quarter of the largest that it can be.",
    source=Documented(
        "scikit-learn",
        "feature_extraction.FeatureHasher",
        "with alternating signs the inner product is approximately conserved, even for a small number of columns",
    ),
    tex=r"E \langle h(x), h(y) \rangle = \langle x, y \rangle",
    hypotheses={"counts": lambda documents: min(documents.first + documents.second) >= 0},
    instances=Family("documents", always=PAIRS, complete="two words in one or two columns", members=len(PAIRS)),
    solve=random_words(),
    claim=in_mean(),
    closed="the promise is a tolerance, and a wrong number within it keeps the promise too",
    saboteurs=(
        saboteur("without signs", solve=random_words(alternate_sign=False)),
        saboteur("one more", claim=in_mean(1.0)),
        saboteur(
            "words that cancel each other",
            solve=known_words("e", "j"),
            instances=Family(
                "documents-known",
                always=(Documents((1, 1), (1, 1), 16),),
                complete="two letters that share one of 16 columns, with opposite signs",
                members=1,
            ),
        ),
    ),
    notes="The mean is over words, since the hash function has no seed: the words e and j cancel each other for "
    "everybody, and a document of the two has the length 0.",
)

# --- scaled to a range -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Feature:
    """Values of one feature, integers over 10, and the range."""

    tenths: tuple[int, ...]
    range: tuple[float, float]

    def column(self):
        """The values as the library gets them."""
        return np.array(self.tenths, float)[:, None] / 10


def in_range(slip):
    """Values are in the range, up to rounding where there is any to allow for."""

    def sides(feature, found):
        low, high = (Fraction(end) for end in feature.range)
        found = [Fraction(x) for x in found]
        # three operations on numbers up to the largest value, divided by the spread of the values
        size = 1 + max(map(abs, feature.tenths)) / (max(feature.tenths) - min(feature.tenths))
        scale = np.full(2 * len(found), size * (1 + max(map(abs, feature.range))))
        lhs, rhs = [*([low] * len(found)), *found], [*found, *([high] * len(found))]
        return Sides(lhs, rhs, rounding=rounding(8, scale) if slip else None)

    return Inequality(sides, unbounded="a wrong value may be any number")


def scaled(feature, rng):
    return MinMaxScaler(feature_range=feature.range).fit_transform(feature.column()).ravel().tolist()


def by_largest(feature, rng):
    """A wrong solver: divided by the largest absolute value."""
    column = feature.column().ravel()
    return (column / np.abs(column).max()).tolist()


def drawn(draws):
    tenths = draws.integers(-9, 9, shape=draws.integers(2, 5)).tolist()
    return Feature((*tenths, max(tenths) + draws.integers(1, 9)), draws.choice(((0, 1), (-1, 1), (0.25, 0.75))))


SCALER = Statement(
    id="scikit-learn/min-max-scaler",
    title="Features are scaled to the given range",
    says="Up to rounding, the values x_i of the training set are mapped into the given range from a to b.",
    source=Documented(
        "scikit-learn", "preprocessing.MinMaxScaler", "each feature is in the given range on the training set"
    ),
    tex=r"a \le f(x_i) \le b",
    hypotheses={"two values": lambda feature: len(set(feature.tenths)) > 1},
    instances=Family(
        "features", always=[Feature((i, j), (0, 1)) for i in range(-2, 3) for j in range(i + 1, 4)], draw=drawn
    ),
    solve=scaled,
    claim=in_range(slip=True),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("by the largest absolute value", solve=by_largest),
        saboteur(
            "without any rounding",
            claim=in_range(slip=False),
            instances=Family(
                "features-rounded",
                always=(Feature((6, 9), (0, 1)),),
                complete="the values 0.6 and 0.9",
                members=1,
            ),
            printed=True,
        ),
    ),
    notes="Taken by the letter it is false: 0.6 and 0.9 are scaled to 0 and 1.0000000000000002, unless `clip` is set.",
)

"""scikit-learn: folds and halves of samples with classes, and first centers of clusters."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, product

import numpy as np
from lrtheory.bounds import (
    Documented,
    Expectation,
    Family,
    Identity,
    Inequality,
    Sides,
    Statement,
    Tight,
    saboteur,
)
from sklearn.cluster import kmeans_plusplus
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

# --- folds -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """The class of each sample, and a number of folds that none of the classes exceeds."""

    classes: tuple[int, ...]
    folds: int
    shuffle: bool = False


def counts(classes):
    return [classes.count(c) for c in sorted(set(classes))]


def folds(splitter):
    def solve(sample, rng):
        seed = int(rng.integers(2**31)) if sample.shuffle else None
        found = splitter(sample.folds, shuffle=sample.shuffle, random_state=seed)
        return [test for _, test in found.split(np.zeros(len(sample.classes)), np.array(sample.classes))]

    return solve


def spread(sample, tests):
    """By how much numbers of samples differ between folds, in all and in each class; no partition is far off."""
    n = len(sample.classes)
    if sorted(i for test in tests for i in test.tolist()) != list(range(n)) or len(tests) != sample.folds:
        return [n + 1] * (1 + len(set(sample.classes)))
    inside = [[sample.classes[i] for i in test.tolist()] for test in tests]
    numbers = [[len(test) for test in inside]]
    numbers += [[test.count(c) for test in inside] for c in sorted(set(sample.classes))]
    return [max(row) - min(row) for row in numbers]


def differ_by(most):
    return Inequality(lambda sample, tests: Sides(lhs=spread(sample, tests), rhs=most, trivial=len(sample.classes) + 1))


def drawn(draws):
    k = draws.integers(2, 4)
    sizes = draws.integers(k, 7, shape=draws.integers(1, 4)).tolist()
    classes = np.repeat(np.arange(len(sizes)), sizes)
    return Sample(tuple(classes[draws.permutation(len(classes))].tolist()), k, bool(draws.integers(0, 1)))


SMALL = [
    Sample((0,) * a + (1,) * b, 2, shuffle)
    for (a, b), shuffle in product(((2, 0), (2, 2), (2, 3), (3, 3), (3, 5)), (False, True))
]
ENOUGH = {"a sample of each class for each fold": lambda sample: min(counts(sample.classes)) >= sample.folds >= 2}

FOLDS = Statement(
    id="scikit-learn/stratified-folds",
    title="Stratified folds are as equal as can be",
    says="The numbers of samples in two test folds of `StratifiedKFold` differ by at most one, and so do the numbers "
    "of samples of each class.",
    source=Documented(
        "scikit-learn",
        "model_selection.StratifiedKFold",
        "test folds differ by at most one sample, and their classes are distributed as equally as possible",
    ),
    tex=r"\max_{i,j} \big| |T_i \cap C| - |T_j \cap C| \big| \le 1",
    hypotheses=ENOUGH,
    instances=Family("classes", always=SMALL, tight=(Tight(Sample((0, 0, 0), 2), 1, 1),), draw=drawn),
    solve=folds(StratifiedKFold),
    claim=differ_by(1),
    closed="folds of another case are stratified as well where its classes are",
    saboteurs=(saboteur("folds without classes", solve=folds(KFold)), saboteur("equal folds", claim=differ_by(0))),
    decisions=("*",),
)


def renamed(splitter, other_seed=0):
    """The folds as they are, and those for classes whose names are in the opposite order."""
    solve = folds(splitter)

    def both(sample, rng):
        opposite = replace(sample, classes=tuple(-c for c in sample.classes))
        # the same shuffle, unless another seed is given
        return solve(sample, np.random.default_rng(0)), solve(opposite, np.random.default_rng(other_seed))

    return both


def by_name(folds, shuffle, random_state):
    """A wrong splitter: samples go to the folds in turn in the order of the names of their classes."""

    class Splitter:
        def split(self, x, y):
            """Folds without training parts."""
            order = np.argsort(y, kind="stable")
            return [(None, np.sort(order[i::folds])) for i in range(folds)]

    return Splitter()


def same_folds(sample, both):
    """In which fold each sample is, twice."""
    number = lambda tests: [i for _, i in sorted((one, i) for i, test in enumerate(tests) for one in test.tolist())]
    return Sides(lhs=number(both[0]), rhs=number(both[1]))


NAMES = replace(
    FOLDS,
    id="scikit-learn/stratified-folds-names",
    title="Stratified folds do not depend on the names of classes",
    says="If the classes get other names, in the opposite order, each sample is in the same test fold as before.",
    source=Documented(
        "scikit-learn",
        "model_selection.StratifiedKFold",
        "other names for the classes do not change the indices of the folds",
    ),
    tex=r"T_i(y) = T_i(-y)",
    instances=Family("classes-renamed", always=SMALL, draw=drawn),
    solve=renamed(StratifiedKFold),
    claim=Identity(same_folds),
    closed="two answers are compared with each other, since the promise names no fold",
    saboteurs=(
        saboteur("in the order of names", solve=renamed(by_name)),
        saboteur("another shuffle", solve=renamed(StratifiedKFold, other_seed=1)),
    ),
)

# --- two parts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """The class of each sample, and how many samples go to the test part."""

    classes: tuple[int, ...]
    test: int


def halves(stratified):
    def solve(parts, rng):
        classes = list(parts.classes) if stratified else None
        options = {"test_size": parts.test, "random_state": int(rng.integers(2**31)), "stratify": classes}
        return train_test_split(np.arange(len(parts.classes)), **options)[1]

    return solve


def share_within(most):
    """The number of samples of each class in the test part differs from its share by less than one, so by 1 - 1/n."""

    def sides(parts, test):
        n, found = len(parts.classes), np.asarray(test).tolist()
        valid = len(found) == len(set(found)) == parts.test and set(found) <= set(range(n))
        got = [parts.classes[i] for i in found] if valid else []
        gaps = [
            abs(got.count(c) - Fraction(parts.test * parts.classes.count(c), n)) for c in sorted(set(parts.classes))
        ]
        return Sides(lhs=gaps if valid else [n] * len(gaps), rhs=most - Fraction(1, n), trivial=n)

    return Inequality(sides)


def drawn_parts(draws):
    sizes = draws.integers(2, 7, shape=draws.integers(2, 4)).tolist()
    n = sum(sizes)
    return Parts(tuple(np.repeat(np.arange(len(sizes)), sizes).tolist()), draws.integers(len(sizes), n - len(sizes)))


HALVES = Statement(
    id="scikit-learn/stratified-parts",
    title="A stratified split keeps the shares of classes",
    says="With t of n samples in the test part of `train_test_split` by classes, the number of its samples of each "
    "class c differs from t n_c / n by less than one, where n_c is the number of all samples of the class.",
    source=Documented(
        "scikit-learn", "model_selection.train_test_split", "with classes given, the split is stratified by them"
    ),
    tex=r"\big| |T \cap C_c| - t n_c / n \big| \le 1 - 1/n",
    hypotheses={
        "two of each class": lambda parts: min(counts(parts.classes)) >= 2 and parts.test >= len(set(parts.classes))
    },
    instances=Family(
        "parts",
        always=[
            Parts((0,) * a + (1,) * b, t)
            for a, b, t in ((2, 2, 2), (3, 3, 3), (2, 3, 2), (3, 4, 3), (5, 5, 4), (9, 2, 4))
        ],
        draw=drawn_parts,
    ),
    solve=halves(stratified=True),
    claim=share_within(1),
    closed="parts of another case are stratified as well where its classes are",
    saboteurs=(
        saboteur("without classes", solve=halves(stratified=False)),
        saboteur("within a half", claim=share_within(Fraction(1, 2))),
    ),
    decisions=("outcome",),
    notes="The documentation names no bound; that the number is one of the two integers next to the share is the least "
    "that the word can mean.",
)

# --- centers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """Points on a line, integers, and a number of centers."""

    points: tuple[int, ...]
    k: int


@cache
def least(line):
    """The least sum of squared distances to k centers, by trying all cuts of the line into k parts."""

    def spent(part):
        return sum(x * x for x in part) - Fraction(sum(part) ** 2, len(part)) if part else Fraction(0)

    points, n = sorted(line.points), len(line.points)
    cuts = combinations_with_replacement(range(n + 1), line.k - 1)
    return min(sum(spent(points[a:b]) for a, b in zip((0, *cut), (*cut, n), strict=True)) for cut in cuts)


def potentials(line, chosen):
    """The sum of squared distances to the nearest of the chosen points, in units of the least one."""
    points = np.array(line.points)
    centers = points[np.asarray(chosen, int)]  # (runs, k)
    squares = ((points[None, :, None] - centers[:, None, :]) ** 2).min(2).sum(1)
    return squares / float(least(line))


def seeds(line, rng, n):
    points = np.array(line.points, float)[:, None]
    draw = lambda: kmeans_plusplus(points, line.k, n_local_trials=1, random_state=int(rng.integers(2**31)))[1]
    return np.array([draw() for _ in range(n)])


def uniform(line, rng, n):
    """A wrong solver: every point is a center with the same probability."""
    return rng.integers(len(line.points), size=(n, line.k))


def widest(line):
    return 0.0, len(line.points) * (max(line.points) - min(line.points)) ** 2 / float(least(line))


def in_mean(factor):
    return Expectation(potentials, support=widest, at_most=lambda line: factor * (np.log(line.k) + 2))


def drawn_line(draws):
    ends = np.cumsum(draws.integers(4, 6, shape=2)).tolist()
    return Line(tuple(end + draws.integers(0, 1) + shift for end in ends for shift in (0, 2)), 2)


SEEDS = Statement(
    id="scikit-learn/kmeans-plusplus",
    title="First centers are within a logarithm of the best ones",
    says="With one trial for each center, the expected sum of squared distances of points to the nearest of k centers "
    "of `kmeans_plusplus` is at most 8 (log k + 2) times the least sum with any k centers.",
    source=Documented(
        "scikit-learn",
        "cluster.kmeans_plusplus",
        "with a single local trial the centers are those of the original algorithm by Arthur and Vassilvitskii",
    ),
    tex=r"E[\phi] \le 8 (\log k + 2) \phi^*",
    hypotheses={"more places than centers": lambda line: len(set(line.points)) > line.k},
    instances=Family(
        "lines", always=(Line((0, 1, 2), 2), Line((0, 2, 5, 7), 2), Line((0, 1, 10, 11), 2)), draw=drawn_line
    ),
    solve=seeds,
    claim=in_mean(8),
    saboteurs=(saboteur("uniform centers", solve=uniform), saboteur("a factor of 1/2", claim=in_mean(0.5))),
    decisions=("outcome",),
    notes="The bound is theirs (2007, theorem 1.1). The default has 2 + log k trials for each center, and no promise.",
)

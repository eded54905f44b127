"""scikit-learn: random projections by the lemma of Johnson and Lindenstrauss.

A projection embeds n points up to eps if no squared distance changes by a factor outside of 1 - eps to 1 + eps. With
at least 4 log(n) / (eps^2 / 2 - eps^3 / 3) components each of the n (n - 1) / 2 distances fails with probability at
most 2 / n^2, so that the whole fails with probability at most 1 - 1 / n (Dasgupta and Gupta).
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
from lrtheory.bounds import (
    Ball,
    Documented,
    Family,
    Inequality,
    Probability,
    Sides,
    Statement,
    Violated,
    log,
    repair,
    saboteur,
)
from scipy.sparse import csr_array
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection, johnson_lindenstrauss_min_dim

# --- number of components --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Embedding:
    """A number of points, and an error in hundredths."""

    n: int
    percent: int


def width(one):
    eps = Fraction(one.percent, 100)
    return eps**2 / 2 - eps**3 / 3


def formula(one, factor=4):
    return factor * log(one.n) / width(one)


def components(one, rng):
    return int(johnson_lindenstrauss_min_dim(one.n, eps=one.percent / 100))


def as_many_as(less=0, factor=4):
    """The number of components is at least the formula, up to `less`; there is no number below 0."""
    sides = lambda one, k: Sides(lhs=formula(one, factor) - less, rhs=k, least=0)
    return Inequality(sides, numbers=Ball)


def drawn(draws):
    return Embedding(draws.integers(2, 10 ** draws.integers(1, 6)), draws.integers(1, 99))


DIMENSION = Statement(
    id="scikit-learn/johnson-lindenstrauss",
    title="The number of components is at least the bound",
    says="For n points and an error eps, the number k of components of `johnson_lindenstrauss_min_dim` is at least "
    "4 log(n) / (eps^2 / 2 - eps^3 / 3).",
    source=Documented(
        "scikit-learn",
        "random_projection.johnson_lindenstrauss_min_dim",
        "4 log(n) / (eps^2 / 2 - eps^3 / 3) components or more guarantee an embedding; the result is their number",
    ),
    tex=r"k \ge \frac{4 \log n}{\epsilon^2 / 2 - \epsilon^3 / 3}",
    hypotheses={"in (0, 1)": lambda one: 0 < one.percent < 100 and one.n > 0},
    instances=Family(
        "embeddings",
        always=[Embedding(n, percent) for n in (2, 3, 10, 1000) for percent in (99, 50, 10, 1)],
        draw=drawn,
    ),
    solve=components,
    claim=as_many_as(),
    decisions=("outcome",),
    violated=Violated("The bound is rounded down to an integer, so that there is one component less than it demands"),
    repairs=(
        repair(
            "rounded up",
            patch=(
                johnson_lindenstrauss_min_dim,
                "(4 * np.log(n_samples) / denominator).astype(np.int64)",
                "np.ceil(4 * np.log(n_samples) / denominator).astype(np.int64)",
            ),
        ),
    ),
    notes="Of no consequence in practice, since the bound is far from tight.",
)

DIMENSION_WITHIN_ONE = Statement(
    id="scikit-learn/johnson-lindenstrauss-within-one",
    title="The number of components is at least the bound less one",
    says="For n points and an error eps, the number k of components of `johnson_lindenstrauss_min_dim` is at least "
    "4 log(n) / (eps^2 / 2 - eps^3 / 3) - 1.",
    source=DIMENSION.source,
    tex=r"k \ge \frac{4 \log n}{\epsilon^2 / 2 - \epsilon^3 / 3} - 1",
    hypotheses=DIMENSION.hypotheses,
    instances=DIMENSION.instances,
    solve=components,
    claim=as_many_as(less=1),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("binary logarithms, halved", solve=lambda one, rng: int(2 * np.log2(one.n) / width(one))),
        saboteur("a factor of 5", claim=as_many_as(less=1, factor=5)),
    ),
    decisions=("outcome",),
)

# --- embeddings ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Points:
    """Points in many dimensions: the first unit vectors, or Gaussian ones that are drawn from a seed."""

    n: int
    features: int
    percent: int
    seed: int | None = None

    def rows(self):
        """The points, as the library takes them."""
        if self.seed is not None:
            return np.random.default_rng(self.seed).standard_normal((self.n, self.features))
        return csr_array((np.ones(self.n), (range(self.n), range(self.n))), (self.n, self.features))


def squared_distances(rows):
    dense = rows.toarray() if hasattr(rows, "toarray") else rows
    return np.array([((dense[i] - dense[j]) ** 2).sum() for i, j in combinations(range(len(dense)), 2)])


def projected(make):
    """In each run, the quotients of all squared distances after the projection and before."""

    def solve(points, rng, n):
        rows, runs = points.rows(), []
        before = squared_distances(rows)
        for _ in range(n):
            projection = make(eps=points.percent / 100, random_state=int(rng.integers(2**31)))
            runs.append(squared_distances(projection.fit_transform(rows)) / before)
        return np.array(runs)

    return solve


def distorted(points, quotients):
    """Whether some distance leaves the range; a quotient that is no number has left it."""
    found = np.asarray(quotients, float)
    if found.shape[1:] != (points.n * (points.n - 1) // 2,):
        return np.ones(len(found), bool)
    return ~(np.abs(found - 1) < points.percent / 100).all(1)


def fails_at_most(times=1):
    return Probability(distorted, lambda points: float(times * (1 - Fraction(1, points.n))))


def one_component(**options):
    return GaussianRandomProjection(n_components=1, random_state=options["random_state"])


def drawn_points(draws):
    return Points(draws.integers(2, 4), draws.integers(45, 60), draws.integers(70, 90), seed=draws.integers(0, 9))


IN_RANGE = {"eps in (0, 1)": lambda points: 0 < points.percent < 100 and points.n > 1}

GAUSSIAN = Statement(
    id="scikit-learn/gaussian-projection",
    title="A Gaussian projection is an embedding",
    says="With the number of components that `GaussianRandomProjection` chooses for n points and an error eps, some "
    "squared distance changes by a factor outside of 1 - eps to 1 + eps with probability at most 1 - 1/n.",
    source=Documented(
        "scikit-learn",
        "random_projection.GaussianRandomProjection",
        "the default number of components follows the lemma of Johnson and Lindenstrauss, with the error eps",
    ),
    tex=r"P(\exists u, v : \|p(u) - p(v)\|^2 \notin (1 \pm \epsilon) \|u - v\|^2) \le 1 - 1/n",
    hypotheses=IN_RANGE,
    instances=Family("points", always=(Points(2, 40, 50, 0), Points(4, 40, 80, 1)), draw=drawn_points),
    solve=projected(GaussianRandomProjection),
    claim=fails_at_most(),
    closed="the promise is a tolerance, and a wrong number within it keeps the promise too",
    saboteurs=(
        saboteur("one component", solve=projected(one_component)),
        saboteur("a thousandth", claim=fails_at_most(Fraction(1, 1000))),
    ),
    decisions=("outcome",),
    notes="The bound is far from tight.",
)

SPARSE_DENSE_ROWS = Statement(
    id="scikit-learn/sparse-projection-of-gaussian-rows",
    title="A sparse projection of Gaussian rows is an embedding",
    says="For n Gaussian rows and an error eps, some squared distance changes by a factor outside of 1 - eps to 1 + "
    "eps under `SparseRandomProjection` with probability at most 1 - 1/n.",
    source=Documented(
        "scikit-learn",
        "random_projection.SparseRandomProjection",
        "a sparse random matrix guarantees an embedding of similar quality as a dense one",
    ),
    tex=GAUSSIAN.tex,
    hypotheses=IN_RANGE | {"rows without structure": lambda points: points.seed is not None},
    instances=GAUSSIAN.instances,
    solve=projected(SparseRandomProjection),
    claim=fails_at_most(),
    closed="the promise is a tolerance, and a wrong number within it keeps the promise too",
    saboteurs=(
        saboteur("one component", solve=projected(one_component)),
        saboteur("a thousandth", claim=fails_at_most(Fraction(1, 1000))),
    ),
    decisions=("outcome",),
)


SPARSE_ONE_HOT = Statement(
    id="scikit-learn/sparse-projection-of-unit-vectors",
    title="A sparse projection of unit vectors is an embedding",
    says="For n different unit vectors and an error eps, some squared distance changes by a factor outside of 1 - eps "
    "to 1 + eps under `SparseRandomProjection` with probability at most 1 - 1/n.",
    source=SPARSE_DENSE_ROWS.source,
    tex=GAUSSIAN.tex,
    hypotheses=IN_RANGE | {"unit vectors": lambda points: points.seed is None},
    instances=Family(
        "unit-vectors",
        # two unit vectors have 17 components, and an entry other than 0 alone adds 65 / 34 > 1.9 to the quotient; so no
        # matrix at all keeps their distance
        always=(Points(2, 65**2, 90),),
        draw=lambda draws: Points(2, 65**2, draws.integers(88, 90)),
    ),
    solve=projected(SparseRandomProjection),
    claim=fails_at_most(),
    decisions=("outcome",),
    violated=Violated(
        "With a density of one over the root of the number of features, whole columns of the matrix are 0, and rows "
        "that are nonzero in few features, such as words of a text, are mapped to the same point or far apart"
    ),
    repairs=(
        repair("a density of 1/3", solve=projected(lambda **more: SparseRandomProjection(density=1 / 3, **more))),
    ),
    notes="The matrix of Achlioptas, which the repair takes, keeps the bound for all rows. The one that is used as a "
    "default is from a theorem about many features with bounded fourth moments, and the documentation does not say so.",
)

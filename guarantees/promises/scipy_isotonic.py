"""scipy: isotonic regression, against its formula of least and largest means in Fractions."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, rounding, saboteur
from scipy.optimize import isotonic_regression


@dataclass(frozen=True)
class Series:
    """Values and their weights, integers over a common divisor."""

    values: tuple[int, ...]
    weights: tuple[int, ...]
    divisor: int = 1

    def parts(self):
        """Values and weights as the doubles that the library gets."""
        return np.array(self.values) / self.divisor, np.array(self.weights) / self.divisor


@cache
def regression(series):
    """At each place the largest of the least means over the parts that begin before and end behind it."""
    y, w = ([Fraction(one) for one in part] for part in series.parts())
    mean = lambda a, b: sum(v * x for v, x in zip(w[a : b + 1], y[a : b + 1], strict=True)) / sum(w[a : b + 1])
    n = len(y)
    return [max(min(mean(a, b) for b in range(i, n)) for a in range(i + 1)) for i in range(n)]


def spread(series):
    return float(np.abs(series.parts()[0]).max())


def of_regression(shift=0):
    """The distance to the regression, with the rounding of sums of at most all products."""

    def sides(series, found):
        n = len(series.values)
        gaps = [abs(Fraction(x) - y - shift) for x, y in zip(found, regression(series), strict=True)]
        scale = np.full(n, n * spread(series) * max(series.weights) / min(series.weights))
        return Sides(gaps, [Fraction(0)] * n, rounding=rounding(16 * n + 16, scale))

    return Inequality(sides, unbounded="a wrong value may be any number")


def between_ends(slip):
    """Every value is in the range of the observed ones, up to its rounding where there is any to allow for."""

    def sides(series, found):
        values, n = [Fraction(x) for x in series.parts()[0]], len(series.values)
        low, high = [min(values)] * n, [max(values)] * n
        found = [Fraction(x) for x in found]
        rounded = rounding(16 * n + 16, np.full(2 * n, spread(series))) if slip else None
        return Sides([*low, *found], [*found, *high], rounding=rounded)

    return Inequality(sides, unbounded="a wrong value may be any number")


def fitted(series, rng):
    y, w = series.parts()
    return isotonic_regression(y, weights=w).x.tolist()


def unweighted(series, rng):
    return isotonic_regression(series.parts()[0]).x.tolist()


def largest_so_far(series, rng):
    return np.maximum.accumulate(series.parts()[0]).tolist()


def drawn_series(draws):
    n, divisor = draws.integers(1, 6), draws.choice((1, 10))
    return Series(tuple(draws.integers(0, 9, shape=n).tolist()), tuple(draws.integers(1, 9, shape=n).tolist()), divisor)


SERIES = Family(
    "series",
    always=[Series(values, weights) for values in product((0, 1, 3), repeat=3) for weights in ((1, 1, 1), (1, 2, 5))],
    draw=drawn_series,
)

ISOTONIC = Statement(
    id="scipy/isotonic-regression",
    title="The rising series with the least squares",
    says="The values x_i that are returned are those of the rising series with the least sum of w_i (y_i - x_i)^2, "
    "which are x*_i: the largest, over a <= i, of the least, over b >= i, of the weighted means of y_a, ..., y_b.",
    source=Documented("scipy", "optimize.isotonic_regression", "it minimizes the weighted squares among rising series"),
    tex=r"x_i = \max_{a \le i} \min_{b \ge i} \frac{\sum_{a}^{b} w_j y_j}{\sum_{a}^{b} w_j}",
    hypotheses={"positive weights": lambda series: min(series.weights) > 0},
    instances=SERIES,
    solve=fitted,
    claim=of_regression(),
    saboteurs=(
        saboteur("weights are not read", solve=unweighted),
        saboteur("the largest so far", solve=largest_so_far),
        saboteur("one millionth more", claim=of_regression(Fraction(1, 10**6))),
    ),
)

RANGE = Statement(
    id="scipy/isotonic-regression-range",
    title="The regression stays between the least and the largest value",
    says="Up to rounding, every value x_i of the regression lies between the least and the largest of the values y_j.",
    source=Documented(
        "scipy", "optimize.isotonic_regression", "elements in the range from the least to the largest value"
    ),
    tex=r"\min_j y_j \le x_i \le \max_j y_j",
    hypotheses={"positive weights": lambda series: min(series.weights) > 0},
    instances=replace(SERIES, name="series-range"),
    solve=fitted,
    claim=between_ends(slip=True),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("twice the values", solve=lambda series, rng: [2 * x for x in fitted(series, rng)]),
        saboteur(
            "without any rounding",
            claim=between_ends(slip=False),
            instances=Family(
                "series-rounded",
                always=(Series((4, 4), (7, 9), 10),),
                complete="two equal values, whose mean is rounded",
                members=1,
            ),
            printed=True,
        ),
    ),
    notes="Taken by the letter it is false: values 0.4, 0.4 with weights 0.7, 0.9 become 0.39999999999999997.",
)

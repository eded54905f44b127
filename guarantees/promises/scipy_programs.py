"""scipy: integer programs, isotonic regression, and a lower bound on a norm, against small problems solved by hand.

Integer programs are solved by trying all points of a box, the regression by its formula of least and largest means in
Fractions, and the norm by adding up columns.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
from lrtheory.bounds import (
    Documented,
    Family,
    Inequality,
    Sides,
    Statement,
    Tight,
    Violated,
    repair,
    rounding,
    saboteur,
)
from scipy.optimize import Bounds, LinearConstraint, isotonic_regression, milp
from scipy.sparse import csr_array
from scipy.sparse.linalg import onenormest

# --- integer programs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """Costs c, and rows A and right sides b of A x <= b, in integers; the box of each variable, and the gap allowed."""

    costs: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]
    right: tuple[int, ...]
    box: tuple[int, int] = (0, 3)
    gap: Fraction = Fraction(0)


def value(program, point):
    return sum(c * x for c, x in zip(program.costs, point, strict=True))


def admits(program, point):
    rows = zip(program.rows, program.right, strict=True)
    return all(sum(a * x for a, x in zip(row, point, strict=True)) <= b for row, b in rows)


@cache
def optimum(program, or_zero=False):
    """The least cost of an integer point in the box, by trying all of them; None where no point is admitted."""
    values = {*range(program.box[0], program.box[1] + 1), *([0] if or_zero else [])}
    points = product(sorted(values), repeat=len(program.costs))
    return min((value(program, point) for point in points if admits(program, point)), default=None)


def solved(program, integrality, **options):
    rows = LinearConstraint(np.array(program.rows).reshape(-1, len(program.costs)), ub=program.right)
    return milp(
        program.costs,
        constraints=[rows] if program.rows else [],
        bounds=Bounds(*program.box),
        integrality=np.full(len(program.costs), integrality),
        options=options,
    )


def within_gap(or_zero=False, factor=1):
    """The point is admitted, its cost is within the gap of the bound, and the bound is at most the optimum."""

    def sides(program, found):
        point, bound = found
        top = 1 + sum(map(abs, program.costs)) * (1 + max(map(abs, program.box)))
        least, cost = optimum(program, or_zero), top if point is None else value(program, point)
        inside = lambda x: program.box[0] <= x <= program.box[1] or (or_zero and x == 0)
        if point is None or not admits(program, point) or not all(map(inside, point)):
            return Sides([top, top], [least, least], trivial=[top, top])
        # the costs are small integers, which the solver reaches up to its tolerance of 1e-6
        slack = factor * program.gap * abs(cost) + Fraction(1, 10**6)
        return Sides([cost, Fraction(bound)], [least + slack, least + Fraction(1, 10**6)], trivial=[top, np.inf])

    return Inequality(sides, unbounded="a bound of a solver may be any number")


def by_solver(integrality):
    def solve(program, rng):
        result = solved(program, integrality, mip_rel_gap=float(program.gap))
        if result.x is None:
            return None, 0.0
        return tuple(round(x) for x in result.x), float(result.mip_dual_bound)

    return solve


def rounded(program, rng):
    """A wrong solver: the program without integers, rounded down."""
    result = solved(program, 0)
    return tuple(int(x) for x in result.x), float(result.fun)


def by_enumeration(program, rng):
    """A solver that does it right."""
    values = sorted({*range(program.box[0], program.box[1] + 1), 0})
    points = [point for point in product(values, repeat=len(program.costs)) if admits(program, point)]
    best = min(points, key=lambda point: value(program, point))
    return best, float(value(program, best))


def nothing(program, rng):
    return (0,) * len(program.costs), float(-sum(map(abs, program.costs)) * 3)


def drawn(draws):
    n, m = draws.integers(1, 3), draws.integers(1, 2)
    rows = draws.integers(-3, 4, shape=(m, n)).tolist()
    right = draws.integers(0, 6, shape=m).tolist()
    gap = draws.choice((Fraction(0), Fraction(1, 2)))
    return Program(tuple(draws.integers(-3, 3, shape=n).tolist()), tuple(map(tuple, rows)), tuple(right), gap=gap)


SMALL = [
    Program(costs, (row,), (b,))
    for costs in product((-2, 1), repeat=2)
    for row in product((1, 2), repeat=2)
    for b in (1, 3)
]
#: without integers the best point is (0, 5/2); the point (1, 1) is better than (0, 2)
ROUNDED = Program((-4, -3), ((3, 2),), (5,))

MILP = Statement(
    id="scipy/milp",
    title="Integer programs are solved to within the gap",
    says="The point x that `milp` returns consists of integers, satisfies all constraints, and c(x) - c(x*) <= g |c(x)|, "
    "where c are the costs, x* is the best point and g is `mip_rel_gap`; the lower bound is at most c(x*).",
    source=Documented(
        "scipy",
        "optimize.milp",
        "the solver ends when the gap between the value and its lower bound, by the value, is at most the given one",
    ),
    tex=r"c(x) - c(x^*) \le g\, |c(x)|",
    hypotheses={"a point is admitted": lambda program: optimum(program) is not None},
    instances=Family("programs", always=[*SMALL, ROUNDED], draw=drawn),
    solve=by_solver(1),
    claim=within_gap(),
    saboteurs=(
        saboteur("rounded down", solve=rounded),
        saboteur("nothing at all", solve=nothing),
    ),
)

SEMI_INTEGER = Statement(
    id="scipy/milp-semi-integer",
    title="Variables that are 0 or an integer between positive bounds",
    says="With `integrality` 3 every variable of the point x is 0 or an integer within its bounds, which are positive, "
    "and c(x) is at most c(x*), where c are the costs and x* is the best such point.",
    source=Documented("scipy", "optimize.milp", "such a variable is an integer within its bounds or 0"),
    tex=r"c(x) \le c(x^*)",
    hypotheses={"positive bounds": lambda program: 0 < program.box[0] <= program.box[1]},
    instances=Family(
        "programs-semi-integer",
        always=[replace(program, box=(2, 3)) for program in SMALL],
        draw=lambda draws: replace(drawn(draws), box=(draws.integers(1, 2), draws.integers(2, 4)), gap=Fraction(0)),
    ),
    solve=by_solver(3),
    claim=within_gap(or_zero=True),
    saboteurs=(saboteur("within its bounds", solve=by_solver(1)), saboteur("nothing at all", solve=nothing)),
)

SEMI_INTEGER_NEGATIVE = replace(
    SEMI_INTEGER,
    id="scipy/milp-semi-integer-negative",
    title="Variables that are 0 or an integer between negative bounds",
    says="With `integrality` 3 every variable of the point x is 0 or an integer within its bounds, which are negative, "
    "and c(x) is at most c(x*), where c are the costs and x* is the best such point.",
    hypotheses={"negative bounds": lambda program: program.box[0] <= program.box[1] < 0},
    instances=Family(
        "programs-semi-integer-negative",
        always=(Program((1,), (), (), box=(-2, -1)), Program((-1,), (), (), box=(-2, -1))),
        complete="one variable, from -2 to -1 or 0",
        members=2,
    ),
    saboteurs=(),
    violated=Violated("Nothing is returned, and the message is that of an error of the solver"),
    repairs=(repair("by trying all points", solve=by_enumeration),),
    notes="The documentation says of no bounds that they may not be negative. The status is 4, `other`.",
)

# --- isotonic regression ---------------------------------------------------------------------------------------------


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
    return Series(
        tuple(draws.integers(0, 9, shape=n).tolist()), tuple(draws.integers(1, 9, shape=n).tolist()), divisor
    )


SERIES = Family(
    "series",
    always=[
        Series(values, weights) for values in product((0, 1, 3), repeat=3) for weights in ((1, 1, 1), (1, 2, 5))
    ],
    draw=drawn_series,
)

ISOTONIC = Statement(
    id="scipy/isotonic-regression",
    title="The rising series with the least squares",
    says="The values x_i that are returned are those of the rising series with the least sum of w_i (y_i - x_i)^2, which "
    "are x*_i: the largest, over a <= i, of the least, over b >= i, of the weighted means of y_a, ..., y_b.",
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
    source=Documented("scipy", "optimize.isotonic_regression", "elements in the range from the least to the largest value"),
    tex=r"\min_j y_j \le x_i \le \max_j y_j",
    hypotheses={"positive weights": lambda series: min(series.weights) > 0},
    instances=replace(SERIES, name="series-range"),
    solve=fitted,
    claim=between_ends(slip=True),
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

# --- a lower bound of a norm -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Square:
    """A square matrix of integers, row by row."""

    rows: tuple[tuple[int, ...], ...]


def norm(square):
    return max(sum(map(abs, column)) for column in zip(*square.rows, strict=True))


def below_norm(factor=1):
    def sides(square, estimate):
        # sums of a few small integers are exact
        return Sides(Fraction(estimate), factor * norm(square), trivial=1 + sum(sum(map(abs, row)) for row in square.rows))

    return Inequality(sides)


def estimate(square, rng):
    return float(onenormest(csr_array(np.array(square.rows, float)), t=1))


def by_rows(square, rng):
    return float(np.abs(square.rows).sum(axis=1).max())


def drawn_square(draws):
    n = draws.integers(1, 6)
    return Square(tuple(map(tuple, draws.integers(-3, 3, shape=(n, n)).tolist())))


ONE_NORM = Statement(
    id="scipy/onenormest",
    title="The estimate of the 1-norm is a lower bound",
    says="With a single column at a time, the estimate e of `onenormest` is at most the 1-norm of the matrix A, the "
    "largest sum of absolute values in a column.",
    source=Documented("scipy", "sparse.linalg.onenormest", "a lower bound of the 1-norm of a sparse array"),
    tex=r"e \le \|A\|_1",
    hypotheses={"square": lambda square: all(len(row) == len(square.rows) for row in square.rows)},
    instances=Family(
        "squares",
        always=[Square((entries[:2], entries[2:])) for entries in product((-1, 0, 2), repeat=4)],
        tight=(Tight(Square(((1, 2), (3, 4))), 1, 1),),
        draw=drawn_square,
    ),
    solve=estimate,
    claim=below_norm(),
    saboteurs=(
        saboteur("by rows", solve=by_rows),
        saboteur("nine tenths", claim=below_norm(Fraction(9, 10))),
    ),
    randomness="the library's own",
    notes="It begins with random signs, of which no seed can be given.",
)

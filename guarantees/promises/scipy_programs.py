"""scipy: programs in integers, and with variables that may be 0, against small problems solved by trying all points."""

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
    Violated,
    repair,
    saboteur,
)
from scipy.optimize import Bounds, LinearConstraint, milp


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
    says="The point x that `milp` returns consists of integers, satisfies all constraints, and c(x) - c(x*) <= g "
    "|c(x)|, where c are the costs, x* is the best point and g is `mip_rel_gap`; the lower bound is at most c(x*).",
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
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
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
    may_vary={"0": "a program without a solution has none"},
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
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

"""scipy: a lower bound on the 1-norm of a matrix, which is found by adding up columns."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
from lrtheory.bounds import Documented, Family, Inequality, Sides, Statement, Tight, rounding, saboteur
from scipy.sparse import csr_array
from scipy.sparse.linalg import onenormest


@dataclass(frozen=True)
class Square:
    """A square matrix of integers, row by row."""

    rows: tuple[tuple[int, ...], ...]


def norm(square):
    return max(sum(map(abs, column)) for column in zip(*square.rows, strict=True))


def below_norm(factor=1, slip=True):
    """The estimate is at most the norm, up to the rounding of means over columns where there is any to allow for."""

    def sides(square, estimate):
        n, top = len(square.rows), 1 + sum(sum(map(abs, row)) for row in square.rows)
        return Sides(
            Fraction(estimate),
            factor * norm(square),
            trivial=top,
            rounding=rounding(2 * n * n + 8, norm(square)) if slip else None,
        )

    return Inequality(sides)


def estimate(square, rng):
    return float(onenormest(csr_array(np.array(square.rows, float)), t=1))


def by_rows(square, rng):
    return float(np.abs(square.rows).sum(axis=1).max())


def drawn_square(draws):
    n = draws.integers(1, 6)
    return Square(tuple(map(tuple, draws.integers(-3, 3, shape=(n, n)).tolist())))


#: the estimate begins with the mean of all columns
ALL_ALIKE = Square(5 * ((-3,) * 5,))

ONE_NORM = Statement(
    id="scipy/onenormest",
    title="The estimate of the 1-norm is a lower bound",
    says="Up to rounding, with a single column at a time, the estimate e of `onenormest` is at most the 1-norm of the "
    "matrix A, the largest sum of absolute values in a column.",
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
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("by rows", solve=by_rows),
        saboteur("nine tenths", claim=below_norm(Fraction(9, 10))),
        saboteur(
            "without any rounding",
            claim=below_norm(slip=False),
            instances=Family("squares-rounded", always=(ALL_ALIKE,), complete="five equal columns", members=1),
            printed=True,
        ),
    ),
    randomness="the library's own",
    notes="The mean of five equal columns of sum 15 is rounded to 15.000000000000002. No seed can be given.",
)

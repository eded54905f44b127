"""A factor that is written as a double."""

from dataclasses import replace

from theorems import squares

from lrtheory.bounds import Inequality, Sides

HALF = Inequality(lambda x, square: Sides(lhs=0.5 * x, rhs=square), unbounded="a wrong square may be anything")
INEXACT = replace(squares.SQUARE, id="odd/inexact", claim=HALF)

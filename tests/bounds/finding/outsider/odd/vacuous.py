"""A bound that nobody can break."""

from dataclasses import replace

from theorems import squares

from lrtheory.bounds import Inequality, Sides

CLAIM = Inequality(lambda x, square: Sides(lhs=x % 2, rhs=1, trivial=1), unbounded="it is bounded, and vacuous")
VACUOUS = replace(squares.SQUARE, id="odd/vacuous", claim=CLAIM)

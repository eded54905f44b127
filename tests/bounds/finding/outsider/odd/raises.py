"""A file that cannot be imported."""

from theorems import squares

SQUARE = squares.NO_SUCH_THEOREM

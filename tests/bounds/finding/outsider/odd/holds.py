"""A promise that is said to be violated, and holds."""

from dataclasses import replace

from theorems import squares

from lrtheory.bounds import Violated

HOLDS = replace(squares.SQUARE, id="odd/holds", saboteurs=(), violated=Violated("Squares were thought to be small"))

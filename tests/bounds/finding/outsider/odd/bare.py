"""A statement that lacks nearly everything."""

from dataclasses import replace

from theorems import squares

BARE = replace(squares.SQUARE, id="odd/bare", source=None, hypotheses={}, saboteurs=())

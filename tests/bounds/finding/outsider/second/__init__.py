"""A package with a system of a common name."""

from dataclasses import replace

from theorems import squares

T1 = replace(squares.SQUARE, id="sampling/T1")

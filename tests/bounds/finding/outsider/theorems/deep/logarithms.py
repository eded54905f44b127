"""A logarithm of an integer, decided in balls; the sides write it as one writes it for doubles."""

from dataclasses import replace

from lrtheory.bounds import Ball, Inequality, Sides, log, saboteur
from theorems import squares


def sides(x, square, factor=2):
    large = square if square == x * x else 99 + x**4
    return Sides(lhs=log(1 + large), rhs=factor * log(2 + abs(x)))


LOGARITHM = replace(
    squares.SQUARE,
    id="my-own.2/logarithm",
    title="A logarithm of a square",
    says="For every integer x the logarithm of 1 + x^2 is at most twice that of 2 + |x|.",
    tex=r"\log(1 + x^2) \le 2 \log(2 + |x|)",
    claim=Inequality(sides, numbers=Ball, unbounded="a wrong square may be anything"),
    saboteurs=(
        saboteur("the sixth power", solve=lambda x, rng: x**6),
        saboteur("once", claim=Inequality(lambda x, square: sides(x, square, factor=1), numbers=Ball)),
    ),
)

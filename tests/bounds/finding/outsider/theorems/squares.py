"""A module beside a package: an inequality, under an id with a digit, a hyphen and a dot."""

from lrtheory.bounds import Classical, Family, Inequality, Sides, Statement, saboteur


def sides(x, square, less=1):
    """What is no square counts as less than any number in sight."""
    return Sides(lhs=2 * x - less, rhs=square if square == x * x else -9 - 2 * abs(x))


SQUARE = Statement(
    id="my-own.2/square",
    title="A square is at least twice its root less one",
    says="For every integer x twice x less one is at most its square.",
    source=Classical("(x - 1)^2 >= 0", "school"),
    tex=r"2x - 1 \le x^2",
    hypotheses={"integer": lambda x: isinstance(x, int)},
    instances=Family("integers", always=(0, 1, 2), draw=lambda draws: draws.integers(-9, 9)),
    solve=lambda x, rng: x * x,
    claim=Inequality(sides, unbounded="a wrong square may be anything"),
    saboteurs=(
        saboteur("the root", solve=lambda x, rng: x - 1),
        saboteur("no less", claim=Inequality(lambda x, square: sides(x, square, less=0))),
    ),
)

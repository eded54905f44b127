"""The size of the update by the size of the group.

w(P) is the factor of grad P where rewards are divided by the deviation of their group, P being the success probability
and G >= 2 the size of a group, and c_G = w(P) P (1 - P).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Sides, Statement, Tight, formula, saboteur
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients.theory import weight
from proofs_checks.policy_gradients.families.problems import advantage, differences, slope


@dataclass(frozen=True)
class Size:
    """A success probability, an integer over a denominator, and the size of a group."""

    part: int
    denominator: int
    group_size: int

    @property
    def success(self) -> Fraction:
        """The success probability."""
        return self.part * Fraction(1) / self.denominator


def draw_size(draws: Draws) -> Size:
    """Draw a size, with probabilities near 0 and near 1 too."""
    denominator = draws.choice((7, 100, 10**6))
    return Size(draws.integers(1, denominator - 1), denominator, draws.integers(2, 32))


HALF = Size(1, 2, 8)
SIZES = Family(
    "sizes-of-groups",
    always=(Size(1, 2, 3), Size(1, 10**6, 4), Size(10**6 - 1, 10**6, 16), Size(1, 3, 5)),
    tight=(Tight(Size(1, 3, 2), 1 - 1e-12, 1.0), Tight(HALF, 0.988, 1.0), Tight(Size(1, 2, 64), 0.9999, 1.0)),
    draw=draw_size,
)


def two_sizes(case: Size, rng: np.random.Generator) -> np.ndarray:
    """Ask the library for c of a group of G and of one of G + 1."""
    P = float(case.success)
    return np.array([P * (1 - P) * float(weight(P, group_size=case.group_size + more)) for more in (0, 1)])


def by_sample(case: Size, rng: np.random.Generator) -> np.ndarray:
    """Divide by the deviation of a sample."""
    return two_sizes(case, rng) * [math.sqrt(1 - 1 / (case.group_size + more)) for more in (0, 1)]


@formula(P="[0, 1]", G="[2, inf)")
def deviation_limit(P: Number, G: int) -> float:
    """The largest value of c_G, sqrt(P (1 - P) (G - 1) / G).

    Proof
    -----
    Assumes: c_G = E sqrt(x (1 - x)) for x = s / G, s binomial with G trials of probability P: f(1, s) is sqrt((G - s) /
    s) and f(0, s) is -sqrt(s / (G - s)) in the factor of statement GR-1f, and terms of equal s add up to that.

    Proof: the mean of x (1 - x) is P (1 - P) (G - 1) / G, and the root is concave, so that E sqrt(Y) <= sqrt(E Y). On
    [0, 1], sqrt(x (1 - x)) >= 2 x (1 - x), whose mean is 2 P (1 - P) (G - 1) / G. The sum is the Bernstein polynomial
    of degree G of a concave function; such polynomials do not fall as G grows, and stay below their function.
    """
    return math.sqrt(P * (1 - P) * (G - 1) / G)


def between(case: Size, found: np.ndarray, factor: Fraction = Fraction(2), fewer: int = 1) -> Sides:
    """Compare c of two sizes with each other, with both limits, and with its definition from both sides."""
    P, G = float(case.success), case.group_size
    root = math.sqrt(P * (1 - P))
    least, most = float(factor) * P * (1 - P) * (G - 1) / G, root * math.sqrt((G - fewer) / G)
    if fewer == 1:
        most = deviation_limit(P, G)
    now, more = found
    due = [P * (1 - P) * float(slope(P, differences(n, partial(advantage, G=n, norm="std")))) for n in (G, G + 1)]
    lhs, rhs = [least, now, now, more, *found, *due], [now, most, more, root, *due, *found]
    return Sides(np.array(lhs), np.array(rhs), rounding=rounded(100 * G, root))


ANY = "c that is reported may be any number"

GR_3 = Statement(
    id="policy_gradients/GR-3",
    title="Division by the deviation follows the root of P (1 - P), and more so in larger groups",
    says=(
        "Where centred rewards are divided by the deviation of a group of G, with c_G = w(P) P (1 - P) for the factor "
        "w of grad P, 2 P (1 - P) (G - 1) / G <= c_G <= sqrt(P (1 - P) (G - 1) / G), and c_G <= c_(G+1) <= sqrt(P (1 - "
        "P)). So problems that are hardly ever or nearly always solved get up to sqrt(G - 1) times the update that the "
        "mean of others as a baseline gives them."
    ),
    source=Derived(deviation_limit),
    tex=r"\tfrac{2(G-1)}{G} P(1-P) \le c_G \le \sqrt{\tfrac{G-1}{G} P(1-P)}, \quad c_G \le c_{G+1} \le \sqrt{P(1-P)}",
    hypotheses={
        "a success probability between 0 and 1": lambda case: 0 < case.part < case.denominator,
        "two or more in a group": lambda case: case.group_size >= 2,
    },
    instances=SIZES,
    solve=two_sizes,
    claim=Inequality(between, unbounded=ANY),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the deviation of a sample for that of the group", solve=by_sample),
        saboteur("2.1 for 2 on the left", claim=Inequality(partial(between, factor=Fraction(21, 10)), unbounded=ANY)),
        saboteur("G - 2 for G - 1 on the right", claim=Inequality(partial(between, fewer=2), unbounded=ANY)),
    ),
    notes="With G without end the update is that of 2 arcsin(sqrt P).",
)

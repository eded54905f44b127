"""A penalty of ranks on problems all of whose answers are right, where rewards are divided by their deviation.

x is the rank of a sample within its group, m the mean of the ranks there and s their deviation. beta is the strength of
the penalty: a sample earns 1 - beta x / G in a group of G.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Numbers, Sides, Statement, formula, saboteur
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import expected_gradient
from proofs_checks.policy_gradients.families.problems import Problem, all_groups, draw_problem, expected, is_law, summed
from proofs_checks.policy_gradients.families.ranks import ranked, ranks_of


@dataclass(frozen=True)
class Solved(Problem):
    """A problem whose answers are all right, with a penalty of ranks, of a strength in thousandths."""

    thousandths: int = 250

    @property
    def beta(self) -> float:
        """The strength of the penalty."""
        return self.thousandths / 1000


def draw_solved(draws: Draws) -> Solved:
    """Draw a problem all of whose answers are right, and a penalty."""
    case = draw_problem(draws)
    right = (1,) * len(case.weights)
    return Solved(case.weights, right, case.group_size, "std", draws.choice((1, 10, 250, 1000)))


SOLVED = Family(
    "solved-problems",
    always=(
        Solved((1, 2), (1, 1), 2, "std", 1),
        Solved((90, 9, 1), (1, 1, 1), 6, "std", 1),
        Solved((90, 9, 1), (1, 1, 1), 6, "std", 250),
        Solved((2, 2, 1), (1, 1, 1), 4, "std", 500),
    ),
    draw=draw_solved,
)


def gradient(case: Solved, rng: np.random.Generator, offset: float = 0.0) -> np.ndarray:
    """Ask the library for the expected update, with an offset of the deviation."""
    found = expected_gradient(
        case.law,
        case.right,
        group_size=case.group_size,
        norm="std",
        std_offset=offset,
        unlikeliness=case.beta,
        ties="average",
    )
    return np.asarray(found.gradient)


def continuous(case: Solved, rng: np.random.Generator) -> np.ndarray:
    """Let the update go to 0 with beta, as the one without a divisor does."""
    return case.beta * expected(case, ranked(case, 1.0))


def by_position(case: Solved, rng: np.random.Generator) -> np.ndarray:
    """Let equally likely samples take their ranks by position."""
    return expected(case, ranked(case, 1.0, "position"))


@formula(x="[0, inf)", m="[0, inf)", s="(0, inf)")
def standard_rank(x: Numbers, m: Numbers, s: Numbers) -> Numbers:
    """The advantage of a sample of the rank x, (m - x) / s, whatever beta > 0 is.

    Proof
    -----
    Assumes: all rewards of the group are 1 - beta x / G, and not all ranks are equal.

    Proof: centred, they are beta (m - x) / G, and their deviation is beta s / G; beta and G cancel. With an offset o of
    the deviation the factor beta s / (beta s + G o) is left, which goes to 0 with beta.
    """
    return (m - x) / s


def without_strength(case: Solved, found: np.ndarray) -> Sides:
    """Compare an update with the sum over all groups of standard ranks, in which there is no beta."""
    groups = all_groups(len(case.weights), case.group_size)
    x = ranks_of(np.array(case.weights)[groups])
    m, s = x.mean(1, keepdims=True), x.std(1, keepdims=True)
    advantages = standard_rank(x, m, np.where(s > 0, s, 1.0))  # where all ranks are equal, x is m
    return Sides(found, summed(case.law, groups, advantages), rounding=rounded(2000, 1 / case.beta))


GR_6 = Statement(
    id="policy_gradients/GR-6",
    title="On solved problems a penalty of ranks is as strong as its deviation, however small it is",
    says=(
        "Where all answers are right and rewards 1 - beta x / G, x being the rank, are divided by the deviation of a "
        "group, the advantages are (m - x) / s for the mean m and the deviation s of the ranks. So the expected update "
        "is the same for every beta > 0, and not 0 where answers are not equally likely, while it is 0 for beta = 0."
    ),
    source=Derived(standard_rank),
    tex=r"A_i = \frac{m - x_i}{s} \quad \text{for all } \beta > 0",
    hypotheses={
        "answers with probabilities": is_law,
        "all answers are right": lambda case: min(case.correct) == 1,
        "not all answers are equally likely": lambda case: len(set(case.weights)) > 1,
        "a penalty": lambda case: case.beta > 0,
    },
    instances=SOLVED,
    solve=gradient,
    claim=Identity(without_strength),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the update goes to 0 with beta", solve=continuous),
        saboteur("an offset of a tenth", solve=partial(gradient, offset=0.1)),
        saboteur("equal samples are ranked by position", solve=by_position),
    ),
    notes=(
        "So beta = .001 flattens solved problems as hard as .5, unless groups of equal rewards are left out before "
        "ranks are taken. An offset o of the deviation leaves beta s / (beta s + G o) of the update."
    ),
)

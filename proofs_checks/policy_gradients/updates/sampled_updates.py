"""The update of one group that is sampled, and its mean.

A group of G independent answers y_i with advantages A_i pushes the logit of the answer k by (1/G) times the sum of A_i
over y_i = k, where the A_i of a group sum to 0. p is the policy, r_k the reward, 1 for right answers, and P their
probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Expectation, Family, Number, Statement, formula, saboteur
from lrtheory.policy_gradients import group_advantages
from proofs_checks.policy_gradients.families.problems import Problem, draw_problem, is_mixed, normed, weight_of


@dataclass(frozen=True)
class Arm(Problem):
    """A problem, and the answer k whose logit is looked at."""

    k: int = 0


@dataclass(frozen=True)
class Groups:
    """The answers of each run's group, and their advantages."""

    answers: np.ndarray
    advantages: np.ndarray


def draw_arm(draws: Draws) -> Arm:
    """Draw a problem, and one of its answers."""
    case = draw_problem(draws, norms=("std", "none"))
    return Arm(case.weights, case.correct, case.group_size, case.norm, draws.integers(0, len(case.weights) - 1))


ARMS = Family(
    "answers-of-problems",
    always=(
        Arm((1, 1), (1, 0), 2, "std", 0),
        Arm((8, 3, 1, 8), (1, 1, 1, 0), 8, "std", 0),
        Arm((8, 3, 1, 8), (1, 1, 1, 0), 8, "std", 3),
        Arm((3, 2), (1, 0), 4, "none", 1),
    ),
    draw=draw_arm,
)


def sampled(case: Arm, rng: np.random.Generator, n: int) -> Groups:
    """Sample groups, and ask the library for their advantages."""
    answers = rng.choice(len(case.weights), size=(n, case.group_size), p=case.law)
    found = group_advantages(np.array(case.correct, float)[answers], norm=case.norm)
    return Groups(answers, np.asarray(found.advantages))


def wrongly(
    case: Arm, rng: np.random.Generator, n: int, *, norms: dict[str, str] | None = None, uniform: bool = False
) -> Groups:
    """Sample groups, uniformly if asked, and take another norm for some norms."""
    law = np.full(len(case.weights), 1 / len(case.weights)) if uniform else case.law
    answers = rng.choice(len(law), size=(n, case.group_size), p=law)
    rewards = np.array(case.correct, float)[answers]
    return Groups(answers, normed(rewards, (norms or {}).get(case.norm, case.norm)))


def pushes(case: Arm, found: Groups) -> np.ndarray:
    """Return what each group pushes the logit of k by."""
    return np.where(found.answers == case.k, found.advantages, 0.0).sum(1) / case.group_size


@formula(a="(-inf, inf)", p="[0, 1]", r="[0, 1]", P="[0, 1]")
def mean_push(a: Number, p: Number, r: Number, P: Number) -> Number:
    """The mean of what a group pushes the logit of an answer by, for its p and r, and the factor a(P) of grad P.

    Proof
    -----
    Assumes: the A_i of a group sum to 0, and rest on rewards alone.

    Proof: the gradient of the mean of A_i log p(y_i) in the logit of k is the mean of A_i (1[y_i = k] - p_k), in which
    the second part is 0. By statement GR-1 its expectation is a p_k (r_k - P). At most G / 2 times the deviation 1 of
    a group lies on one answer, so the push is within 1/2.
    """
    return a * p * (r - P)


def due(case: Arm) -> float:
    """Return the mean of the push."""
    P = float(case.law[case.right].sum())
    return float(mean_push(weight_of(case, P), float(case.law[case.k]), case.correct[case.k], P))


GR_16 = Statement(
    id="policy_gradients/GR-16",
    title="A sampled group pushes by the expected update on average",
    says=(
        "With independent answers y_i of the policy and advantages A_i that rest on rewards and sum to 0 in each group "
        "of G, the mean of (1/G) times the sum of A_i over y_i = k is a(P) p_k (r_k - P)."
    ),
    source=Derived(mean_push),
    tex=r"\mathbb E \tfrac1G \sum_i A_i 1[y_i = k] = a(P) p_k (r_k - P)",
    hypotheses={
        "some answers are right and some are wrong": is_mixed,
        "centred rewards, or those over the deviation of the group": lambda case: case.norm in ("std", "none"),
    },
    instances=ARMS,
    solve=sampled,
    claim=Expectation(sample=pushes, support=lambda case: (-0.5, 0.5), equals=due, within=lambda case: 0.03),
    decisions=("answers", "advantages"),
    saboteurs=(
        saboteur("not divided by the deviation", solve=partial(wrongly, norms={"std": "none"})),
        saboteur("answers of a uniform law", solve=partial(wrongly, uniform=True)),
        saboteur("others alone are the baseline", solve=partial(wrongly, norms={"none": "loo", "std": "loo"})),
    ),
)

"""Advantages that rest on rewards alone: all of them push along the gradient of the success probability.

p is the policy, C the set of right answers and P = p(C). A group has G independent answers, s of them right; f(r, s) is
the advantage of one of reward r. K answers have the rewards r_k, and g is the expected update in their logits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Generic, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import expected_gradient
from proofs_checks.policy_gradients.families.problems import (
    Problem,
    all_groups,
    differences,
    draw_problem,
    expected,
    is_mixed,
    normed,
    slope,
    weight_of,
)

#: additions and products of a sum over all groups, which have at most 1024 terms
STEPS = 2000

PROBLEMS = Family(
    "problems-of-groups",
    always=(
        Problem((1, 1), (1, 0), 2),  # 1/4 and -1/4
        Problem((1, 1), (1, 0), 4, "sample"),
        Problem((1, 3), (0, 1), 4, "none"),
        Problem((8, 3, 1, 8), (1, 1, 1, 0), 5, "mean"),
        Problem((2, 1, 7), (0, 1, 0), 5),
        Problem((5, 2, 2), (1, 1, 0), 3, "loo"),
    ),
    draw=draw_problem,
)


def gradient(case: Problem, rng: np.random.Generator) -> np.ndarray:
    """Ask the library for the expected update."""
    found = expected_gradient(case.law, case.right, group_size=case.group_size, norm=case.norm)
    return np.asarray(found.gradient)


def renormed(case: Problem, rng: np.random.Generator, changed: dict[str, str]) -> np.ndarray:
    """Take another norm for some norms."""
    return expected(replace(case, norm=changed.get(case.norm, case.norm)))


def by_pairs_of_groups(case: Problem, rng: np.random.Generator) -> np.ndarray:
    """Take off the mean of two groups, which leaves 1 - 1 / (2 G) of a reward and not 1 - 1 / G."""
    G = case.group_size
    return expected(case) * (2 * G - 1) / (2 * G - 2)


def of_probabilities(case: Problem, rng: np.random.Generator) -> np.ndarray:
    """Take the gradient of p for that of log p."""
    p, groups = case.law, all_groups(len(case.weights), case.group_size)
    share = normed(np.array(case.correct, float)[groups], case.norm) * p[groups] / case.group_size
    share *= p[groups].prod(1)[:, None]
    return np.array([share[groups == k].sum() for k in range(len(p))]) - p * share.sum()


def along_success(case: Problem, found: np.ndarray, exact: bool = False) -> Sides:
    """Compare an update with the sum over all groups, and with a(P) grad P."""
    p, r = (case.p, np.array(case.correct, object)) if exact else (case.law, np.array(case.correct))
    P = (p * r).sum()
    pushed = np.array([weight_of(case, P) * p[k] * (r[k] - P) for k in range(len(p))], p.dtype)
    lhs, rhs = np.concatenate([found, found]), np.concatenate([expected(case, exact=exact), pushed])
    return Sides(lhs, rhs) if exact else Sides(lhs, rhs, rounding=rounded(STEPS, case.group_size))


def along_letters(case: Problem) -> np.ndarray:
    """Return a(P) grad P on letters."""
    p, r = case.p, case.correct
    P = sum(p[k] for k in range(1, len(p)) if r[k]) + p[0] * r[0]
    return np.array([weight_of(case, P) * p[k] * (r[k] - P) for k in range(len(p))], object)


OTHER_NORM = "the norms of the set divide by numbers, and not by a deviation"

GR_1 = Statement(
    id="policy_gradients/GR-1",
    title="Every norm of group rewards pushes along the gradient of the success probability",
    says=(
        "The expected update g of a group of G answers, whose rewards r are 1 on C and 0 elsewhere, is a(P) grad P, "
        "which for a softmax is g_k = a p_k (r_k - P), whether centred rewards are divided by nothing, by the "
        "deviation of the group, by that of a sample or by the mean, or others alone are the baseline. The norm "
        "decides a(P), and nothing else."
    ),
    source=Derived(slope),
    tex=r"\mathbb E g = a(P) \nabla P, \quad g_k = a(P) p_k (r_k - P)",
    hypotheses={"some answers are right and some are wrong": is_mixed},
    instances=PROBLEMS,
    for_all=(
        Generic(
            "laws on three answers, of which the first two are right, with groups of four",
            lambda a, b, c: Problem((a, b, c), (1, 1, 0), 4, "none"),
            ("a", "b", "c"),
            outcome=along_letters,
            sides=partial(along_success, exact=True),
            invisible={
                "the deviation of a sample for that of the group": OTHER_NORM,
                "not divided by the deviation": OTHER_NORM,
            },
        ),
    ),
    solve=gradient,
    claim=Identity(along_success),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the deviation of a sample for that of the group", solve=partial(renormed, changed={"std": "sample"})),
        saboteur("not divided by the deviation", solve=partial(renormed, changed={"std": "none", "sample": "none"})),
        saboteur("the mean of two groups is taken off", solve=by_pairs_of_groups),
        saboteur("the gradient of p for that of log p", solve=of_probabilities),
    ),
    notes=(
        "a is (G - 1) / G without a divisor, 1 where others are the baseline, and (1 - (1 - P)^G) / P - (1 - P)^(G - "
        "1) for a division by the mean. An offset of the deviation changes a alone."
    ),
)

# --- any advantage of rewards ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rewarded(Problem):
    """A problem with any advantages: `gains` are f(1, s) for s = 1..G, and `losses` f(0, s) for s = 0..G - 1."""

    gains: tuple[int, ...] = ()
    losses: tuple[int, ...] = ()

    def f(self, r: int, s: int) -> Any:
        """The advantage of reward r in a group of s right answers."""
        return (self.gains[s - 1] if r else self.losses[s]) * Fraction(1)

    def advantages(self, rewards: np.ndarray) -> np.ndarray:
        """The advantages of groups, a group a row."""
        rows = [[self.f(int(r), int(sum(row))) for r in row] for row in rewards.tolist()]
        return np.array(rows, object)


def draw_rewarded(draws: Draws) -> Rewarded:
    """Draw a problem of two or three answers, and integers for all advantages."""
    case = draw_problem(draws, most=3)
    G = min(case.group_size, 4)
    gains, losses = (tuple(map(int, draws.integers(-9, 9, shape=(G,)))) for _ in range(2))
    return Rewarded(case.weights, case.correct, G, "none", gains, losses)


REWARDED = Family(
    "any-advantages",
    always=(
        Rewarded((1, 1), (1, 0), 2, "none", (1, 0), (0, -1)),
        Rewarded((1, 2, 3), (1, 0, 1), 3, "none", (4, -1, 2), (3, 5, -7)),
        Rewarded((3, 1), (0, 1), 4, "none", (1, 1, 1, 1), (0, 0, 0, 0)),
    ),
    draw=draw_rewarded,
)


@formula(p="[0, 1]", r="[0, 1]", P="[0, 1]")
def success_direction(p: Number, r: Number, P: Number) -> Number:
    """The derivative p_k (r_k - P) of P by the logit of the answer k, in a softmax.

    Proof
    -----
    Assumes: p is the softmax of one logit an answer.

    Proof: the derivative of p_j in the logit of k is p_k (1[j = k] - p_j); sum over j in C.
    """
    return p * (r - P)


def by_formula(case: Rewarded, rng: np.random.Generator | None = None, shift: int = 0) -> np.ndarray:
    """Return a(P) grad P for the advantages of the instance; with a `shift` of the count that f(0, .) looks at."""
    p, r, G = case.p, case.correct, case.group_size
    P = sum((p[k] for k in range(1, len(p)) if r[k]), start=p[0] * r[0])
    f = lambda one, s: case.f(one, s if one else (s + shift) % G)
    factor = slope(P, differences(G, f))
    return np.array([factor * success_direction(one, reward, P) for one, reward in zip(p, r, strict=True)], object)


def by_all_groups(case: Rewarded, found: np.ndarray) -> Sides:
    """Compare an update with the sum over all groups."""
    return Sides(np.asarray(found, object), expected(case, case.advantages, exact=True))


def lettered(a: Any, b: Any, c: Any, *f: Any) -> Rewarded:
    """Make a problem of three answers, the first of which is right, with groups of four."""
    return Rewarded((a, b, c), (1, 0, 0), 4, "none", f[:4], f[4:])


GR_1F = Statement(
    id="policy_gradients/GR-1f",
    title="Any advantage that looks at rewards alone does so",
    says=(
        "If the advantage of an answer is any function f(r, s) of its reward r and of the number s of right answers in "
        "its group of G, the expected update is a(P) grad P, with a(P) the sum over j of the probability that j of G "
        "- 1 others are right times f(1, j + 1) - f(0, j)."
    ),
    source=Derived(slope),
    tex=r"a(P) = \sum_{j=0}^{G-1} \binom{G-1}{j} P^j (1-P)^{G-1-j} \bigl(f(1, j+1) - f(0, j)\bigr)",
    hypotheses={"some answers are right and some are wrong": is_mixed},
    instances=REWARDED,
    for_all=(
        Generic(
            "laws on three answers, of which one is right, with groups of four and any positive advantages",
            lettered,
            ("a", "b", "c", "g1", "g2", "g3", "g4", "l0", "l1", "l2", "l3"),
            outcome=by_formula,
        ),
    ),
    solve=by_formula,
    closed="the claim is about the formula of a(P)",
    claim=Identity(by_all_groups),
    saboteurs=(saboteur("a wrong answer counts itself as right", solve=partial(by_formula, shift=1)),),
    notes="Where a(P) is negative the update lowers P.",
)

# --- the likelier gains on the rarer ---------------------------------------------------------------------------------

TWO_RIGHT = Family(
    "two-right-answers",
    always=(
        Problem((2, 1, 1), (1, 1, 0), 2),
        Problem((8, 3, 1, 8), (1, 1, 1, 0), 5),
        Problem((6, 1, 3), (1, 1, 0), 4, "none"),
        Problem((1, 9, 1), (1, 1, 0), 3, "mean"),
    ),
    draw=lambda draws: draw_problem(draws, right=2),
)


def pairs(case: Problem) -> list[tuple[int, int]]:
    """Return all pairs of right answers with different probabilities, the likelier one first."""
    right = [k for k, one in enumerate(case.correct) if one]
    return [(a, b) for a in right for b in right if case.weights[a] > case.weights[b]]


@formula(a="(-inf, inf)", P="[0, 1]", p_a="[0, 1]", p_b="[0, 1]")
def rank_gain(a: Number, P: Number, p_a: Number, p_b: Number) -> Number:
    """The rate at which log(p_a / p_b) grows along the update, for right answers a and b and the factor a(P).

    Proof
    -----
    Assumes: an update a(P) grad P (statement GR-1).

    Proof: log(p_a / p_b) is the difference of two logits, which grow at the rates a p_a (1 - P) and a p_b (1 - P).
    """
    return a * (1 - P) * (p_a - p_b)


def by_gaps(case: Problem, found: np.ndarray, share: int = 1) -> Sides:
    """Compare the differences of the update of right answers with those of their probabilities."""
    p = case.law
    P = float(p[case.right].sum())
    gains = [share * rank_gain(weight_of(case, P), P, p[a], p[b]) for a, b in pairs(case)]
    lhs = [found[a] - found[b] for a, b in pairs(case)]
    return Sides(np.array(lhs), np.array(gains), rounding=rounded(STEPS, case.group_size))


GR_2 = Statement(
    id="policy_gradients/GR-2",
    title="Every reward-only norm lets likely right answers gain on rare ones",
    says=(
        "For two right answers a and b, log(p_a / p_b) grows along the expected update at the rate a(P) (1 - P) (p_a - "
        "p_b). So wherever the norm raises P, the likelier gains on the rarer, whatever the norm and the size of the "
        "group."
    ),
    source=Derived(rank_gain),
    tex=r"g_a - g_b = a(P) (1 - P) (p_a - p_b)",
    hypotheses={
        "some answers are right and some are wrong": is_mixed,
        "two right answers of different probability": lambda case: bool(pairs(case)),
    },
    instances=TWO_RIGHT,
    solve=gradient,
    claim=Identity(by_gaps),
    decisions=("outcome",),
    saboteurs=(
        saboteur("a norm removes it", claim=Identity(partial(by_gaps, share=0))),
        saboteur("the gradient of p for that of log p", solve=of_probabilities),
        saboteur("the mean of two groups is taken off", solve=by_pairs_of_groups),
    ),
)

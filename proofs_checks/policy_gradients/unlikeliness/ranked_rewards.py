"""The expected update for rewards that are lowered by rank.

p is the policy, r_k the reward of the answer k, 1 for right ones, G the size of a group, and beta the strength of the
penalty: the i-th sample earns r (1 - beta rank_i / G), its rank being the number of less likely samples in the group.
Its advantage is what it earns, less the mean of the group.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import gathered
from lrtheory.bounds import Derived, Draws, Family, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.bounds import rounding as rounded
from lrtheory.policy_gradients import expected_gradient
from proofs_checks.policy_gradients.families.problems import (
    Problem,
    all_groups,
    draw_problem,
    expected,
    is_law,
    normed,
)
from proofs_checks.policy_gradients.families.ranks import ranked, ranks_of


@dataclass(frozen=True)
class Penalized(Problem):
    """A problem with a penalty of ranks, of a strength in hundredths."""

    hundredths: int = 0

    @property
    def beta(self) -> Fraction:
        """The strength of the penalty."""
        return self.hundredths * Fraction(1, 100)


def draw_penalized(draws: Draws) -> Penalized:
    """Draw a problem without a divisor, some of whose answers are equally likely, and a penalty."""
    case = draw_problem(draws)
    weights = case.weights if draws.integers(0, 1) else tuple(min(w, 3) for w in case.weights)
    return Penalized(weights, case.correct, case.group_size, "none", draws.choice((1, 25, 50, 100, 150)))


PENALIZED = Family(
    "penalties-of-ranks",
    always=(
        Penalized((1, 2), (1, 0), 2, "none", 100),
        Penalized((8, 3, 1, 8), (1, 1, 1, 0), 4, "none", 50),
        Penalized((8, 3, 1, 8), (1, 1, 1, 0), 5, "none", 25),
        Penalized((2, 2, 1), (1, 1, 0), 3, "none", 100),  # equally likely answers
        Penalized((2, 2, 1, 1), (1, 0, 1, 0), 4, "none", 75),
    ),
    draw=draw_penalized,
)


def gradient(case: Penalized, rng: np.random.Generator) -> np.ndarray:
    """Ask the library for the expected update."""
    found = expected_gradient(
        case.law,
        case.right,
        group_size=case.group_size,
        norm="none",
        unlikeliness=float(case.beta),
        ties="average",
    )
    return np.asarray(found.gradient)


def otherwise(case: Penalized, rng: np.random.Generator, changed: Any = None, less: int = 0) -> np.ndarray:
    """Change the ranks, or divide them by G - `less`."""
    divisor = case.group_size - less
    return expected(case, ranked(case, float(case.beta), changed=changed, divisor=divisor))


def descending(ranks: np.ndarray) -> np.ndarray:
    """Give the most likely sample the rank 0."""
    return ranks.shape[1] - 1 - ranks


def on_wrong_ones(case: Penalized, rng: np.random.Generator) -> np.ndarray:
    """Take the penalty off wrong answers, too."""
    groups = all_groups(len(case.weights), case.group_size)
    penalty = float(case.beta) * ranks_of(np.array(case.weights)[groups]) / case.group_size
    return expected(case, lambda rewards: normed(rewards - penalty, "none"))


def without_mean_of_ranks(case: Penalized, rng: np.random.Generator) -> np.ndarray:
    """Forget that a sample lowers what others of its group earn."""
    h = below(np.array(case.weights))
    return closed(case.law, np.array(case.correct, float), h, case.group_size, float(case.beta), others=0)


def below(weights: np.ndarray) -> np.ndarray:
    """Return h(j, k), which is 1 where k is less likely than j, and 1/2 where it is as likely."""
    return np.asarray((weights[None, :] < weights[:, None]) + (weights[None, :] == weights[:, None]) / 2)


def closed(p: np.ndarray, r: np.ndarray, h: np.ndarray, G: int, beta: Any, others: int = 1) -> np.ndarray:
    """Return the update by its formula, with the effect on others or without."""
    share = (G - 1) / G
    earned = r * (1 - beta * share * (h @ p))
    lowered = (p * r) @ h
    own, theirs = share * (earned - p @ earned), beta * share / G * (lowered - p @ lowered)
    return gathered(p * (own + others * theirs))


@formula(p="k in [0, 1]", r="k in [0, 1]", h="k x k in [0, 1]", G="[2, inf)", beta="[0, inf)")
def penalized_update(p: np.ndarray, r: np.ndarray, h: np.ndarray, G: int, beta: Number) -> np.ndarray:
    """The update for rewards r_k that are lowered by rank; h(j, k) is 1 where k is less likely than j, 1/2 in a tie.

    Proof
    -----
    Assumes: ties share their ranks, or take them by position, which is 1/2 on average for two independent samples.

    Proof: the rank of a sample j is on average (G - 1) F_j, with F_j = sum over k of p_k h(j, k), so its mean reward is
    e_j = r_j (1 - beta (G - 1) / G F_j). The part of the rewards themselves is p_k (e_k - sum of p e). Of the baseline,
    which is the mean of the group, the term of the sample itself takes off 1/G of that. The term of another sample j
    depends on the answer k of this one through -beta / G r_j h(j, k) alone, whose mean over j is -beta / G D_k, D_k =
    sum over j of p_j r_j h(j, k); there are G - 1 of these, each divided by G. So g_k = p_k [(G - 1) / G (e_k - mean of
    e) + beta (G - 1) / G^2 (D_k - mean of D)].
    """
    return closed(p, r, h, G, beta)


def by_ranks(case: Penalized, found: np.ndarray) -> Sides:
    """Compare an update with sums over all groups, by both rules for ties, and with the formula."""
    beta = float(case.beta)
    rules = [expected(case, ranked(case, beta, ties)) for ties in ("average", "position")]
    h = below(np.array(case.weights))
    pushed = penalized_update(case.law, np.array(case.correct, float), h, case.group_size, beta)
    return Sides(np.concatenate([found] * 3), np.concatenate([*rules, pushed]), rounding=rounded(2000, 1 + beta))


GR_5 = Statement(
    id="policy_gradients/GR-5",
    title="The expected update for rewards that are lowered by rank",
    says=(
        "With rewards r (1 - beta rank / G) less their mean in a group of G, F_j the probability that a sample is less "
        "likely than j, ties counting half, e_j = r_j (1 - beta (G - 1) / G F_j), and D_k the sum of p_j r_j over j "
        "likelier than k, ties counting half, the expected update is p_k [(G - 1) / G (e_k - mean of e) + beta (G - 1) "
        "/ G^2 (D_k - mean of D)]. Ties may share ranks or take them by position."
    ),
    source=Derived(penalized_update),
    tex=(r"g_k = p_k \Bigl[\tfrac{G-1}{G} (e_k - \mathbb E_p e) + \beta \tfrac{G-1}{G^2} (D_k - \mathbb E_p D)\Bigr]"),
    hypotheses={
        "answers with probabilities": is_law,
        "no divisor": lambda case: case.norm == "none",
    },
    instances=PENALIZED,
    solve=gradient,
    claim=Identity(by_ranks),
    decisions=("outcome",),
    saboteurs=(
        saboteur("the most likely has rank 0", solve=partial(otherwise, changed=descending)),
        saboteur("ranks over G - 1", solve=partial(otherwise, less=1)),
        saboteur("wrong answers are penalized, too", solve=on_wrong_ones),
        saboteur("the effect on others is forgotten", solve=without_mean_of_ranks),
    ),
    notes=(
        "The update is linear in beta, so the beta at which a rare right answer overtakes a likely one is a quotient. "
        "With p = (.4, .15, .05), right, and a wrong one of .4, it is .993 for the first and the third at G = 16."
    ),
)

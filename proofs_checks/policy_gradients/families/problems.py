"""Problems with a few answers, and the expected update of a group by a sum over all groups.

The policy p is a softmax of one logit an answer, C is the set of right answers, P = p(C) their probability, and G the
number of independent answers in a group. An update is the gradient in the logits, the mean over all groups.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Numbers, formula

NORMS = ("std", "sample", "none", "loo", "mean")

#: advantages of all groups, (N, G), from rewards of that shape
Advantages = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Problem:
    """Answers with probabilities that are integers over their sum, of which some are right, and how groups are normed.

    `correct` has 1 for a right answer and 0 for a wrong one. `norm` names what the centred rewards are divided by.
    """

    weights: tuple[int, ...]
    correct: tuple[int, ...]
    group_size: int
    norm: str = "std"

    @property
    def p(self) -> np.ndarray:
        """The probabilities in exact numbers, or in letters."""
        total = sum(self.weights[1:], start=self.weights[0])
        return np.array([weight * Fraction(1) / total for weight in self.weights], object)

    @property
    def law(self) -> np.ndarray:
        """The probabilities as doubles."""
        return np.array([float(weight) for weight in self.weights]) / float(sum(self.weights))

    @property
    def right(self) -> np.ndarray:
        """Which answers are right, as truth values."""
        return np.array([bool(one) for one in self.correct])


def is_law(case: Problem) -> bool:
    """Decide whether there is a group of two or more, and each answer has a positive probability and a verdict."""
    return (
        case.group_size >= 2
        and len(case.weights) == len(case.correct) >= 2
        and all(weight > 0 for weight in case.weights)
        and all(one in (0, 1) for one in case.correct)
    )


def is_mixed(case: Problem) -> bool:
    """Decide whether some answers are right and some are wrong."""
    return is_law(case) and 0 < sum(case.correct) < len(case.correct)


def draw_problem(draws: Draws, *, right: int = 1, most: int = 4, norms: tuple[str, ...] = NORMS) -> Problem:
    """Draw a problem of at most four answers, at least `right` of them right and one wrong, and groups of 2 to 5."""
    K = draws.integers(right + 1, most)
    n_right = draws.integers(right, K - 1)
    order = draws.permutation(K)
    weights = draws.integers(1, 9, shape=(K,))
    correct = tuple(int(order[k] < n_right) for k in range(K))
    return Problem(tuple(map(int, weights)), correct, draws.integers(2, 5), draws.choice(norms))


# --- all groups ------------------------------------------------------------------------------------------------------


@functools.cache
def all_groups(K: int, G: int) -> np.ndarray:
    """Return all K^G groups of G answers, a group a row."""
    found = np.array(list(product(range(K), repeat=G)))
    found.flags.writeable = False
    return found


def normed(rewards: np.ndarray, norm: str) -> np.ndarray:
    """Return advantages, a group a row, by the definition of a norm; a group of equal rewards gets zeros."""
    G = rewards.shape[1]
    mean = rewards.sum(1, keepdims=True) / G
    centred = rewards - mean
    if norm == "none":
        return centred
    if norm == "loo":
        return centred * G / (G - 1)
    if norm == "mean":
        return centred / np.where(mean == 0, 1, mean)
    squares = (centred * centred).sum(1, keepdims=True) / (G if norm == "std" else G - 1)
    size = np.sqrt(squares)
    return np.asarray(centred / np.where(size < 1e-12, 1.0, size))


def summed(p: np.ndarray, groups: np.ndarray, advantages: np.ndarray) -> np.ndarray:
    """Return the mean over all groups of the mean of A_i times the gradient of log p(y_i), for the softmax."""
    share = advantages * p[groups].prod(1)[:, None] / groups.shape[1]
    pushed = [np.where(groups == k, share, share * 0).sum() for k in range(len(p))]
    return np.array(pushed, share.dtype) - p * share.sum()


def expected(case: Problem, advantages: Advantages | None = None, *, exact: bool = False) -> np.ndarray:
    """Return the expected update of a problem by a sum over all groups, with its own norm if nothing else is given."""
    p = case.p if exact else case.law
    groups = all_groups(len(p), case.group_size)
    one = np.array([Fraction(r) for r in case.correct], object) if exact else np.array(case.correct, float)
    rewards = one[groups]
    return summed(p, groups, normed(rewards, case.norm) if advantages is None else advantages(rewards))


# --- the weight by its definition ------------------------------------------------------------------------------------


def advantage(r: int, s: int, G: int, norm: str) -> Any:
    """Return the advantage of a sample with reward r in a group of which s answers are right; 0 for equal rewards."""
    if not 0 < s < G:
        return 0
    centred = Fraction(r) - Fraction(s, G)
    if norm in ("none", "loo", "mean"):
        return centred * {"none": Fraction(1), "loo": Fraction(G, G - 1), "mean": Fraction(G, s)}[norm]
    return float(centred) / math.sqrt(s * (G - s) / (G * (G if norm == "std" else G - 1)))


def differences(G: int, f: Callable[[int, int], Any]) -> np.ndarray:
    """Return f(1, 1 + j) - f(0, j) for j = 0, ..., G - 1 other right answers of a group."""
    return np.array([f(1, j + 1) - f(0, j) for j in range(G)])


@formula(P="[0, 1]", d="G")
def slope(P: Numbers, d: np.ndarray) -> Numbers:
    """The factor a(P) of the update a grad P, where d holds d_j = f(1, 1 + j) - f(0, j) for advantages f(r, s).

    f(r, s) is the advantage of reward r in a group in which s answers are right.

    Proof
    -----
    Assumes: A_i = f(r_i, s), and independent answers, of which each is right with probability P.

    Proof: by exchangeability the expected update is that of one sample, E f(r_1, s) grad log p(y_1). Given y_1, s is
    r_1 plus a binomial J of G - 1 trials, so that f may be replaced by its mean, phi(1) = E f(1, 1 + J) or phi(0) = E
    f(0, J). Since sum_y grad p(y) = 0, the sum over y of phi(r(y)) grad p(y) is (phi(1) - phi(0)) grad P.
    """
    G = len(d)
    terms = [math.comb(G - 1, j) * P**j * (1 - P) ** (G - 1 - j) * d[j] for j in range(G)]
    return sum(terms[1:], start=terms[0])


def weight_of(case: Problem, P: Numbers) -> Numbers:
    """Return a(P) by the norm of a problem."""
    return slope(P, differences(case.group_size, functools.partial(advantage, G=case.group_size, norm=case.norm)))

"""The expected update without closed forms: a list of all groups, a draw of some, and rewards without a baseline."""

from __future__ import annotations

import itertools
import math

import numpy as np

from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import Words, choice, generator, integer, must
from lrtheory.policy_gradients.advantages import group_advantages
from lrtheory.policy_gradients.exact.problems import check_problem

__all__ = ["enumerate_groups", "reinforce", "sampled_gradient"]

NORMS = ("std", "sample", "none", "loo", "mean")
#: a list of more groups takes minutes
MOST_GROUPS = 10**6


def reinforce(p: ArrayLike, correct: ArrayLike) -> np.ndarray:
    """Compute the expected update with the reward itself as advantage: the gradient of the success.

    Parameters
    ----------
    p : array of shape (n_answers,)
        Law of the answers.
    correct : bool array of shape (n_answers,)
        Whether an answer is right.

    Returns
    -------
    float64 array of shape (n_answers,)
        Expected update of the logits, p (r - P).

    Raises
    ------
    ValueError
        If `p` is no law.
    """
    law, right = check_problem(p, correct)
    return np.asarray(law * (right - law[right].sum()))


def enumerate_groups(p: ArrayLike, correct: ArrayLike, *, group_size: int, norm: str = "std") -> np.ndarray:
    """Compute the expected update as a sum over all ordered groups, K^G of them.

    The norms "loo" and "none" are those of RLOO and of Dr. GRPO.

    Parameters
    ----------
    p : array of shape (n_answers,)
        Law of the answers.
    correct : bool array of shape (n_answers,)
        Whether an answer is right.
    group_size : int
        Answers of a group, at least 1.
    norm : {"std", "sample", "none", "loo", "mean"}
        Norm of the advantages, as in `group_advantages`.

    Returns
    -------
    float64 array of shape (n_answers,)
        Expected update of the logits.

    Raises
    ------
    ValueError
        If there are more than a million groups.

    Examples
    --------
    >>> from lrtheory.policy_gradients.baselines import enumerate_groups
    >>> enumerate_groups([0.5, 0.5], [True, False], group_size=2)
    array([ 0.25, -0.25])
    """
    law, right = check_problem(p, correct)
    size = integer("group_size", group_size, low=1)
    choice("norm", norm, NORMS)
    n_groups = len(law) ** size
    if n_groups > MOST_GROUPS:
        raise must("group_size", f"such that there are at most {MOST_GROUPS:,} groups", Words(f"{n_groups:.3g} groups"))
    total = np.zeros(len(law))
    for group in itertools.product(range(len(law)), repeat=size):
        total += math.prod(law[list(group)]) * _step(law, right, list(group), norm)
    return total


def sampled_gradient(
    p: ArrayLike, correct: ArrayLike, *, group_size: int, n_groups: int, norm: str = "std", rng: Rng = None
) -> np.ndarray:
    """Estimate the expected update by groups that are drawn, as training does.

    Parameters
    ----------
    p : array of shape (n_answers,)
        Law of the answers.
    correct : bool array of shape (n_answers,)
        Whether an answer is right.
    group_size : int
        Answers of a group, at least 1.
    n_groups : int
        Number of groups, at least 1.
    norm : {"std", "sample", "none", "loo", "mean"}
        Norm of the advantages, as in `group_advantages`.
    rng : int, SeedSequence, Generator or None
        Source of the draws.

    Returns
    -------
    float64 array of shape (n_answers,)
        Mean update of the logits.

    Raises
    ------
    ValueError
        If `p` is no law, or a number is out of range.
    """
    law, right = check_problem(p, correct)
    shape = integer("n_groups", n_groups, low=1), integer("group_size", group_size, low=1)
    choice("norm", norm, NORMS)
    groups = generator(rng).choice(len(law), shape, p=law / law.sum())
    found = group_advantages(right[groups], norm=norm).advantages
    counted = np.bincount(groups.ravel(), np.asarray(found).ravel(), len(law))
    return np.asarray((counted - law * counted.sum()) / groups.size)


def _step(law: np.ndarray, right: np.ndarray, group: list[int], norm: str) -> np.ndarray:
    """The update by one group."""
    advantages = np.asarray(group_advantages([right[group]], norm=norm).advantages)[0]
    counted = np.bincount(group, advantages, len(law))
    return np.asarray((counted - law * counted.sum()) / len(group))

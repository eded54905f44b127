"""Rewards of right answers that are lowered by rank, by their definition.

The rank of a sample in its group of G is the number of samples that are less likely. Ties share the mean of their
ranks, or take them in the order of their positions. The reward of a right answer is 1 - beta rank / G.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofs_checks.policy_gradients.families.problems import Advantages, Problem, all_groups, normed


def ranks_of(weights: np.ndarray, ties: str = "average") -> np.ndarray:
    """Return the ranks of samples in their groups, one group a row, in halves where ties share them."""
    below = (weights[:, None, :] < weights[:, :, None]).sum(2)
    same = weights[:, None, :] == weights[:, :, None]
    if ties == "position":
        return below + np.tril(same, -1).sum(2)
    return np.asarray(below + (same.sum(2) - 1) / 2)


def ranked(
    case: Problem, beta: Any, ties: str = "average", *, exact: bool = False, changed: Any = None, divisor: Any = None
) -> Advantages:
    """Return the advantages of groups whose right answers earn 1 - beta rank / G; ranks may be `changed` before."""
    groups = all_groups(len(case.weights), case.group_size)
    rank = ranks_of(np.array([float(w) for w in case.weights])[groups], ties)
    if changed is not None:
        rank = changed(rank)
    if exact:
        rank = np.vectorize(Fraction, otypes=[object])(rank)
    share = rank * beta / (case.group_size if divisor is None else divisor)
    return lambda rewards: normed(rewards * (1 - share), case.norm)

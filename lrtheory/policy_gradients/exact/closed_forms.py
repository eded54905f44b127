"""Expected advantages of the answers to a problem, in closed form."""

from __future__ import annotations

import numpy as np

__all__ = ["masses", "penalized", "rewarded"]


def rewarded(p: np.ndarray, right: np.ndarray, factor: float) -> np.ndarray:
    """Return the expected advantage of each answer times its probability, for the factor a(P) of statement GR-1."""
    success, failure = masses(p, right)
    return np.asarray(factor * p * np.where(right, failure, -success))


def masses(p: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Return the probabilities of a right and of a wrong answer, each with a small relative error."""
    return float(p[right].sum()), float(p[~right].sum())


def penalized(p: np.ndarray, right: np.ndarray, group_size: int, strength: float) -> np.ndarray:
    """Return the same under a penalty of ranks, without division (statement GR-5).

    Given y_1 = k, the mean of R_1 is rho_k, and that of another reward sums p_j r_j (1 - beta/G (h(j, k) + (G - 2)
    F_j)) over j, where F_j is the mass below j and h(j, k) says whether k lies below j; ties count half.
    """
    G = group_size
    order = np.argsort(p, kind="stable")
    law, correct = p[order], right[order]
    starts = np.flatnonzero(np.append(True, np.diff(law) > 0))
    sizes = np.diff(np.append(starts, len(law)))
    block = np.add.reduceat(law, starts)
    good = np.add.reduceat(law * correct, starts)
    below = np.cumsum(block) - block / 2
    above = np.cumsum(good[::-1])[::-1] - good / 2
    F, D = np.repeat(below, sizes), np.repeat(above, sizes)
    rho = correct * (1 - strength * (G - 1) / G * F)
    other = float((law * correct * (1 - strength * (G - 2) / G * F)).sum())
    found = np.empty_like(p)
    found[order] = law * (G - 1) / G * (rho - other + strength / G * D)
    return found

"""A sweep over ridge weights: the surprise that all edits together leave at each, and the weight that is taken."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lrtheory._validation import must
from lrtheory.continual_learning.edits.ridge_edit import rows_of
from lrtheory.continual_learning.problem import EditProblem

__all__ = ["RidgeSweep", "ridge_sweep"]

#: the ridge weights in units of the mean squared norm of keys, the smallest first
UNITS = 10.0 ** np.arange(-8, 3)
#: the smallest mean squared norm of keys whose sweep stays in the range of doubles
LEAST = 1e-290
#: the share of the surprise that may be left, of what some weight of the sweep takes away
LEFT = 0.1


class RidgeSweep(NamedTuple):
    """Ridge weights (n,), the share of the surprise that each leaves, and the weight that is taken.

    It is the largest that leaves at most a tenth of the part of the surprise that some weight of the sweep takes away,
    since a larger one moves the matrix less (statement RL-17).
    """

    ridges: np.ndarray
    left: np.ndarray
    chosen: float

    @property
    def share(self) -> float:
        """The share of the surprise that the chosen weight leaves."""
        return float(self.left[self.ridges == self.chosen][0])


def ridge_sweep(problem: EditProblem, anchor_weight: float) -> RidgeSweep:
    """Try ridge weights from 1e-8 to 100 times the mean squared norm of keys, by one singular value decomposition.

    Parameters
    ----------
    problem : EditProblem
        The map, the edits and the anchors.
    anchor_weight : float
        The weight of the squared change of the anchors' outputs.

    Returns
    -------
    RidgeSweep
        Without keys, or where nothing is wrong, every share is 0.

    Raises
    ------
    ValueError
        If the weights of the sweep would leave the range of doubles.
    """
    W = rows_of(problem, problem.W0)
    keys = np.concatenate([np.zeros((0, len(W))), *(np.asarray(K, np.float64) for K, _ in problem.edits)])
    E = np.concatenate([np.zeros((0, W.shape[1])), *(V - K @ W for K, V in problem.edits)])
    with np.errstate(over="ignore", under="ignore"):
        unit = float(np.mean(np.sum(keys**2, axis=1))) if keys.any() else 1.0
    if not LEAST <= unit <= 1 / LEAST:
        raise must(
            "keys", "such that the squares of their norms are in the range of doubles", float(np.abs(keys).max())
        )
    anchors = np.zeros((0, len(W))) if problem.anchors is None else np.asarray(problem.anchors, np.float64)
    U, s, Vt = np.linalg.svd(np.concatenate([keys, math.sqrt(anchor_weight) * anchors]), full_matrices=False)
    kept = s > np.finfo(np.float64).eps * max(len(U), len(W)) * s.max(initial=0.0)
    along, outputs = U[: len(keys), kept].T @ E, keys @ Vt[kept].T
    ridges, whole = UNITS * unit, float(np.linalg.norm(E))
    steps = (outputs @ (along / (s[kept] + ridge / s[kept])[:, None]) for ridge in ridges.tolist())
    left = np.array([float(np.linalg.norm(E - step)) / whole if whole else 0.0 for step in steps])
    enough = left <= left.min() + LEFT * (1.0 - left.min())
    return RidgeSweep(ridges, left, float(ridges[enough].max()))

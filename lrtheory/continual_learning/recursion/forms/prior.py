r"""The prior, which holds the map back before any edit: the pre-trained weights and the anchors.

.. math:: M_0 = \lambda^2 I + \mu^2 K_0^T K_0 = R_0^T R_0

R_0 comes from a QR factorization of [lambda I; mu K_0], never from the formed M_0, whose condition is its square.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import Words, must
from lrtheory.continual_learning.recursion.forms.algebra import identity, inner, is_exact, positive

__all__ = ["Prior", "prior_factor", "refuse_free"]


class Prior(NamedTuple):
    """The weights before all edits, W0 (d, p), with `ridge` and the anchors (m, d), None where there are none."""

    W0: Any
    ridge: Any
    anchors: Any
    anchor_weight: Any

    def penalty(self, D: Any) -> Any:
        """The cost of a change D of the weights without any edit."""
        return self.ridge * inner(D, D) + (self.anchor_weight * self.moved(D) if self.anchors is not None else 0)

    def moved(self, D: Any) -> Any:
        """The squared change of the outputs of the anchors."""
        return inner(self.anchors @ D, self.anchors @ D) if self.anchors is not None else 0

    def matrix(self) -> Any:
        """The information of the prior, M_0, of shape (d, d), in the library of W0."""
        M = identity(self.W0, self.W0.shape[0]) * self.ridge
        return M if self.anchors is None else M + self.anchors.T @ (self.anchors * self.anchor_weight)


def refuse_free(prior: Prior) -> None:
    """Refuse a prior that holds nothing back in some direction, with the numerical rank of the anchors."""
    if prior.ridge > 0:
        return
    d, anchors = prior.W0.shape[0], None if prior.anchors is None else to_numpy(prior.anchors)
    held = anchors is not None and len(anchors) > 0 and prior.anchor_weight > 0
    numbers = np.asarray(anchors, np.float64 if is_exact(prior.W0) else None)
    rank = int(np.linalg.matrix_rank(numbers)) if held else 0
    if positive(prior.matrix()) <= 0 if is_exact(prior.W0) else rank < d:
        given = Words(f"{float(prior.ridge)} with rank {rank}")
        raise must("ridge", f"positive unless the anchors have full column rank {d}", given)


def prior_factor(prior: Prior) -> np.ndarray:
    """The upper triangular factor R_0 of the information of the prior, on the host.

    Parameters
    ----------
    prior : Prior
        Prior in floating point.

    Returns
    -------
    array of shape (d, d)
        R_0 with R_0^T R_0 = M_0.

    Raises
    ------
    ValueError
        If the ridge is 0 and the anchors, or their weight, leave a direction free.
    """
    d, dtype = prior.W0.shape[0], to_numpy(prior.W0[:0, :0]).dtype
    R = np.eye(d, dtype=dtype) * dtype.type(math.sqrt(prior.ridge))
    anchors = None if prior.anchors is None else to_numpy(prior.anchors)
    refuse_free(prior)
    if anchors is None or not len(anchors):
        return R
    rows = anchors * dtype.type(math.sqrt(prior.anchor_weight))
    return np.ascontiguousarray(np.linalg.qr(np.concatenate([R, rows]), mode="r"))

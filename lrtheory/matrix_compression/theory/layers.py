"""Attention: how far a row of the output moves where logits change.

Part of `theory`, where users find this function. It takes numbers of any kind and arrays of doubles.
"""

from __future__ import annotations

import numpy as np

from lrtheory._numbers import formula, inexact, plain
from lrtheory._types import Number, Numbers

__all__ = ["tanh_bound"]


@formula(oscillation="[0, inf)", diameter="[0, inf)")
def tanh_bound(oscillation: Numbers, diameter: Number = 1) -> Number | np.ndarray:
    """Distance that changed logits can move a row of attention, at most (statement DR-7).

    Parameters
    ----------
    oscillation : number or array
        max_j - min_j of the changes of the logits of a row, over its keys.
    diameter : number
        The largest distance of two rows of V; 1 bounds the total variation of the weights themselves.

    Returns
    -------
    number or array
        tanh(oscillation / 4) diameter.

    Proof
    -----
    Assumes: nothing of the logits; masked keys are left out of row and oscillation.

    Proof: with changes d_j the new weights are p_j e^{d_j} / sum_k p_k e^{d_k}. The total variation is the maximum over
    sets J of p'(J) - p(J); p'(J) grows with d on J and falls with d off J, so the worst d has two values, o apart. With
    weight q on the upper one it is q (1 - q) (e^o - 1) / (1 - q + q e^o), which is largest at q = 1 / (1 + e^{o/2}),
    with the value tanh(o / 4). The output moves by the total variation times the mean of V under one law minus that
    under another one, which is at most the diameter.

    Examples
    --------
    >>> float(tanh_bound(0.0))
    0.0
    """
    return plain(np.tanh(inexact(oscillation / 4)) * diameter)

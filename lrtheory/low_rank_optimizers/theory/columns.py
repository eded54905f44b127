r"""Columns of an orthogonal basis: how far what a selection leaves can add up.

Part of `theory`, where users find these functions. G (m, n) is a gradient, Q (n, n) an orthogonal basis, S = G Q, and
e_j is the sum of the squares of column j of S. A selection keeps r of the n columns; the l2 rule keeps those of the
largest e_j.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._numbers import exact, formula, plain
from lrtheory._types import Number

__all__ = ["feedback_bound"]


@formula(n="[1, inf)", rank="[1, n]", gradient="[0, inf)")
def feedback_bound(gradient: Number, n: int, rank: int) -> Number:
    r"""Bound the error that error feedback carries along, however many steps it takes (statement DC-6).

    Parameters
    ----------
    gradient : number
        g, which no gradient exceeds in Frobenius norm.
    n : int
        The columns of the basis.
    rank : int
        r, from 1 to n.

    Returns
    -------
    number
        g q / (1 - q) with q = sqrt(1 - r/n); a double, or a ball where g is one.

    Proof
    -----
    Assumes: the l2 rule selects anew in every step, from the gradient plus the error.

    Proof: the error after a step is what the selection leaves of E + G, so by DC-2 \|E'\| <= q \|E + G\|
    <= q (\|E\| + g). From E = 0 a geometric series gives g (q + q^2 + ...). What has been used in T steps is the sum of
    all gradients less the last error, since the errors between cancel.

    Checked by: DC-6.

    Examples
    --------
    >>> round(feedback_bound(3.0, 4, 3), 12)
    3.0
    """
    return geometric(gradient, 1 - exact(rank) / n)


def geometric(g: Any, square: Any) -> Any:
    """The sum g q / (1 - q) with q^2 given, as (g q + g q^2) / (1 - q^2): the kind of g decides."""
    root = np.sqrt(square * g * g) if hasattr(g * square, "sqrt") else float(g) * math.sqrt(square)
    return plain((root + g * square) / (1 - square))

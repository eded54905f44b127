r"""Formulas of the votes that train in integers: the test of each weight."""

from __future__ import annotations

from statistics import NormalDist

from lrtheory._numbers import formula
from lrtheory._types import Number

__all__ = ["vote_quantile"]


@formula(cooling="[0, inf)", step="[0, inf)")
def vote_quantile(step: int, *, cooling: Number = 0.015) -> int:
    r"""Return the quantile of the test at a step in sixteenths: int(16 z) for a two-sided test at level alpha.

    .. math:: \alpha_t = 1 / (1 + \text{cooling} \cdot t), \qquad z = \Phi^{-1}(1 - \alpha_t / 2)

    Parameters
    ----------
    step : int
        t.
    cooling : float
        Decay rate of the level of the test; (2^4 - 1) / 1000 in nano-egg.

    Returns
    -------
    int
        At least 0; a weight moves where 16 times the absolute value of Z is at least quantile * isqrt(P r) * 256.

    References
    ----------
    .. [1] B. Sarkar, M. Fellows, J. A. Duque et al., Evolution Strategies at the Hyperscale, arXiv 2511.16652, and its
       code nano-egg.

    Examples
    --------
    >>> vote_quantile(0), vote_quantile(600)
    (0, 26)
    """
    alpha = 1 / (1 + cooling * step)
    return int(-16 * NormalDist().inv_cdf(alpha / 2))

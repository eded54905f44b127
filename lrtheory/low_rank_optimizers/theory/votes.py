r"""Formulas of the votes that train in integers: the test of each weight, and how often it is passed by chance."""

from __future__ import annotations

from fractions import Fraction
from statistics import NormalDist

from lrtheory._numbers import number, numbers
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import integer, must

__all__ = ["flip_probability", "vote_quantile"]


def vote_quantile(step: int, *, cooling: float = 0.015) -> int:
    r"""Return the quantile of the test at a step in sixteenths: int(16 z) for a two-sided test at level alpha.

    .. math:: \alpha_t = 1 / (1 + \text{cooling} \cdot t), \qquad z = \Phi^{-1}(1 - \alpha_t / 2)

    Parameters
    ----------
    step : int
        t, at least 0.
    cooling : float
        Decay rate of the level of the test, at least 0; (2^4 - 1) / 1000 in nano-egg.

    Returns
    -------
    int
        At least 0; a weight moves where 16 times the absolute value of Z is at least quantile * isqrt(P r) * 256.

    Raises
    ------
    ValueError
        If an argument is negative.
    TypeError
        If one is of the wrong kind.

    References
    ----------
    .. [1] B. Sarkar, M. Fellows, J. A. Duque et al., Evolution Strategies at the Hyperscale, arXiv 2511.16652, and its
       code nano-egg.

    Examples
    --------
    >>> vote_quantile(0), vote_quantile(600)
    (0, 26)
    """
    alpha = 1 / (1 + number("cooling", cooling, 0) * integer("step", step, low=0))
    return int(-16 * NormalDist().inv_cdf(alpha / 2))


def flip_probability(products: ArrayLike, bound: Number) -> Fraction:
    r"""Return how likely a weight moves when scores say nothing: the exact two-sided tail of the vote.

    .. math:: P\bigl(Z \ne 0,\ 16\,|Z| \ge \text{bound}\bigr), \qquad Z = \sum_p s_p z_p

    with independent fair signs s_p.

    Parameters
    ----------
    products : array of int
        z_p = A_p B_p^T, the noise of this weight in each pair.
    bound : number
        Least value of 16 \|Z\| at which the weight moves, at least 0.

    Returns
    -------
    Fraction
        Probability that the weight moves, in [0, 1].

    Raises
    ------
    ValueError
        If there is no product, the bound is negative, or a product is not an integer.

    Notes
    -----
    At level 0.1 with signs for noise, P = 16, 64, 100 and 1000 pairs give 0.0768, 0.1034, 0.0886 and 0.1067: isqrt(P)
    and int(16 z) round.

    Proof
    -----
    Assumes: both members of a pair have the same true score, with independent noise of one law and no ties.

    Proof: then the difference is symmetric, its sign is fair, and it is independent of A_p and B_p, since
    exchanging the members changes the sign of the difference alone. The sums of the signed products are counted by
    adding one pair at a time.

    Checked by: EI-4.

    Examples
    --------
    >>> float(flip_probability([256] * 16, 26 * 4 * 256))
    0.076812744140625
    """
    steps, least = numbers("products", products), number("bound", bound, 0)
    sums = {0: 1}
    for step in steps:
        if step != int(step):
            raise must("products", "integers", step)
        longer: dict[int, int] = {}
        for value, count in sums.items():
            for there in (value + int(step), value - int(step)):
                longer[there] = longer.get(there, 0) + count
        sums = longer
    far = sum(count for value, count in sums.items() if value != 0 and 16 * abs(value) >= least)
    return Fraction(far, 2 ** len(steps))

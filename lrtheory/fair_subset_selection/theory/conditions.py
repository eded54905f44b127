r"""Smoothness of mean scores, the condition under which quotas undo a bias.

F is (alpha, beta, gamma)-smooth when each mean score, latent f_i and observed g_i, is at least alpha times the most
that one ranking can give, and for items of one group beta f_i >= f_j implies gamma g_i >= g_j. Part of `theory`, where
users find these functions; all take Fractions, and in floats a ratio that is beta up to rounding counts as beta.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from lrtheory._numbers import exact, formula, numbers
from lrtheory._types import ArrayLike, Number
from lrtheory.fair_subset_selection.selection.quotas import group_codes

__all__ = ["ROUNDING", "largest_observed_ratio", "smallest_ratio_above", "smoothness_alpha", "with_rounding"]

#: Ratios that agree up to this factor are equal: mean scores of m items are sums of a few rounded terms.
ROUNDING = 2.0**-47


def with_rounding(bound: Number, values: Sequence[Any]) -> Any:
    """Raise an upper bound on ratios of values by a few units of rounding where something is a float.

    Two ratios that are equal in theory can differ in the last bits, and the pair would fall out of a maximum or a
    minimum that it belongs to. Where all values are exact the bound is returned as it is.
    """
    return bound * (1 + ROUNDING) if any(isinstance(x, float) for x in (bound, *values)) else bound


def _means(name: str, values: ArrayLike, length: int | None = None) -> list[Any]:
    """Check mean scores, which are non-negative, and return them with integers as Fractions."""
    return [exact(entry) for entry in numbers(name, values, 0, length=length)]


@formula(max_item_score="(0, inf)")
def smoothness_alpha(latent: ArrayLike, observed: ArrayLike, *, max_item_score: Number) -> Number:
    """Return the largest alpha for which a rule is smooth, its least mean score over the most that one ranking gives.

    Parameters
    ----------
    latent, observed : sequence of m numbers
        Mean scores f and g of one ranking.
    max_item_score : number
        tau_1, `ScoreRule.max_item_score`.

    Returns
    -------
    number
        min_i min(f_i, g_i) / tau_1, a condition of statement FSS-T1.

    Raises
    ------
    ValueError
        If the means are not of equally many items, one is negative or not finite, or tau_1 is not positive.

    References
    ----------
    .. [1] N. Boehmer et al., Subset Selection Based On Multiple Rankings in the Presence of Bias, ICML 2023 (the
       definition, as the tool released with it estimates it).

    Examples
    --------
    >>> smoothness_alpha([1, 2], [2, 1], max_item_score=2)
    Fraction(1, 2)
    """
    f = _means("latent", latent)
    return min(f + _means("observed", observed, len(f))) / exact(max_item_score)


def _pairs(groups: ArrayLike, n_items: int) -> list[tuple[int, int]]:
    """List the pairs of different items of one group, in both orders, since bias may exchange either with the other."""
    codes = group_codes(groups, n_items).tolist()
    return [(i, j) for i, j in itertools.permutations(range(len(codes)), 2) if codes[i] == codes[j]]


@formula(beta="[0, 1]")
def largest_observed_ratio(latent: ArrayLike, observed: ArrayLike, groups: ArrayLike, *, beta: Number) -> Number:
    """Return gamma(beta), the largest observed ratio of items with a latent ratio of at most beta (statement FSS-T1).

    Parameters
    ----------
    latent, observed : sequence of m numbers
        Mean scores f and g of one ranking.
    groups : sequence of m int
        Group of every item.
    beta : number
        In [0, 1].

    Returns
    -------
    number
        max of g_j / g_i over i != j of one group with beta f_i >= f_j; 0 without such a pair, 0/0 = 0, infinite where
        only g_i is 0. It does not decrease in beta (statement FSS-P10).

    Raises
    ------
    ValueError
        If lengths differ, a mean is negative or not finite, or `beta` is out of range.

    References
    ----------
    .. [1] N. Boehmer et al., Subset Selection Based On Multiple Rankings in the Presence of Bias, ICML 2023 (the
       definition, as the tool released with it estimates it; that tool tests one order of each pair only).

    Examples
    --------
    >>> from fractions import Fraction
    >>> largest_observed_ratio([1, 2], [2, 1], [0, 0], beta=Fraction(1, 2))
    Fraction(2, 1)
    """
    f = _means("latent", latent)
    g = _means("observed", observed, len(f))
    beta = with_rounding(beta, f)
    worse = [(i, j) for i, j in _pairs(groups, len(f)) if beta * f[i] >= f[j]]
    # an item that the panel never sees beside a worse one that it does see: no number of rankings puts them right
    if any(g[i] == 0 and g[j] != 0 for i, j in worse):
        return math.inf
    return max((g[j] / g[i] for i, j in worse if g[i] != 0), default=g[0] * 0)


@formula(beta="[0, 1]")
def smallest_ratio_above(latent: ArrayLike, groups: ArrayLike, *, beta: Number) -> Number:
    """Return beta_plus, the share that is kept if a pair that smoothness at beta leaves open is exchanged (FSS-T1).

    Parameters
    ----------
    latent : sequence of m numbers
        Mean scores f of one ranking.
    groups : sequence of m int
        Group of every item.
    beta : number
        In [0, 1].

    Returns
    -------
    number
        min over pairs of one group with f_j / f_i > beta of min(1, f_j / f_i), 1 without a pair; at least beta. With
        two levels of quality it is 1 although beta may be small.

    Raises
    ------
    ValueError
        If lengths differ, a mean is negative or not finite, or `beta` is out of range.

    Proof
    -----
    Assumes: mean scores are non-negative and beta is in [0, 1], which is checked.

    Proof: every ratio in the minimum is above beta, and 1 is at least beta, hence beta_plus >= beta. As beta grows, the
    minimum is over fewer pairs and the maximum gamma(beta), over the pairs with beta f_i >= f_j, is over more, so that
    neither falls.

    Checked by: FSS-P10.

    References
    ----------
    .. [1] N. Boehmer et al., Subset Selection Based On Multiple Rankings in the Presence of Bias, ICML 2023 (of whose
       smoothness this is a consequence).

    Examples
    --------
    >>> from fractions import Fraction
    >>> smallest_ratio_above([4, 1, 4, 1], [0, 0, 1, 1], beta=Fraction(1, 4))
    Fraction(1, 1)
    """
    f = _means("latent", latent)
    beta = with_rounding(beta, f)
    ratios = [f[j] / f[i] for i, j in _pairs(groups, len(f)) if f[i] > f[j] > beta * f[i]]
    return min(ratios, default=exact(1))

r"""Constants and right-hand sides of the theorems, as plain functions.

Notation: n rankings of m items, k chosen, l of them disadvantaged; mean scores f of latent and g of observed rankings,
smoothness (alpha, beta, gamma), bias theta or phi. Integers and Fractions give Fractions where no exp or log is needed.
The paper's theorems are re-derived here, with explicit constants; none is a quotation.

`conditions` defines smoothness, `sample_sizes` has the numbers of rankings that it asks for, `laws` closed forms,
`blind_laws` the panel that sees no good item, `ratios` shares of the optimum, `quota_laws` good quotas.
"""

from __future__ import annotations

from typing import Any

from lrtheory._numbers import exact, number
from lrtheory._validation import integer
from lrtheory.fair_subset_selection.theory.blind_panel import (
    blind_bound,
    blind_gain,
    blind_optimum,
    blind_scales,
    coupon_rankings,
    top_good_probability,
)
from lrtheory.fair_subset_selection.theory.closed_forms import (
    expected_scores,
    mallows_distance,
    mallows_phi,
    placement_probabilities,
)
from lrtheory.fair_subset_selection.theory.conditions import (
    is_smooth,
    largest_observed_ratio,
    smallest_ratio_above,
    smoothness_alpha,
)
from lrtheory.fair_subset_selection.theory.numeric import listed
from lrtheory.fair_subset_selection.theory.quotas import (
    expected_top_sum,
    optimal_quota_law,
    optimal_quota_tail,
    proportional_quota_ratio,
)
from lrtheory.fair_subset_selection.theory.ratios import (
    certificate_ratio,
    exchange_ratio,
    greedy_ratio,
    greedy_trap_ratio,
    quota_loss,
    realized_ratio,
    taken_at_least,
    top_sum_share,
    unprotected_share,
)
from lrtheory.fair_subset_selection.theory.sample_sizes import (
    alpha_bound,
    chernoff_lower,
    chernoff_tail,
    marginal_rankings_needed,
    rankings_needed,
    rankings_needed_realized,
    separation,
)

__all__ = [
    "alpha_bound",
    "blind_bound",
    "blind_gain",
    "blind_optimum",
    "blind_scales",
    "certificate_ratio",
    "chernoff_lower",
    "chernoff_tail",
    "coupon_rankings",
    "exchange_ratio",
    "expected_scores",
    "expected_top_sum",
    "greedy_ratio",
    "greedy_trap_ratio",
    "is_smooth",
    "largest_observed_ratio",
    "mallows_distance",
    "mallows_phi",
    "marginal_rankings_needed",
    "naive_evaluations",
    "optimal_quota_law",
    "optimal_quota_tail",
    "placement_probabilities",
    "proportional_quota_ratio",
    "quota_loss",
    "rankings_needed",
    "rankings_needed_realized",
    "realized_ratio",
    "separation",
    "smallest_ratio_above",
    "smoothness_alpha",
    "swaps_asked",
    "taken_at_least",
    "top_good_probability",
    "top_sum_share",
    "total_score",
    "unprotected_share",
]


def total_score(n_rankings: Any, weights: Any) -> Any:
    """Return the sum of the scores of all items (statement FSS-P9).

    Parameters
    ----------
    n_rankings : number
        n, complete rankings.
    weights : sequence of m numbers
        Position weights w.

    Returns
    -------
    number
        n sum_p w(p).

    Raises
    ------
    ValueError
        If `n_rankings` is negative, or a weight is not finite.

    Proof
    -----
    Every complete ranking gives each weight w(p) to exactly one item, whatever it ranks, so its scores add up to the
    sum of the weights. Biased rankings are complete rankings too, so bias keeps the sum.

    Examples
    --------
    >>> total_score(2, [2, 1, 0])
    Fraction(6, 1)
    """
    number("n_rankings", n_rankings, 0)
    return exact(n_rankings) * sum(listed("weights", weights))


def swaps_asked(inversions: int, intensity: Any) -> int:
    """Return the number of exchanges that an intensity asks for (statement FSS-P2).

    Parameters
    ----------
    inversions : int
        I, pairs in which an advantaged item stands behind a disadvantaged one.
    intensity : number
        lambda, in [0, 1].

    Returns
    -------
    int
        floor(lambda I + 10^-9), so that 0.29 of 100 are 29 in spite of rounding.

    Raises
    ------
    ValueError
        If a number is out of range.

    Proof
    -----
    Each of them lowers I by its distance d >= 1, since an advantaged item at place p + d and a disadvantaged one at p
    change places. The pair itself is one inversion less. For each item in between, an advantaged one loses its
    inversion with the disadvantaged item that was ahead and now is behind, a disadvantaged one loses that with the
    advantaged item: d - 1 more. Other pairs keep their order. At phi = 0 the pair is adjacent, d = 1, as there is an
    adjacent inversion as long as there is any; so exactly floor(lambda I) are removed.

    References
    ----------
    .. [1] N. Boehmer et al., Subset Selection Based On Multiple Rankings in the Presence of Bias, ICML 2023 (the
       swapping model, as in the code released with it).

    Examples
    --------
    >>> swaps_asked(100, 0.29)
    29
    """
    inversions = integer("inversions", inversions, low=0)
    number("intensity", intensity, 0, 1)
    return int(intensity * inversions + 1e-9)


def naive_evaluations(n_items: int, k: int) -> int:
    """Count the marginals that plain greedy selection evaluates without quotas, and lazy selection at most (FSS-C1).

    Parameters
    ----------
    n_items, k : int
        m and k.

    Returns
    -------
    int
        sum_{t < k} (m - t).

    Raises
    ------
    ValueError
        If a number is negative, or k above m.

    Proof
    -----
    Step t evaluates the marginals of all m - t items that are left, once each. The lazy method goes through the same
    items by decreasing old bound and stops early, so in each step it evaluates each of them at most once.

    Examples
    --------
    >>> naive_evaluations(1000, 50)
    48775
    """
    n_items = integer("n_items", n_items, low=0)
    k = integer("k", k, low=0, high=n_items)
    return k * n_items - k * (k - 1) // 2

r"""Constants and right-hand sides of the theorems, as plain functions.

Notation: n rankings of m items, k chosen, l of them disadvantaged; mean scores f of latent and g of observed rankings,
smoothness (alpha, beta, gamma), bias theta or phi. Integers and Fractions give Fractions where no exp or log is needed.
The paper's theorems are re-derived here, with explicit constants; none is a quotation.

The module `conditions` defines smoothness, `sample_sizes` has the numbers of rankings that it asks for, `closed_forms`
expected scores, `blind_panel` the panel that sees no good item, and `ratios` shares of the optimum and good quotas.
"""

from __future__ import annotations

from typing import Any

from lrtheory._numbers import exact, number, numbers
from lrtheory._types import ArrayLike, Number
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
from lrtheory.fair_subset_selection.theory.ratios import (
    certificate_ratio,
    exchange_ratio,
    expected_top_sum,
    greedy_ratio,
    greedy_trap_ratio,
    optimal_quota_law,
    optimal_quota_tail,
    proportional_quota_ratio,
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


def total_score(n_rankings: Number, weights: ArrayLike) -> Any:
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
    Assumes: every ranking is complete: the hypothesis of FSS-P9.

    Proof: a complete ranking gives each weight w(p) to exactly one item, whatever it ranks, so the scores that it gives
    add up to the sum of the weights. Biased rankings are complete rankings too, so that bias keeps the sum.

    Checked by: FSS-P9.

    Examples
    --------
    >>> total_score(2, [2, 1, 0])
    Fraction(6, 1)
    """
    n_rankings = number("n_rankings", n_rankings, 0)
    return exact(n_rankings) * sum(exact(weight) for weight in numbers("weights", weights))


def swaps_asked(inversions: int, intensity: Number) -> int:
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
    Assumes: every exchange is of a disadvantaged item at a position p and an advantaged one behind it, at p + d with d
    >= 1, as `bias_swaps` draws them with `refresh`; lambda is in [0, 1], which is checked.

    Proof: an exchange lowers I by its distance d. The pair itself is one inversion less. For each item in between, an
    advantaged one loses its inversion with the disadvantaged item that was ahead and now is behind, a disadvantaged one
    loses that with the advantaged item: d - 1 more. All other pairs keep their order. At phi = 0 the nearest pair is
    drawn. It is adjacent, d = 1, since there is an adjacent inversion as long as there is any, so that exactly
    floor(lambda I) inversions are removed. At lambda = 1 up to I exchanges are made, each of which removes at least one
    inversion, until none is left: all advantaged items then stand before all disadvantaged ones.

    Checked by: FSS-P1 (the distance), FSS-P2 (phi = 0), FSS-P3 and FSS-N2 (lambda = 1).

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
    intensity = number("intensity", intensity, 0, 1)
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
    Assumes: there are no quotas, so that every unused item fits; with quotas FSS-C1 counts the items that fit.

    Proof: step t = 0, ..., k - 1 evaluates the marginals of all m - t items that are left, once each. The lazy method
    goes through the same items by decreasing old bound and stops early, so that in each step it evaluates each of them
    at most once.

    Checked by: FSS-C1.

    Examples
    --------
    >>> naive_evaluations(1000, 50)
    48775
    """
    n_items = integer("n_items", n_items, low=0)
    k = integer("k", k, low=0, high=n_items)
    return k * n_items - k * (k - 1) // 2

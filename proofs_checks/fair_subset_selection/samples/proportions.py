"""Quotas that are good without a look at rankings."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import combinations
from math import comb

import numpy as np

from lrtheory._numbers import inexact
from lrtheory._validation import must
from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Law,
    Number,
    OutcomeError,
    Probability,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.fair_subset_selection import sample_rankings, select_by_scores
from proofs_checks.fair_subset_selection.families.outcomes import are_rankings, check_set
from proofs_checks.fair_subset_selection.families.tails import Exchangeable


@dataclass(frozen=True)
class Halves:
    """N items with uniform utilities, half of them disadvantaged, of which k are chosen; both are even."""

    n_items: int
    k: int


def halves_of(n_items: int) -> list[np.ndarray]:
    """List the masks of all halves of the items 0, ..., N - 1, numbered from the best to the worst."""
    halves = combinations(range(n_items), n_items // 2)
    return [np.isin(np.arange(n_items), half) for half in halves]


def expected_utilities(n_items: int) -> list[Fraction]:
    """List the means of the N uniform utilities in order, the largest first."""
    return [Fraction(n_items - j, n_items + 1) for j in range(n_items)]


def halves_chosen(
    halves: Halves, rng: np.random.Generator | None = None, quota: int | None = None, sign: int = 1
) -> list[np.ndarray]:
    """Select k items by utility, half of them from each half, for every half; the last selection is without quotas."""
    utilities = [sign * float(u) for u in expected_utilities(halves.n_items)]
    places = halves.k // 2 if quota is None else quota
    options = [{"groups": mask, "quota": {True: places}} for mask in halves_of(halves.n_items)]
    return [select_by_scores(utilities, halves.k, **one).items for one in (*options, {})]


def draw_halves(draws: Draws) -> Halves:
    """Draw four to ten items, an even number, and an even k."""
    # all halves of the items are looked at one by one, 252 of them for ten items
    half = draws.integers(2, 5)
    return Halves(2 * half, 2 * draws.integers(1, half))


HALVES = Family("halves", always=(Halves(4, 2), Halves(8, 4)), draw=draw_halves)


def one_place(halves: Halves, rng: np.random.Generator) -> list[np.ndarray]:
    """Choose with one place less than half of them for the disadvantaged half."""
    # the mean utility hardly changes; the number of items of the half does
    return halves_chosen(halves, rng, quota=halves.k // 2 - 1)


def worst_of_each_half(halves: Halves, rng: np.random.Generator) -> list[np.ndarray]:
    """Choose the last items of each half."""
    return halves_chosen(halves, rng, sign=-1)


@formula(N="[0, inf)", k="[0, N]")
def expected_top_sum(N: int, k: int) -> Fraction:
    """E(N, k), the mean sum of the k largest of N independent numbers that are uniform on [0, 1].

    Proof
    -----
    Assumes: the numbers are independent and uniform on [0, 1].

    Proof: the N numbers cut [0, 1] into N + 1 intervals whose lengths have one law, hence the mean 1 / (N + 1). Above
    the j-th largest number lie j of them, so that its mean is 1 - j / (N + 1); add up over j = 1, ..., k.
    """
    return k - Fraction(k * (k + 1), 2 * (N + 1))


@formula(N="[2, inf)", k="[2, N]")
def proportional_quota_ratio(N: int, k: int) -> Fraction:
    """The mean score with k / 2 places for each half of the N items, over that without quotas.

    Proof
    -----
    Assumes: utilities are independent and uniform on [0, 1], whatever the half; N and k are even, which is checked.

    Proof: each half is a sample of N / 2 independent uniform numbers, of which the best k / 2 are chosen, so the
    proportional quota earns twice `expected_top_sum` of one half. The best k of all earn that of N and k.
    """
    if N % 2 or k % 2:
        raise must("N, k", "even", (N, k))
    return 2 * expected_top_sum(N // 2, k // 2) / expected_top_sum(N, k)


def mean_kept(halves: Halves, found: list[np.ndarray]) -> Sides:
    """Compare the mean utility of the choices over all halves, and that of the free choice, with their closed forms.

    Which items are disadvantaged is independent of the order of the utilities, so all halves are equally likely given
    it, and the mean of the j-th largest of N uniform utilities is (N + 1 - j) / (N + 1) whatever the half.
    """
    m, k, masks = halves.n_items, halves.k, halves_of(halves.n_items)
    if len(found) != len(masks) + 1:
        raise OutcomeError(f"an outcome must be {len(masks) + 1} choices, one a half and a free one")
    utilities, sets = expected_utilities(m), [check_set(items, m, k) for items in found]
    values = [sum((utilities[i] for i in items), Fraction(0)) for items in sets]
    # the mean alone could be met by other choices: each must have k / 2 items of the disadvantaged half
    each = [int(mask[items].sum()) for mask, items in zip(masks, sets[:-1], strict=True)]
    top = expected_top_sum(m, k)
    kept = proportional_quota_ratio(m, k) * top
    lhs = [sum(values[:-1], Fraction(0)) / len(masks), values[-1], *map(Fraction, each)]
    return Sides(np.array(lhs, dtype=object), np.array([kept, top, *[Fraction(k, 2)] * len(each)], dtype=object))


FSS_D3 = Statement(
    id="fair_subset_selection/FSS-D3",
    title="Half of the places for each half of the items costs little",
    says=(
        "N items have independent utilities, uniform on [0, 1], and half of them are disadvantaged. The mean score E F "
        "of the best k/2 of each half is 2 E(N/2, k/2)/E(N, k) times the mean score E O of the best k of all, where "
        "E(N, k) is the mean sum of the k largest of N such utilities."
    ),
    source=Derived(proportional_quota_ratio),
    tex=r"\mathbb E F / \mathbb E O = 2 E(N/2, k/2)/E(N, k),"
    r"\ E(N, k) = k - \tfrac{k(k+1)}{2(N+1)}",
    hypotheses={"halves": lambda halves: halves.n_items % 2 == halves.k % 2 == 0},
    instances=HALVES,
    solve=halves_chosen,
    decisions=("*",),
    claim=Identity(mean_kept),
    saboteurs=(
        saboteur("all places but one for the other half", solve=one_place),
        saboteur("the worst of each half", solve=worst_of_each_half),
    ),
    notes="The mean over the halves and over the utilities is exact: over all halves, at the mean utilities.",
)


def uniform_rankings(case: Exchangeable, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n independent rankings by the package, and return the places of the items, (n, m)."""
    return sample_rankings("mallows", n, case.n_items, rng=rng, phi=case.phi).positions


def best_disadvantaged(case: Exchangeable, places: np.ndarray, more: int = 0) -> np.ndarray:
    """Count the disadvantaged items among the best k (or k + more) of each ranking, (n,)."""
    m = case.n_items
    if places.shape[1:] != (m,) or not are_rankings(places).all():
        raise OutcomeError(f"an outcome must be the places of {m} items in each ranking")
    return (places[:, m - case.n_disadvantaged :] < case.k + more).sum(1)


def draw_exchangeable(draws: Draws) -> Exchangeable:
    """Draw four to sixteen items, a quarter to three quarters of them disadvantaged, and two or more to choose."""
    m = 4 * draws.integers(1, 4)
    return Exchangeable(m, draws.integers(m // 4, 3 * m // 4), draws.integers(2, min(m, 8)))


EXCHANGEABLE = Family(
    "exchangeable",
    always=(Exchangeable(8, 4, 3), Exchangeable(16, 8, 8, deviation=0.25)),
    draw=draw_exchangeable,
)
CENTERED = Family("centered", always=(Exchangeable(8, 4, 3, phi=0.25),))


def centered(case: Exchangeable, rng: np.random.Generator, n: int) -> np.ndarray:
    """Rank around a center in which the group comes last."""
    return uniform_rankings(replace(case, phi=0.25), rng, n)


@formula(m="[0, inf)", d="[0, m]", k="[0, m]")
def optimal_quota_law(m: int, d: int, k: int) -> list[Fraction]:
    """The probabilities of l* = 0, ..., k. Here d is the size of the group G_2.

    Proof
    -----
    Assumes: given the groups, all orders of the items are equally likely: the hypothesis of FSS-D4.

    Proof: all sets of k items are equally likely to be the best ones, as relabeling the items changes nothing. So l*
    counts the disadvantaged in a uniform set of k of the m items: the hypergeometric law.
    """
    others, sets = m - d, math.comb(m, k)
    return [Fraction(math.comb(d, j) * math.comb(others, k - j), sets) for j in range(k + 1)]


def quota_law(case: Exchangeable) -> np.ndarray:
    """Return the claimed probabilities of 0, ..., k disadvantaged items."""
    return np.array([float(p) for p in optimal_quota_law(case.n_items, case.n_disadvantaged, case.k)])


FSS_D4 = Statement(
    id="fair_subset_selection/FSS-D4",
    title="Where groups say nothing, the best quota is hypergeometric",
    says=(
        "If all rankings of m items are equally likely, the number l* of items of the group G_2 among the best k has "
        "the hypergeometric law: that of a uniform sample of k of the m items, of which |G_2| are in the group."
    ),
    source=Derived(optimal_quota_law),
    tex=r"\ell^* \sim \mathrm{Hypergeometric}(m, |G_2|, k)",
    hypotheses={"exchangeable items": lambda case: case.phi == 1},
    instances=EXCHANGEABLE,
    solve=uniform_rankings,
    decisions=("outcome",),
    claim=Law(category=best_disadvantaged, probabilities=quota_law, within=0.06),
    saboteurs=(
        saboteur("the group comes last in the center", breaks="exchangeable items", instances=CENTERED),
        saboteur("rankings around one", solve=centered),
        saboteur(
            "one place less is claimed",
            claim=Law(category=partial(best_disadvantaged, more=-1), probabilities=quota_law, within=0.06),
        ),
    ),
)


def far_from_proportional(case: Exchangeable, places: np.ndarray) -> np.ndarray:
    """Mark the runs in which the number of disadvantaged items is t k or more away from its mean."""
    return np.abs(best_disadvantaged(case, places) - case.expected) >= case.deviation * case.k


def chance_of_far(case: Exchangeable) -> Fraction | None:
    """Count the sets of k items that are so far away, over all sets; None where rankings are not equally likely."""
    m, size, k = case.n_items, case.n_disadvantaged, case.k
    # in rational numbers: a deviation of exactly t k counts, and rounding could lose it
    far = [q for q in range(k + 1) if abs(q - Fraction(k * size, m)) >= Fraction(case.deviation) * k]
    ways = sum(comb(size, quota) * comb(m - size, k - quota) for quota in far)
    return Fraction(ways, comb(m, k)) if case.phi == 1 else None


@formula(k="[0, inf)", t="[0, inf)")
def optimal_quota_tail(k: int, t: Number) -> Number:
    """The probability is at most this.

    References
    ----------
    .. [1] W. Hoeffding, Probability Inequalities for Sums of Bounded Random Variables, JASA 58, 1963, Section 6.
    """
    return 2 * np.exp(inexact(-2 * k * t * t))


FSS_D4_TAIL = Statement(
    id="fair_subset_selection/FSS-D4-tail",
    title="Where groups say nothing, the best quota is nearly proportional",
    says=(
        "If all rankings of m items are equally likely, the number l* of items of the group G_2 among the best k "
        "differs from its mean k |G_2|/m by t k or more with probability at most 2 exp(-2 t^2 k)."
    ),
    source=Classical("sampling without replacement", "W. Hoeffding, JASA 58, 1963, section 6"),
    tex=r"P(|\ell^* - k|G_2|/m| \ge t k) \le 2\exp(-2 t^2 k)",
    hypotheses={"exchangeable items": lambda case: case.phi == 1},
    instances=EXCHANGEABLE,
    solve=uniform_rankings,
    decisions=("outcome",),
    claim=Probability(
        event=far_from_proportional,
        at_most=lambda case: float(optimal_quota_tail(case.k, case.deviation)),
        exact=chance_of_far,
    ),
    saboteurs=(
        saboteur("the group comes last in the center", breaks="exchangeable items", instances=CENTERED),
        saboteur("rankings around one", solve=centered),
    ),
)

"""Statements on panels that no number of rankings helps, or only exponentially many: rules of tops, and no quotas."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Expectation,
    Identity,
    Law,
    OutcomeError,
    Rate,
    Sides,
    Statement,
    saboteur,
)
from lrtheory.fair_subset_selection import theory
from proofs_checks.fair_subset_selection import wrong_solvers
from proofs_checks.fair_subset_selection.families.biased import (
    FULL,
    PARTIAL,
    SINGLE,
    Swapped,
    Utilities,
    best_by_quota,
    swapped_places,
)
from proofs_checks.fair_subset_selection.families.blind import (
    BLIND,
    COUPONS,
    MILD,
    SIGHTED,
    SMALL_BLIND,
    UNPROTECTED,
    Blind,
    Unprotected,
    blind_choices,
    observed_tops,
    rankings_until_seen,
    ratios,
    unprotected,
)
from proofs_checks.fair_subset_selection.families.outcomes import check_rankings, check_set

FSS_N1 = Statement(
    id="fair_subset_selection/FSS-N1",
    title="SNTV stays blind without exponentially many rankings, whatever the quota",
    says=(
        "h advantaged items have utilities uniform on [0, 1], of h disadvantaged items g good ones uniform on [0, 2] "
        "and the others near 0, and the panel sees a quarter of the utilities of the disadvantaged. SNTV with n "
        "rankings and random ties chooses g items S_l, l of them disadvantaged; their mean latent score is on average "
        "at most this share of OPT, the mean latent score of the g good ones."
    ),
    source=Derived(theory.blind_bound),
    tex=r"\mathbb E \bar F(S_\ell)/\mathrm{OPT} \le \tfrac{\ell}{h} + \tfrac{(g-\ell) 2^{-g}}{(g+h)\mathrm{OPT}}"
    r" + n\,\tfrac{g\,2^{-h}}{g+h}",
    hypotheses={"the group is seen a quarter as large": lambda blind: blind.theta == Fraction(1, 4)},
    instances=BLIND,
    solve=blind_choices,
    decisions=("outcome",),
    claim=Expectation(sample=ratios, at_most=lambda blind: blind.bound, support=lambda blind: (0.0, 1.0)),
    saboteurs=(
        # the good items have the smaller numbers of their group, which nobody may use
        saboteur("ties by number, the good items first", solve=wrong_solvers.ties_by_number),
        saboteur("chosen by latent scores", solve=wrong_solvers.by_latent_scores),
        saboteur("no bias", breaks="the group is seen a quarter as large", instances=SIGHTED),
    ),
    notes="At most g/h + n p, a quarter for h = 4 g; Borda tells good from bad after a few rankings. Ties are random.",
)


def top_law(blind: Blind) -> np.ndarray:
    """Return the claimed probabilities that an advantaged item, a good one of the group, a bad one is on top."""
    # the formula of the statement for good items; of bad ones, which it leaves out, the exact closed form
    good = theory.top_good_probability(blind.n_advantaged, blind.n_good)
    bad = sum(blind.tops(blind.theta)[blind.n_advantaged + blind.n_good :])
    return np.array([float(1 - good - bad), float(good), float(bad)])


FSS_N1_TOP = Statement(
    id="fair_subset_selection/FSS-N1-top",
    title="How rarely a good item of the group is seen on top",
    says=(
        "With h advantaged items of utilities uniform on [0, 1] and g good disadvantaged ones, uniform on [0, 2] but "
        "seen at a quarter, a good one is on top of an observed ranking with probability 2^-h g/(g + h), up to the "
        "rare tops of bad items."
    ),
    source=Derived(theory.top_good_probability),
    tex=r"P(\text{observed top is good}) = \tfrac{g}{g+h} 2^{-h}",
    hypotheses={"the group is seen a quarter as large": lambda blind: blind.theta == Fraction(1, 4)},
    instances=SMALL_BLIND,
    solve=observed_tops,
    decisions=("outcome",),
    claim=Law(category=lambda blind, found: found, probabilities=top_law, within=0.035),
    saboteurs=(
        saboteur("no bias", solve=wrong_solvers.tops_without_bias),
        # seen at an eighth in place of a quarter: a good item on top is rarer still
        saboteur("good items are half as good", solve=wrong_solvers.half_as_good),
    ),
    notes="The bad items are on top with a probability below 10^-2h, which the closed form counts.",
)

FSS_N1_COUPONS = Statement(
    id="fair_subset_selection/FSS-N1-coupons",
    title="Rankings until SNTV has seen every good item grow like 2^h",
    says=(
        "The number n(h) of observed rankings until each of g good disadvantaged items has been on top, whose "
        "utilities are seen at a quarter beside h advantaged items, grows with h like (g + h) H_g 2^h, where H_g = 1 + "
        "1/2 + ... + 1/g."
    ),
    source=Derived(theory.coupon_rankings),
    tex=r"n(h) = \Theta((g + h) H_g 2^h)",
    hypotheses={"the group is seen a quarter as large": lambda blind: blind.theta == Fraction(1, 4)},
    instances=COUPONS,
    solve=rankings_until_seen,
    closed="what is counted are the rankings of a simulation, and no algorithm decides anything in it",
    claim=Rate(
        cost=lambda blind, n: n,
        size=lambda blind: 2.0**blind.n_advantaged,
        over=lambda blind: float(theory.coupon_rankings(blind.n_advantaged, blind.n_good)),
        exponent=(-0.25, 0.25),
    ),
    saboteurs=(
        saboteur("no bias", solve=wrong_solvers.seen_without_bias),
        saboteur(
            # relative to h the waiting times grow like 2^h, far outside of the window
            "polynomially many are claimed",
            claim=Rate(
                cost=lambda blind, n: n,
                size=lambda blind: 2.0**blind.n_advantaged,
                over=lambda blind: blind.n_advantaged,
                exponent=(-0.25, 0.25),
            ),
        ),
    ),
    notes="All utilities are drawn; nothing comes from the closed form but the rate.",
)


# --- full swapping ---------------------------------------------------------------------------------------------------


def seen(panel: Swapped, places: np.ndarray) -> Sides:
    """Count how often each item of the group is among the first l places, l = 1, ..., |G1|, and claim never.

    The last entry counts the items of the group among the first |G1| + 1 places of all rankings, one in each: there l
    is too large for the statement, and an outcome in which the group was never seen at all is refused.
    """
    down = np.asarray(panel.disadvantaged, dtype=bool)
    observed, above = check_rankings(places, *panel.positions.shape), int((~down).sum())
    # scores[l - 1][i] is the l-Bloc score of the i-th item of the group
    # one depth more than the statement covers, for the last entry
    scores = [(observed[:, down] < depth).sum(0) for depth in range(1, above + 2)]
    lhs = np.r_[np.concatenate(scores[:-1]), scores[-1].sum()]
    return Sides(lhs, np.r_[0 * lhs[:-1], len(observed)])


FSS_N2 = Statement(
    id="fair_subset_selection/FSS-N2",
    title="Under full swapping no number of rankings lets the top places see the group",
    says=(
        "At full swapping intensity, lambda = 1, every observed ranking has the group G_1 before G_2. So under l-Bloc, "
        "which counts the first l places, each item i of G_2 has the observed score s^_i = 0 for l <= |G_1|, from any "
        "number of rankings."
    ),
    source=Derived(theory.swaps_asked),
    tex=r"\lambda = 1,\ \ell \le |G_1| \Rightarrow \hat s_i = 0 \text{ for all } i \in G_2",
    hypotheses={"full intensity": lambda panel: panel.intensity == 1},
    instances=FULL,
    solve=swapped_places,
    decisions=("outcome",),
    claim=Identity(seen),
    saboteurs=(
        saboteur("a tenth less", solve=wrong_solvers.places_one_swap_less),
        saboteur("half of the intensity", breaks="full intensity", instances=PARTIAL),
        saboteur(
            "pairs of the latent ranking, as in the code that was published", solve=wrong_solvers.places_not_refreshed
        ),
    ),
    notes="alpha = 0 for SNTV and for l-Bloc up to l = |G1|.",
)


# --- no quota --------------------------------------------------------------------------------------------------------


def lost(case: Unprotected, found: tuple[np.ndarray, np.ndarray]) -> Sides:
    """Compare the latent scores of the free choice and of the group, over the best, with 1/q and 1.

    The free choice must be the best by the observed scores, and the other one of the group.
    """
    latent, observed, k = case.latent, case.observed, case.k
    free, of_group = (check_set(one, case.n_items, k) for one in found)
    values = [sum((latent[i] for i in one), Fraction(0)) for one in (free, of_group)]
    best = k * Fraction(case.quality)
    # a free choice that looks at latent scores would be better, and is refused by its observed score
    seen = sum((observed[i] for i in free), Fraction(0)), sum(sorted(observed)[-k:], Fraction(0))
    return Sides(
        np.array([*(value / best for value in values), seen[0]], dtype=object),
        np.array([theory.unprotected_share(case.quality), Fraction(1), seen[1]], dtype=object),
    )


def lost_by_observed(case: Unprotected, found: tuple[np.ndarray, np.ndarray]) -> Sides:
    """Compare latent scores over the largest sum of observed ones, the wrong reference, with 1/q and 1."""
    sides = lost(case, found)
    best = sum(sorted(case.observed)[-case.k :])
    return Sides(sides.lhs[:2] * case.k * case.quality / best, sides.rhs[:2])


FSS_N3 = Statement(
    id="fair_subset_selection/FSS-N3",
    title="Without quotas all but 1/q can be lost, and the right quota brings all of it back",
    says=(
        "Let k good items of mean latent score q be the disadvantaged group, seen at theta q < 1, and let the others, "
        "at least k, have the score 1. The best k observed items S_free have a mean latent score of OPT/q, and S_k, "
        "with all k places for the group, has the largest, OPT."
    ),
    source=Derived(theory.unprotected_share),
    tex=r"\theta q < 1 \Rightarrow \bar F(S_{\mathrm{free}}) = \mathrm{OPT}/q,\quad \bar F(S_k) = \mathrm{OPT}",
    hypotheses={
        "the bias hides the good items": lambda case: case.theta * case.quality < 1,
        "enough others": lambda case: case.n_items >= 2 * case.k,
    },
    instances=UNPROTECTED,
    solve=unprotected,
    decisions=("0", "1"),
    claim=Identity(lost),
    saboteurs=(
        saboteur("a mild bias", breaks="the bias hides the good items", instances=MILD),
        saboteur("chosen by latent scores", solve=wrong_solvers.unbiased_choice),
        saboteur("relative to the best observed scores", claim=Identity(lost_by_observed)),
    ),
    notes="In mean scores, where any number of rankings ends; the loss has a threshold at theta q = 1.",
)


# --- one vector of utilities -----------------------------------------------------------------------------------------


def nothing_is_lost(panel: Utilities, found: list[np.ndarray]) -> Sides:
    """Compare the latent utility of the choice at the quota of the best set with the best, for k = 1, ..., m."""
    utilities, m = panel.utilities[0], panel.utilities.shape[1]
    if len(found) != m:
        raise OutcomeError(f"an outcome must be {m} sets, of 1, ..., {m} items")
    sets = [check_set(items, m, k) for k, items in enumerate(found, start=1)]
    # the best k utilities are the optimum of a sum, with whatever groups
    best = np.cumsum(sorted(utilities.tolist(), reverse=True))
    return Sides(np.array([sum(utilities[i] for i in items) for items in sets]), best)


FSS_D2 = Statement(
    id="fair_subset_selection/FSS-D2",
    title="One vector of biased utilities: the right quota brings everything back",
    says=(
        "If one vector of utilities is given, those of a group are seen theta > 0 times as large, and a best set has "
        "l* items of the group, then the best observed items with this quota, S_{l*}, have the same latent utility F "
        "as the best set, OPT."
    ),
    source=Classical("quotas under multiplicative bias", "J. Kleinberg, M. Raghavan, ITCS 2018"),
    tex=r"F(S_{\ell^*}) = \mathrm{OPT} \text{ for every } \theta > 0",
    hypotheses={
        "one vector": lambda panel: len(panel.utilities) == 1,
        "theta is positive": lambda panel: panel.theta > 0,
    },
    instances=SINGLE,
    solve=best_by_quota,
    decisions=("*",),
    claim=Identity(nothing_is_lost),
    saboteurs=(
        saboteur("no quota", solve=wrong_solvers.no_quota),
        saboteur("the groups are scrambled", solve=wrong_solvers.scrambled_utilities),
    ),
)

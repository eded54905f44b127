"""Statements on numbers of rankings that are enough: for the order within groups, for the best set, and proportions."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import permutations
from math import comb

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Identity,
    Inequality,
    Law,
    OutcomeError,
    Probability,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from lrtheory.fair_subset_selection import theory
from proofs_checks.fair_subset_selection import wrong_solvers
from proofs_checks.fair_subset_selection.families.laws import (
    ENOUGH,
    EXCHANGED,
    NEARLY_ALIKE,
    NOT_SMOOTH,
    REALIZED,
    SMALL_PANEL,
    TOO_FEW,
    Coupled,
    PanelLaw,
    are_coupled,
    are_sums,
    by_quota,
    choices,
    coupled,
    has_enough,
    is_smooth,
    quotas,
    sums,
)
from proofs_checks.fair_subset_selection.families.orders import chance_of_loss, chance_of_misorder
from proofs_checks.fair_subset_selection.families.outcomes import are_sets, check_set
from proofs_checks.fair_subset_selection.families.tails import (
    CENTERED,
    EXCHANGEABLE,
    HALVES,
    TAILS,
    WIDE,
    Exchangeable,
    Halves,
    Tail,
    best_disadvantaged,
    expected_utilities,
    halves_chosen,
    halves_of,
    tail_bound,
    uniform_rankings,
)


def misordered(law: PanelLaw, scores: np.ndarray) -> np.ndarray:
    """Mark the runs, of scores (runs, m), in which a pair of one group that differs clearly is in the wrong order.

    Runs whose numbers cannot be the scores of n rankings are marked too, so that no invention passes the check.
    """
    f, groups = law.latent, law.groups
    clear = [(i, j) for i, j in permutations(range(len(f)), 2) if groups[i] == groups[j] and f[j] <= law.beta * f[i]]
    wrong = ~are_sums(law, scores)
    for better, worse in clear:
        # a tie is wrong too, since the order of tied items is not decided by the scores
        wrong |= scores[:, better] <= scores[:, worse]
    return wrong


def at_most_delta(event, exact=None) -> Probability:
    """Claim that the event has probability delta at most; `exact` computes the probability where it can be summed."""
    return Probability(event=event, at_most=lambda law: float(law.delta), exact=exact)


FSS_T1A = Statement(
    id="fair_subset_selection/FSS-T1a",
    title="Observed scores order all pairs of one group that differ clearly",
    says=(
        "Let n independent rankings of m items be at least as many as stated, for an (alpha, beta, gamma)-smooth score "
        "and eps_0 = (1 - gamma)/(1 + gamma). With probability 1 - delta the summed observed scores s^ have s^_i > "
        "s^_j for all items i, j of one group whose mean latent scores have f_j <= beta f_i."
    ),
    source=Derived(theory.rankings_needed),
    tex=r"n \ge 3\ln(2m/\delta)/(\alpha\epsilon_0^2)"
    r" \Rightarrow P[f_j \le \beta f_i, \hat s_i \le \hat s_j] \le \delta",
    hypotheses={"smooth": is_smooth, "enough rankings": has_enough},
    instances=ENOUGH,
    solve=sums,
    claim=at_most_delta(misordered, chance_of_misorder),
    saboteurs=(
        saboteur("a twentieth of the rankings", breaks="enough rankings", instances=TOO_FEW),
        # a larger alpha asks for fewer rankings, and the bound would have them be enough
        saboteur("alpha a hundred times as large", breaks="smooth", instances=NOT_SMOOTH),
        saboteur("two items of a group are taken for each other", breaks="smooth", instances=EXCHANGED),
        saboteur("every ranking is counted twenty times", solve=wrong_solvers.a_twentieth),
    ),
    notes="Loose: with SNTV and m = 32 about a twelfth of the rankings is enough. Where the groups have two items each "
    "the probability of a wrong order is summed over binomials.",
)


def too_little(law: PanelLaw, found: np.ndarray, share: float | None = None) -> np.ndarray:
    """Mark the runs in which, at some quota, the choice is worth less than beta_plus of the best set at that quota.

    `found` has shape (runs, quotas, k). Runs with an invalid set are marked too.
    """
    latent, possible = np.array([float(f) for f in law.latent]), quotas(law)
    if found.shape[1:] != (len(possible), law.k):
        raise OutcomeError(f"an outcome must be {law.k} items for each of {len(possible)} quotas in each run")
    valid = are_sets(found, len(latent))
    items = np.where(valid[..., None], found, 0)  # invalid numbers would not index anything
    valid &= law.groups[items].sum(-1) == possible
    optima = by_quota(law, latent[None], latent[None])
    # rounding of sums of k doubles is no loss: a failure must exceed it
    short = (float(law.beta_plus) if share is None else share) * optima - latent[items].sum(-1)
    return (~valid | (short > rounding(4 * law.k, float(optima.max())))).any(axis=1)


anything_lost = partial(too_little, share=1.0)

FSS_T1 = Statement(
    id="fair_subset_selection/FSS-T1",
    title="Enough rankings: every quota keeps beta_plus of its optimum",
    says=(
        "Let n independent rankings of m items be at least as many as stated, for an (alpha, beta, gamma)-smooth score "
        "and eps_0 = (1 - gamma)/(1 + gamma). With probability 1 - delta, for all quotas l, the observed choice S_l "
        "has a mean latent score of at least beta_+, the smallest ratio above beta of a group's mean scores, times the "
        "largest, OPT_l."
    ),
    source=Derived(theory.rankings_needed),
    tex=r"n \ge 3\ln(2m/\delta)/(\alpha\epsilon_0^2)"
    r" \Rightarrow P[\bar F(S_\ell) < \beta_+ \mathrm{OPT}_\ell] \le \delta",
    hypotheses={"smooth": is_smooth, "enough rankings": has_enough},
    instances=ENOUGH,
    solve=choices,
    decisions=("outcome",),
    claim=at_most_delta(too_little, chance_of_loss),
    saboteurs=(
        saboteur("a twentieth of the rankings", breaks="enough rankings", instances=TOO_FEW),
        saboteur("alpha a hundred times as large", breaks="smooth", instances=NOT_SMOOTH),
        saboteur(
            # the order of items of quality 30 and 29 is left open, and the wrong one loses something
            "all of the optimum, in the place of beta_plus",
            claim=at_most_delta(anything_lost),
            instances=NEARLY_ALIKE,
        ),
        saboteur("a fiftieth is drawn", solve=wrong_solvers.chosen_by_a_fiftieth),
    ),
    notes="Derived, in the shape of the paper's claim of polynomially many rankings; its own constants were not read.",
)


def realized_loss(law: PanelLaw, found: Coupled) -> np.ndarray:
    """Mark the runs in which the choice at the quota of a best latent set is worth less than the claimed share."""
    if found.items.shape[1:] != (law.k,):
        raise OutcomeError(f"an outcome must have {law.k} items in each run")
    valid = are_coupled(law, found) & are_sets(found.items, len(law.quality))
    items = np.where(valid[:, None], found.items, 0)
    # column of the quota of the chosen items, since the least possible quota is column 0
    optima, places = by_quota(law, found.latent, found.latent), law.groups[items].sum(1) - quotas(law)[0]
    best, rows = optima.max(axis=1), np.arange(len(items))
    valid &= optima[rows, np.clip(places, 0, optima.shape[1] - 1)] == best  # as many of the group as in a best set
    value = np.take_along_axis(found.latent, items, axis=1).sum(1)
    return ~valid | (value < float(theory.realized_ratio(law.beta_plus, law.epsilon)) * best)


def has_enough_realized(law: PanelLaw) -> bool:
    """Return True if there are as many rankings as the realized form, FSS-T2, asks for."""
    m = len(law.quality)
    return law.n >= theory.rankings_needed_realized(m, alpha=law.alpha, epsilon=law.epsilon, delta=law.delta)


FSS_T2 = Statement(
    id="fair_subset_selection/FSS-T2",
    title="Enough rankings, judged by the latent rankings of the same panel",
    says=(
        "Let n independent rankings of m items be at least as many as stated, for an (alpha, beta, gamma)-smooth score "
        "and eps <= (1 - gamma)/(1 + gamma). With probability 1 - delta the observed choice at the quota of the best "
        "latent set keeps beta_+ (1 - eps)/(1 + eps) of its latent score O in the same n rankings; beta_+ is the "
        "smallest latent ratio above beta."
    ),
    source=Derived(theory.realized_ratio),
    tex=r"n \ge 3\ln(4m/\delta)/(\alpha\epsilon^2)"
    r" \Rightarrow P[F < \beta_+ \tfrac{1-\epsilon}{1+\epsilon} O] \le \delta",
    hypotheses={
        "smooth": is_smooth,
        "eps at most eps_0": lambda law: 0 < law.share <= 1,
        "enough rankings": has_enough_realized,
    },
    instances=REALIZED,
    solve=coupled,
    decisions=("items",),
    claim=at_most_delta(realized_loss),
    saboteurs=(
        # a single ranking has one item with a point, so that most of a choice is luck
        saboteur("one ranking", breaks="enough rankings", instances=SMALL_PANEL),
        saboteur("the worst of each group", solve=wrong_solvers.the_worst),
    ),
)


# --- tails -----------------------------------------------------------------------------------------------------------


def exact_tail(tail: Tail, found) -> Sides:
    """Compare the probability of the deviation, a sum over a binomial law in rational numbers, with the bound."""
    n, f, epsilon = tail.n, Fraction(tail.successes, tail.trials), Fraction(tail.epsilon)
    # the numbers of heads of n coins with probability f that are as far from the mean, on both sides of it
    far = [x for x in range(n + 1) if abs(x - n * f) >= epsilon * n * f]
    probability = sum((comb(n, x) * f**x * (1 - f) ** (n - x) for x in far), Fraction(0))
    return Sides(np.array([probability]), np.array([found]), trivial=1)


FSS_P4 = Statement(
    id="fair_subset_selection/FSS-P4",
    title="Chernoff's bound for sums",
    says=(
        "X is the sum of n independent numbers in [0, 1] of mean f. For 0 < eps <= 1 the probability that X differs "
        "from n f by eps n f or more is at most 2 exp(-eps^2 n f / 3)."
    ),
    source=Classical("multiplicative Chernoff bound", "Mitzenmacher, Upfal, Probability and Computing, 2005"),
    tex=r"P(|X - nf| \ge \epsilon n f) \le 2\exp(-\epsilon^2 n f/3)",
    hypotheses={"0 < epsilon <= 1": lambda tail: 0 < tail.epsilon <= 1},
    instances=TAILS,
    solve=tail_bound,
    closed="the claim is about a formula, `theory.chernoff_tail`, which is held against sums in rational numbers",
    claim=Inequality(exact_tail),
    saboteurs=(
        # half of the bound, which one side alone would keep
        saboteur("one instead of two tails", solve=wrong_solvers.one_tail),
        # above 1 the exponent of the true tail grows about like epsilon, and not like its square
        saboteur("epsilon above one", breaks="0 < epsilon <= 1", instances=WIDE),
    ),
    notes="Below 1 from epsilon^2 n f = 3 log 2 on; only where it is above 1 is half of it refuted.",
)


# --- proportions -----------------------------------------------------------------------------------------------------


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
    top = theory.expected_top_sum(m, k)
    kept = theory.proportional_quota_ratio(m, k) * top
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
    source=Derived(theory.proportional_quota_ratio),
    tex=r"\mathbb E F / \mathbb E O = 2 E(N/2, k/2)/E(N, k),"
    r"\ E(N, k) = k - \tfrac{k(k+1)}{2(N+1)}",
    hypotheses={"halves": lambda halves: halves.n_items % 2 == halves.k % 2 == 0},
    instances=HALVES,
    solve=halves_chosen,
    decisions=("*",),
    claim=Identity(mean_kept),
    saboteurs=(
        saboteur("all places but one for the other half", solve=wrong_solvers.one_place),
        saboteur("the worst of each half", solve=wrong_solvers.worst_of_each_half),
    ),
    notes="The mean over the halves and over the utilities is exact: over all halves, at the mean utilities.",
)


def quota_law(case: Exchangeable) -> np.ndarray:
    """Return the claimed probabilities of 0, ..., k disadvantaged items."""
    return np.array([float(p) for p in theory.optimal_quota_law(case.n_items, case.n_disadvantaged, case.k)])


FSS_D4 = Statement(
    id="fair_subset_selection/FSS-D4",
    title="Where groups say nothing, the best quota is hypergeometric",
    says=(
        "If all rankings of m items are equally likely, the number l* of items of the group G_2 among the best k has "
        "the hypergeometric law: that of a uniform sample of k of the m items, of which |G_2| are in the group."
    ),
    source=Derived(theory.optimal_quota_law),
    tex=r"\ell^* \sim \mathrm{Hypergeometric}(m, |G_2|, k)",
    hypotheses={"exchangeable items": lambda case: case.phi == 1},
    instances=EXCHANGEABLE,
    solve=uniform_rankings,
    decisions=("outcome",),
    claim=Law(category=best_disadvantaged, probabilities=quota_law, within=0.06),
    saboteurs=(
        saboteur("the group comes last in the center", breaks="exchangeable items", instances=CENTERED),
        saboteur("rankings around one", solve=wrong_solvers.centered),
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
        at_most=lambda case: float(theory.optimal_quota_tail(case.k, case.deviation)),
        exact=chance_of_far,
    ),
    saboteurs=(
        saboteur("the group comes last in the center", breaks="exchangeable items", instances=CENTERED),
        saboteur("rankings around one", solve=wrong_solvers.centered),
    ),
)

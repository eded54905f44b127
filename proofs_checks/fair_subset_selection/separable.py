"""Statements on rules whose scores add up: quotas are filled exactly, a wrong quota or a wrong order costs a share."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Identity,
    Inequality,
    OutcomeError,
    Sides,
    Statement,
    always,
    rounding,
    saboteur,
)
from lrtheory.fair_subset_selection import QuotaSweep, Selection, quota_sweep, select, theory
from lrtheory.fair_subset_selection.selection import separable
from proofs_checks.fair_subset_selection import wrong_solvers
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries, check_set
from proofs_checks.fair_subset_selection.families.panels import (
    SEPARABLE,
    SEPARABLE_PANELS,
    SUBMODULAR_PANELS,
    TWO_GROUPS,
    Choice,
    Panel,
    exactly,
    feasible_sets,
    optimum,
    score,
    without_quotas,
)
from proofs_checks.fair_subset_selection.families.scores import (
    PAIRS,
    SHARES,
    ScorePair,
    Shares,
    chosen_by,
    largest_sums,
)


def is_separable(panel: Panel) -> bool:
    """Return True if the score of a set is the sum of the scores of its items."""
    return panel.kind in SEPARABLE


def is_feasible(panel: Panel) -> bool:
    """Return True if some set meets the quotas."""
    return bool(feasible_sets(panel))


def chosen(panel: Panel, rng: np.random.Generator, **options) -> Selection:
    """Select items within the quotas of the panel by the package."""
    return select(panel.rankings, panel.rule, panel.k, **panel.quotas, **options)


def chosen_set(panel: Panel, rng: np.random.Generator) -> Choice:
    """Select items within the quotas, and keep the items, their score and their gains."""
    found = chosen(panel, rng)
    return Choice(found.items, found.score, found.gains)


def best(panel: Panel, found: Choice) -> Sides:
    """Compare the loss with 0, the number of items of each group with its bounds, and the reports with the truth."""
    items, entries, groups = check_set(found.items, panel.n_items), Entries(), np.asarray(panel.groups, dtype=np.int64)
    counts = np.bincount(groups[items], minlength=len(panel.low))
    singles = [score(panel, [i]) for i in items]
    entries.kept(optimum(panel), score(panel, items), 1)
    entries.at_most(counts, panel.high, trivial=np.bincount(groups, minlength=len(panel.low)))
    entries.at_most(-counts, -np.asarray(panel.low), trivial=0)
    entries.equal(len(items), panel.k)
    entries.equal(found.score, score(panel, items))
    entries.equal(found.gains, singles)
    entries.at_most(singles[1:], singles[:-1])  # by decreasing score
    return entries.sides()


FSS_A2 = Statement(
    id="fair_subset_selection/FSS-A2",
    title="The best items of each group, then the best of all that fit, are optimal",
    says=(
        "Where the score of a set is the sum of the scores s_i of its items i, the chosen set S of k items has the "
        "largest sum among all sets with at least low_g and at most high_g items of each group g."
    ),
    source=Classical("greedy algorithm of a matroid", "J. Edmonds, Mathematical Programming 1, 1971"),
    tex=r"S = \arg\max_{|S| = k,\ \mathrm{low}_g \le |S \cap g| \le \mathrm{high}_g} \sum_{i \in S} s_i",
    hypotheses={"separable": is_separable, "feasible quotas": is_feasible},
    instances=SEPARABLE_PANELS,
    solve=chosen_set,
    decisions=("items",),
    claim=Inequality(best, unbounded=REPORTS),
    saboteurs=(
        saboteur(
            # right wherever the lower bounds are met by the best items anyway, so a tight instance reserves a seat
            "no place is kept for the lower bounds",
            patch=(separable.fill_quotas, "free = k - low.sum()", "free = k"),
        ),
        # the quotas are kept, and only the score is wrong
        saboteur("the worst items first", patch=(separable.ranked, "-scores", "scores")),
        saboteur("a rule that is not", breaks="separable", instances=SUBMODULAR_PANELS),
    ),
)


def swept(panel: Panel, rng: np.random.Generator) -> QuotaSweep:
    """Select at all quotas for group 1, where the same rankings choose and judge, so that only the quota is wrong."""
    return quota_sweep(panel.rankings, panel.rankings, panel.rule, k=panel.k, disadvantaged=panel.groups == 1)


def by_quota(panel: Panel) -> list:
    """Find the best score with l items of group 1, l = 0, ..., k, by enumeration."""
    return [optimum(exactly(panel, quota)) for quota in range(panel.k + 1)]


def wrong_quota(panel: Panel, found: QuotaSweep, share=theory.quota_loss) -> Sides:
    """Compare the loss at each quota with the part of OPT that may be lost, and all reports with enumerated ones."""
    # both sides come from an enumeration of all sets: the solver is not asked what is best
    best_of, entries = by_quota(panel), Entries()
    top, scores = max(best_of), np.asarray(found.scores)
    if scores.shape != (panel.k + 1,):
        raise OutcomeError(f"an outcome must have a score for each of {panel.k + 1} quotas")
    # several quotas may attain OPT: the first of them serves as l*, and the statement holds for each
    for quota, value in enumerate(scores):
        entries.kept(top, value, share(panel.k, quota, best_of.index(top)))
    entries.equal(found.quotas, list(range(panel.k + 1)))
    entries.equal(scores, best_of)
    entries.equal([found.optimum, best_of[found.optimal_quota], best_of[found.unconstrained_quota]], [top] * 3)
    entries.equal([best_of.index(top), found.unconstrained], [found.best, 1])
    # two roundings: the solver divides doubles, where this divides rational numbers and rounds once
    ratios = [float(Fraction(one) / top) if top > 0 else 1.0 for one in best_of]
    entries.equal(found.ratios, ratios, rounding=rounding(2, ratios))
    return entries.sides()


def keeps_all(k: int, quota: int, best_quota: int) -> Fraction:
    """Claim too much: that every quota keeps all of OPT."""
    return Fraction(1)


FSS_D1 = Statement(
    id="fair_subset_selection/FSS-D1",
    title="What the wrong quota keeps",
    says=(
        "For a rule whose scores add up, the best k items of which exactly l are disadvantaged, S_l, score at least "
        "min(1, (k - l)/(k - l*), l/l*) times OPT, the largest score F of any k items; l* is the number of "
        "disadvantaged items in a best set, and a quotient with denominator 0 is left out."
    ),
    source=Derived(theory.quota_loss),
    tex=r"F(S_\ell) \ge \min(1, (k - \ell)/(k - \ell^*), \ell/\ell^*)\, \mathrm{OPT}",
    hypotheses={
        "separable": is_separable,
        "both groups have k items": lambda panel: min(np.bincount(panel.groups)) >= panel.k,
    },
    instances=TWO_GROUPS,
    solve=swept,
    claim=Inequality(wrong_quota, unbounded=REPORTS),
    saboteurs=(
        saboteur("one item fewer of the group", solve=wrong_solvers.one_item_fewer),
        # true at the right quota, and at any on panels where the scores of both groups are alike
        saboteur("nothing is lost", claim=Inequality(partial(wrong_quota, share=keeps_all))),
    ),
)


# --- at least, and exactly -------------------------------------------------------------------------------------------


def both_ways(panel: Panel, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Select freely, with at least l, and with exactly l items of group 1, for each l that the free choice allows.

    These are the l = taken, ..., k, where the free choice has `taken` items of the group; one triple for each l.
    """
    group = {"groups": panel.groups}
    # below `taken` the bound of at least l does not bind, and the exact quota is another problem
    free = select(panel.rankings, panel.rule, panel.k)
    taken = int((panel.groups[free.items] == 1).sum())
    return [
        (
            free.items,
            select(panel.rankings, panel.rule, panel.k, at_least={1: quota}, **group).items,
            select(panel.rankings, panel.rule, panel.k, quota={1: quota}, **group).items,
        )
        for quota in range(taken, panel.k + 1)
    ]


def equal(panel: Panel, found: list) -> Sides:
    """Compare the two choices item by item, their numbers of items of the group, and scores with enumerated ones."""
    groups, lhs, rhs = np.asarray(panel.groups, dtype=np.int64), [], []
    top, best_of = optimum(without_quotas(panel)), by_quota(panel)
    sets = [[check_set(items, panel.n_items, panel.k) for items in row] for row in found]
    taken = int(groups[sets[0][0]].sum()) if sets else 0
    if len(sets) != panel.k + 1 - taken:
        raise OutcomeError(f"an outcome must have a row for each quota from {taken} to {panel.k}")
    for quota, (free, least, exact) in enumerate(sets, start=taken):
        # the two choices must be equal as sets, but also be what they claim: best at their quota
        lhs += [*sorted(least), *(int(groups[one].sum()) for one in (free, least, exact)), score(panel, least)]
        rhs += [*sorted(exact), taken, theory.taken_at_least(taken, quota), quota, best_of[quota]]
        lhs.append(score(panel, free))
        rhs.append(top)
    return Sides(np.array(lhs), np.array(rhs))


FSS_D5 = Statement(
    id="fair_subset_selection/FSS-D5",
    title="At least as many is exactly as many, where the free choice has no more",
    says=(
        "For a rule whose scores add up, let S be the best k items and G_2 the disadvantaged group. If S has at most l "
        "items of G_2, then the best set with at least l of them, S_{>=l}, is the best set with exactly l of them, "
        "S_l, where ties are broken alike."
    ),
    source=Derived(theory.taken_at_least),
    tex=r"|S \cap G_2| \le \ell \Rightarrow S_{\ge \ell} = S_\ell",
    hypotheses={"separable": is_separable},
    instances=TWO_GROUPS,
    solve=both_ways,
    decisions=("*",),
    claim=Identity(equal),
    saboteurs=(saboteur("one item more where it says at least", solve=wrong_solvers.one_item_more),),
    notes="Ties must be broken alike.",
)


# --- scores alone ----------------------------------------------------------------------------------------------------


def largest(shares: Shares, found: np.ndarray, more: int = 0) -> Sides:
    """Compare t/t' of the sum of the largest t' scores with the sum of the largest t, for all t <= t'.

    `more` claims the share of t + more scores for t of them, which is too much.
    """
    ordered, entries = sorted(shares.scores.tolist(), reverse=True), Entries()
    sums = [sum(ordered[:t]) for t in range(len(ordered) + 1)]
    # all pairs, also t = 0 and t = t', where the claim is an equality
    pairs = [(t, u) for u in range(len(sums)) for t in range(u + 1)]
    shares_of = [theory.top_sum_share(min(t + more, u), u) * sums[u] for t, u in pairs]
    entries.at_most(shares_of, [sums[t] for t, _ in pairs])
    entries.equal(found, sums)
    return entries.sides()


FSS_P6 = Statement(
    id="fair_subset_selection/FSS-P6",
    title="Sums of the largest are concave",
    says=(
        "The sum top_t(s) of the t largest of some real scores s is at least t/t' times top_t'(s), the sum of the t' "
        "largest, for all t <= t'."
    ),
    source=Derived(theory.top_sum_share),
    tex=r"\mathrm{top}_t(s) \ge (t/t')\, \mathrm{top}_{t'}(s),\quad t \le t'",
    hypotheses={"real scores": always},
    instances=SHARES,
    solve=largest_sums,
    claim=Inequality(largest, unbounded="scores may be any numbers, and so may their sums"),
    saboteurs=(
        saboteur("the smallest first", solve=wrong_solvers.smallest_sums),
        saboteur("one item more counts too", claim=Inequality(partial(largest, more=1))),
    ),
)


def exchanged(pair: ScorePair, found: list, kept=theory.exchange_ratio) -> Sides:
    """Compare the loss of the t items that the other scores choose with the part of the best score that may be lost."""
    entries, m = Entries(), len(pair.scores)
    if len(found) != m + 1:
        raise OutcomeError(f"an outcome must be {m + 1} sets, of 0, ..., {m} items")
    for size, items in enumerate(found):
        # of equal scores any may count as best: the share is 1 between them
        ordered = sorted(range(m), key=lambda i: -pair.scores[i])[:size]
        taken = check_set(items, m, size)
        share = kept(pair.scores, ordered, taken)
        entries.kept(sum(pair.scores[i] for i in ordered), sum(pair.scores[i] for i in taken), share)
        seen = sorted(pair.observed)[::-1][:size]  # the chosen are the best by the other scores
        entries.kept(sum(seen), sum(pair.observed[i] for i in taken), 1)
    return entries.sides()


def keeps_the_best(scores, best_items, chosen_items) -> Fraction:
    """Claim too much: that other scores keep all of the best score."""
    return Fraction(1)


FSS_P5 = Statement(
    id="fair_subset_selection/FSS-P5",
    title="Exchange: what the best by other scores keep",
    says=(
        "Let A be the t items with the largest scores s >= 0, and B the t items with the largest of some other scores. "
        "Then s(B), the sum of s over B, is at least s(A) times the smallest of min(1, s_j/s_i) over the items i in A "
        "but not B and j in B but not A."
    ),
    source=Derived(theory.exchange_ratio),
    tex=r"s(B) \ge s(A) \min_{i \in A - B,\, j \in B - A} \min(1, s_j/s_i)",
    hypotheses={"scores at or above zero": lambda pair: bool((pair.scores >= 0).all() and (pair.observed >= 0).all())},
    instances=PAIRS,
    solve=chosen_by,
    decisions=("*",),
    claim=Inequality(exchanged),
    saboteurs=(
        saboteur("the next best items", solve=wrong_solvers.next_best),
        saboteur("all of it", claim=Inequality(partial(exchanged, kept=keeps_the_best))),
    ),
)

"""Best sets of separable rules, and what a quota costs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    All,
    Classical,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    OutcomeError,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.fair_subset_selection import QuotaSweep, quota_sweep, select, theory
from lrtheory.fair_subset_selection.selection import separable
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries, check_set
from proofs_checks.fair_subset_selection.families.panels import (
    ALWAYS,
    SEPARABLE,
    SUBMODULAR_PANELS,
    Choice,
    Panel,
    alike,
    apart,
    chosen,
    draw_positions,
    is_feasible,
    of_kinds,
    optimum,
    score,
    without_quotas,
)
from proofs_checks.fair_subset_selection.families.small_panels import ADDING, within_quotas

#: the best item must leave its place to the other group
RESERVED = apart([[1, 0, 2, 3]], "sntv", 1, 1, (1, 0), (1, 1))
SEPARABLE_PANELS = Family("separable-panels", always=(*ALWAYS[:2], RESERVED), draw=of_kinds(*SEPARABLE))


def is_separable(panel: Panel) -> bool:
    """Return True if the score of a set is the sum of the scores of its items."""
    return panel.kind in SEPARABLE


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
    for_all=(within_quotas(ADDING[1:], "2-Bloc or Borda", exact=False),),
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


def draw_two_groups(draws: Draws) -> Panel:
    """Draw a panel with a separable rule and two groups of at least k items each, without quotas."""
    k = draws.integers(1, 3)
    # both groups have k items or more, which the theorem on wrong quotas asks for
    m = 2 * k + draws.integers(0, 2)
    groups = np.zeros(m, dtype=np.int64)
    groups[draws.permutation(m)[:k]] = 1
    positions = draw_positions(draws, draws.integers(1, 4), m)
    return Panel(
        positions, draws.choice(SEPARABLE), draws.integers(1, m - 1), k, groups, np.zeros(2, int), groups[:2] + m
    )


TWO_GROUPS = Family("two-groups", always=(alike(1, 4, "borda", 2), alike(2, 6, "bloc", 3)), draw=draw_two_groups)


def halved_panels() -> Iterator[Panel]:
    """Yield single rankings of four items with two items in each group, of which two are chosen."""
    for order, (kind, depth), second in itertools.product(
        itertools.permutations(range(4)), ADDING[1:], itertools.combinations(range(4), 2)
    ):
        groups = np.isin(np.arange(4), second).astype(np.int64)
        yield Panel(np.array([order]), kind, depth, 2, groups, np.zeros(2, int), np.array([4, 4]))


HALVED = All(
    "choices of a ranking of four items, of two items as the group, and of 2-Bloc or Borda, by which two are chosen",
    halved_panels,
    members=24 * 6 * 2,
)


def one_item_fewer(panel, rng: np.random.Generator):
    """Report for each quota the score with one item fewer of the group."""
    found = quota_sweep(panel.rankings, panel.rankings, panel.rule, k=panel.k, disadvantaged=panel.groups == 1)
    # quota 0 is right, and near the best quota neighboring scores hardly differ
    return replace(found, scores=np.r_[found.scores[:1], found.scores[:-1]])


def swept(panel: Panel, rng: np.random.Generator) -> QuotaSweep:
    """Select at all quotas for group 1, where the same rankings choose and judge, so that only the quota is wrong."""
    return quota_sweep(panel.rankings, panel.rankings, panel.rule, k=panel.k, disadvantaged=panel.groups == 1)


def exactly(panel: Panel, quota: int) -> Panel:
    """Change the quotas of a panel to exactly `quota` items of group 1 and the others of group 0."""
    counts = np.array([panel.k - quota, quota])
    return replace(panel, low=counts, high=counts)


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
    for_all=(HALVED,),
    solve=swept,
    claim=Inequality(wrong_quota, unbounded=REPORTS),
    saboteurs=(
        saboteur("one item fewer of the group", solve=one_item_fewer),
        # true at the right quota, and at any on panels where the scores of both groups are alike
        saboteur("nothing is lost", claim=Inequality(partial(wrong_quota, share=keeps_all))),
    ),
)


def one_item_more(panel, rng: np.random.Generator) -> list:
    """Take at least l to be exactly l + 1, where that is possible."""
    found, group = [], {"groups": panel.groups}
    free = select(panel.rankings, panel.rule, panel.k).items
    for quota in range(int((panel.groups[free] == 1).sum()), panel.k + 1):
        # the two readings of a quota agree at l = k alone
        more = select(panel.rankings, panel.rule, panel.k, quota={1: min(quota + 1, panel.k)}, **group).items
        found.append((free, more, select(panel.rankings, panel.rule, panel.k, quota={1: quota}, **group).items))
    return found


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


@formula(free="[0, inf)", quota="[0, inf)")
def taken_at_least(free: int, quota: int) -> int:
    """The best set with at least `quota` disadvantaged items has this number of them.

    The best set of all has `free` of them.

    Proof
    -----
    Assumes: the rule is separable (hypothesis of FSS-D5), and ties are broken alike by both choices (the caller).

    Proof: the best score with exactly j disadvantaged items is A(k - j) + B(j), the sums of the best k - j advantaged
    and the best j disadvantaged ones. Each further item adds no more than the one before, so A and B are concave, and
    so is their sum as a function of j. Its maximum is at j = free, so from max(free, l) on it does not grow, and the
    best set with at least l is that with exactly max(free, l).
    """
    return max(free, quota)


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
        rhs += [*sorted(exact), taken, taken_at_least(taken, quota), quota, best_of[quota]]
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
    source=Derived(taken_at_least),
    tex=r"|S \cap G_2| \le \ell \Rightarrow S_{\ge \ell} = S_\ell",
    hypotheses={"separable": is_separable},
    instances=TWO_GROUPS,
    for_all=(HALVED,),
    solve=both_ways,
    decisions=("*",),
    claim=Identity(equal),
    saboteurs=(saboteur("one item more where it says at least", solve=one_item_more),),
    notes="Ties must be broken alike.",
)

"""Rules whose scores add up: quotas are filled exactly, and what a wrong quota or a wrong order costs."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, Sides, Statement, always, saboteur
from lrtheory.fair_subset_selection import QuotaSweep, Selection, quota_sweep, select, separable, theory
from proofs_checks.fair_subset_selection import mutants
from proofs_checks.fair_subset_selection.families.panels import (
    SEPARABLE,
    SEPARABLE_PANELS,
    SUBMODULAR_PANELS,
    TWO_GROUPS,
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
    """Whether the score of a set is the sum of those of its items."""
    return panel.kind in SEPARABLE


def is_feasible(panel: Panel) -> bool:
    """Whether some set meets the quotas."""
    return bool(feasible_sets(panel))


def chosen(panel: Panel, rng: np.random.Generator, **options) -> Selection:
    """The package's choice within the quotas."""
    return select(panel.rankings, panel.rule, panel.k, **panel.quotas, **options)


def best(panel: Panel, found: Selection) -> Sides:
    """Score as reported and by definition against the largest; numbers of each group against their bounds."""
    counts = np.bincount(np.asarray(found.items, dtype=np.int64), weights=None, minlength=panel.n_items)
    groups = np.array([sum(int(c) for c in counts[panel.groups == g]) for g in range(len(panel.low))])
    value = score(panel, found.items)
    lhs = [optimum(panel), value, found.score, panel.k, *groups, *panel.low, *counts]
    different = len(set(map(int, found.items)))
    rhs = [value, found.score, value, different, *panel.high, *groups, *(1 + 0 * counts)]
    return Sides(np.array(lhs), np.array(rhs))


FSS_A2 = Statement(
    id="fair_subset_selection/FSS-A2",
    title="The best items of each group, then the best of all that fit, are optimal",
    source=Classical("greedy algorithm of a matroid", "J. Edmonds, Mathematical Programming 1, 1971"),
    tex=r"S = \arg\max_{|S| = k,\ \mathrm{low}_g \le |S \cap g| \le \mathrm{high}_g} \sum_{i \in S} s_i",
    hypotheses={"separable": is_separable, "feasible quotas": is_feasible},
    instances=SEPARABLE_PANELS,
    solve=chosen,
    claim=Inequality(best),
    saboteurs=(
        saboteur(
            "no place is kept for the lower bounds", patch=(separable.fill_quotas, "free = k - low.sum()", "free = k")
        ),
        saboteur("the worst items first", patch=(separable.ranked, "-scores", "scores")),
        saboteur("a rule that is not", breaks="separable", instances=SUBMODULAR_PANELS),
    ),
)


def swept(panel: Panel, rng: np.random.Generator) -> QuotaSweep:
    """All quotas for group 1, chosen and judged by the same rankings."""
    return quota_sweep(panel.rankings, panel.rankings, panel.rule, k=panel.k, disadvantaged=panel.groups == 1)


def by_quota(panel: Panel) -> list:
    """The best score with l items of group 1, l = 0, ..., k, by enumeration."""
    return [optimum(exactly(panel, quota)) for quota in range(panel.k + 1)]


def wrong_quota(panel: Panel, found: QuotaSweep) -> Sides:
    """The share that is kept of OPT against the score, for every quota; the enumerated best score from below too."""
    best_of = by_quota(panel)
    top = max(best_of)
    shares = [theory.quota_loss(panel.k, quota, best_of.index(top)) for quota in range(panel.k + 1)]
    return Sides(
        np.array([*(s * top for s in shares), *best_of]), np.array([*found.scores, *found.scores]), trivial=top
    )


def nothing_lost(panel: Panel, found: QuotaSweep) -> Sides:
    """OPT against the score, for every quota."""
    return Sides(np.full(len(found.scores), max(by_quota(panel))), found.scores)


FSS_D1 = Statement(
    id="fair_subset_selection/FSS-D1",
    title="What the wrong quota keeps",
    source=Derived(theory.quota_loss),
    tex=r"F(S_\ell) \ge \min(1, (k - \ell)/(k - \ell^*), \ell/\ell^*)\, \mathrm{OPT}",
    hypotheses={
        "separable": is_separable,
        "both groups have k items": lambda panel: min(np.bincount(panel.groups)) >= panel.k,
    },
    instances=TWO_GROUPS,
    solve=swept,
    claim=Inequality(wrong_quota),
    saboteurs=(
        saboteur("one item fewer of the group", solve=mutants.one_item_fewer),
        saboteur("nothing is lost", claim=Inequality(nothing_lost)),
    ),
)


# --- at least, and exactly -------------------------------------------------------------------------------------------


def both_ways(panel: Panel, rng: np.random.Generator) -> list[tuple[Selection, Selection, Selection]]:
    """For each quota that the free choice does not exceed: the free choice, at least and exactly that many."""
    group = {"groups": panel.groups}
    free = select(panel.rankings, panel.rule, panel.k)
    taken = int((panel.groups[free.items] == 1).sum())
    return [
        (
            free,
            select(panel.rankings, panel.rule, panel.k, at_least={1: quota}, **group),
            select(panel.rankings, panel.rule, panel.k, quota={1: quota}, **group),
        )
        for quota in range(taken, panel.k + 1)
    ]


def equal(panel: Panel, found: list) -> Sides:
    """The two choices item by item, and the free score against the enumerated one."""
    lhs = [x for free, least, exact in found for x in (*sorted(least.items), least.score, free.score)]
    top = optimum(without_quotas(panel))
    rhs = [x for free, least, exact in found for x in (*sorted(exact.items), exact.score, top)]
    return Sides(np.array(lhs), np.array(rhs))


FSS_D5 = Statement(
    id="fair_subset_selection/FSS-D5",
    title="At least as many is exactly as many, where the free choice has no more",
    source=Derived(theory.taken_at_least),
    tex=r"|S \cap G_2| \le \ell \Rightarrow S_{\ge \ell} = S_\ell",
    hypotheses={"separable": is_separable},
    instances=TWO_GROUPS,
    solve=both_ways,
    claim=Identity(equal),
    saboteurs=(saboteur("one item more where it says at least", solve=mutants.one_item_more),),
    notes="Ties must be broken alike.",
)


# --- scores alone ----------------------------------------------------------------------------------------------------


def largest(shares: Shares, found: np.ndarray, more: int = 0) -> Sides:
    """(t / t') of the sum of the largest t' against that of the largest t, for all t <= t'; sums by sorting."""
    ordered = sorted(shares.scores.tolist(), reverse=True)
    sums = [sum(ordered[:t]) for t in range(len(ordered) + 1)]
    pairs = [(t, u) for u in range(len(sums)) for t in range(u + 1)]
    lhs = [theory.top_sum_share(min(t + more, u), u) * found[u] for t, u in pairs]
    return Sides(np.array([*lhs, *sums, *found]), np.array([*(found[t] for t, _ in pairs), *found, *sums]))


FSS_P6 = Statement(
    id="fair_subset_selection/FSS-P6",
    title="Sums of the largest are concave",
    source=Derived(theory.top_sum_share),
    tex=r"\mathrm{top}_t(s) \ge (t/t')\, \mathrm{top}_{t'}(s),\quad t \le t'",
    hypotheses={"real scores": always},
    instances=SHARES,
    solve=largest_sums,
    claim=Inequality(largest),
    saboteurs=(
        saboteur("the smallest first", solve=mutants.smallest_sums),
        saboteur("one item more counts too", claim=Inequality(partial(largest, more=1))),
    ),
)


def exchanged(pair: ScorePair, found: list) -> Sides:
    """The share of the best score against that of the items that the other scores choose, t = 0, ..., m of them."""
    lhs, rhs = [], []
    for size, items in enumerate(found):
        ordered = sorted(range(len(pair.scores)), key=lambda i: -pair.scores[i])[:size]
        share = theory.exchange_ratio(pair.scores, ordered, items) if len({int(i) for i in items}) == size else 1
        lhs.append(share * sum(pair.scores[i] for i in ordered))
        rhs.append(sum(pair.scores[int(i)] for i in items))
        lhs.append(sum(sorted(pair.observed)[::-1][:size]))  # the chosen are the best by the other scores
        rhs.append(sum(pair.observed[int(i)] for i in set(map(int, items))))
    return Sides(np.array(lhs), np.array(rhs))


def all_kept(pair: ScorePair, found: list) -> Sides:
    """The best score against that of the chosen, without the share."""
    best_sums = [sum(sorted(pair.scores)[::-1][:size]) for size in range(len(found))]
    return Sides(np.array(best_sums), np.array([sum(pair.scores[int(i)] for i in items) for items in found]))


FSS_P5 = Statement(
    id="fair_subset_selection/FSS-P5",
    title="Exchange: what the best by other scores keep",
    source=Derived(theory.exchange_ratio),
    tex=r"s(B) \ge s(A) \min_{i \in A - B,\, j \in B - A} \min(1, s_j/s_i)",
    hypotheses={"scores at or above zero": lambda pair: bool((pair.scores >= 0).all())},
    instances=PAIRS,
    solve=chosen_by,
    claim=Inequality(exchanged),
    saboteurs=(
        saboteur("the next best items", solve=mutants.next_best),
        saboteur("all of it", claim=Inequality(all_kept)),
    ),
)

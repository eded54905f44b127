"""Lazy greedy selection: its steps, the marginals that it evaluates, and its certificate."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lrtheory.bounds import Classical, Derived, Family, Identity, Inequality, Sides, Statement, formula, saboteur
from lrtheory.fair_subset_selection import select
from lrtheory.fair_subset_selection.selection import chamberlin_courant, greedy
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries
from proofs_checks.fair_subset_selection.families.panels import (
    ALWAYS,
    NO_UPDATE,
    PANELS,
    SUBMODULAR,
    Choice,
    Panel,
    apart,
    check_feasible,
    chosen,
    falls,
    feasible_sets,
    gain_rounding,
    is_feasible,
    of_kinds,
    optimum,
    score,
    step_rounding,
    trap,
)
from proofs_checks.fair_subset_selection.families.small_panels import COVERING, within_quotas

#: where a bound of an earlier step is too large, and where a kept marginal is
STALE = apart([[0, 1, 2, 3]], "pav", 1, 3, (0, 0), (2, 1))
LIFTED = apart([[0, 1, 2, 3], [1, 0, 2, 3]], "borda-cc", 1, 2, (0, 0), (1, 1))
STEPS = Family("greedy-steps", always=(*ALWAYS[2:], trap(3), STALE, LIFTED), draw=of_kinds(*SUBMODULAR))


def both_methods(panel: Panel, rng: np.random.Generator) -> tuple[Choice, Choice]:
    """Select by the plain and by the lazy method, in this order."""
    found = [chosen(panel, rng, method=method) for method in ("greedy", "lazy")]
    return tuple(Choice(one.items, one.score, one.gains) for one in found)


def eligible(panel: Panel, items: list[int]) -> list[int]:
    """List the items that fit beside the given ones: some set within the quotas holds them all."""
    rest = [i for i in range(panel.n_items) if i not in items]
    # the rule of the kernel is a formula with free seats; here it is looked up in the list of all sets
    sets = [set(one) for one in feasible_sets(panel)]
    return [i for i in rest if any({*items, i} <= one for one in sets)]


def step_by_step(panel: Panel, found: tuple[Choice, Choice]) -> Sides:
    """Compare items, gains and scores of both methods with the largest marginals by definition, least number first."""
    items, gains = [], []
    # the steps of the definition, with marginals as differences of two scores and without any kept value
    for _ in range(panel.k):
        base = score(panel, items)
        marginals = {i: score(panel, [*items, i]) - base for i in eligible(panel, items)}
        best = min(marginals, key=lambda i: (-marginals[i], i))
        items, gains = [*items, best], [*gains, marginals[best]]
    lhs = [x for one in found for x in (*one.items, *one.gains, one.score)]
    return Sides(np.array(lhs), np.array([*items, *gains, score(panel, items)] * 2), rounding=gain_rounding(panel))


FSS_A4 = Statement(
    id="fair_subset_selection/FSS-A4",
    title="The lazy method picks what the plain one picks, which is the largest marginal",
    says=(
        "After the items S_{t-1} of the first t - 1 steps, the plain and the lazy greedy method both choose as item "
        "i_t the one with the largest marginal F(S_{t-1} + i) - F(S_{t-1}) among the items i that fit the quotas, and "
        "of several such items the one with the smallest number."
    ),
    source=Classical("accelerated greedy", "M. Minoux, Optimization Techniques, 1978"),
    tex=r"i_t = \min \arg\max_{i \text{ fits}} F(S_{t-1} + i) - F(S_{t-1})",
    hypotheses={"OWA weights do not increase": falls, "feasible quotas": is_feasible},
    instances=STEPS,
    for_all=(within_quotas(COVERING[2:4], "Borda-CC or 2-approval PAV"),),
    solve=both_methods,
    decisions=("*.items",),
    claim=Identity(step_by_step),
    saboteurs=(
        saboteur(
            # the first item by old bounds is taken: right where the order of the marginals never changes
            "a stale bound is trusted",
            patch=(greedy.greedy_steps, "if lazy and best >= 0 and bound[i] < bound[best]:", "if lazy and best >= 0:"),
        ),
        saboteur(
            # seen where items tie, and nowhere else
            "the larger number first",
            patch=(greedy.greedy_steps, "priority[i] < priority[best]", "priority[i] > priority[best]"),
        ),
        saboteur("marginals of the empty set", patch=NO_UPDATE),
        saboteur(
            "kept marginals never fall",
            patch=(chamberlin_courant.representation_steps, "marginals -=", "ignored ="),
        ),
        # the part of a value above the new level is taken off too, though it was never there to lose
        saboteur("kept marginals fall too far", patch=(chamberlin_courant.between, "min(most, value)", "value")),
    ),
)


@dataclass(frozen=True)
class Counts:
    """The plain greedy choice, and how many marginals it and the lazy one evaluate."""

    items: np.ndarray
    plain: int
    lazy: int


def counts_all(panel: Panel, rng: np.random.Generator) -> Counts:
    """Count for the lazy method every item in every step."""
    found = select(panel.rankings, panel.rule, panel.k, **panel.quotas, method="greedy")
    # the plain method passes over chosen items, which this count does not
    return Counts(found.items, found.counts["evaluations"], panel.k * panel.n_items)


def counted(panel: Panel, rng: np.random.Generator) -> Counts:
    """Select by both methods, and count the marginals that each evaluates."""
    plain, lazy = (chosen(panel, rng, method=method) for method in ("greedy", "lazy"))
    return Counts(plain.items, plain.counts["evaluations"], lazy.counts["evaluations"])


@formula(m="[0, inf)", k="[0, m]")
def naive_evaluations(m: int, k: int) -> int:
    """Plain greedy selection of k of m items without quotas evaluates as many marginals as this.

    Lazy selection evaluates no more.

    Proof
    -----
    Assumes: there are no quotas, so that every unused item fits; with quotas FSS-C1 counts the items that fit.

    Proof: step t = 0, ..., k - 1 evaluates the marginals of all m - t items that are left, once each. The lazy method
    goes through the same items by decreasing old bound and stops early, so that in each step it evaluates each of them
    at most once.
    """
    return k * m - k * (k - 1) // 2


def evaluations(panel: Panel, found: Counts) -> Sides:
    """Compare the evaluations of the plain method with the items that fit, and those of the lazy one with the plain."""
    items, expected, entries = [], 0, Entries()
    for item in check_feasible(panel, found.items):
        expected += len(eligible(panel, items))
        items.append(item)
    first = len(eligible(panel, []))  # every item that fits is evaluated once at least
    # without quotas the number is held against its closed form
    if (panel.low == 0).all() and (panel.high >= panel.n_items).all():
        expected = naive_evaluations(panel.n_items, panel.k)
    entries.equal(found.plain, expected)
    entries.at_most([found.lazy, first], [found.plain, found.lazy])
    return entries.sides()


FSS_C1 = Statement(
    id="fair_subset_selection/FSS-C1",
    title="The lazy method evaluates no more marginals than the plain one",
    says=(
        "In each step t < k the plain greedy method evaluates the marginal of every item i that fits the quotas once, "
        "which makes #_greedy evaluations in all. The lazy method, which skips items by their older marginals, makes "
        "#_lazy, which is no more."
    ),
    source=Derived(naive_evaluations),
    tex=r"\#_{\mathrm{lazy}} \le \#_{\mathrm{greedy}} = \sum_{t < k} |\{i \text{ fits at } t\}|",
    hypotheses={"feasible quotas": is_feasible},
    instances=PANELS,
    for_all=(within_quotas(COVERING[2:3], "Borda-CC"),),
    solve=counted,
    closed="only our own kernels count the marginals that they evaluate",
    claim=Inequality(evaluations, unbounded="a method may evaluate marginals as often as it likes"),
    saboteurs=(
        saboteur(
            "items that do not fit are evaluated",
            patch=(
                greedy.fitting,
                "unused[i] and count[g] < high[g] and (count[g] < low[g] or free > 0)",
                "unused[i]",
            ),
        ),
        saboteur("every item in every step", solve=counts_all),
    ),
)


@dataclass(frozen=True)
class Certified:
    """A choice, its score, a certified bound on all sets within the quotas, and the difference of the two."""

    items: np.ndarray
    value: float
    bound: float
    gap: float


def no_gap(panel: Panel, rng: np.random.Generator) -> Certified:
    """Certify that the choice is optimal."""
    found = select(panel.rankings, panel.rule, panel.k, **panel.quotas, method="greedy")
    # right wherever greedy selection finds an optimum, which it does on most small panels
    return Certified(found.items, found.score, float(found.score), 0.0)


def smaller_bound(panel: Panel, rng: np.random.Generator) -> Certified:
    """Certify half of the gap."""
    known = select(panel.rankings, panel.rule, panel.k, **panel.quotas, method="greedy").certificate
    # still above the optimum on most panels: the enumeration of the bound itself has to tell
    return Certified(known.items, known.achieved, known.achieved + known.gap / 2, known.gap / 2)


def certified(panel: Panel, rng: np.random.Generator) -> Certified:
    """Select greedily, and return the choice with its certificate."""
    known = chosen(panel, rng, method="greedy").certificate
    return Certified(known.items, known.achieved, known.bound, known.gap)


def total(panel: Panel) -> Fraction:
    """Compute the score of all items together, which bounds that of every set, since scores are monotone."""
    return score(panel, range(panel.n_items))


def bounded(panel: Panel, found: Certified) -> Sides:
    """Compare the optimum with the certified bound; bound, value and gap with their definitions."""
    items, entries = check_feasible(panel, found.items), Entries()
    value, cut = score(panel, items), len(items)
    allowed = gain_rounding(panel) + step_rounding(panel, value)
    marginals = {i: score(panel, [*items, i], cut) - value for i in range(panel.n_items) if i not in items}
    # the largest sum is over the sets within the quotas, found by enumeration; chosen items add nothing again
    gap = max(sum(marginals.get(i, Fraction(0)) for i in one) for one in feasible_sets(panel))
    # the theorem itself; the equalities below hold the report to its definition
    entries.at_most(optimum(panel), found.bound, trivial=total(panel), rounding=allowed)
    entries.equal([found.value, found.bound, found.gap], [value, value + gap, gap], rounding=allowed)
    return entries.sides()


FSS_G5_BOUND = Statement(
    id="fair_subset_selection/FSS-G5-bound",
    title="The certificate of a greedy choice bounds the optimum within the quotas",
    says=(
        "For the greedy set S of k items, no set O within the quotas has a larger score than F(S) plus the largest sum "
        "over the items i of such a set of the marginals F_k(i | S) = F_k(S + i) - F_k(S), where F_k is the score F "
        "with OWA weights of 0 after the first k."
    ),
    source=Classical("bound by marginals", "M. Minoux, Optimization Techniques, 1978"),
    tex=r"\max_O F(O) \le F(S) + \max_O \sum_{i \in O} F_k(i|S)",
    hypotheses={"OWA weights do not increase": falls, "feasible quotas": is_feasible},
    instances=STEPS,
    for_all=(within_quotas(COVERING[2:4], "Borda-CC or 2-approval PAV"),),
    solve=certified,
    decisions=("items",),
    claim=Inequality(bounded, unbounded=REPORTS),
    saboteurs=(
        saboteur("the value is the bound", solve=no_gap),
        saboteur("half of the gap", solve=smaller_bound),
    ),
    notes="F_k has no more than the first k weights lambda: on sets of k items it is F.",
)

"""Statements on rules in which items of one ranking compete: greedy selection, its shares of OPT, its certificates."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Identity,
    Inequality,
    OutcomeError,
    Recorded,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from lrtheory.fair_subset_selection import theory
from lrtheory.fair_subset_selection.selection import chamberlin_courant, greedy
from proofs_checks.fair_subset_selection import wrong_solvers
from proofs_checks.fair_subset_selection.families.judged import all_scores
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries, check_set
from proofs_checks.fair_subset_selection.families.panels import (
    CONVEX,
    FREE_PANELS,
    PANELS,
    STEPS,
    SUBMODULAR_PANELS,
    TRAPS,
    Certified,
    Choice,
    Counts,
    Panel,
    feasible_sets,
    optimum,
    owa,
    score,
)
from proofs_checks.fair_subset_selection.separable import chosen, is_feasible

#: greedy selection that forgets what it has chosen: every marginal is that of the empty set
NO_UPDATE = (greedy.greedy_steps, "insert(values[best], top)", "pass")
FISHER = Classical(
    "greedy maximization over a partition matroid", "Fisher, Nemhauser, Wolsey, Mathematical Programming Study 8, 1978"
)
NEMHAUSER = Classical("greedy maximization", "Nemhauser, Wolsey, Fisher, Mathematical Programming 14, 1978")


def falls(panel: Panel) -> bool:
    """Return True if the OWA weights do not increase, up to the one beyond k."""
    lam = owa(panel.kind, panel.k + 1)
    return all(a >= b for a, b in pairwise(lam))


def plainly(panel: Panel, rng: np.random.Generator) -> np.ndarray:
    """Select greedily, and return the items in the order of their choice."""
    return chosen(panel, rng, method="greedy").items


def share_of_optimum(panel: Panel, items: np.ndarray, share) -> Sides:
    """Compare the loss of the optimum within the quotas with the part of it that a share leaves."""
    entries = Entries()
    entries.kept(optimum(panel), score(panel, check_feasible(panel, items)), share(panel.k))
    return entries.sides()


def check_feasible(panel: Panel, items: np.ndarray) -> list[int]:
    """Return the items of a set; raise an OutcomeError if they do not keep the quotas."""
    found = check_set(items, panel.n_items, panel.k)
    counts = np.bincount(np.asarray(panel.groups, dtype=np.int64)[found], minlength=len(panel.low))
    if (counts < panel.low).any() or (counts > panel.high).any():
        raise OutcomeError(f"a set must keep the quotas; got {counts.tolist()} items of the groups")
    return found


def a_fiftieth_more(k: int) -> Fraction:
    """Return a share that is a fiftieth above the theorem's, and 1 for one item, where the theorem has 1 already."""
    return min(theory.greedy_ratio(k) + Fraction(1, 50), Fraction(1))


# the share without k is that with quotas, for every k
half = partial(share_of_optimum, share=lambda k: theory.greedy_ratio())

FSS_G1 = Statement(
    id="fair_subset_selection/FSS-G1",
    title="Greedy selection under quotas gets half of the optimum",
    says=(
        "If OWA weights do not increase, greedy selection, which adds the item with the largest marginal that fits the "
        "quotas of disjoint groups, ends with a set whose score F is at least half of the largest of any set S within "
        "the quotas."
    ),
    source=FISHER,
    tex=r"F(S_{\mathrm{greedy}}) \ge \tfrac12 \max_{S \text{ within the quotas}} F(S)",
    hypotheses={"OWA weights do not increase": falls, "feasible quotas": is_feasible},
    instances=SUBMODULAR_PANELS,
    solve=plainly,
    decisions=("outcome",),
    claim=Inequality(half),
    saboteurs=(
        # greedy gets 10/19 on the trap of b = 9, which is below six tenths; most panels keep more
        saboteur("six tenths", claim=Inequality(partial(share_of_optimum, share=lambda k: Fraction(3, 5)))),
        saboteur("the smallest marginal", solve=wrong_solvers.smallest_marginal),
    ),
    notes="The tight instances are those of `make_greedy_trap`: (b + 1) / (2 b + 1) of the optimum.",
)

FSS_G2 = Statement(
    id="fair_subset_selection/FSS-G2",
    title="Greedy selection without quotas gets 1 - (1 - 1/k)^k of the optimum",
    says=(
        "If OWA weights do not increase, greedy selection of k items without quotas ends with a set whose score F is "
        "at least 1 - (1 - 1/k)^k times OPT, the largest score of any k items."
    ),
    source=NEMHAUSER,
    tex=r"F(S_{\mathrm{greedy}}) \ge (1 - (1 - 1/k)^k)\, \mathrm{OPT}",
    hypotheses={
        "OWA weights do not increase": falls,
        "no quotas": lambda panel: bool((panel.low == 0).all() and (panel.high >= panel.n_items).all()),
    },
    instances=FREE_PANELS,
    solve=plainly,
    decisions=("outcome",),
    claim=Inequality(partial(share_of_optimum, share=theory.greedy_ratio)),
    saboteurs=(
        saboteur("marginals of the empty set", patch=NO_UPDATE),
        # the voters of `columns_first` and `middle_first` attain the bound, so that no larger one is right
        saboteur("a fiftieth more", claim=Inequality(partial(share_of_optimum, share=a_fiftieth_more))),
        # half of the optimum is all that greedy selection keeps under quotas
        saboteur("quotas", breaks="no quotas", instances=TRAPS),
    ),
)


# --- steps, lazy and plain -------------------------------------------------------------------------------------------


def both_methods(panel: Panel, rng: np.random.Generator) -> tuple[Choice, Choice]:
    """Select by the plain and by the lazy method, in this order."""
    found = [chosen(panel, rng, method=method) for method in ("greedy", "lazy")]
    return tuple(Choice(one.items, one.score, one.gains) for one in found)


def counted(panel: Panel, rng: np.random.Generator) -> Counts:
    """Select by both methods, and count the marginals that each evaluates."""
    plain, lazy = (chosen(panel, rng, method=method) for method in ("greedy", "lazy"))
    return Counts(plain.items, plain.counts["evaluations"], lazy.counts["evaluations"])


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


def gain_rounding(panel: Panel) -> float:
    """Bound the rounding of gains: the thirds of PAV round, the gains of all other rules are exact."""
    return rounding(16 * panel.n_items * len(panel.positions), len(panel.positions)) if panel.kind == "pav" else 0.0


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


def evaluations(panel: Panel, found: Counts) -> Sides:
    """Compare the evaluations of the plain method with the items that fit, and those of the lazy one with the plain."""
    items, expected, entries = [], 0, Entries()
    for item in check_feasible(panel, found.items):
        expected += len(eligible(panel, items))
        items.append(item)
    first = len(eligible(panel, []))  # every item that fits is evaluated once at least
    # without quotas the number is held against its closed form
    if (panel.low == 0).all() and (panel.high >= panel.n_items).all():
        expected = theory.naive_evaluations(panel.n_items, panel.k)
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
    source=Derived(theory.naive_evaluations),
    tex=r"\#_{\mathrm{lazy}} \le \#_{\mathrm{greedy}} = \sum_{t < k} |\{i \text{ fits at } t\}|",
    hypotheses={"feasible quotas": is_feasible},
    instances=PANELS,
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
        saboteur("every item in every step", solve=wrong_solvers.counts_all),
    ),
)


def certified(panel: Panel, rng: np.random.Generator) -> Certified:
    """Select greedily, and return the choice with its certificate."""
    known = chosen(panel, rng, method="greedy").certificate
    return Certified(known.items, known.achieved, known.bound, known.gap)


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


def total(panel: Panel) -> Fraction:
    """Compute the score of all items together, which bounds that of every set, since scores are monotone."""
    return score(panel, range(panel.n_items))


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
    solve=certified,
    decisions=("items",),
    claim=Inequality(bounded, unbounded=REPORTS),
    saboteurs=(
        saboteur("the value is the bound", solve=wrong_solvers.no_gap),
        saboteur("half of the gap", solve=wrong_solvers.smaller_bound),
    ),
    notes="F_k has no more than the first k weights lambda: on sets of k items it is F.",
)


def step_rounding(panel: Panel, magnitude) -> float:
    """Bound the rounding of a ratio of this magnitude, which is computed in doubles."""
    return rounding(64 * panel.n_items, float(magnitude))


# --- the function ----------------------------------------------------------------------------------------------------


def diminishing(panel: Panel, values: np.ndarray) -> Sides:
    """Compare F(A) + F(A + i + j) with F(A + i) + F(A + j), F(A) with F(A + i), and all values with their definition.

    Bit i of the index of a value, the mask, says that item i is in the set A.
    """
    m, entries = panel.n_items, Entries()
    if np.shape(values) != (1 << m,):
        raise OutcomeError(f"an outcome must be the scores of {1 << m} sets, by bit mask")
    for mask in range(1 << m):
        outside = [i for i in range(m) if not mask >> i & 1]
        for i in outside:
            entries.at_most(values[mask], values[mask | 1 << i], rounding=gain_rounding(panel))
            for j in outside[: outside.index(i)]:  # every pair once
                both = values[mask] + values[mask | 1 << i | 1 << j]
                entries.at_most(both, values[mask | 1 << i] + values[mask | 1 << j], rounding=gain_rounding(panel))
        inside = [i for i in range(m) if mask >> i & 1]
        entries.equal(values[mask], score(panel, inside), rounding=gain_rounding(panel))
    return entries.sides()


FSS_G5 = Statement(
    id="fair_subset_selection/FSS-G5",
    title="Scores are monotone and submodular",
    says=(
        "If OWA weights do not increase, an item i raises the score F of a set A by no less than it raises that of A "
        "with another item j added, which is submodularity, and no item lowers a score."
    ),
    source=Classical("OWA scores", "P. Skowron, P. Faliszewski, J. Lang, Artificial Intelligence 241, 2016"),
    tex=r"F(A + i) + F(A + j) \ge F(A) + F(A + i + j),\quad F(A + i) \ge F(A)",
    hypotheses={"OWA weights do not increase": falls},
    instances=PANELS,
    solve=all_scores,
    claim=Inequality(diminishing, unbounded="scores may be any numbers, which grow with the panel"),
    saboteurs=(
        # squares are monotone too: only the inequality of submodularity tells
        saboteur("squares of the scores", solve=wrong_solvers.squared_scores),
        # with weights 1, 2, 3, ... the second item of a ranking adds more than the first
        saboteur("weights that increase", breaks="OWA weights do not increase", instances=CONVEX),
    ),
)


FSS_H1 = Statement(
    id="fair_subset_selection/FSS-H1",
    title="Hardness: Chamberlin-Courant scores, and quotas of groups that overlap",
    says=(
        "To find k items with the largest Chamberlin-Courant score is NP-hard, and for quotas of disjoint groups 1 - "
        "1/e is the largest share of the optimum that a polynomial algorithm can promise, unless P = NP. If groups "
        "overlap, already the question whether a set meets all quotas is NP-hard."
    ),
    source=Classical("hardness of multiwinner voting", "L. E. Celis, L. Huang, N. K. Vishnoi, IJCAI 2018"),
    tex=r"\text{NP-hard; } 1 - 1/e \text{ is the best polynomial ratio for disjoint groups}",
    hypotheses={},
    instances=SUBMODULAR_PANELS,
    solve=plainly,
    claim=Recorded("a statement about all algorithms", carried_by="fair_subset_selection/FSS-G1"),
)

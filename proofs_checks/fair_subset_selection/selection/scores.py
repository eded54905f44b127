"""Scores of items and of sets."""

from __future__ import annotations

import numpy as np

from lrtheory._numbers import exact, numbers
from lrtheory._types import ArrayLike
from lrtheory.bounds import (
    Classical,
    Derived,
    Family,
    Identity,
    Inequality,
    Number,
    OutcomeError,
    Sides,
    Statement,
    formula,
    saboteur,
)
from lrtheory.fair_subset_selection import Rankings, ScoreRule, committee_score, item_scores
from proofs_checks.fair_subset_selection.families.outcomes import Entries
from proofs_checks.fair_subset_selection.families.panels import (
    PANELS,
    Panel,
    alike,
    falls,
    gain_rounding,
    rule_of,
    score,
    weights,
)
from proofs_checks.fair_subset_selection.families.small_panels import ADDING, COVERING, without_any

SMALL = without_any(
    (ADDING + COVERING, 3, 2),
    words=(
        "pairs of a panel of one or two rankings of three items and a rule: SNTV, 2-Bloc, Borda, 1- or 2-approval CC, "
        "Borda-CC, 2-approval PAV or OWA"
    ),
)


def forgets_the_last(panel, rng: np.random.Generator) -> np.ndarray:
    """Score with the first ranking in place of the last one, which does not count."""
    # as many rankings as before, so that all scores together still have the right sum
    return item_scores(Rankings(np.vstack([panel.positions[:-1], panel.positions[:1]])), panel.rule)


def reversed_borda(panel, rng: np.random.Generator) -> np.ndarray:
    """Score with p points for the item at place p, as the code that was published with the paper does."""
    # over uniform rankings the scores have the same law, and their sum is right in any
    m = panel.n_items
    return item_scores(panel.rankings, ScoreRule("positional", position_weights=np.arange(m)))


def scores(panel: Panel, rng: np.random.Generator) -> np.ndarray:
    """Compute the scores (m,) of all items by the package."""
    return item_scores(panel.rankings, panel.rule)


@formula(n="[0, inf)")
def total_score(n: Number, w: ArrayLike) -> Number:
    """The scores of all items sum to this, for n rankings and position weights w.

    Proof
    -----
    Assumes: every ranking is complete: the hypothesis of FSS-P9.

    Proof: a complete ranking gives each weight w(p) to exactly one item, whatever it ranks, so the scores that it gives
    add up to the sum of the weights. Biased rankings are complete rankings too, so that bias keeps the sum.
    """
    return exact(n) * sum(exact(weight) for weight in numbers("w", w))


def scored(panel: Panel, found: np.ndarray) -> Sides:
    """Compare the scores of single items with their definition, and their sum with the sum that all rankings have.

    The rankings are looked at too: an algorithm that wrote zeros over them would have all scores right.
    """
    places = np.asarray(panel.positions, dtype=np.int64)
    w = np.array(weights(panel.kind, panel.depth, panel.n_items))
    total = total_score(len(places), w.tolist())
    rows = np.arange(panel.n_items).tolist() * len(places)  # each row of places, sorted, is 0 .. m - 1
    lhs = [*found, sum(found), *np.sort(places, axis=1).ravel()]
    return Sides(np.array(lhs), np.array([*w[places].sum(0), total, *rows]))


FSS_P9 = Statement(
    id="fair_subset_selection/FSS-P9",
    title="All items together score the same, whatever the rankings are",
    says=(
        "In n complete rankings the scores s_i of all items i add up to n times the sum of the weights w(p) of all "
        "places p, whatever the rankings are."
    ),
    source=Derived(total_score),
    tex=r"\sum_i s_i = n \sum_p w(p)",
    hypotheses={"complete rankings": lambda panel: bool((panel.positions >= 0).all())},
    instances=PANELS,
    for_all=(SMALL,),
    solve=scores,
    claim=Identity(scored),
    saboteurs=(
        saboteur("the last ranking is forgotten", solve=forgets_the_last),
        saboteur("place p gets p points", solve=reversed_borda),
    ),
)


def all_scores(panel: Panel, rng: np.random.Generator | None = None) -> np.ndarray:
    """Compute the scores of all sets of items, (2^m,): bit i of the index says that item i is in the set.

    The package scores them, but for the rule "convex", which it does not have.
    """
    m = panel.n_items
    sets = [[i for i in range(m) if mask >> i & 1] for mask in range(1 << m)]
    if panel.kind == "convex":
        return np.array([float(score(panel, one)) for one in sets])
    rule = rule_of(panel.kind, panel.depth, m)
    return np.array([committee_score(panel.rankings, rule, one) for one in sets], dtype=float)


#: weights that increase, of which the package has no rule
CONVEX = Family("convex-panels", always=(alike(1, 3, "convex", 2),))


def squared_scores(panel: Panel, rng: np.random.Generator) -> np.ndarray:
    """Square the scores, which makes them grow faster than linearly."""
    return all_scores(panel) ** 2


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
    for_all=(SMALL,),
    solve=all_scores,
    claim=Inequality(diminishing, unbounded="scores may be any numbers, which grow with the panel"),
    saboteurs=(
        # squares are monotone too: only the inequality of submodularity tells
        saboteur("squares of the scores", solve=squared_scores),
        # with weights 1, 2, 3, ... the second item of a ranking adds more than the first
        saboteur("weights that increase", breaks="OWA weights do not increase", instances=CONVEX),
    ),
)

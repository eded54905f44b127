"""Rules in which items of one ranking compete: greedy selection, its shares of the optimum, and its certificates."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np

from lrtheory.bounds import Classical, Derived, Identity, Inequality, Recorded, Sides, Statement, rounding, saboteur
from lrtheory.fair_subset_selection import Selection, certificates, greedy, served, theory
from proofs_checks.fair_subset_selection import mutants
from proofs_checks.fair_subset_selection.families.judged import (
    CERTIFIED,
    CERTIFIED_FREE,
    CERTIFIED_TRAPS,
    Judged,
    Transfer,
    all_scores,
    latent_panel,
    transferred,
)
from proofs_checks.fair_subset_selection.families.panels import (
    CONVEX,
    FREE_PANELS,
    PANELS,
    STEPS,
    SUBMODULAR_PANELS,
    TRAPS,
    Panel,
    feasible_sets,
    optimum,
    owa,
    score,
)
from proofs_checks.fair_subset_selection.separable import chosen, is_feasible

NO_UPDATE = (greedy.greedy_steps, "insert(values[best], top)", "pass")
FISHER = Classical(
    "greedy maximization over a partition matroid", "Fisher, Nemhauser, Wolsey, Mathematical Programming Study 8, 1978"
)
NEMHAUSER = Classical("greedy maximization", "Nemhauser, Wolsey, Fisher, Mathematical Programming 14, 1978")


def falls(panel: Panel) -> bool:
    """Whether the OWA weights do not increase."""
    lam = owa(panel.kind, panel.k + 1)
    return all(a >= b for a, b in pairwise(lam))


def plainly(panel: Panel, rng: np.random.Generator) -> Selection:
    """The greedy choice."""
    return chosen(panel, rng, method="greedy")


def share_of_optimum(panel: Panel, found: Selection, share) -> Sides:
    """A share of the optimum within the quotas against the score by definition; of nothing, unless it is of k items."""
    top = optimum(panel)
    value = score(panel, found.items) if len({int(i) for i in found.items}) == panel.k else 0
    return Sides(np.array([share(panel.k) * top]), np.array([value]))


def a_fiftieth_more(k: int) -> Fraction:
    """A little more than the theorem says, and all of it for one item."""
    return min(theory.greedy_ratio(k) + Fraction(1, 50), Fraction(1))


half = partial(share_of_optimum, share=lambda k: theory.greedy_ratio())

FSS_G1 = Statement(
    id="fair_subset_selection/FSS-G1",
    title="Greedy selection under quotas gets half of the optimum",
    source=FISHER,
    tex=r"F(S_{\mathrm{greedy}}) \ge \tfrac12 \max_{S \text{ within the quotas}} F(S)",
    hypotheses={"OWA weights do not increase": falls, "feasible quotas": is_feasible},
    instances=SUBMODULAR_PANELS,
    solve=plainly,
    claim=Inequality(half),
    saboteurs=(
        saboteur("six tenths", claim=Inequality(partial(share_of_optimum, share=lambda k: Fraction(3, 5)))),
        saboteur("the smallest marginal", solve=mutants.smallest_marginal),
    ),
    notes="The tight instances are those of `make_greedy_trap`: (b + 1) / (2 b + 1) of the optimum.",
)

FSS_G2 = Statement(
    id="fair_subset_selection/FSS-G2",
    title="Greedy selection without quotas gets 1 - (1 - 1/k)^k of the optimum",
    source=NEMHAUSER,
    tex=r"F(S_{\mathrm{greedy}}) \ge (1 - (1 - 1/k)^k)\, \mathrm{OPT}",
    hypotheses={
        "OWA weights do not increase": falls,
        "no quotas": lambda panel: bool((panel.low == 0).all() and (panel.high >= panel.n_items).all()),
    },
    instances=FREE_PANELS,
    solve=plainly,
    claim=Inequality(partial(share_of_optimum, share=theory.greedy_ratio)),
    saboteurs=(
        saboteur("marginals of the empty set", patch=NO_UPDATE),
        saboteur("a fiftieth more", claim=Inequality(partial(share_of_optimum, share=a_fiftieth_more))),
        saboteur("quotas", breaks="no quotas", instances=TRAPS),
    ),
)


# --- steps, lazy and plain -------------------------------------------------------------------------------------------


def both_methods(panel: Panel, rng: np.random.Generator) -> tuple[Selection, Selection]:
    """The plain choice and the lazy one."""
    return plainly(panel, rng), chosen(panel, rng, method="lazy")


def eligible(panel: Panel, items: list[int]) -> list[int]:
    """Items that fit beside those: some set within the quotas holds them all."""
    rest = [i for i in range(panel.n_items) if i not in items]
    sets = [set(one) for one in feasible_sets(panel)]
    return [i for i in rest if any({*items, i} <= one for one in sets)]


def step_by_step(panel: Panel, found: tuple[Selection, Selection]) -> Sides:
    """Items and gains of both methods against the largest marginals by definition, the smaller number first."""
    items, gains = [], []
    for _ in range(panel.k):
        base = score(panel, items)
        marginals = {i: score(panel, [*items, i]) - base for i in eligible(panel, items)}
        best = min(marginals, key=lambda i: (-marginals[i], i))
        items, gains = [*items, best], [*gains, marginals[best]]
    lhs = [x for one in found for x in (*one.items, *one.gains)]
    return Sides(np.array(lhs), np.array([*items, *gains] * 2), rounding=gain_rounding(panel))


def gain_rounding(panel: Panel) -> float:
    """Thirds in PAV round; all other gains are exact."""
    return rounding(16 * panel.n_items * len(panel.positions), len(panel.positions)) if panel.kind == "pav" else 0.0


FSS_A4 = Statement(
    id="fair_subset_selection/FSS-A4",
    title="The lazy method picks what the plain one picks, which is the largest marginal",
    source=Classical("accelerated greedy", "M. Minoux, Optimization Techniques, 1978"),
    tex=r"i_t = \min \arg\max_{i \text{ fits}} F(S_{t-1} + i) - F(S_{t-1})",
    hypotheses={"OWA weights do not increase": falls, "feasible quotas": is_feasible},
    instances=STEPS,
    solve=both_methods,
    claim=Identity(step_by_step),
    saboteurs=(
        saboteur(
            "a stale bound is trusted",
            patch=(greedy.greedy_steps, "if lazy and best >= 0 and bound[i] < bound[best]:", "if lazy and best >= 0:"),
        ),
        saboteur(
            "the larger number first",
            patch=(greedy.greedy_steps, "priority[i] < priority[best]", "priority[i] > priority[best]"),
        ),
        saboteur("marginals of the empty set", patch=NO_UPDATE),
        saboteur("kept marginals never fall", patch=(served.served_steps, "marginals -=", "unused =")),
        saboteur("kept marginals fall too far", patch=(served.between, "min(most, worth)", "worth")),
    ),
)


def evaluations(panel: Panel, found: tuple[Selection, Selection]) -> Sides:
    """Marginals that the plain method evaluates against their number, and those of the lazy one against the plain."""
    items, expected = [], 0
    for item in map(int, found[0].items):
        expected += len(eligible(panel, items))
        items.append(item)
    plain, lazy = (one.counts["evaluations"] for one in found)
    first = len(eligible(panel, []))  # every item that fits is evaluated once at least
    if (panel.low == 0).all() and (panel.high >= panel.n_items).all():
        expected = theory.naive_evaluations(panel.n_items, panel.k)
    return Sides(np.array([plain, expected, lazy, first]), np.array([expected, plain, plain, lazy]))


FSS_C1 = Statement(
    id="fair_subset_selection/FSS-C1",
    title="The lazy method evaluates no more marginals than the plain one",
    source=Derived(theory.naive_evaluations),
    tex=r"\#_{\mathrm{lazy}} \le \#_{\mathrm{greedy}} = \sum_{t < k} |\{i \text{ fits at } t\}|",
    hypotheses={"feasible quotas": is_feasible},
    instances=PANELS,
    solve=both_methods,
    claim=Inequality(evaluations),
    saboteurs=(
        saboteur(
            "items that do not fit are evaluated",
            patch=(
                greedy.fitting,
                "open_[i] and count[g] < high[g] and (count[g] < low[g] or free > 0)",
                "open_[i]",
            ),
        ),
        saboteur("every item in every step", solve=mutants.counts_all),
    ),
)


def bounded(panel: Panel, found: Selection) -> Sides:
    """The optimum against the certified bound, value and gap against their definitions, and the other way round."""
    known, value = found.certificate, score(panel, found.items)
    lhs, rhs = [optimum(panel), known.value, value, known.gap], [known.bound, value, known.value, known.bound - value]
    return Sides(np.array(lhs), np.array(rhs), rounding=gain_rounding(panel) + step_rounding(panel, value))


FSS_G5_BOUND = Statement(
    id="fair_subset_selection/FSS-G5-bound",
    title="The certificate of a greedy choice bounds the optimum within the quotas",
    source=Classical("bound by marginals", "M. Minoux, Optimization Techniques, 1978"),
    tex=r"\max_O F(O) \le F(S) + \max_O \sum_{i \in O} F(i|S)",
    hypotheses={"OWA weights do not increase": falls, "feasible quotas": is_feasible},
    instances=STEPS,
    solve=plainly,
    claim=Inequality(bounded),
    saboteurs=(
        saboteur("the value is the bound", solve=mutants.no_gap),
        saboteur("half of the gap", solve=mutants.smaller_bound),
    ),
)


# --- the function ----------------------------------------------------------------------------------------------------


def diminishing(panel: Panel, values: np.ndarray) -> Sides:
    """F(A) + F(A + i + j) against F(A + i) + F(A + j), F(A) against F(A + i), and all values by definition."""
    m = panel.n_items
    lhs, rhs = [], []
    for mask in range(1 << m):
        outside = [i for i in range(m) if not mask >> i & 1]
        for i in outside:
            lhs.append(values[mask])
            rhs.append(values[mask | 1 << i])
            for j in outside[: outside.index(i)]:
                lhs.append(values[mask] + values[mask | 1 << i | 1 << j])
                rhs.append(values[mask | 1 << i] + values[mask | 1 << j])
        lhs.append(score(panel, [i for i in range(m) if mask >> i & 1]))
        rhs.append(values[mask])
    return Sides(np.array(lhs), np.array(rhs), rounding=gain_rounding(panel))


FSS_G5 = Statement(
    id="fair_subset_selection/FSS-G5",
    title="Scores are monotone and submodular",
    source=Classical("OWA scores", "P. Skowron, P. Faliszewski, J. Lang, Artificial Intelligence 241, 2016"),
    tex=r"F(A + i) + F(A + j) \ge F(A) + F(A + i + j),\quad F(A + i) \ge F(A)",
    hypotheses={"OWA weights do not increase": falls},
    instances=PANELS,
    solve=all_scores,
    claim=Inequality(diminishing),
    saboteurs=(
        saboteur("squares of the scores", solve=mutants.squared_scores),
        saboteur("weights that increase", breaks="OWA weights do not increase", instances=CONVEX),
    ),
)


# --- judged by other scores ------------------------------------------------------------------------------------------


def kept(judged: Judged, found: Transfer, share=None) -> Sides:
    """The certified share of the latent optimum against the latent score; c by definition from above."""
    panel = latent_panel(judged)
    value, top = score(panel, found.items), optimum(panel)
    ratio = found.ratio if share is None else share
    bound = step_ratio(judged, found)
    k = panel.k if judged.free else None
    certified = theory.certificate_ratio(Fraction(bound), k=k)
    allowed = np.array(
        [gain_rounding(panel) + step_rounding(panel, top), step_rounding(panel, 1), step_rounding(panel, 1)]
    )
    lhs = [ratio * top, found.ratio, certified]
    return Sides(np.array(lhs), np.array([value, certified, found.ratio]), rounding=allowed)


def step_rounding(panel: Panel, magnitude) -> float:
    """Rounding of the ratio, which is computed in doubles."""
    return rounding(64 * panel.n_items, float(magnitude))


def step_ratio(judged: Judged, found: Transfer) -> Fraction:
    """c: the least share that a choice has of the largest latent marginal that was there, by definition."""
    panel, items, ratios = latent_panel(judged), [], [Fraction(1)]
    for item in map(int, found.items):
        base = score(panel, items)
        others = [
            i for i in range(panel.n_items) if i not in items and (judged.free or panel.groups[i] == panel.groups[item])
        ]
        largest = max(score(panel, [*items, i]) - base for i in others)
        gain = score(panel, [*items, item]) - base
        ratios.append(Fraction(gain) / Fraction(largest) if largest > 0 else Fraction(1))
        items.append(item)
    return min(ratios)


FSS_G3 = Statement(
    id="fair_subset_selection/FSS-G3",
    title="What a choice by biased scores keeps, judged afterwards",
    source=Derived(theory.certificate_ratio),
    tex=r"F(S) \ge \frac{c}{1+c} \mathrm{OPT}_\ell,\ c = \min_t F(s_t|S_{t-1}) / \max_{i \sim s_t} F(i|S_{t-1})",
    hypotheses={"as many of each group": lambda judged: not judged.free},
    instances=CERTIFIED,
    solve=transferred,
    claim=Inequality(kept),
    saboteurs=(
        saboteur("c from the biased scores", solve=mutants.certified_by_the_biased),
        saboteur(
            "the marginals of the empty set",
            patch=(certificates.step_gains, "greedy.insert(values[picks[step]], top)", "pass"),
        ),
        saboteur(
            "seven tenths always", claim=Inequality(partial(kept, share=Fraction(7, 10))), instances=CERTIFIED_TRAPS
        ),
    ),
)

FSS_G3_FREE = Statement(
    id="fair_subset_selection/FSS-G3-free",
    title="The same without quotas",
    source=Derived(theory.certificate_ratio),
    tex=r"F(S) \ge (1 - (1 - c/k)^k)\, \mathrm{OPT},\ c = \min_t F(s_t|S_{t-1}) / \max_i F(i|S_{t-1})",
    hypotheses={"no quotas": lambda judged: judged.free},
    instances=CERTIFIED_FREE,
    solve=transferred,
    claim=Inequality(kept),
    saboteurs=(
        saboteur("c compares within the groups", solve=mutants.certified_within_groups),
        saboteur("c from the biased scores", solve=mutants.certified_by_the_biased),
    ),
)

FSS_G4 = Statement(
    id="fair_subset_selection/FSS-G4",
    title="Enough rankings for greedy selection, by smoothness of the marginals",
    source=Derived(theory.marginal_rankings_needed),
    tex=r"n \ge 3\ln(2M/\delta)/(\alpha\epsilon_0^2) \Rightarrow \bar F \ge \tfrac{\beta}{1+\beta} O_\ell",
    hypotheses={},
    instances=CERTIFIED,
    solve=transferred,
    claim=Recorded(
        "alpha of the marginals tends to 0 as the chosen items content the voters: vacuous at every size we can run",
        carried_by="fair_subset_selection/FSS-G3",
    ),
)

FSS_H1 = Statement(
    id="fair_subset_selection/FSS-H1",
    title="Hardness: Chamberlin-Courant scores, and quotas of groups that overlap",
    source=Classical("hardness of multiwinner voting", "L. E. Celis, L. Huang, N. K. Vishnoi, IJCAI 2018"),
    tex=r"\text{NP-hard; } 1 - 1/e \text{ is the best polynomial ratio for disjoint groups}",
    hypotheses={},
    instances=SUBMODULAR_PANELS,
    solve=plainly,
    claim=Recorded("a statement about all algorithms", carried_by="fair_subset_selection/FSS-G1"),
)

"""Statements on greedy choices by biased scores, whose own steps certify their worth under the latent ones."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from lrtheory.bounds import Derived, Inequality, Recorded, Sides, Statement, saboteur
from lrtheory.fair_subset_selection import certificates, theory
from proofs_checks.fair_subset_selection import wrong_solvers
from proofs_checks.fair_subset_selection.families.judged import (
    CERTIFIED,
    CERTIFIED_FREE,
    CERTIFIED_TRAPS,
    Judged,
    Transfer,
    latent_panel,
    transferred,
)
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries
from proofs_checks.fair_subset_selection.families.panels import optimum, score
from proofs_checks.fair_subset_selection.submodular import check_feasible, gain_rounding, step_rounding


def kept(judged: Judged, found: Transfer, share=None) -> Sides:
    """Compare the loss of the latent optimum with the part that the certified share leaves, and the share with c's."""
    panel, entries = latent_panel(judged), Entries()
    items = check_feasible(panel, found.items)
    # with quotas the latent panel has the chosen numbers of each group as exact quotas, so `top` is OPT_l
    value, top, k = score(panel, items), optimum(panel), panel.k if judged.free else None
    certified_share = theory.certificate_ratio(step_ratio(judged, items), k=k)
    allowed = gain_rounding(panel) + step_rounding(panel, top)
    entries.kept(top, value, certified_share if share is None else share, rounding=allowed)
    entries.equal(found.ratio, certified_share, rounding=step_rounding(panel, 1))
    return entries.sides()


def step_ratio(judged: Judged, chosen_items: list[int]) -> Fraction:
    """Compute c, the least share that a choice has of the largest latent marginal it could have had, by definition."""
    panel, items, ratios = latent_panel(judged), [], [Fraction(1)]
    for item in chosen_items:  # in the order of choice: each marginal is given the items before
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
    says=(
        "Items s_1, ..., s_k are chosen one by one, S_t being the first t. If each has a latent marginal F(s_t | "
        "S_{t-1}) of at least c times the largest of an unused item i of its group, the set S of all has a latent "
        "score F(S) of at least c/(1 + c) times OPT_l, the largest of a set with as many items of each group."
    ),
    source=Derived(theory.certificate_ratio),
    tex=r"F(S) \ge \frac{c}{1+c} \mathrm{OPT}_\ell,\ c = \min_t F(s_t|S_{t-1}) / \max_{i \sim s_t} F(i|S_{t-1})",
    hypotheses={"as many of each group": lambda judged: not judged.free},
    instances=CERTIFIED,
    solve=transferred,
    decisions=("items",),
    claim=Inequality(kept, unbounded=REPORTS),
    saboteurs=(
        # under its own scores each greedy choice has the largest marginal, so that c would always be 1
        saboteur("c from the biased scores", solve=wrong_solvers.certified_by_the_biased),
        saboteur(
            "the marginals of the empty set",
            patch=(certificates.step_gains, "greedy.insert(values[picks[step]], top)", "pass"),
        ),
        saboteur(
            # the trap's choice keeps 10/19 of the optimum
            "seven tenths always",
            claim=Inequality(partial(kept, share=Fraction(7, 10))),
            instances=CERTIFIED_TRAPS,
        ),
    ),
)

FSS_G3_FREE = Statement(
    id="fair_subset_selection/FSS-G3-free",
    title="What a choice by biased scores keeps without quotas, judged afterwards",
    says=(
        "Items s_1, ..., s_k are chosen one by one, S_t being the first t. If each has a latent marginal F(s_t | "
        "S_{t-1}) of at least c times the largest of any unused item i, the set S of all has a latent score F(S) of at "
        "least 1 - (1 - c/k)^k times OPT, the largest of any k items."
    ),
    source=Derived(theory.certificate_ratio),
    tex=r"F(S) \ge (1 - (1 - c/k)^k)\, \mathrm{OPT},\ c = \min_t F(s_t|S_{t-1}) / \max_i F(i|S_{t-1})",
    hypotheses={"no quotas": lambda judged: judged.free},
    instances=CERTIFIED_FREE,
    solve=transferred,
    decisions=("items",),
    claim=Inequality(kept, unbounded=REPORTS),
    saboteurs=(
        # right where the largest marginal is in the group of the choice
        saboteur("c compares within the groups", solve=wrong_solvers.certified_within_groups),
        saboteur("c from the biased scores", solve=wrong_solvers.certified_by_the_biased),
    ),
)

FSS_G4 = Statement(
    id="fair_subset_selection/FSS-G4",
    title="Enough rankings for greedy selection, by smoothness of the marginals",
    says=(
        "Let all marginals of sets below k items be (alpha, beta, gamma)-smooth, M of them for m items, and n "
        "independent rankings as many as stated, with eps_0 = (1 - gamma)/(1 + gamma). With probability 1 - delta the "
        "greedy choice by observed scores has a mean latent score of at least beta/(1 + beta) times the largest at its "
        "quotas, O_l."
    ),
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

"""Greedy choices by biased scores, whose own steps certify their worth under the latent ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Number, Recorded, Sides, Statement, formula, saboteur
from lrtheory.fair_subset_selection import certificates, certify_transfer, select, theory
from proofs_checks.fair_subset_selection.families.outcomes import REPORTS, Entries
from proofs_checks.fair_subset_selection.families.panels import (
    SUBMODULAR,
    Panel,
    apart,
    check_feasible,
    draw_panel,
    draw_positions,
    gain_rounding,
    optimum,
    score,
    step_rounding,
    trap,
    without_quotas,
)


@dataclass(frozen=True)
class Judged:
    """The panel that chooses, and the positions of the rankings that judge; `free` says that there are no quotas."""

    panel: Panel
    latent: np.ndarray
    free: bool


@dataclass(frozen=True)
class Transfer:
    """The items in the order of their choice, and the certified share of the latent optimum."""

    items: np.ndarray
    ratio: float


def latent_panel(judged: Judged) -> Panel:
    """Make the panel of the rankings that judge, with the quotas of the panel that chooses, or none."""
    panel = replace(judged.panel, positions=judged.latent)
    return without_quotas(panel) if judged.free else panel


def transferred(judged: Judged, rng: np.random.Generator, by: Any = None) -> Transfer:
    """Select greedily by the panel, and certify by the latent rankings, or by others."""
    panel = judged.panel
    quotas = {} if judged.free else panel.quotas
    items = select(panel.rankings, panel.rule, panel.k, method="greedy", **quotas).items
    groups = None if judged.free else panel.groups
    return Transfer(
        items, certify_transfer(by or latent_panel(judged).rankings, panel.rule, items, groups=groups).ratio
    )


TRAP = trap(9)
CERTIFIED_TRAPS = Family("certified-traps", always=(Judged(TRAP, TRAP.positions, False),))


def draw_judged(draws: Draws, free: bool = False) -> Judged:
    """Draw a panel with exact quotas, and other rankings that judge."""
    panel = draw_panel(draws, SUBMODULAR)
    # the theorem compares with sets that have as many items of each group, hence exact quotas
    met = np.bincount(panel.groups[draws.permutation(panel.n_items)[: panel.k]], minlength=len(panel.low))
    panel = replace(panel, low=met, high=met)
    return Judged(panel, draw_positions(draws, draws.integers(1, 5), panel.n_items), free)


#: what the trap's greedy choice is worth to other voters: c = 1/3, and a quarter of the optimum
OTHERS = np.repeat(np.argsort([[0, 2, 1, 3], [1, 3, 0, 2]], axis=1), [1, 3], axis=0)
#: the second choice adds nothing to the first
CONTENT = Judged(apart([[0, 1, 2, 3]], "cc", 2, 2, (2, 0), (2, 0)), np.array([[0, 2, 3, 1]]), False)
CERTIFIED = Family(
    "certified", always=(Judged(TRAP, TRAP.positions, False), Judged(TRAP, OTHERS, False), CONTENT), draw=draw_judged
)


def certified_by_the_biased(judged: Judged, rng: np.random.Generator) -> Transfer:
    """Certify by the panel that has chosen, under which each choice has the largest marginal."""
    return transferred(judged, rng, by=judged.panel.rankings)


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
        saboteur("c from the biased scores", solve=certified_by_the_biased),
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


def draw_judged_free(draws: Draws) -> Judged:
    """Draw a panel without quotas, and other rankings that judge."""
    return draw_judged(draws, free=True)


ZERO = Panel(np.array([[0, 1, 2]]), "sntv", 1, 1, np.array([0, 0, 1]), np.array([0, 0]), np.array([3, 3]))
#: the last one: the choice is the best of its group and worth nothing
CERTIFIED_FREE = Family(
    "certified-free",
    always=(
        Judged(without_quotas(TRAP), TRAP.positions, True),
        Judged(without_quotas(apart([[2, 3, 0, 1]], "cc", 2, 2, (0, 0), (2, 1))), np.array([[2, 3, 0, 1]]), True),
        Judged(ZERO, np.array([[2, 1, 0]]), True),
    ),
    draw=draw_judged_free,
)


def certified_within_groups(judged: Judged, rng: np.random.Generator) -> Transfer:
    """Compare each choice with its own group alone, though there are no quotas."""
    # a maximum over one group is at most that over all items, so that c is too large and so is the share
    items = transferred(judged, rng).items
    c = certify_transfer(latent_panel(judged).rankings, judged.panel.rule, items, groups=judged.panel.groups).step_ratio
    return Transfer(items, theory.certificate_ratio(c, k=judged.panel.k))


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
        saboteur("c compares within the groups", solve=certified_within_groups),
        saboteur("c from the biased scores", solve=certified_by_the_biased),
    ),
)


@formula(m="[1, inf)", k="[1, m]", alpha="(0, 1]", gamma="[0, 1)", delta="(0, 1)")
def marginal_rankings_needed(m: int, k: int, alpha: Number, gamma: Number, delta: Number) -> int:
    """From this number of rankings on greedy steps by observed scores are right.

    Here m is the number of items, k that of chosen ones, and alpha, gamma and delta are as for
    `theory.rankings_needed`, of the marginals of all sets below k items.

    It is the least n >= 3 log(2 M / delta) / (alpha eps_0^2), with M = m sum_{r < k} binom(m, r). Greedy selection
    keeps beta / (1 + beta) then.

    Proof
    -----
    Assumes: the rankings are independent, and the marginals F(i | A) of items given any set A of fewer than k others
    are (alpha, beta, gamma)-smooth (the caller; no instance is known on which alpha is useful). Ranges are checked.

    Proof: there are at most M such marginals, each a sum over rankings of numbers in [0, tau_1]. By Chernoff's bound
    and a union over them, all observed ones are within a factor 1 +- eps_0 of their means with probability 1 - delta.
    Where a greedy step by observed marginals prefers an item to another of its group, its latent marginal then is more
    than beta times that of the other (by smoothness, as for `theory.rankings_needed`). So each step gets at least beta
    of the largest marginal of its group, and `theory.certificate_ratio` with c = beta is what the selection keeps.
    """
    n_marginals = m * sum(math.comb(m, size) for size in range(k))
    return theory.rankings_needed(n_marginals, alpha=alpha, gamma=gamma, delta=delta)


FSS_G4 = Statement(
    id="fair_subset_selection/FSS-G4",
    title="Enough rankings for greedy selection, by smoothness of the marginals",
    says=(
        "Let all marginals of sets below k items be (alpha, beta, gamma)-smooth, M of them for m items, and n "
        "independent rankings as many as stated, with eps_0 = (1 - gamma)/(1 + gamma). With probability 1 - delta the "
        "greedy choice by observed scores has a mean latent score of at least beta/(1 + beta) times the largest at its "
        "quotas, O_l."
    ),
    source=Derived(marginal_rankings_needed),
    tex=r"n \ge 3\ln(2M/\delta)/(\alpha\epsilon_0^2) \Rightarrow \bar F \ge \tfrac{\beta}{1+\beta} O_\ell",
    hypotheses={},
    instances=CERTIFIED,
    solve=transferred,
    claim=Recorded(
        "alpha of the marginals tends to 0 as the chosen items content the voters: vacuous at every size we can run",
        carried_by="fair_subset_selection/FSS-G3",
    ),
)

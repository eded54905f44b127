"""Families of choices by one panel that are judged by another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.fair_subset_selection import certify_transfer, committee_score, select
from proofs_checks.fair_subset_selection.families.panels import (
    SUBMODULAR,
    Panel,
    apart,
    draw_panel,
    draw_positions,
    rule_of,
    score,
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


def draw_judged(draws: Draws, free: bool = False) -> Judged:
    """Draw a panel with exact quotas, and other rankings that judge."""
    panel = draw_panel(draws, SUBMODULAR)
    # the theorem compares with sets that have as many items of each group, hence exact quotas
    met = np.bincount(panel.groups[draws.permutation(panel.n_items)[: panel.k]], minlength=len(panel.low))
    panel = replace(panel, low=met, high=met)
    return Judged(panel, draw_positions(draws, draws.integers(1, 5), panel.n_items), free)


def draw_judged_free(draws: Draws) -> Judged:
    """Draw a panel without quotas, and other rankings that judge."""
    return draw_judged(draws, free=True)


TRAP = trap(9)
#: what the trap's greedy choice is worth to other voters: c = 1/3, and a quarter of the optimum
OTHERS = np.repeat(np.argsort([[0, 2, 1, 3], [1, 3, 0, 2]], axis=1), [1, 3], axis=0)
ZERO = Panel(np.array([[0, 1, 2]]), "sntv", 1, 1, np.array([0, 0, 1]), np.array([0, 0]), np.array([3, 3]))
#: the second choice adds nothing to the first
CONTENT = Judged(apart([[0, 1, 2, 3]], "cc", 2, 2, (2, 0), (2, 0)), np.array([[0, 2, 3, 1]]), False)
CERTIFIED_TRAPS = Family("certified-traps", always=(Judged(TRAP, TRAP.positions, False),))
CERTIFIED = Family(
    "certified", always=(Judged(TRAP, TRAP.positions, False), Judged(TRAP, OTHERS, False), CONTENT), draw=draw_judged
)
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

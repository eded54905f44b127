"""A family of single vectors of utilities, those of a group seen theta times as large."""

from __future__ import annotations

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.fair_subset_selection import select_by_scores
from proofs_checks.fair_subset_selection.families.biased import Utilities, draw_utilities


def best_by_quota(
    panel: Utilities, rng: np.random.Generator | None = None, observed=None, quotas=True
) -> list[np.ndarray]:
    """Select by observed utilities at the quota of the latent optimum, for k = 1, ..., m.

    `observed` replaces the biased utilities, and `quotas` set to False lifts the quota; both are for wrong solvers.
    """
    latent, down = panel.utilities[0], panel.disadvantaged
    seen = np.where(down, panel.theta * latent, latent) if observed is None else observed
    found = []
    for k in range(1, len(latent) + 1):
        best = select_by_scores(latent, k).items
        bounds = {"groups": down.astype(int), "quota": {1: int(down[best].sum())}} if quotas else {}
        found.append(select_by_scores(seen, k, **bounds).items)
    return found


def draw_single(draws: Draws) -> Utilities:
    """Draw one vector of utilities."""
    return draw_utilities(draws, n=1)


SINGLE = Family(
    "single",
    always=(
        Utilities(np.array([[3.0, 2.0, 1.0]]), np.array([True, False, False]), 0.5),
        Utilities(np.array([[4.0, 1.0, 3.0, 1.0]]), np.array([True, True, False, False]), 0.125),
    ),
    draw=draw_single,
)

"""Functions that the figures share: cultures, rules, random halves, and the share that a choice keeps at each quota."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from lrtheory.fair_subset_selection import Rankings, ScoreRule, item_scores, quota_curves

CULTURES = ("impartial-culture", "urn", "mallows", "norm-mallows", "single-peaked")
RULES: Mapping[str, ScoreRule] = {
    "Borda": ScoreRule("borda"),
    "10-Bloc": ScoreRule("bloc", depth=10),
    "SNTV": ScoreRule("sntv"),
}
TITLES = {"impartial-culture": "impartial culture", "mallows": "Mallows", "norm-mallows": "normalized Mallows"}


def random_half(m: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the mask (m,) of a uniform half of the items, the disadvantaged ones."""
    return rng.permutation(m) < m // 2


def kept(
    latent: Rankings,
    observed: Rankings,
    disadvantaged: np.ndarray,
    k: int,
    *,
    ties: Literal["index", "random"],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute F(S_l) / OPT for every rule and quota l = 0 .. k, (rules, k + 1), and without a quota, (rules,)."""
    shares, free = np.zeros((len(RULES), k + 1)), np.zeros(len(RULES))
    for row, rule in enumerate(RULES.values()):
        scores = item_scores(latent, rule), item_scores(observed, rule)
        curves = quota_curves(*scores, k, disadvantaged=disadvantaged, ties=ties, rng=rng)
        optimum = curves.optima.max()
        shares[row], free[row] = curves.values[0] / optimum, curves.unconstrained[0] / optimum
    return shares, free


def best_quota(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the largest mean over runs of any quota, and its standard error; the last axes are quotas and runs."""
    mean = shares.mean(axis=-1)
    error = shares.std(axis=-1, ddof=1) / np.sqrt(shares.shape[-1])
    best = mean.argmax(axis=-1)[..., None]
    return np.take_along_axis(mean, best, -1)[..., 0], np.take_along_axis(error, best, -1)[..., 0]


def chosen_apart(shares: np.ndarray) -> np.ndarray:
    """Compute the mean of the best quota without the upward bias that `best_quota` has, as a maximum of noisy means.

    The quota is chosen on every other run and judged on the rest, and the other way round.
    """
    halves = shares[..., ::2].mean(axis=-1), shares[..., 1::2].mean(axis=-1)
    values = [
        np.take_along_axis(judge, choose.argmax(axis=-1)[..., None], -1)[..., 0]
        for choose, judge in (halves, halves[::-1])
    ]
    return np.mean(values, axis=0)


def draw_line(axis: Any, x: Any, line: tuple[np.ndarray, np.ndarray], **options: Any) -> None:
    """Draw means with two standard errors."""
    axis.errorbar(x, line[0], yerr=2 * line[1], **{"markersize": 4, "capsize": 2, **options})

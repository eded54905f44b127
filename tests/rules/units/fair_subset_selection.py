"""Units of fair subset selection: what a place is worth, scores, utilities, and how many voters a ballot stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import fair_subset_selection as fss

POSITIONS = fss.sample_rankings("impartial-culture", 7, 6, rng=2).positions
PANEL, OTHER = fss.Rankings(POSITIONS), fss.sample_rankings("impartial-culture", 7, 6, rng=5)
WEIGHTS = np.array([7.0, 4.5, 3.25, 1.0, 0.3, 0.0])
GROUPS = np.array([0, 1, 0, 1, 0, 1])
SCORES = np.array([0.3, 0.1, 0.7, 0.2, 0.6, 0.25])
RUNS = np.array([SCORES, SCORES[::-1], [0.4, 0.4, 0.1, 0.9, 0.2, 0.3]])
UTILITIES = np.array([[4.0, 3.5, 2.0, 1.5], [1.0, 3.0, 0.5, 2.5]])
BORDA, CC = fss.ScoreRule("borda"), fss.ScoreRule("borda-cc")
TEAMS = {"team": GROUPS, "site": np.array([0, 0, 1, 1, 2, 2])}


def separable(u: float) -> fss.ScoreRule:
    """A sum over items, with position weights in units of u."""
    return fss.ScoreRule("positional", position_weights=u * WEIGHTS)


def competing(u: float) -> fss.ScoreRule:
    """A rule in which items compete."""
    return fss.ScoreRule("owa", position_weights=u * WEIGHTS, owa=[1, 0.5, 0.2])


def best_counts(u: float) -> fss.ScoreRule:
    """A rule in which the best item of each ranking counts alone."""
    return fss.ScoreRule("owa", position_weights=u * WEIGHTS, owa=[1])


def voters(u: float) -> fss.Rankings:
    """The ballots of the panel, behind each of which stand so many voters times u."""
    return PANEL.with_weights(u * np.array([3.0, 1.0, 2.0, 0.5, 1.5, 1.0, 0.25]))


def chosen(u: float, panel: fss.Rankings, rule: fss.ScoreRule, **options: Any) -> tuple[Any, ...]:
    """Items, their score, the gains and the certified bound."""
    found = fss.select(panel, rule, 3, **options)
    known = found.certificate
    gains = () if found.gains is None else (found.gains / u,)
    certified = () if known is None else (known.bound / u, known.gap / u, np.array(known.verify((panel, rule))))
    return found.items, np.array(found.score / u), *gains, *certified


def by_scores(u: float) -> tuple[Any, ...]:
    """A choice by given scores."""
    found = fss.select_by_scores(u * SCORES, 3, groups=GROUPS, quota={1: 1})
    return found.items, np.array(found.score / u), found.gains / u


def curves(u: float, latent: bool) -> tuple[Any, ...]:
    """What every quota is worth, in units of the latent scores."""
    found = fss.quota_curves(SCORES * (u if latent else 1), RUNS * (1 if latent else u), 3, disadvantaged=GROUPS == 1)
    unit = u if latent else 1.0
    return found.quotas, found.values / unit, found.optima / unit, found.unconstrained / unit, found.chosen_quotas


def swept(latent: fss.Rankings, observed: fss.Rankings, rule: fss.ScoreRule, u: float, **options: Any) -> tuple:
    """What every quota keeps."""
    found = fss.quota_sweep(latent, observed, rule, 3, disadvantaged=GROUPS == 1, **options)
    return found.ratios, found.best, found.scores / u, np.array(found.optimum / u), found.unconstrained


def certified(u: float, latent: fss.Rankings, rule: fss.ScoreRule, **options: Any) -> tuple[Any, ...]:
    """A choice judged by others."""
    found = fss.certify_transfer(latent, rule, [4, 0, 3], **options)
    shares = found.ratio, found.step_ratio, np.array(found.verify((latent, rule)))
    return *shares, found.bound / u, np.array(found.achieved / u), found.gap / u, found.gains / u, found.largest / u


def smooth(u: float, rankings: bool) -> tuple[Any, ...]:
    """alpha and gamma, which are shares; of rankings, or of exact mean scores."""
    rule = separable(u)
    pair = (PANEL, OTHER) if rankings else (u * SCORES, u * RUNS[2])
    found = fss.smoothness(*pair, rule, groups=GROUPS)
    upper = found.gamma_upper(0.5) if rankings else found.gamma(0.5)
    return found.alpha, found.lower, found.betas, found.gammas, found.latent / u, upper, found.beta_plus(0.3)


def biased(u: float) -> tuple[Any, ...]:
    """Rankings by utilities and by biased ones."""
    found = fss.bias_utilities(u * UTILITIES, [1, 3], 0.4, rng=0)
    return found.latent.positions, found.observed.positions


UNITS: dict[str, Callable[[float], Any]] = {
    "item_scores: position weights": lambda u: fss.item_scores(PANEL, separable(u)) / u,
    "item_scores: voters of a ballot": lambda u: fss.item_scores(voters(u), BORDA) / u,
    "committee_score: position weights": lambda u: fss.committee_score(PANEL, competing(u), [[0, 1], [2, 5]]) / u,
    "committee_score: voters of a ballot": lambda u: fss.committee_score(voters(u), CC, [[0, 1], [2, 5]]) / u,
    "select: position weights, separable": lambda u: chosen(u, PANEL, separable(u), groups=GROUPS, quota={1: 2}),
    "select: position weights, greedy": lambda u: chosen(u, PANEL, competing(u), method="greedy"),
    "select: position weights, lazy": lambda u: chosen(u, PANEL, best_counts(u), groups=GROUPS, at_least={1: 1}),
    "select: position weights, integer program of a sum": lambda u: chosen(
        u, PANEL, separable(u), groups=TEAMS, quota={"team": {1: 1}}, at_most={"site": {0: 1, 1: 1}}
    ),
    "select: position weights, integer program": lambda u: chosen(u, PANEL, competing(u), method="milp"),
    "select: position weights, by enumeration": lambda u: chosen(u, PANEL, competing(u), method="brute-force"),
    "select: voters of a ballot": lambda u: chosen(u, voters(u), BORDA),
    "select: voters of a ballot, lazy": lambda u: chosen(u, voters(u), CC),
    "select: voters of a ballot, integer program": lambda u: chosen(u, voters(u), CC, method="milp"),
    "select_by_scores: scores": by_scores,
    "quota_curves: latent scores": lambda u: curves(u, latent=True),
    "quota_curves: observed scores": lambda u: curves(u, latent=False),
    "quota_sweep: position weights": lambda u: swept(PANEL, OTHER, separable(u), u),
    "quota_sweep: position weights, lazy": lambda u: swept(PANEL, OTHER, best_counts(u), u),
    "quota_sweep: position weights, integer program": lambda u: swept(PANEL, OTHER, competing(u), u, method="milp"),
    "quota_sweep: voters of a latent ballot": lambda u: swept(voters(u), OTHER, BORDA, u),
    "quota_sweep: voters of an observed ballot": lambda u: swept(OTHER, voters(u), BORDA, 1.0),
    "separates: latent scores": lambda u: fss.separates(u * SCORES, RUNS, groups=GROUPS, beta=0.5),
    "separates: observed scores": lambda u: fss.separates(SCORES, u * RUNS, groups=GROUPS, beta=0.5),
    "smoothness: position weights": lambda u: smooth(u, rankings=True),
    "smoothness: mean scores and position weights": lambda u: smooth(u, rankings=False),
    "certify_transfer: position weights": lambda u: certified(u, PANEL, competing(u), groups=GROUPS),
    "certify_transfer: voters of a ballot": lambda u: certified(u, voters(u), CC),
    "bias_utilities: utilities": biased,
    "sample_rankings: qualities": lambda u: (
        fss.sample_rankings("plackett-luce", 9, 4, rng=1, quality=u * np.array([4.0, 1.0, 2.0, 0.5])).positions
    ),
    "sample_rankings: ranges of utilities": lambda u: (
        fss.sample_rankings("uniform-utilities", 9, 4, rng=1, scale=u * np.array([4.0, 1.0, 2.0, 0.5])).positions
    ),
    "sample_utilities: qualities": lambda u: (
        fss.sample_utilities("plackett-luce", 9, 4, rng=1, quality=u * np.array([4.0, 1.0, 2.0, 0.5])) / u
    ),
    "sample_item_scores: position weights": lambda u: (
        fss.sample_item_scores("impartial-culture", separable(u), 5, n_items=6, n_runs=2, rng=3) / u
    ),
    "ranking_blocks: qualities": lambda u: np.concatenate(
        [one.positions for one in fss.ranking_blocks("plackett-luce", 5, 3, block=2, rng=0, quality=[u, 2 * u, 3 * u])]
    ),
}
UNITLESS: dict[str, str] = {
    "bias_swaps": "takes places and probabilities",
    "group_inversions": "counts pairs of places",
    "sample_top_counts": "takes probabilities and numbers of rankings",
}

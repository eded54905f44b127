"""Baselines, the selections that a panel would make instead: in proportion to group sizes, or by chance.

Both take rankings and k and return the result of `select`, which without quotas is the third one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import generator, integer, must
from lrtheory.fair_subset_selection.answers import Selection
from lrtheory.fair_subset_selection.ballots.items import as_mask
from lrtheory.fair_subset_selection.problem import Panel, as_rankings
from lrtheory.fair_subset_selection.scores import ScoreRule, committee_score
from lrtheory.fair_subset_selection.select import select, select_by_scores
from lrtheory.fair_subset_selection.selection.quotas import Groups

__all__ = ["proportional", "random_within_groups"]


def proportional(
    rankings: Panel,
    rule: ScoreRule | str,
    k: int,
    *,
    disadvantaged: ArrayLike,
    ties: Literal["index", "random"] = "index",
    rng: Rng = None,
) -> Selection:
    r"""Choose with a quota for the group that is its share of all items times k, rounded.

    Parameters
    ----------
    rankings : Rankings, path or data frame
        The panel.
    rule : ScoreRule or str
        Score function, or the name of one without parameters.
    k : int
        Number of items.
    disadvantaged : bool array of shape (m,), or array of item numbers or names
        The group.
    ties : {"index", "random"}
        As in `select`.
    rng : Generator, int or None
        Source of randomness for `ties` "random".

    Returns
    -------
    Selection
        Choice of exactly round(k \|G2\| / m) items of the group, halves rounded to even.

    Raises
    ------
    TypeError
        If `rankings` is not a `Rankings`, or `rule` is not a `ScoreRule`.

    Examples
    --------
    >>> from lrtheory.fair_subset_selection import Rankings
    >>> panel = Rankings(orders=[[0, 1, 2, 3]])
    >>> proportional(panel, ScoreRule("borda"), 2, disadvantaged=[2, 3]).items.tolist()
    [0, 2]
    """
    rankings = as_rankings("rankings", rankings)
    m = rankings.n_items
    k, mask = integer("k", k, low=0, high=m), as_mask("disadvantaged", disadvantaged, m, rankings.names)
    quota = {True: round(k * np.count_nonzero(mask) / m)}
    return select(rankings, rule, k, groups=mask, quota=quota, ties=ties, rng=rng)


def random_within_groups(
    rankings: Panel,
    rule: ScoreRule | str,
    k: int,
    *,
    groups: Groups,
    quota: Mapping[Any, int],
    rng: Rng = None,
) -> Selection:
    """Choose at random with exact quotas, as a panel that sees no differences must (statement FSS-N1).

    Parameters
    ----------
    rankings : Rankings, path or data frame
        The panel, whose scores are not looked at.
    rule : ScoreRule or str
        Score function, or the name of one without parameters, which judges the choice alone.
    k : int
        Number of items.
    groups : array of shape (m,), mapping, path or data frame
        Group of every item, of one attribute, as in `select`.
    quota : mapping from group to int
        Items of every group.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    Selection
        Items in the order of the draw, with their score; no `gains` and no `tied`, since nothing was compared.

    Raises
    ------
    TypeError
        If `rankings` are not rankings, `rule` is not a rule, or `quota` is not a mapping.
    ValueError
        If the quotas do not sum to k, or a group is unknown or too small.

    Examples
    --------
    >>> from lrtheory.fair_subset_selection import Rankings
    >>> panel = Rankings(orders=[[0, 1, 2, 3]])
    >>> found = random_within_groups(panel, ScoreRule("sntv"), 2, groups=[0, 0, 1, 1], quota={0: 1, 1: 1}, rng=0)
    >>> dict(found.group_counts)
    {0: 1, 1: 1}
    """
    rankings = as_rankings("rankings", rankings)
    m = rankings.n_items
    k = integer("k", k, low=0, high=m)
    if not isinstance(quota, Mapping):
        raise must("quota", "a mapping from group to int", quota, TypeError)
    # equal scores for all: random ties make every set within the quotas equally likely
    names = rankings.names
    drawn = select_by_scores(np.zeros(m), k, groups=groups, quota=quota, ties="random", names=names, rng=generator(rng))
    if sum(quota.values()) != k:
        raise must("quota", f"of sum k = {k}", dict(quota))
    return replace(
        drawn,
        score=committee_score(rankings, rule, drawn.items),
        gains=None,
        tied=None,
        tied_names=None,
        method="random",
        reason="asked for",
        message="chance: the rankings were not looked at; no certificate: chance bounds nothing",
        counts={},
    )

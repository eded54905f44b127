"""Baselines: proportional quotas are rounded, and chance says that it is chance."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.fair_subset_selection import Rankings, ScoreRule, baselines, committee_score, sample_rankings
from tests.fair_subset_selection.oracles import RULES


def test_shares_are_rounded() -> None:
    panel = sample_rankings("impartial-culture", 5, 8, rng=0)
    for k, members, expected in ((3, 2, 1), (3, 4, 2), (3, 5, 2), (7, 7, 6), (1, 3, 0)):
        found = baselines.proportional(panel, RULES[2], k, disadvantaged=np.arange(members))
        assert found.group_counts[True] == expected == round(k * members / 8)


def test_chance_says_that_it_is_chance() -> None:
    panel = Rankings(sample_rankings("impartial-culture", 9, 6, rng=0).positions, names="abcdef")
    found = baselines.random_within_groups(panel, RULES[2], 3, groups=[0, 0, 0, 1, 1, 1], quota={0: 1, 1: 2}, rng=1)
    assert found.score == committee_score(panel, RULES[2], found.items)
    assert (found.method, found.reason, dict(found.counts)) == ("random", "asked for", {})
    assert found.message == "chance: the rankings were not looked at; no certificate: chance bounds nothing"
    assert found.tied is found.gains is found.certificate is None
    assert found.names == tuple("abcdef"[i] for i in found.items)
    assert dict(found.group_counts) == {0: 1, 1: 2}
    alone = {"groups": [0] * 6, "quota": {0: 1}}
    drawn = {baselines.random_within_groups(panel, RULES[2], 1, **alone, rng=s).items.item() for s in range(60)}
    assert drawn == set(range(6))


def test_baselines() -> None:
    panel, rule = sample_rankings("impartial-culture", 20, 6, rng=0), ScoreRule("borda")
    assert baselines.proportional(panel, rule, 3, disadvantaged=[0, 1]).group_counts[True] == 1
    found = baselines.random_within_groups(panel, rule, 2, groups=[0, 0, 0, 1, 1, 1], quota={0: 1, 1: 1}, rng=0)
    assert dict(found.group_counts) == {0: 1, 1: 1}
    with pytest.raises(ValueError, match="of sum k = 3"):
        baselines.random_within_groups(panel, rule, 3, groups=[0, 0, 0, 1, 1, 1], quota={0: 1}, rng=0)

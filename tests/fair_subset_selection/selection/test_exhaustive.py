"""The integer program and the enumeration: each against the other, and what both return beside the score."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory.fair_subset_selection import Rankings, ScoreRule, committee_score, sample_rankings, select

EXACT = ("milp", "brute-force")


@pytest.mark.parametrize("unit", [1e-300, 1e-8, 1.0, 1e8])
@pytest.mark.parametrize("owa", [None, [1, 0.5]])
def test_the_program_knows_no_unit(unit: float, owa: list | None) -> None:
    weights = unit * np.arange(8)[::-1]
    rule = ScoreRule("owa" if owa else "positional", position_weights=weights, owa=owa)
    for seed in range(3):
        panel = sample_rankings("impartial-culture", 9, 8, rng=seed)
        program, enumerated = (select(panel, rule, 3, method=method) for method in EXACT)
        assert program.score == pytest.approx(enumerated.score, rel=1e-12, abs=0)


def test_the_program_counts_voters() -> None:
    panel = Rankings(orders=[[0, 1, 2], [1, 2, 0], [2, 0, 1]], weights=[1, 5, 2])
    for rule, best in ((ScoreRule("cc", depth=1), 1), (ScoreRule("borda-cc"), 1), (ScoreRule("pav", depth=2), 2)):
        program, enumerated = (select(panel, rule, 1, method=method) for method in EXACT)
        assert program.items.tolist() == enumerated.items.tolist() == [best]
        assert program.score == enumerated.score


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("rule", [ScoreRule("borda"), ScoreRule("borda-cc")], ids=lambda rule: rule.kind)
def test_upper_quotas_bind(method: str, rule: ScoreRule) -> None:
    panel = Rankings(orders=[[0, 1, 2, 3, 4]] * 2 + [[1, 0, 3, 2, 4]])
    groups = [0, 0, 1, 1, 1]
    found = select(panel, rule, 3, groups=groups, at_most={0: 1}, method=method)
    assert dict(found.group_counts) == {0: 1, 1: 2}
    assert 0 in found.items
    assert dict(select(panel, ScoreRule("borda"), 3, groups=groups, method=method).group_counts) == {0: 2, 1: 1}


@pytest.mark.parametrize("method", EXACT)
def test_items_by_decreasing_score_with_their_labels(method: str) -> None:
    panel = Rankings(orders=[[3, 0, 2, 1], [3, 2, 0, 1], [3, 0, 1, 2]], names=["a", "b", "c", "d"])
    found = select(panel, ScoreRule("borda"), 3, method=method)
    assert found.items.tolist() == [3, 0, 2]
    assert found.names == ("d", "a", "c")
    assert select(panel, ScoreRule("borda"), 3).names == ("d", "a", "c")


def test_the_first_of_the_best_sets() -> None:
    panel = Rankings(np.tile(np.arange(5), (3, 1)))  # item 0 is in every best set, any other completes it
    found = select(panel, ScoreRule("sntv"), 2, method="brute-force")
    assert found.items.tolist() == [0, 1]
    assert found.tied.tolist() == [1, 2, 3, 4]
    unique = select(panel, ScoreRule("borda"), 2, method="brute-force")
    assert unique.tied.tolist() == []
    assert unique.score == committee_score(panel, ScoreRule("borda"), [0, 1])

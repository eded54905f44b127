"""Each method of `select` and `quota_sweep` takes the options that it uses, and refuses all others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrtheory.fair_subset_selection import Rankings, ScoreRule, quota_sweep, sample_rankings, select
from lrtheory.fair_subset_selection.select import OPTIONS

PANEL, BORDA, CC = sample_rankings("impartial-culture", 6, 5, rng=0), ScoreRule("borda"), ScoreRule("borda-cc")
GIVEN: dict[str, Any] = {"ties": "index", "rng": 0}
TWO = {"team": [0, 0, 1, 1, 1], "site": [0, 1, 0, 1, 0]}


@pytest.mark.parametrize("method", OPTIONS)
@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize(
    "call",
    [
        lambda **options: select(PANEL, BORDA, 2, **options).method,
        lambda **options: quota_sweep(PANEL, PANEL, BORDA, 2, disadvantaged=[0, 1], **options).method,
    ],
    ids=["select", "quota_sweep"],
)
def test_each_method_takes_its_own_options_alone(call: Any, method: str, name: str) -> None:
    given = {name: GIVEN[name]}
    if name in OPTIONS[method]:
        assert call(method=method, **given) == method
        return
    with pytest.raises(ValueError, match=f'`{name}` must be left out with method "{method}"'):
        call(method=method, **given)
    assert call(method=method) == method


def test_auto_refuses_what_the_chosen_method_does_not_use() -> None:
    for name, value in GIVEN.items():
        assert select(PANEL, BORDA, 2, **{name: value}).method == "exact"
        assert select(PANEL, CC, 2, **{name: value}).method == "exact"
        with pytest.raises(ValueError, match=f'`{name}` must be left out with method "milp"'):
            select(PANEL, BORDA, 2, groups=TWO, **{name: value})


def test_ties_are_broken_by_number_unless_asked_otherwise() -> None:
    alike = Rankings(np.tile(np.arange(5), (2, 1)))
    sntv = ScoreRule("sntv")
    for method in ("exact", "greedy", "lazy", "brute-force"):
        for options in ({}, {"ties": "index"}, {"rng": 3}):
            assert sorted(select(alike, sntv, 3, method=method, **options).items) == [0, 1, 2]
        drawn = {tuple(sorted(select(alike, sntv, 3, method=method, ties="random", rng=s).items)) for s in range(20)}
        assert len(drawn) > 1


def test_other_words_are_refused() -> None:
    for ties in ("", "first", 0):
        for call in (
            lambda ties=ties: select(PANEL, BORDA, 2, ties=ties),
            lambda ties=ties: quota_sweep(PANEL, PANEL, BORDA, 2, disadvantaged=[0], ties=ties),
        ):
            with pytest.raises(ValueError, match="`ties` must be one of"):
                call()


def test_a_quota_below_another_name_than_that_of_the_only_attribute_is_refused() -> None:
    panel = Rankings(orders=[[0, 1, 2, 3], [1, 0, 3, 2]])
    nested = {"sex": ["f", "m", "f", "m"]}
    with pytest.raises(ValueError, match="`at_most` must be a mapping from the attributes"):
        select(panel, "borda", 2, groups=nested, at_least={"sex": {"f": 1}}, at_most={"age": {"f": 2}})

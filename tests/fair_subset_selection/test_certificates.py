"""Certificates refuse every forgery, and weigh what they are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    certify_selection,
    committee_score,
    sample_rankings,
    select,
)

CC = ScoreRule("borda-cc")


def panel(unit: float = 1.0) -> tuple[Rankings, ScoreRule]:
    """Rankings, and a rule whose scores are in some unit."""
    rule = CC if unit == 1 else ScoreRule("owa", position_weights=unit * np.arange(8)[::-1], owa=[1])
    return sample_rankings("impartial-culture", 9, 8, rng=3), rule


@pytest.mark.parametrize("unit", [1.0, 1e-12])
def test_forged_bounds_of_a_selection(unit: float) -> None:
    rankings, rule = panel(unit)
    groups = [0, 0, 0, 0, 1, 1, 1, 1]
    true = select(rankings, rule, 3, groups=groups, quota={1: 2}).certificate
    assert true.verify(rankings, rule)
    assert true.gap == pytest.approx(true.bound - true.value, rel=1e-9, abs=0)
    for forged in (
        replace(true, bound=float(true.value), gap=0.0),
        replace(true, gap=0.0),
        replace(true, gap=true.gap / 2),
        replace(true, value=true.value + unit, gap=true.gap - unit),
        replace(true, bound=true.value * (1 + 1e-6), gap=true.value * 1e-6),
        replace(true, bound=np.nan),
        replace(true, items=true.items[::-1][:2]),
        replace(true, low=np.array([2, 1]), high=np.array([2, 1])),
        replace(true, groups=true.groups[:-1]),
    ):
        assert not forged.verify(rankings, rule)
    assert not true.verify(sample_rankings("impartial-culture", 9, 8, rng=4), rule)
    # a larger bound is a bound too
    assert replace(true, bound=2 * true.bound, gap=2 * true.bound - true.value).verify(rankings, rule)


@pytest.mark.parametrize("unit", [1.0, 1e-12])
@pytest.mark.parametrize("groups", [None, [0, 0, 0, 0, 1, 1, 1, 1]])
def test_forged_transfers(unit: float, groups: list | None) -> None:
    rankings, rule = panel(unit)
    true = certify_selection(rankings, rule, [7, 0, 5], groups=groups)
    assert true.verify(rankings, rule)
    assert 0 < true.step_ratio < 1
    assert true.bound == pytest.approx(true.value / true.ratio, rel=1e-12, abs=0)
    assert true.gap == pytest.approx(true.bound - true.value, rel=1e-12, abs=0)
    for forged in (
        replace(true, bound=float(true.value)),
        replace(true, bound=1.5 * true.bound),
        replace(true, gap=0.0),
        replace(true, value=true.value + unit),
        replace(true, ratio=1.0),
        replace(true, step_ratio=1.0),
        replace(true, gains=true.largest),
        replace(true, largest=true.gains),
        replace(true, gains=true.gains[:2]),
        replace(true, items=true.items[::-1]),
    ):
        assert not forged.verify(rankings, rule)


def test_no_bound_is_not_any_bound() -> None:
    latent, rule = Rankings(orders=[[0, 1, 2], [0, 2, 1]]), ScoreRule("cc", depth=1)
    none = certify_selection(latent, rule, [2])
    assert np.isinf(none.bound)
    assert none.verify(latent, rule)
    assert not replace(none, bound=0.0, gap=0.0).verify(latent, rule)


def test_latent_weights_count() -> None:
    rows = [[0, 1, 2], [1, 0, 2], [2, 1, 0]]
    latent = Rankings(orders=rows, weights=[1, 4, 2])
    found = certify_selection(latent, CC, [0, 2])
    assert found.value == committee_score(latent, CC, [0, 2])
    assert found.gains.tolist() == [2 + 4, 2 * 2]
    assert found.largest.tolist() == [1 + 8 + 2, 4 + 2]
    copies = Rankings(orders=[row for row, times in zip(rows, (1, 4, 2), strict=True) for _ in range(times)])
    assert found.verify(copies, CC)


def test_certificates_keep_their_items() -> None:
    rankings, rule = panel()
    items = np.array([7, 0, 5])
    found = certify_selection(rankings, rule, items)
    items[0] = 1
    assert found.items.tolist() == [7, 0, 5]
    assert found.verify(rankings, rule)


def test_one_attribute_only() -> None:
    rankings, rule = panel()
    with pytest.raises(ValueError, match="`groups` must be an array, of one attribute"):
        certify_selection(rankings, rule, [0, 1], groups={"team": [0] * 8, "site": [0, 1] * 4})

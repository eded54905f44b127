"""Certificates refuse every forgery, and weigh what they are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    certify_transfer,
    committee_score,
    sample_rankings,
    select,
)
from tests.rules.certificates.forging import forged_fields, misshapen_fields

CC = ScoreRule("borda-cc")


def panel(unit: float = 1.0) -> tuple[Rankings, ScoreRule]:
    """Rankings, and a rule whose scores are in some unit."""
    rule = CC if unit == 1 else ScoreRule("owa", position_weights=unit * np.arange(8)[::-1], owa=[1])
    return sample_rankings("impartial-culture", 9, 8, rng=3), rule


UNITS = [1.0, 1e-12, 2.0**-300, 1e12, 2.0**300]
GROUPS = [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("method", ["greedy", "lazy"])
@pytest.mark.parametrize(
    "quotas",
    [
        {},
        {"groups": GROUPS, "quota": {1: 2}},
        {"groups": GROUPS, "at_least": {0: 2}},
        {"groups": GROUPS, "at_most": {0: 1, 1: 3}},
    ],
)
def test_every_false_field_of_a_selection_is_refused(unit: float, method: str, quotas: dict) -> None:
    rankings, rule = panel(unit)
    true = select(rankings, rule, 3, method=method, **quotas).certificate
    counts = np.bincount(true.groups[true.items], minlength=len(true.low))
    assert true.verify((rankings, rule))
    assert 0 < true.gap < true.bound
    assert true.gap == pytest.approx(true.bound - true.achieved, rel=1e-9, abs=0)
    forged = [
        *forged_fields(true),
        *misshapen_fields(true),
        ("no gap", replace(true, bound=float(true.achieved), gap=0.0)),
        ("half of the gap", replace(true, bound=true.bound - true.gap / 2, gap=true.gap / 2)),
        ("another value", replace(true, achieved=true.achieved + unit, gap=true.gap - unit)),
        ("a smaller bound", replace(true, bound=true.achieved * (1 + 1e-6), gap=true.achieved * 1e-6)),
        ("a larger bound", replace(true, bound=2 * true.bound, gap=2 * true.bound - true.achieved)),
        ("no bound", replace(true, bound=np.nan)),
        ("fewer items", replace(true, items=true.items[:2])),
        ("items that are no items", replace(true, items=true.items + 0.5)),
        ("quotas that the set breaks", replace(true, low=3 - counts, high=3 - counts)),
        ("impossible quotas", replace(true, low=true.high + 1, high=true.high + 1)),
        ("fewer groups", replace(true, groups=true.groups[:-1])),
        ("one quota for all groups", replace(true, low=true.low[:0], high=true.high[:0])),
        ("another statement", replace(true, statement="fair_subset_selection/FSS-G3")),
    ]
    assert [words for words, false in forged if false.verify((rankings, rule))] == []
    assert not true.verify((sample_rankings("impartial-culture", 9, 8, rng=4), rule))


def test_bounds_are_those_of_the_set() -> None:
    """By the definition: what each other item would add, the best three of them; at the optimum nothing is certain."""
    rankings, rule = panel()
    found = select(rankings, rule, 3, method="lazy")
    added = [committee_score(rankings, rule, [*found.items, i]) - found.score for i in range(8) if i not in found.items]
    assert found.certificate.gap == sum(sorted(added)[-3:])
    pav = ScoreRule("pav", depth=4)
    for method in ("greedy", "lazy"):
        assert select(rankings, pav, 3, method=method).certificate.verify((rankings, pav))
        assert select(rankings, pav, 0, method=method).certificate.verify((rankings, pav))
        assert select(rankings, pav, 8, method=method).certificate.gap == 0


def test_quotas_of_certificates_are_narrow() -> None:
    rankings, rule = panel()
    found = select(rankings, rule, 3, method="lazy", groups=GROUPS, at_least={1: 1}, at_most={0: 2}).certificate
    assert (found.low.tolist(), found.high.tolist()) == ([0, 1], [2, 3])
    found = select(rankings, rule, 3, method="lazy", groups=GROUPS, at_most={0: 1}).certificate
    assert (found.low.tolist(), found.high.tolist()) == ([0, 2], [1, 3])


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("groups", [None, GROUPS])
def test_forged_transfers(unit: float, groups: list | None) -> None:
    rankings, rule = panel(unit)
    true = certify_transfer(rankings, rule, [7, 0, 5], groups=groups)
    assert true.verify((rankings, rule))
    assert 0 < true.step_ratio < 1
    assert true.bound == pytest.approx(true.achieved / true.ratio, rel=1e-12, abs=0)
    assert true.gap == pytest.approx(true.bound - true.achieved, rel=1e-12, abs=0)
    forged = [
        *forged_fields(true),
        *misshapen_fields(true),
        ("the value", replace(true, bound=float(true.achieved))),
        ("a ratio of one", replace(true, ratio=1.0)),
        ("steps of one", replace(true, step_ratio=1.0)),
        ("all gained", replace(true, gains=true.largest)),
        ("nothing better", replace(true, largest=true.gains)),
        ("fewer gains", replace(true, gains=true.gains[:2])),
        ("another order", replace(true, items=true.items[::-1])),
        ("no items", replace(true, items=true.items[:0])),
        ("other groups", replace(true, groups=np.array([0, 1] * 4))),
        ("fewer groups", replace(true, groups=np.zeros(3, np.int64))),
        ("another statement", replace(true, statement="fair_subset_selection/FSS-G5")),
    ]
    assert [words for words, false in forged if false.verify((rankings, rule))] == []


def test_no_bound_is_not_any_bound() -> None:
    latent, rule = Rankings(orders=[[0, 1, 2], [0, 2, 1]]), ScoreRule("cc", depth=1)
    none = certify_transfer(latent, rule, [2])
    assert np.isinf(none.bound)
    assert none.verify((latent, rule))
    assert not replace(none, bound=0.0, gap=0.0).verify((latent, rule))


def test_latent_weights_count() -> None:
    rows = [[0, 1, 2], [1, 0, 2], [2, 1, 0]]
    latent = Rankings(orders=rows, weights=[1, 4, 2])
    found = certify_transfer(latent, CC, [0, 2])
    assert found.achieved == committee_score(latent, CC, [0, 2])
    assert found.gains.tolist() == [2 + 4, 2 * 2]
    assert found.largest.tolist() == [1 + 8 + 2, 4 + 2]
    copies = Rankings(orders=[row for row, times in zip(rows, (1, 4, 2), strict=True) for _ in range(times)])
    assert found.verify((copies, CC))


def test_certificates_keep_their_items() -> None:
    rankings, rule = panel()
    items = np.array([7, 0, 5])
    found = certify_transfer(rankings, rule, items)
    items[0] = 1
    assert found.items.tolist() == [7, 0, 5]
    assert found.verify((rankings, rule))


def test_one_attribute_only() -> None:
    rankings, rule = panel()
    with pytest.raises(ValueError, match="`groups` must be an array, of one attribute"):
        certify_transfer(rankings, rule, [0, 1], groups={"team": [0] * 8, "site": [0, 1] * 4})

"""Scores of items and sets against their definition, for every rule."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    committee_score,
    item_scores,
    ranking_blocks,
    sample_rankings,
    select,
)
from lrtheory.fair_subset_selection.ballots.score_sums import values_by_item
from lrtheory.fair_subset_selection.scores import item_values, whole_owa
from proofs_checks.fair_subset_selection.selection.scores import total_score
from tests.fair_subset_selection import oracles

KINDS = [("sntv", None), ("bloc", 2), ("borda", None), ("cc", 2), ("borda-cc", None), ("pav", 3)]


@pytest.mark.parametrize(("kind", "depth"), KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_set_by_the_definition(kind: str, depth: int | None, weighted: bool) -> None:
    rng = np.random.default_rng(0)
    orders, m = oracles.random_orders(rng, 7, 6), 6
    voters = rng.integers(0, 4, 7).tolist() if weighted else None
    panel, rule = Rankings(orders=orders, weights=voters), ScoreRule(kind, depth=depth)
    weights, lam = oracles.rule_of(kind, m, depth)
    assert rule.weights(m).tolist() == weights
    assert rule.max_item_score(m) == max(weights)
    for k in (0, 1, 3, 6):
        sets = list(itertools.combinations(range(m), k))
        scores = committee_score(panel, rule, np.array(sets, int).reshape(len(sets), k))
        expected = [oracles.set_score(orders, s, weights, lam, voters) for s in sets]
        np.testing.assert_allclose(scores, np.array(expected, float), rtol=1e-14)
        assert scores.dtype == (np.float64 if kind == "pav" and k > 1 else np.int64)
        assert committee_score(panel, rule, list(sets[-1])) == pytest.approx(float(expected[-1]), rel=1e-14)
    singles = [oracles.set_score(orders, [i], weights, lam, voters) for i in range(m)]
    assert item_scores(panel, rule).tolist() == singles


def test_owa_and_positional_rules() -> None:
    rng = np.random.default_rng(1)
    orders, w, lam = oracles.random_orders(rng, 5, 5), [5, 2.5, 2, 0, 3], [1, 0.5, 0.25, 0, 0]
    panel = Rankings(orders=orders, weights=[1, 2.5, 0, 1, 1])
    owa = ScoreRule("owa", position_weights=w, owa=lam)
    assert owa.owa_weights(2).tolist() == [1, 0.5]
    assert owa.owa_weights(5).tolist() == [1, 0.5, 0.25]
    for s in itertools.combinations(range(5), 4):
        expected = oracles.set_score(orders, s, w, lam, [1, 2.5, 0, 1, 1])
        assert committee_score(panel, owa, s[::-1]) == pytest.approx(float(expected))
    positional = ScoreRule("positional", position_weights=w)
    np.testing.assert_allclose(item_scores(panel, positional), item_scores(panel, owa))
    borda = ScoreRule("owa", owa=[1])  # Borda weights by default, and only the best item counts
    assert committee_score(panel, borda, [0, 1]) == committee_score(panel, ScoreRule("borda-cc"), [0, 1])


def test_cc_of_depth_one_is_sntv() -> None:
    panel = sample_rankings("impartial-culture", 40, 7, rng=0)
    sets = np.array(list(itertools.combinations(range(7), 3)))
    cc, sntv = (committee_score(panel, r, sets) for r in (ScoreRule("cc", depth=1), ScoreRule("sntv")))
    np.testing.assert_array_equal(cc, sntv)
    assert cc.dtype == sntv.dtype == np.int64


def test_identity_profile() -> None:
    n, m = 5, 6
    panel = Rankings(np.tile(np.arange(m), (n, 1)))
    assert item_scores(panel, ScoreRule("sntv")).tolist() == [n, 0, 0, 0, 0, 0]
    assert item_scores(panel, ScoreRule("borda")).tolist() == [n * (m - 1 - i) for i in range(m)]
    assert committee_score(panel, ScoreRule("borda-cc"), [4, 2]) == n * (m - 1 - 2)


def test_total_score_is_kept() -> None:
    panel, rule = sample_rankings("urn", 30, 8, alpha=0.5, rng=0), ScoreRule("bloc", depth=3)
    assert item_scores(panel, rule).sum() == total_score(30, rule.weights(8))


def test_blocks_add_up() -> None:
    whole = sample_rankings("mallows", 25, 6, phi=0.7, rng=3)
    for rule in (ScoreRule("borda"), ScoreRule("positional", position_weights=[3.5, 1, 0, 0, 0, 0])):
        blocks = ranking_blocks("mallows", 25, 6, phi=0.7, block=7, rng=3)
        np.testing.assert_array_equal(item_scores(blocks, rule), item_scores(whole, rule))


def test_compact_values() -> None:
    panel = Rankings(orders=[[2, 0, 1], [1]])
    values = item_values(panel, ScoreRule("borda"))
    assert values.dtype == np.int16
    assert values.tolist() == [[1, 0], [0, 2], [2, 0]]
    large = item_values(panel, ScoreRule("positional", position_weights=[2**20, 1, 0]))
    assert large.dtype == np.int64
    np.testing.assert_array_equal(item_values(panel, ScoreRule("borda"), [2]), values[[2]])


def test_scores_do_not_overflow() -> None:
    m = 40
    panel = Rankings(np.tile(np.arange(m), (3, 1)), weights=[2**40, 2**40, 1])
    assert item_scores(panel, ScoreRule("borda"))[0] == (2**41 + 1) * (m - 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "plurality"}, "`kind` must be one of"),
        ({"kind": "bloc"}, "`depth` must be given"),
        ({"kind": "borda", "depth": 2}, "no other"),
        ({"kind": "bloc", "depth": 0}, "at least 1"),
        ({"kind": "positional"}, "`position_weights` must be given"),
        ({"kind": "sntv", "position_weights": [1, 0]}, "no other"),
        ({"kind": "positional", "position_weights": [1, -1]}, "in .0, inf"),
        ({"kind": "positional", "position_weights": [1, np.nan]}, "finite"),
        ({"kind": "owa"}, "`owa` must be given"),
        ({"kind": "owa", "owa": [1, -0.5]}, "in .0, inf"),
        ({"kind": "owa", "owa": [1, 0.5, 0.6]}, "does not increase"),
        ({"kind": "owa", "owa": [0.5]}, "starts with 1"),
        ({"kind": "borda", "owa": [1]}, "no other"),
    ],
)
def test_bad_rules(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScoreRule(**arguments)


def test_bad_sets_and_sizes() -> None:
    panel = Rankings([[0, 1, 2]])
    for items, message in ([[0, 0], "distinct"], [[3], "below 3"], [[-1], "below 3"], [[0.5], "integers"]):
        with pytest.raises(ValueError, match=message):
            committee_score(panel, ScoreRule("borda"), items)
    with pytest.raises(ValueError, match=r"in \[1, 3\]"):
        item_scores(panel, ScoreRule("bloc", depth=4))
    with pytest.raises(ValueError, match="one per position"):
        item_scores(panel, ScoreRule("positional", position_weights=[1, 0]))
    assert committee_score(panel, ScoreRule("borda"), []) == 0
    assert committee_score(panel, ScoreRule("pav", depth=2), []) == 0


@pytest.mark.parametrize("n", [1, 3, 4, 251, 252, 255, 2**14 + 3])
def test_counts_of_first_positions(n: int) -> None:
    positions = sample_rankings("impartial-culture", n, 5, rng=n).positions
    positions = np.where(positions < 4, positions, -1)  # the last item of every ballot is not listed
    panel = Rankings(positions)
    for depth in (1, 2, 5):
        expected = ((positions >= 0) & (positions < depth)).sum(axis=0)
        for _ in range(2):  # the second call finds the positions that the first has kept
            np.testing.assert_array_equal(item_scores(panel, ScoreRule("bloc", depth=depth)), expected)
    np.testing.assert_array_equal(panel.positions, positions)


@pytest.mark.parametrize(("m", "depth"), [(255, 255), (256, 256), (257, 256), (65_535, 65_535), (70_000, 66_000)])
def test_more_items_than_one_or_two_bytes_count(m: int, depth: int) -> None:
    positions = np.random.default_rng(0).permuted(np.tile(np.arange(m), (2, 1)), axis=1)
    positions[0, positions[0] >= m - 2] = -1  # two items are not listed
    expected = ((positions >= 0) & (positions < depth)).sum(axis=0)
    np.testing.assert_array_equal(item_scores(Rankings(positions), ScoreRule("bloc", depth=depth)), expected)


def test_sums_beyond_int64_are_floats() -> None:
    many = Rankings([[0, 1, 2], [1, 0, 2]], weights=[2**58, 2**58])
    assert item_scores(many, ScoreRule("sntv")).dtype == np.int64
    rule = ScoreRule("positional", position_weights=[32, 4, 0])
    expected = [9 * 2.0**60, 9 * 2.0**60, 0]
    assert item_scores(many, rule).tolist() == expected
    assert select(many, rule, 2).score == 18 * 2.0**60
    assert committee_score(many, rule, [0, 1]) == 18 * 2.0**60
    assert item_scores([Rankings([[0, 1, 2]], weights=[2**61])] * 4, ScoreRule("sntv")).tolist() == [2.0**63, 0, 0]
    with pytest.raises(ValueError, match="`weights` must be of sum below"):
        Rankings([[0, 1, 2], [1, 0, 2]], weights=[2**61, 2**61])


@pytest.mark.parametrize("n", [1, 31, 32, 33, 100])
def test_values_in_a_row_for_each_item(n: int) -> None:
    positions = np.random.default_rng(n).permuted(np.tile(np.arange(7), (n, 1)), axis=1)
    table = np.arange(7.0) ** 2
    assert np.array_equal(values_by_item(positions, table), table[positions].T)


@pytest.mark.parametrize(("share", "unit"), [(0.9, 6), (1.1, 1)])
def test_scores_of_pav_are_multiples_of_one_unit_while_doubles_hold_them(share: float, unit: int) -> None:
    # three items count 1, 1/2 and 1/3, which are 6, 3 and 2 sixths, and no set has more than 18 sixths a voter
    voters = int(share * 2**53 / 18)
    panel = Rankings(orders=[[0, 1, 2]], weights=[voters])
    lam, found = whole_owa(panel, ScoreRule("pav", depth=3), 3)
    assert found == unit
    assert lam.tolist() == ([6, 3, 2] if unit == 6 else [1, 1 / 2, 1 / 3])


@pytest.mark.parametrize("kind", ["sntv", "bloc"])
def test_items_that_share_a_place_share_its_points_where_only_some_places_count(kind: str) -> None:
    # in the first ranking items 0 and 1 share the places one and two, in the second nobody shares
    panel = Rankings(positions=[[0, 0, 2], [2, 1, 0]], ties="average")
    assert panel.weights is None
    assert panel.shared is not None
    expected = [1 / 2, 1 / 2, 1] if kind == "sntv" else [1, 2, 1]
    assert item_scores(panel, ScoreRule(kind, depth=2 if kind == "bloc" else None)).tolist() == expected

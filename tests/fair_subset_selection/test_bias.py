"""Bias in utilities and by swaps: the exact law of the model, its proof steps, and the released variant."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.fair_subset_selection import (
    Rankings,
    ScoreRule,
    bias_swaps,
    bias_utilities,
    group_inversions,
    item_scores,
    sample_rankings,
    sample_utilities,
)
from lrtheory.fair_subset_selection.panels import bias
from proofs_checks.fair_subset_selection.biases.exchanges import swaps_asked
from tests.fair_subset_selection import oracles

G2 = np.arange(20) >= 10


def uniform_panel(n=300, seed=0):
    return sample_rankings("impartial-culture", n, 20, rng=seed)


def within_order(orders, group):
    return np.array([[i for i in order if group[i]] for order in orders])


@pytest.mark.parametrize("refresh", [True, False])
@pytest.mark.parametrize(
    ("phi", "n_swaps"), [(Fraction(1, 2), 1), (Fraction(1, 2), 2), (Fraction(1), 3), (Fraction(1, 5), 3)]
)
def test_the_exact_law_of_swaps(refresh: bool, phi: Fraction, n_swaps: int) -> None:
    order, group, n = (0, 1, 2, 3, 4), {0, 2}, 20_000
    panel = Rankings(orders=np.tile(order, (n, 1)))
    inversions = int(group_inversions(panel, list(group))[0])
    assert inversions == 5
    biased = bias_swaps(
        panel, list(group), phi=float(phi), intensity=n_swaps / inversions, refresh=refresh, record=True, rng=0
    )
    law = oracles.swap_law(order, group, phi, n_swaps, refresh)
    assert sum(law.values()) == 1
    found = Counter(map(tuple, biased.observed.as_orders().tolist()))
    assert set(found) <= set(law)
    for outcome, p in law.items():
        assert abs(found[outcome] - n * p) < 4.5 * math.sqrt(n * p * (1 - p)) + 1


def test_each_swap_lowers_the_inversions_by_its_distance() -> None:
    panel = uniform_panel()
    for phi, intensity in itertools.product([1e-12, 0.5, 0.99, 1.0], [0.2, 0.9, 1.0]):
        biased = bias_swaps(panel, G2, phi=phi, intensity=intensity, record=True, rng=1)
        before, after = group_inversions(panel, G2), group_inversions(biased.observed, G2)
        sums = np.add.reduceat(np.append(biased.trace["distances"], 0), biased.trace["starts"][:-1])
        np.testing.assert_array_equal(before - after, np.where(biased.n_swaps > 0, sums, 0))
        assert biased.trace["distances"].min() >= 1
        assert len(biased.trace["distances"]) == biased.counts["swaps"] == biased.n_swaps.sum()
        asked = [swaps_asked(int(i), intensity) for i in before]
        assert (biased.n_swaps <= asked).all()
        np.testing.assert_array_equal(np.sort(biased.observed.positions, axis=1), np.tile(np.arange(20), (300, 1)))
        assert (biased.observed.positions <= panel.positions)[:, ~G2].all()
        assert (biased.observed.positions >= panel.positions)[:, G2].all()
        if intensity == 1:
            assert not after.any()
        if phi == 1e-12:
            np.testing.assert_array_equal(before - after, asked)
            for group in (G2, ~G2):
                np.testing.assert_array_equal(
                    within_order(panel.as_orders(), group), within_order(biased.observed.as_orders(), group)
                )
        if phi == 0.99 and intensity == 1:
            assert biased.n_swaps.sum() < 0.35 * sum(asked)


def test_inversions_that_remain() -> None:
    """Shares of the inversions that remain, the model and the released variant."""
    panel = uniform_panel(400)
    before = group_inversions(panel, G2).sum()
    for phi, intensity, model, released in [(1e-4, 0.9, 0.11, 0.95), (0.5, 0.5, 0.12, 0.82), (0.9, 0.2, 0.21, 0.64)]:
        for refresh, expected in ((True, model), (False, released)):
            biased = bias_swaps(panel, G2, phi=phi, intensity=intensity, refresh=refresh, rng=2)
            assert group_inversions(biased.observed, G2).sum() / before == pytest.approx(expected, abs=0.03)


def test_the_released_variant_moves_items_both_ways() -> None:
    panel = uniform_panel(200)
    biased = bias_swaps(panel, G2, phi=0.5, intensity=0.9, refresh=False, record=True, rng=3)
    assert (biased.observed.positions > panel.positions)[:, ~G2].any()
    assert biased.trace["distances"].min() < 0
    scores = [item_scores(p, ScoreRule("borda")) for p in (panel, biased.observed)]
    assert (scores[1] - scores[0])[~G2].min() >= 0 >= (scores[1] - scores[0])[G2].max()


def test_the_mean_distance_of_a_first_swap() -> None:
    panel = sample_rankings("impartial-culture", 3000, 50, rng=4)
    group = np.arange(50) >= 25
    biased = bias_swaps(panel, group, phi=0.5, intensity=0.0101, record=True, rng=4)
    firsts = biased.trace["distances"][biased.trace["starts"][:-1][biased.n_swaps > 0]]
    assert firsts.mean() == pytest.approx(1.96, abs=0.08)


def test_far_distances_do_not_underflow() -> None:
    m = 80
    panel = Rankings(orders=[[79, *range(40), *range(40, 79)]])
    group = np.zeros(m, bool)
    group[79] = True  # on top, and the only one of its group
    advantaged_last = bias_swaps(Rankings(orders=[[0, *range(1, m)]]), [0], phi=1e-12, intensity=1.0, rng=0)
    assert advantaged_last.observed.positions[0, 0] == m - 1
    everything = bias_swaps(panel, group, phi=0.0, intensity=1.0, rng=0)
    assert group_inversions(everything.observed, group).tolist() == [0]
    two = Rankings(orders=[[0, 1, *range(2, 60)]])
    far = np.ones(60, bool)
    far[59] = False  # the nearest pair is one apart, then none left
    assert group_inversions(bias_swaps(two, far, phi=1e-300, intensity=1.0, rng=0).observed, far)[0] == 0


def test_intensity_is_floored_with_care() -> None:
    panel = Rankings(orders=[[*range(10, 20), *range(10)]])
    biased = bias_swaps(panel, G2, phi=0.0, intensity=0.29, rng=0)
    assert biased.n_swaps.tolist() == [29]
    assert bias_swaps(panel, G2, phi=0.5, intensity=0.0, rng=0).n_swaps.tolist() == [0]


def test_utility_bias_keeps_the_order_within_groups() -> None:
    utilities = sample_utilities("plackett-luce", 200, 20, quality=np.linspace(1, 9, 20), rng=5)
    for theta in (0.0, 1e-9, 0.3, 1.0):
        panel = bias_utilities(utilities, G2, theta, rng=0)
        for group in (G2, ~G2):
            np.testing.assert_array_equal(
                within_order(panel.latent.as_orders(), group), within_order(panel.observed.as_orders(), group)
            )
        assert (panel.observed.positions <= panel.latent.positions)[:, ~G2].all()
        assert (panel.observed.positions >= panel.latent.positions)[:, G2].all()
        np.testing.assert_array_equal(panel.latent.as_orders(), np.argsort(-utilities, axis=1))
        np.testing.assert_array_equal(panel.observed.positions == panel.latent.positions, True) if theta == 1 else None
        if theta == 0:
            assert group_inversions(panel.observed, G2).max() == 0
    seen = np.where(G2, 0.3 * utilities, utilities)
    np.testing.assert_array_equal(bias_utilities(utilities, G2, 0.3).observed.as_orders(), np.argsort(-seen, axis=1))


def test_equal_utilities_are_drawn() -> None:
    panel = bias_utilities(np.ones((2000, 3)), [0], 1.0, rng=0)
    np.testing.assert_array_equal(panel.latent.positions, panel.observed.positions)
    np.testing.assert_allclose((panel.latent.positions == 0).mean(axis=0), 1 / 3, atol=0.05)


def test_bias_keeps_weights_and_labels() -> None:
    panel = Rankings([[0, 1, 2], [2, 0, 1]], weights=[3, 2], names="abc")
    biased = bias_swaps(panel, [0], phi=0.5, intensity=1.0, rng=0)
    assert biased.observed.weights.tolist() == [3, 2]
    assert biased.observed.names == ("a", "b", "c")
    assert item_scores(biased.observed, ScoreRule("borda")).sum() == 5 * 3


def test_at_theta_zero_the_group_is_behind_items_without_utility() -> None:
    biased = bias_utilities([[3.0, 0.0, 2.0, 0.0]], [0, 2], 0.0, rng=0)
    assert sorted(biased.observed.as_orders()[0, :2].tolist()) == [1, 3]
    assert biased.observed.as_orders()[0, 2:].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0, np.nan]], [0], 0.5), "finite"),
        (([[1.0, -1.0]], [0], 0.5), r"in \[0, inf\]"),
        (([1.0, 2.0], [0], 0.5), r"of shape \(n, n\)"),
        (([[1.0, 2.0]], [0], 1.5), r"`theta` must be in \[0, 1\]"),
        (([[1.0, 2.0]], [2], 0.5), "distinct item numbers below 2"),
        (([[1.0, 2.0]], [0, 0], 0.5), "distinct item numbers"),
        (([[1.0, 2.0]], [True], 0.5), r"a mask of shape \(2,\)"),
    ],
)
def test_bad_utilities(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bias_utilities(*arguments)


def test_bad_swaps() -> None:
    panel = Rankings([[0, 1, 2]])
    for options, message in [
        ({"phi": 1.5, "intensity": 0.5}, r"`phi` must be in \[0, 1\]"),
        ({"phi": 0.5, "intensity": -0.1}, r"`intensity` must be in \[0, 1\]"),
    ]:
        with pytest.raises(ValueError, match=message):
            bias_swaps(panel, [0], **options)
    for given in (Rankings([[0, 1, -1]]), Rankings([[0, 0, 1]], ties="average")):
        with pytest.raises(ValueError, match="strict and complete"):
            bias_swaps(given, [0], phi=0.5, intensity=0.5)
    with pytest.raises(TypeError, match="a mask of bool"):
        bias_swaps(panel, [0.5], phi=0.5, intensity=0.5)
    one_group = bias_swaps(panel, [0, 1, 2], phi=0.5, intensity=1.0, rng=0)
    np.testing.assert_array_equal(one_group.observed.positions, panel.positions)


@pytest.mark.parametrize("down", [[False, False, True], [False, True, True], [True] * 3, [False] * 3])
def test_no_pair_is_drawn_where_there_is_none(down: list[bool]) -> None:
    """All disadvantaged items stand behind: nothing is left to exchange."""
    places = np.array(down)
    count = bias.pairs_at_distance(places)
    assert not count.any()
    assert bias.draw_pair(np.random.default_rng(0), 0.5, places, count) == (-1, -1)

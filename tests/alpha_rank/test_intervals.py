"""Ranking intervals against brute force over all orientations of the open edges."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory.alpha_rank import alpha_rank, ranking_intervals
from lrtheory.alpha_rank.intervals import extreme_return_time
from lrtheory.bounds.running.patching import Patch, patched
from tests.alpha_rank.games.makers import make_random_game
from tests.alpha_rank.oracles import deviations, law


def brute_force(low, high, epsilon):
    """Least and largest mass of each profile over all orientations."""
    sizes, n = low.shape[1:], low[0].size
    low, high, degree = low.reshape(len(low), -1), high.reshape(len(high), -1), sum(sizes) - len(sizes)
    edges = [(s, k, t) for s, k, t in deviations(sizes) if s < t]
    is_open = [not (high[k, s] < low[k, t] or high[k, t] < low[k, s]) for s, k, t in edges]
    found = []
    for bits in itertools.product((False, True), repeat=sum(is_open)):
        chain, bits = np.full((n, n), Fraction(0), dtype=object), iter(bits)
        for (s, k, t), undecided in zip(edges, is_open, strict=True):
            up = next(bits) if undecided else high[k, s] < low[k, t]
            chain[s, t], chain[t, s] = (1 - epsilon, epsilon) if up else (epsilon, 1 - epsilon)
        found.append(law(chain / degree))
    return np.min(found, axis=0), np.max(found, axis=0)


def box(sizes, width, seed):
    game = make_random_game(sizes, rng=seed).payoffs
    spread = np.random.default_rng(seed).uniform(0, width, (2, *game.shape))
    return game, game - spread[0], game + spread[1]


@pytest.mark.parametrize(
    ("sizes", "width"), [((2, 2), 2.0), ((2, 3), 0.5), ((3, 3), 0.15), ((2, 2, 2), 0.4), ((4,), 1.0)]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_against_brute_force(sizes, width, seed):
    _, low, high = box(sizes, width, seed)
    least, most = brute_force(low, high, Fraction(1, 20))
    found = ranking_intervals(low, high, perturbation=0.05)
    assert np.allclose(found.lower.ravel(), least.astype(float), rtol=1e-10)
    assert np.allclose(found.upper.ravel(), most.astype(float), rtol=1e-10)
    exact = ranking_intervals(low, high, perturbation=Fraction(1, 20), targets=[0, 1])
    assert (exact.lower == least[:2]).all()
    assert (exact.upper == most[:2]).all()
    assert found.n_solves >= 2 * low[0].size


@given(st.sampled_from([(2, 2), (3, 2), (2, 2, 2), (3, 3)]), st.floats(0.01, 2), st.integers(0, 10**6))
@settings(max_examples=30)
def test_coverage_and_monotonicity(sizes, width, seed):
    game, low, high = box(sizes, width, seed)
    found = ranking_intervals(low, high)
    inside = np.random.default_rng(seed).uniform(low, high)
    for payoffs in (game, inside, low, high):
        pi = alpha_rank(payoffs, perturbation=1e-3).pi
        assert (found.lower <= pi * (1 + 1e-9)).all()
        assert (pi <= found.upper * (1 + 1e-9)).all()
    narrow = ranking_intervals((low + game) / 2, (high + game) / 2)
    assert (found.lower <= narrow.lower * (1 + 1e-9)).all()
    assert (narrow.upper <= found.upper * (1 + 1e-9)).all()
    point = ranking_intervals(game, game)
    assert np.allclose(point.lower, alpha_rank(game, perturbation=1e-3).pi, rtol=1e-9)
    assert np.allclose(point.upper, point.lower, rtol=1e-12)


def test_several_sinks_at_small_epsilon():
    games = [np.array([[2.0, 0], [0, 1]])] * 2
    found = ranking_intervals(games, games, perturbation=1e-9)
    assert np.allclose(found.lower, alpha_rank(games, perturbation=1e-9).pi, rtol=1e-10)


def test_open_edges_may_point_anywhere():
    # the touching intervals of a tie-prone edge stay open although no payoff in the box points it down
    found = ranking_intervals([[0, 1]], [[1, 2]], perturbation=0.01)
    assert np.allclose(found.lower[1], 0.01)


def test_an_iteration_that_was_cut_short_gives_no_interval() -> None:
    _, low, high = box((3, 3), 0.5, 0)
    least, most = brute_force(low, high, Fraction(1, 20))
    with patched(Patch(extreme_return_time, "if not turn.any():", "if n_solves == 2:")):
        narrow = ranking_intervals(low, high, perturbation=0.05)
    # what would be returned after two solves misses masses that some orientation gives
    assert (narrow.lower.ravel() > least.astype(float) * (1 + 1e-6)).any()
    assert (narrow.upper.ravel() < most.astype(float) * (1 - 1e-6)).any()
    with (
        patched(Patch(extreme_return_time, "100 + 10 * int(is_open.sum())", "2")),
        pytest.raises(RuntimeError, match="policy iteration for profile 1 did not end within 2 solves."),
    ):
        ranking_intervals(low, high, perturbation=0.05)


def test_bad_boxes():
    low = np.zeros((2, 2, 2))
    with pytest.raises(ValueError, match="`lower` must be at most `upper`"):
        ranking_intervals(low + 1, low)
    with pytest.raises(ValueError, match="`upper` must be of shape"):
        ranking_intervals(low, np.zeros((2, 2, 3)))
    with pytest.raises(ValueError, match="`perturbation` must be in"):
        ranking_intervals(low, low, perturbation=0.5)
    with pytest.raises(ValueError, match="`targets` must be an integer in"):
        ranking_intervals(low, low, targets=[4])

"""The constants, and what they claim, on small instances."""

import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.alpha_rank import alpha_rank, theory
from proofs_checks.alpha_rank.chains.perturbed_chains import chain_ratio_bound, mass_error_bound, mass_error_of_ratio
from proofs_checks.alpha_rank.chains.spanning_trees import tree_weights
from proofs_checks.alpha_rank.sampling.all_alike import log_ratio_bound
from proofs_checks.alpha_rank.sampling.completed_tables import direction_tolerance
from proofs_checks.alpha_rank.sampling.slack import relaxed_samples_to_resolve
from proofs_checks.alpha_rank.selection.deviation_rates import rate_lipschitz
from proofs_checks.alpha_rank.selection.mutants import fixation_log_ratio
from proofs_checks.alpha_rank.selection.same_chains import payoffs_with_offset
from proofs_checks.alpha_rank.selection.sinks import single_sink_limit
from tests.alpha_rank.games.makers import make_random_game


@pytest.mark.parametrize(
    ("alpha", "m", "tight", "paper"),
    [(0.1, 2, 363, 7.0e10), (0.1, 10, 2.9e4, 1.175e13), (1.0, 10, 2.9e6, 3.0e29)],
)
def test_finite_alpha(alpha, m, tight, paper):
    given = {"alpha": alpha, "population_size": m, "epsilon": 0.1, "delta": 0.1}
    assert theory.samples_finite_alpha((2, 2), **given) == pytest.approx(tight, rel=0.02)
    assert theory.samples_finite_alpha((2, 2), **given, constants="paper") == pytest.approx(paper, rel=0.02)


def test_finite_alpha_at_the_ends():
    given = {"population_size": 50, "epsilon": 0.1, "delta": 0.1}
    large = theory.samples_finite_alpha((3, 3), alpha=1.0, **given, constants="paper")
    assert large == pytest.approx(3.4e113, rel=0.02)
    assert theory.samples_finite_alpha((3, 3), alpha=100.0, **given, constants="paper") == math.inf
    assert theory.samples_finite_alpha((3, 3), alpha=0.0, **given) == 1
    assert theory.samples_finite_alpha((1, 1), alpha=1.0, **given, constants="paper") == 1


def test_infinite_alpha():
    assert theory.samples_infinite_alpha((2, 2), gap=0.2, delta=0.1) == 1016
    assert theory.samples_infinite_alpha((3, 3), gap=0.2, delta=0.1) == 1178
    assert theory.samples_infinite_alpha((2, 2), gap=0.2, delta=0.1, max_payoff=0.5) == 254
    independent = theory.samples_infinite_alpha((2, 2), gap=0.2, delta=0.1, bound="independent")
    assert independent == math.floor(100 * math.log(4 / 0.1)) + 1
    assert theory.samples_infinite_alpha((1,), gap=0.2, delta=0.1) == 1


def test_log_ratio_bound_holds_and_half_of_it_is_attained():
    m, t = 10, 1e-4
    first = np.array([[0.0, 0.0], [10.0, 2.0]])
    second = np.array([[0.0, 2.0], [2.0, 0.0]])
    moved = [first + [[0, -t], [0, t]], second + [[-t, t], [t, -t]]]
    change = alpha_rank(moved, alpha=1.0, population_size=m).log_pi
    change = abs(change - alpha_rank([first, second], alpha=1.0, population_size=m).log_pi).max()
    assert 0.4 < change / log_ratio_bound(4, 1.0, m, t) < 0.5
    rng = np.random.default_rng(0)
    for seed in range(20):
        game = make_random_game((2, 3), rng=seed).payoffs
        other = game + rng.choice([-0.1, 0.1], game.shape)
        change = abs(
            alpha_rank(game, alpha=2.0, population_size=5).log_pi
            - alpha_rank(other, alpha=2.0, population_size=5).log_pi
        )
        assert change.max() <= log_ratio_bound(6, 2.0, 5, 0.1)
    exact = log_ratio_bound(3, Fraction(1, 3), 4, Fraction(1, 7))
    assert exact == Fraction(24, 21)
    assert type(exact) is Fraction


def test_mass_error_bound_is_attained_by_two_states():
    b = 0.7
    p, q = 1 / (1 + math.exp(b)), math.exp(b) / (1 + math.exp(b))
    assert q - p == pytest.approx(mass_error_bound(b))
    assert math.log(q / p) == pytest.approx(b)
    assert mass_error_bound(np.array([0.0, 1.0])).shape == (2,)


def test_radius_levels_sum_to_delta():
    n = np.arange(1, 200_001)
    radius = theory.hoeffding_radius(n, delta=0.1, n_means=3)
    assert 3 * np.sum(2 * np.exp(-2 * n * radius**2)) == pytest.approx(0.1, rel=1e-4)
    fixed = theory.hoeffding_radius(7, delta=0.1, n_means=3, anytime=False)
    assert 3 * 2 * math.exp(-14 * fixed**2) == pytest.approx(0.1)


@pytest.mark.parametrize("gap", [0.9, 0.3, 0.05, 0.003])
def test_samples_to_resolve_is_the_smallest(gap):
    n = theory.samples_to_resolve(gap, delta=0.1, n_means=8)
    at, before = (theory.hoeffding_radius(x, delta=0.1, n_means=8) for x in (n, n - 1))
    assert at < gap / 4 <= before


def test_count_weighted_bounds_take_the_smallest_gap():
    game = [[0.1, 0.4, 0.9]]
    one = lambda gap: theory.samples_to_resolve(gap, delta=0.1, n_means=3)
    expected = [one(0.4 - 0.1), one(0.4 - 0.1), one(0.9 - 0.4)]
    assert theory.count_weighted_bounds(game, delta=0.1).tolist() == expected
    assert theory.count_weighted_bounds([[0.1, 0.1]], delta=0.1).tolist() == [math.inf] * 2
    assert theory.count_weighted_bounds([[0.1]], delta=0.1).tolist() == [1]


def test_tree_weights_by_hand():
    a, b, c = Fraction(2), Fraction(3), Fraction(5)
    chain = np.array([[0, a, 0], [0, 0, b], [c, 0, 0]], dtype=object)
    weights = np.array([b * c, a * c, a * b], dtype=object)
    assert (tree_weights(chain) == weights / weights.sum()).all()
    with pytest.raises(ValueError, match="spanning tree"):
        tree_weights(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="of 1 to 7 states"):
        tree_weights(np.ones((8, 8)))


def test_numbers_that_stay_exact():
    half = Fraction(1, 2)
    assert direction_tolerance(half) == Fraction(1, 4)
    assert chain_ratio_bound(3, Fraction(3, 2)) == Fraction(81, 16)
    assert mass_error_of_ratio(Fraction(3)) == half
    assert theory.mass_interval(Fraction(4), Fraction(2)) == (Fraction(1, 4), half)
    assert rate_lipschitz(half, 4) == Fraction(1, 4)
    assert fixation_log_ratio(half, 3) == 1
    assert fixation_log_ratio(np.array([half, -half]), 3).tolist() == [1, -1]
    moved = payoffs_with_offset(np.array([[half, half]], object), [np.array([half], object)])
    assert moved.tolist() == [[1, 1]]


def test_the_ends_of_ranges_are_in_range():
    assert chain_ratio_bound(1, 1) == chain_ratio_bound(7, 1) == 1
    assert mass_error_of_ratio(1) == mass_error_bound(0.0) == 0
    assert fixation_log_ratio(0.5, 1) == 0
    assert log_ratio_bound(1, 0, 2, 0) == 0
    assert theory.samples_to_resolve(0, delta=0.1, n_means=1) == math.inf
    assert theory.hoeffding_radius(1, delta=0.5, n_means=1, anytime=False) == pytest.approx(math.sqrt(math.log(4) / 2))
    assert theory.mass_interval(1, 1) == (1, 1)
    assert rate_lipschitz(0, 1) == 0


def test_one_sink_is_needed_for_its_law():
    with pytest.raises(ValueError, match="`C` must be a walk with one sink, not 2"):
        single_sink_limit(np.eye(2))
    exact = np.array([[0, 0, 0], [Fraction(1), 0, Fraction(1)], [0, 0, 0]], object)
    with pytest.raises(ValueError, match="not 2"):
        single_sink_limit(exact)
    assert single_sink_limit(exact[:2, :2]).tolist() == [1, 0]


@pytest.mark.parametrize("gap", [0.05, 0.4])
def test_the_relaxed_rule_stops_at_the_first_radius_that_is_small_enough(gap):
    n = relaxed_samples_to_resolve(gap, 0.1, 0.1, 8)
    at, before = (theory.hoeffding_radius(x, delta=0.1, n_means=8) for x in (n, n - 1))
    assert at < gap / 4 + 0.05 <= before


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: fixation_log_ratio(x, 3),
        lambda x: theory.hoeffding_radius(x, delta=0.1, n_means=8),
        lambda x: np.array(theory.clopper_pearson(x, 9, 0.1)).T,
        mass_error_bound,
    ],
)
def test_numbers_lists_tuples_and_frames_are_as_good_as_arrays(formula):
    values = [1, 2, 5]
    expected = np.array([formula(value) for value in values])
    pandas = pytest.importorskip("pandas")
    for given in (values, tuple(values), np.array(values), np.array(values, float), pandas.Series(values)):
        assert np.array_equal(formula(given), expected)
    assert np.array_equal(formula(np.array(2)), expected[1])
    with pytest.raises(ValueError, match="must be an array without a mask"):
        formula(np.ma.masked_array(values, [False, True, False]))


def test_counts_and_trials_of_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"`n` must be of a shape that fits that of `successes`, \(2,\); got \(3,\)"):
        theory.clopper_pearson([1, 2], [3, 4, 5], 0.1)

"""Input at the edge of what is sensible: it is computed right, or refused in a sentence."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lrtheory.policy_gradients import (
    AnswerLog,
    expected_gradient,
    flow,
    group_advantages,
    pass_at_k,
    stationary_points,
    theory,
)
from lrtheory.policy_gradients.exact.divisors import largest

LAW, RIGHT = [0.4, 0.15, 0.05, 0.4], [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("group", "error", "sentence"),
    [
        ([None, "a"], ValueError, "free of NaN and None; got None"),
        (np.array(["NaT", "NaT"], "M8[s]"), ValueError, "free of NaN and None; got None"),
        ([float("nan"), "a"], ValueError, "free of NaN and None; got nan"),
        ({"a", "b"}, TypeError, "a sequence of labels"),
        ({"a": 1, "b": 2}, TypeError, "a sequence of labels"),
        (b"ab", TypeError, "a sequence of labels"),
        ([np.ma.masked, 1], TypeError, "labels that can be told apart"),
        (np.ma.masked_array([1, 1], [0, 1]), ValueError, "an array without a mask"),
    ],
)
def test_labels_that_name_nothing_are_refused(group, error, sentence):
    with pytest.raises(error, match=f"`group` must be {sentence}"):
        group_advantages([1.0, 0.0], group=group)
    with pytest.raises(error, match=f"`problems` must be {sentence}"):
        AnswerLog(group, [1, 0])


def test_the_missing_value_of_pandas_is_no_label():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="free of NaN and None; got <NA>"):
        group_advantages([1.0, 0.0], group=[pandas.NA, "a"])


@pytest.mark.parametrize("norm", ["std", "loo", "batch"])
def test_labels_in_order_and_out_of_order_give_the_same(norm):
    rng = np.random.default_rng(5)
    labels = np.repeat([7, 3, 9], [4, 1, 5])
    rewards, order = rng.normal(size=10), rng.permutation(10)
    due = group_advantages(rewards, group=labels.tolist(), norm=norm)
    found = group_advantages(rewards[order], group=labels[order], norm=norm)
    np.testing.assert_allclose(found.advantages, due.advantages[order], rtol=1e-13, atol=1e-15)
    assert due.groups == (7, 3, 9)
    assert due.sizes.tolist() == [4, 1, 5]


@pytest.mark.parametrize(
    ("rewards", "options", "sentence"),
    [
        ([[1e300, 1e300]], {"log_probs": [[-1, -2]], "unlikeliness": 1e308}, "`unlikeliness` must be so small"),
        ([[[1e300, 1.0], [2.0, 3.0]]], {"weights": [1e200, 1.0]}, "`weights` must be so small"),
        ([[[1.0, 2.0], [2.0, 3.0]]], {"weights": [1e308, 1.0], "combine": "separately"}, "`weights` must be so small"),
        ([[5e-324, 0.0, 0.0]], {}, "`rewards` must be 0, or some of them at least 2.23e-308"),
        ([[10**400, 0]], {}, "`rewards` must be an array of numbers in the range of doubles"),
    ],
)
def test_rewards_that_leave_the_range_of_numbers_are_refused(rewards, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        group_advantages(rewards, **options)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_largest_size_is_that_of_all_numbers(kind):
    rng = np.random.default_rng(2)
    for n in (1, 2, 7, 64):
        values = (rng.normal(size=n) * 10.0 ** rng.integers(-30, 30, n)).astype(kind)
        assert largest(values) == np.abs(values).max()
        assert largest(values[::-1]) == np.abs(values).max()
        values[n // 2] = -np.inf
        assert largest(values) == np.inf
        values[n // 3] = np.copysign(np.nan, -1)
        assert np.isnan(largest(values))
    assert largest(np.array([-0.0, 0.0], kind)) == 0
    for bad in (np.nan, -np.inf):
        rewards = np.ones((3, 4), kind)
        rewards[1, 2] = bad
        with pytest.raises(ValueError, match=f"`rewards` must be finite; got {bad} at group 1"):
            group_advantages(rewards)
        with pytest.raises(ValueError, match=f"`rewards` must be finite; got {bad} at group 2"):
            group_advantages(np.asfortranarray(rewards).T)


def test_a_number_of_answers_beyond_all_integers_is_above_the_log():
    with pytest.raises(ValueError, match="`k` must be at most n = 4; got 100000000000000000000"):
        pass_at_k([4], [2], k=[10**20])
    with pytest.raises(TypeError, match="`k` must be an integer"):
        pass_at_k([4], [2], k=[None])


def test_settings_are_checked_at_each_call_and_remembered_as_what_they_are():
    rewards = [[1.0, 0.0, 0.0]]
    for _ in range(2):
        with pytest.raises(TypeError, match="`std_offset` must be a real number; got True"):
            group_advantages(rewards, std_offset=True)
        assert group_advantages(rewards, std_offset=1).advantages[0, 0] == pytest.approx(2 / (3 * (1 + 2**0.5 / 3)))
        with pytest.raises(TypeError, match="`tie_tol` must be a real number"):
            group_advantages(rewards, tie_tol=[0.0])
        with pytest.raises(ValueError, match="`norm` must be one of"):
            group_advantages(rewards, norm=["std"])


def test_a_law_in_single_precision_is_a_law():
    law = np.array(LAW, np.float32)
    due = expected_gradient(law.astype(np.float64) / law.sum(dtype=np.float64), RIGHT, group_size=8)
    found = expected_gradient(law, RIGHT, group_size=8)
    np.testing.assert_array_equal(found.gradient, due.gradient)
    np.testing.assert_allclose(flow(law, RIGHT, group_size=8, step_size=0.1, n_steps=2).p.sum(axis=1), 1, rtol=1e-15)
    with pytest.raises(ValueError, match=r"`p` must sum to 1; got 0.97999"):
        expected_gradient(np.array([0.5, 0.48], np.float32), [1, 0], group_size=8)
    with pytest.raises(ValueError, match=r"`p` must sum to 1; got 1.00000001"):
        expected_gradient([0.5, 0.50000001], [1, 0], group_size=8)


def test_groups_too_large_to_sum_over_are_refused():
    for call in (
        lambda size: expected_gradient(LAW, RIGHT, group_size=size),
        lambda size: stationary_points(LAW, RIGHT, lam=1.0, group_size=size),
    ):
        with pytest.raises(ValueError, match=r"`group_size` must be an integer in \[[12], 10000000\]"):
            call(10**9)


@pytest.mark.parametrize("ties", ["average", "position"])
def test_beside_a_strong_penalty_groups_whose_only_right_answer_has_none_still_count(ties):
    options = {"group_size": 4, "ties": ties}
    due = expected_gradient(LAW, RIGHT, unlikeliness=1e12, **options).gradient
    for strength in (1e15, 1e100):
        found = expected_gradient(LAW, RIGHT, unlikeliness=strength, **options).gradient
        np.testing.assert_allclose(found, due, atol=1e-10)
    with pytest.raises(ValueError, match="`unlikeliness` must be in"):
        expected_gradient(LAW, RIGHT, unlikeliness=1e300, **options)


@pytest.mark.parametrize("method", ["steps", "rk4"])
def test_an_answer_below_the_smallest_double_comes_back_where_a_divergence_pulls_it(method):
    options = {"group_size": 2, "norm": "loo", "kl": "forward", "lam": 2.0, "ref": [0.5, 0.5], "method": method}
    path = flow([0.5, 0.5], [True, False], step_size=4000.0, n_steps=3, **options).p
    assert np.isfinite(path).all()
    # the first step takes the logit of the wrong answer down by 2000, and the pull of the next ones is 4000 up
    assert method == "rk4" or (path[1] == [1.0, 0.0]).all()
    assert method == "rk4" or path[2, 1] == 1.0


def test_steps_whose_updates_are_not_finite_are_refused():
    for options in ({}, {"kl": "forward", "lam": 10.0, "ref": [0.25] * 4}, {"unlikeliness": 0.5}):
        with pytest.raises(ValueError, match="`step_size` must be so small that updates stay finite"):
            flow(LAW, RIGHT, group_size=4, step_size=1e308, n_steps=3, **options)


def test_the_best_number_of_answers_for_a_small_uplift_is_the_limit():
    for p in (0.5, 1e-3, 1e-300):
        limit = -1 / np.log1p(-p)
        for uplift in (1e-300, 1e-17, 1e-9):
            assert theory.best_n(p, uplift=uplift) == pytest.approx(limit, rel=1e-8)


@pytest.mark.parametrize(
    ("p", "correct", "places", "sentence"),
    [
        (LAW, RIGHT, (0, 7), "`rare` must be a place below 4"),
        ([0.6, 0.3], [1, 1], (0, 1), "`p` must be a law"),
        ([0.6, 0.4], [1, 0.5], (0, 1), "`correct` must be 0 or 1"),
    ],
)
def test_thresholds_of_what_is_no_problem_are_refused(p, correct, places, sentence):
    with pytest.raises(ValueError, match=sentence):
        theory.unlikeliness_threshold(np.array(p), np.array(correct), likely=places[0], rare=places[1], group_size=4)


def test_a_first_line_that_names_a_column_twice_is_no_answer(tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("problem,correct,correct\na,1,0\n")
    with pytest.raises(ValueError, match=r"twice.csv:1: `2` must be true or false, or the first line must have diff"):
        AnswerLog.from_file(path)


def test_a_right_answer_is_there_and_a_wrong_one_may_be_missing():
    assert AnswerLog(["a", "a"], [1, 0], answers=["x", None]).right == ({"x": 1},)
    with pytest.raises(ValueError, match="`answers` must be there where they are right; got None"):
        AnswerLog(["a", "a"], [1, 1], answers=["x", None])


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint64, np.float16, np.float32, np.float64])
def test_counts_of_any_width_are_counts(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pass_at_k(np.array([120, 8], kind), np.array([100, 2], kind), [1, 8])
    np.testing.assert_allclose(found.per_problem[:, 0], [100 / 120, 0.25], rtol=1e-15)
    assert found.value[1] == found.per_problem[:, 1].mean()


def test_equal_problems_count_as_often_as_they_come():
    n, c = [8, 6, 8, 8, 6], [3, 3, 3, 5, 0]
    found = pass_at_k(n, c, [1, 7], population="these")
    np.testing.assert_allclose(found.per_problem[:, 0], np.divide(c, n), rtol=1e-15)
    assert found.value[0] == pytest.approx(np.divide(c, n).mean(), rel=1e-15)
    assert found.n_problems.tolist() == [5, 3]
    half = np.sqrt(np.log(40) / 2 * sum(1 / size for size in n)) / 5
    assert found.upper[0] == pytest.approx(min(1, found.value[0] + half), rel=1e-14)

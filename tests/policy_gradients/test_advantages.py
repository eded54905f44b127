"""Advantages against Fractions, against the formulas of two trainers, and on what those get wrong."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.policy_gradients import group_advantages
from tests.backends import backend as backend_of

NORMS = ("std", "sample", "none", "loo", "batch", "mean")
RNG = np.random.default_rng(5)


def root(value):
    """A square root to forty digits, as a Fraction."""
    scale = 10**80
    return Fraction(math.isqrt(int(value * scale)), 10**40)


def exact(groups, norm, offset=Fraction(0)):
    """Advantages of lists of Fractions by their definitions, for groups that differ within."""
    whole = [reward for group in groups for reward in group]
    middle = sum(whole) / len(whole)
    batch = root(sum((reward - middle) ** 2 for reward in whole) / (len(whole) - 1)) if len(whole) > 1 else 0
    found = []
    for group in groups:
        n, mean = len(group), sum(group) / len(group)
        squares = sum((reward - mean) ** 2 for reward in group)
        divisor = {
            "std": lambda n=n, squares=squares: root(squares / n) + offset,
            "sample": lambda n=n, squares=squares: root(squares / (n - 1)) + offset,
            "none": lambda: 1,
            "loo": lambda n=n: Fraction(n - 1, n),
            "batch": lambda: batch + offset,
            "mean": lambda mean=mean: mean + offset,
        }[norm]
        found += [0 if squares == 0 else (reward - mean) / divisor() for reward in group]
    return np.array([float(value) for value in found])


@pytest.mark.parametrize("norm", NORMS)
def test_advantages_are_those_of_their_definitions(norm):
    for size in (1, 2, 5):
        ints = RNG.integers(0, 4, (6, size))
        offset = Fraction(0) if norm in ("none", "loo") else Fraction(1, 16)
        due = exact([[Fraction(int(r)) for r in row] for row in ints], norm, offset)
        found = group_advantages(ints, norm=norm, std_offset=float(offset))
        np.testing.assert_allclose(found.advantages.ravel(), due, rtol=1e-14, atol=1e-15)
        assert found.no_signal.tolist() == [len(set(row)) == 1 for row in ints.tolist()]
        assert found.norm == norm
        assert f'"{norm}"' in found.message


@pytest.mark.parametrize("norm", NORMS)
def test_groups_of_unequal_size_in_pieces_are_those_of_their_definitions(norm):
    labels = ["b", "a", "b", 3, "a", "b", 3, (1, 2)]
    rewards = RNG.integers(1, 5, 8)
    names = list(dict.fromkeys(labels))
    rows = [[i for i, label in enumerate(labels) if label == name] for name in names]
    due = exact([[Fraction(int(rewards[i])) for i in row] for row in rows], norm)
    found = group_advantages(rewards, group=labels, norm=norm)
    np.testing.assert_allclose(found.advantages[[i for row in rows for i in row]], due, rtol=1e-14, atol=1e-15)
    assert found.groups == tuple(names)
    assert found.sizes.tolist() == [3, 2, 2, 1]


def test_the_formulas_of_two_trainers_give_the_same_numbers():
    torch = backend_of("torch").namespace
    rewards = torch.tensor(RNG.integers(0, 2, (64, 8)), dtype=torch.float32)
    # trl: sample deviation and 1e-4
    mean, std = rewards.mean(1, keepdim=True), rewards.std(1, keepdim=True)
    found = group_advantages(rewards, norm="sample", std_offset=1e-4).advantages
    torch.testing.assert_close(found, (rewards - mean) / (std + 1e-4), rtol=1e-5, atol=1e-6)
    batch = group_advantages(rewards, norm="batch", std_offset=1e-4).advantages
    flat = rewards[~(rewards == mean).all(1)]  # groups without signal have an advantage of 0 either way
    due = (flat - flat.mean(1, keepdim=True)) / (rewards.std() + 1e-4)
    torch.testing.assert_close(batch[~(rewards == mean).all(1)], due, rtol=1e-5, atol=1e-6)
    # verl: a loop over the labels, 1e-6
    labels = [f"uid-{i}" for i in range(64)] * 8
    scores = rewards.T.reshape(-1)
    by_label = {}
    for label, score in zip(labels, scores, strict=True):
        by_label.setdefault(label, []).append(score)
    due = torch.stack(
        [
            (score - torch.stack(by_label[label]).mean()) / (torch.stack(by_label[label]).std() + 1e-6)
            for label, score in zip(labels, scores, strict=True)
        ]
    )
    found = group_advantages(scores, group=labels, norm="sample", std_offset=1e-6).advantages
    torch.testing.assert_close(found, due, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm", NORMS)
def test_a_device_computes_what_the_host_does(norm, xp):
    rewards = RNG.integers(0, 3, (9, 6)).astype(np.float64)
    rewards[0] = 1.0
    likely = -RNG.integers(0, 4, (9, 6)).astype(np.float64)
    for ties in ("average", "position"):
        options = {"norm": norm, "unlikeliness": 0.5, "ties": ties}
        host = group_advantages(rewards, log_probs=likely, **options)
        found = group_advantages(xp.asarray(rewards), log_probs=xp.asarray(likely), **options)
        assert type(found.advantages) is type(xp.asarray(rewards))
        for name in ("advantages", "rewards", "no_signal", "uniform", "sizes"):
            given = xp.to_numpy(getattr(found, name))
            np.testing.assert_allclose(given, getattr(host, name), rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("ties", ["average", "position"])
def test_the_penalty_is_that_of_sorted_ranks(ties):
    likely = -RNG.integers(0, 3, (20, 7)).astype(np.float64)
    rewards = RNG.integers(0, 2, (20, 7)).astype(np.float64)
    found = group_advantages(rewards, log_probs=likely, unlikeliness=0.25, ties=ties, norm="none")
    for row in range(20):
        ranks = np.argsort(np.argsort(likely[row], kind="stable"), kind="stable").astype(float)
        if ties == "average":
            ranks = np.array([ranks[likely[row] == one].mean() for one in likely[row]])
        np.testing.assert_allclose(found.rewards[row], rewards[row] * (1 - 0.25 * ranks / 7), rtol=1e-15)
    solved = group_advantages([[1, 1]], log_probs=[[-1, -2]], unlikeliness=0.25)
    assert solved.uniform.tolist() == [True]
    assert solved.no_signal.tolist() == [False]  # the penalty tells the answers apart
    assert np.sign(solved.advantages).tolist() == [[-1, 1]]
    assert "negative" in group_advantages([[1, 1]], log_probs=[[-1, -2]], unlikeliness=2).message


def test_a_losing_answer_among_good_ones_has_a_signal_and_rounding_has_none():
    found = group_advantages([[0] + [0.95] * 7])
    assert found.no_signal.tolist() == [False]
    assert found.advantages[0, 0] == pytest.approx(-math.sqrt(7))
    near = [[1.0, 1 + 1e-9]]
    assert group_advantages(near).no_signal.tolist() == [False]
    assert group_advantages(near, tie_tol=1e-6).no_signal.tolist() == [True]
    rounded = group_advantages([[0.1 + 0.2, 0.3, 0.3]])
    assert rounded.no_signal.tolist() == [True]
    assert not rounded.advantages.any()
    single = group_advantages(np.array([[1 / 3] * 5 + [np.nextafter(np.float32(1 / 3), np.float32(1))]], np.float32))
    assert single.no_signal.tolist() == [True]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("unit", [1e-300, 1e-12, 1e12, 1e300])
def test_units_of_rewards_leave_quotients_alone_and_scale_differences(norm, unit):
    rewards = RNG.integers(0, 3, (8, 4)) + 0.25
    plain, scaled = (group_advantages(rewards * factor, norm=norm).advantages for factor in (1.0, unit))
    factor = unit if norm in ("none", "loo") else 1.0
    np.testing.assert_allclose(scaled / factor, plain, rtol=1e-12, atol=1e-13)


def test_kinds_of_numbers():
    for kind in (np.int8, np.uint8, np.int64, np.uint64, np.bool_, np.float16, np.float32, np.float64):
        found = group_advantages(np.array([[1, 0, 0]], kind), norm="none").advantages
        assert found.dtype == (np.float32 if kind in (np.float16, np.float32) else np.float64)
        np.testing.assert_allclose(found, [[2 / 3, -1 / 3, -1 / 3]], rtol=1e-6)


def test_several_rewards_are_summed_or_normalized_separately():
    rewards = np.array([[[0, 2], [0, 1], [1, 1], [1, 0]]], float)
    summed = group_advantages(rewards, weights=[2, 1])
    np.testing.assert_allclose(summed.rewards, [[2, 1, 3, 2]])
    np.testing.assert_allclose(summed.advantages, group_advantages([[2, 1, 3, 2]]).advantages)
    apart = group_advantages(rewards, weights=[2, 1], combine="separately")
    due = sum(w * group_advantages(rewards[..., r]).advantages for r, w in enumerate([2, 1]))
    np.testing.assert_allclose(apart.advantages, due)
    assert "GR-1 does not cover" in apart.message
    two = [[[0, 2], [0, 1]]]
    assert group_advantages(two, combine="separately").no_signal.tolist() == [False]
    flat = group_advantages(rewards[0], group=[0, 0, 0, 0], combine="separately", weights=[2, 1])
    np.testing.assert_allclose(flat.advantages, apart.advantages[0])


def test_a_group_of_one_and_no_groups_have_no_advantage():
    one = group_advantages([[3.0], [1.0]], norm="sample")
    assert one.advantages.tolist() == [[0.0], [0.0]]
    assert one.no_signal.tolist() == [True, True]
    none = group_advantages(np.zeros((0, 4)))
    assert none.advantages.shape == (0, 4)
    assert group_advantages([], group=[]).advantages.shape == (0,)


SHAPES = np.zeros((2, 2))


@pytest.mark.parametrize(
    ("rewards", "options", "error", "sentence"),
    [
        ([[1, 0]] * 3 + [[math.nan, 1]], {}, ValueError, r"`rewards` must be finite; got nan at group 3\."),
        ([1, math.inf], {"group": ["a", "b"]}, ValueError, r"`rewards` must be finite; got inf at group b\."),
        ([[1e308, 1e308]], {}, ValueError, "`rewards` must be at most"),
        ([[1, -2]], {"norm": "mean"}, ValueError, "`rewards` must be of positive mean .*got -0.5 in group 0"),
        ([1, -1], {"norm": "mean", "group": "xx"}, TypeError, "`group` must be a sequence"),
        ([1, -1], {"norm": "mean", "group": ["x", "x"]}, ValueError, "positive mean .* in group x"),
        ([1, 0], {}, ValueError, "`rewards` must be of shape"),
        ([[[[1]]]], {}, ValueError, "`rewards` must be of shape"),
        (np.zeros((3, 0)), {}, ValueError, "`rewards` must be of shape"),
        ([1, 0], {"group": [1]}, ValueError, "`group` must be one label for each of 2"),
        ([1, 0], {"group": [[1], [2]]}, TypeError, "`group` must be labels"),
        ([1, 0], {"group": [math.nan, 1]}, ValueError, "`group` must be free of NaN"),
        (np.ma.masked_array([[1, 0]], [[0, 1]]), {}, ValueError, "without a mask"),
        ([["a", "b"]], {}, TypeError, "`rewards` must be"),
        (SHAPES, {"norm": "max"}, ValueError, "`norm` must be one of"),
        (SHAPES, {"std_offset": -1}, ValueError, "`std_offset` must be"),
        (SHAPES, {"std_offset": 1e-6, "norm": "loo"}, ValueError, "`std_offset` must be left out"),
        (SHAPES, {"tie_tol": math.nan}, ValueError, "`tie_tol` must be"),
        (SHAPES, {"unlikeliness": -1}, ValueError, "`unlikeliness` must be"),
        (SHAPES, {"unlikeliness": 1}, ValueError, "`log_probs` must be given"),
        (SHAPES, {"log_probs": SHAPES}, ValueError, "`log_probs` must be None"),
        (SHAPES, {"unlikeliness": 1, "log_probs": SHAPES + 0.1}, ValueError, "`log_probs` must be at most 0; got 0.1"),
        (SHAPES, {"unlikeliness": 1, "log_probs": [[0, 0]]}, ValueError, "`log_probs` must be of shape"),
        (SHAPES, {"weights": [1, 1]}, ValueError, "`weights` must be None"),
        (np.zeros((1, 2, 2)), {"weights": [1]}, ValueError, r"`weights` must be of shape \(2,\)"),
        (np.zeros((1, 2, 2)), {"combine": "each"}, ValueError, "`combine` must be one of"),
    ],
)
def test_what_has_no_answer_is_refused_in_a_sentence(rewards, options, error, sentence):
    with pytest.raises(error, match=sentence):
        group_advantages(rewards, **options)

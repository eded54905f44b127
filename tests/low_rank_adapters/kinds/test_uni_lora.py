"""Uni-LoRA: which entry uses which number, and sums over groups."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._array import interpreted
from lrtheory.low_rank_adapters.kinds import uni_lora as module
from lrtheory.low_rank_adapters.kinds.uni_lora import balanced_assignment, group_sums, uni_lora
from tests.backends import Backend


@pytest.mark.parametrize(("n_entries", "d"), [(7, 3), (12, 3), (5, 5), (9, 1), (1000, 64)])
def test_groups_are_balanced_and_drawn_in_the_published_order(n_entries: int, d: int) -> None:
    found = balanced_assignment(n_entries, d, rng=11)
    draw, expected = np.random.default_rng(11), np.repeat(np.arange(d), n_entries // d)
    if n_entries % d:
        expected = np.concatenate([expected, draw.choice(d, size=n_entries % d, replace=False)])
    draw.shuffle(expected)
    assert found.dtype == np.int64
    assert found.tolist() == expected.tolist()
    assert np.ptp(np.bincount(found, minlength=d)) <= 1


def test_more_groups_than_entries_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`d` must be an integer in \[1, 5\]; got 6\."):
        balanced_assignment(5, 6)
    with pytest.raises(ValueError, match=r"`n_entries` must be an integer of at least 1; got 0\."):
        balanced_assignment(0, 1)


def test_sums_of_groups(xp: Backend) -> None:
    values, groups = np.arange(6.0), np.array([2, 0, 2, 2, 0, 4])
    for precision in ("float32", "float64"):
        sums = group_sums(xp.asarray(values.astype(precision)), xp.asarray(groups), 5)
        assert type(sums) is type(xp.asarray(values))
        assert str(sums.dtype).endswith(precision)
        assert xp.to_numpy(sums).tolist() == [5, 0, 5, 0, 5]


def test_the_kernel_compiled_and_interpreted_agree() -> None:
    rng = np.random.default_rng(0)
    values, groups = rng.normal(size=500), rng.integers(0, 9, 500)
    sums = np.zeros(9)
    interpreted(module).add_to_groups(values, groups, sums)
    assert group_sums(values, groups, 9).tolist() == sums.tolist()


def test_entries_stand_row_by_row_first_those_of_the_right_factor() -> None:
    adapter = uni_lora(np.arange(10.0), (2, 3), 2, assignment=np.arange(10))
    B, A = adapter.factors()
    assert np.array_equal(A, [[0, 1, 2], [3, 4, 5]])
    assert np.array_equal(B, [[6, 7], [8, 9]])


def test_sizes_are_counted_or_those_of_all_layers() -> None:
    assignment = [0, 1, 1, 1, 1]
    counted = uni_lora([1.0, 2.0], (1, 4), 1, assignment=assignment)
    assert np.array_equal(np.asarray(counted.frozen["sizes"]), [1, 4])
    adapter = uni_lora([1.0, 2.0], (1, 4), 1, assignment=assignment, sizes=[4, 16])
    assert np.array_equal(adapter.factors()[1], [[0.5, 0.5, 0.5, 0.5]])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"theta": np.ones(3)}, "`theta` must be a vector each of whose 3 entries is used by one of the 5 entries"),
        ({"theta": np.ones(6)}, "`theta` must be a vector each of whose 6 entries is used by one of the 5 entries"),
        ({"theta": np.ones((2, 1))}, r"`theta` must be of shape \(n,\); got \(2, 1\)\."),
        ({"theta": [1.0, np.nan]}, "`theta` must be finite"),
        ({"shape": (1, 4, 1)}, r"`shape` must be a pair of integers; got \(1, 4, 1\)\."),
        ({"shape": (0, 4)}, r"`shape\[0\]` must be an integer of at least 1; got 0\."),
        ({"rank": 0}, "`rank` must be an integer of at least 1; got 0."),
        ({"rank": 2}, r"`assignment` must be of shape \(10,\); got \(5,\)\."),
        ({"assignment": [0, 1, 2, 0, 1]}, r"`assignment` must be in \[0, 1\]; got 2\."),
        ({"assignment": [0, 1, -1, 0, 1]}, r"`assignment` must be in \[0, 1\]; got -1\."),
        ({"sizes": [2, 0]}, "`sizes` must be at least 1; got 0."),
        ({"sizes": [2, 2]}, "`sizes` must be at least the number of entries of this layer in each group"),
        ({"sizes": [2, 3, 1]}, r"`sizes` must be of shape \(2,\); got \(3,\)\."),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, object], sentence: str) -> None:
    given: dict[str, object] = {"theta": [1.0, 2.0], "shape": (1, 4), "rank": 1, "assignment": [0, 1, 1, 0, 1]}
    given |= options
    with pytest.raises(ValueError, match=sentence):
        uni_lora(given.pop("theta"), given.pop("shape"), given.pop("rank"), **given)  # type: ignore[arg-type]


def test_places_are_integers() -> None:
    with pytest.raises(TypeError, match="`assignment` must be an array of integers; got dtype"):
        uni_lora([1.0], (1, 1), 1, assignment=[0.0, 0.0])

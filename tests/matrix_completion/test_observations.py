"""Observations: orders, duplicates, zeros, splits, and what is refused."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from lrtheory.matrix_completion import CompletionProblem, LowRank, Observations, complete, make_low_rank, makers
from lrtheory.matrix_completion.entries import observations
from lrtheory.matrix_completion.problem import as_observations

NAN = float("nan")


@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1), st.integers(0, 2**32 - 1), st.booleans())
def test_both_orders_hold_the_same_entries(positions, seed, row_by_row):
    rng = np.random.default_rng(seed)
    rows, cols = np.array(sorted(positions)).T if row_by_row else rng.permutation(list(positions)).T
    seen = Observations(rows, cols, rng.normal(size=len(rows)), (6, 5))
    table = np.full((6, 5), NAN)
    table[rows, cols] = seen.values
    for lines, matrix in ((seen.by_row, table), (seen.by_col, table.T)):
        for i in range(lines.n_lines):
            here = slice(lines.starts[i], lines.starts[i + 1])
            expected = np.flatnonzero(~np.isnan(matrix[i]))
            assert lines.indices[here].tolist() == expected.tolist()
            assert lines.values[here].tolist() == matrix[i, expected].tolist()
    assert (Observations.from_dense(table).to_csr() != seen.to_csr()).nnz == 0


def test_a_write_to_what_was_given_does_not_show():
    given = np.array([0, 1], np.int32), np.array([1, 0], np.int32), np.array([2.0, 3.0])
    seen = Observations(*given, (2, 2))
    for array in given:
        array[:] = array[::-1].copy()
    assert seen.to_csr().toarray().tolist() == [[0.0, 2.0], [3.0, 0.0]]
    assert seen.by_col.values.tolist() == [3.0, 2.0]
    assert (seen.rows.tolist(), seen.cols.tolist(), seen.values.tolist()) == ([0, 1], [1, 0], [2.0, 3.0])


@pytest.mark.parametrize("again", [(0, 0), (1, 2)])
def test_a_position_that_comes_twice_in_a_row(again):
    with pytest.raises(ValueError, match="positions that differ"):
        Observations(*np.array(sorted([(0, 0), (0, 2), (1, 2), again])).T, np.arange(4.0), (2, 3))


def test_zeros_are_observations():
    stored = sparse.csr_array((np.array([0.0, 2.0]), np.array([1, 0]), np.array([0, 1, 2])), shape=(2, 3))
    for data in (stored, stored.tocsc(), stored.tocoo(), sparse.csr_matrix(stored)):
        seen = as_observations(data)
        assert seen.n_observed == 2
        assert seen.by_row.values.tolist() == [0.0, 2.0]
    assert as_observations([[0.0, NAN], [NAN, 0.0]]).n_observed == 2
    masked = as_observations((np.zeros((2, 2)), np.eye(2, dtype=bool)))
    assert masked.rows.tolist() == [0, 1]


def test_duplicates():
    given = [0, 1, 0], [2, 0, 2], [1.0, 5.0, 4.0], (2, 3)
    with pytest.raises(ValueError, match=r"`rows, cols` must be positions that differ.*got \(0, 2\)"):
        Observations(*given)
    seen = Observations(*given, duplicates="mean")
    assert (seen.rows.tolist(), seen.cols.tolist(), seen.values.tolist()) == ([1, 0], [0, 2], [5.0, 2.5])
    opposite = Observations([0, 0], [0, 0], [1.0, -1.0], (1, 1), duplicates="mean")
    assert opposite.values.tolist() == [0.0]  # a mean of zero is an observation too


@pytest.mark.parametrize(
    ("rows", "cols", "values", "shape", "error", "sentence"),
    [
        ([0, 2], [0, 0], [1, 2], (2, 2), ValueError, r"`rows` must be in \[0, 2\); got 2"),
        ([0, -1], [0, 0], [1, 2], (2, 2), ValueError, r"`rows` must be in \[0, 2\); got -1"),
        ([0], [0.5], [1], (2, 2), TypeError, "`cols` must be an array of integers"),
        ([0], [[0]], [1], (2, 2), ValueError, r"`cols` must be of shape \(1,\), as many as values"),
        ([0], [0], [NAN], (2, 2), ValueError, "`values` must be finite"),
        ([0], [0], [float("inf")], (2, 2), ValueError, "`values` must be finite"),
        ([0], [0], ["a"], (2, 2), TypeError, "`values` must be an array of real numbers"),
        ([0, 1], [0, 1], [1], (2, 2), ValueError, r"`rows` must be of shape \(1,\), as many as values"),
        ([0], [0], [1], (2, 0), ValueError, r"`shape\[1\]` must be an integer in"),
        ([0], [0], [1], 3, ValueError, "`shape` must be a pair of positive integers"),
    ],
)
def test_what_is_refused(rows, cols, values, shape, error, sentence):
    with pytest.raises(error, match=sentence):
        Observations(rows, cols, values, shape)


def test_refused_forms():
    with pytest.raises(ValueError, match="`data` must be at least one observation"):
        as_observations(np.full((2, 2), NAN))
    with pytest.raises(ValueError, match="`mask` must be a bool array"):
        Observations.from_dense(np.eye(2), np.eye(2))
    with pytest.raises(ValueError, match=r"`values` must be of shape \(m, n\)"):
        Observations.from_dense([1.0])
    with pytest.raises(TypeError, match="`matrix` must be a scipy sparse array"):
        Observations.from_sparse(np.eye(2))
    with pytest.raises(ValueError, match="`names` must be a pair of 1 and 2 names"):
        Observations([0], [0], [1.0], (1, 2), names=(("a", "b"), None))
    with pytest.raises(ValueError, match="`duplicates` must be one of"):
        Observations([0], [0], [1.0], (1, 2), duplicates="sum")
    with pytest.raises(ValueError, match="`singular_values` must be in"):
        LowRank(np.eye(2), np.array([1.0, -1.0]), np.eye(2))
    with pytest.raises(ValueError, match="`U` must be of shape"):
        LowRank(np.eye(2), np.array([1.0]), np.eye(2))


def test_float_types_and_read_only_inputs():
    rows = np.arange(3)
    rows.flags.writeable = False
    for kind, kept in ((np.float32, np.float32), (np.int64, np.float64), (np.float16, np.float64), (bool, np.float64)):
        values = np.ones(3, dtype=kind)
        values.flags.writeable = False
        seen = Observations(rows, rows, values, (3, 3))
        assert seen.values.dtype == seen.by_col.values.dtype == kept
        assert not seen.values.flags.writeable


def test_split_by_time_and_at_random():
    seen = Observations([3, 2, 1, 0], [0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0], (4, 4), names=("abcd", None))
    train, test = seen.split(0.25, by="time")
    assert (train.values.tolist(), test.values.tolist()) == ([1.0, 2.0, 3.0], [4.0])
    train, test = seen.split(0.5, rng=0)
    assert sorted([*train.values, *test.values]) == [1, 2, 3, 4]
    assert test.values.tolist() == seen.split(0.5, rng=0)[1].values.tolist()
    assert train.names == (("a", "b", "c", "d"), None)
    assert [part.n_observed for part in seen.split(1e-9, rng=0)] == [3, 1]
    with pytest.raises(ValueError, match="at least two observations"):
        Observations([0], [0], [1.0], (1, 1)).split(0.5)
    for fraction in (0, 1, NAN):
        with pytest.raises(ValueError, match="`fraction` must be"):
            seen.split(fraction)


def test_repeated_positions_keep_the_order_of_time():
    """One pair that is rated again stands at the time of its last rating, and all others stay where they are."""
    rows, cols = [3, 2, 1, 3, 0], [0, 1, 2, 0, 3]
    seen = Observations(rows, cols, [1.0, 2.0, 3.0, 5.0, 4.0], (4, 4), duplicates="mean")
    assert (seen.rows.tolist(), seen.cols.tolist()) == ([2, 1, 3, 0], [1, 2, 0, 3])
    assert seen.values.tolist() == [2.0, 3.0, 3.0, 4.0]
    train, test = seen.split(0.25, by="time")
    assert (train.rows.tolist(), test.rows.tolist()) == ([2, 1, 3], [0])
    assert [seen.by_row.degrees.tolist(), seen.by_col.degrees.tolist()] == [[1] * 4] * 2


def test_missing_entries_are_nan_and_no_other_object():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[1.0, None], [2.0, 3.0]])
    assert as_observations(frame).n_observed == 3  # NaN
    for table, shown in ((frame.astype("Float64"), "<NA>"), ([[1.0, None], [2.0, 3.0]], "None")):
        with pytest.raises(TypeError) as caught:
            complete(table, 1)
        rule = "`values` must be real numbers, with NaN where nothing was observed"
        assert str(caught.value) == f"{rule}; got {shown}."
    with pytest.raises(ValueError, match="`data` must be an array with rows of equal length"):
        complete([[1.0, 2.0], [1.0]], 1)


def test_copies_through_pickle_are_whole_and_read_only():
    seen = Observations([1, 0], [0, 1], [1.0, 2.0], (2, 2), names=(None, ("x", "y")))
    again = pickle.loads(pickle.dumps(seen))
    assert again.names == seen.names
    assert again.by_col.indices.tolist() == seen.by_col.indices.tolist()
    for array in (again.rows, again.values, again.by_row.values):
        assert not array.flags.writeable
    assert repr(again) == "Observations(2 of 2 x 2 entries, float64)"


def test_what_the_caller_writes_later_is_not_seen():
    rows, cols, values = np.array([0, 1], np.int32), np.array([1, 0], np.int32), np.array([1.0, 2.0])
    frozen = values.view()
    frozen.flags.writeable = False
    for either in (values, frozen):
        seen = Observations(rows, cols, either, (2, 2))
        rows[0], cols[0], values[0] = 1, 1, 9.0
        assert (seen.rows.tolist(), seen.cols.tolist(), seen.values.tolist()) == ([0, 1], [1, 0], [1.0, 2.0])
        rows[0], cols[0], values[0] = 0, 1, 1.0
    assert np.shares_memory(Observations(seen.rows, seen.cols, seen.values, (2, 2)).values, seen.values)


def test_what_a_masked_array_hides_is_not_observed():
    table = np.ma.masked_array(np.arange(6.0).reshape(2, 3), mask=[[0, 1, 0], [0, 0, 1]])
    assert as_observations(table).values.tolist() == [0.0, 2.0, 3.0, 4.0]
    assert as_observations((table, np.ones((2, 3), bool))).n_observed == 4
    table.data[0, 0] = NAN
    assert as_observations(table).values.tolist() == [2.0, 3.0, 4.0]


def test_numbers_that_cannot_be_squared_or_compared_are_refused():
    with pytest.raises(ValueError, match="`values` must be in"):
        complete(1e200 * np.eye(3), 1)
    with pytest.raises(ValueError, match="`values` must be in"):
        Observations([0], [0], np.array([1e20], np.float32), (1, 1))
    with pytest.raises(TypeError, match="`values` must be an array of real numbers"):
        complete(np.ones((2, 2)) * 1j, 1)


def test_problems_are_data_too():
    problem = make_low_rank((20, 15), 1, density=0.7, rng=0)
    assert isinstance(problem, CompletionProblem)
    assert as_observations(problem) is problem.observations
    assert problem.observations.oversampling(1) == pytest.approx(problem.observations.n_observed / 34)


def test_values_that_stay_in_the_order_of_rows_are_seen(monkeypatch):
    """A transposed copy whose values were not moved with their indices does not recover anything."""
    problem = make_low_rank((40, 30), 2, density=0.6, rng=0)
    right = observations.orientations

    def wrong(matrix):
        by_row, by_col = right(matrix)
        return by_row, by_col._replace(values=by_row.values)

    assert complete(problem, 2).residual < 1e-5
    monkeypatch.setattr(observations, "orientations", wrong)
    mixed = Observations(problem.observations.rows, problem.observations.cols, problem.observations.values, (40, 30))
    assert complete(mixed, 2).residual > 0.1


def test_the_rank_of_an_oversampling_is_checked():
    seen = Observations([0, 1], [0, 1], [1.0, 2.0], (2, 3))
    assert seen.oversampling(1) == 0.5
    for rank in (0, 3):
        with pytest.raises(ValueError, match=r"`rank` must be an integer in \[1, 2\]"):
            seen.oversampling(rank)


def test_no_gap_is_drawn_after_a_success_in_the_last_trial():
    class Gaps:
        def __init__(self):
            self.left = [94, 1, 1, 1, 1, 1, 1]

        def geometric(self, p, size):
            drawn, self.left = self.left[:size], self.left[size:]
            assert len(drawn) == size, "no gap is left"
            return np.array(drawn)

    assert makers._successes(100, 0.01, Gaps()).tolist() == [*range(93, 100)]

"""Data of the wrong shape, kind or size have a sentence of their own, at construction and not in a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from lrtheory import dynamic_submodular as ds
from lrtheory.dynamic_submodular import baselines

F = ds.Coverage([[0, 1], [1], [2]])
PATH = nx.path_graph(3)
HIDDEN = np.ma.masked_array(np.array([0, 1]), mask=[True, False])
WIDE = sparse.csr_array((np.ones(1), ([0], [2**40])), shape=(1, 2**41))
LINE = sparse.coo_array(np.ones(3))
DAY = np.array(["2026-01-01"], "datetime64[D]")


def solver() -> ds.DynamicSubmodular:
    return ds.DynamicSubmodular(F, 2, rng=0)


BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ds.Coverage([0, 1]), TypeError, "`sets[0]` must be a sequence of integers; got 0."),
    (lambda: ds.Coverage(np.array([0, 1])), TypeError, "`sets[0]` must be a sequence of integers; got 0."),
    (lambda: ds.Coverage([None]), TypeError, "`sets[0]` must be a sequence of integers; got None."),
    (lambda: ds.Coverage(["ab"]), TypeError, "`sets[0]` must be a sequence of integers; got 'ab'."),
    (lambda: ds.Coverage([[[0, 1]]]), TypeError, "`sets[0]` must be a sequence of integers; got [[0, 1]]."),
    (lambda: ds.Coverage([[[0, 1], [1]]]), ValueError, "`sets[0]` must be an array with rows of equal length"),
    (
        lambda: ds.Coverage([[0], [2**40]]),
        ValueError,
        "`sets[1]` must be a sequence of items below 268435456, numbered from 0; got 1099511627776.",
    ),
    (lambda: ds.Coverage([[0]]).append([[2**31]]), ValueError, "`rows[0]` must be a sequence of items below 268435456"),
    (lambda: ds.Coverage([[0]]).append([0]), TypeError, "`rows[0]` must be a sequence of integers; got 0."),
    (lambda: ds.Coverage(WIDE), ValueError, "`sets` must be an array of at most 268435456 columns; got 2199023255552."),
    (lambda: ds.Coverage(LINE), ValueError, "`sets` must be of shape (n, n); got (3,)."),
    (lambda: ds.Coverage(sparse.csr_array([[np.nan, 1.0]])), ValueError, "`sets` must be finite; got nan."),
    (lambda: ds.Coverage(sparse.csr_array([[1j, 1.0]])), TypeError, "`sets` must be an array of real numbers"),
    (lambda: ds.Coverage([HIDDEN]), ValueError, "without a mask"),
    (lambda: ds.Coverage([[0]], 5), ValueError, "`weights` must be of shape (n,); got ()."),
    (lambda: ds.Coverage(sparse.eye_array(2), [1.0] * 3), ValueError, "`weights` must be of shape (2,), one per item"),
    (lambda: ds.Coverage.from_graph(PATH, weights=5), ValueError, "`weights` must be of shape (n,); got ()."),
    (lambda: ds.Coverage.from_graph(PATH, weights=[1.0] * 5), ValueError, "`weights` must be of shape (3,)"),
    (lambda: ds.Coverage.from_graph(LINE), ValueError, "`graph` must be of shape (n, n); got (3,)."),
    (lambda: ds.Influence.from_graph(nx.Graph()), ValueError, "`graph` must be a graph of at least one node; got"),
    (
        lambda: ds.Influence.from_graph(sparse.csr_array((0, 0))),
        ValueError,
        "`graph` must be a graph of at least one node",
    ),
    (lambda: ds.Influence.from_graph(PATH, p=np.ones(3)), TypeError, "`p` must be a number; got"),
    (lambda: ds.Influence.from_graph(PATH, p="deg"), ValueError, "`p` must be one of 'degree'; got 'deg'."),
    (lambda: ds.Influence(PATH, 0.1, 10**12), ValueError, "`n_samples` must be an integer in [1, 268435456]"),
    (lambda: ds.FacilityLocation(LINE), ValueError, "`S` must be of shape (n, n); got (3,)."),
    (lambda: ds.FacilityLocation(WIDE), ValueError, "`S` must be an array of at most 268435456 columns"),
    (
        lambda: ds.FacilityLocation.from_features([[1e200], [0.0]], metric="rbf"),
        ValueError,
        "`X` must be small enough for squared distances of its rows; got 1e+200.",
    ),
    (
        lambda: ds.FacilityLocation.from_features([[1e200], [0.0]], metric="rbf", n_neighbors=2),
        ValueError,
        "`X` must be small enough for squared distances",
    ),
    (lambda: ds.FeatureBased(LINE), ValueError, "`X` must be of shape (n, n); got (3,)."),
    (lambda: ds.FeatureBased([[1e308], [1e308]]), ValueError, "`X` must be small enough for a finite value of all"),
    (lambda: ds.FeatureBased([[1e300]], weights=[1e300]), ValueError, "`X` must be small enough for a finite value"),
    (lambda: ds.FeatureBased([[1e308]]).append([[1e308]]), ValueError, "`rows` must be small enough for a finite"),
    (
        lambda: ds.LogDet([[1e300]], scale=1e300),
        ValueError,
        "`scale` must be small enough for finite multiples of 1e+3",
    ),
    (lambda: ds.LogDet([[0.0, 1e-8], [1e-8, 0.0]]), ValueError, "`K` must be positive semidefinite"),
    (lambda: ds.LogDet(1e-13 * np.array([[1.0, 2.0], [2.0, 1.0]])), ValueError, "`K` must be positive semidefinite"),
    (lambda: ds.LogDet(1e-13 * np.array([[2.0, 1.0], [0.0, 2.0]])), ValueError, "`K` must be a symmetric array"),
    (lambda: ds.CountingOracle(len, 2).append(3), TypeError, "`rows` must be a collection with one entry per element"),
    (lambda: F.room_for(-1), ValueError, "`k` must be an integer of at least 1; got -1."),
    (lambda: F.value(HIDDEN), ValueError, "`S` must be an array without a mask"),
    (lambda: solver().update(HIDDEN), ValueError, "`ops` must be an array without a mask"),
    (lambda: solver().update([[1], [2, 3]]), ValueError, "`ops` must be an array with rows of equal length"),
    (
        lambda: solver().update(np.array([2**64 - 1], np.uint64)),
        KeyError,
        "`ops` must be updates of elements in [0, 2]; got 18446744073709551615.",
    ),
    (lambda: ds.maximize(F, 2, candidates=HIDDEN), ValueError, "`candidates` must be an array without a mask"),
    (lambda: ds.maximize(F, 2, method="threshold", epsilon=1e-17), ValueError, "`epsilon` must be in [1e-06, 1)"),
    (lambda: ds.maximize(F, 2, method="sieve", epsilon=1e-9), ValueError, "`epsilon` must be in [1e-06, 1)"),
    (lambda: baselines.dynamic_sieve(F, [0], 1, epsilon=1e-9), ValueError, "`epsilon` must be in [1e-06, 1)"),
    (lambda: ds.PartitionMatroid(HIDDEN, [1, 1]), ValueError, "`groups` must be an array without a mask"),
    (lambda: ds.PartitionMatroid([], []), ValueError, "`limits` must be of at least one group"),
    (lambda: ds.PartitionMatroid([0], [2**62]), ValueError, "`limits` must be an array of integers of at most 2147483"),
    (lambda: ds.PartitionMatroid([0], [1]).n_levels(0), ValueError, "`epsilon` must be in (0, 1]; got 0."),
    (
        lambda: ds.OneGuess(F, 2, 5e-324),
        ValueError,
        "`guess` must be at least 8.9003e-308, of which 1 / (2k) is a full",
    ),
    (lambda: ds.OneGuess([[0]], 2, 1.0), TypeError, "`objective` must be an objective of this package"),
    (lambda: ds.run_guess(F, [0], 2, guess=1.0, n_runs=10**13), ValueError, "`n_runs` must be small enough for tables"),
    (lambda: ds.UpdateStream([[0]], [0], 1), TypeError, "`objective` must be an objective of this package"),
    (lambda: ds.UpdateStream(F, [0], 1, names=("a",)), ValueError, "`names` must be None or a sequence of 3 names"),
    (lambda: ds.UpdateStream(F, [0], 1, names=3), ValueError, "`names` must be None or a sequence of 3 names"),
    (lambda: ds.UpdateStream(F, [0], 1, truth=float("nan")), ValueError, "`truth` must be finite and at least 0"),
    (lambda: ds.UpdateStream(F, [0], 1).present(2), ValueError, "`n_ops` must be an integer in [0, 1]; got 2."),
    (lambda: ds.UpdateStream(F, [0], 1).present(1.5), TypeError, "`n_ops` must be an integer; got 1.5."),
    (lambda: ds.sliding_window(HIDDEN, 1), ValueError, "`order` must be an array without a mask"),
    (lambda: ds.time_window(HIDDEN, 1.0), ValueError, "`times` must be an array without a mask"),
    (lambda: ds.time_window([1.7e308], 1.7e308), ValueError, "`length` must be small enough to end after the time"),
    (lambda: ds.time_window([0.0], np.timedelta64(1, "D")), TypeError, "`length` must be a number, as times are"),
    (lambda: ds.time_window(DAY, np.timedelta64(1, "M")), ValueError, "`length` must be in days, seconds or other"),
    (lambda: ds.time_window(DAY, np.timedelta64("NaT", "D")), ValueError, "`length` must be positive"),
    (lambda: ds.make_tight(2, 1, 1, total=0.0), ValueError, "`total` must be in (0, inf); got 0.0."),
    (lambda: ds.make_tight(2, 10**13, 1), ValueError, "`n_identical` must be an integer in [0, 10000000]"),
    (lambda: ds.probe_submodular(len), TypeError, "`objective` must be an object with `n` and `value(S)`"),
    (lambda: ds.certify_selection(F, [0], 1, candidates=[1]), KeyError, "`items` must be a collection of candidates"),
    (lambda: ds.certify_selection(F, [0]), TypeError, "`k` must be given, unless `objective` is an UpdateStream"),
    (lambda: ds.certify_selection(F, [0], 0), ValueError, "`k` must be an integer of at least 1; got 0."),
    (lambda: ds.certify_selection(F, [0], 1).verify(3), TypeError, "`problem` must be an objective of this package"),
    (lambda: ds.maximize(F, 1, rng="abc"), TypeError, "`rng` must be None, an integer, a SeedSequence or a Generator"),
    (lambda: F.gain(9, [0]), KeyError, "`v` must be an element in [0, 2]; got 9."),
    (lambda: F.gain(1.5, [0]), TypeError, "`v` must be an element; got [1.5]."),
    (
        lambda: ds.FacilityLocation.from_features([[1.0]], gamma=1.0),
        ValueError,
        '`gamma` must be left out with metric "cosine"',
    ),
    (lambda: ds.LogDet.from_features([[1.0]], metric="linear", gamma=1.0), ValueError, 'with metric "linear"'),
    (lambda: ds.FeatureBased([[1.0]], limit=1.0), ValueError, '`limit` must be left out with concave "sqrt"'),
]


@pytest.mark.parametrize(("call", "error", "sentence"), BAD, ids=[str(place) for place in range(len(BAD))])
def test_refusals(call: Callable[[], Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert sentence in str(caught.value.args[0])


def test_rejected_rows_change_nothing() -> None:
    covered, features = ds.Coverage([[0]]), ds.FeatureBased([[1e308]])
    for f, rows in ((covered, [[2**31]]), (features, [[1e308]])):
        with pytest.raises(ValueError, match="`rows"):
            f.append(rows)
        assert f.n == 1
    assert covered.value([0]) == 1.0


@pytest.mark.parametrize("structure", ["levels", "batches"])
def test_guesses_at_the_ends_of_the_doubles(structure: Any) -> None:
    for guess, weight in ((1e-305, 1.0), (1e-305, 1e300), (1.7e308, 1.0), (1e300, 1e299), (1e-300, 1e300)):
        f = ds.Coverage([[v] for v in range(6)], np.full(6, weight))
        one = ds.OneGuess(f, 3, guess, structure=structure, dead_share=0.5, rng=0)
        one.update([0, 1, 2, 3, ~1, ~0, 4, 5])
        assert one.is_full == (weight >= one.threshold)
        one.check_invariants()


def test_small_kernels_keep_their_digits() -> None:
    f = ds.LogDet(np.array([[2.0, 1.0], [1.0, 3.0]]) * 1e-14)
    np.testing.assert_allclose([f.value([0]), f.gain(1, [0])], [2e-14, 3e-14], rtol=1e-12)

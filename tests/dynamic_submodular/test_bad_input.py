"""Every bad input has its sentence, and leaves what was there as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from lrtheory import dynamic_submodular as ds
from lrtheory.dynamic_submodular import baselines

F = ds.Coverage([[0, 1], [1], [2]])


def solver(**options: Any) -> ds.DynamicSubmodular:
    made = ds.DynamicSubmodular(F, 2, rng=0, **options)
    made.update([0, 1])
    return made


BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ds.DynamicSubmodular(F, 0), ValueError, "`k` must be an integer of at least 1; got 0."),
    (lambda: ds.DynamicSubmodular(F, 2.0), TypeError, "`k` must be an integer; got 2.0."),
    (lambda: ds.DynamicSubmodular(F, 2, epsilon=0.0), ValueError, "`epsilon` must be in [1e-06, 1]; got 0.0."),
    (lambda: ds.DynamicSubmodular(F, 2, epsilon=1.5), ValueError, "`epsilon` must be in [1e-06, 1]; got 1.5."),
    (
        lambda: ds.DynamicSubmodular(F, 2, epsilon=0.6, method="batched"),
        ValueError,
        "`epsilon` must be in [1e-06, 0.5]",
    ),
    (lambda: ds.DynamicSubmodular(F, 2, method="magic"), ValueError, "`method` must be one of 'lazy', 'eager'"),
    (lambda: ds.DynamicSubmodular(F, 2, replay="none"), ValueError, "`replay` must be one of 'net', 'exact'"),
    (lambda: ds.DynamicSubmodular([[0]], 2), TypeError, "`objective` must be an objective of this package"),
    (
        lambda: ds.DynamicSubmodular(F, ds.PartitionMatroid([0], [1])),
        ValueError,
        "`k` must be a PartitionMatroid of at",
    ),
    (lambda: ds.DynamicSubmodular(F, ds.PartitionMatroid([0] * 3, [1]), method="eager"), ValueError, '"lazy" for a'),
    (lambda: ds.PartitionMatroid([0, 2], [1, 1]), ValueError, "`groups` must be below 2, the number of limits; got 2."),
    (lambda: ds.PartitionMatroid([0], [0]), ValueError, "`limits` must be an array of integers of at least 1; got 0."),
    (
        lambda: ds.PartitionMatroid([-1], [1]),
        ValueError,
        "`groups` must be an array of integers of at least 0; got -1.",
    ),
    (
        lambda: ds.PartitionMatroid([0], [1]).holds([5]),
        KeyError,
        "`S` must be a collection of elements in [0, 0]; got 5.",
    ),
    (lambda: ds.DynamicSubmodular(F), TypeError, "`k` must be given, unless `objective` is an UpdateStream; got None."),
    (lambda: ds.maximize(F), TypeError, "`k` must be given, unless"),
    (lambda: baselines.recompute(F, [0]), TypeError, "`k` must be given, unless"),
    (lambda: ds.DynamicSubmodular(F, 10**8), ValueError, "`k` must be small enough, and `epsilon` large enough"),
    (
        lambda: ds.DynamicSubmodular(F, 1000, epsilon=1e-6, method="eager"),
        ValueError,
        "for tables of 8 GiB; got 'tables of",
    ),
    (lambda: ds.DynamicSubmodular(ds.LogDet(np.eye(3)), 20_000), ValueError, "`k` must be small enough"),
    (lambda: ds.OneGuess(F, 10**9, 1.0), ValueError, "`k` must be small enough"),
    (
        lambda: solver().update(ds.UpdateStream(ds.Coverage([[0]]), [0], 1)),
        ValueError,
        "`ops` must be an UpdateStream of the objective of this object, or an array",
    ),
    (lambda: solver().check_invariants(n_probes=-1), ValueError, "`n_probes` must be an integer of at least 0"),
    (lambda: baselines.lattanzi(F, [0], 1, epsilon=1.0), ValueError, "`epsilon` must be in [0, 1); got 1.0."),
    (
        lambda: ds.FacilityLocation.from_features(np.eye(2), metric="rbf", gamma=0.0),
        ValueError,
        "`gamma` must be in (0, inf); got 0.0.",
    ),
    (
        lambda: ds.LogDet.from_features(np.eye(2), gamma=np.inf),
        ValueError,
        "`gamma` must be in (0, inf); got inf.",
    ),
    (lambda: ds.LogDet.from_features(np.eye(2), metric="l1"), ValueError, "`metric` must be one of"),
    (lambda: ds.sliding_window([0, -1], 1), ValueError, "`order` must be an array of elements of at least 0; got -1."),
    (
        lambda: ds.sliding_window([0, 1, 0], 3),
        ValueError,
        "`order` must be without an element twice among 3 arrivals; got '0 at index 2'.",
    ),
    (lambda: ds.time_window([1e20], 1.0), ValueError, "`length` must be large enough to be seen beside the time 1e+20"),
    (
        lambda: ds.time_window(np.array(["2026-01-01"], "datetime64[D]"), 1.0),
        TypeError,
        "`length` must be a timedelta64, as times are dates; got 1.0.",
    ),
    (
        lambda: ds.time_window(np.array(["NaT"], "datetime64[D]"), np.timedelta64(1, "D")),
        ValueError,
        "`times` must be a one-dimensional array without NaT",
    ),
    (lambda: solver().insert(0), KeyError, "insert 0, which is present"),
    (lambda: solver().delete(2), KeyError, "delete 2, which is absent"),
    (lambda: solver().insert(3), KeyError, "insert 3, which is unknown"),
    (lambda: solver().insert(-1), ValueError, "`v` must be an integer of at least 0; got -1."),
    (lambda: solver().update([2, ~2, ~2]), KeyError, "`ops[2]` must be an element that is known and absent"),
    (lambda: solver().update([0.5]), TypeError, "`ops` must be a one-dimensional array of integers"),
    (lambda: ds.OneGuess(F, 2, 0.0), ValueError, "`guess` must be in (0, inf); got 0.0."),
    (lambda: ds.OneGuess(F, 2, np.inf), ValueError, "`guess` must be in (0, inf); got inf."),
    (lambda: ds.OneGuess(F, 2, 1.0, structure="heap"), ValueError, "`structure` must be one of"),
    (lambda: ds.OneGuess(F, 2, 1.0, dead_share=0.7), ValueError, "`dead_share` must be in (0, 0.5]"),
    (lambda: ds.OneGuess(F, 2, 1.0).delete(0), KeyError, "delete 0, which is absent"),
    (lambda: ds.run_guess(F, [0], 2, guess=1.0, n_runs=0), ValueError, "`n_runs` must be an integer of at least 1"),
    (lambda: ds.maximize(F, 0), ValueError, "`k` must be an integer of at least 1"),
    (lambda: ds.maximize(F, 2, candidates=[7]), KeyError, "`candidates` must be a collection of elements in [0, 2]"),
    (lambda: ds.maximize(F, 2, candidates=[0.5]), TypeError, "`candidates` must be a collection of integers"),
    (lambda: ds.maximize(F, 2, method="best"), ValueError, "`method` must be one of"),
    (
        lambda: ds.maximize(F, 2, method="stochastic", epsilon=1.0),
        ValueError,
        "`epsilon` must be in (0, 1); got 1.0.",
    ),
    (lambda: ds.maximize(ds.Coverage([[0]] * 200), 9, method="brute-force"), ValueError, "`k` must be small enough"),
    (lambda: ds.Coverage([[0.5]]), TypeError, "`sets[0]` must be a sequence of integers"),
    (lambda: ds.Coverage([[-1]]), ValueError, "`sets[0]` must be a sequence of items of at least 0; got -1."),
    (lambda: ds.Coverage("ab"), TypeError, "`sets` must be a sequence of sequences of integers"),
    (lambda: ds.Coverage([[0]], [-1.0]), ValueError, "`weights` must be in [0, inf]; got -1.0."),
    (lambda: ds.Coverage([[0]], [np.nan]), ValueError, "`weights` must be finite; got nan."),
    (lambda: ds.Coverage([[0, 1]], [1.0]), ValueError, "`weights` must be of shape (2,), one per item; got (1,)."),
    (lambda: ds.Coverage([[0, 1]], [1e308, 1e308]), ValueError, "`weights` must be small enough for a finite sum"),
    (lambda: ds.Coverage.from_graph([[0]]), TypeError, "`graph` must be a networkx graph or a sparse array"),
    (
        lambda: ds.Influence(sparse.eye_array(2), 1.5, 10),
        ValueError,
        "`p` must be in [0, 1]; got 1.5.",
    ),
    (lambda: ds.FacilityLocation([[-0.5]]), ValueError, "`S` must be in [0, inf]; got -0.5."),
    (lambda: ds.FacilityLocation([[np.inf]]), ValueError, "`S` must be finite; got inf."),
    (lambda: ds.FacilityLocation(np.eye(2)).append([[1.0]]), ValueError, "`rows` must be of shape (n, 2); got (1, 1)."),
    (
        lambda: ds.FacilityLocation.from_features(np.eye(3), n_neighbors=4),
        ValueError,
        "`n_neighbors` must be an integer",
    ),
    (lambda: ds.FeatureBased([[-1.0]]), ValueError, "`X` must be in [0, inf]; got -1.0."),
    (lambda: ds.FeatureBased([[1.0]], concave="exp"), ValueError, "`concave` must be one of"),
    (lambda: ds.FeatureBased([[1.0]], concave="min", limit=0.0), ValueError, "`limit` must be in (0, inf); got 0.0."),
    (lambda: ds.LogDet([[1.0, 0.5], [0.0, 1.0]]), ValueError, "`K` must be a symmetric array"),
    (lambda: ds.LogDet([[-1.0]]), ValueError, "`K` must be of a diagonal of at least 0; got -1.0."),
    (lambda: ds.LogDet([[-1e-9]]), ValueError, "`K` must be of a diagonal of at least 0; got -1e-09."),
    (lambda: ds.LogDet.from_features([[1e200]], metric="linear"), ValueError, "`K` must be finite"),
    (lambda: ds.LogDet([[0.0, 1.0], [1.0, 0.0]]), ValueError, "`K` must be positive semidefinite"),
    (lambda: ds.LogDet([[1.0]]).append([[2.0, 1.0]]), ValueError, "`rows` must be positive semidefinite"),
    (lambda: ds.LogDet([[1.0]], scale=0.0), ValueError, "`scale` must be in (0, inf); got 0.0."),
    (lambda: ds.LogDet([[1.0]]).append([[1.0]]), ValueError, "`rows` must be of shape (1, 2); got (1, 1)."),
    (lambda: ds.CountingOracle(3, 1), TypeError, "`f` must be a callable that takes a tuple of elements; got 3."),
    (lambda: ds.CountingOracle(len, -1), ValueError, "`n` must be an integer of at least 0; got -1."),
    (
        lambda: ds.CountingOracle(lambda S: np.nan, 1).value([0]),
        ValueError,
        "`f` must be a function with finite values",
    ),
    (lambda: F.value([3]), KeyError, "`S` must be a collection of elements in [0, 2]; got 3."),
    (lambda: F.gain(5, []), KeyError, "`v` must be an element in [0, 2]; got 5."),
    (lambda: ds.UpdateStream(F, [0, 0], 1), KeyError, "insert 0, which is present"),
    (lambda: ds.UpdateStream(F, [0], 0), ValueError, "`k` must be an integer of at least 1"),
    (lambda: ds.sliding_window([0, 1], 0), ValueError, "`length` must be an integer of at least 1; got 0."),
    (lambda: ds.sliding_window([0.5], 1), TypeError, "`order` must be a one-dimensional array of integers"),
    (lambda: ds.time_window([0.0], 0.0), ValueError, "`length` must be in (0, inf); got 0.0."),
    (lambda: ds.time_window([np.nan], 1.0), ValueError, "`times` must be finite; got nan."),
    (lambda: ds.probe_submodular(F, n_probes=0), ValueError, "`n_probes` must be an integer of at least 1"),
    (lambda: baselines.recompute(F, [~0], 1), KeyError, "delete 0, which is absent"),
    (lambda: baselines.dynamic_sieve(F, [0], 1, epsilon=1.0), ValueError, "`epsilon` must be in [1e-06, 1); got 1.0."),
    (lambda: ds.make_graph_coverage(3), ValueError, "`n` must be an integer of at least 6; got 3."),
    (lambda: ds.make_tight_greedy(13), ValueError, "`k` must be an integer in [1, 12]; got 13."),
]


@pytest.mark.parametrize(("call", "error", "sentence"), BAD, ids=[sentence for *_, sentence in BAD])
def test_bad_input(call: Callable[[], Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert sentence in str(caught.value.args[0])


def broken(change: Callable[[dict[str, Any]], Any]) -> tuple[ds.DynamicSubmodular, dict[str, Any]]:
    good = solver()
    state = good.get_state()
    change(state)
    return good, state


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("word"),
        lambda state: state.update(k=3),
        lambda state: state.update(method="eager"),
        lambda state: state["table"].pop("levels"),
        lambda state: state["table"]["levels"][1].__setitem__(0, [99] * len(state["table"]["levels"][1][0])),
        lambda state: state["table"]["elements"][1].__setitem__(0, [77] * len(state["table"]["elements"][1][0])),
        lambda state: state["stream"].update(singles=[0.0]),
        lambda state: state["stream"].update(tally=["a"]),
        lambda state: state["stream"]["tally"].__setitem__(0, 10**6),
        lambda state: state.update(word="abc"),
        lambda state: state.update(word=None),
        lambda state: state.update(word=2**70),
        lambda state: state["stream"]["log"].__setitem__(0, 99),
        lambda state: state["stream"]["ground"][0].__setitem__(0, 1),
        lambda state: state["stream"]["ground"][1].__setitem__(0, 2),
        lambda state: state["stream"]["singles"].__setitem__(0, float("nan")),
        lambda state: state["stream"]["tally"].__setitem__(1, 1),
        lambda state: state["table"].update(marks=state["table"]["marks"][:1]),
    ],
)
def test_a_state_that_does_not_fit_is_rejected(change: Callable[[dict[str, Any]], Any]) -> None:
    good, state = broken(change)
    before = good.get_state()
    with pytest.raises(ValueError, match="`state"):
        good.set_state(state)
    assert good.get_state() == before
    with pytest.raises(TypeError, match="`state` must be a mapping"):
        good.set_state(3)  # type: ignore[arg-type]


def test_a_state_of_other_groups_is_rejected() -> None:
    one, other = (ds.DynamicSubmodular(F, ds.PartitionMatroid(groups, [1, 1])) for groups in ([0, 0, 1], [0, 1, 1]))
    one.update([0, 1])
    before = other.get_state()
    with pytest.raises(
        ValueError, match=r"`state\['groups'\]` must be \[0, 1, 1\], as of this object; got \[0, 0, 1\]"
    ):
        other.set_state(one.get_state())
    assert other.get_state() == before

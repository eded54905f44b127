"""Options by method: each method takes the options that it uses, and refuses the others, also at their defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory.dynamic_submodular import dynamic, offline, theory
from lrtheory.dynamic_submodular.objectives import facility, features, logdet
from proofs_checks.dynamic_submodular.batches.marginals import live_value

F = ds.Coverage([[0, 1], [1], [2]])
X = [[1.0, 0.0], [0.5, 2.0]]

#: by function its table, a call with a method and an option, and for every option its own default and another value
CALLS: dict[str, tuple[dict[str, set[str]], Callable[..., Any], dict[str, tuple[Any, Any]]]] = {
    "maximize": (offline.OPTIONS, lambda method, **o: ds.maximize(F, 2, method=method, **o), {"epsilon": (0.1, 0.3)}),
    "DynamicSubmodular": (
        dynamic.OPTIONS,
        lambda method, **o: ds.DynamicSubmodular(F, 2, method=method, rng=0, **o),
        {"replay": ("net", "exact")},
    ),
    "FeatureBased": (
        features.OPTIONS,
        lambda concave, **o: ds.FeatureBased(X, concave=concave, **o),
        {"limit": (1, 2)},
    ),
    "FacilityLocation.from_features": (
        facility.OPTIONS,
        lambda metric, **o: ds.FacilityLocation.from_features(X, metric=metric, **o),
        {"gamma": (1.0, 2.0)},
    ),
    "LogDet.from_features": (
        logdet.OPTIONS,
        lambda metric, **o: ds.LogDet.from_features(X, metric=metric, **o),
        {"gamma": (1.0, 2.0)},
    ),
}
#: the argument that chooses, where it is not called "metric"
CHOOSES = {"maximize": "method", "DynamicSubmodular": "method", "FeatureBased": "concave"}
CASES = [(name, method, option) for name, (table, _, values) in CALLS.items() for method in table for option in values]


@pytest.mark.parametrize(("name", "method", "option"), CASES)
def test_an_option_is_used_or_refused(name: str, method: str, option: str) -> None:
    table, call, values = CALLS[name]
    for value in values[option]:
        if option in table[method]:
            call(method, **{option: value})
        else:
            with pytest.raises(
                ValueError, match=f'`{option}` must be left out with {CHOOSES.get(name, "metric")} "{method}"'
            ):
                call(method, **{option: value})


def test_the_defaults_of_the_options_are_those_of_the_docstrings() -> None:
    for method in ("stochastic", "threshold", "sieve", "sieve++"):
        one, other = (ds.maximize(F, 2, method=method, rng=0, **options) for options in ({}, {"epsilon": 0.1}))
        assert one.items.tolist() == other.items.tolist()
    assert ds.DynamicSubmodular(F, 2).replay == "net"
    assert ds.FeatureBased(X, concave="min").value([0, 1]) == ds.FeatureBased(X, concave="min", limit=1.0).value([0, 1])
    for make in (ds.FacilityLocation.from_features, ds.LogDet.from_features):
        assert make(X, metric="rbf").value([0, 1]) == make(X, metric="rbf", gamma=1.0).value([0, 1])


def test_every_method_takes_a_generator() -> None:
    for method in offline.OPTIONS:
        assert ds.maximize(F, 3, method=method, rng=0).value >= 0


def test_data_frames_sets_and_generators_go_where_arrays_go() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.0, 2.0]})
    assert ds.FacilityLocation(frame).value([0, 1]) == ds.FacilityLocation(X).value([0, 1])
    assert ds.LogDet.from_features(frame).value([0]) == ds.LogDet.from_features(X).value([0])
    assert F.value(pd.Series([0, 2])) == F.value({0, 2}) == F.value(v for v in (0, 2)) == F.value(range(0, 3, 2))
    groups = pd.Series([0, 0, 1])
    assert ds.PartitionMatroid(groups, [1, 1]).groups.tolist() == [0, 0, 1]
    assert theory.marginal_bound(1, pd.Series([3, 2, 1]), [1, 1], groups=groups) == 5
    assert theory.group_bound(1.0, pd.Series([1.0, 0.5]), np.array([2, 4])) == 5.0


@pytest.mark.parametrize(
    "call",
    [
        lambda hidden: live_value(hidden, [True, True]),
        lambda hidden: live_value([1.0, 2.0], hidden),
        lambda hidden: theory.marginal_bound(1.0, hidden, [1]),
        lambda hidden: theory.marginal_bound(1.0, [1.0, 2.0], [1], groups=hidden),
        lambda hidden: theory.group_bound(1.0, hidden, [1, 1]),
        lambda hidden: theory.group_bound(1.0, [1.0, 1.0], hidden),
    ],
)
def test_formulas_refuse_hidden_entries(call: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="without a mask"):
        call(np.ma.masked_array([1, 0], mask=[True, False]))

"""Objectives agree with their formulas, their profiles with their values, and grow."""

from __future__ import annotations

import pickle

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from lrtheory import dynamic_submodular as ds
from lrtheory.dynamic_submodular.structures import prefixes, states
from tests.dynamic_submodular.oracles import instances

KINDS = sorted(instances())


@pytest.mark.parametrize("kind", KINDS)
def test_values_and_marginals_are_those_of_the_formula(kind: str) -> None:
    f, formula = instances()[kind]
    rng = np.random.default_rng(1)
    for _ in range(20):
        S = rng.permutation(f.n)[: rng.integers(f.n)].tolist()
        assert f.value(S) == pytest.approx(formula(S), rel=1e-12, abs=1e-12)
        expected = [0.0 if v in S else formula([*S, v]) - formula(S) for v in range(f.n)]
        np.testing.assert_allclose(f.gains(S), expected, rtol=1e-9, atol=1e-12)
        assert f.gain(3, S) == pytest.approx(expected[3], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_integer_data_give_exact_values(kind: str) -> None:
    f, formula = instances()[kind]
    if kind in ("coverage", "facility", "sparse facility"):
        assert f.value([4, 1, 7]) == formula([4, 1, 7])


@given(seed=st.integers(0, 10**6), kind=st.sampled_from(KINDS), data=st.data())
@settings(max_examples=60, deadline=None)
def test_profiles_are_marginals_after_any_truncations(seed: int, kind: str, data: st.DataObject) -> None:
    f, formula = instances(8, seed)[kind]
    state = states.at(states.new_states(f._record, 0, 8, n_entries=f.room_for(8)), 0)
    sequence: list[int] = []
    scratch = np.zeros(20)
    for _ in range(data.draw(st.integers(1, 5))):
        keep = data.draw(st.integers(0, len(sequence)))
        prefixes.truncate(f._record, state, len(sequence), keep)
        sequence = sequence[:keep]
        for v in data.draw(st.permutations([u for u in range(8) if u not in sequence]))[: data.draw(st.integers(0, 4))]:
            marginal = prefixes.gain(f._record, state, len(sequence), v, scratch)
            prefixes.extend(f._record, state, len(sequence) + 1, v, marginal)
            sequence.append(v)
    for v in range(8):
        for low in range(len(sequence) + 1):
            gains = np.full(20, np.nan)
            prefixes.profile(f._record, state, v, low, len(sequence), -1.0, gains)
            inside = gains[low : len(sequence) + 1]
            heads = [sequence[:z] for z in range(low, len(sequence) + 1)]
            expected = [formula(list(dict.fromkeys([*head, v]))) - formula(head) for head in heads]
            if kind not in ("logdet", "features", "log1p", "min") or v not in sequence:  # sums count an element twice
                np.testing.assert_allclose(inside, expected, rtol=1e-9, atol=1e-9)
            assert (np.diff(inside) <= 1e-12).all()


def test_append_gives_new_numbers_and_the_same_function() -> None:
    f = ds.Coverage([[0, 1]], [2.0, 3.0])
    assert f.append([[1, 4], []]).tolist() == [1, 2]
    assert (f.n, f.value([1]), f.value([0, 1]), f.value([2])) == (3, 4.0, 6.0, 0.0)
    g = ds.FacilityLocation(np.eye(2))
    assert g.append([[0.5, 2.0]]).tolist() == [2]
    assert g.value([0, 2]) == 3.0
    h = ds.LogDet(np.eye(2))
    assert h.append([[0.0, 0.0, 3.0]]).tolist() == [2]
    assert h.value([2]) == pytest.approx(np.log(4))
    e = ds.FeatureBased(np.eye(2))
    assert e.append(sparse.csr_array([[0.0, 3.0]])).tolist() == [2]
    assert e.value([1, 2]) == 2.0
    s = ds.FacilityLocation(sparse.csr_array(np.eye(2)))
    assert s.append(sparse.csr_array(([1.0], ([0], [3])), shape=(1, 4))).tolist() == [2]
    assert s.value([0, 2]) == 2.0
    c = ds.CountingOracle(len, 1)
    assert c.append([None, None]).tolist() == [1, 2]
    assert c.value([0, 2]) == 2.0


def test_coverage_of_a_graph_counts_dominated_nodes() -> None:
    graph = nx.karate_club_graph()
    f = ds.Coverage.from_graph(graph)
    assert f.value([0, 33]) == len({0, 33, *graph[0], *graph[33]})
    open_neighbors = ds.Coverage.from_graph(nx.to_scipy_sparse_array(graph, weight=None, format="csr"), closed=False)
    assert open_neighbors.value([0]) == graph.degree[0]


def test_influence_is_unbiased_on_a_chain() -> None:
    chain = nx.DiGraph([(0, 1), (1, 2)])
    f = ds.Influence(chain, 0.5, 20_000, rng=0)
    assert f.value([0]) == pytest.approx(1 + 0.5 + 0.25, abs=0.05)  # 5 standard deviations are below 0.04
    assert f.value([2]) == pytest.approx(1.0, abs=0.05)
    assert ds.Influence(chain, "degree", 50, rng=0).value([0, 1, 2]) == pytest.approx(3.0)


def test_nearest_neighbors_keep_the_largest_similarities() -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    dense, few = ds.FacilityLocation.from_features(X), ds.FacilityLocation.from_features(X, n_neighbors=5)
    assert few._record.is_sparse
    assert len(few._record.data) == 150
    assert few.value(range(30)) == pytest.approx(dense.value(range(30)))
    assert few.value([3]) < dense.value([3])
    rbf = ds.FacilityLocation.from_features(X, metric="rbf", n_neighbors=30)
    assert rbf.value([2]) == pytest.approx(np.exp(-((X - X[2]) ** 2).sum(axis=1)).sum())


def test_an_oracle_counts_its_calls_and_takes_off_the_empty_set() -> None:
    f = ds.CountingOracle(lambda S: 5 + len(S), 3)
    assert f.value([0, 1]) == 2.0
    assert f.calls == 2
    f.reset()
    assert f.value([]) == 0.0
    assert f.calls == 0


def test_the_probe_names_counterexamples() -> None:
    cut = ds.CountingOracle(lambda S: sum((v in S) != (w in S) for v, w in [(0, 1), (1, 2), (2, 3), (0, 2)]), 4)
    found = ds.probe_submodular(cut, rng=0)
    assert found.kind == "monotone"
    assert cut.value([*found.B, found.v]) < cut.value(found.B)
    square = ds.CountingOracle(lambda S: len(S) ** 2, 5)
    found = ds.probe_submodular(square, rng=0)
    assert found.kind == "submodular"
    assert set(found.A) < set(found.B)
    for f, _ in instances().values():
        assert ds.probe_submodular(f, n_probes=100, rng=0).kind is None
    passed = ds.probe_submodular(ds.Coverage([[0], [0, 1], [2]]), rng=0)
    assert (passed.kind, passed.violation, passed.v) == (None, 0.0, -1)
    assert passed.counts["queries"] == 4 * 200  # four values for each triple


@pytest.mark.parametrize("kind", KINDS)
def test_objectives_pickle(kind: str) -> None:
    f, _ = instances()[kind]
    assert pickle.loads(pickle.dumps(f)).value([1, 2, 5]) == f.value([1, 2, 5])


def test_influence_of_a_graph_and_of_newcomers() -> None:
    chain = nx.DiGraph([(0, 1), (1, 2)])
    f = ds.Influence.from_graph(chain, p=1.0, n_samples=300, rng=0)
    assert f.value([0]) == pytest.approx(3.0)
    assert f.append([range(150), []]).tolist() == [3, 4]
    assert f.value([3]) == pytest.approx(1.5)
    assert f.value([0, 3]) == pytest.approx(3.0)
    with pytest.raises(ValueError, match=r"`rows` must be of samples in \[0, 299\]; got 300."):
        f.append([[300]])
    assert f.n == 5


def test_a_stored_zero_is_no_edge() -> None:
    stored = sparse.csr_array((np.array([1.0, 0.0]), ([0, 1], [1, 2])), shape=(3, 3))
    f = ds.Influence(stored, 1.0, 3000, rng=0)
    assert f.value([1]) == pytest.approx(1.0, abs=0.1)
    assert ds.Influence(stored, "degree", 3000, rng=0).value([0]) == pytest.approx(2.0, abs=0.1)
    assert stored.nnz == 2


def test_points_at_zero_are_at_right_angles_to_all() -> None:
    X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [0.0, 0.0]])
    cosines = np.array([[0, 0, 0, 0, 0], [0, 1, 0, -1, 0], [0, 0, 1, 0, 0], [0, -1, 0, 1, 0], [0, 0, 0, 0, 0]])
    for n_neighbors in (None, 5):
        f = ds.FacilityLocation.from_features(X, n_neighbors=n_neighbors)
        values = [f.value([v]) for v in range(5)]
        assert values == pytest.approx(((1 + cosines) / 2).sum(axis=1).tolist())
    two = ds.FacilityLocation.from_features(np.array([[1.0, 0.0], [1.0, 0.2], [0.0, 0.0]]), n_neighbors=2)
    assert two.value([2]) == pytest.approx(0.5)  # it serves nobody but itself


def test_determinants_of_points_and_of_sparse_arrays() -> None:
    X = np.random.default_rng(0).normal(size=(6, 2))
    squared = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    kernels = {"rbf": np.exp(-0.7 * squared), "linear": X @ X.T, "cosine": unit @ unit.T}
    for metric, K in kernels.items():
        gamma = 0.7 if metric == "rbf" else None
        made = ds.LogDet.from_features(X, metric=metric, gamma=gamma, scale=2.0)
        assert made.value([0, 2, 5]) == pytest.approx(ds.LogDet(K, scale=2.0).value([0, 2, 5]))
    K = np.diag([1.0, 2.0])
    assert ds.LogDet(sparse.csr_array(K)).value([0, 1]) == ds.LogDet(K).value([0, 1])

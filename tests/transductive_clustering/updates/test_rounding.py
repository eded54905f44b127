"""Rounding against all labels, exactly where the numbers are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering.updates.rounding import OPTIONS
from proofs_checks.transductive_clustering.families.relaxed import pair_energy
from proofs_checks.transductive_clustering.relaxations.rounding import entropy_bound, rounding_bound
from proofs_checks.transductive_clustering.relaxations.vertices import vertex_gap
from tests.transductive_clustering import oracles


def pair(labels, A, W, lam):
    """E of labels: the discrete energy without the constant."""
    return tc.discrete_energy(np.asarray(labels), A, W, lam=lam) - vertex_gap(W, lam)


@given(st.integers(0, 2**32))
def test_sequential_rounding_never_loses(seed):
    rng = np.random.default_rng(seed)
    A, W = oracles.problem(rng, n=5)
    Z, lam = oracles.rows(rng, 5, 3), float(rng.uniform(0, 5))
    before = pair_energy(Z, A, W, lam)
    labels = tc.round_assignments(Z, A, W, lam=lam, order=rng.permutation(5))
    assert pair(labels, A, W, lam) <= before + 1e-12
    best = min(pair(v, A, W, lam) for v in oracles.vertices(5, 3))
    relaxed = tc.relaxed_energy(Z, A, W, lam=lam, temperature=0.5)
    assert best - entropy_bound(5, 3, 0.5) <= relaxed + 1e-12
    assert pair(labels, A, W, lam) <= rounding_bound(relaxed, 5, 3, 0.5) + 1e-12


def test_from_the_best_labels_the_updates_stay_below_them():
    rng = np.random.default_rng(2)
    for _ in range(10):
        A, W = oracles.problem(rng, n=5, k=2)
        best = min(oracles.vertices(5, 2), key=lambda v: pair(v, A, W, 1.0))
        found = tc.bound_update(A, W, lam=1.0, init=np.eye(2)[list(best)])
        assert found.energy <= pair(best, A, W, 1.0) + 1e-12
        assert found.energy >= pair(best, A, W, 1.0) - entropy_bound(5, 2, 1.0) - 1e-12


def test_argmax_loses_where_rounding_in_turn_does_not():
    Z, W = [[0.51, 0.49], [0.49, 0.51]], np.array([[0.0, 1.0], [1.0, 0.0]])
    costs = np.zeros((2, 2))
    assert tc.round_assignments(Z, costs, W, method="argmax").tolist() == [0, 1]
    assert pair(tc.round_assignments(Z, costs, W), costs, W, 1.0) == -1.0


def test_exact_numbers_ties_and_clamps():
    half = Fraction(1, 2)
    Z = np.full((3, 2), half, dtype=object)
    costs = np.zeros((3, 2), dtype=object)
    W = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=object)
    assert tc.round_assignments(Z, costs, W, lam=Fraction(1)).tolist() == [0, 0, 0]
    assert tc.round_assignments(Z, costs, W, lam=Fraction(1), clamp=[-1, -1, 1], order=[2, 1, 0]).tolist() == [1, 1, 1]
    costs[1, 0] = Fraction(1, 10**30)  # invisible to doubles
    assert tc.round_assignments(Z, costs, W, lam=Fraction(1), order=[1, 0, 2]).tolist() == [1, 1, 1]


def test_what_lets_rounding_raise_the_energy_is_refused():
    """With a directed affinity the labels would cost 0 and the assignments -0.95; with w_11 = -1, 1/2 for 1/4."""
    directed = np.array([[0.0, 4.0], [0.0, 0.0]])
    Z, costs = np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 0.0], [0.1, 0.0]])
    for affinity in (directed, directed.tolist(), sparse.csr_array(directed), directed.astype(int).astype(object)):
        for method in ("sequential", "argmax"):
            with pytest.raises(ValueError, match="`affinity` must be symmetric"):
                tc.round_assignments(Z, costs, affinity, method=method)
    for affinity in (-np.eye(1), sparse.csr_array(-np.eye(1)), np.array([[Fraction(-1)]], object)):
        with pytest.raises(ValueError, match="`affinity` must be without a negative entry on its diagonal; got .*-1"):
            tc.round_assignments([[0.5, 0.5]], [[0.0, 0.0]], affinity)
    nearly = np.array([[0.0, 0.3], [0.1 + 0.2, 0.0]])  # rounding makes no graph directed
    assert tc.round_assignments(np.full((2, 2), 0.5), np.zeros((2, 2)), nearly).tolist() == [0, 0]


@pytest.mark.parametrize("method", OPTIONS)
def test_each_method_takes_the_options_that_it_uses_and_refuses_all_others(method):
    given = np.full((2, 2), 0.5), np.zeros((2, 2)), np.eye(2)
    for name, value in {"lam": 2.0, "order": [1, 0]}.items():
        if name in OPTIONS[method]:
            assert tc.round_assignments(*given, method=method, **{name: value}).tolist() == [0, 0]
        else:
            with pytest.raises(ValueError, match=f'`{name}` must be left out with method "{method}"'):
                tc.round_assignments(*given, method=method, **{name: value})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "best"}, "`method` must be one of"),
        ({"lam": -1.0}, "`lam` must be in"),
        ({"clamp": [0]}, "`clamp` must be an integer array of shape"),
        ({"clamp": [2, 0]}, "`clamp` must be in"),
        ({"order": [0, 0]}, "`order` must be a permutation"),
        ({"order": [0.0, 1.0]}, "`order` must be a permutation"),
        ({"affinity": np.eye(3)}, r"`affinity` must be of shape \(2, 2\)"),
        (
            {"assignments": np.full((2, 2), 0.4)},
            "`assignments` must be of rows with sum 1; got .* the sum 0.8",
        ),
        ({"assignments": [[2, -1], [0, 1]]}, "`assignments` must be in"),
        ({"costs": [0.0, 1.0]}, r"`costs` must be of shape \(N, K\); got \(2,\)"),
        ({"costs": np.zeros((0, 2))}, "`costs` must be of at least one point"),
    ],
)
def test_bad_input(options, sentence):
    given = {"assignments": np.full((2, 2), 0.5), "costs": np.zeros((2, 2)), "affinity": np.eye(2)} | options
    with pytest.raises(ValueError, match=sentence):
        tc.round_assignments(**given)

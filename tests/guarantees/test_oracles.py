"""Oracles against scipy, networkx and counts by hand; and what they refuse."""

import itertools
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from ready import Pool, graphs, metrics, oracles
from scipy import optimize, stats


def test_the_best_subset_is_a_maximum_independent_set():
    for graph in graphs(5).smallest()[::3]:
        edges = set(graph.edges)
        free = lambda chosen, edges=edges: not any(pair in edges for pair in itertools.combinations(chosen, 2))
        best = oracles.best_subset(range(graph.n), len, feasible=free)
        cliques = nx.find_cliques(nx.complement(graph.nx()))
        assert best.value == len(best.chosen) == max(map(len, cliques))


def test_the_first_of_equally_good_choices_is_returned():
    assert oracles.best_subset((1, 2, 3), lambda subset: 0) == (0, ())
    assert oracles.best_subset((1, 2, 3), sum, feasible=len, largest=False) == (1, (1,))
    assert oracles.best_permutation("ab", lambda order: 0) == (0, ("a", "b"))
    assert oracles.best_permutation((), len) == (0, ())


def test_the_best_permutation_is_the_least_assignment():
    for metric in metrics(5, bottom=5).smallest()[:8]:
        cost = metric.distances + np.arange(5)[:, None] * np.arange(5)
        best = oracles.best_permutation(range(5), lambda order, c=cost: int(c[range(5), order].sum()), largest=False)
        assert best.value == cost[optimize.linear_sum_assignment(cost)].sum()


def test_binomial_laws_are_those_of_scipy_and_add_to_one():
    for n, p in itertools.product((0, 1, 5, 20), (Fraction(0), Fraction(1, 3), Fraction(1))):
        law = [oracles.binomial_pmf(n, p, k) for k in range(n + 1)]
        assert sum(law) == 1
        np.testing.assert_allclose([float(one) for one in law], stats.binom.pmf(range(n + 1), n, float(p)), rtol=1e-12)
    assert oracles.binomial_pmf(3, Fraction(1, 3), 2) == Fraction(2, 9)
    assert [oracles.binomial_pmf(2, Fraction(1, 2), k) for k in (-1, 3)] == [0, 0]


def test_equal_splits_are_tested_once():
    calls = []

    def test(x, y):
        calls.append((x.tolist(), y.tolist()))
        return 1.0

    assert oracles.on_every_split(test)(Pool((0, 0, 0, 1), 2), None).tolist() == [1.0] * 6
    assert calls == [([0, 0], [0, 1]), ([0, 1], [0, 0])]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: oracles.best_subset(range(17), len),
            r"`items` must be at most 16 \(`cap`\), since n items have 2",
        ),
        (
            lambda: oracles.best_permutation(range(9), len),
            r"`items` must be at most 8 \(`cap`\), since n items have n!",
        ),
        (
            lambda: oracles.best_subset([1], len, feasible=lambda s: False),
            "`feasible` must be true of at least one subset",
        ),
        (
            lambda: oracles.on_every_split(max)(Pool(tuple(range(40)), 20), None),
            "`pool` must be small enough for at most 10000 splits",
        ),
    ],
)
def test_bad_input_is_refused_in_a_sentence(call, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        call()

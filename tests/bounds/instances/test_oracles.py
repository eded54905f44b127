"""Oracles against scipy, networkx and counts by hand; and what they refuse."""

import itertools
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from scipy import optimize, stats

from lrtheory.bounds import oracles
from lrtheory.bounds.instances import Pool, graphs, metrics


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
    for n, p in itertools.product((0, 1, 5, 20), (Fraction(0), Fraction(1, 3), 0.5, 1)):
        law = [oracles.binomial_pmf(n, p, k) for k in range(n + 1)]
        assert sum(law) == 1
        np.testing.assert_allclose([float(one) for one in law], stats.binom.pmf(range(n + 1), n, float(p)), rtol=1e-12)
        tails = [float(oracles.binomial_tail(n, p, k)) for k in range(n + 1)]
        np.testing.assert_allclose(tails, stats.binom.sf(np.arange(n + 1) - 1, n, float(p)), rtol=1e-12)
    assert oracles.binomial_pmf(3, Fraction(1, 3), 2) == Fraction(2, 9)
    assert oracles.binomial_tail(3, Fraction(1, 3), 2) == Fraction(7, 27)
    assert [oracles.binomial_pmf(2, 0.5, k) for k in (-1, 3)] == [0, 0]
    assert [oracles.binomial_tail(2, 0.5, k) for k in (-1, 0, 3)] == [1, 1, 0]


def test_levels_are_counted_by_hand():
    def highest(x, y):
        return Fraction(1, 6) if min(x) > max(y) else Fraction(1)

    assert oracles.exact_level(highest, [1, 2, 3, 4], 2, Fraction(1, 6)) == Fraction(1, 6)
    assert oracles.exact_level(highest, [1, 2, 3, 4], 2, Fraction(1, 7)) == 0
    assert oracles.exact_level(highest, [1, 1, 2, 2], 2, 0.5) == Fraction(1, 6)
    assert oracles.exact_level(highest, [1, 2, 3, 4], 2, 1) == 1


def test_the_level_of_the_rank_sum_test_is_its_own_p_value():
    test = lambda x, y: stats.mannwhitneyu(x, y, method="exact").pvalue
    for alpha in (0.02, 0.1, 0.2, 0.5):
        law = [float(p) for p in oracles.on_every_split(test)(Pool(range(6), 3), None)]
        assert oracles.exact_level(test, range(6), 3, alpha) == Fraction(sum(p <= alpha for p in law), 20)
    assert oracles.exact_level(test, range(6), 3, 0.1) == Fraction(1, 10)  # the two extreme splits of twenty


def test_equal_splits_are_tested_once():
    calls = []

    def test(x, y):
        calls.append((x.tolist(), y.tolist()))
        return 1.0

    assert oracles.exact_level(test, [0, 0, 0, 1], 2, 1) == 1
    assert calls == [([0, 0], [0, 1]), ([0, 1], [0, 0])]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: oracles.best_subset(range(17), len),
            r"`items` must be at most 16 items \(`cap`\), since n items have 2",
        ),
        (
            lambda: oracles.best_permutation(range(9), len),
            r"`items` must be at most 8 items \(`cap`\), since n items have n!",
        ),
        (
            lambda: oracles.best_subset([1], len, feasible=lambda s: False),
            "`feasible` must be true of at least one subset",
        ),
        (lambda: oracles.best_subset([1], len, cap=-1), "`cap` must be an integer of at least 0; got -1."),
        (lambda: oracles.binomial_pmf(-1, 0.5, 0), "`n` must be an integer of at least 0; got -1."),
        (lambda: oracles.binomial_pmf(1, 1.5, 0), r"`p` must be in \[0, 1\]; got 1.5."),
        (lambda: oracles.binomial_tail(1, np.inf, 0), r"`p` must be in \[0, 1\]; got inf."),
        (lambda: oracles.binomial_tail(1, "0.5", 0), "`p` must be a Fraction, an integer or a double; got '0.5'."),
        (lambda: oracles.binomial_tail(1, 0.5, 0.5), "`k` must be an integer; got 0.5."),
        (lambda: oracles.exact_level(max, range(40), 20, 0.1), r"`pool` must be small enough for at most 10000 splits"),
        (lambda: oracles.on_every_split(max, cap=3)(Pool((1, 2, 3, 4), 2), None), "got 'a pool with 6 splits'."),
        (lambda: oracles.exact_level(max, [[1]], 1, 0.1), "`pool` must be a sequence of numbers"),
        (lambda: oracles.exact_level(max, [1], 2, 0.1), r"`m` must be an integer in \[0, 1\]; got 2."),
        (lambda: oracles.attained_level(times=0), "`times` must be an integer of at least 1; got 0."),
        (lambda: oracles.attained_level(times=Fraction(-1)), "`times` must be positive"),
        (lambda: oracles.attained_level(operations=0.5), "`operations` must be an integer; got 0.5."),
        (lambda: oracles.attained_level(cases=3), "`cases` must be a function of an instance; got 3."),
        (lambda: oracles.coverage(1), r"`level` must be in \(0, 1\); got 1."),
        (lambda: oracles.coverage(95), r"`level` must be in \[0, 1\]; got 95."),
        (lambda: oracles.coverage(within=-0.1), r"`within` must be in \[0, 1\]; got -0.1."),
        (lambda: oracles.on_every_split(0.05), "`test` must be a function of two samples; got 0.05."),
        (lambda: oracles.for_every_count(0.05), "`interval` must be a function of two counts; got 0.05."),
    ],
)
def test_bad_input_is_refused_in_a_sentence(call, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        call()

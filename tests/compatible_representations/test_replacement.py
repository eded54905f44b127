"""Answers against exact counts and enumerated laws, planned numbers of queries, and the test that may be looked at."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from lrtheory import compatible_representations as cr
from lrtheory.cli import main
from lrtheory.compatible_representations.replacement import STAKES
from lrtheory.compatible_representations.theory.decisions import _tail, is_better


def tail(won, total):
    """P(X >= won) for fair coins, exactly."""
    return Fraction(sum(math.comb(total, k) for k in range(won, total + 1)), 2**total)


def hits(won, lost, both=3, none=2):
    new = [True] * won + [False] * lost + [True] * both + [False] * none
    old = [False] * won + [True] * lost + [True] * both + [False] * none
    return new, old


@pytest.mark.parametrize("delta", [0.01, 0.05, 1 / 32, 0.1, 0.6])
def test_without_a_margin_fair_coins_decide(delta):
    for won, lost in product(range(9), repeat=2):
        found = cr.compare_hits(*hits(won, lost), delta=delta)
        total = won + lost
        due = (
            "yes"
            if tail(won, total) <= Fraction(delta)
            else "no"
            if tail(lost, total) <= Fraction(delta)
            else "undecided"
        )
        assert (found.verdict, found.won, found.lost, found.method) == (due, won, lost, "sign")
        assert cr.theory.sign_level(won, lost) == float(tail(won, total))


def test_large_counts_agree_with_small_ones_where_the_ways_meet():
    assert cr.theory.sign_level(1040, 960) == pytest.approx(float(tail(1040, 2000)), rel=1e-12)
    assert cr.theory.sign_level(1050, 960) == pytest.approx(float(tail(1050, 2010)), rel=1e-10)
    assert is_better(10**6 + 5000, 10**6, 0.001)
    assert not is_better(10**6 + 50, 10**6, 0.4)


def test_the_limits_miss_as_seldom_as_they_say():
    """All outcomes of small trinomials, at the edge of their promise."""
    n, delta = 12, 0.2
    for b, c in [(0.3, 0.1), (0.05, 0.05), (0.0, 0.2), (0.6, 0.4), (0.5, 0.0)]:
        missed = above = 0.0
        for won in range(n + 1):
            for lost in range(n + 1 - won):
                ways = math.comb(n, won) * math.comb(n - won, lost)
                chance = ways * b**won * c**lost * max(0.0, 1 - b - c) ** (n - won - lost)
                lower, upper = cr.theory.difference_limits(won, lost, n, delta=delta)
                missed += chance * (lower > b - c + 1e-12)
                above += chance * (upper < b - c - 1e-12)
        assert missed <= delta
        assert above <= delta


def test_a_margin_is_judged_by_the_limits():
    found = cr.compare_hits(*hits(30, 10, 150, 10), margin=0.05)
    assert (found.verdict, found.method) == ("yes", "limits")
    assert found.lower > -0.05
    worse = cr.compare_hits(*hits(2, 60, 100, 38), margin=0.05)
    assert worse.verdict == "no"
    assert worse.upper < -0.05
    assert cr.compare_hits(*hits(5, 5), margin=0.05).verdict == "undecided"


def test_queries_that_all_agree_decide_nothing_and_divide_by_nothing():
    found = cr.compare_hits([True] * 9, [True] * 9)
    assert found.verdict == "undecided"
    assert found.lower == -cr.theory.difference_limits(0, 0, 9, delta=0.05)[1] < 0
    assert found.queries_needed is None
    assert "no number of queries decides" in repr(found)
    assert cr.compare_hits([True] * 400, [True] * 400, margin=0.05).verdict == "yes"


def test_scores_between_0_and_1_are_judged_by_bets():
    rng = np.random.default_rng(0)
    old = rng.uniform(0, 0.6, 200)
    found = cr.compare_hits(old + 0.2, old)
    assert (found.verdict, found.method) == ("yes", "betting")
    assert found.lower < 0.2 < found.upper
    assert found.certificate.statement == "compatible_representations/SX-20"
    assert cr.compare_hits(old, old + 0.2).verdict == "no"
    short = cr.compare_hits(old[:6] + 0.1, old[:6])
    assert short.verdict == "undecided"
    assert short.queries_needed > 6
    assert cr.compare_hits(old, old).queries_needed is None


def test_the_power_is_the_sum_over_all_outcomes():
    b, c, delta = 0.25, 0.1, 0.1
    for n, margin in [(15, 0.0), (15, 0.1), (23, 0.0), (23, 0.3)]:
        due = 0.0
        for won in range(n + 1):
            for lost in range(n + 1 - won):
                ways = math.comb(n, won) * math.comb(n - won, lost)
                verdict = cr.compare_hits(*hits(won, lost, n - won - lost, 0), margin=margin, delta=delta).verdict
                due += ways * b**won * c**lost * (1 - b - c) ** (n - won - lost) * (verdict == "yes")
        found = cr.theory.replacement_power(b, c, n, margin=margin, delta=delta)
        assert found == pytest.approx(due, abs=1e-12)


@pytest.mark.parametrize(
    ("won", "lost", "margin"), [(0.1, 0.05, 0.0), (0.3, 0.1, 0.0), (0.05, 0.06, 0.05), (0.02, 0, 0)]
)
def test_planned_queries_reach_the_power_and_some_fewer_do_not(won, lost, margin):
    n = cr.theory.queries_needed(won, lost, margin=margin, delta=0.1)
    assert cr.theory.replacement_power(won, lost, n, margin=margin, delta=0.1) >= 0.9
    fewer = range(max(1, n - max(1, n // 100) - 1), n)
    assert min(cr.theory.replacement_power(won, lost, k, margin=margin, delta=0.1) for k in fewer) < 0.9


def test_hits_that_cannot_decide_need_no_number():
    assert cr.theory.queries_needed(0.1, 0.1) is None
    assert cr.theory.queries_needed(0.1, 0.2, margin=0.1) is None
    assert cr.theory.queries_needed(0.0, 0.0) is None
    assert cr.compare_hits(*hits(4, 4)).queries_needed is None
    assert cr.compare_hits(*hits(4, 2)).queries_needed > 11


def test_a_stricter_bound_needs_more_queries_than_the_plan():
    for difference in (0.05, 0.2, 1.0):
        n = cr.theory.queries_bound(difference, delta=0.1, miss=0.1)
        assert n >= cr.theory.queries_needed(difference, 0.0, delta=0.1)
        assert math.isclose(n, 2 * (math.sqrt(math.log(20)) + math.sqrt(math.log(10))) ** 2 / difference**2, abs_tol=1)


def capital(moves, sign, margin):
    """The mean of the bettors' capitals."""
    return np.mean([np.prod([1 + sign * s * (d + margin) / (1 - sign * margin) for d in moves]) for s in STAKES])


def test_the_test_to_look_at_keeps_its_level_on_every_tree():
    """All sequences of eight queries at the edge of the hypothesis: the capital reaches 1 / delta seldom enough."""
    delta, length, margin = 0.3, 8, 0.25
    for law in ({1: 0.2, 0: 0.35, -1: 0.45}, {1: 0.0, 0: 0.75, -1: 0.25}, {1: 0.375, 0: 0.0, -1: 0.625}):
        assert sum(d * p for d, p in law.items()) == pytest.approx(-margin)
        said = 0.0
        waiting = [(cr.ReplacementTest(margin=margin, delta=delta), 1.0)]
        for _ in range(length):
            following = []
            for test, chance in waiting:
                for d, p in law.items():
                    if p == 0:
                        continue
                    one = test.copy()
                    verdict = one.tell(d == 1, d == -1)
                    said += chance * p * (verdict == "yes")
                    if verdict == "undecided":
                        following.append((one, chance * p))
            waiting = following
            if len(waiting) > 400:
                break
        assert said <= delta


def test_the_capital_is_that_of_the_bets():
    rng = np.random.default_rng(1)
    test = cr.ReplacementTest(margin=0.1, delta=1e-9)
    new, old = rng.random(30), rng.random(30)
    for one, other in zip(new, old, strict=True):
        test.tell(one, other)
    assert test.evidence[0] == pytest.approx(capital(new - old, 1, 0.1))
    assert test.evidence[1] == pytest.approx(capital(new - old, -1, 0.1))
    assert (test.n_queries, test.won) == (30, (new > old).sum())


def test_the_test_asks_until_it_knows():
    test = cr.ReplacementTest(delta=0.1)
    asked = []
    while (number := test.ask()) is not None:
        asked.append(number)
        test.tell(False, number % 4 > 0)
    assert asked == list(range(test.n_queries))
    assert test.verdict == "no"
    with pytest.raises(ValueError, match="`test` must be undecided when a query is told; got one that said no"):
        test.tell(True, True)


def test_a_search_that_was_turned_finds_nothing_and_the_metric_is_named():
    problem = cr.make_rays(6, old_length=0.8, new_length=0.9, n_queries=90, n_gallery=60, rng=0)
    new, old, gallery = problem.features
    same = cr.check_replacement(old, old, gallery, **problem.labels)
    assert (same.difference, same.verdict) == (0.0, "undecided")
    turned = new @ np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    for metric in ("nearest", "template"):
        assert cr.check_replacement(turned, old, gallery, **problem.labels, metric=metric).verdict == "no"


def test_zero_accuracies_and_ties_count_in_a_cross_test():
    """The published code drops zeros, and takes fractions for percent unless the last row holds a 1."""
    first = ([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])
    turned = ([[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]])
    found = cr.cross_test([first, turned, first], [0, 1], [0, 1])
    np.testing.assert_array_equal(found.matrix[np.tril_indices(3)], [1, 0, 1, 1, 0, 1])
    assert found.average_accuracy == pytest.approx(4 / 6)
    assert found.average_compatibility == 0.0  # a tie is no gain
    assert cr.theory.average_compatibility(np.array([[0.5, np.nan], [0.0, 0.8]])) == 0.0
    assert math.isnan(cr.theory.average_compatibility(np.array([[0.5]])))


def test_a_cross_test_says_better_and_worse():
    problem = cr.make_rays(5, old_length=0.4, new_length=0.9, n_queries=200, n_gallery=200, rng=0)
    old, new = (problem.old, problem.gallery), (problem.new, problem.gallery)
    labels = problem.query_labels, problem.gallery_labels
    found = cr.cross_test([old, new, old], *labels)
    assert [word for _, _, word in found.verdicts] == ["better", "undecided", "worse"]
    check = cr.check_replacement(problem.new, problem.old, problem.gallery, **problem.labels, metric="template")
    np.testing.assert_array_equal(found.hits[1, 0], check.new_hits)
    np.testing.assert_array_equal(found.hits[0, 0], check.old_hits)


def test_classes_in_another_order_of_rows_collapse():
    """Prototypes in the reverse order, which a label map would undo."""
    W = cr.simplex_prototypes(6)
    labels = np.arange(6)
    found = cr.cross_test([(W, W), (W[::-1], W[::-1])], labels, labels)
    assert found.matrix[1, 0] == 0
    assert found.matrix[1, 1] == 1


@pytest.mark.parametrize("counts", [(4, 2), (9, 3)])
def test_queries_are_planned_alike_for_a_yes_and_a_no(counts):
    new, old = hits(*counts)
    better, worse = cr.compare_hits(new, old, delta=1e-4), cr.compare_hits(old, new, delta=1e-4)
    assert better.verdict == worse.verdict == "undecided"
    assert better.queries_needed == worse.queries_needed > len(new)


def test_a_no_ends_with_the_code_of_a_no(tmp_path, capsys):
    new, old = hits(20, 0)
    for name, scores in (("new.csv", new), ("old.csv", old)):
        rows = "".join(f"q{i},{int(score)}\n" for i, score in enumerate(scores))
        (tmp_path / name).write_text("query,hit\n" + rows)
    files = [str(tmp_path / "new.csv"), str(tmp_path / "old.csv")]
    assert main(["compatible_representations", "hits", *files]) == 0
    assert main(["compatible_representations", "hits", *files[::-1]]) == 1
    assert "20" in capsys.readouterr().out


def test_a_certificate_takes_a_pair_of_scores_and_nothing_else():
    new, old = hits(9, 1)
    certificate = cr.compare_hits(new, old).certificate
    assert certificate.verify((new, old))
    for odd in ([new, old], (new, old, old), 2):
        with pytest.raises(TypeError, match="^`problem` must be the pair of the hits of both encoders"):
            certificate.verify(odd)


def test_no_trials_have_no_success():
    assert _tail(np.array([0, 1, 2]), np.array([0, 0, 0]), 0.5).tolist() == [1.0, 0.0, 0.0]

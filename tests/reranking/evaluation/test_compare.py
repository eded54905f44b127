"""Exchanged signs against all of them, intervals against all shifts, and comparisons of runs."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from lrtheory import reranking as rr
from lrtheory.reranking.metrics.signs import shift_interval

SIDES = {"two-sided": abs, "greater": lambda x: x, "less": lambda x: -x}


def share(differences, side="two-sided"):
    """The p-value of Fractions by its definition."""
    size = SIDES[side]
    sums = [sum(s * d for s, d in zip(signs, differences, strict=True)) for signs in all_signs(len(differences))]
    return Fraction(sum(size(one) >= size(sum(differences)) for one in sums), len(sums))


def all_signs(n):
    return itertools.product((1, -1), repeat=n)


def drawn(n_cases, most):
    rng = np.random.default_rng(4)
    return [rng.integers(-4, 5, rng.integers(0, most + 1)).tolist() for _ in range(n_cases)]


@pytest.mark.parametrize("side", SIDES)
def test_p_values_of_integers_and_of_doubles(side):
    """Tenths and thirds are no doubles, and their sums tie all the same, whatever the unit is."""
    for d in drawn(25, 7):
        wanted = float(share([Fraction(one) for one in d], side))
        for unit in (1, 1 / 10, 1 / 3, 1e-300, 4e307):
            assert rr.sign_flips([one * unit for one in d], alternative=side).p_value == wanted
        assert rr.sign_flips(np.array(d, np.int8), alternative=side).p_value == wanted


def test_halves_and_table_agree():
    d = np.random.default_rng(1).integers(-9, 10, 24)
    exact = rr.sign_flips(d)
    assert rr.sign_flips(d + np.pi - np.pi, resolution=1e-9).p_value == pytest.approx(exact.p_value, rel=1e-12)
    assert rr.sign_flips(d * 1e6 + 0.5 - 0.5).p_value == exact.p_value


def test_many_integers():
    """2000 ones follow the binomial law, and 1100 that agree have the least p-value that a double can hold."""
    ones = np.repeat([1, -1], [1060, 940])
    found = rr.sign_flips(ones)
    assert found.method == "exact"
    ways = 2 * sum(math.comb(2000, heads) for heads in range(1060, 2001))
    assert found.p_value == pytest.approx(float(Fraction(ways, 2**2000)), rel=1e-12)
    assert rr.sign_flips(np.ones(1100)).p_value == rr.sign_flips(np.ones(1100)).smallest_p == 5e-324


def test_sampled_signs_are_near_and_never_0():
    d = np.random.default_rng(2).normal(0.4, 1, 30)
    exact, sampled = rr.sign_flips(d), rr.sign_flips(d, method="sampled", rng=0)
    assert (exact.method, sampled.method, sampled.samples) == ("exact", "sampled", 100_000)
    assert sampled.p_value == pytest.approx(exact.p_value, abs=0.01)
    assert sampled.p_value == rr.sign_flips(d, method="sampled", rng=0).p_value
    assert rr.sign_flips(np.ones(60), method="sampled", max_samples=99, rng=0).p_value == 0.01


def test_what_can_be_reached():
    assert [rr.sign_flips([1.5] * n).smallest_p for n in range(1, 6)] == [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16]
    found = rr.sign_flips([1.0, 0.0, 2.0, -0.0], alternative="greater")
    assert (found.n, found.zeros, found.smallest_p, found.p_value) == (2, 2, 0.25, 0.25)
    for none in ([], [0, 0]):
        assert rr.sign_flips(none).p_value == rr.sign_flips(none).smallest_p == 1
    assert rr.sign_flips([0.1 + 0.2 - 0.3, 1.0]).n == 1


REFUSED = {
    "nan": (([1, np.nan], {}), ValueError, "`differences` must be finite"),
    "matrix": (([[1, 2]], {}), ValueError, "`differences` must be of shape"),
    "words": ((["a"], {}), TypeError, "`differences` must be an array of real numbers"),
    "method": (([1], {"method": "bootstrap"}), ValueError, "`method` must be one of 'auto', 'exact', 'sampled'"),
    "side": (([1], {"alternative": "up"}), ValueError, "`alternative` must be one of"),
    "too many": ((np.arange(50) + 0.5, {"method": "exact"}), ValueError, '`method` must be "sampled" for more than 40'),
    "no samples": (([1], {"max_samples": 0}), ValueError, "`max_samples` must be an integer of at least 1"),
    "resolution": (([1], {"resolution": -1}), ValueError, "`resolution` must be"),
}


@pytest.mark.parametrize(("call", "kind", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(call, kind, told):
    with pytest.raises(kind, match=told):
        rr.sign_flips(call[0], **call[1])


@pytest.mark.parametrize("delta", [0.05, 0.25, 0.5])
def test_an_interval_holds_the_shifts_that_are_not_rejected(delta):
    for d in drawn(25, 7):
        if not d:
            continue
        found = shift_interval(np.array(d, float), delta, 1, np.random.default_rng(0))
        sets = itertools.chain.from_iterable(itertools.combinations(d, size) for size in range(1, len(d) + 1))
        means = sorted({Fraction(sum(one), len(one)) for one in sets})
        for a, b in itertools.pairwise([means[0] - 2, *means, means[-1] + 2]):
            middle = (a + b) / 2
            kept = share([one - middle for one in d]) > Fraction(delta)
            assert kept == (found[0] < middle < found[1]), (d, float(middle), found)


def test_a_sampled_interval_is_near_the_exact_one():
    d = np.random.default_rng(3).normal(0.3, 1, 20)
    exact = shift_interval(d, 0.05, 1, np.random.default_rng(0))
    extended = np.append(d, [d.mean()])  # 21 differences are sampled
    sampled = shift_interval(extended, 0.05, 100_000, np.random.default_rng(0))
    np.testing.assert_allclose(sampled, exact, atol=0.05)
    assert shift_interval(np.zeros(30), 0.05, 1000, np.random.default_rng(0)) == (0, 0)


# --- runs ------------------------------------------------------------------------------------------------------------


def lists(*ranks):
    """A run in which the one relevant document of query i stands at the i-th of these ranks."""
    return rr.Run.from_lists({f"q{i}": [f"x{j}" for j in range(1, rank)] + ["a"] for i, rank in enumerate(ranks)})


def judged(n):
    return rr.Judgments.from_dict({f"q{i}": {"a": 1, **{f"x{j}": 0 for j in range(1, 9)}} for i in range(n)})


def test_a_comparison_is_that_of_its_differences():
    first, second = lists(1, 1, 2, 1, 4, 1, 1, 2), lists(2, 4, 1, 2, 4, 4, 2, 4)
    found = rr.compare(first, second, judged(8), metric="rr")
    d = [
        Fraction(1, a) - Fraction(1, b) for a, b in zip((1, 1, 2, 1, 4, 1, 1, 2), (2, 4, 1, 2, 4, 4, 2, 4), strict=True)
    ]
    assert found.p_value == float(share(d))
    assert found.difference == pytest.approx(float(sum(d) / 8))
    assert (found.wins, found.losses, found.equal) == (6, 1, 1)
    assert found.smallest_p == 2.0**-6
    assert found.lower <= found.difference <= found.upper
    assert (found.lower > 0) == (found.p_value <= 0.05)
    back = rr.compare(second, first, judged(8), metric="rr")
    assert (back.lower, back.upper, back.p_value) == (-found.upper, -found.lower, found.p_value)


def test_ties_of_doubles_and_small_gains():
    """Gains in units of 1e-12 change no p-value: what ties is relative to the values."""
    first, second = lists(1, 2, 3, 2, 1, 1), lists(2, 3, 1, 3, 2, 2)
    one = rr.compare(first, second, judged(6), metric="dcg").p_value
    small = rr.Judgments.from_dict(
        {q: {d: 1e-12 * g for d, g in one.items()} for q, one in judged(6).as_dict().items()}
    )
    assert rr.compare(first, second, small, metric="dcg").p_value == one < 1


def test_precision_is_exact_for_many_queries():
    n = 300
    ranks = np.random.default_rng(0).integers(1, 9, (2, n))
    found = rr.compare(lists(*ranks[0]), lists(*ranks[1]), judged(n), metric="p@3")
    assert found.method == "exact"
    d = (ranks[0] <= 3).astype(int) - (ranks[1] <= 3)
    assert found.p_value == rr.sign_flips(d).p_value
    both = rr.compare([lists(*ranks[0]), lists(*ranks[1])], lists(*ranks[1]), judged(n), metric="p@3")
    assert (both.method, both.p_value) == ("exact", rr.sign_flips(d).p_value)


def test_runs_of_one_system_are_averaged():
    first, again, second = lists(1, 1, 1), lists(2, 4, 1), lists(2, 2, 2)
    found = rr.compare([first, again], second, judged(3), metric="rr")
    np.testing.assert_allclose(found.differences, [1 / 4, 1 / 8, 1 / 2])


def test_what_rests_on_holes():
    """The first run shows unjudged documents, which may all be relevant."""
    judgments = rr.Judgments.from_dict({"q": {"a": 1, "b": 0}, "r": {"a": 1, "b": 0}})
    first = rr.Run.from_lists({q: ["new", "a"] for q in "qr"})
    second = rr.Run.from_lists({q: ["b", "a"] for q in "qr"})
    found = rr.compare(first, second, judgments, metric="p@2")
    assert (found.difference, found.on_judged) == (0, 0)
    assert (found.open_lower, found.open_upper) == (0, 0.5)
    assert found.judged == (0.5, 1.0)
    assert "50.0 % and 100.0 % of the first 2 are judged" in found.message
    alone = rr.compare(first, second, judgments, metric="rr", unjudged="skip")
    assert alone.difference == 0.5


def test_too_few_queries_are_told():
    found = rr.compare(lists(1, 1, 1, 1, 1), lists(2, 2, 2, 2, 2), judged(5), metric="rr")
    assert found.p_value == found.smallest_p == 0.0625
    assert "too few for an interval" in found.message
    assert "5 queries that differ cannot reach p = 0.05: the least is 0.062" in found.message
    assert (found.lower, found.upper, found._decided()) == (-np.inf, np.inf, None)
    one = rr.compare(lists(1, 1), lists(2, 1), judged(2), metric="rr")
    assert "1 query that differs cannot reach p = 0.05: the least is 1" in one.message


def test_all_pairs_with_holm():
    runs = {"a": lists(1, 1, 1, 1, 1, 1), "b": lists(2, 2, 2, 2, 2, 3), "c": lists(2, 3, 2, 3, 2, 3)}
    found = rr.compare_all(runs, judged(6), metric="rr")
    p = [rr.compare(runs[x], runs[y], judged(6), metric="rr").p_value for x, y in ("ab", "ac", "bc")]
    assert found.p_value.tolist() == p == [1 / 32, 1 / 32, 1 / 2]
    assert found.holm.tolist() == [3 / 32, 3 / 32, 1 / 2]
    with pytest.raises(ValueError, match="`systems` must be of at least two"):
        rr.compare_all({"a": runs["a"]}, judged(6))


def test_gains_whose_sums_are_no_doubles():
    judgments = rr.Judgments.from_dict({"q": {"a": 1e308, "b": 1e308, "c": 1e308}})
    run = rr.Run.from_lists({"q": ["a", "b", "c"]})
    with pytest.raises(ValueError, match="their sums are doubles"):
        rr.compare(run, run, judgments, metric="dcg")
    with pytest.raises(ValueError, match="their sums are doubles"):
        rr.evaluate(run, judgments, "dcg")
    assert rr.evaluate(run, judgments, "ndcg").mean[0] == 1


def test_what_is_no_system():
    with pytest.raises(TypeError, match="`second` must be a Run, or a list of Runs"):
        rr.compare(lists(1), [], judged(1))
    with pytest.raises(TypeError, match="`judgments` must be Judgments"):
        rr.compare(lists(1), lists(1), lists(1))
    with pytest.raises(ValueError, match="`unjudged` must be one of 'zero', 'skip'"):
        rr.compare(lists(1), lists(1), judged(1), unjudged="bounds")

"""The tests of "i is above j", against enumeration in Fractions."""

import itertools
import math

import numpy as np
import pytest
from scipy import optimize, stats

from lrtheory.alpha_rank import elo
from lrtheory.alpha_rank.boards import differences, exact, orders, values
from lrtheory.alpha_rank.boards.battles import results_of
from tests.alpha_rank.boards import oracles

PAIRS = list(itertools.permutations(range(4), 2))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n_cells", [1, 2])
def test_p_values_are_those_of_all_ways_to_share_out(ties, n_cells):
    rng = np.random.default_rng(2 * n_cells + ties)
    for _ in range(12):
        log = oracles.random_battles(rng, length=int(rng.integers(1, 26)), ties=ties, n_cells=n_cells)
        found = exact.exact_p_values(results_of(log), 4)
        for i, j in PAIRS:
            assert found[i, j] == pytest.approx(float(oracles.p_value(log, i, j)), abs=1e-12)
        assert (found.diagonal() == 1).all()


@pytest.mark.parametrize("ties", [False, True])
def test_bounds_lie_above_and_decide_alike(ties):
    """With two levels the p value is never below the exact one, and is below either level where the exact one is."""
    rng = np.random.default_rng(ties)
    replaced = 0
    for gap in (0.0, 0.4, 1.5):
        for levels in ((1e-4, 0.01), (1e-3, 0.05), (0.02, 0.2)):
            first, second = rng.integers(0, 8, 1500), rng.integers(1, 8, 1500)
            second = (first + second) % 8
            won = rng.random(1500) < 1 / (1 + np.exp(gap * (first - second)))
            points = np.where(rng.random(1500) < 0.2, 1, 2 * won) if ties else 2 * won
            results = results_of(oracles.battles(list(zip(first, second, points, strict=True))))
            whole, quick = exact.exact_p_values(results, 8), exact.exact_p_values(results, 8, levels)
            assert (quick >= whole * (1 - 1e-9) - 1e-12).all()
            for level in levels:
                assert ((quick <= level) == (whole <= level)).all()
            replaced += int((quick != whole).sum())
    assert replaced > 100


def test_a_tie_elsewhere_leaves_the_bound_above_the_exact_tail():
    """Models 0 and 1 won 14 and 6 of 20 against 2, and tied with 3: in halves the sum takes every second value alone.

    So its values are likelier than those of a sum of coins with this variance, which sharpen the bound without ties.
    """
    rows = [(0, 2, 2)] * 14 + [(0, 2, 0)] * 6 + [(1, 2, 2)] * 6 + [(1, 2, 0)] * 14
    tail = sum(math.comb(20, won) * math.comb(20, 20 - won) for won in range(14, 21)) / math.comb(40, 20)
    tied = results_of(oracles.battles([*rows, (0, 3, 1), (1, 3, 1)]))
    assert exact.exact_p_values(tied, 4)[0, 1] == pytest.approx(tail, rel=1e-9)
    bound = exact.exact_p_values(tied, 4, (0.05, 0.05))[0, 1]
    assert tail < bound < 0.05


def test_large_strata_are_those_of_scipy():
    """One stratum of many results, and one pair with many direct battles."""
    rows = [(0, 2, 2)] * 5000 + [(0, 2, 0)] * 4700 + [(1, 2, 2)] * 300 + [(1, 2, 0)] * 380
    found = exact.exact_p_values(results_of(oracles.battles(rows)), 3)
    assert found[0, 1] == pytest.approx(stats.hypergeom.sf(4999, 10380, 5300, 9700), rel=1e-9)
    assert found[1, 0] == pytest.approx(stats.hypergeom.sf(299, 10380, 5300, 680), rel=1e-9)
    found = exact.exact_p_values(results_of(oracles.battles([(0, 1, 2)] * 5100 + [(0, 1, 0)] * 4900)), 2)
    assert found[0, 1] == pytest.approx(stats.binom.sf(5099, 10000, 0.5), rel=1e-9)
    assert found[1, 0] == pytest.approx(stats.binom.cdf(5100, 10000, 0.5), rel=1e-9)


@pytest.mark.parametrize("charged", [False, True])
def test_values_are_integrals_of_polynomials(charged):
    rng = np.random.default_rng(5)
    for most_open, last in ((1, None), (2, None), (2, 15), (3, 10)):
        for ties in (False, True):
            log = oracles.random_battles(rng, length=30, ties=ties, n_cells=2)
            how = {"charged": charged, "most_open": most_open, "last": -1 if last is None else last}
            found = np.exp(values.log_values(values.terms_of(results_of(log), 4, **how)))
            for i, j in PAIRS:
                due = oracles.value(log, i, j, charged, most_open, last)
                assert found[i, j] == pytest.approx(float(due), rel=1e-9)


def test_values_without_battles_and_of_many():
    assert values.log_values(np.zeros((2, 4))).tolist() == pytest.approx([0, 0], abs=1e-12)
    # without halves the integral is 2^(N+1) B(h+1, t+1) P(Beta > 1/2)
    heads, tails = 60, 40
    due = (heads + tails + 1) * math.log(2) + stats.beta.logsf(0.5, heads + 1, tails + 1)
    due += math.lgamma(heads + 1) + math.lgamma(tails + 1) - math.lgamma(heads + tails + 2)
    assert values.log_values(np.array([heads, 0, 0, tails])) == pytest.approx(due, rel=1e-9)
    assert np.isfinite(values.log_values(np.array([10**7, 0, 0, 10**7])))


def test_seats_compare_results_from_the_same_seat():
    """With a bonus for the first seat alone, results from the same seats say nothing."""
    rows = [(0, 2, 2)] * 30 + [(2, 1, 2)] * 30 + [(0, 1, 2)] * 9
    log = oracles.battles(rows)
    assert exact.exact_p_values(results_of(log), 3)[0, 1] < 1e-9
    apart = exact.exact_p_values(results_of(log, seats=True), 3)
    assert apart[0, 1] == 1
    # a direct battle is compared with one of exchanged seats
    both = oracles.battles([*rows, *[(1, 0, 0)] * 9])
    exchanged = oracles.battles([(0, 2, 2)] * 9 + [(1, 2, 0)] * 9)
    found = exact.exact_p_values(results_of(both, seats=True), 3)[0, 1]
    assert found == pytest.approx(float(oracles.p_value(exchanged, 0, 1)), rel=1e-9)


# --- orders and differences ------------------------------------------------------------------------------------------


def test_closures_ranks_and_circles():
    claims = np.zeros((4, 4), bool)
    claims[0, 1] = claims[1, 2] = True
    above = orders.closure(claims)
    assert np.argwhere(above).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert orders.rank_intervals(above).tolist() == [[1, 2], [2, 3], [3, 4], [1, 4]]
    assert orders.shortest_circle(claims) == ()
    claims[2, 0] = True
    assert sorted(orders.shortest_circle(claims)) == [0, 1, 2]
    claims[2, 3] = claims[3, 2] = True
    assert sorted(orders.shortest_circle(claims)) == [2, 3]
    rng = np.random.default_rng(0)
    for _ in range(50):
        claims = rng.random((6, 6)) < 0.25
        np.fill_diagonal(claims, False)
        reach = np.linalg.matrix_power(claims.astype(int) + np.eye(6, dtype=int), 6) > 0
        circle = orders.shortest_circle(claims)
        assert bool(circle) == bool((reach & reach.T & ~np.eye(6, dtype=bool)).any())
        assert all(claims[i, j] for i, j in zip(circle, circle[1:] + circle[:1], strict=True))


def test_rock_paper_scissors_is_no_order():
    rows = [(a, b, x) for a, b in ((0, 1), (1, 2), (2, 0)) for x in [2] * 21 + [0] * 9]
    log = oracles.battles(rows)
    crossing, circle = orders.order_test(results_of(log), differences.decided_wins(log))
    tail = sum(math.comb(30, k) for k in range(21, 31)) / 2**30
    assert circle == (pytest.approx(2 * tail), (0, 1, 2))
    against_third = stats.hypergeom.sf(20, 60, 30, 30)
    assert crossing[0] == pytest.approx(3 * 2 * max(tail, against_third), rel=1e-9)
    assert crossing[0] == pytest.approx(0.13, abs=0.005)
    wins = differences.decided_wins(log)
    direct = exact.direct_tails(wins)
    assert direct[0, 1] == pytest.approx(tail)
    assert (direct.diagonal() == 1).all()


def test_two_models_have_no_circle():
    log = oracles.battles([(0, 1, 2)] * 9)
    crossing, circle = orders.order_test(results_of(log), differences.decided_wins(log))
    assert crossing[0] == 1
    assert circle[0] == 1


def test_ratings_are_those_of_a_general_optimizer():
    rng = np.random.default_rng(1)
    wins = differences.decided_wins(oracles.random_battles(rng, n=5, length=400, ties=True))

    def loss(theta):
        gaps = np.subtract.outer(theta, theta)
        return (wins * np.logaddexp(0, -gaps)).sum() + 0.5e-6 * (theta**2).sum()

    peer = optimize.minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-9})
    assert elo(wins).ratings == pytest.approx(differences.POINTS * (peer.x - peer.x.mean()), abs=1e-3)


def test_elo_intervals_are_of_matched_coins():
    rng = np.random.default_rng(3)
    log = oracles.random_battles(rng, n=4, length=200, ties=True)
    decided = log._replace(**{f: getattr(log, f)[log.points != 1] for f in ("first", "second", "points", "cells")})
    low, high = differences.elo_intervals(
        results_of(log), differences.decided_wins(log), 2, delta=0.1, schedule="fixed"
    )
    for i in (0, 1, 3):
        shared, direct = oracles.strata(decided, i, 2)
        terms = [x - 1 for x in direct]
        terms += [(x - y) // 2 for mine, others in shared for (_, x), (_, y) in zip(mine, others, strict=False)]
        heads, tails = terms.count(1), terms.count(-1)
        ends = stats.binomtest(heads, heads + tails).proportion_ci(0.9, "exact")
        for found, q in ((low[i], ends.low), (high[i], ends.high)):
            assert found == pytest.approx(400 * math.log10(q / (1 - q)), rel=1e-6)
    assert (low[2], high[2]) == (0, 0)


def test_the_share_of_the_information_in_a_round_robin_of_equals_is_all():
    for battles in (1, 10):  # that each of two won against the other
        wins = np.full((5, 5), battles)
        np.fill_diagonal(wins, 0)
        shares = differences.information_shares(wins, np.full((5, 5), 0.5), 0)
        assert shares[1:] == pytest.approx(1)
        assert np.isnan(shares[0])
    # a path over two models is lost, and a model without a path has no share
    line = np.zeros((5, 5), np.int64)
    for a, b in ((0, 1), (1, 2), (2, 3)):
        line[a, b] = line[b, a] = 10
    shares = differences.information_shares(line, np.full((5, 5), 0.5), 0)
    assert shares[1:4] == pytest.approx([1, 1, 0], abs=1e-9)
    assert np.isnan(shares[4])


@pytest.mark.parametrize("ties", [0.0, 0.4])
def test_bounds_are_above_the_exact_tail_and_near_it(ties):
    """The chances of both tails of random designs, small and large, against those of the whole law."""
    rng, ratios = np.random.default_rng(0), []
    for _ in range(300):
        found, decided = int(rng.integers(0, 8)), int(rng.choice([0, 1, 30, 300]))
        strata = np.zeros((found + 1, 8), np.int64)
        for s in range(found):
            drawn, other = rng.integers(1, 60, 2)
            n_ties = int(rng.binomial(drawn + other, ties))
            strata[s, :4] = drawn, other, rng.binomial(drawn + other - n_ties, rng.uniform(0.1, 0.9)), n_ties
            results = np.r_[np.full(strata[s, 2], 2), np.full(n_ties, 1), np.zeros(drawn + other, int)][: drawn + other]
            own = rng.permutation(results)[:drawn]
            strata[s, 4:6] = (own == 2).sum(), (own == 1).sum()
        won, unit = int(rng.binomial(decided, 0.5)), 2 if strata[:, 3].any() else 1
        score, mean, variance = exact.moments(strata, found, decided, won, unit)
        laws = np.zeros((5, 2000))
        if variance <= 0:
            continue
        shift = round(float(rng.uniform(-4.5, 4.5)) * math.sqrt(variance))  # into the tails, as far as there is a law
        score = float(np.clip(score + shift, mean - 5 * math.sqrt(variance), mean + 5 * math.sqrt(variance)) // 1)
        tails = exact.tails(strata, found, decided, unit, score, laws)
        tail = tails[0] if score > mean else tails[1]
        bound = exact.chernoff(strata, found, decided, unit, score, mean, variance, laws)
        assert bound >= tail * (1 - 1e-9) - 1e-11
        assert exact.with_replacement(strata, found, decided, unit, score, mean) >= tail * (1 - 1e-9) - 1e-11
        if 1e-9 < tail < 1e-3 and variance > 25 and unit == 1:
            ratios.append(bound / tail)
    assert ties or (len(ratios) > 20 and np.median(ratios) < 1.4)


def test_no_value_of_a_sum_of_coins_is_likelier_than_the_constant():
    """The constant bounds the chances of sums of unequal coins, and Poisson laws, the worst ones, come near it."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        chances = rng.beta(*rng.uniform(0.05, 3, 2), size=rng.integers(1, 60))
        law = np.ones(1)
        for p in chances:
            law = np.convolve(law, [1 - p, p])
        assert law.max() * math.sqrt((chances * (1 - chances)).sum()) <= exact.LARGEST
    rates = np.linspace(0.01, 3, 3000)
    largest = max(stats.poisson.pmf(int(rate), rate) * math.sqrt(rate) for rate in rates)
    assert 0.4 < largest <= exact.LARGEST

"""Every method against Gaussian elimination on Fractions, the tree theorem, and eigenvectors."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, sparse

from lrtheory import alpha_rank
from lrtheory.alpha_rank import stationary_distribution
from lrtheory.alpha_rank.stationary import elimination
from lrtheory.alpha_rank.stationary.elimination import BLOCK
from proofs_checks.alpha_rank.chains.spanning_trees import tree_weights
from tests.alpha_rank.oracles import fractions, law

#: numbers of states around one and two blocks, where the loops over blocks have an incomplete one or begin another
NEAR_A_BLOCK = (BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1)


def random_chain(n, seed, density=1.0):
    rng = np.random.default_rng(seed)
    chain = rng.random((n, n)) * (rng.random((n, n)) < density)
    cycle = np.roll(np.eye(n), 1, axis=1) * 0.1  # irreducible
    return chain + cycle


@given(st.integers(1, 5), st.data())
def test_exact_three_ways(n, data):
    rows = data.draw(st.lists(st.lists(st.integers(1, 9), min_size=n, max_size=n), min_size=n, max_size=n))
    chain = fractions(np.array(rows).reshape(n, n))
    found = stationary_distribution(chain)
    assert (found.pi == law(chain)).all()
    assert (found.pi == tree_weights(chain)).all()
    assert found.residual_norm == 0
    assert all(type(x) is Fraction for x in found.pi)


def test_rational_reads_doubles_exactly():
    chain = random_chain(4, 0)
    found = stationary_distribution(chain, rational=True)
    assert (found.pi == law(chain)).all()
    assert np.allclose(found.pi.astype(float), stationary_distribution(chain).pi, rtol=1e-14)


@pytest.mark.parametrize("method", ["gth", "log-gth", "sparse", "power"])
@pytest.mark.parametrize("n", [1, 2, BLOCK, BLOCK + 1, 40])
def test_against_eigenvectors(n, method):
    chain = random_chain(n, n, density=0.5)
    np.fill_diagonal(chain, 5.0)  # must be ignored
    rates = chain - np.diag(np.diag(chain))
    generator = rates - np.diag(rates.sum(axis=1))
    expected = linalg.null_space(generator.T)[:, 0]
    found = stationary_distribution(chain, method=method)
    assert np.allclose(found.pi, expected / expected.sum(), rtol=1e-9)
    assert found.residual_norm < 1e-11
    assert found.converged
    assert found.method == method
    assert np.allclose(stationary_distribution(sparse.csr_array(chain), method=method).pi, found.pi, rtol=1e-9)


def test_left_not_right():
    found = stationary_distribution([[0, 1, 0], [0, 0, 2], [4, 0, 0]])
    assert np.allclose(found.pi, np.array([4, 2, 1]) / 7)


def test_entrywise_accuracy_where_eigenvectors_fail():
    chain = np.array([[0, 1e-30, 0], [1, 0, 1e-30], [0, 1, 0]])
    found = stationary_distribution(chain).pi
    assert np.allclose(found, [1, 1e-30, 1e-60], rtol=1e-14)


def test_rates_that_lost_their_digits_are_refused():
    """The way from 0 over 2 to 1 has the rate 5/9 of the smallest double, which doubles round to the double itself."""
    least = 5e-324
    chain = [[0, 0, 0.1], [least, 0, 0], [0.9, 5 * least, 0]]
    with pytest.raises(ValueError, match="numbers that underflow"):
        stationary_distribution(chain)
    for options in ({"method": "log-gth"}, {"rational": True}):
        found = stationary_distribution(chain, **options).pi.astype(float)
        assert np.allclose(found, np.array([9, 5, 1]) / 15, rtol=1e-12)


def test_sparse_is_accurate_in_absolute_terms_alone():
    n = 600
    walk = sparse.diags_array([np.full(n - 1, 2.0), np.full(n - 1, 1.0)], offsets=[-1, 1])
    found = stationary_distribution(walk, method="sparse")
    expected = 0.5 ** (np.arange(n) + 1.0)
    assert np.allclose(found.pi, expected, rtol=0, atol=1e-14)
    assert found.residual_norm < 1e-13
    assert "absolute accuracy" in found.message


def test_log_gth_beyond_doubles():
    logs = np.array([[0.0, -5000.0, -math.inf], [-1.0, 0, -9000.0], [-math.inf, -2.0, 0]])
    found = stationary_distribution(logs, method="log-gth", log=True)
    assert np.allclose(found.log_pi, [0, -4999, -13997], rtol=1e-13)


@given(st.integers(2, 5), st.data())
def test_leading_terms_are_the_limit(n, data):
    size = {"min_size": n * n, "max_size": n * n}
    c = fractions(np.array(data.draw(st.lists(st.integers(1, 5), **size))).reshape(n, n))
    p = np.array(data.draw(st.lists(st.integers(0, 3), **size))).reshape(n, n)
    epsilon = Fraction(1, 10**14)
    near = law(c * np.array([[epsilon ** int(q) for q in row] for row in p], dtype=object))
    found = stationary_distribution((c, p), method="leading")
    for s in range(n):
        predicted = found.coefficient[s] * epsilon ** int(found.order[s])
        assert abs(near[s] / predicted - 1) < Fraction(1, 10**9)
    assert found.pi.sum() == 1
    assert found.residual_norm == 0
    doubles = stationary_distribution((c.astype(float), p), method="leading")
    assert np.array_equal(doubles.order, found.order.astype(float))
    assert np.allclose(doubles.pi, found.pi.astype(float), rtol=1e-12)


def test_leading_takes_missing_transitions():
    c, p = [[0, 1, 0], [0, 0, 1], [1, 1, 0]], [[0, 2, math.inf], [math.inf, 0, 0.5], [1, 0, 0]]
    found = stationary_distribution((c, p), method="leading")
    x = 1e-9
    near = law([[0, x**2, 0], [0, 0, math.sqrt(x)], [x, 1, 0]]).astype(float)
    assert np.allclose(near, found.coefficient * x**found.order, rtol=1e-3)


@pytest.mark.parametrize("n", [1, 2, *NEAR_A_BLOCK])
def test_kernels_equal_their_bodies(n):
    chain = random_chain(n, 3)
    for compiled in (True, False):
        pick = (lambda k: k) if compiled else (lambda k: k.py_func)
        a, exits, pi, costs = chain.copy(), np.zeros(n), np.zeros(n), np.ones(n)
        pi[0] = 1
        pick(elimination.eliminate)(a, exits)
        pick(elimination.stationary)(a, pi)
        pick(elimination.hitting_times)(a, exits, costs)
        logs, log_pi = np.log(chain), np.full(n, -np.inf)
        log_pi[0] = 0
        pick(elimination.eliminate_log)(logs, np.zeros(n), log_pi)
        if compiled:
            first = pi, costs, log_pi
        else:
            for x, y in zip(first, (pi, costs, log_pi), strict=True):
                assert np.allclose(x, y, rtol=1e-13)


@pytest.mark.parametrize("n", [3, 8, 11])
def test_the_diagonal_is_never_read(n):
    chain = random_chain(n, 6)
    expected = law(fractions(chain)).astype(float)
    np.fill_diagonal(chain, np.nan)
    first, none = np.eye(n)[0], np.zeros((n, n))
    for arithmetic in ("numbers", "logarithms", "leading terms"):
        pi, exits = first.copy(), np.zeros(n)
        if arithmetic == "numbers":
            a = chain.copy()
            assert elimination.eliminate(a, exits) == -1
            elimination.stationary(a, pi)
        elif arithmetic == "logarithms":
            pi = np.where(first > 0, 0.0, -np.inf)
            assert elimination.eliminate_log(np.log(chain), exits, pi) == -1
            pi = np.exp(pi)
        else:
            c, p = chain.copy(), none.copy()
            assert elimination.eliminate_leading(c, p, exits, np.zeros(n), 0.0) == -1
            elimination.stationary_leading(c, p, pi, np.where(first > 0, 0.0, np.inf), 0.0)
        assert np.allclose(pi / pi.sum(), expected, rtol=1e-12), arithmetic


@pytest.mark.parametrize("method", ["gth", "log-gth", "leading"])
@pytest.mark.parametrize("n", [2, *NEAR_A_BLOCK, 20])
def test_rings_across_blocks(method, n):
    """On a ring a state that leaves to a later one alone has an exit only once that one is gone; pi_i ~ 1 / rate_i."""
    rates = 0.5 + np.random.default_rng(n).random(n)
    chain = np.zeros((n, n))
    chain[np.arange(n), (np.arange(n) + 1) % n] = rates
    given = (chain, np.where(chain > 0, 0.0, np.inf)) if method == "leading" else chain
    found = stationary_distribution(given, method=method)
    expected = 1 / rates
    assert np.allclose(found.pi, expected / expected.sum(), rtol=1e-12)


@pytest.mark.parametrize("closed", [1, BLOCK - 1, BLOCK, BLOCK + 3])
def test_a_state_without_exit_is_named(closed):
    n = 12
    chain = random_chain(n, 4)
    chain[closed] = 0
    with np.errstate(divide="ignore"):
        logs = np.log(chain)
    for pick in (lambda k: k, lambda k: k.py_func):
        assert pick(elimination.eliminate)(chain.copy(), np.zeros(n)) == closed
        assert pick(elimination.eliminate_log)(logs.copy(), np.zeros(n), np.full(n, -np.inf)) == closed


def test_hitting_times_solve_their_system():
    n = 12
    chain = random_chain(n, 5)
    np.fill_diagonal(chain, 0)
    a, exits, times = chain.copy(), np.zeros(n), np.ones(n)
    elimination.eliminate(a, exits)
    elimination.hitting_times(a, exits, times)
    system = np.diag(chain.sum(axis=1)) - chain
    expected = np.linalg.solve(system[1:, 1:], np.ones(n - 1))
    assert times[0] == 0
    assert np.allclose(times[1:], expected, rtol=1e-10)


def test_elimination_is_a_stochastic_complement():
    n = 6
    chain = random_chain(n, 8)
    a = chain.copy()
    elimination.eliminate(a, np.zeros(n))
    full = stationary_distribution(chain).pi
    rates = chain - np.diag(np.diag(chain))
    rates = rates / rates.sum()
    step = rates + np.diag(1 - rates.sum(axis=1))
    kept = step[:3, :3] + step[:3, 3:] @ np.linalg.inv(np.eye(3) - step[3:, 3:]) @ step[3:, :3]
    assert np.allclose(stationary_distribution(kept).pi, full[:3] / full[:3].sum(), rtol=1e-12)
    assert a[2, 0] / a[2, 1] == pytest.approx(kept[2, 0] / kept[2, 1])


def test_counts_and_result():
    found = stationary_distribution(random_chain(30, 0))
    # two for every pair of states that are left when one is removed, and two for every pair on the way back
    assert found.counts["flops"] == 2 * sum(k * k for k in range(1, 30)) + 2 * math.comb(30, 2)
    assert not found.pi.flags.writeable
    again = pickle.loads(pickle.dumps(found))
    assert not again.pi.flags.writeable
    assert np.array_equal(again.pi, found.pi)
    with pytest.raises(AttributeError):
        found.pi = 0
    cut = stationary_distribution(random_chain(30, 0), method="power", max_iter=2)
    assert not cut.converged
    assert cut.n_iter == 2
    assert cut.counts["flops"] == 2 * 2 * 30 * 29  # a product and a sum for each of the other states, in two sweeps


@pytest.mark.parametrize(
    ("chain", "options", "match"),
    [
        ([[0, 1], [0, 0]], {}, "`chain` must be irreducible"),
        ([[0, 0], [1, 0]], {}, "`chain` must be irreducible"),
        ([[0, 0], [1, 0]], {"rational": True}, "irreducible; got 'no way from state 0 to state 1'"),
        ([[0, 1], [0, 0]], {"rational": True}, "irreducible; got 'no way from state 1"),
        ([[0, 0], [1, 0]], {"method": "log-gth"}, "irreducible"),
        ([[0, 0], [1, 0]], {"method": "power"}, "irreducible"),
        ([[0, 0], [1, 0]], {"method": "sparse"}, "irreducible"),
        (sparse.diags_array([2.0, 1.0], offsets=[-1, 1], shape=(2000, 2000)), {"method": "sparse"}, "range of doubles"),
        ([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], {"method": "sparse"}, "irreducible"),
        (([[0, 0], [1, 0]], [[0, 0], [0, 0]]), {"method": "leading"}, "irreducible"),
        ([[0, 1e-200], [1, 0]], {}, "log-gth"),
        ([[0, 1, 1], [1, 0, 1]], {}, "`chain` must be square"),
        ([[0, -1], [1, 0]], {}, r"`chain` must be in \[0, inf\]"),
        ([[0, math.nan], [1, 0]], {}, "`chain` must be finite"),
        ([[0, 1], [1, 0]], {"method": "lu"}, "`method` must be one of"),
        ([[0, 1], [1, 0]], {"method": "leading"}, "square|shape|pair"),
        ([[0, 1], [1, 0]], {"method": "power", "rational": True}, "`rational` must be left out"),
        ([[0, 1], [1, 0]], {"log": True}, "`log` must be left out"),
    ],
)
def test_bad_chains(chain, options, match):
    with pytest.raises(ValueError, match=match):
        stationary_distribution(chain, **options)


@pytest.mark.parametrize("chain", [np.ones((2, 2)), (np.ones((2, 2)),) * 3, [np.ones((2, 2))], {"a": 1, "b": 2}])
def test_leading_takes_a_pair_alone(chain):
    with pytest.raises(ValueError, match=r"^`chain` must be a pair \(coefficients, orders\)"):
        stationary_distribution(chain, method="leading")


def test_the_warm_up_takes_every_method_that_has_kernels(monkeypatch):
    taken = []
    monkeypatch.setattr(
        alpha_rank,
        "stationary_distribution",
        lambda chain, *, method: taken.append(method) or stationary_distribution(chain, method=method),
    )
    alpha_rank._warmup()
    assert {"gth", "log-gth", "power", "leading"} <= {*taken}

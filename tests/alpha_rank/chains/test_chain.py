"""Fixation probabilities and transition matrices against loops and linear systems."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtheory.alpha_rank import fixation_probability, profile_chain, transition_matrix
from lrtheory.alpha_rank.chains.profiles import profile_neighbors
from tests.alpha_rank.games.makers import make_random_game
from tests.alpha_rank.oracles import COORDINATION, accept_epsilon, accept_finite, deviations, fractions, rates

U = [-3.0, -1.0, -1e-3, 0.0, 1e-9, 0.5, 2.0]


def absorption(u, m):
    """Probability to reach m before 0 from 1, when a step up is e^u times as likely as a step down."""
    up = math.exp(u) / (1 + math.exp(u))
    system, right = np.eye(m - 1), np.zeros(m - 1)
    for i in range(m - 1):
        if i > 0:
            system[i, i - 1] = -(1 - up)
        if i < m - 2:
            system[i, i + 1] = -up
    right[-1] = up
    return np.linalg.solve(system, right)[0]


@pytest.mark.parametrize("m", [2, 3, 10, 50])
@pytest.mark.parametrize("u", U)
def test_fixation_is_absorption(u, m):
    assert fixation_probability(u, population_size=m) == pytest.approx(absorption(u, m), rel=1e-9)
    assert fixation_probability(u, population_size=m) == pytest.approx(accept_finite(1, m)(u), rel=1e-13)


@given(st.floats(-1e5, 1e5), st.integers(2, 200))
def test_fixation_reverses(u, m):
    forth, back = (fixation_probability(x, population_size=m, log=True) for x in (u, -u))
    assert forth - back == pytest.approx((m - 1) * u, rel=1e-13, abs=1e-13)
    assert forth <= 0
    assert math.isfinite(forth)


def test_fixation_at_the_ends():
    u = np.array([-math.inf, -1e300, -15.0, -1e-300, 0, 1e-300, 5e-324, 800.0, 1e300, math.inf])
    with np.errstate(over="ignore"):
        rho, log_rho = (fixation_probability(u, population_size=50, log=log) for log in (False, True))
    assert np.array_equal(rho[[0, 1, 7, 8, 9]], [0, 0, 1, 1, 1])
    assert rho[2] > 0
    assert np.allclose(rho[3:7], 0.02, rtol=1e-14)
    assert log_rho[1] == -49e300
    assert log_rho[0] == -math.inf
    fine = np.linspace(-20, 20, 4001)
    logs = fixation_probability(fine, population_size=50, log=True)
    slopes = np.diff(logs) / np.diff(fine)
    assert (slopes > -1e-9).all()
    assert (slopes < 49 + 1e-9).all()


def test_fixation_keeps_kinds():
    assert isinstance(fixation_probability(1, population_size=2), float)
    assert fixation_probability(np.zeros(3, np.float32), population_size=2).dtype == np.float32
    assert fixation_probability(np.arange(3), population_size=2).dtype == np.float64
    strict = pytest.importorskip("array_api_strict")
    found = fixation_probability(strict.asarray([-1.0, 0.0]), population_size=4)
    assert np.allclose(np.asarray(found), fixation_probability(np.array([-1.0, 0.0]), population_size=4))


@pytest.mark.parametrize("sizes", [(2, 2), (3, 1, 2), (4,), (1, 1), (2, 3, 2)])
def test_neighbors(sizes):
    neighbors, players = profile_neighbors(sizes)
    found = [(s, int(players[d]), int(t)) for s, row in enumerate(neighbors) for d, t in enumerate(row)]
    assert found == list(deviations(sizes))


@pytest.mark.parametrize("m", [2, 7])
@pytest.mark.parametrize("sizes", [(2, 2), (3, 2), (2, 2, 2), (1, 3)])
def test_matrix_against_loops(sizes, m):
    game = make_random_game(sizes, rng=1)
    expected = rates(game.payoffs, accept_finite(1.5, m)).astype(float)
    found = transition_matrix(game, alpha=1.5, population_size=m, format="dense")
    off = ~np.eye(len(found), dtype=bool)
    assert np.allclose(found[off], expected[off], rtol=1e-12)
    assert np.allclose(found.sum(axis=1), 1)
    sparse = transition_matrix(game, alpha=1.5, population_size=m)
    assert np.array_equal(sparse.toarray(), found)
    assert sparse.nnz == len(found) * (sum(sizes) - len(sizes) + 1)


def test_epsilon_chain_is_exact():
    game, epsilon = fractions([[[2, 0, 1], [0, 1, 1]], [[2, 2, 1], [0, 1, 1]]]), Fraction(1, 7)
    expected = rates(game, accept_epsilon(epsilon))
    found = transition_matrix(game, alpha=math.inf, perturbation=epsilon, format="dense")
    off = ~np.eye(6, dtype=bool)
    assert (found[off] == expected[off]).all()
    assert all(type(x) is Fraction for x in found[off])
    assert (found.sum(axis=1) == 1).all()
    floats = transition_matrix(game.astype(float), alpha=math.inf, perturbation=1 / 7, format="dense")
    assert np.allclose(floats, found.astype(float))


def test_incoming_is_the_way_back():
    chain = profile_chain(make_random_game((3, 2, 2), rng=0))
    for out, into in (
        (chain.rates(2.0, 5), chain.rates(2.0, 5, incoming=True)),
        (chain.perturbed_rates(0.1), chain.perturbed_rates(0.1, incoming=True)),
    ):
        assert np.allclose(chain.dense(out).T, chain.dense(into), rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"alpha": -1.0}, "`alpha` must be in"),
        ({"alpha": math.nan}, "`alpha` must be in"),
        ({"alpha": 1.0, "population_size": 1}, "`population_size` must be an integer of at least 2"),
        ({"alpha": math.inf, "perturbation": 0.5}, r"`perturbation` must be in \(0, 0.5\)"),
        ({"alpha": math.inf}, "`perturbation` must be in"),
        ({"alpha": 1.0, "perturbation": 0.1}, "`perturbation` must be None"),
        ({"alpha": 1.0, "format": "coo"}, "`format` must be one of"),
    ],
)
def test_bad_options(options, match):
    with pytest.raises(ValueError, match=match):
        transition_matrix(COORDINATION, **options)

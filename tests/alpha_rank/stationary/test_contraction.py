"""Limits by contraction against elimination on leading terms, on games with many sinks and several levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lrtheory.alpha_rank import alpha_rank, profile_chain
from lrtheory.alpha_rank.stationary import contraction
from lrtheory.alpha_rank.stationary.contraction import solve_levels
from lrtheory.alpha_rank.stationary.distribution import solve_leading

games = arrays(
    np.float64,
    st.sampled_from([(2, 2, 2), (2, 2, 3), (3, 2, 2, 2), (1, 4), (2, 4, 4), (2, 1, 1)]),
    elements=st.integers(-3, 3),
)


def both(payoffs, limit):
    chain = profile_chain(payoffs)
    terms = chain.perturbed_terms() if limit == "perturbed" else chain.alpha_terms(4)
    dense = solve_leading(chain.dense(terms[0]), chain.dense(terms[1], fill=np.inf), tol=1e-9)
    return dense, solve_levels(chain.neighbors, *terms, tol=1e-9)


@given(games, st.sampled_from(["perturbed", "alpha"]))
def test_against_leading_terms(payoffs, limit):
    dense, found = both(payoffs, limit)
    assert np.allclose(found.order, dense.order, atol=1e-8)
    assert np.allclose(found.pi, dense.pi, rtol=1e-9)
    assert found.residual_norm < 1e-12
    assert found.pi.sum() == pytest.approx(1)


@pytest.mark.parametrize("limit", ["perturbed", "alpha"])
@pytest.mark.parametrize("shape", [(2, 9, 8), (4, 3, 3, 3, 3), (5, 2, 2, 2, 2, 2)])
def test_common_interest_has_levels(shape, limit):
    """Smooth common payoffs: many strict equilibria, some of which take several errors to leave."""
    rng = np.random.default_rng(shape[1])
    payoffs = np.broadcast_to(rng.integers(0, 40, shape[1:]).astype(float), shape)
    dense, found = both(payoffs, limit)
    assert np.allclose(found.order, dense.order, atol=1e-7)
    assert np.allclose(found.pi, dense.pi, rtol=1e-8)


def test_classes_beyond_dense(monkeypatch):
    """Small classes are eliminated and large ones swept."""
    payoffs = np.random.default_rng(3).uniform(-1, 1, (2, 7, 6))
    payoffs[1] = 0.3 * payoffs[1] + payoffs[0]
    dense, _ = both(payoffs, "perturbed")
    assert (dense.pi > 0).sum() > 1
    monkeypatch.setattr(contraction, "MAX_DENSE", 3)
    _, found = both(payoffs, "perturbed")
    assert "power iteration" in found.message
    assert found.converged
    assert np.allclose(found.pi, dense.pi, atol=1e-10)


def test_large_games_with_several_sinks():
    payoffs = np.tile(np.eye(80), (2, 1, 1))
    for options in ({}, {"limit": "alpha"}, {"method": "leading"}, {"tie_tol": 1e-9}):
        found = alpha_rank(payoffs, **options)
        assert found.method == "leading"
        assert len(found.sinks) == 80
        assert np.allclose(found.pi, np.eye(80) / 80, atol=1e-10)
        assert (found.order.diagonal() == 0).all()
    flat = alpha_rank(np.zeros((2, 70, 70)), method="leading")
    assert np.allclose(flat.pi, 1 / 4900, rtol=1e-9)


def test_a_large_potential_game():
    """Against the perturbed chain itself, and against the largest potential in the other limit."""
    potential = np.random.default_rng(0).uniform(0, 1, (70, 60))
    payoffs = np.stack([potential, potential])
    found = alpha_rank(payoffs)
    assert len(found.sinks) > 10
    assert found.residual_norm < 1e-9
    assert np.flatnonzero(alpha_rank(payoffs, limit="alpha").pi).tolist() == [potential.argmax()]
    with pytest.raises(ValueError, match=r"`payoffs` must be a game with one sink, or of at most \d+ deviations"):
        alpha_rank(np.tile(np.random.default_rng(0).uniform(0, 1, (170, 170)), (2, 1, 1)))

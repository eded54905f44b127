"""Identities of `theory` on random problems, in doubles and exactly, and the values that the instances have."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering import theory
from proofs_checks.transductive_clustering.alternation.mean_shifts import mean_shift_gain
from proofs_checks.transductive_clustering.alternation.turns import mean_step_decrease
from proofs_checks.transductive_clustering.families.relaxed import pair_energy
from proofs_checks.transductive_clustering.proof_steps.divergences import exponential_tangent, kl_lower_bound
from proofs_checks.transductive_clustering.proof_steps.majorisers import kl_divergence, majoriser, majoriser_gap
from proofs_checks.transductive_clustering.relaxations.rounding import row_replacement
from proofs_checks.transductive_clustering.relaxations.vertices import laplacian_gap, shift_constant, vertex_gap
from proofs_checks.transductive_clustering.updates.contractions import contraction_factor, fixed_point_distance
from proofs_checks.transductive_clustering.updates.descents import energy_decrease, safe_damping
from proofs_checks.transductive_clustering.updates.free_energies import energy_without_logs
from proofs_checks.transductive_clustering.updates.hard_limits import hard_limit_gap, hard_temperature, mass_floor
from proofs_checks.transductive_clustering.updates.invariances import clamped_costs
from proofs_checks.transductive_clustering.updates.summed_steps import kkt_bound, summability_bound
from proofs_checks.transductive_clustering.updates.two_steps import two_step_decrease, two_step_value
from tests.transductive_clustering import oracles

SEEDS = st.integers(0, 2**32)


@given(SEEDS)
def test_the_decrease_of_one_step(seed):
    rng = np.random.default_rng(seed)
    A, W = oracles.problem(rng)
    Z, lam, T = oracles.rows(rng, 6, 3), float(rng.uniform(0, 5)), float(rng.uniform(0.2, 3))
    new = oracles.softmax_update(Z, A, W, lam, T)
    before, after = (oracles.energy(rows, A, W, lam, T) for rows in (Z, new))
    size = 1e-10 * (1 + abs(before) + abs(after))
    weights = {"lam": lam, "temperature": T}
    assert before - after == pytest.approx(energy_decrease(Z, new, W, *weights.values()), abs=size)
    assert energy_without_logs(Z, new, A, W, *weights.values()) == pytest.approx(after, abs=size)
    other = oracles.rows(rng, 6, 3)
    bound = majoriser(other, Z, A, W, *weights.values())
    own = oracles.energy(other, A, W, lam, T)
    assert bound - own == pytest.approx(majoriser_gap(other, Z, W, lam), abs=size)
    least = majoriser(new, Z, A, W, *weights.values())
    assert bound - least == pytest.approx(T * kl_divergence(other, new), abs=size)
    lowest = float(np.linalg.eigvalsh(W)[0])
    squared = float(((new - Z) ** 2).sum())
    for t in (1.0, safe_damping(lowest, *weights.values())):
        part = oracles.energy((1 - t) * Z + t * new, A, W, lam, T)
        assert before - part >= theory.descent_bound(squared, smallest_eigenvalue=lowest, damping=t, **weights) - size
    later = oracles.softmax_update(new, A, W, lam, T)
    values = [two_step_value(a, b, A, W, *weights.values()) for a, b in ((Z, new), (new, later))]
    assert values[0] - values[1] == pytest.approx(two_step_decrease(Z, later, T), abs=size)
    assert (new >= mass_floor(A, W.sum(1), *weights.values())[:, None] * (1 - 1e-12)).all()
    assert before >= theory.energy_lower_bound(A, W, n_free=6, **weights) - size


def test_clamped_rows_are_costs():
    rng = np.random.default_rng(0)
    A, W = oracles.problem(rng)
    clamp = np.array([1, -1, -1, 2, -1, -1])
    free = clamp < 0
    held = tc.bound_update(A, W, lam=0.7, clamp=clamp, damping=1.0, tol=0, max_iter=3, record=True)
    costs = clamped_costs(A, W, clamp, 0.7)
    start = held.trace["assignments"][0][free]
    small = tc.bound_update(costs, W[free][:, free], lam=0.7, init=start, damping=1.0, tol=0, max_iter=3)
    np.testing.assert_allclose(held.assignments[free], small.assignments, rtol=1e-12)
    before, after = held.trace["assignments"][2:4]
    value = energy_without_logs(before, after, A, W, 0.7, 1.0, clamp)
    assert value == pytest.approx(held.energy, rel=1e-12)


def test_exact_numbers_stay_exact():
    third = Fraction(1, 3)
    Z = np.array([[third, 1 - third], [1, 0]], dtype=object)
    W = np.array([[0, 1], [1, 0]], dtype=object)
    A = np.array([[third, 0], [0, 1]], dtype=object)
    for value in (
        pair_energy(Z, A, W, third),
        vertex_gap(W, third),
        laplacian_gap(Z, W, third),
        row_replacement(Z, A, W, third, 0, [Fraction(1), Fraction(0)]),
        shift_constant(third, 3, Fraction(1)),
        majoriser_gap(Z, Z[::-1], W, third),
        kl_lower_bound(Z, Z[::-1])[0],
        theory.descent_bound(third, smallest_eigenvalue=Fraction(-1), lam=third, temperature=Fraction(1)),
        safe_damping(Fraction(-9), Fraction(1), Fraction(1)),
        summability_bound(third, 0, Fraction(-1), third, Fraction(1)),
        contraction_factor(third, Fraction(1), Fraction(1)),
        theory.uniform_rate(third, 3, lam=Fraction(1), temperature=Fraction(1)),
        mean_step_decrease([third, third], [[0], [1]], [[third], [third]]),
    ):
        assert isinstance(value, Fraction)
    moved = Z.copy()
    moved[0] = [Fraction(1), Fraction(0)]
    change = row_replacement(Z, A, W, third, 0, moved[0])
    assert change == pair_energy(moved, A, W, third) - pair_energy(Z, A, W, third)


@pytest.mark.parametrize("offset", [0.01, 0.1, 0.3])
def test_two_points_rise_above_their_threshold(offset):
    threshold = float(theory.two_point_threshold(offset))
    for factor, rises in ((0.999, False), (1.001, True)):
        lam = threshold * factor * 0.7
        problem = tc.make_two_points(offset=offset)
        found = tc.bound_update(problem, lam=lam, temperature=0.7, damping=1.0, max_iter=1, tol=0, record=True)
        assert (found.trace["energies"][1] > found.trace["energies"][0]) == rises


def test_the_bifurcation_of_two_points():
    assert theory.two_point_limit(lam=2.0, temperature=1.0) == 0.5
    assert theory.two_point_limit(0, lam=9.0, temperature=1.0) == 0.5
    for lam in (2.001, 2.5, 4.0, 30.0, 800.0):
        p = theory.two_point_limit(lam=lam, temperature=1.0)
        assert 0.5 < p <= 1
        assert p == pytest.approx(1 / (1 + np.exp(-lam * (2 * p - 1))), rel=1e-12)
        assert theory.two_point_limit(-1, lam=lam, temperature=1.0) == pytest.approx(1 - p)
    Z = np.array([[0.3, 0.7], [0.6, 0.4]])
    W = np.array([[0.0, 1.0], [1.0, 0.0]])
    value = theory.two_point_energy(0.3, 0.6, lam=1.5, temperature=0.5)
    assert value == pytest.approx(oracles.energy(Z, 0 * Z, W, 1.5, 0.5))


@pytest.mark.parametrize("k", [3, 4, 5])
def test_a_ring_turns_from_its_threshold_on(k):
    threshold = theory.ring_threshold(k)
    ring = tc.make_directed_ring(k, own=0.9)
    for factor, turns in ((0.99, False), (1.01, True)):
        found = tc.bound_update(ring, lam=factor * threshold, tol=0, max_iter=3000)
        assert (np.ptp(found.assignments) > 0.1) == turns


def test_prototype_steps():
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(20, 3)), oracles.rows(rng, 20, 4)
    before, masses = rng.normal(size=(4, 3)), Z.sum(0)
    after = Z.T @ X / masses[:, None]
    costs = [(Z * ((X[:, None] - M) ** 2).sum(-1)).sum() for M in (before, after)]
    assert mean_step_decrease(masses, before, after) == pytest.approx(costs[0] - costs[1])
    for s in (0.5, 2.0):
        m, z = rng.normal(size=3), Z[:, 0]
        k = np.exp(-((X - m) ** 2).sum(1) / (2 * s * s))
        shifted = (z * k) @ X / (z * k).sum()
        gain = (z * (np.exp(-((X - shifted) ** 2).sum(1) / (2 * s * s)) - k)).sum()
        assert gain >= mean_shift_gain(z, k, s, ((shifted - m) ** 2).sum())


def test_the_tangent_touches_and_stays_below():
    u, v = np.meshgrid(np.linspace(-2, 3, 11), np.linspace(-2, 3, 11))
    found = exponential_tangent(u, v)
    np.testing.assert_allclose(np.diagonal(found), np.exp(-np.diagonal(v)))
    assert (found <= np.exp(-v) * (1 + 1e-15)).all()
    slopes = np.diff(found, axis=0) / np.diff(v, axis=0)
    np.testing.assert_allclose(slopes, -np.exp(-u[1:]), rtol=1e-12)


def test_hard_limits():
    costs = np.array([[0.0, 0.3, 1.0]])
    for T in (0.02, 0.1):
        z = tc.bound_update(costs, np.zeros((1, 1)), temperature=T).assignments
        assert 1 - z.max() <= hard_limit_gap(0.3, 3, T)
    T = hard_temperature(0.3, 3, 1e-3)
    assert 1 - tc.bound_update(costs, np.zeros((1, 1)), temperature=T).assignments.max() <= 1e-3
    for value in (hard_limit_gap(0.3, 3, 1.0), kkt_bound(0.1, 2.0, 3.0)):
        assert value > 0
    assert fixed_point_distance(0.1, 0.5) == pytest.approx(0.2)


@pytest.mark.parametrize("n", [2, 5, 600])
def test_half_widths_are_those_of_student(n):
    from scipy.stats import t

    values = np.random.default_rng(n).normal(size=(n, 3))
    low, high = t.interval(0.95, n - 1, values.mean(0), values.std(0, ddof=1) / np.sqrt(n))
    np.testing.assert_allclose(theory.half_width(values), (high - low) / 2)

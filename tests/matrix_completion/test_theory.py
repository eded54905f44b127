"""Right-hand sides: exact arithmetic, samples, special cases, and the numbers that are known."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtheory.matrix_completion import (
    half_step,
    incoherence,
    make_coherent,
    make_low_rank,
    sample_mask,
    subspace_distance,
    theory,
)
from proofs_checks.matrix_completion.half_steps.driving_noise import driving_second_moment_bound
from proofs_checks.matrix_completion.half_steps.half_step_errors import error_bound
from proofs_checks.matrix_completion.regressions import perturbed_rows
from proofs_checks.matrix_completion.regressions import sketched_regressions as regressions
from proofs_checks.matrix_completion.regressions.clipped_bases import clipped_distance_bound
from proofs_checks.matrix_completion.runs.spectral_starts import wedin_bound
from proofs_checks.matrix_completion.samples.sample_tails import init_noise_tail, lower_gram_tail, upper_gram_tail


def near(problem, size: float, seed: int = 0) -> np.ndarray:
    """A basis close to the left one of a problem."""
    rng = np.random.default_rng([seed, 1])  # not the draws that made the problem
    return np.linalg.qr(problem.truth.U + size * rng.normal(size=problem.truth.U.shape))[0]


@given(st.integers(0, 10_000))
def test_contraction_holds(seed):
    problem = make_low_rank((40, 30), 3, density=0.6, condition=4, rng=seed)
    seen, U = problem.observations, near(problem, 0.02, seed)
    if seen.by_col.degrees.min() < 6:
        return
    mask = np.zeros((40, 30), dtype=bool)
    mask[seen.rows, seen.cols] = True
    F = theory.driving_error(U, problem.truth, mask)
    E = 0.1 * np.linalg.norm(F, 2) * np.random.default_rng(seed).normal(size=F.shape) / 10
    V = half_step(problem, U, axis=1).factor + E
    d = subspace_distance(U, problem.truth.U)
    sizes = {"driving": np.linalg.norm(F, 2), "inner": np.linalg.norm(E, 2)}
    bound = theory.contraction_bound(d, smallest=problem.truth.singular_values[-1], **sizes)
    if bound > 0:
        assert subspace_distance(V, problem.truth.V) <= bound * (1 + 1e-9)
    total = error_bound(d, problem.truth.singular_values, np.linalg.norm(F))
    assert np.linalg.norm(problem.truth.dense() - U @ (V - E).T) <= total * (1 + 1e-9)


def test_full_observation_needs_one_step():
    problem = make_low_rank((20, 15), 2, density=1.0, condition=50, rng=0)
    U = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 2)))[0]
    assert subspace_distance(half_step(problem, U, axis=1).factor, problem.truth.V) < 1e-12


def test_the_second_moment_of_the_driving_noise_by_enumeration():
    problem = make_low_rank((4, 3), 1, density=1.0, rng=0)
    truth, U, p = problem.truth, near(problem, 0.3), 0.3
    W = truth.U - U @ (U.T @ truth.U)
    pulled = (W * truth.singular_values) @ truth.V.T
    expected = 0.0
    for bits in itertools.product([0, 1], repeat=4):  # columns are independent and have one mask law
        weight = p ** sum(bits) * (1 - p) ** (4 - sum(bits))
        for j in range(3):
            g = (np.array(bits)[:, None] * U * pulled[:, [j]]).sum(axis=0) / p
            expected += weight * float(g @ g)
    found = theory.driving_second_moment(U, truth, density=p)
    assert found == pytest.approx(expected, rel=1e-12)
    mu, d = incoherence(U), subspace_distance(U, truth.U)
    norm = np.linalg.norm(truth.singular_values)
    assert found <= driving_second_moment_bound(d, mu, 4, 1, norm, p) + 1e-12


@given(st.integers(0, 10_000))
def test_perturbations(seed):
    rng = np.random.default_rng(seed)
    A, E = rng.normal(size=(12, 3)), rng.normal(size=(12, 3))
    smallest = np.linalg.svd(A)[1][-1]
    E *= rng.uniform(0.01, 0.9) * smallest / np.linalg.norm(E, 2)
    change = np.linalg.norm(E, 2)
    rows_a, rows_b = (np.linalg.norm(np.linalg.qr(B)[0], axis=1) for B in (A, A + E))
    assert np.linalg.svd(A + E)[1][-1] >= perturbed_rows.perturbed_smallest(smallest, change) - 1e-12
    assert abs(rows_a - rows_b).max() <= perturbed_rows.row_norm_change(smallest, change) + 1e-12
    lengths = np.linalg.norm(E, axis=1)
    bound = perturbed_rows.perturbed_row_bound(rows_a, lengths, smallest, change)
    assert (rows_b <= bound + 1e-12).all()
    assert incoherence(A + E) <= perturbed_rows.incoherence_bound(incoherence(A), 12, 3, smallest, change) + 1e-12


def test_forward_error_is_attained_along_the_last_singular_vector():
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(20, 4)), rng.normal(size=20)
    best = np.linalg.lstsq(A, b, rcond=None)[0]
    optimum, (_, s, Vt) = np.linalg.norm(A @ best - b), np.linalg.svd(A)
    x = best + 0.7 * Vt[-1]
    epsilon = np.linalg.norm(A @ x - b) / optimum - 1
    assert regressions.forward_error_bound(epsilon, optimum, s[-1]) == pytest.approx(0.7)


def test_exact_numbers_stay_exact():
    half = Fraction(1, 2)
    assert regressions.preconditioned_condition(half) == 3
    assert regressions.gradient_rate(half) == 3
    assert regressions.tuned_gradient_rate(half) == Fraction(4, 5)
    assert regressions.tuned_step(half) == Fraction(9, 20)
    assert regressions.cg_error_bound(half, 2) == half
    assert theory.countsketch_rank_loss(2, sketch_size=Fraction(4)) == Fraction(1, 4)
    assert theory.coverage_probability(1, 3, rank=2, density=half) == half
    assert theory.coverage_probability(2, 3, rank=2, density=half) == Fraction(1, 4)
    assert wedin_bound(half, 2) == Fraction(1, 3)
    assert clipped_distance_bound(Fraction(1, 3)) == half
    assert perturbed_rows.row_norm_change(2, half) == Fraction(1, 4)
    assert theory.noise_risk(half, n_rows=3, n_cols=2, rank=1, density=half) == 2


def test_known_numbers():
    assert regressions.gradient_rate(0.1) == pytest.approx(0.2346, abs=1e-4)
    assert regressions.gradient_rate(1 - 2**-0.5) == pytest.approx(1.0)
    assert theory.countsketch_rank_loss(10, sketch_size=80) == pytest.approx(0.444, abs=1e-3)
    assert theory.samples_alternating(2000, rank=5, incoherence=2**0.5, condition=1) > 2000**2  # vacuous at laptops
    assert theory.srht_failure(236, n_rows=1024, rank=2) == 1.0  # 3 / k says nothing below k = 4
    assert theory.srht_failure(572, n_rows=1024, rank=4) == 1.0
    assert theory.srht_failure(573, n_rows=1024, rank=4) == 0.75
    assert theory.srht_failure(1025, n_rows=1024, rank=4) == 1.0
    U = make_low_rank((1000, 1000), 5, density=0.0001, rng=0).truth.U
    largest = (np.linalg.norm(U, axis=1) ** 2).max() / 0.3
    assert lower_gram_tail(0.7, 5, largest) < 0.2
    assert lower_gram_tail(0.3, 5, largest) > 1  # says nothing


def test_the_operations_of_inner_methods_are_those_of_the_docstring():
    """Each count alone: entries and lines once, steps and their entries."""
    cases = {"cg": (6 * 3, 0, 12 * 3, 4 * 3), "sketch": (6 * 3, 8 * 27, 2 * 9, 4 * 3)}
    for method, (of_entries, of_lines, of_steps, of_inner_entries) in cases.items():
        assert theory.half_step_flops(7, 0, 3, method=method) == 7 * of_entries
        assert theory.half_step_flops(0, 7, 3, method=method) == 7 * of_lines
        assert theory.half_step_flops(0, 0, 3, method=method, inner_steps=7) == 7 * of_steps
        assert theory.half_step_flops(0, 0, 3, method=method, inner_entries=7) == 7 * of_inner_entries


def test_gram_tails_hold():
    rng, k, p = np.random.default_rng(1), 3, 0.4
    U = np.linalg.qr(rng.normal(size=(400, k)))[0]
    largest = (np.linalg.norm(U, axis=1) ** 2).max() / p
    below = above = 0
    for _ in range(400):
        rows = rng.random(400) < p
        spectrum = np.linalg.eigvalsh(U[rows].T @ U[rows] / p)
        below, above = below + (spectrum[0] <= 0.6), above + (spectrum[-1] >= 1.4)
    assert below / 400 <= lower_gram_tail(0.4, k, largest)
    assert above / 400 <= upper_gram_tail(0.4, k, largest)


def test_the_noise_of_the_start():
    problem = make_low_rank((150, 120), 3, density=0.3, rng=0)
    M, p = problem.truth.dense(), 0.3
    noise = np.linalg.norm(problem.observations.to_csr().toarray() / p - M, 2)
    longest = max(np.linalg.norm(M, axis=axis).max() for axis in (0, 1))
    assert init_noise_tail(noise, 150, 120, longest, abs(M).max(), p) > 0.01
    assert init_noise_tail(8 * noise, 150, 120, longest, abs(M).max(), p) < 1e-4


def test_masks_are_bernoulli():
    rows, cols = sample_mask((300, 200), 0.3, rng=0)
    assert len(set(zip(rows.tolist(), cols.tolist(), strict=True))) == len(rows)
    assert abs(len(rows) - 18000) < 5 * np.sqrt(60000 * 0.3 * 0.7)
    degrees = np.bincount(rows, minlength=300)
    assert degrees.var() == pytest.approx(200 * 0.3 * 0.7, rel=0.4)
    assert len(sample_mask((7, 5), 1.0, rng=0)[0]) == 35
    assert len(sample_mask((7, 5), 0.0)[0]) == 0
    counts = np.zeros((2, 2))
    rng = np.random.default_rng(0)
    for _ in range(2000):
        i, j = sample_mask((2, 2), 0.25, rng=rng)
        counts[i, j] += 1
    assert abs(counts - 500).max() < 5 * np.sqrt(2000 * 0.25 * 0.75)


def test_makers():
    problem = make_low_rank((90, 80), 3, oversampling=3, condition=7, rng=0)
    assert problem.truth.condition == pytest.approx(7)
    assert np.sqrt(np.mean(problem.truth.dense() ** 2)) == pytest.approx(1.0)
    seen = problem.observations
    np.testing.assert_allclose(seen.values, problem.truth.dense()[seen.rows, seen.cols], rtol=1e-10, atol=1e-12)
    spiky = make_coherent((90, 80), 2, spike=float("inf"), rng=0)
    assert incoherence(spiky.truth.U) == pytest.approx(np.sqrt(45))
    for options, sentence in (
        ({"density": 1.5}, "`density` must be in"),
        ({"oversampling": 0.0}, "`oversampling` must be above 0"),
        ({"condition": 0.5}, "`condition` must be finite and at least 1"),
        ({"noise": -1.0}, "`noise` must be finite and at least 0"),
    ):
        with pytest.raises(ValueError, match=sentence):
            make_low_rank((9, 8), 2, **options)
    with pytest.raises(ValueError, match="`rank` must be an integer in"):
        make_low_rank((9, 8), 9)

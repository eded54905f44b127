"""Bounds before any joint work: they hold exactly, coarser groups are better, and published ones are never better."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory.matrix_compression import theory
from proofs_checks.matrix_compression.blocks.clusterings import family_limit
from proofs_checks.matrix_compression.sketches.brackets import truncation_bracket
from proofs_checks.matrix_compression.subspaces.projections import residual_gram_bound
from proofs_checks.matrix_compression.subspaces.thin_blocks import isometric_block
from tests.matrix_compression.stacks.oracles import dense_energies, exact_energies, relative_error, stacks

METHODS = ("spectra", "weyl", "residual", "sketch", "gram")


@pytest.mark.parametrize("method", METHODS)
def test_the_exact_error_lies_between(method):
    rng = np.random.default_rng(20)
    for blocks in stacks(90, rng):
        energies = exact_energies(blocks)
        options = {} if method in ("sketch", "gram") else {"groups": [None, 2, 3][rng.integers(3)]}
        for rank in range(min(6, len(blocks[0]) + 1)):
            found = mc.error_bounds(blocks, rank, method=method, **options)
            error = relative_error(energies, rank)
            assert found.lower <= error + 1e-12, (rank, options)
            assert error <= found.upper + 1e-12, (rank, options)


def test_the_sums_are_those_of_the_spectra():
    blocks = [np.diag([3.0, 1.0, 0.0]), np.array([[0.0], [2.0], [0.0]])]
    found = mc.error_bounds(blocks, 2)
    assert found.upper2 == pytest.approx(1.0)
    assert found.lower2 == pytest.approx(0.0, abs=1e-12)
    assert mc.error_bounds(blocks, 1).lower2 == pytest.approx(1.0)


def test_bounds_that_are_met():
    eye = np.eye(9)
    blocks = [3 * eye[:, :3], 2 * eye[:, 3:6], eye[:, 6:]]
    found = {method: mc.error_bounds(blocks, 6, method=method).upper2 for method in ("spectra", "residual", "gram")}
    assert all(value == pytest.approx(3.0) for value in found.values())
    twice = [np.eye(2), np.eye(2)]
    assert mc.error_bounds(twice, 1).lower2 == pytest.approx(2.0) == mc.error_bounds(twice, 1, method="gram").upper2


def test_coarser_groups_are_better_on_both_sides():
    rng = np.random.default_rng(21)
    for blocks in stacks(60, rng):
        if len(blocks) < 4 or len(blocks[0]) < 2:
            continue
        fine, coarse = (
            mc.error_bounds(blocks, 2),
            mc.error_bounds(blocks, 2, groups=[[3, 0], [1, *range(4, len(blocks))], [2]]),
        )
        assert coarse.lower >= fine.lower - 1e-7
        assert coarse.upper <= fine.upper + 1e-7


def test_published_predictors_are_never_better_than_the_union():
    rng = np.random.default_rng(22)
    for blocks in stacks(90, rng):
        for rank in range(min(5, len(blocks[0]) + 1)):
            found = {method: mc.error_bounds(blocks, rank, method=method).upper2 for method in METHODS[:3]}
            slack = 1e-9 * float(dense_energies(blocks).sum())
            assert found["spectra"] <= min(found["weyl"], found["residual"]) + slack


# --- the smallest counterexamples to what is published, or claimed too much -------------------------------------------


def test_the_energy_of_the_largest_block_is_not_its_top_energy():
    """One block, the identity of size 2, r = 1: as coded the error is 0, and it is .707."""
    block = np.eye(2)
    as_coded = 1 - (block**2).sum() / (block**2).sum()
    assert as_coded == 0
    assert mc.error_bounds([block], 1, method="weyl").upper == pytest.approx(0.5**0.5)
    assert relative_error(exact_energies([block]), 1) == pytest.approx(0.5**0.5)


def test_residuals_of_a_repeated_block_lose_what_the_union_has():
    column = np.array([[1.0], [0.0]])
    assert mc.error_bounds([column, column], 2, method="residual").upper2 == 0  # as many columns as the rank
    assert theory.residual_bound(2, [[1], [0]], 2) == 1
    assert theory.union_bound([[1], [1]], 2) == 0


def test_residuals_are_those_beside_all_blocks_before():
    """Beside e_2 alone the third block would keep both of its columns, and 2 would be left in place of 3."""
    eye = np.eye(3)
    blocks = [eye[:, :1], eye[:, 1:2], eye[:, :1] + eye[:, 2:]]
    assert mc.error_bounds(blocks, 1, method="residual").upper2 == pytest.approx(3.0)


def test_single_values_have_no_such_bound():
    """sigma_2 is .618, and the second of the union is 1: only sums are bounded."""
    blocks = [np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])]
    s = np.sqrt(dense_energies(blocks))
    assert s[1] < 0.62 < 1 == np.linalg.norm(blocks[0])


def test_the_relative_error_is_not_monotone():
    first = [np.eye(2)]
    more = [*first, np.array([[10.0], [0.0]])]
    assert relative_error(exact_energies(first), 1) > 0.7 > 0.1 > relative_error(exact_energies(more), 1)


# --- formulas against brute force -------------------------------------------------------------------------------------


def test_formulas_against_sorting_by_hand():
    rng = np.random.default_rng(23)
    for _ in range(200):
        spectra = [[Fraction(int(x), 3) for x in rng.integers(0, 6, size=rng.integers(0, 4))] for _ in range(3)]
        values = sorted((x * x for one in spectra for x in one), reverse=True)
        rank = int(rng.integers(0, 8))
        tails = [sorted((x * x for x in one), reverse=True)[rank:] for one in spectra]
        tops = [sum(sorted((x * x for x in one), reverse=True)[:rank]) for one in spectra]
        assert theory.union_bound(spectra, rank) == sum(values[rank:])
        assert theory.superadditive_floor(spectra, rank) == sum(map(sum, tails))
        assert theory.largest_alone_bound(spectra, rank) == sum(values) - max(tops)
        assert theory.residual_bound(100, spectra, rank) == 100 - sum(values[:rank])
        assert [theory.tail_energy(one, rank) for one in spectra] == list(map(sum, tails))
        lower, upper = truncation_bracket([4, 9], spectra, 1)
        assert lower == 9
        assert upper == 9 + sum(max(one, default=0) for one in spectra)


def test_any_subspace_brackets_the_energy():
    """Columns that are not orthonormal, too: without 1 + d the upper side fails on most of them."""
    rng = np.random.default_rng(24)
    failures = 0
    for t in range(300):
        m, n, q, r = (int(x) for x in rng.integers(1, 7, size=4))
        M = rng.integers(-3, 4, size=(m, n)).astype(float)
        Q = np.linalg.qr(rng.normal(size=(m, min(q, m))))[0] + [0, 0.001, 0.1, 3][t % 4] * rng.normal(
            size=(m, min(q, m))
        )
        d = np.linalg.norm(Q.T @ Q - np.eye(Q.shape[1]), 2)
        top = lambda X, r=r: float((np.linalg.svd(X, compute_uv=False)[:r] ** 2).sum())
        inside, outside = top(Q.T @ M), top(M - Q @ (Q.T @ M))
        lower, upper = theory.subspace_bracket(inside, outside, d)
        slack = 1e-9 * (1 + top(M)) * (1 + d)
        assert lower <= top(M) + slack
        assert top(M) <= upper + slack
        R = M - Q @ (Q.T @ M)
        assert outside <= residual_gram_bound(r, np.linalg.norm(R @ R.T)) + slack
        failures += top(M) > inside + outside + slack
    assert failures > 10


def test_copies_move_the_error_by_their_distance_at_most():
    rng = np.random.default_rng(25)
    for _ in range(200):
        M, N = rng.normal(size=(2, 5, 4))
        r = int(rng.integers(0, 5))
        error = lambda X, r=r: float(np.sqrt((np.linalg.svd(X, compute_uv=False)[r:] ** 2).sum()))
        lower, upper = theory.distance_bracket(error(N), np.linalg.norm(M - N))
        assert lower - 1e-12 <= error(M) <= upper + 1e-12


def test_thin_blocks_have_the_spectrum_of_products():
    rng = np.random.default_rng(26)
    for _ in range(50):
        m, n, q = (int(x) for x in rng.integers(1, 7, size=3))
        pairs = [(rng.normal(size=(m, q)), rng.normal(size=(q, n))) for _ in range(3)]
        for B, A in pairs[:1]:
            A[-1:] = 0
            B *= 10.0 ** rng.uniform(-3, 3)
        thin = [isometric_block(B, A) for B, A in pairs]
        whole = dense_energies([B @ A for B, A in pairs])
        assert np.allclose(dense_energies(thin), whole, atol=1e-12 * whole.sum())


def test_families_are_apart_up_to_a_limit():
    for n in range(1, 6):
        limit = family_limit(n)
        blocks = [np.eye(4)[:, :2]] * n + [np.eye(4)[:, 2:]]
        assert float(limit) == pytest.approx(relative_error(exact_energies(blocks), 2) ** 2)


def test_what_a_block_repeats_up_to_rounding_is_no_new_direction():
    rng = np.random.default_rng(12)
    v, w = rng.normal(size=(2, 9, 1))
    found = mc.error_bounds([v, v * 3.1, v / 7, w], 2, method="residual")
    new = np.linalg.norm(w - v * float((v.T @ w)[0, 0]) / float((v.T @ v)[0, 0])) ** 2
    total = float((v.T @ v)[0, 0]) * (1 + 3.1**2 + 1 / 49) + np.linalg.norm(w) ** 2
    assert found.upper2 == pytest.approx(total - np.linalg.norm(v) ** 2 - new, rel=1e-12)

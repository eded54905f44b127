"""Singular values over many decades: every bracket contains the exact truth, without any allowance of the test."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from tests.matrix_compression.stacks.oracles import exact_energies
from tests.rules.certificates.forging import with_gap

METHODS = ("gram", "fd", "sketch")
BEFORE = ("spectra", "weyl", "residual", "sketch", "gram")
#: what the roots of an exact polynomial are off by
DIGITS = Fraction(1, 10**40)


def graded(n, seed):
    """Tiny stacks: values over 24 decades, equal, rank-deficient, nearly equal, and in units up to 1e140."""
    rng = np.random.default_rng(seed)
    for t in range(n):
        m, columns = int(rng.integers(1, 5)), int(rng.integers(1, 6))
        s = 10.0 ** rng.uniform(-12, 12, size=min(m, columns))
        kind = t % 6
        if kind == 1:
            s[:] = s[0]
        elif kind == 2:
            s[rng.integers(0, len(s)) :] = 0.0
        elif kind == 3:
            s = s.max() * np.where(np.arange(len(s)), 1e-8 * rng.uniform(0.5, 2.0), 1.0)
        elif kind == 4:
            s = 1 + 1e-8 * rng.integers(0, 3, size=len(s))
        elif kind == 5:
            s *= 10.0 ** rng.choice([-290, -160, 130, 140])
        M = np.zeros((m, columns))
        M[range(len(s)), range(len(s))] = s
        if rng.random() < 0.6:
            U, V = (np.linalg.qr(rng.normal(size=(k, k)))[0] for k in (m, columns))
            M = U @ M @ V
        blocks = np.split(M, sorted(rng.integers(0, columns + 1, size=int(rng.integers(0, 3)))), axis=1)
        yield [np.ascontiguousarray(block) for block in blocks] * int(rng.choice([1, 1, 2]))


def share(energies, rank):
    """The exact square of the relative error."""
    total = sum(energies, Fraction(0))
    return sum(energies[rank:], Fraction(0)) / total if total else Fraction(0)


def assert_contains(found, energies, rank):
    exact, total = share(energies, rank), sum(energies, Fraction(0))
    assert Fraction(found.lower) ** 2 <= exact + DIGITS
    assert exact - DIGITS <= Fraction(found.upper) ** 2
    assert Fraction(found.lower2) <= (exact + DIGITS) * total
    assert math.isinf(found.upper2) or (exact - DIGITS) * total <= Fraction(found.upper2)


def test_a_difference_that_cancels_is_not_exactness():
    blocks = [np.diag([1e8, 0.9])]
    for method in METHODS:
        sketch = mc.StackSketch(1, method=method)
        sketch.update_many(blocks)
        assert sketch.interval().upper2 >= 0.81
        single = mc.compress_stack(blocks, 1, method=method, passes=1)
        assert 9e-9 <= single.error <= 1e-6
        assert single.certificate.verify(blocks)
        assert not with_gap(single.certificate, achieved=0.0, attainable=0.0, bound=0.0).verify(blocks)
    for before in BEFORE:
        assert mc.error_bounds(blocks, 1, method=before).upper2 >= 0.81
        assert mc.error_bounds(blocks, 2, method=before).upper2 == 0.0  # as many columns as the rank


@pytest.mark.parametrize("method", BEFORE)
def test_bounds_before_contain_the_truth(method):
    for blocks in graded(90, 1):
        energies = exact_energies(blocks)
        for rank in range(min(5, len(blocks[0]) + 1)):
            assert_contains(mc.error_bounds(blocks, rank, method=method), energies, rank)


@pytest.mark.parametrize("method", METHODS)
def test_sketches_contain_the_truth(method):
    for t, blocks in enumerate(graded(90, 2)):
        energies = exact_energies(blocks)
        sketch = mc.StackSketch(t % 4, oversampling=t % 3, method=method, buffer=(None, 1, 2)[t % 3])
        sketch.update_many(blocks)
        for rank in range(5):
            assert_contains(sketch.interval(rank), energies, rank)
        for (low, high), energy in zip(sketch.value_intervals.tolist(), energies, strict=False):
            assert Fraction(low) ** 2 <= energy * (1 + DIGITS)
            assert energy * (1 - DIGITS) <= Fraction(high) ** 2


@pytest.mark.parametrize("exponent", [-560, 560])
def test_energies_beyond_the_range_of_doubles_are_rounded_outwards(exponent):
    blocks = [np.diag([1.0, 0.5]) * 2.0**exponent]
    exact = Fraction(2) ** (2 * exponent) / 4
    for method in BEFORE:
        found = mc.error_bounds(blocks, 1, method=method)
        assert Fraction(found.lower2) <= exact
        assert found.upper2 == math.inf or exact <= Fraction(found.upper2)


def exact_error(blocks, found):
    """The exact square of the relative error of a basis, with its own coefficients where it has some."""
    M, U = (np.array([[Fraction(x) for x in row] for row in a.tolist()]) for a in (np.hstack(blocks), found.basis))
    U = U.reshape(len(M), -1)
    C = None if found.coefficients is None else np.hstack(found.coefficients).astype(object)
    C = U.T @ M if C is None else np.vectorize(Fraction, otypes=[object])(C)
    total = (M * M).sum()
    return ((M - U @ C) ** 2).sum() / total if total else Fraction(0)


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("method", METHODS)
def test_a_basis_errs_by_what_is_said_or_less(method, passes):
    for t, blocks in enumerate(graded(60, 3)):
        energies = exact_energies(blocks)
        if t % 4 == 3 and np.abs(np.hstack(blocks)).max() < 1e30:
            blocks = [block.astype(np.float32) for block in blocks]
            energies = exact_energies(blocks)
        for rank in range(min(5, len(blocks[0]) + 1)):
            found = mc.compress_stack(blocks, rank, method=method, passes=passes, oversampling=t % 3)
            assert (
                exact_error(blocks, found) - DIGITS
                <= Fraction(found.error) ** 2
                <= Fraction(found.certificate.achieved) ** 2
            )
            for r, (low, high) in enumerate(found.by_rank.tolist()):
                assert Fraction(low) ** 2 - DIGITS <= share(energies, r) <= Fraction(high) ** 2 + DIGITS
            assert found.certificate.verify(blocks)


def test_a_single_pass_allows_for_what_single_precision_does_to_the_basis():
    """The basis is what another stack with the same sketch would get, so the allowance is the norm of its change."""
    for seed in range(5):
        doubles = [np.round(np.random.default_rng(seed).normal(size=(12, 9)) * 2**12) / 2**12]
        singles = [block.astype(np.float32) for block in doubles]
        wide, narrow = (mc.compress_stack(blocks, 6, passes=1) for blocks in (doubles, singles))
        U, V = (np.asarray(found.basis, np.float64) for found in (wide, narrow))
        change = float(np.linalg.norm(U @ U.T - V @ V.T, 2))
        allowed = narrow.error - wide.error
        assert narrow.basis.dtype == np.float32
        assert wide.certificate.achieved == wide.error == wide.upper
        assert narrow.certificate.achieved == narrow.error
        assert change <= allowed <= 4 * 2.0**-24 * math.sqrt(6)
        assert narrow.certificate.verify(singles)


@pytest.mark.parametrize(("dtype", "least"), [(np.float64, 1e-12), (np.float32, 1e-7)])
def test_no_certificate_is_excused_by_a_floor(dtype, least):
    """An error is measured from matrices: what it is off by is the rounding of its type, and no root of that."""
    blocks = [np.random.default_rng(k).normal(size=(9, 5)).astype(dtype) for k in range(3)]
    found = mc.compress_stack(blocks, 4)
    honest = found.certificate
    assert honest.achieved - found.error <= 2.0**-24 * (dtype == np.float32)
    assert honest.verify(blocks)
    wrong = {
        "achieved": honest.achieved - least,
        "attainable": honest.bound - 1e-11,
        "bound": honest.attainable + 1e-11,
    }
    for name, value in wrong.items():
        assert not with_gap(honest, **{name: value}).verify(blocks)


def test_an_error_that_rounding_hides_is_not_called_smaller():
    blocks = [np.diag([1.0, 1e-9, 0.0])]
    assert "surely at most 0;" not in mc.compress_stack(blocks, epsilon=0.0).message + ";"
    assert "below which rounding hides it" in mc.compress_stack(blocks, epsilon=0.0).message
    assert mc.compress_stack(blocks, epsilon=0.5).message.endswith("surely at most 0.5")


# --- clusters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sketch", "gram"])
def test_clusters_are_allowed_epsilon_and_nothing_more(method):
    """Two unit columns at an angle a err by sqrt((1 - cos a) / 2) together, which is sin(a / 2)."""
    for angle in (0.02, 0.3, 1.0, 1.5):
        blocks = [np.array([[1.0], [0.0]]), np.array([[math.cos(angle)], [math.sin(angle)]])]
        error = math.sin(angle / 2)
        for by, n_clusters in ((-1e-9, 2), (1e-9, 1)):
            found = mc.cluster_blocks(blocks, 1, error + by, method=method)
            assert len(found.clusters) == n_clusters
            assert found.certificate.verify(blocks)
        bound = found.certificate.bound
        assert error <= bound <= error + 1e-9
        assert not with_gap(found.certificate, bound=bound - 1e-8).verify(blocks)
        assert not replace(found.certificate, epsilon=bound - 1e-8).verify(blocks)


def test_what_rounding_hides_in_a_cluster_is_said():
    blocks = [np.array([[1.0], [0.0]]), np.array([[1.0], [1e-9]])]
    found = mc.cluster_blocks(blocks, 1, 0.0)
    assert len(found.clusters) == 1
    assert 5e-10 <= found.certificate.bound <= 1e-6
    assert found.certificate.verify(blocks)

"""The interval for the change of old outputs against the inputs, which the protector does not need for it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse

from lrtheory.continual_learning import FrequentDirections, SubspaceProtector
from tests.rules.certificates.forging import forged_fields, with_gap


def sketched(X: np.ndarray, rank: int, method: str = "fd") -> FrequentDirections:
    stream = FrequentDirections(X.shape[1], rank, method=method)
    stream.update(X)
    return stream


@pytest.mark.parametrize("layout", ["torch", "rows"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rng", range(8))
def test_the_interval_covers_all_old_inputs_after_several_tasks(rng: int, dtype: type, layout: str) -> None:
    random = np.random.default_rng(rng)
    protector, tasks = SubspaceProtector(20, layout=layout), []
    for task in range(4):
        X = (random.normal(size=(int(random.integers(1, 70)), 20)) * np.arange(1, 21) ** -1.0).astype(dtype)
        X = X @ np.linalg.qr(random.normal(size=(20, 20)))[0].astype(dtype)
        tasks.append(X)
        protector.extend(sketched(X, int(random.integers(1, 6))) if task % 2 else X, rank=2)
        seen = np.concatenate(tasks)
        for D in (random.normal(size=(20, 3)), np.outer(np.linalg.svd(seen)[2][0], [3.0, 4.0])):
            for change in (D, rowwise(protector, D)):
                found = protector.leak_bound(change if layout == "rows" else change.T)
                truth = float(np.sum((seen.astype(np.float64) @ change) ** 2))
                slack = (1e-5 if dtype == np.float32 else 1e-12) * float(np.sum(seen.astype(float) ** 2) * np.sum(D**2))
                assert found.lower - slack <= truth <= found.upper + slack
                assert found.upper - found.lower <= protector.missed * np.sum(change**2) + slack
                assert found.certificate.verify(seen)
                assert found.certificate.verify(scipy.sparse.csr_array(seen))
    assert len(protector._rows) <= 20


def normal32(rng: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape).astype(np.float32)


def rowwise(protector: SubspaceProtector, D: np.ndarray) -> np.ndarray:
    """The protected part of a change that maps rows."""
    M = protector.basis.astype(np.float64)
    return D - M @ (M.T @ D)


def test_the_interval_is_exact_for_inputs_and_as_wide_as_delta_for_a_sketch() -> None:
    random = np.random.default_rng(0)
    X, D = random.normal(size=(300, 30)), random.normal(size=(4, 30))
    truth = float(np.sum((X @ D.T) ** 2))
    for inputs in (X, sketched(X, 8, "gram")):  # the exact Gram matrix of a sketch misses nothing
        protector = SubspaceProtector(30)
        protector.extend(inputs, rank=3)
        found = protector.leak_bound(D)
        assert protector.missed == 0.0
        assert found.lower == pytest.approx(truth, rel=1e-12)
        assert found.upper == found.lower
    protector = SubspaceProtector(30)
    protector.extend(sketched(X, 5), rank=5)
    found = protector.leak_bound(D)
    assert found.certificate.gap == pytest.approx(protector.missed * np.sum(D**2), rel=1e-12)
    # with no other change than along the weakest direction of the sketch, the bound is met by the best stream
    stream = np.concatenate([np.eye(4)[:3], np.repeat(0.3 * np.eye(4)[3:], 600, axis=0)])
    protector = SubspaceProtector(4)
    protector.extend(sketched(stream, 3), rank=3)
    assert protector.leak_bound(np.eye(4)[3:]).upper >= 54 * (1 - 1e-12)


def test_a_stranger_is_found_out() -> None:
    random = np.random.default_rng(1)
    X, protector = random.normal(size=(90, 12)), SubspaceProtector(12)
    protector.extend(sketched(X, 2), rank=2)
    certificate = protector.leak_bound(random.normal(size=(3, 12))).certificate
    assert certificate.verify(X)
    assert not certificate.verify(100 * X)
    assert not certificate.verify(X / 100)
    for words, lie in forged_fields(certificate, free=["rows", "change"]):  # both have squares alone in the leak
        assert not lie.verify(X), words


@pytest.mark.parametrize(("a", "b"), [(1e-140, 1.0), (1e140, 1e-140), (1.0, 1e150), (1e-30, 1e100)])
def test_units_of_inputs_and_steps_do_not_matter(a: float, b: float) -> None:
    random = np.random.default_rng(2)
    X, D, protector = random.normal(size=(50, 9)) * a, random.normal(size=(2, 9)) * b, SubspaceProtector(9)
    protector.extend(sketched(X, 2, "fd"), keep_energy=0.3)
    found = protector.leak_bound(D)
    truth = float(np.sum(((X / a) @ (D / b).T) ** 2))
    assert found.lower / a / a / b / b <= truth <= found.upper / a / a / b / b
    assert found.certificate.verify(X)
    assert np.linalg.norm(protector.project(D) / b @ protector.basis) < 1e-14


@pytest.mark.parametrize("a", [1e-200, 1e-170, 1e160, 1e200])
def test_inputs_whose_squares_leave_the_range_of_doubles_are_protected(a: float) -> None:
    X = np.random.default_rng(4).normal(size=(50, 9)) * np.arange(1, 10)
    due = SubspaceProtector(9)
    for inputs in (a * X, sketched(a * X, 9)):
        protector = SubspaceProtector(9)
        assert protector.extend(inputs, keep_energy=0.8) == due.copy().extend(X, keep_energy=0.8) > 0
        assert protector.share == pytest.approx(protector.protected_energy(X), rel=1e-12)
    protector.extend(sketched(a * X, 2))  # which has lost more than doubles hold the square of
    seen, D = np.concatenate([a * X, a * X]), np.ones((1, 9)) / a
    for one in (protector, protector.copy()):
        one.set_state(protector.get_state())
        found = one.leak_bound(D)
        assert found.lower <= float(np.sum((seen @ D.T) ** 2)) <= found.upper < np.inf
        assert found.upper > 1.001 * found.lower
        assert found.certificate.verify(seen)


@pytest.mark.parametrize(("dtype", "wrong"), [(np.float64, 1e-9), (np.float32, 2e-3)])
def test_rounding_excuses_no_more_than_rounding(dtype: type, wrong: float) -> None:
    """Inputs that are larger by so little leave an interval whose ends were exact."""
    random = np.random.default_rng(6)
    X, protector = random.normal(size=(40, 5)).astype(dtype), SubspaceProtector(5, layout="rows")
    stream = FrequentDirections(5, 5, method="fd", buffer=6)  # no direction is lost, and rows go through shrinks
    stream.update(X)
    protector.extend(stream, rank=2)
    D = random.normal(size=(5, 3))
    certificate = protector.leak_bound(D).certificate
    given = X.astype(np.float64)
    assert certificate.unit == np.finfo(dtype).eps / 2
    assert certificate.verify(given)
    for factor in (1 + wrong, 1 - wrong):
        assert not certificate.verify(factor * given)
    for factor in (1 + 1e-9, 1 - 1e-9):  # doubles whatever made the rows
        assert not with_gap(certificate, bound=factor * certificate.bound).verify(given)
        assert not with_gap(certificate, achieved=factor * certificate.achieved).verify(given)
    for gap in (certificate.gap + 1e-9 * certificate.bound, certificate.gap + 1e-8 * certificate.bound):
        assert not dataclasses.replace(certificate, gap=gap).verify(given)


def test_what_a_sketch_of_tiny_rows_has_lost_is_not_nothing() -> None:
    for power in (-565, 565, 0):
        X, D = np.ldexp(np.concatenate([np.eye(2)] * 2), power), np.ldexp(np.eye(2), -power)
        stream = FrequentDirections(2, 1, method="fd")
        stream.update(X)
        assert stream.missed >= 2 * 4.0**power if power <= 0 else stream.missed == np.inf
        assert stream.missed > 0
        assert stream.projection_bound(1) > 0
        protector = SubspaceProtector(2, layout="rows")
        for _ in range(2):
            protector.extend(stream, rank=1)
        found = protector.leak_bound(D)
        assert found.lower <= 8.0 <= found.upper  # twice the two unit vectors, and both tasks
        assert found.certificate.verify(np.concatenate([X, X]))
        assert protector.missed > 0


def test_a_sketch_in_single_precision_is_allowed_its_rounding_beside_doubles() -> None:
    random = np.random.default_rng(5)
    X, protector = random.normal(size=(200, 6)).astype(np.float32), SubspaceProtector(6)
    protector.extend(sketched(X @ np.diag([1, 1, 1, 0, 0, 0]).astype(np.float32), 3), rank=1)
    protector.extend(random.normal(size=(3, 6)), rank=1)
    other = SubspaceProtector(6)
    other.set_state(protector.get_state())
    for one in (protector, other):
        assert one.leak_bound(np.eye(6)).certificate.unit == 2.0**-24
    for rng in range(5):
        X = normal32(rng, 200, 3) @ normal32(rng + 9, 3, 20)
        protector = SubspaceProtector(20)
        protector.extend(sketched(X, 3), rank=1)
        assert protector.leak_bound(random.normal(size=(2, 20))).certificate.verify(X.astype(float))
    assert SubspaceProtector(6).leak_bound(np.eye(6)).certificate.unit == 2.0**-53


def test_a_protector_without_inputs_bounds_nothing() -> None:
    found = SubspaceProtector(3).leak_bound(np.ones((2, 3)))
    assert (found.lower, found.upper) == (0.0, 0.0)
    assert found.certificate.verify(np.empty((0, 3)))
    assert not found.certificate.verify(np.ones((1, 3)))


def test_the_output_side_protects_gradients_and_not_outputs() -> None:
    random = np.random.default_rng(3)
    G = np.outer(random.normal(size=5), random.normal(size=7))
    protector = SubspaceProtector(5, side="output")
    protector.extend(G.T, keep_energy=1.0)
    change = protector.project(random.normal(size=(5, 7)))
    assert abs(float(np.sum(G * change))) < 1e-13
    assert np.linalg.norm(change @ random.normal(size=7)) > 0.1
    leak = protector.leak_bound(change)
    assert leak.upper < 1e-25
    assert "output side" in leak.message

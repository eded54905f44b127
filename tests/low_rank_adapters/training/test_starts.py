"""Starts: leading subspaces capture most, the certificate holds and refuses lies, units and precision do not matter."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtheory.low_rank_adapters.kinds.lora import full, lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.training.energies import captured_energies
from lrtheory.low_rank_adapters.training.initialize import initialize
from lrtheory.low_rank_adapters.training.leading import leading
from proofs_checks.low_rank_adapters.projections.captured_energies import sign_capture, split_energies
from tests.rules.certificates.forging import forged_fields

KINDS = ("lora", "lora-fa", "lora-xs")
METHODS = ("gradient", "sign", "weight", "random", "zero-b", "orthogonal")


def blank(kind, m, n, r, *, scale=1.0, dtype=np.float64):
    B, A = np.zeros((m, r), dtype), np.zeros((r, n), dtype)
    if kind == "lora-xs":
        return lora_xs(B, np.zeros((r, r), dtype), A, scale=scale)
    return (lora if kind == "lora" else lora_fa)(B, A, scale=scale)


def dense_energies(G, B, A):
    """The energies by dense projectors from singular vectors."""
    left, right = np.linalg.pinv(B), np.linalg.pinv(A)
    P, Q = B @ left, right @ A
    rest = (np.eye(len(P)) - P) @ G @ (np.eye(len(Q)) - Q)
    parts = (P @ G @ Q, P @ G, G @ Q, G - rest, G)
    return [np.sum(part**2) for part in parts]


def powers(m, n, exponent, rng):
    """A matrix with singular values i^-exponent."""
    k = min(m, n)
    U, V = (np.linalg.qr(rng.standard_normal((side, k)))[0] for side in (m, n))
    return (U * np.arange(1.0, k + 1) ** -exponent) @ V.T


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 7), st.integers(1, 4))
def test_energies_are_those_of_dense_projectors(seed, m, n, r):
    rng = np.random.default_rng(seed)
    G, B, A = (rng.integers(-2, 3, shape).astype(float) for shape in ((m, n), (m, r), (r, n)))
    found = captured_energies(lora(B, A), G)
    values = [found.xs, found.a_step, found.b_step, found.tangent, found.total]
    np.testing.assert_allclose(values, dense_energies(G, B, A), atol=1e-12 * (1 + found.total))
    exact = split_energies(G.astype(int), B.astype(int), A.astype(int))
    np.testing.assert_allclose(values, [float(x) for x in exact.values()], atol=1e-12 * (1 + found.total))
    assert found.xs <= min(found.a_step, found.b_step)
    assert max(found.a_step, found.b_step) <= found.tangent * (1 + 1e-12)
    assert found.ranks == (np.linalg.matrix_rank(B), np.linalg.matrix_rank(A))


@pytest.mark.parametrize("factor", [1e-100, 1e-12, 1e12, 1e100])
def test_energies_in_other_units(factor):
    rng = np.random.default_rng(0)
    G, B, A = rng.standard_normal((6, 5)), rng.standard_normal((6, 2)), rng.standard_normal((2, 5))
    honest, found = captured_energies(lora(B, A), G), captured_energies(lora(B * factor, A / factor), G * factor)
    for name in ("xs", "a_step", "b_step", "tangent", "total"):
        assert getattr(found, name) / factor / factor == pytest.approx(getattr(honest, name), rel=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [0.0, 0.25, 1.0, 3.0])
@pytest.mark.parametrize("shape", [(200, 130), (130, 200), (96, 96)])
def test_leading_vectors_are_orthonormal_and_capture_nearly_all(shape, exponent, dtype):
    G = powers(*shape, exponent, np.random.default_rng(1)).astype(dtype)
    found = leading(G, 4, np.random.default_rng(2))
    values = np.linalg.svd(G.astype(float), compute_uv=False)
    best = np.sum(values[:4] ** 2) / np.sum(values**2)
    noise = sum(shape) * np.finfo(dtype).eps
    for vectors in (found.U.T, found.Vt):
        np.testing.assert_allclose(vectors @ vectors.T, np.eye(4), atol=noise)
    core = found.U.T.astype(float) @ G @ found.Vt.T
    np.testing.assert_allclose(core, np.diag(found.values), atol=noise * values[0])
    assert np.sum(core**2) / np.sum(values**2) == pytest.approx(found.captured, rel=noise)
    assert found.captured <= best + noise
    assert best <= found.limit + noise
    assert exponent == 0.0 or found.captured >= 0.99 * best


def test_the_start_captures_more_than_the_released_one_does():
    G = powers(256, 384, 0.25, np.random.default_rng(3)).astype(np.float32)
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    released = torch.svd_lowrank(torch.from_numpy(G), q=16, niter=10)
    theirs = lora_xs(released[0].numpy(), np.zeros((16, 16), np.float32), released[2].numpy().T.copy())
    energies = captured_energies(theirs, G)
    assert initialize(blank("lora-xs", 256, 384, 16), G, rng=0).captured > energies.xs / energies.total


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_a_compensated_start_changes_nothing_and_its_certificate_holds(kind, method):
    rng = np.random.default_rng(4)
    W, G = rng.standard_normal((9, 7)), rng.standard_normal((9, 7))
    for size in (None, 0.5) if method in ("gradient", "sign", "weight") else (None,):
        start = initialize(blank(kind, 9, 7, 2, scale=3.0), G, method=method, step_size=size, weight=W, rng=5)
        np.testing.assert_allclose(start.weight + start.adapter.dense(), W, atol=1e-12)
        assert start.captured <= start.optimum <= start.certificate.bound
        assert start.certificate.verify(G)
        assert not start.certificate.verify(np.ones((9, 7)))
        for wrong in (3, None, "abc", float("nan")):
            with pytest.raises(TypeError, match="^`problem` must be an array of real numbers"):
                start.certificate.verify(wrong)  # type: ignore[arg-type]  # that is the test
        left = initialize(
            blank(kind, 9, 7, 2, scale=3.0), G, method=method, step_size=size, weight=W, compensate=False, rng=5
        )
        np.testing.assert_array_equal(left.weight, W)
        update = {"gradient": -G, "sign": -np.sign(G), "weight": W}.get(method)
        if update is not None:
            U, values, Vt = np.linalg.svd(update)
            due = (size or 0.0) * (U[:, :2] * values[:2]) @ Vt[:2]
            np.testing.assert_allclose(start.adapter.dense(), due, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_start_attains_the_optimum_of_hadamard_matrices(kind):
    H = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
    G = H @ np.diag([8, 4, 2, 1]) @ H.T  # singular values 32, 16, 8, 4
    for rank, best in ((1, 64 / 85), (2, 80 / 85), (4, 1.0)):
        start = initialize(blank(kind, 4, 4, rank), G, rng=0)
        assert start.captured == pytest.approx(best, rel=1e-13)
        assert start.certificate.gap <= 1e-13


def test_signs_capture_what_the_formula_says():
    u, v = np.array([8.0, 1.0, -2.0, 1.0]), np.array([1.0, -4.0, 0.5])
    start = initialize(blank("lora-xs", 4, 3, 1), np.outer(u, v), method="sign", rng=0)
    assert start.captured == pytest.approx(float(sign_capture(u, v)), rel=1e-12)
    assert start.optimum == pytest.approx(1.0, rel=1e-12)


def test_false_certificates_are_refused():
    G = np.random.default_rng(6).standard_normal((8, 6))
    proof = initialize(blank("lora-xs", 8, 6, 2), G, method="sign", rng=0).certificate
    for words, lie in forged_fields(proof, free=["B", "A"]):  # a span has no sign
        if " %" in words and words[0] in "BA":
            continue  # a multiple of a factor spans what the factor does
        assert not lie.verify(G), words


@pytest.mark.parametrize("factor", [1e-310, 1e-100, 1e-12, 1e12, 1e100])
def test_starts_in_other_units(factor):
    G = np.random.default_rng(7).standard_normal((9, 12))
    honest, found = (initialize(blank("lora", 9, 12, 2), G * x, step_size=1.0, rng=0) for x in (1.0, factor))
    assert found.captured == pytest.approx(honest.captured, rel=1e-12)
    np.testing.assert_allclose(found.adapter.dense() / factor, honest.adapter.dense(), atol=1e-12)
    assert found.certificate.verify(G * factor)


def test_ranks_beyond_the_sides_are_filled_with_zeros():
    G = np.array([[1.0, 2.0], [3.0, 4.0]])
    start = initialize(blank("lora-xs", 2, 2, 3), G, step_size=1.0, rng=0)
    np.testing.assert_allclose(start.adapter.dense(), -G, atol=1e-14)
    assert start.captured == pytest.approx(1.0)


def test_ranks_of_lora_xs_may_differ():
    G = np.diag([3.0, 2.0, 1.0])
    adapter = lora_xs(np.zeros((3, 1)), np.zeros((1, 2)), np.zeros((2, 3)))
    start = initialize(adapter, G, step_size=1.0, rng=0)
    np.testing.assert_allclose(start.adapter.dense(), np.diag([-3.0, 0, 0]), atol=1e-14)
    assert start.captured == pytest.approx(9 / 14)
    assert start.certificate.verify(G)


@pytest.mark.parametrize("method", ["gradient", "random"])
def test_starts_in_all_libraries_and_precisions(xp, method):
    rng = np.random.default_rng(8)
    G, W = rng.standard_normal((2, 110, 100)).astype(np.float32)
    host = blank("lora", 110, 100, 1, dtype=np.float32)
    there = lora(*(xp.asarray(host.params[name]) for name in "BA"))
    options = {"method": method, "rng": 0}
    found = initialize(there, xp.asarray(G), weight=xp.asarray(W), **options)
    due = initialize(host, G, weight=W, **options)
    assert xp.to_numpy(found.weight).dtype == np.float32
    assert found.captured == pytest.approx(due.captured, rel=1e-4)
    assert found.certificate.verify(xp.asarray(G))
    energies = captured_energies(found.adapter, xp.asarray(G))
    assert max(energies.a_step, energies.b_step) / energies.total == pytest.approx(found.captured, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "error", "rule"),
    [
        ({"gradient": np.zeros((3, 2))}, ValueError, "`gradient` must be nonzero"),
        ({"gradient": np.ones((2, 2))}, ValueError, r"`gradient` must be of shape \(3, 2\)"),
        ({"gradient": np.full((3, 2), np.nan)}, ValueError, "`gradient` must be finite"),
        ({"adapter": full(np.ones((3, 2)))}, ValueError, "`adapter` must be of the kind"),
        ({"adapter": np.ones((3, 2))}, TypeError, "`adapter` must be an Adapter"),
        ({"method": "pissa"}, ValueError, "`method` must be one of"),
        ({"method": "weight"}, ValueError, "`weight` must be given"),
        ({"method": "random", "step_size": 1.0}, ValueError, "`step_size` must be left out"),
        ({"step_size": -1.0}, ValueError, "`step_size` must be finite and at least 0"),
        ({"weight": np.ones((2, 3))}, ValueError, "`weight` must be of shape"),
        ({"compensate": "no"}, TypeError, "`compensate` must be True or False"),
    ],
)
def test_what_starts_refuse(change, error, rule):
    given = {"adapter": blank("lora", 3, 2, 1), "gradient": np.ones((3, 2))} | change
    with pytest.raises(error, match=f"^{rule}"):
        initialize(given.pop("adapter"), given.pop("gradient"), rng=0, **given)


def test_a_start_reads_well():
    start = initialize(blank("lora", 3, 2, 1), np.eye(3, 2), rng=0)
    assert "captured 50.00% of the gradient" in start.message
    assert dataclasses.asdict(start.certificate)["statement"] == "low_rank_adapters/SB-3"

"""Balanced factors and the nearest LoRA, against dense products, full decompositions and derivatives."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory.low_rank_adapters.convert import refactorize, to_lora
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.lora import full, lora, lora_fa
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.kinds.randlora import randlora
from tests.backends import QUICK, Backend
from tests.rules.certificates.forging import forged_fields, with_gap

KINDS = ("lora", "lora-fa", "lora-xs", "vera", "randlora", "uni-lora", "tera", "hadamard", "full")


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


def trained(kind: str, shape: tuple[int, int], rank: int = 3, rng: int = 0) -> Adapter:
    """An adapter of a kind with random trained arrays."""
    weight = normal(*shape, rng=rng + 1) if kind == "hadamard" else None
    start = make_adapter(kind, shape, rank=rank, rng=rng, weight=weight)
    return start.with_params({name: normal(*value.shape, rng=rng + 2) for name, value in start.params.items()})


# --- balanced factors ------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 7), st.integers(1, 7), st.integers(1, 5), st.integers(0, 999),
    st.sampled_from([1.0, -0.5, 3.0]), st.sampled_from([1.0, 1e-12, 1e100]), st.sampled_from([1.0, 1e-100, 1e12]),
)  # fmt: skip
def test_the_update_stays_and_the_norms_are_least(
    m: int, n: int, r: int, rng: int, scale: float, left: float, right: float
) -> None:
    adapter = lora(left * normal(m, r, rng=rng), right * normal(r, n, rng=rng + 1), scale=scale)
    found = refactorize(adapter)
    B, A = (np.asarray(found.adapter.params[name]) for name in "BA")
    D, unit = adapter.dense(), left * right
    assert found.adapter.scale == scale
    np.testing.assert_allclose(found.adapter.dense() / unit, D / unit, atol=1e-12 * np.abs(D / unit).max())
    nuclear = np.linalg.svd(D / unit, compute_uv=False).sum() / abs(scale)
    assert (np.sum(B**2) + np.sum(A**2)) / unit == pytest.approx(2 * nuclear, rel=1e-10)
    np.testing.assert_allclose(B.T @ B / unit, A @ A.T / unit, atol=1e-10 * nuclear)


def largest_curvature(B: Any, A: Any, scale: float) -> float:
    """The largest eigenvalue of J^T J, J the derivative of scale B A in both factors, column by column."""
    columns = []
    for factor, product in ((B, lambda E: E @ A), (A, lambda E: B @ E)):
        for i in np.ndindex(*factor.shape):
            E = np.zeros_like(factor)
            E[i] = scale
            columns.append(product(E).ravel())
    return float(np.linalg.norm(np.array(columns), 2) ** 2)


@pytest.mark.parametrize("shape", [(5, 4, 2), (3, 6, 3), (1, 1, 1), (2, 3, 4)])
def test_sharpness_is_the_largest_curvature(shape: tuple[int, int, int]) -> None:
    m, n, r = shape
    B, A = 4 * normal(m, r), normal(r, n, rng=1)
    found = refactorize(lora(B, A, scale=0.5))
    assert found.sharpness_before == pytest.approx(largest_curvature(B, A, 0.5), rel=1e-12)
    assert found.sharpness_after == pytest.approx(
        largest_curvature(found.adapter.params["B"], found.adapter.params["A"], 0.5), rel=1e-12
    )
    assert found.sharpness_after <= found.sharpness_before


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
def test_transport_keeps_the_velocity_of_the_product(unit: float) -> None:
    B, A, momentum = unit * normal(6, 3), normal(3, 5, rng=1), {"B": normal(6, 3, rng=2), "A": normal(3, 5, rng=3)}
    momentum["B"] *= unit
    found = refactorize(lora(B, A), momentum=momentum)
    left, right = found.adapter.factors()
    assert found.method == "transport"
    assert found.momentum is not None
    before, after = B @ momentum["A"] + momentum["B"] @ A, left @ found.momentum["A"] + found.momentum["B"] @ right
    np.testing.assert_allclose(after / unit, before / unit, atol=1e-12)
    raw = left @ momentum["A"] + momentum["B"] @ right
    assert np.abs(raw - before).max() > 0.1 * unit


def test_momentum_begins_anew_on_request_and_where_no_transport_exists() -> None:
    momentum = {"B": normal(4, 2), "A": normal(2, 3)}
    asked = refactorize(lora(normal(4, 2), normal(2, 3)), momentum=momentum, mode="reset")
    dependent = refactorize(lora(np.outer(normal(4), [1.0, 2.0]), normal(2, 3)), momentum=momentum)
    for found in (asked, dependent):
        assert found.method == "reset"
        assert found.momentum is not None
        assert not any(np.asarray(value).any() for value in found.momentum.values())
    assert "1 of 2 inner indices are 0 in both factors" in dependent.message
    assert refactorize(lora(normal(4, 2), normal(2, 3))).momentum is None


def test_single_precision_stays() -> None:
    adapter = lora(normal(6, 2).astype(np.float32), normal(2, 5).astype(np.float32))
    found = refactorize(adapter, momentum=dict(adapter.params))
    assert found.momentum is not None
    assert {value.dtype for value in (*found.adapter.params.values(), *found.momentum.values())} == {np.dtype("f4")}
    np.testing.assert_allclose(found.adapter.dense(), adapter.dense(), atol=1e-6)


@pytest.mark.parametrize(
    ("adapter", "options", "error", "says"),
    [
        ([[1.0]], {}, TypeError, "of the kind 'lora'"),
        (lora_fa([[1.0]], [[1.0]]), {}, ValueError, "whose factors are both trained"),
        (lora([[0.0]], [[1.0]]), {}, ValueError, "one whose update is not 0"),
        (lora([[1.0]], [[1.0]]), {"mode": "keep"}, ValueError, "`mode`"),
        (lora([[1.0]], [[1.0]]), {"momentum": {"B": [[1.0]]}}, ValueError, "arrays for 'A' and 'B'"),
        (lora([[1.0]], [[1.0]]), {"momentum": {"B": [[1.0]], "A": [[1.0, 2.0]]}}, ValueError, "`A` must be of shape"),
    ],
)
def test_refactorize_says_what_is_wrong(adapter: Any, options: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        refactorize(adapter, **options)


@pytest.mark.parametrize("xp", [*QUICK, "jax"], indirect=True)
def test_answers_are_of_the_library_of_the_adapter(xp: Backend) -> None:
    B, A = xp.asarray(normal(6, 3)), xp.asarray(normal(3, 5, rng=1))
    for answer in (
        refactorize(lora(B, A), momentum={"B": B, "A": A}).adapter,
        to_lora(lora(B, A), rank=2).adapter,
        to_lora(lora(B, A), rank=5).adapter,
        to_lora(full(B @ A), rank=2).adapter,
    ):
        assert {type(value) for value in answer.params.values()} == {type(B)}
        assert {value.dtype for value in answer.params.values()} == {B.dtype}
    reference = to_lora(lora(normal(6, 3), normal(3, 5, rng=1)), rank=2).adapter.dense()
    np.testing.assert_allclose(xp.to_numpy(to_lora(lora(B, A), rank=2).adapter.dense()), reference, atol=1e-12)


# --- the nearest LoRA ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(9, 7), (6, 10), (5, 5)])
@pytest.mark.parametrize("method", ["auto", "gram", "svd"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_the_best_lora_of_a_rank(kind: str, shape: tuple[int, int], method: str, dtype: str) -> None:
    adapter = trained(kind, shape)
    if dtype == "f4":
        arrays = {name: np.asarray(value, np.float32) for name, value in adapter.params.items()}
        host = {name: np.asarray(value) for name, value in adapter.frozen.items()}
        frozen = {name: value.astype("f4") if value.dtype.kind == "f" else value for name, value in host.items()}
        adapter = type(adapter)(**{**vars(adapter), "params": arrays, "frozen": frozen})
    D = adapter.dense().astype(np.float64)
    values, size = np.linalg.svd(D, compute_uv=False), np.linalg.norm(D)
    eps = 1e-14 if dtype == "f8" else 1e-6
    for rank in (1, 2, 4, 5):
        found = to_lora(adapter, rank=rank, method=method)
        error, least = np.linalg.norm(D - found.adapter.dense()), np.linalg.norm(values[rank:])
        assert found.adapter.kind == "lora"
        assert found.adapter.params["B"].shape == (shape[0], rank)
        assert found.adapter.params["B"].dtype == np.dtype(dtype)
        assert math.sqrt(found.lower) <= least + 1e-14 * size
        assert error <= math.sqrt(found.loss) + 1e-14 * size
        if method != "gram":  # whose rounding the certificate counts, and "auto" avoids
            assert math.sqrt(found.loss) - math.sqrt(found.lower) <= 20 * eps * size + 1e-3 * least
        assert found.captured == pytest.approx(1 - (least / size) ** 2, abs=1e-5)
        assert found.certificate.verify(adapter.dense())


@pytest.mark.parametrize("method", ["auto", "gram", "svd"])
@pytest.mark.parametrize("unit", [1e-100, 1e-12, 1e12, 1e100])
def test_units_do_not_matter(method: str, unit: float) -> None:
    for adapter, other in (
        (full(normal(6, 5)), full(unit * normal(6, 5))),
        (lora(normal(6, 3), normal(3, 5)), lora(unit * normal(6, 3), normal(3, 5))),
    ):
        plain, scaled = to_lora(adapter, rank=2, method=method), to_lora(other, rank=2, method=method)
        np.testing.assert_allclose(scaled.adapter.dense() / unit, plain.adapter.dense(), atol=1e-12)
        assert scaled.captured == pytest.approx(plain.captured, rel=1e-9)
        assert scaled.loss / unit / unit == pytest.approx(plain.loss, rel=1e-6)


@pytest.mark.parametrize("method", ["auto", "gram", "svd"])
@pytest.mark.parametrize("scale", [-0.5, 3.0])
def test_the_scale_is_part_of_the_update(scale: float, method: str) -> None:
    B, A = normal(8, 4), normal(4, 7, rng=1)
    found, plain = to_lora(lora(B, A, scale=scale), rank=2, method=method), to_lora(full(scale * (B @ A)), rank=2)
    np.testing.assert_allclose(found.adapter.dense(), plain.adapter.dense(), atol=1e-13)
    assert (found.loss, found.lower, found.captured) == pytest.approx((plain.loss, plain.lower, plain.captured))


def test_a_gauge_of_the_factors_does_not_matter() -> None:
    B, A, gauge = normal(8, 4), normal(4, 7), np.array([1e-90, 1e70, -1.0, 1e-8])
    plain, gauged = to_lora(lora(B, A), rank=2), to_lora(lora(B * gauge, A / gauge[:, None]), rank=2)
    assert plain.method == gauged.method == "core"
    np.testing.assert_allclose(gauged.adapter.dense(), plain.adapter.dense(), atol=1e-13)
    assert gauged.loss == pytest.approx(plain.loss, rel=1e-12)


def test_energy_takes_the_smallest_rank() -> None:
    squares = np.array([8.0, 4.0, 2.0, 1.0, 1.0])
    U, V = (np.linalg.qr(normal(side, 5, rng=side))[0] for side in (6, 7))
    for adapter in (full(U * np.sqrt(squares) @ V.T), lora(U * np.sqrt(squares), V.T)):
        for energy, rank in ((0.3, 1), (0.51, 2), (0.74, 2), (0.76, 3), (0.93, 4), (1.0, 5)):
            for method in ("auto", "svd", "gram"):
                assert to_lora(adapter, keep_energy=energy, method=method).adapter.params["A"].shape[0] == rank


def test_ranks_beyond_that_of_the_update_are_filled_with_zeros() -> None:
    found = to_lora(lora(normal(6, 2), normal(2, 5)), rank=4)
    assert found.message == "2 of 4 inner indices are 0, as the update has no larger rank"
    assert not np.any(found.adapter.params["B"][:, 2:])
    assert found.captured == 1.0
    dense = to_lora(full(np.outer(normal(5), normal(4))), rank=2)
    assert dense.method == "svd"
    assert dense.message == "1 of 2 inner indices are 0, as the update has no larger rank"
    assert dense.loss < 1e-28


def test_ties_are_told_and_no_update_is_captured_whole() -> None:
    assert "equal" in to_lora(full(np.diag([3.0, 2.0, 2.0])), rank=2).message
    assert not to_lora(full(np.diag([3.0, 2.0, 1.0])), rank=2).message
    for adapter in (lora(np.zeros((3, 2)), normal(2, 4)), full(np.zeros((3, 4)))):
        found = to_lora(adapter, rank=2)
        assert (found.loss, found.captured, found.lower) == (0.0, 1.0, 0.0)
        assert found.certificate.verify(np.zeros((3, 4)))


def test_what_is_no_update_cannot_be_held_against_a_certificate() -> None:
    found = to_lora(full(np.diag([3.0, 2.0])), rank=1)
    assert found.counts == {"starts": 1, "matvecs": 0}
    for wrong in (3.0, np.array(["a", "b"]), np.eye(2) * 1j, np.eye(2) > 0):
        with pytest.raises(TypeError, match="`problem` must be"):
            found.certificate.verify(wrong)


def test_updates_that_overflow_are_refused() -> None:
    for adapter in (lora([[1e200]], [[1e200]]), lora([[1.0, 1.0]], [[1e308], [1e308]]), full([[1e308]], scale=1e10)):
        with np.errstate(over="ignore"), pytest.raises(ValueError, match="in the range of its precision"):
            to_lora(adapter, rank=1)


def test_balanced_factors_of_an_update_that_overflows_are_refused() -> None:
    with pytest.raises(ValueError, match="^`adapter` must be one whose update has a norm in the range of doubles"):
        refactorize(lora(np.full((2, 1), 1e308), np.ones((1, 2))))
    assert refactorize(lora(np.full((2, 1), 1e307), np.ones((1, 2)))).adapter.dense() == pytest.approx(1e307)


def test_a_certificate_of_another_update_is_refused() -> None:
    adapter = trained("hadamard", (6, 5))
    found = to_lora(adapter, rank=2)
    assert found.certificate.verify(adapter)
    assert not found.certificate.verify(adapter.dense() + 0.1)
    assert not found.certificate.verify(adapter.dense().T)
    for words, lie in forged_fields(found.certificate):
        assert not lie.verify(adapter), words
    nearer = 0.95 * found.certificate.achieved
    assert not with_gap(found.certificate, achieved=nearer).verify(adapter)
    for changes in (
        {"gap": -1.0},
        {"bound": 2 * found.lower, "gap": abs(found.certificate.achieved - 2 * found.lower)},
        {"gap": math.nan},
        {"statement": "AD-1"},
    ):
        assert not dataclasses.replace(found.certificate, **changes).verify(adapter)


@pytest.mark.parametrize("scale", [1.0, 0.3, 0.3e-9, 1e9])
def test_a_certificate_holds_for_factors_whose_update_was_rounded(scale: float) -> None:
    shapes = [(6, 64, 12), (12, 64), (6, 12), (6, 64)]
    bases, A, lambdas, gammas = (normal(*shape, rng=i).astype(np.float32) for i, shape in enumerate(shapes))
    adapter = randlora(bases, A, lambdas=lambdas, gammas=gammas, scale=scale)
    found = to_lora(adapter, rank=3)
    assert found.method == "gram"
    assert found.certificate.verify(adapter)
    assert found.certificate.verify(adapter.dense())
    assert not found.certificate.verify(dataclasses.replace(adapter, scale=1.001 * scale))


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({}, ValueError, "exactly one of these"),
        ({"rank": 1, "keep_energy": 0.5}, ValueError, "exactly one of these"),
        ({"rank": 0}, ValueError, r"`rank` must be .* \[1, 3\]"),
        ({"rank": 4}, ValueError, r"`rank` must be .* \[1, 3\]"),
        ({"rank": 1.5}, TypeError, "`rank`"),
        ({"keep_energy": 0.0}, ValueError, "`keep_energy`"),
        ({"keep_energy": 1.1}, ValueError, "`keep_energy`"),
        ({"rank": 1, "method": "core"}, ValueError, "`method`"),
        ({"rank": 1, "method": "fast"}, ValueError, "`method`"),
        ({"rank": 1, "rounding": -1.0}, ValueError, "`rounding`"),
    ],
)
def test_to_lora_says_what_is_wrong(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        to_lora(full(normal(3, 4)), **options)
    with pytest.raises(TypeError, match="`adapter`"):
        to_lora([[1.0]], rank=1)  # type: ignore[arg-type]  # that is the test

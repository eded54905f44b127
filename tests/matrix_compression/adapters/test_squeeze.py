"""Squeezing against the product itself, in any gauge, unit and precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtheory.matrix_compression import baselines, squeeze, theory
from proofs_checks.matrix_compression.adapters.best_factors import balanced_energy


def pair(m: int, q: int, n: int, rng: Any = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(rng)
    return draw.normal(size=(m, q)), draw.normal(size=(q, n))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(0, 10), st.integers(0, 999),
    st.sampled_from([1.0, -0.5, 1e-12, -1e12]), st.sampled_from([None, 2.0, -1e-12]), st.booleans(),
)  # fmt: skip
def test_the_best_factors_of_every_rank(
    m: int, q: int, n: int, rank: int, rng: int, scale: float, out: float | None, balanced: bool
) -> None:
    B, A, rank = *pair(m, q, n, rng), min(rank, m, n)
    B[:, rng % q] *= rng % 3 > 0  # now and then a column of zeros
    found = squeeze(B, A, rank, scale=scale, out_scale=out, balanced=balanced)
    W = scale * (B @ A)
    s = np.linalg.svd(W, compute_uv=False)
    size = np.linalg.norm(W)
    assert found.rank == min(rank, m, q, n)
    assert found.scale == (scale if out is None else out)
    np.testing.assert_allclose(found.singular_values, s[: min(m, q, n)], atol=1e-13 * size)
    error = np.linalg.norm(W - found.dense())
    assert error == pytest.approx(np.linalg.norm(s[rank:]), abs=1e-13 * size)
    assert found.error == pytest.approx(np.linalg.norm(s[rank:]) / size if size else 0.0, abs=1e-13)
    assert found.certificate.bound - 1e-13 * size <= error <= found.certificate.achieved + 1e-13 * size
    assert found.certificate.verify((B, A, scale))
    assert found.certificate.verify(W)
    if balanced:
        norm = float(balanced_energy(s / abs(scale), rank, scale, found.scale))
        assert np.sum(found.B**2) == pytest.approx(norm, rel=1e-10, abs=1e-12)
        assert np.sum(found.A**2) == pytest.approx(norm, rel=1e-10, abs=1e-12)
    else:
        kept = found.B[:, : np.count_nonzero(s[: found.rank] > 1e-10 * size)]
        np.testing.assert_allclose(kept.T @ kept, np.eye(kept.shape[1]), atol=1e-10)


@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e12])
def test_a_gauge_changes_the_error_by_no_more_than_rounding(condition: float) -> None:
    B, A = pair(20, 5, 16)
    U, V = (np.linalg.qr(np.random.default_rng(i).normal(size=(5, 5)))[0] for i in range(2))
    powers = np.geomspace(1, condition, 5)
    C, D = B @ (U * powers) @ V.T, (V / powers) @ U.T @ A
    plain, gauged = squeeze(B, A, 3), squeeze(C, D, 3)
    # what doubles lose of a product when its factors are that much larger than itself
    load = np.linalg.norm(C, axis=0) @ np.linalg.norm(D, axis=1)
    np.testing.assert_allclose(gauged.singular_values, plain.singular_values, atol=1e-14 * load)
    assert gauged.certificate.verify((C, D))
    even = (C / np.linalg.norm(C, axis=0), D.T / np.linalg.norm(D, axis=1))
    spread = max(np.linalg.cond(X) for X in even) if gauged.method == "gram" else 1.0
    # twice the rounding of 5 inner indices and of LAPACK's singular values, 112 units; Gram matrices of small condition
    # are bounded from a triangular factor, by somewhat more than their condition
    assert gauged.certificate.gap <= 2 * 112 * 2.0**-53 * load * spread * 1.5
    assert gauged.method == ("gram" if condition <= 1e4 else "qr")


def test_single_precision_comes_back_and_is_counted_in() -> None:
    B, A = (x.astype(np.float32) for x in pair(30, 8, 20))
    found = squeeze(B, A, 4)
    assert (found.B.dtype, found.A.dtype, found.singular_values.dtype) == (np.float32, np.float32, np.float64)
    exact = B.astype(np.float64) @ A
    error = np.linalg.norm(exact - found.B.astype(np.float64) @ found.A)
    assert found.certificate.bound <= error <= found.certificate.achieved
    assert found.certificate.gap < 2e-6 * np.linalg.norm(exact)


def test_epsilon_takes_the_smallest_rank() -> None:
    B, A = np.diag([4.0, 3.0, 2.0, 1.0]), np.eye(4)
    norm = np.sqrt(30)
    for epsilon, rank in [(0.0, 4), (1 / norm * 0.999, 4), (1 / norm * 1.001, 3), (0.999, 1), (1.0, 0)]:
        assert squeeze(B, A, epsilon=epsilon).rank == rank
    assert squeeze(np.zeros((3, 2)), np.ones((2, 3)), epsilon=0.0).rank == 0


def test_it_agrees_with_what_others_do() -> None:
    B, A = pair(12, 6, 10)
    ours, dense = squeeze(B, A, 3, scale=0.5), baselines.dense_svd(B, A, 3, scale=0.5)
    np.testing.assert_allclose(ours.dense(), dense.dense(), atol=1e-13)
    wide = baselines.randomized_svd(B, A, 3, scale=0.5, oversampling=3, rng=0)
    np.testing.assert_allclose(wide.dense(), dense.dense(), atol=1e-12)  # a range as wide as the rank is exact
    narrow = baselines.randomized_svd(B, A, 3, scale=0.5, oversampling=0, rng=0)
    assert narrow.error > ours.error
    assert narrow.certificate.verify((B, A, 0.5))


def test_the_mean_error_of_a_random_range_is_below_its_bound() -> None:
    s = np.array([10.0] + 30 * [1.0])
    B, A = np.diag(s), np.eye(31)
    squares = []
    for rng in range(400):
        Q = np.linalg.qr(B @ np.random.default_rng(rng).normal(size=(31, 7)))[0]
        squares.append(np.linalg.norm(B - Q @ (Q.T @ B)) ** 2)
    mean, bound = float(np.mean(squares)), float(theory.sketch_bound(30, 1, 6))
    assert mean < bound < mean * 1.3
    assert baselines.randomized_svd(B, A, 1, oversampling=6, rng=0).error >= squeeze(B, A, 1).error


def test_methods_are_named_with_their_reason() -> None:
    B, A = pair(8, 3, 8)
    assert squeeze(B, A, 1).method == "gram"
    assert squeeze(B, A, 1, method="qr").method == "qr"
    assert squeeze(*pair(2, 5, 3), 1).method == "qr"
    text = repr(squeeze(B, A, 1))
    assert "SQ-1e" in text
    assert "rank 1 leaves" in text


REFUSED = [
    (dict(A=np.ones((4, 2))), "`A` must be an array with 2 rows, as `B` has columns; got 4."),
    (dict(rank=None), "`rank, epsilon` must be exactly one of these; got none of them."),
    (dict(epsilon=0.5), "`rank, epsilon` must be exactly one of these; got rank and epsilon."),
    (dict(rank=-1), "`rank` must be an integer of at least 0; got -1."),
    (dict(rank=None, epsilon=1.5), "`epsilon` must be in [0, 1]; got 1.5."),
    (dict(out_scale=0.0), "`out_scale` must be a finite number other than 0; got 0.0."),
    (dict(scale=np.inf), "`scale` must be a finite number other than 0; got inf."),
    (dict(B=np.full((3, 2), np.nan)), "`B` must be finite; got 'an infinity or NaN'."),
    (dict(B=np.ones((0, 2))), "`B` must be a matrix of an update that has entries; got (0, 2)."),
    (
        dict(B=np.full((3, 2), 1e200), A=np.full((2, 3), 1e200)),
        "`scale, B, A` must be numbers whose product is in the range of doubles; got 1.0.",
    ),
    (dict(method="svd"), "`method` must be one of 'auto', 'qr', 'gram'; got 'svd'."),
]


@pytest.mark.parametrize(("changed", "sentence"), REFUSED)
def test_refusals(changed: dict[str, Any], sentence: str) -> None:
    call: dict[str, Any] = {"B": np.ones((3, 2)), "A": np.ones((2, 3)), "rank": 1, **changed}
    with pytest.raises(ValueError) as error:
        squeeze(call.pop("B"), call.pop("A"), **call)
    assert str(error.value) == sentence


def test_ranks_of_other_kinds_are_refused() -> None:
    with pytest.raises(TypeError, match="`rank` must be an integer"):
        squeeze(np.ones((3, 2)), np.ones((2, 3)), 1.5)  # type: ignore[arg-type]

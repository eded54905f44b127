"""Attention of lower rank against attention itself."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.matrix_compression import attention_rank
from lrtheory.matrix_compression.theory import tanh_bound


def head(L: int = 7, n: int = 9, d: int = 4, rng: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(rng)
    return draw.normal(size=(L, d)), draw.normal(size=(n, d)) + 1.0, draw.normal(size=(n, 3))


def weights(Q: np.ndarray, K: np.ndarray, d: int, seen: np.ndarray | None = None) -> np.ndarray:
    """Softmax by rows, one number after the other."""
    S = Q @ K.T / np.sqrt(d)
    made = np.zeros_like(S)
    for i, row in enumerate(S):
        keys = [j for j in range(len(row)) if seen is None or seen[i, j]]
        powers = {j: np.exp(row[j] - max(row[k] for k in keys)) for j in keys}
        for j in keys:
            made[i, j] = powers[j] / sum(powers.values())
    return made


@pytest.mark.parametrize("method", ["product", "factors"])
@pytest.mark.parametrize("mask", [None, "causal", "random"])
@pytest.mark.parametrize("with_values", [True, False])
def test_errors_of_every_rank_are_measured_and_bounded(method: str, mask: Any, with_values: bool) -> None:
    Q, K, V = head()
    seen: Any = None
    if mask == "causal":
        seen = np.array([[j <= i + 2 for j in range(9)] for i in range(7)])
    elif mask == "random":
        seen = np.random.default_rng(1).random((7, 9)) < 0.6
        seen[:, 0] = True
        mask = seen
    truth = weights(Q, K, 4, seen)
    for rank in range(5):
        found = attention_rank(Q, K, V if with_values else None, rank=rank, method=method, mask=mask)
        off = weights(found.Q, found.K, 4, seen) - truth
        moved = np.linalg.norm(off @ V, axis=1).max() if with_values else (np.abs(off).sum(axis=1) / 2).max()
        assert found.max_errors[rank] == pytest.approx(moved, abs=1e-13)
        assert found.max_errors[rank] <= found.bounds[rank] * (1 + 1e-12) + 1e-13
        assert found.rank == rank
    assert found.max_errors[4] == pytest.approx(0.0, abs=1e-13)
    apart = max(np.linalg.norm(a - b) for a in V for b in V)
    assert found.diameter == pytest.approx(apart if with_values else 1.0)


def test_the_smallest_rank_within_an_error() -> None:
    Q, K, V = head()
    errors = attention_rank(Q, K, V, rank=0).max_errors
    for epsilon in (0.0, float(errors[2]), 0.5 * float(errors[1]), 1e9):
        found = attention_rank(Q, K, V, max_error=epsilon)
        due = next((r for r, e in enumerate(errors) if e <= epsilon), 4)
        assert found.rank == due


@pytest.mark.parametrize("rng", range(10))
def test_truncating_the_product_is_never_worse_in_logits_and_centering_changes_nothing(rng: int) -> None:
    Q, K, _ = head(rng=rng)
    for rank in range(4):
        product, factors = (attention_rank(Q, K, rank=rank, method=m, center=False) for m in ("product", "factors"))
        S = Q @ K.T
        errors = [np.linalg.norm(S - one.Q @ one.K.T) for one in (product, factors)]
        assert errors[0] <= errors[1] * (1 + 1e-12)
        centered = attention_rank(Q, K, rank=rank)
        pulled = S - S.mean(axis=1, keepdims=True)
        assert np.linalg.norm(pulled - centered.Q @ centered.K.T) <= errors[0] * (1 + 1e-12)


def test_the_bound_is_never_above_the_one_by_norms() -> None:
    """Half of the norm of the centered change times the largest singular value of the centered values."""
    rng = np.random.default_rng(0)
    for n in (2, 3, 8, 40):
        for size in (1e-6, 0.1, 1.0, 10.0):
            change, V = size * rng.normal(size=n), rng.normal(size=(n, 3))
            if n == 2:
                change[1] = -change[0]  # both are equal in the limit of small changes
            osc, far = np.ptp(change), np.linalg.norm(V[:, None] - V[None], axis=2).max()
            by_norms = np.linalg.norm(change - change.mean()) * np.linalg.norm(V - V.mean(0), 2) / 2
            assert tanh_bound(osc, far) <= by_norms * (1 + 1e-12)


def test_the_bound_is_reached_by_two_keys() -> None:
    for t in (0.1, 1.0, 4.0):
        before, after = np.array([[t, -t]]), np.array([[-t, t]])
        p, q = (np.exp(x) / np.exp(x).sum() for x in (before, after))
        assert np.abs(p - q).sum() / 2 == pytest.approx(tanh_bound(4 * t), rel=1e-12)


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_units_of_queries_keys_and_values(unit: float) -> None:
    Q, K, V = head()
    plain, found = attention_rank(Q, K, V, rank=2), attention_rank(Q * unit, K / unit, V * unit, rank=2)
    np.testing.assert_allclose(found.max_errors[:4] / unit, plain.max_errors[:4], rtol=1e-9)
    np.testing.assert_allclose(found.bounds[:4] / unit, plain.bounds[:4], rtol=1e-9)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"K": np.ones((9, 3))}, "`K` must be of shape (n, 4), as `Q`; got (9, 3)."),
    ({"V": np.ones((8, 3))}, "`V` must be of shape (9, n); got (8, 3)."),
    ({"rank": -1}, "`rank` must be an integer of at least 0; got -1."),
    ({"rank": None}, "`rank, max_error` must be exactly one of these; got none of them."),
    ({"max_error": 0.1}, "`rank, max_error` must be exactly one of these; got rank and max_error."),
    ({"rank": None, "max_error": -0.1}, "`max_error` must be in [0, inf]; got -0.1."),
    ({"mask": [[True], []]}, "`mask` must be an array with rows of equal length; got [[True], []]."),
    ({"mask": "band"}, "`mask` must be one of 'causal'; got 'band'."),
    ({"mask": np.zeros((7, 9), bool)}, "`mask` must be one under which every query sees a key; got 0."),
    (
        {"K": np.ones((6, 4)), "V": None, "mask": "causal"},
        "`mask` must be one under which every query sees a key; got 0.",
    ),
    (
        {"Q": np.full((7, 4), 1e200), "K": np.full((9, 4), 1e200)},
        "`Q, K` must be numbers whose products are in the range of doubles; got 1e+200.",
    ),
    ({"method": "both"}, "`method` must be one of 'product', 'factors'; got 'both'."),
]


@pytest.mark.parametrize(("changed", "sentence"), REFUSED)
def test_refusals(changed: dict[str, Any], sentence: str) -> None:
    Q, K, V = head()
    call: dict[str, Any] = {"Q": Q, "K": K, "V": V, "rank": 1, **changed}
    with pytest.raises(ValueError) as error:
        attention_rank(call.pop("Q"), call.pop("K"), call.pop("V"), **call)
    assert str(error.value) == sentence


def test_single_precision_stays_single_and_its_errors_are_counted() -> None:
    rng = np.random.default_rng(4)
    Q, K = rng.normal(size=(6, 4)).astype(np.float32), rng.normal(size=(5, 4)).astype(np.float32)
    found = attention_rank(Q, K, rank=4, center=False)
    assert found.Q.dtype == found.K.dtype == np.float32
    before, after = (weights(A.astype(float), B.astype(float), 4) for A, B in ((Q, K), (found.Q, found.K)))
    assert 0 < found.max_errors[4] == pytest.approx(np.abs(after - before).sum(1).max() / 2, rel=1e-6)


def test_exact_numbers_count_as_doubles() -> None:
    Q, K, V = (np.round(8 * X) / 8 for X in head())
    found, plain = (
        attention_rank(*(X if kind is float else np.vectorize(Fraction, otypes=[object])(X) for X in (Q, K, V)), rank=2)
        for kind in (Fraction, float)
    )
    assert found.Q.dtype == found.K.dtype == np.float64
    np.testing.assert_array_equal(found.max_errors, plain.max_errors)
    with pytest.raises(ValueError, match="`V` must be an array of numbers in the range of doubles"):
        attention_rank(Q, K, np.full(V.shape, Fraction(10**400)), rank=2)

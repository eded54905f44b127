"""Layers at the ends of what doubles and single precision hold: the same answer in other units, or a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lrtheory import matrix_compression as mc

RNG = np.random.default_rng(0)
W, Q, K, V = (RNG.normal(size=shape) for shape in ((4, 3), (5, 3), (6, 3), (6, 2)))
SPECTRAL = np.linalg.svd(W, full_matrices=False)


@pytest.mark.parametrize("unit", [-1000, -300, 300, 1020])
def test_a_step_at_the_ends_of_the_range_is_taken(unit: int) -> None:
    honest, found = mc.prune_step(W, -0.1 * W), mc.prune_step(np.ldexp(W, unit), np.ldexp(-0.1 * W, unit))
    assert (found.rank, found.rank_before, found.safe, found.lost) == (3, 3, honest.safe, honest.lost)
    np.testing.assert_array_equal(found.W, np.ldexp(honest.W, unit))
    assert (found.step_norm, found.limit) == (np.ldexp(honest.step_norm, unit), np.ldexp(honest.limit, unit))


@pytest.mark.parametrize(
    ("weight", "step"),
    [
        (np.eye(2) * 1e308, np.eye(2) * 1e308),
        (np.eye(3) * 1e308, np.eye(3) * 1e308),
        (W / np.abs(W).max() * 1.7e308, W * 1e307),
        (np.eye(3, dtype=np.float32) * 3e38, np.eye(3, dtype=np.float32) * 3e38),
    ],
)
def test_a_sum_beyond_the_range_is_refused(weight: np.ndarray, step: np.ndarray) -> None:
    with pytest.raises(ValueError, match=rf"^`W, step` must be matrices whose .* in the range of {weight.dtype}; got "):
        mc.prune_step(weight, step)


def test_a_weight_and_a_step_of_very_different_sizes() -> None:
    assert mc.prune_step(np.ldexp(W, -1000), np.ldexp(W, 1000)).rank_before == 3
    assert mc.prune_step(np.ldexp(W, 1000), np.ldexp(W, -1000)).safe
    assert not mc.prune_step(np.ldexp(W, -1000), np.ldexp(W, 1000)).safe


@pytest.mark.parametrize("unit", [-1000, -664, 664, 1000])
def test_values_of_any_size_have_errors_of_their_size(unit: int) -> None:
    honest, found = (mc.attention_rank(Q, K, np.ldexp(V, u), rank=1) for u in (0, unit))
    assert found.max_errors[0] > 0.9 * 2.0**unit
    np.testing.assert_array_equal(found.max_errors, np.ldexp(honest.max_errors, unit))
    np.testing.assert_array_equal(found.bounds, np.ldexp(honest.bounds, unit))
    assert found.diameter == np.ldexp(honest.diameter, unit)


@pytest.mark.parametrize("method", ["product", "factors"])
def test_the_mean_of_large_keys_is_in_range(method: str) -> None:
    honest = mc.attention_rank(Q, K, V, rank=1, method=method)
    found = mc.attention_rank(np.ldexp(Q, -1020), np.ldexp(K, 1021), V, rank=1, method=method)
    doubled = mc.attention_rank(Q, 2 * K, V, rank=1, method=method)
    assert not np.array_equal(honest.max_errors, doubled.max_errors)
    np.testing.assert_allclose(found.max_errors, doubled.max_errors, atol=1e-14)


#: what has factors or weights in its answer, and their types
ANSWERS: dict[str, Callable[[Any], set[Any]]] = {
    "truncate": lambda kind: types(mc.truncate(W.astype(kind), 1)),
    "truncate: inputs": lambda kind: types(mc.truncate(W.astype(kind), 1, inputs=W.astype(kind))),
    "squeeze": lambda kind: types(mc.squeeze(W.astype(kind), W.T.astype(kind), 1)),
    "prune_step": lambda kind: {mc.prune_step(W.astype(kind), W.astype(kind)).W.dtype},
    "attention_rank": lambda kind: {mc.attention_rank(Q.astype(kind), K.astype(kind), rank=1).Q.dtype},
    "compress_stack": lambda kind: {mc.compress_stack([W.astype(kind)], 1).basis.dtype},
    "salt_to_adapter": lambda kind: types(mc.salt_to_adapter(W.astype(kind), [2.0], [1.0])),
    "salt_to_adapter: decomposed": lambda kind: types(
        mc.salt_to_adapter(tuple(part.astype(kind) for part in SPECTRAL), [2.0], [1.0])
    ),
    "merge_adapters": lambda kind: stored(mc.merge_adapters([adapter(kind)] * 2, rank=1)),
    "merge_adapters: stream": lambda kind: stored(mc.merge_adapters([adapter(kind)] * 2, rank=1, method="stream")),
    "compress_adapter": lambda kind: stored(mc.compress_adapter(adapter(kind), rank=1)),
}


def types(found: mc.LowRankFactors) -> set[Any]:
    return {found.B.dtype, found.A.dtype}


def adapter(kind: Any) -> mc.AdapterFile:
    return mc.AdapterFile({"a": mc.AdapterModule(W.astype(kind), W.T.astype(kind))})


def stored(found: mc.AdapterResult) -> set[Any]:
    modules = found.adapter.modules.values()
    names = {"F64": np.float64, "F32": np.float32}
    assert all(np.dtype(names[one.dtype]) == one.B.dtype == one.A.dtype for one in modules)
    return {one.B.dtype for one in modules}


@pytest.mark.parametrize("name", ANSWERS)
def test_single_precision_stays_single_and_all_else_is_double(name: str) -> None:
    """Extended precision too, for which there is no linear algebra."""
    assert ANSWERS[name](np.float32) == {np.dtype(np.float32)}
    for kind in (np.float64, np.longdouble, object):
        assert ANSWERS[name](kind) == {np.dtype(np.float64)}


def test_extended_numbers_beyond_doubles_are_refused() -> None:
    with pytest.raises(ValueError, match="`W` must be finite; got inf"):
        mc.truncate(W.astype(np.longdouble) * np.longdouble(10) ** 400, 1)


def test_factors_of_salt_in_single_precision_are_certified() -> None:
    X, Y = RNG.normal(size=(1, 2)), RNG.normal(size=(2, 1))
    single = W.astype(np.float32)
    found = mc.salt_to_adapter(single, [2.0, 0.5], [0.1, 0.2], factors=(X, Y))
    U, s, Vt = np.linalg.svd(single.astype(np.float64), full_matrices=False)
    layer = U[:, :2] * (np.array([1.0, -0.5]) * s[:2] + [0.1, 0.2]) @ Vt[:2] + U[:, 2:] @ X @ Y @ Vt[2:]
    off = np.linalg.norm(layer - found.B.astype(np.float64) @ found.A.astype(np.float64))
    assert 1e-9 < off <= found.certificate.achieved < 1e-5
    assert found.certificate.verify(layer)

"""Updates and gradients of all kinds: exact on whole numbers, the same for every library, precision and unit."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_adapters.kinds.base import Adapter
from tests.backends import QUICK, Backend
from tests.low_rank_adapters.kinds.oracles import MAKERS, directions, same, update

SHAPES = [(1, 1, 1), (4, 3, 2), (3, 5, 2), (1, 4, 3), (5, 1, 2)]
# JAX compiles every operation for seconds, and these kinds share theirs with all others
LIBRARIES = [(kind, name) for kind in MAKERS for name in QUICK]
LIBRARIES += [(kind, "jax") for kind in ("randlora", "uni-lora", "tera", "hadamard")]


def made(kind: str, m: int = 4, n: int = 3, r: int = 2, scale: float = 0.5, change: Any = same, rng: int = 0) -> Any:
    return MAKERS[kind](np.random.default_rng(rng), m, n, r, scale, change)


def whole(*shape: int) -> np.ndarray:
    return np.random.default_rng(shape).integers(-3, 4, shape).astype(float)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_update_and_its_maps_are_those_of_the_definition(kind: str, shape: tuple[int, int, int]) -> None:
    adapter = made(kind, *shape)
    (m, n, _), expected = shape, update(adapter)
    assert adapter.shape == (m, n)
    assert np.array_equal(adapter.dense(), expected)
    X, dY, W = whole(7, n), whole(7, m), whole(m, n)
    assert np.array_equal(adapter.apply(X), X @ expected.T)
    assert adapter.apply(X[0]).tolist() == (X[0] @ expected.T).tolist()
    assert adapter.apply(X.reshape(1, 7, n)).shape == (1, 7, m)
    assert np.array_equal(adapter.merge(W).weight, W + expected)
    at, dense = adapter.gradient_at(X, dY), adapter.gradient(dY.T @ X)
    for name, value in adapter.params.items():
        assert at[name].shape == value.shape
        assert np.array_equal(at[name], dense[name])


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_is_the_adjoint_of_the_derivative(kind: str, shape: tuple[int, int, int]) -> None:
    adapter, G = made(kind, *shape), whole(*shape[:2])
    found = adapter.gradient(G)
    for name, place, change in directions(adapter):
        assert found[name][place] == np.sum(change * G)


@pytest.mark.parametrize("kind", MAKERS)
def test_factors_multiply_to_the_update(kind: str) -> None:
    adapter = made(kind, scale=-3.0)
    if kind in ("hadamard", "full"):
        assert not hasattr(adapter, "factors")
    else:
        B, A = adapter.factors()
        assert np.array_equal(-3.0 * np.einsum("ik,kc->ic", B, A), update(adapter))


@pytest.mark.parametrize(("kind", "xp"), LIBRARIES, indirect=["xp"])
def test_every_library_gives_the_same_in_its_own_arrays(kind: str, xp: Backend) -> None:
    reference, adapter = made(kind), made(kind, change=xp.asarray)
    X, dY, W = whole(6, 3), whole(6, 4), whole(4, 3)
    gradients = [adapter.gradient(xp.asarray(W)), adapter.gradient_at(xp.asarray(X), xp.asarray(dY))]
    expected = [reference.gradient(W), reference.gradient_at(X, dY)]
    assert type(adapter.dense()) is type(xp.asarray(X))
    assert xp.to_numpy(adapter.dense()).tolist() == reference.dense().tolist()
    assert xp.to_numpy(adapter.apply(xp.asarray(X))).tolist() == reference.apply(X).tolist()
    assert xp.to_numpy(adapter.merge(xp.asarray(W)).weight).tolist() == (W + reference.dense()).tolist()
    for mine, theirs in zip(gradients, expected, strict=True):
        assert {name: xp.to_numpy(value).tolist() for name, value in mine.items()} == {
            name: value.tolist() for name, value in theirs.items()
        }
    assert (adapter.dimension, adapter.rank_bound) == (reference.dimension, reference.rank_bound)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("given", ["float16", "float32"])
def test_single_precision_stays_and_half_precision_becomes_single(kind: str, given: str) -> None:
    adapter = made(kind, change=lambda array: array.astype(given))
    G = whole(4, 3).astype(np.float32)
    values = [adapter.dense(), adapter.apply(G), *adapter.params.values(), *adapter.gradient(G).values()]
    values += adapter.gradient_at(G, whole(4, 4).astype(np.float32)).values()
    assert {str(value.dtype) for value in values} == {"float32"}
    assert adapter.with_params(adapter.params).dense().dtype == np.float32


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("unit", [2.0**-332, 2.0**-40, 2.0**40, 2.0**332])
def test_units_change_nothing_else(kind: str, unit: float) -> None:
    plain, scaled = made(kind), made(kind, scale=0.5 * unit)
    assert np.array_equal(scaled.dense(), unit * plain.dense())
    changed = plain.with_params({name: unit * value for name, value in plain.params.items()})
    degree = 2 if plain.kind == "uni-lora" else len(plain.params)
    assert np.array_equal(changed.dense(), unit**degree * plain.dense())
    moved = made(kind, change=lambda array: unit * array)
    assert (moved.dimension, moved.rank_bound) == (plain.dimension, plain.rank_bound)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_are_equal(kind: str, copied: Any) -> None:
    adapter: Adapter = made(kind)
    other = copied(adapter)
    assert type(other) is type(adapter)
    assert other.dense().tolist() == adapter.dense().tolist()
    assert repr(other) == repr(adapter)
    assert other.scale == adapter.scale
    for arrays in (other.params, other.frozen):
        assert not any(np.asarray(value).flags.writeable for value in arrays.values())


@pytest.mark.parametrize("kind", MAKERS)
def test_new_params_leave_the_adapter_as_it_is(kind: str) -> None:
    adapter = made(kind)
    before = adapter.dense()
    name, value = next(iter(adapter.params.items()))
    other = adapter.with_params({**adapter.params, name: 2 * value})
    assert np.array_equal(adapter.dense(), before)
    assert other.frozen.keys() == adapter.frozen.keys()
    assert other.kind == adapter.kind
    assert np.array_equal(other.dense(), update(adapter, {name: 2 * value}))
    with pytest.raises(ValueError, match=r"`params` must be a mapping with the names"):
        adapter.with_params({})
    with pytest.raises(ValueError, match=r"`params` must be a mapping with the names"):
        adapter.with_params({**adapter.params, "more": value})
    with pytest.raises(ValueError, match=rf"`{name}` must be of shape"):
        adapter.with_params({**adapter.params, name: np.zeros((*value.shape, 2))})
    with pytest.raises(ValueError, match=rf"`{name}` must be finite"):
        adapter.with_params({**adapter.params, name: np.nan * value})


@pytest.mark.parametrize("kind", MAKERS)
def test_flops_grow_with_the_batch(kind: str) -> None:
    adapter = made(kind, 5, 4, 2)
    assert adapter.flops(0) == 0
    assert adapter.flops(7) == 7 * adapter.flops(1) > 0
    with pytest.raises(ValueError, match=r"`batch` must be an integer of at least 0; got -1\."):
        adapter.flops(-1)


def test_flops_of_lora_are_those_of_two_thin_products() -> None:
    assert made("lora", 5, 4, 2).flops(3) == 3 * (2 * 2 * (5 + 4) + 5)


def test_inputs_of_other_shapes_are_refused() -> None:
    adapter = made("lora")
    with pytest.raises(ValueError, match=r"`X` must be of shape \(\.\.\., 3\); got \(2, 4\)\."):
        adapter.apply(whole(2, 4))
    with pytest.raises(ValueError, match=r"`G` must be of shape \(4, 3\); got \(3, 4\)\."):
        adapter.gradient(whole(3, 4))
    with pytest.raises(ValueError, match=r"`dY` must be of shape \(5, 4\); got \(6, 4\)\."):
        adapter.gradient_at(whole(5, 3), whole(6, 4))
    with pytest.raises(ValueError, match=r"`W` must be of shape \(4, 3\); got \(3, 4\)\."):
        adapter.merge(whole(3, 4))
    with pytest.raises(ValueError, match="`G` must be finite"):
        adapter.gradient(np.full((4, 3), np.inf))

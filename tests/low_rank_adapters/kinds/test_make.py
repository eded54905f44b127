"""The starts that `make_adapter` gives, and the arguments that the makers of the kinds refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_adapters.kinds.hadamard import hadamard
from lrtheory.low_rank_adapters.kinds.lora import full, lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.kinds.make import BASES, KINDS, _Draw, make_adapter
from lrtheory.low_rank_adapters.kinds.orthonormal import orthonormal
from lrtheory.low_rank_adapters.kinds.randlora import randlora
from lrtheory.low_rank_adapters.kinds.vera import vera
from tests.backends import QUICK, Backend

W = np.random.default_rng(0).normal(size=(9, 6))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bases", BASES)
@pytest.mark.parametrize("shape", [(9, 6), (6, 9), (1, 1)])
def test_the_start_is_zero_with_a_gradient_that_is_not(kind: str, bases: str, shape: tuple[int, int]) -> None:
    rank, weight = min(4, *shape), np.random.default_rng(1).normal(size=shape)
    adapter = make_adapter(kind, shape, rank=rank, bases=bases, rng=0, weight=weight)
    again = make_adapter(kind, shape, rank=rank, bases=bases, rng=0, weight=weight)
    other = make_adapter(kind, shape, rank=rank, bases=bases, rng=1, weight=weight)
    assert adapter.kind == kind
    assert adapter.shape == shape
    assert adapter.scale == 1.0
    gradient = adapter.gradient(weight)
    assert any(value.any() for value in gradient.values())
    assert adapter.dense().any() == (kind == "uni-lora")
    for name in gradient:
        assert np.array_equal(gradient[name], again.gradient(weight)[name])
    if kind != "full" and shape != (1, 1):
        assert any(not np.array_equal(gradient[name], other.gradient(weight)[name]) for name in gradient)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("xp", QUICK, indirect=True)
def test_arrays_are_of_the_library_and_precision_of_the_weight(kind: str, xp: Backend) -> None:
    weight = xp.asarray(W.astype(np.float32))
    adapter = make_adapter(kind, (9, 6), rank=2, rng=0, weight=weight)
    assert type(adapter.dense()) is type(weight)
    assert adapter.dense().dtype == weight.dtype
    adapter.gradient(weight)


@pytest.mark.parametrize("shape", [(9, 6), (6, 9)])
def test_orthonormal_bases_and_signs(shape: tuple[int, int]) -> None:
    adapter = make_adapter("randlora", shape, rank=3, rng=0)
    bases, A = (np.asarray(adapter.frozen[name]) for name in ("bases", "A"))
    assert bases.shape == (2, 9, 3)
    assert A.shape == (3, 6)
    flat = bases.transpose(1, 0, 2).reshape(9, 6)
    assert np.allclose(flat.T @ flat, np.eye(6), atol=1e-14)
    assert set(np.unique(A)) == {-1.0, 1.0}
    assert np.linalg.matrix_rank(A[:, :3]) == 3
    assert np.array_equal(A[:, :3], A[:, 3:])
    assert adapter.rank_bound == 6
    assert np.array_equal(np.asarray(adapter.params["gammas"]), np.full((2, 6), 1 / 6))
    for kind in ("lora-xs", "vera"):
        frozen = make_adapter(kind, shape, rank=3, rng=0).frozen
        B, A = (np.asarray(frozen[name]) for name in ("B", "A"))
        assert np.allclose(B.T @ B, np.eye(3), atol=1e-14)
        assert np.allclose(A @ A.T, np.eye(3), atol=1e-14)


@pytest.mark.parametrize(("n", "k"), [(256, 128), (300, 129), (700, 200), (901, 450), (400, 300), (9, 6), (9, 1)])
def test_large_orthonormal_bases_are_those_of_reflections_with_their_signs(n: int, k: int) -> None:
    drawn = np.random.default_rng(k).normal(size=(n, k)) / np.sqrt(n)
    expected, triangle = np.linalg.qr(drawn)
    for given in (drawn.copy(), np.asfortranarray(drawn)):  # a copy, since its memory may become that of the answer
        found = orthonormal(given)
        assert np.abs(found - expected).max() <= 8 * np.finfo(float).eps
        assert np.linalg.norm(found.T @ found - np.eye(k)) <= n * np.finfo(float).eps
        assert np.allclose(found @ triangle, drawn, rtol=0, atol=1e-14)


def test_a_large_adapter_has_the_bases_of_the_draws_behind_its_seed() -> None:
    frozen, draws = make_adapter("lora-xs", (400, 300), rank=140, rng=5).frozen, np.random.default_rng(5)
    A, B = (np.linalg.qr(draws.normal(size=(side, 140))).Q for side in (300, 400))
    assert np.allclose(frozen["A"], A.T, rtol=0, atol=1e-14)
    assert np.allclose(frozen["B"], B, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("rank", "side"), [(2, 1), (2, 2), (3, 2), (2, 5)])
def test_signs_are_the_first_draw_whose_used_columns_are_independent(rank: int, side: int) -> None:
    """Of a square that is larger than what is used the other columns decide nothing, so what is used stays uniform."""
    for seed in range(20):
        found = _Draw((rank, side), 1, BASES[0], np.random.default_rng(seed), None).signs(rank, side)
        draws = np.random.default_rng(seed)
        square = draws.choice([-1.0, 1.0], size=(rank, rank))
        while np.linalg.matrix_rank(square[:, :side]) < min(rank, side):
            square = draws.choice([-1.0, 1.0], size=(rank, rank))
        assert np.array_equal(found, np.hstack([square] * side)[:, :side])


@pytest.mark.parametrize("bases", ["gaussian", "uniform"])
def test_independent_entries_have_the_stated_mean_square(bases: str) -> None:
    adapter = make_adapter("randlora", (60, 50), rank=5, bases=bases, rng=0)
    assert adapter.frozen["bases"].shape == (10, 60, 5)
    # means of 3000 and 250 squares, whose standard deviation is at most sqrt(2) times their mean
    assert np.mean(adapter.frozen["bases"] ** 2) * 60 == pytest.approx(1, abs=6 * np.sqrt(2 / 3000))
    assert np.mean(adapter.frozen["A"] ** 2) == pytest.approx(1, abs=6 * np.sqrt(2 / 250))


def test_sizes_that_belong_to_a_kind() -> None:
    assert make_adapter("randlora", (10, 10), rank=4, rng=0).frozen["bases"].shape == (2, 10, 4)
    assert make_adapter("randlora", (10, 10), rank=4, bases="gaussian", rng=0).frozen["bases"].shape == (3, 10, 4)
    assert make_adapter("randlora", (10, 10), rank=4, rng=0, n_bases=1).n_parameters == 14
    assert make_adapter("uni-lora", (10, 4), rank=2, rng=0).n_parameters == 14
    assert make_adapter("uni-lora", (10, 4), rank=2, rng=0, d=28).n_parameters == 28
    theta = np.asarray(make_adapter("uni-lora", (10, 40), rank=2, rng=0, d=100).params["theta"])
    assert -0.02 < theta.min() < 0 < theta.max() < 0.02
    assert make_adapter("vera", (3, 2), rank=256, rng=0).n_parameters == 259


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        ("dora", {}, "`kind` must be one of 'lora', 'lora-fa'"),
        ("lora", {"bases": "ternary"}, "`bases` must be one of 'orthogonal-sign', 'gaussian', 'uniform'"),
        ("lora", {"rank": 0}, r"`rank` must be an integer in \[1, 65536\]; got 0\."),
        ("vera", {"rank": 10**6}, r"`rank` must be an integer in \[1, 65536\]; got 1000000\."),
        ("lora-xs", {"rank": 7}, r"`rank` must be an integer in \[1, 6\]; got 7\."),
        ("lora", {"shape": (9,)}, r"`shape` must be a pair of integers; got \(9,\)\."),
        ("lora", {"weight": W.T}, r"`weight` must be of shape \(9, 6\); got \(6, 9\)\."),
        ("hadamard", {}, '`weight` must be the weight that is adapted, which kind "hadamard" multiplies; got None.'),
        ("lora", {"d": 3}, '`d` must be left out with kind "lora", which does not use it; got 3.'),
        ("vera", {"n_bases": 3}, '`n_bases` must be left out with kind "vera", which does not use it; got 3.'),
        ("uni-lora", {"d": 121}, r"`d` must be an integer in \[1, 120\]; got 121\."),
        ("randlora", {"rank": 4, "n_bases": 3}, r"`n_bases` must be an integer in \[1, 2\]; got 3\."),
    ],
)
def test_make_adapter_refuses(kind: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make_adapter(kind, options.pop("shape", (9, 6)), **options)


B, A, R, ONE = np.ones((10, 4)), np.ones((4, 8)), np.ones((4, 4)), np.ones(1)
BASES_2 = np.ones((2, 10, 4))


@pytest.mark.parametrize(
    ("make", "args", "options", "sentence"),
    [
        (lora, (B, A[:3]), {}, r"`A` must be of shape \(rank, d_in\) with rank 4, as `B` has; got \(3, 8\)\."),
        (lora, (B[0], A), {}, r"`B` must be of shape \(n, n\); got \(4,\)\."),
        (lora, (B, A[:, :0]), {}, r"`A` must be of shape \(rank, d_in\) with rank 4, as `B` has; got \(4, 0\)\."),
        (lora, (B, A), {"scale": np.inf}, "`scale` must be a finite number; got inf."),
        (lora, (np.full((10, 4), np.nan), A), {}, "`B` must be finite"),
        (lora_fa, (B, A[0]), {}, r"`A` must be of shape \(rank, d_in\) with rank 4, as `B` has; got \(8,\)\."),
        (lora_xs, (B, R[:3], A), {}, r"`R` must be of shape \(4, 4\); got \(3, 4\)\."),
        (full, (ONE,), {}, r"`D` must be of shape \(n, n\); got \(1,\)\."),
        (vera, (B, A[:3]), {"b": ONE, "d": ONE}, r"`A` must be of shape \(rank, d_in\) with rank 4, as `B` has"),
        (vera, (B, A), {"b": ONE, "d": R[0]}, r"`b` must be of shape \(10,\); got \(1,\)\."),
        (vera, (B, A), {"b": B[:, 0], "d": ONE}, r"`d` must be of shape \(4,\); got \(1,\)\."),
        (hadamard, (R, B, A), {}, r"`B` must be of shape \(4, n\); got \(10, 4\)\."),
        (hadamard, (np.ones((10, 8)), B, A[:3]), {}, r"`A` must be of shape \(4, 8\), with the rank of `B`"),
        (randlora, (B, A), {"lambdas": R, "gammas": A}, r"`bases` must be of shape \(n, n, n\); got \(10, 4\)\."),
        (randlora, (BASES_2, A[:3]), {"lambdas": R, "gammas": A}, r"`A` must be of shape \(rank, side\) with rank 4"),
        (randlora, (BASES_2, A), {"lambdas": R, "gammas": A[:2]}, r"`lambdas` must be of shape \(2, 4\); got \(4, 4\)"),
        (randlora, (BASES_2, A), {"lambdas": R[:2], "gammas": A}, r"`gammas` must be of shape \(2, 8\); got \(4, 8\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(make: Any, args: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make(*args, **options)


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="`A` must be an array of real numbers"):
        lora(B, A.astype(complex))
    with pytest.raises(TypeError, match="`scale` must be a real number"):
        lora(B, A, scale="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`transposed` must be True or False"):
        randlora(BASES_2, A, lambdas=R[:2], gammas=A[:2], transposed="no")  # type: ignore[arg-type]


def test_arrays_of_two_libraries_are_refused() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="`arrays` must be arrays of one library"):
        lora(torch.ones(10, 4), A)
    joined = lora(torch.ones(1, 1), [[2.0]])
    assert isinstance(joined.params["A"], torch.Tensor)

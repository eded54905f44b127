"""Distances against numerical minimization, exact small cases, other units and libraries, and forged certificates."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

from lrtheory.low_rank_adapters.distance import distance
from lrtheory.low_rank_adapters.fit import fit
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.hadamard import hadamard
from lrtheory.low_rank_adapters.kinds.lora import lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.kinds.make import KINDS as ALL
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.kinds.randlora import randlora
from lrtheory.low_rank_adapters.kinds.uni_lora import uni_lora
from lrtheory.low_rank_adapters.kinds.vera import vera
from lrtheory.low_rank_adapters.reach.alternating import improved, random_start, started
from lrtheory.low_rank_adapters.reach.bounds import lower_bound
from lrtheory.low_rank_adapters.reach.entries import fitted_entries
from lrtheory.low_rank_adapters.reach.exact import closed_form, grouped
from lrtheory.low_rank_adapters.reach.normalized import normalized, problem_of
from tests.backends import backend
from tests.rules.certificates.forging import forged_fields, with_gap

#: the weights of a Queryable LoRA are not free, and have tests of their own
KINDS = [kind for kind in ALL if kind != "queryable"]


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


def made(kind: str, shape: tuple[int, int], rng: int = 0, **options: Any) -> Adapter:
    weight = normal(*shape, rng=rng + 50)
    return make_adapter(kind, shape, rank=2, rng=rng, weight=weight if kind == "hadamard" else None, **options)


def minimized(adapter: Adapter, D: np.ndarray, starts: int = 12) -> float:
    """The least distance that a minimizer of sums of squares finds from many starts."""
    names = list(adapter.params)
    sizes = np.cumsum([np.asarray(adapter.params[name]).size for name in names])[:-1]

    def residual(flat: np.ndarray) -> np.ndarray:
        parts = zip(names, np.split(flat, sizes), strict=True)
        return (D - adapter.with_params({n: p.reshape(adapter.params[n].shape) for n, p in parts}).dense()).ravel()

    draw = np.random.default_rng(1)
    return min(
        float(np.linalg.norm(least_squares(residual, draw.normal(size=adapter.n_parameters)).fun))
        for _ in range(starts)
    )


@pytest.mark.parametrize("shape", [(4, 3), (3, 4)])
@pytest.mark.parametrize("bases", ["orthogonal-sign", "gaussian"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_minimizer_stays_between_the_bounds(kind: str, bases: str, shape: tuple[int, int]) -> None:
    D = normal(*shape, rng=7)
    adapter = made(kind, shape, bases=bases)
    found = distance(adapter, D)
    reached = minimized(adapter, D)
    assert found.lower <= reached * (1 + 1e-9)
    assert np.linalg.norm(D - found.nearest.dense()) == pytest.approx(found.upper, abs=1e-12)
    assert found.captured == pytest.approx(1 - found.upper**2 / np.sum(D**2), abs=1e-12)
    assert found.certificate.verify(D)
    if found.exact:
        assert found.upper == pytest.approx(found.lower, abs=1e-12)
        assert found.upper == pytest.approx(reached, abs=1e-6)
    else:
        assert found.upper <= 1.2 * reached + 1e-6


def test_the_formulas_of_the_exact_kinds() -> None:
    D, B, A = normal(6, 5), normal(6, 2, rng=1), normal(2, 5, rng=2)
    P, Q = B @ np.linalg.pinv(B), np.linalg.pinv(A) @ A
    tail = np.linalg.norm(np.linalg.svd(D, compute_uv=False)[2:])
    assert distance(lora(B, A), D).lower == pytest.approx(tail)
    assert distance(lora_fa(B, A), D).lower == pytest.approx(np.linalg.norm(D - D @ Q))
    assert distance(lora_xs(B, np.eye(2), A), D).lower == pytest.approx(np.linalg.norm(D - P @ D @ Q))
    W = np.outer(normal(6, rng=3), normal(5, rng=4))
    rank_one, signs = (distance(hadamard(V, B, A), D) for V in (W, np.sign(normal(6, 5, rng=5))))
    assert rank_one.exact
    assert rank_one.upper == pytest.approx(tail)
    assert rank_one.certificate.statement.endswith("HU-4")
    Y = D * np.sign(normal(6, 5, rng=5))
    assert signs.exact
    assert signs.upper == pytest.approx(np.linalg.norm(np.linalg.svd(Y, compute_uv=False)[2:]))
    assert signs.certificate.statement.endswith("HU-3")


def test_randlora_with_orthonormal_bases_and_signs() -> None:
    bases, A = np.linalg.qr(normal(8, 4)).Q.reshape(8, 2, 2).transpose(1, 0, 2), np.sign(normal(2, 5, rng=1))
    D = normal(8, 5, rng=2)
    leading = [np.linalg.norm(A * (b.T @ D), 2) ** 2 for b in bases]
    blank: Any = {"lambdas": np.zeros((2, 2)), "gammas": np.zeros((2, 5))}
    straight = distance(randlora(bases, A, **blank), D)
    across = distance(randlora(bases, A, **blank, transposed=True), D.T)
    assert straight.exact
    assert straight.certificate.statement.endswith("RA-5")
    loose = distance(randlora(normal(2, 8, 2, rng=3), A, **blank), D)
    assert not loose.exact
    assert not loose.certificate.statement.endswith("RA-5")
    assert straight.upper**2 == pytest.approx(np.sum(D**2) - sum(leading))
    assert across.upper == pytest.approx(straight.upper)
    # in place of signs, rows and columns may have any sizes: the trained arrays take them in
    scaled = A * np.array([[3.0], [0.01]]) * np.arange(1, 6)
    assert distance(randlora(bases, scaled, **blank), D).upper == pytest.approx(straight.upper)


def test_weights_that_are_all_zero_leave_the_whole_target() -> None:
    D, others = normal(2, 3, 3), normal(3, 3, rng=1)
    found = fitted_entries(D, np.stack([np.zeros((3, 3)), others]), 1, eps=2.0**-53)
    assert found.spread > 1.5
    assert found.bound[0] == pytest.approx(np.sum(D[0] ** 2))
    assert found.bound[1] < np.sum(D[1] ** 2)
    assert np.isfinite(found.left).all()
    assert np.isfinite(found.right).all()


def test_zeros_of_a_hadamard_weight_are_never_reached() -> None:
    D, W = normal(5, 4), normal(5, 4, rng=1)
    W[0, 1] = W[3, 3] = 0
    found = distance(hadamard(W, normal(5, 2), normal(2, 4)), D)
    assert found.lower >= np.hypot(D[0, 1], D[3, 3]) * (1 - 1e-12)
    assert "zeros" in found.message
    assert found.certificate.statement.endswith("HU-2")
    W[2] = 0  # a row that is 0 throughout does not hide the others
    dead = distance(hadamard(W[:, 2:3], np.ones((5, 1)), np.ones((1, 1))), D[:, 2:3])
    assert dead.exact
    assert dead.certificate.statement.endswith("HU-2")
    assert dead.upper == pytest.approx(abs(D[2, 2]))
    # a given update of zeros, though its factors are not 0, tells no size to start from
    apart = distance(hadamard(np.array([[1.0, 0.0]]), np.ones((1, 1)), np.array([[0.0, 1.0]])), np.array([[2.0, 1.0]]))
    assert apart.upper == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unit", [1e-100, 1e-12, 1e12, 1e100])
def test_units_of_the_target_and_of_frozen_arrays(kind: str, unit: float) -> None:
    D, adapter = normal(4, 3), made(kind, (4, 3))
    plain = distance(adapter, D)
    found = distance(adapter, D * unit)
    assert found.lower == pytest.approx(plain.lower * unit, rel=1e-9, abs=1e-15 * unit)
    assert found.captured == pytest.approx(plain.captured, abs=1e-6)
    assert found.certificate.verify(D * unit)
    frozen = {name: v * unit if v.dtype.kind == "f" and name != "sizes" else v for name, v in adapter.frozen.items()}
    moved = distance(dataclasses.replace(adapter, frozen=frozen, scale=1 / unit), D)
    assert moved.lower == pytest.approx(plain.lower, rel=1e-9, abs=1e-15)
    assert moved.captured == pytest.approx(plain.captured, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_degenerate_problems(kind: str) -> None:
    for scale in (1.0, -2.0):
        adapter = dataclasses.replace(made(kind, (4, 3)), scale=scale)
        nothing = distance(adapter, np.zeros((4, 3)))
        assert (nothing.lower, nothing.upper, nothing.captured) == (0.0, 0.0, 1.0)
        assert nothing.certificate.verify(np.zeros((4, 3)))
        assert distance(adapter, normal(4, 3)).certificate.verify(normal(4, 3))
    single = make_adapter(kind, (1, 1), rank=1, rng=0, weight=[[2.0]] if kind == "hadamard" else None)
    assert distance(single, [[3.0]]).upper < 1e-12
    blank = {name: np.zeros_like(value) if value.dtype.kind == "f" else value for name, value in adapter.frozen.items()}
    if blank and kind != "uni-lora":
        assert distance(dataclasses.replace(adapter, frozen=blank), normal(4, 3)).captured == pytest.approx(
            0, abs=1e-15
        )


def test_the_update_zero_where_all_others_point_away() -> None:
    adapter = uni_lora([1.0], (2, 2), 4, assignment=np.zeros(16, np.int64), sizes=[16], scale=-1.5)
    D = np.array([[5.0, 1.0], [-1.0, 5.0]])  # every update is a negative matrix of ones
    for found in (distance(adapter, D), fit(adapter, D, n_starts=1), fit(adapter, D, method="closed-form")):
        assert found.captured == 0.0
        assert found.certificate.achieved == pytest.approx(52.0, rel=1e-15)
        assert not found.certificate.adapter.dense().any()
        assert found.certificate.verify(D)


def test_ranks_beyond_the_sides_and_deficient_factors() -> None:
    assert distance(lora(np.zeros((3, 5)), np.zeros((5, 2))), normal(3, 2)).upper < 1e-14
    A = np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    found = distance(lora_fa(np.zeros((4, 2)), A), np.ones((4, 3)))
    assert "rank 1 of 2" in found.message
    assert found.upper == pytest.approx(8**0.5)
    assert "equal" in distance(lora(np.zeros((3, 1)), np.zeros((1, 3))), np.eye(3)).message
    d = distance(vera(np.ones((3, 2)), np.zeros((2, 3)), b=np.zeros(3), d=np.zeros(2)), np.ones((3, 3)))
    assert d.upper == pytest.approx(3.0)


@pytest.mark.parametrize("kind", KINDS)
def test_certificates_that_say_too_much_are_refused(kind: str) -> None:
    D = normal(5, 4)
    found = distance(made(kind, (5, 4)), D).certificate
    assert found.verify(D)
    assert not found.verify(D + 1)
    assert not found.verify(D[:, :3])
    # the vector of Uni-LoRA fills both factors, so its negative is the same adapter
    for word, lie in forged_fields(found, free=["adapter.params.theta"]):
        assert not lie.verify(D), word
    lies = [{"achieved": factor * found.achieved} for factor in (0.95, 1.05)] + [{"bound": 1.05 * found.bound}]
    for fields in lies if kind != "full" else []:  # which meets everything
        assert not with_gap(found, **fields).verify(D), fields
    worse = found.adapter.with_params({name: value + 1.0 for name, value in found.adapter.params.items()})
    assert not dataclasses.replace(found, adapter=worse).verify(D)
    for wrong in ((D,), 3, None, "abc", np.nan, (D, "abc")):
        with pytest.raises(TypeError, match="problem"):
            found.verify(wrong)


@pytest.mark.parametrize("name", ["torch", "jax"])
@pytest.mark.parametrize("kind", KINDS)
def test_arrays_of_other_libraries_and_single_precision(kind: str, name: str) -> None:
    library = backend(name)
    D = normal(5, 4).astype(np.float32)
    plain = made(kind, (5, 4))

    def moved(arrays: Any) -> dict[str, Any]:
        single = {key: v.astype(np.float32) if v.dtype.kind == "f" else v for key, v in arrays.items()}
        return {key: library.asarray(value) for key, value in single.items()}

    adapter = dataclasses.replace(plain, params=moved(plain.params), frozen=moved(plain.frozen))
    found, reference = distance(adapter, library.asarray(D)), distance(plain, D)
    assert found.captured == pytest.approx(reference.captured, abs=1e-3)
    assert isinstance(found.lower, float)
    delta = found.nearest.dense()
    assert type(delta) is type(library.asarray(D))
    assert str(delta.dtype).endswith("float32")
    assert found.certificate.verify(library.asarray(D))


def test_bad_input() -> None:
    adapter = lora(np.zeros((10, 2)), np.zeros((2, 6)))
    with pytest.raises(ValueError, match=r"`target` must be finite of shape \(10, 6\); got \(6, 10\)"):
        distance(adapter, np.zeros((6, 10)))
    with pytest.raises(ValueError, match=r"`target` must be finite of shape \(10, 6\); got 'an infinity or NaN'"):
        distance(adapter, np.full((10, 6), np.nan))
    with pytest.raises(TypeError, match="adapter"):
        distance(np.zeros((10, 6)), np.zeros((10, 6)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="scale"):
        distance(dataclasses.replace(adapter, scale=0.0), np.zeros((10, 6)))


@pytest.mark.parametrize("kind", ["hadamard", "vera", "randlora"])
def test_runs_begin_at_the_size_of_the_target_and_end_at_a_share_of_the_last_loss(kind: str) -> None:
    adapter, draw = made(kind, (8, 7)), np.random.default_rng(1)
    trained = adapter.with_params({name: draw.normal(size=value.shape) for name, value in adapter.params.items()})
    task = normalized(adapter, problem_of((8, 7), 1e3 * trained.dense()))
    start = random_start(task, draw)
    assert np.linalg.norm(task.image(start)) == pytest.approx(np.linalg.norm(task.T))
    run = improved(task, started(task, start), tol=0.1, max_iter=200, inform=lambda *_: False)
    losses = np.array(run.losses)
    assert run.converged
    assert (losses[1:-1] < 0.9 * losses[:-2]).all()
    assert losses[-1] >= 0.9 * losses[-2] or losses[-1] <= 1e-25 * losses[0]


@pytest.mark.parametrize("seed", range(6))
def test_steps_of_gauss_and_newton_are_as_long_as_the_loss_falls(seed: int) -> None:
    """A loss that infinite numbers alone bring to 0: twice the step that was taken is no better."""
    D = np.array([[0.0, 1.0], [1.0, 0.0]])
    adapter = hadamard(np.array([[0.0, 1.0], [1.0, 1.0]]), normal(2, 1, rng=seed), normal(1, 2, rng=seed + 9))
    task = normalized(adapter, problem_of((2, 2), D))
    run = started(task, task.lowered(adapter))
    for _ in range(4):
        after = improved(task, run, tol=0.0, max_iter=1, inform=lambda *_: False, newton=True)
        assert after.losses[-1] < run.losses[-1]
        twice = {name: 2 * value - run.params[name] for name, value in after.params.items()}
        assert np.sum(task.residual(twice) ** 2) >= after.losses[-1]
        run = after


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "uni-lora"])  # whose factors share their numbers
def test_the_sign_of_the_scale_changes_no_distance(kind: str) -> None:
    D = normal(6, 5, rng=3)
    plain = made(kind, (6, 5))
    same, turned = (distance(dataclasses.replace(plain, scale=scale), D) for scale in (0.5, -0.5))
    assert turned.lower == pytest.approx(same.lower, abs=1e-12)
    assert turned.upper == pytest.approx(same.upper, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("kind", ["lora", "uni-lora"])
def test_no_product_of_a_rank_beats_the_singular_values(kind: str) -> None:
    D = normal(6, 5, rng=3)
    left = np.linalg.svd(D, compute_uv=False)[2:]
    assert distance(made(kind, (6, 5)), D).lower == pytest.approx(np.linalg.norm(left), rel=1e-12)


@pytest.mark.parametrize(
    "adapter",
    [
        vera(normal(4, 3), normal(3, 2, rng=1), b=normal(4, rng=2), d=normal(3, rng=3)),
        randlora(normal(3, 4, 2), normal(2, 5, rng=1), lambdas=normal(3, 2, rng=2), gammas=normal(3, 5, rng=3)),
    ],
)
def test_dependent_bases_exclude_nothing_that_they_make(adapter: Adapter) -> None:
    assert distance(adapter, adapter.dense()).lower <= 1e-12


@pytest.mark.parametrize("seed", range(4))
def test_entries_with_weights_take_the_better_of_two_bounds(seed: int) -> None:
    D, W = normal(6, 5, rng=seed), np.exp(normal(6, 5, rng=seed + 9))
    tails = []
    for rows in (np.exp(np.log(W).mean(axis=1)), np.ones(6)):
        q = (W / rows[:, None]).min(axis=0)
        p = (W / q).min(axis=1)
        values = np.linalg.svd(p[:, None] * (D / W) * q, compute_uv=False)
        tails.append(np.linalg.norm(values[2:]))
    adapter = hadamard(W, np.zeros((6, 2)), np.ones((2, 5)))
    assert distance(adapter, D).lower == pytest.approx(max(tails), rel=1e-12)


@pytest.mark.parametrize("kind", ["hadamard", "vera", "randlora"])
def test_starts_have_one_norm_on_both_sides(kind: str) -> None:
    adapter = made(kind, (6, 5))
    task = normalized(adapter, problem_of((6, 5), normal(6, 5, rng=3)))
    params = closed_form(task, lower_bound(task))
    first, second = params.values()
    first, second = (first.T, second) if kind == "hadamard" else (np.atleast_2d(first), np.atleast_2d(second))
    left, right = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
    np.testing.assert_allclose(left, right, rtol=1e-12)
    assert left.all()


def test_the_vector_of_a_uni_lora_is_the_nearest_to_factors() -> None:
    groups, sizes = np.random.default_rng(0).permutation(np.arange(22) % 4), np.array([9, 6, 7, 30])
    adapter = uni_lora(np.ones(4), (6, 5), 2, assignment=groups, sizes=sizes)
    B, A = normal(6, 2), normal(2, 5, rng=1)
    found = grouped(normalized(adapter, problem_of((6, 5), normal(6, 5))), B, A)["theta"]
    entries = np.eye(4)[groups] / np.sqrt(sizes)
    nearest = np.linalg.lstsq(entries, np.concatenate([A.ravel(), B.ravel()]))[0]
    np.testing.assert_allclose(found, nearest, rtol=1e-12)


def test_no_adapter_is_certified_as_the_best_one_without_a_bound() -> None:
    D = normal(6, 5, rng=3)
    found = distance(made("hadamard", (6, 5)), D).certificate
    assert found.verify(D)
    assert found.gap > 0.1 * found.bound
    assert not with_gap(found, bound=found.achieved).verify(D)


def test_large_frozen_zeros_reach_nothing() -> None:
    D = np.random.default_rng(0).normal(size=(130, 140))
    found = distance(lora_fa(np.zeros((130, 128)), np.zeros((128, 140))), D)
    assert found.lower == pytest.approx(np.linalg.norm(D))
    assert found.upper == pytest.approx(np.linalg.norm(D))
    assert found.certificate.verify(D)

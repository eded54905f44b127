"""Steps: exact half-steps, invariance under the choice of factors, floors of frozen factors, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.low_rank_adapters.kinds.lora import full, lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.training.optimizer import AdapterOptimizer
from lrtheory.low_rank_adapters.training.train import train
from proofs_checks.low_rank_adapters.families.rationals import pseudo_inverse
from proofs_checks.low_rank_adapters.projections.floors import training_floor


def rational(matrix):
    return np.array([[Fraction(int(x)) for x in row] for row in matrix], object)


def full_rank(rng, shape):
    while True:
        found = rng.integers(-2, 3, shape)
        if np.linalg.matrix_rank(found) == min(shape):
            return found


def squared_loss(target):
    return lambda update: update - target


def updates(found, scale=1.0):
    return [scale * (B @ A) for B, A in zip(found.trace["B"], found.trace["A"], strict=True)]


@pytest.mark.parametrize("step_size", [0.25, 1.0, 2.75])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_half_steps_change_the_weight_by_projections_and_the_loss_by_the_formula(scale, step_size):
    rng = np.random.default_rng(0)
    for _ in range(20):
        B, A, M = full_rank(rng, (3, 2)), full_rank(rng, (2, 4)), rng.integers(-3, 4, (3, 4))
        found = train(lora(B, A, scale=scale), squared_loss(M), step_size=step_size, max_iter=2, record=True)
        exact = [rational(B), rational(A)]
        size, factor = Fraction(step_size), Fraction(scale)
        for side, update in zip("AB", updates(found, scale)[1:], strict=True):
            R = factor * exact[0] @ exact[1] - rational(M)
            left, right = pseudo_inverse(exact[0]), pseudo_inverse(exact[1])
            P = exact[0] @ left @ R if side == "A" else R @ right @ exact[1]
            if side == "A":
                exact[1] = exact[1] - size / factor * left @ R
            else:
                exact[0] = exact[0] - size / factor * R @ right
            fresh = factor * exact[0] @ exact[1]
            assert (fresh == R + rational(M) - size * P).all()
            assert (fresh - rational(M)).ravel() @ (fresh - rational(M)).ravel() == (
                R.ravel() @ R.ravel() - size * (2 - size) * (P.ravel() @ P.ravel())
            )
            np.testing.assert_allclose(
                update, fresh.astype(float), atol=1e-10 * (1 + np.abs(fresh.astype(float)).max())
            )


@pytest.mark.parametrize("method", ["altlora", "joint"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_choice_of_factors_does_not_matter(method, momentum):
    rng = np.random.default_rng(1)
    B, A, M = rng.standard_normal((6, 2)), rng.standard_normal((2, 5)), rng.standard_normal((6, 5))
    T = np.array([[2.0, 1.0], [0.5, -1.0]])
    options = {"method": method, "momentum": momentum, "step_size": 0.3, "max_iter": 40, "tol": 0.0, "record": True}
    first, other = (
        train(lora(*factors), squared_loss(M), **options) for factors in ((B, A), (B @ T, np.linalg.solve(T, A)))
    )
    np.testing.assert_allclose(updates(first), updates(other), atol=1e-10)
    plain = options | {"method": "sgd", "step_size": 0.05}
    first, other = (
        train(lora(*factors), squared_loss(M), **plain) for factors in ((B, A), (B @ T, np.linalg.solve(T, A)))
    )
    assert np.abs(updates(first)[-1] - updates(other)[-1]).max() > 1e-3


def test_momentum_is_moved_by_least_squares():
    rng = np.random.default_rng(2)
    M = rng.standard_normal((6, 5))
    start = lora(rng.standard_normal((6, 2)), rng.standard_normal((2, 5)))
    trace = train(start, squared_loss(M), step_size=0.5, momentum=0.75, max_iter=3, record=True).trace
    B, A = trace["B"], trace["A"]
    moved = np.linalg.lstsq(B[2], B[0] @ trace["momentum_A"][1])[0]
    fresh = np.linalg.lstsq(B[2], B[2] @ A[2] - M)[0]
    np.testing.assert_allclose(trace["momentum_A"][3], 0.75 * moved + 0.25 * fresh, atol=1e-12)
    np.testing.assert_allclose(A[3], A[2] - 0.5 * trace["momentum_A"][3], atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, -0.25, 8.0])
def test_norms_of_gradients_are_those_of_projections(scale):
    rng = np.random.default_rng(8)
    B, A, M = rng.standard_normal((6, 2)), rng.standard_normal((3, 5)), rng.standard_normal((6, 5))
    left, right = (np.linalg.svd(x)[0] for x in (B, A.T))
    rows, columns = left[:, :2].T @ M, M @ right[:, :3]
    wanted = {
        "lora": np.hypot(np.linalg.norm(rows), np.linalg.norm(M @ np.linalg.svd(A[:2].T)[0][:, :2])),
        "lora-fa": np.linalg.norm(columns),
        "lora-xs": np.linalg.norm(rows @ right[:, :3]),
    }
    starts = (lora(B, A[:2], scale=scale), lora_fa(np.zeros((6, 3)), A, scale=scale),
              lora_xs(B, np.zeros((2, 3)), A, scale=scale))  # fmt: skip
    for start in starts:
        found = train(start, lambda update: M, step_size=0.5, max_iter=1)
        assert found.gradient_norms[0] == pytest.approx(wanted[start.kind], rel=1e-12)


def test_two_half_steps_of_length_one_suffice():
    rng = np.random.default_rng(3)
    M = rng.standard_normal((20, 2)) @ rng.standard_normal((2, 15))
    for size in (1e-6, 1.0, 1e6):
        start = lora(size * rng.standard_normal((20, 2)), rng.standard_normal((2, 15)) / size)
        found = train(start, squared_loss(M), step_size=1.0, tol=1e-9)
        assert found.n_iter == 2
        np.testing.assert_allclose(found.adapter.dense(), M, atol=1e-11)


def test_a_stalled_start_keeps_its_residual():
    found = train(
        lora([[0.0], [1.0]], [[0.0, 1.0]]), squared_loss(np.diag([1.0, 0.0])), step_size=0.5, max_iter=12, record=True
    )
    for k, update in enumerate(updates(found)):
        assert np.sum((update - np.diag([1.0, 0.0])) ** 2) == 1 + 4.0**-k


def test_joint_steps_have_a_cross_term():
    rng = np.random.default_rng(4)
    B, A, M = rng.standard_normal((5, 2)), rng.standard_normal((2, 4)), rng.standard_normal((5, 4))
    found = train(lora(B, A), squared_loss(M), method="joint", step_size=0.5, max_iter=1)
    G, left, right = B @ A - M, np.linalg.pinv(B), np.linalg.pinv(A)
    due = B @ A - 0.5 * B @ left @ G - 0.5 * G @ right @ A + 0.25 * G @ right @ left @ G
    np.testing.assert_allclose(found.adapter.dense(), due, atol=1e-12)


def test_frozen_factors_keep_their_floor():
    rng = np.random.default_rng(5)
    B, A, M = rng.standard_normal((6, 2)), rng.standard_normal((3, 5)), rng.standard_normal((6, 5))
    small = train(lora_xs(B, np.ones((2, 3)), A, scale=2.0), squared_loss(M), step_size=0.5, max_iter=60, tol=1e-13)
    residual = small.adapter.dense() - M
    assert np.sum(residual**2) / 2 == pytest.approx(float(training_floor(M, B, A)), rel=1e-12)
    one = train(lora_xs(B, np.ones((2, 3)), A, scale=2.0), squared_loss(M), step_size=1.0, max_iter=1)
    np.testing.assert_allclose(one.adapter.dense(), small.adapter.dense(), atol=1e-10)
    wide = train(lora_fa(np.ones((6, 3)), A, scale=2.0), squared_loss(M), step_size=1.0, max_iter=1)
    np.testing.assert_allclose(wide.adapter.dense(), M @ np.linalg.pinv(A) @ A, atol=1e-12)


@pytest.mark.parametrize("method", ["altlora", "joint", "scaled"])
def test_gradients_of_factors_are_as_good_as_that_of_the_weight(method):
    rng = np.random.default_rng(6)
    M = rng.standard_normal((6, 5))
    B, A, R = rng.standard_normal((6, 2)), rng.standard_normal((2, 5)), rng.standard_normal((2, 2))
    for start in (lora(B, A, scale=3.0), lora_fa(B, A, scale=3.0), lora_xs(B, R, A, scale=3.0)):
        options = {"method": method, "step_size": 0.01, "ridge": 0.25, "momentum": 0.5}
        dense, parts = AdapterOptimizer(start, **options), AdapterOptimizer(start, **options)
        for _ in range(3):
            dense.step(dense.adapter.dense() - M)
            parts.step(parts.adapter.gradient(parts.adapter.dense() - M))
        np.testing.assert_allclose(parts.adapter.dense(), dense.adapter.dense(), atol=1e-12)
        assert np.abs(dense.adapter.dense() - start.dense()).max() > 1e-3


def test_damping_and_scaled_descent_follow_their_formulas():
    rng = np.random.default_rng(7)
    B, A, M = rng.standard_normal((6, 2)), rng.standard_normal((2, 5)), rng.standard_normal((6, 5))
    G, inner = 2 * B @ A - M, np.linalg.inv(B.T @ B + 0.5 * np.eye(2))
    damped = train(lora(B, A, scale=2.0), squared_loss(M), step_size=0.5, ridge=0.5, weight_decay=0.25, max_iter=1)
    np.testing.assert_allclose(damped.adapter.params["A"], A - 0.5 * (inner @ B.T @ G / 2 + 0.25 * A), atol=1e-12)
    scaled = train(lora(B, A, scale=2.0), squared_loss(M), method="scaled", step_size=0.5, max_iter=1)
    np.testing.assert_allclose(scaled.adapter.params["B"], B - 0.5 * 2 * G @ A.T @ np.linalg.inv(A @ A.T), atol=1e-12)
    np.testing.assert_allclose(scaled.adapter.params["A"], A - 0.5 * 2 * np.linalg.inv(B.T @ B) @ B.T @ G, atol=1e-12)


def test_adam_follows_the_formula_of_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(8)
    B, A, M = rng.standard_normal((6, 2)), rng.standard_normal((2, 5)), rng.standard_normal((6, 5))
    found = train(lora(B, A), squared_loss(M), method="adam", step_size=0.1, momentum=0.9, max_iter=20)
    factors = [torch.tensor(factor, requires_grad=True) for factor in (B, A)]
    theirs = torch.optim.Adam(factors, lr=0.1, betas=(0.9, 0.999), eps=1e-300)
    for _ in range(20):
        theirs.zero_grad()
        (0.5 * ((factors[0] @ factors[1] - torch.tensor(M)) ** 2).sum()).backward()
        theirs.step()
    np.testing.assert_allclose(found.adapter.params["B"], factors[0].detach().numpy(), atol=1e-10)


@pytest.mark.parametrize(
    "kind", ["vera", "randlora", "uni-lora", "tera", "hadamard", "full", "lora", "lora-fa", "lora-xs"]
)
@pytest.mark.parametrize("method", ["sgd", "adam"])
def test_all_kinds_descend_along_their_gradients(kind, method):
    rng = np.random.default_rng(9)
    M = rng.standard_normal((6, 5))
    weight = rng.standard_normal((6, 5)) if kind == "hadamard" else None
    start = make_adapter(kind, (6, 5), rank=2, rng=1, weight=weight)
    size = 1.0 if kind == "tera" else 0.3  # whose update is a product of more arrays
    start = start.with_params({name: size * rng.standard_normal(v.shape) for name, v in start.params.items()})
    found = train(start, squared_loss(M), method=method, step_size=0.01, max_iter=200)
    assert np.sum((found.adapter.dense() - M) ** 2) < 0.97 * np.sum((start.dense() - M) ** 2)


def test_a_start_with_b_zero_moves_b_first():
    rng = np.random.default_rng(10)
    A, M = rng.standard_normal((2, 5)), rng.standard_normal((6, 5))
    found = train(lora(np.zeros((6, 2)), A), squared_loss(M), step_size=1.0, max_iter=1)
    np.testing.assert_array_equal(found.adapter.params["A"], A)
    np.testing.assert_allclose(found.adapter.dense(), M @ np.linalg.pinv(A) @ A, atol=1e-12)
    assert "rank_deficient" not in found.message


def test_factors_without_full_rank_are_named():
    M = np.random.default_rng(11).standard_normal((4, 3))
    found = train(
        lora([[1.0, 1.0], [0, 0], [1, 1], [2, 2]], [[1.0, 0, 1], [0, 1, 1]]), squared_loss(M), step_size=1.0, max_iter=1
    )
    assert "rank_deficient" in found.message
    left = np.array([[1.0], [0], [1], [2]])
    np.testing.assert_allclose(left.T @ (found.adapter.dense() - M), 0, atol=1e-12)


def test_balanced_factors_on_the_way_change_no_update():
    rng = np.random.default_rng(12)
    B, A, M = 10 * rng.standard_normal((6, 2)), rng.standard_normal((2, 5)), rng.standard_normal((6, 5))
    options = {"step_size": 0.3, "momentum": 0.5, "max_iter": 20, "tol": 0.0}
    plain, balanced = (train(lora(B, A), squared_loss(M), refactorize_every=k, **options) for k in (0, 3))
    np.testing.assert_allclose(balanced.adapter.dense(), plain.adapter.dense(), atol=1e-10)
    assert balanced.counts["refactorizations"] == 6
    assert np.linalg.norm(balanced.adapter.params["B"]) < np.linalg.norm(plain.adapter.params["B"]) / 2


@pytest.mark.parametrize("method", ["altlora", "joint", "adam"])
@pytest.mark.parametrize("factor", [1e-100, 1e-12, 1e12, 1e100])
def test_training_in_other_units(method, factor):
    rng = np.random.default_rng(13)
    B, A, M = rng.standard_normal((6, 2)), rng.standard_normal((2, 5)), rng.standard_normal((6, 5))
    options = {"method": method, "step_size": 0.3, "momentum": 0.5, "max_iter": 10}
    honest = train(lora(B, A), squared_loss(M), **options)
    if method == "adam":  # its steps have units of their own, so that the loss alone changes them
        found = train(lora(B, A), lambda update: factor * (update - M), **options)
        np.testing.assert_allclose(found.adapter.dense(), honest.adapter.dense(), atol=1e-10)
        return
    found = train(lora(B * factor, A), squared_loss(M * factor), **options)
    np.testing.assert_allclose(found.adapter.dense() / factor, honest.adapter.dense(), atol=1e-11)


@pytest.mark.parametrize("factor", [1.0, 1e-170])
def test_a_small_gradient_beside_one_of_zeros_is_no_zero(factor):
    # the gradient in B is 0, since A is 0
    found = train(lora([[1.0], [1.0]], [[0.0, 0.0]]), squared_loss(np.full((2, 2), factor)), step_size=1.0)
    assert found.gradient_norms[0] == pytest.approx(2 * factor)
    np.testing.assert_allclose(found.adapter.dense() / factor, np.ones((2, 2)), atol=1e-12)


def test_factors_that_cannot_be_balanced_are_not_counted():
    start = lora([[1.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])
    found = train(start, squared_loss(np.eye(2)), step_size=0.5, refactorize_every=1, max_iter=1)
    assert found.counts["refactorizations"] == 0


def test_why_training_ends():
    M, start = np.diag([2.0, 0.0]), lora([[1.0], [1.0]], [[1.0, 1.0]])
    assert train(start, squared_loss(start.dense()), step_size=1.0).n_iter == 0
    assert train(start, squared_loss(M), step_size=1.0, max_iter=1).message == "the number of steps reached `max_iter`"
    wild = train(start, squared_loss(M), method="sgd", step_size=1e80)
    assert not wild.converged
    assert wild.message.startswith("stopped: ")
    assert all(np.isfinite(value).all() for value in wild.adapter.params.values())
    seen = []

    def stop(state):
        seen.append(state)
        raise StopIteration

    found = train(start, squared_loss(M), step_size=0.5, callback=stop)
    assert (found.n_iter, found.converged, found.message) == (1, False, "stopped by the callback")
    assert seen[0].n_iter == 1
    assert seen[0].adapter is found.adapter


@pytest.mark.parametrize("method", ["joint", "adam"])
def test_training_in_all_libraries_and_precisions(xp, method):
    rng = np.random.default_rng(14)
    B, A, M = (rng.standard_normal(shape).astype(np.float32) for shape in ((6, 2), (2, 5), (6, 5)))
    there = xp.asarray(M)
    options = {"method": method, "step_size": 0.1, "momentum": 0.5, "max_iter": 5, "record": True}
    found = train(lora(xp.asarray(B), xp.asarray(A)), squared_loss(there), **options)
    due = train(lora(B, A), squared_loss(M), **options)
    delta = xp.to_numpy(found.adapter.dense())
    assert delta.dtype == np.float32
    np.testing.assert_allclose(delta, due.adapter.dense(), atol=1e-4)
    assert xp.to_numpy(found.trace["momentum_A"]).shape == (6, 2, 5)


@pytest.mark.parametrize(
    ("change", "error", "rule"),
    [
        ({"adapter": lora([[0.0]], [[0.0]])}, ValueError, "`adapter` must be one with a factor other than 0"),
        ({"adapter": lora([[1.0]], [[1.0]], scale=0.0)}, ValueError, "`adapter` must be of a scale other than 0"),
        ({"adapter": full([[1.0]])}, ValueError, '`method` must be "sgd" or "adam"'),
        ({"adapter": [[1.0]]}, TypeError, "`adapter` must be an Adapter"),
        ({"gradient": np.ones((1, 1))}, TypeError, "`gradient` must be a function"),
        ({"gradient": lambda update: np.ones((2, 2))}, ValueError, "`gradient` must be of shape"),
        ({"gradient": lambda update: update * np.nan}, ValueError, "`gradient` must be finite"),
        ({"gradient": lambda update: {"C": update}}, ValueError, "`gradient` must be a mapping with the names"),
        ({"method": "sgdm"}, ValueError, "`method` must be one of"),
        ({"step_size": 0.0}, ValueError, "`step_size` must be above 0"),
        ({"step_size": np.inf}, ValueError, "`step_size` must be a finite number"),
        ({"momentum": 1.0}, ValueError, r"`momentum` must be in \[0, 1\); got 1\.0\."),
        ({"weight_decay": -1.0}, ValueError, "`weight_decay` must be finite and at least 0"),
        ({"method": "sgd", "ridge": 1.0}, ValueError, "`ridge` must be left out"),
        ({"refactorize_every": -1}, ValueError, "`refactorize_every` must be an integer of at least 0"),
        ({"method": "adam", "refactorize_every": 1}, ValueError, "`refactorize_every` must be 0"),
        ({"max_iter": 1.5}, TypeError, "`max_iter` must be an integer"),
        ({"tol": -1.0}, ValueError, "`tol` must be in"),
        ({"record": "no"}, TypeError, "`record` must be True or False"),
    ],
)
def test_what_training_refuses(change, error, rule):
    given = {"adapter": lora([[1.0]], [[1.0]]), "gradient": lambda update: update, "step_size": 0.5} | change
    with pytest.raises(error, match=f"^{rule}"):
        train(given.pop("adapter"), given.pop("gradient"), **given)

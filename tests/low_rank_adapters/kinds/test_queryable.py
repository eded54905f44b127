"""Queryable LoRA: routed updates, distances from hulls against all faces in whole numbers, and what is refused."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from fractions import Fraction
from itertools import combinations
from typing import Any

import flint
import numpy as np
import pytest

from lrtheory.low_rank_adapters import theory
from lrtheory.low_rank_adapters.convert.to_lora import to_lora
from lrtheory.low_rank_adapters.distance import distance
from lrtheory.low_rank_adapters.fit import fit
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.kinds.queryable import queryable
from lrtheory.low_rank_adapters.reach import hulls
from lrtheory.low_rank_adapters.reach.normalized import normalized, problem_of
from lrtheory.low_rank_adapters.training.optimizer import AdapterOptimizer
from tests.backends import QUICK, Backend, backend
from tests.rules.certificates.forging import forged_fields, with_gap


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


def made(K: int = 5, rng: int = 0, scale: float = 2.0, weights: Any = None) -> Any:
    g = np.random.default_rng(rng)
    B, A, C = (g.integers(-3, 4, size).astype(float) for size in ((4, 2), (2, 3), (K, 2, 2)))
    return queryable(B, A, atoms=C, weights=np.eye(K)[0] if weights is None else weights, scale=scale)


def singles(adapter: Any) -> list[np.ndarray]:
    f = {name: np.asarray(value, float) for name, value in adapter.frozen.items()}
    return [adapter.scale * np.einsum("ij,jk,kl->il", f["B"], C, f["A"]) for C in f["atoms"]]


def least(points: list[np.ndarray], D: np.ndarray) -> Fraction:
    """The least squared distance from all faces of a hull, in whole numbers: planes whose nearest point is inside."""
    moved = [[int(x) for x in (M - D).ravel()] for M in points]
    gram = [[sum(x * y for x, y in zip(one, other, strict=True)) for other in moved] for one in moved]
    found = Fraction(min(gram[k][k] for k in range(len(moved))))
    for size in range(2, len(moved) + 1):
        for face in combinations(range(len(moved)), size):
            rows = [[gram[i][j] for j in face] + [1] for i in face] + [[1] * size + [0]]
            table = flint.fmpq_mat(size + 1, size + 1, [x for row in rows for x in row])
            if table.rank() <= size:
                continue  # its nearest point is that of a smaller face, too
            weights = table.solve(flint.fmpq_mat(size + 1, 1, [0] * size + [1]))
            w = [Fraction(int(weights[i, 0].p), int(weights[i, 0].q)) for i in range(size)]
            if min(w) >= 0:
                square = sum(w[a] * w[b] * gram[i][j] for a, i in enumerate(face) for b, j in enumerate(face))
                found = min(found, Fraction(square))
    return found


@pytest.mark.parametrize("K", [1, 2, 5, 8])
@pytest.mark.parametrize("seed", range(6))
def test_the_distance_is_that_of_the_nearest_face(K: int, seed: int) -> None:
    adapter = made(K, seed)
    inside = np.rint(sum(w * M for w, M in zip(np.full(K, 1 / K), singles(adapter), strict=True)))
    for D in (np.random.default_rng(seed + 9).integers(-9, 10, (4, 3)).astype(float), inside, 0 * inside):
        found, due = distance(adapter, D), math.sqrt(least(singles(adapter), D))
        assert found.exact
        assert found.method == "active-set"
        assert found.lower == pytest.approx(due, abs=1e-6)
        assert found.upper == pytest.approx(due, abs=1e-6)
        assert np.linalg.norm(D - found.nearest.dense()) == pytest.approx(found.upper, abs=1e-12)
        assert found.certificate.verify(D)
        assert found.certificate.statement.endswith("QL-3")


@pytest.mark.parametrize("unit", [1e-300, 1e-100, 1e100, 1e300])
def test_units_of_atoms_and_of_the_target(unit: float) -> None:
    adapter, D = made(), np.arange(12.0).reshape(4, 3)
    plain = distance(adapter, D)
    found = distance(dataclasses.replace(adapter, scale=2.0 * unit), D * unit)
    assert found.lower / unit == pytest.approx(plain.lower, rel=1e-12)
    np.testing.assert_allclose(found.nearest.params["weights"], plain.nearest.params["weights"], atol=1e-9)
    largest, smallest = (distance(adapter, D * power) for power in (1e300, 1e-300))
    assert largest.upper == pytest.approx(1e300 * np.linalg.norm(D))
    assert smallest.upper == pytest.approx(distance(adapter, 0 * D).upper, rel=1e-12)
    assert smallest.captured == 0.0
    assert smallest.certificate.verify(D * 1e-300)


def test_a_target_of_zero_is_reached_by_opposite_atoms_alone() -> None:
    reached = distance(make_adapter("queryable", (4, 3), rank=2, rng=0), np.zeros((4, 3)))
    assert (reached.lower, reached.upper, reached.captured) == (0.0, 0.0, 1.0)
    missed = distance(queryable(np.eye(2), np.eye(2), atoms=np.eye(2)[None], weights=[1.0]), np.zeros((2, 2)))
    assert (missed.captured, missed.upper) == (0.0, pytest.approx(2**0.5))
    assert "nothing to reach" not in missed.message


@pytest.mark.parametrize(("T", "rank"), [(9, 3), (2, 2), (6, 1)])
def test_data_are_fitted_by_the_nearest_weights(T: int, rank: int) -> None:
    adapter, X, W = made(), normal(T, rank) @ normal(rank, 3, rng=1), normal(4, 3, rng=2)
    Y = X @ (singles(adapter)[1] * 0.5 + W).T + 0.1 * normal(T, 4, rng=3)
    for ridge in (0.0, 0.3):
        found = fit(adapter, X=X, Y=Y, weight=W, ridge=ridge)
        stacked = np.vstack([X, math.sqrt(ridge) * np.eye(3)])
        E = np.vstack([Y - X @ W.T, np.zeros((3, 4))])
        points, Z = [stacked @ M.T for M in singles(adapter)], stacked @ found.adapter.dense().T
        gap = max(float(np.sum((E - Z) * (P - Z))) for P in points)
        assert found.loss == pytest.approx(float(np.sum((E - Z) ** 2)))
        assert gap <= 1e-9 * (1 + max(float(np.sum(P**2)) for P in points))
        assert found.lower == pytest.approx(found.loss, abs=1e-8 * float(np.sum(E**2)))
        assert found.certificate.verify((X, Y, W))
    with pytest.raises(ValueError, match='`method` must be "auto" for the kind "queryable"'):
        fit(adapter, X=X, Y=Y, method="alternating")


@pytest.mark.parametrize("name", [*QUICK, "jax"])
def test_every_library_gives_the_same_in_its_own_arrays(name: str) -> None:
    xp: Backend = backend(name)
    reference = made(4, weights=np.full(4, 0.25))
    arrays = {
        key: xp.asarray(np.asarray(value)) for key, value in (*reference.frozen.items(), *reference.params.items())
    }
    adapter = queryable(arrays["B"], arrays["A"], atoms=arrays["atoms"], weights=arrays["weights"], scale=2.0)
    G = np.arange(12.0).reshape(4, 3)
    assert type(adapter.dense()) is type(xp.asarray(G))
    assert xp.to_numpy(adapter.dense()).tolist() == reference.dense().tolist()
    assert reference.dense().tolist() == (sum(singles(reference)) / 4).tolist()
    found = xp.to_numpy(adapter.gradient(xp.asarray(G))["weights"])
    assert found.tolist() == [float(np.sum(M * G)) for M in singles(reference)]
    again = xp.to_numpy(adapter.gradient_at(xp.asarray(np.eye(3)), xp.asarray(G.T.copy()))["weights"])
    assert again.tolist() == found.tolist()
    assert distance(adapter, xp.asarray(G)).upper == pytest.approx(distance(reference, G).upper)


def test_single_precision_keeps_its_bound() -> None:
    double, D = made(), np.random.default_rng(4).normal(size=(4, 3))
    arrays = {key: np.asarray(v, np.float32) for key, v in double.frozen.items()}
    adapter = queryable(*(arrays[n] for n in "BA"), atoms=arrays["atoms"], weights=np.eye(5, dtype="f4")[0], scale=2.0)
    found, due = distance(adapter, D), distance(double, D)
    assert found.nearest.params["weights"].dtype == np.float32
    assert found.lower <= due.upper * (1 + 1e-12)
    assert found.upper == pytest.approx(due.upper, rel=1e-5)
    assert found.certificate.verify(D)


def test_least_squares_on_the_atoms_in_use_take_off_the_rounding_of_the_active_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A target far from a small hull: the gap is never larger for it, and smaller for some targets."""
    tasks = []
    for seed in range(20):
        g = np.random.default_rng(seed)
        atoms, away = g.normal(size=(4, 3, 3)), 100 * g.normal(size=9)
        plane = np.linalg.qr((atoms[1:] - atoms[0]).reshape(3, 9).T).Q
        D = np.tensordot(g.dirichlet(np.ones(4)), atoms, 1) + (away - plane @ (plane.T @ away)).reshape(3, 3)
        adapter = queryable(np.eye(3), np.eye(3), atoms=atoms, weights=np.eye(4)[0])
        tasks.append(normalized(adapter, problem_of((3, 3), D)))

    def gaps() -> np.ndarray:
        found = []
        for task in tasks:
            rows, t, _ = hulls._images(task)
            found.append(hulls._gap(rows - t, hulls.hull_weights(task, np.eye(4)[0])))
        return np.array(found)

    with_least_squares = gaps()
    monkeypatch.setattr(hulls, "_polished", lambda q, weights: [])
    without = gaps()
    assert (with_least_squares <= without).all()
    assert (with_least_squares < without).any()


def test_certificates_that_say_too_much_are_refused() -> None:
    adapter, D = made(), np.random.default_rng(4).normal(size=(4, 3))
    found = distance(adapter, D).certificate
    assert found.verify(D)
    assert not found.verify(D + 1)
    for word, lie in forged_fields(found):
        assert not lie.verify(D), word
    assert not with_gap(found, bound=1.05 * found.bound).verify(D)
    outside = dataclasses.replace(found.adapter, params={"weights": 2 * found.adapter.params["weights"]})
    assert not dataclasses.replace(found, adapter=outside).verify(D)


def test_its_rank_its_dimension_and_its_copies() -> None:
    adapter = made(3)
    differences = np.array([(M - singles(adapter)[0]).ravel() for M in singles(adapter)[1:]])
    assert adapter.dimension == np.linalg.matrix_rank(differences)
    assert made(1).dimension == 0
    assert queryable(np.eye(2), np.eye(2), atoms=np.ones((4, 2, 2)), weights=np.full(4, 0.25)).dimension == 0
    assert adapter.rank_bound == 2
    assert np.linalg.norm(to_lora(adapter, rank=2).adapter.dense() - adapter.dense()) < 1e-12
    for other in (copy.deepcopy(adapter), pickle.loads(pickle.dumps(adapter))):
        assert other.dense().tolist() == adapter.dense().tolist()


def test_an_adapter_of_opposite_atoms_begins_at_zero() -> None:
    for shape, rank, n_atoms in [((9, 6), 3, 8), ((1, 1), 1, 2), ((5, 5), 1, 6)]:
        adapter = make_adapter("queryable", shape, rank=rank, n_atoms=n_atoms, rng=0)
        assert not adapter.dense().any()
        assert [np.linalg.norm(M) for M in singles(adapter)] == pytest.approx([1.0] * n_atoms)
    table = np.array([M.ravel() for M in singles(make_adapter("queryable", (9, 6), rank=3, n_atoms=8, rng=0))])[::2]
    assert np.allclose(table @ table.T, np.eye(4), atol=1e-14)
    with pytest.raises(ValueError, match="`n_atoms` must be an even number"):
        make_adapter("queryable", (9, 6), rank=3, n_atoms=7)


def test_routing_weights_are_those_of_the_definition() -> None:
    logits, prior = [0.5, -1.0, 800.0, 2.0], [0.2, 1.0, 0.0, 3.0]
    found = theory.routing_weights(logits, prior=prior, strength=0.5)
    powers = [math.exp(x) * q**0.5 if q else 0.0 for x, q in zip(logits, prior, strict=True)]
    assert found.tolist() == pytest.approx([x / sum(powers) for x in powers], rel=1e-14)
    assert found[2] == 0.0
    assert theory.routing_weights(logits, prior=prior, strength=0).tolist() == [0.0, 0.0, 1.0, 0.0]
    assert theory.routing_weights([1e308, -1e308], prior=[1e-300, 1e300]).tolist() == [1.0, 0.0]
    best = theory.routing_objective(found, logits=logits, prior=prior, strength=0.5)
    assert best == pytest.approx(math.log(sum(powers)))
    assert theory.routing_objective([0.25] * 4, logits=logits, prior=prior, strength=0.5) == -math.inf
    (one,) = theory.routing_weights([flint.arb(3)], prior=[flint.arb(2)])
    assert one.contains(1)


GOOD: dict[str, Any] = {"atoms": np.ones((2, 2, 2)), "weights": [0.5, 0.5]}


@pytest.mark.parametrize(
    ("args", "options", "sentence"),
    [
        ((np.eye(2), np.eye(2)), {"weights": [0.5, 0.6]}, "`weights` must be numbers of at least 0 that sum to 1"),
        ((np.eye(2), np.eye(2)), {"weights": [1.5, -0.5]}, "`weights` must be numbers of at least 0 that sum to 1"),
        ((np.eye(2), np.eye(2)), {"weights": [1.0]}, r"`weights` must be of shape \(2,\); got \(1,\)\."),
        ((np.eye(2), np.eye(2)), {"weights": [np.nan, 1.0]}, "`weights` must be finite"),
        ((np.eye(3), np.eye(2)), {}, r"`atoms` must be of shape \(n, 3, 2\); got \(2, 2, 2\)\."),
        ((np.ones(2), np.eye(2)), {}, r"`B` must be of shape \(n, n\); got \(2,\)\."),
    ],
)
def test_what_does_not_fit_is_refused(args: Any, options: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        queryable(*args, **{**GOOD, **options})


def test_other_weights_are_weights_and_no_steps_are_taken_along_them() -> None:
    adapter = queryable(np.eye(2), np.eye(2), **GOOD)
    assert adapter.with_params({"weights": [0.25, 0.75]}).params["weights"].tolist() == [0.25, 0.75]
    with pytest.raises(ValueError, match="`weights` must be numbers of at least 0 that sum to 1"):
        adapter.with_params({"weights": [1.0, 1.0]})
    with pytest.raises(ValueError, match="`adapter` must be of a kind whose trained numbers are free"):
        AdapterOptimizer(adapter, method="sgd", step_size=0.1)

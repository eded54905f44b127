"""Bounds that are the distance say so, and the task of a TeRA is narrowed to the spaces of its factors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lrtheory.low_rank_adapters.distance import distance
from lrtheory.low_rank_adapters.kinds import arrays
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.make import make_adapter
from lrtheory.low_rank_adapters.kinds.queryable import queryable
from lrtheory.low_rank_adapters.kinds.tera import tera, times_modes, times_vectors
from lrtheory.low_rank_adapters.reach import entries, normalized, spaces
from lrtheory.low_rank_adapters.reach.networks import contracted, narrowed_network
from lrtheory.low_rank_adapters.reach.normalized import problem_of


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).standard_normal(shape)


@pytest.mark.parametrize("kind", ["full", "lora", "lora-fa", "lora-xs"])
def test_a_distance_that_is_known_is_called_exact(kind: str) -> None:
    options = {} if kind == "full" else {"rank": 2}
    found = distance(make_adapter(kind, (6, 5), rng=0, **options), normal(6, 5, rng=3))
    assert found.exact
    assert found.lower == pytest.approx(found.upper, rel=1e-12, abs=1e-12)


def test_the_task_of_a_tera_has_a_mode_of_rank_for_each_factor() -> None:
    U, V = [normal(4, 2), normal(3, 2, rng=1)], [normal(2, 1, rng=2), normal(5, 2, rng=3)]
    adapter = tera(U, V, normal(4, 2, rng=4), d=[np.ones(2), np.ones(2)], e=[np.ones(1), np.ones(2)])
    target = normal(12, 10, rng=5)
    small = narrowed_network(normalized.normalized(adapter, problem_of((12, 10), target)))
    assert small.T.shape == (4, 2)
    # what no update reaches is what the spaces of the factors leave, on both sides
    left = np.linalg.qr(np.kron(*U))[0]
    right = np.linalg.qr(np.kron(*V))[0]
    rest = np.linalg.norm(target - left @ (left.T @ target @ right) @ right.T)
    scale = rest / small.outside
    assert scale * np.hypot(small.outside, np.linalg.norm(small.T)) == pytest.approx(np.linalg.norm(target), rel=1e-12)


def stretched(kind: str, shape: tuple[int, int], bases: str) -> Adapter:
    """An adapter whose frozen columns have lengths other than 1."""
    made = make_adapter(kind, shape, rank=2, bases=bases, rng=1)
    sizes = {name: 3.0 if name == "B" else 0.7 for name in made.frozen}
    frozen = {name: sizes[name] * np.asarray(value) for name, value in made.frozen.items()}
    if kind == "randlora":
        frozen["bases"] = frozen["bases"] * np.array([1.0, 0.3])
    return dataclasses.replace(made, frozen=frozen)


@pytest.mark.parametrize("kind", ["randlora", "queryable", "vera", "tera"])
@pytest.mark.parametrize("bases", ["orthogonal-sign", "gaussian"])
@pytest.mark.parametrize("shape", [(12, 6), (6, 12)])
def test_a_narrowed_task_has_the_images_and_the_distances_of_the_whole(
    kind: str, bases: str, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter, D = stretched(kind, shape, bases), normal(*shape, rng=3)
    whole = normalized.normalized(adapter, problem_of(shape, D))
    before = distance(adapter, D)
    for module in (arrays, entries, normalized, spaces):
        monkeypatch.setattr(module, "LARGE", 2)
    small = spaces.narrowed(whole)
    if kind != "randlora" or bases != "gaussian":
        assert small.T.size < D.size
    params = {name: normal(*value.shape, rng=4) for name, value in adapter.params.items()}
    left = np.hypot(small.outside, np.linalg.norm(small.residual(params)))
    assert left == pytest.approx(np.linalg.norm(whole.residual(params)), rel=1e-12)
    after = distance(adapter, D)
    assert after.exact == before.exact
    assert after.lower == pytest.approx(before.lower, rel=1e-9)
    assert after.upper == pytest.approx(before.upper, rel=1e-6)


def test_a_hull_has_the_distance_of_its_atoms_where_factors_are_no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Factors with more columns than rows, and dependent ones."""
    monkeypatch.setattr(spaces, "LARGE", 2)
    for B, A in ((normal(3, 5), normal(2, 4)), (np.ones((6, 2)), normal(3, 7, rng=1))):
        atoms = normal(2, B.shape[1], A.shape[0], rng=2)
        found = distance(queryable(B, A, atoms=atoms, weights=[1.0, 0.0]), normal(len(B), A.shape[1], rng=5))
        ends = [normal(len(B), A.shape[1], rng=5) - B @ one @ A for one in atoms]
        along = ends[1] - ends[0]
        share = np.clip(-np.sum(along * ends[0]) / np.sum(along**2), 0, 1)
        assert found.upper == pytest.approx(np.linalg.norm(ends[0] + share * along), rel=1e-9)


def test_tensors_times_vectors_and_matrices() -> None:
    T, vectors = normal(2, 3, 4, 5), [normal(size, rng=size) for size in (2, 3, 4, 5)]
    matrices = [normal(3, 2), None, normal(2, 4), normal(6, 5)]
    due = np.einsum("abcd,ia,kc,ld->ibkl", T, *(one for one in matrices if one is not None))
    assert times_modes(T, matrices) == pytest.approx(due, rel=1e-12)
    assert times_vectors(T, vectors) == pytest.approx(np.einsum("abcd,a,b,c,d->abcd", T, *vectors), rel=1e-12)
    assert times_vectors(T, vectors, but=2) == pytest.approx(
        np.einsum("abcd,a,b,d->abcd", T, *(vectors[k] for k in (0, 1, 3))), rel=1e-12
    )
    for axis, letter in enumerate("abcd"):
        some = [one for k, one in enumerate(vectors) if k != axis]
        rest = ",".join(one for one in "abcd" if one != letter)
        due = np.einsum(f"abcd,{rest}->{letter}", T, *some)
        assert contracted(T, vectors, axis) == pytest.approx(due, rel=1e-12)


def test_the_leading_vectors_of_a_tall_matrix_are_those_of_its_whole_decomposition() -> None:
    T = normal(300, 140)
    U, S, Vt = np.linalg.svd(T, full_matrices=False)
    found = normalized._decomposed(T)()
    assert found.values == pytest.approx(S, rel=1e-13)
    for k in (0, 1, 140):
        left, right = found.leading(k)
        assert np.allclose((left * S[:k]) @ right, (U[:, :k] * S[:k]) @ Vt[:k], rtol=0, atol=1e-11)

"""TeRA: networks of several factors, what zeros of the core leave free, known distances, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_adapters.distance import distance
from lrtheory.low_rank_adapters.fit import fit
from lrtheory.low_rank_adapters.kinds.make import make_adapter, mode_sizes
from lrtheory.low_rank_adapters.kinds.tera import edge_count, tera
from lrtheory.low_rank_adapters.reach import networks
from lrtheory.low_rank_adapters.reach.alternating import improved, started
from lrtheory.low_rank_adapters.reach.normalized import normalized, problem_of
from tests.low_rank_adapters.kinds.oracles import draw, generic_dimension, rank_mod_p

EYE, ONE = np.eye(2), np.ones(2)


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


def made(left: list[tuple[int, int]], right: list[tuple[int, int]], rng: int = 0, core: Any = None) -> Any:
    g = np.random.default_rng(rng)
    rows, columns = (int(np.prod([width for _, width in side])) for side in (left, right))
    factors = [[draw(g, *size) for size in side] for side in (left, right)]
    vectors = {name: [draw(g, width) for _, width in side] for name, side in (("d", left), ("e", right))}
    return tera(*factors, draw(g, rows, columns) if core is None else core, **vectors)


@pytest.mark.parametrize(
    ("left", "right"),
    [([(3, 2), (2, 2)], [(2, 2), (2, 1), (3, 2)]), ([(4, 2)], [(2, 2), (2, 2)]), ([(2, 3)] * 3, [(5, 4)])],
)
def test_any_number_of_factors_on_each_side(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    adapter = made(left, right)
    f, p = adapter.frozen, adapter.params
    U = reduce(np.kron, [f[f"U{k}"] * p[f"d{k}"] for k in range(len(left))])
    V = reduce(np.kron, [f[f"V{k}"] * p[f"e{k}"] for k in range(len(right))])
    D = U @ f["C"] @ V.T
    assert np.array_equal(adapter.dense(), D)
    X, dY = draw(np.random.default_rng(3), 5, D.shape[1]), draw(np.random.default_rng(4), 5, D.shape[0])
    assert np.array_equal(adapter.apply(X), X @ D.T)
    one, other = adapter.gradient_at(X, dY), adapter.gradient(dY.T @ X)
    assert all(np.array_equal(one[name], other[name]) for name in p)
    assert adapter.dimension >= generic_dimension(adapter)


@pytest.mark.parametrize("seed", range(12))
def test_zeros_of_the_core_free_or_kill_numbers(seed: int) -> None:
    """The rank of the table of nonzero entries against their numbers, and of the derivative, in whole numbers."""
    g = np.random.default_rng(seed)
    sizes = [(2, 2), (2, 2), (3, 3)]
    core = draw(g, 4, 3) * g.integers(0, 2, (4, 3))
    adapter = made(sizes[:2], sizes[2:], rng=seed, core=core)
    mask = core.reshape(2, 2, 3) != 0
    rows = [
        [int(place[axis] == k) for axis in range(3) for k in range(mask.shape[axis])] for place in np.argwhere(mask)
    ]
    due = rank_mod_p(rows) if rows else 0
    assert edge_count(mask) == due
    if all(np.linalg.matrix_rank(one) == one.shape[1] for name, one in adapter.frozen.items() if name != "C"):
        assert adapter.dimension == due == generic_dimension(adapter)


def test_sides_are_split_into_divisors() -> None:
    for side, n_modes, sizes in [
        (384, 2, [16, 24]),
        (7, 2, [1, 7]),
        (1, 3, [1, 1, 1]),
        (64, 3, [4, 4, 4]),
        (24, 1, [24]),
    ]:
        assert mode_sizes(side, n_modes) == sizes
    for side in range(1, 200):
        for n_modes in (1, 2, 3, 5):
            assert np.prod(mode_sizes(side, n_modes)) == side
    adapter = make_adapter("tera", (36, 24), rank=5, rng=0, n_modes=3)
    assert [one.shape for name, one in adapter.frozen.items()] == [
        (3, 3),
        (3, 3),
        (4, 4),
        (2, 2),
        (3, 3),
        (4, 4),
        (36, 24),
    ]
    assert set(np.unique(adapter.frozen["C"])) == {-1.0, 1.0}


def test_one_factor_a_side_of_any_norms_is_known_exactly() -> None:
    """Signs, and sizes of rows, columns and factors that the trained vectors take in."""
    U, V = np.linalg.qr(normal(6, 3)).Q, np.linalg.qr(normal(5, 2, rng=1)).Q
    D, signs = normal(6, 5, rng=2), np.array([[1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    blank: Any = {"d": [np.ones(3)], "e": [np.ones(2)]}
    due = np.sqrt(np.sum(D**2) - np.linalg.norm(signs * (U.T @ D @ V), 2) ** 2)
    sizes = np.array([[3.0], [0.01], [1.0]]) * np.array([[2.0, 7.0]])
    for adapter in (tera([U], [V], signs, **blank), tera([U * [1, 2, 3]], [5 * V], signs * sizes, scale=-2, **blank)):
        found = distance(adapter, D)
        assert found.exact
        assert found.certificate.statement.endswith("TE-3")
        assert found.lower == pytest.approx(due)
        assert found.upper == pytest.approx(due)
    loose = distance(tera([normal(6, 3)], [V], signs, **blank), D)
    assert not loose.exact
    assert loose.lower < loose.upper


def test_an_update_of_its_own_is_reached() -> None:
    adapter = made([(4, 2), (2, 2)], [(3, 2), (2, 1)], rng=5)
    found = distance(adapter, adapter.dense())
    assert found.captured == pytest.approx(1.0, abs=1e-12)
    again = fit(
        make_adapter("tera", (12, 8), rank=2, rng=0).with_params(
            {name: value + 1.0 for name, value in make_adapter("tera", (12, 8), rank=2, rng=0).params.items()}
        ),
        np.eye(12, 8),
        rng=0,
        max_iter=3,
    )
    assert again.certificate.verify(np.eye(12, 8))


def test_one_step_finds_the_first_vector_again_beside_factors_above_the_identity() -> None:
    """Orthonormal coordinates leave triangles, one of which may be above the identity in every entry and is not it."""
    above = np.array([[1.0, 2.0], [0.0, 1.0]])
    target = tera([above, EYE], [above], normal(4, 2), d=[normal(2, rng=1), normal(2, rng=2)], e=[normal(2, rng=3)])
    task = normalized(target, problem_of((4, 2), target.dense()))
    task = task._replace(
        adapter=replace(task.adapter, frozen=target.frozen)
    )  # with factors that have no unit taken off
    task = task.for_target(task.image(target.params))
    lost = started(task, {**target.params, "d0": ONE})
    run = improved(task, lost, tol=0.0, max_iter=1, inform=lambda *_: False)
    assert len(run.losses) == 2
    assert run.losses[1] < 1e-20 * run.losses[0]


def test_many_axes_take_the_simple_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter, D = make_adapter("tera", (16, 16), rank=2, rng=0, n_modes=2), normal(16, 16)
    before = distance(adapter, D)
    monkeypatch.setattr(networks, "AXES", 3)
    after = distance(adapter, D)
    assert after.lower <= before.lower * (1 + 1e-12)
    assert after.lower > 0.9 * before.lower
    assert after.certificate.verify(D)


@pytest.mark.parametrize(
    ("args", "options", "sentence"),
    [
        (([], [EYE], EYE), {"d": [], "e": [ONE]}, r"`left` must be at least one factor; got \[\]\."),
        (
            ([EYE], [EYE], EYE),
            {"d": [ONE], "e": []},
            "`e` must be a vector for each of the 1 factors",
        ),
        (([EYE], [EYE], EYE), {"d": [np.ones(3)], "e": [ONE]}, r"`d\[0\]` must be of shape \(2,\); got \(3,\)\."),
        (
            ([EYE], [EYE, ONE], EYE),
            {"d": [ONE], "e": [ONE, ONE]},
            r"`right\[1\]` must be of shape \(n, n\); got \(2,\)\.",
        ),
        (([EYE, EYE], [EYE], EYE), {"d": [ONE, ONE], "e": [ONE]}, r"`core` must be of shape \(4, 2\); got \(2, 2\)\."),
        (([np.nan * EYE], [EYE], EYE), {"d": [ONE], "e": [ONE]}, r"`left\[0\]` must be finite"),
    ],
)
def test_what_does_not_fit_is_refused(args: Any, options: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        tera(*args, **options)


def test_no_sequence_is_refused() -> None:
    with pytest.raises(TypeError, match="`left` must be a sequence; got 3"):
        tera(3, [EYE], EYE, d=[ONE], e=[ONE])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`n_modes` must be an integer in \[1, 16\]; got 17\."):
        make_adapter("tera", (4, 4), rank=2, n_modes=17)
    with pytest.raises(ValueError, match='`n_modes` must be left out with kind "lora"'):
        make_adapter("lora", (4, 4), rank=2, n_modes=2)

"""Protected subspaces: what steps leave alone, which directions are chosen, and what stays orthonormal."""

from __future__ import annotations

import pickle
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from lrtheory.continual_learning import FrequentDirections, SubspaceProtector
from tests.backends import QUICK, Backend, backend


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


def rows(layout: str, side: str, change: np.ndarray) -> np.ndarray:
    """A change of the weights as a map from rows of the protected side."""
    return change.T if (layout == "torch") == (side == "input") else change


@pytest.mark.parametrize("layout", ["torch", "rows"])
@pytest.mark.parametrize("side", ["input", "output"])
def test_steps_are_orthogonal_to_the_vectors_of_their_side(layout: str, side: str) -> None:
    X, protector = normal(4, 7), SubspaceProtector(7, layout=layout, side=side)
    assert protector.extend(X, keep_energy=1.0) == 4
    G = rows(layout, side, normal(7, 9, rng=1))
    found = protector.project(G)
    nearest = normal(7, 9, rng=1) - np.linalg.pinv(X) @ (X @ normal(7, 9, rng=1))
    np.testing.assert_allclose(rows(layout, side, found), nearest, atol=1e-13)
    before, after = rows(layout, side, normal(7, 9, rng=2)), rows(layout, side, normal(7, 9, rng=3))
    np.testing.assert_allclose(X @ rows(layout, side, protector.protect_step(before, after) - before), 0, atol=1e-13)
    assert protector.leak_bound(found).upper < 1e-25
    with pytest.raises(ValueError, match=r"Is `layout` right\?"):
        protector.project(G.T)


def test_adam_leaves_the_subspace_unless_its_steps_are_protected() -> None:
    """The smallest case: the first step of Adam on a projected gradient has signs for entries and leaks a fifth."""
    protector = SubspaceProtector(2)
    protector.extend(np.array([[3.0, 4.0]]))
    gradient = protector.project(np.array([[56.0, -14.0]]) / 2)
    step = np.sign(gradient)
    assert float((step @ protector.basis)[0, 0]) == pytest.approx(-1 / 5)
    assert float((protector.protect_step(np.zeros((1, 2)), step) @ protector.basis)[0, 0]) == pytest.approx(
        0, abs=1e-15
    )


def test_torch_trains_beside_old_outputs_with_any_optimizer() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layer, old, protector = torch.nn.Linear(12, 5), torch.randn(6, 12), SubspaceProtector(12)
    start = layer.weight.detach().clone()
    protector.extend(old, keep_energy=1.0)
    due = layer(old).detach()
    weight, others = layer.weight, torch.randn(40, 12)
    for make in (torch.optim.Adam, torch.optim.AdamW, lambda p, lr: torch.optim.SGD(p, lr, 0.9, weight_decay=0.1)):
        optimizer = make([weight], lr=0.05)
        for _ in range(10):
            before = weight.detach().clone()
            optimizer.zero_grad()
            (layer(others) ** 2).mean().backward()
            optimizer.step()
            with torch.no_grad():
                weight.copy_(protector.protect_step(before, weight))
    with torch.no_grad():
        assert float((layer(old) - due).abs().max()) < 1e-5
        assert float((weight - start).abs().max()) > 0.1


@pytest.mark.parametrize("name", QUICK)
def test_arrays_of_any_library_stay_where_they_are(name: str) -> None:
    xp: Backend = backend(name)
    protector = SubspaceProtector(6)
    protector.extend(normal(2, 6), keep_energy=1.0)
    for dtype in (np.float64, np.float32):
        G = normal(3, 6, rng=1).astype(dtype)
        with xp.flags():
            for _ in range(2):
                found = protector.project(xp.asarray(G))
                moved = protector.protect_step(xp.asarray(G), xp.asarray(2 * G))
        assert type(found) is type(xp.asarray(G))
        np.testing.assert_array_equal(xp.to_numpy(found).dtype, dtype)
        np.testing.assert_allclose(xp.to_numpy(found), protector.project(G), atol=1e-6)
        np.testing.assert_allclose(xp.to_numpy(moved), G + protector.project(G), atol=1e-6)


@pytest.mark.parametrize("name", QUICK)
def test_a_basis_that_was_sent_to_a_library_is_sent_again_when_it_grows(name: str) -> None:
    xp: Backend = backend(name)
    protector, G = SubspaceProtector(6), normal(3, 6, rng=1)
    for task in range(2):
        protector.extend(normal(2, 6, rng=task), keep_energy=1.0)
        with xp.flags():
            found = protector.project(xp.asarray(G))
        np.testing.assert_allclose(xp.to_numpy(found), protector.project(G), atol=1e-6)
    protector.set_state(SubspaceProtector(6).get_state())
    with xp.flags():
        np.testing.assert_array_equal(xp.to_numpy(protector.project(xp.asarray(G))), G)


def test_half_precision_is_computed_in_single_precision_and_comes_back() -> None:
    protector = SubspaceProtector(6)
    protector.extend(normal(2, 6).astype(np.float16), keep_energy=1.0)
    assert protector.basis.dtype == np.float32
    assert protector.project(normal(3, 6).astype(np.float16)).dtype == np.float16
    assert protector.project(np.ones((3, 6), int)).dtype == np.float64
    torch = pytest.importorskip("torch")
    for dtype in (torch.bfloat16, torch.float16):
        G = torch.ones(3, 6, dtype=dtype, requires_grad=True)
        assert protector.project(G).dtype == protector.protect_step(G, 2 * G).dtype == dtype
    protector.extend(torch.randn(9, 6).bfloat16(), rank=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_that_lies_almost_in_the_subspace_is_projected_twice(dtype: type) -> None:
    protector = SubspaceProtector(300)
    protector.extend(normal(200, 300).astype(dtype), keep_energy=1.0)
    M, eps = protector.basis, np.finfo(dtype).eps
    inside = normal(20, 200, rng=1).astype(dtype) @ M.T
    G = inside + (30 * eps * normal(20, 300, rng=2)).astype(dtype)
    once, twice = G - (G @ M) @ M.T, protector.project(G)
    leaks = [np.linalg.norm(x @ M) / np.linalg.norm(x) for x in (once, twice)]
    assert leaks[1] < 10 * eps < 1e-3 < leaks[0]
    for size in (2.0**-700, 2.0**700) if dtype == np.float64 else (2.0**-80, 2.0**80):
        np.testing.assert_array_equal(protector.project(G * dtype(size)), twice * dtype(size))


def almost_inside(M: np.ndarray, dtype: type, rng: np.random.Generator) -> np.ndarray:
    tiny = 30 * float(np.finfo(dtype).eps)
    return (rng.normal(size=(3, M.shape[1])) @ M.T + tiny * rng.normal(size=(3, len(M)))).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fifty_extensions_stay_orthonormal_and_with_one_projection_they_would_not(dtype: type) -> None:
    random = np.random.default_rng(0)
    start = random.normal(size=(3, 200)).astype(dtype)
    protector = SubspaceProtector(200)
    protector.extend(start, rank=3)
    once = np.linalg.qr(start.T)[0]
    for _ in range(50):
        assert protector.extend(almost_inside(protector.basis, dtype, random), rank=3) == 3
        X = almost_inside(once, dtype, random)
        once = np.concatenate([once, np.linalg.qr((X - (X @ once) @ once.T).T)[0]], axis=1)
    errors = [float(np.linalg.norm(M.T @ M - np.eye(M.shape[1]))) for M in (protector.basis, once)]
    assert protector.rank == 153
    # gamma_n of products of 200 entries, for all 153 columns
    assert errors[0] < 153 * 200 * float(np.finfo(dtype).eps) / 2
    assert errors[1] > 1000 * errors[0]


@pytest.mark.parametrize("rng", range(10))
def test_the_smallest_number_of_directions_reaches_the_share_of_the_mass(rng: int) -> None:
    """Against the singular values of the inputs, also for a second task."""
    random = np.random.default_rng(rng)
    first, second = (random.normal(size=(60, 15)) * np.arange(1, 16) ** -1.0 for _ in range(2))
    second = second @ np.linalg.qr(random.normal(size=(15, 15)))[0]
    for energy in (0.3, 0.9, 0.99):
        protector = SubspaceProtector(15)
        shares = np.cumsum(np.linalg.svd(first, compute_uv=False) ** 2) / np.sum(first**2)
        assert protector.extend(first, keep_energy=energy) == int(np.argmax(shares >= energy)) + 1
        assert protector.share >= energy
        M = protector.basis
        left = second - second @ M @ M.T
        shares = (np.sum((second @ M) ** 2) + np.append(0, np.cumsum(np.linalg.svd(left)[1] ** 2))) / np.sum(second**2)
        assert protector.extend(second, keep_energy=energy) == int(np.argmax(shares >= energy))
        assert protector.protected_energy(second) >= energy - 1e-12
        assert protector.protected_energy(first) >= energy - 1e-12


def test_a_direction_that_holds_more_than_the_share_is_protected() -> None:
    """The released rule counts cumulative shares below the threshold, and keeps none here."""
    X = np.diag([np.sqrt(99.0), 1.0])
    assert SubspaceProtector(2).extend(X, keep_energy=0.98) == 1
    assert SubspaceProtector(2).extend(X, keep_energy=1.0) == 2


@pytest.mark.parametrize("rng", range(10))
def test_all_of_the_mass_is_reached_in_spite_of_rounding(rng: int) -> None:
    protector = SubspaceProtector(12)
    for task in range(2):
        protector.extend(normal(5, 12, rng=rng + 50 * task), keep_energy=1.0)
        assert "no number of directions" not in protector.message


@pytest.mark.parametrize("rng", range(10))
def test_shares_of_a_sketch_are_those_of_the_data(rng: int) -> None:
    random = np.random.default_rng(rng)
    X = random.normal(size=(200, 40)) * np.arange(1, 41) ** -0.7
    stream = FrequentDirections(40, 6)
    stream.update(X)
    told = []
    for energy in (0.2, 0.4, 0.6, 0.9, 1.0):
        protector = SubspaceProtector(40)
        n = protector.extend(stream, keep_energy=energy)
        reached = "no number of directions reaches" not in protector.message
        told.append(reached)
        assert reached == (protector.share >= energy)
        assert n <= 6
        assert n == 6 or reached
        assert protector.protected_energy(X) >= protector.share * (1 - 1e-12)
    assert told[0]
    assert not told[-1]


def test_nothing_and_everything() -> None:
    protector = SubspaceProtector(5)
    G = normal(3, 5)
    np.testing.assert_array_equal(protector.project(G), G)
    assert protector.project(G) is not G
    for nothing in (np.zeros((4, 5)), np.empty((0, 5)), [], FrequentDirections(5, 2), scipy.sparse.csr_array((4, 5))):
        assert protector.extend(nothing) == 0
        assert "nothing was added" in protector.message
    assert (protector.rank, protector.n_free, protector.protected_energy(np.zeros((1, 5)))) == (0, 5, 1.0)
    assert protector.extend(normal(9, 5), keep_energy=1.0) == 5
    assert protector.n_free == 0
    assert "no direction is free" in protector.message
    np.testing.assert_array_equal(protector.project(G), 0 * G)
    np.testing.assert_array_equal(protector.protect_step(G, 2 * G), G)
    assert protector.extend(normal(9, 5)) == 0
    assert protector.project(np.empty((0, 5))).shape == (0, 5)
    assert SubspaceProtector(5).extend(normal(9, 5), rank=0) == 0
    assert SubspaceProtector(5).extend(np.ones((9, 5)), rank=3) == 1


def test_sparse_inputs_are_those_of_the_dense_matrix() -> None:
    for T in (10, 90):
        S = scipy.sparse.random(T, 30, density=0.2, random_state=0, format="csr")
        sparse, dense = SubspaceProtector(30), SubspaceProtector(30)
        assert sparse.extend(S, keep_energy=0.8) == dense.extend(S.toarray(), keep_energy=0.8)
        np.testing.assert_array_equal(sparse.basis, dense.basis)
        assert sparse.protected_energy(S) == pytest.approx(dense.protected_energy(S.toarray()), rel=1e-12)


def same(a: SubspaceProtector, b: SubspaceProtector) -> bool:
    ours, theirs = a.get_state(), b.get_state()
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_all_ways_to_store_a_protector_go_on_bit_for_bit() -> None:
    protector = SubspaceProtector(8, layout="rows")
    for task in range(3):
        state, content = protector.get_state(), BytesIO()
        np.savez(content, **state)
        content.seek(0)
        again, read = SubspaceProtector(8, layout="rows"), SubspaceProtector(8, layout="rows")
        again.set_state(state)
        read.set_state(np.load(content))
        state["basis"][:] = state["rows"][:] = 0.0  # they were copied
        protector.project(normal(8, 2))
        others = [again, read, protector.copy(), pickle.loads(pickle.dumps(protector))]
        X = normal(6, 8, rng=task).astype(np.float32 if task == 0 else np.float64)
        for one in (protector, *others):
            one.extend(X, rank=2)
        for other in others:
            assert same(protector, other)
            np.testing.assert_array_equal(protector.project(normal(8, 3)), other.project(normal(8, 3)))


def full() -> SubspaceProtector:
    protector = SubspaceProtector(4)
    protector.extend(normal(3, 4), rank=2)
    return protector


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda _: SubspaceProtector(0), ValueError, "`n_features` must be an integer of at least 1; got 0."),
        (lambda _: SubspaceProtector(4, layout="jax"), ValueError, "`layout` must be one of 'rows', 'torch'"),
        (lambda _: SubspaceProtector(4, side="left"), ValueError, "`side` must be one of 'input', 'output'"),
        (
            lambda p: p.extend(normal(2, 4), keep_energy=0.5, rank=1),
            ValueError,
            "`rank, keep_energy` must be at most one of these",
        ),
        (lambda p: p.extend(normal(2, 4), keep_energy=0.0), ValueError, "`keep_energy` must be in (0, 1]; got 0.0."),
        (lambda p: p.extend(normal(2, 4), keep_energy=1.01), ValueError, "`keep_energy` must be in (0, 1]; got 1.01."),
        (lambda p: p.extend(normal(2, 4), rank=-1), ValueError, "`rank` must be an integer of at least 0; got -1."),
        (lambda p: p.extend(normal(2, 5)), ValueError, "`inputs` must be of shape (n, 4); got (2, 5)."),
        (lambda p: p.extend(normal(4)), ValueError, "`inputs` must be of shape (n, 4); got (4,)."),
        (lambda p: p.extend([[0, 0, 0, 0], [0, np.nan, 0, 0]]), ValueError, "`inputs[1]` must be finite; got nan."),
        (lambda p: p.extend([["a"] * 4]), TypeError, "`inputs` must be an array of real numbers"),
        (lambda p: p.extend(FrequentDirections(5, 2)), ValueError, "`inputs` must be a sketch of 4 features; got 5."),
        (lambda p: p.project(normal(3, 5)), ValueError, "`G` must be of shape (out, 4); got (3, 5)."),
        (
            lambda p: p.project(normal(4, 5)),
            ValueError,
            "`G` must be of shape (out, 4); got (4, 5). Is `layout` right?",
        ),
        (lambda p: p.project([[0.0, 1.0, np.inf, 0.0]]), ValueError, "`G` must be finite"),
        (lambda p: p.project(normal(3, 4).astype(complex)), TypeError, "`G` must be an array of real numbers"),
        (
            lambda p: p.protect_step(normal(3, 4), normal(2, 4)),
            ValueError,
            "`after` must be of shape (3, 4); got (2, 4).",
        ),
        (lambda p: p.leak_bound(normal(3, 5)), ValueError, "`change` must be of shape (out, 4); got (3, 5)."),
        (lambda p: p.protected_energy(normal(3, 5)), ValueError, "`X` must be of shape (n, 4); got (3, 5)."),
        (lambda p: p.set_state({}), ValueError, "`state` must be a mapping with the key 'n_features'"),
        (lambda p: p.set_state(SubspaceProtector(5).get_state()), ValueError, "`state['n_features']` must be 4"),
        (
            lambda p: p.set_state(p.get_state() | {"basis": np.ones((4, 2))}),
            ValueError,
            "`state['basis']` must be a matrix with orthonormal columns",
        ),
        *(
            (
                lambda p, missed=missed: p.set_state(p.get_state() | {"missed": missed}),
                ValueError,
                "`state['missed']` must be finite and at least 0",
            )
            for missed in (-1.0, np.inf)
        ),
    ],
)
def test_refusals_change_nothing(call: Any, error: type[Exception], words: str) -> None:
    protector = full()
    with pytest.raises(error) as caught:
        call(protector)
    assert str(caught.value).startswith(words)
    assert same(protector, full())


def test_the_words_of_the_layout_are_those_of_the_weight() -> None:
    for options, words in (
        ({"layout": "rows"}, "(4, out)"),
        ({"layout": "torch", "side": "output"}, "(4, in)"),
        ({"layout": "rows", "side": "output"}, "(in, 4)"),
    ):
        with pytest.raises(ValueError) as caught:
            SubspaceProtector(4, **options).project(normal(3, 5))
        assert f"of shape {words}" in str(caught.value)

"""Updates by one vector against inverses, exact and in doubles, and MKOR against plain loops."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import MKOR, update_curvature
from lrtheory.low_rank_optimizers.optimizers.mkor import preconditioned
from tests.backends import QUICK, backend


def fractions(values: Any) -> np.ndarray:
    found = np.empty(np.shape(values), object)
    found.flat[:] = [Fraction(int(value)) for value in np.ravel(values)]
    return found


def exact_inverse(L: np.ndarray) -> np.ndarray:
    """By elimination in Fractions."""
    d = len(L)
    rows = [list(L[i]) + [Fraction(int(i == j)) for j in range(d)] for i in range(d)]
    for i in range(d):
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for j in range(d):
            if j != i:
                rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
    return np.array([row[d:] for row in rows], object)


def factor(d: int, rng: int) -> tuple[np.ndarray, np.ndarray]:
    """A factor of curvature with integer entries, and a vector."""
    chance = np.random.default_rng(rng)
    B = chance.integers(-3, 4, (d, d))
    return B @ B.T + np.eye(d, dtype=int), chance.integers(-3, 4, d)


@pytest.mark.parametrize("rng", range(12))
def test_exact_updates_are_inverses_to_the_last_digit(rng: int) -> None:
    (L, g), decay = factor(1 + rng % 4, rng), Fraction(1 + rng % 7, 8)
    L, g = fractions(L), fractions(g)
    found = update_curvature(exact_inverse(L), g, decay=decay)
    assert (found == exact_inverse(decay * L + (1 - decay) * np.outer(g, g))).all()


@pytest.mark.parametrize("rng", range(6))
def test_printed_formulas_are_what_they_say(rng: int) -> None:
    (L, g), decay = factor(1 + rng % 3, rng), Fraction(3, 4)
    X, g = exact_inverse(fractions(L)), fractions(g)
    u, s = X @ g, g @ X @ g
    published = decay * X + (1 - decay) / (decay**2 * (1 + decay * (1 - decay) * s)) * np.outer(u, u)
    assert (update_curvature(X, g, decay=decay, method="published") == published).all()
    mixed = decay * X + (1 - decay) * fractions(np.eye(len(g)))
    released = exact_inverse(exact_inverse(mixed) + np.outer(g, g))
    assert (update_curvature(X, g, decay=decay, method="released") == released).all()


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_library_computes_inverses(name: str, dtype: Any) -> None:
    lib = backend(name)
    if name == "strictest":
        pytest.skip("eigenvalues are an extension")
    L, g = factor(5, 3)
    with lib.flags():
        X, vector = lib.asarray(np.linalg.inv(L).astype(dtype)), lib.asarray(g.astype(dtype))
        found = lib.to_numpy(update_curvature(X, vector, decay=0.75))
    assert found.dtype == dtype
    due = np.linalg.inv(0.75 * L + 0.25 * np.outer(g, g))
    np.testing.assert_allclose(found, due, rtol=1e3 * np.finfo(dtype).eps, atol=10 * np.finfo(dtype).eps)


def test_symmetric_stays_symmetric_bit_by_bit() -> None:
    X, chance = np.eye(6), np.random.default_rng(0)
    for _ in range(50):
        X = update_curvature(X, chance.normal(size=6), decay=0.9)
        assert np.array_equal(X, X.T)


def test_bad_input_is_refused() -> None:
    X, g = np.eye(2), np.ones(2)
    with pytest.raises(ValueError, match=r"`decay` must be in \(0, 1\); got 1"):
        update_curvature(X, g, decay=1.0)
    with pytest.raises(ValueError, match="symmetric positive definite; got smallest eigenvalue -0.001"):
        update_curvature(np.diag([1.0, -1e-3]), g, decay=0.5)
    for skew in (0.5, 1e-9):
        with pytest.raises(ValueError, match="symmetric positive definite; got entries that differ by"):
            update_curvature([[1.0, skew], [0.0, 1.0]], g, decay=0.5)
    with pytest.raises(ValueError, match="symmetric positive definite"):
        update_curvature(fractions([[2, 1], [0, 2]]), fractions([1, 1]), decay=Fraction(1, 2))
    with pytest.raises(ValueError, match="symmetric positive definite"):
        update_curvature(fractions([[1, 2], [2, 1]]), fractions([1, 1]), decay=Fraction(1, 2))
    with pytest.raises(ValueError, match="`g` must be of shape"):
        update_curvature(X, [1.0], decay=0.5)
    with pytest.raises(ValueError, match="finite"):
        update_curvature(X, [1.0, np.nan], decay=0.5)
    with pytest.raises(ValueError, match="one of 'exact'"):
        update_curvature(X, g, decay=0.5, method="printed")
    with pytest.raises(TypeError, match="same kind of numbers"):
        update_curvature(X, fractions([1, 1]), decay=Fraction(1, 2))


@pytest.mark.parametrize("method", ["exact", "published", "released"])
@pytest.mark.parametrize(("zeta", "m", "n"), [(1.0, 3, 4), (0.75, 3, 3)])
def test_mkor_follows_a_plain_loop(method: str, zeta: float, m: int, n: int) -> None:
    chance = np.random.default_rng(5)
    machine = MKOR(step_size=0.5, decay=0.8, method=method, stabilizer=zeta)
    left, right = np.eye(m), np.eye(n)
    for _ in range(7):
        G, acts, outs = chance.normal(size=(m, n)), chance.normal(size=(6, n)), chance.normal(size=(6, m))
        step = machine.step(G, activation=acts, output_gradient=outs)
        pair = []
        for X, g in ((left, outs.mean(0)), (right, acts.mean(0))):
            if method == "exact":
                X = np.linalg.inv(0.8 * np.linalg.inv(X) + 0.2 * np.outer(g, g))
            elif method == "released":
                X = np.linalg.inv(np.linalg.inv(0.8 * X + 0.2 * np.eye(len(g))) + np.outer(g, g))
            else:
                s = g @ X @ g
                X = 0.8 * X + 0.2 / (0.64 * (1 + 0.16 * s)) * np.outer(X @ g, X @ g)
            pair.append(zeta * X + (1 - zeta) * np.eye(len(g)))
        left, right = pair
        P = left @ G @ right
        np.testing.assert_allclose(step.update, -0.5 * P * np.linalg.norm(G) / np.linalg.norm(P), rtol=1e-9)
        assert step.counts["restarts"] == 0
    assert machine.state_bytes == machine.state_formula == 8 * (m * m + n * n)


def test_mkor_says_when_rounding_made_a_factor_indefinite() -> None:
    """Twelve of sixteen directions are excited, so that the others grow until single precision loses them."""
    chance, machine = np.random.default_rng(0), MKOR(step_size=1.0)
    G, Q = np.ones((1, 16), np.float32), np.linalg.qr(chance.normal(size=(16, 16)))[0]
    restarts = []
    for _ in range(600):
        step = machine.step(G, activation=Q[:, :12] @ chance.normal(size=12), output_gradient=[1.0])
        restarts.append(step.counts["restarts"])
        assert float((step.update * G).sum()) < 0  # a direction of descent all the same
    assert sum(restarts) >= 1
    assert restarts.index(1) > 100


def test_mkor_with_a_stabilizer_below_the_decay_never_restarts() -> None:
    chance, machine = np.random.default_rng(0), MKOR(step_size=1.0, stabilizer=0.9)
    G, Q = np.ones((1, 16), np.float32), np.linalg.qr(chance.normal(size=(16, 16)))[0]
    for _ in range(600):
        step = machine.step(G, activation=Q[:, :12] @ chance.normal(size=12), output_gradient=[1.0])
        assert step.counts["restarts"] == 0


def test_mkor_steps_on_zeros_vectors_and_not_on_what_is_missing() -> None:
    machine = MKOR(step_size=1.0)
    assert not np.any(machine.step(np.zeros((2, 3)), activation=np.ones(3), output_gradient=np.ones(2)).update)
    unit = MKOR(step_size=1.0, normalize=True).step(np.ones((2, 3)), activation=np.zeros(3), output_gradient=np.ones(2))
    assert unit.counts["restarts"] == 0
    with pytest.raises(ValueError, match=r"`stabilizer` must be in \(0, 1\]; got 0"):
        MKOR(step_size=1.0, stabilizer=0.0)
    before = machine.get_state()
    for options in ({}, {"activation": np.ones(3)}, {"activation": np.ones(4), "output_gradient": np.ones(2)}):
        with pytest.raises(ValueError, match="must be"):
            machine.step(np.ones((2, 3)), **options)
    with pytest.raises(ValueError, match=r"`gradient` must be finite; got nan at \(0, 1\)"):
        machine.step([[1.0, np.nan, 0.0]] * 2, activation=np.ones(3), output_gradient=np.ones(2))
    after = machine.get_state()
    assert all(np.array_equal(before[key], after[key]) for key in before)
    plain = MKOR(step_size=0.5)
    assert plain.step([2.0, 4.0]).update.tolist() == [-1.0, -2.0]
    assert plain.state_bytes == plain.state_formula == 0
    for options in ({"activation": np.ones(3)}, {"output_gradient": "garbage"}):
        with pytest.raises(ValueError, match="must be left out where the gradient is a vector"):
            plain.step([2.0, 4.0], **options)
    assert plain.n_steps == 1


def test_mkor_at_the_ends_of_single_precision() -> None:
    one, large = np.eye(2, dtype=np.float32), np.float32(2.0**127)
    G = np.array([[1.0, 0.5], [0.25, 1.0]], np.float32)
    np.testing.assert_array_equal(preconditioned(np, large * one, G * large, large * one), G * large)
    found = []
    for size in (np.float32(1.0), large):
        inputs = {"activation": size * np.array([1.75, 1.75], np.float32), "output_gradient": [1.0, 0.0]}
        found.append(MKOR(step_size=1.0, normalize=True, decay=0.5).step(G, **inputs).update)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)


def test_mkor_rescales_before_weights_decay() -> None:
    """The step without decay has the norm of the gradient, and decay is added as it is."""
    G, W = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[10.0, -20.0], [30.0, 5.0]])
    inputs = {"activation": np.array([1.0, 3.0]), "output_gradient": np.array([2.0, 1.0])}
    plain = MKOR(step_size=0.5).step(G, **inputs).update
    assert np.linalg.norm(plain) == pytest.approx(0.5 * np.linalg.norm(G), rel=1e-12)
    decayed = MKOR(step_size=0.5, weight_decay=0.25).step(G, W, **inputs).update
    np.testing.assert_allclose(decayed, plain - 0.125 * W, rtol=1e-12)


def test_mkor_state_goes_on() -> None:
    chance = np.random.default_rng(2)
    data = [(chance.normal(size=(2, 3)), chance.normal(size=3), chance.normal(size=2)) for _ in range(6)]
    first, second = MKOR(step_size=1.0), MKOR(step_size=1.0)
    for G, a, d in data[:3]:
        first.step(G, activation=a, output_gradient=d)
    second.set_state(first.get_state())
    copied = first.copy()
    for G, a, d in data[3:]:
        updates = [one.step(G, activation=a, output_gradient=d).update for one in (first, second, copied)]
        assert np.array_equal(updates[0], updates[1])
        assert np.array_equal(updates[0], updates[2])
    with pytest.raises(ValueError, match="decay"):
        MKOR(step_size=1.0, decay=0.5).set_state(first.get_state())


@pytest.mark.parametrize("name", QUICK)
def test_mkor_keeps_the_callers_arrays(name: str) -> None:
    lib = backend(name)
    if name == "strictest":
        pytest.skip("the factorization of Cholesky is an extension")
    G, a, d = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([1.0, 3.0]), np.array([2.0, 1.0])
    due = MKOR(step_size=1.0).step(G, activation=a, output_gradient=d).update
    with lib.flags():
        found = MKOR(step_size=1.0).step(lib.asarray(G), activation=lib.asarray(a), output_gradient=lib.asarray(d))
        np.testing.assert_allclose(lib.to_numpy(found.update), due, rtol=1e-12)

"""Truncation in the metric of the inputs, against dense oracles and everybody else's matrices."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.matrix_compression import truncate
from proofs_checks.matrix_compression.layers.known_inputs import condition_limit, distilled_energy
from tests.rules.certificates.forging import with_gap


def layer(d_out: int, d_in: int, n: int, rng: Any = 0, *, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(rng)
    powers = np.geomspace(1, spread, d_in)
    return draw.normal(size=(d_out, d_in)), draw.normal(size=(n, d_in)) * powers @ np.linalg.qr(
        draw.normal(size=(d_in, d_in))
    )[0]


def at_output(W: np.ndarray, V: np.ndarray, X: np.ndarray) -> float:
    return float(np.linalg.norm(X @ (W - V).T))


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
@pytest.mark.parametrize("shape", [(6, 5), (5, 8), (1, 1), (7, 7)])
def test_plain(shape: tuple[int, int], unit: float) -> None:
    W = np.random.default_rng(0).normal(size=shape) * unit
    s = np.linalg.svd(W, compute_uv=False)
    for rank in range(min(shape) + 1):
        found = truncate(W, rank)
        assert np.linalg.norm(W - found.dense()) == pytest.approx(np.linalg.norm(s[rank:]), abs=1e-13 * s[0])
        np.testing.assert_allclose(found.singular_values, s, rtol=1e-13)
        assert found.certificate.verify(W)
        assert not found.certificate.verify(W * 1.01)


@pytest.mark.parametrize("units", [(1.0, 1.0), (1e-12, 1e12), (1e12, 1e-12), (1e150, 1e-150)])
@pytest.mark.parametrize(("d_out", "d_in", "n"), [(6, 5, 40), (6, 5, 3), (4, 9, 9), (5, 5, 1), (3, 8, 200)])
def test_whitened(d_out: int, d_in: int, n: int, units: tuple[float, float]) -> None:
    W, X = layer(d_out, d_in, n, spread=1e2)
    s = np.linalg.svd(W @ X.T, compute_uv=False)
    size = np.linalg.norm(s)
    u, v = units
    for rank in range(min(d_out, d_in) + 1):
        for given in (
            {"inputs": X * v},
            {"covariance": X.T @ X * v**2} if abs(np.log10(v)) < 100 else {"inputs": X * v},
        ):
            found = truncate(W * u, rank, **given)
            new = found.B / u @ found.A  # in the units of the oracle
            loose = 1e-12 if "inputs" in given else 1e-6  # squares of a covariance lose half of the digits
            assert at_output(W, new, X) == pytest.approx(np.linalg.norm(s[rank:]), abs=loose * size)
            assert found.error == pytest.approx(np.linalg.norm(s[rank:]) / size, abs=loose)
            assert found.certificate.verify((W * u, *given.values()))
            assert found.certificate.bound <= np.linalg.norm(s[rank:]) * u * v * (1 + 1e-12) + loose * size * u * v
            assert not found.certificate.verify((1.01 * W * u, *given.values()))
            assert found.B.shape[1] == found.A.shape[0] <= rank


def test_nobody_else_is_better_at_the_output() -> None:
    W, X = layer(6, 7, 30, spread=1e3)
    best = at_output(W, truncate(W, 2, inputs=X).dense(), X)
    rng = np.random.default_rng(1)
    others = [truncate(W, 2).dense()]
    V = rng.normal(size=(2, 7))
    for _ in range(50):  # alternating least squares from random starts
        U = np.linalg.lstsq(X @ V.T, X @ W.T, rcond=None)[0].T
        V = np.linalg.lstsq(U, W, rcond=None)[0]
        others.append(U @ V)
    assert min(at_output(W, one, X) for one in others) >= best * (1 - 1e-12)
    plain, condition = at_output(W, others[0], X), condition_limit(np.linalg.svd(X, compute_uv=False))
    assert 1.0 < plain / best <= condition


def test_the_factor_between_both_is_reached() -> None:
    t, d = 1e-3, 1e-2
    W, X = np.diag([1.0, 1 - t]), np.diag([d, 1.0])
    ratio = at_output(W, truncate(W, 1).dense(), X) / at_output(W, truncate(W, 1, inputs=X).dense(), X)
    assert ratio == pytest.approx((1 - t) / d, rel=1e-10)
    assert 0.99 <= ratio / condition_limit(np.linalg.svd(X, compute_uv=False)) <= 1


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
@pytest.mark.parametrize("n", [4, 30])
def test_distilled(n: int, unit: float) -> None:
    W, X = layer(5, 6, n)
    moved = X + 0.3 * np.random.default_rng(3).normal(size=X.shape)
    Y = X @ W.T
    P = np.linalg.pinv(moved) if n < 6 else np.linalg.inv(moved.T @ moved) @ moved.T
    inside = moved @ (P @ Y)
    s = np.linalg.svd(inside, compute_uv=False)
    size = np.linalg.norm(Y)
    for rank in range(6):
        found = truncate(W, rank, inputs=moved * unit, targets=Y)
        energy = distilled_energy(float(np.linalg.norm(Y - inside) ** 2), s, rank)
        error = np.linalg.norm(Y - moved @ (found.dense() * unit).T)
        assert error == pytest.approx(np.sqrt(energy), abs=1e-7 * size)
        assert found.certificate.bound == pytest.approx(np.sqrt(energy), abs=1e-7 * size)
        assert found.certificate.verify((W, moved * unit, Y))
        assert not found.certificate.verify((W, moved * unit, Y * 1.01))
        naive = np.linalg.norm(Y - moved @ truncate(W, rank, inputs=X).dense().T)
        assert error <= naive * (1 + 1e-9)


def test_epsilon_and_precision() -> None:
    W, X = layer(6, 5, 40)
    s = np.linalg.svd(W @ X.T, compute_uv=False)
    found = truncate(W.astype(np.float32), epsilon=0.3, inputs=X)
    rank = next(r for r in range(6) if np.linalg.norm(s[r:]) <= 0.3 * np.linalg.norm(s))
    assert (found.rank, found.B.dtype) == (rank, np.float32)
    assert found.certificate.verify((W.astype(np.float32), X))


def test_certificates_notice_other_numbers() -> None:
    W, X = layer(6, 5, 40)
    proof = truncate(W, 2, inputs=X).certificate
    assert not proof.verify((W, X + 0.1))
    assert not proof.verify((W[:5], X))
    with pytest.raises(TypeError, match="`problem` must be a pair"):
        proof.verify(W)
    lies = ({"achieved": 0.9 * proof.achieved}, {"achieved": np.inf}, {"bound": 1.1 * proof.bound})
    for change in (*lies, {"B": proof.B * 1.1}, {"metric": "targets"}):
        assert not with_gap(proof, **change).verify((W, X))
    assert not proof.verify((W, X, X @ W.T))  # another statement
    assert not dataclasses.replace(proof, gap=-1.0).verify((W, X))


def test_inputs_of_zeros() -> None:
    found = truncate(np.eye(3), 2, inputs=np.zeros((4, 3)))
    assert (found.error, found.rank) == (0.0, 0)
    assert found.certificate.verify((np.eye(3), np.zeros((4, 3))))


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"rank": None}, "`rank, epsilon` must be exactly one of these; got none of them."),
    ({"epsilon": 0.5}, "`rank, epsilon` must be exactly one of these; got rank and epsilon."),
    ({"W": np.ones(3)}, "`W` must be of shape (n, n); got (3,)."),
    ({"W": np.full((2, 3), np.nan)}, "`W` must be finite; got nan."),
    ({"inputs": np.ones((4, 2))}, "`inputs` must be of shape (n, 3); got (4, 2)."),
    (
        {"inputs": np.ones((4, 3)), "covariance": np.eye(3)},
        "`inputs, covariance` must be at most one of these; got inputs and covariance.",
    ),
    (
        {"targets": np.ones((4, 2))},
        "`inputs` must be given beside `targets`, the inputs of the compressed network; got None.",
    ),
    ({"inputs": np.ones((4, 3)), "targets": np.ones((3, 2))}, "`targets` must be of shape (4, 2); got (3, 2)."),
    ({"covariance": -np.eye(3)}, "`covariance` must be positive semidefinite; got -0.25."),
    ({"inputs": np.ones((0, 3))}, "`inputs` must be at least one sample; got (0, 3)."),
    ({"W": np.diag([1.5e308, 1.5e308])}, "`W` must be a matrix whose norm is in the range of doubles; got 1.5e+308."),
    (
        {"W": np.full((2, 3), 1e300), "inputs": np.full((4, 3), 1e300)},
        "`W, inputs` must be numbers whose products are in the range of doubles; got 1e+300.",
    ),
]


@pytest.mark.parametrize(("changed", "sentence"), REFUSED)
def test_refusals(changed: dict[str, Any], sentence: str) -> None:
    call: dict[str, Any] = {"W": np.ones((2, 3)), "rank": 1, **changed}
    with pytest.raises(ValueError) as error:
        truncate(call.pop("W"), **call)
    assert str(error.value) == sentence


def test_covariances_are_symmetric() -> None:
    with pytest.raises(ValueError, match="`covariance` must be symmetric"):
        truncate(np.ones((2, 2)), 1, covariance=[[1.0, 0.5], [0.0, 1.0]])


def test_inputs_that_repeat_each_other_do_not_blow_up_the_weight() -> None:
    """Directions that inputs have by rounding alone are none."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 5))
    Y = rng.normal(size=(30, 4))
    found = truncate(np.zeros((4, 5)), 4, inputs=X, targets=Y)
    assert np.linalg.norm(found.dense()) < 10
    best = np.linalg.lstsq(X, Y, rcond=1e-10)[0]
    np.testing.assert_allclose(found.dense(), best.T, atol=1e-10)


@pytest.mark.parametrize("unit", [1e-300, 1e-150, 1e150, 1e300])
def test_covariances_in_any_unit(unit: float) -> None:
    rng = np.random.default_rng(8)
    W, X = rng.normal(size=(4, 5)), rng.normal(size=(9, 5))
    plain, found = (truncate(W, 2, covariance=X.T @ X * u) for u in (1.0, unit))
    assert found.error == pytest.approx(plain.error, rel=1e-9)
    np.testing.assert_allclose(found.dense(), plain.dense(), rtol=1e-9)
    assert found.certificate.verify((W, X.T @ X * unit))


@pytest.mark.parametrize("option", [None, "inputs", "covariance", "targets"])
def test_exact_numbers_count_as_doubles(option: str | None) -> None:
    """Quarters are doubles, so that the factors are those of the doubles to the bit."""
    W, X = (np.round(4 * A) / 4 for A in layer(4, 3, 6))
    options = {None: {}, "inputs": {"inputs": X}, "covariance": {"covariance": X.T @ X}}
    options["targets"] = {"inputs": X, "targets": np.round(4 * X @ W.T)}
    exactly = np.vectorize(Fraction, otypes=[object])
    plain = truncate(W, 2, **options[option])
    found = truncate(exactly(W), 2, **{name: exactly(A) for name, A in options[option].items()})
    for one, other in ((found.B, plain.B), (found.A, plain.A)):
        assert one.dtype == np.float64
        np.testing.assert_array_equal(one, other)

"""The gadget against its sums, its decisions against enumeration, and derivatives against rigorous balls."""

from __future__ import annotations

import math
from fractions import Fraction

import flint
import numpy as np
import pytest

from lrtheory.bounds import Ball, exactly
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.hardness.norms import (
    first_derivative_bound,
    riemann_error_bound,
    second_derivative_bound,
    squared_norm_derivative,
)
from proofs_checks.lora_limits.hardness.reductions import reduce_to_adapters


def points(n: int, d: int, weight: int, rng: np.random.Generator) -> np.ndarray:
    return np.array([rng.permutation(np.r_[np.ones(weight), np.zeros(d - weight)]) for _ in range(n)])


def attend(gadget: theory.Gadget) -> np.ndarray:
    scores = gadget.beta * gadget.Q @ gadget.K.T
    f = np.exp(scores - scores.max(1, keepdims=True))
    return f @ gadget.V / f.sum(1, keepdims=True)


def test_half_of_each_row_is_at_the_maximum() -> None:
    rng = np.random.default_rng(0)
    gadget = theory.make_gadget(points(5, 6, 3, rng), points(5, 6, 3, rng), beta0=9.0)
    scores = gadget.beta * gadget.Q @ gadget.K.T
    np.testing.assert_allclose(scores[:, 5:], 4.5)
    assert scores.min() >= 0
    assert scores[:, :5].max() < 4.5
    assert np.abs(gadget.Q).max() == np.abs(gadget.K).max() == 3.0


def test_sums_are_recovered() -> None:
    rng = np.random.default_rng(1)
    a, b = points(20, 12, 5, rng), points(20, 12, 5, rng)
    for beta0 in (0.0, 5.0, 60.0):
        sums = [sum(math.exp(beta0 * float(x @ y) / 24) for y in b) for x in a]
        found = theory.log_pair_sums(attend(theory.make_gadget(a, b, beta0=beta0)), beta0=beta0)
        np.testing.assert_allclose(np.exp(found), sums, rtol=1e-9)


def test_decisions_above_the_threshold_are_right() -> None:
    rng = np.random.default_rng(2)
    n, d = 16, 10
    for planted in (True, False):
        for _ in range(20):
            a, b = points(n, d, 5, rng), points(n, d, 5, rng)
            b[:] = points(1, d, 5, rng)  # many partners at one inner product
            if planted:
                b[3] = a[0]
            products = (a @ b.T).astype(int)
            top = int(products.max())
            gaps = [top - value for value in np.unique(products) if value < top]
            if not gaps:
                continue
            beta0 = 1.0001 * theory.decisive_beta0(n, d, gap=min(gaps))
            found = theory.decide_pair(attend(theory.make_gadget(a, b, beta0=beta0)), top, n_bits=d, beta0=beta0)
            assert found.tolist() == (products.max(1) >= top).tolist()


def test_a_single_dominating_pair_is_no_tie() -> None:
    a = np.array(
        [[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 1, 1, 0, 0], [0, 1, 1, 1, 1, 0, 0, 0]]
    )
    b = np.array(
        [[1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1]]
    )
    missed = 0
    for beta0 in np.linspace(6, 400, 500).tolist():
        t = attend(theory.make_gadget(a, b, beta0=beta0))
        assert theory.decide_pair(t, 4, n_bits=8, beta0=beta0)[0]
        missed += theory.log_pair_sums(t, beta0=beta0)[0] < beta0 * 4 / 16
    assert missed > 0  # without the slack


def test_attention_outside_the_unit_interval_decides_nothing() -> None:
    assert theory.decide_pair([-0.1, 1.2, 0.5, 0.5], 0, n_bits=2, beta0=1.0).tolist() == [False, False]


def test_reduction_against_finite_differences() -> None:
    rng = np.random.default_rng(3)
    L, r, d, lam = 6, 2, 4, 0.7
    A1, A2, A3 = (rng.normal(size=(L, r)) for _ in range(3))
    found = reduce_to_adapters(A1, A2, A3, lam, d)

    def loss(A: np.ndarray) -> float:
        f = np.exp(found.beta * found.C1 @ (found.W + found.B @ A) @ found.C2.T)
        return 0.5 * float((((f / f.sum(1, keepdims=True)) @ found.C3) ** 2).sum())

    def small(X: np.ndarray) -> float:
        f = np.exp(A1 @ X @ A2.T / r)
        return 0.5 * float((((f / f.sum(1, keepdims=True)) @ A3) ** 2).sum())

    for k in range(r):
        for j in range(d):
            E = np.zeros((r, d))
            E[k, j] = 1e-5
            slope = (loss(found.A + E) - loss(found.A - E)) / 2e-5
            wanted = 0.0
            if j < r:
                wanted = (small(lam * np.eye(r) + E[:, :r]) - small(lam * np.eye(r) - E[:, :r])) / 2e-5
            assert slope == pytest.approx(wanted, abs=1e-8)


def norm_series(A: np.ndarray, V: np.ndarray, lam: int) -> list[float]:
    """F, F', F'' at lam by power series of rigorous balls."""
    with flint.ctx.workprec(200):
        flint.ctx.cap = 3
        x = flint.arb_series([lam, 1])
        total = flint.arb_series([0])
        for row in A.tolist():
            powers = [(x * int(value)).exp() for value in row]
            whole = sum(powers[1:], powers[0])
            for column in V.T.tolist():
                part = sum((w for w, v in zip(powers, column, strict=True) if v), flint.arb_series([0]))
                total = total + (part / whole) * (part / whole)
        return [float(total[k].mid()) * math.factorial(k) for k in range(3)]


def test_derivatives_and_their_bounds() -> None:
    rng = np.random.default_rng(4)
    for _ in range(40):
        n, d, b = int(rng.integers(1, 6)), int(rng.integers(1, 3)), int(rng.integers(1, 5))
        A, V = rng.integers(0, b + 1, size=(n, n)), rng.integers(0, 2, size=(n, d))
        lam = int(rng.integers(-2, 3))
        _, first, second = norm_series(A, V, lam)
        assert squared_norm_derivative(A.astype(float), V, float(lam)) == pytest.approx(first, abs=1e-10)
        ball = squared_norm_derivative(*(exactly(x.astype(float), Ball) for x in (A, V)), lam=Ball(lam))
        assert float(ball) == pytest.approx(first, abs=1e-10)
        assert abs(first) <= first_derivative_bound(n, d, b)
        assert abs(second) <= second_derivative_bound(n, d, b)


def test_the_first_bound_is_attained_and_the_printed_one_is_false() -> None:
    A = np.tile(np.repeat([3.0, 0.0], 6), (12, 1))
    V = np.tile(np.repeat([1.0, 0.0], 6)[:, None], (1, 40))
    slope = squared_norm_derivative(A, V, math.log(2) / 3)
    assert slope == pytest.approx(float(first_derivative_bound(12, 40, 3)))
    assert slope > 8 * 3 * 12


def test_the_constant_of_the_second_bound() -> None:
    mu = np.linspace(0, 1, 100001)
    assert (2 * mu**2 * (1 - mu) * (2 - mu)).max() <= second_derivative_bound(1, 1, 1)


def test_riemann_sums() -> None:
    rng = np.random.default_rng(5)
    A, V = rng.integers(0, 4, size=(5, 5)).astype(float), rng.integers(0, 2, size=(5, 2)).astype(float)
    start, end = (norm_series(A.astype(int), V.astype(int), lam)[0] for lam in (0, 1))
    curvature = float(second_derivative_bound(5, 2, 3))
    for m in (1, 4, 16):
        mean = np.mean([squared_norm_derivative(A, V, i / m) for i in range(m)])
        assert abs(mean - (end - start)) <= riemann_error_bound(curvature, m)
    assert riemann_error_bound(Fraction(3), 6) == Fraction(1, 4)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([[1, 2]], [[1, 0]], "`a` must be a matrix of bits"),
        ([[1, 0]], [[1, 0], [0, 1]], "`b` must be of shape"),
        ([[1, 1]], [[1, 1]], "`a` must be rows of one weight"),
        ([[1, 0]], [[0, 0]], "`a` must be rows of one weight"),
    ],
)
def test_bad_points(a, b, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        theory.make_gadget(a, b, beta0=1.0)


def test_bad_numbers() -> None:
    with pytest.raises(ValueError, match="`attention` must be"):
        theory.log_pair_sums([0.5], beta0=1.0)
    with pytest.raises(ValueError, match="`d` must be"):
        reduce_to_adapters([[1.0, 2.0]], [[1.0, 2.0]], [[1.0, 2.0]], 1.0, 1)
    with pytest.raises(ValueError, match="`gap` must be"):
        theory.decisive_beta0(4, 4, gap=0)


def test_a_scale_at_which_attention_underflows_is_refused():
    a = [[1, 1, 0, 0], [0, 1, 1, 0]]
    with pytest.raises(ValueError, match="`beta0` must be in"):
        theory.make_gadget(a, a, beta0=1e4)
    with pytest.raises(ValueError, match="`beta0` must be in"):
        theory.decide_pair(np.full(4, 0.5), 2, n_bits=4, beta0=1e4)

"""Polynomials of exp: their exact errors against dense grids and linear programs, and their features."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from lrtheory import lora_limits as ll
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.polynomials import KINDS
from lrtheory.lora_limits.products.features import feature_weights, monomials
from tests.lora_limits import oracles


def error_on_grid(polynomial, n=20001):
    s = np.linspace(-polynomial.bound, polynomial.bound, n)
    return np.abs(np.polynomial.polynomial.polyval(s, polynomial.coefficients) * np.exp(-s) - 1).max()


@pytest.mark.parametrize("kind", KINDS)
@given(bound=st.floats(0.05, 8), degree=st.integers(0, 16))
def test_the_error_is_the_supremum(kind, bound, degree):
    polynomial = ll.exp_polynomial(bound, degree=degree, kind=kind)
    seen = error_on_grid(polynomial)
    rounding = 1e-13 * math.exp(2 * bound)
    assert seen <= polynomial.error * (1 + 1e-9) + rounding
    assert polynomial.error <= seen * (1 + 1e-4) + rounding


@pytest.mark.parametrize(("bound", "degree"), [(0.5, 2), (1, 2), (1, 4), (4, 7), (2, 5), (8, 12)])
def test_minimax_is_what_a_linear_program_finds(bound, degree):
    """On a fine set of points the program's optimum is a lower bound, and close to the supremum of the best."""
    points = bound * np.cos(np.pi * np.arange(400) / 399)
    columns = np.polynomial.chebyshev.chebvander(points / bound, degree) * np.exp(-points)[:, None]
    one = np.ones((len(points), 1))
    found = linprog(
        np.eye(degree + 2)[-1],
        A_ub=np.block([[columns, -one], [-columns, -one]]),
        b_ub=np.concatenate([one, -one]).ravel(),
        bounds=[(None, None)] * (degree + 2),
    )
    best = ll.exp_polynomial(bound, degree=degree, kind="minimax").error
    assert best == pytest.approx(found.fun, rel=2e-3, abs=2e-7)
    assert best >= found.fun - 2e-7


def test_kinds_are_ordered():
    for bound in (0.3, 1, 3, 6):
        for degree in (1, 3, 6):
            errors = [ll.exp_polynomial(bound, degree=degree, kind=kind).error for kind in KINDS]
            assert errors[2] <= errors[1] * (1 + 1e-9)
            assert errors[2] <= errors[0] * (1 + 1e-9)


#: minimal degrees of Taylor, Chebyshev series and minimax for relative errors of 1e-2, 1e-4, 1e-6
TABLE = {0.25: "222 433 544", 0.5: "322 544 765", 1: "543 765 977", 2: "865 11-8-7 14-10-9"}
TABLE[4] = "15-10-7 19-13-10 21-15-13"


@pytest.mark.parametrize("bound", TABLE)
def test_minimal_degrees(bound):
    for target, cell in zip((1e-2, 1e-4, 1e-6), TABLE[bound].split(), strict=True):
        known = [int(g) for g in (cell.split("-") if "-" in cell else cell)]
        assert [ll.exp_polynomial(bound, epsilon=target, kind=kind).degree for kind in KINDS] == known


def test_a_bound_of_zero_and_calls():
    assert ll.exp_polynomial(0.0, degree=0).error == 0
    square = ll.exp_polynomial(1.0, degree=2)
    assert square(2.0) == 5
    assert square(np.array([0.0, 2.0])).tolist() == [1, 5]


# --- features --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "degree"), [(1, 0), (1, 5), (2, 3), (3, 4), (4, 2), (5, 1)])
def test_monomials_are_all_monomials_once(d, degree, xp):
    primes = np.array([2.0, 3, 5, 7, 11])[None, :d]
    expected = sorted(math.prod(p**e for p, e in zip(primes[0], a, strict=True)) for a in oracles.exponents(d, degree))
    found = xp.to_numpy(monomials(xp.namespace, xp.asarray(primes), degree))[:, 0]
    np.testing.assert_array_equal(np.sort(found), expected)
    np.testing.assert_array_equal(found, monomials(np, primes, degree)[:, 0])
    assert len(found) == theory.n_features(d, degree)


@pytest.mark.parametrize(("d", "degree"), [(1, 4), (2, 4), (3, 3), (4, 5)])
def test_weights_are_multinomial_coefficients(d, degree):
    a = np.arange(1, degree + 2) / 7
    primes = np.array([2.0, 3, 5, 7])[None, :d]
    expected = {}
    for exponents in oracles.exponents(d, degree):
        value = math.prod(p**e for p, e in zip(primes[0], exponents, strict=True))
        ways = math.factorial(sum(exponents)) / math.prod(map(math.factorial, exponents))
        expected[value] = a[sum(exponents)] * ways
    values, weights = monomials(np, primes, degree)[:, 0], feature_weights(a, d)
    np.testing.assert_allclose(weights, [expected[value] for value in values], rtol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_factors_give_the_polynomial_of_the_logits(xp, kind):
    rng = np.random.default_rng(0)
    Q, K = rng.normal(size=(40, 3)) / 2, rng.normal(size=(50, 3)) / 2
    polynomial = ll.exp_polynomial(3.0, degree=5, kind=kind)
    U, V = (xp.to_numpy(side) for side in ll.attention_factors(xp.asarray(Q), xp.asarray(K), polynomial))
    expected = np.polynomial.polynomial.polyval(Q @ K.T, polynomial.coefficients)
    np.testing.assert_allclose(U @ V.T, expected, rtol=1e-11, atol=1e-12)
    assert U.shape[1] == theory.n_features(3, 5)


def test_the_rank_is_the_number_of_features():
    rng = np.random.default_rng(1)
    Q, K = rng.normal(size=(2, 60, 3))
    U, V = ll.attention_factors(Q, K, ll.exp_polynomial(2.0, degree=3))
    assert np.linalg.matrix_rank(U @ V.T) == theory.n_features(3, 3) == 20


def test_minimax_is_refused_where_rounding_hides_which_is_best() -> None:
    """Its error falls with the degree, is never above that of the Chebyshev series, and is not made up beyond."""
    for bound, reached in ((8.0, 19), (12.0, 18), (15.0, 17)):
        errors = [ll.exp_polynomial(bound, degree=degree, kind="minimax").error for degree in range(reached)]
        assert (np.diff(errors) < 0).all()
        for degree, error in enumerate(errors):
            assert error <= ll.exp_polynomial(bound, degree=degree, kind="chebyshev").error * (1 + 1e-9)
    with pytest.raises(ValueError, match="`degree` must be smaller for exp on .* where rounding hides"):
        ll.exp_polynomial(8.0, degree=24, kind="minimax")
    assert [ll.exp_polynomial(8.0, epsilon=error, kind="minimax").degree for error in (1e-2, 1e-4, 1e-6)] == [
        12,
        16,
        19,
    ]
    with pytest.raises(ValueError, match="`epsilon` must be"):
        ll.exp_polynomial(15.0, epsilon=1e-9, kind="minimax")


@pytest.mark.parametrize("bound", [5e-324, 1e-310, 1e-160, 1e-100, 1e-20, 1e-9])
@pytest.mark.parametrize("kind", KINDS)
def test_bounds_near_zero(kind: str, bound: float) -> None:
    for degree in (0, 3, 8):
        found = ll.exp_polynomial(bound, degree=degree, kind=kind)
        np.testing.assert_allclose(found.coefficients, [1 / math.factorial(k) for k in range(degree + 1)], rtol=1e-6)
        assert found.error == pytest.approx(math.exp(bound) * bound ** (degree + 1) / math.factorial(degree + 1), 1e-6)
    assert ll.exp_polynomial(bound, epsilon=1e-5, kind=kind).degree == 0


def test_tables_that_do_not_fit_are_refused() -> None:
    X = np.ones((300, 64))
    with pytest.raises(ValueError, match="`polynomial` must be of a smaller degree"):
        ll.attention_factors(X, X, ll.exp_polynomial(1.0, degree=12))
    with pytest.raises(TypeError, match="`polynomial` must be a Polynomial"):
        ll.attention_factors(X, X, 3)


@pytest.mark.parametrize("kind", ["taylor", "chebyshev", "minimax"])
def test_values_of_integers_lists_and_numbers(kind):
    """Integers are not rounded, and a list counts as an array."""
    polynomial = ll.exp_polynomial(2.0, degree=3, kind=kind)
    wanted = [polynomial(float(s)) for s in (-2, 0, 1)]
    assert all(type(value) is float for value in wanted)
    for points in ([-2, 0, 1], np.array([-2, 0, 1]), np.array([-2.0, 0.0, 1.0])):
        assert polynomial(points).tolist() == wanted
    with pytest.raises(ValueError, match="without a mask"):
        polynomial(np.ma.masked_array([1.0], mask=[True]))

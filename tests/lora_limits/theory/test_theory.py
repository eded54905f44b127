"""Formulas of `theory` against rigorous balls, dense grids, enumeration and perturbed attention."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from scipy.special import iv

from lrtheory.bounds import Ball
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.approximation.degree_orders import degree_order
from proofs_checks.lora_limits.approximation.exponents import feature_exponent, norm_logit_bound
from proofs_checks.lora_limits.beyond_attention.linear_targets import linear_target_error
from proofs_checks.lora_limits.beyond_attention.scalings import lora_plus_rates
from proofs_checks.lora_limits.beyond_attention.spurious_minima import rank_without_spurious_minima
from proofs_checks.lora_limits.chain.computations import error_multiplier
from proofs_checks.lora_limits.cube.spectra import multilinear_features


def dense_error(coefficients: list[flint.arb], M: float) -> float:
    """The largest |P(s) exp(-s) - 1| on a grid of 2001 points, in 200 bits."""
    with flint.ctx.workprec(200):
        worst = flint.arb(0)
        for k in range(2001):
            s = flint.arb(M) * flint.arb(flint.fmpq(k - 1000, 1000))
            value = flint.arb(0)
            for a in reversed(coefficients):
                value = value * s + a
            worst = max(worst, abs(value * (-s).exp() - 1), key=lambda x: float(x.mid()))
        return float(worst.mid())


@pytest.mark.parametrize(("degree", "M"), [(0, 0.5), (1, 1.0), (4, 2.0), (10, 4.0), (20, 8.0)])
def test_errors_of_polynomials_against_a_grid(degree: int, M: float) -> None:
    with flint.ctx.workprec(200):
        taylor = [flint.arb(flint.fmpq(1, math.factorial(k))) for k in range(degree + 1)]
        x = flint.arb_poly([0, 1])
        series, powers = flint.arb_poly([0]), [flint.arb_poly([1]), x]
        for k in range(degree + 1):
            while len(powers) <= k:
                powers.append(2 * x * powers[-1] - powers[-2])
            series = series + (1 if k == 0 else 2) * flint.arb(M).bessel_i(k) * powers[k]
        chebyshev = [series[k] / flint.arb(M) ** k for k in range(degree + 1)]
    assert theory.taylor_error(degree, M) == pytest.approx(dense_error(taylor, M), rel=1e-12)
    # the grid misses the place of an inner extremum by 1/1000 of M, so the height by about the square of that
    assert theory.chebyshev_error(degree, M) == pytest.approx(dense_error(chebyshev, M), rel=1e-4)
    assert theory.taylor_error(degree, M) <= theory.taylor_certificate(degree, M)


def test_balls_and_doubles_agree() -> None:
    for degree, M in ((0, 1), (3, 2), (12, 5)):
        assert float(theory.taylor_error(degree, Ball(M))) == pytest.approx(theory.taylor_error(degree, float(M)))
        assert float(theory.taylor_certificate(degree, Ball(M))) == pytest.approx(theory.taylor_certificate(degree, M))


def test_table_of_minimal_degrees() -> None:
    kinds = ("certificate", "taylor", "chebyshev")
    table = {M: [[theory.min_degree(M, e, kind=k) for k in kinds] for e in (1e-2, 1e-6)] for M in (0.25, 2.0, 8.0)}
    assert table == {
        0.25: [[2, 2, 2], [5, 5, 4]],
        2.0: [[9, 8, 6], [14, 14, 10]],
        8.0: [[30, 30, 19], [36, 36, 24]],
    }


@pytest.mark.parametrize(("degree", "M"), [(0, 0.25), (2, 1.0), (5, 1.0), (8, 4.0), (8, 8.0), (3, 60.0)])
def test_bracket_against_sums_of_bessel_functions(degree: int, M: float) -> None:
    with flint.ctx.workprec(200):
        orders = range(degree + 1, degree + 400)
        upper = 2 * sum((flint.arb(M).bessel_i(k) for k in orders), flint.arb(0))
        lower = 2 * sum((flint.arb(M).bessel_i(k) for k in orders[:: 2 * (degree + 1)]), flint.arb(0))
    found = theory.chebyshev_bracket(degree, M)
    assert found == pytest.approx((float(lower.mid()), float(upper.mid())), rel=1e-12)


@pytest.mark.parametrize("M", [5e-324, 1e-310, 1e-160, 1e-20, 1e-8, 1e-3])
def test_bracket_near_zero(M: float) -> None:
    for degree in (0, 1, 3):
        first = 2 * (M / 2) ** (degree + 1) / math.factorial(degree + 1)
        assert theory.chebyshev_bracket(degree, M) == pytest.approx((first, first), rel=1e-3)
    assert theory.degree_bracket(M, 0.5) == (0, 0)
    assert theory.chebyshev_error(0, M) == pytest.approx(M, rel=2e-3)


def test_brackets_differ_by_more_than_one_degree_for_large_errors() -> None:
    assert theory.degree_bracket(16.0, math.exp(16) / 2) == (0, 3)


def holds_on(low: Fraction, high: Fraction, holds, *, smallest: Fraction = Fraction(1, 2**12)) -> int:
    """How many balls cover [low, high], on each of which `holds` is certain."""
    stack, balls = [(low, high)], 0
    while stack:
        start, end = stack.pop()
        balls += 1
        middle, radius = (start + end) / 2, (end - start) / 2
        if holds(flint.arb(float(middle), float(radius))):
            continue
        assert end - start > smallest, (start, end)
        stack += [(start, middle), (middle, end)]
    return balls


def test_the_certificate_costs_one_degree_on_balls_that_cover_the_bounds() -> None:
    """c(g+1) <= eta(g) or eta(g) > 11/5, divided by M^(g+1) / (g+1)!, with the series of eta in positive terms."""

    def holds(M: flint.arb, degree: int) -> bool:
        terms, term = flint.arb(0), flint.arb(1)
        for k in range(80):  # (g+1) sum_k M^k / (k! (g+1+k)), a lower bound where it is cut
            terms += term * (degree + 1) / (degree + 1 + k)
            term = term * M / (k + 1)
        size = M ** (degree + 1) / math.factorial(degree + 1)
        return bool(M.exp() * M / (degree + 2) <= terms) or bool(terms * size > flint.arb(flint.fmpq(11, 5)))

    balls = [holds_on(Fraction(0), Fraction(8), lambda M, g=g: holds(M, g)) for g in range(20)]
    assert max(balls) > 1  # some of them had to be divided
    at = flint.arb(19) / 16
    assert float(at.exp().mid()) - 1 < 2.3 < float((at.exp() * at * at / 2).mid())  # what is just beyond fails


def test_the_bracket_costs_one_degree_on_balls_that_cover_the_bounds() -> None:
    """sum_{k > n} I_k <= I_n or I_n > 1, divided by (M/2)^n / n!, with the series of the Bessel functions."""

    def bessel(M: flint.arb, k: int, n: int) -> flint.arb:
        """I_k(M) divided by (M/2)^n / n!, all terms positive, cut where the rest is below the last one."""
        half, total = M / 2, flint.arb(0)
        term = half ** (k - n) * math.factorial(n) / math.factorial(k)
        for j in range(1, 60):
            total += term
            term = term * half * half / j / (j + k)
        return total + 2 * term.union(flint.arb(0))

    def holds(M: flint.arb, n: int) -> bool:
        own = bessel(M, n, n)
        if own * (M / 2) ** n / math.factorial(n) > 1:
            return True
        last = n + 60  # ratios are below M / (2 k), so that the rest is at most the last one
        return bool(sum((bessel(M, k, n) for k in range(n + 1, last)), bessel(M, last, n)) <= own)

    balls = [holds_on(Fraction(0), Fraction(16), lambda M, n=n: holds(M, n)) for n in range(1, 18)]
    assert max(balls) > 1


def test_order_of_the_degree_changes_its_branch() -> None:
    assert degree_order(8.0, 1e-4) == 8.0
    assert degree_order(0.25, 1e-2) == pytest.approx(1.58, abs=0.01)


def perturbed(f: np.ndarray, tilts: np.ndarray) -> np.ndarray:
    tilted = f * tilts
    return tilted / tilted.sum(-1, keepdims=True)


@pytest.mark.parametrize("eta", [0.01, 0.5, 0.9, 0.999])
def test_no_corner_of_the_box_moves_a_row_further_than_the_tilt_bound(eta: float) -> None:
    x = (math.sqrt(1 - eta * eta) - 1) / eta
    tight = np.array([(1 + x) / 2, (1 - x) / 2])
    moved = np.abs(perturbed(tight, np.array([1 + eta, 1 - eta])) - tight).sum()
    assert moved == pytest.approx(theory.tilt_bound(eta), rel=1e-9)
    rows = np.random.default_rng(0).dirichlet(np.full(6, 0.5), size=50)
    corners = 1 + eta * np.array(list(itertools.product((-1, 1), repeat=6)))
    distances = np.abs(perturbed(rows[:, None], corners) - rows[:, None]).sum(-1)
    assert distances.max() <= theory.tilt_bound(eta) * (1 + 1e-12)


def test_the_tilt_bound_is_inverted() -> None:
    for tau in (1e-12, 1e-3, 0.5, 1.0):
        assert theory.tilt_bound(theory.relative_error_for(tau, 1.0)) == pytest.approx(tau, rel=1e-12)
    assert theory.relative_error_for(5.0, 2.0) == theory.relative_error_for(1.0, 0.0) == 0.8
    assert theory.relative_error_for(Fraction(1, 2), Fraction(1)) == Fraction(8, 17)


def chain(f: np.ndarray, C3: np.ndarray, Y: np.ndarray) -> dict[str, np.ndarray]:
    """The chain by loops over rows, with the Jacobian diag(f) - f f^T."""
    c = f @ C3 - Y
    q = np.array([[c_i @ v for v in C3] for c_i in c])
    p = np.array([(np.diag(row) - np.outer(row, row)) @ q_i for row, q_i in zip(f, q, strict=True)])
    return {"output": c, "q": q, "p1": f * q, "row_means": (f * q).sum(1), "p2": f * q - p, "p": p}


def test_certificate_bounds_every_matrix_of_the_chain() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        L, d = int(rng.integers(1, 9)), int(rng.integers(1, 4))
        C1, C2, C3, Y = (rng.normal(size=(L, d)) for _ in range(4))
        eta = float(rng.choice([0.01, 0.5, 0.95]))
        f = rng.dirichlet(np.full(L, 0.5), size=L)
        near = perturbed(f, 1 + eta * rng.choice([-1.0, 1.0], size=(L, L)))
        exact, moved = chain(f, C3, Y), chain(near, C3, Y)
        bounds = theory.error_certificate(eta, C1, C2, C3, Y, beta=0.5, q_max=float(np.abs(exact["q"]).max()))
        for name in ("output", "q", "row_means"):
            assert np.abs(moved[name] - exact[name]).max() <= getattr(bounds, name) * (1 + 1e-12) + 1e-13
        for name in ("p1", "p2", "p"):
            assert np.abs(moved[name] - exact[name]).sum(1).max() <= getattr(bounds, name) * (1 + 1e-12) + 1e-13
        difference = moved["p"] - exact["p"]
        assert np.abs(0.5 * C1.T @ difference @ C2).max() <= bounds.gradient + 1e-13
        keys = theory.key_gradient_bound(bounds.p, C2, C1, beta=0.5)
        assert np.abs(0.5 * C2.T @ difference.T @ C1).max() <= keys + 1e-13
        values = theory.value_gradient_bound(eta, C1, exact["output"], spread=float(np.ptp(C3, axis=0).max()))
        assert np.abs(C1.T @ (near.T @ moved["output"] - f.T @ exact["output"])).max() <= values + 1e-13
        multiplier = error_multiplier(C1, C2, C3, Y, 0.5)
        assert bounds.gradient <= theory.tilt_bound(eta) * multiplier * (1 + 1e-12)


def test_certificate_takes_fractions_where_no_root_is_needed() -> None:
    third = np.array([[Fraction(1, 3)]], dtype=object)
    assert theory.gradient_bound(Fraction(3), third, third, beta=Fraction(1, 2)) == Fraction(1, 6)
    assert theory.adapter_factors(third, 2 * third, scale=Fraction(6)) == (Fraction(4), Fraction(2))
    assert theory.logit_bound(third, third, beta=Fraction(9)) == Fraction(1)


def test_logit_bounds_hold_for_sums_of_absolute_products_too() -> None:
    rng = np.random.default_rng(2)
    for scale in (1.0, 1e-200, 1e150):
        X, Y = scale * rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
        sums = np.einsum("ia,ja->ij", np.abs(X), np.abs(Y)).max()
        bound = theory.logit_bound(X, Y, beta=2.0)
        assert 2 * sums <= bound * (1 + 1e-12)
        entries = norm_logit_bound(np.abs(X).max(), np.abs(Y).max(), 3, 2.0)
        assert bound <= entries * (1 + 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_floor_covers_cancellation_that_the_largest_logit_hides(dtype: type) -> None:
    x, y = np.array([4.0, 4.0], dtype), np.array([4.0, -4.0 + 1 / 64], dtype)
    degree = 9
    a = [1 / math.factorial(k) for k in range(degree + 1)]
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    features = [np.prod([x[0] ** i, x[1] ** j, y[0] ** i, y[1] ** j], dtype=dtype) for i, j in powers]
    weights = [a[i + j] * math.comb(i + j, i) for i, j in powers]
    found = float(sum((w * u for w, u in zip(np.array(weights, dtype), features, strict=True)), dtype(0)))
    s = float(Fraction(float(x[0])) * Fraction(float(y[0])) + Fraction(float(x[1])) * Fraction(float(y[1])))
    M, N = abs(s), float(np.abs(x) @ np.abs(y))
    floor = theory.rounding_floor(a, N, n_variables=2, bound=M, dtype=dtype)
    error = abs(found * math.exp(-s) - 1)
    assert error <= theory.taylor_error(degree, M) + floor
    if dtype is np.float32:  # the certificate without the floor is wrong
        assert error > theory.taylor_error(degree, M)


def test_counts_of_features_by_enumeration() -> None:
    for d, g in itertools.product(range(1, 5), range(5)):
        multi = [m for m in itertools.product(range(g + 1), repeat=d) if sum(m) <= g]
        assert theory.n_features(d, g) == len(multi) <= theory.as23_rank(d, g)
        assert multilinear_features(d, g) == len({tuple(k % 2 for k in m) for m in multi})
    assert theory.as23_rank(8, 4) == 735471


def test_exponent_of_the_features() -> None:
    for n in (10**3, 10**5):
        count = math.lgamma(3 * n + 1) - math.lgamma(2 * n + 1) - math.lgamma(n + 1)
        assert count / n == pytest.approx(feature_exponent(2, 1), abs=math.log(3 * n + 1) / n)
    assert feature_exponent(1, 0) == feature_exponent(0, 1) == 0


@pytest.mark.parametrize(
    ("a", "b"), [(3, 1e-12), (1e-12, 3), (2, 1), (1, 256), (7, 1e-300), (5e-324, 1.0), (1e-200, 1e200)]
)
def test_exponent_of_the_features_against_balls(a: float, b: float) -> None:
    """Without cancellation where one share is far below the other, and without overflow of their quotient."""
    with flint.ctx.workprec(400):
        n = flint.arb(a) + flint.arb(b)
        wanted = float((flint.arb(a) * (n / a).log() + flint.arb(b) * (n / b).log()).mid())
    assert feature_exponent(a, b) == pytest.approx(wanted, rel=1e-14)


def test_the_exponent_falls_to_a_64th_with_degrees_up_to_256_times_the_variables() -> None:
    shares = [2.0**k for k in range(-20, 9)]
    assert all(feature_exponent(1, b / 4**7) <= feature_exponent(1, b) / 64 for b in shares)
    assert feature_exponent(1, 368 / 4**7) > feature_exponent(1, 368) / 64


def test_break_even_is_where_the_products_meet() -> None:
    for d, k, rank in ((8, 45, None), (64, 2145, 4), (3, 7, 1)):
        L = theory.break_even_length(d, k, rank=rank)
        exact = theory.flop_model(1, 1, d, rank=rank) * L * L
        table = (d + 1) ** 2 if rank is None else (d + 1) * (2 * rank + 1)
        assert exact == pytest.approx(4 * L * k * table)
        low = theory.flop_model(1, 1, d, n_features=k, rank=rank)
        assert low - 4 * k * table == (2 if rank is None else 3) * k


def test_scales_and_rates() -> None:
    assert (theory.lora_scale(16, 4), theory.rslora_scale(16, 4)) == (4.0, 8.0)
    assert lora_plus_rates(64, 2.0) == (1 / 32, 2.0)
    for n in range(1, 60):
        ranks = [r for r in range(1, 60) if r * (r + 1) // 2 > n]
        assert rank_without_spurious_minima(n, 1) == ranks[0]


def test_adapters_reach_the_best_distance_and_no_more_rank() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        D, layers, rank = int(rng.integers(2, 8)), int(rng.integers(1, 4)), int(rng.integers(1, 3))
        weights = [rng.normal(size=(D, D)) + 3 * np.eye(D) for _ in range(layers)]
        target = rng.normal(size=(D, D))
        found = theory.adapters_for_linear_target(weights, target, rank=rank)
        product = np.eye(D)
        for W, delta in zip(weights, found, strict=True):
            assert np.linalg.matrix_rank(delta, tol=1e-9 * np.linalg.norm(delta)) <= rank
            product = (W + delta) @ product
        best = linear_target_error(weights, target, rank)
        assert np.linalg.norm(product - target, 2) == pytest.approx(best, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.taylor_error(-1, 1.0), "`degree` must be"),
        (lambda: theory.taylor_error(1, 301.0), "`bound` must be"),
        (lambda: theory.min_degree(1.0, 0.0), "`epsilon` must be"),
        (lambda: theory.min_degree(1.0, 0.1, kind="best"), "`kind` must be"),
        (lambda: theory.min_degree(300.0, 1e-300), "`epsilon` must be reachable"),
        (lambda: theory.tilt_bound(1.0), "`eta` must be"),
        (lambda: degree_order(1.0, 1.0), "`delta` must be"),
        (lambda: theory.error_certificate(0.1, [[1.0]], [[1.0]], [[1.0]], [[1.0, 2.0]], beta=1.0), "`Y` must be"),
        (lambda: theory.logit_bound([1.0], [[1.0]], beta=1.0), "`X` must be"),
        (lambda: theory.gradient_bound(1.0, [[1.0]], [[1.0]], beta=-1.0), "`beta` must be"),
        (lambda: theory.lora_scale(1.0, 0), "`rank` must be"),
        (lambda: lora_plus_rates(3, 0.0), "`base` must be"),
        (
            lambda: theory.adapters_for_linear_target([np.eye(2), np.zeros((2, 2))], np.eye(2), rank=1),
            "`weights` must be",
        ),
        (lambda: theory.adapters_for_linear_target([], np.eye(2), rank=1), "`weights` must be"),
    ],
)
def test_bad_arguments(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_bessel_functions_of_the_bracket_are_those_of_scipy() -> None:
    assert theory.chebyshev_bracket(2, 1.0)[1] == pytest.approx(2 * iv(np.arange(3, 60), 1.0).sum())


@pytest.mark.parametrize("bound", [0.0, 0.01, 0.25, 1.0, 3.0, 10.0, 40.0])
@pytest.mark.parametrize("epsilon", [3.0, 0.5, 1e-3, 1e-8, 1e-30, 1e-200])
def test_a_sufficient_degree_is_enough_and_not_far_from_the_least(bound, epsilon):
    degree = theory.sufficient_degree(bound, epsilon)
    assert theory.taylor_certificate(degree, bound) <= epsilon
    least = theory.min_degree(bound, epsilon, kind="certificate")
    assert least <= degree <= 2 * least + 6 * bound + 6

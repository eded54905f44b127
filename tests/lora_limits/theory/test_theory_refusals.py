"""Arguments of formulas that are refused, each with one sentence that names it: tables of calls."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory import lora_limits as ll
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.beyond_attention.scalings import lora_plus_rates
from proofs_checks.lora_limits.chain.computations import error_multiplier
from proofs_checks.lora_limits.cube.spectra import hypercube_spectrum
from proofs_checks.lora_limits.hardness.norms import squared_norm_derivative
from proofs_checks.lora_limits.hardness.reductions import reduce_to_adapters

NAN, INF = float("nan"), float("inf")
X, Y = np.ones((4, 3)), np.zeros((4, 3))
EYE = np.eye(3)


def refused(call, sentence, error=ValueError):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence), str(caught.value)


MATRICES = (X, X, X, Y)
FORMULAS = {
    "widths of logits": (lambda: theory.logit_bound(X, X[:, :2], beta=1), "`Y` must be of 3 columns, as X has"),
    "ranks of adapters": (lambda: theory.adapter_factors(X, X), "`B` must be of 4 columns, as A has rows"),
    "keys of a certificate": (lambda: theory.error_certificate(0.1, X, X, X[:2], Y, beta=1), "`C3` must be of 4 rows"),
    "labels of a certificate": (lambda: theory.error_certificate(0.1, X, X, X, Y[:2], beta=1), "`Y` must be of shape"),
    "a negative scale": (lambda: theory.error_certificate(0.1, *MATRICES, beta=1, scale=-2), "`scale` must be in [0,"),
    "a negative bound": (lambda: theory.gradient_bound(-1, X, X, beta=1), "`row_bound` must be in [0, inf); got -1"),
    "one of keys": (lambda: theory.key_gradient_bound(-1, X, X, beta=1), "`row_bound` must be in [0, inf); got -1"),
    "labels of a multiplier": (lambda: error_multiplier(X, X, X, Y[:2], 1), "`Y` must be of shape"),
    "values of a multiplier": (lambda: error_multiplier(X, X, X[:3], Y, 1), "`C3` must be of 4 rows"),
    "scores and values": (
        lambda: squared_norm_derivative(X, X, 1.0),
        "`V` must be of 3 rows, as scores has",
    ),
    "an integer type": (lambda: floor(dtype=np.int32), "`dtype` must be float64 or float32; got <class 'numpy.int32'>"),
    "half precision": (lambda: floor(dtype=np.float16), "`dtype` must be float64 or float32"),
    "no type": (lambda: floor(dtype="nope"), "`dtype` must be float64 or float32; got 'nope'"),
    "no coefficients": (lambda: floor([]), "`coefficients` must be a sequence of at least one number"),
    "one row": (lambda: theory.gradient_bound(1, X[0], X, beta=1), "`C1` must be a non-empty matrix"),
    "ragged rows": (
        lambda: theory.gradient_bound(1, [[1.0], [1.0, 2.0]], X, beta=1),
        "`C1` must be an array with rows",
    ),
    "levels": (lambda: theory.spectral_rank_bound([1.0, 0.5], [1], allowed=0.1), "`multiplicities` must be 2 numbers"),
    "an infinite alpha": (lambda: theory.lora_scale(INF, 2), "`alpha` must be in (-inf, inf)"),
    "an infinite step": (lambda: lora_plus_rates(2, INF), "`base` must be in (0, inf)"),
    "an infinite Gamma": (lambda: theory.make_hypercube(2, INF), "`gamma` must be in [0, inf)"),
    "a negative Gamma": (lambda: hypercube_spectrum(2, -1.0), "`Gamma` must be in [0, inf)"),
    "an infinite lambda": (
        lambda: reduce_to_adapters(X, X, X, INF, 3),
        "`lam` must be in (-inf, inf)",
    ),
    "rounding hides it": (
        lambda: chebyshev(16),
        "`epsilon` must be larger: on [-16, 16] rounding, about 0.0088, hides",
    ),
    "and far beyond": (
        lambda: chebyshev(300),
        "`epsilon` must be larger: on [-300, 300] rounding, about 4.2e+244, hides",
    ),
    "in a polynomial": (lambda: ll.exp_polynomial(16, epsilon=1e-6, kind="chebyshev"), "`epsilon` must be larger: on"),
}


def floor(coefficients=(1.0, 1.0), **options):
    return theory.rounding_floor(coefficients, 1.0, n_variables=2, **options)


def chebyshev(bound):
    return theory.min_degree(bound, 1e-6, kind="chebyshev")


@pytest.mark.parametrize("case", FORMULAS)
def test_formulas(case):
    refused(FORMULAS[case][0], FORMULAS[case][1])


def test_strings_are_no_numbers():
    refused(lambda: theory.gradient_bound(1, [["a"]], X, beta=1), "`C1` must be an array of numbers", TypeError)
    refused(lambda: theory.logit_bound([[None]], X, beta=1), "`X` must be a number; got None", TypeError)
    refused(lambda: floor([[1.0]]), "`coefficients` must be a number; got [1.0]", TypeError)


#: each formula with numbers that it takes; every one of them is replaced by NaN, one after the other
NUMBERS = {
    "adapter_factors": ((X, X.T), {"scale": 1.0}),
    "chebyshev_bracket": ((2, 1.0), {}),
    "chebyshev_error": ((2, 1.0), {}),
    "decide_pair": (([0.5, 0.5], 1), {"n_bits": 2, "beta0": 1.0}),
    "decisive_beta0": ((4, 4), {"gap": 1}),
    "degree_bracket": ((1.0, 0.1), {}),
    "entry_error": ((0.5,), {}),
    "error_certificate": ((0.5, *MATRICES), {"beta": 1.0, "q_max": 1.0, "scale": 1.0}),
    "break_even_length": ((2, 2), {"rank": 1}),
    "flop_model": ((2, 2, 2), {"n_features": 2, "rank": 1}),
    "gradient_bound": ((1.0, X, X), {"beta": 1.0}),
    "hypercube_gradient": ((np.ones((4, 1)), np.ones((4, 1))), {"gamma": 1.0}),
    "hypercube_rank_lower_bound": ((4, 0.1, 0.5), {}),
    "key_gradient_bound": ((1.0, X, X), {"beta": 1.0}),
    "log_pair_sums": (([0.5, 0.5],), {"beta0": 1.0}),
    "logit_bound": ((X, X), {"beta": 1.0}),
    "lora_scale": ((1.0, 1), {}),
    "rslora_scale": ((1.0, 1), {}),
    "make_gadget": (([[1.0, 0.0]], [[1.0, 0.0]]), {"beta0": 1.0}),
    "make_hypercube": ((2, 1.0), {}),
    "min_degree": ((1.0, 0.1), {}),
    "sufficient_degree": ((1.0, 0.1), {}),
    "rank_exponent_limit": ((0.1, 0.5), {}),
    "relative_error_for": ((0.1, 1.0), {}),
    "rounding_floor": (([1.0, 1.0], 1.0), {"n_variables": 2, "bound": 1.0}),
    "spectral_rank_bound": (([1.0, 0.5], [1, 1]), {"allowed": 0.3}),
    "taylor_certificate": ((2, 1.0), {}),
    "taylor_error": ((2, 1.0), {}),
    "taylor_value": ((2, 1.0), {}),
    "tilt_bound": ((0.5,), {}),
    "value_gradient_bound": ((0.5, X, X), {"spread": 1.0}),
}


def spoilt(value):
    """NaN in the place of a number, or of the first number of a table."""
    if isinstance(value, (int, float)):
        return NAN
    table = np.array(value, dtype=float)
    table.flat[0] = NAN
    return list(table) if isinstance(value, list) else table


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_refused_as_nan(name):
    function, (args, options) = getattr(theory, name), NUMBERS[name]
    function(*args, **options)
    calls = [((*args[:i], spoilt(args[i]), *args[i + 1 :]), options) for i in range(len(args))]
    calls += [(args, options | {key: spoilt(value)}) for key, value in options.items()]
    for given, named in calls:
        with pytest.raises((ValueError, TypeError), match=r"^`[^`]*` must be "):
            function(*given, **named)


def test_no_formula_is_left_out():
    others = {"n_features", "as23_rank", "adapters_for_linear_target"}  # integers alone, or a sequence of layers
    functions = {name for name in theory.__all__ if name.islower()}
    assert functions - others == set(NUMBERS)


def test_bounds_may_be_infinite_and_exact():
    assert theory.gradient_bound(INF, X, X, beta=1.0) == INF
    assert theory.gradient_bound(Fraction(1, 3), [[Fraction(1)]], [[Fraction(2)]], beta=Fraction(3)) == 2


def test_a_certificate_takes_factors_of_two_widths():
    """W (d_1, d_2) stands between them, and the bound holds for it."""
    rng = np.random.default_rng(0)
    C1, C2, C3, targets = (rng.normal(size=shape) for shape in ((6, 4), (5, 2), (5, 3), (6, 3)))
    f = rng.dirichlet(np.ones(5), size=6)
    near = f * (1 + 0.3 * rng.choice([-1.0, 1.0], size=f.shape))
    near /= near.sum(1, keepdims=True)

    def gradient(f):
        c = f @ C3 - targets
        q = c @ C3.T
        return C1.T @ (f * (q - (f * q).sum(1, keepdims=True))) @ C2

    bound = theory.error_certificate(0.3, C1, C2, C3, targets, beta=1.0).gradient
    assert 0 < np.abs(gradient(near) - gradient(f)).max() <= bound


@pytest.mark.parametrize("made", [list, tuple, np.array], ids=["list", "tuple", "array"])
def test_a_polynomial_of_numbers_is_one_of_arrays(made):
    """Taylor's polynomial takes numbers and arrays alike, entry by entry; exact numbers stay exact."""
    numbers = [0, Fraction(1, 2), Fraction(-3)]
    found = theory.taylor_value(2, made(numbers))
    assert found.tolist() == [theory.taylor_value(2, one) for one in numbers] == [1, Fraction(13, 8), Fraction(5, 2)]
    assert theory.taylor_value(2, [[1.0], [2.0]]).tolist() == [[2.5], [5.0]]


def test_data_frames_are_tables():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X)
    assert theory.gradient_bound(1.0, frame, frame, beta=1.0) == theory.gradient_bound(1.0, X, X, beta=1.0)
    assert theory.taylor_value(1, frame).tolist() == (1 + X).tolist()
    assert theory.rounding_floor(frame[0], 1.0, n_variables=1) == theory.rounding_floor(X[:, 0], 1.0, n_variables=1)

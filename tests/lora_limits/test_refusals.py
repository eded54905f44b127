"""Arguments that are refused, each with one sentence that names it: tables of calls."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory import lora_limits as ll
from lrtheory.lora_limits import baselines, theory
from tests.lora_limits import oracles

NAN, INF = float("nan"), float("inf")
X, Y = np.ones((4, 3)), np.zeros((4, 3))
EYE = np.eye(3)
HEAD = ll.LoRAHead(EYE, EYE, EYE, adapters={}, alpha=1.0, beta=1.0)
MASKED = np.ma.masked_array(X, mask=np.arange(12).reshape(4, 3) == 5)
NONE = np.zeros((0, 3))
REAL = "`XQ` must be an array of real numbers"


def refused(call, sentence, error=ValueError):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence), str(caught.value)


# --- what reaches NumPy nowhere --------------------------------------------------------------------------------------

INPUTS = {
    "adapt is None": (
        lambda: solve(adapt=None),
        "`adapt` must be some of 'Q', 'K', 'V', each once; got None",
        ValueError,
    ),
    "adapt is a number": (lambda: solve(adapt=3), "`adapt` must be some of", ValueError),
    "adapt holds a list": (lambda: solve(adapt=[["Q"]]), "`adapt` must be some of", ValueError),
    "adapt of a baseline": (lambda: baselines.favor(HEAD, X, Y, adapt=3), "`adapt` must be some of", ValueError),
    "lengths are ragged": (lambda: solve(mask=[[3], [4, 2]]), "`mask` must be an array with rows of equal", ValueError),
    "a length of 0": (lambda: solve(mask=[0]), "`mask` must be lengths in [1, 4]", ValueError),
    "masked inputs": (lambda: ll.lora_gradients(HEAD, MASKED, Y), "`XQ` must be an array without a mask", ValueError),
    "masked targets": (lambda: ll.lora_gradients(HEAD, X, MASKED), "`Y` must be an array without a mask", ValueError),
    "masked weights": (lambda: head(MASKED[:3]), "`WQ` must be an array without a mask", ValueError),
    "masked C1": (lambda: chain(C1=MASKED), "`C1` must be an array without a mask", ValueError),
    "masked in theory": (
        lambda: theory.logit_bound(MASKED, X, beta=1),
        "`X` must be an array without a mask",
        ValueError,
    ),
    "masked in a baseline": (lambda: baselines.favor(HEAD, MASKED, Y), "`XQ` must be an array without", ValueError),
    "masked rows in a list": (
        lambda: ll.lora_gradients(HEAD, list(MASKED), Y),
        "`XQ` must be an array without a mask",
        ValueError,
    ),
    "masked inputs of a diagnosis": (lambda: ll.diagnose(HEAD, MASKED), "`XQ` must be an array without", ValueError),
    "masked lengths": (
        lambda: solve(mask=np.ma.masked_array([3], mask=[True])),
        "`mask` must be an array without a mask",
        ValueError,
    ),
    "a list with None": (lambda: ll.lora_gradients(HEAD, [[1.0, None, 2.0]] * 4, Y), REAL + "; got None.", TypeError),
    "a ragged list": (lambda: ll.lora_gradients(HEAD, [[1], [1, 2]], Y), "`XQ` must be an array with rows", ValueError),
    "words": (lambda: ll.lora_gradients(HEAD, [["a", "b", "c"]] * 4, Y), REAL + "; got dtype('<U1').", TypeError),
    "no tokens": (lambda: chain(C1=NONE, Y=NONE), "`C1, C2, C3, Y, W` must be non-empty matrices", ValueError),
    "no keys": (lambda: chain(C2=NONE, C3=NONE), "`C1, C2, C3, Y, W` must be non-empty matrices", ValueError),
    "no coordinates": (
        lambda: ll.attention_factors(X[:, :0], X[:, :0], ll.exp_polynomial(1.0, degree=2)),
        "`Q, K` must be matrices of equal width that is not 0",
        ValueError,
    ),
    "a problem without a head": (lambda: ll.AttentionProblem(3, "x", None), "`head` must be a LoRAHead", TypeError),
    "a problem without inputs": (lambda: ll.AttentionProblem(HEAD, "x", Y), "`XQ` must be an array", TypeError),
    "a problem without targets": (lambda: ll.AttentionProblem(HEAD, X, None), "`Y` must be an array", TypeError),
    "a problem of other shapes": (lambda: ll.AttentionProblem(HEAD, X, Y[:, :2]), "`Y` must be of shape", ValueError),
    "a problem with a mask": (lambda: ll.AttentionProblem(HEAD, X, Y, mask="no"), "`mask` must be None", ValueError),
    "layers are a number": (
        lambda: theory.linear_target_error(3, EYE, rank=1),
        "`weights` must be a sequence of matrices",
        TypeError,
    ),
    "beta is NaN": (lambda: head(beta=NAN), "`beta` must be a number in (0, inf), which NaN is not", ValueError),
    "beta of the chain": (lambda: chain(beta=NAN), "`beta` must be a number in (0, inf), which NaN", ValueError),
    "tol is NaN": (lambda: solve(tol=NAN), "`tol` must be a number in (0, 1), which NaN is not", ValueError),
    "tol of a diagnosis": (
        lambda: ll.diagnose(HEAD, X, tol=NAN),
        "`tol` must be a number in (0, 1), which",
        ValueError,
    ),
    "epsilon is NaN": (lambda: solve(epsilon=NAN), "`epsilon` must be a number in (0, inf), which NaN", ValueError),
    "tol below the precision": (lambda: solve(tol=1e-16), "`tol` must be at least 2.22e-16, the precision", ValueError),
    "tol of a diagnosis below": (
        lambda: ll.diagnose(HEAD, X, tol=1e-17),
        "`tol` must be at least 2.22e-16",
        ValueError,
    ),
    "tol in single precision": (
        lambda: ll.lora_gradients(HEAD, X.astype(np.float32), Y.astype(np.float32), tol=1e-8),
        "`tol` must be at least 1.19e-07, the precision of float32",
        ValueError,
    ),
}


def solve(**options):
    return ll.lora_gradients(HEAD, X, Y, **options)


def head(WQ=EYE, beta=1.0):
    return ll.LoRAHead(WQ, EYE, EYE, adapters={}, alpha=1.0, beta=beta)


def chain(beta=1.0, **changes):
    return ll.gradient_chain(*({"C1": X, "C2": X, "C3": X, "Y": Y, "W": EYE} | changes).values(), beta=beta)


@pytest.mark.parametrize("case", INPUTS)
def test_inputs(case):
    call, sentence, error = INPUTS[case]
    refused(call, sentence, error)


def test_arrays_of_two_libraries():
    torch = pytest.importorskip("torch")
    there = torch.ones(4, 3, dtype=torch.float64)
    calls = [
        lambda: ll.lora_gradients(HEAD, there, Y),
        lambda: ll.lora_gradients(HEAD, X, there),
        lambda: ll.lora_gradients(HEAD, there, there, XK=X),
        lambda: ll.diagnose(HEAD, there, XK=X),
        lambda: ll.AttentionProblem(HEAD, there, Y),
        lambda: chain(C1=there),
        lambda: ll.attention_factors(there, X, ll.exp_polynomial(1.0, degree=2)),
        lambda: head(torch.eye(3)),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"` must be arrays of one library; got \[.*'torch'"):
            call()


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_heads_in_half_precision_become_single(kind):
    torch = pytest.importorskip("torch")
    eye = torch.eye(3, dtype=getattr(torch, kind))
    pair = torch.ones(1, 3, dtype=eye.dtype), torch.ones(3, 1, dtype=eye.dtype)
    half = ll.LoRAHead(eye, eye, eye, adapters={"Q": pair}, alpha=1.0, beta=1.0)
    assert half.WQ.dtype == half.adapters["Q"][0].dtype == torch.float32
    found = ll.lora_gradients(half, torch.from_numpy(X), torch.from_numpy(Y + 1))
    one = np.ones((1, 3))
    full = ll.LoRAHead(EYE, EYE, EYE, adapters={"Q": (one, one.T)}, alpha=1.0, beta=1.0)
    assert found.loss == ll.lora_gradients(full, X, Y + 1).loss
    assert ll.LoRAHead(*[EYE.astype(np.float16)] * 3, adapters={}, alpha=1.0, beta=1.0).WV.dtype == np.float32


def test_no_graph_is_kept_of_parameters():
    torch = pytest.importorskip("torch")
    W = torch.nn.Parameter(torch.eye(3, dtype=torch.float64))
    x = torch.ones(4, 3, dtype=torch.float64, requires_grad=True)
    found = ll.lora_gradients(ll.LoRAHead(W, W, W, adapters={}, alpha=1.0, beta=1.0), x, x, method="tiled")
    assert not found.W["Q"].requires_grad


# --- formulas --------------------------------------------------------------------------------------------------------

MATRICES = (X, X, X, Y)
FORMULAS = {
    "widths of logits": (lambda: theory.logit_bound(X, X[:, :2], beta=1), "`Y` must be of 3 columns, as X has"),
    "ranks of adapters": (lambda: theory.adapter_factors(X, X), "`B` must be of 4 columns, as A has rows"),
    "keys of a certificate": (lambda: theory.error_certificate(0.1, X, X, X[:2], Y, beta=1), "`C3` must be of 4 rows"),
    "labels of a certificate": (lambda: theory.error_certificate(0.1, X, X, X, Y[:2], beta=1), "`Y` must be of shape"),
    "a negative scale": (lambda: theory.error_certificate(0.1, *MATRICES, beta=1, scale=-2), "`scale` must be in [0,"),
    "a negative bound": (lambda: theory.gradient_bound(-1, X, X, beta=1), "`row_bound` must be in [0, inf); got -1"),
    "one of keys": (lambda: theory.key_gradient_bound(-1, X, X, beta=1), "`row_bound` must be in [0, inf); got -1"),
    "labels of a multiplier": (lambda: theory.error_multiplier(X, X, X, Y=Y[:2], beta=1), "`Y` must be of shape"),
    "values of a multiplier": (lambda: theory.error_multiplier(X, X, X[:3], Y=Y, beta=1), "`C3` must be of 4 rows"),
    "scores and values": (
        lambda: theory.squared_norm_derivative(X, X, lam=1.0),
        "`V` must be of 3 rows, as scores has",
    ),
    "an integer type": (lambda: floor(dtype=np.int32), "`dtype` must be float64 or float32; got <class 'numpy.int32'>"),
    "half precision": (lambda: floor(dtype=np.float16), "`dtype` must be float64 or float32"),
    "no type": (lambda: floor(dtype="nope"), "`dtype` must be float64 or float32; got 'nope'"),
    "no coefficients": (lambda: floor([]), "`coefficients` must be of shape (g + 1,)"),
    "a table of coefficients": (lambda: floor([[1.0]]), "`coefficients` must be of shape (g + 1,)"),
    "one row": (lambda: theory.gradient_bound(1, X[0], X, beta=1), "`C1` must be a non-empty matrix"),
    "ragged rows": (
        lambda: theory.gradient_bound(1, [[1.0], [1.0, 2.0]], X, beta=1),
        "`C1` must be an array with rows",
    ),
    "levels": (lambda: theory.spectral_rank_bound([1.0, 0.5], [1], allowed=0.1), "`multiplicities` must be 2 integers"),
    "an infinite alpha": (lambda: theory.lora_scale(INF, 2), "`alpha` must be in (-inf, inf)"),
    "an infinite step": (lambda: theory.lora_plus_rates(2, base=INF), "`base` must be in (0, inf)"),
    "an infinite Gamma": (lambda: theory.make_hypercube(2, INF), "`gamma` must be in [0, inf)"),
    "a negative Gamma": (lambda: theory.hypercube_spectrum(2, -1.0), "`gamma` must be in [0, inf)"),
    "an infinite lambda": (
        lambda: theory.reduce_to_adapters(X, X, X, lam=INF, width=3),
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
    refused(lambda: theory.logit_bound([[None]], X, beta=1), "`X` must be an array of numbers", TypeError)


#: each formula with numbers that it takes; every one of them is replaced by NaN, one after the other
NUMBERS = {
    "adapter_factors": ((X, X.T), {"scale": 1.0}),
    "chebyshev_bracket": ((2, 1.0), {}),
    "chebyshev_error": ((2, 1.0), {}),
    "decide_pair": (([0.5, 0.5], 1), {"n_bits": 2, "beta0": 1.0}),
    "decisive_beta0": ((4, 4), {"gap": 1}),
    "degree_bracket": ((1.0, 0.1), {}),
    "degree_order": ((1.0, 0.1), {}),
    "entry_error": ((0.5,), {}),
    "error_certificate": ((0.5, *MATRICES), {"beta": 1.0, "q_max": 1.0, "scale": 1.0}),
    "error_multiplier": ((X, X, X), {"Y": Y, "beta": 1.0}),
    "exact_multiply_adds": ((2, 2, 2), {}),
    "break_even_length": ((2, 2), {"rank": 1}),
    "feature_exponent": ((1.0, 1.0), {}),
    "first_derivative_bound": ((2, 2), {"largest": 1.0}),
    "flop_model": ((2, 2, 2), {"n_features": 2, "rank": 1}),
    "gradient_bound": ((1.0, X, X), {"beta": 1.0}),
    "hypercube_gradient": ((np.ones((4, 1)), np.ones((4, 1))), {"gamma": 1.0}),
    "hypercube_rank_lower_bound": ((4, 0.1, 0.5), {}),
    "hypercube_spectrum": ((2, 1.0), {}),
    "key_gradient_bound": ((1.0, X, X), {"beta": 1.0}),
    "linear_target_error": (([EYE], EYE), {"rank": 1}),
    "log_pair_sums": (([0.5, 0.5],), {"beta0": 1.0}),
    "logit_bound": ((X, X), {"beta": 1.0}),
    "lora_plus_rates": ((2,), {"base": 1.0}),
    "lora_scale": ((1.0, 1), {}),
    "rslora_scale": ((1.0, 1), {}),
    "make_gadget": (([[1.0, 0.0]], [[1.0, 0.0]]), {"beta0": 1.0}),
    "make_hypercube": ((2, 1.0), {}),
    "min_degree": ((1.0, 0.1), {}),
    "sufficient_degree": ((1.0, 0.1), {}),
    "multilinear_features": ((2, 2), {}),
    "norm_logit_bound": ((1.0, 1.0), {"d": 2, "beta": 1.0}),
    "rank_exponent_limit": ((0.1, 0.5), {}),
    "rank_without_spurious_minima": ((2, 2), {}),
    "reduce_to_adapters": ((X, X, X), {"lam": 1.0, "width": 3}),
    "relative_error_for": ((0.1, 1.0), {}),
    "riemann_error_bound": ((1.0, 2), {}),
    "rounding_floor": (([1.0, 1.0], 1.0), {"n_variables": 2, "bound": 1.0}),
    "second_derivative_bound": ((2, 2), {"largest": 1.0}),
    "spectral_rank_bound": (([1.0, 0.5], [1, 1]), {"allowed": 0.3}),
    "squared_norm_derivative": ((X, X[:3]), {"lam": 1.0}),
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
    others = {"n_features", "as23_rank", "adapters_for_linear_target"}  # integers alone, or as linear_target_error
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


# --- makers and baselines --------------------------------------------------------------------------------------------


def test_makers_blame_what_was_given():
    assert ll.make_uniform(10, 1).head.adapters["Q"][0].shape == (1, 1)
    assert ll.make_outliers(10, 1, rng=0).XQ.shape == (10, 1)
    assert ll.make_uniform(10, 3).head.adapters["Q"][0].shape == (2, 3)
    refused(lambda: ll.make_uniform(10, 2, rank=5), "`rank` must be an integer in [1, 2]; got 5")
    refused(lambda: ll.make_uniform(10, 2, bound=NAN), "`bound` must be a number in (0, 1e+100), which NaN is not")
    refused(lambda: ll.make_outliers(10, 2, factor=0.5), "`factor` must be in [1, ")


@pytest.mark.parametrize("bound", [60.0, 1e4])
@pytest.mark.parametrize("baseline", [baselines.nystrom, baselines.truncated_svd])
def test_baselines_blame_their_features(baseline, bound):
    options = {} if baseline is baselines.truncated_svd else {"rng": 0}
    problem = ll.make_uniform(20, 3, bound=bound, rng=0)
    refused(lambda: baseline(problem, n_features=10, **options), "`n_features` must be larger, or the logits smaller")


def test_landmarks_at_logits_whose_exponentials_overflow():
    """Keys of one size are as far from each other as unit vectors, and near nothing but themselves."""
    tokens = 40.0 * np.eye(3)
    one = ll.LoRAHead(EYE, EYE, EYE, adapters={}, alpha=1.0, beta=1.0)
    found = baselines.nystrom(one, tokens, np.ones((3, 3)), n_features=6, rng=0)
    exact = ll.lora_gradients(one, tokens, np.ones((3, 3)), method="dense")
    assert found.loss == pytest.approx(exact.loss)


def test_baselines_answer_in_the_library_of_a_problem():
    torch = pytest.importorskip("torch")
    problem = oracles.random_problem(1, size=0.2)
    fields = {name: torch.from_numpy(getattr(problem, name)) for name in ("XQ", "Y", "XK", "XV")}
    there = ll.AttentionProblem(problem.head, **fields)
    found, expected = (baselines.favor(one, n_features=30, rng=0) for one in (there, problem))
    np.testing.assert_allclose(found.A["Q"].numpy(), expected.A["Q"], rtol=1e-12)


# --- how things print ------------------------------------------------------------------------------------------------


def test_heads_and_problems_print_shapes():
    problem = oracles.random_problem(0)
    assert repr(problem.head) == (
        "LoRAHead(WQ=(7, 4), WK=(7, 4), WV=(7, 3), ranks={Q: 2, K: 3, V: 1}, alpha=3, beta=0.7, rslora=False)"
    )
    shapes = "XQ=(12, 7), Y=(12, 3), XK=(9, 7), XV=(9, 7), mask=None"
    assert repr(problem) == f"AttentionProblem(head={problem.head!r}, {shapes})"
    padded = ll.AttentionProblem(problem.head, problem.XQ, problem.Y, mask=np.array([5]))
    assert repr(padded).endswith("XQ=(12, 7), Y=(12, 3), mask=<lengths>)")

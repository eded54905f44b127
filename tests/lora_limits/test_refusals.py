"""Arguments of solvers, makers and baselines that are refused, each with one sentence that names it."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory import lora_limits as ll
from lrtheory.lora_limits import baselines, gradients, theory
from proofs_checks.lora_limits.beyond_attention.linear_targets import linear_target_error
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
    "masked inputs of a diagnosis": (lambda: ll.diagnose(HEAD, MASKED), "`X` must be an array without", ValueError),
    "masked lengths": (
        lambda: solve(mask=np.ma.masked_array([3], mask=[True])),
        "`mask` must be an array without a mask",
        ValueError,
    ),
    "a list with None": (
        lambda: ll.lora_gradients(HEAD, [[1.0, None, 2.0]] * 4, Y),
        REAL + "; got an array",
        TypeError,
    ),
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
        lambda: linear_target_error(3, EYE, 1),
        "`weights` must be a sequence",
        TypeError,
    ),
    "adapt is an array without axes": (lambda: solve(adapt=np.array("Q")), "`adapt` must be some of", ValueError),
    "a projection": (lambda: HEAD.weight("Z"), "\"`letter` must be one of 'Q', 'K', 'V'; got 'Z'.\"", KeyError),
    "a projection with its adapter": (lambda: HEAD.effective(None), "\"`letter` must be one of 'Q', 'K'", KeyError),
    "a scale": (lambda: HEAD.scale("Q"), '"`letter` must be a projection with an adapter, and there is', KeyError),
    "a model": (lambda: ll.diagnose_model(3, X), "`model` must be a path; got 3.", TypeError),
    "a file": (lambda: ll.LoRAHead.from_safetensors(3, 0, 0), "`path` must be a path; got 3.", TypeError),
    "a file of a model": (lambda: ll.ModelFile.from_file(None), "`path` must be a path; got None.", TypeError),
    "adapters": (lambda: model(adapters=3), "`adapters` must be a path; got 3.", TypeError),
    "no layers": (lambda: model(layers=[]), "`layers` must be at least one layer; got [].", ValueError),
    "layers": (lambda: model(layers=3), "`layers` must be None or numbers of layers; got 3.", TypeError),
    "a layer": (lambda: model(layers=["a"]), "`layers` must be an integer; got 'a'.", TypeError),
    "states": (lambda: ll.HiddenStates({"a": X}), "`states` must be a mapping from the numbers", TypeError),
    "beta is NaN": (lambda: head(beta=NAN), "`beta` must be in (0, inf); got nan", ValueError),
    "beta of the chain": (lambda: chain(beta=NAN), "`beta` must be in (0, inf); got nan", ValueError),
    "tol is NaN": (lambda: solve(tol=NAN), "`tol` must be in (0, 1); got nan", ValueError),
    "epsilon of a diagnosis": (
        lambda: ll.diagnose(HEAD, X, epsilon=NAN),
        "`epsilon` must be in (0, 1); got nan",
        ValueError,
    ),
    "max_error is NaN": (lambda: solve(max_error=NAN), "`max_error` must be in (0, inf); got nan", ValueError),
    "tol below the precision": (lambda: solve(tol=1e-16), "`tol` must be at least 2.22e-16, the precision", ValueError),
    "epsilon of a diagnosis below": (
        lambda: ll.diagnose(HEAD, X, epsilon=1e-17),
        "`epsilon` must be at least 2.22e-16",
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


def model(**options):
    return ll.diagnose_model(ll.ModelFile("nowhere", (0,), 1), [X], **options)


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


# --- options that a method does not use ------------------------------------------------------------------------------

#: an admissible value of every option that some method uses
VALUES = {"degree": 2, "tol": 1e-3, "max_error": 0.5, "polynomial": "minimax", "block": 8, "n_jobs": 1}


def test_the_table_has_every_option():
    assert set().union(*gradients.OPTIONS.values()) == set(VALUES)


@pytest.mark.parametrize("method", gradients.OPTIONS)
@pytest.mark.parametrize("option", VALUES)
def test_options_are_taken_by_the_methods_that_use_them(method, option):
    problem = ll.make_uniform(40, 2, bound=0.25, rng=0)
    call = lambda: ll.lora_gradients(problem, method=method, **{option: VALUES[option]})
    if option in gradients.OPTIONS[method]:
        assert np.isfinite(call().loss)
    else:
        refused(call, f'`{option}` must be left out with method "{method}", which does not use it; got')


@pytest.mark.parametrize("option", [{"rank": 2}, {"adapt": ("Q", "V")}, {"rng": 0}], ids=["rank", "adapt", "rng"])
def test_options_of_new_adapters_are_refused_beside_a_file(option):
    (name,) = option
    call = lambda: ll.LoRAHead.from_safetensors("model", 0, 0, adapters="adapters", **option)
    refused(call, f"`{name}` must be left out beside a file of `adapters`")


# --- makers and baselines --------------------------------------------------------------------------------------------


def test_makers_blame_what_was_given():
    assert ll.make_uniform(10, 1).head.adapters["Q"][0].shape == (1, 1)
    assert ll.make_outliers(10, 1, rng=0).XQ.shape == (10, 1)
    assert ll.make_uniform(10, 3).head.adapters["Q"][0].shape == (2, 3)
    refused(lambda: ll.make_uniform(10, 2, rank=5), "`rank` must be an integer in [1, 2]; got 5")
    refused(lambda: ll.make_uniform(10, 2, bound=NAN), "`bound` must be in (0, 1e+100); got nan")
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

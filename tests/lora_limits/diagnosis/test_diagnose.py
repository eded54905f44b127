"""Regimes, baselines and the heads of a real transformer."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from lrtheory import lora_limits as ll
from lrtheory.lora_limits import baselines, theory
from tests.lora_limits import oracles


def test_the_degree_is_enough_for_all_rows():
    """Found on a sample: on this instance the rows of the whole matrix are within a little more than the tolerance."""
    problem = ll.make_uniform(600, 4, bound=0.9, rng=0)
    for tol in (1e-2, 1e-4):
        found = ll.diagnose(problem, epsilon=tol)
        logits = problem.head.beta * problem.XQ @ (problem.XK - problem.XK.mean(0)).T
        exact = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        powers = ll.exp_polynomial(found.logit_bound, degree=found.certified_degree)(logits)
        assert np.abs(powers / powers.sum(1, keepdims=True) - exact).sum(1).max() <= tol
        powers = ll.exp_polynomial(found.logit_bound, degree=found.degree)(logits)
        assert np.abs(powers / powers.sum(1, keepdims=True) - exact).sum(1).max() <= 2 * tol
        assert np.abs(logits).max() <= found.logit_bound
        assert found.degree <= found.certified_degree
        assert found.n_features == theory.n_features(4, found.degree)


def test_norms_are_those_of_the_theorem():
    problem = oracles.random_problem(0)
    found = ll.diagnose(problem)
    q, k = problem.XQ @ problem.head.effective("Q"), problem.XK @ problem.head.effective("K")
    assert found.norms["queries"] == pytest.approx(np.abs(q).max())
    assert found.norms["keys"] == pytest.approx(np.abs(k).max())
    gamma = max(np.abs(q).max(), np.abs(k).max())
    assert found.norms["gamma_over_root_log"] == pytest.approx(gamma / np.log(9) ** 0.5)


def test_regimes():
    assert ll.diagnose(ll.make_uniform(5000, 4, bound=0.4, rng=0)).regime == "low-rank pays"
    assert ll.diagnose(ll.make_uniform(5000, 4, bound=9.0, rng=0)).regime == "exact cheaper"
    spiky = ll.diagnose(ll.make_outliers(5000, 4, n_outliers=2, factor=100.0, rng=0))
    assert spiky.n_outliers >= 2
    assert spiky.regime == "exact on outliers, low-rank on the rest pays"
    causal = replace(ll.make_uniform(500, 4, bound=0.1, rng=0), mask="causal")
    assert ll.diagnose(causal).regime == "exact cheaper"


def test_a_batch_is_as_bad_as_its_worst_entry():
    problem = oracles.random_problem(1, batch=3)
    whole = ll.diagnose(problem)
    names = ("XQ", "Y", "XK", "XV")
    parts = [ll.diagnose(replace(problem, **{name: getattr(problem, name)[e] for name in names})) for e in range(3)]
    assert whole.logit_bound == max(part.logit_bound for part in parts)


def test_bad_input():
    problem = oracles.random_problem(2)
    with pytest.raises(ValueError, match="`epsilon` must be in"):
        ll.diagnose(problem, epsilon=0)
    with pytest.raises(TypeError, match="`head` must be"):
        ll.diagnose(None, problem.XQ)
    with pytest.raises(ValueError, match="`X, XK, XV, mask` must be left out beside an AttentionProblem"):
        ll.diagnose(problem, problem.XQ)
    for X in (3, problem.XQ[:, :1]):
        with pytest.raises(ValueError, match="`X` must be of "):
            ll.diagnose(problem.head, X)
    with pytest.raises(TypeError, match="`X` must be an array"):
        ll.diagnose(problem.head)


# --- baselines -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uniform():
    problem = ll.make_uniform(400, 4, bound=0.7, rng=0)
    return problem, ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="dense")


def error(found, exact, projection="Q"):
    return np.abs(found.W[projection] - exact.W[projection]).max() / np.abs(exact.W[projection]).max()


def test_all_singular_vectors_are_exact(uniform):
    problem, exact = uniform
    found = baselines.truncated_svd(problem, adapt=("Q", "K", "V"), n_features=400)
    assert max(error(found, exact, projection) for projection in "QKV") < 1e-10


def test_all_landmarks_are_exact():
    problem = ll.make_uniform(15, 3, bound=2.0, rng=0)
    exact = ll.lora_gradients(problem, method="dense")
    assert error(baselines.nystrom(problem, n_features=30, rng=0), exact) < 1e-3


def test_more_features_help(uniform):
    problem, exact = uniform
    for method in (baselines.favor, baselines.nystrom, baselines.truncated_svd):
        options = {} if method is baselines.truncated_svd else {"rng": 0}
        few, many = (error(method(problem, n_features=k, **options), exact) for k in (20, 320))
        assert many < few, method.__name__


def test_random_features_are_unbiased():
    """Means over many directions come close to exp, with independent and with orthogonal ones."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 5)) / 2
    for orthogonal in (False, True):
        directions = baselines._directions(rng, 200_000, 5, orthogonal)
        phi = np.exp(directions @ x[0] - x[0] @ x[0] / 2)
        assert (phi * phi).mean() == pytest.approx(np.exp(x[0] @ x[0]), rel=0.05)


def test_polynomials_win_where_logits_are_small(uniform):
    problem, exact = uniform
    taylor = error(ll.lora_gradients(problem, method="low-rank", degree=3), exact)
    assert taylor < error(baselines.favor(problem, n_features=35, rng=0), exact)
    assert taylor < error(baselines.nystrom(problem, n_features=35, rng=0), exact)
    assert error(baselines.truncated_svd(problem, n_features=35), exact) < taylor


def test_baselines_refuse(uniform):
    problem, _ = uniform
    with pytest.raises(ValueError, match="a causal mask has no low-rank form"):
        baselines.favor(replace(problem, mask="causal"))
    with pytest.raises(ValueError, match="`n_features` must be at most 800"):
        baselines.nystrom(problem, n_features=801)
    with pytest.raises(ValueError, match="`n_features` must be an integer of at least 1"):
        baselines.truncated_svd(problem, n_features=0)


# --- real heads ------------------------------------------------------------------------------------------------------


@pytest.fixture
def heads(data):
    data("attention_heads")
    pytest.importorskip("tokenizers")
    pytest.importorskip("safetensors")
    return loaded_heads()


@functools.cache
def loaded_heads():
    return ll.load_attention_heads()


def test_real_heads_look_at_the_words(heads):
    assert len(heads) == 72
    problem = heads[0, 0]
    assert problem.names[0] == "[CLS]"
    assert len(problem.names) == len(problem.XQ) > 400
    assert problem.XQ.shape[1] == 385
    assert {name: (A.shape, B.shape) for name, (A, B) in problem.head.adapters.items()} == {
        "Q": ((4, 385), (32, 4)),
        "V": ((4, 385), (32, 4)),
    }
    assert problem.head.scale("Q") == 2
    found = ll.lora_gradients(problem, method="dense")
    loss, expected = oracles.autodiff(problem)
    assert found.loss == pytest.approx(loss, rel=1e-4)
    assert np.abs(found.W["V"] - expected["WV"]).max() < 1e-3 * np.abs(expected["WV"]).max()


def test_the_layers_are_those_of_the_model(heads):
    """Heads put together by hand give the inputs of the next layer, which the loader computed as a whole."""
    from lrtheory._data.sentence_encoder import gelu, load_encoder

    encoder = load_encoder("a test")
    outputs = []
    for head in range(12):
        problem = heads[0, head]
        q, k, v = (problem.XQ @ problem.head.weight(projection) for projection in "QKV")
        logits = problem.head.beta * q @ k.T
        powers = np.exp(logits - logits.max(1, keepdims=True))
        outputs.append(powers / powers.sum(1, keepdims=True) @ v)
    name, x = "encoder.layer.0", heads[0, 0].XQ[:, :-1]
    seen = encoder.linear(np.concatenate(outputs, axis=1), f"{name}.attention.output.dense")
    x = encoder.norm(x + seen, f"{name}.attention.output.LayerNorm")
    inner = gelu(encoder.linear(x, f"{name}.intermediate.dense"))
    x = encoder.norm(x + encoder.linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    np.testing.assert_allclose(heads[1, 5].XQ[:, :-1], x, atol=1e-4)


def test_real_heads_are_out_of_reach(heads):
    """32 coordinates and logits of 10 and more: nobody should use polynomials there, and the library says so."""
    regimes = {key: ll.diagnose(problem, epsilon=1e-2).regime for key, problem in list(heads.items())[::12]}
    assert set(regimes.values()) == {"exact cheaper"}


def test_texts_are_checked(heads):
    with pytest.raises(ValueError, match="`text` must be of 1 to 510 word pieces"):
        ll.load_attention_heads("")
    assert len(ll.load_attention_heads("Good morning.")[0, 0].XQ) == 5

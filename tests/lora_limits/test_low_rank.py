"""Low-rank gradients: what they approximate, what they promise, and when they refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtheory import lora_limits as ll
from lrtheory.lora_limits import theory
from tests.lora_limits import oracles


def with_attention(problem, powers):
    """Gradients of W of the attention with these unnormalized weights, by the definition of p."""
    head = problem.head
    k, v = problem.XK @ head.effective("K"), problem.XV @ head.effective("V")
    q = problem.XQ @ head.effective("Q")
    f = powers / powers.sum(1, keepdims=True)
    c = f @ v - problem.Y
    p = f * (c @ v.T)
    p -= f * p.sum(1, keepdims=True)
    beta = head.beta
    return {"Q": beta * problem.XQ.T @ p @ k, "K": beta * problem.XK.T @ p.T @ q, "V": problem.XV.T @ f.T @ c}


@pytest.mark.parametrize("kind", ["taylor", "chebyshev", "minimax"])
@pytest.mark.parametrize("degree", [2, 4])
def test_the_passes_are_the_attention_of_the_polynomial(kind, degree):
    """Not exp but P of the logits of centered keys, normalized: to rounding, at degrees where that is another thing."""
    problem = oracles.random_problem(1, n_queries=1500, n_keys=1100, size=0.17)
    found = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="low-rank", degree=degree, polynomial=kind)
    head = problem.head
    k = problem.XK @ head.effective("K")
    logits = head.beta * (problem.XQ @ head.effective("Q")) @ (k - k.mean(0)).T
    a = ll.exp_polynomial(found.logit_bound, degree=degree, kind=kind).coefficients
    expected = with_attention(problem, np.polynomial.polynomial.polyval(logits, a))
    exact = with_attention(problem, np.exp(logits))
    for projection in "QKV":
        size = np.abs(expected[projection]).max()
        np.testing.assert_allclose(found.W[projection], expected[projection], atol=1e-11 * size)
        assert np.abs(exact[projection] - expected[projection]).max() > 1e-7 * size


@pytest.mark.parametrize("adapt", ["Q", "K", "QK", "QKV"])
def test_narrow_products_give_the_same(adapt):
    problem = oracles.random_problem(2, n_queries=40, n_keys=30, d_head=6, ranks=(1, 1, 1), size=0.2)
    options = {"adapt": tuple(adapt), "method": "low-rank", "degree": 3}
    wide, narrow = (ll.lora_gradients(problem, full_gradient=full, **options) for full in (True, False))
    assert not narrow.W
    assert narrow.counts["flops"] < wide.counts["flops"]
    for projection in adapt:
        np.testing.assert_allclose(narrow.A[projection], wide.A[projection], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(narrow.B[projection], wide.B[projection], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["low-rank", "hybrid"])
def test_every_array_library(xp, method):
    problem = oracles.random_problem(3, n_queries=30, n_keys=40, size=0.15)
    options = {"adapt": ("Q", "K", "V"), "method": method, "degree": 9}
    expected = ll.lora_gradients(problem, **options)
    fields = {name: xp.asarray(getattr(problem, name)) for name in ("XQ", "Y", "XK", "XV")}
    found = ll.lora_gradients(ll.AttentionProblem(problem.head, **fields), **options)
    for projection in "QKV":
        np.testing.assert_allclose(xp.to_numpy(found.A[projection]), expected.A[projection], rtol=1e-9, atol=1e-12)
    assert found.counts == expected.counts
    assert found.certificate.gap == pytest.approx(expected.certificate.gap)


def test_fewer_coordinates_where_the_weight_has_a_low_rank():
    """W* = 0 leaves the adapter alone: two variables in place of eight, and the same gradients."""
    problem = oracles.random_problem(4, n_queries=50, n_keys=60, d_model=9, d_head=8, ranks=(2, 1, 1), size=0.3)
    head = replace(problem.head, WQ=0 * problem.head.WQ, alpha=1.0)
    problem = replace(problem, head=head)
    found = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="low-rank", degree=20)
    assert found.n_features == theory.n_features(2, 20)
    _, expected = oracles.autodiff(problem)
    assert oracles.worst(found, expected) < 1e-7


def test_a_product_of_zero():
    problem = oracles.random_problem(5)
    problem = replace(problem, head=replace(problem.head, WK=0 * problem.head.WK, adapters={}))
    found = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="low-rank", degree=3)
    _, expected = oracles.autodiff(problem)
    assert found.logit_bound == 0
    assert np.abs(found.W["Q"]).max() < 1e-14
    np.testing.assert_allclose(found.W["K"], expected["WK"], rtol=1e-10, atol=1e-13)


# --- accuracy that was asked for -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tol", [1e-3, 1e-5, 1e-8])
@pytest.mark.parametrize(("bound", "d"), [(0.5, 4), (1.0, 3), (1.5, 2), (0.3, 8)])
def test_the_tolerance_is_met_by_few_degrees(tol, bound, d):
    """A degree from a sample has no guarantee; on these instances it holds, and is not careless by more than two."""
    problem = ll.make_uniform(1500, d, bound=bound, rng=3)
    exact = ll.lora_gradients(problem, method="tiled")
    error = lambda found: max(
        np.abs(found.W[projection] - exact.W[projection]).max() / np.abs(exact.W[projection]).max()
        for projection in "QV"
    )
    found = ll.lora_gradients(problem, method="low-rank", tol=tol)
    assert error(found) <= tol
    if found.degree >= 3:
        with_less = ll.lora_gradients(problem, method="low-rank", degree=found.degree - 3)
        assert error(with_less) > tol


@pytest.mark.parametrize("seed", range(6))
def test_the_tolerance_is_met_where_queries_differ_in_length(seed):
    """The longest of them decide the gradient, and a sample that is only spread would not see them."""
    problem = ll.make_uniform(1500, 3, bound=0.8, rng=seed)
    lengths = np.exp(0.7 * np.random.default_rng(seed).normal(size=(1500, 1)))
    problem = replace(problem, XQ=problem.XQ * lengths)
    found = ll.lora_gradients(problem, adapt=("Q", "K", "V"))
    exact = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="tiled")
    for projection, W in exact.W.items():
        assert np.abs(found.W[projection] - W).max() <= 1e-6 * np.abs(W).max()


@given(
    seed=st.integers(0, 10**6),
    n_queries=st.integers(1, 30),
    n_keys=st.integers(1, 30),
    size=st.floats(0.01, 0.5),
    degree=st.integers(0, 8),
    kind=st.sampled_from(["taylor", "chebyshev", "minimax"]),
    method=st.sampled_from(["low-rank", "hybrid"]),
)
def test_certificates_are_never_violated(seed, n_queries, n_keys, size, degree, kind, method):
    problem = oracles.random_problem(seed, n_queries=n_queries, n_keys=n_keys, size=size)
    options = {"adapt": ("Q", "K", "V"), "degree": degree, "polynomial": kind}
    try:
        found = ll.lora_gradients(problem, method=method, **options)
    except ValueError:  # large logits, or a polynomial that is not positive: refused, and promised nothing
        return
    if found.certificate is None:
        return
    exact = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="dense")
    for kind in "ABW":
        for projection in "QKV":
            error = np.abs(getattr(found, kind)[projection] - getattr(exact, kind)[projection]).max()
            assert error <= found.certificate.entries[f"{kind}_{projection}"] + 1e-13
    assert found.certificate.gap == max(found.certificate.entries.values())


@pytest.mark.parametrize("epsilon", [1.0, 1e-3, 1e-6])
def test_a_proved_bound_is_met(epsilon):
    problem = oracles.random_problem(6, n_queries=30, n_keys=25, size=0.2)
    found = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="low-rank", max_error=epsilon)
    assert found.certificate.gap <= epsilon
    _, expected = oracles.autodiff(problem)
    for kind in "ABW":
        for projection in "QKV":
            assert np.abs(getattr(found, kind)[projection] - expected[kind + projection]).max() <= epsilon
    fewer = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="low-rank", degree=found.degree - 2)
    assert fewer.certificate is None or fewer.certificate.gap > epsilon


def test_the_certificate_is_the_formula():
    """beta max_a sum_i |X_ia| max |k| (d v osc tau + 3 tau Q), with keys and values around their midpoints."""
    problem = oracles.random_problem(8, size=0.15)
    head = problem.head
    found = ll.lora_gradients(problem, adapt=("Q",), method="low-rank", degree=12)
    k, v = problem.XK @ head.effective("K"), problem.XV @ head.effective("V")
    largest_key = np.ptp(k, axis=0).max() / 2
    half = np.ptp(v, axis=0) / 2
    off = np.abs(problem.Y - (v.max(0) + v.min(0)) / 2)
    largest_q = ((half + off) * half).sum(1).max()
    eta = found.certificate.eta
    tau = 2 * eta / (1 + np.sqrt(1 - eta**2))
    rows = tau * (v.shape[1] * half.max() * 2 * half.max() + 3 * largest_q)
    expected = head.beta * np.abs(problem.XQ).sum(0).max() * largest_key * rows
    rounded = 1 + 1e-6  # what the chain of products may lose to rounding stands in the entries too
    assert expected < found.certificate.entries["W_Q"] <= rounded * expected
    A, B = head.adapters["Q"]
    for name, factor in (("A_Q", np.abs(B).sum(0).max()), ("B_Q", np.abs(A).sum(1).max())):
        scaled = head.scale("Q") * factor * expected
        assert scaled < found.certificate.entries[name] <= rounded * scaled


def test_errors_of_a_batch_add_up():
    one = oracles.random_problem(9, size=0.15)
    fields = {name: np.stack([getattr(one, name)] * 3) for name in ("XQ", "Y", "XK", "XV")}
    single, triple = (
        ll.lora_gradients(problem, method="low-rank", degree=12) for problem in (one, replace(one, **fields))
    )
    assert triple.certificate.gap == pytest.approx(3 * single.certificate.gap)


def test_certificates_verify_and_notice_another_problem():
    problem = oracles.random_problem(7, n_queries=20, n_keys=20, size=0.2)
    proof = ll.lora_gradients(problem, method="low-rank", degree=6).certificate
    assert proof.verify(problem)
    spiky = ll.make_outliers(300, 3, factor=30.0, rng=0)
    assert ll.lora_gradients(spiky, method="hybrid", tol=1e-3).certificate.verify(spiky)
    assert not proof.verify(replace(problem, Y=3 * problem.Y))


def test_the_floor_of_rounding_is_in_the_certificate():
    """Large coordinates that cancel: a small logit, known to no polynomial of large monomials."""
    x = np.array([[6.0, 6.0]])
    y = np.array([[6.0, -6.0], [6.0, -6.1], [6.0, -5.9]])
    head = ll.LoRAHead(np.eye(2), np.eye(2), np.eye(2), adapters={}, alpha=1, beta=1.0)
    with pytest.raises(ValueError, match=r"`method` must be 'tiled' for logits up to"):
        ll.lora_gradients(head, x, x, XK=np.concatenate([y, -y]), method="low-rank", degree=12)


# --- outliers, and the choice ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_outliers", [1, 3])
def test_hybrid_is_cheap_where_one_token_is_large(n_outliers):
    problem = ll.make_outliers(3000, 4, n_outliers=n_outliers, factor=25.0, rng=1)
    exact = ll.lora_gradients(problem, method="tiled", adapt=("Q", "K", "V"))
    found = ll.lora_gradients(problem, method="hybrid", adapt=("Q", "K", "V"), tol=1e-6)
    for projection in "QKV":
        size = np.abs(exact.W[projection]).max()
        assert np.abs(found.W[projection] - exact.W[projection]).max() <= 1e-6 * size
    assert found.n_outliers >= n_outliers
    alone = ll.lora_gradients(problem, method="low-rank", adapt=("Q", "K", "V"), degree=found.degree)
    worse = [
        np.abs(alone.W[projection] - exact.W[projection]).max() / np.abs(exact.W[projection]).max()
        for projection in "QKV"
    ]
    assert max(worse) > 1e-3


def test_hybrid_with_huge_logits_on_the_outliers():
    problem = ll.make_outliers(500, 3, n_outliers=2, factor=1e5, rng=2)
    exact = ll.lora_gradients(problem, method="tiled", adapt=("Q", "K", "V"))
    found = ll.lora_gradients(problem, method="hybrid", adapt=("Q", "K", "V"), degree=6)
    for projection in "QKV":
        size = np.abs(exact.W[projection]).max()
        assert np.abs(found.W[projection] - exact.W[projection]).max() <= 1e-5 * size


def test_auto_takes_what_is_cheaper_and_says_why():
    small = ll.lora_gradients(ll.make_uniform(50, 4, rng=0))
    assert (small.method, small.reason) == ("dense", "few tokens")
    low = ll.lora_gradients(ll.make_uniform(6000, 4, bound=0.4, rng=0))
    assert (low.method, low.regime) == ("low-rank", "low-rank pays")
    far = ll.lora_gradients(ll.make_uniform(2000, 4, bound=9.0, rng=0))
    assert (far.method, far.regime) == ("tiled", "exact cheaper")
    assert "reach too far" in far.reason
    wide = ll.lora_gradients(ll.make_uniform(600, 16, bound=0.4, rng=0))
    assert (wide.method, wide.regime) == ("tiled", "exact cheaper")
    mixed = ll.lora_gradients(ll.make_outliers(6000, 4, factor=60.0, rng=0))
    assert mixed.method == "hybrid"
    fine = ll.lora_gradients(ll.make_uniform(3000, 3, bound=0.3, rng=0), max_error=1e-300)
    assert fine.method == "tiled"
    assert "`max_error` must be above what rounding allows" in fine.reason
    masked = ll.lora_gradients(replace(ll.make_uniform(600, 3, bound=0.1, rng=0), mask="causal"))
    assert masked.method == "tiled"


def test_auto_falls_back_where_the_polynomial_is_not_positive():
    keys = np.tile(np.array([[-5.0]] + [[0.5]] * 10), (60, 1))  # rows of 1 + s + s^2 / 2 + s^3 / 6 with s = +-2 k
    head = ll.LoRAHead([[1.0]], [[1.0]], [[1.0]], adapters={}, alpha=1, beta=2.0)
    given = {"XK": keys, "XV": np.cos(keys)}
    found = ll.lora_gradients(head, np.ones((660, 1)), np.zeros((660, 1)), degree=3, **given)
    assert found.method == "tiled"
    assert "positive sum" in found.reason
    exact = ll.lora_gradients(head, np.ones((660, 1)), np.zeros((660, 1)), method="dense", **given)
    np.testing.assert_allclose(found.W["Q"], exact.W["Q"], rtol=1e-10)


def test_the_same_twice():
    problem = ll.make_uniform(3000, 4, bound=0.4, rng=0)
    first, second = (ll.lora_gradients(problem) for _ in range(2))
    np.testing.assert_array_equal(first.W["Q"], second.W["Q"])

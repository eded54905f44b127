"""Exact gradients: the dense chain, the tiled kernel and its array form against automatic differentiation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lrtheory import lora_limits as ll
from lrtheory.lora_limits.head import fresh_adapter
from lrtheory.lora_limits.products import tile_kernels
from tests.backends import QUICK
from tests.lora_limits import oracles

METHODS = ["dense", "tiled"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("adapt", ["Q", "K", "V", "QV", "KQ", "QKV"])
def test_every_combination_of_projections_is_autodiff(method, full, adapt):
    problem = oracles.random_problem(1, d_head=6, d_value=5, ranks=(1, 2, 2))
    loss, expected = oracles.autodiff(problem)
    options = {"block": 5} if method == "tiled" else {}
    found = ll.lora_gradients(problem, adapt=tuple(adapt), method=method, full_gradient=full, **options)
    assert found.loss == pytest.approx(loss, rel=1e-13)
    assert oracles.worst(found, expected) < 1e-12
    assert set(found.A) == set(found.B) == set(adapt)


def test_narrow_products_are_used_where_they_are_cheaper():
    problem = oracles.random_problem(1, d_head=6, d_value=5, ranks=(1, 1, 1))
    assert not ll.lora_gradients(problem, adapt=("Q", "K"), method="tiled", full_gradient=False).W
    wide = oracles.random_problem(1, d_head=2, ranks=(5, 5, 1))
    found = ll.lora_gradients(wide, adapt=("Q",), method="tiled", full_gradient=False)
    assert not found.W  # the wide route is taken inside, and what was not asked for is not returned
    full = ll.lora_gradients(wide, adapt=("Q",), method="tiled")
    np.testing.assert_allclose(found.A["Q"], full.A["Q"], rtol=1e-12)


def test_the_loss_is_its_definition():
    problem = oracles.random_problem(3)
    assert ll.lora_gradients(problem, method="dense").loss == pytest.approx(oracles.loss_of(problem), rel=1e-13)


@pytest.mark.parametrize("projection", ["Q", "K", "V"])
def test_central_differences(projection):
    problem, h = oracles.random_problem(2, n_queries=5, n_keys=6), 1e-5
    found = ll.lora_gradients(problem, adapt=(projection,), method="dense")
    for which, gradient in enumerate((found.A[projection], found.B[projection])):
        numeric = np.empty_like(gradient)
        for place in np.ndindex(gradient.shape):
            losses = []
            for step in (h, -h):
                pair = [value.copy() for value in problem.head.adapters[projection]]
                pair[which][place] += step
                moved = replace(problem.head, adapters={**problem.head.adapters, projection: tuple(pair)})
                losses.append(oracles.loss_of(replace(problem, head=moved)))
            numeric[place] = (losses[0] - losses[1]) / (2 * h)
        np.testing.assert_allclose(gradient, numeric, atol=1e-6 * np.abs(numeric).max())


@pytest.mark.parametrize("method", METHODS)
def test_rslora_and_self_attention(method):
    problem = oracles.random_problem(4)
    problem = ll.AttentionProblem(replace(problem.head, rslora=True), problem.XQ, problem.Y)
    loss, expected = oracles.autodiff(problem)
    found = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method=method)
    assert found.loss == pytest.approx(loss)
    assert oracles.worst(found, expected) < 1e-12


@pytest.mark.parametrize(("method", "options"), [("dense", {}), *(("tiled", {"block": block}) for block in (1, 4, 64))])
def test_causal(method, options):
    problem = oracles.random_problem(5, n_queries=11, n_keys=11)
    loss, expected = oracles.autodiff(problem, causal=True)
    found = ll.lora_gradients(replace(problem, mask="causal"), adapt=("Q", "K", "V"), method=method, **options)
    assert found.loss == pytest.approx(loss)
    assert oracles.worst(found, expected) < 1e-12


@pytest.mark.parametrize("method", [*METHODS, "low-rank"])
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(("batch", "heads"), [(4, None), (None, 4), (4, 4)])
def test_batches_of_inputs_and_of_heads(method, batch, heads, full):
    problem = oracles.random_problem(6, batch=batch, heads=heads, size=0.12, d_head=3, ranks=(1, 1, 1))
    options = {"degree": 16} if method == "low-rank" else {}
    loss, expected = oracles.autodiff(problem)
    found = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method=method, full_gradient=full, **options)
    assert found.loss == pytest.approx(loss)
    assert oracles.worst(found, expected) < 1e-10
    assert all(found.A[projection].shape == problem.head.adapters[projection][0].shape for projection in "QKV")
    assert all(W.shape[-2:] == problem.head.weight(projection).shape[-2:] for projection, W in found.W.items())


@pytest.mark.parametrize("method", [*METHODS, "low-rank", "hybrid"])
def test_padding_is_as_if_it_were_not_there(method):
    problem = oracles.random_problem(7, batch=3, size=0.2)
    lengths = np.array([12, 1, 5]), np.array([3, 9, 1])
    options = {"degree": 24} if method in ("low-rank", "hybrid") else {}
    masked = ll.lora_gradients(replace(problem, mask=lengths), adapt=("Q", "K", "V"), method=method, **options)
    total, losses = {}, 0.0
    for e in range(3):
        n, m = lengths[0][e], lengths[1][e]
        alone = ll.AttentionProblem(
            problem.head, problem.XQ[e, :n], problem.Y[e, :n], XK=problem.XK[e, :m], XV=problem.XV[e, :m]
        )
        loss, expected = oracles.autodiff(alone)
        losses += loss
        total = {name: total.get(name, 0) + value for name, value in expected.items()}
    assert masked.loss == pytest.approx(losses)
    assert oracles.worst(masked, total) < 1e-9


def test_lengths_of_self_attention_are_one_array():
    problem = oracles.random_problem(8, batch=2)
    short = ll.lora_gradients(problem.head, problem.XQ, problem.Y, mask=np.array([4, 12]), method="dense")
    parts = [ll.lora_gradients(problem.head, problem.XQ[e, :n], problem.Y[e, :n]) for e, n in ((0, 4), (1, 12))]
    np.testing.assert_allclose(short.A["Q"], sum(part.A["Q"] for part in parts), rtol=1e-11)


# --- the tiled kernel ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_logits_that_overflow_and_that_grow_along_the_keys(xp, kind):
    """Maxima move from tile to tile, and exponentials of the logits themselves are infinite."""
    n = 300
    line = np.linspace(0, 1, n)[:, None].astype(kind)
    head = ll.LoRAHead([[30.0]], [[40.0]], [[1.0]], adapters={}, alpha=1, beta=1.0)
    given = {"XQ": line, "Y": 0 * line, "XK": line, "XV": np.cos(9 * line)}
    expected = ll.lora_gradients(ll.AttentionProblem(head, given.pop("XQ"), given.pop("Y"), **given), method="dense")
    there = [xp.asarray(value) for value in (line, 0 * line, line, np.cos(9 * line))]
    problem = ll.AttentionProblem(head, there[0], there[1], XK=there[2], XV=there[3])
    found = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="tiled", block=16)
    for projection in "QV":
        np.testing.assert_allclose(
            xp.to_numpy(found.W[projection]), expected.W[projection], rtol=1e-9 if kind == np.float64 else 2e-3
        )
    assert np.isfinite(found.loss)


@pytest.mark.parametrize("xp", QUICK, indirect=True)
def test_array_form_agrees_with_the_compiled_one(xp):
    problem = oracles.random_problem(9, n_queries=70, n_keys=90, batch=2)
    expected = ll.lora_gradients(problem, adapt=("Q", "K", "V"), method="tiled")
    fields = {name: xp.asarray(getattr(problem, name)) for name in ("XQ", "Y", "XK", "XV")}
    there = ll.AttentionProblem(problem.head, **fields)
    found = ll.lora_gradients(there, adapt=("Q", "K", "V"), method="tiled", block=8)
    for projection in "QKV":
        np.testing.assert_allclose(xp.to_numpy(found.B[projection]), expected.B[projection], rtol=1e-10, atol=1e-13)
    assert found.loss == pytest.approx(expected.loss)


@pytest.mark.parametrize(("kind", "lowest", "within"), [(np.float64, -708, 2.3e-16), (np.float32, -87, 1e-7)])
def test_the_exponential_of_the_kernel(kind, lowest, within):
    """Against extended precision, on logits of which some one is the largest of each column."""
    x = np.concatenate([[0], -np.geomspace(1e-9, -lowest, 8 * 2500 - 1)]).astype(kind)
    logits = np.stack([x, np.roll(x, 1 + len(x) // 2), 7 + x], axis=1)
    tile, sums = logits.copy(), np.empty(3, kind)
    tile_kernels.exponentials(tile, sums)
    exact = np.exp((logits - logits.max(axis=0)).astype(np.longdouble))
    assert float(np.abs(tile / exact - 1).max()) < within
    roundings = len(x) / 8 * np.finfo(kind).eps  # of eight sums
    np.testing.assert_allclose(sums, exact.sum(axis=0).astype(float), rtol=roundings)


@pytest.mark.parametrize("xp", QUICK, indirect=True)
def test_single_precision_stays_single(xp):
    problem = oracles.random_problem(10, size=0.2)
    fields = {name: xp.asarray(getattr(problem, name).astype(np.float32)) for name in ("XQ", "Y", "XK", "XV")}
    _, expected = oracles.autodiff(problem)
    for method in ("dense", "tiled", "low-rank"):
        found = ll.lora_gradients(ll.AttentionProblem(problem.head, **fields), method=method)
        assert xp.to_numpy(found.A["Q"]).dtype == np.float32
        error = np.abs(xp.to_numpy(found.A["Q"]) - expected["AQ"]).max() / np.abs(expected["AQ"]).max()
        assert error < 2e-4


@pytest.mark.parametrize("causal", [False, True])
def test_threads(causal):
    problem = oracles.random_problem(13, n_queries=70, n_keys=70)
    options = {"adapt": ("Q", "K", "V"), "method": "tiled", "block": 16}
    problem = replace(problem, mask="causal" if causal else None)
    one, three = (ll.lora_gradients(problem, n_jobs=n, **options) for n in (1, 3))
    assert three.loss == pytest.approx(one.loss, rel=1e-14)
    for projection in "QKV":
        np.testing.assert_allclose(three.W[projection], one.W[projection], rtol=1e-12, atol=1e-14)


def test_memory_is_linear():
    """Peak memory far below that of one matrix of tokens by tokens."""
    import tracemalloc

    n = 6000
    problem = ll.make_uniform(n, 4, rng=0)
    ll.lora_gradients(ll.make_uniform(64, 4, rng=0), method="tiled")
    for method, options in (("tiled", {}), ("low-rank", {"degree": 3})):
        tracemalloc.start()
        ll.lora_gradients(problem, method=method, **options)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 0.1 * 8 * n * n, method


# --- values that are known -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [*METHODS, "low-rank"])
def test_known_values(method):
    problem = oracles.random_problem(11, size=0.2)
    solve = lambda **changes: ll.lora_gradients(replace(problem, **changes), adapt=("Q", "K", "V"), method=method)
    one_key = solve(XK=problem.XK[:1], XV=problem.XV[:1])
    assert np.abs(one_key.W["Q"]).max() < 1e-14
    assert np.abs(one_key.W["K"]).max() < 1e-14
    c = problem.XV[:1] @ problem.head.effective("V") - problem.Y
    np.testing.assert_allclose(one_key.W["V"], problem.XV[:1].T @ c.sum(0, keepdims=True), rtol=1e-12)
    equal = solve(XK=np.tile(problem.XK[:1], (9, 1)))
    assert np.abs(equal.W["Q"]).max() < 1e-14
    assert np.abs(equal.W["K"]).max() < 1e-13


@pytest.mark.parametrize("method", METHODS)
def test_a_fresh_adapter_has_no_gradient_for_a(method):
    problem = ll.make_uniform(20, 3, rng=0)
    found = ll.lora_gradients(problem, method=method)
    assert not found.A["Q"].any()
    A, G = problem.head.adapters["Q"][0], found.W["Q"]
    np.testing.assert_allclose(found.B["Q"], problem.head.scale("Q") * G.T @ A.T, rtol=1e-12)
    silent = replace(problem, head=replace(problem.head, alpha=0.0))
    assert not ll.lora_gradients(silent, method=method).B["Q"].any()


def test_a_fresh_adapter_has_the_law_of_the_layers_of_torch():
    """Kaiming's law with sqrt(5), from which peft draws A, is uniform on [-1, 1] / sqrt(d_in)."""
    torch = pytest.importorskip("torch")
    A, B = fresh_adapter(np.ones((64, 16)), 32, np.random.default_rng(0))
    peer = torch.empty(32, 64)
    torch.nn.init.kaiming_uniform_(peer, a=math.sqrt(5), generator=torch.Generator().manual_seed(0))
    assert stats.ks_2samp(A.ravel(), peer.numpy().ravel()).pvalue > 1e-3
    assert stats.kstest(A.ravel(), stats.uniform(-1 / 8, 1 / 4).cdf).pvalue > 1e-3
    assert B.shape == (16, 32)
    assert not B.any()


# --- the chain -------------------------------------------------------------------------------------------------------


def test_the_chain_is_its_definition():
    rng = np.random.default_rng(0)
    C1, C2, C3, Y, W = (rng.normal(size=s) for s in ((6, 3), (5, 2), (5, 4), (6, 4), (3, 2)))
    chain = ll.gradient_chain(C1, C2, C3, Y, W, beta=0.6)
    np.testing.assert_allclose(chain.f.sum(1), 1)
    np.testing.assert_allclose(chain.p.sum(1), 0, atol=1e-15)
    np.testing.assert_allclose(chain.p1.sum(1), chain.row_means)
    assert np.linalg.matrix_rank(chain.q) <= 4
    # the vectorized form: sum_jl c_jl K_j^T (diag(f_j) - f_j f_j^T) C3[:, l], K_j the rows of C1 kron C2 of query j
    rows = np.kron(C1, C2).reshape(6, 5, -1)
    G = sum(
        0.6 * chain.c[j, col] * rows[j].T @ (np.diag(chain.f[j]) - np.outer(chain.f[j], chain.f[j])) @ C3[:, col]
        for j in range(6)
        for col in range(4)
    )
    np.testing.assert_allclose(chain.gradient.ravel(), G, rtol=1e-11)
    assert np.abs(C1.T @ (chain.p1 - chain.f * chain.row_means[:1]) @ C2 * 0.6 - chain.gradient).max() > 0.01


def test_the_chain_and_the_solver_agree():
    problem = oracles.random_problem(12)
    head = problem.head
    chain = ll.gradient_chain(
        problem.XQ,
        problem.XK @ head.effective("K"),
        problem.XV @ head.effective("V"),
        problem.Y,
        head.effective("Q"),
        beta=head.beta,
    )
    found = ll.lora_gradients(problem, method="tiled")
    np.testing.assert_allclose(found.W["Q"], chain.gradient, rtol=1e-10, atol=1e-12)

"""Constants, counts, types and branches, each against a number that is written out here."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lrtheory import lora_limits as ll
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.products import low_rank, tile_kernels
from lrtheory.lora_limits.products.attention import Attention
from lrtheory.lora_limits.solving import plan, solve
from tests.backends import QUICK
from tests.lora_limits import oracles

UNITS = {np.float64: 2.0**-53, np.float32: 2.0**-24}


def as_kind(problem, kind):
    fields = {name: getattr(problem, name) for name in ("XQ", "Y", "XK", "XV")}
    return replace(problem, **{name: value if value is None else value.astype(kind) for name, value in fields.items()})


# --- rounding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", UNITS)
def test_the_floor_of_rounding_by_hand(kind):
    """4 (g + d) u exp(M) sum_k |a_k| N^k."""
    a, N, M = [1.0, -1.0, 0.5], 3.0, 2.0
    expected = 4 * (2 + 5) * UNITS[kind] * math.exp(M) * (1 + 3 + 4.5)
    assert theory.rounding_floor(a, N, n_variables=5, bound=M, dtype=kind) == pytest.approx(expected, rel=1e-14)
    assert theory.rounding_floor(a, N, n_variables=5, dtype=kind) == pytest.approx(math.e * expected, rel=1e-14)


@pytest.mark.parametrize("kind", UNITS)
def test_a_certificate_counts_the_polynomial_and_its_rounding(kind):
    problem = as_kind(oracles.random_problem(1, size=0.15), kind)
    found = ll.lora_gradients(problem, method="low-rank", degree=6)
    M, proof = found.logit_bound, found.certificate
    sizes = sum(M**k / math.factorial(k) for k in range(7))
    assert proof.rounding == pytest.approx(4 * (6 + 4) * UNITS[kind] * math.exp(M) * sizes, rel=1e-12)
    assert proof.eta - proof.rounding == pytest.approx(theory.taylor_error(6, M), rel=1e-6)
    assert proof.row_sum_error == pytest.approx(theory.tilt_bound(proof.eta))


def test_single_precision_loses_its_digits_at_smaller_logits():
    """exp(2 M) u is to stay below 1e-3: M up to 4.8 in single precision, and up to 14.9 in double precision."""
    assert [
        round(low_rank.largest_logit(Attention(*[np.ones((1, 1), kind)] * 4)), 2) for kind in (np.float32, np.float64)
    ] == [4.86, 14.91]
    problem = ll.make_uniform(60, 2, bound=2.9, rng=0)
    found = ll.lora_gradients(problem, method="low-rank", degree=20)
    assert 4.86 < found.logit_bound < 14.91
    with pytest.raises(ValueError, match="`method` must be 'tiled' for logits up to"):
        ll.lora_gradients(as_kind(problem, np.float32), method="low-rank", degree=20)
    far = ll.make_uniform(60, 2, bound=6.0, rng=0)
    with pytest.raises(ValueError, match="`method` must be 'tiled' for logits up to"):
        ll.lora_gradients(far, method="low-rank", degree=20)


def test_moments_of_single_precision_are_summed_in_double():
    """2^24 and then one for each of many blocks: single precision would lose them all, on both sides."""
    blocks, n = 100, 100 * low_rank.TOKENS
    column = np.full((n, 1), 1 / low_rank.TOKENS, np.float32)
    column[0] = 2.0**24
    one, nil = np.ones((1, 1), np.float32), np.zeros((n, 1), np.float32)
    factors = lambda head: low_rank.polynomial_factors(np, head, np.ones(1))
    many = Attention(nil, 0 * one, 0 * one, -column, transport=True)  # c is the column, and f is 1
    transport = low_rank.low_rank_products(np, many, factors(many)).transport
    assert transport[0, 0] == pytest.approx(2.0**24 + blocks, abs=2)
    few = Attention(0 * one, nil, column, 0 * one, right=nil)  # the output is the mean of the column
    loss = low_rank.low_rank_products(np, few, factors(few)).loss
    assert math.sqrt(2 * loss) * n == pytest.approx(2.0**24 + blocks, rel=2e-7)


@pytest.mark.parametrize(("tol", "said"), [(1e-6, False), (1e-15, True)])
def test_a_tolerance_below_rounding_is_told(tol, said):
    found = ll.lora_gradients(ll.make_uniform(600, 3, bound=0.5, rng=0), method="low-rank", tol=tol)
    assert ("rounding is about" in found.message and "above `tol`" in found.message) is said
    if not said:
        return
    named = float(found.message.partition("rounding is about ")[2].split()[0])
    assert 1e-15 < named < 1e-12


# --- coordinates -----------------------------------------------------------------------------------------------------


def of_singular_values(values, kind):
    """A head of width 3 whose W_Q W_K^T has these singular values."""
    problem = ll.make_uniform(40, 3, bound=0.4, rng=0)
    head = replace(problem.head, WQ=np.diag(values), adapters={})
    return as_kind(replace(problem, head=head), kind)


@pytest.mark.parametrize(
    ("values", "kind", "rank"),
    [
        ((1.0, 0.5, 0.25), np.float64, 3),
        ((1.0, 0.5, 1e-14), np.float64, 3),
        ((1.0, 0.5, 1e-16), np.float64, 2),
        ((1.0, 1e-16, 1e-17), np.float64, 1),
        ((0.0, 0.0, 0.0), np.float64, 1),
        ((1.0, 0.5, 1e-5), np.float32, 3),
        ((1.0, 0.5, 1e-8), np.float32, 2),
    ],
)
def test_logits_are_made_of_as_many_coordinates_as_the_weights_have_rank(values, kind, rank):
    """A singular value counts above 3 eps of the largest; of a product of 0, one coordinate of zeros is left."""
    found = ll.lora_gradients(of_singular_values(values, kind), method="low-rank", degree=4)
    assert found.n_features == math.comb(4 + rank, 4)


# --- batches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["dense", "tiled", "low-rank"])
def test_flops_of_a_batch_are_those_of_its_entries(method):
    problem = oracles.random_problem(2, batch=3, size=0.1)
    names = ("XQ", "Y", "XK", "XV")
    options = {"method": method} | ({"degree": 3} if method == "low-rank" else {})
    parts = [replace(problem, **{name: getattr(problem, name)[e] for name in names}) for e in range(3)]
    whole = ll.lora_gradients(problem, **options).counts["flops"]
    assert whole == sum(ll.lora_gradients(part, **options).counts["flops"] for part in parts) > 0


@pytest.mark.parametrize(("mask", "calls"), [(None, 1), ((np.array([12, 3, 4]), np.array([9, 9, 9])), 3)])
def test_dense_takes_a_batch_at_once(monkeypatch, mask, calls):
    seen = []
    dense = solve.dense_products
    monkeypatch.setattr(solve, "dense_products", lambda xp, head: seen.append(head) or dense(xp, head))
    ll.lora_gradients(replace(oracles.random_problem(3, batch=3), mask=mask), method="dense")
    assert [head.queries.ndim for head in seen] == [3 if mask is None else 2] * calls


def scaled_batch(scales, n=300, d=3):
    """One uniform problem with keys of several sizes, as a batch."""
    one = ll.make_uniform(n, d, bound=0.5, rng=0)
    fields = {name: np.stack([getattr(one, name)] * len(scales)) for name in ("XQ", "Y", "XK", "XV")}
    fields["XK"] = fields["XK"] * np.array(scales)[:, None, None]
    return one, replace(one, **fields)


@pytest.mark.parametrize("scales", [(1.0, 6.0), (6.0, 1.0)])
def test_the_degree_of_a_batch_is_that_of_its_hardest_entry(scales):
    one, batch = scaled_batch(scales)
    hard = ll.lora_gradients(replace(one, XK=6.0 * one.XK), method="low-rank")
    easy = ll.lora_gradients(one, method="low-rank")
    found = ll.lora_gradients(batch, method="low-rank")
    assert found.degree == hard.degree > easy.degree
    assert found.logit_bound == hard.logit_bound > easy.logit_bound


def test_the_choice_counts_the_outliers_of_every_entry():
    """Entries with few large tokens and with many: what is kept exact adds up, wherever an entry stands."""
    few, many = (ll.make_outliers(3000, 4, n_outliers=n, factor=200.0, rng=0) for n in (2, 64))
    reasons = []
    for order in ((few, many), (many, few)):
        fields = {name: np.stack([getattr(one, name) for one in order]) for name in ("XQ", "Y", "XK", "XV")}
        batch = replace(few, **fields)
        found, exact = ll.lora_gradients(batch), ll.lora_gradients(batch, method="tiled")
        assert found.method == "hybrid"
        reasons.append(found.reason)
        share = float(found.reason.removeprefix("low-rank pays: ").split()[0])
        assert share == pytest.approx(found.counts["flops"] / exact.counts["flops"], rel=0.05)
        alone = [ll.lora_gradients(one, method="hybrid", degree=found.degree) for one in order]
        assert found.counts["flops"] == pytest.approx(sum(one.counts["flops"] for one in alone), abs=1)
        assert abs(alone[0].counts["flops"] - alone[1].counts["flops"]) > 0.01 * exact.counts["flops"]
    assert reasons[0] == reasons[1]


def test_too_few_tokens_are_told_before_anything_is_computed(monkeypatch):
    monkeypatch.setattr(plan, "_polynomial_plan", lambda *_: pytest.fail("a polynomial was looked for"))
    found = ll.lora_gradients(ll.make_uniform(600, 16, bound=0.4, rng=0))
    assert (found.method, found.reason) == ("tiled", "exact cheaper: too few tokens for so wide a head")


# --- tiles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("n", "d", "d_value"), [(1, 1, 1), (5, 3, 40), (33, 9, 2), (64, 70, 17), (1100, 3, 40), (600, 40, 5)]
)
def test_tiles_of_every_shape(n, d, d_value, kind):
    """More and fewer keys than parts, queries than tiles, and columns than vectors, against the dense chain."""
    problem = oracles.random_problem(n, n_queries=n, n_keys=n, d_head=d, d_value=d_value, size=0.3)
    fields = {name: getattr(problem, name).astype(kind) for name in ("XQ", "Y", "XK", "XV")}
    for mask in (None, "causal"):
        here = ll.AttentionProblem(problem.head, **fields, mask=mask)
        found, expected = (ll.lora_gradients(here, adapt=("Q", "K", "V"), method=one) for one in ("tiled", "dense"))
        assert found.loss == pytest.approx(expected.loss, rel=1e-4 if kind == np.float32 else 1e-12)
        for projection in "QKV":
            wrong = np.abs(found.W[projection] - expected.W[projection]).max()
            assert wrong <= (1e-4 if kind == np.float32 else 1e-11) * np.abs(expected.W[projection]).max()


def test_wide_heads_share_keys_between_tiles(monkeypatch):
    """As many tiles at a time as make them as wide as the keys, so that long keys are not read for a few queries."""
    from lrtheory.lora_limits.products import tiled

    shapes, run = [], tile_kernels.sweep
    monkeypatch.setattr(tile_kernels, "sweep", lambda *given: shapes.append(given[2].tiles.shape) or run(*given))
    width = tiled.columns(np.float64)
    for n, d in ((300, 4), (300, 64), (1, 64), (2 * width, 64)):
        ll.lora_gradients(ll.make_uniform(n, d, rng=0), method="tiled")
    ll.lora_gradients(ll.make_uniform(2 * width, 64, rng=0), method="tiled", n_jobs=2)
    assert [shape[0] for shape in shapes] == [1, 64 // width, 1, 2, 1, 1]
    assert {shape[2] for shape in shapes} == {width}


@pytest.mark.parametrize("xp", QUICK, indirect=True)
def test_tiles_of_other_libraries_are_bounded_too(xp, monkeypatch):
    from lrtheory.lora_limits.products import tiled

    problem = oracles.random_problem(4, n_queries=90, n_keys=80, batch=2)
    sizes, run = [], tiled._logits
    monkeypatch.setattr(tiled, "TILE", 2**12)
    monkeypatch.setattr(tiled, "_logits", lambda *given: sizes.append(run(*given).shape) or run(*given))
    fields = {name: xp.asarray(getattr(problem, name)) for name in ("XQ", "Y", "XK", "XV")}
    found = ll.lora_gradients(ll.AttentionProblem(problem.head, **fields), method="tiled", block=10**6)
    _, expected = oracles.autodiff(problem)
    error = np.abs(xp.to_numpy(found.W["Q"]) - expected["WQ"]).max()
    assert error < 1e-11 * np.abs(expected["WQ"]).max()
    assert sizes == [] or max(map(math.prod, sizes)) <= 2**12


# --- diagnoses -------------------------------------------------------------------------------------------------------


def test_the_certified_degree_is_the_smallest_that_is_proved():
    found = ll.diagnose(ll.make_uniform(500, 4, bound=1.5, rng=0), epsilon=1e-3)
    tau = [theory.tilt_bound(min(theory.taylor_error(g, found.logit_bound), 0.99)) for g in range(30)]
    assert tau[found.certified_degree] <= 1e-3 < tau[found.certified_degree - 1]
    assert found.certified_degree > found.degree
    assert f"({found.certified_degree} to prove it)" in found.text


@pytest.mark.parametrize("bound", [0.3, 1.0, 2.0])
def test_the_break_even_length_is_where_the_regime_changes(bound):
    """One count of flops for both: at a third of the length exact is cheaper, at three times as many low rank pays."""
    problem = ll.make_uniform(3000, 4, bound=bound, rng=0)
    found = ll.diagnose(problem, epsilon=1e-3)
    for factor in (1 / 3, 0.9, 1.1, 3.0):
        n = round(factor * found.break_even_length)
        rows = np.resize(np.arange(3000), n)
        cut = replace(problem, **{name: getattr(problem, name)[rows] for name in ("XQ", "Y", "XK", "XV")})
        there = ll.diagnose(cut, epsilon=1e-3)
        if there.degree == found.degree:
            assert (there.regime == "low-rank pays") is (factor > 1)
            assert there.break_even_length == pytest.approx(found.break_even_length, rel=1e-12)
    assert found.break_even_length < 3000 or found.regime != "low-rank pays"

"""Certificates against gradients in more digits than theirs, against forgers, and what is said about rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lrtheory import lora_limits as ll
from tests.lora_limits import oracles
from tests.rules.certificates.forging import forged_fields

PROJECTIONS = ("Q", "K", "V")
HALF_ULP = 2.0**-24  # of 1 in single precision
NAMES = ("XQ", "Y", "XK", "XV")


def in_units(problem, factor):
    """Values and targets multiplied by a factor."""
    return replace(problem, XV=factor * problem.XV, Y=factor * problem.Y)


def in_single(problem):
    return replace(problem, **{name: getattr(problem, name).astype(np.float32) for name in NAMES})


def worst_share(found, exact):
    """The largest error of an entry of any gradient, in units of what is proved of it."""
    return max(
        np.abs(getattr(found, kind)[projection] - table).max() / found.certificate.entries[f"{kind}_{projection}"]
        for kind in "ABW"
        for projection, table in getattr(exact, kind).items()
    )


# --- forgers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize(
    "options",
    [{"method": "low-rank", "degree": 8}, {"method": "hybrid", "tol": 1e-4}, {"method": "low-rank", "max_error": None}],
)
def test_no_false_field_is_verified(factor, options):
    """Every number of a certificate, made false in turn, at several scales of the problem."""
    problem = in_units(oracles.random_problem(3, n_queries=20, n_keys=20, size=0.2), factor)
    if "max_error" in options:
        options = options | {"max_error": 1e-3 * max(factor, factor**2)}
    proof = ll.lora_gradients(problem, adapt=PROJECTIONS, **options).certificate
    assert proof.verify(problem)
    forged = list(forged_fields(proof))
    assert {words.partition(":")[0].partition(".")[0] for words, _ in forged} >= {
        "achieved",
        "bound",
        "gap",
        "row_sum_error",
        "eta",
        "rounding",
        "entries",
    }
    # gradients may be any that the bounds allow, so that a small lie about them is no lie about their error
    assert [words for words, lie in forged if not words.startswith("gradients.") and lie.verify(problem)] == []
    for name, most in proof.entries.items():
        for share, due in ((0.5, True), (2.0, False)):
            moved = {name: proof.gradients[name] + share * most}
            assert replace(proof, gradients=dict(proof.gradients) | moved).verify(problem) is due


def test_a_certificate_of_other_words_is_not_verified():
    problem = oracles.random_problem(3, n_queries=20, n_keys=20, size=0.2)
    proof = ll.lora_gradients(problem, method="low-rank", degree=8).certificate
    entries = dict(proof.entries)
    assert not replace(proof, statement="lora_limits/LL-E8").verify(problem)
    assert not replace(proof, entries=entries | {"W_K": 1.0}).verify(problem)
    assert not replace(proof, entries={"W_Q": entries["W_Q"]}).verify(problem)
    assert not replace(proof, options=dict(proof.options) | {"method": "magic"}).verify(problem)
    assert not replace(proof, options=dict(proof.options) | {"adapt": ("Q",)}).verify(problem)


# --- floors of rounding ----------------------------------------------------------------------------------------------


def test_a_sum_that_loses_every_term_is_within_its_certificate():
    """Values of 1 and of 255 numbers just below half a unit in its last place, added one after the other.

    The loss is the largest that a sum of 256 terms can have, so a floor that is 16 times smaller would be exceeded.
    """
    row = np.full(256, 0.98 * HALF_ULP, np.float32)
    row[0] = 1
    values, columns = np.stack([row] * 4), np.ones((256, 16), np.float32)
    exact = values.astype(np.float64) @ columns
    if (exact - values @ columns).min() < 200 * HALF_ULP:
        pytest.skip("the BLAS of this machine adds terms in several lanes")
    head = ll.LoRAHead(np.zeros((1, 2)), np.zeros((1, 2)), columns, adapters={}, alpha=1.0, beta=1.0)
    ones = np.ones((4, 1), np.float32)
    found = ll.lora_gradients(
        head, ones, np.zeros((4, 16), np.float32), XK=ones, XV=values, adapt=("V",), method="low-rank", degree=0
    )
    gradient = values.astype(np.float64).T @ exact  # attention is 1/4 everywhere, and so the output is a row of values
    error = np.abs(found.W["V"] - gradient).max()
    assert found.certificate.entries["W_V"] / 16 < error <= found.certificate.entries["W_V"]


@pytest.mark.parametrize("kept", [0.1, 1e-3, 1e-5])
def test_adapters_that_cancel_their_weight_are_within_their_certificate(kept):
    """What is left of W after its adapter has lost the digits that both share."""
    rng = np.random.default_rng(0)
    X, W = rng.uniform(-1, 1, (1, 2)), rng.uniform(1, 2, (2, 2)).astype(np.float32)
    pair = (np.eye(2, dtype=np.float32), (-(1 - kept) / 1.5 * W.T).astype(np.float32))
    head = ll.LoRAHead(W, W, W, adapters={"V": pair}, alpha=3.0, beta=0.1)
    single = in_single(ll.AttentionProblem(head, X, 0 * X, XK=X, XV=X))
    double = replace(single, **{name: getattr(single, name).astype(np.float64) for name in NAMES})
    found = ll.lora_gradients(single, adapt=("V",), method="low-rank", degree=12)
    assert worst_share(found, ll.lora_gradients(double, adapt=("V",), method="dense")) <= 1


@pytest.mark.parametrize("seed", range(12))
def test_single_precision_is_within_its_certificates(seed):
    """Against double precision, on problems of all shapes, at a degree that leaves rounding alone."""
    rng = np.random.default_rng(seed)
    n_queries, n_keys = rng.integers(1, 300, 2)
    single = in_single(oracles.random_problem(seed, n_queries=n_queries, n_keys=n_keys, size=0.12))
    double = replace(single, **{name: getattr(single, name).astype(np.float64) for name in NAMES})
    found = ll.lora_gradients(single, adapt=PROJECTIONS, method="low-rank", degree=11)
    assert worst_share(found, ll.lora_gradients(double, adapt=PROJECTIONS, method="tiled")) <= 1


# --- what is said about rounding -------------------------------------------------------------------------------------

SHAPES = [(319, 1, 1), (527, 2, 3), (414, 3, 3), (1, 234, 1), (2, 31, 3), (200, 200, 2), (40, 300, 4)]


@pytest.mark.parametrize(("n_queries", "n_keys", "d"), SHAPES)
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_rounding_is_not_understated(n_queries, n_keys, d, shift):
    """A few keys, or queries, whose errors all others share; inputs around a common point."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        XQ, XK = (rng.uniform(-0.3, 0.3, (n, d)) + shift * 0.1 for n in (n_queries, n_keys))
        tables = {"Y": rng.normal(size=(n_queries, d)), "XK": XK, "XV": rng.normal(size=(n_keys, d)) + shift}
        head = ll.LoRAHead(np.eye(d), np.eye(d), np.eye(d), adapters={}, alpha=1.0, beta=1.0)
        single = in_single(ll.AttentionProblem(head, XQ, **tables))
        found = ll.lora_gradients(single, adapt=PROJECTIONS, method="low-rank", tol=2e-7)
        double = replace(single, **{name: getattr(single, name).astype(np.float64) for name in NAMES})
        exact = ll.lora_gradients(double, adapt=PROJECTIONS, method="low-rank", degree=found.degree)
        sizes = {projection: float(np.abs(table).max()) for projection, table in exact.W.items()}
        error = max(
            np.abs(found.W[projection] - exact.W[projection]).max() / size for projection, size in sizes.items() if size
        )
        said = found.message.partition("rounding is about ")[2].split()
        assert error <= max(2e-7, float(said[0]) if said else 0.0)


def test_rounding_that_does_not_matter_is_not_mentioned():
    """Thousands of tokens in single precision, at the usual tolerance."""
    found = ll.lora_gradients(in_single(ll.make_uniform(3000, 4, bound=0.4, rng=0)), method="low-rank")
    assert "rounding" not in found.message

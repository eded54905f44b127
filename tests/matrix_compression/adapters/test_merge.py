"""Merging against the sums themselves."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory._files.safetensors import encoded
from proofs_checks.matrix_compression.adapters.merged_factors import linear_cross_terms

SHAPES = {"a": (12, 10), "b": (8, 30), "c": (5, 5)}
WEIGHTS = [1.0, -0.5, 0.3]


def adapters(rank: int = 3, unit: float = 1.0, rng: int = 0) -> list[mc.AdapterFile]:
    """Three of different scales, one of which lacks a module."""
    draw, made = np.random.default_rng(rng), []
    for scale in (1.0, -0.7, 2.0):
        modules = {
            name: mc.AdapterModule(
                draw.normal(size=(m, rank)), draw.normal(size=(rank, n)), scale=scale * unit, dtype="F64"
            )
            for name, (m, n) in SHAPES.items()
        }
        made.append(modules)
    del made[1]["c"]
    return [mc.AdapterFile(modules) for modules in made]


def sums(given: list[mc.AdapterFile], weights: list[float]) -> dict[str, np.ndarray]:
    present = {n: [w * one.dense(n) for w, one in zip(weights, given, strict=True) if n in one.modules] for n in SHAPES}
    return {name: np.sum(parts, axis=0) for name, parts in present.items()}


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
@pytest.mark.parametrize("rank", [0, 1, 3, 5, 40])
@pytest.mark.parametrize("method", ["auto", "core", "dense"])
def test_the_best_adapter_of_a_rank_for_the_sum(method: str, rank: int, unit: float) -> None:
    given = adapters(unit=unit)
    found = mc.merge_adapters(given, WEIGHTS, rank=rank, method=method)
    whole, norm = 0.0, 0.0
    for name, W in sums(given, WEIGHTS).items():
        s = np.linalg.svd(W, compute_uv=False)
        error = np.linalg.norm(W - found.adapter.dense(name))
        assert error == pytest.approx(np.linalg.norm(s[rank:]), abs=1e-13 * s[0])
        whole, norm = np.hypot(whole, error), np.hypot(norm, np.linalg.norm(s))
    assert found.error == pytest.approx(whole / norm, abs=1e-13)
    assert found.certificate.bound - 1e-13 * norm <= whole <= found.certificate.achieved + 1e-13 * norm
    assert found.certificate.verify(given)
    if rank:
        assert not dataclasses.replace(found.certificate, weights=np.ones(len(given))).verify(given)
    assert found.method == {"auto": "core and dense"}.get(method, method)


@pytest.mark.parametrize("rng", range(5))
def test_a_stream_is_within_its_bracket(rng: int) -> None:
    given = adapters(rng=rng)
    found = mc.merge_adapters(given, WEIGHTS, rank=4, method="stream", record=True)
    best = mc.merge_adapters(given, WEIGHTS, rank=4)
    truth = sums(given, WEIGHTS)
    error = np.sqrt(sum(np.linalg.norm(W - found.adapter.dense(name)) ** 2 for name, W in truth.items()))
    least = np.sqrt(sum(np.sum(np.linalg.svd(W, compute_uv=False)[4:] ** 2) for W in truth.values()))
    proof = found.certificate
    assert proof.bound <= least * (1 + 1e-12) <= error * (1 + 2e-12) <= proof.achieved * (1 + 3e-12)
    assert proof.verify(given)
    assert not dataclasses.replace(proof, weights=proof.weights[:2]).verify(given[:2])
    for factor in (0.0, 100.0):
        tails = {name: factor * one for name, one in proof.tails.items()}
        assert not dataclasses.replace(proof, tails=tails).verify(given)
    for lie in ({"tails": {}}, {"tails": None}, {"statement": "matrix_compression/SQ-1e"}):
        assert not dataclasses.replace(proof, **lie).verify(given), lie
    assert found.error >= best.error * (1 - 1e-12)
    for name in SHAPES:
        S = np.zeros(SHAPES[name])
        present = [(w, one) for w, one in zip(WEIGHTS, given, strict=True) if name in one.modules]
        pairs = zip(found.trace["B"][name], found.trace["A"][name], strict=True)
        for (B, A), (w, one), lost in zip(pairs, present, proof.tails[name], strict=True):
            now = S + w * one.dense(name)
            S = B @ A
            due = np.linalg.norm(np.linalg.svd(now, compute_uv=False)[4:])
            assert np.linalg.norm(now - S) == pytest.approx(due, abs=1e-12)
            assert due * (1 - 1e-12) <= lost <= due * (1 + 1e-8) + 1e-11  # rounding is counted in


def test_one_adapter_merged_alone_is_itself() -> None:
    one = adapters()[0]
    found = mc.merge_adapters([one], rank=3)
    for name in SHAPES:
        np.testing.assert_allclose(found.adapter.dense(name), one.dense(name), atol=1e-12)


def test_epsilon_holds_in_every_module() -> None:
    given = adapters()
    found = mc.merge_adapters(given, WEIGHTS, epsilon=0.4)
    for name, W in sums(given, WEIGHTS).items():
        s, rank = np.linalg.svd(W, compute_uv=False), found.ranks[name]
        assert np.linalg.norm(s[rank:]) <= 0.4 * np.linalg.norm(s) < np.linalg.norm(s[rank - 1 :])


def test_averaged_factors_miss_the_cross_terms() -> None:
    given = [mc.AdapterFile({n: m for n, m in one.modules.items() if n != "c"}) for one in adapters()]
    found = mc.baselines.factor_average(given, WEIGHTS)
    best = mc.merge_adapters(given, WEIGHTS, rank=3)
    assert found.error > 0.8 > best.error
    assert found.certificate.verify(given)
    scales = [w * one.modules["a"].scale for w, one in zip(WEIGHTS, given, strict=True)]
    left = [np.sign(s) * np.sqrt(abs(s)) * one.modules["a"].B for s, one in zip(scales, given, strict=True)]
    right = [np.sqrt(abs(s)) * one.modules["a"].A for s, one in zip(scales, given, strict=True)]
    truth = np.sum([w * one.dense("a") for w, one in zip(WEIGHTS, given, strict=True)], axis=0)
    off = found.adapter.dense("a") - truth
    np.testing.assert_allclose(linear_cross_terms(left, right), off, atol=1e-12)


def test_averaged_factors_depend_on_the_gauge_and_sums_do_not() -> None:
    plain = adapters()
    turned = [
        mc.AdapterFile(
            {n: mc.AdapterModule(m.B * g, m.A / g, scale=m.scale, dtype="F64") for n, m in one.modules.items()}
        )
        for g, one in zip((1.0, 100.0, 0.01), plain, strict=True)
    ]
    ours = [mc.merge_adapters(given, WEIGHTS, rank=3).adapter.dense("a") for given in (plain, turned)]
    np.testing.assert_allclose(*ours, atol=1e-12)
    theirs = [mc.baselines.factor_average(given, WEIGHTS).adapter.dense("a") for given in (plain, turned)]
    assert np.abs(theirs[0] - theirs[1]).max() > 1.0


def refused(*args: Any, **options: Any) -> str:
    with pytest.raises(ValueError) as error:
        mc.merge_adapters(*args, **options)
    return str(error.value)


def test_refusals(tmp_path: Path) -> None:
    given = adapters()
    assert refused([], rank=1) == "`adapters` must be a sequence of at least one adapter; got []."
    with pytest.raises(ValueError, match="`adapters` must be a sequence of at least one adapter; got 3"):
        mc.baselines.factor_average(3)  # type: ignore[arg-type]
    assert refused(given[:2], [1.0, 2.0, 3.0], rank=1) == "`weights` must be one number an adapter; got 3 for 2."
    assert refused(given) == "`rank, epsilon` must be exactly one of these; got none of them."
    assert 'left out with method "stream"' in refused(given, epsilon=0.5, method="stream")
    assert "left out unless method is" in refused(given, rank=1, record=True)
    other = mc.AdapterFile({"a": mc.AdapterModule(np.ones((3, 1)), np.ones((1, 3)))})
    assert "updates of 'a' have one shape" in refused([given[0], other], rank=1)
    saved = mc.AdapterFile(given[0].modules, others={"head": encoded(np.ones(2), "F32")})
    assert "whose arrays peft finds" in refused([saved, given[1]], rank=1)
    with pytest.raises(TypeError, match="`adapters` must be an AdapterFile or the folder of one"):
        mc.merge_adapters([np.ones((2, 2))], rank=1)  # type: ignore[list-item]
    with pytest.raises(FileNotFoundError):
        mc.merge_adapters([tmp_path / "none"], rank=1)


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_the_sum_itself_is_formed_in_any_unit(unit: float) -> None:
    given, plain = (mc.merge_adapters(adapters(unit=u), WEIGHTS, rank=2, method="dense") for u in (unit, 1.0))
    assert given.error == pytest.approx(plain.error, rel=1e-12)
    for name, values in plain.spectra.items():
        np.testing.assert_allclose(given.spectra[name] / unit, values, atol=1e-13)


def test_the_bound_of_a_stream_leaves_out_what_a_gauge_may_hide() -> None:
    """Gram matrices in a gauge of condition 2000 lose digits, and the bound must stay below the truth by as much."""
    rng = np.random.default_rng(3)
    B, A, X = rng.normal(size=(20, 3)), rng.normal(size=(3, 18)), np.diag([1.0, 1.0, 0.0]) @ rng.normal(size=(3, 3))
    X = X + 5e-4 * rng.normal(size=(3, 3))
    one = mc.AdapterFile({"a": mc.AdapterModule(B @ X, np.linalg.solve(X, A), dtype="F64")})
    proof = mc.merge_adapters([one], rank=1, method="stream").certificate
    least = np.linalg.norm(np.linalg.svd(one.dense("a"), compute_uv=False)[1:])
    assert proof.gap > 1e-11 * least
    assert proof.bound < least * (1 - 1e-12)


@pytest.mark.parametrize("unit", [1.0, 1e50])
def test_tails_below_the_error_are_refused(unit: float) -> None:
    given = adapters(unit=unit)
    found = mc.merge_adapters(given, WEIGHTS, rank=4, method="stream", dtype="float32")
    assert found.certificate.verify(given)
    sums_of = {name: float(np.sum(one)) for name, one in found.certificate.tails.items()}
    new = {name: module.B.astype(np.float64) @ module.A for name, module in found.adapter.modules.items()}
    off = {name: np.linalg.norm(W - new[name]) for name, W in sums(given, WEIGHTS).items()}
    tails = {name: one * 0.7 * off[name] / sums_of[name] for name, one in found.certificate.tails.items()}
    assert not dataclasses.replace(found.certificate, tails=tails).verify(given)


def test_updates_of_other_layers_are_no_summands() -> None:
    B, A = np.ones((4, 1)), np.ones((1, 12))
    layers: list[dict[str, Any]] = [
        {}, {"kind": "embedding"},
        {"kind": "convolution", "kernel": (3, 2, 2)}, {"kind": "convolution", "kernel": (2, 6)},
    ]  # fmt: skip
    adapters = [mc.AdapterFile({"q": mc.AdapterModule(B, A, **layer)}) for layer in layers]
    for k, one in enumerate(adapters):
        for other in adapters[k + 1 :]:
            with pytest.raises(ValueError, match="updates of 'q' have one shape"):
                mc.merge_adapters([one, other], rank=1)
            with pytest.raises(ValueError, match="shapes of the original in module 'q'"):
                mc.certify(one, other)
    # kernels of one entry are no other layer, which some tools write as a matrix
    point = mc.AdapterFile({"q": mc.AdapterModule(B, A, kind="convolution", kernel=(12, 1, 1))})
    assert mc.certify(adapters[0], point).achieved < 1e-15
    assert mc.merge_adapters([point, adapters[0]], rank=1).adapter.modules["q"].kernel == (12, 1, 1)

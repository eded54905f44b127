"""Whole adapters under one budget, against the products of their factors and all ranks that could be chosen."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from tests.rules.certificates.forging import with_gap

SHAPES = {"a.q": (12, 10), "b.k": (8, 30), "c.v": (5, 5)}
RANKS = (4, 6, 5)


def adapter(scale: float = -0.5, rng: int = 0, dtype: str = "F32") -> mc.AdapterFile:
    draw, modules = np.random.default_rng(rng), {}
    for (name, (m, n)), q in zip(SHAPES.items(), RANKS, strict=True):
        B, A = (draw.normal(size=shape).astype(np.float32) for shape in ((m, q), (q, n)))
        modules[name] = mc.AdapterModule(B, A, scale=scale, dtype=dtype)
    return mc.AdapterFile(modules, {"peft_type": "LORA", "task_type": "CAUSAL_LM"})


def exact(found: mc.AdapterFile, name: str) -> np.ndarray:
    module = found.modules[name]
    return module.scale * (module.B.astype(np.float64) @ module.A.astype(np.float64))


def distance(one: mc.AdapterFile, other: mc.AdapterFile) -> float:
    return float(np.sqrt(sum(np.linalg.norm(exact(one, name) - exact(other, name)) ** 2 for name in one)))


WAYS: list[dict[str, Any]] = [
    {"budget": 100},
    {"budget": 6, "cost": "rank"},
    {"budget": 0},
    {"budget": 10**9},
    {"rank": 2},
    {"epsilon": 0.3},
    {"epsilon": 0.0},
    {"rank": 3, "dtype": "bfloat16"},
    {"rank": 3, "dtype": "float16", "keep_scale": True},
    {"rank": 3, "dtype": "float64"},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("scale", [-0.5, 1e-12, 1e3])
def test_errors_and_certificates_are_those_of_the_factors(way: dict[str, Any], scale: float) -> None:
    source = adapter(scale)
    found = mc.compress_adapter(source, **way)
    norm, error = distance(source, mc.compress_adapter(source, budget=0).adapter), distance(source, found.adapter)
    spectra = {name: np.linalg.svd(exact(source, name), compute_uv=False) for name in source}
    least = np.sqrt(sum(np.sum(spectra[name][rank:] ** 2) for name, rank in found.ranks.items()))
    assert found.error == pytest.approx(least / norm, abs=1e-12)
    assert found.certificate.bound == pytest.approx(least, rel=1e-9, abs=1e-12 * norm)
    assert least * (1 - 1e-12) <= error + 1e-13 * norm <= found.certificate.achieved + 2e-13 * norm
    assert found.certificate.verify(source)
    for name, rank in found.ranks.items():
        size = np.linalg.norm(spectra[name])
        assert found.errors[name] == pytest.approx(np.linalg.norm(spectra[name][rank:]) / size, abs=1e-12)
    assert found.storage == sum(r * sum(SHAPES[name]) for name, r in found.ranks.items())
    scales = {module.scale for module in found.adapter.modules.values()}
    assert scales == ({scale} if way.get("keep_scale") else {1.0})


def test_a_budget_is_spent_as_well_as_it_can_be() -> None:
    source = adapter()
    spectra = {name: np.linalg.svd(exact(source, name), compute_uv=False) for name in source}
    for budget, cost in [(60, "parameters"), (150, "parameters"), (4, "rank"), (11, "rank")]:
        found = mc.compress_adapter(source, budget, cost=cost)
        price = [sum(shape) if cost == "parameters" else 1 for shape in SHAPES.values()]
        allowed = [r for r in itertools.product(*(range(q + 1) for q in RANKS)) if np.dot(r, price) <= budget]
        best = max(sum(np.sum(spectra[n][:k] ** 2) for n, k in zip(SHAPES, r, strict=True)) for r in allowed)
        kept = sum(np.sum(spectra[name][:rank] ** 2) for name, rank in found.ranks.items())
        assert kept == pytest.approx(best, rel=1e-12)
        assert found.certificate.allocation.bound >= best * (1 - 1e-12)
        assert np.dot(list(found.ranks.values()), price) <= budget


def test_weights_move_the_budget() -> None:
    source = adapter()
    plain = mc.compress_adapter(source, 6, cost="rank")
    heavy = mc.compress_adapter(source, 6, cost="rank", weights={"a.q": 1.0, "b.k": 1.0, "c.v": 1e3})
    assert heavy.ranks["c.v"] == 5 > plain.ranks["c.v"]
    assert heavy.certificate.verify(source)


def test_certificates_notice_another_adapter_and_other_numbers() -> None:
    source = adapter()
    proof = mc.compress_adapter(source, rank=2).certificate
    assert not proof.verify(adapter(rng=1))
    assert not proof.verify(adapter(scale=-0.51))
    assert not proof.verify(mc.AdapterFile({"a.q": source.modules["a.q"]}))
    worse = mc.compress_adapter(source, rank=1).certificate.modules
    for change in (
        {"achieved": proof.achieved * 0.5},
        {"bound": proof.bound * 1.01},
        {"achieved": np.inf},
        {"achieved": np.nan},
        {"modules": worse},
        {"statement": "matrix_compression/SQ-1"},
    ):
        assert not with_gap(proof, **change).verify(source)
    assert not dataclasses.replace(proof, gap=proof.gap + 1.0).verify(source)


def test_folders_in_and_out(tmp_path: Path) -> None:
    adapter(dtype="BF16").to_peft(tmp_path / "source")
    before = {path.name: path.read_bytes() for path in (tmp_path / "source").iterdir()}
    found = mc.compress_adapter(tmp_path / "source", 150)
    found.to_file(tmp_path / "small")
    again = mc.AdapterFile.from_peft(tmp_path / "small")
    assert {name: module.rank for name, module in again.modules.items()} == {n: r for n, r in found.ranks.items() if r}
    for name in again:
        np.testing.assert_array_equal(exact(again, name), exact(found.adapter, name))
        assert again.modules[name].dtype == "BF16"
    said = json.loads((tmp_path / "small" / "compression_certificate.json").read_text())
    digest = hashlib.sha256(before["adapter_model.safetensors"]).hexdigest()
    assert list(said["sources_sha256"].values()) == [digest]
    assert said["ranks"] == dict(found.ranks)
    assert said["achieved"] == found.certificate.achieved
    config = json.loads((tmp_path / "small" / "adapter_config.json").read_text())
    assert config["task_type"] == "CAUSAL_LM"
    assert "certificate" not in str(config)
    for target in (tmp_path / "source", tmp_path / "source" / "inside"):
        with pytest.raises((ValueError, FileExistsError)):
            found.to_file(target)
    assert {path.name: path.read_bytes() for path in (tmp_path / "source").iterdir()} == before
    found.to_file(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text().startswith("module,rank,error,norm\n")


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    nothing = mc.compress_adapter(adapter(), budget=0)
    with pytest.raises(ValueError, match="rank at least 1"):
        nothing.to_file(tmp_path / "small")
    assert list(tmp_path.iterdir()) == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "`budget, rank, epsilon` must be exactly one of these; got none of them."),
    ({"budget": 5, "rank": 1}, "`budget, rank, epsilon` must be exactly one of these; got budget and rank."),
    ({"budget": -1}, "`budget` must be in [0, inf]; got -1."),
    ({"rank": -1}, "`rank` must be an integer of at least 0; got -1."),
    ({"epsilon": 1.5}, "`epsilon` must be in [0, 1]; got 1.5."),
    ({"rank": 1, "cost": "bytes"}, "`cost` must be one of 'parameters', 'rank'; got 'bytes'."),
    (
        {"rank": 1, "weights": {"a.q": 1.0}},
        "`weights` must be a mapping with one number for each module; got {'a.q': 1.0}.",
    ),
    *(
        (
            {**way, "weights": {"a.q": np.inf, "b.k": 1.0, "c.v": 1.0}},
            "`weights['a.q']` must be finite and at least 0; got inf.",
        )
        for way in ({"rank": 1}, {"budget": 100}, {"epsilon": 0.5})
    ),
    ({"rank": 1, "dtype": "int8"}, "`dtype` must be one of 'float64', 'float32', 'float16', 'bfloat16'; got 'int8'."),
]


@pytest.mark.parametrize(("way", "sentence"), REFUSED)
def test_refusals(way: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        mc.compress_adapter(adapter(), **way)
    assert str(error.value) == sentence


def test_what_is_no_adapter_is_refused() -> None:
    with pytest.raises(TypeError, match="`adapter` must be an AdapterFile or the folder of one"):
        mc.compress_adapter(np.ones((3, 3)), rank=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`dtype` must be a type in whose range the factors lie"):
        mc.compress_adapter(adapter(scale=1e12), rank=1, dtype="float16")


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
@pytest.mark.parametrize("gauge", [0.0, 1.5, 3.0])
def test_certificates_that_say_too_much_are_refused_in_every_gauge(dtype: str, gauge: float) -> None:
    """Bounds that are off by 1e-5 of the dense errors are seen, whatever the factors hide of their product."""
    rng = np.random.default_rng([int(10 * gauge), len(dtype)])
    modules = {}
    for name, (m, n, q) in {"a": (70, 50, 40), "b": (30, 60, 8)}.items():
        B, A = rng.normal(size=(m, q)), rng.normal(size=(q, n))
        X = np.linalg.qr(rng.normal(size=(q, q)))[0] * 10.0 ** rng.uniform(-gauge, gauge, q)
        pair = B @ X, np.linalg.solve(X, A)
        kind = np.float64 if dtype == "F64" else np.float32
        modules[name] = mc.AdapterModule(*(factor.astype(kind) for factor in pair), scale=0.3, dtype=dtype)
    lora = mc.AdapterFile(modules)
    found = mc.compress_adapter(lora, lora.storage // 3)
    W, V = (
        {k: m.scale * (m.B.astype(float) @ m.A.astype(float)) for k, m in x.modules.items()}
        for x in (lora, found.adapter)
    )
    error = np.sqrt(sum(np.linalg.norm(W[name] - V[name]) ** 2 for name in W))
    least = np.sqrt(sum((np.linalg.svd(W[k], compute_uv=False)[found.ranks[k] :] ** 2).sum() for k in W))
    proof = found.certificate
    assert proof.verify(lora)
    for upper, bound, verified in (
        (2 * error, 0.0, True),
        (error * (1 - 1e-5), 0.0, False),
        (2 * error, least * (1 + 1e-5), False),
    ):
        said = with_gap(proof, achieved=upper, bound=bound)
        assert said.verify(lora) is verified


def test_an_update_of_zero_can_keep_its_scale() -> None:
    module = mc.AdapterModule(np.ones((3, 2)), np.ones((2, 4)), scale=0.0)
    found = mc.compress_adapter(mc.AdapterFile({"a": module}), rank=1, keep_scale=True)
    assert found.error == 0.0
    assert not found.adapter.dense("a").any()


def test_the_bias_of_a_module_that_is_left_out_is_lost_by_every_adapter_of_these_ranks() -> None:
    rng = np.random.default_rng(0)
    bias, B, A = np.arange(1.0, 5.0), rng.normal(size=(4, 2)), rng.normal(size=(2, 3))
    source = mc.AdapterFile({
        "small": mc.AdapterModule(1e-3 * B, A, bias=bias),
        "large": mc.AdapterModule(B, A, bias=bias, dtype="F64"),
    })  # fmt: skip
    found = mc.compress_adapter(source, 14)
    assert (found.ranks["small"], found.ranks["large"]) == (0, 2)
    lost = np.hypot(np.linalg.norm(bias), np.linalg.norm(1e-3 * B @ A))
    assert found.certificate.bound == pytest.approx(lost)
    assert found.certificate.achieved == pytest.approx(lost)
    assert found.certificate.verify(source)
    assert not with_gap(found.certificate, bound=1.01 * lost, achieved=1.02 * lost).verify(source)
    assert not with_gap(found.certificate, bound=0.9 * lost, achieved=0.99 * lost).verify(source)

"""Weights that came with the factors, as peft saves embeddings and heads: updates are added to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.safetensors import encoded
from lrtheory.low_rank_adapters import commands
from lrtheory.low_rank_adapters.files.changed_weights import PeftFolder
from lrtheory.low_rank_optimizers import absorb_adapter
from tests.core.files.reader import BASE, FOLDERS, arrays, distance, merged

RNG = np.random.default_rng(0)
MODEL = arrays(BASE / "model.safetensors")
#: a folder of peft, and a layer that it adapts
LAYERS = (("plain", "q_proj"), ("words", "embed_tokens"), ("pissa", "q_proj"), ("olora", "q_proj"),
          ("dora", "q_proj"), ("dora-words", "embed_tokens"))  # fmt: skip


def with_weight(path: Path, folder: str, module: str, own: np.ndarray) -> Path:
    """The adapter of a folder, with a weight of its own below the factors of a module."""
    whole = AdapterFile.from_peft(FOLDERS / folder)
    name = f"base_model.model.{module}.base_layer.weight"
    replace(whole, others={**whole.others, name: encoded(own, "F32")}, source=None).to_peft(path)
    return path


def change_of(path: Path) -> float:
    """The norm of the change of the model."""
    return distance(path, MODEL)


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize(("folder", "module"), LAYERS)
def test_all_that_is_said_is_said_of_these_weights(folder: str, module: str, same: bool, tmp_path: Path) -> None:
    weight = MODEL[f"{module}.weight"]
    source = with_weight(tmp_path / "source", folder, module, weight + (not same) * RNG.normal(size=weight.shape))
    small = mc.compress_adapter(source, rank=1, base=BASE)
    small.to_file(tmp_path / "small")
    far = distance(source, tmp_path / "small")
    assert far == pytest.approx(small.certificate.achieved, rel=1e-5, abs=1e-6)
    assert small.certificate.verify(((source,), BASE))
    proof = mc.certify(source, tmp_path / "small", base=BASE)
    assert proof.achieved == pytest.approx(far / change_of(source), rel=1e-5, abs=1e-6)
    assert proof.bound <= proof.achieved
    commands.convert(PeftFolder.from_file(source), rank=6, base=Tensors(BASE)).to_file(tmp_path / "lora")
    assert distance(source, tmp_path / "lora") < 2e-5
    assert mc.certify(source, tmp_path / "lora", base=BASE).achieved < 1e-5
    found, expected = absorb_adapter(BASE, source, dtype="float16"), merged(source)
    moved = np.linalg.norm(expected[f"{module}.weight"] - weight) / np.linalg.norm(weight)
    assert found.modules["update"][found.names.index(module)] == pytest.approx(moved, rel=1e-5)
    assert "beside" not in found.message
    found.to_file(tmp_path / "merged")
    for array, value in expected.items():
        np.testing.assert_allclose(Tensors(tmp_path / "merged")[array], value, rtol=2.0**-11 * 1.01, atol=1e-5)


@pytest.mark.parametrize("folder", ["plain", "pissa"])
def test_a_merge_sums_changes_of_weights_and_of_factors(folder: str, tmp_path: Path) -> None:
    pair = [with_weight(tmp_path / str(k), folder, "q_proj", MODEL["q_proj.weight"] + RNG.normal(size=(6, 6)))
            for k in range(2)]  # fmt: skip
    mc.merge_adapters([*pair, FOLDERS / "olora"], [0.5, 2.0, -1.0], rank=6, base=BASE).to_file(tmp_path / "sum")
    total = dict(MODEL)
    for weight, one in zip((0.5, 2.0, -1.0), (*pair, FOLDERS / "olora"), strict=True):
        total = {name: value + weight * (merged(one)[name] - MODEL[name]) for name, value in total.items()}
    assert distance(tmp_path / "sum", total) < 1e-4


def test_two_weights_of_one_layer_are_compared_with_their_updates(tmp_path: Path) -> None:
    """A change that one side has in its factors, and the other in its weight, is no distance."""
    update = AdapterFile.from_peft(FOLDERS / "plain").dense("q_proj")
    moved = with_weight(tmp_path / "moved", "plain", "q_proj", MODEL["q_proj.weight"] + update)
    there = AdapterFile.from_peft(moved)
    none = replace(there.modules["q_proj"], scale=0.0)
    replace(there, modules={**there.modules, "q_proj": none}, source=None).to_peft(tmp_path / "still")
    assert distance(tmp_path / "still", FOLDERS / "plain") < 1e-5
    assert mc.certify(FOLDERS / "plain", tmp_path / "still", base=BASE).achieved < 1e-6
    for one, other in ((moved, FOLDERS / "plain"), (moved, tmp_path / "still"), (tmp_path / "still", moved)):
        found = mc.certify(one, other, base=BASE)
        assert found.achieved == pytest.approx(distance(one, other) / change_of(one), rel=1e-5)


def test_a_weight_of_another_shape_is_refused(tmp_path: Path) -> None:
    source = with_weight(tmp_path / "source", "plain", "q_proj", np.ones((7, 6)))
    with pytest.raises(ValueError, match=r"'q_proj.*shape"):
        absorb_adapter(BASE, source)
    with pytest.raises(ValueError, match="own weight of 'q_proj' has the shape of its update"):
        mc.certify(source, source, base=BASE)


def test_factors_are_not_compared_with_a_layer_that_is_saved_whole(tmp_path: Path) -> None:
    """The change of the one stands in two arrays, and that of the other in one."""
    layer = {"base_model.model.q_proj.weight": encoded(MODEL["q_proj.weight"], "F32")}
    other = {"up_proj": AdapterModule(np.ones((8, 1)), np.ones((1, 6)))}
    AdapterFile(other, {"modules_to_save": ["q_proj"]}, others=layer).to_peft(tmp_path / "whole")
    with pytest.raises(ValueError, match="factors for a module that another one saves whole"):
        mc.certify(FOLDERS / "plain", tmp_path / "whole", base=BASE)


@pytest.mark.parametrize("kind", ["files", "arrays"])
def test_a_model_in_memory_gives_the_same_numbers(kind: str, tmp_path: Path) -> None:
    own = MODEL["q_proj.weight"] + RNG.normal(size=(6, 6))
    source = with_weight(tmp_path / "source", "plain", "q_proj", own)
    expected = merged(source)["q_proj.weight"] - MODEL["q_proj.weight"]
    found = absorb_adapter(BASE if kind == "files" else MODEL, source)
    told = found.modules["update"][found.names.index("q_proj")]
    assert told == pytest.approx(np.linalg.norm(expected) / np.linalg.norm(MODEL["q_proj.weight"]), rel=1e-5)

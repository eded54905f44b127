"""Whole models and whole adapters as LoRA, read back from the folders that the verbs write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory._files.safetensors import Tensors, encoded, write_tensors
from lrtheory.low_rank_adapters import commands
from lrtheory.low_rank_adapters.files import load_peft
from lrtheory.low_rank_adapters.files.changed_weights import PeftFolder, largest_change
from tests.low_rank_adapters.files import PEFT, truth

FILES = Path(__file__).resolve().parents[2] / "files"
BASE, TUNED = (Tensors.from_file(FILES / name) for name in ("tiny-model", "tiny-tuned"))


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


def model(folder: Path, arrays: dict[str, np.ndarray]) -> Tensors:
    folder.mkdir()
    write_tensors(folder / "model.safetensors", {name: encoded(value, "F32") for name, value in arrays.items()})
    return Tensors.from_file(folder)


def test_the_lora_of_a_fine_tuned_model_is_the_best_of_its_rank(tmp_path: Path) -> None:
    found = commands.extract(BASE, TUNED, rank=2)
    found.to_file(tmp_path / "lora")
    read = load_peft(tmp_path / "lora")
    assert sorted(read) == sorted(name for name in found.adapters if "k_proj" not in name)
    lost = whole = 0.0
    for module, adapter in read.items():
        D = (TUNED[f"{module}.weight"] - BASE[f"{module}.weight"]).astype(np.float64)
        left = float(np.linalg.norm(np.linalg.svd(D, compute_uv=False)[2:]))
        assert np.linalg.norm(D - adapter.dense()) == pytest.approx(left, rel=1e-5)
        lost, whole = lost + left**2, whole + float(np.sum(D**2))
    assert found.captured == pytest.approx(1 - lost / whole, abs=1e-6)
    assert found.storage == sum(adapter.n_parameters for adapter in read.values()) == 128


def test_a_budget_takes_the_largest_rank_within_it() -> None:
    for budget, rank in ((64, 1), (127, 1), (128, 2), (10**6, 8)):
        found = commands.extract(BASE, TUNED, budget=budget)
        assert {adapter.params["A"].shape[0] for adapter in found.adapters.values()} == {rank}


def test_matrices_of_several_shapes_and_other_arrays(tmp_path: Path) -> None:
    before = {"wide.weight": normal(6, 3), "same": normal(4, 4), "norm.weight": normal(3), "thin": normal(1, 5)}
    after = {name: value + (name != "same") for name, value in before.items()}
    base, tuned = model(tmp_path / "a", before), model(tmp_path / "b", after)
    found = commands.extract(base, tuned, rank=2, modules="wide,same,thin")
    assert {name: one.params["B"].shape for name, one in found.adapters.items()} == {"wide": (6, 2), "thin": (1, 1)}
    assert found._columns()["module"] == ["wide", "thin"]
    update, weight = largest_change(base, tuned, "*")
    np.testing.assert_allclose(update, np.ones((6, 3)), atol=1e-6)
    np.testing.assert_array_equal(weight, before["wide.weight"].astype(np.float32))


@pytest.mark.parametrize("name", ["vera", "randlora", "hira", "unilora-indices"])
def test_other_kinds_become_lora(name: str, tmp_path: Path) -> None:
    weights, deltas = truth(name)
    base = model(tmp_path / "base", {f"{module}.weight": W for module, W in weights.items()})
    found = commands.convert(PeftFolder.from_file(PEFT / name), rank=8, base=base)
    found.to_file(tmp_path / "lora")
    for module, adapter in load_peft(tmp_path / "lora").items():
        np.testing.assert_allclose(adapter.dense(), deltas[module], atol=1e-5 * np.abs(deltas[module]).max())


def test_an_answer_is_a_table_or_a_folder(tmp_path: Path) -> None:
    found = commands.convert(PeftFolder.from_file(FILES / "tiny-uni-lora"), keep_energy=0.9)
    found.to_file(tmp_path / "ranks.csv")
    assert (tmp_path / "ranks.csv").read_text().startswith("module,rank,captured,error\n")
    with pytest.raises(ValueError, match="that of a folder"):
        found.to_file(tmp_path / "lora.safetensors")
    with pytest.raises(FileExistsError):
        found.to_file(FILES / "tiny-uni-lora")


def test_comparisons_are_of_the_matrix_that_was_changed_most() -> None:
    update, _ = largest_change(BASE, TUNED, "*")
    sizes = {name: np.linalg.norm(TUNED[name] - BASE[name]) for name in BASE.names}
    assert np.linalg.norm(update) == pytest.approx(max(sizes.values()))
    table = commands.compare(BASE, TUNED, max_parameters=40)
    assert max(row.n_parameters for row in table.rows) <= 40
    assert {"lora", "hadamard"} <= {row.kind for row in table.rows}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "exactly one of these"),
        ({"rank": 1, "budget": 64}, "exactly one of these"),
        ({"budget": 63}, r"`budget` must be .*64"),
        ({"rank": 0}, "`rank`"),
        ({"rank": 1, "modules": "*.up_proj"}, "patterns of names in the model, as model.layers.0"),
        ({"rank": 1, "modules": "*.k_proj"}, "a model of which a matrix was changed"),
    ],
)
def test_extract_says_what_is_wrong(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        commands.extract(BASE, TUNED, **options)


def test_models_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    base = model(tmp_path / "a", {"x.weight": normal(3, 2)})
    for name, arrays in (("b", {"y.weight": normal(3, 2)}), ("c", {"x.weight": normal(2, 3)})):
        with pytest.raises(ValueError, match=r"`tuned` must be a model with 'x.weight' of shape \(3, 2\)"):
            commands.extract(base, model(tmp_path / name, arrays), rank=1)
    with pytest.raises(ValueError, match="`tuned` must be a model of which a matrix was changed"):
        largest_change(base, base, "*")
    with pytest.raises(FileNotFoundError):
        Tensors.from_file(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        PeftFolder.from_file(tmp_path / "a")

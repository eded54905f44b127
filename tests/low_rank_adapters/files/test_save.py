"""Adapters written and read again: the same updates, in files that peft loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory._files import Tensors
from lrtheory.low_rank_adapters.files import load_peft, save_peft
from lrtheory.low_rank_adapters.kinds.lora import full, lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.kinds.randlora import randlora
from lrtheory.low_rank_adapters.kinds.uni_lora import uni_lora
from lrtheory.low_rank_adapters.kinds.vera import vera
from tests.low_rank_adapters.files import PEFT, READ, truth


def normal(*shape: int, rng: int = 0) -> np.ndarray:
    return np.random.default_rng(rng).normal(size=shape)


def settings(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text())
    return found


@pytest.mark.parametrize("name", READ)
def test_what_peft_wrote_is_written_to_the_bit(name: str, tmp_path: Path) -> None:
    weights = truth(name)[0]
    found = load_peft(PEFT / name, weights=weights)
    save_peft(found, tmp_path / "copy", base_model="a model")
    shown = {module: W.T if "conv1d" in name else W for module, W in weights.items()}
    again = load_peft(tmp_path / "copy", weights=shown)
    assert settings(tmp_path / "copy")["base_model_name_or_path"] == "a model"
    for module, adapter in found.items():
        assert again[module].kind == adapter.kind
        np.testing.assert_array_equal(again[module].dense(), adapter.dense())


@pytest.mark.parametrize("name", ["vera", "randlora", "unilora-indices", "hira"])
def test_arrays_have_the_names_shapes_and_types_of_peft(name: str, tmp_path: Path) -> None:
    save_peft(load_peft(PEFT / name, weights=truth(name)[0]), tmp_path / "copy")
    made, given = Tensors(tmp_path / "copy"), Tensors(PEFT / name)
    for array in made.names:
        assert array in given.names
        assert made.dtype(array) == given.dtype(array)
        if "randlora_" not in array or "gamma" in array or "lambda" in array:
            np.testing.assert_array_equal(made[array], given[array])
        assert made.shape(array) == given.shape(array)
    copies = {array for array in given.names if array.startswith("base_model.model.") and "randlora_" in array}
    assert set(given.names) - set(made.names) <= copies  # which peft writes for each module


def test_forms_of_lora_are_written_as_lora(tmp_path: Path) -> None:
    adapters = {
        "a": lora(normal(5, 2), normal(2, 3), scale=-0.7),
        "b": lora_fa(normal(4, 3), normal(3, 4), scale=2.0),
        "c": lora_xs(normal(5, 3), normal(3, 2), normal(2, 6), scale=0.5),
    }
    save_peft(adapters, tmp_path / "x")
    found = load_peft(tmp_path / "x")
    for name, adapter in adapters.items():
        assert found[name].params["A"].dtype == np.float64
        np.testing.assert_allclose(found[name].dense(), adapter.dense(), rtol=1e-14)


def test_scales_go_into_trained_arrays(tmp_path: Path) -> None:
    shapes = {"a": (5, 3), "b": (3, 5)}
    B, A = normal(5, 2), normal(2, 5, rng=1)
    veras = {k: vera(B[:m], A[:, :n], b=normal(m), d=normal(2), scale=-3.0) for k, (m, n) in shapes.items()}
    bases, rows = normal(2, 5, 2), normal(2, 3)
    rands = {
        k: randlora(bases, rows, lambdas=normal(2, 2), gammas=normal(2, 3), transposed=k == "b", scale=s)
        for k, s in (("a", 0.3), ("b", -1.5))
    }
    for name, adapters in (("vera", veras), ("randlora", rands)):
        save_peft(adapters, tmp_path / name)
        found = load_peft(tmp_path / name, weights=shapes)
        for module, adapter in adapters.items():
            np.testing.assert_allclose(found[module].dense(), adapter.dense(), rtol=1e-13)


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_units_do_not_matter(unit: float, tmp_path: Path) -> None:
    adapter = lora((unit * normal(4, 2)).astype(np.float32), normal(2, 3).astype(np.float32), scale=1 / unit)
    save_peft({"a": adapter}, tmp_path / "x")
    np.testing.assert_allclose(load_peft(tmp_path / "x")["a"].dense(), adapter.dense(), rtol=1e-5)


def theta_of(sizes: Any, scale: float = 1.0) -> dict[str, Any]:
    return {"a": uni_lora([1.0, 2.0], (1, 2), 1, assignment=[0, 1, 1], sizes=sizes, scale=scale)}


@pytest.mark.parametrize(
    ("adapters", "says"),
    [
        ({}, "at least one adapter"),
        ({"a": full(normal(2, 3))}, "all of one kind among lora"),
        ({"a": lora([[1.0]], [[1.0]]), "b": vera([[1.0]], [[1.0]], b=[1.0], d=[1.0])}, "all of one kind"),
        (
            {k: vera(normal(3, 2, rng=i), normal(2, 3), b=normal(3), d=normal(2)) for i, k in enumerate("ab")},
            "share their frozen arrays",
        ),
        (
            {"a": randlora(normal(1, 5, 2), normal(2, 3), lambdas=normal(1, 2), gammas=normal(1, 3))},
            "ones with 2 bases",
        ),
        (theta_of([1, 3]), "share one vector, and no others"),
        (theta_of([1, 2], 2.0), "ones of scale 1"),
    ],
)
def test_what_files_cannot_hold_is_refused(adapters: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=says):
        save_peft(adapters, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_wrong_types_and_folders_that_are_there(tmp_path: Path) -> None:
    adapter = lora([[1.0]], [[1.0]])
    with pytest.raises(TypeError, match="from names to adapters"):
        save_peft({"a": [[1.0]]}, tmp_path / "x")  # type: ignore[dict-item]  # that is the test
    with pytest.raises(TypeError, match="`base_model`"):
        save_peft({"a": adapter}, tmp_path / "x", base_model=3)  # type: ignore[arg-type]  # that is the test
    save_peft({"a": adapter}, tmp_path / "x")
    with pytest.raises(TypeError, match="`path` must be a path; got 3"):
        save_peft({"a": adapter}, 3)  # type: ignore[arg-type]  # that is the test
    for one in (adapter, vera([[1.0]], [[1.0]], b=[1.0], d=[1.0])):
        with pytest.raises(FileExistsError, match="is there already; say"):
            save_peft({"a": one}, tmp_path / "x")
    with pytest.raises(FileNotFoundError):
        save_peft({"a": adapter}, tmp_path / "no" / "x")

"""Adapters that are merged into weights of few bits: what rounding eats of them, and the models that are written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.safetensors import Stored, encoded, write_tensors
from lrtheory.cli import main
from lrtheory.low_rank_optimizers import absorb_adapter, rounded
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint
from lrtheory.low_rank_optimizers.rounding.stored_types import kept
from lrtheory.matrix_compression import compress_adapter
from tests.core.files.reader import BASE, FOLDERS, base_of, merged

RNG = np.random.default_rng(0)


def test_a_weight_is_read_once_whatever_its_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Factors that are not trained yet, of which one is 0, and rows of zeros."""
    weight = RNG.normal(size=(64, 2048))
    weight[40:] = 0
    write_tensors(tmp_path / "model.safetensors", {"q.weight": encoded(weight, "F32")})
    reads, read = [], Checkpoint.read

    def counted(model: Checkpoint, name: str, **options: bool) -> np.ndarray:
        reads.append(name)
        return read(model, name, **options)

    monkeypatch.setattr(Checkpoint, "read", counted)
    found = absorb_adapter(tmp_path, AdapterFile({"q": AdapterModule(np.zeros((64, 2)), np.ones((2, 2048)))}))
    assert (found.update, found.direction, found.unmoved) == (0.0, 1.0, 1.0)
    assert reads == ["q.weight"]


@pytest.mark.parametrize("modules", [("q",), ("q", "r", "s", "t")])
def test_sums_of_squares_beyond_doubles_are_refused(modules: tuple[str, ...]) -> None:
    """Those of some rows, and those of each module, may be in their range."""
    rows = 64 // len(modules)
    weights = {f"{name}.weight": np.full((rows, 2048), 4e151) for name in modules}
    one = AdapterModule(np.full((rows, 1), 4e151), np.ones((1, 2048)))
    with pytest.raises(ValueError, match="in the range of doubles"):
        absorb_adapter(weights, AdapterFile(dict.fromkeys(modules, one)), dtype="int8")


@pytest.mark.parametrize(
    ("share", "noise", "direction", "unmoved"),
    [(1e-3, 0.79, 0.53, 0.78), (1e-2, 0.17, 1.0, 0.18), (5e-2, 0.03, 1.0, 0.04)],
)
def test_a_small_update_drowns_in_bfloat16(share: float, noise: float, direction: float, unmoved: float) -> None:
    """Weights of a normal law that are numbers of bfloat16, as those of models are."""
    W = rounded(RNG.normal(size=(512, 512)) / 20)
    B, A = RNG.normal(size=(512, 16)), RNG.normal(size=(16, 512))
    scale = share * np.linalg.norm(W) / np.linalg.norm(B @ A)
    found = absorb_adapter({"q.weight": W}, AdapterFile({"q": AdapterModule(B, A, scale=scale)}))
    assert found.noise == pytest.approx(noise, abs=0.02)
    assert found.direction == pytest.approx(direction, abs=0.02)
    assert found.unmoved == pytest.approx(unmoved, abs=0.02)


@pytest.mark.parametrize(
    "name",
    ["plain", "pissa", "olora", "olora-conv1d", "dora", "dora-words", "dora-images", "head", "norm", "tokens", "words",
     "bias", "velora", "images", "experts"],
)  # fmt: skip
def test_merged_models_are_those_of_peft(name: str, tmp_path: Path) -> None:
    found = absorb_adapter(base_of(FOLDERS / name), FOLDERS / name, dtype="float16")
    found.to_file(tmp_path / "merged")
    made, expected = Tensors(tmp_path / "merged"), merged(FOLDERS / name)
    assert set(made.names) == set(expected)
    for array, value in expected.items():
        assert made.dtype(array) == "F16"
        np.testing.assert_allclose(made[array], value, rtol=2.0**-11 * 1.01, atol=1e-5)


def experts(*shape: int) -> list[AdapterModule]:
    """Factors of experts of this shape, after their number."""
    n, rows, columns = shape
    return [
        AdapterModule(RNG.normal(size=(rows, 2)), RNG.normal(size=(2, columns)), kind="expert") for _ in range(n)
    ]  # fmt: skip


def in_memory(**groups: list[AdapterModule]) -> AdapterFile:
    """An adapter of the arrays `up` and `down` of a module `e`."""
    nested = dict(zip(groups, ("e.base_layer", "e"), strict=False)) if len(groups) == 2 else dict.fromkeys(groups, "e")
    modules = {f"{nested[name]}[{k}]": one for name, group in groups.items() for k, one in enumerate(group)}
    return AdapterFile(modules, {"target_parameters": [f"e.{name}" for name in groups]})


@pytest.mark.parametrize("dtype", ["bfloat16", "int8", "nf4"])
@pytest.mark.parametrize("turned", [False, True])
def test_experts_are_rounded_as_one_array(dtype: str, turned: bool) -> None:
    """Blocks of codes go on from one expert to the next one, as entries do in a file."""
    up, down = experts(3, 5, 7), experts(3, 7, 4)
    updates = {name: np.stack([one.dense().T if turned else one.dense() for one in group])
               for name, group in (("up", up), ("down", down))}  # fmt: skip
    weights = {f"e.{name}": RNG.normal(size=update.shape) for name, update in updates.items()}
    found = absorb_adapter(weights, in_memory(up=up, down=down), dtype=dtype)
    assert sorted(found.names) == ["e.down", "e.up"]
    for name, update in updates.items():
        flat = weights[f"e.{name}"].reshape(-1, update.shape[2])
        D = update.reshape(flat.shape)
        made = kept(flat + D, dtype)[0]
        at = found.names.index(f"e.{name}")
        assert found.modules["noise"][at] == pytest.approx(np.linalg.norm(made - flat - D) / np.linalg.norm(D))
        assert found.modules["update"][at] == pytest.approx(np.linalg.norm(D) / np.linalg.norm(flat))


def test_the_arrays_of_experts_are_told_by_their_shapes(tmp_path: Path) -> None:
    up, square = experts(2, 6, 4), experts(2, 4, 4)
    W = {"e.up": RNG.normal(size=(2, 4, 6)), "e.down": RNG.normal(size=(2, 4, 4))}
    for groups in ({"up": up, "down": square}, {"down": square, "up": up}):
        found = absorb_adapter(W, in_memory(**groups), dtype="int8")
        update = np.stack([one.dense().T for one in square])  # as the other array of the module is kept
        at = found.names.index("e.down")
        rounded_W = kept((W["e.down"] + update).reshape(-1, 4), "int8")[0] - (W["e.down"] + update).reshape(-1, 4)
        assert found.modules["noise"][at] == pytest.approx(np.linalg.norm(rounded_W) / np.linalg.norm(update))
    for arrays, adapter, said in (
        ({"e.up": (2, 6, 4), "e.down": (2, 4, 6)}, in_memory(up=up, down=up), "in one way; got 2 ways"),
        ({"e.up": (2, 6, 5)}, in_memory(up=up), "in one way; got 0 ways"),
        ({"e.up": (1, 4, 6)}, in_memory(up=up[:1]), "in one way; got 0 ways"),
        ({"e.up": (2, 4, 6), "e.down": (2, 3, 5)}, in_memory(up=up, down=experts(2, 3, 5)), "are kept alike"),
        ({"e.down": (2, 4, 4)}, in_memory(down=square), "whether it keeps square weights of 'e'"),
    ):
        with pytest.raises(ValueError, match=said):
            absorb_adapter({name: np.ones(shape) for name, shape in arrays.items()}, adapter)
    # one matrix is no stack of experts
    assert absorb_adapter({"e.up": np.ones((6, 4))}, in_memory(up=up[:1])).names == ("e.up",)
    write_tensors(tmp_path / "model.safetensors", {"e.down": encoded(W["e.down"], "F32")})
    moved = []
    for kind in ("gpt_oss", "mixtral"):
        (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
        absorb_adapter(tmp_path, in_memory(down=square), dtype="float16").to_file(tmp_path.parent / f"{kind}-merged")
        moved.append(Tensors(tmp_path.parent / f"{kind}-merged")["e.down"] - W["e.down"])
    updates = np.stack([one.dense() for one in square])
    np.testing.assert_allclose(moved[0], updates.transpose(0, 2, 1), atol=1e-2)
    np.testing.assert_allclose(moved[1], updates, atol=1e-2)


def model_in_parts(path: Path) -> dict[str, np.ndarray]:
    """A model in two files, with an array of integers and settings."""
    path.mkdir()
    arrays = {
        "a.q.weight": RNG.normal(size=(6, 4)),
        "a.k.weight": RNG.normal(size=(4, 6)),
        "b.q.weight": RNG.normal(size=(6, 4)),
    }
    parts = {"model-1.safetensors": ["a.q.weight", "a.k.weight"], "model-2.safetensors": ["b.q.weight"]}
    for file, names in parts.items():
        write_tensors(path / file, {name: encoded(arrays[name], "F32") for name in names}, {"format": "pt"})
    index = {
        "metadata": {"total_size": 288},
        "weight_map": {name: file for file, names in parts.items() for name in names},
    }
    (path / "model.safetensors.index.json").write_text(json.dumps(index))
    (path / "config.json").write_text(json.dumps({"model_type": "x", "dtype": "float32"}))
    (path / "tokenizer.json").write_text("{}")
    return arrays


def adapter_for(path: Path, **modules: AdapterModule) -> Path:
    AdapterFile({name.replace("_", "."): one for name, one in modules.items()}).to_peft(path)
    return path


def test_a_model_in_parts_is_written_in_the_same_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays = model_in_parts(tmp_path / "model")
    B, A = RNG.normal(size=(6, 2)), RNG.normal(size=(2, 4))
    adapter = adapter_for(tmp_path / "adapter", b_q=AdapterModule(B, A, dtype="F64"))
    target = tmp_path / "merged"
    line = ["low_rank_optimizers", "absorb", str(tmp_path / "model"), "--adapter", str(adapter), "-o", str(target)]
    assert main(line) == 0
    assert sorted(one.name for one in target.iterdir()) == [
        "config.json", "lrtheory.json", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json",
        "tokenizer.json",
    ]  # fmt: skip
    made = Tensors(target)
    for name, value in arrays.items():
        whole = value.astype(np.float32) + (B @ A if name == "b.q.weight" else 0.0)
        assert np.array_equal(made[name], rounded(whole))
    assert json.loads((target / "config.json").read_text())["dtype"] == "bfloat16"
    assert json.loads((target / "model.safetensors.index.json").read_text())["metadata"]["total_size"] == 144
    (tmp_path / "model" / "config.json").write_text("{")
    assert main([*line[:-1], str(tmp_path / "again")]) == 3
    assert "config.json:1: no JSON" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()
    assert main([*line[:-1], str(tmp_path / "model" / "inside")]) == 3
    assert "outside the folders that were read" in capsys.readouterr().err
    assert main([*line, "--dtype", "nf4", "--force"]) == 3
    assert "merge in bfloat16" in capsys.readouterr().err


def test_one_of_step_and_adapter_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model_in_parts(tmp_path / "model")
    adapter = adapter_for(tmp_path / "adapter", b_q=AdapterModule(np.ones((6, 1)), np.ones((1, 4))))
    line = ["low_rank_optimizers", "absorb", str(tmp_path / "model")]
    for more, said in (
        ([], "exactly one of these"),
        (["--step", "1e-3", "--adapter", str(adapter)], "exactly one of these"),
        (["--step", "1e-3", "--trained-on", "nf4"], "left out unless an adapter is given"),
        (["--adapter", str(adapter), "--std", "1"], "left out unless a step is given"),
        (["--step", "1e-3", "--dtype", "int8"], "`--dtype` must be"),
    ):
        assert main([*line, *more]) == 3
        assert said in capsys.readouterr().err


def test_what_cannot_be_merged_is_refused(tmp_path: Path) -> None:
    one = AdapterModule(np.ones((2, 1)), np.ones((1, 3)))
    for model, adapter, options, said in (
        ({"k.weight": np.ones((2, 3))}, AdapterFile({"q": one}), {}, "with the array 'q.weight'"),
        ({"q.weight": np.ones((2, 2))}, AdapterFile({"q": one}), {}, r"of the shape \(2, 3\)"),
        ({"q.weight": np.full((2, 3), 7e4)}, AdapterFile({"q": one}), {"dtype": "float16"}, "in whose range"),
        ({"q.weight": np.ones((2, 3))}, AdapterFile({"q": one}, {"init_lora_weights": "pissa"}), {}, "give the model"),
        (
            {"q.weight": np.ones((2, 3))},
            AdapterFile({"q": one}, {"ensure_weight_tying": True}),
            {},
            "ensure_weight_tying",
        ),
        ({"q.weight": np.ones((2, 3))}, AdapterFile({"q": one}), {"dtype": "fp8"}, "`dtype` must be"),
        ({"q.weight": np.ones((2, 3))}, AdapterFile({"q": one}), {"trained_on": "bfloat16"}, "`trained_on` must be"),
        ({"q.weight": np.full((2, 3), 1e200)}, AdapterFile({"q": one}), {"dtype": "int8"}, "in the range of doubles"),
        ({"q.weight": np.full((2, 3), 1e-200)}, AdapterFile({"q": one}), {"dtype": "nf4"}, "in the range of doubles"),
        (BASE, FOLDERS / "experts", {}, "with the array 'experts."),
    ):
        with pytest.raises(ValueError, match=said):
            absorb_adapter(model, adapter, **options)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="an AdapterFile or the folder of one"):
        absorb_adapter({"q.weight": np.ones((2, 3))}, 3)  # type: ignore[arg-type]
    kept_in_memory = absorb_adapter({"q.weight": np.ones((2, 3))}, AdapterFile({"q": one}))
    with pytest.raises(ValueError, match="that came from files"):
        kept_in_memory.to_file(tmp_path / "merged")
    nothing = absorb_adapter({"q.weight": np.ones((2, 3))}, AdapterFile({"q": AdapterModule(0 * one.B, one.A)}))
    assert (nothing.noise, nothing.direction, nothing.unmoved) == (0.0, 1.0, 1.0)


def test_an_adapter_that_was_made_of_a_file_is_the_one_that_is_merged(tmp_path: Path) -> None:
    """What is measured is written: an adapter in memory, and not the file that it was made of."""
    arrays = model_in_parts(tmp_path / "model")
    B, A = RNG.normal(size=(6, 3)), RNG.normal(size=(3, 4))
    source = adapter_for(tmp_path / "adapter", b_q=AdapterModule(B, A, dtype="F64"))
    small = compress_adapter(source, rank=1).adapter
    alone = AdapterFile({"b.q": AdapterModule(B[:, :1], A[:1])})
    for name, adapter in (("squeezed", small), ("alone", alone)):
        found = absorb_adapter(tmp_path / "model", adapter)
        found.to_file(tmp_path / name)
        whole = arrays["b.q.weight"].astype(np.float32) + adapter.dense("b.q")
        assert np.array_equal(Tensors(tmp_path / name)["b.q.weight"], rounded(whole))
    for place in (tmp_path / "adapter" / "inside", tmp_path / "model" / "inside"):
        with pytest.raises(ValueError, match="outside the folders"):
            absorb_adapter(tmp_path / "model", small).to_file(place)


def test_an_array_is_not_changed_in_two_ways(tmp_path: Path) -> None:
    arrays = {"q.weight": np.ones((2, 3)), "q.bias": np.ones(2), "embed_tokens.weight": np.ones((4, 3))}
    write_tensors(tmp_path / "model.safetensors", {name: encoded(one, "F32") for name, one in arrays.items()})
    biased = AdapterModule(np.ones((2, 1)), np.ones((1, 3)), bias=np.ones(2))
    words = AdapterModule(np.ones((3, 1)), np.ones((1, 4)), kind="embedding")
    tokens = "embed_tokens.token_adapter.trainable_tokens_delta"
    rows = {"trainable_token_indices": {"embed_tokens": [1]}}
    for modules, config, array, value, said in (
        ({"q": biased}, {}, "q.base_layer.bias", np.ones(2), "q.bias"),
        ({"embed_tokens": words}, rows, tokens, np.ones((1, 3)), "embed_tokens.weight"),
    ):
        others = {f"base_model.model.{array}": encoded(value, "F32")}
        found = absorb_adapter(tmp_path / "model.safetensors", AdapterFile(modules, config, others=others))
        with pytest.raises(ValueError, match=f"changes each array of the model once; got {said}"):
            found.to_file(tmp_path / "merged")
        assert not (tmp_path / "merged").exists()
    alone = absorb_adapter(tmp_path / "model.safetensors", AdapterFile({"q": biased}))
    assert alone.message == "1 array beside the factors not counted"


def test_arrays_of_types_that_numpy_lacks_stay_as_they_are(tmp_path: Path) -> None:
    others = {"f8": Stored("F8_E4M3", (2,), b"ab"), "ids": Stored("I64", (1,), bytes(8))}
    empty = {"none": encoded(np.zeros((0, 3)), "F32"), "number": encoded(np.asarray(2.0), "F32")}
    write_tensors(tmp_path / "model.safetensors", {"q.weight": encoded(np.ones((2, 3)), "F32"), **empty, **others})
    adapter = AdapterFile({"q": AdapterModule(np.ones((2, 1)), np.ones((1, 3)))})
    absorb_adapter(tmp_path / "model.safetensors", adapter).to_file(tmp_path / "merged")
    made = Tensors(tmp_path / "merged")
    assert {name: made.stored(name) for name in others} == others
    assert made["q.weight"].tolist() == [[2.0] * 3] * 2
    assert (made.shape("none"), made["number"]) == ((0, 3), 2.0)


def test_kernels_are_those_of_the_model() -> None:
    B, A = RNG.normal(size=(4, 1)), RNG.normal(size=(1, 12))
    whole = AdapterModule(B, A, kind="convolution", kernel=(3, 2, 2))
    point = AdapterModule(B, A, kind="convolution", kernel=(12, 1, 1))
    fits = (((4, 3, 2, 2), whole), ((4, 12, 1, 1), point), ((4, 12), point), ((4, 12, 1), AdapterModule(B, A)))
    for shape, module in fits:
        found = absorb_adapter({"c.weight": np.ones(shape)}, AdapterFile({"c": module}))
        assert found.update == pytest.approx(np.linalg.norm(B @ A) / np.sqrt(48))
    for shape, module in (
        ((4, 2, 6), whole),
        ((4, 12), whole),
        ((4, 3, 2, 2), point),
        ((4, 3, 2, 2), AdapterModule(B, A)),
    ):
        with pytest.raises(ValueError, match="the model of the adapter, with 'c.weight'"):
            absorb_adapter({"c.weight": np.ones(shape)}, AdapterFile({"c": module}))

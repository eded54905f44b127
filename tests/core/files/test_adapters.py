"""Adapter folders: what they say against peft's own rules, written and read back, and refused where they say else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.safetensors import Stored, decoded, encoded, write_tensors

PREFIX = "base_model.model."


def stored(array: Any, dtype: str = "F32") -> Stored:
    return encoded(np.asarray(array, np.float64), dtype)


def folder(
    path: Path, arrays: dict[str, Stored], config: dict[str, Any], metadata: dict[str, str] | None = None
) -> Path:
    path.mkdir()
    write_tensors(path / "adapter_model.safetensors", arrays, {"format": "pt"} if metadata is None else metadata)
    (path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", **config}))
    return path


def draw(*shape: int, rng: int = 0) -> np.ndarray:
    """Numbers of few bits, which every type holds."""
    return np.random.default_rng(rng).integers(-8, 8, shape) / 4


def linear(name: str, rank: int = 2, dtype: str = "F32") -> dict[str, Stored]:
    A, B = stored(draw(rank, 5), dtype), stored(draw(4, rank, rng=1), dtype)
    return {f"{PREFIX}{name}.lora_A.weight": A, f"{PREFIX}{name}.lora_B.weight": B}


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_factors_of_every_type_come_back(tmp_path: Path, dtype: str) -> None:
    found = AdapterFile.from_peft(folder(tmp_path / "a", linear("q", dtype=dtype), {"r": 2, "lora_alpha": 8}))
    module = found.modules["q"]
    np.testing.assert_array_equal(module.dense(), 4.0 * draw(4, 2, rng=1) @ draw(2, 5))
    assert (module.scale, module.dtype, module.shape) == (4.0, dtype, (4, 5))
    found.to_peft(tmp_path / "b")
    for name in Tensors(tmp_path / "b").names:
        before, after = (Tensors(tmp_path / one).stored(name) for one in "ab")
        assert before == after


def test_scalings_follow_patterns_of_which_the_first_counts(tmp_path: Path) -> None:
    arrays = linear("model.0.q", 4) | linear("model.1.q", 2) | linear("model.1.qx", 8) | linear("amodel.1.k", 8)
    config = {
        "r": 8,
        "lora_alpha": 16,
        "rank_pattern": {"0.q": 4, ".*1.q": 2, "1.q": 5},
        "alpha_pattern": {"model.0.q": 2, "^amodel.1.k": 3},
    }
    found = AdapterFile.from_peft(folder(tmp_path / "a", arrays, config))
    scales = {name: module.scale for name, module in found.modules.items()}
    assert scales == {"model.0.q": 0.5, "model.1.q": 8.0, "model.1.qx": 2.0, "amodel.1.k": 3 / 8}
    stable = AdapterFile.from_peft(folder(tmp_path / "b", arrays, config | {"use_rslora": True}))
    assert stable.modules["model.0.q"].scale == 1.0
    assert stable.modules["model.1.q"].scale == pytest.approx(16 / np.sqrt(2), rel=1e-15)
    stable.to_peft(tmp_path / "c")
    again = AdapterFile.from_peft(tmp_path / "c")
    for name, module in stable.modules.items():
        assert again.modules[name].scale == pytest.approx(module.scale, rel=1e-15)


def test_convolutions_and_embeddings(tmp_path: Path) -> None:
    A, B = draw(2, 3, 2, 2), draw(4, 2, 1, 1, rng=1)
    words, directions = draw(2, 9), draw(4, 2, rng=1)
    arrays = {
        f"{PREFIX}conv.lora_A.weight": stored(A),
        f"{PREFIX}conv.lora_B.weight": stored(B),
        f"{PREFIX}words.lora_embedding_A": stored(words),
        f"{PREFIX}words.lora_embedding_B": stored(directions),
    }
    found = AdapterFile.from_peft(folder(tmp_path / "a", arrays, {"r": 2, "lora_alpha": 2}))
    kernels = np.einsum("or,rchw->ochw", B[:, :, 0, 0], A)
    np.testing.assert_array_equal(found.dense("conv"), kernels.reshape(4, 12))
    np.testing.assert_array_equal(found.dense("words"), directions @ words)
    assert [found.modules[name].kind for name in found] == ["convolution", "embedding"]
    found.to_peft(tmp_path / "b")
    assert {name: Tensors(tmp_path / "b").stored(name) for name in arrays} == arrays


def test_adalora_is_read_and_written_as_lora(tmp_path: Path) -> None:
    A, B, E = draw(3, 5), draw(4, 3, rng=1), draw(3, 1, rng=2)
    arrays = {f"{PREFIX}q.lora_A": stored(A), f"{PREFIX}q.lora_B": stored(B), f"{PREFIX}q.lora_E": stored(E)}
    config = {
        "peft_type": "ADALORA",
        "init_r": 12,
        "target_r": 3,
        "lora_alpha": 32,
        "rank_pattern": {"q.lora_E": [True] * 3},
    }
    found = AdapterFile.from_peft(folder(tmp_path / "a", arrays, config))
    expected = B @ (A * E) * 32 / (12 + 1e-5)
    np.testing.assert_allclose(found.dense("q"), expected, rtol=2e-7)  # 1e-5 beside 12 moves it by 8e-7
    found.to_peft(tmp_path / "b")
    said = json.loads((tmp_path / "b" / "adapter_config.json").read_text())
    assert said["peft_type"] == "LORA"
    assert not {"init_r", "target_r"} & set(said)
    np.testing.assert_allclose(AdapterFile.from_peft(tmp_path / "b").dense("q"), expected, rtol=1e-6)


def test_names_of_living_models_and_of_others(tmp_path: Path) -> None:
    plain = {"q.lora_A.default.weight": stored(draw(2, 5)), "q.lora_B.default.weight": stored(draw(4, 2))}
    found = AdapterFile.from_peft(folder(tmp_path / "a", plain, {"r": 2}))
    assert list(found) == ["q"]
    found.to_peft(tmp_path / "b")
    assert sorted(Tensors(tmp_path / "b").names) == ["q.lora_A.weight", "q.lora_B.weight"]


def test_all_else_is_carried_along_bit_for_bit(tmp_path: Path) -> None:
    odd = Stored("I64", (2,), b"\x01" * 16)
    bits = Stored("BF16", (3,), b"\x01\x7f\x02\x80\x03\x00")
    arrays = linear("q") | {f"{PREFIX}head.weight": bits, f"{PREFIX}q.bias": odd}
    config = {"r": 2, "lora_alpha": 4, "bias": "all", "modules_to_save": ["head"], "task_type": "CAUSAL_LM"}
    AdapterFile.from_peft(folder(tmp_path / "a", arrays, config, {"format": "pt", "by": "me"})).to_peft(tmp_path / "b")
    again = Tensors(tmp_path / "b")
    assert again.stored(f"{PREFIX}head.weight") == bits
    assert again.stored(f"{PREFIX}q.bias") == odd
    assert again.metadata == {"format": "pt", "by": "me"}
    said = json.loads((tmp_path / "b" / "adapter_config.json").read_text())
    carried = ("bias", "modules_to_save", "task_type")
    assert {name: said[name] for name in carried} == {name: config[name] for name in carried}


def matched(pattern: str | list[str], name: str) -> bool:
    """How peft decides whether a module is a target."""
    import re

    if isinstance(pattern, str):
        return re.fullmatch(pattern, name) is not None
    return name in pattern or any(name.endswith(f".{target}") for target in pattern)


def test_ranks_of_written_patterns_reach_the_modules_that_they_name(tmp_path: Path) -> None:
    ranks = {"a.b": 1, "x.a.b": 2, "axb": 3, "gone.axb": 0, "a+b": 4}
    modules = {name: AdapterModule(draw(4, r), draw(r, 5), scale=1.0) for name, r in ranks.items()}
    AdapterFile(modules).to_peft(tmp_path / "a")
    said = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert {name: matched(said["target_modules"], name) for name in ranks} == {name: r > 0 for name, r in ranks.items()}
    again = AdapterFile.from_peft(tmp_path / "a")
    assert {name: again.modules[name].rank for name in again} == {name: r for name, r in ranks.items() if r}
    assert {module.scale for module in again.modules.values()} == {1.0}


def test_an_even_adapter_needs_no_patterns(tmp_path: Path) -> None:
    modules = {name: AdapterModule(draw(4, 2), draw(2, 5), scale=2.0) for name in "ab"}
    AdapterFile(modules).to_peft(tmp_path / "a")
    said = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert (said["r"], said["lora_alpha"], said["rank_pattern"], said["alpha_pattern"]) == (2, 4, {}, {})
    assert said["target_modules"] == ["a", "b"]


BAD = [
    ({"peft_type": "OFT"}, "`adapter` must be a LoRA or AdaLoRA adapter; got peft_type 'OFT'."),
    (
        {"peft_type": "LOHA"},
        "`adapter` must be a LoRA or AdaLoRA adapter; got peft_type 'LOHA'; `low_rank_adapters "
        "convert` makes a LoRA of it.",
    ),
    (
        {"r": 2, "lora_bias": True},
        "`adapter` must be one with lora_B.bias for each module under lora_bias, and for none else; got ['q'].",
    ),
    ({"use_qalora": True}, "`adapter` must be one without use_qalora, whose inputs are averaged in groups; got True."),
    ({"r": 3}, "`adapter` must be one whose arrays of 'q' have the rank 3 of its settings; got 2."),
    ({"r": 2, "lora_alpha": "x"}, "`lora_alpha` must be a finite number in the settings of the adapter; got 'x'."),
    (
        {"r": 2, "rank_pattern": {"(": 2}},
        "`rank_pattern` must be an object whose keys are regular expressions; got '('.",
    ),
]


@pytest.mark.parametrize(("config", "sentence"), BAD)
def test_settings_that_are_refused(tmp_path: Path, config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        AdapterFile.from_peft(folder(tmp_path / "a", linear("q"), config))
    assert str(error.value) == sentence


def test_folders_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder"):
        AdapterFile.from_peft(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no adapter_config\.json"):
        AdapterFile.from_peft(tmp_path / "empty")
    (tmp_path / "empty" / "adapter_config.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"no adapter_model\.safetensors"):
        AdapterFile.from_peft(tmp_path / "empty")
    (tmp_path / "empty" / "adapter_model.bin").write_bytes(b"cos\nsystem\n")
    for path in (tmp_path / "empty", tmp_path / "empty" / "adapter_model.bin"):
        with pytest.raises(ValueError, match=r"; got adapter_model\.bin; if you trust it, `model = .*safetensors\.$"):
            AdapterFile.from_peft(path)
    (tmp_path / "empty" / "adapter_model.safetensors").write_bytes(b"123")
    with pytest.raises(ValueError, match="damaged|no safetensors file"):
        AdapterFile.from_peft(tmp_path / "empty")


def test_arrays_that_are_refused(tmp_path: Path) -> None:
    whole, extra = linear("q"), {"lora_magnitude_vector": 4, "lora_B.bias": 4, "lora_A.default.weight": 5}
    damaged = {name: whole | {f"{PREFIX}q.{name}": stored(draw(n))} for name, n in extra.items()}
    cases = {
        "both factors of 'q'": dict(list(whole.items())[:1]),
        "under use_dora, and for none else": damaged["lora_magnitude_vector"],
        "under lora_bias, and for none else": damaged["lora_B.bias"],
        "two arrays A of 'q'": damaged["lora_A.default.weight"],
        "named lora_A and lora_B": {"x": stored(draw(2))},
    }
    for i, (sentence, arrays) in enumerate(cases.items()):
        path = folder(tmp_path / str(i), arrays, {"r": 2})
        with pytest.raises(ValueError, match=sentence):
            AdapterFile.from_peft(path)


def test_nothing_is_overwritten_and_no_half_folder_is_left(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", linear("q"), {"r": 2})
    before = {path: path.read_bytes() for path in source.iterdir()}
    found = AdapterFile.from_peft(source)
    for target in (source, source / "inside", source / ".." / "a" / "b"):
        with pytest.raises(ValueError, match="outside the folder"):
            found.to_peft(target)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "notes").touch()
    with pytest.raises(FileExistsError):
        found.to_peft(tmp_path / "there")
    large = AdapterFile({"q": AdapterModule(np.full((2, 1), 7e4), np.ones((1, 2)))})
    with pytest.raises(ValueError, match="`dtype` must be a type in whose range"):
        large.to_peft(tmp_path / "half", dtype="float16")
    none = AdapterFile({"q": AdapterModule(np.ones((2, 0)), np.ones((0, 2)))})
    with pytest.raises(ValueError, match="rank at least 1"):
        none.to_peft(tmp_path / "half")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "there"]
    assert {path: path.read_bytes() for path in source.iterdir()} == before


def test_modules_that_are_refused() -> None:
    with pytest.raises(ValueError) as error:
        AdapterModule(np.ones((3, 8)), np.ones((4, 2)))
    assert str(error.value) == "`A` must be an array with 8 rows, as `B` has columns; got 4."
    with pytest.raises(ValueError, match="`B` must be finite; got nan"):
        AdapterModule(np.full((3, 1), np.nan), np.ones((1, 2)))
    with pytest.raises(ValueError, match="`scale` must be a finite number"):
        AdapterModule(np.ones((3, 1)), np.ones((1, 2)), scale=np.inf)
    with pytest.raises(ValueError, match="`modules` must be a mapping with at least one module"):
        AdapterFile({})
    with pytest.raises(ValueError, match="`name` must be one of 1 modules"):
        AdapterFile({"q": AdapterModule(np.ones((3, 1)), np.ones((1, 2)))}).dense("k")


def test_bfloat16_rounds_once_and_to_even() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=3000) * 10.0 ** rng.integers(-44, 38, 3000)
    ties = 1 + np.array([1, 3, 5]) * 2.0**-8
    x = np.concatenate(
        [x, ties, -ties, ties + 2.0**-45, ties - 2.0**-45, [0.0, 2.0**-133, 2.0**-134, 1.0001 * 2.0**-134]]
    )
    numbers = decoded(Stored("BF16", (0x7F80,), np.arange(0x7F80, dtype="<u2").tobytes())).astype(np.float64)
    above = np.searchsorted(numbers, np.abs(x))  # all finite numbers of the type, in order
    below = np.maximum(above - 1, 0)
    ahead, behind = numbers[above] - np.abs(x), np.abs(x) - numbers[below]
    nearest = np.where((ahead < behind) | ((ahead == behind) & (above % 2 == 0)), above, below)
    np.testing.assert_array_equal(decoded(encoded(x, "BF16")), np.copysign(numbers[nearest], x))
    with pytest.raises(OverflowError):
        encoded(np.array([3.4e38]), "BF16")


def test_peft_loads_what_we_write(tmp_path: Path) -> None:
    peft, torch = pytest.importorskip("peft"), pytest.importorskip("torch")

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k = torch.nn.Linear(5, 4, bias=False), torch.nn.Linear(5, 4, bias=False)
            self.conv, self.words = torch.nn.Conv2d(3, 4, 2), torch.nn.Embedding(9, 4)

    config = peft.LoraConfig(
        r=3, lora_alpha=5, target_modules=["q", "k", "conv", "words"], use_rslora=True, rank_pattern={"k": 1}
    )
    torch.manual_seed(0)
    made = peft.get_peft_model(Model(), config)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    made.save_pretrained(tmp_path / "a")
    found = AdapterFile.from_peft(tmp_path / "a")
    found.to_peft(tmp_path / "b")
    for path in "ab":
        loaded = peft.PeftModel.from_pretrained(Model(), tmp_path / path)
        for name, module in loaded.base_model.model.named_children():
            expected = module.get_delta_weight("default").detach().numpy()
            delta = found.dense(name)
            delta = delta.T if found.modules[name].kind == "embedding" else delta.reshape(expected.shape)
            np.testing.assert_allclose(delta, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:The following rank_pattern keys:RuntimeWarning")
def test_adalora_of_peft_with_ranks_that_it_has_reached(tmp_path: Path) -> None:
    peft, torch = pytest.importorskip("peft"), pytest.importorskip("torch")

    def model() -> Any:
        return torch.nn.ModuleDict({name: torch.nn.Linear(6, 5, bias=False) for name in "qk"})

    config = peft.AdaLoraConfig(init_r=4, target_r=2, lora_alpha=7, target_modules=["q", "k"], total_step=10)
    torch.manual_seed(0)
    made = peft.get_peft_model(model(), config)
    for name, parameter in made.named_parameters():
        if "ranknum" not in name:
            torch.nn.init.normal_(parameter)
    made.peft_config["default"].rank_pattern = {
        "q.lora_E.default": [True, False, True, False],
        "k.lora_E.default": [True, True, True, False],
    }
    made.save_pretrained(tmp_path / "a")
    found = AdapterFile.from_peft(tmp_path / "a")
    assert {name: found.modules[name].rank for name in found} == {"k": 3, "q": 2}
    found.to_peft(tmp_path / "b")
    for path in "ab":  # as AdaLoRA, and written as LoRA
        loaded = peft.PeftModel.from_pretrained(model(), tmp_path / path)
        for name, module in loaded.base_model.model.named_children():
            expected = module.get_delta_weight("default").detach().numpy()
            np.testing.assert_allclose(found.dense(name), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
def test_factors_may_be_tensors_of_any_precision(kind: str) -> None:
    torch = pytest.importorskip("torch")
    B = torch.tensor([[1.5], [-2.0]], dtype=getattr(torch, kind), requires_grad=True)
    module = AdapterModule(B, [[0.5, 1.0]])
    assert module.B.dtype == np.float32
    assert module.B.tolist() == [[1.5], [-2.0]]

"""What fine-tuning changed, as adapters: `extract` names what it leaves out, and writes layers as peft reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory._files.adapters import AdapterFile
from lrtheory._files.safetensors import Tensors, encoded, write_tensors
from lrtheory.cli import main
from lrtheory.low_rank_adapters import commands, make_adapter, save_peft

RNG = np.random.default_rng(0)


def model(path: Path, arrays: dict[str, np.ndarray], config: dict[str, Any] | None = None) -> str:
    path.mkdir()
    write_tensors(path / "model.safetensors", {name: encoded(value, "F32") for name, value in arrays.items()})
    if config is not None:
        (path / "config.json").write_text(json.dumps(config))
    return str(path)


def extract(base: str, tuned: str, *options: str) -> int:
    return main(["low_rank_adapters", "extract", base, tuned, "--rank", "1", *options])


@pytest.mark.parametrize("changed", ["norm.weight", "q_proj.bias", "experts"])
def test_extract_names_what_it_leaves_out(changed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {"q_proj.weight": RNG.normal(size=(3, 4)), "q_proj.bias": np.ones(3), "norm.weight": np.ones(4),
              "experts": RNG.normal(size=(2, 3, 4)), "embed_tokens.weight": RNG.normal(size=(9, 4))}  # fmt: skip
    base = model(tmp_path / "base", before)
    both = before | {"q_proj.weight": before["q_proj.weight"] + 1}
    # a head that is stored beside the embedding that it is tied to is no change
    for name, more in (("plain", {}), ("tied", {"lm_head.weight": before["embed_tokens.weight"]})):
        assert extract(base, model(tmp_path / name, {**both, **more})) == 0
        assert "left out" not in capsys.readouterr().out
    tuned = model(tmp_path / "tuned", {**both, changed: 1 + before[changed]})
    assert extract(base, tuned) == 0
    share = before[changed].size / (12 + before[changed].size)
    assert f"left out is {share:.2%} of all that was changed, squared: {changed} {share:.2%}" in capsys.readouterr().out
    lost = model(tmp_path / "lost", {**both, "codes": before["norm.weight"]})
    assert extract(base, lost) == 3
    assert "the model of the adapter, with the array 'codes'" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["gpt2", "gpt_bigcode", None])
def test_extract_writes_layers_as_peft_reads_them(
    kind: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """GPT-2 keeps its weights as (d_in, d_out), where a square one shows nothing of that."""
    names = ("h.0.attn.c_proj.weight", "wte.weight", "q_proj.weight")
    before, after = ({name: RNG.normal(size=(4, 4)) for name in names} for _ in range(2))
    config = None if kind is None else {"model_type": kind, "architectures": ["GPT2LMHeadModel"]}
    base, tuned = model(tmp_path / "a", before, config), model(tmp_path / "b", after, config)
    made = tmp_path / "made"
    line = ["low_rank_adapters", "extract", base, tuned, "--rank", "4", "-o", str(made)]
    if kind is None:
        assert main(line) == 3
        assert "config.json says whether it keeps weights as (d_in, d_out)" in capsys.readouterr().err
        assert main([*line, "--modules", "wte,q_proj"]) == 0
        return
    assert main(line) == 0
    said = json.loads((made / "adapter_config.json").read_text())
    assert said["fan_in_fan_out"] is (kind == "gpt2")
    assert said["task_type"] == "CAUSAL_LM"
    assert said["base_model_name_or_path"] == base
    assert said["auto_mapping"]["parent_library"] == f"transformers.models.{kind}.modeling_{kind}"
    found = AdapterFile.from_peft(made)
    assert {name: found.modules[name].kind for name in found} == {
        "h.0.attn.c_proj": "linear", "wte": "embedding", "q_proj": "linear",
    }  # fmt: skip
    for module, turned in (("h.0.attn.c_proj", kind == "gpt2"), ("wte", True), ("q_proj", False)):
        update = after[f"{module}.weight"] - before[f"{module}.weight"]
        np.testing.assert_allclose(found.dense(module), update.T if turned else update, atol=1e-5)


def test_a_head_that_is_stored_beside_its_embedding_is_adapted_once(tmp_path: Path) -> None:
    before, after = RNG.normal(size=(9, 4)), RNG.normal(size=(9, 4))
    base, tuned = (
        model(tmp_path / name, {"embed_tokens.weight": words, "lm_head.weight": words})
        for name, words in (("a", before), ("b", after))
    )
    found = commands.extract(Tensors(base), Tensors(tuned), rank=4)
    assert (list(found.adapters), found.left_out) == (["embed_tokens"], {})


def test_embeddings_are_not_saved_where_peft_ignores_them(tmp_path: Path) -> None:
    adapter = make_adapter("vera", (4, 4), rank=1, rng=0)
    with pytest.raises(ValueError, match="peft ignores .*embed_tokens"):
        save_peft({"model.embed_tokens": adapter}, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_embeddings_of_other_names_are_named(tmp_path: Path) -> None:
    before, after = ({"table.weight": RNG.normal(size=(9, 4)), "q.weight": RNG.normal(size=(4, 4))} for _ in range(2))
    base, tuned = model(tmp_path / "a", before), model(tmp_path / "b", after)
    for option, kinds in ((["--embeddings", "x.*,ta*"], ["embedding", "linear"]), ([], ["linear", "linear"])):
        made = tmp_path / f"made-{len(option)}"
        assert extract(base, tuned, *option, "-o", str(made)) == 0
        found = AdapterFile.from_peft(made)
        assert [found.modules[name].kind for name in ("table", "q")] == kinds
        assert found.modules["table"].shape == ((4, 9) if option else (9, 4))

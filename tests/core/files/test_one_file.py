"""Adapters of diffusion models in one file, in the form of kohya's tools or of diffusers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory._files.safetensors import Tensors, encoded, write_tensors
from lrtheory.cli import main

RNG = np.random.default_rng(0)
#: of linear layers, and of convolutions with kernels
MODULES = {
    "lora_unet_down_blocks_0_attentions_0_to_q": (8, 6),
    "lora_te_text_model_fc1": (6, 5),
    "lora_unet_conv_in": (4, 3, 3, 3),
}
PARTS = {"unet.down_blocks.0.attn.to_q": (8, 6), "unet.conv_in": (4, 3, 3, 3), "text_encoder.layers.0.fc1": (6, 5)}
ENDS = {"kohya": ("lora_down.weight", "lora_up.weight"), "diffusers": ("lora_A.weight", "lora_B.weight")}
SETTINGS = {"unet.r": 4, "unet.lora_alpha": 2, "unet.alpha_pattern": {"conv_in": 8}, "unet.peft_type": "LORA",
            "unet.target_modules": ["to_q", "conv_in"], "text_encoder.r": 4, "text_encoder.lora_alpha": 6}  # fmt: skip


def written(
    path: Path, form: str, *, alpha: float | None = 2.0, more: dict[str, Any] | None = None, **texts: str
) -> Path:
    """A file by the format alone, of rank 4 in half precision."""
    arrays: dict[str, Any] = {}
    for name, (rows, columns, *kernel) in (MODULES if form == "kohya" else PARTS).items():
        down, up = ENDS[form]
        arrays[f"{name}.{down}"] = encoded(RNG.normal(size=(4, columns, *kernel)), "F16")
        arrays[f"{name}.{up}"] = encoded(RNG.normal(size=(rows, 4, *(1 for _ in kernel))), "F16")
        if form == "kohya" and alpha is not None:
            arrays[f"{name}.alpha"] = encoded(np.asarray(alpha), "F16")
    write_tensors(path, arrays | (more or {}), {"format": "pt", **texts})
    return path


def updates(path: Path, form: str) -> dict[str, np.ndarray]:
    """The updates that a file says, by its arrays and its header."""
    tensors, found = Tensors(path), {}
    said = json.loads(tensors.metadata.get("lora_adapter_metadata", "{}"))
    down, up = ENDS[form]
    for name in tensors.names:
        if not name.endswith(down):
            continue
        module = name.removesuffix(f".{down}")
        A, B = tensors[name], tensors[f"{module}.{up}"]
        rank, scale = len(A), 1.0
        if f"{module}.alpha" in tensors.names:
            scale = float(tensors[f"{module}.alpha"].item()) / rank
        part, _, rest = module.partition(".")
        if f"{part}.lora_alpha" in said:
            patterns = said.get(f"{part}.alpha_pattern", {})
            fits = [value for key, value in patterns.items() if rest.endswith(key.replace("\\", ""))]
            assert said[f"{part}.r"] == rank or rank in said[f"{part}.rank_pattern"].values()
            scale = (fits[0] if fits else said[f"{part}.lora_alpha"]) / rank
        found[module] = scale * B.reshape(len(B), -1).astype(float) @ A.reshape(rank, -1)
    return found


def far(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    return float(np.sqrt(sum(np.sum((one[name] - other.get(name, 0.0)) ** 2) for name in one)))


@pytest.mark.parametrize(
    ("form", "texts", "alpha"),
    [("kohya", {}, 2.0), ("kohya", {"ss_network_dim": "4", "ss_network_alpha": "2", "sshs_model_hash": "1"}, 0.75),
     ("kohya", {}, None), ("diffusers", {}, None),
     ("diffusers", {"lora_adapter_metadata": json.dumps(SETTINGS)}, None)],
)  # fmt: skip
@pytest.mark.parametrize("keep_scale", [False, True])
def test_a_file_is_written_in_its_form(
    form: str, texts: dict[str, str], alpha: float | None, keep_scale: bool, tmp_path: Path
) -> None:
    source = written(tmp_path / "in.safetensors", form, alpha=alpha, **texts)
    whole, truth = mc.AdapterFile.from_peft(source), updates(source, form)
    assert (whole.form, list(whole)) == (form, list(truth))
    for name, update in truth.items():
        np.testing.assert_allclose(whole.dense(name), update, rtol=1e-6, atol=1e-6)
    whole.to_peft(tmp_path / "copy.safetensors")
    assert far(truth, updates(tmp_path / "copy.safetensors", form)) <= 2e-3 * far(truth, {})
    for options in ({"rank": 2}, {"budget": whole.storage // 2}):
        small = mc.compress_adapter(source, keep_scale=keep_scale, **options)  # type: ignore[arg-type]
        target = tmp_path / f"small-{'-'.join(options)}.safetensors"
        small.to_file(target)
        lost = far(truth, updates(target, form))
        assert small.certificate.bound * (1 - 1e-6) <= lost <= small.certificate.achieved * (1 + 1e-6)
        assert mc.certify(source, target).achieved == pytest.approx(lost / far(truth, {}), rel=1e-5)
        made = Tensors(target)
        assert {made.dtype(name) for name in made.names if not name.endswith(".alpha")} == {"F16"}
        assert "sshs_model_hash" not in made.metadata
    merged = mc.merge_adapters([source, source], [0.5, 0.25], rank=4, dtype="float32")
    merged.to_file(tmp_path / "sum.safetensors")
    assert far({name: 0.75 * D for name, D in truth.items()}, updates(tmp_path / "sum.safetensors", form)) < 1e-4
    assert mc.rank_costs(source).numbers[-1] == whole.storage


def test_verbs_read_and_write_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = written(tmp_path / "in.safetensors", "kohya"), tmp_path / "out.safetensors"
    assert main(["matrix_compression", "squeeze", str(source), "--rank", "2", "-o", str(target)]) == 0
    assert main(["matrix_compression", "certify", str(source), str(target), "--at-most", "0.9"]) == 0
    assert main(["matrix_compression", "ranks", str(source)]) == 0
    assert main(["matrix_compression", "merge", str(source), str(target), "--rank", "2", "--weights", "1,1"]) == 0
    capsys.readouterr()
    for place, said in (("folder", "as the adapter came in the form of kohya"), ("x.gguf", "convert_lora_to_gguf.py")):
        assert main(["matrix_compression", "squeeze", str(source), "--rank", "2", "-o", str(tmp_path / place)]) == 3
        assert said in capsys.readouterr().err
    (tmp_path / "some.gguf").write_bytes(b"GGUF")
    assert main(["matrix_compression", "ranks", str(tmp_path / "some.gguf")]) == 3
    assert "files of llama.cpp are not read" in capsys.readouterr().err


def test_older_names_are_read_alike(tmp_path: Path) -> None:
    """Training scripts of diffusers write these names; a file with both is loaded in part."""
    source = written(tmp_path / "new.safetensors", "diffusers", lora_adapter_metadata=json.dumps(SETTINGS))
    tensors, turned = Tensors(source), {"lora_A": "lora.down", "lora_B": "lora.up"}
    arrays = {}
    for name in tensors.names:
        end = name.removesuffix(".weight").rpartition(".")[2]
        arrays[name.replace(end, turned[end])] = tensors.stored(name)
    write_tensors(tmp_path / "old.safetensors", arrays, tensors.metadata)
    old = mc.AdapterFile.from_peft(tmp_path / "old.safetensors")
    truth = updates(source, "diffusers")
    for name, update in truth.items():
        np.testing.assert_allclose(old.dense(name), update, rtol=1e-6, atol=1e-6)
    old.to_peft(tmp_path / "again.safetensors")
    assert set(Tensors(tmp_path / "again.safetensors").names) == set(tensors.names)
    first = tensors.names[0]
    both = {first: tensors.stored(first)} | {name: one for name, one in arrays.items() if "conv" not in name}
    write_tensors(tmp_path / "both.safetensors", both, tensors.metadata)
    with pytest.raises(ValueError, match="names of one kind"):
        mc.AdapterFile.from_peft(tmp_path / "both.safetensors")


def test_other_arrays_of_one_file_are_refused(tmp_path: Path) -> None:
    name = next(iter(MODULES))
    value = encoded(np.ones((4, 4)), "F32")
    for array in ("lora_mid.weight", "hada_w1_a", "lokr_w1", "dora_scale", "diff", "diff_b", "lora_B.weight"):
        source = written(tmp_path / f"{array}.safetensors", "kohya", more={f"{name}.{array}": value})
        with pytest.raises(ValueError, match="where it is one file|in one form"):
            mc.AdapterFile.from_peft(source)
    wrong = [
        ("kohya", {f"{name}.alpha": encoded(np.ones(2), "F32")}, {}, "is a finite number"),
        ("kohya", {"x.lora_down.weight": value}, {}, "both factors of 'x'"),
        ("kohya", {f"{name}.lora_up.weight": encoded(np.ones((8, 3)), "F32")}, {}, "one inner rank"),
        ("diffusers", {}, {"lora_adapter_metadata": "{"}, "JSON in lora_adapter_metadata"),
        ("diffusers", {}, {"lora_adapter_metadata": "[]"}, "an object in lora_adapter_metadata"),
        *(("diffusers", {}, {"lora_adapter_metadata": json.dumps({**SETTINGS, f"unet.{name}": value})}, said)
          for name, value, said in (("use_dora", True, "use_dora"), ("use_qalora", True, "use_qalora"),
                                    ("r", 3, "the rank 3 of its settings"), ("init_lora_weights", "pissa", "start"))),
    ]  # fmt: skip
    for k, (form, more, texts, said) in enumerate(wrong):
        source = written(tmp_path / f"{k}.safetensors", form, more=more, **texts)
        with pytest.raises(ValueError, match=said):
            mc.AdapterFile.from_peft(source)
    pair = [written(tmp_path / f"{form}.safetensors", form) for form in ENDS]
    with pytest.raises(ValueError, match="ones of one form"):
        mc.merge_adapters(pair, rank=1)


def test_what_one_file_has_no_place_for_is_refused(tmp_path: Path) -> None:
    """A bias, norms of rows, a start or a head would be lost, and an embedding would become a linear layer."""
    B, A = np.ones((4, 1)), np.ones((1, 3))
    plain, array = mc.AdapterModule(B, A), encoded(np.ones(3), "F32")
    for form in ENDS:
        for module, config, others, said in (
            (mc.AdapterModule(B, A, bias=np.ones(4)), {}, {}, "plain linear layers"),
            (mc.AdapterModule(B, A, magnitude=np.ones(4)), {"use_dora": True}, {}, "plain linear layers"),
            (mc.AdapterModule(B, A, kind="embedding"), {}, {}, "plain linear layers"),
            (plain, {"init_lora_weights": "pissa"}, {}, "start"),
            (plain, {}, {"head.weight": array}, "factors alone"),
        ):
            adapter = mc.AdapterFile({"q": module}, config, others=others, form=form)
            with pytest.raises(ValueError, match=said):
                adapter.to_peft(tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_settings_for_the_next_training_need_the_names_of_peft(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["matrix_compression", "ranks", "--budget", "50%", "--rank-pattern", str(tmp_path / "next.json")]
    for form in ENDS:
        assert main([*line, str(written(tmp_path / f"{form}.safetensors", form))]) == 3
        assert f"got {form!r}" in capsys.readouterr().err
    assert not (tmp_path / "next.json").exists()

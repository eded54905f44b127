"""Folders that change more than their factors say: what each verb writes leads where it is certified to lead."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile
from lrtheory._files.safetensors import Stored, encoded, write_tensors
from lrtheory.cli import main
from lrtheory.low_rank_adapters import commands, load_peft, make_adapter, save_peft
from lrtheory.low_rank_adapters.files.changed_weights import PeftFolder
from tests.core.files.reader import BASE, EXPERTS, FOLDERS, arrays, distance, merged, untouched
from tests.core.files.reader import base_of as model_of

WHOLE, DORA = ("head", "norm", "tokens", "words"), ("dora", "dora-words", "dora-images")
STARTS = ("pissa", "olora", "olora-conv1d", *DORA)
MODEL = arrays(BASE / "model.safetensors")


def base_of(name: str) -> Tensors | None:
    return Tensors(model_of(FOLDERS / name)) if name in STARTS else None


@pytest.mark.parametrize("name", sorted(path.parent.name for path in FOLDERS.glob("*/merged.safetensors")))
def test_the_reader_leads_where_peft_does(name: str) -> None:
    assert distance(FOLDERS / name, arrays(FOLDERS / name / "merged.safetensors")) < 1e-5
    assert distance(FOLDERS / name, untouched(FOLDERS / name)) > 1


@pytest.mark.parametrize("name", ["plain", "bias", "velora", "experts", "images", *WHOLE, *STARTS])
def test_conversions_and_squeezed_adapters_lead_where_they_say(name: str, tmp_path: Path) -> None:
    source, base = FOLDERS / name, base_of(name)
    found = commands.convert(PeftFolder.from_file(source), rank=6, base=base)
    found.to_file(tmp_path / "converted")
    assert distance(source, tmp_path / "converted") < 2e-5  # factors in single precision
    if base is not None and name != "dora-images":
        update = merged(source)
        for module, adapter in load_peft(source, weights=BASE).items():
            turned = update[f"{module}.weight"] - MODEL[f"{module}.weight"]
            transposed = "conv1d" in name or module == "embed_tokens"
            np.testing.assert_allclose(adapter.dense(), turned.T if transposed else turned, atol=1e-5)
    for rank in (1, 2):
        small = mc.compress_adapter(source, rank=rank, base=base)
        small.to_file(tmp_path / f"small-{rank}")
        far = distance(source, tmp_path / f"small-{rank}")
        assert far == pytest.approx(small.certificate.achieved, rel=1e-5, abs=1e-5)
        assert far >= small.certificate.bound - 1e-5
        assert small.certificate.verify(((source,), base))
        model = model_of(source)
        proof = mc.certify(source, tmp_path / f"small-{rank}", base=model)
        # a factor in single precision that is scaled anew is rounded
        assert proof.achieved == pytest.approx(far / distance(source, untouched(source)), rel=1e-5, abs=1e-7)
        assert proof.verify((source, tmp_path / f"small-{rank}", model))


@pytest.mark.parametrize("weights", [[1.0, 1.0], [0.5, 0.25], [2.0, -0.5]])
@pytest.mark.parametrize(
    "pair",
    (
        "head head-2, plain pissa, norm plain, tokens head, dora olora, bias plain, velora plain, experts experts, "
        "dora-words words, dora-images images"
    ).split(", "),
)
def test_a_merge_is_the_sum_of_changes(pair: str, weights: list[float], tmp_path: Path) -> None:
    names, model = pair.split(), model_of(FOLDERS / pair.split()[0])
    found = mc.merge_adapters([FOLDERS / name for name in names], weights, rank=6, base=model, dtype="float64")
    found.to_file(tmp_path / "sum")
    assert found.certificate.verify((tuple(FOLDERS / name for name in names), model))
    one, other = (merged(FOLDERS / name) for name in names)
    start = arrays(model / "model.safetensors")
    parts = ((name, value, one[name] - value, other[name] - value) for name, value in start.items())
    expected = {name: value + weights[0] * first + weights[1] * second for name, value, first, second in parts}
    assert distance(tmp_path / "sum", expected) < 2e-5


def test_arrays_that_all_adapters_share_are_carried_bit_for_bit(tmp_path: Path) -> None:
    head = FOLDERS / "head"
    found = mc.merge_adapters([head, head], [0.25, 0.75], rank=4)
    found.to_file(tmp_path / "sum")
    name = "base_model.model.lm_head.weight"
    assert Tensors(tmp_path / "sum").stored(name) == Tensors(head).stored(name)
    assert found.message == ""
    assert "carried as they are, and not weighted" in mc.merge_adapters([head, head], rank=4).message


def test_a_module_that_is_dropped_leaves_its_bias_where_peft_finds_it(tmp_path: Path) -> None:
    source = FOLDERS / "norm"
    whole = AdapterFile.from_peft(source)
    sizes = {name: 1e-9 if name == "q_proj" else 1.0 for name in whole}
    small = mc.compress_adapter(whole, 28, weights=sizes)
    assert small.ranks == {"q_proj": 0, "up_proj": 2}
    small.to_file(tmp_path / "small")
    assert "base_model.model.q_proj.bias" in Tensors(tmp_path / "small").names
    assert distance(source, tmp_path / "small") == pytest.approx(small.certificate.achieved, rel=1e-5)
    mc.merge_adapters([source, tmp_path / "small"], [1.0, 0.0], rank=4, base=BASE).to_file(tmp_path / "again")
    assert distance(source, tmp_path / "again") < 1e-5


def test_what_differs_beside_the_factors_needs_the_base_model(capsys: pytest.CaptureFixture[str]) -> None:
    pair = [str(FOLDERS / name) for name in ("plain", "head")]
    for line in (["certify", *pair], ["merge", *pair, "--rank", "2"], ["certify", *reversed(pair), "--at-most", ".9"]):
        assert main(["matrix_compression", *line]) == 3
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "unless the base model is given" in said
        assert "'lm_head.weight' of '" in said
        assert main(["matrix_compression", *line, "--base", str(BASE)]) in (0, 1)
        capsys.readouterr()


def test_a_lost_head_counts() -> None:
    """Factors alone would say that nothing is lost."""
    head, plain = FOLDERS / "head", FOLDERS / "plain"
    lost = mc.certify(head, plain, base=BASE)
    assert lost.achieved == pytest.approx(distance(head, plain) / distance(head, MODEL))
    row = lost.names.index("lm_head.weight")
    assert lost.part_errors[row] == 1
    assert lost.part_optima is not None
    assert lost.part_optima[row] == 0


@pytest.mark.parametrize("name", STARTS)
def test_starts_from_the_weights_need_the_base_model(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(FOLDERS / name)
    for verb in ("squeeze --rank 1", "ranks", "merge --rank 1") if name not in DORA else ():
        first, *rest = verb.split()
        assert main(["matrix_compression", first, source, *rest]) == 3
        said = capsys.readouterr().err
        assert "give the model with `--base`" in said
        assert "path_initial_model_for_weight_conversion" in said
    with pytest.raises(ValueError, match="give the model with `weights`"):
        load_peft(source)
    assert main(["low_rank_adapters", "convert", source, "--rank", "1"]) == 3
    assert "give the model with `--base`" in capsys.readouterr().err
    whole = AdapterFile.from_peft(source)
    for call in (whole.spectra, lambda: whole.dense(next(iter(whole)))):
        with pytest.raises(ValueError, match="give the model with `base`"):
            call()
    whole.to_peft(tmp_path / "copy")  # what is not changed is carried
    assert distance(tmp_path / "copy", FOLDERS / name) < 1e-9


def test_a_conversion_keeps_the_settings(tmp_path: Path) -> None:
    for name in ("head", "norm", "tokens"):
        commands.convert(PeftFolder.from_file(FOLDERS / name), rank=2).to_file(tmp_path / name)
        before, after = (json.loads((at / name / "adapter_config.json").read_text()) for at in (FOLDERS, tmp_path))
        kept = ("auto_mapping", "base_model_name_or_path", "task_type", "bias", "modules_to_save", "peft_version")
        for key in (*kept, "trainable_token_indices", "lora_dropout", "fan_in_fan_out"):
            assert before[key] == after[key]
        assert after["init_lora_weights"] is True


@pytest.mark.parametrize("other", ["head-2", "tokens", "words"])
def test_a_base_model_of_another_architecture_is_refused(other: str, tmp_path: Path) -> None:
    wrong = {name: encoded(np.zeros((3, *value.shape[1:])), "F32") for name, value in MODEL.items()}
    write_tensors(tmp_path / "model.safetensors", wrong)
    with pytest.raises(ValueError, match=r"^`base` must be the model of the adapter, with "):
        mc.certify(FOLDERS / "head", FOLDERS / other, base=tmp_path)


@pytest.mark.parametrize("name", ["loha", "lokr", "lokr-whole", "ia3", "loha-images", "lokr-images"])
def test_other_kinds_are_converted(name: str, tmp_path: Path) -> None:
    source, model = FOLDERS / name, Tensors(model_of(FOLDERS / name))
    base = None if name in ("loha", "lokr", "lokr-whole") else model
    commands.convert(PeftFolder.from_file(source), rank=12, base=base).to_file(tmp_path / "whole")
    assert distance(source, tmp_path / "whole") < 1e-5
    found = commands.convert(PeftFolder.from_file(source), rank=1, base=model)
    found.to_file(tmp_path / "small")
    lost = np.sqrt(sum(fit.loss for fit in found.fits.values()))
    assert distance(source, tmp_path / "small") == pytest.approx(lost, rel=1e-5)
    with pytest.raises(ValueError, match="`low_rank_adapters convert` makes a LoRA of it"):
        mc.compress_adapter(source, rank=1)


@pytest.mark.parametrize("name", ["loha-images", "lokr-images"])
def test_convolutions_of_other_kinds_need_the_model(name: str, tmp_path: Path) -> None:
    """The lengths of kernels decide the shapes of factors, and files of LoHa and LoKr do not always tell them."""
    for call in (lambda: load_peft(FOLDERS / name, weights=model_of(FOLDERS / name)),
                 lambda: commands.convert(PeftFolder.from_file(FOLDERS / name), rank=1)):  # fmt: skip
        with pytest.raises(ValueError, match="convert it with `--base`; got the convolution"):
            call()


def test_other_kinds_whose_arrays_do_not_fit_are_refused(tmp_path: Path) -> None:
    def changed(name: str, module: str = "q_proj", **arrays_of: tuple[int, ...] | None) -> Path:
        source, target = FOLDERS / name, tmp_path / f"wrong-{len(list(tmp_path.iterdir()))}"
        target.mkdir()
        (target / "adapter_config.json").write_text((source / "adapter_config.json").read_text())
        tensors = Tensors(source)
        kept = {key: tensors.stored(key) for key in tensors.names}
        for key, shape in arrays_of.items():
            full = f"base_model.model.{module}.{key}"
            kept.pop(full, None)
            if shape is not None:
                kept[full] = encoded(np.ones(shape), "F32")
        write_tensors(target / "adapter_model.safetensors", kept)
        return target

    wrong = [
        (changed("loha", hada_w1_a=(5, 2)), "whose factors of 'q_proj' fit"),
        (changed("loha", hada_w1_a=None), "the arrays of its kind alone"),
        (changed("loha", hada_t1=(2, 2, 3, 3)), "the arrays of its kind alone"),
        (changed("loha-images", "image", hada_t1=(2, 3, 2, 3)), "whose kernels of 'image' fit"),
        (changed("loha-images", "image", hada_t2=(2, 2)), "has 4 axes"),
        (changed("lokr-images", "image", lokr_w2_a=(2, 3)), "whose kernels of 'image' fit"),
        (changed("lokr-images", "image", lokr_w2=(3, 2)), "lokr_w2 of 'image' or its two factors"),
        (changed("lokr", lokr_w1=(3, 3)), "lokr_w1 of 'q_proj' or its two factors"),
        (changed("lokr", lokr_w1_b=(2, 3)), "whose factors of 'q_proj' fit"),
        (changed("ia3", ia3_l=(5, 1)), "those that 'q_proj' fits"),
        (changed("lokr", lokr_w2=(2, 3)), "in which 'q_proj' has 54 weights"),
    ]
    for source, said in wrong:
        with pytest.raises(ValueError, match=said):
            commands.convert(PeftFolder.from_file(source), rank=1, base=Tensors(model_of(source)))
    model = Tensors(BASE)
    bad = (
        (np.ones(4), "a bias of length 6 at 'q_proj'"),
        (np.full(6, 1e300), "finite in single precision; got .* too large"),
        (np.full(6, np.nan), "finite in single precision"),
    )
    for k, (bias, said) in enumerate(bad):
        kept = {name: model.stored(name) for name in model.names}
        kept["q_proj.bias"] = Stored("F64", bias.shape, bias.tobytes())
        write_tensors(tmp_path / f"model-{k}.safetensors", kept)
        base = Tensors(tmp_path / f"model-{k}.safetensors")
        with pytest.raises(ValueError, match=said):
            commands.convert(PeftFolder.from_file(FOLDERS / "ia3"), rank=1, base=base)


def test_factors_of_experts_keep_one_rank(tmp_path: Path) -> None:
    source = FOLDERS / "experts"
    whole = AdapterFile.from_peft(source)
    assert [name for name in whole if name.startswith("experts.base")] == [f"experts.base_layer[{k}]" for k in range(3)]
    small = mc.compress_adapter(whole, 100)
    small.to_file(tmp_path / "small")
    ranks = {rank for name, rank in small.ranks.items() if "[" in name}
    assert len(ranks) == 1
    assert small.storage <= 100
    assert distance(source, tmp_path / "small") == pytest.approx(small.certificate.achieved, rel=1e-5)
    # a conversion to a share of the norm takes other ranks, and zeros fill the smaller ones
    found = commands.convert(PeftFolder.from_file(source), keep_energy=0.9)
    found.to_file(tmp_path / "shares")
    lost = np.sqrt(sum(fit.loss for fit in found.fits.values()))
    assert distance(source, tmp_path / "shares") == pytest.approx(lost, rel=1e-5)
    assert mc.rank_costs(source).numbers[-1] == whole.storage
    settings = json.loads((source / "adapter_config.json").read_text())
    for more, said in (
        ({"rank_pattern": {"experts.down_proj": 2}}, "without patterns for arrays of 'experts'"),
        ({"target_parameters": ["down_proj"]}, "names with that of a module"),
        ({"target_parameters": "experts"}, "a list of names"),
        ({"r": 4}, "4 inner indices for each expert"),
        ({"init_lora_weights": "pissa"}, "and not of experts"),
    ):
        wrong = tmp_path / f"wrong-{said[:9]}"
        wrong.mkdir()
        (wrong / "adapter_config.json").write_text(json.dumps(settings | more))
        (wrong / "adapter_model.safetensors").write_bytes((source / "adapter_model.safetensors").read_bytes())
        with pytest.raises(ValueError, match=said):
            mc.compress_adapter(wrong, rank=1, base=EXPERTS)
    one = {name: module for name, module in whole.modules.items() if not name.endswith("[1]")}
    with pytest.raises(ValueError, match="those of all experts"):
        AdapterFile(one, whole.config).to_peft(tmp_path / "less")
    with pytest.raises(ValueError, match="with target_parameters in its settings"):
        AdapterFile(whole.modules).to_peft(tmp_path / "none")


def test_what_factors_add_to_biases_counts(tmp_path: Path) -> None:
    source = FOLDERS / "bias"
    with pytest.raises(ValueError, match="lora_bias True"):
        load_peft(source)
    parts = AdapterFile.from_peft(source)
    without = {name: replace(one, bias=None) for name, one in parts.modules.items()}
    replace(parts, modules=without, source=None).to_peft(tmp_path / "without")
    assert json.loads((tmp_path / "without" / "adapter_config.json").read_text())["lora_bias"] is False
    proof = mc.certify(source, tmp_path / "without")
    assert proof.achieved == pytest.approx(distance(source, tmp_path / "without") / distance(source, MODEL), rel=1e-6)
    assert "q_proj.bias" in proof.names
    # a file divides a bias by its scale
    nothing = {name: replace(one, scale=0.0) for name, one in parts.modules.items()}
    with pytest.raises(ValueError, match="one whose scale is not 0"):
        replace(parts, modules=nothing, source=None).to_peft(tmp_path / "nothing")
    small = mc.compress_adapter(source, rank=1)
    lost = {name: replace(one, bias=None) for name, one in small.adapter.modules.items()}
    assert not replace(small.certificate, modules=lost).verify(source)


def test_embeddings_are_read(tmp_path: Path) -> None:
    found = load_peft(FOLDERS / "words")
    update = merged(FOLDERS / "words")["embed_tokens.weight"] - MODEL["embed_tokens.weight"]
    np.testing.assert_allclose(found["embed_tokens"].dense(), update.T, atol=1e-6)
    save_peft(found, tmp_path / "again")
    assert distance(FOLDERS / "words", tmp_path / "again") < 1e-6
    with pytest.raises(ValueError, match="peft ignores .*embed_tokens"):
        save_peft({"embed_tokens": make_adapter("vera", (6, 9), rank=2, rng=0)}, tmp_path / "vera")
    table = AdapterFile({"table": AdapterFile.from_peft(FOLDERS / "words").modules["embed_tokens"]})
    table.to_peft(tmp_path / "table")
    with pytest.raises(ValueError, match="known by their last names, as 'table' is not"):
        load_peft(tmp_path / "table")


def test_arrays_of_the_backward_pass_are_carried(tmp_path: Path) -> None:
    name = "base_model.model.q_proj.lora_velora_embed"
    mc.compress_adapter(FOLDERS / "velora", rank=1).to_file(tmp_path / "small")
    commands.convert(PeftFolder.from_file(FOLDERS / "velora"), rank=1).to_file(tmp_path / "converted")
    for made in ("small", "converted"):
        assert Tensors(tmp_path / made).stored(name) == Tensors(FOLDERS / "velora").stored(name)

"""An adapter is all that loading its folder changes: every setting is carried, used, or refused by name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory._files.adapters import AdapterFile
from lrtheory._files.adapters.fields import CARRIED, FACTORS, FIELDS, REFUSED, START, TIED, WHOLE, WRITTEN
from lrtheory._files.adapters.settings import KNOWN
from lrtheory._files.safetensors import Tensors, encoded, write_tensors
from lrtheory.cli import main
from lrtheory.low_rank_adapters import commands, load_peft, make_adapter, save_peft
from lrtheory.low_rank_adapters.files.changed_weights import PeftFolder

PREFIX = "base_model.model."
RNG = np.random.default_rng(0)
A, B, HEAD = RNG.normal(size=(2, 5)), RNG.normal(size=(4, 2)), RNG.normal(size=(3, 4))
#: what `peft.LoraConfig` 0.21 writes where nothing is asked for
DEFAULTS: dict[str, Any] = {
    "alora_invocation_tokens": None, "alpha_pattern": {}, "arrow_config": None, "auto_mapping": None,
    "base_model_name_or_path": "base", "bias": "none", "corda_config": None, "ensure_weight_tying": False,
    "eva_config": None, "exclude_modules": None, "fan_in_fan_out": False, "inference_mode": True,
    "init_lora_weights": True, "kasa_config": None, "layer_replication": None, "layers_pattern": None,
    "layers_to_transform": None, "loftq_config": {}, "lora_alpha": 8, "lora_bias": False, "lora_dropout": 0.0,
    "lora_ga_config": None, "megatron_config": None, "megatron_core": "megatron.core", "modules_to_save": None,
    "monteclora_config": None, "peft_type": "LORA", "peft_version": "0.21.2", "qalora_group_size": 16, "r": 2,
    "rank_pattern": {}, "revision": None, "target_modules": ["q"], "target_parameters": None, "task_type": "CAUSAL_LM",
    "trainable_token_indices": None, "use_bdlora": None, "use_dora": False, "use_qalora": False, "use_rslora": False,
    "velora_config": None,
}  # fmt: skip


def factors(module: str = "q") -> dict[str, np.ndarray]:
    return {f"{PREFIX}{module}.lora_A.weight": A, f"{PREFIX}{module}.lora_B.weight": B}


def folder(path: Path, settings: dict[str, Any], arrays: dict[str, np.ndarray] | None = None) -> Path:
    path.mkdir()
    stored = {name: encoded(value, "F32") for name, value in {**factors(), **(arrays or {})}.items()}
    write_tensors(path / "adapter_model.safetensors", stored, {"format": "pt"})
    (path / "adapter_config.json").write_text(json.dumps(DEFAULTS | settings))
    return path


#: all that says something of an adapter, or makes another of it
CALLS: dict[str, Callable[[Path, Path], Any]] = {
    "compress_adapter": lambda wrong, plain: mc.compress_adapter(wrong, rank=1),
    "merge_adapters: first": lambda wrong, plain: mc.merge_adapters([wrong, plain], rank=1),
    "merge_adapters: second": lambda wrong, plain: mc.merge_adapters([plain, wrong], rank=1),
    "rank_costs": lambda wrong, plain: mc.rank_costs(wrong),
    "certify: original": lambda wrong, plain: mc.certify(wrong, plain),
    "certify: copy": lambda wrong, plain: mc.certify(plain, wrong),
    "verify": lambda wrong, plain: mc.compress_adapter(plain, rank=1).certificate.verify(wrong),
    "load_peft": lambda wrong, plain: load_peft(wrong),
}
VERBS = (
    "matrix_compression squeeze wrong --rank 1",
    "matrix_compression merge wrong plain --rank 1",
    "matrix_compression merge plain wrong --rank 1",
    "matrix_compression ranks wrong",
    "matrix_compression certify plain wrong --at-most 0.5",
    "matrix_compression certify wrong plain --at-most 0.5",
    "low_rank_adapters convert wrong --rank 1",
)

#: settings and arrays of a folder that changes more than its factors say, and what `load_peft` names, which has no
#: place for them
MORE: dict[str, tuple[dict[str, Any], dict[str, np.ndarray], str]] = {
    "head": ({"modules_to_save": ["lm_head"]}, {f"{PREFIX}lm_head.weight": HEAD}, "modules_to_save ['lm_head']"),
    "norm": ({"modules_to_save": ["norm"]}, {f"{PREFIX}norm.weight": HEAD[0]}, "modules_to_save ['norm']"),
    "bias": ({"bias": "all"}, {f"{PREFIX}q.base_layer.bias": HEAD[0]}, "bias 'all'"),
    "bias of factors": ({"bias": "lora_only"}, {}, "bias 'lora_only'"),
    "tokens": ({"trainable_token_indices": [1]}, {}, "trainable_token_indices [1]"),
    "tokens by name": ({"trainable_token_indices": {"wte": [1]}}, {}, "trainable_token_indices {'wte': [1]}"),
    "saved embedding": ({}, {f"{PREFIX}embed_tokens.weight": HEAD}, "the array 'base_model.model.embed_tokens.weight'"),
    "vocabulary": ({}, {f"{PREFIX}wte.base_layer.weight": HEAD}, "the array 'base_model.model.wte.base_layer.weight'"),
}
#: settings under which factors are no update of the weight, or of which that is not known
OTHER: dict[str, tuple[dict[str, Any], str]] = {
    **{
        str(start): ({"init_lora_weights": start}, f"init_lora_weights {start!r}")
        for start in ("pissa_niter_16", "corda", "loftq", "lora_ga", "new_start", {"a": 1})
    },
    **{name: ({name: True}, f"without {name}") for name in ("use_qalora", "use_bdlora", "arrow_config")},
    "layers": ({"layer_replication": [[0, 2]]}, "without layer_replication"),
    "unknown": ({"new_option": [1]}, "without the setting new_option"),
    "unknown number": ({"new_scale": 0.5}, "without the setting new_scale"),
}


def said_by(call: Callable[[], Any]) -> str:
    with pytest.raises(ValueError, match=r"^`adapter` must be one [^.]*; got .*\.$") as found:
        call()
    return str(found.value)


@pytest.mark.parametrize("what", MORE)
def test_what_changes_more_than_its_factors_is_no_mapping_of_adapters(what: str, tmp_path: Path) -> None:
    settings, arrays, named = MORE[what]
    assert named in said_by(lambda: load_peft(folder(tmp_path / "wrong", settings, arrays)))


NOT_FOUND: dict[str, tuple[dict[str, Any], dict[str, np.ndarray]]] = {
    "no head": ({"modules_to_save": ["lm_head"]}, {}),
    "no rows": ({"trainable_token_indices": [1]}, {}),
    "below no factors": ({}, {f"{PREFIX}wte.base_layer.weight": HEAD}),
    "beside factors": ({"bias": "all"}, {f"{PREFIX}q.bias": HEAD[0]}),
    "other names": ({}, {"lm_head.weight": HEAD}),
    "rows": ({"trainable_token_indices": [1]}, {f"{PREFIX}wte.token_adapter.trainable_tokens_delta": HEAD}),
    "not finite": ({}, {f"{PREFIX}lm_head.weight": HEAD * np.nan}),
}


@pytest.mark.parametrize("what", NOT_FOUND)
def test_arrays_that_peft_does_not_find_are_refused_everywhere(what: str, tmp_path: Path) -> None:
    settings, arrays = NOT_FOUND[what]
    plain, wrong = folder(tmp_path / "plain", {}), tmp_path / "wrong"
    if what == "not finite":  # the writer refuses these, too
        folder(wrong, settings, {name: HEAD for name in arrays})
        path = wrong / "adapter_model.safetensors"
        path.write_bytes(
            path.read_bytes().replace(HEAD.astype("<f4").tobytes(), np.full_like(HEAD, np.nan, "<f4").tobytes())
        )
    else:
        folder(wrong, settings, arrays)
    for name, call in CALLS.items():
        if name != "load_peft":
            assert said_by(lambda call=call: call(wrong, plain)), name  # type: ignore[misc]


@pytest.mark.parametrize("what", OTHER)
def test_settings_of_other_updates_are_refused_everywhere(what: str, tmp_path: Path) -> None:
    settings, named = OTHER[what]
    plain, wrong = folder(tmp_path / "plain", {}), folder(tmp_path / "wrong", settings)
    for name, call in {**CALLS, "AdapterFile": lambda wrong, plain: AdapterFile.from_peft(wrong)}.items():
        assert named in said_by(lambda call=call: call(wrong, plain)), name  # type: ignore[misc]


def test_verbs_refuse_in_one_sentence_and_write_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "plain", {})
    folder(tmp_path / "wrong", {"use_qalora": True})
    for line in VERBS:
        target = "made.csv" if line.split()[1] in ("ranks", "certify") else "made"
        assert main([*line.split(), "-o", target]) == 3, line
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("lrtheory: ")
        assert said.err.count("\n") == 1
        assert "use_qalora" in said.err
        assert not Path(target).exists()


def test_every_setting_at_its_default_is_read_and_written(tmp_path: Path) -> None:
    """Also those of older versions, which are switched off, and starts that the arrays overwrite."""
    for k, more in enumerate(({}, {"enable_lora": None, "merge_weights": False}, {"init_lora_weights": "orthogonal"},
                              {"init_lora_weights": "gaussian"}, {"init_lora_weights": False},
                              {"init_lora_weights": "eva"}, {"init_lora_weights": "mica"})):  # fmt: skip
        found = mc.compress_adapter(folder(tmp_path / f"a{k}", more), rank=1)
        found.to_file(tmp_path / f"b{k}")
        said = json.loads((tmp_path / f"b{k}" / "adapter_config.json").read_text())
        assert said["init_lora_weights"] is True  # orthogonal factors of an odd rank cannot even be loaded
        assert said["base_model_name_or_path"] == "base"
        assert said["task_type"] == "CAUSAL_LM"


#: a value of each setting that is not the default, for the decision that the table of settings has on it
VALUES: dict[str, Any] = {
    **dict.fromkeys(DEFAULTS, True),
    "auto_mapping": {"base_model_class": "Model"}, "base_model_name_or_path": "llama", "bias": "lora_only",
    "init_lora_weights": "gaussian", "inference_mode": False, "lora_dropout": 0.5, "peft_version": "0.9",
    "megatron_config": {"a": 1}, "loftq_config": {"loftq_bits": 4}, "qalora_group_size": 8, "r": 2,
    "revision": "main", "target_modules": "q|k", "task_type": "SEQ_CLS", "layers_pattern": "h", "exclude_modules": "k",
    "lora_alpha": 7, "rank_pattern": {"x": 3}, "alpha_pattern": {"q": 9}, "peft_type": "LORA",
    "layers_to_transform": [0], "eva_config": {"rho": 2}, "corda_config": {"a": 1}, "lora_ga_config": {"a": 1},
    "fan_in_fan_out": True, "use_rslora": True,
}  # fmt: skip


#: settings that name arrays, which are tried with these
OF_ARRAYS = {"modules_to_save", "trainable_token_indices", "use_dora", "lora_bias", "target_parameters"}


@pytest.mark.parametrize("name", sorted({*DEFAULTS} - OF_ARRAYS))
def test_every_setting_is_carried_used_or_refused(name: str, tmp_path: Path) -> None:
    source, what = folder(tmp_path / "a", {name: VALUES[name]}), FIELDS[name]
    if what == REFUSED:
        assert f"without {name}" in said_by(lambda: AdapterFile.from_peft(source))
        return
    mc.compress_adapter(source, rank=2, dtype="float64").to_file(tmp_path / "squeezed")
    if what == TIED:
        plain = folder(tmp_path / "plain", {})
        for call in ("merge_adapters: first", "merge_adapters: second", "rank_costs", "certify: original"):
            assert f"without {name}" in said_by(lambda call=call: CALLS[call](source, plain))  # type: ignore[misc]
        assert name in said_by(lambda: load_peft(source))
        assert f"without {name}" in said_by(lambda: commands.convert(PeftFolder.from_file(source), rank=1))
        return
    mc.merge_adapters([source], rank=2, dtype="float64").to_file(tmp_path / "merged")
    opened = commands.convert(PeftFolder.from_file(source), rank=2)
    opened.to_file(tmp_path / "converted")
    for made in ("squeezed", "merged", "converted"):
        said = json.loads((tmp_path / made / "adapter_config.json").read_text())
        if what in (CARRIED, WHOLE):
            assert said[name] == VALUES[name]
        elif what == START:
            assert said[name] is True
        elif what == WRITTEN:
            assert said[name] == (["q"] if name == "target_modules" else None)
        else:
            assert what == FACTORS
        before, after = (AdapterFile.from_peft(path).dense("q") for path in (source, tmp_path / made))
        np.testing.assert_allclose(before, after, rtol=1e-5)


def test_the_table_of_settings_is_that_of_peft() -> None:
    peft = pytest.importorskip("peft")
    assert {field.name for field in dataclasses.fields(peft.LoraConfig)} == set(FIELDS)
    assert set(FIELDS) - {"runtime_config"} == set(DEFAULTS)  # which peft does not write
    kinds = (peft.AdaLoraConfig, peft.VeraConfig, peft.RandLoraConfig, peft.LoHaConfig, peft.LoKrConfig, peft.IA3Config)
    assert {field.name for kind in kinds for field in dataclasses.fields(kind)} <= KNOWN


def test_merging_adapters_of_two_base_models_is_said(tmp_path: Path) -> None:
    one, other = (folder(tmp_path / name, {"base_model_name_or_path": name}) for name in ("llama", "mistral"))
    assert mc.merge_adapters([one, one], rank=2).message == ""
    said = mc.merge_adapters([one, other], rank=2).message
    assert said == "the adapters name different base models, llama and mistral"


def test_modules_are_written_by_their_names_alone(tmp_path: Path) -> None:
    """A pattern of the first adapter would keep peft from loading a module that only the second one has."""
    first = folder(tmp_path / "a", {"exclude_modules": ["k"], "layers_to_transform": [1], "layers_pattern": "layers"})
    second = mc.AdapterFile({"k": mc.AdapterModule(B, A)})
    mc.merge_adapters([first, second], rank=2).to_file(tmp_path / "c")
    said = json.loads((tmp_path / "c" / "adapter_config.json").read_text())
    assert said["target_modules"] == ["k", "q"]
    assert [said[name] for name in ("exclude_modules", "layers_to_transform", "layers_pattern")] == [None] * 3


def test_modules_of_multihead_attention_are_refused(tmp_path: Path) -> None:
    wrong = folder(tmp_path / "a", {}, factors("attn.base_layer.out_proj"))
    assert "without base_layer in them" in said_by(lambda: mc.compress_adapter(wrong, rank=1))


@pytest.mark.parametrize("kind", ["vera", "randlora", "uni-lora", "hadamard"])
def test_other_kinds_with_a_head_are_refused(kind: str, tmp_path: Path) -> None:
    W = RNG.normal(size=(6, 5))
    options = {"weight": W} if kind == "hadamard" else {}
    save_peft({"q": make_adapter(kind, (6, 5), rank=2, rng=0, **options)}, tmp_path / "a")
    config, tensors = tmp_path / "a" / "adapter_config.json", Tensors(tmp_path / "a")
    load_peft(tmp_path / "a", weights={"q": W})
    arrays = {name: tensors.stored(name) for name in tensors.names}
    settings = json.loads(config.read_text())
    for change, named in (({"modules_to_save": ["h"]}, "modules_to_save"), ({"bias": "all"}, "bias"),
                          ({"new_option": 2}, "new_option")):  # fmt: skip
        config.write_text(json.dumps(settings | change))
        assert named in said_by(lambda: load_peft(tmp_path / "a", weights={"q": W}))
    config.write_text(json.dumps(settings))
    write_tensors(
        tmp_path / "a" / "adapter_model.safetensors", arrays | {"base_model.model.h.weight": encoded(W, "F32")}
    )
    assert "the array 'base_model.model.h.weight'" in said_by(lambda: load_peft(tmp_path / "a", weights={"q": W}))


@pytest.mark.parametrize("kind", ["vera", "randlora", "uni-lora", "hadamard"])
def test_conversions_of_other_kinds_carry_a_head(kind: str, tmp_path: Path) -> None:
    W, head = RNG.normal(size=(6, 5)), f"{PREFIX}h.weight"
    options = {"weight": W} if kind == "hadamard" else {}
    save_peft({"q": make_adapter(kind, (6, 5), rank=2, rng=0, **options)}, tmp_path / "a")
    config, tensors = tmp_path / "a" / "adapter_config.json", Tensors(tmp_path / "a")
    config.write_text(json.dumps(json.loads(config.read_text()) | {"modules_to_save": ["h"]}))
    arrays = {name: tensors.stored(name) for name in tensors.names} | {head: encoded(HEAD, "F32")}
    write_tensors(tmp_path / "a" / "adapter_model.safetensors", arrays)
    write_tensors(tmp_path / "model.safetensors", {"q.weight": encoded(W, "F32")})
    base = Tensors(tmp_path / "model.safetensors")
    commands.convert(PeftFolder.from_file(tmp_path / "a"), rank=2, base=base).to_file(tmp_path / "b")
    assert Tensors(tmp_path / "b").stored(head) == arrays[head]
    assert json.loads((tmp_path / "b" / "adapter_config.json").read_text())["modules_to_save"] == ["h"]


def test_a_conversion_of_an_adalora_carries_its_head(tmp_path: Path) -> None:
    E, head = RNG.normal(size=(2, 1)), f"{PREFIX}h.weight"
    settings = {"peft_type": "ADALORA", "init_r": 4, "rank_pattern": {"q.lora_E": [True] * 2}, "modules_to_save": ["h"]}
    source = folder(tmp_path / "a", settings)
    arrays = {f"{PREFIX}q.lora_A": A, f"{PREFIX}q.lora_B": B, f"{PREFIX}q.lora_E": E, head: HEAD}
    write_tensors(source / "adapter_model.safetensors", {name: encoded(x, "F32") for name, x in arrays.items()})
    commands.convert(PeftFolder.from_file(source), rank=2).to_file(tmp_path / "b")
    assert Tensors(tmp_path / "b").stored(head) == encoded(HEAD, "F32")
    made = AdapterFile.from_peft(tmp_path / "b").dense("q")
    np.testing.assert_allclose(made, B @ (A * E) * 8 / (4 + 1e-5), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
def test_rounding_of_a_start_in_half_precision_is_said(dtype: str, tmp_path: Path) -> None:
    """Weights without their start are rounded to the type of the model at each load."""
    W = RNG.normal(size=(4, 5))
    write_tensors(tmp_path / "model.safetensors", {"q.weight": encoded(W, dtype)})
    source = folder(tmp_path / "pissa", {"init_lora_weights": "pissa"})
    said = mc.compress_adapter(source, rank=1, base=tmp_path).message
    stored = Tensors(tmp_path)["q.weight"].astype(float)
    U, values, Vt = np.linalg.svd(stored)
    rest = np.linalg.norm(values[2:])
    if dtype == "F32":
        assert said == ""
        return
    bound = {"BF16": 2.0**-8, "F16": 2.0**-11}[dtype] * rest
    assert f"at each load: up to {bound:.3g} more" in said
    residual = stored - (U[:, :2] * values[:2]) @ Vt[:2]
    write_tensors(tmp_path / "rest.safetensors", {"q": encoded(residual, dtype)})
    assert np.linalg.norm(Tensors(tmp_path / "rest.safetensors")["q"] - residual) <= bound
    assert said in mc.merge_adapters([source], rank=1, base=tmp_path).message
    assert said in mc.merge_adapters([source, source], rank=1, base=tmp_path, combine="slerp").message

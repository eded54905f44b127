"""Folders that peft wrote: their updates are those that peft computes, and what cannot be read is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory._files.safetensors import Tensors, encoded, write_tensors
from lrtheory.low_rank_adapters.files import load_peft
from tests.low_rank_adapters.files import PEFT, READ, truth


@pytest.mark.parametrize("name", READ)
def test_updates_are_those_of_peft(name: str) -> None:
    weights, deltas = truth(name)
    found = load_peft(PEFT / name, weights=weights)
    assert set(found) == set(deltas)
    for module, delta in deltas.items():
        np.testing.assert_allclose(found[module].dense(), delta, atol=1e-6 * np.abs(delta).max())


@pytest.mark.parametrize(
    ("name", "kind", "shape", "n_parameters"),
    [
        ("lora", "lora", (8, 10), 54),
        ("vera", "vera", (8, 10), 11),
        ("randlora", "randlora", (8, 10), 24),
        ("unilora", "uni-lora", (8, 10), 17),
        ("hira", "hadamard", (8, 10), 36),
    ],
)
def test_each_type_has_its_kind(name: str, kind: str, shape: tuple[int, int], n_parameters: int) -> None:
    adapter = load_peft(PEFT / name, weights=truth(name)[0])["inner.narrow"]
    assert (adapter.kind, adapter.shape, adapter.n_parameters) == (kind, shape, n_parameters)


@pytest.mark.parametrize("name", ["lora", "rslora", "conv1d", "unilora-indices"])
def test_files_that_hold_everything_need_no_weights(name: str) -> None:
    for module, delta in truth(name)[1].items():
        for weights in (None, {"elsewhere": (1, 1)}):
            found = load_peft(PEFT / name, weights=weights)[module].dense()
            np.testing.assert_allclose(found, delta, atol=1e-6 * np.abs(delta).max())


@pytest.mark.parametrize("name", ["vera", "randlora", "unilora"])
def test_shapes_do_where_only_shapes_lack(name: str) -> None:
    weights, deltas = truth(name)
    shapes = {f"{module}.weight": W.shape for module, W in weights.items()}
    found = load_peft(PEFT / name, weights=shapes)
    np.testing.assert_allclose(found["wide"].dense(), deltas["wide"], atol=1e-5)


@pytest.mark.parametrize("name", ["vera", "hira"])
def test_weights_may_be_a_model_in_a_file(name: str, tmp_path: Path) -> None:
    weights, deltas = truth(name)
    write_tensors(tmp_path / "model.safetensors", {f"{k}.weight": encoded(W, "F32") for k, W in weights.items()})
    for path in (tmp_path, tmp_path / "model.safetensors"):
        found = load_peft(PEFT / name, weights=path)
        np.testing.assert_allclose(found["wide"].dense(), deltas["wide"], atol=1e-5)


def test_uni_lora_without_indices_needs_the_order_of_the_model() -> None:
    weights, deltas = truth("unilora")
    turned = dict(reversed(weights.items()))
    found = load_peft(PEFT / "unilora", weights=turned)["wide"].dense()
    assert np.abs(found - deltas["wide"]).max() > 0.1
    with_others: dict[str, Any] = {"embedding.weight": (50, 6), **weights, "head": (2, 8)}
    found = load_peft(PEFT / "unilora", weights=with_others)["wide"].dense()
    np.testing.assert_allclose(found, deltas["wide"], atol=1e-5)


def test_the_files_tell_usual_mistakes_from_the_truth() -> None:
    """Each of these agrees with a theorem about adapters, so that files of peft alone can refute it."""
    loras, (weights, deltas) = load_peft(PEFT / "lora"), truth("lora")
    wrong = {"scale twice": (loras["wide"].scale * loras["wide"].dense(), deltas["wide"])}
    uni = load_peft(PEFT / "unilora-indices")["wide"]
    host = {name: np.asarray(value) for name, value in {**uni.params, **uni.frozen}.items()}
    entries = (host["theta"] / np.sqrt(host["sizes"]))[host["assignment"]]
    wrong["B before A"] = (
        entries[:20].reshape(10, 2) @ entries[20:].reshape(2, 6),
        truth("unilora-indices")[1]["wide"],
    )
    weights, deltas = truth("hira")
    hira = load_peft(PEFT / "hira", weights=weights)["wide"]
    wrong["W + B A"] = (hira.params["B"] @ hira.params["A"], deltas["wide"])
    weights, deltas = truth("randlora")
    rand = load_peft(PEFT / "randlora", weights=weights)["wide"]
    arrays = Tensors(PEFT / "randlora")
    B, A = arrays["base_model.randlora_B"][:10, :2], arrays["base_model.randlora_A"][:, 0, :6]
    lambdas, gammas = (np.asarray(rand.params[name]) for name in ("lambdas", "gammas"))
    pairs = zip(B.transpose(1, 0, 2), lambdas, gammas, strict=True)
    wrong["bases as they stand"] = (3 * sum((basis * lam) @ (A * gamma) for basis, lam, gamma in pairs), deltas["wide"])
    for name, (delta, right) in wrong.items():
        assert np.abs(delta - right).max() > 0.1 * np.abs(right).max(), name


@pytest.mark.parametrize(
    ("name", "weights", "says"),
    [
        ("dora", None, "as that of DoRA does: give the model with `weights`"),
        ("vera-bare", {}, r"the projections \(save_projection=True\)"),
        ("vera", None, "`weights` must be given, since the adapter lacks d_in of its modules; got None"),
        ("randlora", None, "lacks the larger sides of its modules"),
        ("hira", None, "lacks the weights that its updates are multiples of"),
        ("unilora", None, "in the order of the model"),
        ("vera", {"wide": (10, 6)}, "with 'inner.narrow'"),
        ("vera", {"wide": (6, 10), "inner.narrow": (8, 10)}, "that 'wide' of the adapter fits"),
        ("vera", {"wide": (10, 11), "inner.narrow": (8, 10)}, "that 'wide' of the adapter fits"),
        ("randlora", {"wide": (10, 7), "inner.narrow": (8, 10)}, "that 'wide' of the adapter fits"),
        ("hira", {"wide": np.ones((6, 10)), "inner.narrow": np.ones((8, 10))}, "that 'wide' fits"),
        ("hira", {"wide": (10, 6), "inner.narrow": (8, 10)}, "a matrix of floating-point numbers"),
        ("unilora", {"wide": (10,), "inner.narrow": (8, 10)}, "a matrix or the shape of one"),
        ("unilora", {"elsewhere": (10, 6)}, "the modules that the adapter is for"),
    ],
)
def test_what_is_missing_is_said(name: str, weights: dict[str, object] | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        load_peft(PEFT / name, weights=weights)  # type: ignore[arg-type]  # some are wrong


def copied(tmp_path: Path, name: str, **changes: object) -> Path:
    """A folder of peft with other settings."""
    shutil.copytree(PEFT / name, tmp_path / name)
    file = tmp_path / name / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("lora", {"peft_type": "OFT"}, "whose peft_type is LORA, .* got 'OFT'"),
        ("lora", {"peft_type": "LOHA"}, "changes nothing beside its factors"),
        ("lora", {"peft_type": "VERA"}, "nothing beside its factors, .* got the array .*lora_A"),
        ("vera", {"peft_type": ["VERA"]}, "whose peft_type is a word"),
        ("unilora", {"proj_seed": 2.5}, "`proj_seed` must be an integer"),
        ("unilora", {"proj_seed": "x"}, "`proj_seed` must be an integer"),
        ("unilora", {"target_modules": "("}, "`target_modules` must be a regular expression"),
        ("unilora", {"target_modules": 5}, "`target_modules` must be a list of names"),
        ("lora", {"r": 3}, "the rank 3 of its settings"),
        ("unilora", {"r": 1.5}, "`r` must be an integer"),
        ("unilora", {"r": 10**9}, "`r` must be at most the largest side of a module"),
        ("unilora", {"target_modules": "all-linear"}, "one that names its modules"),
        ("randlora", {"randlora_alpha": "12"}, "`randlora_alpha` must be a finite number"),
    ],
)
def test_settings_that_do_not_fit_are_refused(name: str, changes: dict[str, object], says: str, tmp_path: Path) -> None:
    with pytest.raises((ValueError, TypeError), match=says):
        load_peft(copied(tmp_path, name, **changes), weights=truth(name)[0])


def test_uni_lora_with_more_numbers_than_entries_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path, "unilora")
    stored = {"base_model.unilora_theta_d": encoded(np.ones(99), "F32")}
    write_tensors(folder / "adapter_model.safetensors", stored)
    with pytest.raises(ValueError, match="theta_d_length at most 68"):
        load_peft(folder, weights=truth("unilora")[0])


def test_numbers_that_are_not_finite_and_missing_parts_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path, "hira")
    tensors, weights = Tensors(PEFT / "hira"), truth("hira")[0]
    arrays = {name: tensors.stored(name) for name in tensors.names}
    first = "base_model.model.wide.hira_A"
    write_tensors(folder / "adapter_model.safetensors", arrays | {first: encoded(np.zeros((2, 5)), "F32")})
    with pytest.raises(ValueError, match="'wide' fits"):
        load_peft(folder, weights=weights)
    write_tensors(folder / "adapter_model.safetensors", {k: v for k, v in arrays.items() if k != first})
    with pytest.raises(ValueError, match="hira_A"):
        load_peft(folder, weights=weights)
    bad = arrays[first]._replace(data=np.full((2, 6), np.nan, "<f4").tobytes())
    write_tensors(folder / "adapter_model.safetensors", arrays | {first: bad})
    with pytest.raises(ValueError, match=r"`path` must be .* whose numbers are finite, as those of '.*hira_A' are not"):
        load_peft(folder, weights=weights)


def test_no_folder_and_no_settings(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^there is no folder '.*nowhere'$"):
        load_peft(tmp_path / "nowhere")
    with pytest.raises(TypeError, match="`path` must be a path; got 3"):
        load_peft(3)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(FileNotFoundError, match=r"adapter_config\.json"):
        load_peft(tmp_path)

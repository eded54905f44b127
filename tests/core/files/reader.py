"""What loading the folder of an adapter makes of a model: a small stand-in for peft, apart from the library.

It reads factors, starts from the weights, magnitudes, and arrays beside the factors, as far as the folders here go.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

FOLDERS = Path(__file__).parent / "peft"
BASE, EXPERTS, IMAGES = (FOLDERS / name for name in ("base", "base-experts", "base-images"))


def arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a safetensors file in single or double precision."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    types, found = {"F32": "<f4", "F64": "<f8", "F16": "<f2"}, {}
    for name, one in header.items():
        if name != "__metadata__":
            first, last = (8 + size + place for place in one["data_offsets"])
            found[name] = np.frombuffer(data[first:last], types[one["dtype"]]).reshape(one["shape"]).astype(np.float64)
    return found


def scaling(config: dict, module: str, rank: int) -> float:
    patterns = config.get("alpha_pattern") or {}
    found = [value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", module)]
    alpha = found[0] if found else config["lora_alpha"]
    return alpha / (rank**0.5 if config.get("use_rslora") else rank)


def of_experts(A: np.ndarray, B: np.ndarray, rank: int) -> np.ndarray:
    """The product of the factors of all experts, which are kept side by side."""
    return np.einsum("ore,eri->eoi", B.reshape(len(B), rank, -1), A.reshape(-1, rank, A.shape[1]))


def base_of(folder: Path) -> Path:
    """The model of an adapter."""
    config = json.loads((folder / "adapter_config.json").read_text())
    return EXPERTS if config.get("target_parameters") else IMAGES if "image" in config["target_modules"] else BASE


def with_norms(weight: np.ndarray, lengths: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """A weight whose entries for each output have these norms, over all other axes."""
    sizes = np.sqrt((weight**2).sum(axis=axes, keepdims=True))
    return weight / sizes * lengths.reshape(sizes.shape)


def merged(folder: Path) -> dict[str, np.ndarray]:
    """The model after the adapter was loaded and merged."""
    config = json.loads((folder / "adapter_config.json").read_text())
    model = arrays(base_of(folder) / "model.safetensors")
    found = {
        name.removeprefix("base_model.model."): a for name, a in arrays(folder / "adapter_model.safetensors").items()
    }
    start, factors = config.get("init_lora_weights"), {}
    others: dict[str, dict[str, np.ndarray]] = {}
    for name, value in found.items():
        module, lora, factor = name.partition(".lora_")
        if lora:
            factors.setdefault(module, {})[factor.removesuffix(".weight")] = value
        elif name.endswith(".token_adapter.trainable_tokens_delta"):
            module = name.removesuffix(".token_adapter.trainable_tokens_delta")
            model[f"{module}.weight"][config["trainable_token_indices"][module]] = value
        elif config["peft_type"] != "LORA" and re.search(r"\.(hada|lokr|ia3)_", name):
            module, _, part = name.rpartition(".")
            others.setdefault(module, {})[part] = value
        elif ".modules_to_save." not in name and ".original_module." not in name:
            model[name.replace(".base_layer.", ".")] = value
    for module, parts in others.items():
        multiply(model, module, parts, config)
    for module, parts in factors.items():
        if module.startswith("experts"):
            # the first array of the module lies below the other one
            name = "experts.down_proj" if module == "experts" else "experts.gate_up_proj"
            model[name] = model[name] + config["lora_alpha"] / config["r"] * of_experts(
                parts["A"], parts["B"], config["r"]
            )
            continue
        weight, name = model[f"{module}.weight"], f"{module}.weight"
        if "embedding_A" in parts:
            s = scaling(config, module, len(parts["embedding_A"]))
            model[name] = weight + s * (parts["embedding_B"] @ parts["embedding_A"]).T
            if "magnitude_vector" in parts:
                model[name] = with_norms(model[name], parts["magnitude_vector"], (0,))
            continue
        A, B = (parts[factor].reshape(len(parts[factor]), -1) for factor in "AB")
        # of the model here c_proj alone is a Conv1D, and peft looks at the layer before the setting
        r, s, turned = len(A), scaling(config, module, len(A)), config.get("fan_in_fan_out") and module == "c_proj"
        # a weight that came along was saved after its start had been taken away, and is loaded as it is
        taken = None if f"{module}.base_layer.weight" in found else start
        if taken == "olora":
            Q, R = np.linalg.qr(weight)
            weight = weight - s * Q[:, :r] @ R[:r]
        if taken == "pissa":
            U, S, Vt = np.linalg.svd(weight)
            weight = weight - (U[:, :r] * S[:r]) @ Vt[:r]
        weight = weight + (s * ((B @ A).T if turned else B @ A)).reshape(weight.shape)
        if "magnitude_vector" in parts:
            weight = with_norms(weight, parts["magnitude_vector"], tuple(range(1, weight.ndim)))
        model[name] = weight
        if "B.bias" in parts and parts["B.bias"].any():
            model[f"{module}.bias"] = model[f"{module}.bias"] + s * parts["B.bias"]
    return model


def multiply(model: dict[str, np.ndarray], module: str, parts: dict[str, np.ndarray], config: dict[str, Any]) -> None:
    """Change a module by parts that are no factors of a plain product: of LoHa, LoKr or IA3."""
    if "ia3_l" in parts:
        by = parts["ia3_l"].T if module == "c_proj" else parts["ia3_l"]
        model[f"{module}.weight"] = model[f"{module}.weight"] * by
        if parts["ia3_l"].shape[1] == 1:
            model[f"{module}.bias"] = model[f"{module}.bias"] * by.ravel()
        return
    alpha = config["alpha"] / config["rank_pattern"].get(module, config["r"])
    kind, weight = "hada" if config["peft_type"] == "LOHA" else "lokr", model[f"{module}.weight"]
    w1, w2 = (factor(parts, f"{kind}_{which}", f"{kind}_t{which[1]}") for which in ("w1", "w2"))
    if kind == "lokr" and w2.ndim == 4:
        w1 = w1[:, :, None, None]
    update = w1 * w2 if kind == "hada" else np.kron(w1, w2)
    model[f"{module}.weight"] = weight + alpha * update.reshape(weight.shape)


def factor(parts: dict[str, np.ndarray], name: str, kernels: str) -> np.ndarray:
    """One of the two matrices of LoHa and LoKr, which may be that of a convolution."""
    if name in parts:
        return parts[name]
    a, b = parts[f"{name}_a"], parts[f"{name}_b"]
    return np.einsum("ijkl,jr,ip->prkl", parts[kernels], b, a) if kernels in parts else a @ b


def untouched(folder: Path) -> dict[str, np.ndarray]:
    """The model of an adapter before it was loaded."""
    return arrays(base_of(folder) / "model.safetensors")


def distance(one: Path | dict[str, np.ndarray], other: Path | dict[str, np.ndarray]) -> float:
    """How far two folders lead, over all arrays of the model."""
    first, second = (merged(side) if isinstance(side, Path) else side for side in (one, other))
    assert first.keys() == second.keys()
    return float(np.sqrt(sum(np.sum((first[name] - second[name]) ** 2) for name in first)))

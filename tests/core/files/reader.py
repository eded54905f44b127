"""What loading the folder of an adapter makes of a model: a small stand-in for peft, apart from the library.

It reads factors, starts from the weights, magnitudes, and arrays beside the factors, as far as the folders here go.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

FOLDERS = Path(__file__).parent / "peft"
BASE = FOLDERS / "base"


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


def merged(folder: Path, base: Path = BASE) -> dict[str, np.ndarray]:
    """The model after the adapter was loaded and merged."""
    model = arrays(base / "model.safetensors")
    config = json.loads((folder / "adapter_config.json").read_text())
    found = {
        name.removeprefix("base_model.model."): a for name, a in arrays(folder / "adapter_model.safetensors").items()
    }
    start, factors = config["init_lora_weights"], {}
    for name, value in found.items():
        module, lora, factor = name.partition(".lora_")
        if lora:
            factors.setdefault(module, {})[factor.removesuffix(".weight")] = value
        elif name.endswith(".token_adapter.trainable_tokens_delta"):
            module = name.removesuffix(".token_adapter.trainable_tokens_delta")
            model[f"{module}.weight"][config["trainable_token_indices"][module]] = value
        elif ".modules_to_save." not in name and ".original_module." not in name:
            model[name.replace(".base_layer.", ".")] = value
    for module, parts in factors.items():
        weight, name = model[f"{module}.weight"], f"{module}.weight"
        if "embedding_A" in parts:
            s = scaling(config, module, len(parts["embedding_A"]))
            model[name] = weight + s * (parts["embedding_B"] @ parts["embedding_A"]).T
            continue
        A, B = parts["A"], parts["B"]
        r, s, turned = len(A), scaling(config, module, len(A)), bool(config["fan_in_fan_out"])
        if start == "olora":
            Q, R = np.linalg.qr(weight)
            weight = weight - s * Q[:, :r] @ R[:r]
        if start == "pissa":
            U, S, Vt = np.linalg.svd(weight)
            weight = weight - (U[:, :r] * S[:r]) @ Vt[:r]
        weight = weight + s * ((B @ A).T if turned else B @ A)
        if "magnitude_vector" in parts:
            weight = weight * (parts["magnitude_vector"] / np.linalg.norm(weight, axis=1))[:, None]
        model[name] = weight
        if "B.bias" in parts:
            model[f"{module}.bias"] = model[f"{module}.bias"] + s * parts["B.bias"]
    return model


def distance(one: Path | dict[str, np.ndarray], other: Path | dict[str, np.ndarray]) -> float:
    """How far two folders lead, over all arrays of the model."""
    first, second = (merged(side) if isinstance(side, Path) else side for side in (one, other))
    assert first.keys() == second.keys()
    return float(np.sqrt(sum(np.sum((first[name] - second[name]) ** 2) for name in first)))

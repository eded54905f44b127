"""Weights of attention heads in safetensors files, under the names that transformers and peft give them."""

from __future__ import annotations

import json
import re
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.opening import json_of
from lrtheory._validation import integer, must, path_of, real

__all__ = ["Settings", "head_adapters", "head_weights", "layers_of", "settings"]

#: names of the projections in the files of several families of models
NAMES = {"Q": ("query", "q_proj", "q_lin"), "K": ("key", "k_proj", "k_lin"), "V": ("value", "v_proj", "v_lin")}
#: the keys in configuration files for arguments of `from_safetensors`, the usual key first
SAID = {
    "n_heads": ("num_attention_heads", "n_heads", "n_head", "num_heads"),
    "alpha": ("lora_alpha", "alpha"),
    "rank": ("r", "rank"),
    "rslora": ("use_rslora",),
}
LAYER = r"(?:^|\.)(?:layers?|h|blocks?)\.{layer}\."
#: the one matrix in which GPT-2 keeps all three projections, side by side and applied from the right
FUSED = "c_attn"


class Settings(NamedTuple):
    """Values that configuration files beside a model state, by the name of the argument that they replace."""

    said: dict[str, Any]

    def get(self, name: str, given: Any) -> Any:
        """Return the argument if it is given, else the value in the files, else None."""
        return self.said.get(name) if given is None else given

    def whole(self, name: str, given: Any, default: int | None = None) -> int:
        """Return a positive integer: the argument, else the value in the files, else the default."""
        value = self._needed(name, self.get(name, given), default)
        return integer(name, value, low=1)

    def number(self, name: str, given: Any) -> float:
        """Return a finite number: the argument, else the value in the files."""
        value = self._needed(name, self.get(name, given), None)
        return real(name, value, low=-1e300, high=1e300)

    def flag(self, name: str, given: Any) -> bool:
        """Return True or False: the argument, else the value in the files, else False."""
        return bool(self.said.get(name, False)) if given is None else given

    @staticmethod
    def _needed(name: str, value: Any, default: int | None) -> Any:
        """Return the value or the default, and refuse None with the words that a file could have."""
        value = default if value is None else value
        if value is None:
            words = " or ".join(repr(word) for word in SAID[name])
            rule = f"given, as neither the metadata of the file nor a config.json beside it says {words}"
            raise must(name, rule, None)
        return value


def settings(path: str | PathLike[str], adapters: str | PathLike[str] | None) -> Settings:
    """Collect the settings beside the model and in its metadata, then those of the adapters, which override them."""
    said: dict[str, Any] = {}
    for name, file in (("path", path), ("adapters", adapters)):
        if name == "adapters" and file is None:
            continue
        tensors = Tensors(path_of(name, file))
        tables = [_json(tensors.folder / name) for name in ("config.json", "adapter_config.json")]
        if tables[1]:
            said["adapted"] = True  # somebody has adapted this model, so an alpha is wanted
        if tables[1].get("alpha_pattern"):  # some modules have another alpha, so the one number may be wrong
            tables[1].pop("lora_alpha", None)
        for table in (*tables, _parsed(tensors.metadata)):
            found = {name: table[word] for name, words in SAID.items() for word in words[::-1] if word in table}
            said |= {name: value for name, value in found.items() if value is not None}
    return Settings(said)


def _json(path: Path) -> dict[str, Any]:
    """Read the object in a JSON file; return an empty one if there is no file."""
    if not path.is_file():
        return {}
    table = json_of(path)
    if not isinstance(table, dict):
        raise ValueError(f"{path}: no JSON object")
    inner = table.get("text_config")  # multimodal models keep the settings of their language model here
    return (inner if isinstance(inner, dict) else {}) | table


def _parsed(metadata: dict[str, str]) -> dict[str, Any]:
    """Parse the values of a file's metadata, which are strings, as JSON; values that are not JSON stay strings."""
    found: dict[str, Any] = {}
    for name, text in metadata.items():
        try:
            found[name] = json.loads(text.lower() if text in ("True", "False") else text)
        except ValueError:
            found[name] = text
    return found


def head_weights(path: str | PathLike[str], layer: int, head: int, n_heads: int) -> dict[str, np.ndarray]:
    """Read W of each projection (d_in, d_head) for one head; biases become a last row if some projection has one.

    Files store the transpose, (d_out, d_in), with the heads one after the other in the rows.
    """
    tensors = Tensors(path)
    head, n_heads = integer("head", head, low=0), integer("n_heads", n_heads, low=1)
    if layer not in layers_of(tensors):
        raise must("layer", f"one of the layers with attention in the file, {_range(layers_of(tensors))}", layer)
    full = {projection: _find(tensors, layer, projection, "weight") for projection in NAMES}
    d_head, left = divmod(len(full["Q"]), n_heads)
    if left or head >= n_heads:
        raise must("n_heads", f"a divisor of {len(full['Q'])} above the head {head}", n_heads)
    biases = {projection: _find(tensors, layer, projection, "bias", optional=True) for projection in NAMES}
    biased = any(bias is not None for bias in biases.values())
    found = {}
    for projection, weight in full.items():
        groups = len(weight) // d_head  # with grouped-query attention, one head of keys serves several of queries
        first = head * groups // n_heads * d_head
        rows = slice(first, first + d_head)
        bias = np.zeros(len(weight), weight.dtype) if biases[projection] is None else biases[projection]
        parts = [weight[rows].T, bias[None, rows]] if biased else [weight[rows].T]
        found[projection] = np.ascontiguousarray(np.concatenate(parts))
    return found


def head_adapters(
    path: str | PathLike[str], layer: int, head: int, n_heads: int, weights: dict[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read the pairs (A, B) of the projections that a file of peft adapts, with B cut to the rows of the head."""
    tensors, found = Tensors(path), {}
    for projection, W in weights.items():
        A = _find(tensors, layer, projection, "lora_A.weight", optional=True)
        if A is None:
            continue
        B = _find(tensors, layer, projection, "lora_B.weight")
        d_in, d_head = W.shape
        first = head * (len(B) // d_head) // n_heads * d_head
        wide = np.pad(A, ((0, 0), (0, d_in - A.shape[1])))  # adapters do not see the column of ones of a bias
        found[projection] = wide.astype(W.dtype), B[first : first + d_head].astype(W.dtype)
    if not found:
        raise must("adapters", f"a file with adapters of layer {layer}", path)
    return found


def layers_of(tensors: Tensors) -> list[int]:
    """Return the numbers of the layers that have projections of queries, in order."""
    pattern = re.compile(rf"{LAYER.format(layer='([0-9]+)')}.*\b(?:{'|'.join((*NAMES['Q'], FUSED))})\.")
    return sorted({int(found[1]) for name in tensors.names if (found := pattern.search(name))})


def _range(layers: list[int]) -> str:
    """Write the numbers of layers as a sentence can hold them."""
    if not layers:
        return "of which there is none"
    return f"{layers[0]} to {layers[-1]}" if layers == list(range(layers[0], layers[-1] + 1)) else str(layers)


def _find(tensors: Tensors, layer: int, projection: str, what: str, *, optional: bool = False) -> Any:
    """Find the one array of this layer whose name is that of the projection, in any family, followed by `what`."""
    here = LAYER.format(layer=integer("layer", layer, low=0))
    pattern = re.compile(rf"{here}.*\b(?:{'|'.join(NAMES[projection])})\.(?:base_layer\.)?{re.escape(what)}$")
    names = [name for name in tensors.names if pattern.search(name)]
    if len(names) == 1:
        return tensors[names[0]]
    pattern = re.compile(rf"{here}.*\b{FUSED}\.(?:base_layer\.)?{re.escape(what)}$")
    fused = [name for name in tensors.names if pattern.search(name)]
    if len(fused) == 1 and not names and what in ("weight", "bias"):
        part = "QKV".index(projection)
        return np.split(tensors[fused[0]].T, 3)[part]  # a bias is its own transpose
    if optional and not names:
        return None
    raise must("layer", f"one whose {projection} has one array {what!r} in the file", layer)

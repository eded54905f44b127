"""Weights of attention heads in safetensors files, under the names that transformers and peft give them."""

from __future__ import annotations

import re
from os import PathLike
from typing import Any

import numpy as np

from lrtheory._validation import integer, must

__all__ = ["Tensors", "head_adapters", "head_weights"]

#: what families of models call the projections
NAMES = {"Q": ("query", "q_proj", "q_lin"), "K": ("key", "k_proj", "k_lin"), "V": ("value", "v_proj", "v_lin")}
LAYER = r"(?:^|\.)(?:layers?|h|blocks?)\.{layer}\."


class Tensors:
    """The arrays of a safetensors file, each read when it is asked for; half precision becomes float32."""

    def __init__(self, path: str | PathLike[str]) -> None:
        try:
            from safetensors import safe_open  # type: ignore[import-not-found, unused-ignore]
        except ImportError as error:
            raise ImportError("`from_safetensors` needs safetensors: pip install safetensors") from error
        self.path, self.opened = path, safe_open
        self.file = safe_open(path, framework="numpy")
        self.names: list[str] = list(self.file.keys())

    def __getitem__(self, name: str) -> np.ndarray:
        if self.file.get_slice(name).get_dtype() == "BF16":  # which NumPy does not have
            try:
                with self.opened(self.path, framework="pt") as file:
                    return file.get_tensor(name).float().numpy()
            except ImportError as error:
                raise ImportError("weights in bfloat16 need torch: pip install 'lrtheory[torch]'") from error
        value = self.file.get_tensor(name)
        return value if value.dtype in (np.float32, np.float64) else value.astype(np.float32)


def head_weights(path: str | PathLike[str], layer: int, head: int, n_heads: int) -> dict[str, np.ndarray]:
    """W of each letter (d_in, d_head), with the bias as a last row where some letter has one."""
    tensors = Tensors(path)
    head, n_heads = integer("head", head, low=0), integer("n_heads", n_heads, low=1)
    full = {letter: _find(tensors, layer, letter, "weight") for letter in NAMES}
    d_head, left = divmod(len(full["Q"]), n_heads)
    if left or head >= n_heads:
        raise must("n_heads", f"a divisor of {len(full['Q'])} above the head {head}", n_heads)
    biases = {letter: _find(tensors, layer, letter, "bias", optional=True) for letter in NAMES}
    biased = any(bias is not None for bias in biases.values())
    found = {}
    for letter, weight in full.items():
        groups = len(weight) // d_head  # fewer heads of keys and values serve several heads of queries
        first = head * groups // n_heads * d_head
        rows = slice(first, first + d_head)
        bias = np.zeros(len(weight), weight.dtype) if biases[letter] is None else biases[letter]
        parts = [weight[rows].T, bias[None, rows]] if biased else [weight[rows].T]
        found[letter] = np.ascontiguousarray(np.concatenate(parts))
    return found


def head_adapters(
    path: str | PathLike[str], layer: int, head: int, n_heads: int, weights: dict[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs (A, B) of the letters that a file of peft adapts, cut to the head."""
    tensors, found = Tensors(path), {}
    for letter, W in weights.items():
        A = _find(tensors, layer, letter, "lora_A.weight", optional=True)
        if A is None:
            continue
        B = _find(tensors, layer, letter, "lora_B.weight")
        d_in, d_head = W.shape
        first = head * (len(B) // d_head) // n_heads * d_head
        wide = np.pad(A, ((0, 0), (0, d_in - A.shape[1])))  # adapters do not see the column of ones of a bias
        found[letter] = wide.astype(W.dtype), B[first : first + d_head].astype(W.dtype)
    if not found:
        raise must("adapters", f"a file with adapters of layer {layer}", path)
    return found


def _find(tensors: Tensors, layer: int, letter: str, what: str, *, optional: bool = False) -> Any:
    """The one array of this layer whose name ends as one of the family names does."""
    here = LAYER.format(layer=integer("layer", layer, low=0))
    pattern = re.compile(rf"{here}.*\b(?:{'|'.join(NAMES[letter])})\.(?:base_layer\.)?{re.escape(what)}$")
    names = [name for name in tensors.names if pattern.search(name)]
    if len(names) == 1:
        return tensors[names[0]]
    if optional and not names:
        return None
    raise must("layer", f"one whose {letter} has one array {what!r} in the file", layer)

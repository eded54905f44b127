"""Adapters to try things on: planted families, and repairs of quantized weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import array, generator, integer, must, real
from lrtheory.matrix_compression.adapters.squeeze import dense_core

__all__ = ["make_adapters", "make_quantization_residuals"]


def make_adapters(
    n_families: int = 4,
    per_family: int = 10,
    *,
    d: int = 256,
    rank: int = 8,
    n_modules: int = 1,
    spread: float = 0.0,
    rng: Rng = None,
) -> list[AdapterFile]:
    """Adapters of which those of a family write into one subspace, each by a random map of its own.

    Parameters
    ----------
    n_families, per_family : int
        Number of families, and of adapters in each.
    d : int
        Rows and columns of every weight.
    rank : int
        Rank of the adapters, and dimension of the subspace of a family.
    n_modules : int
        Number of modules of each adapter.
    spread : float
        The norm of what an adapter has outside the subspace of its family, beside that inside.
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    list of AdapterFile
        Family by family. The factors are given in a random gauge, as training leaves them.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> make_adapters(2, 3, d=16, rank=2, rng=0)[0]
    AdapterFile(1 modules, rank 2, 64 numbers)
    """
    draw = generator(rng)
    families, members = integer("n_families", n_families, low=1), integer("per_family", per_family, low=1)
    d, rank = integer("d", d, low=1), integer("rank", rank, low=1)
    if rank > d:
        raise must("rank", f"at most {d}, as `d`", rank)
    outside = real("spread", spread, low=0, high=1e6)
    made: list[AdapterFile] = []
    names = [f"layers.{k}.query" for k in range(integer("n_modules", n_modules, low=1))]
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank}
    for _ in range(families):
        bases = {name: np.linalg.qr(draw.normal(size=(d, rank)))[0] for name in names}
        for _ in range(members):
            modules = {}
            for name in names:
                B = bases[name] + outside * draw.normal(size=(d, rank)) / np.sqrt(d)
                gauge = draw.normal(size=(rank, rank)) + 2 * np.eye(rank)
                A = np.linalg.solve(gauge, np.linalg.qr(draw.normal(size=(d, rank)))[0].T)
                modules[name] = AdapterModule((B @ gauge).astype(np.float32), A.astype(np.float32), scale=2.0)
            made.append(AdapterFile(modules, config))
    return made


def make_quantization_residuals(
    weights: Mapping[str, ArrayLike], rank: int = 64, *, bits: int = 4, block: int = 64
) -> AdapterFile:
    """Round weights to few bits, and make the best adapter of a rank that repairs the error.

    Parameters
    ----------
    weights : mapping of str to array of shape (d_out, d_in)
        The weights, as from `load_transformer_weights`.
    rank : int
        Rank of the adapter.
    bits : int
        A weight becomes one of 2^bits - 1 numbers, evenly spread over the range of its block.
    block : int
        Number of neighbors in a row that share a range.

    Returns
    -------
    AdapterFile
        Adapter of the best factors of W - Q(W), in single precision.

    Raises
    ------
    ValueError
        If a weight is not a matrix of finite numbers, or a number is out of range.

    Examples
    --------
    >>> make_quantization_residuals({"query": np.arange(12.0).reshape(3, 4)}, 2, bits=2).modules["query"].rank
    2
    """
    rank, half = integer("rank", rank, low=1), 2 ** (integer("bits", bits, low=2, high=16) - 1) - 1
    size = integer("block", block, low=1)
    if not isinstance(weights, Mapping) or not weights:
        raise must("weights", "a mapping with at least one weight", weights)
    modules = {}
    for name, weight in weights.items():
        W = array(f"weights[{name!r}]", weight, shape=(None, None)).astype(np.float64)
        B, A = dense_core(W - _rounded(W, half, size), 0, 0.0).factors(rank)
        modules[str(name)] = AdapterModule(B.astype(np.float32), A.astype(np.float32))
    return AdapterFile(modules, {"peft_type": "LORA", "r": rank, "lora_alpha": rank})


def _rounded(W: np.ndarray, half: int, size: int) -> np.ndarray:
    """Each block of a row rounded to multiples of its largest entry over `half`."""
    made = np.zeros_like(W)
    for first in range(0, W.shape[1], size):
        part = W[:, first : first + size]
        step = np.abs(part).max(axis=1, keepdims=True) / half
        made[:, first : first + size] = np.divide(part, step, out=np.zeros_like(part), where=step > 0).round() * step
    return made

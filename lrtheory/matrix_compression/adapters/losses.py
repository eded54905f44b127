"""Losses of new factors of a module, rounding to the type of their file included, and of what they add to a bias."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lrtheory._files.adapters import AdapterModule
from lrtheory._files.adapters.adapter_file import DTYPES
from lrtheory._files.safetensors import decoded, encoded
from lrtheory._kernels.low_rank import Core, cast_error, tail
from lrtheory._validation import must

__all__ = ["NAMES", "Loss", "as_stored", "bias_apart", "replaced", "summed_bias", "with_bias"]

NAMES = {code: name for name, code in DTYPES.items()}


class Loss(NamedTuple):
    """The norm of the update of a module, the error of its factors, and bounds on it."""

    norm: float
    error: float
    least: float
    most: float


def replaced(
    module: AdapterModule, found: Core, rank: int, scale: float, dtype: str | None
) -> tuple[AdapterModule, Loss]:
    """A module with the best factors of a rank for a whole update, in the type of its file, and what they lose."""
    kind = dtype or module.dtype
    B, A = (as_stored(factor, kind) for factor in found.factors(rank, ratio=1 / scale))
    nuclear = float(np.sum(found.values[:rank])) / abs(scale)
    cast = abs(scale) * cast_error((math.sqrt(nuclear),) * 2, (B.size, A.size), NAMES[kind])
    error = tail(found.values, rank)
    made = AdapterModule(B, A, scale=scale, kind=module.kind, kernel=module.kernel, dtype=kind)
    bounds = max(0.0, error - found.rounding), error + found.rounding + cast
    return made, Loss(tail(found.values, 0), error, *bounds)


def as_stored(factor: np.ndarray, kind: str) -> np.ndarray:
    """The numbers that a file will hold."""
    if kind == "F64":
        return factor
    try:
        return decoded(encoded(factor, kind))
    except OverflowError as error:
        raise must("dtype", "a type in whose range the factors lie", str(error)) from error


def summed_bias(parts: Sequence[tuple[np.ndarray | None, float]]) -> np.ndarray | None:
    """The weighted sum of what adapters add to the bias of a layer; None where none of them does."""
    found = [w * np.asarray(bias, np.float64) for bias, w in parts if bias is not None]
    return np.sum(found, axis=0) if found else None


def bias_apart(parts: Sequence[tuple[np.ndarray | None, float]], own: AdapterModule) -> float:
    """The distance of what is added to a bias from a weighted sum; a module without an inner index adds nothing."""
    made = None if own.rank == 0 else own.bias
    found = summed_bias([*parts, (made, -1.0)])
    return 0.0 if found is None else tail(np.abs(found), 0)


def with_bias(made: AdapterModule, bias: np.ndarray | None, loss: Loss) -> tuple[AdapterModule, Loss]:
    """A module that also adds to the bias of its layer, in the type of its file, and what it loses with that.

    Parameters
    ----------
    made : AdapterModule
        New factors. Without an inner index the module is left out, with its bias.
    bias : array of shape (d_out,) or None
        Vector that is to be added.
    loss : Loss
        Loss of the factors.

    Returns
    -------
    pair of AdapterModule and Loss
        The module has the bias that its file will say.
    """
    if bias is None:
        return made, loss
    stored = as_stored(bias / made.scale, made.dtype).astype(np.float64) * made.scale
    size = tail(np.abs(bias), 0)
    off = size if made.rank == 0 else tail(np.abs(bias - stored), 0)
    norm, *ends = (
        math.hypot(one, more) for one, more in zip(loss, (size, off, off if made.rank == 0 else 0.0, off), strict=True)
    )
    return replace(made, bias=stored), Loss(norm, *ends)

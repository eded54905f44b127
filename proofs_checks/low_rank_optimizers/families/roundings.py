"""Weights in sixteen bits by their codes: whole binades, steps of Adam on them, random steps, and moved weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def value_of(codes: np.ndarray, dtype: str = "bfloat16") -> np.ndarray:
    """Return the numbers of codes that may have a sign bit, as doubles."""
    bits = np.asarray(codes, np.uint16)
    if dtype == "float16":
        return bits.view(np.float16).astype(np.float64)
    return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def code_of(values: np.ndarray, dtype: str = "bfloat16") -> np.ndarray:
    """Return the codes of numbers of a format."""
    if dtype == "float16":
        return np.asarray(values, np.float16).view(np.uint16).astype(np.int64)
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.int64)


def of_one_binade(exponent: int) -> np.ndarray:
    """Return the codes of all 128 numbers of a binade, every other one negative."""
    codes = ((exponent + 127) << 7) + np.arange(128)
    return codes + 0x8000 * (codes & 1)


@dataclass(frozen=True)
class Table:
    """Weights by their codes (K,), the deviation of normal steps, and how the steps of two runs are correlated."""

    codes: np.ndarray
    step_std: float
    correlation: float = 0.0


def at_random(values: np.ndarray, seed: int = 5) -> np.ndarray:
    """Round to one of both neighbors in bfloat16, so that the mean is the number."""
    bits = values.astype(np.float32).view(np.uint32)
    noise = np.random.default_rng(seed).integers(0, 1 << 16, bits.shape, dtype=np.uint32)
    return value_of((bits + noise) >> 16)

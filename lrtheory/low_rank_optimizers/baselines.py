"""Optimizers of common practice, behind the step of all others, to be compared in bytes and in directions."""

from __future__ import annotations

from lrtheory.low_rank_optimizers.optimizers.adamw import AdamW
from lrtheory.low_rank_optimizers.optimizers.sgd import SGD

__all__ = ["SGD", "AdamW"]

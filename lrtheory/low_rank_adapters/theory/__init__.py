"""Right-hand sides of the theorems, as plain functions.

========  ================================================================
adapters  targets for which LoRA is better than a random linear adapter
randlora  the share of dead columns
balance   sharpness of factors
========  ================================================================

Norms are Frobenius norms.
"""

from __future__ import annotations

from lrtheory.low_rank_adapters.theory.adapters import crossover_exponent, crossover_rank
from lrtheory.low_rank_adapters.theory.balance import balanced_sharpness, sharpness
from lrtheory.low_rank_adapters.theory.randlora import dead_share

__all__ = [
    "balanced_sharpness",
    "crossover_exponent",
    "crossover_rank",
    "dead_share",
    "sharpness",
]

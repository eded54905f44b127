r"""Right-hand sides of the theorems, as plain functions.

==========  ==========================================================================================================
ridge       recursive ridge regression: costs, damage, success, unlearning
sketches    Frequent Directions: what a sketch misses, before the stream and after; counters
protection  protected subspaces: what old outputs change by, and what optimizers let escape
transfer    accuracy, backward transfer and forgetting of tasks
==========  ==========================================================================================================

Norms are Frobenius norms; formulas return energies, which are squares.
"""

from __future__ import annotations

from lrtheory.continual_learning.theory.protection import (
    blind_change,
    energy_rank,
    leak_bounds,
    leak_limit,
    momentum_leak,
    worst_leak,
)
from lrtheory.continual_learning.theory.sketches import (
    Counters,
    fd_bound,
    fd_rank_needed,
    misra_gries,
    projection_bound,
    shrinkage_limit,
    tail_energy,
)
from lrtheory.continual_learning.theory.transfer import forgetting_floor, transfer_identity

__all__ = [
    "Counters",
    "blind_change",
    "energy_rank",
    "fd_bound",
    "fd_rank_needed",
    "forgetting_floor",
    "leak_bounds",
    "leak_limit",
    "misra_gries",
    "momentum_leak",
    "projection_bound",
    "shrinkage_limit",
    "tail_energy",
    "transfer_identity",
    "worst_leak",
]

r"""Right-hand sides of the theorems, as plain functions.

==========  ==========================================================================================================
ridge       ridge regression around a given map: cost, information, minimizer
ledger      what one edit costs, changes elsewhere, and leaves, and what taking it out would show
sketches    Frequent Directions: what a sketch misses, before the stream and after; counters
protection  protected subspaces: what old outputs change by, and what optimizers let escape
transfer    accuracy, backward transfer and forgetting of tasks
==========  ==========================================================================================================

Norms are Frobenius norms; formulas return energies, which are squares.
"""

from __future__ import annotations

from lrtheory.continual_learning.theory.ledger import (
    adapter_excess,
    deviation_bound,
    edit_residual,
    edit_success,
    innovation_cost,
    interference,
    interference_bound,
    leave_one_out,
    ledger_cost,
)
from lrtheory.continual_learning.theory.protection import (
    blind_change,
    energy_rank,
    leak_bounds,
    leak_limit,
    momentum_leak,
    worst_leak,
)
from lrtheory.continual_learning.theory.ridge import dual_solution, information_matrix, objective, ridge_solution
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
    "adapter_excess",
    "blind_change",
    "deviation_bound",
    "dual_solution",
    "edit_residual",
    "edit_success",
    "energy_rank",
    "fd_bound",
    "fd_rank_needed",
    "forgetting_floor",
    "information_matrix",
    "innovation_cost",
    "interference",
    "interference_bound",
    "leak_bounds",
    "leak_limit",
    "leave_one_out",
    "ledger_cost",
    "misra_gries",
    "momentum_leak",
    "objective",
    "projection_bound",
    "ridge_solution",
    "shrinkage_limit",
    "tail_energy",
    "transfer_identity",
    "worst_leak",
]

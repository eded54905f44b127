"""Right-hand sides of the theorems, as plain functions.

========  ====================================================================
ridge     ridge regression around a given map: its solution
sketches  Frequent Directions: what a sketch misses, before the stream
========  ====================================================================

Norms are Frobenius norms; formulas return energies, which are squares.

To plan with, before anything runs:

==============  ====================================================================================================
fd_rank_needed  how many rows of a sketch suffice for a share of the energy
ridge_solution  which map all edits lead to, in any order and in exact numbers
==============  ====================================================================================================
"""

from __future__ import annotations

from lrtheory.continual_learning.theory.ridge import ridge_solution
from lrtheory.continual_learning.theory.sketches import fd_bound, fd_rank_needed, tail_energy

__all__ = [
    "fd_bound",
    "fd_rank_needed",
    "ridge_solution",
    "tail_energy",
]

r"""Constants and right-hand sides of the theorems, as plain functions.

========  ==========================================================================================================
energies  E_r^2 from spectra, and bounds for blocks side by side from the spectra of the blocks
brackets  of the best error from a copy or any subspace, of a sketch before it runs, of ranks within a budget
adapters  a scale that a file keeps, the error of a random range, sums that are truncated, a step that raises no rank
layers    how far attention moves where logits change
========  ==========================================================================================================

T_r(X) is the sum of the r largest squared singular values of X, E_r(X)^2 = \|X\|^2 - T_r(X) the squared error of its
best approximation of rank r. Formulas return energies, which are squares; relative errors are the roots of their
quotients.

To plan with, before anything runs:

===================  ===============================================================================================
fd_bound             how far a sketch by Frequent Directions can be off, by the columns that it keeps
superadditive_floor  how far a common basis is off at least, from the spectra of the blocks
union_bound          how far it is off at most, from the same spectra
===================  ===============================================================================================
"""

from __future__ import annotations

from lrtheory.matrix_compression.theory.adapters import kept_alpha_factor, sketch_bound, step_limit, stream_bracket
from lrtheory.matrix_compression.theory.brackets import distance_bracket, dual_bound, fd_bound, subspace_bracket
from lrtheory.matrix_compression.theory.energies import (
    largest_alone_bound,
    residual_bound,
    superadditive_floor,
    tail_energy,
    union_bound,
)
from lrtheory.matrix_compression.theory.layers import tanh_bound

__all__ = [
    "distance_bracket",
    "dual_bound",
    "fd_bound",
    "kept_alpha_factor",
    "largest_alone_bound",
    "residual_bound",
    "sketch_bound",
    "step_limit",
    "stream_bracket",
    "subspace_bracket",
    "superadditive_floor",
    "tail_energy",
    "tanh_bound",
    "union_bound",
]

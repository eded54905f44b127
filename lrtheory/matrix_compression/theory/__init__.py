r"""Right-hand sides of the theorems, as plain functions.

========  ==========================================================================================================
energies  T_r and E_r^2 from spectra, and bounds for blocks side by side from the spectra of the blocks
brackets  of sketches, of Frequent Directions, of subspaces, of copies that anybody made
========  ==========================================================================================================

T_r(X) is the sum of the r largest squared singular values of X, E_r(X)^2 = \|X\|^2 - T_r(X) the squared error of its
best approximation of rank r. Formulas return energies, which are squares; relative errors are the roots of their
quotients.
"""

from __future__ import annotations

from lrtheory.matrix_compression.theory.brackets import (
    distance_bracket,
    family_limit,
    fd_bound,
    fd_bracket,
    isometric_block,
    residual_gram_bound,
    subspace_bracket,
    truncation_bracket,
)
from lrtheory.matrix_compression.theory.energies import (
    largest_alone_bound,
    residual_bound,
    superadditive_floor,
    tail_energy,
    top_energy,
    union_bound,
)

__all__ = [
    "distance_bracket",
    "family_limit",
    "fd_bound",
    "fd_bracket",
    "isometric_block",
    "largest_alone_bound",
    "residual_bound",
    "residual_gram_bound",
    "subspace_bracket",
    "superadditive_floor",
    "tail_energy",
    "top_energy",
    "truncation_bracket",
    "union_bound",
]

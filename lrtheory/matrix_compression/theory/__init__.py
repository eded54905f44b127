r"""Right-hand sides of the theorems, as plain functions.

========  ==========================================================================================================
energies  T_r and E_r^2 from spectra, and bounds for blocks side by side from the spectra of the blocks
brackets  of sketches, of Frequent Directions, of subspaces, of copies that anybody made
adapters  the best factors of a rank, scales, casts to half precision, what merging loses
budgets   ranks of many matrices: the optimum, and a bound on what anybody's ranks keep
layers    low rank in the metric of inputs, attention, steps of training, scaled spectra
========  ==========================================================================================================

T_r(X) is the sum of the r largest squared singular values of X, E_r(X)^2 = \|X\|^2 - T_r(X) the squared error of its
best approximation of rank r. Formulas return energies, which are squares; relative errors are the roots of their
quotients.
"""

from __future__ import annotations

from lrtheory.matrix_compression.theory.adapters import (
    balanced_energy,
    cast_error,
    factor_inner_product,
    kept_alpha_factor,
    linear_cross_terms,
    sketch_bound,
    squeeze_energy,
    stream_bracket,
)
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
from lrtheory.matrix_compression.theory.budgets import best_of_equal_costs, dual_bound, greedy_gap
from lrtheory.matrix_compression.theory.energies import (
    largest_alone_bound,
    residual_bound,
    superadditive_floor,
    tail_energy,
    union_bound,
)
from lrtheory.matrix_compression.theory.layers import (
    condition_limit,
    distilled_energy,
    drift_limit,
    layer_energy,
    salt_energy,
    step_limit,
    tanh_bound,
)

__all__ = [
    "balanced_energy",
    "best_of_equal_costs",
    "cast_error",
    "condition_limit",
    "distance_bracket",
    "distilled_energy",
    "drift_limit",
    "dual_bound",
    "factor_inner_product",
    "family_limit",
    "fd_bound",
    "fd_bracket",
    "greedy_gap",
    "isometric_block",
    "kept_alpha_factor",
    "largest_alone_bound",
    "layer_energy",
    "linear_cross_terms",
    "residual_bound",
    "residual_gram_bound",
    "salt_energy",
    "sketch_bound",
    "squeeze_energy",
    "step_limit",
    "stream_bracket",
    "subspace_bracket",
    "superadditive_floor",
    "tail_energy",
    "tanh_bound",
    "truncation_bracket",
    "union_bound",
]

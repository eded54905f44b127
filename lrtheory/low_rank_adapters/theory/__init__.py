r"""Right-hand sides of the theorems, as plain functions.

==========  ==========================================================================================================
adapters    dimensions, distances that no update can fall below, what chance captures
truncation  what the best update of a rank leaves of a target, of data, of what a subspace does not show
uni_lora    one short vector in the place of all factors
randlora    random bases with trained diagonals: rank, distance, dead columns
hadamard    products of a weight with a matrix of low rank, entry by entry
starts      what a start captures of a gradient, and what frozen factors can never reach
steps       half-steps of AltLoRA: changes, transport, decrease, stalls, stability
switching   switched rows and columns: weights, ranks, gradients that jump
balance     balanced factors: least energy and sharpness, transported momenta
==========  ==========================================================================================================

Norms are Frobenius norms; formulas return energies, which are squares.
"""

from __future__ import annotations

from lrtheory.low_rank_adapters.theory.adapters import (
    adapter_dimension,
    central_difference,
    crossover_exponent,
    crossover_rank,
    distance_floor,
    random_capture,
)
from lrtheory.low_rank_adapters.theory.balance import (
    balanced_sharpness,
    least_factor_energy,
    sharpness,
    transported_momenta,
)
from lrtheory.low_rank_adapters.theory.hadamard import hadamard_bracket, hadamard_floor, hadamard_rank_one_energy
from lrtheory.low_rank_adapters.theory.randlora import dead_share, randlora_bracket, randlora_energy, randlora_rank
from lrtheory.low_rank_adapters.theory.starts import (
    captured_limit,
    projected,
    pseudo_inverse,
    sign_capture,
    split_energies,
    training_floor,
)
from lrtheory.low_rank_adapters.theory.steps import (
    changed_gauge,
    half_step_decrease,
    joint_change,
    local_factors,
    stalled_energy,
    transported,
    two_steps_suffice,
)
from lrtheory.low_rank_adapters.theory.switching import gradient_jump, switched_rank, switched_weight
from lrtheory.low_rank_adapters.theory.truncation import conversion_energy, regression_energy, sketch_floor
from lrtheory.low_rank_adapters.theory.uni_lora import (
    expected_group_residual,
    group_residual,
    norm_ceiling,
    projection_gram,
)

__all__ = [
    "adapter_dimension",
    "balanced_sharpness",
    "captured_limit",
    "central_difference",
    "changed_gauge",
    "conversion_energy",
    "crossover_exponent",
    "crossover_rank",
    "dead_share",
    "distance_floor",
    "expected_group_residual",
    "gradient_jump",
    "group_residual",
    "hadamard_bracket",
    "hadamard_floor",
    "hadamard_rank_one_energy",
    "half_step_decrease",
    "joint_change",
    "least_factor_energy",
    "local_factors",
    "norm_ceiling",
    "projected",
    "projection_gram",
    "pseudo_inverse",
    "randlora_bracket",
    "randlora_energy",
    "randlora_rank",
    "random_capture",
    "regression_energy",
    "sharpness",
    "sign_capture",
    "sketch_floor",
    "split_energies",
    "stalled_energy",
    "switched_rank",
    "switched_weight",
    "training_floor",
    "transported",
    "transported_momenta",
    "two_steps_suffice",
]

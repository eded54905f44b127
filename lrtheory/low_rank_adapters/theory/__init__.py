r"""Right-hand sides of the theorems, as plain functions.

========  ==========================================================================================================
adapters  dimensions, distances that no update can fall below, the best update for data, random adapters
uni_lora  one short vector in the place of all factors
randlora  random bases with trained diagonals: rank, distance, dead columns
hadamard  products of a weight with a matrix of low rank, entry by entry
========  ==========================================================================================================

Norms are Frobenius norms; formulas return energies, which are squares.
"""

from __future__ import annotations

from lrtheory.low_rank_adapters.theory.adapters import (
    adapter_dimension,
    central_difference,
    conversion_energy,
    crossover_exponent,
    crossover_rank,
    distance_floor,
    random_capture,
    regression_energy,
    sketch_floor,
)
from lrtheory.low_rank_adapters.theory.hadamard import hadamard_bracket, hadamard_rank_one_energy
from lrtheory.low_rank_adapters.theory.randlora import dead_share, randlora_bracket, randlora_energy, randlora_rank
from lrtheory.low_rank_adapters.theory.uni_lora import (
    expected_group_residual,
    group_residual,
    norm_ceiling,
    projection_gram,
)

__all__ = [
    "adapter_dimension",
    "central_difference",
    "conversion_energy",
    "crossover_exponent",
    "crossover_rank",
    "dead_share",
    "distance_floor",
    "expected_group_residual",
    "group_residual",
    "hadamard_bracket",
    "hadamard_rank_one_energy",
    "norm_ceiling",
    "projection_gram",
    "randlora_bracket",
    "randlora_energy",
    "randlora_rank",
    "random_capture",
    "regression_energy",
    "sketch_floor",
]

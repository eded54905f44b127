r"""Constants and right-hand sides of the theorems, as plain functions.

============  ==================================================================================================
relaxations   the relaxations beside the discrete problem: gaps, rounding, and the limit of low temperature
descent       the bound, what a step takes off the energy, damping, and what one update costs
limits        summable steps, rates, fixed points, the two-step value
instances     two points, prototypes, clamped rows, averages over tasks
trajectories  whole runs: moves over two updates, directed rings, printed energies, turns with prototypes
============  ==================================================================================================

Notation: N points, K clusters, Z (N, K) with rows in the simplex, costs A (N, K), affinity W (N, N), weight lambda,
temperature T, R_T(Z) = T sum z log z + <A, Z> - (lambda / 2) tr(Z' W Z), S(Z) = softmax((lambda W Z - A) / T).
Formulas without log, exp and sqrt also take Fractions, all others also balls of a rigorous arithmetic.
"""

from __future__ import annotations

from lrtheory.transductive_clustering.theory.descent import (
    descent_bound,
    energy_decrease,
    energy_without_logs,
    kl_divergence,
    kl_lower_bound,
    largest_monotone_lam,
    majoriser,
    majoriser_gap,
    safe_damping,
    update_counts,
)
from lrtheory.transductive_clustering.theory.limits import (
    contraction_factor,
    energy_lower_bound,
    fixed_point_distance,
    kkt_bound,
    summability_bound,
    two_step_decrease,
    two_step_value,
    uniform_rate,
)
from lrtheory.transductive_clustering.theory.relaxations import (
    discrete_lower_bound,
    entropy_bound,
    hard_limit_gap,
    hard_temperature,
    laplacian_gap,
    log_partition,
    pair_energy,
    rounding_bound,
    row_replacement,
    shift_constant,
    vertex_gap,
)
from lrtheory.transductive_clustering.theory.special_cases import (
    clamped_costs,
    exponential_tangent,
    half_width,
    mass_floor,
    mean_shift_gain,
    mean_step_decrease,
    two_point_energy,
    two_point_limit,
    two_point_threshold,
)
from lrtheory.transductive_clustering.theory.trajectories import (
    joint_kkt_bound,
    printed_energy_threshold,
    ring_threshold,
    ring_weight,
    softmax_jacobian,
    tangent_error,
    two_step_summability,
)

__all__ = [
    "clamped_costs",
    "contraction_factor",
    "descent_bound",
    "discrete_lower_bound",
    "energy_decrease",
    "energy_lower_bound",
    "energy_without_logs",
    "entropy_bound",
    "exponential_tangent",
    "fixed_point_distance",
    "half_width",
    "hard_limit_gap",
    "hard_temperature",
    "joint_kkt_bound",
    "kkt_bound",
    "kl_divergence",
    "kl_lower_bound",
    "laplacian_gap",
    "largest_monotone_lam",
    "log_partition",
    "majoriser",
    "majoriser_gap",
    "mass_floor",
    "mean_shift_gain",
    "mean_step_decrease",
    "pair_energy",
    "printed_energy_threshold",
    "ring_threshold",
    "ring_weight",
    "rounding_bound",
    "row_replacement",
    "safe_damping",
    "shift_constant",
    "softmax_jacobian",
    "summability_bound",
    "tangent_error",
    "two_point_energy",
    "two_point_limit",
    "two_point_threshold",
    "two_step_decrease",
    "two_step_summability",
    "two_step_value",
    "uniform_rate",
    "update_counts",
    "vertex_gap",
]

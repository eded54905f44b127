r"""Constants and right-hand sides of the theorems, as plain functions.

Notation: K players, S the set of profiles, D = sum_k (s_k - 1) deviations of a profile, m the population size, payoffs
in [-max_payoff, max_payoff]. Functions that are rational in their arguments also take Fractions.

==================  =====================================================================
module              content
==================  =====================================================================
`sample_sizes`      samples that are enough when all profiles are sampled alike
`adaptive_samples`  confidence radii, and samples that are enough for ResponseGraphUCB
`exact_intervals`   Clopper-Pearson intervals
`perturbation`      how much the stationary law moves when rates do
`identities`        identities and constants of the chain
`limits`            limits of infinite selection strength
==================  =====================================================================
"""

from __future__ import annotations

from lrtheory.alpha_rank.theory.adaptive_samples import (
    count_weighted_bounds,
    exhaustive_bound,
    hoeffding_radius,
    relaxed_samples_to_resolve,
    samples_to_resolve,
)
from lrtheory.alpha_rank.theory.exact_intervals import clopper_pearson
from lrtheory.alpha_rank.theory.identities import (
    chain_ratio_bound,
    direction_tolerance,
    fixation_log_ratio,
    mass_error_of_ratio,
    payoffs_with_offset,
    potential_log_law,
    rate_lipschitz,
    smallest_rate,
)
from lrtheory.alpha_rank.theory.limits import coordination_limits, has_no_ties, order_only, single_sink_limit
from lrtheory.alpha_rank.theory.perturbation import (
    certain_directions,
    log_ratio_bound,
    mass_error_bound,
    mass_interval,
    tree_weights,
)
from lrtheory.alpha_rank.theory.sample_sizes import samples_finite_alpha, samples_infinite_alpha

__all__ = [
    "certain_directions",
    "chain_ratio_bound",
    "clopper_pearson",
    "coordination_limits",
    "count_weighted_bounds",
    "direction_tolerance",
    "exhaustive_bound",
    "fixation_log_ratio",
    "has_no_ties",
    "hoeffding_radius",
    "log_ratio_bound",
    "mass_error_bound",
    "mass_error_of_ratio",
    "mass_interval",
    "order_only",
    "payoffs_with_offset",
    "potential_log_law",
    "rate_lipschitz",
    "relaxed_samples_to_resolve",
    "samples_finite_alpha",
    "samples_infinite_alpha",
    "samples_to_resolve",
    "single_sink_limit",
    "smallest_rate",
    "tree_weights",
]

"""Right-hand sides of the statements, as plain functions, each with its proof or its source."""

from __future__ import annotations

from lrtheory.low_rank_optimizers.theory.bias import (
    low_rank_bias,
    richardson,
    skew_bias,
    smoothing_bias,
    taylor_bias_bound,
)
from lrtheory.low_rank_optimizers.theory.columns import (
    absolute_rule_share,
    captured_energy,
    dct_entry,
    feedback_bound,
    momentum_bound,
    moved_moments,
    selection_bound,
)
from lrtheory.low_rank_optimizers.theory.evolution import (
    baseline_factor,
    best_rank,
    estimator_mse,
    gradient_norm_bound,
    layer_mse,
    one_sided_mse,
    update_rank_bound,
)
from lrtheory.low_rank_optimizers.theory.moments import fourth_moment, noise_constant, sixth_moment
from lrtheory.low_rank_optimizers.theory.rounding import (
    HalfGaps,
    absorbing_weight,
    adam_step_bound,
    change_probability,
    half_gaps,
    random_density,
    random_overlap,
)
from lrtheory.low_rank_optimizers.theory.sines import (
    characteristic_function,
    participation_ratio,
    sine_bias_bound,
    sine_response,
    sine_second_moment,
    step_response_bounds,
    step_response_square,
)
from lrtheory.low_rank_optimizers.theory.splitting import (
    lost_travel,
    resplit_variances,
    state_bytes,
    stationary_variance,
)

__all__ = [
    "HalfGaps",
    "absolute_rule_share",
    "absorbing_weight",
    "adam_step_bound",
    "baseline_factor",
    "best_rank",
    "captured_energy",
    "change_probability",
    "characteristic_function",
    "dct_entry",
    "estimator_mse",
    "feedback_bound",
    "fourth_moment",
    "gradient_norm_bound",
    "half_gaps",
    "layer_mse",
    "lost_travel",
    "low_rank_bias",
    "momentum_bound",
    "moved_moments",
    "noise_constant",
    "one_sided_mse",
    "participation_ratio",
    "random_density",
    "random_overlap",
    "resplit_variances",
    "richardson",
    "selection_bound",
    "sine_bias_bound",
    "sine_response",
    "sine_second_moment",
    "sixth_moment",
    "skew_bias",
    "smoothing_bias",
    "state_bytes",
    "stationary_variance",
    "step_response_bounds",
    "step_response_square",
    "taylor_bias_bound",
    "update_rank_bound",
]

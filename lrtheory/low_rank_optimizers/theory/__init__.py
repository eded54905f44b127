"""Right-hand sides of the statements, as plain functions, each with its proof or its source.

A formula takes what the line Domain of its help says. It refuses other kinds of arguments by a TypeError and other
values by a ValueError, in a sentence that begins with the argument. Formulas that one statement alone needs stand
beside it in `proofs_checks`.

To plan with, before anything runs:

===============  ===================================================================================================
adam_step_bound  how long a step of Adam can be, in step sizes
===============  ===================================================================================================
"""

from __future__ import annotations

from lrtheory.low_rank_optimizers.theory.bias import low_rank_bias, richardson, smoothing_bias, taylor_bias_bound
from lrtheory.low_rank_optimizers.theory.columns import feedback_bound
from lrtheory.low_rank_optimizers.theory.evolution import estimator_mse
from lrtheory.low_rank_optimizers.theory.integers import (
    entropy_rate,
    largest_product,
    least_loss,
    safe_inputs,
    score_excess,
)
from lrtheory.low_rank_optimizers.theory.moments import fourth_moment, noise_constant, sixth_moment
from lrtheory.low_rank_optimizers.theory.rounding import adam_step_bound, half_gaps
from lrtheory.low_rank_optimizers.theory.sines import (
    participation_ratio,
    sine_response,
    sine_second_moment,
    step_response_square,
)
from lrtheory.low_rank_optimizers.theory.splitting import resplit_variances, state_bytes, stationary_variance
from lrtheory.low_rank_optimizers.theory.votes import vote_quantile

__all__ = [
    "adam_step_bound",
    "entropy_rate",
    "estimator_mse",
    "feedback_bound",
    "fourth_moment",
    "half_gaps",
    "largest_product",
    "least_loss",
    "low_rank_bias",
    "noise_constant",
    "participation_ratio",
    "resplit_variances",
    "richardson",
    "safe_inputs",
    "score_excess",
    "sine_response",
    "sine_second_moment",
    "sixth_moment",
    "smoothing_bias",
    "state_bytes",
    "stationary_variance",
    "step_response_square",
    "taylor_bias_bound",
    "vote_quantile",
]

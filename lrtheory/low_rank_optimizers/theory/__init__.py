"""Right-hand sides of the statements, as plain functions, each with its proof or its source."""

from __future__ import annotations

from lrtheory.low_rank_optimizers.theory.columns import (
    absolute_rule_share,
    captured_energy,
    dct_entry,
    feedback_bound,
    momentum_bound,
    moved_moments,
    selection_bound,
)
from lrtheory.low_rank_optimizers.theory.splitting import (
    lost_travel,
    resplit_variances,
    state_bytes,
    stationary_variance,
)

__all__ = [
    "absolute_rule_share",
    "captured_energy",
    "dct_entry",
    "feedback_bound",
    "lost_travel",
    "momentum_bound",
    "moved_moments",
    "resplit_variances",
    "selection_bound",
    "state_bytes",
    "stationary_variance",
]

"""Numbers of the theorems, as plain functions.

=========  ================================================================================
weights    factors of the update, and groups without signal
samples    the number of samples that a rare answer pays for, and penalties that lift it
=========  ================================================================================
"""

from __future__ import annotations

from lrtheory.policy_gradients.theory.samples import best_n, unlikeliness_threshold
from lrtheory.policy_gradients.theory.weights import no_signal_probability, weight

__all__ = ["best_n", "no_signal_probability", "unlikeliness_threshold", "weight"]

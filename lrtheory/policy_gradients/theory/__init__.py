"""Numbers of the theorems, as plain functions.

=========  ================================================================================
weights    factors of the update, and groups without signal
rest       the success at which an update and the pull of a divergence cancel
samples    the number of samples that a rare answer pays for, and penalties that lift it
=========  ================================================================================

To plan with, before anything runs:

=====================  ==========================================================================================
no_signal_probability  which share of the groups is wasted at a success and a size of groups
stationary_success     where the success comes to rest under a divergence of a weight
weight_bounds          how strongly division by the deviation enlarges an update, at least and at most
=====================  ==========================================================================================
"""

from __future__ import annotations

from lrtheory.policy_gradients.theory.rest import stationary_success
from lrtheory.policy_gradients.theory.samples import best_n, unlikeliness_threshold
from lrtheory.policy_gradients.theory.weights import no_signal_probability, weight, weight_bounds

__all__ = [
    "best_n",
    "no_signal_probability",
    "stationary_success",
    "unlikeliness_threshold",
    "weight",
    "weight_bounds",
]

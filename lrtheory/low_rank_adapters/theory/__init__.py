"""Right-hand sides of the theorems, as plain functions.

========  ================================================================
adapters  targets for which LoRA is better than a random linear adapter
randlora  the share of dead columns
balance   sharpness of factors
routing   weights of atoms, and what they maximize
uni_lora  groups of a random assignment that are empty
========  ================================================================

To plan with, before anything runs:

=================  ==========================================================
empty_groups       the trained numbers that independent choices leave unused
routing_objective  what a routing is worth beside scores and instructions
routing_weights    the routing that is worth most
=================  ==========================================================

Norms are Frobenius norms.
"""

from __future__ import annotations

from lrtheory.low_rank_adapters.theory.adapters import crossover_exponent, crossover_rank
from lrtheory.low_rank_adapters.theory.balance import balanced_sharpness, sharpness
from lrtheory.low_rank_adapters.theory.randlora import dead_share
from lrtheory.low_rank_adapters.theory.routing import routing_objective, routing_weights
from lrtheory.low_rank_adapters.theory.uni_lora import empty_groups

__all__ = [
    "balanced_sharpness",
    "crossover_exponent",
    "crossover_rank",
    "dead_share",
    "empty_groups",
    "routing_objective",
    "routing_weights",
    "sharpness",
]

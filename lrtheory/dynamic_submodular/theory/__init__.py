r"""The constants and right-hand sides of the theorems, as plain functions.

Notation: f monotone submodular with f(empty) = 0, OPT the best of k elements, a guess o of OPT with threshold
t = o / (2k), guesses o_j = u (1 + epsilon)^j; I = e_1, ..., e_T the maintained sequence, R_1, R_2, ... its pools. What
needs no exp or log also takes Fractions.

`values`        bounds on the value of a maintained solution
`upper_bounds`  bounds of the optimum
`costs`         bounds on queries, and on the probabilities behind them
`sample_law`    the exact law of the samples, and the values of tight instances
`ratios`        approximation ratios of offline and streaming selection
"""

from __future__ import annotations

from lrtheory.dynamic_submodular.theory.costs import (
    deletion_queries,
    epoch_probability,
    guesses_per_element,
    insertion_queries,
    levels_bound,
    n_buckets,
    prefix_maximal_bound,
    tight_failure_probability,
)
from lrtheory.dynamic_submodular.theory.ratios import (
    greedy_ratio,
    greedy_step,
    matroid_ratio,
    sieve_ratio,
    stochastic_ratio,
    stochastic_samples,
)
from lrtheory.dynamic_submodular.theory.sample_law import (
    build_law,
    tight_greedy_value,
    tight_value,
)
from lrtheory.dynamic_submodular.theory.upper_bounds import group_bound, marginal_bound, pair_bound
from lrtheory.dynamic_submodular.theory.values import (
    batch_damage,
    batch_pair_ratio,
    batch_value,
    level_value,
    live_value,
    pair_ratio,
    table_ratio,
)

__all__ = [
    "batch_damage",
    "batch_pair_ratio",
    "batch_value",
    "build_law",
    "deletion_queries",
    "epoch_probability",
    "greedy_ratio",
    "greedy_step",
    "group_bound",
    "guesses_per_element",
    "insertion_queries",
    "level_value",
    "levels_bound",
    "live_value",
    "marginal_bound",
    "matroid_ratio",
    "n_buckets",
    "pair_bound",
    "pair_ratio",
    "prefix_maximal_bound",
    "sieve_ratio",
    "stochastic_ratio",
    "stochastic_samples",
    "table_ratio",
    "tight_failure_probability",
    "tight_greedy_value",
    "tight_value",
]

"""The constants and right-hand sides of the theorems, as plain functions.

Notation: f monotone submodular with f(empty) = 0, OPT the best of k elements, a guess o of OPT with threshold
t = o / (2k), guesses o_j = u (1 + epsilon)^j; I = e_1, ..., e_T the maintained sequence. What needs no exp or log also
takes Fractions.

`ratios`        the share of OPT that the answer has
`upper_bounds`  bounds of the optimum
`costs`         how many guesses, queries and samples

To plan with, before anything runs:

=================  =================================================================================================
batch_pair_ratio   the share of the optimum that the answer has at least with batches
deletion_queries   how many marginals a deletion asks one guess for
insertion_queries  how many marginals an insertion asks one guess for
pair_ratio         the share of the optimum that the answer of two lazy guesses has at least
table_ratio        the same for the best of a table of guesses
=================  =================================================================================================
"""

from __future__ import annotations

from lrtheory.dynamic_submodular.theory.costs import (
    deletion_queries,
    guesses_per_element,
    insertion_queries,
    stochastic_samples,
)
from lrtheory.dynamic_submodular.theory.ratios import batch_pair_ratio, pair_ratio, table_ratio
from lrtheory.dynamic_submodular.theory.upper_bounds import group_bound, marginal_bound

__all__ = [
    "batch_pair_ratio",
    "deletion_queries",
    "group_bound",
    "guesses_per_element",
    "insertion_queries",
    "marginal_bound",
    "pair_ratio",
    "stochastic_samples",
    "table_ratio",
]

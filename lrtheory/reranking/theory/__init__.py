"""Right-hand sides of the theorems, as plain functions.

========  ================================================================
prefixes  calls and rounds of strategies, and the prefix that is certain
noise     votes, fixed errors, and random partitions that are averaged
groups    what random groups and random orders hold of the best documents
fusion    constants of fusion, and the bound of a term
========  ================================================================

To plan with, before anything runs:

===================  =====================================================================
calls_needed         the calls that every strategy needs, and that check a claimed order
window_prefix        the documents that windows make certain
tournament_calls     calls and rounds of a tournament
merge_calls          calls and rounds of sorted groups that are merged
votes                how often each call is asked where the judge errs
partitions_needed    random partitions whose mean places order what is far apart
capture_probability  whether random groups that keep a few have all of the best
capture_recall       how many of the best they have on average
rrf_borda_kappa      from which constant on reciprocal ranks order as Borda does
expected_random      what a random order scores
term_bound           the largest part of a score that a term can give
===================  =====================================================================
"""

from __future__ import annotations

from lrtheory.reranking.theory.fusion import loud_rank, rrf_borda_kappa, term_bound
from lrtheory.reranking.theory.groups import capture_probability, capture_recall, expected_random
from lrtheory.reranking.theory.noise import copeland_gap, partitions_needed, votes
from lrtheory.reranking.theory.prefixes import (
    calls_needed,
    heap_calls,
    merge_calls,
    merge_candidates,
    tournament_calls,
    window_calls,
    window_prefix,
)

__all__ = [
    "calls_needed",
    "capture_probability",
    "capture_recall",
    "copeland_gap",
    "expected_random",
    "heap_calls",
    "loud_rank",
    "merge_calls",
    "merge_candidates",
    "partitions_needed",
    "rrf_borda_kappa",
    "term_bound",
    "tournament_calls",
    "votes",
    "window_calls",
    "window_prefix",
]

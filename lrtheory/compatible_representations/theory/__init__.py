"""Right-hand sides of the theorems, as plain functions.

=========  ==========================================================================================
geometry   gaps and angles of class means on the vertices of a simplex, and what a loss says of them
decisions  limits of a difference of hits, tests, and numbers of queries that decide a replacement
=========  ==========================================================================================
"""

from __future__ import annotations

from lrtheory.compatible_representations.theory.decisions import (
    average_compatibility,
    average_compatibility_of_equals,
    difference_limits,
    queries_bound,
    queries_needed,
    replacement_power,
    sign_level,
)
from lrtheory.compatible_representations.theory.geometry import (
    alignment_from_loss,
    cross_entropy_floor,
    gap_confusion,
    gap_rays,
    growth_cosine,
)

__all__ = [
    "alignment_from_loss",
    "average_compatibility",
    "average_compatibility_of_equals",
    "cross_entropy_floor",
    "difference_limits",
    "gap_confusion",
    "gap_rays",
    "growth_cosine",
    "queries_bound",
    "queries_needed",
    "replacement_power",
    "sign_level",
]

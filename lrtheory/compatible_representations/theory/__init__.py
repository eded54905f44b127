"""Right-hand sides of the theorems, as plain functions.

=========  ==========================================================================================
geometry   gaps and angles of class means on the vertices of a simplex, and what a loss says of them
decisions  limits of a difference of hits, tests, and numbers of queries that decide a replacement
=========  ==========================================================================================

To plan with, before anything runs:

===============================  ====================================================================
queries_needed                   how many labelled queries decide, at a given discordance
replacement_power                how likely a number of queries decides
queries_bound                    how many queries are enough, whatever the discordance is
sign_level                       how likely a coin wins as often
average_compatibility_of_equals  how compatible equally good encoders look
cross_entropy_floor              how low a loss can fall, at a given scale of the logits
growth_cosine                    how much of its frame a head keeps that grows and is aligned
===============================  ====================================================================
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

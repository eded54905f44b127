"""Constants and right-hand sides of the theorems, as plain functions.

============  ======================================================================================================
conditions    smoothness of mean scores
sample_sizes  numbers of rankings that smoothness asks for, and lower bounds on means
closed_forms  expected scores
ratios        shares of the optimum
============  ======================================================================================================

Notation: n rankings of m items, k chosen, l of them disadvantaged; mean scores f of latent and g of observed rankings,
smoothness (alpha, beta, gamma), bias theta or phi. Integers and Fractions give Fractions where no exp or log is needed.
The paper's theorems are derived here, with explicit constants; none is a quotation.

To plan with, before anything runs:

========================  ==========================================================================================
rankings_needed           how many rankings a rule needs, for every quota at once
rankings_needed_realized  how many it needs, where the latent rankings of the same panel judge
smallest_ratio_above      which share of the optimum that many rankings keep
========================  ==========================================================================================
"""

from __future__ import annotations

from lrtheory.fair_subset_selection.theory.closed_forms import expected_scores
from lrtheory.fair_subset_selection.theory.conditions import (
    largest_observed_ratio,
    smallest_ratio_above,
    smoothness_alpha,
)
from lrtheory.fair_subset_selection.theory.ratios import certificate_ratio, quota_loss
from lrtheory.fair_subset_selection.theory.sample_sizes import chernoff_lower, rankings_needed, rankings_needed_realized

__all__ = [
    "certificate_ratio",
    "chernoff_lower",
    "expected_scores",
    "largest_observed_ratio",
    "quota_loss",
    "rankings_needed",
    "rankings_needed_realized",
    "smallest_ratio_above",
    "smoothness_alpha",
]

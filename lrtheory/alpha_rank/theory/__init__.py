"""Radii of confidence, numbers of samples, and masses from return times, as plain functions.

==================  =====================================================================
module              content
==================  =====================================================================
`sample_sizes`      samples that are enough when all profiles are sampled alike
`adaptive_samples`  confidence radii, and samples that are enough for ResponseGraphUCB
`exact_intervals`   levels of Clopper-Pearson intervals that hold at all numbers of trials
`perturbation`      masses and directions that intervals on payoffs leave possible
==================  =====================================================================

Notation: K players, S the set of profiles, D = sum_k (s_k - 1) deviations of a profile, m the population size, payoffs
in [-max_payoff, max_payoff]. A formula takes what the line Domain of its help says. It refuses other kinds of arguments
by a TypeError and other values by a ValueError, in a sentence that begins with the argument. Formulas that one
statement alone needs stand beside it in `proofs_checks`.

To plan with, before anything runs:

======================  ============================================================================================
count_weighted_bounds   how many samples of each profile adaptive sampling takes at most
exhaustive_bound        how many samples the uniform-exhaustive scheme takes in all
samples_finite_alpha    how many samples of each profile give masses to an accuracy
samples_infinite_alpha  how many samples of each profile give all directions
samples_to_resolve      after how many samples an edge of a gap is resolved
======================  ============================================================================================
"""

from __future__ import annotations

from lrtheory._numbers.confidence import clopper_pearson
from lrtheory.alpha_rank.theory.adaptive_samples import (
    count_weighted_bounds,
    exhaustive_bound,
    hoeffding_radius,
    samples_to_resolve,
)
from lrtheory.alpha_rank.theory.perturbation import certain_directions, mass_interval
from lrtheory.alpha_rank.theory.sample_sizes import samples_finite_alpha, samples_infinite_alpha

__all__ = [
    "certain_directions",
    "clopper_pearson",
    "count_weighted_bounds",
    "exhaustive_bound",
    "hoeffding_radius",
    "mass_interval",
    "samples_finite_alpha",
    "samples_infinite_alpha",
    "samples_to_resolve",
]

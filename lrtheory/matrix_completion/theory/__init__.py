r"""Constants and right-hand sides of the theorems, as plain functions.

==================  ============================================================================================
contraction         one half-step: its error, its contraction, the noise that drives it, balance
sketch_bounds       distortion of a sketch, and how many rows it needs
sampling_bounds     numbers of samples, lower bounds, the price of noise
costs               iterations, samples in the analyses, flops of a half-step
==================  ============================================================================================

Notation: M in R^{m x n} of rank k with singular values s_1 >= ... >= s_k, kappa = s_1 / s_k; a basis is mu-incoherent
when its rows have norm at most mu sqrt(k / m).

A formula takes what the line Domain of its help says. It refuses other kinds of arguments by a TypeError and other
values by a ValueError, in a sentence that begins with the argument.

To plan with, before anything runs:

===========================  ===================================================================================
samples_for_contraction      how many entries of a column a half-step needs on average
samples_alternating          how many entries the analyses ask for
coverage_probability         how likely any algorithm can succeed at a density
outer_iterations             how many iterations an accuracy takes
countsketch_rank_loss        how likely a CountSketch of so few rows loses rank
gaussian_sketch_failure      how likely a Gaussian sketch of that size distorts
srht_failure                 how likely a subsampled Hadamard transform of that size distorts
===========================  ===================================================================================
"""

from __future__ import annotations

from lrtheory.matrix_completion.theory.contraction import (
    contraction_bound,
    driving_error,
    driving_second_moment,
    imbalance,
)
from lrtheory.matrix_completion.theory.costs import (
    half_step_flops,
    outer_iterations,
    samples_alternating,
    samples_for_contraction,
)
from lrtheory.matrix_completion.theory.sampling_bounds import coverage_probability, degrees_of_freedom, noise_risk
from lrtheory.matrix_completion.theory.sketch_bounds import (
    countsketch_rank_loss,
    distortion,
    gaussian_sketch_failure,
    srht_failure,
)

__all__ = [
    "contraction_bound",
    "countsketch_rank_loss",
    "coverage_probability",
    "degrees_of_freedom",
    "distortion",
    "driving_error",
    "driving_second_moment",
    "gaussian_sketch_failure",
    "half_step_flops",
    "imbalance",
    "noise_risk",
    "outer_iterations",
    "samples_alternating",
    "samples_for_contraction",
    "srht_failure",
]

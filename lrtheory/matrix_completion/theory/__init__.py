r"""Constants and right-hand sides of the theorems, as plain functions.

==================  ============================================================================================
contraction         one half-step: identity of its error, contraction, the noise that drives it, balance
perturbation        clipping, incoherence under perturbation, the start, inexact least squares
sketch_bounds       distortion, condition and rates of preconditioned iterations, sizes of sketches
sampling_bounds     numbers of samples, concentration, lower bounds, the price of noise
costs               iterations, samples in the analyses, flops of a half-step
==================  ============================================================================================

Notation: M in R^{m x n} of rank k with singular values s_1 >= ... >= s_k, kappa = s_1 / s_k; a basis is mu-incoherent
when its rows have norm at most mu sqrt(k / m).
"""

from __future__ import annotations

from lrtheory.matrix_completion.theory.contraction import (
    contraction_bound,
    driving_error,
    driving_second_moment,
    driving_second_moment_bound,
    error_bound,
    exact_half_step,
    expected_contraction,
    imbalance,
)
from lrtheory.matrix_completion.theory.costs import (
    half_step_flops,
    outer_iterations,
    samples_alternating,
    samples_for_contraction,
)
from lrtheory.matrix_completion.theory.perturbation import (
    clipped_distance_bound,
    clipped_row_bound,
    forward_error_bound,
    incoherence_bound,
    perturbed_row_bound,
    perturbed_smallest,
    row_norm_change,
    wedin_bound,
)
from lrtheory.matrix_completion.theory.sampling_bounds import (
    coverage_probability,
    degrees_of_freedom,
    few_entries_probability,
    gram_tail,
    init_noise_tail,
    noise_risk,
)
from lrtheory.matrix_completion.theory.sketch_bounds import (
    cg_error_bound,
    countsketch_rank_loss,
    countsketch_second_moment,
    distortion,
    gaussian_sketch_failure,
    gradient_rate,
    preconditioned_condition,
    srht_failure,
    tuned_gradient_rate,
    tuned_step,
)

__all__ = [
    "cg_error_bound",
    "clipped_distance_bound",
    "clipped_row_bound",
    "contraction_bound",
    "countsketch_rank_loss",
    "countsketch_second_moment",
    "coverage_probability",
    "degrees_of_freedom",
    "distortion",
    "driving_error",
    "driving_second_moment",
    "driving_second_moment_bound",
    "error_bound",
    "exact_half_step",
    "expected_contraction",
    "few_entries_probability",
    "forward_error_bound",
    "gaussian_sketch_failure",
    "gradient_rate",
    "gram_tail",
    "half_step_flops",
    "imbalance",
    "incoherence_bound",
    "init_noise_tail",
    "noise_risk",
    "outer_iterations",
    "perturbed_row_bound",
    "perturbed_smallest",
    "preconditioned_condition",
    "row_norm_change",
    "samples_alternating",
    "samples_for_contraction",
    "srht_failure",
    "tuned_gradient_rate",
    "tuned_step",
    "wedin_bound",
]

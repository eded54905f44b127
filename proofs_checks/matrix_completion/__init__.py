"""The statements about matrix completion by alternating minimization, in the order of the proofs."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.matrix_completion.half_steps import half_step_errors
from proofs_checks.matrix_completion.half_steps import driving_noise
from proofs_checks.matrix_completion.half_steps import balanced_factors
from proofs_checks.matrix_completion.half_steps import short_rows
from proofs_checks.matrix_completion.regressions import sketched_regressions
from proofs_checks.matrix_completion.regressions import clipped_bases
from proofs_checks.matrix_completion.regressions import perturbed_rows
from proofs_checks.matrix_completion.samples import sample_tails
from proofs_checks.matrix_completion.sketches import hashed_sketches
from proofs_checks.matrix_completion.sketches import dense_sketches
from proofs_checks.matrix_completion.runs import spectral_starts
from proofs_checks.matrix_completion.runs import duality_gaps
from proofs_checks.matrix_completion.half_steps import half_step_costs
from proofs_checks.matrix_completion.samples import determined_samples
from proofs_checks.matrix_completion.samples import covered_rows
from proofs_checks.matrix_completion.runs import fresh_samples
from proofs_checks.matrix_completion.runs import measured_completions

ABOUT = About(
    paper=(
        "Y. Gu, Z. Song, J. Yin, L. Zhang, *Low Rank Matrix Completion via Robust Alternating Minimization in "
        "Nearly Linear Time*, arXiv 2302.11068."
    ),
    claims="""\
A matrix of rank k is completed from a random sample of its entries by alternating least squares. The paper claims
that the regressions may be solved approximately, by sketching and a few steps of an iterative solver, so that a
half-step costs about |Omega| k and not |Omega| k^2, and still shrinks the distance to the solution by a constant
factor. Its abstract alone was read: contraction, second moments, and what no algorithm can do are derived here;
constants of the sample are measured, and count as observations.""",
    pictures=("contraction", "phase"),
    papers=(
        Reading(
            key="2302.11068",
            name="Robust Alternating Minimization, Y. Gu et al.",
            read="abstract",
            claims="Completion by approximate alternating regressions takes nearly linear time.",
            found="Contraction and second moments are derived; the constants of the sample are measured.",
            ids=("MC-",),
            call="complete",
        ),
    ),
)

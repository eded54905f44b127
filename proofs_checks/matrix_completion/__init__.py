"""The statements about matrix completion by alternating minimization, in the order of the proofs."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.matrix_completion import half_steps
from proofs_checks.matrix_completion import ridge
from proofs_checks.matrix_completion import regressions
from proofs_checks.matrix_completion import sampling
from proofs_checks.matrix_completion import sketches
from proofs_checks.matrix_completion import runs
from proofs_checks.matrix_completion import limits
from proofs_checks.matrix_completion import measured

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
)

"""Matrix completion by alternating minimization: its statements, in the order of the proofs."""

# ruff: noqa: F401, I001
from proofs_checks.matrix_completion import half_steps
from proofs_checks.matrix_completion import regressions
from proofs_checks.matrix_completion import sampling
from proofs_checks.matrix_completion import sketches
from proofs_checks.matrix_completion import runs
from proofs_checks.matrix_completion import limits
from proofs_checks.matrix_completion import observed

PAPER = (
    "Y. Gu, Z. Song, J. Yin, L. Zhang, *Low Rank Matrix Completion via Robust Alternating Minimization in "
    "Nearly Linear Time*, arXiv 2302.11068."
)

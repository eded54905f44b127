"""Matrix completion by alternating minimization: its statements, in the order of the proofs."""

# ruff: noqa: F401, I001
from proofs_checks.matrix_completion import half_steps
from proofs_checks.matrix_completion import regressions
from proofs_checks.matrix_completion import sampling
from proofs_checks.matrix_completion import runs
from proofs_checks.matrix_completion import limits

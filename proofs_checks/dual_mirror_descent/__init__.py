"""Online allocation by dual mirror descent: its statements, in the order of their proofs."""

# ruff: noqa: F401, I001
from proofs_checks.dual_mirror_descent import path
from proofs_checks.dual_mirror_descent import oracle
from proofs_checks.dual_mirror_descent import structure
from proofs_checks.dual_mirror_descent import invariance
from proofs_checks.dual_mirror_descent import reports
from proofs_checks.dual_mirror_descent import duality
from proofs_checks.dual_mirror_descent import adversarial
from proofs_checks.dual_mirror_descent import regret
from proofs_checks.dual_mirror_descent import input_models
from proofs_checks.dual_mirror_descent import lower_bounds
from proofs_checks.dual_mirror_descent import fairness

PAPER = (
    "S. Balseiro, H. Lu, V. Mirrokni, *The Best of Many Worlds: Dual Mirror Descent for Online Allocation "
    "Problems*, arXiv 2011.10124."
)

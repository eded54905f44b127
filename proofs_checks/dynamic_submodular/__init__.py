"""Fully dynamic submodular maximization: its statements, from one guess to all of them, then the baselines."""

# ruff: noqa: F401, I001
from proofs_checks.dynamic_submodular import levels
from proofs_checks.dynamic_submodular import batches
from proofs_checks.dynamic_submodular import answers
from proofs_checks.dynamic_submodular import costs
from proofs_checks.dynamic_submodular import offline

PAPER = (
    "K. Banihashem et al., *Dynamic Constrained Submodular Optimization with Polylogarithmic Update "
    "Time*, arXiv 2305.15192."
)

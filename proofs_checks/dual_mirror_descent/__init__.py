"""Online allocation by dual mirror descent: its statements, in the order of their proofs."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.dual_mirror_descent.runs import path
from proofs_checks.dual_mirror_descent.runs import depletion
from proofs_checks.dual_mirror_descent import oracle
from proofs_checks.dual_mirror_descent import single_runs
from proofs_checks.dual_mirror_descent.runs import bids
from proofs_checks.dual_mirror_descent import invariance
from proofs_checks.dual_mirror_descent.runs import reports
from proofs_checks.dual_mirror_descent import duality
from proofs_checks.dual_mirror_descent import adversarial
from proofs_checks.dual_mirror_descent import regret
from proofs_checks.dual_mirror_descent import input_models
from proofs_checks.dual_mirror_descent import lower_bounds
from proofs_checks.dual_mirror_descent import fairness

ABOUT = About(
    paper=(
        "S. Balseiro, H. Lu, V. Mirrokni, *The Best of Many Worlds: Dual Mirror Descent for Online Allocation "
        "Problems*, arXiv 2011.10124."
    ),
    claims="""\
Requests arrive one by one and consume budgets. One algorithm keeps a price for each budget, updates it by mirror
descent, and never learns what generates the requests. The paper claims regret of order sqrt(T) when they are
independent, sublinear regret when their law changes, mixes or has a period, and the best possible competitive ratio
against an adversary. Its theorems were recalled and not read: each is proved here step by step with constants of its
own, beside lower bounds for every policy.""",
    pictures=("best-of-many-worlds",),
)

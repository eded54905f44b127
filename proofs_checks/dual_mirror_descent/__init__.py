"""Online allocation by dual mirror descent: its statements, in the order of their proofs."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.dual_mirror_descent.optima import weak_duality
from proofs_checks.dual_mirror_descent.optima import fluid_values
from proofs_checks.dual_mirror_descent.replies import best_replies
from proofs_checks.dual_mirror_descent.replies import assortments
from proofs_checks.dual_mirror_descent.replies import bids
from proofs_checks.dual_mirror_descent.replies import units
from proofs_checks.dual_mirror_descent.paths import mirror_descent
from proofs_checks.dual_mirror_descent.paths import largest_prices
from proofs_checks.dual_mirror_descent.paths import moves
from proofs_checks.dual_mirror_descent.paths import overspending
from proofs_checks.dual_mirror_descent.paths import accounts
from proofs_checks.dual_mirror_descent.paths import lazy_steps
from proofs_checks.dual_mirror_descent.paths import reports
from proofs_checks.dual_mirror_descent import regret
from proofs_checks.dual_mirror_descent import decomposition
from proofs_checks.dual_mirror_descent import many_resources
from proofs_checks.dual_mirror_descent import fairness
from proofs_checks.dual_mirror_descent import input_models
from proofs_checks.dual_mirror_descent import lower_bounds
from proofs_checks.dual_mirror_descent.adversarial import competitive_ratios
from proofs_checks.dual_mirror_descent.adversarial import phases

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
    papers=(
        Reading(
            key="2011.10124",
            name="Best of Many Worlds, S. Balseiro et al.",
            read="from memory, restated by others",
            claims=(
                "One mirror descent on prices has regret of order sqrt(T) on independent requests, and the best "
                "competitive ratio against an adversary."
            ),
            found="Each theorem is proved with constants of its own, beside lower bounds for every policy.",
            ids=("DMD-",),
            call="DualMirrorDescent",
        ),
    ),
)

"""Fully dynamic submodular maximization: its statements, from one guess to all, then selection from a fixed set."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.dynamic_submodular import levels
from proofs_checks.dynamic_submodular import batches
from proofs_checks.dynamic_submodular import all_guesses
from proofs_checks.dynamic_submodular import costs
from proofs_checks.dynamic_submodular import offline
from proofs_checks.dynamic_submodular import verification

ABOUT = About(
    paper=(
        "K. Banihashem et al., *Dynamic Constrained Submodular Optimization with Polylogarithmic Update Time*, "
        "arXiv 2305.15192."
    ),
    claims="""\
Elements come and go, and after every update k of them must be worth at least (1/2 - epsilon) of the best k, for a
monotone submodular function that is reached through queries. The paper claims polylogarithmically many queries an
update, amortized, against an adversary who does not see the coins. Its abstract and a restatement of its sequel were
read: levels with one sample each, and with batches, are proved here with constants, beside a pair of guesses that
certifies its value, classical baselines, and an instance where one half is all that guesses get.""",
    pictures=("adaptive-attack", "stream-length"),
)

"""Fully dynamic submodular maximization: its statements, from one guess to all, then selection from a fixed set."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.dynamic_submodular.one_guess import sequences
from proofs_checks.dynamic_submodular.one_guess import sample_laws
from proofs_checks.dynamic_submodular.batches import marginals
from proofs_checks.dynamic_submodular.batches import living_members
from proofs_checks.dynamic_submodular.batches import rebuilds
from proofs_checks.dynamic_submodular.all_guesses import answers
from proofs_checks.dynamic_submodular.all_guesses import lazy_guesses
from proofs_checks.dynamic_submodular.all_guesses import matroids
from proofs_checks.dynamic_submodular.all_guesses import traps
from proofs_checks.dynamic_submodular.queries import expected_queries
from proofs_checks.dynamic_submodular.queries import growth
from proofs_checks.dynamic_submodular.selection import greedy
from proofs_checks.dynamic_submodular.selection import thresholds
from proofs_checks.dynamic_submodular.selection import random_choices
from proofs_checks.dynamic_submodular.verification import counterexamples
from proofs_checks.dynamic_submodular.verification import witnesses

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
    papers=(
        Reading(
            key="2305.15192",
            name="Polylogarithmic Update Time, K. Banihashem et al.",
            read="abstract",
            claims=(
                "Half of the best k elements is kept through insertions and deletions with polylogarithmically "
                "many queries an update."
            ),
            found=(
                "Two lazy guesses ask for a hundredth of what greedy run again does; against who sees the answer "
                "no such bound holds."
            ),
            ids=("DS-",),
            call="DynamicSubmodular",
        ),
        Reading(
            key="2306.00959",
            name="Dynamic Matroid Maximization, K. Banihashem et al.",
            read="abstract, restated by others",
            claims="Half of the best k elements is kept, at a cost of an update that depends on k alone.",
            found="Levels with one sample each are proved with constants.",
            ids=("DS-T1", "DS-P1", "DS-T5"),
            call="run_guess",
        ),
    ),
)

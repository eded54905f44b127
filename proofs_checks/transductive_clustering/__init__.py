"""Transductive clustering: its statements, from relaxations to the updates and to clusters."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.transductive_clustering import relaxations
from proofs_checks.transductive_clustering import single_updates
from proofs_checks.transductive_clustering import fixed_prototypes
from proofs_checks.transductive_clustering import contraction
from proofs_checks.transductive_clustering import cycles
from proofs_checks.transductive_clustering import proof_steps
from proofs_checks.transductive_clustering import alternation
from proofs_checks.transductive_clustering import prototypes
from proofs_checks.transductive_clustering import accuracy

ABOUT = About(
    paper=(
        "I. Ziko, M. Boudiaf, J. Dolz, E. Granger, I. Ben Ayed, *Transductive Few-Shot Learning: Clustering is "
        "All You Need?*, arXiv 2106.09516."
    ),
    claims="""\
Points are clustered around prototypes while neighbors in a graph pull towards one label; with a few labels given,
this classifies all queries of a few-shot task at once. The paper claims that a bound on the relaxed energy yields
parallel updates in closed form that never raise it and converge, and that they match elaborate methods. Its
abstract, code and tables were read: descent, rates and limits are proved here, with the threshold beyond which
labels swap for ever, and accuracies are measured on digits and sentences instead of its images.""",
    pictures=("two-points",),
)

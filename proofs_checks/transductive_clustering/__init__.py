"""Transductive clustering: its statements, from relaxations to the updates and to clusters."""

# ruff: noqa: F401, I001
from proofs_checks.transductive_clustering import relaxations
from proofs_checks.transductive_clustering import inner
from proofs_checks.transductive_clustering import cycles
from proofs_checks.transductive_clustering import steps
from proofs_checks.transductive_clustering import outer
from proofs_checks.transductive_clustering import prototypes
from proofs_checks.transductive_clustering import accuracy

PAPER = (
    "I. Ziko, M. Boudiaf, J. Dolz, E. Granger, I. Ben Ayed, *Transductive Few-Shot Learning: Clustering is All You "
    "Need?*, arXiv 2106.09516."
)

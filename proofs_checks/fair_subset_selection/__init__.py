"""Fair subset selection: its statements, from one biased ranking to laws of panels."""

# ruff: noqa: F401, I001
from proofs_checks.fair_subset_selection import biases
from proofs_checks.fair_subset_selection import separable
from proofs_checks.fair_subset_selection import submodular
from proofs_checks.fair_subset_selection import transfers
from proofs_checks.fair_subset_selection import smoothness
from proofs_checks.fair_subset_selection import sampling
from proofs_checks.fair_subset_selection import growth
from proofs_checks.fair_subset_selection import blindness

PAPER = (
    "N. Boehmer, L. E. Celis, L. Huang, A. Mehrotra, N. K. Vishnoi, *Subset Selection Based On Multiple "
    "Rankings in the Presence of Bias*, arXiv 2306.09835."
)

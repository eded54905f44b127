"""Continual learning with ledgers: its statements, from recursive ridge regression to metrics of tasks."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.continual_learning.maps import batch_solutions
from proofs_checks.continual_learning.maps import dual_solutions
from proofs_checks.continual_learning.maps import unlearning
from proofs_checks.continual_learning.maps import adapters
from proofs_checks.continual_learning.maps import precision
from proofs_checks.continual_learning.ledger import residuals
from proofs_checks.continual_learning.ledger import quarter_laws
from proofs_checks.continual_learning.ledger import costs
from proofs_checks.continual_learning.ledger import covariances
from proofs_checks.continual_learning.ledger import regrets
from proofs_checks.continual_learning.ledger import ridges
from proofs_checks.continual_learning.sketches import errors
from proofs_checks.continual_learning.sketches import projections
from proofs_checks.continual_learning.sketches import counters
from proofs_checks.continual_learning.sketches import ranks
from proofs_checks.continual_learning.sketches import corrections
from proofs_checks.continual_learning.subspaces import protected_steps
from proofs_checks.continual_learning.subspaces import old_momentum
from proofs_checks.continual_learning.subspaces import sketched_inputs
from proofs_checks.continual_learning.subspaces import blind_sides
from proofs_checks.continual_learning.subspaces import best_directions
from proofs_checks.continual_learning import tasks

ABOUT = About(
    paper=(
        "X. Wang et al., *Beyond Hard Writes and Rigid Preservation: Soft Recursive Least-Squares for Lifelong LLM "
        "Editing*, arXiv 2601.15686; Q. Cheng et al., *Continuous Subspace Optimization for Continual Learning*, arXiv "
        "2505.11816; N. S. Nayak et al., *Sculpting Subspaces*, arXiv 2504.07097."
    ),
    claims="""\
The papers write facts by recursive least squares, and keep updates out of subspaces that earlier tasks use. Their
abstracts and code were read, no proofs. It is proved here that the recursion is the batch solution, that one edit
changes all earlier ones by at most half its surprise, that an edit is taken out exactly, and that a sketch of few rows
bounds every leak. A projection on the output side, or of gradients before Adam, does not protect old outputs.""",
    pictures=("encoder-edits", "permuted-digits"),
)

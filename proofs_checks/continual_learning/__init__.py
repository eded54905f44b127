"""Continual learning with ledgers: its statements, from recursive ridge regression to metrics of tasks."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.continual_learning.maps import batch_solutions
from proofs_checks.continual_learning.maps import dual_solutions
from proofs_checks.continual_learning.maps import unlearning
from proofs_checks.continual_learning.maps import many_edits
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
from proofs_checks.continual_learning.subspaces import many_extensions
from proofs_checks.continual_learning.subspaces import sketched_inputs
from proofs_checks.continual_learning.subspaces import energy_shares
from proofs_checks.continual_learning.subspaces import blind_sides
from proofs_checks.continual_learning.subspaces import best_directions
from proofs_checks.continual_learning.subspaces import loss_growth
from proofs_checks.continual_learning.subspaces import frozen_parts
from proofs_checks.continual_learning.subspaces import frozen_losses
from proofs_checks.continual_learning import tasks
from proofs_checks.continual_learning import task_orders

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
    papers=(
        Reading(
            key="2601.15686",
            name="RLSEdit, X. Wang et al.",
            read="abstract, code",
            claims=(
                "Recursive least squares write thousands of facts into a model at a cost that does not grow with "
                "their number."
            ),
            found=(
                "The recursion is the batch solution; an edit moves all others by at most half of its surprise, "
                "and is taken out exactly."
            ),
            ids=("RL-",),
            call="RecursiveRidge",
        ),
        Reading(
            key="2505.11816",
            name="CoSO, Q. Cheng et al.",
            read="abstract, code, a summary",
            claims="A sketch of past gradients keeps updates of low rank off what earlier tasks use.",
            found=(
                "A sketch of few rows bounds every leak; gradients that are projected before Adam leak in the "
                "first step."
            ),
            ids=("FD-", "CS-"),
            call="SubspaceProtector",
        ),
        Reading(
            key="2504.07097",
            name="Sculpting Subspaces, N. S. Nayak et al.",
            read="abstract, code",
            claims="Protecting the first singular directions of a weight keeps what was learned.",
            found="From the weights alone no rule can tell which inputs to protect.",
            ids=("SC-",),
            call="SubspaceProtector",
        ),
    ),
    errata=("RL-1", "CS-6", "SC-2"),
)

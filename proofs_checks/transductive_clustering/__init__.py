"""Transductive clustering: its statements, from relaxations to the updates and to clusters."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.transductive_clustering.proof_steps import majorisers
from proofs_checks.transductive_clustering.updates import descents
from proofs_checks.transductive_clustering.proof_steps import divergences
from proofs_checks.transductive_clustering.updates import summed_steps
from proofs_checks.transductive_clustering.updates import two_steps
from proofs_checks.transductive_clustering.updates import contractions
from proofs_checks.transductive_clustering.alternation import turns
from proofs_checks.transductive_clustering.alternation import limits
from proofs_checks.transductive_clustering.alternation import motions
from proofs_checks.transductive_clustering.alternation import mean_shifts
from proofs_checks.transductive_clustering.updates import hard_limits
from proofs_checks.transductive_clustering.updates import free_energies
from proofs_checks.transductive_clustering.relaxations import vertices
from proofs_checks.transductive_clustering.relaxations import rounding
from proofs_checks.transductive_clustering.updates import invariances
from proofs_checks.transductive_clustering.proof_steps import work
from proofs_checks.transductive_clustering.cycles import two_points
from proofs_checks.transductive_clustering.cycles import rings
from proofs_checks.transductive_clustering.accuracy import methods
from proofs_checks.transductive_clustering.accuracy import guesses

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
    papers=(
        Reading(
            key="2106.09516",
            name="Clustering is All You Need, I. Ziko et al.",
            read="abstract, code, tables",
            claims=(
                "Parallel updates in closed form never raise a relaxed energy, converge, and match elaborate methods."
            ),
            found="Descent, rates and limits are proved, with the threshold beyond which labels swap for ever.",
            ids=("TC-",),
            call="few_shot",
        ),
    ),
)

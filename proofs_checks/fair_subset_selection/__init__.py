"""Fair subset selection: its statements, from one biased ranking to laws of panels."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.fair_subset_selection.biases import exchanges
from proofs_checks.fair_subset_selection.biases import moved_items
from proofs_checks.fair_subset_selection.selection import scores
from proofs_checks.fair_subset_selection.selection import best_quotas
from proofs_checks.fair_subset_selection.selection import exchanged_items
from proofs_checks.fair_subset_selection.selection import greedy_shares
from proofs_checks.fair_subset_selection.selection import lazy_steps
from proofs_checks.fair_subset_selection.selection import judged_choices
from proofs_checks.fair_subset_selection.samples import measured_smoothness
from proofs_checks.fair_subset_selection.samples import random_utilities
from proofs_checks.fair_subset_selection.samples import enough_rankings
from proofs_checks.fair_subset_selection.samples import realized_rankings
from proofs_checks.fair_subset_selection.samples import growth
from proofs_checks.fair_subset_selection.samples import tails
from proofs_checks.fair_subset_selection.samples import proportions
from proofs_checks.fair_subset_selection.blindness import blind_panels
from proofs_checks.fair_subset_selection.blindness import no_quotas

ABOUT = About(
    paper=(
        "N. Boehmer, L. E. Celis, L. Huang, A. Mehrotra, N. K. Vishnoi, *Subset Selection Based On Multiple "
        "Rankings in the Presence of Bias*, arXiv 2306.09835."
    ),
    claims="""\
A committee is chosen by scores from rankings that are biased against a group. The paper claims that a quota brings
most of the unbiased optimum back: from polynomially many rankings where the score is smooth, as that of Borda is,
and only from exponentially many where it looks at first places alone, as SNTV does. Its abstract and its released
notebook were read: the bounds are derived here with constants, the swapping bias is that of the code, and its stored
figures stand beside ours.""",
    pictures=("blind-panel",),
    papers=(
        Reading(
            key="2306.09835",
            name="Multiple Rankings in the Presence of Bias, N. Boehmer et al.",
            read="abstract, notebook",
            claims=(
                "A quota brings most of the unbiased optimum back: from polynomially many rankings if the score is"
                " smooth, else from exponentially many."
            ),
            found="Bounds with constants; the stored figures of the notebook stand beside ours.",
            ids=("FSS-",),
            call="select",
        ),
    ),
)

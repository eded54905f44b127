"""Compatible representations: its statements, from the vertices of a simplex to tests of a replacement."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.compatible_representations.prototypes import farthest_vertices
from proofs_checks.compatible_representations.prototypes import updates
from proofs_checks.compatible_representations.prototypes import losses
from proofs_checks.compatible_representations.prototypes import contrastive
from proofs_checks.compatible_representations.definition import class_means
from proofs_checks.compatible_representations.definition import confusions
from proofs_checks.compatible_representations.definition import distances
from proofs_checks.compatible_representations.definition import templates
from proofs_checks.compatible_representations.maps import rotations
from proofs_checks.compatible_representations.service import won_and_lost
from proofs_checks.compatible_representations.service import gap_intervals
from proofs_checks.compatible_representations.service import equals
from proofs_checks.compatible_representations.service import fast_forms

ABOUT = About(
    paper=(
        "N. Biondi, F. Pernici, S. Ricci, A. Del Bimbo, *Stationary Representations: Optimally Approximating "
        "Compatibility and Implications for Improved Model Replacements*, CVPR 2024, arXiv 2405.02581, and *A "
        "Stationary (and Therefore Compatible) Representation is All You Need*, IEEE TPAMI 2026, arXiv 2606.12488; N. "
        "Biondi, F. Pernici, M. Bruni, A. Del Bimbo, *CoReS*, arXiv 2111.07632."
    ),
    claims="""\
The papers fix the classifier to the vertices of a regular simplex, so that features of every version of an encoder stay
comparable, and call a new one compatible if similarities within classes grow and others fall. It is proved here when
the means of classes make that true, how far one may trust a loss, a map or the templates of an old gallery, and how
many labelled queries show that a replacement gains. Only abstracts and code were read. A better encoder can break the
definition, and a service can gain although the definition fails.""",
    pictures=("definition", "items"),
    papers=(
        Reading(
            key="2405.02581",
            name="Stationary representations, N. Biondi et al.",
            read="abstract, code",
            claims="Prototypes at the vertices of a fixed simplex optimally approximate compatibility.",
            found=(
                "On the rays of the vertices compatible means no shorter; off them a perfect encoder can break it. "
                "As released, a mask of zeros keeps pairs of one class."
            ),
            ids=("SX-",),
            call="check_replacement",
        ),
        Reading(
            key="2606.12488",
            name="Stationary and therefore compatible, N. Biondi et al.",
            read="abstract",
            claims="Both inequalities of compatibility hold in expectation for features of a fixed simplex.",
            found="They do if class means are on the rays of the vertices, which weak encoders do not meet.",
            ids=("SX-",),
            call="compatibility_gap",
        ),
        Reading(
            key="2111.07632",
            name="CoReS, N. Biondi et al.",
            read="abstract",
            claims="Stationary prototypes with vertices in reserve keep versions compatible as classes come.",
            found="A vertex in reserve costs cosine between classes; a head that grows and is turned loses little.",
            ids=("SX-",),
            call="align_head",
        ),
    ),
    errata=("SX-3", "SX-15", "SX-18p"),
)

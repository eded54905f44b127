"""Constrained decoding over a catalogue: its statements, from the prefix tree to samples under a mask."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.constrained_decoding.trees import prefix_rows
from proofs_checks.constrained_decoding.trees import sizes
from proofs_checks.constrained_decoding.trees import step_counts
from proofs_checks.constrained_decoding.trees import hooks_of_generators
from proofs_checks.constrained_decoding.changes import switches
from proofs_checks.constrained_decoding.changes import merges
from proofs_checks.constrained_decoding.answers import certificates
from proofs_checks.constrained_decoding.answers import traps
from proofs_checks.constrained_decoding.answers import expansions
from proofs_checks.constrained_decoding.samples import masked_laws
from proofs_checks.constrained_decoding.samples import distances
from proofs_checks.constrained_decoding.samples import drawn_items

ABOUT = About(
    paper=(
        "Z. Su et al., *Vectorizing the Trie: Efficient Constrained Decoding for LLM-based Generative Retrieval on "
        "Accelerators*, arXiv 2602.22647."
    ),
    claims="""\
The paper keeps the prefix tree of a catalogue as a sparse matrix, and reports steps of decoding that hardly depend on
the number of items. Its one formula bounds the memory. It is proved here that no child ids need be stored, what the
scores that a beam dropped say of the items that it missed, that best-first search expands the least, and how far
sampling under a mask is from the model within the catalogue. A wider beam can be worse, and a mask moves the odds.""",
    pictures=("masked", "width"),
    papers=(
        Reading(
            key="2602.22647",
            name="STATIC, Z. Su et al.",
            read="sections 3 to 5, appendices A to D, code",
            claims="A prefix tree as a sparse matrix masks a step at a cost that hardly grows with the items.",
            found=(
                "A step gathers the rows of its beams alone, without child ids. As released, beams are filled up with "
                "sequences outside, and good items are lost."
            ),
            ids=("ST-",),
            call="TrieIndex",
        ),
    ),
    errata=("ST-2", "ST-2b", "ST-7"),
)

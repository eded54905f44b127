"""Constrained decoding over a catalogue: its statements, from the prefix tree to samples under a mask."""

# ruff: noqa: F401, I001
from proofs_checks.constrained_decoding.trees import prefix_rows
from proofs_checks.constrained_decoding.trees import sizes
from proofs_checks.constrained_decoding.trees import step_counts
from proofs_checks.constrained_decoding.changes import switches
from proofs_checks.constrained_decoding.changes import merges
from proofs_checks.constrained_decoding.answers import certificates
from proofs_checks.constrained_decoding.answers import traps
from proofs_checks.constrained_decoding.answers import expansions
from proofs_checks.constrained_decoding.trees import hooks_of_generators
from proofs_checks.constrained_decoding.samples import masked_laws
from proofs_checks.constrained_decoding.samples import distances
from proofs_checks.constrained_decoding.samples import drawn_items

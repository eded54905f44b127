"""Constrained decoding over a catalogue: its statements, from the prefix tree to samples under a mask."""

# ruff: noqa: F401, I001
from proofs_checks.constrained_decoding.trees import prefix_rows
from proofs_checks.constrained_decoding.trees import sizes
from proofs_checks.constrained_decoding.trees import step_counts

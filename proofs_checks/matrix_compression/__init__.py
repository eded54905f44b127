"""Compressing matrices and adapters: its statements, from stacks of blocks to adapters, budgets and layers."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.matrix_compression import blocks
from proofs_checks.matrix_compression import sketches
from proofs_checks.matrix_compression import exact_sketches
from proofs_checks.matrix_compression import subspaces
from proofs_checks.matrix_compression import clusters
from proofs_checks.matrix_compression.adapters import squeezing
from proofs_checks.matrix_compression.adapters import directions
from proofs_checks.matrix_compression.adapters import merging
from proofs_checks.matrix_compression.adapters import dropping
from proofs_checks.matrix_compression import budgets
from proofs_checks.matrix_compression import layers
from proofs_checks.matrix_compression import attention
from proofs_checks.matrix_compression import training

ABOUT = About(
    paper=(
        "M. Shamrai, *Concatenated Matrix SVD: Compression Bounds, Incremental Approximation, and Error-Constrained "
        "Clustering*, arXiv 2601.11626; LoRA-Squeeze, 2602.10993; AdaLoRA, 2303.10512; Dynamic Rank Reinforcement "
        "Learning, 2512.15973; Trained Rank Pruning, 1812.02402; PELA, 2310.10700; SALT, 2503.16055."
    ),
    claims="""\
The paper bounds the error of a common basis of many matrices before it is computed, follows it in one pass, and
clusters matrices so that no cluster errs too much. Its public code was read: one of its bounds fails for blocks wider
than the rank, and a bound from all spectra is never looser. Brackets of every pass, best ranks of adapters under a
budget, and a bound from any copy are proved here.""",
    pictures=("bracket", "ranks"),
)

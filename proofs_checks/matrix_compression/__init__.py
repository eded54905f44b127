"""Compressing matrices and adapters: its statements, from stacks of blocks to adapters, budgets and layers."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.matrix_compression.blocks import known_spectra
from proofs_checks.matrix_compression.blocks import clusterings
from proofs_checks.matrix_compression.sketches import brackets
from proofs_checks.matrix_compression.sketches import single_values
from proofs_checks.matrix_compression.subspaces import projections
from proofs_checks.matrix_compression.subspaces import copies
from proofs_checks.matrix_compression.subspaces import thin_blocks
from proofs_checks.matrix_compression.adapters import best_factors
from proofs_checks.matrix_compression.adapters import written_factors
from proofs_checks.matrix_compression.adapters import merged_factors
from proofs_checks.matrix_compression.adapters import dropped_entries
from proofs_checks.matrix_compression.adapters import turned_rows
from proofs_checks.matrix_compression.budgets import equal_costs
from proofs_checks.matrix_compression.budgets import greedy_ranks
from proofs_checks.matrix_compression.budgets import prices
from proofs_checks.matrix_compression.layers import known_inputs
from proofs_checks.matrix_compression.layers import heads
from proofs_checks.matrix_compression.layers import truncated_steps
from proofs_checks.matrix_compression.layers import scaled_spectra
from proofs_checks.matrix_compression.adapters import inner_products

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

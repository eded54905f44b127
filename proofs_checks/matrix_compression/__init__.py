"""Compressing matrices and adapters: its statements, from stacks of blocks to adapters, budgets and layers."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.matrix_compression import blocks
from proofs_checks.matrix_compression import sketches
from proofs_checks.matrix_compression import exact_sketches
from proofs_checks.matrix_compression import subspaces
from proofs_checks.matrix_compression import clusters
from proofs_checks.matrix_compression import squeezing
from proofs_checks.matrix_compression import merging
from proofs_checks.matrix_compression import budgets
from proofs_checks.matrix_compression import layers
from proofs_checks.matrix_compression import attention
from proofs_checks.matrix_compression import training

ABOUT = About(
    paper=(
        "M. Shamrai, *Concatenated Matrix SVD: Compression Bounds, Incremental Approximation, and Error-Constrained "
        "Clustering*, arXiv 2601.11626; and six papers on the ranks of adapters and layers, named in each statement."
    ),
    claims="""\
Many matrices share one basis, and adapters get smaller ranks. The paper bounds the error of a common basis before it is
computed, follows it in one pass, and clusters matrices so that no cluster errs by more than is allowed. Abstracts and
public code were read: its predictors are certified bounds, but blocks wider than the rank break one of them, and the
spectra of the blocks alone are never worse. Brackets of every pass, tree and subspace are proved here, and so are best
ranks under a budget and the error of anybody's copy.""",
    pictures=("bracket", "ranks"),
    beside=("prediction",),
)

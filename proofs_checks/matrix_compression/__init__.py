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
        "Clustering*, arXiv 2601.11626; and six papers on ranks of adapters and layers, named in each statement."
    ),
    claims="""\
The paper bounds the error of a common basis of many matrices before it is computed, follows it in one pass, and
clusters matrices so that no cluster errs too much. Its public code was read: blocks wider than the rank break one
predictor, and the spectra of the blocks alone are never worse. Brackets of every pass, best ranks of adapters under a
budget, and the error of anybody's copy are proved here.""",
    pictures=("bracket", "ranks"),
    beside=("prediction",),
)

r"""Compressing stacks of matrices, with certificates of the error: before, during and after.

Blocks A_1 .. A_K with the same number of rows stand side by side, M = [A_1 .. A_K]. One object unites what can be said
about a common basis of rank r: T_r(M), the energy of the r largest singular values, and a bracket around it,

.. math:: \hat T_r \le T_r(M) \le \hat T_r + D_r, \qquad E_r(M)^2 = \|M\|^2 - T_r(M)
"""

from __future__ import annotations

from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.certify import CompressionCertificate, certify
from lrtheory.matrix_compression.cluster_blocks import BlockClusters, ClusterCertificate, cluster_blocks
from lrtheory.matrix_compression.compress_stack import StackCertificate, StackResult, compress_stack
from lrtheory.matrix_compression.loaders import load_digit_blocks, load_transformer_heads, load_transformer_weights
from lrtheory.matrix_compression.problem import StackProblem, make_families, make_hidden_direction, make_stack
from lrtheory.matrix_compression.stacks.error_bounds import error_bounds
from lrtheory.matrix_compression.stacks.interval import ErrorInterval
from lrtheory.matrix_compression.stacks.sketch import StackSketch

__all__ = [
    "BlockClusters",
    "ClusterCertificate",
    "CompressionCertificate",
    "ErrorInterval",
    "StackCertificate",
    "StackProblem",
    "StackResult",
    "StackSketch",
    "certify",
    "cluster_blocks",
    "compress_stack",
    "error_bounds",
    "load_digit_blocks",
    "load_transformer_heads",
    "load_transformer_weights",
    "make_families",
    "make_hidden_direction",
    "make_stack",
    "theory",
]


def _warmup() -> None:
    """Compile nothing: all work is done by linear algebra libraries."""

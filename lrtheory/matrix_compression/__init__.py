r"""Compressing matrices and adapters, with certificates of the error: before, during and after.

Blocks A_1 .. A_K with the same number of rows stand side by side, M = [A_1 .. A_K]. One object unites what can be said
about a common basis of rank r: T_r(M), the energy of the r largest singular values, and a bracket around it,

.. math:: \hat T_r \le T_r(M) \le \hat T_r + D_r, \qquad E_r(M)^2 = \|M\|^2 - T_r(M)

The lower side is the energy of the r largest singular values of a sketch, which was kept in one pass over the blocks,
and D_r is the sum of the r largest energies that each truncation of the sketch dropped. E_r(M) is the error of the best
basis of rank r, and so the least that any tool can reach. An adapter s B A is a matrix in two thin factors: its whole
spectrum comes from a core as small as its rank.

* May these matrices share one basis? How much would be lost?   `error_bounds`, from the spectra of the blocks alone
* Find the basis, in one pass over more than fits in memory      `compress_stack`
* Blocks come one by one, or on several machines                 `StackSketch`, which merges
* Which of them may share a basis under an error?                `cluster_blocks`
* How far is this file from that one, and from the best?         `certify`, whoever made it
* What does each rank of an adapter cost, and lose?              `rank_costs`
* Make an adapter smaller; merge several                         `squeeze`, `compress_adapter`, `merge_adapters`
* Which ranks, under one budget? Were those of others good?      `allocate_ranks`, `certify_ranks`
* A weight in the metric of its inputs; attention; training      `truncate`, `attention_rank`, `prune_step`

A spectral error is not the loss of a task. Adapters of different base models must not be merged or compared.

From a file to an answer, in the shell::

    lrtheory matrix_compression squeeze tiny-lora --budget 50% -o smaller
    lrtheory matrix_compression merge tiny-lora tiny-lora-2 --weights 1,0.5 --rank 4 -o both
    lrtheory matrix_compression basis weights.npz --rank 3 -o shared.safetensors

Examples
--------
Forty blocks near a space of four dimensions, and the certificate of their basis:

>>> from lrtheory import matrix_compression as comp
>>> problem = comp.make_stack("noisy", 30, 5, n_blocks=40, rank=4, noise=0.2, rng=0)
>>> found = comp.compress_stack(problem)
>>> round(found.error, 4), found.storage, found.certificate.verify(problem)
(0.0915, 920, True)

In one pass, with a bracket at every step:

>>> sketch = comp.StackSketch(4, method="sketch")
>>> sketch.update_many(problem.blocks)
>>> bracket = sketch.interval()
>>> bracket.lower <= found.lower and found.upper <= bracket.upper
True

Families that no single basis serves:

>>> families = comp.make_families([6, 4], 30, 4, epsilon=0.2, rng=0)
>>> sorted(len(ids) for ids in comp.cluster_blocks(families).clusters)
[4, 6]
"""

from __future__ import annotations

from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._result.low_rank import FactorsCertificate, LowRankFactors
from lrtheory.matrix_compression import baselines, theory
from lrtheory.matrix_compression.adapters.compress import compress_adapter
from lrtheory.matrix_compression.adapters.makers import make_adapters, make_quantization_residuals
from lrtheory.matrix_compression.adapters.merge import merge_adapters
from lrtheory.matrix_compression.adapters.ranks import RankCosts, rank_costs
from lrtheory.matrix_compression.adapters.result import AdapterFileCertificate, AdapterResult
from lrtheory.matrix_compression.adapters.squeeze import squeeze
from lrtheory.matrix_compression.budgets.allocation import RankAllocation, allocate_ranks, certify_ranks
from lrtheory.matrix_compression.budgets.certificate import RankCertificate, WorstErrorCertificate
from lrtheory.matrix_compression.certify import CompressionCertificate, certify
from lrtheory.matrix_compression.cluster_blocks import BlockClusters, ClusterCertificate, cluster_blocks
from lrtheory.matrix_compression.compress_stack import StackCertificate, StackResult, compress_stack
from lrtheory.matrix_compression.layers.attention import AttentionRank, attention_rank
from lrtheory.matrix_compression.layers.training import PruneStep, prune_step, salt_to_adapter
from lrtheory.matrix_compression.layers.truncate import LayerCertificate, truncate
from lrtheory.matrix_compression.loaders import load_digit_blocks, load_transformer_heads, load_transformer_weights
from lrtheory.matrix_compression.problem import StackProblem, make_families, make_hidden_direction, make_stack
from lrtheory.matrix_compression.stacks.error_bounds import error_bounds
from lrtheory.matrix_compression.stacks.interval import ErrorInterval
from lrtheory.matrix_compression.stacks.sketch import StackSketch

__all__ = [
    "AdapterFile",
    "AdapterFileCertificate",
    "AdapterModule",
    "AdapterResult",
    "AttentionRank",
    "BlockClusters",
    "ClusterCertificate",
    "CompressionCertificate",
    "ErrorInterval",
    "FactorsCertificate",
    "LayerCertificate",
    "LowRankFactors",
    "PruneStep",
    "RankAllocation",
    "RankCertificate",
    "RankCosts",
    "StackCertificate",
    "StackProblem",
    "StackResult",
    "StackSketch",
    "WorstErrorCertificate",
    "allocate_ranks",
    "attention_rank",
    "baselines",
    "certify",
    "certify_ranks",
    "cluster_blocks",
    "compress_adapter",
    "compress_stack",
    "error_bounds",
    "load_digit_blocks",
    "load_transformer_heads",
    "load_transformer_weights",
    "make_adapters",
    "make_families",
    "make_hidden_direction",
    "make_quantization_residuals",
    "make_stack",
    "merge_adapters",
    "prune_step",
    "rank_costs",
    "salt_to_adapter",
    "squeeze",
    "theory",
    "truncate",
]


def _warmup() -> None:
    """Compile nothing: all work is done by linear algebra libraries."""

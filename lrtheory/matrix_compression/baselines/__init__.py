r"""Methods of others for stacks, adapters and budgets, with the same results.

Those of [1]_ run with thresholds relative to the norm of each block. `factor_average` is what "linear" merging does,
and `uniform_ranks` the rule of [2]_.

References
----------
.. [1] M. Shamrai, Concatenated Matrix SVD: Compression Bounds, Incremental Approximation, and Error-Constrained
   Clustering, 2026, arXiv:2601.11626.
.. [2] Y. Guo, G. Wang, M. Kankanhalli, PELA: Learning Parameter-Efficient Models with Low-Rank Approximation, arXiv
   2310.10700, 2023.
"""

from __future__ import annotations

from lrtheory.matrix_compression.baselines.adapters import dense_svd, factor_average, randomized_svd, uniform_ranks
from lrtheory.matrix_compression.baselines.stacks import published_clusters, published_update

__all__ = [
    "dense_svd",
    "factor_average",
    "published_clusters",
    "published_update",
    "randomized_svd",
    "uniform_ranks",
]

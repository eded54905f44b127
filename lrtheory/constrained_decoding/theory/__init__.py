"""Right-hand sides of the theorems, as plain functions.

=====  ================================================================================
sizes  prefixes of random items, bytes of an index, probes of a binary search
bias   how far masked sampling is from the model given the catalogue
=====  ================================================================================
"""

from __future__ import annotations

from lrtheory.constrained_decoding.theory.bias import tv_bound
from lrtheory.constrained_decoding.theory.sizes import expected_nodes, index_bytes, probes_ppv

__all__ = ["expected_nodes", "index_bytes", "probes_ppv", "tv_bound"]

r"""Baselines: other methods for few-shot tasks, and two for clusters without labels.

The first eight are methods of `few_shot`, each with the options that it uses; `lloyd` and `spectral` make clusters.
"""

from __future__ import annotations

from lrtheory.transductive_clustering.baselines.class_means import bd_cspn, nearest_prototype
from lrtheory.transductive_clustering.baselines.equal_sizes import pt_map, tim
from lrtheory.transductive_clustering.baselines.hard_clusters import lloyd, spectral
from lrtheory.transductive_clustering.baselines.hard_labels import k_means, k_modes
from lrtheory.transductive_clustering.baselines.neighbors import label_spreading, laplacian_shot

__all__ = [
    "bd_cspn",
    "k_means",
    "k_modes",
    "label_spreading",
    "laplacian_shot",
    "lloyd",
    "nearest_prototype",
    "pt_map",
    "spectral",
    "tim",
]

r"""Baselines: other methods for few-shot tasks, and two for clusters without labels.

The first eight take the arguments of `few_shot` and return its result; `lloyd` and `spectral` those of `cluster`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from lrtheory._array import arrays
from lrtheory.transductive_clustering.few_shot import few_shot
from lrtheory.transductive_clustering.hard_clusters import lloyd, spectral
from lrtheory.transductive_clustering.tasks.result import FewShotResult

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


ARGUMENTS = """Parameters
----------
support : array of shape (NS, D) or (E, NS, D), or EpisodeBatch
    Labeled points.
support_labels : array of shape (NS,) or (E, NS)
    Their labels.
query : array of shape (NQ, D) or (E, NQ, D)
    Points to label.
**options
    Of `few_shot`, but the method.

Returns
-------
FewShotResult
    As of `few_shot`.
"""
EXAMPLE = """
Examples
--------
>>> import numpy as np
>>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2]])
>>> {name}(support, np.array([0, 1]), query, normalize="l2").labels.tolist()
[0, 1]
"""


def _as_few_shot(function: Callable[..., FewShotResult]) -> Callable[..., FewShotResult]:
    """Insert the parameters that all baselines share into the docstring of one of them."""
    summary, _, own = inspect.cleandoc(function.__doc__ or "").partition("\n")
    function.__doc__ = f"{summary}\n\n{ARGUMENTS}{own}\n{EXAMPLE.format(name=function.__name__)}"
    return function


@arrays("device")
@_as_few_shot
def nearest_prototype(support: Any, support_labels: Any = None, query: Any = None, **options: Any) -> FewShotResult:
    r"""Label each query by the nearest class mean, without looking at the other queries.

    Arrays: any (device)

    Notes
    -----
    SimpleShot, where features are centered and of length 1.

    References
    ----------
    .. [1] Y. Wang, W.-L. Chao, K. Weinberger, L. van der Maaten, SimpleShot, arXiv 1911.04623, 2019.
    """
    return few_shot(support, support_labels, query, method="nearest", **options)


@arrays("device")
@_as_few_shot
def laplacian_shot(support: Any, support_labels: Any = None, query: Any = None, **options: Any) -> FewShotResult:
    r"""Fixed prototypes and a graph on the queries, by at most 20 updates of the assignments.

    Arrays: any (device)

    Notes
    -----
    `bound_update` on the squared distances; ``prototype="rectified"`` takes queries into the prototypes.

    References
    ----------
    .. [1] I. M. Ziko, J. Dolz, E. Granger, I. Ben Ayed, Laplacian Regularized Few-Shot Learning, ICML 2020.
    """
    return few_shot(support, support_labels, query, method="laplacian-shot", **options)


@arrays("device")
@_as_few_shot
def k_means(support: Any, support_labels: Any = None, query: Any = None, **options: Any) -> FewShotResult:
    r"""Supervised K-means: hard labels and means in turn, from the support means, the support held.

    Arrays: any (device)

    Notes
    -----
    No graph; the limit of "slk" as lambda and T fall to 0.

    References
    ----------
    .. [1] I. M. Ziko et al., Transductive Few-Shot Learning: Clustering is All You Need?, arXiv 2106.09516, 2021.
    """
    return few_shot(support, support_labels, query, method="k-means", **options)


@arrays("device")
@_as_few_shot
def k_modes(support: Any, support_labels: Any = None, query: Any = None, **options: Any) -> FewShotResult:
    r"""Supervised K-modes: hard labels and modes of the density in turn, by mean shift.

    Arrays: any (device)

    Notes
    -----
    As `k_means` with ``prototype="mode"``.

    References
    ----------
    .. [1] I. M. Ziko et al., Transductive Few-Shot Learning: Clustering is All You Need?, arXiv 2106.09516, 2021.
    """
    return few_shot(support, support_labels, query, method="k-means", prototype="mode", **options)


@arrays("device")
@_as_few_shot
def bd_cspn(support: Any, support_labels: Any = None, query: Any = None, **options: Any) -> FewShotResult:
    r"""Class means that take in the queries that look alike, then the largest cosine.

    Arrays: any (device)

    Notes
    -----
    Weights are a softmax of 10 cosines.

    References
    ----------
    .. [1] J. Liu, L. Song, Y. Qin, Prototype Rectification for Few-Shot Learning, ECCV 2020.
    """
    return few_shot(support, support_labels, query, method="bd-cspn", **options)


@arrays("device")
@_as_few_shot
def tim(support: Any, support_labels: Any = None, query: Any = None, **options: Any) -> FewShotResult:
    r"""Confident queries and classes of equal size, by information maximization (after TIM-ADM).

    Arrays: any (device)

    Notes
    -----
    Closed-form updates of labels and weights in turn; temperature 1 / 15 is the scale of the logits.

    References
    ----------
    .. [1] M. Boudiaf et al., Transductive Information Maximization for Few-Shot Learning, NeurIPS 2020.
    """
    return few_shot(support, support_labels, query, method="tim", **options)


@arrays("device")
@_as_few_shot
def pt_map(support: Any, support_labels: Any = None, query: Any = None, **options: Any) -> FewShotResult:
    r"""Optimal transport of the queries to classes of equal size, and centers that follow it.

    Arrays: any (device)

    Notes
    -----
    The power transform is left to the caller, since features may be negative here.

    References
    ----------
    .. [1] Y. Hu, V. Gripon, S. Pateux, Leveraging the Feature Distribution in Transfer-Based Few-Shot Learning,
       ICANN 2021.
    """
    return few_shot(support, support_labels, query, method="pt-map", **options)


@arrays("device")
@_as_few_shot
def label_spreading(support: Any, support_labels: Any = None, query: Any = None, **options: Any) -> FewShotResult:
    r"""Labels flow along a Gaussian graph, to a fifth from their source at each step.

    Arrays: any (device)

    Notes
    -----
    Affinity exp(-distance^2 / T), normalized by the roots of the degrees.

    References
    ----------
    .. [1] D. Zhou et al., Learning with Local and Global Consistency, NeurIPS 2003.
    """
    return few_shot(support, support_labels, query, method="label-spreading", **options)

"""Baselines that label queries by the class means of the support."""

from __future__ import annotations

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory.transductive_clustering.few_shot import few_shot
from lrtheory.transductive_clustering.tasks.episodes import EpisodeBatch
from lrtheory.transductive_clustering.tasks.result import FewShotResult

__all__ = ["bd_cspn", "nearest_prototype"]


@arrays("device")
def nearest_prototype(
    support: ArrayLike | EpisodeBatch,
    support_labels: ArrayLike | None = None,
    query: ArrayLike | None = None,
    *,
    temperature: float | None = None,
    normalize: str | None = "center-l2",
    base_mean: ArrayLike | None = None,
    query_shift: bool = True,
    query_mask: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> FewShotResult:
    r"""Label each query by the nearest class mean, without looking at the other queries.

    Arrays: any (device)

    Parameters
    ----------
    support : array of shape (NS, D) or (E, NS, D), or EpisodeBatch
        Labeled points of one task, or of E tasks; a batch brings its labels, queries and base mean.
    support_labels : array of shape (NS,) or (E, NS)
        Labels of the support points, numbers or strings.
    query : array of shape (NQ, D) or (E, NQ, D)
        Points to label.
    temperature : float or None
        T, above 0, of the softmax of squared distances that gives the probabilities; None is 1.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither.
    base_mean : array of shape (D,) or (E, D), or None
        The mean that "center-l2" subtracts; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support.
    query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    n_jobs : int or None
        Threads over tasks for NumPy arrays; None is 1, -1 all processors.

    Returns
    -------
    FewShotResult
        Labels of the queries, as `few_shot` returns them.

    Raises
    ------
    ValueError
        As `few_shot`.

    Notes
    -----
    SimpleShot, where features are centered and of length 1.

    References
    ----------
    .. [1] Y. Wang, W.-L. Chao, K. Weinberger, L. van der Maaten, SimpleShot, arXiv 1911.04623, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2]])
    >>> nearest_prototype(support, np.array([0, 1]), query, normalize="l2").labels.tolist()
    [0, 1]
    """
    return few_shot(
        support,
        support_labels,
        query,
        method="nearest",
        temperature=temperature,
        normalize=normalize,
        base_mean=base_mean,
        query_shift=query_shift,
        query_mask=query_mask,
        n_jobs=n_jobs,
    )


@arrays("device")
def bd_cspn(
    support: ArrayLike | EpisodeBatch,
    support_labels: ArrayLike | None = None,
    query: ArrayLike | None = None,
    *,
    normalize: str | None = "center-l2",
    base_mean: ArrayLike | None = None,
    query_shift: bool = True,
    query_mask: ArrayLike | None = None,
) -> FewShotResult:
    r"""Class means that take in the queries that look alike, then the largest cosine.

    Arrays: any (device)

    Parameters
    ----------
    support : array of shape (NS, D) or (E, NS, D), or EpisodeBatch
        Labeled points of one task, or of E tasks; a batch brings its labels, queries and base mean.
    support_labels : array of shape (NS,) or (E, NS)
        Labels of the support points, numbers or strings.
    query : array of shape (NQ, D) or (E, NQ, D)
        Points to label.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither.
    base_mean : array of shape (D,) or (E, D), or None
        The mean that "center-l2" subtracts; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support.
    query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.

    Returns
    -------
    FewShotResult
        Labels of the queries, as `few_shot` returns them.

    Raises
    ------
    ValueError
        As `few_shot`.

    Notes
    -----
    Weights and probabilities are a softmax of 10 cosines.

    References
    ----------
    .. [1] J. Liu, L. Song, Y. Qin, Prototype Rectification for Few-Shot Learning, ECCV 2020.

    Examples
    --------
    >>> import numpy as np
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2]])
    >>> bd_cspn(support, np.array([0, 1]), query, normalize="l2").labels.tolist()
    [0, 1]
    """
    return few_shot(
        support,
        support_labels,
        query,
        method="bd-cspn",
        normalize=normalize,
        base_mean=base_mean,
        query_shift=query_shift,
        query_mask=query_mask,
    )

"""Baselines that give hard labels and move means, or modes, in turn."""

from __future__ import annotations

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory.transductive_clustering.few_shot import Turns, few_shot
from lrtheory.transductive_clustering.tasks.episodes import EpisodeBatch
from lrtheory.transductive_clustering.tasks.result import FewShotResult

__all__ = ["k_means", "k_modes"]


@arrays("device")
def k_means(
    support: ArrayLike | EpisodeBatch,
    support_labels: ArrayLike | None = None,
    query: ArrayLike | None = None,
    *,
    prototype: str | None = None,
    temperature: float | None = None,
    n_neighbors: int | None = None,
    normalize: str | None = "center-l2",
    base_mean: ArrayLike | None = None,
    query_shift: bool = True,
    query_mask: ArrayLike | None = None,
    tol: float | None = None,
    max_iter: int | None = None,
    n_jobs: int | None = None,
    record: bool = False,
    turns: Turns | None = None,
) -> FewShotResult:
    r"""Supervised K-means: hard labels and means in turn, from the support means, with the support clamped.

    Arrays: any (device)

    Parameters
    ----------
    support : array of shape (NS, D) or (E, NS, D), or EpisodeBatch
        Labeled points of one task, or of E tasks; a batch brings its labels, queries and base mean.
    support_labels : array of shape (NS,) or (E, NS)
        Labels of the support points, numbers or strings.
    query : array of shape (NQ, D) or (E, NQ, D)
        Points to label.
    prototype : {"mean", "mode"} or None
        Means, or modes of the density as in `k_modes`; None is "mean".
    temperature : float or None
        T, above 0, of the softmax of squared distances that gives the probabilities; None is 1.
    n_neighbors : int or None
        The number of neighbors whose distances give the width of modes; None is 2.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither.
    base_mean : array of shape (D,) or (E, D), or None
        The mean that "center-l2" subtracts; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support.
    query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    tol : float or None
        Tolerance of the stopping rule of `cluster`; None is 1e-5.
    max_iter : int or None
        Largest number of turns; None is 100.
    n_jobs : int or None
        Threads over tasks for NumPy arrays; None is 1, -1 all processors.
    record : bool
        Keep the energies.
    turns : Turns or None
        Options of the turns, of which `clamp` is used.

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
    No graph; the limit of "slk" as lambda and T fall to 0.

    References
    ----------
    .. [1] I. M. Ziko et al., Transductive Few-Shot Learning: Clustering is All You Need?, arXiv 2106.09516, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2]])
    >>> k_means(support, np.array([0, 1]), query, normalize="l2").labels.tolist()
    [0, 1]
    """
    return few_shot(
        support,
        support_labels,
        query,
        method="k-means",
        prototype=prototype,
        temperature=temperature,
        n_neighbors=n_neighbors,
        normalize=normalize,
        base_mean=base_mean,
        query_shift=query_shift,
        query_mask=query_mask,
        tol=tol,
        max_iter=max_iter,
        n_jobs=n_jobs,
        record=record,
        turns=turns,
    )


@arrays("device")
def k_modes(
    support: ArrayLike | EpisodeBatch,
    support_labels: ArrayLike | None = None,
    query: ArrayLike | None = None,
    *,
    temperature: float | None = None,
    n_neighbors: int | None = None,
    normalize: str | None = "center-l2",
    base_mean: ArrayLike | None = None,
    query_shift: bool = True,
    query_mask: ArrayLike | None = None,
    tol: float | None = None,
    max_iter: int | None = None,
    record: bool = False,
    turns: Turns | None = None,
) -> FewShotResult:
    r"""Supervised K-modes: hard labels and modes of the density in turn, by mean shift.

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
        T, above 0, of the softmax of the kernels that gives the probabilities; None is 1.
    n_neighbors : int or None
        The number of neighbors whose distances give the width of the kernel; None is 2.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither.
    base_mean : array of shape (D,) or (E, D), or None
        The mean that "center-l2" subtracts; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support.
    query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    tol : float or None
        Tolerance of the stopping rule of `cluster`; None is 1e-5.
    max_iter : int or None
        Largest number of turns; None is 100.
    record : bool
        Keep the energies.
    turns : Turns or None
        Options of the turns, of which `clamp` is used.

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
    `k_means` with ``prototype="mode"``.

    References
    ----------
    .. [1] I. M. Ziko et al., Transductive Few-Shot Learning: Clustering is All You Need?, arXiv 2106.09516, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2]])
    >>> k_modes(support, np.array([0, 1]), query, normalize="l2").labels.tolist()
    [0, 1]
    """
    return few_shot(
        support,
        support_labels,
        query,
        method="k-means",
        prototype="mode",
        temperature=temperature,
        n_neighbors=n_neighbors,
        normalize=normalize,
        base_mean=base_mean,
        query_shift=query_shift,
        query_mask=query_mask,
        tol=tol,
        max_iter=max_iter,
        record=record,
        turns=turns,
    )

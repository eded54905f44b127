"""Baselines in which queries that are near each other agree, on a graph."""

from __future__ import annotations

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory.transductive_clustering.few_shot import Turns, few_shot
from lrtheory.transductive_clustering.tasks.episodes import EpisodeBatch
from lrtheory.transductive_clustering.tasks.result import FewShotResult

__all__ = ["label_spreading", "laplacian_shot"]


@arrays("device")
def laplacian_shot(
    support: ArrayLike | EpisodeBatch,
    support_labels: ArrayLike | None = None,
    query: ArrayLike | None = None,
    *,
    prototype: str | None = None,
    lam: float | None = None,
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
    r"""Fixed prototypes and a graph on the queries, by at most 20 updates of the assignments.

    Arrays: any (device)

    Parameters
    ----------
    support : array of shape (NS, D) or (E, NS, D), or EpisodeBatch
        Labeled points of one task, or of E tasks; a batch brings its labels, queries and base mean.
    support_labels : array of shape (NS,) or (E, NS)
        Labels of the support points, numbers or strings.
    query : array of shape (NQ, D) or (E, NQ, D)
        Points to label.
    prototype : {"mean", "rectified"} or None
        Class means, or means that take queries in that look alike; None is "mean".
    lam : float or None
        lambda, at least 0; None is 0.7.
    temperature : float or None
        T, above 0; None is 1.
    n_neighbors : int or None
        Neighbors of a query in the graph; None is 2.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither.
    base_mean : array of shape (D,) or (E, D), or None
        The mean that "center-l2" subtracts; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support.
    query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    tol : float or None
        Tolerance of the stopping rule of `bound_update`; None is 1e-6.
    max_iter : int or None
        Largest number of updates; None is 20.
    n_jobs : int or None
        Threads over tasks for NumPy arrays; None is 1, -1 all processors.
    record : bool
        Keep the energies.
    turns : Turns or None
        Options of the turns, of which `symmetrize` and `damping` are used.

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
    `bound_update` on the squared distances; ``prototype="rectified"`` takes queries into the prototypes.

    References
    ----------
    .. [1] I. M. Ziko, J. Dolz, E. Granger, I. Ben Ayed, Laplacian Regularized Few-Shot Learning, ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2]])
    >>> laplacian_shot(support, np.array([0, 1]), query, normalize="l2").labels.tolist()
    [0, 1]
    """
    return few_shot(
        support,
        support_labels,
        query,
        method="laplacian-shot",
        prototype=prototype,
        lam=lam,
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
def label_spreading(
    support: ArrayLike | EpisodeBatch,
    support_labels: ArrayLike | None = None,
    query: ArrayLike | None = None,
    *,
    temperature: float | None = None,
    normalize: str | None = "center-l2",
    base_mean: ArrayLike | None = None,
    query_shift: bool = True,
    query_mask: ArrayLike | None = None,
    tol: float | None = None,
    max_iter: int | None = None,
) -> FewShotResult:
    r"""Labels flow along a Gaussian graph, of which a fifth returns to its source at each step.

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
        T, above 0, of the affinity exp(-distance^2 / T); None is 0.2.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither.
    base_mean : array of shape (D,) or (E, D), or None
        The mean that "center-l2" subtracts; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support.
    query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    tol : float or None
        The largest change of a share at which the run ends; None is 1e-3.
    max_iter : int or None
        Largest number of steps; None is 30.

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
    The affinity is normalized by the roots of the degrees.

    References
    ----------
    .. [1] D. Zhou et al., Learning with Local and Global Consistency, NeurIPS 2003.

    Examples
    --------
    >>> import numpy as np
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2]])
    >>> label_spreading(support, np.array([0, 1]), query, normalize="l2").labels.tolist()
    [0, 1]
    """
    return few_shot(
        support,
        support_labels,
        query,
        method="label-spreading",
        temperature=temperature,
        normalize=normalize,
        base_mean=base_mean,
        query_shift=query_shift,
        query_mask=query_mask,
        tol=tol,
        max_iter=max_iter,
    )

"""Baselines for which all classes of the queries are of equal size."""

from __future__ import annotations

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory.transductive_clustering.few_shot import few_shot
from lrtheory.transductive_clustering.tasks.episodes import EpisodeBatch
from lrtheory.transductive_clustering.tasks.result import FewShotResult

__all__ = ["pt_map", "tim"]


@arrays("device")
def tim(
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
    n_jobs: int | None = None,
) -> FewShotResult:
    r"""Confident queries and classes of equal size, by information maximization (after TIM-ADM).

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
        T, above 0: logits are squared distances over -2 T; None is 1 / 15.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither.
    base_mean : array of shape (D,) or (E, D), or None
        The mean that "center-l2" subtracts; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support.
    query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    tol : float or None
        The largest move of a coordinate at which the run ends, in units of the length of the support's points; None
        is 1e-4.
    max_iter : int or None
        Largest number of updates; None is 150.
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
    Closed-form updates of labels and weights in turn; temperature 1 / 15 is the published scale of the logits.

    References
    ----------
    .. [1] M. Boudiaf et al., Transductive Information Maximization for Few-Shot Learning, NeurIPS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2]])
    >>> tim(support, np.array([0, 1]), query, normalize="l2").labels.tolist()
    [0, 1]
    """
    return few_shot(
        support,
        support_labels,
        query,
        method="tim",
        temperature=temperature,
        normalize=normalize,
        base_mean=base_mean,
        query_shift=query_shift,
        query_mask=query_mask,
        tol=tol,
        max_iter=max_iter,
        n_jobs=n_jobs,
    )


@arrays("device")
def pt_map(
    support: ArrayLike | EpisodeBatch,
    support_labels: ArrayLike | None = None,
    query: ArrayLike | None = None,
    *,
    temperature: float | None = None,
    normalize: str | None = "center-l2",
    base_mean: ArrayLike | None = None,
    query_shift: bool = True,
    query_mask: ArrayLike | None = None,
    max_iter: int | None = None,
    n_jobs: int | None = None,
) -> FewShotResult:
    r"""Optimal transport of the queries to classes of equal size, and centers that follow it.

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
        T, above 0, of the transport: its plan is a scaled softmax of squared distances; None is 0.1.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither.
    base_mean : array of shape (D,) or (E, D), or None
        The mean that "center-l2" subtracts; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support.
    query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    max_iter : int or None
        The number of turns; None is 10.
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
    The power transform is left to the caller, since features may be negative here.

    References
    ----------
    .. [1] Y. Hu, V. Gripon, S. Pateux, Leveraging the Feature Distribution in Transfer-Based Few-Shot Learning,
       ICANN 2021.

    Examples
    --------
    >>> import numpy as np
    >>> support, query = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.1, 0.9], [0.9, 0.2]])
    >>> pt_map(support, np.array([0, 1]), query, normalize="l2").labels.tolist()
    [0, 1]
    """
    return few_shot(
        support,
        support_labels,
        query,
        method="pt-map",
        temperature=temperature,
        normalize=normalize,
        base_mean=base_mean,
        query_shift=query_shift,
        query_mask=query_mask,
        max_iter=max_iter,
        n_jobs=n_jobs,
    )

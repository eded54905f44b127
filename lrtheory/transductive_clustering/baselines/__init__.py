r"""Baselines: other methods for few-shot tasks, and two for clusters without labels.

The first eight are methods of `few_shot`, each with the options that it uses; `lloyd` and `spectral` make clusters.
"""

from __future__ import annotations

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory.transductive_clustering.baselines.hard_clusters import lloyd, spectral
from lrtheory.transductive_clustering.few_shot import Turns, few_shot
from lrtheory.transductive_clustering.tasks.episodes import EpisodeBatch
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
        Their labels, numbers or strings.
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
        As of `few_shot`.

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
        Their labels, numbers or strings.
    query : array of shape (NQ, D) or (E, NQ, D)
        Points to label.
    prototype : {"mean", "rectified"} or None
        Class means, or means that take queries in that look alike; None is "mean".
    lam : float or None
        lambda, at least 0; None is 0.7.
    temperature : float or None
        T, above 0; None is 1.
    n_neighbors : int or None
        Of the graph; None is 2.
    normalize : {"center-l2", "l2", None}
        Subtract the base mean and scale to length 1, scale only, or neither.
    base_mean : array of shape (D,) or (E, D), or None
        The mean that "center-l2" subtracts; None takes the mean of the task's own points.
    query_shift : bool
        Move the queries so that their mean is that of the support.
    query_mask : bool or int array of shape (NQ,) or (E, NQ), or None
        False for rows that only fill up a task of fewer queries.
    tol : float or None
        When the updates stop, as in `bound_update`; None is 1e-6.
    max_iter : int or None
        Largest number of updates; None is 20.
    n_jobs : int or None
        Threads over tasks for NumPy arrays; None is 1, -1 all processors.
    record : bool
        Keep the energies.
    turns : Turns or None
        Of its options `symmetrize` and `damping` are used.

    Returns
    -------
    FewShotResult
        As of `few_shot`.

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
        Their labels, numbers or strings.
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
        When the turns stop, as in `cluster`; None is 1e-5.
    max_iter : int or None
        Largest number of turns; None is 100.
    n_jobs : int or None
        Threads over tasks for NumPy arrays; None is 1, -1 all processors.
    record : bool
        Keep the energies.
    turns : Turns or None
        Of its options `clamp` is used.

    Returns
    -------
    FewShotResult
        As of `few_shot`.

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
        Their labels, numbers or strings.
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
        When the turns stop, as in `cluster`; None is 1e-5.
    max_iter : int or None
        Largest number of turns; None is 100.
    record : bool
        Keep the energies.
    turns : Turns or None
        Of its options `clamp` is used.

    Returns
    -------
    FewShotResult
        As of `few_shot`.

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
        Their labels, numbers or strings.
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
        As of `few_shot`.

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
        Their labels, numbers or strings.
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
        As of `few_shot`.

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
        Their labels, numbers or strings.
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
        As of `few_shot`.

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
        Their labels, numbers or strings.
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
        As of `few_shot`.

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

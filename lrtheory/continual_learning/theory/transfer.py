r"""Metrics of tasks that are learned in turn: accuracy, backward transfer and forgetting, and what ties them.

Part of `theory`, where users find these functions. R[i, j] is the accuracy on task j after task i was learned, of T
tasks.
"""

from __future__ import annotations

from lrtheory._numbers import exact, number, plain
from lrtheory._types import Number
from lrtheory._validation import integer

__all__ = ["forgetting_floor", "transfer_identity"]


def transfer_identity(learned: Number, transfer: Number, n_tasks: int) -> Number:
    r"""Compute the average accuracy from what was learned and what came of it (statement MT-2).

    Parameters
    ----------
    learned : number
        LA, the mean over all tasks j of R[j, j]: the accuracy on a task right after it was learned.
    transfer : number
        BWT, the mean over all tasks j but the last of R[T, j] - R[j, j].
    n_tasks : int
        T, at least 2.

    Returns
    -------
    number
        LA + (T - 1) / T BWT, which is the mean of the last row of R.

    Raises
    ------
    ValueError
        If a number is not finite, or there are fewer than 2 tasks.

    Proof
    -----
    Assumes: nothing.

    Proof: T ACC - T LA is the sum over all tasks j of R[T, j] - R[j, j], and the last of these is 0.

    Checked by: MT-2.

    References
    ----------
    .. [1] D. Lopez-Paz, M. Ranzato, Gradient episodic memory for continual learning, NeurIPS 2017.

    Examples
    --------
    >>> transfer_identity(0.75, -0.5, 2)
    0.5
    """
    tasks = integer("n_tasks", n_tasks, low=2)
    return plain(number("learned", learned) + exact((tasks - 1) * number("transfer", transfer)) / tasks)


def forgetting_floor(transfer: Number) -> Number:
    r"""Bound forgetting from below by backward transfer (statement MT-1).

    Parameters
    ----------
    transfer : number
        BWT, the mean over all tasks j but the last of R[T, j] - R[j, j].

    Returns
    -------
    number
        -BWT, which forgetting, the mean of max_i R[i, j] - R[T, j] over tasks j <= i < T, is never below.

    Raises
    ------
    ValueError
        If the number is not finite.

    Proof
    -----
    Assumes: at least 2 tasks.

    Proof: the largest accuracy on task j since it was learned is at least R[j, j], with equality for all j exactly
    where each task has its best accuracy right after it was learned.

    Checked by: MT-1.

    References
    ----------
    .. [1] A. Chaudhry et al., Riemannian walk for incremental learning, ECCV 2018.

    Examples
    --------
    >>> forgetting_floor(-0.25)
    0.25
    """
    return plain(-number("transfer", transfer))

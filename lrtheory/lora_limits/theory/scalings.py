r"""Scalings of adapters, and how adapters of low rank reach a linear target.

Part of `theory`, where users find these functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lrtheory._numbers import formula
from lrtheory._types import ArrayLike, Number
from lrtheory._validation import Words, array, must, sequence

__all__ = ["adapters_for_linear_target", "lora_scale", "rslora_scale"]


@formula(alpha="(-inf, inf)", rank="[1, inf)")
def lora_scale(alpha: Number, rank: int) -> float:
    """The factor of B A in LoRA (statement LL-S3).

    Parameters
    ----------
    alpha : float
        Scale that the user chooses.
    rank : int
        Rank of the adapter.

    Returns
    -------
    float
        alpha / rank.

    References
    ----------
    .. [1] E. Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022.

    Examples
    --------
    >>> lora_scale(16, 8)
    2.0
    """
    return float(alpha) / rank


@formula(alpha="(-inf, inf)", rank="[1, inf)")
def rslora_scale(alpha: Number, rank: int) -> float:
    r"""The factor of B A under which the first step does not shrink with the rank (statement LL-S3).

    Parameters
    ----------
    alpha : float
        Scale that the user chooses.
    rank : int
        Rank of the adapter.

    Returns
    -------
    float
        alpha / sqrt(rank).

    Proof
    -----
    Assumes: B = 0 at first, and A has independent entries of mean 0 and variance 1 / n; for the slopes, the means of
    \|A x\|^2 are within an eighth of their expectation (hypotheses of the statements).

    Proof: Let the gradient of the loss in W be g x^T. One step of size h gives B = -h s g (A x)^T with the scale s, and
    changes the output at x by s B A x = -h s^2 \|A x\|^2 g. \|A x\|^2 has the mean rank \|x\|^2 / n. So the change is
    of order s^2 rank: rank^-1 for s = alpha / rank, and constant for s = alpha / sqrt(rank).

    On a ladder of m >= 3 ranks, each four times the one before, let the means of \|A x\|^2 over some draws be within an
    eighth of rank \|x\|^2 / n. Then the least-squares line through the logarithms of mean change and rank has a slope
    within 1/10 of 0, or of -1 (statements LL-S3-rate, LL-S3-lora): it is the sum of w_k y_k with weights w_k
    = (k - c) / (log(4) sum_j (j - c)^2) that add up to 0, c = (m - 1) / 2. The logarithms y_k lie in an interval of
    length log(9/7) around a line of the slope that is claimed. So the slope is off by at most log(9/7) / 2 sum_k
    \|w_k\|, and sum_k \|k - c\| <= sum_k (k - c)^2 for m >= 3 makes that at most log(9/7) / (2 log 4) < 1/10.

    Checked by: LL-S3, LL-S3-rate and LL-S3-lora.

    References
    ----------
    .. [1] D. Kalajdzievski, A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA, 2023 (recalled).

    Examples
    --------
    >>> rslora_scale(16, 4)
    8.0
    """
    return float(alpha) / math.sqrt(rank)


@formula(rank="[0, inf)")
def adapters_for_linear_target(weights: Sequence[ArrayLike], target: ArrayLike, *, rank: int) -> list[np.ndarray]:
    """Adapters of low rank with which a product of layers comes as close to a target as it can (statement LL-S1).

    Parameters
    ----------
    weights : sequence of arrays of shape (D, D)
        W_1, ..., W_n, invertible; the network is W_n ... W_1.
    target : array of shape (D, D)
        The matrix to be reached.
    rank : int
        Largest rank of each adapter.

    Returns
    -------
    list of arrays of shape (D, D)
        D_1, ..., D_n of at most this rank, with (W_n + D_n) ... (W_1 + D_1) at distance `linear_target_error`.

    Raises
    ------
    ValueError
        If shapes do not fit, or a layer or a partial product is singular.

    Proof
    -----
    Assumes: layers and partial products are invertible (checked here, where a system is singular; a hypothesis of the
    statements).

    Proof: Let E_1, ..., E_n be consecutive blocks of `rank` singular triples of target - W_n ... W_1, S_l = W_n ...
    W_{l+1}, and P_l = (W_l + D_l) ... (W_1 + D_1). With D_l = S_l^-1 E_l P_{l-1}^-1, S_l P_l
    = S_l W_l P_{l-1} + S_l D_l P_{l-1} = S_{l-1} P_{l-1} + E_l. So P_n = S_0 + E_1 + ... + E_n (statement LL-P9), and
    what is missing from the target are the singular triples from rank n + 1 on. P_l is invertible as long as S_0 + E_1
    + ... + E_l is.

    Checked by: LL-S1 and LL-P9.

    References
    ----------
    .. [1] Y. Zeng, K. Lee, The Expressive Power of Low-Rank Adaptation, ICLR 2024 (recalled).

    Examples
    --------
    >>> import numpy as np
    >>> D = adapters_for_linear_target([np.eye(2), np.eye(2)], np.diag([3.0, 2.0]), rank=1)
    >>> ((np.eye(2) + D[1]) @ (np.eye(2) + D[0])).round(12).tolist()
    [[3.0, 0.0], [0.0, 2.0]]
    """
    layers, goal = _layers(weights, target)
    after = [np.eye(len(goal))]  # products W_n ... W_{l+1} of the frozen layers behind layer l, in falling order of l
    for W in reversed(layers):
        after.append(after[-1] @ W)
    left, values, right = np.linalg.svd(goal - after.pop())
    found, before = [], np.eye(len(goal))  # `before` is P_{l-1}, the product of the adapted layers so far
    for index, (W, behind) in enumerate(zip(layers, reversed(after), strict=True)):
        part = slice(index * rank, (index + 1) * rank)
        block = (left[:, part] * values[part]) @ right[part]
        try:
            found.append(np.linalg.solve(behind, np.linalg.solve(before.T, block.T).T))
        except np.linalg.LinAlgError as error:
            raise must(
                "weights", "layers with invertible partial products", Words(f"layer {index}, singular")
            ) from error
        before = (W + found[-1]) @ before
    return found


def _layers(weights: Sequence[ArrayLike], target: ArrayLike) -> tuple[list[np.ndarray], np.ndarray]:
    """Check square layers of the shape of the target, and return both in double precision."""
    goal = array("target", target, shape=(None, None)).astype(np.float64)
    given = enumerate(sequence("weights", weights))
    layers = [array(f"weights[{i}]", W, shape=goal.shape).astype(np.float64) for i, W in given]
    if not layers or goal.shape[0] != goal.shape[1]:
        raise must("weights", "at least one square matrix of the shape of `target`", goal.shape)
    return layers, goal

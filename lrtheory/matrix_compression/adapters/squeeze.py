r"""The best factors of lower rank for an update s B A, from its two factors alone.

With QR of both factors, B = Q_B R_B and A^T = Q_A R_A, the core R_B R_A^T has the singular values of B A, so all errors
of all ranks are known before one is chosen, and no matrix of the size of the weight is ever formed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, real_array
from lrtheory._kernels.low_rank import Core, core
from lrtheory._result.low_rank import LowRankFactors, certified
from lrtheory._types import Array
from lrtheory._validation import choice, flag, must, real
from lrtheory.matrix_compression.sizes import one_of, rank_for, rank_of_one

__all__ = ["checked_factors", "dense_core", "scaling", "squeeze"]

METHODS = ("auto", "qr", "gram")


@arrays("device")
def squeeze(
    B: Array,
    A: Array,
    rank: int | None = None,
    *,
    scale: float = 1.0,
    out_scale: float | None = None,
    epsilon: float | None = None,
    method: str = "auto",
    balanced: bool = True,
) -> LowRankFactors:
    r"""Replace the factors of an update by the best ones of lower rank (statement SQ-1).

    Arrays: any (device)

    Parameters
    ----------
    B : array of shape (d_out, q)
        The left factor.
    A : array of shape (q, d_in)
        The right factor.
    rank : int or None
        Rank of the new factors, at most min(d_out, d_in); one beyond q is lowered to it.
    scale : float
        s, the factor in front of B A: alpha / q for LoRA, alpha / sqrt(q) for rsLoRA.
    out_scale : float or None
        s', the factor in front of the product of the new factors; None keeps s. A file that keeps alpha and changes its
        rank has another scale than before: say here which one it will have.
    epsilon : float or None
        In place of a rank: the relative error that the new factors may have; the smallest such rank is taken.
    method : {"auto", "qr", "gram"}
        Factorization that gives the core: QR, or B^T B and A A^T, which is faster and loses what a gauge of large
        condition hides. "auto" takes the latter where its eigenvalues show that nothing is lost.
    balanced : bool
        Share the singular values equally, so that no factors of this product are smaller (statement SQ-5); False makes
        the columns of B' orthonormal.

    Returns
    -------
    LowRankFactors
        In the precision and on the device of the input, with all singular values of s B A. The error is that of the
        matrix, and not of the task that an adapter was trained for.

    Raises
    ------
    TypeError
        If a factor is not an array of real numbers.
    ValueError
        If shapes do not fit, a number is not finite, both or neither of rank and epsilon are given, or a scale is 0.

    References
    ----------
    .. [1] I. Vulic, A. Grycner, Q. de Laroussilhe, J. Pfeiffer, LoRA-Squeeze: Simple and Effective Post-Tuning and
       In-Tuning Compression of LoRA Modules, arXiv 2602.10993, 2026.

    Examples
    --------
    >>> import numpy as np
    >>> small = squeeze(np.array([[3.0, 0.0], [0.0, 4.0]]), np.eye(2), 1, scale=2.0)
    >>> small.singular_values.round(12).tolist(), round(small.error, 12), abs(small.dense()).round(12).tolist()
    ([8.0, 6.0], 0.6, [[0.0, 0.0], [0.0, 8.0]])
    """
    method, balanced = choice("method", method, METHODS), flag("balanced", balanced)
    one_of(rank=rank, epsilon=epsilon)
    xp = array_namespace(B, A)
    left, right = checked_factors(xp, B, A)
    rank_of_one(rank, left.shape[0], right.shape[1])
    scale = scaling("scale", scale)
    out_scale = scale if out_scale is None else scaling("out_scale", out_scale)
    try:
        found = core(left, right, method)
        whole = float(found.values.sum()) * abs(scale)
    except OverflowError:
        whole = math.inf
    if not math.isfinite(whole):
        raise must("scale, B, A", "numbers whose product is in the range of doubles", scale)
    kept = rank_for(found.values, rank, epsilon)
    kind = xp.result_type(left.dtype, right.dtype)
    pair = tuple(xp.astype(factor, kind) for factor in found.factors(kept, ratio=scale / out_scale, balanced=balanced))
    return certified(found, kept, pair, out_scale, stretch=scale, balanced=balanced)


def checked_factors(xp: Any, B: Any, A: Any) -> tuple[Any, Any]:
    """Check the factors of an update, which may have an inner rank of 0."""
    left, right = real_array(xp, "B", B), real_array(xp, "A", A)
    for name, found, side in (("B", left, 0), ("A", right, -1)):
        if found.ndim != 2 or found.shape[side] == 0:
            raise must(name, "a matrix of an update that has entries", tuple(found.shape))
    if right.shape[0] != left.shape[1]:
        raise ValueError(f"`A` must be an array with {left.shape[1]} rows, as `B` has columns; got {right.shape[0]}.")
    return left, right


def dense_core(W: np.ndarray, unit: int, rounding: float, reason: str = "") -> Core:
    """The singular value decomposition of 2^unit W itself, in the form of a core."""
    U, values, Vt = np.linalg.svd(W, full_matrices=False)
    same = np.eye(len(values))
    return Core(np.ldexp(values, unit), (U, same), (same, Vt), rounding, "svd", reason)


def scaling(name: str, value: Any) -> float:
    """Check a scale: a finite number other than 0."""
    number = real(name, value)
    if number == 0 or not math.isfinite(number):
        raise must(name, "a finite number other than 0", value)
    return number

"""Ranks in training: a step after which a weight is truncated again, and scaled singular values as an adapter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._kernels.low_rank import core, tail
from lrtheory._kernels.units import true_value, unit_of
from lrtheory._result import Result, result
from lrtheory._result.low_rank import LowRankFactors, certified
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import floats, must, open_interval
from lrtheory.matrix_compression.adapters.squeeze import squeeze
from lrtheory.matrix_compression.theory.adapters import step_limit

__all__ = ["PruneStep", "prune_step", "salt_to_adapter"]


@result
class PruneStep(Result):
    """A weight after a step of training, truncated before and after.

    Attributes
    ----------
    W : array of shape (d_out, d_in)
        The truncation of T + step, where T is the truncation of the weight before.
    rank : int
        Rank of W.
    rank_before : int
        Rank of T.
    safe : bool
        Whether the step is so short that the rank cannot have grown.
    step_norm : float
        The Frobenius norm of the step.
    limit : float
        sqrt(1 - keep_energy) times that of T: shorter steps are safe (statement TR-1).
    lost : float
        The share of the energy of T + step that the second truncation has left out, at most 1 - keep_energy.
    """

    W: Array
    rank: int
    rank_before: int
    safe: bool
    step_norm: float
    limit: float
    lost: float

    def _facts(self) -> list[str]:
        grown = "cannot grow" if self.safe else "may grow"
        where = f"the step is {self.step_norm:.6g} long, and up to {self.limit:.6g} the rank cannot grow"
        return [
            f"rank {self.rank_before} before, {self.rank} after: it {grown} (matrix_compression/TR-1), since {where}"
        ]


@arrays("host")
def prune_step(W: ArrayLike, step: ArrayLike, *, keep_energy: float = 0.99) -> PruneStep:
    r"""Truncate a weight, take a step, truncate again; and say beforehand whether the rank can grow (statement TR-1).

    Arrays: any (copied to the host)

    Parameters
    ----------
    W : array of shape (d_out, d_in)
        The weight.
    step : array of shape (d_out, d_in)
        Step to be added to the truncation of the weight.
    keep_energy : float
        In (0, 1): the smallest rank is kept that has at least this share of the energy, the squared Frobenius norm.

    Returns
    -------
    PruneStep
        The new weight. Truncating at every step drifts, even with steps of 0: energies that were small beside the whole
        need not be beside what is left (statement TR-4).

    Raises
    ------
    TypeError
        If an argument is not an array of real numbers.
    ValueError
        If shapes do not fit, a number is not finite, `keep_energy` is not in (0, 1), or the sum is beyond the range of
        the type.

    References
    ----------
    .. [1] Y. Xu et al., Trained Rank Pruning for Efficient Deep Neural Networks, arXiv 1812.02402, 2018.

    Examples
    --------
    >>> found = prune_step([[10.0, 0.0], [0.0, 0.1]], [[0.0, 0.0], [0.0, 0.5]], keep_energy=0.99)
    >>> found.rank_before, found.rank, found.safe
    (1, 1, True)
    """
    share = 1 - open_interval("keep_energy", keep_energy, 0, 1)
    given = floats("W", W, shape=(None, None))
    if 0 in given.shape:
        raise must("W", "a matrix with entries", given.shape)
    kind = np.result_type(given.dtype, np.float32)
    D = floats("step", step, shape=given.shape).astype(np.float64)
    units = unit_of(given.astype(np.float64)), unit_of(D)
    unit = max(units)
    T, before, _ = _truncated(np.ldexp(given.astype(np.float64), -units[0]), share)
    D = np.ldexp(D, -units[1])
    made, after, lost = _truncated(np.ldexp(T, units[0] - unit) + np.ldexp(D, units[1] - unit), share)
    length, limit = tail(np.abs(D).ravel(), 0), float(step_limit(tail(np.abs(T).ravel(), 0), share))
    safe = math.ldexp(length, units[1] - unit) <= math.ldexp(limit, units[0] - unit)
    lengths = true_value(length, units[1]), true_value(limit, units[0])
    with np.errstate(over="ignore"):
        answer = np.ldexp(made, unit).astype(kind)
    if not (np.isfinite(answer).all() and math.isfinite(max(lengths))):
        largest = max(float(np.abs(x).max()) for x in (given, np.ldexp(D, units[1])))
        raise must("W, step", f"matrices whose sum and whose norms are in the range of {kind}", largest)
    return PruneStep(answer, after, before, safe, *lengths, lost)


def _truncated(X: np.ndarray, share: float) -> tuple[np.ndarray, int, float]:
    """The best approximation of the smallest rank that leaves at most a share of the energy."""
    unit = unit_of(X)
    U, values, Vt = np.linalg.svd(np.ldexp(X, -unit), full_matrices=False)
    left = np.concatenate([np.cumsum(values[::-1] ** 2)[::-1], [0.0]])
    rank = int(np.argmax(left <= share * left[0]))
    made: np.ndarray = np.ldexp(U[:, :rank] * values[:rank] @ Vt[:rank], unit)
    return made, rank, float(left[rank] / left[0]) if left[0] > 0 else 0.0


@arrays("host")
def salt_to_adapter(
    W: ArrayLike | tuple[ArrayLike, ArrayLike, ArrayLike],
    scale: ArrayLike,
    shift: ArrayLike,
    *,
    factors: tuple[ArrayLike, ArrayLike] | None = None,
    rank: int | None = None,
) -> LowRankFactors:
    r"""Write scaled and shifted singular values, and a low-rank map of the others, as an adapter (statement SA-3).

    The layer is U [diag(a_i s_i + b_i), 0; 0, diag(rest of s) + X Y] V^T, with the decomposition U diag(s) V^T of the
    weight. Its update has the singular values \|(a_i - 1) s_i + b_i\| and those of X Y, so it is exactly an adapter of
    rank k + r. Layers that pass the middle matrix through relu are others, and none of these.

    Arrays: any (copied to the host)

    Parameters
    ----------
    W : array of shape (d_out, d_in), or its decomposition (U, s, V^T)
        The weight. With X and Y, give the decomposition that was trained: another one differs in signs.
    scale, shift : array of shape (k,)
        a and b, of the k largest singular values.
    factors : pair of arrays of shapes (p - k, r) and (r, p - k), or None
        X and Y, where p is the number of singular values.
    rank : int or None
        Rank of the adapter, at most min(d_out, d_in); None is k + r, which is exact.

    Returns
    -------
    LowRankFactors
        Balanced, with scale 1, in the precision of the weight.

    Raises
    ------
    TypeError
        If an argument is not an array of real numbers.
    ValueError
        If shapes do not fit, a number is not finite, or the update is beyond the range of doubles.

    References
    ----------
    .. [1] SALT: Singular Value Adaptation with Low-Rank Transformation, arXiv 2503.16055, 2025.

    Examples
    --------
    >>> found = salt_to_adapter([[2.0, 0.0], [0.0, 1.0]], [1.5], [0.5])
    >>> found.dense().round(12).tolist(), found.rank
    ([[1.5, 0.0], [0.0, 0.0]], 1)
    """
    (U, s, Vt), kind = _decomposed(W)
    a = floats("scale", scale, shape=(None,)).astype(np.float64)
    if len(a) > len(s):
        raise must("scale", f"of at most {len(s)} numbers, as the weight has singular values", len(a))
    b = floats("shift", shift, shape=(len(a),)).astype(np.float64)
    k, rest = len(a), len(s) - len(a)
    left, right = U[:, :k] * ((a - 1) * s[:k] + b), Vt[:k]
    if factors is not None:
        if not isinstance(factors, (tuple, list)) or len(factors) != 2:
            raise must("factors", "a pair X and Y", factors)
        X, Y = (floats(name, x, shape=(None, None)).astype(np.float64) for name, x in zip("XY", factors, strict=True))
        if X.shape[0] != rest or Y.shape[1] != rest or X.shape[1] != Y.shape[0]:
            raise must("factors", f"X of shape ({rest}, r) and Y of shape (r, {rest})", (X.shape, Y.shape))
        left = np.concatenate([left, U[:, k:] @ X], axis=1)
        right = np.concatenate([right, Y @ Vt[k:]], axis=0)
    found = squeeze(left, right, min(left.shape[1], len(U), Vt.shape[1]) if rank is None else rank)
    return found if kind == np.float64 else _in_single_precision(found, left, right)


def _in_single_precision(found: LowRankFactors, left: np.ndarray, right: np.ndarray) -> LowRankFactors:
    """Round the factors to single precision, with a certificate that counts this."""
    with np.errstate(over="ignore"):
        pair = np.asarray(found.B, np.float32), np.asarray(found.A, np.float32)
    if not all(np.isfinite(factor).all() for factor in pair):
        raise must("W, scale, shift", "such that the factors are in the range of float32", found.singular_values[0])
    return certified(core(left, right), found.rank, pair, 1.0)


def _decomposed(W: Any) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.dtype]:
    """A singular value decomposition, of a matrix or the one that is given, in double precision; and its own."""
    if not isinstance(W, tuple):
        given = floats("W", W, shape=(None, None))
        unit = unit_of(given.astype(np.float64))
        # LAPACK squares entries near the ends of the range, and a power of two costs no digit
        U, s, Vt = np.linalg.svd(np.ldexp(given.astype(np.float64), -unit), full_matrices=False)
        with np.errstate(over="ignore"):
            s = np.ldexp(s, unit)
        if not np.isfinite(s).all():
            raise must("W", "a matrix whose norm is in the range of doubles", float(np.abs(given).max()))
        return (U, s, Vt), np.result_type(given, np.float32)
    if len(W) != 3:
        raise must("W", "a matrix or its decomposition (U, s, V^T)", W)
    lengths = floats("s", W[1], shape=(None,), low=0)
    left, right = (floats(name, part, shape=(None, None)) for name, part in (("U", W[0]), ("V^T", W[2])))
    kind = np.result_type(lengths, left, right, np.float32)
    s = lengths.astype(np.float64)
    U, Vt = left.astype(np.float64)[:, : len(s)], right.astype(np.float64)[: len(s)]
    if U.shape[1] != len(s) or Vt.shape[0] != len(s):
        raise must("W", f"a decomposition with {len(s)} singular vectors on each side", (U.shape, Vt.shape))
    if (s[1:] > s[:-1]).any():
        raise must("s", "decreasing", s)
    for name, vectors in (("U", U.T), ("V^T", Vt)):
        if np.abs(vectors @ vectors.T - np.eye(len(s))).max(initial=0.0) > 1e-4:
            raise must(name, "orthonormal", vectors)
    return (U, s, Vt), kind

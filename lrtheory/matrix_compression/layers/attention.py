r"""The rank at which attention can be computed: logits of lower rank, and what their error does to the output.

Logits Q K^T / sqrt(d) are truncated as a product, which is never worse than truncating Q and K, after the keys have
been centered, which softmax does not see. If the changes of the logits of a row differ by o, its weights move by at
most tanh(o / 4), and its output by that times the largest distance of two values.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._kernels.low_rank import core
from lrtheory._kernels.units import true_value, unit_of
from lrtheory._result import Result, result
from lrtheory._result.display import curves
from lrtheory._types import Array, ArrayLike
from lrtheory._validation import as_array, choice, flag, floats, must, real
from lrtheory.matrix_compression.sizes import one_of, rank_of_one
from lrtheory.matrix_compression.theory.layers import tanh_bound

__all__ = ["AttentionRank", "attention_rank", "centered"]


@result
class AttentionRank(Result):
    """A rank of the logits of a head, and the error that every rank has.

    Attributes
    ----------
    rank : int
        The rank.
    Q : array of shape (L_Q, rank), or (L_Q, d) for "factors"
        New queries.
    K : array of shape (L_K, rank), or (L_K, d) for "factors"
        New keys; the logits are Q K^T / sqrt(d), with the d of the head as before.
    max_errors : float64 array of shape (n + 1,)
        The largest move of a row for each rank from 0 to n, which is min(L_Q, L_K, d) for "product" and d for
        "factors", measured: of the output where values are given, else of the weights, as their total variation.
    bounds : float64 array of shape (n + 1,)
        Bounds on `max_errors` from the changes of the logits alone, by the tanh bound.
    diameter : float
        The largest distance of two rows of the values; 1 without them.
    singular_values : float64 array of shape (n,)
        Singular values of the logits that are truncated, for method "product"; empty for "factors".
    method : {"product", "factors"}
        Matrices that are truncated: the product of queries and keys, or both of them.
    reason : str
        Reason for the rank.
    """

    rank: int
    Q: Array
    K: Array
    max_errors: Array
    bounds: Array
    diameter: float
    singular_values: Array
    method: str
    reason: str

    def _columns(self) -> dict[str, Any]:
        ranks = list(range(self.max_errors.shape[0]))
        return {"rank": ranks, "error": self.max_errors, "bound": self.bounds, "kept": [r == self.rank for r in ranks]}

    def _facts(self) -> list[str]:
        error, bound = float(self.max_errors[self.rank]), float(self.bounds[self.rank])
        return [f"rank {self.rank} moves no row by more than {error:.6g}; proved {bound:.6g} (matrix_compression/DR-7)"]

    def _draw(self, ax: Any) -> None:
        lines = {"measured": self.max_errors, "bound": self.bounds}
        curves(ax, np.arange(self.max_errors.shape[0]), lines, xlabel="rank", ylabel="largest move of a row")


@arrays("host")
def attention_rank(
    Q: ArrayLike,
    K: ArrayLike,
    V: ArrayLike | None = None,
    *,
    rank: int | None = None,
    max_error: float | None = None,
    method: str = "product",
    mask: str | ArrayLike | None = None,
    center: bool = True,
) -> AttentionRank:
    r"""Find the rank that the logits of an attention head need, with the error of every rank (statement DR-7).

    Arrays: any (copied to the host)

    Parameters
    ----------
    Q : array of shape (L_Q, d)
        Queries; logits are Q K^T / sqrt(d).
    K : array of shape (L_K, d)
        Keys.
    V : array of shape (L_K, d_V), or None
        Values. With them errors are those of the rows of the output, in their units; without, total variations.
    rank : int or None
        From 0 to min(L_Q, L_K, d) for "product", and to d for "factors".
    max_error : float or None
        In place of a rank: the error that a row may have; the smallest rank whose measured error is at most that.
    method : {"product", "factors"}
        Truncate the logits, or queries and keys one by one, as published code does.
    mask : None, "causal", or bool array of shape (L_Q, L_K)
        Keys that each query sees, at least one.
    center : bool
        Subtract the mean of the keys first, which changes no weight.

    Returns
    -------
    AttentionRank
        Rank, new queries and new keys. Single precision stays single.

    Raises
    ------
    TypeError
        If an input is not an array of real numbers.
    ValueError
        If shapes do not fit, a number is not finite, a query sees no key, not exactly one of rank and max_error is
        given, or the error is negative.

    References
    ----------
    .. [1] C. Erden, Dynamic Rank Reinforcement Learning for Adaptive Low-Rank Multi-Head Self Attention in Large
       Language Models, arXiv 2512.15973, 2025.

    Examples
    --------
    >>> found = attention_rank([[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 2.0]], rank=1)
    >>> found.Q.shape, found.max_errors.round(6).tolist()
    ((2, 1), [0.30443, 0.0, 0.0])
    """
    given = [floats(name, x, shape=(None, None)) for name, x in (("Q", Q), ("K", K))]
    kind = np.result_type(*given, np.float32)
    queries, keys = (x.astype(np.float64) for x in given)
    if 0 in queries.shape:
        raise must("Q", "a matrix with entries", queries.shape)
    if queries.shape[1] != keys.shape[1] or len(keys) == 0:
        raise must("K", f"of shape (n, {queries.shape[1]}), as `Q`", keys.shape)
    if unit_of(queries) + unit_of(keys) > 1000:
        raise must("Q, K", "numbers whose products are in the range of doubles", float(np.abs(queries).max()))
    one_of(rank=rank, max_error=max_error)
    limit = None if max_error is None else real("max_error", max_error, low=0)  # in the units of the values
    choice("method", method, ("product", "factors"))
    values = None if V is None else floats("V", V, shape=(len(keys), None)).astype(np.float64)
    unit = 0 if values is None else unit_of(values)
    values = None if values is None else np.ldexp(values, -unit)  # so that no square leaves the range of doubles
    seen = _seen(mask, len(queries), len(keys))
    rank_of_one(rank, queries.shape[1], *((len(queries), len(keys)) if method == "product" else ()))
    moved = centered(keys) if flag("center", center) else keys
    if method == "product":
        pairs, spectrum = _products(queries, moved, kind)
    else:
        pairs, spectrum = list(zip(_cut(queries, kind), _cut(moved, kind), strict=True)), np.zeros(0)
    scale = 1 / math.sqrt(queries.shape[1])
    logits = queries @ moved.T * scale
    before = _softmax(logits, seen)
    width = 1.0 if values is None else _diameter(values)
    errors, bounds = [], []
    for left, right in pairs:  # errors are those of the factors that are handed out
        new = left.astype(np.float64) @ right.T * scale
        after = _softmax(new, seen)
        errors.append(true_value(_largest_move(before, after, values), unit))
        change = np.where(seen, new - logits, np.nan)
        widest = float(np.max(np.nanmax(change, axis=1) - np.nanmin(change, axis=1)))
        bounds.append(true_value(float(tanh_bound(widest, width)), unit))
    if limit is None:
        chosen = rank or 0
    else:
        chosen = next((r for r, error in enumerate(errors) if error <= limit), len(errors) - 1)
    return AttentionRank(
        rank=chosen,
        Q=pairs[chosen][0],
        K=pairs[chosen][1],
        max_errors=np.array(errors),
        bounds=np.array(bounds),
        diameter=true_value(width, unit),
        singular_values=spectrum * scale,
        method=method,
        reason="asked for" if limit is None else "the smallest rank whose measured error is at most max_error",
    )


def centered(keys: np.ndarray) -> np.ndarray:
    """The keys without their mean, whose sum may be beyond the range of doubles."""
    unit = unit_of(keys)
    scaled = np.ldexp(keys, -unit)
    with np.errstate(over="ignore"):
        found = np.ldexp(scaled - scaled.mean(axis=0), unit)
    if not np.isfinite(found).all():
        raise must("K", "numbers whose distance from their mean is in the range of doubles", float(np.abs(keys).max()))
    return found


def _seen(mask: Any, n_queries: int, n_keys: int) -> np.ndarray:
    """Which keys each query sees; "causal" lets the last query see all keys, and an earlier one as many fewer."""
    if mask is None:
        return np.ones((n_queries, n_keys), bool)
    if isinstance(mask, str):
        choice("mask", mask, ("causal",))
        seen = np.tril(np.ones((n_queries, n_keys), bool), n_keys - n_queries)
    else:
        seen = as_array("mask", mask)
        if seen.dtype != bool or seen.shape != (n_queries, n_keys):
            raise must("mask", f'None, "causal", or a bool array of shape ({n_queries}, {n_keys})', mask)
    if not seen.any(axis=1).all():
        raise must("mask", "one under which every query sees a key", int(np.argmin(seen.any(axis=1))))
    return seen


def _products(Q: np.ndarray, K: np.ndarray, kind: Any) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Balanced factors of the best approximation of Q K^T of every rank, and its singular values."""
    found = core(Q, np.ascontiguousarray(K.T), "qr")
    left, right = (factor.astype(kind) for factor in found.factors(len(found.values)))
    return [(left[:, :r], right[:r].T) for r in range(len(found.values) + 1)], found.values


def _cut(X: np.ndarray, kind: Any) -> list[np.ndarray]:
    """The best approximations of every rank up to the number of columns."""
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return [(U[:, :r] * s[:r] @ Vt[:r]).astype(kind) for r in range(X.shape[1] + 1)]


def _softmax(logits: np.ndarray, seen: np.ndarray) -> np.ndarray:
    shifted = np.where(seen, logits, -np.inf)
    powers = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    made: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return made


def _largest_move(before: np.ndarray, after: np.ndarray, values: np.ndarray | None) -> float:
    """The largest distance of a row of the output, or the largest total variation of a row of the weights."""
    off = after - before
    moves = np.abs(off).sum(axis=1) / 2 if values is None else np.linalg.norm(off @ values, axis=1)
    return float(moves.max())


def _diameter(values: np.ndarray) -> float:
    """The largest distance of two rows, row by row."""
    return max(float(np.linalg.norm(values - row, axis=1).max()) for row in values)

r"""The products with p, computed without any L x L matrix: exp becomes a polynomial, sums over keys become moments.

With monomials u_i of query i and m_j of key j, exp(<q_i, k_j>) is close to <u_i, w o m_j>. Every entry of p is
p_ij = f_ij <g_i, [1, v_j]> with g_i = [-r_i, c_i], so all that a row needs from the keys is

.. math:: \sum_j A_{ij}\, [1, v_j] \otimes [1, R_j] =
   u_i^\top \Big( w \circ \sum_j m_j\, ([1, v_j] \otimes [1, R_j]) \Big)

one table of k (1 + d)(1 + n) moments, which a first pass over the keys adds up. A second pass multiplies it by the
features of each query i. The result is a matrix of (1 + d)(1 + n) numbers: its corner is the row sum D_i, its first
column gives the output, and the rest gives p R. For p^T S and f^T c the second pass adds up moments of the queries,
which a third pass multiplies by the features of each key. Some keys may be kept exact: each is a feature of its own,
whose value for query i is exp(<q_i, k_j>).

These are the low-rank factors of f and p in the paper's Lemmas 3.3 to 3.7, multiplied out before they are stored: the
row-wise Kronecker product with [1, v_j] is its rank k d factor of p_1, and -r_i is p_2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import must
from lrtheory.lora_limits.products.attention import Attention, Products
from lrtheory.lora_limits.products.features import feature_weights, monomials

__all__ = ["Factors", "NotPositive", "largest_logit", "low_rank_products", "multiply_adds", "polynomial_factors"]

LOST = 1e-3  # the relative error by rounding from which on features are refused
TOKENS = 512  # tokens in a block, few enough that its features stay in the caches


class NotPositive(ValueError):
    """Raised where a row of the approximated exponentials has no positive sum and cannot be normalized.

    A polynomial whose relative error is below 1 is positive on its interval, so this needs a larger error (LL-D1).
    """


class Factors(NamedTuple):
    """Low-rank factors of the exponentials, A = U diag(weights) V^T, made a block of tokens at a time.

    `queries(i, stop)` and `keys(i, stop)` return rows i, ..., stop - 1 of U and of V transposed, (k, tokens). Weights
    are (k, 1), and None means that all are 1.
    """

    queries: Callable[[int, int], Any]
    keys: Callable[[int, int], Any]
    weights: Any = None


def polynomial_factors(xp: Any, head: Attention, coefficients: np.ndarray) -> Factors:
    """Return the factors of P(<x_i, y_j>) with P(s) = sum_k coefficients[k] s^k: monomials, made when asked for."""
    x, y = head.factors
    degree = len(coefficients) - 1
    weights = xp.asarray(feature_weights(coefficients, x.shape[1]), device=x.device)
    return Factors(
        queries=lambda i, stop: monomials(xp, x[i:stop, :], degree),
        keys=lambda i, stop: monomials(xp, y[i:stop, :], degree),
        weights=weights[:, None],
    )


class _Moments(NamedTuple):
    """A table of moments: one row per feature, and one row per key that is kept exact, with the same columns."""

    smooth: Any  # (k, columns)
    exact: Any  # (n_exact, columns)


def low_rank_products(xp: Any, head: Attention, factors: Factors, n_exact: int = 0) -> Products:
    """Compute the products of one head from factors of its attention; the last `n_exact` keys are kept exact."""
    with_ones = _with_ones(xp, head.values)  # [1, v_j]
    columns = _with_ones(xp, head.right, like=head.values)  # [1, R_j]
    moments = _key_moments(xp, factors, (with_ones, columns), n_exact)
    loss, right, back = _over_queries(xp, head, factors, (moments, with_ones.shape[1], columns.shape[1]))
    left = transport = None
    if back is not None:
        left, transport = _over_keys(xp, head, factors, (back, with_ones))
    return Products(loss, right, left, transport)


def _weighted(xp: Any, factors: Factors, table: Any, kind: Any) -> Any:
    """Multiply a table of moments by the weights of the features, in double precision, and cast it to `kind`."""
    return xp.astype(table if factors.weights is None else factors.weights * table, kind)


def _key_moments(xp: Any, factors: Factors, columns: tuple[Any, Any], n_exact: int) -> _Moments:
    """Do the first pass: sum_j w o m_j ([1, v_j] kron [1, R_j]) over smooth keys, and the rows of the exact ones."""
    smooth = columns[0].shape[0] - n_exact
    table = lambda i, stop: _kron(xp, *(side[i:stop, :] for side in columns))
    # Blocks in single precision are added in double precision: beside the sum over all keys, the last block would lose
    # its digits.
    parts = (xp.astype(factors.keys(i, stop) @ table(i, stop), xp.float64) for i, stop in _blocks(smooth))
    return _Moments(_weighted(xp, factors, sum(parts), columns[0].dtype), table(smooth, smooth + n_exact))


def _over_queries(
    xp: Any, head: Attention, factors: Factors, gathered: tuple[_Moments, int, int]
) -> tuple[Any, Any, Any]:
    """Do the second pass: loss, p R, and the moments of the queries where p^T S or f^T c is wanted, else None.

    `gathered` has the moments of the keys and the widths of [1, v_j] and [1, R_j]. The moments of the queries have the
    columns [-r_i, c_i] / D_i kron S_i, then c_i / D_i.
    """
    x, y = head.factors
    moments, n_values, n_columns = gathered
    n_exact, loss, right, smooth, exact = moments.exact.shape[0], 0.0, [], 0.0, 0.0
    for i, stop in _blocks(x.shape[0]):
        u = factors.queries(i, stop)
        sums = u.T @ moments.smooth
        if n_exact:
            logits = x[i:stop, :] @ y[y.shape[0] - n_exact :, :].T
            # Each row is scaled by exp(-peak), a factor that cancels in the division by D, so that no exact exponential
            # overflows. The peak is at least 0, because the logits of the polynomial lie around 0 and its features
            # must not be scaled up.
            peak = xp.maximum(xp.max(logits, axis=1), xp.zeros_like(logits[:, 0]))
            powers, shrink = xp.exp(logits - peak[:, None]), xp.exp(-peak)
            sums = shrink[:, None] * sums + powers @ moments.exact
            u = u * shrink
        sums = xp.reshape(sums, (stop - i, n_values, n_columns))
        D = sums[:, 0, 0]  # the moment of [1] kron [1]: the row sum of the approximated exponentials
        if not bool(xp.min(D) > 0):
            rule = "'tiled': a row of the approximated exponentials has a sum that is not positive"
            raise must("method", rule, "another", NotPositive)
        output = sums[:, 1:, 0] / D[:, None]
        c = output - head.targets[i:stop, :]
        loss = loss + xp.sum(c * c, dtype=xp.float64) / 2
        # p_ij = A_ij <g_i, [1, v_j]> with the division by D_i already in g_i = [-r_i, c_i] / D_i
        g = xp.concat([-xp.sum(c * output, axis=1, keepdims=True), c], axis=1) / D[:, None]
        if head.right is not None:
            right.append((g[:, None, :] @ sums[:, :, 1:])[:, 0, :])
        wanted = [] if head.left is None else [_kron(xp, g, head.left[i:stop, :])]
        wanted += [c / D[:, None]] if head.transport else []
        if wanted:
            table = xp.concat(wanted, axis=1)
            smooth = smooth + xp.astype(u @ table, xp.float64)
            exact = exact + xp.astype(powers.T @ table, xp.float64) if n_exact else xp.zeros_like(table[:0, :])
    found = xp.concat(right, axis=0) if right else None
    if head.left is None and not head.transport:
        return loss, found, None
    return loss, found, _Moments(_weighted(xp, factors, smooth, x.dtype), xp.astype(exact, x.dtype))


def _over_keys(xp: Any, head: Attention, factors: Factors, gathered: tuple[_Moments, Any]) -> tuple[Any, Any]:
    """Do the third pass: each key multiplies the moments of the queries by its features, for p^T S and f^T c."""
    (moments, with_ones), y = gathered, head.factors[1]
    smooth = y.shape[0] - moments.exact.shape[0]
    parts = [factors.keys(i, stop).T @ moments.smooth for i, stop in _blocks(smooth)]
    sums = xp.concat([*parts, moments.exact], axis=0)
    n_left = 0 if head.left is None else head.left.shape[1]
    cut = n_left * with_ones.shape[1]
    left = xp.reshape(sums[:, :cut], (y.shape[0], with_ones.shape[1], n_left)) if n_left else None
    left = None if left is None else xp.sum(with_ones[:, :, None] * left, axis=1)
    return left, sums[:, cut:] if head.transport else None


def _blocks(n: int) -> Iterator[tuple[int, int]]:
    """Yield the blocks (start, stop) of at most `TOKENS` of n tokens."""
    return ((i, min(i + TOKENS, n)) for i in range(0, n, TOKENS))


def _with_ones(xp: Any, table: Any, like: Any = None) -> Any:
    """Put a column of ones before a table; without a table, return a column of ones beside `like`."""
    source = like if table is None else table
    one = xp.ones_like(source[:, :1])
    return one if table is None else xp.concat([one, table], axis=1)


def _kron(xp: Any, a: Any, b: Any) -> Any:
    """Return the row-wise Kronecker product: row i is a_i kron b_i, with the index of b running fastest."""
    return xp.reshape(a[:, :, None] * b[:, None, :], (a.shape[0], a.shape[1] * b.shape[1]))


def multiply_adds(head: Attention, n_features: int) -> int:
    """Count the flops of the three passes: two per multiply-add, and one per feature that is made for a token."""
    x, y = head.factors
    n_values = 1 + head.values.shape[-1]
    right = 1 + (0 if head.right is None else head.right.shape[-1])
    back = (0 if head.left is None else n_values * head.left.shape[-1]) + (n_values - 1) * head.transport
    n_queries, n_keys = x.shape[-2], y.shape[-2]
    table = n_values * right + back
    features = n_queries + n_keys + (n_keys if back else 0)
    return n_features * (2 * (n_queries + n_keys) * table + features)


def largest_logit(head: Attention) -> float:
    """Return the M at which rounding leaves three digits: exp(2 M) u = 1e-3; 15 in double precision, 5 in single.

    Monomials of logits up to M add up to exp(M) in absolute value, also where they have to give exp(-M): the rounding u
    of the first, relative to the second, is exp(2 M) u.
    """
    return math.log(LOST / (float(np.finfo(to_numpy(head.factors[0][..., :1, :]).dtype).eps) / 2)) / 2

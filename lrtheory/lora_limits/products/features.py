r"""Features that write a polynomial of inner products as an inner product: P(<x, y>) = sum_a w_a x^a y^a, \|a\| <= g.

In d variables there are binom(g + d, d) monomials. Those of degree k, ordered by their last variable, are
x_j (the monomials of degree k - 1 whose last variable is at most j) for j = 1, ..., d: each costs one product, and
no table of exponents is needed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory._array import arrays, kernel, real_array
from lrtheory._kernels.units import largest_of
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, must
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.head import device_of, one_library
from lrtheory.lora_limits.polynomials import Polynomial

__all__ = ["LARGEST_TABLE", "attention_factors", "feature_weights", "monomials"]

LARGEST_TABLE = 2**28  # numbers in the tables of features and moments, 2 GB


@arrays("device")
def attention_factors(Q: ArrayLike, K: ArrayLike, polynomial: Polynomial) -> tuple[Any, Any]:
    r"""U and V with U V^T = P(Q K^T), entry by entry and exactly (statement LL-D4).

    Arrays: any (device)

    Parameters
    ----------
    Q : array of shape (L_Q, d)
        Queries, with the inverse temperature in them.
    K : array of shape (L_K, d)
        Keys.
    polynomial : Polynomial
        P, from `exp_polynomial`.

    Returns
    -------
    U, V : arrays of shape (L_Q, k) and (L_K, k)
        k = binom(g + d, d); the weights of the monomials are on the side of the keys.

    Raises
    ------
    ValueError
        If the widths differ, a number is not finite, the tables do not fit, or a monomial leaves the range of numbers.
    TypeError
        If an argument is not an array of real numbers, or `polynomial` is not a Polynomial.

    Proof
    -----
    Assumes: shapes fit and numbers are finite (checked here).

    Proof: <x, y>^k = sum_{\|a\| = k} (k! / a!) x^a y^a (multinomial theorem), so w_a = a_k k! / a!.

    Checked by: LL-D4.

    Examples
    --------
    >>> from lrtheory.lora_limits import exp_polynomial
    >>> U, V = attention_factors(np.array([[1.0, 2.0]]), np.array([[3.0, 0.5]]), exp_polynomial(4.0, degree=2))
    >>> U.shape, float((U @ V.T)[0, 0])
    ((1, 6), 13.0)
    """
    xp, device = one_library(Q=Q, K=K), device_of(Q, K)
    queries, keys = (real_array(xp, name, value, device=device) for name, value in (("Q", Q), ("K", K)))
    if queries.ndim != 2 or keys.ndim != 2 or queries.shape[1] != keys.shape[1] or queries.shape[1] == 0:
        raise must("Q, K", "matrices of equal width that is not 0", (tuple(queries.shape), tuple(keys.shape)))
    if not isinstance(polynomial, Polynomial):
        raise must("polynomial", "a Polynomial, such as exp_polynomial(1.0, degree=2)", polynomial, TypeError)
    n_features = theory.n_features(queries.shape[1], polynomial.degree)
    if n_features * max(queries.shape[0], keys.shape[0], 1) > LARGEST_TABLE:
        rule = f"of a smaller degree: {n_features} features of each token are more than fit in memory"
        raise must("polynomial", rule, Words(f"degree {polynomial.degree}"))
    for name, value in (("Q", queries), ("K", keys)):
        size = largest_of(value)
        if size > 1 and polynomial.degree * math.log(size) > math.log(float(xp.finfo(value.dtype).max)):
            raise must(name, f"so small that its monomials of degree {polynomial.degree} are numbers", size)
    weights = feature_weights(polynomial.coefficients, queries.shape[1])
    weights = xp.asarray(weights, dtype=keys.dtype, device=keys.device)
    return monomials(xp, queries, polynomial.degree).T, monomials(xp, keys, polynomial.degree).T * weights


def monomials(xp: Any, X: Any, degree: int) -> Any:
    """Return all monomials up to a degree of the rows of X (n, d), as (k, n), degree by degree (statement LL-D4)."""
    if isinstance(X, np.ndarray):
        out = np.empty((theory.n_features(X.shape[1], degree), len(X)), X.dtype)
        fill_monomials(np.ascontiguousarray(X.T), degree, out)
        return out
    columns = [X[:, j][None, :] for j in range(X.shape[1])]
    # as in `fill_monomials`, but a whole degree at a time: `last` are the monomials of the last degree
    last, ends = xp.ones_like(columns[0]), [1] * len(columns)
    levels = [last]
    for _ in range(degree):
        parts = [column * last[:end, :] for column, end in zip(columns, ends, strict=True)]
        last, ends = xp.concat(parts, axis=0), np.cumsum(ends).tolist()
        levels.append(last)
    return xp.concat(levels, axis=0)


@kernel
def fill_monomials(X, degree, out):
    """Write all monomials of the columns of X (d, n) into the rows of `out` (k, n), one product per number.

    Every monomial is made exactly once, from the parent without its last factor: x_j only extends monomials whose last
    variable is at most j, so the variables of a monomial never fall along the way to it.
    """
    d, n = X.shape
    out[0] = 1
    # ends[j] is the number of monomials of the last degree whose last variable is at most j. They are the first ones of
    # that degree, from row `start` on. The constant 1 has no last variable, so every x_j may extend it.
    ends = np.ones(d, np.int64)
    start, index = 0, 1
    for _ in range(degree):
        first = index
        for j in range(d):
            for parent in range(start, start + ends[j]):
                for token in range(n):
                    out[index, token] = out[parent, token] * X[j, token]
                index += 1
            ends[j] = index - first  # the old count was read above, and later j read their own
        start = first


def feature_weights(coefficients: np.ndarray, n_variables: int) -> np.ndarray:
    """Return the weight w_a = a_k k! / a! of every monomial, in the order of `monomials`.

    A monomial x_j b of degree k, where b is its parent, has k! / a! = (k / a_j) (k - 1)! / b! with the exponent a_j of
    x_j. So the weights follow from those of the parents, and no factorial overflows. `repeats` has the exponent of the
    last variable for each monomial of the last degree.
    """
    multinomial, repeats, ends = np.ones(1), np.zeros(1), np.ones(n_variables, np.int64)
    levels = [coefficients[:1] * multinomial]
    for k in range(1, len(coefficients)):
        counts, values, before = [], [], 0
        for end in ends.tolist():
            count = np.ones(end)
            count[before:end] = (
                repeats[before:end] + 1
            )  # these parents end with x_j already, so its exponent grows by 1
            counts.append(count)
            values.append(multinomial[:end] * k / count)
            before = end if k > 1 else 0  # the constant 1 ends with no variable
        multinomial, repeats, ends = np.concatenate(values), np.concatenate(counts), np.cumsum(ends)
        levels.append(coefficients[k] * multinomial)
    return np.concatenate(levels)

"""Methods of others for adapters and budgets: the product itself, a random range, averaged factors, one rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._kernels.low_rank import Core, core, difference, tail
from lrtheory._result.low_rank import STATEMENT as BEST
from lrtheory._result.low_rank import FactorsCertificate, LowRankFactors
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import as_array, generator, integer, must, real, sequence
from lrtheory.matrix_compression.adapters.merge import beside_of, opened
from lrtheory.matrix_compression.adapters.result import AdapterResult, Loss, finished, joined
from lrtheory.matrix_compression.adapters.squeeze import checked_factors, scaling
from lrtheory.matrix_compression.budgets.allocation import RankAllocation, certify_ranks
from lrtheory.matrix_compression.layers.truncate import truncate
from lrtheory.matrix_compression.sizes import one_of, rank_for, rank_of_one

__all__ = ["dense_svd", "factor_average", "randomized_svd", "uniform_ranks"]


@arrays("host")
def dense_svd(
    B: ArrayLike, A: ArrayLike, rank: int | None = None, *, scale: float = 1.0, epsilon: float | None = None
) -> LowRankFactors:
    """Form the product s B A and decompose it, as scripts do that change the rank of an adapter.

    Arrays: any (copied to the host)

    Parameters
    ----------
    B : array of shape (d_out, q)
        The left factor.
    A : array of shape (q, d_in)
        The right factor.
    rank, scale, epsilon : numbers or None
        As for `squeeze`.

    Returns
    -------
    LowRankFactors
        Factors of scale 1, equal to those of `squeeze` up to rounding.

    Raises
    ------
    ValueError
        As for `squeeze`.

    Examples
    --------
    >>> dense_svd([[1.0], [0.0]], [[0.0, 2.0]], 1).error
    0.0
    """
    left, right = _pair(B, A)
    return truncate(scaling("scale", scale) * (left @ right), rank, epsilon=epsilon)


@arrays("host")
def randomized_svd(
    B: ArrayLike,
    A: ArrayLike,
    rank: int | None = None,
    *,
    scale: float = 1.0,
    epsilon: float | None = None,
    oversampling: int = 10,
    n_powers: int = 0,
    rng: Rng = None,
) -> LowRankFactors:
    r"""Approximate s B A in the range of a few random combinations of its columns (statement SQ-2).

    Arrays: any (copied to the host)

    Parameters
    ----------
    B : array of shape (d_out, q)
        The left factor.
    A : array of shape (q, d_in)
        The right factor.
    rank, scale, epsilon : numbers or None
        As for `squeeze`; the error is that within the range.
    oversampling : int
        p, the combinations beyond the rank.
    n_powers : int
        Number of multiplications of the range by the matrix and its transpose.
    rng : Generator, int or None
        Source of the combinations.

    Returns
    -------
    LowRankFactors
        Factors of scale 1. Their singular values are estimates from below, and the error is measured.

    Raises
    ------
    ValueError
        As for `squeeze`, or if a number is out of range; with `epsilon` the rank must be found among all columns.

    References
    ----------
    .. [1] N. Halko, P.-G. Martinsson, J. Tropp, Finding structure with randomness, SIAM Review 53, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> round(randomized_svd(np.eye(3), np.eye(3), 1, rng=0).error ** 2, 12)
    0.666666666667
    """
    left, right = _pair(B, A)
    left = left * scaling("scale", scale)
    one_of(rank=rank, epsilon=epsilon)
    rank_of_one(rank, left.shape[0], right.shape[1])
    p, powers = integer("oversampling", oversampling, low=0), integer("n_powers", n_powers, low=0)
    width = min(left.shape[0], right.shape[1], (left.shape[1] if rank is None else rank) + p)
    Y = left @ (right @ generator(rng).normal(size=(right.shape[1], width)))
    for _ in range(powers):
        # orthonormal columns before each power, or all of them turn into the first singular vector by rounding
        Y = left @ (right @ (right.T @ (left.T @ np.linalg.qr(Y)[0])))
    basis = np.linalg.qr(Y)[0]
    U, values, Vt = np.linalg.svd((basis.T @ left) @ right, full_matrices=False)
    found = Core(values, (basis, U), (np.eye(len(values)), Vt), 0.0, "randomized", "")
    kept = rank_for(values, rank, epsilon)
    new_left, new_right = found.factors(kept)
    truth = core(left, right)
    error, rounding = difference((left, right, 1.0), (new_left, new_right, 1.0))
    least, most = max(0.0, tail(truth.values, kept) - truth.rounding), error + rounding
    norm = tail(truth.values, 0)
    proof = FactorsCertificate._of(most, least, BEST, new_left, new_right, 1.0)
    share = error / norm if norm > 0 else 0.0
    return LowRankFactors(new_left, new_right, 1.0, values, share, "randomized", "the range of random columns", proof)


def _pair(B: Any, A: Any) -> tuple[np.ndarray, np.ndarray]:
    left, right = checked_factors(array_namespace(B, A), B, A)
    return left.astype(np.float64), right.astype(np.float64)


def factor_average(adapters: Sequence[AdapterFile | str | Path], weights: ArrayLike | None = None) -> AdapterResult:
    r"""Merge adapters as "linear" does: add up left factors and right factors, each with the root of its weight.

    The product of the sums is not the sum of the products: what it misses are the cross terms of statement MG-3, and it
    depends on the gauge in which each adapter happens to be.

    Parameters
    ----------
    adapters : sequence of AdapterFile or path
        Adapters of one rank.
    weights : sequence of float or None
        One number an adapter; None weighs each by 1.

    Returns
    -------
    AdapterResult
        Adapter of scale 1, and the error that the sum of the factors has.

    Raises
    ------
    TypeError
        If an argument is not of its kind.
    ValueError
        If there is no adapter, weights do not fit, or modules have different ranks or shapes.

    Examples
    --------
    Three as the sum of 1 and 2, by factors 1 * 1 and 2 * 1:

    >>> pair = [AdapterFile({"q": AdapterModule([[b]], [[1.0]])}) for b in (1.0, 2.0)]
    >>> found = factor_average(pair)
    >>> found.adapter.dense("q").tolist(), round(found.error, 12)
    ([[6.0]], 1.0)
    """
    read, firsts, parts = opened(adapters, weights)
    modules, losses, spectra = {}, {}, {}
    for name, updates in parts.items():
        ranks, first = sorted({B.shape[1] for B, _, _ in updates}), firsts[name]
        if len(ranks) > 1:
            raise must("adapters", f"adapters with one rank of {name!r}", ranks)
        B = np.sum([math.copysign(math.sqrt(abs(s)), s) * np.asarray(b, np.float64) for b, _, s in updates], axis=0)
        A = np.sum([math.sqrt(abs(s)) * np.asarray(a, np.float64) for _, a, s in updates], axis=0)
        modules[name] = AdapterModule(B, A, kind=first.kind, kernel=first.kernel, dtype="F64")
        whole = joined(updates)
        found, error = core(*whole), sum(difference((*whole, 1.0), (B, A, 1.0)))
        spectra[name], least = found.values, max(0.0, tail(found.values, B.shape[1]) - found.rounding)
        losses[name] = Loss(tail(found.values, 0), error, least, max(least, error))
    more = beside_of(read, weights, None)
    more["message"] = "; ".join(one for one in ("factors were added up, not their products", more["message"]) if one)
    return finished(read, modules, losses, spectra=spectra, method="linear", **more)


def uniform_ranks(
    spectra: Sequence[ArrayLike] | Mapping[str, ArrayLike],
    shapes: Sequence[tuple[int, int]] | Mapping[str, tuple[int, int]],
    *,
    ratio: float = 3.0,
) -> RankAllocation:
    r"""Give every matrix the rank that leaves the same share of its own numbers: m n // (ratio (m + n)).

    Parameters
    ----------
    spectra : sequence or mapping of arrays of shape (q,)
        The singular values of each matrix, decreasing.
    shapes : sequence or mapping of pairs (m, n)
        Rows and columns of each matrix.
    ratio : float
        Quotient of the numbers of parameters before and after, at least 1.

    Returns
    -------
    RankAllocation
        Ranks, and a bound on the energy that any ranks with as many parameters keep.

    Raises
    ------
    ValueError
        If a number is out of range, or names do not fit.

    Examples
    --------
    >>> uniform_ranks([[3.0, 2.0, 1.0, 1.0]], [(4, 4)], ratio=2.0).ranks.tolist()
    [1]
    """
    ratio = real("ratio", ratio, low=1)
    spectra = spectra if isinstance(spectra, Mapping) else sequence("spectra", spectra)
    if isinstance(spectra, Mapping) and isinstance(shapes, Mapping) and set(shapes) == set(spectra):
        shapes = [shapes[name] for name in spectra]
    if isinstance(shapes, Mapping) or as_array("shapes", shapes).shape != (len(spectra), 2):
        raise must("shapes", "a pair for each of the spectra", shapes)
    sizes = [(integer("shapes", m, low=1), integer("shapes", n, low=1)) for m, n in shapes]
    ranks = [min(int(m * n // (ratio * (m + n))), m, n) for m, n in sizes]
    return certify_ranks(spectra, ranks, cost=[m + n for m, n in sizes])

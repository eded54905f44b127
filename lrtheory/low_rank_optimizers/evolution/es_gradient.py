"""One estimate of a gradient from values alone, for functions that can be called."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._array import array_namespace, arrays, beside, real_array, to_numpy
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike, Rng
from lrtheory._validation import must
from lrtheory.low_rank_optimizers.evolution.low_rank_es import LowRankES, estimate
from lrtheory.low_rank_optimizers.evolution.perturbations import Perturbations

__all__ = ["ESGradient", "es_gradient"]


@result
class ESGradient(Result):
    """An estimate of the gradient of the expected value under perturbations.

    Attributes
    ----------
    gradient : array or tuple of arrays
        Estimate of the gradient, in the shape of the weights.
    differences : array of shape (pairs that were kept,)
        (f_2p - f_(2p+1)) / 2; values themselves without mirrored pairs.
    standard_error : float
        Estimated root mean square of the distance (in the Frobenius norm, all layers together) between `gradient` and
        its expectation; infinite for a single pair.
    message : str
        Reason for the missing certificate.
    counts : mapping of str to int
        Counts of the one step that made the estimate, as in `ESStep`.
    certificate : None
        There is none.
    """

    gradient: Array | tuple[Array, ...]
    differences: np.ndarray
    standard_error: float
    message: str
    counts: Mapping[str, int]
    certificate: None = None


@arrays("device")
def es_gradient(
    f: Callable[[Any], float],
    weights: ArrayLike | Sequence[ArrayLike],
    *,
    sigma: float,
    rank: int = 1,
    population_size: int,
    factors: str = "sign",
    mirrored: bool = True,
    shaping: str = "raw",
    rng: Rng = None,
) -> ESGradient:
    r"""Estimate the gradient of a function from its values at members of one generation.

    Parameters
    ----------
    f : callable
        Takes what `weights` is, one array or a list of arrays, and returns a number. A pair with a value that is not
        finite is left out.
    weights : array of shape (m, n) or (m,), or list or tuple of such arrays
        Weights at which the gradient is estimated, one array per layer.
    sigma : float
        Above 0: the standard deviation of each entry of a perturbation.
    rank : int
        r, columns of the factors of each perturbation, at least 1.
    population_size : int
        Number of values, even with mirrored pairs.
    factors, mirrored, shaping : as of `LowRankES`
        The law of the factors, whether members come in pairs, and what stands in for differences.
    rng : int, SeedSequence, Generator or None
        Gives the seed of the noise.

    Returns
    -------
    ESGradient
        The estimate with its standard error. Its expectation is the gradient itself for quadratics (statement EG-V).

    Raises
    ------
    ValueError
        If an option is out of range, weights are not finite, or no pair has finite values.
    TypeError
        If an argument is of the wrong kind.

    See Also
    --------
    LowRankES : The same step by step, for values that are computed elsewhere.

    Notes
    -----
    The squared standard error is (sum_p \|g_p\|^2 / P - \|g\|^2) / (P - 1), with g_p the estimate of one pair. No g_p
    is formed, since the squared norm of A B^T is the sum of the products of the entries of A^T A and B^T B.

    Arrays: any (device)

    Examples
    --------
    >>> import numpy as np
    >>> found = es_gradient(lambda W: 3 * W[0, 1], np.zeros((2, 2)), sigma=0.1, population_size=4000, rng=0)
    >>> bool(np.linalg.norm(found.gradient - [[0, 3], [0, 0]]) < 3 * found.standard_error)
    True
    """
    if not callable(f):
        raise must("f", "callable", f, TypeError)
    many = isinstance(weights, (list, tuple)) and len(weights) > 0 and all(getattr(one, "shape", ()) for one in weights)
    given: list[Any] = list(weights) if many else [weights]  # type: ignore[arg-type]
    xp = array_namespace(*given)
    centers = [real_array(xp, f"weights[{i}]" if many else "weights", one) for i, one in enumerate(given)]
    host = [to_numpy(center) for center in centers]
    for one in host:
        if one.ndim not in (1, 2) or not one.size:
            raise must("weights", "of shape (m, n) or (m,), none of them 0", one.shape)
    options: dict[str, Any] = {"factors": factors, "mirrored": mirrored, "shaping": shaping, "rng": rng}
    es = LowRankES([one.shape for one in host], sigma=sigma, rank=rank, population_size=population_size, **options)
    generation = es.ask()

    def value(i: int) -> float:
        member = [beside(W, center) for W, center in zip(generation.member(i, host), centers, strict=True)]
        worth = f(member if many else member[0])
        try:
            return float(worth)
        except (TypeError, ValueError) as error:
            raise must("f", "a function that returns one number", worth, TypeError) from error

    step, pairs = estimate(generation, np.array([value(i) for i in range(population_size)]), shaping, None)
    error = _standard_error(generation, pairs.weights, pairs.kept, step.update)
    gradient = tuple(beside(g.astype(W.dtype), W_) for g, W, W_ in zip(step.update, host, centers, strict=True))
    return ESGradient(
        gradient if many else gradient[0],
        beside(step.pair_differences, centers[0]),
        error,
        step.message,
        step.counts,
        step.certificate,
    )


def _standard_error(generation: Perturbations, weights: np.ndarray, kept: int, update: tuple[np.ndarray, ...]) -> float:
    """Estimate the root mean square error of the mean of what the pairs say."""
    if kept < 2:
        return math.inf
    unit = float(np.abs(weights).max())
    if unit == 0.0:
        return 0.0
    scale = float(generation.scale)
    scaled = weights / unit  # squares of tiny or huge weights, and of scales, would leave the range of numbers
    squares = sum(scaled**2 @ _squared_norms(generation, layer) for layer in range(len(update))) / kept
    mean = sum(float(((g / unit * scale) ** 2).sum()) for g in update)
    return unit / scale * math.sqrt(max(0.0, squares - mean) / (kept - 1))


def _squared_norms(generation: Perturbations, layer: int) -> np.ndarray:
    """Squared Frobenius norms of A_p B_p^T / r, or of A_p scale / sigma for vectors, one a pair."""
    A, B = generation.factors(layer)
    left = A.astype(np.float64)
    if B is None:
        return np.asarray((left**2).sum(axis=1) / generation.rank)
    right = B.astype(np.float64)
    grams = np.matmul(left.swapaxes(1, 2), left) * np.matmul(right.swapaxes(1, 2), right)
    return np.asarray(grams.sum(axis=(1, 2)) / generation.rank**2)

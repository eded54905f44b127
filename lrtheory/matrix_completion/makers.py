r"""Random matrices to complete: incoherent ones, coherent ones, and tables of ratings.

Masks are exact Bernoulli samples that take no m n memory: gaps between positions that are seen are geometric.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._numbers import HUGE
from lrtheory._types import Rng
from lrtheory._validation import array, generator, integer, must, pair, real
from lrtheory.matrix_completion.alternation import certificates
from lrtheory.matrix_completion.entries.regressions import kernels
from lrtheory.matrix_completion.problem import CompletionProblem, LowRank, Observations

__all__ = ["make_coherent", "make_low_rank", "make_power_law", "sample_mask"]

BLOCK = 1 << 22  # expected number of observations that are drawn at once
TRIALS = 1 << 40  # largest number of positions that are drawn at once, so that sums of gaps fit an integer of 64 bits
LARGEST = 1e100  # most stars of biases, noise and steps, whose products doubles hold
OVERSAMPLING = 4.0  # observations per degree of freedom, unless the caller says otherwise: enough for most (MC-T2)


def sample_mask(shape: tuple[int, int], density: float, *, rng: Rng = None) -> tuple[np.ndarray, np.ndarray]:
    """Draw positions of a matrix, each seen independently with the same probability.

    Parameters
    ----------
    shape : tuple of two int
        m and n.
    density : float
        Probability p, in [0, 1].
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    rows, cols : int32 arrays of shape (N,)
        In the order of the rows; N is binomial.

    Raises
    ------
    ValueError
        If the probability is out of range.

    Examples
    --------
    >>> rows, cols = sample_mask((1000, 1000), 0.01, rng=0)
    >>> bool(9000 < len(rows) < 11000)
    True
    """
    m, n = _sizes(shape)
    p, rng = real("density", density, low=0, high=1), generator(rng)
    if p == 0:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    lines = max(1, int(min(m, BLOCK / (p * n), TRIALS / n)))
    rows, cols = [], []
    for first in range(0, m, lines):
        seen = _successes(min(lines, m - first) * n, p, rng)
        row = seen // n
        rows.append((row + first).astype(np.int32))
        cols.append((seen - row * n).astype(np.int32))
    return np.concatenate(rows), np.concatenate(cols)


def _successes(n: int, p: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the times, from 0, of success among n independent trials with success probability p."""
    # Gaps between successes are independent and geometric. Each pass draws as many as are expected and four standard
    # deviations more, so a second one is rare.
    found, last = [], -1
    while last < n - 1:
        expected = p * (n - 1 - last)
        gaps = rng.geometric(p, int(expected + 4 * np.sqrt(expected + 1)) + 1)
        times = last + np.cumsum(np.minimum(gaps, n + 1))  # clamped: all gaps beyond the end mean the same
        found.append(times[: np.searchsorted(times, n)])
        last = int(times[-1])
    return np.concatenate(found) if found else np.empty(0, np.int64)


def make_low_rank(
    shape: tuple[int, int],
    rank: int,
    *,
    density: float | None = None,
    oversampling: float | None = None,
    condition: float = 1.0,
    noise: float = 0.0,
    rng: Rng = None,
) -> CompletionProblem:
    """A matrix with random singular vectors, seen in a Bernoulli sample: the incoherent case.

    Parameters
    ----------
    shape : tuple of two int
        m and n.
    rank : int
        k, in [1, min(m, n)].
    density : float or None
        Probability that an entry is seen, in [0, 1]; None takes it from `oversampling`.
    oversampling : float or None
        Expected observations per degree of freedom k (m + n - k); the density is cut at 1. None is 4; not with
        `density`.
    condition : float
        s_1 / s_k, at least 1; the singular values fall geometrically from 1.
    noise : float
        Standard deviation of Gaussian noise on each observation, in units of the root mean square entry.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    CompletionProblem
        Problem whose matrix has entries of root mean square 1.

    Raises
    ------
    ValueError
        If a number is out of range, or `density` and `oversampling` are both given.

    Examples
    --------
    >>> problem = make_low_rank((60, 40), 3, condition=10, rng=0)
    >>> problem.truth.rank, round(problem.truth.condition, 6)
    (3, 10.0)
    """
    rng = generator(rng)
    truth = _random_factors(shape, rank, condition, rng)
    return _observed(truth, _density(shape, rank, density, oversampling), noise, rng)


def make_coherent(
    shape: tuple[int, int],
    rank: int,
    *,
    spike: float = 10.0,
    density: float | None = None,
    oversampling: float | None = None,
    condition: float = 1.0,
    noise: float = 0.0,
    rng: Rng = None,
) -> CompletionProblem:
    """A matrix whose mass lies in few rows: the case in which a uniform sample misses what matters.

    Parameters
    ----------
    shape : tuple of two int
        m and n.
    rank : int
        k, in [1, min(m, n)].
    spike : float
        Factor on the first k rows of the left factor before it is orthonormalized, at least 1. With 1 nothing is
        planted; with infinity M lives in those rows alone.
    density, oversampling, condition, noise, rng : float or None, float or None, float, float, Generator
        As in `make_low_rank`.

    Returns
    -------
    CompletionProblem
        Problem whose left incoherence tends to sqrt(m / k) as the spike grows.

    Raises
    ------
    ValueError
        If a number is out of range, or `density` and `oversampling` are both given.

    Examples
    --------
    >>> from lrtheory.matrix_completion import incoherence
    >>> flat, spiky = (make_coherent((90, 60), 2, spike=s, rng=0) for s in (1.0, 1e6))
    >>> bool(incoherence(flat.truth.U) < 3), round(incoherence(spiky.truth.U) / 45**0.5, 3)
    (True, 1.0)
    """
    rng, spike = generator(rng), real("spike", spike, low=1)
    plain = _random_factors(shape, rank, condition, rng)
    U = plain.U.copy()
    if np.isinf(spike):
        U[plain.rank :] = 0
    else:
        U[: plain.rank] *= spike
    truth = LowRank(np.linalg.qr(U)[0], plain.singular_values, plain.V)
    return _observed(truth, _density(shape, rank, density, oversampling), noise, rng)


def make_power_law(
    shape: tuple[int, int] = (6000, 3500),
    rank: int = 8,
    *,
    n_observed: int = 1_000_000,
    exponents: tuple[float, float] = (0.5, 0.8),
    bias: float = 0.5,
    noise: float = 0.6,
    step: float = 0.5,
    rng: Rng = None,
) -> CompletionProblem:
    """A table of ratings: few rows and columns hold most observations, and all have a bias of their own.

    Parameters
    ----------
    shape : tuple of two int
        m and n.
    rank : int
        Rank of the taste, without mean and biases.
    n_observed : int
        Number of ratings, at most m n / 2.
    exponents : pair of float
        Row i and column j are drawn with weight (i + 1)^-a and (j + 1)^-b.
    bias : float
        Standard deviation of the biases of rows and columns, in stars.
    noise : float
        Standard deviation of the noise, in stars; the taste has standard deviation 0.7.
    step : float
        Ratings are rounded to multiples of this and cut to [0.5, 5]; 0 does neither.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    CompletionProblem
        The truth has rank k + 2, with the mean and the biases, and without noise and rounding.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> problem = make_power_law((200, 100), 2, n_observed=3000, rng=0)
    >>> problem.observations.n_observed, problem.truth.rank
    (3000, 4)
    """
    m, n = pair("shape", shape)
    rank = integer("rank", rank, low=1, high=max(1, min(m, n) - 2))
    count, rng = integer("n_observed", n_observed, low=1, high=max(1, m * n // 2)), generator(rng)
    bias, noise, step = (
        real(name, value, low=0, high=LARGEST) for name, value in (("bias", bias), ("noise", noise), ("step", step))
    )
    rows, cols = _popular(m, n, count, exponents, rng)
    left = np.column_stack([rng.normal(size=(m, rank)), 3.5 + bias * rng.normal(size=m), np.ones(m)])
    right = np.column_stack([0.7 / np.sqrt(rank) * rng.normal(size=(n, rank)), np.ones(n), bias * rng.normal(size=n)])
    truth = certificates.factored(left, right)
    values = kernels.entries(rows, cols, left, right) + noise * rng.normal(size=count)
    if step > 0:
        values = np.clip(step * np.rint(values / step), 0.5, 5.0)
    return CompletionProblem(Observations(rows, cols, values, (m, n)), truth, noise)


def _popular(m: int, n: int, count: int, exponents: Any, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw distinct positions one after the other by weight, in the order in which they came."""
    powers = array("exponents", exponents, shape=(2,), low=0)
    laws = [np.arange(1, size + 1) ** -power for size, power in zip((m, n), powers, strict=True)]
    steps = [np.cumsum(law) / law.sum() for law in laws]
    kept = np.empty(0, np.int64)
    while len(kept) < count:
        drawn = [np.searchsorted(step, rng.random(2 * count), side="right") for step in steps]
        flat = np.concatenate([kept, np.minimum(drawn[0], m - 1) * n + np.minimum(drawn[1], n - 1)])
        _, first = np.unique(flat, return_index=True)  # of a repeated position the first time counts
        kept = flat[np.sort(first)][:count]
    rows, cols = np.divmod(kept, n)
    return rows, cols


def _sizes(shape: Any) -> tuple[int, int]:
    """Check the shape of a matrix, whose positions fit 32 bits."""
    m, n = (integer(f"shape[{i}]", size, low=1, high=2**31 - 1) for i, size in enumerate(pair("shape", shape)))
    return m, n


def _random_factors(shape: Any, rank: int, condition: float, rng: np.random.Generator) -> LowRank:
    """Draw a matrix with Haar singular vectors and geometric singular values."""
    m, n = _sizes(shape)
    k = integer("rank", rank, low=1, high=min(m, n))
    condition = real("condition", condition, low=1, high=HUGE)
    s = np.geomspace(1.0, 1.0 / condition, k)
    s *= np.sqrt(m * n) / np.linalg.norm(s)  # entries of root mean square 1
    U, V = (np.linalg.qr(rng.normal(size=(size, k)))[0] for size in (m, n))
    return LowRank(U, s, V)


def _density(shape: Any, rank: int, density: float | None, oversampling: float | None) -> float:
    """Return the probability that an entry is seen, given by itself or by a number per degree of freedom."""
    if density is not None:
        if oversampling is not None:
            raise must("oversampling", "None where `density` is given", oversampling)
        return real("density", density, low=0, high=1)
    m, n = shape
    ratio = real("oversampling", OVERSAMPLING if oversampling is None else oversampling, low=0)
    if ratio == 0:
        raise must("oversampling", "above 0", ratio)
    return min(1.0, ratio * rank * (m + n - rank) / (m * n))


def _observed(truth: LowRank, density: float, noise: float, rng: np.random.Generator) -> CompletionProblem:
    """Draw a sample of a matrix, with Gaussian noise on each observation."""
    shape = len(truth.U), len(truth.V)
    noise = real("noise", noise, low=0, high=HUGE)
    rows, cols = sample_mask(shape, density, rng=rng)
    values = kernels.entries(rows, cols, truth.U * truth.singular_values, truth.V)
    if noise > 0:
        values += noise * rng.normal(size=len(values))
    return CompletionProblem(Observations(rows, cols, values, shape), truth, noise)

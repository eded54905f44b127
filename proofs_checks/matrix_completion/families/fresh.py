"""A fixed matrix and fresh samples of it make instances of successive half-steps, of noise, and of completions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.matrix_completion import CompletionProblem, LowRank, Observations, complete, half_step, make_low_rank
from lrtheory.matrix_completion import sample_mask as positions
from proofs_checks.matrix_completion.families.half_steps import HalfStepCase, case, orthonormal

# --- iterations with fresh samples -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class FreshSamples:
    """Half-steps on fresh samples of an n x n matrix of rank k, with density p such that p n = c k ln n.

    `oversampling` is c, and `floor` the spectral norm of the inner error of each half-step in units of s_k. The seed
    makes the singular vectors and the start, whose tilt from the truth has relative size 1/2.
    """

    size: int
    rank: int
    condition: float
    oversampling: float
    n_steps: int = 1
    floor: float = 0.0
    seed: int = 0

    @property
    def density(self) -> float:
        """The probability p that an entry is seen."""
        return min(1.0, self.oversampling * self.rank * np.log(self.size) / self.size)

    @property
    def case(self) -> HalfStepCase:
        """The matrix and the start."""
        rng = np.random.default_rng(self.seed)
        return case(self.size, self.size, self.rank, rng, tilt=0.5, condition=self.condition, density=0.0)


def last_factors(fresh: FreshSamples, rng: np.random.Generator, n: int, **options: Any) -> np.ndarray:
    """Return the factor after the last half-step of n runs, (n, size, k).

    It belongs to the columns after an odd number of half-steps, and to the rows after an even one.
    """
    one = fresh.case
    return np.array([one_run(fresh, one, rng, **options) for _ in range(n)])


def one_run(fresh: FreshSamples, one: HalfStepCase, rng: np.random.Generator, **options: Any) -> np.ndarray:
    """Take half-steps on fresh samples, each with a Gaussian error of spectral norm `floor` s_k added to its result."""
    factor, matrix = one.start, one.matrix
    for step in range(fresh.n_steps):
        rows, cols = positions(matrix.shape, fresh.density, rng=rng)
        data = Observations(rows, cols, matrix[rows, cols], matrix.shape)
        chosen = {"axis": 1 - step % 2, "method": "exact"} | options
        factor = half_step(data, factor, **chosen).factor
        noise = rng.normal(size=factor.shape)
        # scaled to a fixed norm: the claim is about the size of the error, and its direction is random
        factor = orthonormal(factor + fresh.floor * one.singular_values[-1] * noise / np.linalg.norm(noise, 2))
    return factor


def draw_contracting(draws: Draws) -> FreshSamples:
    """Draw 200 or 240 rows, rank one or two, and at least 8 k ln n expected entries per column."""
    # next to the constant 8 of the claim, where failures are most frequent
    size, rank, c = draws.choice((200, 240)), draws.integers(1, 2), draws.choice((8.0, 9.0))
    return FreshSamples(size, rank, 1.0, c, seed=draws.integers(0, 10**6))


def draw_robust(draws: Draws) -> FreshSamples:
    """Draw eight half-steps, with errors from 10^-2 to 10^-4 and condition numbers up to 3."""
    size, rank, kappa = draws.choice((60, 80)), draws.integers(1, 2), draws.choice((1.0, 2.0, 3.0))
    floor = draws.choice((1e-2, 1e-3, 1e-4))  # all within reach of eight half-steps from a start at 1/2
    return FreshSamples(size, rank, kappa, 8.0, n_steps=8, floor=floor, seed=draws.integers(0, 10**6))


CONTRACTING = Family("contracting", always=(FreshSamples(200, 2, 1.0, 8.0),), draw=draw_contracting)
ILL_CONDITIONED = Family("ill-conditioned-truth", always=(FreshSamples(200, 2, 3.0, 8.0),))
TOO_FEW = Family("too-few", always=(FreshSamples(200, 3, 1.0, 1.5),))
ROBUST = Family("robust", always=(FreshSamples(100, 2, 2.0, 8.0, n_steps=8, floor=1e-3),), draw=draw_robust)

# --- noise -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noisy:
    """An (m, n) matrix of rank k whose entries have root mean square 1, seen with probability p under noise."""

    shape: tuple[int, int]
    rank: int
    density: float
    noise: float
    seed: int = 0

    @property
    def truth(self) -> LowRank:
        """The matrix without noise."""
        found = make_low_rank(self.shape, self.rank, density=0.0, rng=self.seed).truth
        assert found is not None
        return found

    @property
    def per_line(self) -> float:
        """Number of entries that are expected in the shorter lines, per unknown: p min(m, n) / k."""
        return self.density * min(self.shape) / self.rank

    @property
    def freedom(self) -> int:
        """The degrees of freedom k (m + n - k)."""
        return self.rank * (sum(self.shape) - self.rank)


def sampled(shape: tuple[int, int], matrix: np.ndarray, density: float, noise: float, rng: Any) -> CompletionProblem:
    """Draw a fresh sample of a matrix, with Gaussian noise on each entry that is seen."""
    rows, cols = positions(shape, density, rng=rng)
    values = matrix[rows, cols] + noise * rng.normal(size=len(rows))
    return CompletionProblem(Observations(rows, cols, values, shape))


def estimates(noisy: Noisy, rng: np.random.Generator, n: int, more: int = 0) -> np.ndarray:
    """Complete n fresh noisy samples at rank k + `more`; the matrices, of shape (n, rows, columns)."""
    found, matrix = np.zeros((n, *noisy.shape)), noisy.truth.dense()
    for one in found:
        problem = sampled(noisy.shape, matrix, noisy.density, noisy.noise, rng)
        # the error under noise does not fall any more after a few iterations, so a coarse tolerance saves time
        one[:] = complete(problem, noisy.rank + more, method="exact", max_iter=50, tol=1e-4).block()
    return found


def draw_noisy(draws: Draws) -> Noisy:
    """Draw rank one or two, at least 20 expected entries per line and unknown, and noise of a tenth or less."""
    shape, k = (draws.choice((100, 120)), draws.choice((110, 130))), draws.integers(1, 2)
    return Noisy(shape, k, draws.choice((0.4, 0.6)), draws.choice((0.1, 0.01)), draws.integers(0, 10**6))


# Each has hardly more than the 20 entries per line and unknown that the statement asks for.
NOISY = Family(
    "noisy",
    always=(Noisy((120, 100), 1, 0.2, 0.1), Noisy((60, 200), 1, 0.4, 0.1), Noisy((70, 60), 2, 0.7, 0.1)),
    draw=draw_noisy,
)
LOUD = Family("noise that covers the entries", always=(Noisy((120, 100), 1, 0.2, 3.0),))
SHORT_COLUMNS = Family("few entries a column", always=(Noisy((40, 800), 1, 0.16, 0.1), Noisy((30, 200), 1, 0.25, 0.1)))

# --- where completion starts to succeed ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Threshold:
    """A square matrix of rank k and equal singular values; `oversampling` is expected entries per degree of freedom."""

    size: int
    rank: int
    oversampling: float
    seed: int = 0

    @property
    def truth(self) -> LowRank:
        """The matrix."""
        found = make_low_rank((self.size, self.size), self.rank, density=0.0, rng=self.seed).truth
        assert found is not None
        return found

    @property
    def density(self) -> float:
        """The probability p that an entry is seen."""
        return min(1.0, self.oversampling * self.rank * (2 * self.size - self.rank) / self.size**2)


def completions(threshold: Threshold, rng: np.random.Generator, n: int, max_iter: int = 100) -> np.ndarray:
    """Complete n fresh samples without splitting them; the matrices, of shape (n, size, size)."""
    shape, matrix = (threshold.size, threshold.size), threshold.truth.dense()
    found = np.zeros((n, *shape))
    for one in found:
        problem = sampled(shape, matrix, threshold.density, 0.0, rng)
        one[:] = complete(problem, threshold.rank, method="exact", max_iter=max_iter).block()
    return found


THRESHOLDS = Family(
    "thresholds",
    always=(Threshold(40, 2, 4.0), Threshold(50, 3, 4.0)),
    draw=lambda draws: Threshold(40, draws.integers(2, 4), draws.choice((4.0, 5.0)), draws.integers(0, 10**6)),
)
BELOW = Family("below-the-threshold", always=(Threshold(60, 2, 1.5),))

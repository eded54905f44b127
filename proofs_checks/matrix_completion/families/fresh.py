"""Instances of measured claims: half-steps on fresh samples, noise, and matrices at the threshold of completion.

A random stream is named by its instance, and so by the place of the instance's class: these stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.matrix_completion import LowRank, make_low_rank
from proofs_checks.matrix_completion.families.half_steps import HalfStepCase, case


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

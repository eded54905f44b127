"""Instances of random claims: laws of samples and of sketches, ladders of ranks, and matrices that are seen in part.

A random stream is named by its instance, and so by the place of the instance's class: these stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws
from lrtheory.matrix_completion import LowRank, Observations, make_low_rank, sample_mask, sketch
from proofs_checks.matrix_completion.families.half_steps import case, orthonormal


@dataclass(frozen=True)
class MaskLaw:
    """The law of a sample of M = U* S V*^T, each entry seen with probability p, and an independent factor U (m, k).

    The first three fields are U* (m, k), the diagonal of S (k,) and V* (n, k). `threshold` is the deviation d in (0, 1)
    of a smallest eigenvalue below 1 (for MC-W2 the probability at which its bound is evaluated), and `above` the
    deviation d' > 0 of a largest one.
    """

    left: np.ndarray
    singular_values: np.ndarray
    right: np.ndarray
    start: np.ndarray
    density: float
    threshold: float = 0.5
    above: float = 0.5

    @property
    def truth(self) -> LowRank:
        """M by its singular value decomposition."""
        return LowRank(self.left, self.singular_values, self.right)

    @property
    def matrix(self) -> np.ndarray:
        """The whole matrix M, of shape (m, n)."""
        return (self.left * self.singular_values) @ self.right.T

    @property
    def shape(self) -> tuple[int, int]:
        """The shape (m, n) of M."""
        return len(self.left), len(self.right)


def mask_law(
    m: int,
    n: int,
    k: int,
    density: float,
    *,
    seed: int = 0,
    tilt: float = 0.5,
    threshold: float = 0.5,
    above: float = 0.5,
) -> MaskLaw:
    """Make a law with Haar factors and a start that is tilted away from the truth."""
    one = case(m, n, k, np.random.default_rng(seed), tilt=tilt)
    return MaskLaw(one.left, one.singular_values, one.right, one.start, density, threshold, above)


def masks(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n samples as the library does, as bools of shape (n, rows, columns)."""
    # by the sampler of the library, which draws gaps between entries and so is under test here
    found = np.zeros((n, *law.shape), bool)
    for mask in found:
        mask[sample_mask(law.shape, law.density, rng=rng)] = True
    return found


@dataclass(frozen=True)
class SketchLaw:
    """The law of the sketches S Q of a basis Q (n, k): a kind, s rows, and the deviation t of a tail bound."""

    basis: np.ndarray
    kind: str
    sketch_size: int
    deviation: float = 0.5


def with_constant(n: int, k: int) -> np.ndarray:
    """Make a basis (n, k) with the constant vector in its range, on which a CountSketch without signs is far off."""
    return orthonormal(np.column_stack([np.ones(n), np.random.default_rng(n).normal(size=(n, k - 1))]))


def sketches(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n sketches of the basis, of shape (n, s, k)."""
    return np.stack([sketch(law.basis, law.sketch_size, kind=law.kind, rng=rng) for _ in range(n)])


def draw_basis(draws: Draws, n: int, k: int) -> np.ndarray:
    """Draw an orthonormal basis (n, k) of the range of integer columns."""
    return orthonormal(draws.integers(-8, 8, shape=(n, k)) + 9.0 * np.eye(n, k))


@dataclass(frozen=True)
class Ladder:
    """A square matrix of rank k, with a fixed ratio of seen entries to degrees of freedom."""

    size: int
    rank: int
    oversampling: float = 3.0

    @property
    def observations(self) -> Observations:
        """The entries that a solver may see."""
        shape = (self.size, self.size)
        return make_low_rank(shape, self.rank, oversampling=self.oversampling, rng=self.rank).observations

    @property
    def factor(self) -> np.ndarray:
        """The fixed factor of the half-step, with orthonormal columns."""
        return orthonormal(np.random.default_rng(self.rank).normal(size=(self.size, self.rank)))


@dataclass(frozen=True)
class Coverage:
    """An (m, n) matrix of rank k with Haar factors, of which each entry is seen with probability p."""

    shape: tuple[int, int]
    rank: int
    density: float
    seed: int = 0

    @property
    def truth(self) -> np.ndarray:
        """The matrix."""
        found = make_low_rank(self.shape, self.rank, density=0.0, rng=self.seed).truth
        assert found is not None
        return found.dense()


def is_orthonormal(law: SketchLaw) -> bool:
    """Decide whether the basis has orthonormal columns."""
    return np.allclose(law.basis.T @ law.basis, np.eye(law.basis.shape[1]))


def _with_zeros(law: SketchLaw, rng: np.random.Generator, n: int, rows: int) -> np.ndarray:
    """Draw sketches of fewer rows, below which zeros stand."""
    found = sketches(replace(law, sketch_size=rows), rng, n)
    return np.concatenate([found, np.zeros((n, law.sketch_size - rows, found.shape[2]))], axis=1)

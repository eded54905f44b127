"""Laws of samples and of sketches, whole completions, and ladders of ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.matrix_completion import LowRank, Observations, complete, half_step, make_low_rank, sample_mask, sketch
from proofs_checks.matrix_completion.families.half_steps import case, orthonormal

# --- masks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MaskLaw:
    """A truth U* (m, k), S (k,), V* (n, k), an independent start U (m, k), and the chance p that an entry is seen."""

    left: np.ndarray
    singular_values: np.ndarray
    right: np.ndarray
    start: np.ndarray
    density: float
    threshold: float = 0.5

    @property
    def truth(self) -> LowRank:
        """M by its singular values."""
        return LowRank(self.left, self.singular_values, self.right)

    @property
    def matrix(self) -> np.ndarray:
        """M."""
        return (self.left * self.singular_values) @ self.right.T

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n)."""
        return len(self.left), len(self.right)


def mask_law(
    m: int, n: int, k: int, density: float, *, seed: int = 0, tilt: float = 0.5, threshold: float = 0.5
) -> MaskLaw:
    """Haar factors, a tilted start."""
    one = case(m, n, k, np.random.default_rng(seed), tilt=tilt)
    return MaskLaw(one.left, one.singular_values, one.right, one.start, density, threshold)


def masks(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """n samples as the library draws them, (n, rows, columns) bool."""
    found = np.zeros((n, *law.shape), bool)
    for mask in found:
        mask[sample_mask(law.shape, law.density, rng=rng)] = True
    return found


def columns(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """n independent columns of one sample, (n, rows) bool."""
    mask = np.zeros((law.shape[0], n), bool)
    mask[sample_mask(mask.shape, law.density, rng=rng)] = True
    return mask.T


SMALL_MASKS = Family("small-masks", always=lambda: (mask_law(6, 4, 2, 0.5), mask_law(8, 3, 1, 0.75, seed=1)))


def flat(n: int, density: float, threshold: float) -> MaskLaw:
    """The matrix with all entries 1 / n, seen rarely."""
    one = np.full((n, 1), n**-0.5)
    return MaskLaw(one, np.ones(1), one, one, density, threshold)


def flat_start(m: int, n: int, density: float) -> MaskLaw:
    """A start whose rows are all equal, and a quarter of the signs of the truth are others: bounds are attained."""
    start = np.full((m, 1), m**-0.5)
    left = np.where(np.arange(m)[:, None] < m // 4, -start, start)
    return MaskLaw(left, np.ones(1), np.full((n, 1), n**-0.5), start, density)


def draw_law(draws: Draws) -> MaskLaw:
    """Up to eight rows and six columns, rank up to two."""
    m, n, k = draws.integers(4, 8), draws.integers(3, 6), draws.integers(1, 2)
    return mask_law(m, n, k, draws.choice((0.25, 0.5, 0.75)), seed=draws.integers(0, 10**6))


STARTS = Family("starts", always=lambda: (flat_start(4, 3, 0.5), flat_start(8, 5, 0.125)), draw=draw_law)
ENUMERATED_MASKS = Family("enumerated-masks", always=lambda: (mask_law(4, 3, 1, 0.25), mask_law(4, 3, 2, 0.5, seed=1)))
GRAMS = Family(
    "grams",
    always=lambda: (
        flat(10, 0.2, 0.99),
        mask_law(800, 1, 3, 0.5, threshold=0.5, seed=2),
        mask_law(1000, 1, 4, 0.4, threshold=0.6, seed=3),
    ),
)
NOISES = Family("noises", always=lambda: (flat(48, 0.25, 0.1), flat(64, 0.2, 0.1)))

# --- sketches --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SketchLaw:
    """A basis Q (n, k), the kind of the sketch, its rows, and a deviation."""

    basis: np.ndarray
    kind: str
    sketch_size: int
    deviation: float = 0.5


def with_constant(n: int, k: int) -> np.ndarray:
    """A basis with the constant vector in its range."""
    return orthonormal(np.column_stack([np.ones(n), np.random.default_rng(n).normal(size=(n, k - 1))]))


def sketches(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """n sketches of the basis, (n, s, k)."""
    return np.stack([sketch(law.basis, law.sketch_size, kind=law.kind, rng=rng) for _ in range(n)])


SECOND_MOMENTS = Family(
    "second-moments",
    always=lambda: (
        SketchLaw(with_constant(5, 2), "countsketch", 6),
        SketchLaw(with_constant(5, 2), "osnap", 8),
        SketchLaw(with_constant(4, 1), "countsketch", 4),
    ),
)
ENUMERATED_SKETCHES = Family(
    "enumerated-sketches",
    always=lambda: (SketchLaw(with_constant(4, 2), "countsketch", 3), SketchLaw(with_constant(4, 1), "countsketch", 2)),
)
GAUSSIANS = Family(
    "gaussians",
    always=lambda: (
        SketchLaw(with_constant(64, 3), "gaussian", 80, 0.3),
        SketchLaw(with_constant(8, 1), "gaussian", 16, 0.375),
    ),
)
BIRTHDAYS = Family(
    "birthdays",
    always=lambda: (SketchLaw(np.eye(12, 4), "countsketch", 10), SketchLaw(np.eye(20, 10), "countsketch", 80)),
)

# --- iterations with fresh samples -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class FreshSamples:
    """Size n and rank k of a matrix, its condition number, c in p n = c k ln n, steps, and the size of inner errors."""

    size: int
    rank: int
    condition: float
    oversampling: float
    n_steps: int = 1
    floor: float = 0.0

    @property
    def density(self) -> float:
        """p."""
        return min(1.0, self.oversampling * self.rank * np.log(self.size) / self.size)


def distances(fresh: FreshSamples, rng: np.random.Generator, n: int, **options: Any) -> np.ndarray:
    """dist to the truth before and after each half-step on fresh samples, in n runs: (n, steps + 1)."""
    return np.array([one_run(fresh, rng, **options) for _ in range(n)])


def one_run(fresh: FreshSamples, rng: np.random.Generator, **options: Any) -> list[float]:
    """One run from a start at distance about 1/2; each half-step has a Gaussian error of the stated spectral norm."""
    one = case(fresh.size, fresh.size, fresh.rank, rng, tilt=0.5, condition=fresh.condition, density=0.0)
    sides, factor, found = (one.left, one.right), one.start, [apart(one.start, one.left)]
    for step in range(fresh.n_steps):
        rows, cols = sample_mask(one.matrix.shape, fresh.density, rng=rng)
        data = Observations(rows, cols, one.matrix[rows, cols], one.matrix.shape)
        chosen = {"axis": 1 - step % 2, "method": "exact"} | options
        factor = half_step(data, factor, **chosen).factor
        noise = rng.normal(size=factor.shape)
        factor = factor + fresh.floor * one.singular_values[-1] * noise / np.linalg.norm(noise, 2)
        factor = orthonormal(factor)
        found.append(apart(factor, sides[1 - step % 2]))
    return found


def apart(A: np.ndarray, B: np.ndarray) -> float:
    """The distance of two bases, by the part of one that is outside of the other."""
    return float(np.linalg.norm(A - B @ (B.T @ A), 2))


CONTRACTING = Family("contracting", always=(FreshSamples(200, 3, 1.0, 6.0), FreshSamples(200, 2, 1.0, 8.0)))
ILL_CONDITIONED = Family("ill-conditioned-truth", always=(FreshSamples(200, 2, 3.0, 8.0),))
TOO_FEW = Family("too-few", always=(FreshSamples(200, 3, 1.0, 1.5),))
ROBUST = Family("robust", always=(FreshSamples(100, 2, 2.0, 6.0, n_steps=8, floor=1e-3),))

# --- how many entries are needed, and what a step costs --------------------------------------------------------------


@dataclass(frozen=True)
class Ladder:
    """A sample of rank k with a fixed ratio of entries to degrees of freedom."""

    size: int
    rank: int
    oversampling: float = 3.0

    @property
    def observations(self) -> Observations:
        """What is seen."""
        shape = (self.size, self.size)
        return make_low_rank(shape, self.rank, oversampling=self.oversampling, rng=self.rank).observations

    @property
    def factor(self) -> np.ndarray:
        """The factor that is held fixed."""
        return orthonormal(np.random.default_rng(self.rank).normal(size=(self.size, self.rank)))


LADDER = Family("ranks", always=tuple(Ladder(240, k) for k in (4, 8, 16, 32)))
FLOPS = Family("flops", always=(Ladder(20, 1), Ladder(20, 3), Ladder(30, 5)))


def counted(
    ladder: Ladder, rng: np.random.Generator | None = None, n: int = 1, *, method: str = "cg", steps: int = 3
) -> np.ndarray:
    """Counted flops of one half-step of `steps` conjugate gradients, or of an exact one, n times the same."""
    found = half_step(ladder.observations, ladder.factor, axis=0, method=method, max_inner_iter=steps, tol=1e-15)
    return np.full(n, float(found.counts["flops"]))


@dataclass(frozen=True)
class Coverage:
    """An (m, n) matrix of rank k, each entry seen with probability p."""

    shape: tuple[int, int]
    rank: int
    density: float


def recovered(coverage: Coverage, rng: np.random.Generator, n: int) -> np.ndarray:
    """Whether completion finds the matrix, to a relative error of 1/1000, in n runs."""
    found = np.zeros(n, bool)
    for i in range(n):
        problem = make_low_rank(coverage.shape, coverage.rank, density=coverage.density, rng=rng)
        if problem.observations.n_observed == 0:
            continue
        result = complete(problem, coverage.rank, method="exact", max_iter=30, rng=rng)
        truth = problem.truth.dense()
        found[i] = np.linalg.norm(result.block() - truth) <= 1e-3 * np.linalg.norm(truth)
    return found


SMALL_COVERAGE = Family("small-coverage", always=(Coverage((3, 2), 1, 0.5),))
COVERAGES = Family(
    "coverages", always=(Coverage((3, 2), 1, 0.5), Coverage((12, 10), 2, 0.45), Coverage((10, 10), 1, 0.3))
)


@dataclass(frozen=True)
class Noisy:
    """An (m, n) matrix of rank k, seen with probability p under noise of a standard deviation."""

    shape: tuple[int, int]
    rank: int
    density: float
    noise: float

    @property
    def sample(self) -> dict[str, Any]:
        """Rank and density, as keywords."""
        return {"rank": self.rank, "density": self.density}

    @property
    def oversampling(self) -> float:
        """Expected entries a degree of freedom."""
        m, n = self.shape
        return self.density * m * n / (self.rank * (m + n - self.rank))


def errors_under_noise(noisy: Noisy, rng: np.random.Generator, n: int, more: int = 0) -> np.ndarray:
    """|M^ - M|_F^2 of n runs on fresh matrices whose entries have root mean square 1."""
    found = np.zeros(n)
    for i in range(n):
        problem = make_low_rank(noisy.shape, noise=noisy.noise, rng=rng, **noisy.sample)
        done = complete(problem, noisy.rank + more, method="exact", max_iter=30, tol=1e-3)
        found[i] = np.linalg.norm(done.block() - problem.truth.dense()) ** 2
    return found


NOISY = Family(
    "noisy", always=(Noisy((30, 25), 1, 0.6, 0.1), Noisy((60, 20), 1, 0.45, 0.1), Noisy((40, 40), 2, 0.6, 0.1))
)
LOUD = Family("noise that covers the entries", always=(Noisy((30, 25), 1, 0.6, 3.0),))


@dataclass(frozen=True)
class Pattern:
    """A sample (m, n) bool, a rank, and the seed of the factors on which it is tested."""

    mask: np.ndarray
    rank: int
    seed: int = 0

    @property
    def observations(self) -> Observations:
        """A generic matrix of that rank, seen there."""
        rng = np.random.default_rng(self.seed)
        matrix = rng.normal(size=(len(self.mask), self.rank)) @ rng.normal(size=(self.rank, self.mask.shape[1]))
        rows, cols = np.nonzero(self.mask)
        return Observations(rows, cols, matrix[rows, cols], self.mask.shape)


def draw_pattern(draws: Draws) -> Pattern:
    """Up to six rows and columns, the first entry seen and others by chance."""
    mask = draws.integers(0, 1, shape=(draws.integers(2, 6), draws.integers(2, 6))) > 0
    mask[0, 0] = True
    return Pattern(mask, 1, draws.integers(0, 99))


def draw_ranked(draws: Draws) -> Pattern:
    """Up to five rows and columns, rank up to three, most entries seen."""
    k = draws.integers(1, 3)
    m, n = draws.integers(k, 5), draws.integers(k, 5)
    mask = draws.integers(0, 4, shape=(m, n)) > 0
    mask[0, 0] = True
    return Pattern(mask, k, draws.integers(0, 99))


def two_blocks(k: int) -> Pattern:
    """Two blocks of 2 k rows and columns, seen whole: enough entries in all lines, and nothing that ties the blocks."""
    return Pattern(np.kron(np.eye(2, dtype=bool), np.ones((2 * k, 2 * k), bool)), k)


RANKED = Family(
    "ranked-patterns",
    always=lambda: (two_blocks(1), two_blocks(2), Pattern(np.ones((3, 3), bool), 2), Pattern(np.eye(3, dtype=bool), 3)),
    draw=draw_ranked,
)
PATTERNS = Family(
    "patterns",
    always=(Pattern(np.eye(2, dtype=bool), 1), Pattern(np.ones((2, 2), bool), 1), Pattern(np.ones((3, 3), bool), 2)),
    draw=draw_pattern,
)

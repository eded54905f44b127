"""Instances of random claims are laws of samples and of sketches, whole completions, and ladders of ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.matrix_completion import LowRank, Observations, complete, half_step, make_low_rank, sample_mask, sketch
from proofs_checks.matrix_completion.families.half_steps import case, orthonormal

# --- masks -----------------------------------------------------------------------------------------------------------


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


def columns(law: MaskLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n independent columns of one sample, as bools of shape (n, rows)."""
    # one sample with n columns, since the columns of a sample are independent: n times faster than n samples
    mask = np.zeros((law.shape[0], n), bool)
    mask[sample_mask(mask.shape, law.density, rng=rng)] = True
    return mask.T


def flat(n: int, density: float, threshold: float, above: float = 0.5) -> MaskLaw:
    """Make a law of the flat n x n matrix, whose entries are all 1 / n, that starts from the truth."""
    one = np.full((n, 1), n**-0.5)
    return MaskLaw(one, np.ones(1), one, one, density, threshold, above)


def flat_start(m: int, n: int, density: float) -> MaskLaw:
    """Make a law whose start has equal rows, and whose truth differs in a quarter of the signs: bounds are attained."""
    start = np.full((m, 1), m**-0.5)
    left = np.where(np.arange(m)[:, None] < m // 4, -start, start)
    return MaskLaw(left, np.ones(1), np.full((n, 1), n**-0.5), start, density)


def draw_law(draws: Draws) -> MaskLaw:
    """Draw up to eight rows, up to six columns, and rank up to two."""
    m, n, k = draws.integers(4, 8), draws.integers(3, 6), draws.integers(1, 2)
    return mask_law(m, n, k, draws.choice((0.25, 0.5, 0.75)), seed=draws.integers(0, 10**6))


def draw_enumerable(draws: Draws) -> MaskLaw:
    """Draw a matrix of at most twelve entries, whose samples can be enumerated, of rank one or two."""
    (m, n), k = draws.choice(((4, 3), (3, 4), (4, 2), (6, 2))), draws.integers(1, 2)
    return mask_law(m, n, k, draws.choice((0.25, 0.5, 0.75)), seed=draws.integers(0, 10**6))


def draw_column(draws: Draws) -> MaskLaw:
    """Draw one column of nine to twelve rows at rank one, with rows of nearly one length.

    Nothing is seen of a column with probability (1 - p)^m, and rows of nearly one length bring the bound close to it.
    """
    # up to twelve rows, for which the exact probability is a sum over all samples
    m, density = draws.integers(9, 12), draws.choice((0.25, 0.375))
    start = 4.0 + draws.integers(0, 2, shape=(m, 1)) / 2
    start, right = start / np.linalg.norm(start), np.ones((1, 1))
    # B_j / p is 1 / p at most, when everything is seen, so the threshold above lies nine tenths of the way there
    return MaskLaw(start, np.ones(1), right, start, density, 0.99, 0.9 * (1 / density - 1))


def draw_noise(draws: Draws) -> MaskLaw:
    """Draw a flat matrix or Haar factors of rank one or two, with 24 to 48 rows."""
    size, density, threshold = draws.choice((24, 36, 48)), draws.choice((0.2, 0.25, 0.5)), draws.choice((0.1, 0.25))
    k, seed = draws.integers(0, 2), draws.integers(0, 10**6)  # k = 0 stands for the flat matrix
    return flat(size, density, threshold) if k == 0 else mask_law(size, 24, k, density, seed=seed, threshold=threshold)


# starts with equal rows, for which the bounds of the second moment are attained
STARTS = Family("starts", always=lambda: (flat_start(4, 3, 0.5), flat_start(8, 5, 0.125)), draw=draw_law)
SMALL_MASKS = Family(
    "small-masks", always=lambda: (mask_law(6, 4, 2, 0.5), mask_law(8, 3, 1, 0.75, seed=1)), draw=draw_law
)
ENUMERATED_MASKS = Family(
    "enumerated-masks",
    always=lambda: (mask_law(4, 3, 1, 0.25), mask_law(4, 3, 2, 0.5, seed=1)),
    draw=draw_enumerable,
)
# On the flat column of ten rows the bound is nearly attained: it is within 3/2 of (1 - p)^10, the chance that nothing
# is seen. The others have several columns, and enough rows for a bound below 1.
GRAMS = Family(
    "grams",
    always=lambda: (
        flat(10, 0.2, 0.99, 3.6),
        mask_law(800, 1, 3, 0.5, threshold=0.5, above=0.9, seed=2),
        mask_law(2000, 1, 4, 0.4, threshold=0.6, above=0.4, seed=3),
    ),
    draw=draw_column,
)
NOISES = Family("noises", always=lambda: (flat(48, 0.25, 0.1), flat(128, 0.5, 0.1)), draw=draw_noise)

# --- sketches --------------------------------------------------------------------------------------------------------


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


def draw_moment(draws: Draws) -> SketchLaw:
    """Draw rank one or two, at most twice as many rows, and a kind whose second moment is known."""
    # few rows: the range of the deviation is a maximum over all buckets and signs (`sketches.largest_deviation`)
    k = draws.integers(1, 2)
    return SketchLaw(draw_basis(draws, k + draws.integers(1, k), k), draws.choice(("countsketch", "osnap")), 4)


def draw_enumerable_sketch(draws: Draws) -> SketchLaw:
    """Draw at most four rows in at most three buckets, so that all sketches can be enumerated."""
    n, s = draws.integers(2, 4), draws.integers(1, 3)
    return SketchLaw(draw_basis(draws, n, draws.integers(1, 2)), "countsketch", s)


def draw_gaussian(draws: Draws) -> SketchLaw:
    """Draw one to three columns, and a deviation at which the bound is at most 1/2."""
    n, k, s = draws.integers(4, 32), draws.integers(1, 3), draws.integers(8, 64)
    return SketchLaw(draw_basis(draws, n, k), "gaussian", s, float(np.sqrt(2 * np.log(draws.integers(4, 16)) / s)))


def draw_birthdays(draws: Draws) -> SketchLaw:
    """Draw two to eight coordinate vectors in at least as many buckets."""
    k = draws.integers(2, 8)
    return SketchLaw(np.eye(k + draws.integers(0, 4), k), "countsketch", k + draws.integers(0, 40))


def draw_lengths(draws: Draws) -> SketchLaw:
    """Draw a basis and a Gaussian sketch of few rows, where s and s - 1 are far apart."""
    n, k = draws.integers(3, 8), draws.integers(1, 3)
    return SketchLaw(draw_basis(draws, n, k), "gaussian", draws.integers(2, 6))


def draw_signs(draws: Draws) -> SketchLaw:
    """Draw one or two coordinate vectors in one or two buckets, which have at most 16 outcomes."""
    k = draws.integers(1, 2)
    return SketchLaw(np.eye(k + draws.integers(0, 2), k), "countsketch", draws.integers(1, 2))


def draw_hadamard(draws: Draws) -> SketchLaw:
    """Draw a basis of 600 to 1024 rows and rank four to six, and a sketch of 860 or 900 rows.

    Rows are padded to 1024, of which the bound asks for fewer than 860 up to rank six.
    """
    n, k = draws.integers(600, 1024), draws.integers(4, 6)
    # coordinate vectors, or these with a part along the constant vector, which without signs would fall on one row
    basis = orthonormal(np.eye(n, k) + draws.integers(0, 1) * np.ones((n, k)) / 8)
    return SketchLaw(basis, "srht", draws.choice((860, 900)))


SECOND_MOMENTS = Family(
    "second-moments",
    always=lambda: (
        SketchLaw(with_constant(5, 2), "countsketch", 6),
        SketchLaw(with_constant(5, 2), "osnap", 8),
        SketchLaw(with_constant(2, 1), "countsketch", 4),
    ),
    draw=draw_moment,
)
ENUMERATED_SKETCHES = Family(
    "enumerated-sketches",
    always=lambda: (SketchLaw(with_constant(4, 2), "countsketch", 3), SketchLaw(with_constant(4, 1), "countsketch", 2)),
    draw=draw_enumerable_sketch,
)
GAUSSIANS = Family(
    "gaussians",
    always=lambda: (
        SketchLaw(with_constant(64, 3), "gaussian", 80, 0.3),
        SketchLaw(with_constant(8, 1), "gaussian", 16, 0.375),
    ),
    draw=draw_gaussian,
)
LENGTHS = Family(
    "gaussian-lengths",
    always=lambda: (SketchLaw(with_constant(5, 1), "gaussian", 2), SketchLaw(with_constant(6, 2), "gaussian", 3)),
    draw=draw_lengths,
)
SIGNS = Family(
    "signs",
    always=lambda: (SketchLaw(np.eye(1), "countsketch", 1), SketchLaw(np.eye(2), "countsketch", 2)),
    draw=draw_signs,
)
BIRTHDAYS = Family(
    "birthdays",
    always=lambda: (SketchLaw(np.eye(12, 4), "countsketch", 10), SketchLaw(np.eye(20, 10), "countsketch", 80)),
    draw=draw_birthdays,
)
HADAMARDS = Family(
    "hadamards",
    always=lambda: (
        SketchLaw(with_constant(4096, 12), "srht", 1620),
        SketchLaw(np.eye(700, 4), "srht", 600),
    ),
    draw=draw_hadamard,
)

# --- how many entries are needed, and what a step costs --------------------------------------------------------------


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


# ranks that double, so that a slope of the cost against the rank is well determined
LADDER = Family("ranks", always=tuple(Ladder(240, k) for k in (4, 8, 16, 32)))
FLOPS = Family(
    "flops",
    always=(Ladder(20, 1), Ladder(20, 3), Ladder(30, 5)),
    draw=lambda draws: Ladder(draws.integers(8, 14), draws.integers(1, 3), draws.choice((3.0, 4.0))),
)


def counted(
    ladder: Ladder, rng: np.random.Generator | None = None, n: int = 1, *, method: str = "cg", steps: int = 3
) -> np.ndarray:
    """Count the flops of one half-step of `steps` conjugate gradients, or of an exact one; n copies of one number."""
    inner = {} if method == "exact" else {"max_inner_iter": steps}
    found = half_step(ladder.observations, ladder.factor, axis=0, method=method, tol=1e-15, **inner)
    return np.full(n, float(found.counts["flops"]))


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


def completed(coverage: Coverage, rng: np.random.Generator, n: int) -> np.ndarray:
    """Complete n fresh samples; the matrices, of shape (runs, m, n), with zeros for a sample without entries."""
    found, matrix = np.zeros((n, *coverage.shape)), coverage.truth
    for one in found:
        rows, cols = sample_mask(coverage.shape, coverage.density, rng=rng)
        if len(rows):
            seen = Observations(rows, cols, matrix[rows, cols], coverage.shape)
            one[:] = complete(seen, coverage.rank, max_iter=10).block()
    return found


def draw_coverage(draws: Draws) -> Coverage:
    """Draw rank one, two to four rows, no fewer columns, and a density of at most one half."""
    m = draws.integers(2, 4)  # small, so that the bound is far from 0 and from 1
    return Coverage((m, m + draws.integers(0, 2)), 1, draws.choice((0.375, 0.5)), draws.integers(0, 10**6))


SMALL_COVERAGE = Family("small-coverage", always=(Coverage((3, 2), 1, 0.5),))
COVERAGES = Family(
    "coverages",
    always=(Coverage((3, 2), 1, 0.5), Coverage((8, 7), 2, 0.5), Coverage((10, 10), 1, 0.3)),
    draw=draw_coverage,
)

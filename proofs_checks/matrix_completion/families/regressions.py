"""Instances of regressions are least squares problems with a sketch, bases with a spike, and perturbed bases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import hadamard

from lrtheory.bounds import Draws, Family
from lrtheory.matrix_completion import incoherence, sketch, sketched_lstsq, sketching
from lrtheory.matrix_completion.alternation import start as spectral_start
from proofs_checks.matrix_completion.families.half_steps import orthonormal

# --- least squares ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Regression:
    """A least squares problem: a matrix (n, k) and a right-hand side (n,), with the rows, seed and kind of a sketch."""

    matrix: np.ndarray
    side: np.ndarray
    sketch_size: int
    seed: int = 0
    kind: str = "gaussian"


def draw_regression(draws: Draws, factor: int = 12) -> Regression:
    """Draw up to 5 unknowns, 60 to 120 rows, and columns whose scales fall by a factor of up to 10^4."""
    k = draws.integers(1, 5)
    n = draws.integers(60, 120)
    # columns of very different sizes: the rates must not depend on the condition number of A
    scales = 10.0 ** -(draws.integers(0, 4) * np.arange(k) / max(1, k - 1))
    matrix = (draws.integers(-16, 16, shape=(n, k)) + 8.0 * np.eye(n, k)) * scales
    side = draws.integers(-16, 16, shape=n) / 16.0
    kind = draws.choice(("gaussian", "countsketch", "osnap", "srht"))
    return Regression(matrix, side, factor * k + 10, draws.integers(0, 10**6), kind)


def hilbert(n: int, k: int) -> Regression:
    """Make a regression on monomials over [0, 1], with a steep but regular right-hand side."""
    # the condition number grows exponentially with k, and without a preconditioner iterations would crawl
    grid = np.linspace(0, 1, n)
    return Regression(np.vander(grid, k), np.exp(3 * grid), 16 * k)


REGRESSIONS = Family(
    "regressions",
    always=lambda: (hilbert(100, 4), Regression(np.ones((20, 1)), np.arange(20) / 16, 16)),
    draw=draw_regression,
)


def distortion_of(regression: Regression, compressed: np.ndarray) -> float:
    """Return the least e with (1 - e) |A x| <= |S A x| <= (1 + e) |A x|; infinite where A lacks full rank."""
    R = np.linalg.qr(regression.matrix, mode="r")
    if np.linalg.matrix_rank(R) < len(R):
        return np.inf
    # the singular values of S Q with Q = A R^{-1}: by the definition, and not by A R_S^{-1} as the library computes it
    values = np.linalg.svd(np.linalg.solve(R.T, compressed.T).T, compute_uv=False)
    return float(max(1 - values[-1], values[0] - 1))


def sketched(regression: Regression) -> np.ndarray:
    """Return the sketch S A of the instance."""
    return sketch(regression.matrix, regression.sketch_size, kind=regression.kind, rng=regression.seed)


def embeds(below: float = 1.0) -> Callable[[Regression], bool]:
    """Return the predicate that the sketch of a regression has a distortion below a number."""
    return lambda regression: distortion_of(regression, sketched(regression)) < below


def preconditioner(regression: Regression, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return R as the library computes it, from the sketch of the instance."""
    r = regression
    return sketching.precondition(r.matrix, r.sketch_size, r.kind, np.random.default_rng(r.seed))


#: rates are compared step by step, and more steps would compare rounding
STEPS = 6


def path(regression: Regression, rng: np.random.Generator | None = None, *, method: str, R: Any = None) -> np.ndarray:
    """Return the iterates x_0 = 0, x_1, ..., x_6, (7, k), with the last one repeated where the iteration has ended."""
    A, b = regression.matrix, regression.side
    R = preconditioner(regression) if R is None else R
    start = np.zeros(A.shape[1])
    found = sketching.iterates(A, b, R, start, method=method, enough=lambda g, residual: False, max_iter=STEPS)[0]
    return np.array(found + [found[-1]] * (STEPS + 1 - len(found)))


def solved(regression: Regression, rng: np.random.Generator | None = None, **options: Any) -> np.ndarray:
    """Solve the regression by `sketched_lstsq` to a relative accuracy of 1/8."""
    r = regression
    chosen = {"epsilon": 0.125, "sketch_size": r.sketch_size, "kind": r.kind, "rng": r.seed} | options
    return sketched_lstsq(r.matrix, r.side, **chosen).x


# --- a basis with a spike --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spike:
    """A basis U* (m, k) of incoherence mu, a start U_0 (m, k) with a spike, mu, and the rule by which to clip."""

    truth: np.ndarray
    start: np.ndarray
    mu: float
    clip: str


def spiked(m: int, k: int, size: float, clip: str, noise: float = 0.0) -> Spike:
    """Make a basis of Hadamard columns, whose rows all have one length, and a start with one entry that is off."""
    first = k if clip == "entry" else 0
    truth = hadamard(m)[:, first : first + k] / np.sqrt(m)
    rng = np.random.default_rng(m + k)
    start = truth + noise * rng.normal(size=(m, k)) / np.sqrt(m)
    start[0, 0] += size
    return Spike(truth, orthonormal(start), 1.0, clip)


def spiked_haar(m: int, k: int, size: float, clip: str) -> Spike:
    """Make a random basis, whose longest row sets mu, and a spike in its shortest row that is longer than the clip."""
    truth = orthonormal(np.random.default_rng([m - k, clip == "row"]).normal(size=(m, k)))
    lengths = np.linalg.norm(truth, axis=1)
    start = truth.copy()
    start[lengths.argmin(), 0] += size
    return Spike(truth, orthonormal(start), float(lengths.max() * np.sqrt(m / k)), clip)


SPIKES = Family(
    "spikes",
    always=lambda: (
        spiked_haar(4000, 2, 0.4, "row"),
        spiked_haar(4000, 2, 0.4, "entry"),
        spiked(1024, 4, 0.2, "row"),
        spiked(1024, 4, 0.2, "entry"),
        spiked(4096, 2, 0.3, "row"),
    ),
    draw=lambda draws: spiked(
        draws.choice((64, 256, 1024)),
        draws.integers(1, 4),
        draws.integers(1, 5) / 10,
        draws.choice(("row", "entry")),
        draws.choice((0.0, 0.125)),
    ),
)


def shortened(spike: Spike, rng: np.random.Generator | None = None) -> np.ndarray:
    """Clip the start of the instance as the library does."""
    return spectral_start.clipped(spike.start, spike.mu, spike.clip)[0]


# --- perturbed bases -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Perturbed:
    """A matrix A (m, k) of full column rank and a change E (m, k) that is added to it."""

    matrix: np.ndarray
    change: np.ndarray


def draw_perturbed(draws: Draws) -> Perturbed:
    """Draw up to 12 rows, and a change of all entries or of one row, up to half of the smallest singular value."""
    k = draws.integers(1, 3)
    m = draws.integers(k + 1, 12)
    matrix = draws.integers(-8, 8, shape=(m, k)) + 9.0 * np.eye(m, k)
    change = draws.integers(-8, 8, shape=(m, k)).astype(float)
    if draws.integers(0, 1):
        change[1:] = 0  # so that the bound for one row differs from that for the others
    size = np.linalg.norm(change, 2)
    smallest = np.linalg.svd(matrix, compute_uv=False).min()
    return Perturbed(matrix, change * (draws.integers(0, 4) / 8 * smallest / size if size else 0))


PERTURBED = Family(
    "perturbed",
    always=lambda: (Perturbed(np.eye(2), -0.5 * np.eye(2)), Perturbed(np.eye(4, 2), 0.5 * np.eye(4, 2, -1))),
    draw=draw_perturbed,
)


def is_small(perturbed: Perturbed) -> bool:
    """Decide whether the change is at most half of the smallest singular value, which is not tiny."""
    smallest = np.linalg.svd(perturbed.matrix, compute_uv=False).min()
    return bool(smallest > 1 / 16 and np.linalg.norm(perturbed.change, 2) <= smallest / 2 * (1 + 1e-12))


def incoherences(perturbed: Perturbed, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the incoherence of the matrix and of the changed one."""
    return np.array([incoherence(perturbed.matrix), incoherence(perturbed.matrix + perturbed.change)])


# The distortion is about sqrt(k / s), 1/10 with s = 100 k rows of the sketch, well below the 0.29 at which unit steps
# stop converging.
FINE_SKETCHES = Family(
    "fine-sketches",
    always=lambda: (Regression(np.vander(np.linspace(0, 1, 2000), 3), np.exp(np.linspace(0, 3, 2000)), 400),),
    draw=lambda draws: fine(draw_regression(draws, 100)),
)


def fine(regression: Regression) -> Regression:
    """Repeat the rows of a regression eight times, with other right-hand sides, and sketch it by a Gaussian matrix."""
    matrix, side = (np.concatenate([x] * 8) for x in (regression.matrix, regression.side))
    side = side + np.sin(np.arange(len(side)))
    return Regression(matrix, side, regression.sketch_size, regression.seed, "gaussian")

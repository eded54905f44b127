"""Vectors under cosines, gradients that make momenta, and matrices and intervals of singular values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.low_rank_optimizers import AuON, newton_schulz, spectral_image
from lrtheory.low_rank_optimizers.optimizers.auon import cosh_excess
from proofs_checks.low_rank_optimizers.families.curvature.inverses import Found
from proofs_checks.low_rank_optimizers.families.curvature.preconditioners import rotation

#: the coefficients of Muon, as the decimals that they are
QUINTIC = (Fraction(34445, 10000), Fraction(-47750, 10000), Fraction(20315, 10000))


@dataclass(frozen=True)
class Vector:
    """A vector (N,) under the cosines."""

    x: np.ndarray


def is_short(case: Vector) -> bool:
    """Decide whether there are entries, and the length is above 2^-30 and below 32."""
    length = float(np.linalg.norm(case.x)) if case.x.ndim == 1 and case.x.size else 0.0
    return 2.0**-30 < length < 32


def excess(case: Vector, rng: np.random.Generator | None = None) -> Found:
    """Let the library compute the mean of squared cosines minus 1."""
    return {"excess": cosh_excess(np, case.x)}


def draw_vector(draws: Draws) -> Vector:
    """Draw up to 8 entries of any size."""
    x = draws.floats(-1.0, 1.0, shape=draws.integers(1, 8)) * 2.0 ** draws.choice((-20, -8, 0, 1, 2))
    return Vector(x if x.any() else x + 1)


SPIKE = Vector(np.array([1.5, 0.0]))
VECTORS = Family(
    "under-cosines",
    always=(SPIKE, Vector(np.full(4, 0.75)), Vector(np.full(9, 2.0**-20)), Vector(np.array([8.0, 0.5, -0.5]))),
    draw=draw_vector,
)


@dataclass(frozen=True)
class Run:
    """Gradients (T, m, n), the weight of earlier ones in the momentum, and the scale in the released form."""

    gradients: np.ndarray
    momentum: float
    gamma: float

    @property
    def directions(self) -> list[np.ndarray]:
        """The momentum after each gradient, one step ahead."""
        mean, found = np.zeros_like(self.gradients[0]), []
        for g in self.gradients:
            mean = self.momentum * mean + (1 - self.momentum) * g
            found.append(self.momentum * mean + (1 - self.momentum) * g)
        return found


def is_run(case: Run) -> bool:
    """Decide whether shapes fit, parameters are in range, and no direction nearly cancels."""
    if case.gradients.ndim != 3 or case.gradients.size == 0 or not (0 <= case.momentum < 1 and 0 < case.gamma <= 8):
        return False
    most = np.abs(case.gradients).max()
    return bool(2.0**-60 < most < 2.0**60 and all(np.abs(G).max() > 2.0**-12 * most for G in case.directions))


def stepped(case: Run, rng: np.random.Generator | None = None, *, method: str = "released", **options: Any) -> Found:
    """Take the library's steps."""
    scale: dict[str, Any] = {"gamma": case.gamma} if method == "released" else {}
    machine = AuON(step_size=1.0, method=method, momentum=case.momentum, **scale, **options)
    return {"updates": np.stack([machine.step(g).update for g in case.gradients])}


def draw_run(draws: Draws) -> Run:
    """Draw up to 4 gradients of small integers, in units from 2^-26 to 2^26."""
    shape = draws.integers(1, 4), draws.integers(1, 4), draws.integers(1, 4)
    gradients = draws.integers(-3, 3, shape=shape) * 2.0 ** draws.choice((0, 0, -24, -26, 26))
    gradients[0] += 2 * np.abs(gradients).max() or 1.0
    return Run(gradients, draws.choice((0.0, 0.5, 0.9375)), draws.choice((0.5, 1.5, 3.0)))


RUNS = Family(
    "cosine-steps",
    always=(
        Run(np.ones((1, 1, 1)), 0.0, 1.5),
        # as long as what is added to the norm
        Run(np.full((1, 2, 2), 0.5e-7), 0.0, 1.5),
        Run(np.array([[[1.0, 0.0], [0.0, 2.0]], [[0.0, 0.0], [0.0, 1.0]]]), 0.5, 1.5),
        Run(np.arange(1.0, 13.0).reshape(1, 3, 4), 0.0, 3.0),
    ),
    draw=draw_run,
)


@dataclass(frozen=True)
class Spectral:
    """Singular values (Fractions), rational rotations of both sides, the shape, and the number of steps."""

    values: tuple[Fraction, ...]
    turns: tuple[tuple[int, ...], tuple[int, ...]]
    shape: tuple[int, int]
    n_iter: int

    def of(self, values: Any) -> np.ndarray:
        """Return the matrix with these singular values and the singular vectors of the instance."""
        left, right = (rotation(size, turns) for size, turns in zip(self.shape, self.turns, strict=True))
        k = len(self.values)
        return left[:, :k] @ np.diag(np.array(values, object)) @ right[:, :k].T


def is_spectral(case: Spectral) -> bool:
    """Decide whether there is a singular value for each row or column, at most 1, and few steps."""
    if len(case.shape) != 2 or len(case.turns) != 2:
        return False
    return len(case.values) == min(case.shape) > 0 and all(0 <= v <= 1 for v in case.values) and 0 <= case.n_iter <= 5


def pushed(
    case: Spectral, rng: np.random.Generator | None = None, *, fewer: int = 0, coefficients: Any = QUINTIC
) -> Found:
    """Let the library push the singular values, exactly."""
    n_iter = max(case.n_iter - fewer, 0)
    return {"X": newton_schulz(case.of(case.values), n_iter=n_iter, coefficients=coefficients, normalize=False)}


def draw_spectral(draws: Draws) -> Spectral:
    """Draw up to 3 by 3 singular values of eighths, rotations, and up to 2 steps."""
    m, n = draws.integers(1, 3), draws.integers(1, 3)
    values = tuple(Fraction(int(v), 8) for v in draws.integers(0, 8, shape=min(m, n)))
    turns = tuple(tuple(int(t) for t in draws.integers(0, 2, shape=1)) for _ in range(2))
    return Spectral(values, (turns[0], turns[1]), (m, n), draws.integers(0, 2))


SPECTRA = Family(
    "spectra",
    always=(
        Spectral((Fraction(1, 2),), ((), ()), (1, 1), 1),
        Spectral((Fraction(1, 8),), ((), ()), (1, 1), 5),
        Spectral((Fraction(1, 2), Fraction(1)), ((0,), (0, 1)), (2, 3), 2),
        Spectral((Fraction(1, 4), Fraction(3, 4)), ((0, 1), (0,)), (3, 2), 2),
    ),
    draw=draw_spectral,
)


@dataclass(frozen=True)
class Reach:
    """The least singular value, others up to 1, and the number of steps."""

    least: float
    values: np.ndarray
    n_iter: int


def is_reach(case: Reach) -> bool:
    """Decide whether all values lie between the least one and 1, and there are few steps."""
    inside = case.values.ndim == 1 and case.values.size > 0 and bool((case.values >= case.least).all())
    return 0 < case.least <= 1 and inside and bool((case.values <= 1).all()) and 0 <= case.n_iter <= 6


def reached(
    case: Reach, rng: np.random.Generator | None = None, *, fewer: int = 0, coefficients: Any = QUINTIC
) -> Found:
    """Let the library push the values, and find the image of the interval."""
    options: dict[str, Any] = {"n_iter": max(case.n_iter - fewer, 0), "coefficients": tuple(map(float, coefficients))}
    image = np.array(spectral_image((case.least, 1.0), **options))
    after = np.diag(np.asarray(newton_schulz(np.diag(case.values), normalize=False, **options))).copy()
    return {"image": image, "after": after}


def draw_reach(draws: Draws) -> Reach:
    """Draw a least value over ten octaves, up to 8 others, and up to 6 steps."""
    least = 2.0 ** -draws.integers(0, 10)
    values = least + (1 - least) * draws.floats(0.0, 1.0, shape=draws.integers(1, 8))
    return Reach(least, np.minimum(values, 1.0), draws.integers(0, 6))


REACHES = Family(
    "reaches",
    always=(
        Reach(0.5, np.array([0.5, 0.75, 1.0]), 1),
        Reach(0.001, np.array([0.001, 0.002, 0.5, 1.0]), 5),
        Reach(0.003, np.array([0.003, 0.3, 1.0]), 5),
        Reach(0.01, np.linspace(0.01, 1, 100), 5),
    ),
    draw=draw_reach,
)

"""Runs of alternating steps: two writings of one product, momenta to transport, stalls, and a ladder of conditions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lrtheory.bounds import Draws, Family
from proofs_checks.low_rank_adapters.families.factors import (
    Factors,
    allowance,
    draw_factors,
    factors,
    independent,
    norm,
    rank,
    worst,
)

#: half-steps of a run
LENGTH = 4


@dataclass(frozen=True)
class Run(Factors):
    """Factors with a target, beside a matrix T of shape (r, r) by which they are written anew, and a momentum."""

    T: np.ndarray = None  # type: ignore[assignment]
    momentum: float = 0.0

    @property
    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """The factors B T and T^{-1} A."""
        return self.B @ self.T, np.linalg.solve(self.T, self.A)

    @property
    def allowed(self) -> float:
        """Return the rounding that a product on the way may have in doubles."""
        return allowance(self.M, self.load * conditions(self) ** 2 * worst(self.T) ** 2, LENGTH)


def path(case: Run) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the factors at the start and after each half-step without momentum, by pseudo-inverses."""
    B, A, s = case.B, case.A, case.scale
    found = [(B, A)]
    for t in range(LENGTH):
        G = s * (B @ A) - case.M
        if t % 2 == 0:
            A = A - case.step_size * np.linalg.pinv(B) @ G / s
        else:
            B = B - case.step_size * G @ np.linalg.pinv(A) / s
        found.append((B, A))
    return found


def conditions(case: Run) -> float:
    """Return the largest condition of a factor on the way."""
    return max(worst(X) for pair in path(case) for X in pair)


def keeps_rank(case: Run) -> bool:
    """Decide whether both factors keep full rank, far from the last digits, on the way."""
    return all(bool(np.linalg.svd(X, compute_uv=False)[-1] > 1e-3 * norm(X)) for pair in path(case) for X in pair)


def is_turned(case: Run) -> bool:
    """Decide whether T is finite and nonsingular, of shape (r, r), and the momentum is in [0, 1)."""
    T, r = np.asarray(case.T), case.B.shape[1]
    fits = T.shape == (r, r) and T.dtype.kind in "if" and bool(np.isfinite(T).all())
    return bool(fits and rank(T) == r and worst(T) < 1e3 and 0 <= case.momentum < 1)


def is_attainable(case: Factors) -> bool:
    """Decide whether the target has rank r at most, so that two half-steps of size 1 could reach it."""
    return case.step_size == 1.0 and rank(case.M) <= case.B.shape[1]


def is_decided(case: Factors) -> bool:
    """Decide whether no rank hangs on the last digits: nothing is lost, or B has one power of two in each column."""
    entries = np.abs(case.B[case.B != 0])
    plain = bool(((case.B != 0).sum(axis=0) == 1).all() and (np.frexp(entries)[0] == 0.5).all())
    return plain or rank(case.B.T @ case.M) == rank(case.M)


def run_of(case: Factors, draws: Draws) -> Run:
    """Add a matrix T and a momentum to factors."""
    r = case.B.shape[1]
    T = independent(draws.integers(-2, 2, shape=(r, r)).astype(float))
    step = draws.choice((0.5, 0.25, 1.25))
    return Run(case.B, case.A, case.M, case.scale, step, T, draws.choice((0.0, 0.5, 0.75)))


def draw_run(draws: Draws) -> Run:
    """Draw a run of small integers."""
    return run_of(draw_factors(draws), draws)


def runs() -> tuple[Run, ...]:
    """Return runs with and without momentum, from factors that are written anew by triangles."""
    found = []
    for case, momentum in zip(factors(), (0.5, 0.0, 0.75, 0.5, 0.0, 0.5), strict=True):
        T = np.array([[2.0, 1.0], [0.0, 1.0]])[: case.B.shape[1], : case.B.shape[1]]
        found.append(Run(case.B, case.A, case.M, case.scale, 0.5, T, momentum))
    return tuple(found)


RUNS = Family("turned-runs", always=runs, draw=draw_run)
#: the same with a momentum in each run
MOVING = Family(
    "moving-runs",
    always=lambda: tuple(replace(one, momentum=0.5) for one in runs()),
    draw=lambda draws: replace(draw_run(draws), momentum=draws.choice((0.5, 0.75))),
)


def draw_target(draws: Draws) -> Factors:
    """Draw a target that is a product of small integers; now and then one that B is blind to."""
    case = replace(draw_factors(draws, most=3), step_size=1.0, scale=1.0)
    r = case.B.shape[1]
    left, right = draws.integers(-2, 2, shape=(len(case.B), r)), draws.integers(-2, 2, shape=(r, case.M.shape[1]))
    if draws.choice((True, False)):
        B = np.zeros_like(case.B)
        B[draws.permutation(len(B))[:r], np.arange(r)] = 2.0 ** draws.integers(-2, 2, shape=(r,))
        case = replace(case, B=B)
    return replace(case, M=(left @ right).astype(float))


def targets() -> tuple[Factors, ...]:
    """Return the smallest target, one that is reached, two that B is blind to, and one of a lower rank."""
    one, eye = np.array([[1.0]]), np.eye(3)
    A = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    B = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    M = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]) @ np.array([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])
    return (
        Factors(one, one, 3 * one, 1.0, 1.0),
        Factors(B, A, M, 1.0, 1.0),
        Factors(eye[:, :1], eye[:1] + eye[2:], np.outer(eye[1], eye[1]), 1.0, 1.0),
        Factors(2 * eye[:, 1:], A, np.outer(eye[0], eye[1]) + np.outer(eye[1], eye[0]), 1.0, 1.0),
        Factors(B, A, np.outer([1.0, 2.0, 3.0], [1.0, 0.0, 1.0]), 1.0, 1.0),
    )


TARGETS = Family("adapter-targets", always=targets, draw=draw_target)


@dataclass(frozen=True)
class Stalled:
    """The target e_1 e_1^T, the start e_2 e_2^T, half-steps of size 1/2, and their number."""

    n_steps: int


STALLED = Family(
    "stalled-starts",
    always=tuple(Stalled(k) for k in range(1, 13)),
    complete="the start e_2 e_2^T for the target e_1 e_1^T with 1 to 12 half-steps",
    members=12,
)


def is_stalled(case: Stalled) -> bool:
    """Decide whether there are 1 to 12 half-steps."""
    return 1 <= case.n_steps <= 12


@dataclass(frozen=True)
class Conditioned:
    """A diagonal target of full rank r with singular values from 1 down to 1 / kappa, in a matrix of the given side."""

    kappa: float
    side: int = 8
    rank: int = 2
    step_size: float = 0.875

    @property
    def target(self) -> np.ndarray:
        """The target."""
        values = np.zeros(self.side)
        values[: self.rank] = np.geomspace(1.0, 1.0 / self.kappa, self.rank)
        return np.diag(values)


CONDITIONED = Family("target-conditions", always=tuple(Conditioned(kappa) for kappa in (1.0, 30.0, 1000.0)))


def is_conditioned(case: Conditioned) -> bool:
    """Decide whether the condition is at least 1 and the rank fits."""
    return case.kappa >= 1 and 1 < case.rank <= case.side and 0 < case.step_size < 2

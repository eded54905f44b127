"""A protected basis that is extended many times by inputs that lie almost in it, and stays orthonormal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Inequality, Measured, Sides, Statement, saboteur
from lrtheory.continual_learning.protection import directions
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from proofs_checks.continual_learning.families.truths import as_fractions, energy
from proofs_checks.guards import misfit
from proofs_checks.numerators import product

Found = dict[str, Any]
FIRST = 3  # inputs of the first task
BESIDE = 2.0**10  # units of rounding by which later inputs leave the span of the first ones


@dataclass(frozen=True)
class Almost:
    """Numbers of features, of later tasks and of inputs of each, the precision, and a seed for all inputs."""

    d: int
    n_tasks: int
    n_rows: int
    dtype: str
    seed: int = 0

    @property
    def k(self) -> int:
        """Directions after all tasks."""
        return FIRST + self.n_tasks * self.n_rows

    @property
    def unit(self) -> float:
        """The unit roundoff."""
        return float(np.finfo(self.dtype).eps) / 2


def is_almost(case: Almost) -> bool:
    """Decide whether the tasks leave a direction free, in a known precision."""
    return case.dtype in ("float32", "float64") and min(case.n_tasks, case.n_rows) >= 1 and case.k < case.d


@lru_cache(maxsize=64)
def tasks_of(case: Almost) -> tuple[np.ndarray, ...]:
    """Return the inputs of all tasks: later ones are combinations of the first ones, up to `BESIDE` roundings."""
    chance = np.random.default_rng(case.seed)
    first = chance.normal(size=(FIRST, case.d))
    found = [first]
    for _ in range(case.n_tasks):
        beside = chance.normal(size=(case.n_rows, case.d))
        found.append(chance.normal(size=(case.n_rows, FIRST)) @ first + 2 * BESIDE * case.unit * beside)
    return tuple(X.astype(case.dtype) for X in found)


def extended(case: Almost, rng: np.random.Generator | None = None) -> Found:
    """Extend the library's protector by as many directions as each task has inputs."""
    protector = SubspaceProtector(case.d)
    for X in tasks_of(case):
        protector.extend(X, rank=len(X))
    return {"basis": np.asarray(protector.basis, float)}


def half(case: Almost, rng: np.random.Generator | None = None) -> Found:
    """Leave the second half of the tasks out, and take free directions in their place."""
    M = extended(replace(case, n_tasks=(case.n_tasks + 1) // 2))["basis"] if case.n_tasks > 1 else np.zeros((case.d, 0))
    return {"basis": np.linalg.qr(np.concatenate([M, np.eye(case.d)], axis=1))[0][:, : case.k]}


def draw_almost(draws: Draws) -> Almost:
    """Draw up to 8 tasks of up to 3 inputs, in either precision."""
    n_tasks, n_rows = draws.integers(2, 8), draws.integers(1, 3)
    d = FIRST + n_tasks * n_rows + draws.integers(1, 12)
    return Almost(d, n_tasks, n_rows, draws.choice(("float32", "float64")), draws.integers(0, 2**31 - 1))


ALMOST = Family(
    "inputs-almost-inside",
    always=(
        Almost(6, 2, 1, "float64"),
        Almost(24, 6, 3, "float64"),
        Almost(24, 6, 3, "float32"),
        Almost(36, 30, 1, "float64"),
        Almost(36, 30, 1, "float32"),
    ),
    draw=draw_almost,
)


def stays_orthonormal(case: Almost, found: Found) -> Sides:
    """Bound the squares of |M^T M - I| by (d k u)^2, and of what M leaves of X_t by (d + k)^2 u^2 |X_t|^2."""
    M = found["basis"]
    off = misfit((M, (case.d, case.k)))
    if off is not None:
        return off
    inputs, times = [X.astype(float) for X in tasks_of(case)], np.matmul
    if M.dtype == object:  # doubles err by as much as is measured
        inputs, times = [as_fractions(X) for X in inputs], product
    u = Fraction(case.unit)
    defect = energy(times(M.T, M) - np.eye(case.k, dtype=int))
    lhs = [defect, *(energy(X - times(times(X, M), M.T)) for X in inputs)]
    rhs = [(case.d * case.k * u) ** 2, *(((case.d + case.k) * u) ** 2 * energy(X) for X in inputs)]
    return Sides(lhs, rhs)


CS_8 = Statement(
    id="continual_learning/CS-8",
    title="A basis that is extended many times stays orthonormal",
    says=(
        "A protected basis M of d features is extended task by task to k directions, by inputs that lie in it up to a "
        "thousand units of rounding. Then |M^T M - I| stays below d k units of rounding u, in single and in double "
        "precision, and what M leaves of the inputs X_t of any task is at most d + k units of their norm. Without the "
        "second projection of new directions the first tasks already break the bound."
    ),
    source=Measured(
        "that errors add up over the tasks, and do not multiply",
        "up to 30 tasks of one input and 8 of up to three, in single and in double precision",
        "lrtheory check continual_learning/CS-8",
    ),
    tex=r"\|M^\top M - I\| \le d\,k\,u,\qquad \|X_t - X_t M M^\top\| \le (d + k)\,u\,\|X_t\|",
    hypotheses={"fewer directions than features, in a known precision": is_almost},
    instances=ALMOST,
    solve=extended,
    claim=Inequality(stays_orthonormal, unbounded="columns that are not orthonormal may have any products"),
    decisions=("basis",),
    free={"basis": "a direction has no sign"},
    saboteurs=(
        saboteur(
            "one projection",
            patch=(directions._orthonormal, "np.linalg.qr(F - M @ (M.T @ F))", "np.linalg.qr(F)"),
        ),
        saboteur("half of the tasks", solve=half),
    ),
    notes=(
        "New directions are what one projection leaves of the inputs, divided by its size, and so are its errors. A "
        "second projection finds nothing small to divide by. All other statements about a protector rest on M^T M = I."
    ),
)

"""The gain where half of the losses of a sketch is given back to all directions.

B are the rows of a sketch of a stream A by Frequent Directions, and delta is the sum of all its shrinks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import exact, plain
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.continual_learning import theory
from lrtheory.continual_learning.sketching.buffer import SketchBuffer
from proofs_checks.continual_learning.families.matrices import is_matrix, spectrum
from proofs_checks.continual_learning.families.rows import (
    DROPS,
    HADAMARD,
    KEPT,
    SIGNS,
    STREAM,
    STREAMS,
    TWICE,
    Rows,
    adversarial,
    allowed,
    drawn_rows,
    read,
    sketch_of,
    sketched,
)
from proofs_checks.guards import misfit, square, unlike

Found = dict[str, Any]


@formula(delta="[0, inf)")
def compensated_error(delta: Number) -> Number:
    r"""delta / 2, the most by which any eigenvalue of A^T A - B^T B - (delta / 2) I differs from 0.

    Proof
    -----
    Assumes: as `theory.fd_bound`.

    Proof: all eigenvalues of A^T A - B^T B are between 0 and delta, so less delta / 2 they are between -delta / 2 and
    delta / 2.
    """
    return plain(exact(delta) / 2)


def errs_half(case: Rows, found: Found, given: float = 0.5) -> Sides:
    """Compare the error with a part of delta given back with half of delta, and delta with its own bounds."""
    B, A, delta = np.asarray(found["sketch"]), case.rows, found["delta"]
    off = misfit((B, (min(len(B), case.rank), A.shape[1])))
    if off is not None:
        return off
    values = np.linalg.eigvalsh(A.T @ A - B.T @ B) - given * delta
    before = theory.fd_bound(spectrum(A), case.rank)
    lost = (found["mass"] - square(B)) / (case.rank + 1)
    half = compensated_error(max(delta, 0.0))
    off = unlike(found["mass"] - square(A), allowed(case))
    lhs, rhs = [np.abs(values).max(), delta, delta], [half, before, lost]
    return off or Sides(lhs, rhs, trivial=np.inf, rounding=allowed(case))


FD_7 = Statement(
    id="continual_learning/FD-7",
    title="Half of what was lost, given back to all directions, halves the error",
    says=(
        "Frequent Directions keep at most l rows B of a stream A, and delta is the sum of all shrinks, within the "
        "bounds of FD-6. Every eigenvalue of A^T A - B^T B - (delta / 2) I is between -delta / 2 and delta / 2: half "
        "of the error of the sketch alone, for one number beside it."
    ),
    source=Derived(compensated_error),
    tex=r"\|A^\top A - B^\top B - \tfrac{\delta}{2} I\|_2 \le \tfrac{\delta}{2}",
    hypotheses=STREAM,
    instances=STREAMS,
    solve=sketched,
    claim=Inequality(errs_half, unbounded="a solver may return rows of any size"),
    decisions=("sketch",),
    unread={"components": "FD-2 projects onto the directions"},
    may_vary=KEPT,
    free=SIGNS,
    saboteurs=(
        saboteur(
            "all of what was lost is given back", claim=Inequality(partial(errs_half, given=1.0), unbounded="any")
        ),
        saboteur("nothing is given back", claim=Inequality(partial(errs_half, given=0.0), unbounded="any")),
        saboteur("rows beyond the rank are dropped", patch=DROPS),
        saboteur("every shrink is taken twice and counted once", patch=TWICE),
        saboteur("the last shrink is not counted", patch=(SketchBuffer.read, "self.missed + missed", "self.missed")),
    ),
)


@dataclass(frozen=True)
class Targets:
    """Rows (T, n) with targets (T, p), the sizes of a sketch, and a ridge lambda^2."""

    rows: np.ndarray
    targets: np.ndarray
    rank: int
    buffer: int
    ridge: float

    @property
    def solution(self) -> np.ndarray:
        """The ridge solution of all rows."""
        A = self.rows
        return np.asarray(np.linalg.solve(self.ridge * np.eye(A.shape[1]) + A.T @ A, A.T @ self.targets))


def is_regression(case: Targets) -> bool:
    """Decide whether all numbers are finite, targets fit, and the ridge is at least 2^-20 of the energy."""
    if not is_matrix(case.rows) or not is_matrix(case.targets) or len(case.rows) != len(case.targets):
        return False
    sizes = 1 <= case.rank < case.buffer
    return bool(sizes and case.rows.any() and case.ridge >= 2.0**-20 * square(case.rows))


def fitted(case: Targets, rng: np.random.Generator | None = None, given: float = 0.5, part: float = 1.0) -> Found:
    """Fit the map from a sketch of the rows alone, their products with the targets, and a part of what was lost."""
    sketch = read(sketch_of(case.rows, case.rank, case.buffer))
    B, delta = part * sketch["sketch"], sketch["delta"]
    M = (case.ridge + given * delta) * np.eye(B.shape[1]) + B.T @ B
    return {"weights": np.linalg.solve(M, case.rows.T @ case.targets), "delta": delta, "sketch": sketch["sketch"]}


def regressions() -> tuple[Targets, ...]:
    """Return rows of which the sketch keeps all, and some that it cannot keep, along axes and turned."""
    turned, chance = adversarial(3) @ HADAMARD, np.random.default_rng(0)
    targets = chance.integers(-3, 4, (67, 2)).astype(float)
    return (
        Targets(np.eye(2), np.array([[1.0], [2.0]]), 1, 2, 1.0),
        # all targets belong to the direction of which the sketch has lost nothing
        Targets(np.diag([1.0, 1.0, 0.5]), np.array([[0.0], [0.0], [1.0]]), 1, 2, 1.0),
        Targets(np.diag([3.0, 2.0]), np.eye(2), 2, 3, 1.0),
        Targets(turned, targets, 3, 6, 1.0),
        Targets(2.0**30 * turned, targets, 3, 4, 2.0**60),
        Targets(np.arange(40.0).reshape(8, 5) % 7 - 3, targets[:8], 2, 4, 8.0),
    )


#: all targets belong to the direction that the sketch has lost
HIDDEN = Targets(adversarial(3), np.r_[np.zeros((3, 1)), np.ones((64, 1))], 3, 4, 1.0)


def draw_regression(draws: Draws) -> Targets:
    """Draw rows with a decaying spectrum, targets of small integers, and a ridge beside the energy of the rows."""
    n = draws.integers(2, 6)
    rank, A = draws.integers(1, n - 1), drawn_rows(draws, n)
    targets = draws.integers(-3, 3, shape=(len(A), draws.integers(1, 3))).astype(float)
    targets = targets if targets.any() else targets + 1.0
    ridge = 2.0 ** (np.round(np.log2(square(A))) + draws.choice((-10, -6, -3, 0)))
    return Targets(A, targets, rank, draws.choice((rank + 1, 2 * rank + 1)), float(ridge))


REGRESSIONS = Family(
    "sketched-regressions", always=regressions, tight=(Tight(HIDDEN, 1 - 2.0**-30, 1.0),), draw=draw_regression
)


@formula(delta="[0, inf)", least="(0, inf)", size="[0, inf)")
def sketched_ridge_error(delta: Number, least: Number, size: Number) -> Number:
    r"""The ridge map of a sketch differs from that of all rows by at most this.

    It is delta / 2 over `least` times `size`: the least eigenvalue of lambda^2 I + B^T B + (delta / 2) I, and the norm
    |W| of the map of all rows.

    Proof
    -----
    Assumes: both maps are solutions with the same products of rows and targets.

    Proof: with M = lambda^2 I + A^T A and N = lambda^2 I + B^T B + (delta / 2) I, both N W' and M W are A^T Y, so W' -
    W = N^{-1} (M - N) W, and eigenvalues of M - N are between -delta / 2 and delta / 2 (see `compensated_error`).
    """
    return plain(exact(delta * size) / (2 * least))


def fits_nearly(case: Targets, found: Found, part: float = 1.0) -> Sides:
    """Compare the distance of both maps with its bound, once the sketch is one of these rows."""
    W, A = case.solution, case.rows
    B, delta, fit = found["sketch"], found["delta"], found["weights"]
    n = A.shape[1]
    off = misfit((fit, W.shape), (B, (min(len(B), case.rank), n)))
    if off is not None:
        return off
    low, high = np.linalg.eigvalsh(A.T @ A - B.T @ B)[[0, -1]]
    size, far = (float(np.sqrt(square(one))) for one in (W, fit - W))
    least = float(np.linalg.eigvalsh(case.ridge * np.eye(n) + B.T @ B)[0]) + max(delta, 0.0) / 2
    bound = part * sketched_ridge_error(max(delta, 0.0), least, size)
    # a solution errs by the condition of its matrix, and squares by their factorizations
    energy = square(A)
    condition = float(rounding(64 * (n + 8) * (2 + len(A)), 1 + energy / case.ridge)) * (1 + size)
    squares = float(rounding(64 * (n + 8) * (2 + len(A)), energy))
    before = theory.fd_bound(spectrum(A), case.rank)
    lhs, rhs = [far, -low, high, delta], [bound, 0.0, delta, before]
    return Sides(lhs, rhs, trivial=np.inf, rounding=[condition, squares, squares, squares])


FD_8 = Statement(
    id="continual_learning/FD-8",
    title="A ridge map from a sketch is near that of all rows",
    says=(
        "A (T, n) are rows with the targets Y, of which only A^T Y and a sketch B of l rows with its delta are kept. W "
        "solves (lambda^2 I + A^T A) W = A^T Y, and W' the same with B^T B + (delta / 2) I in the place of A^T A. Then "
        "|W' - W| is at most delta / (2 m) |W|, where m is the least eigenvalue of lambda^2 I + B^T B + (delta / 2) I. "
        "The rows of B take l n numbers, and A^T A takes n^2."
    ),
    source=Derived(sketched_ridge_error),
    tex=r"\|\hat W - W\| \le \frac{\delta / 2}{\lambda_{\min}(\lambda^2 I + B^\top B + \tfrac{\delta}{2} I)}\,\|W\|",
    hypotheses={"rows and targets, and a ridge that is not tiny": is_regression},
    instances=REGRESSIONS,
    solve=fitted,
    claim=Inequality(fits_nearly, unbounded="a solver may return any map"),
    decisions=("weights", "sketch"),
    may_vary=KEPT,
    free=SIGNS,
    saboteurs=(
        saboteur("nothing is given back", solve=partial(fitted, given=0.0)),
        saboteur("all of what was lost is given back", solve=partial(fitted, given=1.0)),
        saboteur("half of the bound", claim=Inequality(partial(fits_nearly, part=0.5), unbounded="any map")),
        saboteur("the rows of the sketch are halved in the map", solve=partial(fitted, part=0.5)),
        saboteur("rows beyond the rank are dropped", patch=DROPS),
    ),
)

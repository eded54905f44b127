"""Instances of runs: some start from factors that are better than zero, others end at a stationary point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Draws, Family
from lrtheory.matrix_completion import Observations, complete, make_low_rank


@dataclass(frozen=True)
class RunCase:
    """A run on a matrix of rank k with geometric singular values, with a number of inner steps per row and a seed.

    It starts from the factors of the truth, each entry off by `off` times the root mean square entry.
    """

    shape: tuple[int, int]
    rank: int
    condition: float
    oversampling: float
    inner_steps: int
    seed: int
    ridge: float = 0.0
    off: float = 0.1

    @property
    def observations(self) -> Observations:
        """The entries that a solver may see."""
        options = {"condition": self.condition, "oversampling": self.oversampling}
        return make_low_rank(self.shape, self.rank, rng=self.seed, **options).observations

    @property
    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """Both factors of the truth, each entry off by a share of the root mean square entry: better than zero."""
        options = {"condition": self.condition, "oversampling": self.oversampling}
        truth = make_low_rank(self.shape, self.rank, rng=self.seed, **options).truth
        assert truth is not None
        rng, half = np.random.default_rng(self.seed + 1), np.sqrt(truth.singular_values)
        sides = ((side * half) for side in (truth.U, truth.V))
        left, right = (F + self.off * np.sqrt((F * F).mean()) * rng.normal(size=F.shape) for F in sides)
        return left, right


def all_factors(case: RunCase, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return both factors after each of at most 12 iterations, in which rows take a few steps from where they were."""
    found: list[tuple[np.ndarray, np.ndarray]] = []
    # tolerances that no run reaches, so that every half-step takes its number of inner steps
    setting = {"method": "cg", "max_inner_iter": case.inner_steps, "inner_tol": 1e-12, "max_iter": 12, "tol": 1e-14}
    keep = lambda state: found.append((np.array(state.U), np.array(state.V)))
    complete(case.observations, case.rank, ridge=case.ridge, init=case.start, callback=keep, **setting)
    return found


def draw_run(draws: Draws) -> RunCase:
    """Draw a run of rank up to three, with one to five inner steps, with a ridge or without."""
    rank, condition, steps = draws.integers(1, 3), draws.choice((1.0, 10.0)), draws.integers(1, 5)
    return RunCase((40, 30), rank, condition, 4.0, steps, draws.integers(0, 10**6), draws.choice((0.0, 1.0)))


def is_seen_enough(case: RunCase) -> bool:
    """Decide whether every line has at least k entries, or a ridge."""
    data = case.observations
    return case.ridge > 0 or min(int(lines.degrees.min()) for lines in (data.by_row, data.by_col)) >= case.rank


def draw_with_ridge(draws: Draws) -> RunCase:
    """Draw a run of rank one or two, with 20 to 40 rows and columns and a ridge of 1 or 2."""
    shape, rank = (draws.integers(20, 40), draws.integers(20, 40)), draws.integers(1, 2)
    return RunCase(shape, rank, draws.choice((1.0, 2.0)), 6.0, 0, draws.integers(0, 10**6), draws.choice((1.0, 2.0)))


def is_clear(case: RunCase) -> bool:
    """Decide whether the ridge is at most half of the k-th singular value of the zero-filled sample."""
    spectrum = np.linalg.svd(case.observations.to_csr().toarray(), compute_uv=False)
    return bool(0 < case.ridge <= spectrum[case.rank - 1] / 2)


# A ridge that exceeded a singular value would shrink that factor to zero, and the end of the run would have lower rank.
WITH_RIDGE = Family(
    "with-ridge",
    always=(RunCase((40, 30), 2, 2.0, 5.0, 0, 0, ridge=2.0), RunCase((20, 30), 1, 1.0, 6.0, 0, 1, ridge=4.0)),
    draw=draw_with_ridge,
)
RUNS = Family(
    "runs",
    always=(
        RunCase((60, 50), 3, 10.0, 4.0, 2, 0),
        RunCase((40, 30), 2, 1.0, 3.0, 1, 1),
        RunCase((60, 50), 4, 3.0, 4.0, 5, 2),
        RunCase((40, 30), 3, 3.0, 4.0, 2, 3, ridge=1.0),
        RunCase((40, 30), 2, 1.0, 4.0, 1, 0, ridge=1.0),
    ),
    draw=draw_run,
)
#: two rows have fewer entries than the rank, so one step from 0 does not bring them back to the truth
SHORT_ROWS = Family("short-rows", always=(RunCase((40, 30), 4, 1.0, 1.05, 1, 0, off=0.0),))


ITERATIONS = 200  # of a run that ends at a stationary point


@dataclass(frozen=True)
class Factors:
    """The two factors of a completion, of shapes (m, k) and (n, k)."""

    left: np.ndarray
    right: np.ndarray


def factors_at_the_end(case: RunCase, rng: np.random.Generator | None = None, max_iter: int = ITERATIONS) -> Factors:
    """Return both factors after `max_iter` iterations of exact half-steps.

    They are taken from the last iteration, because those of the result are balanced by construction.
    """
    last: list[Factors] = []
    keep = lambda state: last.append(Factors(np.array(state.U), np.array(state.V)))
    setting = {"method": "exact", "max_iter": max_iter, "tol": 0.0, "callback": keep}
    complete(case.observations, case.rank, ridge=case.ridge, **setting)
    return last[-1]

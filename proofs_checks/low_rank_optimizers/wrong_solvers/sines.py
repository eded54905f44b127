"""Closed forms for sines and steps that go wrong in one place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lrtheory.low_rank_optimizers import theory

Found = dict[str, Any]


def analysed(case: Any, rng: np.random.Generator | None = None, wrong: str = "") -> Found:
    """Return mean and second moment with one thing wrong: the rank, the frequency, the phase, a side or the mean."""
    t, sigma, shape = np.array(case.values, float), float(case.sigma), case.shape
    rank: Any = case.rank or math.inf
    if wrong == "full":
        rank = math.inf
    if wrong == "capped":
        rank = min(rank, *shape)
    angle = float(case.angle) - (float(case.phase) if wrong == "phase" else 0.0)
    h = theory.sine_response(2 * t if wrong == "double" else t, rank=rank)
    U, V = (one.astype(float) for one in case.frames)
    amplitude = (math.cos(angle) / sigma) ** 2
    sides = shape[::-1] if wrong == "transposed" else shape
    second = amplitude * theory.sine_second_moment(sides, t / 2 if wrong == "half" else t, rank=rank)
    if wrong == "transposed" and rank != math.inf:
        second = amplitude * _with_columns(shape, 2 * t, rank)
    variance = second if wrong == "uncentered" else second - amplitude * float(h @ h)
    return {
        "gradient": math.cos(angle) / sigma * (U * h) @ V.T,
        "second_moment": float(second),
        "variance": float(variance),
    }


def _with_columns(shape: tuple[int, int], s: np.ndarray, rank: int) -> float:
    """Return the second moment where m stands in the place of n, and the trace is right."""
    m, n = shape
    x = s * s / rank
    phi = float(np.prod((1 + x) ** (-rank / 2)))
    trace, square = m - float((x / (1 + x)).sum()), float((s * s / (1 + x) ** 2).sum())
    return (m * n - phi * (m * trace - (trace * float((s * s / (1 + x)).sum()) + square) / rank - square)) / 2


def bound_of(case: Any, rng: np.random.Generator | None = None, wrong: str = "") -> Found:
    """Return the bound with a wrong first term, or over r twice."""
    t = np.array(case.values, float)
    full, finite = (float(theory.characteristic_function(t, rank=r)) for r in (math.inf, case.rank))
    first = (full if wrong == "gaussian" else finite) * float((t**4).sum()) / 4
    bound = float(np.linalg.norm(t)) * max(first, float(t.max()) ** 2 * full) / case.rank
    return {"bound": bound / (case.rank if wrong == "rank" else 1)}


def counted(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Count the values that are not 0."""
    equal = theory.sine_response([float(case.t)] * case.n_equal, rank=case.rank)
    return {"ratio": np.count_nonzero(case.values), "length": float(np.linalg.norm(equal))}


def of_one_value(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Take the length of the response to one value at the same rank."""
    one = theory.sine_response([float(case.t) * math.sqrt(case.n_equal)], rank=case.rank)
    return {"ratio": theory.participation_ratio(list(case.values)), "length": float(np.linalg.norm(one))}


def shifted(case: Any, rng: np.random.Generator | None = None) -> Found:
    """Take Gamma(r/2 + 1) for Gamma(r/2)."""
    low, high = theory.step_response_bounds(case.rank)
    share = 2 / case.rank * math.exp(2 * (math.lgamma((case.rank + 1) / 2) - math.lgamma(case.rank / 2 + 1)))
    return {"share": share, "bounds": np.array([float(low), float(high)])}

"""Recursions that go wrong, in exact numbers; their reports are true of their own maps, which are the wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np

from lrtheory.continual_learning.theory.ridge import inverse, of_one_kind
from proofs_checks.continual_learning.families.runs import collected, forms
from proofs_checks.continual_learning.families.streams import Stream, is_held
from proofs_checks.continual_learning.families.truths import Truth, energy, information, norm, truth

Step = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def identity(n: int) -> np.ndarray:
    return of_one_kind(np.eye(n, dtype=int))[0]


def right_step(C: np.ndarray, W: np.ndarray, K: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance and the map after an edit, as they should be."""
    gain = C @ K.T @ inverse(identity(len(K)) + K @ C @ K.T)
    return C - gain @ K @ C, W + gain @ (V - K @ W)


Found = dict[str, Any]


def in_all_forms(
    n: int, exact: dict[str, np.ndarray], reports: dict[str, Any] | None = None, singles: int = 0
) -> Found:
    """Return the same arrays in Fractions, as doubles of n - 1 other forms, and of some in single precision."""
    runs = [exact] + [{name: np.asarray(x, float) for name, x in exact.items()}] * (n - 1 + singles)
    return collected([run | (reports or {}) for run in runs], *(reports or {}), singles=singles)


def with_reports(true: Truth, maps: list[np.ndarray]) -> Found:
    """Return maps with reports that are true of them."""
    D = [W - true.start for W in maps]
    E = true.surprises(np.stack(maps))
    paid = [true.cost(t, W) - true.cost(t, before) for t, (W, before) in enumerate(zip(maps[1:], maps, strict=False))]
    reports = {
        "surprise": [norm(one) for one in E],
        "residual_norm": [norm(V - K @ W) for (K, V), W in zip(true.edits, maps[1:], strict=True)],
        "interference": paid,
        "bound": [energy(one) / 4 for one in E],
        "gap": [energy(one) / 4 - one_paid for one, one_paid in zip(E, paid, strict=True)],
        "cost": [true.cost(t, W) for t, W in enumerate(maps)][1:],
        "drift": list(map(norm, D[1:])),
        "anchor_drift": [norm(true.anchors @ one) for one in D[1:]],
    }
    held = is_held(true.stream)
    n = len(forms(true.stream)) if held else 2
    return in_all_forms(n, {"weights": np.stack(maps)}, reports, singles=n - 1 if held else 0)


def maps_of(stream: Stream, step: Step, C: np.ndarray | None = None) -> Found:
    """Return the maps of a recursion with its own step, and what is true of them."""
    true = truth(stream)
    C, maps = inverse(information(stream, 0)) if C is None else C, [true.start]
    for K, V in true.edits:
        C, W = step(C, maps[-1], K, V)
        maps.append(W)
    return with_reports(true, maps)


def ungained(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Add C K^T E, without the inverse of I + K C K^T."""
    return maps_of(stream, lambda C, W, K, V: (right_step(C, W, K, V)[0], W + C @ K.T @ (V - K @ W)))


def twice_gained(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Update the covariance first, and then use the inverse of I + K C K^T with it all the same."""

    def step(C: np.ndarray, W: np.ndarray, K: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after = right_step(C, W, K, V)[0]
        return after, W + after @ K.T @ inverse(identity(len(K)) + K @ C @ K.T) @ (V - K @ W)

    return maps_of(stream, step)


def rooted(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Take the root of the ridge for the ridge."""
    root = Fraction(isqrt(stream.ridge.numerator), isqrt(stream.ridge.denominator))
    return maps_of(stream, right_step, inverse(information(replace(stream, ridge=root), 0)))


def without_anchors(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Leave the anchors out of the recursion."""
    held = replace(stream, anchors=(), ridge=stream.ridge or Fraction(1))
    return maps_of(stream, right_step, inverse(information(held, 0)))


def spread(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Divide each step by two layers that remain."""
    half = Fraction(1, 2)

    def step(C: np.ndarray, W: np.ndarray, K: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after, new = right_step(C, W, K, V)
        return after, W + half * (new - W)

    return maps_of(stream, step)


def released(stream: Stream, rng: np.random.Generator | None = None, layers: int = 1) -> Found:
    """Take residuals for targets, and subtract what the map says once more; divide by the layers that remain."""
    share = Fraction(1, layers)

    def step(C: np.ndarray, W: np.ndarray, K: np.ndarray, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after, new = right_step(C, W, K, V - K @ W)
        return after, W + share * (new - W)

    return maps_of(stream, step)


def fixed(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Never update the covariance."""
    return maps_of(stream, lambda C, W, K, V: (C, right_step(C, W, K, V)[1]))


def still(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Do nothing."""
    return maps_of(stream, lambda C, W, K, V: (C, W))

"""Keys, values and weights in other units: the map follows its values, the ridge weight its squared keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import continual_learning as cl

RNG = np.random.default_rng(7)
ROWS = RNG.normal(size=(60, 12)) * np.logspace(0, -1, 12)


def streamed(c: float, method: str) -> Any:
    """Rows in units c, the squares of which the certificate is about."""
    stream, other = (cl.FrequentDirections(12, 2, decay=0.9, method=method) for _ in range(2))
    stream.update(ROWS[:40] * c)
    other.update(ROWS[40:] * c)
    stream.merge(other)
    bounds = [stream.delta / c / c, stream.mass / c / c, stream.projection_bound(1) / c / c]
    return stream.sketch.T @ stream.sketch / c / c, np.array(bounds), stream.counts["shrinks"]


def sketched(c: float) -> Any:
    found = cl.sketch(ROWS * c, 3)
    assert found.certificate is not None
    assert found.certificate.verify(ROWS * c)
    return found.sketch.T @ found.sketch / c / c, found.delta / c / c, found.certificate.gap / c / c


def protected(c: float, a: float) -> Any:
    """Inputs in units c and steps in units a."""
    protector = cl.SubspaceProtector(12)
    stream = cl.FrequentDirections(12, 4)
    stream.update(ROWS * c)
    added = protector.extend(stream, energy=0.7)
    leak = protector.leak_bound(ROWS[:5] * a)
    assert leak.certificate.verify(ROWS * c)
    ends = np.array([leak.lower, leak.upper, leak.certificate.gap]) / (a * c) ** 2
    step = protector.protect_step(ROWS[5:10] * a, ROWS[:5] * a) / a
    return added, protector.project(ROWS[:5] * a) / a, step, ends, protector.protected_energy(ROWS[:9] * c)


UNITS: dict[str, Callable[[float], Any]] = {
    "FrequentDirections: rows": lambda c: streamed(c, "fd"),
    "FrequentDirections: rows, exact": lambda c: streamed(c, "gram"),
    "SubspaceProtector: inputs": lambda c: protected(c, 1.0),
    "SubspaceProtector: steps": lambda c: protected(1.0, c),
    "sketch: rows": sketched,
}
UNITLESS: dict[str, str] = {}

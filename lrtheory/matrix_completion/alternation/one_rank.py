"""A completion at one rank, with one ridge: the start, the half-steps on samples, and the result."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lrtheory._validation import array, choice, must
from lrtheory.matrix_completion import half_steps
from lrtheory.matrix_completion.alternation import loop, offsets, propagation
from lrtheory.matrix_completion.alternation import start as starts
from lrtheory.matrix_completion.alternation.finish import as_result
from lrtheory.matrix_completion.alternation.loop import Outcome, Setting
from lrtheory.matrix_completion.alternation.offsets import Centered, Offsets
from lrtheory.matrix_completion.alternation.result import CompletionResult
from lrtheory.matrix_completion.entries.scaling import scaled
from lrtheory.matrix_completion.problem import Observations, split_mask

__all__ = ["Options", "completed"]


class Options(NamedTuple):
    """The options of `complete` that are the same for all ranks; `unit` is that of the values."""

    unit: float
    value_range: tuple[float, float] | None
    bias: bool
    init: Any
    split: Any
    mu: float | None
    callback: Callable[..., object] | None
    record: bool


def completed(
    seen: Observations,
    k: int,
    setting: Setting,
    judges: Observations | None,
    options: Options,
    *,
    offset: Offsets | None = None,
    told: bool = True,
) -> CompletionResult:
    """Complete at one rank; held-out values and ridge are divided by the unit already, `seen` and `offset` are not.

    `told` is whether a certificate and sentences are wanted, which take as long as a few iterations.
    """
    unit, value_range, bias, init, split, mu, callback, record = options
    inside = scaled(seen, unit)
    alone = offsets.fitted(inside, bias) if offset is None else offsets.times(offset, 1 / unit)
    # a split sample serves the analysis, whose half-steps are independent; biases of all of it would tie them together
    centered = offsets.Centered(inside, alone, again=setting.ridge > 0 and split is False)
    values = centered.values
    degrees = seen.by_row.degrees, seen.by_col.degrees
    error = None if judges is None else partial(_rmse, judges, degrees, _ends(value_range, unit))
    # at rank one a connected sample determines the matrix, and nothing has to be iterated (statement MC-L10-paths)
    determined = _determined(values, k, setting, init, split, mu)
    if determined is not None:
        outcome, method, reason = determined, "propagation", "rank one, and one path of observations to every line"
    else:
        method, reason = half_steps.chosen(setting.method, k), half_steps.reason(setting.method, k)
        setting = setting._replace(method=method)
        first, samples = _samples(centered, split, setting)
        start = _start(first, k, init, mu, setting, unit)
        outcome = loop.run(samples, start, setting, centered, error=error, callback=callback)
    found = as_result(
        seen,
        centered.values,
        centered.offset,
        outcome,
        alone=alone,
        told=told,
        unit=unit,
        ridge=setting.ridge,
        reason=reason,
        method=method,
        value_range=value_range,
    )
    rmse = None if error is None else unit * error(centered.offset, outcome.U, outcome.V)
    trace = {name: np.array(column) for name, column in outcome.trace.items()} if record else None
    if trace is not None and "validation" in trace:
        trace["validation"] *= unit
    return dataclasses.replace(found, validation_rmse=rmse, trace=trace)


def _determined(values: Observations, k: int, setting: Setting, init: Any, split: Any, mu: Any) -> Outcome | None:
    """Return the completion of rank one that the sample determines; None if there is none, or an option forbids it."""
    asked = setting.method == "auto" and setting.ridge == 0 and split is False and mu is None
    if k > 1 or not asked or not (isinstance(init, str) and init == "spectral"):
        return None
    factors = propagation.propagated(values)
    if factors is None:
        return None
    trace: dict[str, list[float]] = {"residual": [], "inner_iterations": [], "imbalance": []}
    message = "the observations determine every entry of rank one"
    counts = {"flops": 3 * values.n_observed, "inner_iterations": 0, "regressions": 0}
    return Outcome(*factors, 0, True, message, counts, trace)


def _samples(centered: Centered, split: Any, setting: Setting) -> tuple[Observations, Iterator[Observations]]:
    """Return the sample of the start, and an iterator over those of the half-steps."""
    values = centered.values
    if split is False:
        return values, centered
    kind: Any = "disjoint" if split == "disjoint" else "independent"
    parts = split_mask(values, 2 * setting.max_iter + 1, method=kind, rng=setting.rng)
    if min(part.n_observed for part in parts) == 0:
        raise must("max_iter", f"small enough to split {values.n_observed} observations", setting.max_iter)
    return parts[0], iter(parts[1:])


def _start(
    seen: Observations, k: int, init: Any, mu: float | None, setting: Setting, unit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the left and the right factor of values divided by their unit; the first half-step replaces the right one.

    With a ridge, a penalty on the lengths of both factors, each is scaled by the roots of the singular values; without
    one the left factor has orthonormal columns and the right one has the singular values.
    """
    (m, n), kind = seen.shape, seen.values.dtype
    if isinstance(init, (tuple, list)):
        if len(init) != 2:
            raise must("init", 'a pair (U, V), "spectral" or "random"', init)
        U, V = (array("init", F, shape=(size, k)) / math.sqrt(unit) for F, size in zip(init, (m, n), strict=True))
        return U.astype(kind), V.astype(kind)
    choice("init", init, ("spectral", "random"))
    if init == "random":
        U, V = starts.orthonormal(setting.rng.normal(size=(m, k))), np.zeros((n, k))
        # k equal singular values whose squares add up to about |M|_F^2; with V = 0 they count only under a ridge
        scale = np.full(k, float(np.linalg.norm(seen.values.astype(np.float64))) / math.sqrt(k * seen.density))
    else:
        start = starts.spectral_init(seen, k, incoherence=mu)
        U, V, scale = start.U, start.V, start.singular_values
    half = np.sqrt(scale) if setting.ridge > 0 else np.ones(k)
    return (U * half).astype(kind), (V * (scale / np.where(half > 0, half, 1))).astype(kind)


def _ends(value_range: tuple[float, float] | None, unit: float) -> tuple[float, float] | None:
    return None if value_range is None else (value_range[0] / unit, value_range[1] / unit)


def _rmse(judges: Observations, degrees: Any, ends: Any, offset: Offsets, U: np.ndarray, V: np.ndarray) -> float:
    """Return the root mean square error of two factors on held-out observations."""
    predicted = offsets.predicted((judges.rows, judges.cols), (U, V), offset, degrees)
    errors = (predicted if ends is None else np.clip(predicted, *ends)) - judges.values
    return math.sqrt(float(np.mean(errors.astype(np.float64) ** 2)))

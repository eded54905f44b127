"""From factors to a result: balanced, with a certificate, and with sentences on what the sample does not determine."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from lrtheory.matrix_completion.alternation import certificates, offsets
from lrtheory.matrix_completion.alternation.loop import Outcome
from lrtheory.matrix_completion.alternation.offsets import Offsets
from lrtheory.matrix_completion.alternation.result import CompletionResult
from lrtheory.matrix_completion.entries.ids import Ids, named
from lrtheory.matrix_completion.entries.regressions import kernels
from lrtheory.matrix_completion.problem import Observations

__all__ = ["as_result"]

NAMED = 5  # largest number of lines that a message names
AT_ONCE = 2**20  # predictions that are looked at for the message
OFTEN = 0.01  # share of predictions outside of the range of the sample that is said


def as_result(
    seen: Observations,
    values: Observations,
    offset: Offsets,
    outcome: Outcome,
    *,
    unit: float,
    ridge: float,
    method: str,
    reason: str,
    alone: Offsets | None = None,
    told: bool = True,
    value_range: tuple[float, float] | None = None,
) -> CompletionResult:
    """Turn factors into a result: balanced, with zeros in lines without observations, and with a certificate.

    `seen` has the units of the data; values, offsets, outcome and ridge are divided by the unit. `alone` are the
    offsets that were fitted without factors, where these are others. Without `told` there is neither certificate nor
    sentence.
    """
    U, V = (factor.astype(np.float64) for factor in (outcome.U, outcome.V))
    rows, cols = seen.by_row.degrees, seen.by_col.degrees
    U[rows == 0], V[cols == 0] = 0, 0
    # Balanced factors U^T U = V^T V = diag(s) have the smallest penalty of all factors of the same product, the ridge
    # times its nuclear norm. The certificate is about this norm, so it says something about the objective that was
    # minimized only for balanced factors.
    product = certificates.factored(U, V)
    half, kind = np.sqrt(product.singular_values), seen.values.dtype
    U, V = (product.U * half).astype(kind), (product.V * half).astype(kind)
    errors = kernels.entries(values.rows, values.cols, U, V)
    errors -= values.values
    size = float(np.linalg.norm(values.values.astype(np.float64, copy=False)))
    residual = float(np.linalg.norm(errors.astype(np.float64))) / size if size > 0 else 0.0
    few = 0 if ridge > 0 else int((rows < len(half)).sum() + (cols < len(half)).sum())
    U, V, ridge = U * kind.type(math.sqrt(unit)), V * kind.type(math.sqrt(unit)), ridge * unit
    offset, alone = offsets.times(offset, unit), offsets.times(alone or offset, unit)
    certificate = certificates.gap(seen, U, V, ridge, offset.at(seen.rows, seen.cols)) if told and size > 0 else None
    found = CompletionResult(
        U=U,
        V=V,
        singular_values=(product.singular_values * unit).astype(kind),
        mean=offset.mean,
        row_bias=offset.rows,
        col_bias=offset.cols,
        biases_alone=None if alone.rows is None or alone.cols is None else (alone.rows, alone.cols),
        row_degrees=rows,
        col_degrees=cols,
        ridge=ridge,
        names=seen.names,
        value_range=value_range,
        residual=residual,
        validation_rmse=None,
        tested=None,
        tried=None,
        method=method,
        reason=reason,
        n_iter=outcome.n_iter,
        converged=outcome.converged,
        message=outcome.message,
        counts={**outcome.counts, "undetermined": few, "observations": seen.n_observed},
        certificate=certificate,
        trace=None,
    )
    if not told:
        return found
    return dataclasses.replace(found, message="; ".join([outcome.message, *_warnings(found), *_leaving(seen, found)]))


def _warnings(found: CompletionResult) -> Iterator[str]:
    """Name the lines that the sample does not determine, in sentences for the message."""
    k, names = found.rank, found.names or (None, None)
    sides = zip(("rows", "columns"), (found.row_degrees, found.col_degrees), names, strict=True)
    for word, degrees, ids in sides:
        ids = ids if isinstance(ids, Ids) else None
        empty, few = np.flatnonzero(degrees == 0), np.flatnonzero((degrees > 0) & (degrees < k))
        if len(empty):
            who = named(ids, empty, NAMED)
            yield f"{len(empty)} {word} were never seen ({who}) and get the mean plus what bias is known"
        if len(few) and found.ridge == 0:
            who = named(ids, few, NAMED)
            yield f"{len(few)} {word} have fewer than {k} observations ({who}) and get the shortest solution"


def _leaving(seen: Observations, found: CompletionResult) -> Iterator[str]:
    """Say how far predictions leave the range of the observations, in all rows or in many, evenly spaced ones.

    Without a range of values a few predictions may leave the range of a sample, so then it is said only of many, or of
    far ones.
    """
    low, high = found.value_range or (float(seen.values.min()), float(seen.values.max()))
    m, n = found.shape
    rows = np.unique(np.linspace(0, m - 1, min(m, max(1, AT_ONCE // n))).round().astype(np.int64))
    predicted = found._raw_block(rows, np.arange(n))
    share = float(((predicted < low) | (predicted > high)).mean())
    least, most = float(predicted.min()), float(predicted.max())
    ends = " and ".join(f"{end:.4g}" for end, out in ((least, least < low), (most, most > high)) if out)
    where, inside = f"{100 * share:.3g} % of predictions, as far as {ends},", f"[{low:g}, {high:g}]"
    if found.value_range is not None and share > 0:
        yield f"{where} are moved to the range of the ratings, {inside}"
    elif found.method != "propagation" and 0 < high - low < max(low - least, most - high, (high - low) * share / OFTEN):
        yield f"{where} leave the range of the observations, {inside}: a ridge or `clip` keeps them nearer"

r"""Matrix completion by alternating minimization, with half-steps that are solved approximately on purpose.

.. math:: \min_{U, V} \; \tfrac12 \|P_\Omega(U V^\top - M)\|_F^2 + \tfrac\lambda2 (\|U\|_F^2 + \|V\|_F^2)

An error E of a half-step costs the distance to the truth no more than about \|E\| / s_k (statement MC-D2), so each row
is solved to a share of the residual that is left, and the whole runs in time proportional to \|Omega\| k.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from lrtheory._parallel import n_threads
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import (
    array,
    check_callback,
    choice,
    flag,
    generator,
    integer,
    must,
    open_interval,
    real,
    refuse_unused,
)
from lrtheory.matrix_completion import half_steps, makers
from lrtheory.matrix_completion.alternation import loop as alternation
from lrtheory.matrix_completion.alternation import offsets, propagation
from lrtheory.matrix_completion.alternation import start as starts
from lrtheory.matrix_completion.alternation.finish import as_result
from lrtheory.matrix_completion.alternation.loop import Outcome, Setting
from lrtheory.matrix_completion.alternation.model_choice import plan
from lrtheory.matrix_completion.alternation.offsets import Centered, Offsets
from lrtheory.matrix_completion.alternation.result import CompletionResult, CompletionState
from lrtheory.matrix_completion.entries.scaling import scaled, scaled_weight, unit_of
from lrtheory.matrix_completion.problem import Data, Observations, as_observations

__all__ = ["complete"]

#: the options of `complete` that each method reads, beside those that all do: an exact half-step has no inner steps
OPTIONS: dict[str, set[str]] = {
    "auto": {"inner_tol", "max_inner_iter", "n_jobs"},
    "exact": {"n_jobs"},
    "cg": {"inner_tol", "max_inner_iter", "n_jobs"},
    "sketch": {"inner_tol", "max_inner_iter"},
}
INNER_TOL = 1e-2  # accuracy of the inner steps, unless the caller says otherwise


def complete(
    data: Data,
    rank: int | Sequence[int] | Literal["auto"] = "auto",
    *,
    method: Literal["auto", "exact", "cg", "sketch"] = "auto",
    ridge: float | Literal["auto"] | None = None,
    bias: bool | None = None,
    clip: bool | None = None,
    init: Literal["spectral", "random"] | Sequence[ArrayLike] = "spectral",
    sample_splitting: bool | Literal["independent", "disjoint"] = False,
    incoherence: float | None = None,
    inner_tol: float | None = None,
    tol: float = 1e-6,
    max_iter: int = 100,
    max_inner_iter: int | None = None,
    validation: Data | None = None,
    hold_out: Literal["random", "time"] | None = None,
    n_jobs: int | None = None,
    rng: Rng = None,
    callback: Callable[[CompletionState], object] | None = None,
    record: bool = False,
) -> CompletionResult:
    r"""Complete a matrix of low rank from some of its entries.

    Parameters
    ----------
    data : Observations, CompletionProblem, sparse array or dense one with NaN of shape (m, n), or pair (dense, mask)
        Observed entries; stored zeros are observations, and an entry that a masked array hides was not seen. Also a
        path or a data frame, read as by `Observations.from_file`. For whole matrices on a GPU see `complete_dense`.
    rank : int, sequence of int or "auto"
        k, in [1, min(m, n)]; among several ranks the one with the smallest held-out error is taken. "auto" doubles the
        rank from 1 to 64, until two in a row gain nothing, and then tries those halfway to the neighbours of the best.
    method : {"auto", "exact", "cg", "sketch"}
        Solver of each line, see `half_step`; "auto" is "exact" up to rank 8 and "cg" above. For rank 1, without a
        ridge, "auto" takes no half-step where paths of observations determine every entry (see `rank_one_components`)
        and do not contradict each other.
    ridge : float, "auto" or None
        lambda, at least 0, for each row alike; in units of the values. "auto" takes the one with the smallest held-out
        error, up to a factor of the root of two. None is "auto" for ratings, and where the rank is chosen without
        `validation`; else 0.
    bias : bool or None
        Whether to fit a mean and biases of rows and columns first, and with a ridge the biases again along with the
        factors; None does so for ratings.
    clip : bool or None
        Whether predictions outside of the range of the ratings, or of the observations, are moved to its nearer end;
        None does so for ratings. Ratings are observations with a `value_range`, as those of files and frames have it.
    init : {"spectral", "random"}, or pair (U, V) of arrays of shape (m, k) and (n, k)
        Start of the iterations; a pair continues an earlier run.
    sample_splitting : bool, "independent" or "disjoint"
        Whether each half-step takes a fresh part of the sample, as the analysis does; see `split_mask`. True is
        "independent". There are 2 max_iter + 1 parts.
    incoherence : float or None
        mu: clip the spectral start at it; for no other start.
    inner_tol : float or None
        Accuracy of each line, relative to the smallest residual, or relative change of it, so far; in (0, 1). None is
        1e-2; not for "exact".
    tol : float
        Stop when the residual relative to the values, or its relative change, is at most this.
    max_iter : int
        Largest number of iterations, of two half-steps each.
    max_inner_iter : int or None
        Largest number of inner steps of a line; None is 60; not for "exact".
    validation : data or None
        Held-out observations; the run ends when their error has not fallen for 3 iterations, and returns the best.
        Where rank or ridge are to be chosen and this is None, a tenth of the data is held out for it, another tenth
        measures the error (`tested`), and then all data are fitted, for as many iterations as were best.
    hold_out : {"random", "time"} or None
        Choice of the observations that are held out: at random, or the last ones. With a fixed rank and ridge None
        holds out nothing, and otherwise a tenth measures the error. None is "random" where something is chosen.
    n_jobs : int or None
        Threads, not for "sketch"; None means 1, -1 all processors. The result does not depend on it.
    rng : Generator, int or None
        Source of randomness of a random start, of splits, of what is held out and of sketches; a plain run draws
        nothing.
    callback : callable or None
        Called with a `CompletionState` after each iteration; raising StopIteration ends the run, and the search for a
        rank.
    record : bool
        Whether to keep a trace.

    Returns
    -------
    CompletionResult
        Factors `U` (m, k) and `V` (n, k), biases, a certificate, and methods to predict.

    Raises
    ------
    ValueError
        If a number is out of range, nothing is observed, the sample is too small to be split or to hold out some of it,
        or an option is given that the method does not read.

    Notes
    -----
    With d the sine of the largest angle to the column space of M, F the error that the sample puts on a half-step and E
    that of its inner solver, the next d is at most (\|F\| + \|E\|) / (s_k sqrt(1 - d^2) - \|F\| - \|E\|) (statement
    MC-D2). On a fresh sample of at least 8 k ln n entries per line it falls to d / 4 with probability 99/100, where
    singular values are equal (MC-W4, measured). Where every line has at least k entries, or with a ridge, no half-step
    raises the objective (MC-L7); a shorter line starts anew from 0 each time. Factors stay incoherent (MC-L5), and the
    gap of the `certificate` bounds the distance to the best matrix of any rank (MC-L8). Theorem MC-T1, of runs in time
    proportional to \|Omega\| k, needs sample splitting for its proof; in practice that wastes observations.

    References
    ----------
    .. [1] Y. Gu, Z. Song, J. Yin, L. Zhang, Low Rank Matrix Completion via Robust Alternating Minimization in Nearly
       Linear Time, ICLR 2024.
    .. [2] P. Jain, P. Netrapalli, S. Sanghavi, Low-rank Matrix Completion using Alternating Minimization, STOC 2013.

    Examples
    --------
    >>> from lrtheory.matrix_completion import make_low_rank
    >>> problem = make_low_rank((200, 150), 3, oversampling=5, rng=0)
    >>> done = complete(problem, 3, tol=1e-8)
    >>> bool(abs(done.block() - problem.truth.dense()).max() < 1e-6), done.method
    (True, 'exact')
    """
    seen = as_observations(data)
    unit, rng = unit_of(seen.values), generator(rng)
    split = choice("sample_splitting", sample_splitting, (False, True, "independent", "disjoint"))
    judges = None if validation is None else plan.validating(validation, seen)
    task = plan.plan_of(seen, rank, ridge, bias, validated=judges is not None, by=hold_out)
    method, record = choice("method", method, OPTIONS), flag("record", record)
    mu = None if incoherence is None else real("incoherence", incoherence, low=1)
    if mu is not None and not (isinstance(init, str) and init == "spectral"):
        raise must("incoherence", 'None unless `init` is "spectral"', mu)
    setting = Setting(
        method=method,
        ridge=scaled_weight(task.ridge or 0.0, unit),
        inner_tol=open_interval("inner_tol", INNER_TOL if inner_tol is None else inner_tol, 0, 1),
        max_inner_iter=integer(
            "max_inner_iter", half_steps.MAX_INNER_ITER if max_inner_iter is None else max_inner_iter, low=0
        ),
        tol=real("tol", tol, low=0, high=1),
        max_iter=integer("max_iter", max_iter, low=1),
        n_threads=n_threads(n_jobs),
        rng=rng,
    )
    given = {"inner_tol": inner_tol, "max_inner_iter": max_inner_iter, "n_jobs": n_jobs}
    refuse_unused(method, OPTIONS[method], **{name: (value, None) for name, value in given.items()})
    check_callback(callback)
    inform = None if callback is None else partial(_call, callback, unit)
    options = {"unit": unit, "bias": task.bias, "init": init, "split": split, "mu": mu, "callback": inform}
    fit: Callable[..., CompletionResult] = partial(_complete, value_range=_range(seen, clip), record=record, **options)
    if task.by is not None or task.searching:
        found = plan.completed(seen, task, setting, judges, fit)
    else:
        # nothing is held out here: the ranks are those that were asked for, and `validation` compares them
        tried: list[CompletionResult] = []
        judges = judges and scaled(judges, unit)
        while len(tried) < len(task.ranks) and not _stopped(tried):
            tried.append(fit(seen, task.ranks[len(tried)], setting, judges))
        found = tried[0] if len(task.ranks) == 1 else _chosen(task.ranks[: len(tried)], tried)
    return found if not seen.message else dataclasses.replace(found, message=f"{found.message}; {seen.message}")


def _range(seen: Observations, clip: bool | None) -> tuple[float, float] | None:
    """The range in which predictions are kept, if any."""
    if flag("clip", clip, undecided=True) is None:
        return seen.value_range
    return (seen.value_range or (float(seen.values.min()), float(seen.values.max()))) if clip else None


def _complete(
    seen: Observations,
    k: int,
    setting: Setting,
    judges: Observations | None,
    *,
    unit: float,
    value_range: tuple[float, float] | None,
    bias: bool,
    init: Any,
    split: Any,
    mu: float | None,
    callback: Any,
    record: bool,
    offset: Offsets | None = None,
    told: bool = True,
) -> CompletionResult:
    """Complete at one rank; held-out values and ridge are divided by the unit already, `seen` and `offset` are not.

    `told` is whether a certificate and sentences are wanted, which take as long as a few iterations.
    """
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
        outcome = alternation.run(samples, start, setting, centered, error=error, callback=callback)
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


def _call(callback: Callable[[CompletionState], object], unit: float, state: CompletionState) -> object:
    """Pass a state to the callback in the units of the data."""
    rmse = None if state.validation_rmse is None else unit * state.validation_rmse
    U, V = (factor * factor.dtype.type(math.sqrt(unit)) for factor in (state.U, state.V))
    return callback(CompletionState(U, V, state.residual, rmse, state.n_iter))


def _samples(centered: Centered, split: Any, setting: Setting) -> tuple[Observations, Iterator[Observations]]:
    """Return the sample of the start, and an iterator over those of the half-steps."""
    values = centered.values
    if split is False:
        return values, centered
    kind: Any = "disjoint" if split == "disjoint" else "independent"
    parts = makers.split_mask(values, 2 * setting.max_iter + 1, method=kind, rng=setting.rng)
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


def _chosen(ranks: list[int], tried: list[CompletionResult]) -> CompletionResult:
    """Return the completion whose rank has the smallest held-out error."""
    errors = [one.validation_rmse for one in tried]
    best = int(np.argmin(errors))  # type: ignore[arg-type]
    searched = {"rank": np.array(ranks), "ridge": np.array([one.ridge for one in tried]), "rmse": np.array(errors)}
    reason = f"{tried[best].reason}; rank {ranks[best]} has the smallest held-out error of {ranks}"
    found = dataclasses.replace(tried[best], reason=reason, tried=searched)
    return dataclasses.replace(found, converged=False, message=alternation.STOPPED) if _stopped(tried) else found


def _stopped(tried: list[CompletionResult]) -> bool:
    """Decide whether the callback has stopped the last run, and so all of them."""
    return bool(tried) and tried[-1].message.startswith(alternation.STOPPED)

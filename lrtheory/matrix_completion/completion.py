r"""Matrix completion by alternating minimization, with half-steps that are solved approximately on purpose.

.. math:: \min_{U, V} \; \tfrac12 \|P_\Omega(U V^\top - M)\|_F^2 + \tfrac\lambda2 (\|U\|_F^2 + \|V\|_F^2)

An error E of a half-step costs the distance to the truth no more than about \|E\| / s_k (statement MC-D2), so each row
is solved to a share of the residual that is left, and the whole runs in time proportional to \|Omega\| k.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import numpy as np

from lrtheory._parallel import n_threads
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import (
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
from lrtheory.matrix_completion import half_steps
from lrtheory.matrix_completion.alternation import loop as alternation
from lrtheory.matrix_completion.alternation import one_rank
from lrtheory.matrix_completion.alternation.loop import Setting
from lrtheory.matrix_completion.alternation.model_choice import plan
from lrtheory.matrix_completion.alternation.one_rank import Options
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
    options = Options(unit, _range(seen, clip), task.bias, init, split, mu, inform, record)
    if task.by is not None or task.searching:
        found = plan.completed(seen, task, setting, judges, options)
    else:
        # nothing is held out here: the ranks are those that were asked for, and `validation` compares them
        tried: list[CompletionResult] = []
        judges = judges and scaled(judges, unit)
        while len(tried) < len(task.ranks) and not _stopped(tried):
            tried.append(one_rank.completed(seen, task.ranks[len(tried)], setting, judges, options))
        found = tried[0] if len(task.ranks) == 1 else _chosen(task.ranks[: len(tried)], tried)
    return found if not seen.message else dataclasses.replace(found, message=f"{found.message}; {seen.message}")


def _range(seen: Observations, clip: bool | None) -> tuple[float, float] | None:
    """The range in which predictions are kept, if any."""
    if flag("clip", clip, undecided=True) is None:
        return seen.value_range
    return (seen.value_range or (float(seen.values.min()), float(seen.values.max()))) if clip else None


def _call(callback: Callable[[CompletionState], object], unit: float, state: CompletionState) -> object:
    """Pass a state to the callback in the units of the data."""
    rmse = None if state.validation_rmse is None else unit * state.validation_rmse
    U, V = (factor * factor.dtype.type(math.sqrt(unit)) for factor in (state.U, state.V))
    return callback(CompletionState(U, V, state.residual, rmse, state.n_iter))


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

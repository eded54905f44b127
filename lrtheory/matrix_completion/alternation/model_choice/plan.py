"""The choice of rank or ridge: what is searched, and which observations are held out to choose and to test."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal, NamedTuple

import numpy as np

from lrtheory._validation import choice, flag, integer, must, real, unmasked
from lrtheory.matrix_completion.alternation import offsets, one_rank
from lrtheory.matrix_completion.alternation.loop import Setting
from lrtheory.matrix_completion.alternation.model_choice import search
from lrtheory.matrix_completion.alternation.one_rank import Options
from lrtheory.matrix_completion.alternation.result import CompletionResult
from lrtheory.matrix_completion.alternation.scores import Score
from lrtheory.matrix_completion.entries.ids import Ids
from lrtheory.matrix_completion.entries.scaling import LARGEST_RIDGE, scaled_weight
from lrtheory.matrix_completion.problem import Data, Observations, as_observations

__all__ = ["SelectionPlan", "completed", "plan_of", "validating"]

COARSE_TOL, COARSE_ITER = 1e-3, 30  # accuracy, and largest number of iterations, of fits that choose rank and ridge
HOW = {
    "random": "at random (later ones may be harder)",
    "time": "as the last ones in time, or in the file if it has no times",
}


class SelectionPlan(NamedTuple):
    """The ranks and the ridge to fit, and whether held-out observations choose among them."""

    ranks: list[int]
    ridge: float | None  # None is to be chosen
    bias: bool
    until_worse: bool  # whether the ranks end at one that gains nothing
    searching: bool
    choosing: bool  # whether some of the data are held out to choose by
    by: Literal["random", "time"] | None  # how some are held out to test; None holds out nothing


def plan_of(seen: Observations, rank: Any, ridge: Any, bias: Any, *, validated: bool, by: Any) -> SelectionPlan:
    """Decide what is chosen, and by which observations."""
    automatic = isinstance(rank, str) and rank == "auto"
    if isinstance(ridge, str) and ridge != "auto":
        raise must("ridge", 'a number, "auto" or None', ridge)
    choice("hold_out", by, (None, "random", "time"))
    ranks = [k for k in search.RANKS if k <= max(1, min(seen.shape) // 2)] if automatic else _ranks(rank, seen.shape)
    alone = not validated and (automatic or len(ranks) > 1)
    choose_ridge = isinstance(ridge, str) or (ridge is None and (automatic or alone or seen.value_range is not None))
    searching = choose_ridge or automatic or alone or (by is not None and len(ranks) > 1)
    choosing = searching and not validated
    return SelectionPlan(
        ranks=ranks,
        ridge=None if choose_ridge else real("ridge", 0.0 if ridge is None else ridge, low=0, high=LARGEST_RIDGE),
        bias=seen.value_range is not None if flag("bias", bias, undecided=True) is None else bool(bias),
        until_worse=automatic,
        searching=searching,
        choosing=choosing,
        by=by or ("random" if choosing else None),
    )


def _ranks(rank: Any, shape: tuple[int, int]) -> list[int]:
    """Return the ranks to try."""
    rank = unmasked("rank", rank)
    if isinstance(rank, np.ndarray) and rank.ndim == 0:
        rank = rank.item()
    if isinstance(rank, Integral):
        return [integer("rank", rank, low=1, high=min(shape))]
    if isinstance(rank, (str, bytes)) or not isinstance(rank, (Sequence, np.ndarray)) or len(rank) == 0:
        raise must("rank", 'an integer, a non-empty sequence of integers or "auto"', rank, TypeError)
    return [integer(f"rank[{i}]", k, low=1, high=min(shape)) for i, k in enumerate(rank)]


def validating(validation: Data, seen: Observations) -> Observations:
    """Return the held-out observations, of the shape of the data; those of ids that the data lack are left out."""
    found = as_observations(validation, "validation")
    if found.names is not None and isinstance(found.names[0], Ids) and seen.names is not None:
        rows, cols = found.numbers_in(seen.names, seen.shape)
        kept = (rows >= 0) & (cols >= 0)
        if not kept.any():
            raise must("validation", "ratings by users, or of items, of the data", found)
        return Observations(rows[kept], cols[kept], found.values[kept], seen.shape, names=seen.names)
    if found.shape != seen.shape:
        raise must("validation", f"of shape {seen.shape}, as `data`", found.shape)
    return found


def completed(
    seen: Observations,
    task: SelectionPlan,
    setting: Setting,
    judges: Observations | None,
    options: Options,
) -> CompletionResult:
    """Hold out observations to choose by, unless there are `judges`, and others to test on; then fit all of them."""
    chosen, tested, said = None, None, []
    parts = search.parts(seen, task.by or "random", setting.rng, choosing=task.choosing, testing=task.by is not None)
    by, rank = judges if parts.choosing is None else parts.choosing, task.ranks[0]
    if task.searching:
        assert by is not None
        chosen = _chosen(parts.training, by, task, setting, options)
        if chosen.stopped is not None:
            return dataclasses.replace(chosen.stopped, tried=chosen.tried)
        rank, setting = chosen.rank, setting._replace(ridge=scaled_weight(chosen.ridge, options.unit))
        said.append(f"{chosen.reason}, on {by.n_observed:,} observations")
    if parts.testing is not None:
        tested = one_rank.completed(parts.both, rank, setting, None, options).score(parts.testing)
        n, how = parts.testing.n_observed, HOW[task.by or "random"]
        said.append(f"tested on {n:,} others, held out {how}, before all were fitted")
    return _told(one_rank.completed(seen, rank, setting, None, options), chosen, tested, said)


def _chosen(
    training: Observations,
    by: Observations,
    task: SelectionPlan,
    setting: Setting,
    options: Options,
) -> search.Choice:
    """Choose rank and ridge by the error on other observations."""
    if training.value_range is not None:  # noise hides what finer fits would tell apart
        setting = setting._replace(tol=max(setting.tol, COARSE_TOL), max_iter=min(setting.max_iter, COARSE_ITER))
    offset = offsets.fitted(training, task.bias)

    def attempt(k: int, ridge: float) -> CompletionResult:
        here = setting._replace(ridge=scaled_weight(ridge, options.unit))
        return one_rank.completed(training, k, here, None, options, offset=offset, told=False)

    return search.searched(
        attempt,
        task.ranks,
        search.first_ridge(training, offset) if task.ridge is None else task.ridge,
        by,
        fixed=task.ridge is not None,
        until_worse=task.until_worse,
        zero=training.value_range is None,
    )


def _told(
    done: CompletionResult, chosen: search.Choice | None, tested: Score | None, said: list[str]
) -> CompletionResult:
    """Add to a completion what was chosen, what was tested, and all that was tried."""
    tried = None if chosen is None else chosen.tried
    return dataclasses.replace(done, tested=tested, message="; ".join([*said, done.message]), tried=tried)

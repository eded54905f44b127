"""Which strategy to take, with which options, and what its calls are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lrtheory._validation import Words, choice, integer, must, refuse_unused
from lrtheory.reranking.strategies.answers import Steps
from lrtheory.reranking.strategies.groupwise import groupwise
from lrtheory.reranking.strategies.heap import heap
from lrtheory.reranking.strategies.knockout import knockout
from lrtheory.reranking.strategies.merge import merge
from lrtheory.reranking.strategies.pointwise import pointwise
from lrtheory.reranking.strategies.tournament import tournament
from lrtheory.reranking.strategies.window import best_windows, slide
from lrtheory.reranking.theory import merge_calls, merge_candidates, tournament_calls, window_calls

__all__ = ["STRATEGIES", "Choice", "cheapest", "chosen", "sorting_cases"]

#: options of each strategy
STRATEGIES: dict[str, tuple[str, ...]] = {
    "auto": (),
    "window": ("step", "passes"),
    "merge": (),
    "tournament": (),
    "heap": (),
    "knockout": (),
    "groupwise": ("partitions",),
    "pointwise": (),
}
PARTITIONS = 5


class Choice(NamedTuple):
    """A strategy, what its calls ask for, whether it draws, and why it was taken."""

    strategy: str
    kind: str
    run: Callable[..., Steps]
    random: bool
    reason: str

    def steps(self, order: np.ndarray, rng: np.random.Generator) -> Steps:
        """Begin the strategy."""
        return self.run(order, rng=rng) if self.random else self.run(order)

    def check_scores(self, calls: Sequence[np.ndarray], told: Mapping[int, np.ndarray], votes: int) -> None:
        """Refuse the numbers of documents, as of a judge that sorts, and votes that have no mean, as inf and -inf."""
        if self.kind != "score":
            return
        if len(calls) > 1 and all(told[i][0] == call[0] for i, call in enumerate(calls)):
            raise must("answers", "scores of documents", Words("their numbers, as of a judge that sorts"))
        given = np.array([told[i][0] for i in range(len(calls))]).reshape(-1, votes)
        with np.errstate(over="ignore", invalid="ignore"):
            means = given.mean(axis=1)
        lost = np.isnan(means) | (np.isinf(means) & np.isfinite(given).all(axis=1))
        if lost.any():
            raise must("answers", "scores whose mean over votes is a double", Words(str(given[lost][0].tolist())))


def chosen(strategy: Any, n: int, k: int, *, size: Any, step: Any, passes: Any, partitions: Any) -> Choice:
    """Check the options, and take the strategy that was named, or the one with the fewest calls."""
    size = integer("size", size, low=2)
    used = STRATEGIES[choice("strategy", strategy, STRATEGIES)]
    refuse_unused(strategy, used, "strategy", step=(step, None), passes=(passes, None), partitions=(partitions, None))
    reason = "it was named"
    if strategy == "auto":
        strategy = cheapest(n, k, size)
        reason = f"no other strategy makes the first {k} certain with fewer calls, or with as many in fewer rounds"
    kind = {"heap": "best", "knockout": "best", "pointwise": "score"}.get(strategy, "sort")
    return Choice(
        strategy, kind, _run(strategy, n, k, size, (step, passes, partitions)), strategy == "groupwise", reason
    )


def _run(strategy: str, n: int, k: int, size: int, options: tuple[Any, Any, Any]) -> Callable[..., Steps]:
    step, passes, partitions = options
    if strategy == "window":
        step, passes = best_windows(n, k, size=size, step=step, passes=passes)
        return partial(slide, size=size, step=step, passes=passes if k else 0)
    if strategy == "groupwise":
        partitions = PARTITIONS if partitions is None else integer("partitions", partitions, low=1)
        return partial(groupwise, size=size, partitions=partitions)
    if strategy == "pointwise":
        return pointwise
    if k == 0:
        return _nothing
    if strategy == "knockout":
        if k > 1:
            raise must("k", 'at most 1 with strategy "knockout"', k)
        return partial(knockout, size=size)
    if strategy == "tournament" and n > size <= k:
        raise must("k", "smaller than `size`", Words(f"k={k}, size={size}"))
    if strategy == "merge" and n > size and (k > size or merge_candidates(n, size, k) > size):
        rule = f"small enough that one call of {size} sorts all candidates of a merge"
        raise must("k", rule, k)
    return partial({"merge": merge, "tournament": tournament, "heap": heap}[strategy], k=k, size=size)


def _nothing(order: np.ndarray) -> Steps:
    """Ask for nothing."""
    yield []
    return order


def cheapest(n: int, k: int, size: int) -> str:
    """The strategy of sorting calls that makes the first k certain with the fewest calls, then the fewest rounds."""
    if n <= size or k == 0:
        return "window"
    found = sorting_cases(n, k, size)
    return min(found, key=lambda strategy: found[strategy][2:])


def sorting_cases(n: int, k: int, size: int) -> dict[str, tuple[int, int, int, int]]:
    """Step, passes, and the most calls and rounds of each strategy of sorting calls that makes the first k certain."""
    step, passes = best_windows(n, k, size=size, step=None, passes=None)
    calls = window_calls(n, size, step, passes=passes)
    found = {"window": (step, passes, calls, calls)}
    if k <= size and merge_candidates(n, size, k) <= size:
        found["merge"] = (0, 0, *merge_calls(n, size, k))
    if k < size:
        found["tournament"] = (0, 0, *tournament_calls(n, size, k))
    return found

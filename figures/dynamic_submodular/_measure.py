"""Measurements for sweeps and frontier: six ways of keeping a solution, on a window over a graph."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from figures._tools import stream
from lrtheory.dynamic_submodular import DynamicSubmodular, UpdateStream, UpdateTrace, baselines, make_graph_coverage

__all__ = ["GUARANTEED", "METHODS", "SEED", "Measured", "graph", "measured"]

SEED = 0
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "lazy": "lazy pair of guesses",
        "batched": "lazy pair, batches",
        "eager": "all guesses",
        "earlier": "Lattanzi et al., simple form",
        "sieve": "sieve, again after deletions",
        "recompute": "greedy, again each time",
    }
)
#: these keep a solution in compiled code and prove a bound; the others are what they are compared with
GUARANTEED = ("lazy", "batched", "eager")
#: updates of a full window that the algorithm of Lattanzi et al. sees: it is interpreted, and slow
STOP = 250
#: evaluations an update; queries an update and value over greedy while the window is full; mean value over greedy's
Measured = tuple[float, float, float, float]


@functools.cache
def graph(n: int, k: int, repetition: int) -> UpdateStream:
    """Make closed neighborhoods in a preferential-attachment graph, under a window of half of the nodes."""
    return make_graph_coverage(n, k=k, rng=stream(SEED, n, k, repetition))


@functools.cache
def _again(n: int, k: int, repetition: int) -> UpdateTrace:
    return baselines.recompute(graph(n, k, repetition))


@functools.cache
def measured(method: str, n: int, k: int, epsilon: float, repetition: int = 0) -> Measured:
    """Measure one run; an evaluation is a profile (all marginals of an element at once), or a query elsewhere."""
    given, rng = graph(n, k, repetition), stream(SEED, n, k, repetition, 1)
    reference, updates = _again(n, k, repetition), len(given)
    evaluations = None
    if method in GUARANTEED:
        best = DynamicSubmodular(given, epsilon=epsilon, method=method, rng=rng)  # type: ignore[arg-type]
        trace = best.update(given, record=True)
        evaluations = best.counts["profiles"]
    elif method == "recompute":
        trace = reference
    elif method == "sieve":
        trace = baselines.dynamic_sieve(given, epsilon=epsilon)
    else:
        updates = min(updates, n // 2 + STOP)
        trace = baselines.lattanzi(given, given.ops[:updates], epsilon=epsilon, rng=rng)
    greedy, steady = reference.values[:updates], slice(n // 2, updates)
    ratio = float(np.mean(trace.values[steady] / greedy[steady]))
    total = trace.counts["queries"] if evaluations is None else evaluations
    return total / updates, float(trace.queries[steady].mean()), ratio, float(trace.values.mean() / greedy.mean())

"""One small call of every public function of `dynamic_submodular`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import dynamic_submodular as ds
from tests.backends import need_data
from tests.examples import Call, call

OPS = np.array([0, 1, 2, ~1, 3])


def coverage() -> ds.Coverage:
    """Four sets of five items."""
    return ds.Coverage([[0, 1], [1, 2, 3], [3], [4, 0]])


def loaded(name: str, **options: Any) -> Call:
    """A loader, where its data are installed."""
    need_data(name)
    return call(**options)


def cardinality(sequence: tuple[int, ...]) -> int:
    """The number of elements."""
    return len(sequence)


CALLS = {
    "certify_selection": lambda: call(coverage(), [0, 3], 2),
    "load_airports": lambda: loaded("airports"),
    "load_digits_similarity": lambda: loaded("digits_similarity"),
    "load_supermarket": lambda: loaded("supermarket", min_customers=20),
    "make_adaptive_attack": lambda: call(12, k=2, n_deletions=4, rng=0),
    "make_graph_coverage": lambda: call(30, k=3, rng=0),
    "make_tight": lambda: call(2, 4, 8, rng=0),
    "make_tight_greedy": lambda: call(2),
    "maximize": lambda: call(coverage(), 2),
    "probe_submodular": lambda: call(coverage(), n_probes=5, rng=0),
    "run_guess": lambda: call(coverage(), OPS, 2, guess=4.0, n_runs=3, rng=0),
    "sliding_window": lambda: call(np.array([2, 0, 1]), 2),
    "time_window": lambda: call(np.array([0.0, 2.0, 1.0]), 1.5),
    "baselines.dynamic_sieve": lambda: call(coverage(), OPS, 2),
    "baselines.lattanzi": lambda: call(coverage(), OPS, 2, rng=0),
    "baselines.random_subset": lambda: call(coverage(), OPS, 2, rng=0),
    "baselines.recompute": lambda: call(coverage(), OPS, 2),
    "theory.batch_pair_ratio": lambda: call(0.25),
    "theory.deletion_queries": lambda: call(5),
    "theory.group_bound": lambda: call(5.0, [1.0, 0.5], [2, 4]),
    "theory.guesses_per_element": lambda: call(5, 0.1),
    "theory.insertion_queries": lambda: call(5),
    "theory.marginal_bound": lambda: call(5.0, [3.0, 1.0], [1]),
    "theory.pair_ratio": lambda: call(0.25),
    "theory.stochastic_samples": lambda: call(100, 5, 0.1),
    "theory.table_ratio": lambda: call(0.25),
}

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "build_law": lambda: call(cardinality, [0, 1, 2], 2, 1),
}

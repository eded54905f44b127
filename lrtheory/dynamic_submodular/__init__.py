r"""Fully dynamic submodular maximization: a good set of k elements, after every insertion and deletion.

A function of sets is submodular when an element adds less to a larger set: coverage of customers, influence in a
network, similarity to a summary, diversity. Greedy selection from n elements is easy; here elements come and go, and
running it again costs n queries per update. `DynamicSubmodular` keeps a solution of at least 1 / (2 + epsilon) of the
optimum, the best factor that few queries allow, and knows an upper bound of the optimum. The cost is a power of
log n: in queries, in expectation, for updates fixed in advance.

* Insert, delete, or a whole stream in one compiled call            `DynamicSubmodular`
* Windows over arrivals, in counts or in time                       `sliding_window`, `time_window`
* Functions                                                         `Coverage`, `Influence`, `FacilityLocation`,
  `LogDet`, `FeatureBased`, or any Python callable in a `CountingOracle`
* Selection from a fixed set, greedy, sieves, brute force           `maximize`
* A limit for each group of elements                                `PartitionMatroid`
* A bound of the optimum that anybody can recompute                 `certify_selection`, `SubmodularCertificate.verify`
* One guess of the optimum, its pools and its coins                 `OneGuess`, `run_guess`

How it works: if the optimum OPT were known to be o, any k elements would do that have a marginal of at least o / (2k)
when they are chosen. The structure keeps such a sequence e_1, e_2, ..., each *uniformly random* among all elements that
could be chosen there, so that a deletion fixed in advance rarely hits one of them and the expected cost of rebuilding
is small. Guesses of OPT lie on a grid. For an answer two neighboring guesses are enough: one that found k elements, and
a larger one that did not. Updates are fast because every objective computes the marginals of an element on all prefixes
of the sequence in one pass over its data.

From a file to an answer, in the shell::

    lrtheory dynamic_submodular pick graph.txt -k 10
    lrtheory dynamic_submodular follow graph.txt -k 10 < changes.txt

Examples
--------
A table of pairs, as `Coverage.from_file` reads it from a file, and names in the answer:

>>> from lrtheory import dynamic_submodular as ds
>>> shops = {"set": ["north", "north", "south", "mall"], "element": ["ann", "bob", "bob", "cat"]}
>>> chosen = ds.maximize(ds.Coverage.from_frame(shops), 2)
>>> chosen.names, chosen.value
(('north', 'mall'), 3.0)

Who dominates most of a window over a network? The value, and a proof of how good it is:

>>> stream = ds.make_graph_coverage(300, k=5, rng=0)
>>> best = ds.DynamicSubmodular(stream, epsilon=0.1, rng=0)
>>> trace = best.update(stream, record=True)
>>> bool((trace.values >= trace.upper_bounds / 2.1).all()), len(best.solution) <= 5
(True, True)
>>> again = ds.maximize(stream)
>>> bool(best.value >= 0.8 * again.value), bool(best.upper_bound >= again.value)
(True, True)

Delete the first element that was chosen, on purpose:

>>> best.delete(best.solution[0])
>>> best.check_invariants()

Your own function, with its calls counted, and a check whether it is submodular at all:

>>> f = ds.CountingOracle(lambda S: len({v % 3 for v in S}), 9)
>>> ds.maximize(f, 2).value, f.calls > 0, ds.probe_submodular(f, rng=0).kind
(2.0, True, None)
"""

from __future__ import annotations

from lrtheory.dynamic_submodular import baselines, theory
from lrtheory.dynamic_submodular.dynamic import DynamicSubmodular
from lrtheory.dynamic_submodular.maintenance.answers import GuessState, UpdateTrace
from lrtheory.dynamic_submodular.maintenance.certificates import SubmodularCertificate, certify_selection
from lrtheory.dynamic_submodular.matroid import PartitionMatroid
from lrtheory.dynamic_submodular.objectives import (
    CountingOracle,
    Coverage,
    FacilityLocation,
    FeatureBased,
    Influence,
    LogDet,
    Objective,
    probe_submodular,
)
from lrtheory.dynamic_submodular.objectives.base import SubmodularityProbe
from lrtheory.dynamic_submodular.offline import Selection, maximize
from lrtheory.dynamic_submodular.one_guess import GuessRuns, OneGuess, run_guess
from lrtheory.dynamic_submodular.problem import UpdateStream
from lrtheory.dynamic_submodular.streams.loaders import load_airports, load_digits_similarity, load_supermarket
from lrtheory.dynamic_submodular.streams.makers import (
    make_adaptive_attack,
    make_graph_coverage,
    make_tight,
    make_tight_greedy,
)
from lrtheory.dynamic_submodular.streams.windows import sliding_window, time_window

__all__ = [
    "CountingOracle",
    "Coverage",
    "DynamicSubmodular",
    "FacilityLocation",
    "FeatureBased",
    "GuessRuns",
    "GuessState",
    "Influence",
    "LogDet",
    "Objective",
    "OneGuess",
    "PartitionMatroid",
    "Selection",
    "SubmodularCertificate",
    "SubmodularityProbe",
    "UpdateStream",
    "UpdateTrace",
    "baselines",
    "certify_selection",
    "load_airports",
    "load_digits_similarity",
    "load_supermarket",
    "make_adaptive_attack",
    "make_graph_coverage",
    "make_tight",
    "make_tight_greedy",
    "maximize",
    "probe_submodular",
    "run_guess",
    "sliding_window",
    "theory",
    "time_window",
]


def _warmup() -> None:
    """Compile every kernel by calling each path once on its smallest instance."""
    import numpy as np

    f = Coverage([[0]])
    DynamicSubmodular(f, 1).insert(0)
    DynamicSubmodular(f, 1, method="eager").insert(0)
    DynamicSubmodular(f, 1, method="batched").insert(0)
    DynamicSubmodular(f, PartitionMatroid(np.zeros(1, int), np.ones(1, int))).insert(0)
    run_guess(f, [0], 1, guess=1.0)
    run_guess(f, [0], 1, guess=1.0, structure="batches")
    for method in ("lazy", "naive", "stochastic", "threshold", "random", "sieve", "brute-force"):
        maximize(f, 1, method=method)  # type: ignore[arg-type]

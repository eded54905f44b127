"""Maintained solutions against greedy selection run again, lazy greedy against libraries, goals for long streams."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import Goal, Inputs, Row, ready

# --- facility location: lazy greedy on a full matrix -----------------------------------------------------------------


def similarities() -> Inputs:
    """Similarities 1 / (1 + distance) of 2000 points in ten dimensions, ten clusters of them."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(10, 10))[rng.integers(10, size=2000)] * 2 + rng.normal(size=(2000, 10))
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    return {"S": 1 / (1 + np.sqrt(squared)), "k": np.array(50)}


def served(S: np.ndarray, items: Any) -> np.ndarray:
    """Return f(items), summed by NumPy in the same way for all sides."""
    return np.array([S[np.asarray(items, dtype=np.int64)].max(axis=0).sum()])


def our_facility(inputs: Inputs) -> np.ndarray:
    """Our lazy greedy selection; the objective is made once, as theirs."""
    from lrtheory.dynamic_submodular import FacilityLocation, maximize

    f = ready("facility", inputs, lambda: FacilityLocation(inputs["S"]))
    return served(inputs["S"], maximize(f, int(inputs["k"])).items)


def submodlib(inputs: Inputs) -> np.ndarray:
    """Select by the lazy greedy method of submodlib, in C++."""
    from submodlib import FacilityLocationFunction

    S = inputs["S"]

    def make() -> Any:
        return FacilityLocationFunction(n=len(S), mode="dense", sijs=S, separate_rep=False)

    found = ready("submodlib", inputs, make).maximize(
        budget=int(inputs["k"]), optimizer="LazyGreedy", stopIfZeroGain=False, stopIfNegativeGain=False,
        show_progress=False,
    )  # fmt: skip
    return served(S, [item for item, _ in found])


def apricot(inputs: Inputs) -> np.ndarray:
    """Select by the lazy greedy method of apricot, in Numba; its objects select once, so one is made per call."""
    from apricot import FacilityLocationSelection

    S = inputs["S"]
    model = FacilityLocationSelection(int(inputs["k"]), metric="precomputed", optimizer="lazy")
    return served(S, model.fit(S).ranking)


FACILITY = Row(
    name="facility-2000",
    title="lazy greedy on facility location, 50 of 2000 with a full matrix: the same value",
    inputs=similarities,
    ours={"lazy": our_facility},
    peers={"submodlib": submodlib, "apricot": apricot},
    tolerance=1e-6,
)


# --- a window over a graph: an update with its answer, or greedy selection again --------------------------------------

N, K = 50_000, 50


def window(n: int) -> Callable[[], Inputs]:
    """Closed neighborhoods in a preferential-attachment graph with n nodes, and an order of the nodes."""

    def inputs() -> Inputs:
        import networkx as nx
        from scipy import sparse

        graph = nx.to_scipy_sparse_array(nx.barabasi_albert_graph(n, 5, seed=0), dtype=np.float64, format="csr")
        sets = sparse.csr_array(graph + sparse.eye_array(n, format="csr"))
        order = np.random.default_rng(0).permutation(n)
        return {"indptr": sets.indptr, "indices": sets.indices, "order": order, "k": np.array(K)}

    return inputs


def cycle(order: np.ndarray) -> np.ndarray:
    """The updates of a full window of half of the nodes that goes round: the oldest node out, the next one in."""
    return np.stack([~order, np.roll(order, -(len(order) // 2))], axis=1).ravel()


def rows_of(inputs: Inputs) -> Any:
    """The sets as a CSR array."""
    from scipy import sparse

    n, covered = len(inputs["order"]), np.ones(len(inputs["indices"]), bool)
    return sparse.csr_array((covered, inputs["indices"], inputs["indptr"]), shape=(n, int(inputs.get("items", n))))


def coverage(inputs: Inputs) -> Any:
    """Our objective of the sets, made once."""
    from lrtheory.dynamic_submodular import Coverage

    return ready("coverage", inputs, lambda: Coverage(rows_of(inputs)))


def full_window(inputs: Inputs) -> Any:
    """A solver whose window has just been filled."""
    from lrtheory.dynamic_submodular import DynamicSubmodular

    best = DynamicSubmodular(coverage(inputs), int(inputs["k"]), rng=0)
    best.update(inputs["order"][: len(inputs["order"]) // 2])
    return best


def going_on(name: str, inputs: Inputs, n_updates: int) -> tuple[Any, np.ndarray]:
    """A solver that lives from call to call, and its next updates."""
    solver, calls = ready(name, inputs, lambda: (full_window(inputs), itertools.count()))
    updates = ready(f"cycle of {name}", inputs, lambda: cycle(inputs["order"]))
    start = next(calls) * n_updates % len(updates)
    return solver, updates[start : start + n_updates]


def next_windows(name: str, inputs: Inputs, n_updates: int) -> Iterator[np.ndarray]:
    """What is present after each of the next updates, for those who select anew."""
    calls = ready(name, inputs, itertools.count)
    order = inputs["order"]
    n = len(order)
    start = next(calls) * n_updates
    for update in range(start, start + n_updates):
        first = (update // 2 + 1) % n  # the oldest node has gone; after every second update a new one has come
        yield np.sort(np.take(order, np.arange(first, first + n // 2 - 1 + update % 2), mode="wrap"))


#: updates of a turn
FEW = 10


def our_updates(inputs: Inputs) -> np.ndarray:
    """Ten updates, an answer after each: the mean logarithm of the values."""
    best, updates = going_on("few", inputs, FEW)
    return np.log([best.update(updates, record=True).values]).mean(axis=1)


def our_greedy_again(inputs: Inputs) -> np.ndarray:
    """Our lazy greedy selection after each of ten updates."""
    from lrtheory.dynamic_submodular import maximize

    windows = next_windows("ours", inputs, FEW)
    return np.mean([[np.log(maximize(coverage(inputs), K, candidates=present).value)] for present in windows], axis=0)


def submodlib_again(inputs: Inputs) -> np.ndarray:
    """Select anew by submodlib; the sets of all nodes are made once, the function of the present ones each time."""
    from submodlib import SetCoverFunction

    ends, items = inputs["indptr"], inputs["indices"]
    n = len(ends) - 1
    sets = ready("sets", inputs, lambda: [set(items[ends[v] : ends[v + 1]].tolist()) for v in range(n)])
    values = []
    for present in next_windows("submodlib", inputs, FEW):
        f = SetCoverFunction(n=len(present), cover_set=[sets[v] for v in present.tolist()], num_concepts=n)
        chosen = f.maximize(
            budget=K, optimizer="LazyGreedy", stopIfZeroGain=False, stopIfNegativeGain=False, show_progress=False
        )
        values.append([np.log(sum(gain for _, gain in chosen))])
    return np.mean(values, axis=0)


def apricot_again(inputs: Inputs) -> np.ndarray:
    """Select anew by apricot."""
    from apricot import MaxCoverageSelection
    from scipy import sparse

    rows = ready("rows", inputs, lambda: sparse.csr_matrix(rows_of(inputs)))
    values = []
    for present in next_windows("apricot", inputs, FEW):
        values.append([np.log(MaxCoverageSelection(K, optimizer="lazy").fit(rows[present]).gains.sum())])
    return np.mean(values, axis=0)


UPDATES_ROW = Row(
    name="updates-50000",
    title="10 updates of a window of 25 000 of 50 000 nodes, k = 50, an answer after each: values within 15 %",
    inputs=window(N),
    ours={"maintained": our_updates, "greedy again": our_greedy_again},
    peers={"submodlib": submodlib_again, "apricot": apricot_again},
    tolerance=0.15,
)


# --- goals ------------------------------------------------------------------------------------------------------------


def allocations(n_updates: int, best: Any, updates: np.ndarray) -> int:
    """Arrays that compiled code allocates during these updates."""
    from numba.core.runtime import _nrt_python

    _nrt_python.memsys_enable_stats()
    try:
        before = _nrt_python.memsys_get_stats_alloc()
        best.update(updates[:n_updates])
        return int(_nrt_python.memsys_get_stats_alloc() - before)
    finally:
        _nrt_python.memsys_disable_stats()


def promised_error(inputs: Inputs, answer: np.ndarray) -> float:
    """The largest of three misses: of a value below what its bound promises, of f evaluated anew, of allocations.

    Of allocations it is the number of arrays by which 100 000 updates need more than 100.
    """
    from lrtheory.dynamic_submodular import theory

    best, updates = full_window(inputs), cycle(inputs["order"])
    extra = allocations(100_000, best.copy(), updates) - allocations(100, best.copy(), updates)
    value, upper = answer
    best.update(updates[: len(value)])
    anew = abs(value[-1] / coverage(inputs).value(best.solution) - 1)
    promised = (1 - value / (upper * theory.pair_ratio(best.epsilon))).max()
    return float(max(0.0, promised, anew, extra))


def window_updates(inputs: Inputs) -> np.ndarray:
    """Updates of the same window in one compiled call, with all answers."""
    best, updates = going_on("many", inputs, 20_000)
    trace = best.update(updates, record=True)
    return np.stack([trace.values, trace.upper_bounds])


WINDOW = Goal(
    name="window-50000",
    title="20,000 updates of a window of 25 000 nodes, k = 50: 15 microseconds each, no allocation",
    inputs=window(N),
    solve=window_updates,
    error=promised_error,
    seconds=0.3,
    gigabytes=0.6,
    tolerance=1e-9,
)


# --- many elements, a tenth of which is present: an update costs what it costs among few ------------------------------


def crowd(n: int, n_items: int) -> Callable[[], Inputs]:
    """Five items on average for each of n elements, drawn from n_items, and the order in which elements come."""

    def inputs() -> Inputs:
        rng = np.random.default_rng(0)
        indptr = np.r_[0, np.cumsum(1 + rng.poisson(4, n))].astype(np.int32)
        indices = rng.integers(n_items, size=indptr[-1], dtype=np.int32)
        order = rng.permutation(n).astype(np.int32)
        return {"indptr": indptr, "indices": indices, "items": np.array(n_items), "order": order, "k": np.array(K)}

    return inputs


def gathered(inputs: Inputs) -> Any:
    """A solver to which the first tenth of all elements has come."""
    from lrtheory.dynamic_submodular import DynamicSubmodular

    best = DynamicSubmodular(coverage(inputs), int(inputs["k"]), rng=0)
    best.update(inputs["order"][: len(inputs["order"]) // 10])
    return best


def exchanges(inputs: Inputs, first: int, n_updates: int) -> np.ndarray:
    """Updates number `first` and those after it: in turn the oldest element goes and the next one comes."""
    order, turns = inputs["order"], np.arange(first // 2, (first + n_updates) // 2)
    coming = np.take(order, turns + len(order) // 10, mode="wrap")
    return np.stack([~np.take(order, turns, mode="wrap"), coming], axis=1).ravel().astype(np.int64)


def in_one_call(best: Any, updates: np.ndarray) -> None:
    """Apply all updates by one call."""
    best.update(updates)


def one_by_one(best: Any, updates: np.ndarray) -> None:
    """Apply each update by a call of its own."""
    for op in updates.tolist():
        best.insert(op) if op >= 0 else best.delete(~op)


def crowd_goal(name: str, n: int, n_updates: int, apply: Callable[[Any, np.ndarray], None], **means: Any) -> Goal:
    """Updates of a tenth of n elements, at most 5 microseconds each."""

    def solve(inputs: Inputs) -> np.ndarray:
        best, calls = ready(name, inputs, lambda: (gathered(inputs), itertools.count()))
        first = next(calls) * n_updates
        apply(best, exchanges(inputs, first, n_updates))
        return np.r_[best.value, best.upper_bound, best.solution]

    def error(inputs: Inputs, answer: np.ndarray) -> float:
        """The largest miss of the first answer: of its value from f, below what its bound promises, of its elements."""
        from lrtheory.dynamic_submodular import theory

        value, upper, chosen = answer[0], answer[1], answer[2:].astype(int)
        present = inputs["order"][n_updates // 2 : n // 10 + n_updates // 2]
        promised = max(0.0, 1 - value / (upper * theory.pair_ratio(0.1)))
        return float(max(abs(coverage(inputs).value(chosen) / value - 1), promised, (~np.isin(chosen, present)).sum()))

    return Goal(
        name=name,
        title=f"{n_updates:,} updates of a tenth of {n:,} elements, k = {K}, {apply.__name__.replace('_', ' ')}",
        inputs=crowd(n, min(n, 1_000_000)),
        solve=solve,
        error=error,
        seconds=5e-6 * n_updates,
        tolerance=1e-9,
        **means,
    )


BATCH = crowd_goal("batch-1e6", 1_000_000, 20_000, in_one_call, gigabytes=0.8)
SINGLES = crowd_goal("singles-1e6", 1_000_000, 20_000, one_by_one, gigabytes=0.8)
TEN_MILLIONS = crowd_goal("singles-1e7", 10_000_000, 20_000, one_by_one, gigabytes=2.0, large=True)


def gone_round(inputs: Inputs) -> np.ndarray:
    """Move a window round and round, ten million updates in all; the memory is that of the nodes, however long."""
    best, updates = full_window(inputs), cycle(inputs["order"])
    for _ in range(10_000_000 // len(updates)):
        best.update(updates)
    return np.array([best.value, best.upper_bound, len(best.present)])


def gone_round_error(inputs: Inputs, answer: np.ndarray) -> float:
    """The window is the first one again: what is proved of it must allow for greedy's value of it."""
    from lrtheory.dynamic_submodular import maximize, theory

    value, upper, size = answer
    present = inputs["order"][: len(inputs["order"]) // 2]
    greedy = maximize(coverage(inputs), int(inputs["k"]), candidates=present).value
    misses = (greedy * theory.pair_ratio(0.1) - value, greedy - upper, upper * theory.pair_ratio(0.1) - value)
    return float(max(0.0, *misses) / greedy + abs(size - len(present)))


LONG_STREAM = Goal(
    name="stream-1e7",
    title="10,000,000 updates of a window of 50,000 nodes, k = 50",
    inputs=window(100_000),
    solve=gone_round,
    error=gone_round_error,
    seconds=300.0,
    gigabytes=1.0,
    tolerance=1e-9,
    large=True,
)


def nearest(X: np.ndarray) -> Any:
    """Return the facility location of the similarities to the ten nearest points."""
    from lrtheory.dynamic_submodular import FacilityLocation

    return FacilityLocation.from_features(X, n_neighbors=10, metric="rbf", gamma=len(X) ** (2 / 3))


def summarized(inputs: Inputs) -> np.ndarray:
    """Choose from all points, then follow a window over them; the two solutions, and the values and bounds."""
    from lrtheory.dynamic_submodular import DynamicSubmodular, maximize, sliding_window

    f, k = nearest(inputs["X"]), int(inputs["k"])
    chosen = maximize(f, k)
    best = DynamicSubmodular(f, k, rng=0)
    best.update(sliding_window(np.arange(f.n), f.n // 5))
    values = [chosen.value, chosen.upper_bound, best.value, best.upper_bound]
    filled = np.concatenate([best.solution, np.full(k - len(best.solution), -1)])
    return np.concatenate([values, chosen.items, filled])


def summarized_error(inputs: Inputs, answer: np.ndarray) -> float:
    """Return the largest error: of values against their definition, and below what the bounds promise."""
    from lrtheory.dynamic_submodular import theory

    f, k = nearest(inputs["X"]), int(inputs["k"])
    greedy, best = answer[4 : 4 + k].astype(int), answer[4 + k :].astype(int)
    anew = [f.value(greedy), f.value(best[best >= 0])]
    promised = max(0.0, 1 - answer[2] / (answer[3] * theory.pair_ratio(0.1)), 1 - answer[1] / answer[0])
    return float(max(abs(anew[0] / answer[0] - 1), abs(anew[1] / answer[2] - 1), promised))


MILLION_POINTS = Goal(
    name="points-1e6",
    title="10^6 points, ten nearest neighbors: greedy selection of 50, and a window of 200 000 over all of them",
    inputs=lambda: {"X": np.random.default_rng(0).random((1_000_000, 3)), "k": np.array(K)},
    solve=summarized,
    error=summarized_error,
    seconds=120.0,
    gigabytes=2.0,
    tolerance=1e-9,
    large=True,
)

"""The distribution of queries and time over single updates: amortized bounds have heavy tails."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, below, headline, stream
from lrtheory.dynamic_submodular import DynamicSubmodular, make_graph_coverage

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 5
METHODS = {"lazy": "lazy pair of guesses", "batched": "lazy pair, batches", "eager": "all guesses"}
EPSILON = 0.2
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": 4000, "k": 10, "updates": 4000},
    "full": {"n": 50_000, "k": 50, "updates": 20_000},
}


def compute_latency(profile: str) -> dict[str, np.ndarray]:
    """Compute queries and microseconds of each update while the window is full, (methods, updates)."""
    settings = INPUTS[profile]
    n, k, updates = settings["n"], settings["k"], settings["updates"]
    given = make_graph_coverage(n, k=k, rng=stream(SEED, n))
    queries, microseconds = np.zeros((2, len(METHODS), updates))
    for number, method in enumerate(METHODS):
        best = DynamicSubmodular(given, epsilon=EPSILON, method=method, rng=0)  # type: ignore[arg-type]
        best.update(given.ops[: n // 2])
        queries[number] = best.copy().update(given.ops[n // 2 : n // 2 + updates], record=True).queries
        for place, op in enumerate(given.ops[n // 2 : n // 2 + updates].tolist()):
            start = time.perf_counter_ns()
            if op < 0:
                best.delete(~op)
            else:
                best.insert(op)
            microseconds[number, place] = (time.perf_counter_ns() - start) / 1000
    return {"queries": queries, "microseconds": microseconds, "n": np.array(n), "k": np.array(k)}


def latency_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure with margins, none about times, which hold for one machine on one day."""
    queries = arrays["queries"]
    lazy, eager = queries[0], queries[2]
    dearest = np.sort(eager)[-len(eager) // 20 :]
    return {
        "nine tenths of the updates of the lazy pair ask for at most three queries": below(np.quantile(lazy, 0.9), 3.5),
        "the dearest update of the lazy pair asks for more than 50 times its mean": below(50 * lazy.mean(), lazy.max()),
        "a twentieth of the updates of all guesses ask for more than half of all queries of all guesses": below(
            0.5, dearest.sum() / eager.sum()
        ),
        "half of the updates of all guesses ask for less than a third of the mean of all guesses": below(
            np.median(eager), eager.mean() / 3
        ),
        "the mean of the lazy pair is less than a twentieth of the mean of all guesses": below(
            lazy.mean(), eager.mean() / 20
        ),
    }


def draw_latency(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the share of updates above any number of queries, and a histogram of times."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4), layout="constrained")
    updates = arrays["queries"].shape[1]
    times = arrays["microseconds"]
    edges = np.geomspace(times.min(), times.max(), 80)
    for number, name in enumerate(METHODS.values()):
        queries = np.sort(arrays["queries"][number])
        label = f"{name}: mean {queries.mean():.3g}, largest {queries.max():,.0f}"
        left.step(
            np.maximum(queries, 0.5), 1 - np.arange(updates) / updates, LINES[number], color=COLORS[number], label=label
        )
        middle, largest = np.median(times[number]), times[number].max()
        label = f"{name}: median {middle:.0f}, largest {largest:,.0f}"
        right.hist(times[number], edges, color=COLORS[number], linestyle=LINES[number], histtype="step", label=label)
    left.set(
        xscale="log",
        yscale="log",
        xlabel="queries q (none: drawn at 0.5)",
        ylabel="share of the updates with q or more",
    )
    right.set(xscale="log", yscale="log", xlabel="microseconds, call from Python included", ylabel="updates")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18))
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18))
    headline(
        figure,
        f"{updates:,} single updates of a full window of {int(arrays['n']) // 2:,} nodes, k = {int(arrays['k'])}, "
        f"epsilon = {EPSILON}; times of this run",
    )
    return figure


LATENCY = Figure(
    name="latency",
    title="Queries and time of single updates: most are free, and a few build everything anew.",
    compute=compute_latency,
    claims=latency_claims,
    draw=draw_latency,
    seed=SEED,
    inputs=INPUTS,
)

"""Calls and rounds of strategies that make the first k of a list certain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, MARKERS, below, headline
from lrtheory.reranking.strategies.window import best_windows
from lrtheory.reranking.theory import (
    calls_needed,
    heap_calls,
    merge_calls,
    merge_candidates,
    tournament_calls,
    window_calls,
)

if TYPE_CHECKING:
    import matplotlib.figure

#: documents, and documents of a call
N, W = 100, 20
METHODS = ("windows", "merging", "tournament", "heap")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"k": [1, 5, 10, 15]},
    "full": {"k": list(range(1, W))},
}


def compute_calls(profile: str) -> dict[str, np.ndarray]:
    """Calls and rounds by k and method, (k, methods, 2), and the calls that every strategy needs; -1 where none is."""
    rows = []
    for k in INPUTS[profile]["k"]:
        step, passes = best_windows(N, k, size=W, step=None, passes=None)
        windows, heap = window_calls(N, W, step, passes=passes), heap_calls(N, W, k)
        merged = merge_calls(N, W, k) if merge_candidates(N, W, k) <= W else (-1, -1)
        rows.append([(windows, windows), merged, tournament_calls(N, W, k), (heap, heap)])
    return {"k": np.array(INPUTS[profile]["k"]), "calls": np.array(rows, float), "needed": np.array(calls_needed(N, W))}


def calls_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins in calls or rounds."""
    k, calls = arrays["k"], arrays["calls"]
    few = np.isin(k, (1, 5, 10))
    at = lambda number, method: calls[k.tolist().index(number), METHODS.index(method)]
    return {
        "for k = 1, 5 and 10 a tournament takes no more calls than windows": below(
            calls[few, 2, 0] - calls[few, 0, 0], 0.5
        ),
        "for k = 1, 5 and 10 it takes at most half of their rounds": below(
            2 * calls[few, 2, 1] - calls[few, 0, 1], 0.5
        ),
        "merging takes seven calls in three rounds for k = 10": below(abs(at(10, "merging") - (7, 3)).max(), 0.5),
        "merging takes at most two calls more than every strategy needs": below(calls[:, 1, 0] - arrays["needed"], 2.5),
        "for k = 15 windows take fewer calls than a tournament": below(
            at(15, "windows")[0] - at(15, "tournament")[0], 0
        ),
    }


def draw_calls(arrays: Any) -> matplotlib.figure.Figure:
    """Draw calls against rounds, a marker a method, with k beside it."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 4), layout="constrained")
    for m, method in enumerate(METHODS):
        shown = arrays["calls"][:, m, 0] >= 0
        calls, rounds = arrays["calls"][shown, m].T
        axis.plot(rounds, calls, color=COLORS[m], marker=MARKERS[m], linestyle="", markersize=7, label=method)
        # below the marker for every other method, since two of them may meet; one label where numbers meet
        for x, y in sorted(set(zip(rounds.tolist(), calls.tolist(), strict=True))):
            told = arrays["k"][shown][(rounds == x) & (calls == y)].tolist()
            place = (5, 5) if m % 2 else (5, -13)
            axis.annotate(", ".join(map(str, told)), (x, y), xytext=place, textcoords="offset points", fontsize=8)
    axis.axhline(float(arrays["needed"]), color="gray", linestyle=":", label="every strategy needs (RK-T2)")
    axis.set(xlabel="rounds, which wait for each other", ylabel="calls", xlim=(0, None), ylim=(0, None))
    axis.legend()
    headline(figure, f"{N} documents, {W} a call: what makes the first k certain; the number at a marker is k")
    return figure


CALLS = Figure(
    name="calls",
    title="Calls and rounds that make the first k of a hundred documents certain, by strategy.",
    compute=compute_calls,
    claims=calls_claims,
    draw=draw_calls,
    inputs=INPUTS,
)

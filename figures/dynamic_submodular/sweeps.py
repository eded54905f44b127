"""Queries per update and value, against the length of the stream, the size of the solution, and epsilon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, between, headline, log_axes, slope
from figures.dynamic_submodular._measure import GUARANTEED, METHODS, SEED, measured
from lrtheory.dynamic_submodular import theory

if TYPE_CHECKING:
    import matplotlib.figure

#: the algorithm of Lattanzi et al. ("earlier") is interpreted and slow: it runs at some of the points alone
INPUTS_LENGTH: dict[str, dict[str, Any]] = {
    "quick": {"n": [250, 500, 1000, 2000], "earlier": [250, 500], "k": 10, "epsilon": 0.2, "repetitions": 3},
    "full": {
        "n": [500, 1000, 2000, 4000, 8000, 16_000], "earlier": [500, 1000, 2000], "k": 10, "epsilon": 0.2,
        "repetitions": 5,
    },
}  # fmt: skip
INPUTS_SIZE: dict[str, dict[str, Any]] = {
    "quick": {"n": 400, "k": [5, 10, 20, 40], "earlier": [5, 20], "epsilon": 0.2, "repetitions": 4},
    "full": {"n": 2000, "k": [5, 10, 20, 40, 80, 160], "earlier": [5, 20], "epsilon": 0.2, "repetitions": 5},
}
INPUTS_ACCURACY: dict[str, dict[str, Any]] = {
    "quick": {"n": 1500, "k": 10, "epsilon": [0.05, 0.1, 0.2, 0.4], "earlier": [0.2], "repetitions": 2},
    "full": {"n": 1500, "k": 10, "epsilon": [0.025, 0.05, 0.1, 0.2, 0.4], "earlier": [0.1, 0.2], "repetitions": 9},
}


def swept(settings: dict[str, Any], axis: str) -> dict[str, np.ndarray]:
    """Return queries and values, (methods, points, repetitions); NaN where a method did not run."""
    points = settings[axis]
    queries, ratio = np.full((2, len(METHODS), len(points), settings["repetitions"]), np.nan)
    for place in np.ndindex(queries.shape):
        method, point = list(METHODS)[place[0]], points[place[1]]
        is_compiled = method in GUARANTEED
        if place[2] and not is_compiled:
            continue  # steady over thousands of updates, and slow
        if method == "earlier" and point not in settings["earlier"]:
            continue
        where = {name: settings[name] for name in ("n", "k", "epsilon")} | {axis: point}
        _, queries[place], ratio[place], _ = measured(method, repetition=place[2], **where)
    fixed = {name: np.array(settings[name]) for name in ("n", "k", "epsilon") if name != axis}
    return {axis: np.array(points), "queries": queries, "ratio": ratio, **fixed}


def of(arrays: Any, name: str) -> dict[str, np.ndarray]:
    """Return means over the repetitions that ran, by method, NaN where none ran."""
    runs = arrays[name]
    count = np.isfinite(runs).sum(axis=-1)
    mean = np.where(count, np.nansum(runs, axis=-1) / np.maximum(count, 1), np.nan)
    return dict(zip(METHODS, mean, strict=True))


def value_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims about values that all three sweeps make."""
    ratio = of(arrays, "ratio")
    epsilon = float(np.abs(arrays["epsilon"]).max())
    proved = {
        "lazy": theory.pair_ratio(epsilon),
        "batched": theory.batch_pair_ratio(epsilon),
        "eager": theory.table_ratio(epsilon),
    }
    return {
        "every maintained solution stays above the part of the optimum that is proved for it": below(
            [proved[name] for name in GUARANTEED], [ratio[name].min() for name in GUARANTEED]
        ),
        "the lazy pair keeps more than 85 % of the value of greedy": below(0.85, ratio["lazy"]),
    }


def length_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure as booleans with margins."""
    n, queries = arrays["n"], of(arrays, "queries")
    return {
        "queries of the three maintained solutions grow slower than n^0.2": below(
            [slope(n, queries[name]) for name in GUARANTEED], 0.2
        ),
        "queries of greedy run again grow faster than n^0.65": below(0.65, slope(n, queries["recompute"])),
        "queries of a sieve run again grow faster than n^0.6 up to n = 2000": below(
            0.6, slope(n[n <= 2000], queries["sieve"][n <= 2000])
        ),
        "at the longest stream the lazy pair asks for a hundredth of what greedy run again does": below(
            queries["lazy"][-1] / queries["recompute"][-1], 0.01
        ),
        **value_claims(arrays),
    }


def length_beside(arrays: Any) -> list[Beside]:
    """Return exponents of the queries per update, and value over greedy at lengths for which it is known."""
    known = published("dynamic_submodular")["slopes"]
    n, queries = arrays["n"], of(arrays, "queries")
    names = [name for name in METHODS if name in known]
    ours = [slope(n, queries[name]) for name in names]
    rows = beside([f"exponent in n, {METHODS[name]}" for name in names], [known[name] for name in names], ours,
                  known["source"])  # fmt: skip
    window = published("dynamic_submodular")["window"]
    ratio = dict(zip(n.tolist(), of(arrays, "ratio")["lazy"], strict=True))
    what = [f"value / greedy, {METHODS['lazy']}, n = {size}" for size in window["n"]]
    return rows + beside(what, window["ratio"], [ratio.get(size, np.nan) for size in window["n"]], window["source"])


def size_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure as booleans with margins."""
    k, queries = arrays["k"], of(arrays, "queries")
    single = [theory.insertion_queries(int(size)) + theory.deletion_queries(int(size)) for size in k]
    guesses = [theory.guesses_per_element(int(size), abs(float(arrays["epsilon"]))) for size in k]
    return {
        "all guesses ask for less than is proved for oblivious updates": below(
            queries["eager"] / (np.array(single) / 2 * guesses), 1.0
        ),
        "queries of all guesses grow with exponent 0.8 to 1.8 in k": between(slope(k, queries["eager"]), 0.8, 1.8),
        "at every k the lazy pair asks for less than a tenth of what all guesses do": below(
            queries["lazy"] / queries["eager"], 0.1
        ),
        **value_claims(arrays),
    }


def accuracy_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure as booleans with margins."""
    epsilon, queries = arrays["epsilon"], of(arrays, "queries")
    return {
        "queries of all guesses grow like 1 / epsilon, exponent 0.75 to 1.1": between(
            -slope(epsilon, queries["eager"]), 0.75, 1.1
        ),
        "queries of the lazy pair grow like 1 / epsilon to a power below 0.7": below(
            -slope(epsilon, queries["lazy"]), 0.7
        ),
        "at the least epsilon the lazy pair asks for less than a hundredth of what all guesses do": below(
            queries["lazy"][0] / queries["eager"][0], 0.01
        ),
        **value_claims(arrays),
    }


def drawn(arrays: Any, axis: str, label: str, title: str) -> matplotlib.figure.Figure:
    """Draw queries, and value over greedy; bars are the smallest and the largest repetition."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.4), layout="constrained")
    x = arrays[axis]
    for number, name in enumerate(METHODS):
        for panel, key in ((left, "queries"), (right, "ratio")):
            mean, runs = of(arrays, key)[name], arrays[key][number]
            there = np.isfinite(mean)
            spread = np.abs([np.nanmin(runs[there], axis=1), np.nanmax(runs[there], axis=1)] - mean[there])
            growth = f": slope {slope(x[there], mean[there]):+.2f}" if there.sum() > 1 else ""
            line = {"color": COLORS[number], "marker": MARKERS[number], "linestyle": LINES[number % 4]}
            words = METHODS[name] + (growth if panel is left else "")
            panel.errorbar(x[there], mean[there], yerr=spread, markersize=5, capsize=2, label=words, **line)
    log_axes(left, x)
    left.margins(y=0.1)
    right.set_xscale("log")
    right.set_xticks(x, [f"{value:,}" for value in x])
    right.minorticks_off()
    right.set_ylim(top=1.02)
    left.set(xlabel=label, ylabel="queries an update")
    right.set(xlabel=label, ylabel="value / value of greedy run again")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8.5)
    headline(figure, title)
    return figure


def draw_length(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the sweep over n."""
    title = (
        f"Who dominates a window of n / 2 nodes of a preferential-attachment graph? k = {int(arrays['k'])}, "
        f"epsilon = {float(arrays['epsilon'])}, window full; bars: least and largest of {arrays['queries'].shape[-1]}"
    )
    return drawn(arrays, "n", "nodes n", title)


def draw_size(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the sweep over k."""
    title = (
        f"Who dominates a window of {int(arrays['n']) // 2:,} of {int(arrays['n']):,} nodes? "
        f"epsilon = {float(arrays['epsilon'])}, window full; bars: least and largest of {arrays['queries'].shape[-1]}"
    )
    return drawn(arrays, "k", "elements chosen k", title)


def draw_accuracy(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the sweep over epsilon."""
    title = (
        f"Who dominates a window of {int(arrays['n']) // 2:,} of {int(arrays['n']):,} nodes? "
        f"k = {int(arrays['k'])}, window full; bars: least and largest of {arrays['queries'].shape[-1]}"
    )
    return drawn(arrays, "epsilon", "epsilon", title)


LENGTH = Figure(
    name="stream-length",
    title="Queries an update and value against the length of the stream, for six ways of keeping a solution.",
    compute=lambda profile: swept(INPUTS_LENGTH[profile], "n"),
    claims=length_claims,
    draw=draw_length,
    beside=length_beside,
    seed=SEED,
    inputs=INPUTS_LENGTH,
)
SIZE = Figure(
    name="solution-size",
    title="Queries an update and value against the number of elements chosen.",
    compute=lambda profile: swept(INPUTS_SIZE[profile], "k"),
    claims=size_claims,
    draw=draw_size,
    seed=SEED,
    inputs=INPUTS_SIZE,
)
ACCURACY = Figure(
    name="epsilon",
    title="Queries an update and value against epsilon.",
    compute=lambda profile: swept(INPUTS_ACCURACY[profile], "epsilon"),
    claims=accuracy_claims,
    draw=draw_accuracy,
    seed=SEED,
    inputs=INPUTS_ACCURACY,
)

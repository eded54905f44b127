"""The companion setting: nodes dominated in two graphs, a window and deletions of the largest first, k = 10 to 200."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, published
from figures._tools import COLORS, MARKERS, below, headline, log_axes, stream
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, UpdateStream, maximize, sliding_window

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 1
SETTING = published("dynamic_submodular")["companion"]
GRAPHS = ("preferential attachment", "with triangles")
STREAMS = ("window of half of the nodes", "all in, then the largest out first")
METHODS = {"lazy": "lazy pair of guesses", "batched": "lazy pair, batches"}
EPSILON = SETTING["epsilon"][1]
DEGREE, TRIANGLES = 5, 0.5
FEWEST, MOST = SETTING["k"]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": 2000, "k": [FEWEST, 50, 100, MOST], "repetitions": 1, "moments": 8},
    "full": {"n": 20_000, "k": list(range(FEWEST, MOST + 1, SETTING["step"])), "repetitions": 3, "moments": 40},
}


def nodes(graph: int, n: int, repetition: int) -> Coverage:
    """Make the coverage by closed neighborhoods in a random graph."""
    import networkx as nx

    start = int(stream(SEED, graph, repetition).integers(2**31))
    made = nx.barabasi_albert_graph(n, DEGREE, start) if graph == 0 else nx.powerlaw_cluster_graph(
        n, DEGREE, TRIANGLES, start
    )  # fmt: skip
    return Coverage.from_graph(made)


def updates(f: Coverage, kind: int, repetition: int) -> np.ndarray:
    """Make a window over a random order, or insert all and delete by falling value of a node alone."""
    order = stream(SEED, 2, repetition).permutation(f.n)
    if kind == 0:
        return sliding_window(order, f.n // 2)
    return np.concatenate([order, ~np.argsort(-f.gains([]), kind="stable")])


def compute_companion(profile: str) -> dict[str, np.ndarray]:
    """Compute queries per update, mean value and value over greedy, (graphs, streams, methods, sizes, repetitions)."""
    settings = INPUTS[profile]
    n, sizes, repetitions = settings["n"], settings["k"], settings["repetitions"]
    shape = (len(GRAPHS), len(STREAMS), len(METHODS), len(sizes), repetitions)
    queries, value, ratio = np.zeros((3, *shape))
    for graph, repetition in np.ndindex(len(GRAPHS), repetitions):
        f = nodes(graph, n, repetition)
        for kind, (place, k) in ((kind, pair) for kind in range(len(STREAMS)) for pair in enumerate(sizes)):
            given = UpdateStream(f, updates(f, kind, repetition), k)
            moments = np.linspace(0, len(given) - 2, settings["moments"] + 1).astype(int)[1:]
            greedy = [maximize(f, k, candidates=given.present(moment + 1)).value for moment in moments.tolist()]
            for number, method in enumerate(METHODS):
                best = DynamicSubmodular(given, epsilon=EPSILON, method=method, rng=repetition)  # type: ignore[arg-type]
                trace = best.update(given, record=True)
                where = (graph, kind, number, place, repetition)
                queries[where], value[where] = trace.queries.mean(), trace.values.mean()
                ratio[where] = np.mean(trace.values[moments] / greedy)
    return {"k": np.array(sizes), "n": np.array(n), "queries": queries, "value": value, "ratio": ratio}


def companion_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure as booleans with margins."""
    k, queries, ratio, value = (arrays[name] for name in ("k", "queries", "ratio", "value"))
    growth = queries.mean(axis=-1)[..., -1] / queries.mean(axis=-1)[..., 0]
    mean, sizes = value.mean(axis=-1), k.tolist()
    doubled = [mean[..., sizes.index(2 * one)] - mean[..., sizes.index(one)] for one in sizes if 2 * one in sizes]
    return {
        "the lazy pair keeps more than 85 % of the value of greedy everywhere": below(0.85, ratio[:, :, 0]),
        "batches keep more than 80 % of the value of greedy everywhere": below(0.8, ratio[:, :, 1]),
        "with k twice as large the mean value is larger": below(0, np.array(doubled)),
        "batches ask for less than 20 + k / 4 queries an update": below(queries[:, :, 1], 20 + k[:, None] / 4),
        "from the least k to the largest queries of batches grow less than those of single samples": below(
            growth[:, :, 1], growth[:, :, 0]
        ),
    }


def draw_companion(arrays: Any) -> matplotlib.figure.Figure:
    """Draw mean value, value over greedy, and queries, against k."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9.2, 4.4), layout="constrained")
    k = arrays["k"]
    for graph, kind, method in np.ndindex(len(GRAPHS), len(STREAMS), len(METHODS)):
        style: dict[str, Any] = {
            "color": COLORS[2 * graph + kind], "marker": MARKERS[2 * graph + kind],
            "linestyle": ("-", "--")[method], "fillstyle": ("full", "none")[method], "markersize": 5,
            "label": f"{GRAPHS[graph]}, {STREAMS[kind]}: {list(METHODS.values())[method]}",
        }  # fmt: skip
        for axis, name in zip(axes, ("value", "ratio", "queries"), strict=True):
            axis.plot(k, arrays[name][graph, kind, method].mean(axis=-1), **style)
    ticks = k if len(k) < 8 else k[[0, 1, 3, 7, -1]]
    log_axes(axes[2], ticks)
    for axis, name in zip(
        axes, ("nodes dominated, mean over time", "value / greedy", "queries an update"), strict=True
    ):
        axis.set(xlabel="elements chosen k", ylabel=name)
    axes[1].set_ylim(top=1.0)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    headline(
        figure,
        f"The companion setting (the paper's own figures could not be read): {int(arrays['n']):,} nodes, "
        f"epsilon = {EPSILON}",
    )
    return figure


COMPANION = Figure(
    name="companion",
    title="Value and queries against k in the setting of earlier code, since the paper's figures could not be read.",
    compute=compute_companion,
    claims=companion_claims,
    draw=draw_companion,
    seed=SEED,
    inputs=INPUTS,
)

"""Real streams: offers of a supermarket, airports, digits, and influence among the characters of a novel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, below, headline
from lrtheory.dynamic_submodular import (
    DynamicSubmodular,
    Influence,
    UpdateStream,
    load_airports,
    load_digits_similarity,
    load_supermarket,
    maximize,
    sliding_window,
    theory,
)

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 6
EPSILON = 0.1
TRANSMITS, SAMPLES, CHARACTERS, CHOSEN = 0.1, 2000, 40, 5


def novel() -> UpdateStream:
    """Make a window over the characters of Les Miserables in the order of networkx; f is their expected reach."""
    import networkx as nx

    graph = nx.les_miserables_graph()
    ops = sliding_window(np.arange(len(graph)), CHARACTERS)
    return UpdateStream(Influence(graph, TRANSMITS, SAMPLES, rng=SEED), ops, CHOSEN)


STREAMS: dict[str, tuple[Callable[[], UpdateStream], str]] = {
    "supermarket: offers of seven days": (load_supermarket, "customers who bought one of the offers"),
    "airports: a window of 2,000": (load_airports, "similarity of places to the nearest one"),
    "digits: a window of 500": (load_digits_similarity, "similarity of images to the nearest one"),
    f"Les Miserables: a window of {CHARACTERS}": (novel, "characters reached, expected"),
}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"updates": [60_000, 60_000, 800, 60_000], "moments": 40},
    "full": {"updates": [60_000] * 4, "moments": 200},
}


def compute_real(profile: str) -> dict[str, np.ndarray]:
    """Compute the answers of the lazy pair and of greedy at moments all over each stream."""
    settings = INPUTS[profile]
    arrays: dict[str, np.ndarray] = {}
    for place, (load, _) in enumerate(STREAMS.values()):
        given = load()
        ops = given.ops[: settings["updates"][place]]
        trace = DynamicSubmodular(given, epsilon=EPSILON, rng=SEED).update(ops, record=True)
        moments = np.unique(np.linspace(len(ops) // 50, len(ops) - len(ops) // 50, settings["moments"]).astype(int))
        present = [given.present(moment + 1) for moment in moments.tolist()]
        found = [maximize(given.objective, given.k, candidates=here) for here in present]
        for name, row in (
            ("moment", moments), ("value", trace.values[moments]), ("upper", trace.upper_bounds[moments]),
            ("greedy", np.array([one.value for one in found])), ("queries", trace.queries.mean()),
            ("again", np.mean([float(one.counts["queries"]) for one in found])),
            ("size", np.array([given.objective.n, len(ops), given.k])),
        ):  # fmt: skip
            arrays[f"{name}{place}"] = np.asarray(row)
    return arrays


def real_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure as booleans with margins."""
    every = range(len(STREAMS))
    value, upper, greedy = ([arrays[f"{name}{place}"] for place in every] for name in ("value", "upper", "greedy"))
    share = np.array([(value[place] / greedy[place]).mean() for place in every])
    cheaper = np.array([float(arrays[f"again{place}"] / arrays[f"queries{place}"]) for place in every])
    return {
        "the upper bound is never below the value of greedy": below(np.concatenate(greedy), np.concatenate(upper)),
        "the ratio that is proved is never below 1 / (2 + epsilon)": below(
            theory.pair_ratio(EPSILON) - 1e-9, np.concatenate([value[place] / upper[place] for place in every])
        ),
        "on average the value is more than 80 % of greedy's on every stream": below(0.8, share),
        "an update asks for less than a tenth of what greedy does once, but on digits and in the novel": below(
            10, cheaper[:2]
        ),
        "on digits and in the novel too an update asks for less than greedy does once": below(1, cheaper[2:]),
    }


def draw_real(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel per stream."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9.2, 7.6), layout="constrained")
    for place, (axis, (name, (_, label))) in enumerate(zip(axes.ravel(), STREAMS.items(), strict=True)):
        moment, value, upper, greedy = (arrays[f"{key}{place}"] for key in ("moment", "value", "upper", "greedy"))
        axis.plot(moment, upper, color=COLORS[1], linestyle="-.", linewidth=1.2, label="bound that is proved")
        axis.plot(moment, greedy, color="black", linestyle="--", linewidth=1.2, label="greedy, run again")
        axis.plot(moment, value, color=COLORS[0], linewidth=1.6, label="value of the lazy pair")
        n, updates, k = arrays[f"size{place}"].tolist()
        queries, again = float(arrays[f"queries{place}"]), float(arrays[f"again{place}"])
        axis.set_title(
            f"{name}\nn = {n:,}, {updates:,} updates, k = {k}\n{100 * (value / greedy).mean():.0f} % of greedy, "
            f"{100 * (value / upper).mean():.0f} % of OPT proved\n"
            f"{queries:.3g} queries an update, greedy {again:,.0f}",
        )
        axis.set(xlabel="updates", ylabel=label, ylim=(0, None))
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8.5)
    headline(figure, f"Real streams, epsilon = {EPSILON}")
    return figure


REAL = Figure(
    name="real",
    title="Value and proved bound on a supermarket, airports, digits, and for influence among characters of a novel.",
    compute=compute_real,
    claims=real_claims,
    draw=draw_real,
    seed=SEED,
    inputs=INPUTS,
    data=("supermarket", "airports", "digits_similarity"),
)

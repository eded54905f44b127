"""An adversary who sees the solution: queries rise with n, and the value stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, log_axes, slope, stream
from lrtheory.dynamic_submodular import (
    DynamicSubmodular,
    OneGuess,
    make_adaptive_attack,
    make_graph_coverage,
    maximize,
    theory,
)

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 4
K, EPSILON = 5, 0.1
ADVERSARIES = ("attacked", "other coins")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": [75, 150, 300, 600, 1200], "deletions": 60, "repetitions": 25, "nodes": 1000, "attacks": 500},
    "full": {"n": [75, 150, 300, 600, 1200, 2400], "deletions": 70, "repetitions": 50, "nodes": 20_000,
             "attacks": 2000},
}  # fmt: skip


def one_guess(n: int, n_deletions: int, repetition: int) -> np.ndarray:
    """Return queries per deletion, and the least value over the largest possible one, attacked or on other coins."""
    found = np.zeros((2, 2))
    given = make_adaptive_attack(n, k=K, n_deletions=n_deletions, rng=repetition)
    for place, coins in enumerate((repetition, 1_000_000 + repetition)):
        one = OneGuess(given.objective, K, 2.0 * K, rng=coins)
        one.update(given.ops[:n])
        before, least = one.counts["queries"], one.value
        for op in given.ops[n:].tolist():
            one.update([op])
            least = min(least, one.value)
        found[:, place] = (one.counts["queries"] - before) / n_deletions, least / K
    return found


def on_a_graph(nodes: int, attacks: int) -> dict[str, np.ndarray]:
    """Return value over greedy, and queries, while the best element is deleted, or a random one, again and again."""
    given = make_graph_coverage(nodes, k=K, length=nodes, rng=stream(SEED, nodes))
    ratio, queries = np.zeros((2, 2, attacks))
    for place in range(2):
        best, rng = DynamicSubmodular(given, epsilon=EPSILON, rng=0), stream(SEED, nodes, place)
        best.update(given)
        for step in range(attacks):
            v = best.solution[0] if place == 0 else rng.choice(best.present)
            queries[place, step] = best.update([~int(v)]).counts["queries"]
            ratio[place, step] = best.value / maximize(given.objective, K, candidates=best.present).value
    return {"graph_ratio": ratio, "graph_queries": queries}


def compute_attack(profile: str) -> dict[str, np.ndarray]:
    """Compute queries and values of one guess, (2, lengths, repetitions), and those of the whole solver on a graph."""
    settings = INPUTS[profile]
    sizes, repetitions = settings["n"], settings["repetitions"]
    found = np.array([[one_guess(n, settings["deletions"], r) for r in range(repetitions)] for n in sizes])
    queries, least = found.transpose(2, 3, 0, 1)
    proved = np.array(float(theory.deletion_queries(K)))
    return {
        "n": np.array(sizes), "queries": queries, "least": least, "proved": proved,
        "nodes": np.array(settings["nodes"]), **on_a_graph(settings["nodes"], settings["attacks"]),
    }  # fmt: skip


def attack_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure as booleans with margins."""
    n, (attacked, other) = arrays["n"], arrays["queries"].mean(axis=2)
    return {
        "under attack queries a deletion grow faster than n^0.85": below(0.85, slope(n, attacked)),
        "at the largest n deletions under attack cost more than 10 times what is proved for oblivious ones": below(
            10 * float(arrays["proved"]), attacked[-1]
        ),
        "on other coins the same deletions cost fewer queries than is proved": below(other, arrays["proved"]),
        "the value of the guess never falls below one half of the guess": below(0.999, arrays["least"]),
        "on a graph deleting the best costs more than 20 times what random deletions do": below(
            20 * arrays["graph_queries"][1].mean(), arrays["graph_queries"][0].mean()
        ),
        "on a graph the value stays above that of greedy divided by 2 + epsilon": below(
            theory.pair_ratio(EPSILON), arrays["graph_ratio"]
        ),
    }


def attack_beside(arrays: Any) -> list[Beside]:
    """Return the queries per deletion at one length of the stream, beside the published ones."""
    known = published("dynamic_submodular")["attack"]
    at = arrays["n"].tolist().index(known["n"])
    names = [f"queries a deletion, {kind}, n = {known['n']}" for kind in known["queries"]]
    runs = f"here {arrays['queries'].shape[2]} runs of fewer deletions"
    ours = arrays["queries"][:, at].mean(axis=1)
    return beside(names, list(known["queries"].values()), ours, f"{known['source']}; {runs}")


def draw_attack(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the queries of one guess, and queries and value of the solver on a graph."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9.2, 4), layout="constrained")
    n = arrays["n"]
    for place, name in enumerate(ADVERSARIES):
        mean = arrays["queries"][place].mean(axis=1)
        style = {"color": COLORS[1 - place], "linewidth": 1.3}
        left.plot(n, mean, MARKERS[place] + LINES[place], label=f"{name}: slope {slope(n, mean):+.2f}", **style)
    left.axhline(float(arrays["proved"]), color="black", linestyle=":", label="proved for other coins")
    log_axes(left, n)
    left.set(xlabel="elements n", ylabel="queries a deletion")
    left.set_title(f"one guess, k = {K}, all elements alike:\nthe first sample is deleted, again and again")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18))
    steps = 1 + np.arange(arrays["graph_ratio"].shape[1])
    for place, name in enumerate(("deletes the best element", "deletes a random element")):
        style = {"color": COLORS[1 - place], "linestyle": LINES[place], "linewidth": 1.3, "label": name}
        middle.plot(steps, np.cumsum(arrays["graph_queries"][place]), **style)
        right.plot(steps, arrays["graph_ratio"][place], **style)
    middle.set(yscale="symlog", xlabel="deletions", ylabel="queries so far")
    middle.set_title(f"lazy pair on a graph\nof {int(arrays['nodes']):,} nodes, k = {K}")
    right.axhline(theory.pair_ratio(EPSILON), color="black", linestyle=":", label="1 / (2 + epsilon)")
    right.set(xlabel="deletions", ylabel="value / greedy", ylim=(0.2, 1.1))
    right.set_title("there the guarantee of value holds\nagainst anyone")
    middle.legend()
    right.legend(loc="lower right")
    headline(figure, "An adaptive adversary breaks the bound on queries, not the one on the value")
    return figure


ATTACK = Figure(
    name="adaptive-attack",
    title="An adversary who deletes what was chosen makes updates expensive and leaves the guarantee of value intact.",
    compute=compute_attack,
    claims=attack_claims,
    draw=draw_attack,
    beside=attack_beside,
    seed=SEED,
    inputs=INPUTS,
)

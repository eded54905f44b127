"""Related work as a measured plot: the share of greedy's value that is kept, its queries, and the ratio proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, headline
from figures.dynamic_submodular._measure import GUARANTEED, METHODS, SEED, measured
from lrtheory.dynamic_submodular import theory
from proofs_checks.dynamic_submodular.selection.greedy import greedy_ratio
from proofs_checks.dynamic_submodular.selection.thresholds import sieve_ratio

if TYPE_CHECKING:
    import matplotlib.figure

INDEPENDENT = published("dynamic_submodular")["independent"]
N = INDEPENDENT["n"]
POINTS = [(row["method"], row["epsilon"]) for row in INDEPENDENT["10"]]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": N, "k": 10, "points": POINTS, "repetitions": 2},
    "full": {"n": N, "k": 50, "points": POINTS, "repetitions": 6},
}


def proved(method: str, epsilon: float, k: int) -> float:
    """Return the ratio to OPT that is proved for a method of the related work."""
    ratios = {
        "lazy": theory.pair_ratio(epsilon),
        "batched": theory.batch_pair_ratio(epsilon),
        "eager": theory.table_ratio(epsilon),
        "earlier": sieve_ratio(epsilon),
        "sieve": sieve_ratio(epsilon),
        "recompute": greedy_ratio(k),
    }
    return ratios[method]


def numbers(method: str, n: int, k: int, epsilon: float, repetition: int) -> np.ndarray:
    """Return what `measured` returns, for one point of the sweep."""
    return np.array(measured(method, n, k, epsilon, repetition))


def compute_frontier(profile: str) -> dict[str, np.ndarray]:
    """Compute means of `measured` over repetitions, (points, 4), the ratios proved, and the counts of others."""
    settings = INPUTS[profile]
    n, k = settings["n"], settings["k"]
    counts = [settings["repetitions"] if method in GUARANTEED else 1 for method, _ in POINTS]
    runs = [(*point, r) for point, count in zip(POINTS, counts, strict=True) for r in range(count)]
    found = np.split(each(numbers, [(method, n, k, epsilon, r) for method, epsilon, r in runs]), np.cumsum(counts)[:-1])
    ours = np.array([np.mean(one, axis=0) for one in found])
    theirs = np.array([[row["evaluations"], row["value"]] for row in INDEPENDENT[str(k)]], dtype=float)
    ratios = np.array([proved(method, epsilon, k) for method, epsilon in POINTS])
    names = np.array([list(METHODS).index(method) for method, _ in POINTS])
    return {"ours": ours, "theirs": theirs, "proved": ratios, "method": names, "n": np.array(n), "k": np.array(k)}


def frontier_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure as booleans with margins."""
    ours, theirs = arrays["ours"], arrays["theirs"]
    names = np.array(list(METHODS))[arrays["method"]]
    exact = np.isin(names, ("eager", "sieve", "recompute"))  # nothing is claimed of Lattanzi et al., whose forms differ
    apart = np.abs(np.log(ours[:, 0] / theirs[:, 0]))
    return {
        "every method is above what is proved for it": below(arrays["proved"], ours[:, 2]),
        "the lazy pair asks for less than a tenth of what any method without it does": below(
            ours[names == "lazy", 1].max() / ours[(names != "lazy") & (names != "batched"), 1].min(), 0.1
        ),
        "greedy run again has the largest value": below(ours[names != "recompute", 2], 1.0),
        "mean values over that of greedy are within 0.05 of those of independent code": below(
            np.abs(ours[:, 3] - theirs[:, 1] / theirs[-1, 1]), 0.05
        ),
        "evaluations by all guesses, sieve and greedy are within a quarter of those of independent code": below(
            apart[exact], np.log(1.25)
        ),
        "evaluations by the lazy pair, which walks otherwise, are within a factor of 3 of independent ones": below(
            apart[names == "lazy"], np.log(3)
        ),
    }


def frontier_beside(arrays: Any) -> list[Beside]:
    """Return evaluations per update and values over greedy, beside the published ones."""
    ours, theirs = arrays["ours"], arrays["theirs"]
    names = [f"{method}, epsilon = {epsilon:g}" for method, epsilon in POINTS]
    source = published("dynamic_submodular")["independent"]["source"]
    counts = beside([f"evaluations, {name}" for name in names], theirs[:, 0], ours[:, 0], source)
    values = beside([f"value, {name}" for name in names], theirs[:, 1] / theirs[-1, 1], ours[:, 3], source)
    return counts + values


def draw_frontier(arrays: Any) -> matplotlib.figure.Figure:
    """Draw value against queries, and evaluations beside those of independent code."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.8), layout="constrained")
    ours, theirs, method = arrays["ours"], arrays["theirs"], arrays["method"]
    labels = []
    for place, number in enumerate(method.tolist()):
        style: dict[str, Any] = {"color": COLORS[number], "marker": MARKERS[number], "linestyle": ""}
        name, (_, epsilon) = list(METHODS.values())[number], POINTS[place]
        first = place == method.tolist().index(number)
        left.plot(ours[place, 1], ours[place, 2], **style, markersize=8, label=name if first else None)
        left.plot(ours[place, 1], arrays["proved"][place], **style, markersize=6, fillstyle="none")
        row = len(method) - place
        right.plot([ours[place, 0], theirs[place, 0]], [row, row], color="lightgray", zorder=0)
        right.plot(ours[place, 0], row, **style, markersize=8)
        right.plot(theirs[place, 0], row, **style, markersize=9, fillstyle="none", markeredgewidth=1.4)
        labels.append(name + (f", {epsilon:g}" if name != METHODS["recompute"] else ""))
    left.set(xscale="log", xlabel="queries an update, window full", ylabel="value / greedy", ylim=(0, 1.05))
    left.set_title("filled: measured; hollow: part of OPT proved")
    left.legend(loc="lower right")
    right.set(xscale="log", xlabel="evaluations an update, filling the window included")
    right.set_yticks(range(len(method), 0, -1), labels, fontsize=8)
    right.set_title("filled: this package; hollow: independent code")
    headline(
        figure,
        f"Related work, measured: a window of {int(arrays['n']) // 2} of {int(arrays['n']):,} nodes, "
        f"k = {int(arrays['k'])}; one evaluation of the guesses gives all marginals of an element",
    )
    return figure


FRONTIER = Figure(
    name="frontier",
    title="Value over greedy against queries an update: the related work as a measured plot, beside independent code.",
    compute=compute_frontier,
    claims=frontier_claims,
    draw=draw_frontier,
    beside=frontier_beside,
    seed=SEED,
    inputs=INPUTS,
)

"""Clustering of up to a million points: what the graph costs, and what the updates do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, between, draw_power, headline, slope, stream
from lrtheory.transductive_clustering import (
    bound_update,
    cluster,
    knn_affinity,
    make_gaussian_mixture,
    spatial_order,
)

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 10
CLUSTERS, FEATURES, NEIGHBORS, LAM, TOL = 10, 4, 5, 0.5, 1e-7
PARTS = ("order and graph", "updates, at class means", "updates, at k-means++ points", "cluster from class means")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": [1000, 3000, 10_000, 30_000, 100_000]},
    "full": {"n": [1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000]},
}


def one_size(points: np.ndarray, means: np.ndarray, drawn: np.ndarray) -> dict[str, Any]:
    """Seconds of the parts, and what was counted."""
    n, begun = len(points), time.perf_counter()
    X = points[spatial_order(points)]
    W = knn_affinity(X, n_neighbors=NEIGHBORS)
    seconds, results = [time.perf_counter() - begun], []
    for centers in (means, drawn):
        costs = ((X[:, None] - centers[None]) ** 2).sum(axis=2)
        begun = time.perf_counter()
        results.append(bound_update(costs, W, lam=LAM, tol=TOL))
        seconds.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    results.append(cluster(X, CLUSTERS, affinity=W, init=means, lam=LAM))
    seconds.append(time.perf_counter() - begun)
    return {
        "seconds": seconds,
        "updates": [result.counts["updates"] for result in results],
        "edges": W.nnz / n,
        "work": [result.counts["flops"] / (n * result.counts["passes"]) for result in results],
        "rises": results[-1].counts["rises"],
        "gap": [result.certificate.gap / np.sqrt(n) for result in results],
    }


def compute_scaling(profile: str) -> dict[str, np.ndarray]:
    """A column a size: seconds of the parts, updates, edges a point, multiply-adds a point and pass, rises, gaps."""
    sizes = INPUTS[profile]["n"]
    mixture = make_gaussian_mixture(sizes[-1], CLUSTERS, FEATURES, rng=stream(SEED))
    points, truth = mixture.features, mixture.truth
    means = np.stack([points[truth == c].mean(axis=0) for c in range(CLUSTERS)])
    drawn = cluster(points[: sizes[0]], CLUSTERS, lam=0.0, max_iter=1, rng=0).prototypes
    one_size(points[: sizes[0]], means, drawn)  # compiles
    runs = [one_size(points[:n], means, drawn) for n in sizes]
    columns = {name: np.array([run[name] for run in runs], float).T for name in runs[0]}
    return {"n": np.array(sizes), **columns}


def scaling_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins; times only by their exponents, since machines differ."""
    n, updates = arrays["n"], arrays["updates"]
    large = n >= 10_000
    return {
        "at the class means fewer than 60 updates are enough at every size": below(updates[0], 60.0),
        "at poor prototypes more points need more updates, since labels creep along the graph": below(
            updates[1, 0] + 15, updates[1, -1]
        ),
        "at every size a point has 1 to 1.5 times as many edges as nearest neighbors": between(
            arrays["edges"], NEIGHBORS, 1.5 * NEIGHBORS
        ),
        "a pass over the graph is a multiply-add an edge and cluster": below(
            np.abs(arrays["work"] - CLUSTERS * arrays["edges"]), 1e-6
        ),
        "no energy rises": below(arrays["rises"], 0.5),
        "all runs end at fixed points, to 1e-3 a point": below(arrays["gap"], 1e-3),
        "the time of an update grows about linearly from 10,000 points on": between(
            slope(n[large], (arrays["seconds"][3] / updates[2])[large]), 0.6, 1.4
        ),
    }


def scaling_beside(arrays: Any) -> list[Beside]:
    """Updates at the class means."""
    known = published("transductive_clustering")["scaling"]
    ours = dict(zip(arrays["n"].tolist(), arrays["updates"][0].tolist(), strict=True))
    names = [f"updates, {n:,} points" for n in known["n"]]
    there = [ours.get(n, np.nan) for n in known["n"]]
    return beside(names, known["updates"], there, f"{known['source']}; here the class means, held")


def draw_scaling(arrays: Any) -> matplotlib.figure.Figure:
    """Times on the left, counts on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4), layout="constrained")
    n = arrays["n"]
    for number, (name, seconds) in enumerate(zip(PARTS, arrays["seconds"], strict=True)):
        left.plot(
            n,
            seconds,
            marker=MARKERS[number],
            linestyle=LINES[number % 4],
            color=COLORS[number],
            label=name,
            markersize=4,
        )
    draw_power(left, n, arrays["seconds"][1, 0], 1.0, "linear")
    left.set(xscale="log", yscale="log", xlabel="points", ylabel="seconds on this machine")
    left.legend()
    for number, (name, updates) in enumerate(zip(PARTS[1:], arrays["updates"], strict=True), start=1):
        right.plot(
            n,
            updates,
            marker=MARKERS[number],
            linestyle=LINES[number % 4],
            color=COLORS[number],
            label=name,
            markersize=4,
        )
    right.set(xscale="log", xlabel="points", ylabel="updates until nothing moves")
    right.set_ylim(bottom=0)
    right.legend()
    headline(
        figure,
        f"{CLUSTERS} Gaussians in {FEATURES} dimensions, {NEIGHBORS} neighbors "
        f"({arrays['edges'].mean():.1f} edges a point), $\\lambda$ = {LAM}, $T$ = 1",
    )
    return figure


SCALING = Figure(
    name="scaling",
    title="What clustering costs from a thousand points to a million.",
    compute=compute_scaling,
    claims=scaling_claims,
    draw=draw_scaling,
    beside=scaling_beside,
    seed=SEED,
    inputs=INPUTS,
)

"""Real ratings of films and of lecturers: the gain of a low rank over biases, on random and on later ratings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, below, headline, stream
from figures.matrix_completion.ratings import held_out
from lrtheory.matrix_completion import CompletionProblem, complete, load_lecture_ratings, load_movielens_100k

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 7
TABLES: dict[str, tuple[Callable[[], CompletionProblem], Literal["random", "time"]]] = {
    "films, random tenth": (load_movielens_100k, "random"),
    "films, latest tenth": (load_movielens_100k, "time"),
    "lecturers, random tenth": (load_lecture_ratings, "random"),
}
RIDGES = (2.0, 8.0, 15.0, 30.0)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"ranks": [1, 2, 5, 10], "max_iter": 20},
    "full": {"ranks": [1, 2, 3, 5, 8, 12, 20, 40], "max_iter": 50},
}


def compute_real(profile: str) -> dict[str, np.ndarray]:
    """Measure test errors, of shape (tables, ridges, ranks), and those of biases alone, (tables,)."""
    ranks, max_iter = INPUTS[profile]["ranks"], INPUTS[profile]["max_iter"]
    errors = np.zeros((len(TABLES), len(RIDGES), len(ranks)))
    biases = np.zeros(len(TABLES))
    sizes = np.zeros((len(TABLES), 3), dtype=np.int64)
    for t, (load, by) in enumerate(TABLES.values()):
        data = load().observations
        train, test = data.split(0.1, by=by, rng=stream(SEED, t))
        sizes[t] = *data.shape, data.n_observed
        for i, k in np.ndindex(errors.shape[1:]):
            model = complete(train, ranks[k], ridge=RIDGES[i], bias=True, tol=1e-3, max_iter=max_iter)
            errors[t, i, k], biases[t] = held_out(model, test)
    return {"ranks": np.array(ranks), "errors": errors, "biases": biases, "sizes": sizes}


def real_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure as booleans, each with its margin in stars."""
    errors, biases = arrays["errors"], arrays["biases"]
    best = errors.min(axis=(1, 2))
    return {
        "taste saves 0.02 stars on random films": below(best[0], biases[0] - 0.02),
        "later films are harder than random ones": below(biases[0], biases[1]),
        "with the largest ridge no rank is worse than biases on films": below(errors[:2, -1], biases[:2, None] + 1e-3),
        "with the smallest ridge ten ranks are worse than biases everywhere": below(biases, errors[:, 0, -1]),
    }


def draw_real(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel for each table of ratings."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(TABLES), figsize=(9.2, 3.8), layout="constrained")
    for t, (axis, name) in enumerate(zip(axes, TABLES, strict=True)):
        for i, ridge in enumerate(RIDGES):
            line = "osD^"[i] + LINES[i]
            axis.plot(arrays["ranks"], arrays["errors"][t, i], line, color=COLORS[i], label=rf"$\lambda$ = {ridge:g}")
        axis.axhline(arrays["biases"][t], color="gray", linestyle="--", label="mean and biases alone")
        m, n, count = arrays["sizes"][t].tolist()
        axis.set(xlabel="rank", title=f"{name}\n{count:,} ratings of {m:,} x {n:,}")
    axes[0].set(ylabel="error on held-out ratings, in stars")
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=5, loc="outside lower center")
    headline(figure, "Real ratings: MovieLens 100K and lecturers at ETH Zurich; ridges and ranks are not tuned")
    return figure


REAL = Figure(
    name="real-ratings",
    title="What a low rank adds to biases on ratings of films and of lecturers.",
    compute=compute_real,
    claims=real_claims,
    draw=draw_real,
    seed=SEED,
    inputs=INPUTS,
    data=("movielens_100k", "lecture_ratings"),
)

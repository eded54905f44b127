"""Synthetic ratings: held-out errors against the rank and the ridge, and the objective against iterations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, below, beside, headline, stream
from lrtheory.matrix_completion import (
    CompletionProblem,
    CompletionResult,
    CompletionState,
    Observations,
    complete,
    make_power_law,
    objective,
)

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 6
RANK, NOISE = 4, 0.6
RIDGES = (1.0, 4.0, 8.0)
RULES: dict[str, dict[str, Any]] = {
    "exact": {"method": "exact"},
    **{f"{s} step{'s' * (s > 1)}": {"method": "cg", "inner_tol": 1e-15, "max_inner_iter": s} for s in (1, 2, 3, 5)},
}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"shape": (400, 250), "n_observed": 20_000, "ranks": [1, 2, 4, 8, 12], "max_iter": 25},
    "full": {"shape": (6000, 3500), "n_observed": 1_000_000, "ranks": [1, 2, 4, 6, 8, 12, 16], "max_iter": 40},
}


def rmse(predicted: np.ndarray, test: Observations) -> float:
    """Return the root mean square error on the test ratings, in stars."""
    return float(np.sqrt(np.mean((predicted - test.values) ** 2)))


def expected_stars(truth: np.ndarray) -> np.ndarray:
    """Return the means of ratings: noise is added to the truth, and the sum is rounded to half stars in [0.5, 5]."""
    stars = np.arange(0.5, 5.25, 0.5)
    below_edge = ndtr((stars[:-1] + 0.25 - truth[:, None]) / NOISE)
    return np.diff(below_edge, prepend=0.0, append=1.0) @ stars


def held_out(model: CompletionResult, test: Observations) -> tuple[float, float]:
    """Return the errors of a model and of its mean and biases alone."""
    of_rows, of_cols = model.biases_alone
    biases = model.mean + of_rows[test.rows] + of_cols[test.cols]
    return rmse(model.predict(test.rows, test.cols), test), rmse(biases, test)


def made(profile: str) -> CompletionProblem:
    """Make a table of ratings with popular rows and columns."""
    settings = INPUTS[profile]
    size = {"n_observed": settings["n_observed"], "noise": NOISE}
    return make_power_law(settings["shape"], RANK, rng=stream(SEED), **size)


def objectives(data: Observations, rank: int, ridge: float, rule: dict[str, Any], max_iter: int) -> np.ndarray:
    """Return the penalized objective after each iteration, from one random start."""
    found: list[float] = []

    def note(state: CompletionState) -> None:
        found.append(objective(data, state.U, state.V, ridge=ridge))

    complete(data, rank, ridge=ridge, init="random", tol=0, max_iter=max_iter, rng=SEED, callback=note, **rule)
    return np.array(found + [found[-1]] * (max_iter - len(found)))


def compute_ratings(profile: str) -> dict[str, np.ndarray]:
    """Measure test errors, (ridges, ranks), those of biases and of the means, and objectives, (rules, iterations)."""
    settings, problem = INPUTS[profile], made(profile)
    train, test = problem.observations.split(0.1, rng=stream(SEED, 1))
    errors = np.zeros((len(RIDGES), len(settings["ranks"])))
    for i, k in np.ndindex(errors.shape):
        model = complete(train, settings["ranks"][k], ridge=RIDGES[i], bias=True, tol=1e-3, max_iter=30)
        errors[i, k], biases = held_out(model, test)
    truth = problem.truth
    left = truth.U[test.rows] * truth.singular_values
    best = rmse(expected_stars((left * truth.V[test.cols]).sum(axis=1)), test)
    most = settings["max_iter"]
    steps = [objectives(train, 2 * RANK, RIDGES[-1], rule, most) for rule in RULES.values()]
    long_run = objectives(train, 2 * RANK, RIDGES[-1], RULES["exact"], 5 * most)
    return {
        "ranks": np.array(settings["ranks"]),
        "errors": errors,
        "biases": np.array(biases),
        "truth": np.array(best),
        "objective": np.array(steps),
        "smallest": long_run[-1:],
        "counts": np.array([*settings["shape"], settings["n_observed"]]),
    }


def ratings_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure as booleans, each with its margin."""
    errors, biases, truth = arrays["errors"], arrays["biases"], arrays["truth"]
    value, ranks = arrays["objective"], arrays["ranks"]
    falls = np.diff(value, axis=1) / value[:, :-1]
    right = errors[1:, ranks == RANK]
    return {
        "nothing is better than the mean rating given the truth": below(truth, errors),
        "at the right rank, with a ridge of 4 or 8, taste saves a tenth of the error of biases": below(
            right, 0.9 * biases
        ),
        "with a ridge of 1 twelve ranks are worse than four": below(errors[0, ranks == RANK], errors[0, ranks == 12]),
        "with twelve ranks larger ridges are better than a ridge of 1": below(
            errors[1:, ranks == 12], errors[0, ranks == 12]
        ),
        "no rule ever raises the objective": below(falls, 1e-9),
        "three steps end within a percent of exact regressions": below(np.abs(value[3, -1] / value[0, -1] - 1), 0.01),
    }


def iterations_to(arrays: Any, share: float) -> dict[str, float]:
    """Find the first iteration of each rule whose objective is within a share of the least; NaN where none is."""
    near = arrays["objective"] <= (1 + share) * arrays["smallest"]
    return {name: float(row.argmax()) + 1 if row.any() else np.nan for name, row in zip(RULES, near, strict=True)}


def ratings_beside(arrays: Any) -> list[Beside]:
    """Set iterations until the objective is within 0.2 % of its least beside those recorded at two other ranks."""
    known, ours = published("matrix_completion")["ratings"], iterations_to(arrays, 2e-3)
    m, n, count = (int(size) for size in arrays["counts"])
    source = f"{known['source']}; here {count} ratings of {m} x {n}, made with rank {RANK}, rank {2 * RANK}"
    return [
        row
        for rank, counts in known["iterations"].items()
        for row in beside([f"iterations to 0.2 %, {rule}, there rank {rank}" for rule in counts],
                          list(counts.values()), [ours[rule] for rule in counts], source)
    ]  # fmt: skip


def draw_ratings(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors on the left, and the objective on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.8), layout="constrained")
    for i, ridge in enumerate(RIDGES):
        left.plot(
            arrays["ranks"], arrays["errors"][i], "osD"[i] + LINES[i], color=COLORS[i], label=rf"$\lambda$ = {ridge:g}"
        )
    left.axhline(arrays["biases"], color="gray", linestyle="--", label="mean and biases alone")
    left.axhline(arrays["truth"], color="black", linestyle=":", label="mean rating given the truth")
    left.set(xlabel="rank", ylabel="error on held-out ratings, in stars", title=f"made with rank {RANK}")
    left.set_ylim(top=1.02)
    left.legend(loc="upper center", ncols=2)
    for r, name in enumerate(RULES):
        excess = arrays["objective"][r] / arrays["smallest"] - 1
        iterations = np.arange(1, len(excess) + 1)
        right.semilogy(iterations, excess, LINES[r % 4], color=COLORS[r], label=name)
    right.set(xlabel="iterations", ylabel="objective, relative to a long run, less 1")
    right.set(title=rf"rank {2 * RANK}, $\lambda$ = {RIDGES[-1]:g}, no biases")
    right.legend(title="regressions")
    m, n, count = (int(size) for size in arrays["counts"])
    headline(figure, f"Synthetic ratings: {count:,} of a {m:,} x {n:,} table, powers 0.5 and 0.8, half stars")
    return figure


RATINGS = Figure(
    name="ratings",
    title="On synthetic ratings a ridge makes the rank harmless, and no rule raises the objective.",
    compute=compute_ratings,
    claims=ratings_claims,
    draw=draw_ratings,
    beside=ratings_beside,
    seed=SEED,
    inputs=INPUTS,
)

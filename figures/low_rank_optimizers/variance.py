"""The variance of an evolution strategy on digits, by the law of its factors, beside the formula for quadratics."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, headline, stream
from lrtheory.low_rank_optimizers import ClassifierProblem, LowRankES, load_digits_problem, theory

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["variance"]
SEED, PAIRS, SIGMA, DRAWS = 5, 32, 0.01, 2000
#: law of the factors and rank; no rank stands for perturbations without structure
LAWS: dict[str, tuple[str, int | None]] = {
    **{f"gaussian {r}": ("gaussian", r) for r in (1, 2, 4, 8)},
    **{f"sign {r}": ("sign", r) for r in (1, 2, 4, 8)},
    "full": ("gaussian", None),
}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"estimates": 150, "examples": 100},
    "full": {"estimates": 800, "examples": 600},
}


def errors(law: str, n_estimates: int, n_examples: int) -> np.ndarray:
    """The squared error of each estimate at W = 0, in units of the squared gradient."""
    problem = few(load_digits_problem(), n_examples)
    factors, rank = LAWS[law]
    W, rows = np.zeros(problem.shape), problem.inputs
    truth = problem.gradient(W)
    shape = problem.shape if rank else (W.size,)
    rng = stream(SEED, list(LAWS).index(law))
    es = LowRankES([shape], sigma=SIGMA, rank=rank or 1, population_size=2 * PAIRS, factors=factors, rng=rng)
    found = []
    for _ in range(n_estimates):
        generation = es.ask()
        if rank:
            logits = generation.forward(rows, W, 0)
        else:  # a vector of weights has noise without structure
            members = [generation.member(i, [W.ravel()])[0].reshape(W.shape) for i in range(2 * PAIRS)]
            logits = rows @ np.transpose(members, (0, 2, 1))
        update = es.tell(problem.loss(logits)).update[0].reshape(W.shape)
        found.append(float(np.sum((update - truth) ** 2) / np.sum(truth**2)))
    return np.array(found)


def few(problem: ClassifierProblem, n: int) -> ClassifierProblem:
    """The problem with its first examples alone."""
    X, y = np.asarray(problem.X)[:n], np.asarray(problem.y)[:n]
    return replace(problem, X=X, y=y)


def formula(law: str) -> float:
    """Relative mean squared error by EG-V, for a quadratic of 10 x 65 weights."""
    factors, rank = LAWS[law]
    k = -2 if factors == "sign" else 0
    options = {"pairs": PAIRS, "gradient_square": 1, "kurtosis_a": k, "kurtosis_b": k}
    return float(theory.estimator_mse((10, 65), rank=rank or math.inf, **options))


def compute_variance(profile: str) -> dict[str, np.ndarray]:
    """Mean errors, resampled means, (laws, draws), and the formula."""
    settings = INPUTS[profile]
    runs = np.array(each(errors, [(law, settings["estimates"], settings["examples"]) for law in LAWS]))
    rng = stream(SEED, len(LAWS))
    chosen = rng.integers(runs.shape[1], size=(DRAWS, runs.shape[1]))
    return {
        "error": runs.mean(axis=1),
        "resampled": np.array([one[chosen].mean(axis=1) for one in runs]),
        "formula": np.array([formula(law) for law in LAWS]),
    }


def variance_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as standard deviations or as shares of the squared gradient."""
    mean, spread = arrays["error"], arrays["resampled"].std(axis=1)
    low, high = np.percentile(arrays["resampled"], [0.5, 99.5], axis=1)
    at = {law: i for i, law in enumerate(LAWS)}
    away = np.abs(mean - arrays["formula"]) / spread
    return {
        "each error is within four standard deviations of the formula": below(away, 4 * np.sign(mean)),
        "Gaussian factors of rank 1 are worse than every law of signs": below(
            [high[at[f"sign {r}"]] for r in (1, 2, 4, 8)], low[at["gaussian 1"]]
        ),
        "signs of rank 1 are within 10 % of noise without structure": below(
            abs(mean[at["sign 1"]] / mean[at["full"]] - 1), 0.1
        ),
    }


def variance_beside(arrays: Any) -> list[Beside]:
    """Errors of four laws."""
    ours = [arrays["error"][list(LAWS).index(law)] for law in KNOWN["laws"]]
    return beside([f"squared error, {law}" for law in KNOWN["laws"]], KNOWN["error"], ours, KNOWN["source"])


def draw_variance(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors with intervals, and the formula."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 3.6), layout="constrained")
    places = np.arange(len(LAWS))
    interval = np.percentile(arrays["resampled"], [2.5, 97.5], axis=1)
    for i, (start, stop, label) in enumerate(((0, 4, "Gaussian factors"), (4, 8, "signs"), (8, 9, "no structure"))):
        x, mean = places[start:stop], arrays["error"][start:stop]
        bars = np.abs(interval[:, start:stop] - mean)
        axis.errorbar(x, mean, yerr=bars, fmt=MARKERS[i], color=COLORS[i], capsize=3, markersize=5, label=label)
    axis.hlines(arrays["formula"], places - 0.35, places + 0.35, color="black", linewidth=1, label="formula (EG-V)")
    axis.set_xticks(places, [f"rank {rank}" if rank else "full" for _, rank in LAWS.values()])
    axis.set(ylabel="squared error / squared gradient", ylim=(15, None))
    axis.legend(loc="upper right")
    headline(figure, f"Gradient of softmax regression on digits from {PAIRS} pairs: signs cost nothing, Gaussians do")
    return figure


VARIANCE = Figure(
    name="variance",
    title="The squared error of an evolution strategy on digits, by the law of its factors, beside the formula.",
    compute=compute_variance,
    claims=variance_claims,
    draw=draw_variance,
    beside=variance_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_problem",),
)

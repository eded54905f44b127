"""Predictions of the error of a common basis beside the true error, on digits and on heads of a transformer."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import below, beside, between, draw_runs, headline, stream
from lrtheory.matrix_compression import StackProblem, baselines, error_bounds, load_digit_blocks, load_transformer_heads

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 1
KNOWN = published("matrix_compression")["prediction"]
METHODS = ("best", "sketch", "update", "spectra", "seed", "residuals")
LABELS = (
    "best basis",
    "sketch, upper side (CM-3)",
    "incremental, published",
    "all spectra (CM-14)",
    "seed alone, published (CM-1)",
    "residuals, published (CM-2)",
)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"digits": [5, 10, 20, 40, 50], "heads": [3, 5, 10, 20, 50], "trials": 3},
    "full": {"digits": [*range(5, 51)], "heads": [*range(3, 51)], "trials": 10},
}


@functools.cache
def loaded(name: str) -> StackProblem:
    """All blocks, loaded once."""
    return load_digit_blocks() if name == "digits" else load_transformer_heads()


def foretold(blocks: Sequence[np.ndarray], rank: int) -> np.ndarray:
    """Return relative errors in the order of `METHODS`; the seed holds the largest blocks that fit into the rank."""
    order = np.argsort([-np.linalg.norm(block) for block in blocks], kind="stable").tolist()
    fits = int(np.sum(np.cumsum([blocks[i].shape[1] for i in order]) <= rank))
    groups = [order[:fits], *([i] for i in order[fits:])]
    found = [
        error_bounds(blocks, rank, method="gram"),
        error_bounds(blocks, rank, method="sketch"),
        baselines.published_update(blocks, rank),
        error_bounds(blocks, rank),
        error_bounds(blocks, rank, method="weyl", groups=groups),
        error_bounds(blocks, rank, method="residual", groups=groups),
    ]
    return np.array([one.upper for one in found])


def drawn(name: str, size: int, trial: int) -> np.ndarray:
    """Errors of blocks that were drawn at random."""
    problem = loaded(name)
    ids = stream(SEED, trial, size).choice(len(problem) - 1, size, replace=False)  # the last block of digits is narrow
    return foretold([problem.blocks[i] for i in ids], int(problem.rank or 0))


def compute_prediction(profile: str) -> dict[str, np.ndarray]:
    """Relative errors (methods, sizes, trials) of both sets, and those of all heads."""
    settings = INPUTS[profile]
    heads = loaded("heads")
    arrays = {"all_heads": foretold(heads.blocks, int(heads.rank or 0))}
    for name in ("digits", "heads"):
        sizes, trials = settings[name], range(settings["trials"])
        runs = each(drawn, [(name, size, trial) for size in sizes for trial in trials])
        arrays[f"{name}_sizes"] = np.array(sizes)
        arrays[name] = np.reshape(runs, (len(sizes), len(trials), len(METHODS))).transpose(2, 0, 1)
    return arrays


def prediction_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as differences of relative errors, or of shares of them."""
    flat = [np.concatenate([arrays[name][m].ravel() for name in ("digits", "heads")]) for m in range(len(METHODS))]
    best, sketch, update, spectra, seed, _ = flat
    late = [
        np.concatenate([arrays[n][m][arrays[f"{n}_sizes"] >= 20].ravel() for n in ("digits", "heads")]) for m in (4, 5)
    ]
    ends = np.array([arrays[name][:, -1].mean(axis=1) for name in ("digits", "heads")]).T
    return {
        "every bound from the spectra alone lies above the best error": below(best, spectra),
        "every bound from the spectra alone lies below the one from the seed": below(spectra, seed),
        "the upper side of the sketch is within 5 % of the best error": between(sketch / best, 1 - 1e-9, 1.05),
        "the incremental update, which is called approximate, is a bound within 10 % of the best error": between(
            update / best, 1 - 1e-9, 1.1
        ),
        "from 20 blocks on predictions from residuals are within 5 % of those from the seed": below(
            np.abs(late[1] / late[0] - 1), 0.05
        ),
        "at 50 blocks of digits the spectra alone say more than three times the best error": below(
            3, ends[3, 0] / ends[0, 0]
        ),
    }


def prediction_beside(arrays: Any) -> list[Beside]:
    """Errors on the same heads, and on other draws of digits."""
    same, digits = KNOWN["heads"], KNOWN["digits"]
    known = [same.get(method, np.nan) for method in METHODS]
    names = [f"relative error at rank 64 of all 72 query heads, {label}" for label in LABELS]
    rows = beside(names, known, arrays["all_heads"], same["source"])
    for method, label, runs in zip(METHODS, LABELS, arrays["digits"], strict=True):
        for size, value in zip(digits["sizes"], digits.get(method, ()), strict=False):
            ours = runs[arrays["digits_sizes"] == size].mean()
            rows += beside(
                [f"relative error at rank 16 of {size} blocks of digits, {label}"], value, ours, digits["source"]
            )
    return rows


def draw_prediction(arrays: Any) -> matplotlib.figure.Figure:
    """Draw a panel for each set of blocks."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9.2, 4.4), sharey=True, layout="constrained")
    titles = {
        "digits": "blocks of 4 digits, 64 rows, r = 16",
        "heads": "query heads of a transformer, 384 x 32, r = 64",
    }
    for axis, (name, title) in zip(axes, titles.items(), strict=True):
        for m, label in enumerate(LABELS):
            draw_runs(axis, arrays[f"{name}_sizes"], arrays[name][m], m, label=label)
        axis.set(xlabel="blocks, drawn at random", ylim=(0, 1))
        axis.set_title(title)
    axes[0].set(ylabel="relative error of a common basis")
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=3, loc="outside lower center")
    headline(
        figure,
        f"What is known beforehand and in one pass: {arrays['digits'].shape[-1]} draws, two standard errors. "
        "The paper's experiments have r = 20 and print no table",
    )
    return figure


PREDICTION = Figure(
    name="prediction",
    title="The error of a common basis: foretold from blocks alone, in one pass, and the best one.",
    compute=compute_prediction,
    claims=prediction_claims,
    draw=draw_prediction,
    beside=prediction_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digit_blocks", "transformer_heads"),
)

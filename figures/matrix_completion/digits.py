"""Handwritten digits with half of their pixels hidden are a natural matrix that is only close to low rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, below, beside, headline, stream
from lrtheory.matrix_completion import complete, load_digits_matrix

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 9
RIDGES = (0.1, 5.0, 20.0, 60.0)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"ranks": [2, 5, 10, 15], "max_iter": 20, "shown": 6},
    "full": {"ranks": [1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30], "max_iter": 60, "shown": 8},
}


def compute_digits(profile: str) -> dict[str, np.ndarray]:
    """Measure errors on hidden pixels, of shape (ridges, ranks), that of the column means, and keep some images."""
    ranks, max_iter, shown = (INPUTS[profile][name] for name in ("ranks", "max_iter", "shown"))
    data = load_digits_matrix().observations
    seen, hidden = data.split(0.5, rng=stream(SEED, 0))
    columns = seen.by_col
    means = np.bincount(seen.cols, seen.values, data.shape[1]) / np.maximum(columns.degrees, 1)
    errors, best, images = np.zeros((len(RIDGES), len(ranks))), np.inf, np.zeros(0)
    for i, j in np.ndindex(errors.shape):
        model = complete(seen, ranks[j], ridge=RIDGES[i], tol=1e-4, max_iter=max_iter)
        errors[i, j] = rmse(model.predict(hidden.rows, hidden.cols), hidden.values)
        if errors[i, j] < best:
            best, images = errors[i, j], model.block(rows=np.arange(shown))
    masked = np.full((shown, data.shape[1]), np.nan)
    first = seen.rows < shown
    masked[seen.rows[first], seen.cols[first]] = seen.values[first]
    table = data.to_csr().toarray()
    spread = np.linalg.svd(table - table.mean(axis=0), compute_uv=False) ** 2
    return {
        "ranks": np.array(ranks),
        "errors": errors,
        "column_means": np.array(rmse(means[hidden.cols], hidden.values)),
        "max_iter": np.array(max_iter),
        "images": np.stack([table[:shown], masked, images]),
        "variance_of_20": np.array(spread[:20].sum() / spread.sum()),
    }


def rmse(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return the root mean square error, in gray values."""
    return float(np.sqrt(np.mean((found - wanted) ** 2)))


def digits_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State the claims of the figure as booleans, each with its margin in gray values."""
    errors, means = arrays["errors"], arrays["column_means"]
    return {
        "a low rank with a good ridge saves 0.8 gray values over the means of the columns": below(
            errors.min(), means - 0.8
        ),
        "nearly without a ridge the largest rank is worse than a third of that rank": below(
            errors[0, 1], errors[0, -1]
        ),
        "with the largest ridge a larger rank never costs 0.05 gray values": below(np.diff(errors[-1]), 0.05),
        "a ridge is worth more than a rank: the largest beats the smallest at every rank from 10 on": below(
            errors[-1, arrays["ranks"] >= 10], errors[0, arrays["ranks"] >= 10]
        ),
    }


def digits_beside(arrays: Any) -> list[Beside]:
    """Set errors by rank and ridge, that of column means, and the variance of 20 directions beside recorded ones."""
    known, ranks = published("matrix_completion")["digits"], arrays["ranks"].tolist()
    pairs = [(rank, ridge) for rank in known["rank"] for ridge in known["ridge"]]
    names = [f"error on hidden pixels, rank {rank}, ridge {ridge}" for rank, ridge in pairs]
    names += ["error of the means of the columns", "share of the variance in twenty directions"]
    theirs = [*np.ravel(known["error"]), known["column_means"], known["variance_of_20"]]
    found = [arrays["errors"][RIDGES.index(ridge), ranks.index(rank)] for rank, ridge in pairs]
    ours = [*found, arrays["column_means"], arrays["variance_of_20"]]
    return beside(names, theirs, ours, f"{known['source']}; here at most {int(arrays['max_iter'])} iterations")


def draw_digits(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors against the rank, and images: whole, masked, completed."""
    import matplotlib.pyplot as plt

    shown = arrays["images"].shape[1]
    figure = plt.figure(figsize=(9.2, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.4))
    axis = left.subplots()
    for i, ridge in enumerate(RIDGES):
        axis.plot(
            arrays["ranks"], arrays["errors"][i], "osD^"[i] + LINES[i], color=COLORS[i], label=rf"$\lambda$ = {ridge:g}"
        )
    axis.axhline(float(arrays["column_means"]), color="gray", linestyle="--", label="means of the columns")
    axis.set(xlabel="rank", ylabel="error on hidden pixels, in gray values of 0 to 16", ylim=(3, 6))
    axis.legend()
    axes = right.subplots(3, shown)
    for row, name in enumerate(("whole", "half of it", "completed")):
        for column in range(shown):
            cell = axes[row, column]
            cell.imshow(arrays["images"][row, column].reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
            cell.set(xticks=[], yticks=[])
        axes[row, 0].set_ylabel(name, fontsize=9)
    share = 100 * float(arrays["variance_of_20"])
    headline(
        figure,
        "1797 handwritten digits, half of the pixels hidden; "
        f"20 directions carry {share:.1f} % of the variance about the mean image",
    )
    return figure


DIGITS = Figure(
    name="digits",
    title="Digits with half of their pixels hidden, by rank and ridge.",
    compute=compute_digits,
    claims=digits_claims,
    draw=draw_digits,
    beside=digits_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_matrix",),
)

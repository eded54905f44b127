"""The share of a gradient that few columns hold, and the error that error feedback carries along."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, stream
from lrtheory._data.network import Network
from lrtheory.low_rank_optimizers.columns.select_columns import select_columns
from lrtheory.low_rank_optimizers.loaders import load_digits_problem
from lrtheory.low_rank_optimizers.optimizers.dct_adamw import DCTAdamW
from lrtheory.low_rank_optimizers.theory import feedback_bound

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["captured energy"]
SEED, SIZES, BATCH, STEP, TRAINED = 7, (64, 64, 10), 128, 0.5, 60
LABELS = {
    "svd": "singular vectors, the best",
    "l2": "cosines, by squares",
    "l1": "cosines, by absolute values",
    "random": "a random basis, by squares",
    "coordinates": "pixels themselves",
    "share": "r/n, the worst case (DC-2)",
}
#: the columns of error feedback, and how often those of stale steps are chosen
RANK, STALE = 32, 200
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"ranks": [4, 8, 16, 32], "steps": 200, "bases": 5},
    "full": {"ranks": [1, 2, 4, 8, 16, 32, 48], "steps": 1000, "bases": 40},
}


@cache
def gradients(steps: int) -> tuple[np.ndarray, ...]:
    """The gradients of the first layer, of shape (64 hidden, 64 pixels), in each step of plain gradient descent."""
    problem = load_digits_problem()
    X, y = np.asarray(problem.X), np.asarray(problem.y)
    network = Network(SIZES, stream(SEED, 0), np.dtype(np.float64))
    order, found = stream(SEED, 1), []
    for _ in range(steps):
        batch = order.integers(len(y), size=BATCH)
        _, slopes = network.gradients(X[batch], y[batch])
        found.append(slopes[0][:-1].T.copy())
        network.layers = [W - STEP * slope for W, slope in zip(network.layers, slopes, strict=True)]
    return tuple(found)


def captured(G: np.ndarray, rank: int, bases: int) -> list[float]:
    """The captured share of the energy of a gradient, in the order of `LABELS`."""
    energy, n, rng = float(np.sum(G * G)), G.shape[1], stream(SEED, 2, rank)
    best = np.sum(np.linalg.svd(G, compute_uv=False)[:rank] ** 2)
    found = [best, *(select_columns(G, rank, rule=rule).captured for rule in ("l2", "l1"))]
    made = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(bases))
    found.append(np.mean([select_columns(G, rank, basis=Q).captured for Q in made]))
    found.append(select_columns(G, rank, basis=np.eye(n)).captured)
    return [*(float(one) / energy for one in found), rank / n]


def error_norms(refresh_every: int, steps: int) -> np.ndarray:
    """The norm of the error that is carried along, after each step."""
    optimizer = DCTAdamW(RANK, step_size=1.0, refresh_every=refresh_every, error_feedback=True)
    found = []
    for G in gradients(steps):
        optimizer.step(G)
        found.append(float(np.linalg.norm(np.asarray(optimizer.error))))
    return np.array(found)


def compute_captured_energy(profile: str) -> dict[str, np.ndarray]:
    """Shares by rank, (ranks, bases), and norms of errors with their bound."""
    settings = INPUTS[profile]
    G, steps = gradients(TRAINED + 1)[-1], settings["steps"]
    largest = max(float(np.linalg.norm(one)) for one in gradients(steps))
    return {
        "rank": np.array(settings["ranks"]),
        "share": np.array([captured(G, rank, settings["bases"]) for rank in settings["ranks"]]),
        "known": np.array([captured(G, rank, settings["bases"]) for rank in KNOWN["rank"]]),
        "fresh": error_norms(1, steps),
        "stale": error_norms(STALE, steps),
        "bound": np.array(float(feedback_bound(largest, SIZES[0], RANK))),
    }


def captured_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares or as norms."""
    svd, squares, absolutes, random, _, share = arrays["share"].T
    bound = float(arrays["bound"])
    return {
        "columns of cosines hold at least r/n of the energy, and at most what singular vectors do": below(
            np.concatenate([share - squares, squares - svd]), 1e-9
        ),
        "columns chosen by absolute values hold as much as those chosen by squares, within 0.01": below(
            np.abs(squares - absolutes), 0.01
        ),
        "four columns of cosines hold more than twice as much as those of a random basis": below(
            2, _at(arrays, 4, squares) / _at(arrays, 4, random)
        ),
        "columns chosen in every step keep the error below the bound": below(arrays["fresh"], bound),
        "columns that are kept for 200 steps let the error exceed the bound": below(bound, arrays["stale"].max()),
    }


def _at(arrays: Any, rank: int, values: np.ndarray) -> float:
    return float(values[arrays["rank"].tolist().index(rank)])


def captured_beside(arrays: Any) -> list[Beside]:
    """Captured shares at four ranks."""
    rows = []
    for name, ours in zip(LABELS, arrays["known"].T, strict=True):
        if name in KNOWN:
            what = [f"{LABELS[name]}, {rank} columns" for rank in KNOWN["rank"]]
            rows += beside(what, KNOWN[name], ours, KNOWN["source"])
    return rows


def draw_captured_energy(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the shares by rank, and the norms of errors by step."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.8), layout="constrained")
    for i, (label, found) in enumerate(zip(LABELS.values(), arrays["share"].T, strict=True)):
        look = {
            "color": COLORS[i],
            "marker": MARKERS[i],
            "linestyle": LINES[i % len(LINES)],
            "markersize": 7 if i == 2 else 5,
        }
        left.plot(arrays["rank"], found, label=label, markerfacecolor="none" if i == 2 else None, **look)
    left.set_xscale("log", base=2)
    left.set_xticks(arrays["rank"], [str(rank) for rank in arrays["rank"]])
    left.minorticks_off()
    left.set(xlabel="columns that are kept, of 64", ylabel="share of the squares", ylim=(0, 1.04))
    step = np.arange(1, len(arrays["fresh"]) + 1)
    for i, (name, label) in enumerate((("fresh", "in every step"), ("stale", f"every {STALE} steps"))):
        right.plot(step, arrays[name], color=COLORS[1 + i], linestyle=LINES[i], label=f"columns chosen {label}")
    right.axhline(float(arrays["bound"]), color="black", linestyle=":", label="bound for every step (DC-6)")
    right.set(xlabel="step", ylabel="norm of the error", yscale="log")
    right.set_ylim(top=12 * arrays["stale"].max())
    right.legend(loc="upper left")
    figure.legend(*left.get_legend_handles_labels(), ncols=3, loc="outside lower center")
    headline(
        figure,
        "A gradient of a network on digits in few columns, and what error feedback has to carry with half of them",
    )
    return figure


CAPTURED_ENERGY = Figure(
    name="captured-energy",
    title="The share of a gradient that few columns hold, by basis, and the error of error feedback.",
    compute=compute_captured_energy,
    claims=captured_claims,
    draw=draw_captured_energy,
    beside=captured_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_problem",),
)

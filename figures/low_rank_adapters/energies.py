"""Shares of a real gradient that the ways to train two factors can follow, by the subspaces where the factors start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, below, headline, stream
from lrtheory.low_rank_adapters.kinds.lora import lora
from lrtheory.low_rank_adapters.loaders import load_update
from lrtheory.low_rank_adapters.training.energies import captured_energies

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 6
STARTS = ("random subspaces", "subspaces of the weight", "of the gradient's signs", "of the gradient itself")
PARTS = ("xs", "a_step", "b_step", "tangent")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"rank": [2, 8, 32, 128]},
    "full": {"rank": [1, 2, 4, 8, 16, 32, 64, 128, 256]},
}


def compute_energies(profile: str) -> dict[str, np.ndarray]:
    """Captured shares, (starts, ranks, parts), again by dense projectors, and the best of each rank."""
    problem = load_update("gradient")
    G, ranks = problem.target, INPUTS[profile]["rank"]
    total = np.sum(G * G)
    m, n = G.shape
    random = [np.linalg.qr(stream(SEED, side).normal(size=(side, max(ranks))))[0] for side in (m, n)]
    bases = [(random[0], random[1].T)]
    for matrix in (problem.weight, np.sign(G), G):
        U, values, Vt = np.linalg.svd(matrix, full_matrices=False)
        bases.append((U, Vt))
    shares, dense = [], []
    for U, Vt in bases:
        for r in ranks:
            B, A = U[:, :r], Vt[:r]
            found = captured_energies(lora(B, A), G)
            shares.append([getattr(found, part) / total for part in PARTS])
            rest = G - B @ (B.T @ G)
            dense.append(1 - np.sum((rest - rest @ A.T @ A) ** 2) / total)
    shape = len(STARTS), len(ranks)
    best = np.cumsum(values**2)[np.array(ranks) - 1] / total
    size = {"shares": np.reshape(shares, (*shape, len(PARTS))), "dense": np.reshape(dense, shape)}
    return {"rank": np.array(ranks), "shape": np.array([m, n]), "best": best, **size}


def energies_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of the energy of the gradient."""
    xs, a_step, b_step, tangent = np.moveaxis(arrays["shares"], -1, 0)
    random, weight, sign, gradient = xs
    return {
        "the shares of both steps, less their overlap, add up to what the tangent space captures": below(
            np.abs(tangent - (a_step + b_step - xs)), 1e-10
        ),
        "dense projectors confirm what the tangent space captures": below(np.abs(tangent - arrays["dense"]), 1e-10),
        "no start captures more in one subspace than the best of its rank": below(xs, arrays["best"] + 1e-10),
        "the start of the gradient captures as much as the best subspace of its rank": below(
            np.abs(gradient - arrays["best"]), 1e-10
        ),
        "up to rank 32 the start of the signs captures less than a third of what the best of its rank does": below(
            sign[arrays["rank"] <= 32], arrays["best"][arrays["rank"] <= 32] / 3
        ),
        "up to rank 32 the start of the signs captures less than that of the weight": below(
            sign[arrays["rank"] <= 32], weight[arrays["rank"] <= 32]
        ),
        "random subspaces capture less than 2 %, up to rank 8": below(random[arrays["rank"] <= 8], 0.02),
    }


def draw_energies(arrays: Any) -> matplotlib.figure.Figure:
    """Draw stacked shares against the rank, a panel a start."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(9.2, 3.4), sharey=True, layout="constrained")
    x = np.arange(len(arrays["rank"]))
    labels = ("one matrix between frozen factors", "more by training A", "more by training B", "captured by neither")
    for axis, start, shares in zip(axes, STARTS, arrays["shares"], strict=True):
        xs, a_step, b_step, tangent = shares.T
        heights, bottom = (xs, a_step - xs, b_step - xs, 1 - tangent), np.zeros(len(x))
        for height, label, color in zip(heights, labels, (COLORS[0], COLORS[5], COLORS[4], "#DDDDDD"), strict=True):
            axis.bar(x, height, bottom=bottom, color=color, width=0.8, label=label)
            bottom = bottom + height
        axis.plot(
            x,
            arrays["best"],
            linestyle="none",
            marker="_",
            markersize=16,
            color="black",
            label="most in one matrix (SB-3)",
        )
        axis.set_xticks(x, arrays["rank"])
        axis.set(xlabel="rank", ylim=(0, 1.02))
        axis.set_title(start)
    axes[0].set_ylabel("share of the gradient's energy")
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=5, loc="outside lower center", fontsize=7.5)
    headline(
        figure,
        "The gradient of a layer after the one before it was removed: what each way to train two factors can follow",
    )
    return figure


ENERGIES = Figure(
    name="energies",
    title="Shares of a real gradient that factors of an adapter can follow, by where the factors start.",
    compute=compute_energies,
    claims=energies_claims,
    draw=draw_energies,
    seed=SEED,
    inputs=INPUTS,
    data=("update",),
)

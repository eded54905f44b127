"""Steps that raise the rank of a truncated weight: the worst direction jumps at the proved length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._tools import COLORS, MARKERS, below, headline, log_axes, stream
from lrtheory.matrix_compression import prune_step, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED, D, RANK, HALVINGS, LONGEST = 8, 32, 4, 20, 4.0
SPREADS = (1.0, 0.5)  # least over largest singular value of the weight
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"tail": [0.003, 0.01, 0.03, 0.1], "draws": 10},
    "full": {"tail": [0.001, 0.003, 0.01, 0.03, 0.1, 0.2], "draws": 100},
}


def weight(spread: float, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """A weight of rank 4 and norm 1, and a direction of norm 1 across its rows and columns."""
    rng = stream(SEED, draw)
    U, V = (np.linalg.qr(rng.normal(size=(D, D)))[0] for _ in range(2))
    values = np.geomspace(1, spread, RANK)
    return U[:, :RANK] * (values / np.linalg.norm(values)) @ V[:, :RANK].T, np.outer(U[:, RANK], V[:, RANK])


def jump(T: np.ndarray, direction: np.ndarray, tail: float) -> float:
    """Return the length of a step in a direction at which the rank grows, by trying and halving; at most 4 norms.

    Much longer steps need not raise it: what was there before is then small beside them.
    """

    def grows(length: float) -> bool:
        return prune_step(T, length * direction, keep_energy=1 - tail).rank > RANK

    low = high = 0.8 * np.sqrt(tail)
    while not grows(high) and high < LONGEST:
        low, high = high, min(1.1 * high, LONGEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if grows(middle) else (middle, high)
    return high


def jumps(spread: float, tail: float, draw: int) -> np.ndarray:
    """Return lengths at which the rank grows, in the worst direction and a random one, and whether it is the worst.

    It is where the new direction stays below the least value that was there; where both meet, the rank does not grow.
    """
    T, across = weight(spread, draw)
    size = np.sqrt(tail * (1 - tail))
    worst = size * across - tail * T
    random = stream(SEED, draw, 1).normal(size=T.shape)
    lengths = [jump(T, one / np.linalg.norm(one), tail) for one in (worst, random)]
    least = np.linalg.svd(T, compute_uv=False)[RANK - 1]
    return np.array([*lengths, float(size < (1 - tail) * least * (1 - 1e-9))])


def compute_training(profile: str) -> dict[str, np.ndarray]:
    """Lengths at which ranks grow, (spreads, tails, draws, fields), and the proved ones."""
    tails, draws = INPUTS[profile]["tail"], INPUTS[profile]["draws"]
    points = [(spread, tail, draw) for spread in SPREADS for tail in tails for draw in range(draws)]
    lengths = np.reshape(each(jumps, points), (len(SPREADS), len(tails), draws, 3))
    limits = [theory.step_limit(1.0, tail) for tail in tails]
    return {"tail": np.array(tails), "lengths": lengths, "limits": np.array(limits, float)}


def training_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as lengths of steps, in norms of the weight."""
    lengths, limits = arrays["lengths"], arrays["limits"][:, None]
    sharp = lengths[..., 2] > 0.5
    worst, random = lengths[..., 0], lengths[..., 1]
    return {
        "no step below the limit raises the rank": below(limits - 1e-6, np.minimum(worst, random)),
        "the worst direction raises the rank within 1e-6 of the limit, where the sharpness condition holds": below(
            np.abs(worst - limits)[sharp], 1e-6
        ),
        "where the sharpness condition does not hold, the worst direction raises the rank later": below(
            1e-3, (worst - limits)[~sharp]
        ),
        "random directions raise the rank later than the limit, by 5 % or more": below(1.05, random / limits),
    }


def draw_training(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the lengths over the limit."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.2, 4.2), layout="constrained")
    tails, limits = arrays["tail"], arrays["limits"]
    axis.plot(tails, limits, color="black", linestyle=":", label=r"proved limit $\sqrt{e}$ (TR-1)")
    for i, spread in enumerate(SPREADS):
        runs = arrays["lengths"][i]
        sharp = runs[..., 2].mean(axis=1) > 0.5
        middle = np.median(runs, axis=1)
        look = {"color": COLORS[i], "markersize": 9 - 4 * i, "linestyle": "none"}
        name = f"values from 1 to {spread:g}"
        axis.plot(tails[sharp], middle[sharp, 0], marker=MARKERS[i], label=f"worst direction, {name}", **look)
        if not sharp.all():
            label = f"the same, condition fails, {name}"
            axis.plot(tails[~sharp], middle[~sharp, 0], marker=MARKERS[i], markerfacecolor="white", label=label, **look)
        axis.plot(tails, middle[:, 1], marker="x", label=f"random direction, {name}", **look)
    log_axes(axis, tails)
    axis.set(xlabel="tail energy e that truncation leaves out", ylabel="step at which the rank grows, in norms of T")
    figure.legend(*axis.get_legend_handles_labels(), ncols=2, loc="outside lower center")
    headline(
        figure,
        f"Weights of rank {RANK}, {D} x {D}: median of {arrays['lengths'].shape[2]} draws. The public code of "
        "arXiv:1812.02402 has e = 0.01. A mark at 4: no such step was found",
    )
    return figure


TRAINING = Figure(
    name="training-ranks",
    title="The step at which a truncated weight grows in rank, beside the proved limit.",
    compute=compute_training,
    claims=training_claims,
    draw=draw_training,
    seed=SEED,
    inputs=INPUTS,
)

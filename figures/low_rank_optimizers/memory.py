"""Bytes that optimizers keep for one layer of an encoder, beside what they reach on digits in 200 steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, below, beside, headline, stream
from lrtheory._data.network import Network
from lrtheory.low_rank_optimizers.loaders import load_digits_problem
from lrtheory.low_rank_optimizers.optimizers.adamw import AdamW
from lrtheory.low_rank_optimizers.optimizers.auon import AuON
from lrtheory.low_rank_optimizers.optimizers.base import Optimizer
from lrtheory.low_rank_optimizers.optimizers.dct_adamw import DCTAdamW
from lrtheory.low_rank_optimizers.optimizers.frugal import Frugal
from lrtheory.low_rank_optimizers.optimizers.galore import GaLore
from lrtheory.low_rank_optimizers.optimizers.mkor import MKOR
from lrtheory.low_rank_optimizers.optimizers.muon import Muon
from lrtheory.low_rank_optimizers.optimizers.sgd import SGD
from lrtheory.low_rank_optimizers.optimizers.trion import Trion

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["memory"]
SEED, SIZES, BATCH, STEPS, LAYER = 12, (64, 64, 10), 128, 200, (384, 1536)
#: the rank on digits, and in the layer of the encoder, where it is the same eighth of the smaller side
RANKS = 8, 48

#: how each is made from a rank and a step size, and the step size around which others are tried
Maker = Callable[[int, float], Optimizer]
METHODS: dict[str, tuple[Maker, float]] = {
    "AdamW": (lambda r, a: AdamW(step_size=a), 0.03),
    "SGD with momentum": (lambda r, a: SGD(step_size=a, momentum=0.9), 3.0),
    "Muon": (lambda r, a: Muon(step_size=a), 0.03),
    "AuON, text": (lambda r, a: AuON(step_size=a), 0.1),
    "AuON, program": (lambda r, a: AuON(step_size=a, method="released"), 3.0),
    "MKOR, exact": (lambda r, a: MKOR(step_size=a), 2.0),
    "MKOR, program": (lambda r, a: MKOR(step_size=a, method="released"), 2.0),
    "MKOR, thesis": (lambda r, a: MKOR(step_size=a, method="published"), 0.3),
    "DCT-AdamW, feedback": (lambda r, a: DCTAdamW(r, step_size=a, refresh_every=1, error_feedback=True), 0.01),
    "DCT-AdamW": (lambda r, a: DCTAdamW(r, step_size=a), 0.03),
    "Trion": (lambda r, a: Trion(r, step_size=a), 0.03),
    "GaLore": (lambda r, a: GaLore(r, step_size=a), 0.05),
    "FRUGAL": (lambda r, a: Frugal(0.25, step_size=a, rng=0), 0.01),
}
#: factors of the step sizes that are tried
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"seeds": 1, "factors": [1.0]},
    "full": {"seeds": 3, "factors": [0.03, 0.1, 0.3, 1.0, 3.0, 10.0]},
}


def loss_after(method: str, factor: float, seed: int) -> float:
    """The loss on images that were not learned from, after all steps; infinite where numbers left their range."""
    problem, (make, step_size) = load_digits_problem(), METHODS[method]
    X, y = np.asarray(problem.X), np.asarray(problem.y)
    network, order = Network(SIZES, stream(SEED, seed, 0), np.dtype(np.float64)), stream(SEED, seed, 1)
    optimizers = [make(RANKS[0], factor * step_size) for _ in network.layers]
    for _ in range(STEPS):
        batch = order.integers(len(y), size=BATCH)
        with np.errstate(all="ignore"):
            _, inputs, outputs = network.traced(X[batch], y[batch])
        for place, (optimizer, given, back) in enumerate(zip(optimizers, inputs, outputs, strict=True)):
            seen = {"activation": given, "output_gradient": back.sum(axis=0)} if isinstance(optimizer, MKOR) else {}
            try:
                update = optimizer.step((given.T @ back).T, **seen).update
            except ValueError:
                return float("inf")
            network.layers[place] = network.layers[place] + np.asarray(update).T
    with np.errstate(all="ignore"):
        loss = network.traced(np.asarray(problem.X_test), np.asarray(problem.y_test))[0]
    return loss if np.isfinite(loss) else float("inf")


def kept_bytes(method: str) -> int:
    """Bytes that are kept for the layer of the encoder, in single precision, after one step."""
    optimizer, (m, n) = METHODS[method][0](RANKS[1], 0.01), LAYER
    rng = stream(SEED, 99)
    seen = {name: rng.normal(size=size) for name, size in (("activation", n), ("output_gradient", m))}
    optimizer.step(rng.normal(size=LAYER).astype(np.float32), **(seen if isinstance(optimizer, MKOR) else {}))
    return optimizer.state_bytes


def compute_memory(profile: str) -> dict[str, np.ndarray]:
    """Bytes by method, and losses, (methods, step sizes, seeds)."""
    factors, seeds = INPUTS[profile]["factors"], range(INPUTS[profile]["seeds"])
    arguments = [(method, factor, seed) for method in METHODS for factor in factors for seed in seeds]
    losses = np.reshape(each(loss_after, arguments), (len(METHODS), len(factors), -1))
    return {"bytes": np.array([kept_bytes(method) for method in METHODS], float), "loss": losses}


def best(arrays: Any) -> np.ndarray:
    """The losses of all seeds at the step size of the least mean, (methods, seeds)."""
    losses = arrays["loss"]
    chosen = np.argmin(losses.mean(axis=2), axis=1)
    return np.asarray(losses[np.arange(len(losses)), chosen])


def memory_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as quotients or as losses."""
    kept = dict(zip(METHODS, arrays["bytes"] / arrays["bytes"][0], strict=True))
    loss = dict(zip(METHODS, best(arrays).mean(axis=1), strict=True))
    others = [value for name, value in loss.items() if name != "MKOR, thesis"]
    return {
        "Adam in an eighth of the columns keeps at most 1 % more than an eighth of what Adam keeps": below(
            kept["DCT-AdamW"], 1.01 / 8
        ),
        "with error feedback Adam in an eighth of the columns keeps more than half of what Adam keeps": below(
            0.5, kept["DCT-AdamW, feedback"]
        ),
        "MKOR with the formula of the thesis ends with three times the loss of any other optimizer": below(
            3 * max(others), loss["MKOR, thesis"]
        ),
        "all but MKOR with the formula of the thesis end below a loss of 0.25": below(others, 0.25),
        "the two curvature matrices of MKOR are more than Adam keeps": below(kept["AdamW"], kept["MKOR, exact"]),
    }


def memory_beside(arrays: Any) -> list[Beside]:
    """Losses on images that were not learned from."""
    ours = best(arrays).mean(axis=1).tolist()
    found = [ours[list(METHODS).index(name)] for name in KNOWN["methods"]]
    return beside([f"loss, {name}" for name in KNOWN["methods"]], KNOWN["loss"], found, KNOWN["source"])


def draw_memory(arrays: Any) -> matplotlib.figure.Figure:
    """Draw bytes and losses as bars, a row a method."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 4.2), sharey=True, layout="constrained")
    order = np.argsort(arrays["bytes"], kind="stable")[::-1]
    row, names, losses = np.arange(len(order)), list(METHODS), best(arrays)[order]
    left.barh(row, arrays["bytes"][order] / 2**20, color=COLORS[0], height=0.6)
    left.axvline(arrays["bytes"][names.index("AdamW")] / 2**20, color="gray", linestyle=":", linewidth=1)
    left.set(yticks=row, yticklabels=[names[i] for i in order], xlabel="MiB kept for a layer of 384 x 1536")
    right.plot(losses.mean(axis=1), row, "|", color="black", markersize=11, markeredgewidth=1.4)
    right.grid(axis="y", color="lightgray", linewidth=0.8)
    for number in range(losses.shape[1]):
        right.plot(losses[:, number], row, "o", color=COLORS[1], markersize=4, alpha=0.8)
    right.set(xscale="log", xlabel="loss on held-out digits, at the step size best for it", xlim=(0.02, 4))
    headline(
        figure,
        "What optimizers keep, and what they reach with a small network on digits. Seeds differ: only factors of 2 and "
        "MKOR by the formula of the thesis are findings",
    )
    return figure


MEMORY = Figure(
    name="memory-loss",
    title="Bytes that optimizers keep for a layer of an encoder, and the loss on digits that they reach.",
    compute=compute_memory,
    claims=memory_claims,
    draw=draw_memory,
    beside=memory_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_problem",),
)

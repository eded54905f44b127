"""Gradient descent on two factors at one step size, from balanced factors and from unbalanced ones of one product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._tools import COLORS, LINES, below, headline, stream
from lrtheory.low_rank_adapters.convert import refactorize
from lrtheory.low_rank_adapters.kinds.lora import lora
from lrtheory.low_rank_adapters.training.train import train

if TYPE_CHECKING:
    import matplotlib.figure

SEED, SIDE, RANK, SKEW, SHARE, OFF = 7, 20, 4, 5.0, 1.8, 1e-3
#: factors, and whose sharpness sets the step
RUNS = ("balanced", f"({SKEW:g} B, A / {SKEW:g}), the same step", f"({SKEW:g} B, A / {SKEW:g}), a step of its own")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"steps": 40, "draws": 8},
    "full": {"steps": 200, "draws": 20},
}


def pair(*key: int) -> Any:
    """Return an adapter with Gaussian factors."""
    shapes = (SIDE, RANK), (RANK, SIDE)
    return lora(*(stream(SEED, *key, side).normal(size=shape) for side, shape in enumerate(shapes)))


def losses(draw: int, steps: int) -> np.ndarray:
    """Return losses by step, (runs, steps + 1), from factors near a solution."""
    balanced = refactorize(pair(0, draw)).adapter
    target = balanced.dense()
    B, A = (np.asarray(balanced.params[name]) for name in "BA")
    rows = []
    for factors, own in (((B, A), True), ((SKEW * B, A / SKEW), False), ((SKEW * B, A / SKEW), True)):
        start = lora(*(one + OFF * stream(SEED, 1, draw, i).normal(size=one.shape) for i, one in enumerate(factors)))
        sharp = refactorize(lora(*factors)).sharpness_before if own else refactorize(balanced).sharpness_before
        options = {"method": "sgd", "step_size": SHARE / sharp, "max_iter": steps, "tol": 0.0, "record": True}
        trace = train(start, lambda delta: delta - target, **options).trace
        with np.errstate(over="ignore", invalid="ignore"):
            errors = np.linalg.norm(trace["B"] @ trace["A"] - target, axis=(1, 2)) ** 2 / np.linalg.norm(target) ** 2
        rows.append(np.pad(np.nan_to_num(errors, nan=np.inf), (0, steps + 1 - len(errors)), constant_values=np.inf))
    return np.array(rows)


def compute_sharpness(profile: str) -> dict[str, np.ndarray]:
    """Losses, (draws, runs, steps + 1)."""
    settings = INPUTS[profile]
    return {"losses": np.array(each(losses, [(draw, settings["steps"]) for draw in range(settings["draws"])]))}


def sharpness_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as quotients of losses, or of steps."""
    first, last = arrays["losses"][:, :, 0], arrays["losses"][:, :, -1]
    highest = arrays["losses"].max(axis=2)
    return {
        "from balanced factors the loss falls a hundredfold in every draw": below(last[:, 0] / first[:, 0], 1e-2),
        "from unbalanced factors the same step raises the loss a hundredfold": below(100, highest[:, 1] / first[:, 1]),
        "a step of their own does not raise the loss of unbalanced factors": below(
            highest[:, 2] / first[:, 2], 1 + 1e-9
        ),
        "with a step of their own unbalanced factors lower the loss less than balanced ones do": below(
            (last / first)[:, 0], (last / first)[:, 2]
        ),
    }


def draw_sharpness(arrays: Any) -> matplotlib.figure.Figure:
    """Draw losses by step, a line a draw."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    for number, label in enumerate(RUNS):
        for i, run in enumerate(arrays["losses"][:, number]):
            look = {"color": COLORS[number], "linestyle": LINES[number], "linewidth": 1}
            axis.plot(np.minimum(run, 1e4), **look, label=None if i else label)
    axis.set(xlabel="step", ylabel="loss / squared norm of the target", yscale="log", ylim=(1e-14, 1e2))
    axis.legend(loc="upper right")
    headline(
        figure,
        f"Factors of one product: gradient descent near a solution. The step is {SHARE:g} / sharpness of the balanced "
        "factors, or of the factors themselves",
    )
    return figure


SHARPNESS = Figure(
    name="sharpness",
    title="Gradient descent from balanced and unbalanced factors of one product, at one step size.",
    compute=compute_sharpness,
    claims=sharpness_claims,
    draw=draw_sharpness,
    seed=SEED,
    inputs=INPUTS,
)

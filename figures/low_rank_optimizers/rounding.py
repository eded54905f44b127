"""Steps without a signal on the weights of an encoder: how many change in bfloat16, and how often two runs agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, below, beside, headline, stream
from lrtheory.low_rank_optimizers.loaders import load_encoder_weights
from lrtheory.low_rank_optimizers.rounding.absorption import absorption
from lrtheory.low_rank_optimizers.rounding.bfloat16 import rounded

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["rounding"]
SHARE = published("low_rank_optimizers")["sparse updates"]["share"]
SEED = 11
#: exponents of ten of the standard deviations of steps
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"measured": [-7, -6, -5, -4, -3], "predicted": [n / 4 for n in range(-28, -11)]},
    "full": {"measured": [n / 2 for n in range(-14, -5)], "predicted": [n / 8 for n in range(-56, -23)]},
}
#: up to this size of steps two runs agree on more than half of what they change
SMALL = 3e-5


def predicted(stds: list[float]) -> np.ndarray:
    """Share of weights that change, and overlap of two runs, by size of the steps, as rounding alone has them."""
    weights = {name: rounded(W) for name, W in load_encoder_weights().items()}
    found = [absorption(weights, step_std=std) for std in stds]
    return np.array([[one.predicted_density, one.predicted_overlap] for one in found])


def measured(std: float, number: int) -> list[float]:
    """Both numbers of two runs on all weights."""
    rng, counts = stream(SEED, number), np.zeros(3)
    for W in load_encoder_weights().values():
        w = np.asarray(rounded(W))
        first, second = (_changed(w, std, rng) for _ in range(2))
        counts += [w.size, first.sum(), (first & second).sum()]
    return [counts[1] / counts[0], counts[2] / counts[1]]


def _changed(w: np.ndarray, std: float, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(rounded(w + np.float32(std) * rng.standard_normal(w.shape, np.float32)) != w)


def compute_rounding(profile: str) -> dict[str, np.ndarray]:
    """Density and overlap, (sizes of steps, 2), as predicted and as measured."""
    lines, points = ([10.0**n for n in INPUTS[profile][name]] for name in ("predicted", "measured"))
    return {
        "step": np.array(lines),
        "predicted": predicted(lines),
        "measured step": np.array(points),
        "measured": np.array(each(measured, [(std, number) for number, std in enumerate(points)])),
        "known": predicted(KNOWN["step"]),
    }


def rounding_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares."""
    small, few = np.abs(arrays["step"]) <= SMALL, np.abs(arrays["measured step"]) <= SMALL
    chance, overlap = arrays["predicted"][small].T
    at = [int(np.argmin(np.abs(np.log(arrays["step"] / step)))) for step in arrays["measured step"]]
    many = arrays["measured step"] > 5e-7  # below, a run changes too few weights to tell
    return {
        "up to steps of 3e-5 two runs agree on 55 % of what they change": below(
            0.55, np.concatenate([overlap, arrays["measured"][few, 1]])
        ),
        "up to steps of 3e-5 two runs would agree by chance on less than 15 %": below(
            np.concatenate([chance, arrays["measured"][few, 0]]), 0.15
        ),
        "from steps of 1e-6 predictions are within 0.005 of what two runs do": below(
            np.abs(arrays["predicted"][at] - arrays["measured"])[many], 0.005
        ),
    }


def rounding_beside(arrays: Any) -> list[Beside]:
    """Density and overlap at three sizes of steps."""
    rows = []
    for name, ours in zip(("density", "overlap"), arrays["known"].T, strict=True):
        what = [f"{name}, steps of {step:g}" for step in KNOWN["step"]]
        rows += beside(what, KNOWN[name], ours, KNOWN["source"])
    return rows


def draw_rounding(arrays: Any) -> matplotlib.figure.Figure:
    """Draw density and overlap against the size of the steps, with what an abstract reports."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    density, overlap = arrays["predicted"].T
    x = arrays["step"]
    said = "share updated in reinforcement learning (abstract of arXiv 2505.11711)"
    axis.axhspan(*SHARE, color="lightgray", alpha=0.6, label=said)
    axis.plot(x, overlap, color=COLORS[0], label="overlap of two runs, predicted (RN-4)")
    axis.plot(
        x, density, color=COLORS[1], linestyle="--", label="share that changes; the overlap of unrelated runs by chance"
    )
    for column, (color, marker) in enumerate(((COLORS[1], "s"), (COLORS[0], "o"))):
        points = arrays["measured"][:, column]
        label = "points: measured, two runs on 10.6 million weights" if column else None
        axis.plot(arrays["measured step"], points, marker, color=color, markersize=5, label=label)
    axis.set(xscale="log", ylim=(-0.03, 1.03), xlabel="standard deviation of a step", ylabel="share")
    axis.legend(loc="upper left")
    headline(figure, "Random steps on an encoder in bfloat16: few weights change, and in two runs the same ones")
    return figure


ROUNDING = Figure(
    name="rounding",
    title="Share of weights that random steps change in bfloat16, and the overlap of two runs, against chance.",
    compute=compute_rounding,
    claims=rounding_claims,
    draw=draw_rounding,
    beside=rounding_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("encoder_weights",),
)

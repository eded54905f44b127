"""Mean alignment of features with their prototypes while an encoder learns, and what its loss promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._style import COLORS
from figures._tools import below, headline
from figures.compatible_representations.runs import digits
from lrtheory.compatible_representations import train
from lrtheory.compatible_representations.theory import alignment_from_loss

if TYPE_CHECKING:
    import matplotlib.figure

INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"versions": (0, 2, 4), "epochs": 60},
    "full": {"versions": (0, 2, 4), "epochs": 300},
}
SIZES = (30, 120, 800)
SCALE = 8.0


def learned(version: int, epochs: int) -> np.ndarray:
    """Mean alignment after each epoch, and the bound by the mean loss."""
    X, y = digits(0).versions[version]
    encoder = train(X, y, n_classes=10, epochs=epochs, scale=SCALE, rng=0)
    bounds = [alignment_from_loss(float(loss), n_classes=10) / SCALE for loss in encoder.losses]
    return np.array([encoder.alignments, bounds])


def compute_alignment(profile: str) -> dict[str, np.ndarray]:
    """Alignments and bounds, (versions, epochs)."""
    epochs = INPUTS[profile]["epochs"]
    found = np.array(each(learned, [(version, epochs) for version in INPUTS[profile]["versions"]]))
    return {"alignment": found[:, 0], "bound": found[:, 1]}


def alignment_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as cosines."""
    slack = arrays["alignment"] - arrays["bound"]
    return {
        "the mean alignment is never below the bound by the loss": below(0, slack),
        "with 800 digits the bound is within 0.1 of the alignment at the end": below(slack[2, -1], 0.1),
    }


def draw_alignment(arrays: Any) -> matplotlib.figure.Figure:
    """Draw alignment and bound against the epochs."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.0, 3.2), layout="constrained")
    epochs = np.arange(1, arrays["alignment"].shape[1] + 1)
    for number, (n, mean, bound) in enumerate(zip(SIZES, arrays["alignment"], arrays["bound"], strict=True)):
        axis.plot(epochs, mean, color=COLORS[number], label=f"{n} digits")
        axis.plot(epochs, bound, color=COLORS[number], linestyle=":")
    axis.set(xlabel="epoch", ylabel="cosine with the own prototype", ylim=(-0.35, 1.02))
    axis.legend(title="dotted: bound by the loss", loc="lower right")
    headline(figure, "A small loss draws features to their prototypes: their cosine is never below what it promises")
    return figure


ALIGNMENT = Figure(
    name="alignment",
    title="Mean alignment of features with their prototypes while an encoder learns, and the bound by the loss.",
    compute=compute_alignment,
    claims=alignment_claims,
    draw=draw_alignment,
    inputs=INPUTS,
    data=("digits_versions",),
)

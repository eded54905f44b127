"""Singular values before and after the steps of Muon and of AuON, with exact images of intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, between, headline
from figures.low_rank_optimizers.captured_energy import gradients
from lrtheory.low_rank_optimizers.optimizers.auon import AuON
from lrtheory.low_rank_optimizers.optimizers.newton_schulz import newton_schulz, spectral_image

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["spectral image"]
STEPS = (1, 2, 3, 4, 5)
#: below this the slope of five steps leaves a value under 1/2
SMALL = 0.00103
INPUTS: dict[str, dict[str, Any]] = {"quick": {"points": 400}, "full": {"points": 4000}}


def iterated(x: np.ndarray, n_iter: int) -> np.ndarray:
    """Singular values after iterations on the diagonal matrix that has them."""
    blocks = [np.diag(part) for part in np.array_split(x, len(x) // 40)]
    return np.concatenate([np.diag(newton_schulz(one, n_iter=n_iter, normalize=False)) for one in blocks])


def compute_singular_values(profile: str) -> dict[str, np.ndarray]:
    """Curves of all iterations, their exact images, and the singular values of a gradient by both methods."""
    x = np.logspace(-4, 0, INPUTS[profile]["points"])
    G = gradients(61)[-1]
    values = lambda A: np.linalg.svd(np.asarray(A), compute_uv=False)
    kept = values(G) > 1e-4 * values(G).max()  # pixels that are always dark leave a kernel
    step = AuON(step_size=1.0, momentum=0.0).step(G).update
    return {
        "x": x,
        "after": np.array([iterated(x, k) for k in STEPS]),
        "image": np.array([spectral_image((0.01, 1.0), n_iter=k) for k in STEPS]),
        "known": np.array([spectral_image((low, 1.0)) for low in KNOWN["least"]]),
        "gradient": values(G)[kept],
        "muon": np.array([values(newton_schulz(G, n_iter=k))[kept] for k in STEPS]),
        "auon": values(step)[kept],
    }


def singular_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as singular values or as shares."""
    x, inside = arrays["x"], arrays["x"] >= 0.01
    ends = arrays["image"][:, :, None] + np.array([-1e-9, 1e-9])[:, None]
    found = arrays["after"][:, inside]
    shrunk = arrays["auon"] / arrays["gradient"]
    return {
        "no singular value from 0.01 to 1 leaves the exact image": below(
            np.concatenate([ends[:, 0] - found, found - ends[:, 1]]), 0
        ),
        "five steps bring singular values from 0.01 to 1 into [0.68, 1.14]": between(found[-1], 0.68, 1.14),
        "singular values below 0.00103 stay below 1/2 after five steps": below(
            arrays["after"][-1, np.abs(x) < SMALL], 0.5
        ),
        "Muon makes the condition of a gradient of digits ten times smaller": below(
            10, _condition(arrays["gradient"]) / _condition(arrays["muon"][-1])
        ),
        "AuON multiplies all singular values by one number, to 1e-9": below(shrunk.max() / shrunk.min() - 1, 1e-9),
    }


def _condition(values: np.ndarray) -> float:
    return float(values.max() / values.min())


def singular_beside(arrays: Any) -> list[Beside]:
    """The ends of images after five steps."""
    rows = []
    for name, ours in zip(("low", "high"), arrays["known"].T, strict=True):
        what = [f"{name} end of the image of [{least:g}, 1]" for least in KNOWN["least"]]
        rows += beside(what, KNOWN[name], ours, KNOWN["source"])
    return rows


def draw_singular_values(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the polynomial's iterates with the last image, and the singular values of a gradient."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.9), layout="constrained")
    left.axhspan(*arrays["image"][-1], color="lightgray", alpha=0.7, label="exact image of [.01, 1], 5 steps")
    for i, k in enumerate(STEPS):
        label = f"{k} step{'s' * (k > 1)}"
        left.plot(arrays["x"], arrays["after"][i], color=COLORS[i], linestyle=LINES[i % len(LINES)], label=label)
    left.plot(arrays["x"], arrays["x"], color="gray", linestyle=":", linewidth=1, label="unchanged")
    left.set(xscale="log", xlabel="singular value before", ylabel="after")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
    number = np.arange(1, len(arrays["gradient"]) + 1)
    right.plot(number, arrays["gradient"], color="gray", label="a gradient")
    for i, label in enumerate(("AuON", "Muon, 1 step", "Muon, 5 steps")):
        values = (arrays["auon"], *arrays["muon"][[0, -1]])[i]
        right.plot(number, np.sort(values)[::-1], MARKERS[i], color=COLORS[(2, 0, 4)[i]], markersize=3.5, label=label)
    right.set(xlabel="number of the singular value, by size", ylabel="singular value", yscale="log")
    right.legend(loc="lower left")
    headline(figure, "Muon lifts singular values onto a plateau; AuON leaves their ratios as they are")
    return figure


SINGULAR_VALUES = Figure(
    name="singular-values",
    title="Singular values before and after the iterations of Muon and a step of AuON.",
    compute=compute_singular_values,
    claims=singular_claims,
    draw=draw_singular_values,
    beside=singular_beside,
    inputs=INPUTS,
    data=("digits_problem",),
)

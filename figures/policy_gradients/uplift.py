"""The gain of pass@N when an answer becomes a tenth likelier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, below, beside, between, log_ticks
from figures.policy_gradients._panels import finish, panels
from lrtheory.policy_gradients import theory

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("policy_gradients")["uplift"]
SUCCESS, MORE = KNOWN["p"], KNOWN["uplift"]
#: with so many samples even the rarest answer has been found
MOST = 4096
INPUTS: dict[str, dict[str, Any]] = {"quick": {"points": 120}, "full": {"points": 1_000}}


def gain(p: Any, samples: Any) -> Any:
    """Pass@N of an answer of probability (1 + uplift) p, above that of one of probability p."""
    return (1 - p) ** samples - (1 - (1 + MORE) * p) ** samples


def compute_uplift(profile: str) -> dict[str, np.ndarray]:
    """By probability: the gains over real N, the best N of the formula, and the best of all whole ones."""
    real, whole = np.geomspace(1, MOST, INPUTS[profile]["points"]), np.arange(1, MOST + 1)
    return {
        "samples": real,
        "gain": np.array([gain(p, real) for p in SUCCESS]),
        "formula": np.array([theory.best_n(p, uplift=MORE) for p in SUCCESS], float),
        "tried": np.array([whole[np.argmax(gain(p, whole))] for p in SUCCESS]),
    }


def uplift_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as numbers of samples, shares, or probabilities."""
    scaled = arrays["formula"] * np.array(SUCCESS)
    return {
        "the best whole N is within one of the formula (GR-11)": below(abs(arrays["tried"] - arrays["formula"]), 1),
        "for rare answers p N is within 2 % of log(1.1) / 0.1": below(
            abs(scaled[2:] / np.log1p(MORE) * MORE - 1), 0.02
        ),
        "the largest gain is between 0.03 and 0.055 for every p": between(arrays["gain"].max(axis=1), 0.03, 0.055),
    }


def uplift_beside(arrays: Any) -> list[Beside]:
    """The best N, times p."""
    names = [f"best N times p, p = 1/{1 / p:g}" for p in SUCCESS]
    return beside(names, KNOWN["best"], arrays["formula"] * np.array(SUCCESS), KNOWN["source"])


def draw_uplift(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the gain of pass@N by N, with the best N of each probability."""
    figure, axis = panels(1, height=4.0)
    for i, (p, curve, best) in enumerate(zip(SUCCESS, arrays["gain"], arrays["tried"], strict=True)):
        axis.plot(arrays["samples"], curve, color=COLORS[i], linestyle=LINES[i % len(LINES)], label=f"p = 1/{1 / p:g}")
        axis.plot(best, gain(p, best), color=COLORS[i], marker="o", linestyle="", markersize=5)
    axis.plot([], [], color="gray", marker="o", linestyle="", label="best whole N, all tried")
    log_ticks(axis, 4 ** np.arange(7))
    axis.set(xlabel="samples N", ylabel="gain of pass@N", ylim=(0, None))
    return finish(
        figure,
        "Many samples pay for rare answers: a tenth more of one of probability p helps most near N = 1/p",
        ncols=3,
    )


UPLIFT = Figure(
    name="uplift",
    title="What a tenth more of an answer adds to pass@N, by the number of samples.",
    compute=compute_uplift,
    claims=uplift_claims,
    draw=draw_uplift,
    beside=uplift_beside,
    inputs=INPUTS,
)

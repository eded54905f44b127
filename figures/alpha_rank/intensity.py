"""The ranking against the intensity of selection, for games whose answers are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, beside, headline
from lrtheory.alpha_rank import alpha_rank, load_kuhn

if TYPE_CHECKING:
    import matplotlib.figure

POPULATION_SIZE = 50
INPUTS: dict[str, dict[str, Any]] = {"quick": {"alphas": 31}, "full": {"alphas": 121}}
ROCK_PAPER_SCISSORS = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
BIASED = np.array([[0.0, -0.5, 1.0], [0.5, 0.0, -0.1], [-1.0, 0.1, 0.0]])
SHAPES = ("rock", "paper", "scissors")
SEXES = np.array([[[3.0, 0.0], [0.0, 2.0]], [[2.0, 0.0], [0.0, 3.0]]])


def compute_intensity(profile: str) -> dict[str, np.ndarray]:
    """Compute the masses at growing alpha, and at the published values of alpha."""
    alphas = np.logspace(-4, 2, INPUTS[profile]["alphas"])
    known = published("alpha_rank")["biased_rps"]
    options = {"population_size": POPULATION_SIZE}
    single = {"population": "single", **options}
    kuhn = load_kuhn(3, iterations=2)
    return {
        "alphas": alphas,
        "rps": np.array([alpha_rank(ROCK_PAPER_SCISSORS, alpha=a, **single).pi for a in alphas]),
        "biased": np.array([alpha_rank(BIASED, alpha=a, **single).pi for a in alphas]),
        "sexes": np.array([alpha_rank(SEXES, alpha=a, **options).pi.ravel() for a in alphas]),
        "kuhn": np.array([np.sort(alpha_rank(kuhn, alpha=a, **options).pi.ravel())[::-1][:6] for a in alphas]),
        "known_alphas": np.array(known["alpha"]),
        "known": np.array(known["pi"]),
        "biased_at_known": np.array([alpha_rank(BIASED, alpha=a, **single).pi for a in known["alpha"]]),
    }


def intensity_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    flat = np.abs(arrays["rps"] - 1 / 3).max()
    error = np.abs(arrays["biased_at_known"] - arrays["known"]).max()
    equal = np.abs(arrays["biased"][-1] - 1 / 3).max()
    nash = arrays["sexes"][-1][[0, 3]]
    return {
        "in rock-paper-scissors all masses are equal at every intensity": (bool(flat < 1e-12), float(1e-12 - flat)),
        "the masses of the biased game agree with the known five digits": (bool(error < 1e-5), float(1e-5 - error)),
        "the masses of the biased game end at one third each": (bool(equal < 1e-6), float(1e-6 - equal)),
        "in the battle of the sexes the two equilibria share the mass": (
            bool(nash.min() > 0.499),
            float(nash.min() - 0.499),
        ),
        "masses of the biased game cross": (
            bool(arrays["biased"][:, 1].max() > 0.6),
            float(arrays["biased"][:, 1].max() - 0.6),
        ),
    }


def intensity_beside(arrays: Any) -> list[Beside]:
    """Set the masses of the biased game beside the published ones."""
    names = [f"mass of {shape}, alpha = {a:g}" for a in arrays["known_alphas"] for shape in SHAPES]
    return beside(names, arrays["known"], arrays["biased_at_known"], published("alpha_rank")["biased_rps"]["source"])


def draw_intensity(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel per game."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9.2, 5.2), layout="constrained", sharex=True, sharey=True)
    panels = (
        ("rps", "rock-paper-scissors", SHAPES),
        ("biased", "biased rock-paper-scissors", SHAPES),
        ("sexes", "battle of the sexes", ("both the first", "first, second", "second, first", "both the second")),
        (
            "kuhn",
            "Kuhn poker: the 6 heaviest of 27 profiles",
            ["heaviest profile", "second", "third", "fourth", "fifth", "sixth"],
        ),
    )
    for axis, (key, title, names) in zip(axes.flat, panels, strict=True):
        for strategy, name in enumerate(names):
            style = {"color": COLORS[strategy], "linestyle": LINES[strategy % 4], "linewidth": 3 - 0.4 * strategy}
            axis.plot(arrays["alphas"], arrays[key][:, strategy], label=name, **style)
        axis.set(xscale="log", title=title)
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    for strategy in range(3):
        known = arrays["known"][:, strategy]
        axes[0, 1].plot(arrays["known_alphas"], known, "o", color=COLORS[strategy], mfc="white", zorder=3)
    axes[0, 0].set(ylim=(-0.02, 1.02))
    for row in axes[:, 0]:
        row.set(ylabel="share of time (mass)")
    for axis in axes[1]:
        axis.set(xlabel=r"intensity $\alpha$")
    headline(figure, f"Ranking against intensity, populations of {POPULATION_SIZE} (circles: known values)")
    return figure


INTENSITY = Figure(
    name="intensity",
    title="Masses against the intensity of selection, with known values.",
    compute=compute_intensity,
    claims=intensity_claims,
    draw=draw_intensity,
    beside=intensity_beside,
    inputs=INPUTS,
)

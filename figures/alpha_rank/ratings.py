"""The cycles that a rating hides: Elo and alpha-Rank on tables that are, and are not, transitive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, headline
from lrtheory.alpha_rank import alpha_rank, elo

if TYPE_CHECKING:
    import matplotlib.figure

GAMES_OF_A_PAIR = 1000
INPUTS: dict[str, dict[str, Any]] = {"quick": {"rotations": 9}, "full": {"rotations": 33}}
STRENGTHS = np.array([0.0, 0.15, 0.3])


def win_rates(rotation: float) -> np.ndarray:
    """Make win rates: logistic in the difference of strengths plus a rotation that makes each beat the next."""
    cycle = np.array([[0, 1, -1], [-1, 0, 1], [1, -1, 0]])
    return 1 / (1 + np.exp(-(STRENGTHS[:, None] - STRENGTHS) - rotation * cycle))


def compute_ratings(profile: str) -> dict[str, np.ndarray]:
    """Compute Elo's best prediction and the ranking, on tables from transitive to cyclic."""
    rotations = np.linspace(0, 1, INPUTS[profile]["rotations"])
    tables = [win_rates(rotation) for rotation in rotations]
    off = ~np.eye(3, dtype=bool)
    found = [elo(GAMES_OF_A_PAIR * table * off) for table in tables]
    masses = [alpha_rank(table, population="single").pi for table in tables]
    errors = [np.abs(fit.predicted - table)[off].max() for fit, table in zip(found, tables, strict=True)]
    return {
        "rotations": rotations,
        "ratings": np.array([fit.ratings for fit in found]),
        "error": np.array(errors),
        "pi": np.array(masses, dtype=float),
    }


def ratings_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    error, pi, ratings = arrays["error"], arrays["pi"], arrays["ratings"]
    return {
        "Elo predicts the transitive table": (bool(error[0] < 1e-3), float(1e-3 - error[0])),
        "Elo misses the cyclic table": (bool(error[-1] > 0.2), float(error[-1] - 0.2)),
        "without a cycle alpha-Rank gives the strongest strategy all the mass": (
            bool(pi[0, 2] > 0.999),
            float(pi[0, 2] - 0.999),
        ),
        "with the cycle alone alpha-Rank gives each strategy a third of the mass": (
            bool(np.abs(pi[-1] - 1 / 3).max() < 1e-9),
            float(1e-9 - np.abs(pi[-1] - 1 / 3).max()),
        ),
        "Elo keeps its order of the strategies from the transitive table to the cyclic one": (
            bool((np.diff(ratings, axis=1) > 0).all()),
            float(np.diff(ratings, axis=1).min()),
        ),
    }


def draw_ratings(arrays: Any) -> matplotlib.figure.Figure:
    """Draw ratings, masses, and the largest error of Elo's prediction."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9.2, 3.2), layout="constrained")
    for agent in range(3):
        line = {"color": COLORS[agent], "marker": MARKERS[agent], "linestyle": LINES[agent], "markersize": 4}
        axes[0].plot(arrays["rotations"], arrays["ratings"][:, agent], label=f"agent {agent}", **line)
        axes[1].plot(arrays["rotations"], arrays["pi"][:, agent], linewidth=3 - agent, **line)
    axes[2].plot(arrays["rotations"], arrays["error"], "o-", markersize=3, color="black")
    axes[0].set(ylabel="rating, points of Elo")
    axes[1].set(ylabel="mass, share of time")
    axes[2].set(ylabel="largest error of a win rate")
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=3, loc="outside lower center")
    axes[1].set(title="alpha-Rank, infinite intensity")
    axes[0].set(title="Elo")
    axes[2].set(title="what Elo cannot say")
    for axis in axes:
        axis.set(xlabel="rotation (0: transitive, 1: cyclic)")
    headline(figure, f"From a transitive to a cyclic table of three agents, {GAMES_OF_A_PAIR} games a pair")
    return figure


ELO = Figure(
    name="elo",
    title="Elo hides a cycle that alpha-Rank shows.",
    compute=compute_ratings,
    claims=ratings_claims,
    draw=draw_ratings,
    inputs=INPUTS,
)

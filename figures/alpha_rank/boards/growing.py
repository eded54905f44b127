"""Models that can be first as battles are played, by the assumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, headline, log_axes, stream
from figures.alpha_rank.boards.logs import cut
from lrtheory.alpha_rank import MatchLog, leaderboard, make_battles, rank_models
from lrtheory.alpha_rank.baselines import bradley_terry_board

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
SPREAD = 150
RULES = ("no order", "any schedule", "at all times", "exact", "bootstrap, overlap")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"models": 20, "battles": [500, 1000, 2000, 4000, 8000], "repetitions": 5, "resamples": 200},
    "full": {"models": 40, "battles": [1500, 3000, 6000, 12_000, 24_000, 48_000], "repetitions": 40, "resamples": 1000},
}


def firsts(log: MatchLog, rule: str, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Whether each model can be first."""
    if rule == "no order":
        found = leaderboard(log).intervals
        return np.asarray(found.upper >= found.lower.max())
    if rule == "bootstrap, overlap":
        return bradley_terry_board(log, n_resamples=resamples, rng=rng).can_be_first
    options: dict[str, Any] = {
        "exact": {},
        "at all times": {"anytime": True},
        "any schedule": {"any_schedule": True},
    }[rule]
    return rank_models(log, **options).can_be_first


def compute_first(profile: str) -> dict[str, np.ndarray]:
    """Compute how many can be first, and whether the true first is among them, (rules, battles, repetitions)."""
    settings = INPUTS[profile]
    shape = (len(RULES), len(settings["battles"]), settings["repetitions"])
    many, kept = np.zeros(shape), np.zeros(shape)
    for run in range(settings["repetitions"]):
        rng = stream(SEED, run)
        ratings = SPREAD * rng.standard_normal(settings["models"])
        log = make_battles(ratings, settings["battles"][-1], rng=rng)
        for b, n in enumerate(settings["battles"]):
            for r, rule in enumerate(RULES):
                found = firsts(cut(log, n), rule, settings["resamples"], rng)
                many[r, b, run], kept[r, b, run] = found.sum(), found[np.argmax(ratings)]
    return {
        "battles": np.array(settings["battles"]),
        "many": many,
        "kept": kept,
        "models": np.array(settings["models"]),
    }


def first_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    mean, proved = arrays["many"].mean(axis=2), arrays["kept"][:4]
    return {
        "without an order nobody is ruled out in the shortest logs": (
            bool((arrays["many"][0, 0] == arrays["models"]).all()),
            float(arrays["models"]),
        ),
        "with the most battles the exact test leaves less than half of what intervals without an order leave": below(
            mean[3, -1], mean[0, -1] / 2
        ),
        "the exact test leaves fewer than one that holds at all times": below(mean[3], mean[2]),
        "which leaves fewer than one under any schedule": below(mean[2], mean[1]),
        "the overlap rule leaves fewer than the exact test with the fewest battles": below(mean[4, 0], mean[3, 0]),
        "the true first is kept in 95 % of the logs and more by all that have a theorem": (
            bool((proved.mean(axis=(1, 2)) >= 0.95).all()),
            float(proved.mean(axis=(1, 2)).min()),
        ),
    }


def draw_first(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the number that can be first, and the truth."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    mean = arrays["many"].mean(axis=2)
    for r, rule in enumerate(RULES):
        kept = arrays["kept"][r].mean()
        axis.plot(
            arrays["battles"],
            mean[r],
            color=COLORS[r],
            marker=MARKERS[r],
            linestyle=LINES[r % len(LINES)],
            markersize=5,
            label=f"{rule} (first kept in {100 * kept:.0f}%)",
        )
    axis.axhline(1, color="gray", linestyle=":", label="the truth")
    log_axes(axis, arrays["battles"])
    axis.set(xlabel="battles", ylabel="models that can be first", ylim=(0.85, 1.25 * int(arrays["models"])))
    axis.legend(loc="lower left", framealpha=0.9)
    headline(
        figure,
        f"{int(arrays['models'])} models, standard deviation {SPREAD} points of Elo, uniform pairs: mean of "
        f"{arrays['many'].shape[2]} logs",
    )
    return figure


WHO_IS_FIRST = Figure(
    name="who-is-first",
    title="Models that can be first against the number of battles, by what is assumed of order and schedule.",
    compute=compute_first,
    claims=first_claims,
    draw=draw_first,
    seed=SEED,
    inputs=INPUTS,
)

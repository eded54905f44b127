"""Shares of logs in which the rules of leaderboards put some pair in the wrong order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, headline, stream
from lrtheory.alpha_rank import make_battles, rank_models
from lrtheory.alpha_rank.baselines import bradley_terry_board

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
SPREAD = 30
BATTLES = 300  # a model
RULES = ("exact", "bootstrap, overlap", "bootstrap, differences")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"models": [5, 10, 20], "repetitions": 30, "resamples": 200},
    "full": {"models": [5, 10, 20, 40], "repetitions": 400, "resamples": 1000},
}


def compute_wrong(profile: str) -> dict[str, np.ndarray]:
    """Count directions that are claimed, and wrong ones, (rules, models, repetitions)."""
    settings = INPUTS[profile]
    shape = (len(RULES), len(settings["models"]), settings["repetitions"])
    claimed, wrong = np.zeros(shape), np.zeros(shape)
    for m, n in enumerate(settings["models"]):
        for run in range(settings["repetitions"]):
            rng = stream(SEED, n, run)
            ratings = SPREAD * rng.standard_normal(n)
            log = make_battles(ratings, BATTLES * n, rng=rng)
            options = {"n_resamples": settings["resamples"], "rng": rng}
            boards = [
                rank_models(log),
                bradley_terry_board(log, **options),
                bradley_terry_board(log, method="difference", **options),
            ]
            for r, board in enumerate(boards):
                claimed[r, m, run] = board.above.sum()
                wrong[r, m, run] = (board.above & (np.subtract.outer(ratings, ratings) < 0)).sum()
    return {"models": np.array(settings["models"]), "claimed": claimed, "wrong": wrong}


def wrong_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    share, claimed = (arrays["wrong"] > 0).mean(axis=2), arrays["claimed"].mean(axis=2)
    return {
        "the exact board has a wrong pair in less than 5 % of the logs": below(share[0], 0.05),
        "with the most models the overlap rule has one in more than 5 %": below(0.05, share[1, -1]),
        "and differences without a correction in more than 30 %": below(0.3, share[2, -1]),
        "both rules claim more directions than the exact board": below(claimed[0], claimed[1:]),
    }


def draw_wrong(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the share of logs with a wrong pair on the left, and of directions that are claimed on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    n, share = arrays["models"], (arrays["wrong"] > 0).mean(axis=2)
    error = np.sqrt(share * (1 - share) / arrays["wrong"].shape[2])
    claimed = arrays["claimed"].mean(axis=2) / (n * (n - 1) / 2)
    for r, rule in enumerate(RULES):
        look = {"color": COLORS[r], "marker": MARKERS[r], "linestyle": LINES[r], "markersize": 5}
        left.errorbar(n, share[r], yerr=2 * error[r], capsize=2, label=rule, **look)
        right.plot(n, claimed[r], **look)
    left.axhline(0.05, color="gray", linestyle=":", label="5 %")
    left.set(xlabel="models", ylabel="share of logs with a wrong pair", ylim=(-0.03, 1.03), xticks=n)
    right.set(xlabel="models", ylabel="share of directions that are claimed", ylim=(0, 1), xticks=n)
    left.legend()
    headline(
        figure,
        f"{BATTLES} battles a model, standard deviation {SPREAD} points of Elo: {arrays['wrong'].shape[2]} logs each, "
        "two standard errors",
    )
    return figure


WRONG_PAIRS = Figure(
    name="wrong-pairs",
    title="Share of logs in which a rule of leaderboards puts some pair in the wrong order, beside the exact test.",
    compute=compute_wrong,
    claims=wrong_claims,
    draw=draw_wrong,
    seed=SEED,
    inputs=INPUTS,
)

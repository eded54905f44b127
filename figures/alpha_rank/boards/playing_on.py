"""Battles that `next_battles` chooses against as many of uniform pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, headline, stream
from figures.alpha_rank.boards.logs import cut, played_on
from lrtheory.alpha_rank import MatchLog, make_battles, next_battles, rank_models

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
SPREAD = 150
CURVES = ("chosen, in batches", "chosen, any schedule", "uniform, at all times", "uniform, exact")
FACTOR = 4  # uniform battles for each chosen one
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"models": 20, "begin": 3_000, "step": 250, "steps": 8, "repetitions": 10},
    "full": {"models": 40, "begin": 12_000, "step": 500, "steps": 8, "repetitions": 40},
}


def compute_on(profile: str) -> dict[str, np.ndarray]:
    """Compute how many can be first, and whether the true first is among them, (curves, looks, repetitions)."""
    settings = INPUTS[profile]
    begin, step, steps = settings["begin"], settings["step"], settings["steps"]
    shape = (len(CURVES), steps + 1, settings["repetitions"])
    many, kept = np.zeros(shape), np.zeros(shape)
    for run in range(settings["repetitions"]):
        rng = stream(SEED, run)
        ratings = SPREAD * rng.standard_normal(settings["models"])
        uniform = make_battles(ratings, begin + FACTOR * step * steps, rng=rng)
        ways: tuple[dict[str, Any], ...] = ({"batch": "block"}, {"any_schedule": True})
        logs = [cut(uniform, begin) for _ in ways]
        for look in range(steps + 1):
            if look:
                logs = [longer(log, step, way, ratings, look, rng) for log, way in zip(logs, ways, strict=True)]
            far = cut(uniform, begin + FACTOR * step * look)
            boards = [rank_models(log, **way) for log, way in zip(logs, ways, strict=True)]
            boards += [rank_models(far, anytime=True), rank_models(far)]
            for c, board in enumerate(boards):
                many[c, look, run] = board.can_be_first.sum()
                kept[c, look, run] = board.can_be_first[np.argmax(ratings)]
    more = step * np.arange(steps + 1)
    kept_settings = {name: np.array(settings[name]) for name in ("models", "begin")}
    return {"chosen": more, "uniform": FACTOR * more, "many": many, "kept": kept, **kept_settings}


def longer(
    log: MatchLog, step: int, way: dict[str, Any], ratings: np.ndarray, look: int, rng: np.random.Generator
) -> MatchLog:
    """Play the battles that are suggested; none where the first is certain."""
    plan = next_battles(log, n=step, **way)
    others = np.repeat(plan.others, plan.plays)
    pairs = np.stack([np.full(len(others), plan.leader), others], axis=1)
    return played_on(log, pairs, ratings, look, rng) if others.size else log


def on_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    mean = arrays["many"].mean(axis=2)
    at, as_many = mean[:, FACTOR::FACTOR], mean[:, 1 : 1 + (mean.shape[1] - 1) // FACTOR]
    return {
        "chosen in batches they leave fewer than as many uniform ones, both at all times": below(at[0], as_many[2]),
        "and at last fewer than as many uniform ones that are ranked once, by the exact test": below(
            at[0, -1], as_many[3, -1]
        ),
        "ranked under any schedule they leave fewer than two thirds of those before": below(
            mean[1, -1], 2 * mean[1, 0] / 3
        ),
        "the true first is kept in 95 % of the looks and more": (
            bool((arrays["kept"].mean(axis=(1, 2)) >= 0.95).all()),
            float(arrays["kept"].mean(axis=(1, 2)).min()),
        ),
    }


def draw_on(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the number that can be first against battles after the uniform ones."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    mean = arrays["many"].mean(axis=2)
    for c, curve in enumerate(CURVES):
        x = arrays["chosen" if c < 2 else "uniform"]
        axis.plot(x, mean[c], color=COLORS[c], marker=MARKERS[c], linestyle=LINES[c], markersize=5, label=curve)
    axis.axhline(1, color="gray", linestyle=":", label="the truth")
    axis.set(xlabel="battles more", ylabel="models that can be first")
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.set_ylim(0, 1.1 * mean.max())
    axis.legend()
    headline(
        figure,
        f"{int(arrays['models'])} models, standard deviation {SPREAD} points of Elo, after {int(arrays['begin']):,} "
        f"uniform battles: mean of {arrays['many'].shape[2]} logs",
    )
    return figure


PLAYING_ON = Figure(
    name="playing-on",
    title="Battles of the leader with those who can be first, as next_battles chooses them, against uniform pairs.",
    compute=compute_on,
    claims=on_claims,
    draw=draw_on,
    seed=SEED,
    inputs=INPUTS,
)

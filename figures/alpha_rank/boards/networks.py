"""A board as a network of conductances: how much of what a log knows of a difference the exact test uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, below, headline, stream
from lrtheory.alpha_rank import MatchLog, elo, make_battles
from lrtheory.alpha_rank.boards.battles import battles_of
from lrtheory.alpha_rank.boards.differences import decided_wins, information_shares

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
SPREAD = 150
SHOWN = 12  # models of the network that is drawn
BRIDGES = 20  # battles between the two halves of a log in two parts
SCHEDULES = ("uniform", "skewed", "adaptive", "two parts")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"models": 20, "battles": 6_000, "repetitions": 5},
    "full": {"models": 40, "battles": 12_000, "repetitions": 40},
}


def log_of(schedule: str, ratings: np.ndarray, n: int, rng: np.random.Generator) -> MatchLog:
    """Draw a log; in two parts models of each half meet, and only a few battles join them."""
    if schedule != "two parts":
        return make_battles(ratings, n, schedule=schedule, rng=rng)
    half = len(ratings) // 2
    log = make_battles(ratings, 4 * n, rng=rng)
    inside = (log.players[:, 0] < half) == (log.players[:, 1] < half)
    kept = np.sort(np.concatenate([np.flatnonzero(inside)[: n - BRIDGES], np.flatnonzero(~inside)[:BRIDGES]]))
    frame = {"model_a": log.players[kept, 0], "model_b": log.players[kept, 1], "winner": log.scores[kept, 0]}
    return MatchLog.from_frame(frame)


def conductances(log: MatchLog) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Conductances of all pairs, decided wins, and the chances that Bradley-Terry predicts."""
    wins = decided_wins(battles_of(log))
    predicted = elo(wins).predicted
    return (wins + wins.T) * predicted * (1 - predicted), wins, predicted


def compute_network(profile: str) -> dict[str, np.ndarray]:
    """Compute shares of the effective conductance of pairs, (schedules, 2, repetitions): direct, and over one model."""
    settings = INPUTS[profile]
    shares = np.zeros((len(SCHEDULES), 2, settings["repetitions"]))
    least, most = np.ones(len(SCHEDULES)), np.zeros(len(SCHEDULES))
    for s, schedule in enumerate(SCHEDULES):
        for run in range(settings["repetitions"]):
            rng = stream(SEED, s, run)
            ratings = SPREAD * rng.standard_normal(settings["models"])
            conductance, wins, predicted = conductances(log_of(schedule, ratings, settings["battles"], rng))
            direct, both = [], []
            for leader in range(len(ratings)):
                share = np.delete(information_shares(wins, predicted, leader), leader)
                mine = conductance[leader]
                sums = conductance + mine
                with np.errstate(invalid="ignore"):
                    paths = np.where(sums > 0, conductance * mine / sums, 0.0).sum(axis=1)
                    used = np.delete(np.where(mine > 0, mine / (mine + paths), 0.0), leader)
                direct.append(share * used)
                both.append(share)
            shares[s, :, run] = np.mean(direct), np.mean(both) - np.mean(direct)
            least[s], most[s] = min(least[s], np.min(both)), max(most[s], np.max(both))
    rng = stream(SEED, 99)
    ratings = np.sort(SPREAD * rng.standard_normal(SHOWN))[::-1]
    shown = conductances(make_battles(ratings, 40 * SHOWN, schedule="skewed", rng=rng))[0]
    return {"shares": shares, "least": least, "most": most, "shown": shown, "models": np.array(settings["models"])}


def network_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    direct, paths = arrays["shares"].mean(axis=2).T
    both = direct + paths
    return {
        "no pair has more than all of the information": below(arrays["most"], 1 + 1e-9),
        "where all meet the exact test has more than 90 % of the information of Bradley-Terry": below(0.9, both[:3]),
        "direct battles alone have less than 30 % of it": below(direct[:3], 0.3),
        "in two parts that few battles join, some pair keeps less than a third": below(arrays["least"][3], 1 / 3),
        "and the mean is less than where all meet": below(both[3], both[:3]),
    }


def draw_network(arrays: Any) -> matplotlib.figure.Figure:
    """Draw a network with the paths between the first two models on the left, and shares on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", width_ratios=(1, 1.2))
    shown = arrays["shown"]
    n = len(shown)
    angles = np.pi / 2 - 2 * np.pi * np.arange(n) / n
    x, y = np.cos(angles), np.sin(angles)
    widest = shown.max()
    for i in range(n):
        for j in range(i + 1, n):
            color = COLORS[1] if (i, j) == (0, 1) else COLORS[0] if i < 2 else "lightgray"
            width = 5 * shown[i, j] / widest
            left.plot(x[[i, j]], y[[i, j]], color=color, linewidth=width, zorder=1 + (i < 2), solid_capstyle="round")
    left.plot(x, y, "o", color="black", markersize=13, zorder=4)
    for i in range(n):
        left.text(x[i], y[i], str(i + 1), color="white", ha="center", va="center", zorder=5, fontsize=8)
    left.set(aspect="equal", title="what tells models 1 and 2 apart")
    left.axis("off")
    direct, paths = arrays["shares"].mean(axis=2).T
    places = np.arange(len(SCHEDULES))
    right.bar(places, direct, color=COLORS[1], label="direct battles")
    right.bar(places, paths, bottom=direct, color=COLORS[0], label="over one common opponent")
    right.bar(places, 1 - direct - paths, bottom=direct + paths, color="lightgray", label="longer paths, not used")
    right.plot(places, arrays["least"], "D", color="black", markersize=5, linestyle="none", label="least of any pair")
    right.set_xticks(places, SCHEDULES)
    right.set(ylabel="share of the effective conductance", ylim=(0, 1.32), yticks=np.linspace(0, 1, 6))
    right.legend(loc="upper center", ncols=2)
    headline(
        figure,
        f"Battles as conductances: {int(arrays['models'])} models, mean over pairs of {arrays['shares'].shape[2]} logs",
    )
    return figure


NETWORK = Figure(
    name="network",
    title="Shares of the information on a difference that direct battles and common opponents carry.",
    compute=compute_network,
    claims=network_claims,
    draw=draw_network,
    seed=SEED,
    inputs=INPUTS,
)

"""Regret of sampling by information gain, where response graphs are of no use: the bad agents are tied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, beside, headline, log_ticks
from lrtheory.alpha_rank import alpha_rank, make_good_bad
from lrtheory.alpha_rank.baselines import information_gain

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
METHODS = ("bins", "wasserstein")
NAMES = ("entropy, by bins", "Wasserstein distance")
KNOWN = published("alpha_rank")["information_gain"]
P = KNOWN["p"]
WARM_UP = BATCH = 100
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"plays": [200, KNOWN["plays"], 5_000], "repetitions": 2, "n_games": 60},
    "full": {"plays": [500, KNOWN["plays"], 2_000, 5_000, 10_000], "repetitions": 10, "n_games": 500},
}


def compute_regret(profile: str) -> dict[str, np.ndarray]:
    """Compute the mean l1 distance of posterior rankings to the true one, (methods, plays, repetitions)."""
    settings = INPUTS[profile]
    game = make_good_bad(2, 2, p=P)
    truth = alpha_rank(game.payoffs[0], population="single").pi
    streams = np.random.SeedSequence(SEED).spawn(settings["repetitions"])
    shape = (len(METHODS), len(settings["plays"]), settings["repetitions"])
    regret, good = np.zeros(shape), np.zeros(shape)
    for m, plays, repetition in np.ndindex(shape):
        options = {
            "max_samples": settings["plays"][plays],
            "n_games": settings["n_games"],
            "warm_up": WARM_UP,
            "batch": BATCH,
        }
        rng = np.random.default_rng(streams[repetition])
        found = information_gain(game, method=METHODS[m], rng=rng, **options)
        regret[m, plays, repetition] = np.abs(found.rankings - truth).sum(axis=1).mean()
        good[m, plays, repetition] = found.n_samples[:2, :2].sum() / found.n_samples.sum()
    return {
        "plays": np.array(settings["plays"]),
        "regret": regret,
        "good": good,
        "n_games": np.array(settings["n_games"]),
    }


def regret_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    mean = arrays["regret"].mean(axis=2)
    drop = mean[:, 0] - mean[:, -1]
    share = arrays["good"][:, -1].mean(axis=1) - 2 / 12
    return {
        "regret falls with the number of plays when entropy chooses them": (bool(drop[0] > 0), float(drop[0])),
        "regret falls with the number of plays when Wasserstein distance chooses them": (
            bool(drop[1] > 0),
            float(drop[1]),
        ),
        "the match of the two good agents is played more often than its share of all matches": (
            bool(share.min() > 0),
            float(share.min()),
        ),
    }


def regret_beside(arrays: Any) -> list[Beside]:
    """Set the mean regret beside the published one, after the plays for which there is one."""
    at = arrays["plays"].tolist().index(KNOWN["plays"])
    names = [f"regret after {KNOWN['plays']} plays, {method}" for method in KNOWN["regret"]]
    ours = [arrays["regret"][METHODS.index(method), at].mean() for method in KNOWN["regret"]]
    here = (
        f"here {WARM_UP} plays to start with, then {BATCH} in a row, {int(arrays['n_games'])} posterior games a "
        f"decision, {arrays['regret'].shape[2]} repetitions"
    )
    return beside(names, list(KNOWN["regret"].values()), ours, f"{KNOWN['recorded']}; {here}")


def draw_regret(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the regret on the left, and where the plays went on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    for m in range(len(METHODS)):
        line = {"color": COLORS[m], "marker": MARKERS[m], "linestyle": LINES[m], "markersize": 5}
        left.plot(arrays["plays"], arrays["regret"][m].mean(axis=1), label=NAMES[m], **line)
        left.plot(arrays["plays"], arrays["regret"][m], MARKERS[m], color=COLORS[m], markersize=3, alpha=0.4)
        right.plot(arrays["plays"], arrays["good"][m].mean(axis=1), **line)
    right.axhline(2 / 12, color="gray", linestyle=":", label="uniform")
    left.set(xlabel="plays", ylabel=r"regret, mean $\ell_1$ distance of rankings")
    right.set(xlabel="plays", ylabel="share of plays between the good agents", ylim=(0, 1))
    for axis in (left, right):
        log_ticks(axis, arrays["plays"])
    left.legend()
    right.legend()
    plays, repetitions = int(arrays["plays"][-1]), arrays["regret"].shape[2]
    headline(
        figure,
        f"Two good and two bad agents, p = {P}: cap {plays:,} plays, {repetitions} repetitions, "
        f"{int(arrays['n_games'])} posterior games a decision",
    )
    return figure


GOOD_BAD = Figure(
    name="information-gain",
    title="Regret of sampling by information gain on two good and two bad agents.",
    compute=compute_regret,
    claims=regret_claims,
    draw=draw_regret,
    beside=regret_beside,
    seed=SEED,
    inputs=INPUTS,
)

"""Regret of sampling by information gain, where response graphs are of no use: the bad agents are tied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, published
from lrtheory.alpha_rank import alpha_rank, make_good_bad
from lrtheory.alpha_rank.baselines import information_gain

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
METHODS = ("bins", "wasserstein")
P = published("alpha_rank")["information_gain"]["p"]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"plays": [200, 1_000, 5_000], "repetitions": 2, "n_games": 60},
    "full": {"plays": [500, 1_000, 2_000, 5_000, 10_000], "repetitions": 10, "n_games": 500},
}


def compute_regret(profile: str) -> dict[str, np.ndarray]:
    """Mean l1 distance of posterior rankings to the true one, (methods, plays, repetitions)."""
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
            "warm_up": 100,
            "batch": 100,
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
    """What the figure shows, with margins."""
    mean = arrays["regret"].mean(axis=2)
    drop = mean[:, 0] - mean[:, -1]
    share = arrays["good"][:, -1].mean(axis=1) - 2 / 12
    return {
        "regret falls with entropy": (bool(drop[0] > 0), float(drop[0])),
        "regret falls with Wasserstein distance": (bool(drop[1] > 0), float(drop[1])),
        "plays go to the match of the good agents": (bool(share.min() > 0), float(share.min())),
    }


def draw_regret(arrays: Any) -> matplotlib.figure.Figure:
    """Regret on the left, where the plays went on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    for m, method in enumerate(METHODS):
        left.plot(arrays["plays"], arrays["regret"][m].mean(axis=1), "o-", label=method)
        left.plot(arrays["plays"], arrays["regret"][m], ".", color=f"C{m}", alpha=0.4)
        right.plot(arrays["plays"], arrays["good"][m].mean(axis=1), "o-", label=method)
    right.axhline(2 / 12, color="gray", linestyle=":", label="uniform")
    left.set(xscale="log", xlabel="plays", ylabel="regret")
    right.set(xscale="log", xlabel="plays", ylabel="share between the good agents")
    left.legend(fontsize=8)
    right.legend(fontsize=8)
    plays, repetitions = int(arrays["plays"][-1]), arrays["regret"].shape[2]
    figure.suptitle(
        f"Two good and two bad agents, p = {P}: cap {plays:,} plays, {repetitions} repetitions, "
        f"{int(arrays['n_games'])} posterior games a decision",
        fontsize=10,
    )
    return figure


GOOD_BAD = Figure(
    name="information-gain",
    title="Regret of sampling by information gain on two good and two bad agents.",
    compute=compute_regret,
    claims=regret_claims,
    draw=draw_regret,
    seed=SEED,
    inputs=INPUTS,
)

"""Adaptive sampling on one 2 x 2 game, interval by interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, published
from figures._tools import COLORS, LINES, headline
from lrtheory.alpha_rank import Game, ResponseGraphUCB, response_graph

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 1
DELTA = 0.1
INPUTS: dict[str, dict[str, Any]] = {"quick": {"repetitions": 1}, "full": {"repetitions": 1}}


def game() -> Game:
    """Make the game with the published means for the row player, and one minus them for the column player."""
    means = np.array(published("alpha_rank")["two_by_two"]["means"])
    return Game(np.stack([means, 1 - means]), outcomes="bernoulli")


def compute_two_by_two(profile: str) -> dict[str, np.ndarray]:
    """Record means, intervals and samples after every play, until all four edges are resolved."""
    matches = game()
    outcomes, learner = np.random.default_rng(SEED), ResponseGraphUCB(matches.sizes, delta=DELTA, rng=SEED)
    means, lower, upper, samples = [], [], [], []
    while (strategies := learner.ask()) is not None:
        chance = matches.payoffs[(slice(None), *strategies)]
        learner.tell(strategies, (outcomes.random(2) < chance).astype(float))
        known = learner.estimate()
        means.append(known.means[0].ravel())
        lower.append(known.lower[0].ravel())
        upper.append(known.upper[0].ravel())
        samples.append(known.n_samples.ravel())
    return {
        "truth": matches.payoffs[0].ravel(),
        "means": np.nan_to_num(np.array(means), nan=0.5),
        "lower": np.array(lower),
        "upper": np.array(upper),
        "samples": np.array(samples),
        "right": np.array((known.direction == response_graph(matches).direction).all()),
    }


def two_by_two_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    inside = (arrays["lower"] <= arrays["truth"]) & (arrays["truth"] <= arrays["upper"])
    width = arrays["upper"] - arrays["lower"]
    return {
        "every interval contains the true payoff at all times": (bool(inside.all()), float(inside.mean())),
        "the intervals only shrink": (
            bool((np.diff(width, axis=0) <= 1e-12).all()),
            float((width[0] - width[-1]).min()),
        ),
        "the response graph is right": (bool(arrays["right"]), float(arrays["right"])),
    }


def draw_two_by_two(arrays: Any) -> matplotlib.figure.Figure:
    """Draw intervals of the row player's four means on the left, samples of the four profiles on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    plays = np.arange(1, len(arrays["means"]) + 1)
    for s in range(4):
        name = f"({s // 2}, {s % 2})"
        line = {"color": COLORS[s], "linestyle": LINES[s]}
        left.fill_between(plays, arrays["lower"][:, s], arrays["upper"][:, s], color=COLORS[s], alpha=0.12, linewidth=0)
        left.plot(plays, arrays["lower"][:, s], linewidth=1, **line)
        left.plot(plays, arrays["upper"][:, s], linewidth=1, **line)
        left.axhline(arrays["truth"][s], color=COLORS[s], linewidth=0.8)
        right.plot(plays, arrays["samples"][:, s], label=name, **line)
    left.set(xlabel="plays", ylabel="mean of the row player", title="intervals, and the truth as thin lines")
    right.set(xlabel="plays", ylabel="samples", title="samples of each profile")
    right.legend(title="profile")
    headline(figure, rf"ResponseGraphUCB on a 2 x 2 game until it stops, one repetition, $\delta$ = {DELTA}")
    return figure


TWO_BY_TWO = Figure(
    name="two-by-two",
    title="Intervals of ResponseGraphUCB on a 2 x 2 game, until every direction is certain.",
    compute=compute_two_by_two,
    claims=two_by_two_claims,
    draw=draw_two_by_two,
    seed=SEED,
    inputs=INPUTS,
)

"""Exact probabilities of failure beside the promised level: the coins are all enumerated, and none is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from figures import Figure
from figures._tools import COLORS, LINES, below, headline
from lrtheory.alpha_rank import theory

if TYPE_CHECKING:
    import matplotlib.figure

DELTA = 0.1
GAP = 0.2
PLAYS = 60
INPUTS: dict[str, dict[str, Any]] = {"quick": {"shares": 33, "means": 41}, "full": {"shares": 65, "means": 401}}


def wrong_edge(n_samples: int, gap: float = GAP) -> float:
    """Compute the chance that the better of two strategies does not win more of its matches, ties included."""
    counts = np.arange(n_samples + 1)
    worse, better = (0.5 - gap / 4, 0.5 + gap / 4)  # outcomes are 1 or -1, with means that differ by the gap
    return float(stats.binom.pmf(counts, n_samples, worse) @ stats.binom.cdf(counts, n_samples, better))


def ever_missed(p: float, *, anytime: bool) -> float:
    """Compute the chance that one of the intervals after 1, ..., 60 plays misses the mean p of wins."""
    alive, missed = np.array([1.0]), 0.0
    for n in range(1, PLAYS + 1):
        alive = np.concatenate([alive * (1 - p), [0.0]]) + np.concatenate([[0.0], alive * p])
        radius = theory.hoeffding_radius(n, delta=DELTA, n_means=1, anytime=anytime)
        out = np.abs(np.arange(n + 1) / n - p) > radius
        missed += float(alive[out].sum())
        alive[out] = 0.0
    return missed


def compute_failures(profile: str) -> dict[str, np.ndarray]:
    """Compute the chance of a wrong edge at shares of the theorem's samples, and that of an interval that misses."""
    due = theory.samples_infinite_alpha((2,), gap=GAP, delta=DELTA)
    samples = np.unique(np.geomspace(2, due, INPUTS[profile]["shares"]).round().astype(int))
    means = np.linspace(0, 1, INPUTS[profile]["means"])
    return {
        "due": np.array(due),
        "samples": samples,
        "wrong": np.array([wrong_edge(int(n)) for n in samples]),
        "means": means,
        "anytime": np.array([ever_missed(p, anytime=True) for p in means]),
        "each": np.array([ever_missed(p, anytime=False) for p in means]),
    }


def failure_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """State what the figure shows, as booleans with margins."""
    samples, wrong = arrays["samples"], arrays["wrong"]
    enough = int(samples[np.argmax(wrong <= DELTA)])
    return {
        "with the samples of the theorem an edge is wrong less than once in a thousand times of its level": below(
            float(wrong[-1]), DELTA / 1000
        ),
        "a sixth of these samples suffices, and a sixteenth does not": (
            bool(enough <= arrays["due"] / 6 and wrong[samples <= arrays["due"] / 16].min() > DELTA),
            float(arrays["due"] / enough),
        ),
        "intervals for all times miss less than once in a hundred times of their level, whatever the mean": below(
            float(arrays["anytime"].max()), DELTA / 100
        ),
        "intervals for each time alone miss more often than their level": below(DELTA, float(arrays["each"].max())),
    }


def draw_failures(arrays: Any) -> matplotlib.figure.Figure:
    """Draw an edge over numbers of samples on the left, and intervals over means on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.plot(arrays["samples"], arrays["wrong"], LINES[0], color=COLORS[0], label="exact")
    left.axvline(int(arrays["due"]), color="gray", linestyle=":", label=f"of the theorem: {int(arrays['due'])}")
    left.set(xscale="log", yscale="log", xlabel="samples of each profile", title="an edge is wrong")
    for place, (name, word) in enumerate((("each", "for each time alone"), ("anytime", "for all times"))):
        right.plot(arrays["means"], arrays[name], LINES[place], color=COLORS[place + 1], label=f"intervals {word}")
    right.set(xlabel="mean p", yscale="log", ylim=(1e-8, 0.5), title=f"an interval misses within {PLAYS} plays")
    for ax in (left, right):
        ax.axhline(DELTA, color="black", linewidth=0.8, label=rf"promised level $\delta$ = {DELTA}")
        ax.set_ylabel("probability")
        ax.legend(loc="lower center" if ax is right else "lower left")
    headline(figure, f"All coins enumerated; two strategies with payoffs of 1 and -1 and a gap of {GAP} on the left")
    return figure


EXACT_FAILURES = Figure(
    name="exact-failures",
    title="Union bounds promise far less than what holds: exact probabilities of failure beside the promised level.",
    compute=compute_failures,
    claims=failure_claims,
    draw=draw_failures,
    seed=0,
    inputs=INPUTS,
)

"""The change of exact pass@N by training, with and without the unlikeliness penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import below, beside, draw_runs, log_ticks, mean_error
from figures.policy_gradients._arithmetic import INPUTS, SAMPLES, SEED, STRENGTHS, STRONG, WEAK, train_on_sums
from figures.policy_gradients._panels import finish, panels

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("policy_gradients")["sums"]


def compute_arithmetic(profile: str) -> dict[str, np.ndarray]:
    """By how much targets share, strength, and start: the change of pass@N, and the entropy of the right answers."""
    runs = [train_on_sums(profile, shared) for shared in (WEAK, STRONG)]
    return {
        "change": np.array([one["pass_at"] - one["before"] for one in runs]),
        "entropy": np.array([one["entropy"] for one in runs]),
        "entropy_before": runs[0]["entropy_before"],
        "after": runs[0]["pass_at"],
        "before": runs[0]["before"],
    }


def arithmetic_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as probabilities or nats."""
    change, entropy = arrays["change"], arrays["entropy"]
    fall, error = mean_error(change[1, 0, SAMPLES.index(256)])
    kept, spread = mean_error(entropy[0, 2] - entropy[0, 0])
    quarter = mean_error(change[0, 1] - change[0, 0])
    return {
        "pass@1 rises by more than 0.3 with every strength": below(0.3, change[:, :, 0].mean(axis=-1)),
        "without the penalty the entropy of the right answers falls to less than half": below(
            entropy[:, 0].mean(axis=-1), arrays["entropy_before"].mean() / 2
        ),
        "a strength of 1 keeps more than 0.1 more of it where little is shared": below(0.1, kept - 2 * spread),
        "where much is shared pass@256 falls without the penalty": below(fall + 2 * error, 0),
        "a strength of 1/4 changes no pass@N by more than 0.03": below(abs(quarter[0]), 0.03),
    }


def arithmetic_beside(arrays: Any) -> list[Beside]:
    """Pass@N before training and after it, without the penalty and with a quarter."""
    at = [SAMPLES.index(n) for n in KNOWN["samples"]]
    rows = []
    for name, values in (
        ("before", arrays["before"]),
        ("strength 0", arrays["after"][0]),
        ("strength 0.25", arrays["after"][1]),
    ):
        names = [f"pass@{n}, {name}" for n in KNOWN["samples"]]
        rows += beside(names, KNOWN[name], values.mean(axis=-1)[at], KNOWN["source"])
    return rows


def draw_arithmetic(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the change of pass@N by N, for targets that share little and that share much."""
    figure, axes = panels(2)
    titles = f"targets share little (step {WEAK:g})", f"targets share much (step {STRONG:g})"
    for axis, title, change, entropy in zip(axes, titles, arrays["change"], arrays["entropy"], strict=True):
        for i, strength in enumerate(STRENGTHS):
            kept = entropy[i].mean()
            draw_runs(
                axis, np.array(SAMPLES) * 1.04**i, change[i], i, label=f"strength {strength:g}; entropy {kept:.2f}"
            )
        axis.axhline(
            0,
            color="gray",
            linestyle=":",
            label=f"no change; entropy of right answers {arrays['entropy_before'].mean():.2f}",
        )
        log_ticks(axis, np.array(SAMPLES), most=9)
        axis.set(xlabel="samples N", ylabel="change of pass@N by training", title=title)
    return finish(
        figure,
        "A policy that learns sums: pass@256 falls only where its targets share much; a quarter of unlikeliness "
        "changes little, a whole one keeps more entropy; bars are two standard errors over starts",
    )


ARITHMETIC = Figure(
    name="arithmetic",
    title="Change of exact pass@N by training on sums, by the strength of the unlikeliness penalty.",
    compute=compute_arithmetic,
    claims=arithmetic_claims,
    draw=draw_arithmetic,
    beside=arithmetic_beside,
    seed=SEED,
    inputs=INPUTS,
)

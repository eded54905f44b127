"""The change of exact pass@N by training, with and without the unlikeliness penalty, and by several updates a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import below, beside, draw_runs, log_ticks, mean_error
from figures.policy_gradients._arithmetic import INPUTS, SAMPLES, SEED, STRONG, TRIED, VARIANTS, WEAK, train_on_sums
from figures.policy_gradients._panels import finish, panels

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("policy_gradients")["sums"]


def compute_arithmetic(profile: str) -> dict[str, np.ndarray]:
    """By how much targets share, variant, and start: pass@N and its change, and the entropy of the right answers."""
    runs = [train_on_sums(profile, shared) for shared in (WEAK, STRONG)]
    change = np.array([one["pass_at"] - one["before"] for one in runs])
    entropy = np.array([one["entropy"] for one in runs])
    return {"change": change, "entropy": entropy, **{name: runs[0][name] for name in ("before", "entropy_before")}}


def arithmetic_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as probabilities or nats."""
    change, entropy = arrays["change"], arrays["entropy"]
    fall, error = mean_error(change[1, 0, SAMPLES.index(256)])
    kept, spread = mean_error(entropy[0, 2] - entropy[0, 0])
    lost, noise = mean_error(entropy[0, 3] - entropy[0, 0])
    quarter, _ = mean_error(change[:, 1] - change[:, 0])
    return {
        "pass@1 rises by more than 0.3 with every variant": below(0.3, change[:, :, 0].mean(axis=-1)),
        "without the penalty the entropy of the right answers falls to less than half": below(
            entropy[:, 0].mean(axis=-1), arrays["entropy_before"].mean() / 2
        ),
        "a strength of 1 keeps more than 0.1 more of it where little is shared": below(0.1, kept - 2 * spread),
        "there four updates from a batch keep less of it than one: they sharpen": below(lost + 2 * noise, 0),
        "where much is shared pass@256 falls without the penalty": below(fall + 2 * error, 0),
        "a strength of 1/4 changes no pass@N by more than 0.03": below(abs(quarter), 0.03),
    }


def arithmetic_beside(arrays: Any) -> list[Beside]:
    """Pass@N before training and after it, without the penalty and with a quarter."""
    at = [SAMPLES.index(n) for n in KNOWN["samples"]]
    before, rows = arrays["before"], []
    pairs = {"before": before, **dict(zip(VARIANTS, arrays["change"][0, :2] + before, strict=False))}
    for name, values in pairs.items():
        names = [f"pass@{n}, {name}" for n in KNOWN["samples"]]
        rows += beside(names, KNOWN[name], values.mean(axis=-1)[at], KNOWN["source"])
    return rows


def draw_arithmetic(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the change of pass@N by N, for targets that share little and that share much."""
    figure, axes = panels(2, height=4.9, sharey=True)
    titles = f"targets share little (step {WEAK:g})", f"targets share much (step {STRONG:g})"
    for axis, title, change, entropy in zip(axes, titles, arrays["change"], arrays["entropy"], strict=True):
        for i, (name, kept) in enumerate(zip(VARIANTS, entropy.mean(axis=-1), strict=True)):
            draw_runs(axis, np.array(SAMPLES) * 1.04**i, change[i], i, label=f"{name}: entropy {kept:.2f}")
        start = arrays["entropy_before"].mean()
        axis.axhline(0, color="gray", linestyle=":", label=f"before training: entropy {start:.2f}")
        log_ticks(axis, np.array(SAMPLES), most=9)
        axis.set(xlabel="samples N", title=title)
    axes[0].set_ylabel("change of pass@N by training")
    return finish(
        figure,
        "A policy that learns sums: a penalty of strength 0.25 does nothing visible, a whole one keeps more entropy of "
        "the right answers, and four updates from a batch sharpen: they keep less. Pass@256 falls on the right, in a "
        f"setting that was chosen for this among {TRIED}. Bars: two standard errors over starts",
        ncols=1,
    )


ARITHMETIC = Figure(
    name="arithmetic",
    title="Change of exact pass@N by training on sums, by the strength of the unlikeliness penalty and the updates "
    f"from a batch; the setting on the right was chosen among {TRIED}, since pass@256 falls in it.",
    compute=compute_arithmetic,
    claims=arithmetic_claims,
    draw=draw_arithmetic,
    beside=arithmetic_beside,
    seed=SEED,
    inputs=INPUTS,
)

"""Published curves of pass@N, and the same curves of a small policy whose pass@N is exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, draw_runs, log_ticks, mean_error
from figures.policy_gradients._arithmetic import INPUTS, SAMPLES, SEED, STRONG, TRIED, train_on_sums
from figures.policy_gradients._panels import finish, panels

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("policy_gradients")["theorems"]
NAMES = list(KNOWN["models"])
#: two standard errors of a difference of two shares of 200, at the shares of the last column
NOISE = 2 * np.sqrt((0.86 * 0.14 + 0.83 * 0.17) / KNOWN["problems"])


def compute_published(profile: str) -> dict[str, np.ndarray]:
    """The published curves, and pass@N of the sums before and after training, by start."""
    runs = train_on_sums(profile, STRONG)
    return {"models": np.array([*KNOWN["models"].values()]), "before": runs["before"], "after": runs["pass_at"][:3]}


def crossing(before: Any, after: Any) -> float:
    """The N at which the curve after training falls below the one before: between two N, along their logarithms."""
    gain = np.asarray(after) - np.asarray(before)
    falls = np.flatnonzero((gain[:-1] > 0) & (gain[1:] <= 0))
    if not falls.size:
        return float("nan")
    i = falls[0]
    return float(SAMPLES[i] * (SAMPLES[i + 1] / SAMPLES[i]) ** (gain[i] / (gain[i] - gain[i + 1])))


def published_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as probabilities."""
    gain = arrays["models"][1] - arrays["models"][0]
    change, error = mean_error(arrays["after"][0] - arrays["before"])
    return {
        "the published model proves more with 32 samples after GRPO than before": below(0, gain[5]),
        "and less with 64": below(gain[6], 0),
        "its loss at 512 is within two standard errors, unless theorems are paired": below(-gain[-1], NOISE),
        "on sums GRPO lifts pass@1 by more than 0.3": below(0.3, change[0]),
        "and lowers pass@256 by more than two standard errors": below(change[8] + 2 * error[8], 0),
    }


def published_beside(arrays: Any) -> list[Beside]:
    """The N at which the curves cross, and the gain of pass@1."""
    pairs = arrays["models"][:2], (arrays["before"].mean(axis=-1), arrays["after"][0].mean(axis=-1))
    theirs, ours = ([crossing(*pair), pair[1][0] - pair[0][0]] for pair in pairs)
    return beside(["N at which GRPO falls below the start", "gain of pass@1"], theirs, ours, KNOWN["source"])


def draw_published(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the published curves, and those of the sums."""
    figure, (theirs, ours) = panels(2, height=4.7)
    colors, samples = (COLORS[6], COLORS[1], COLORS[3], COLORS[5], COLORS[0]), np.array(SAMPLES)
    for i, (name, curve) in enumerate(zip(NAMES, arrays["models"], strict=True)):
        error = np.sqrt(curve * (1 - curve) / KNOWN["problems"]) if i < 2 else None
        look = {"color": colors[i], "marker": MARKERS[i], "linestyle": LINES[i % len(LINES)], "markersize": 4}
        theirs.errorbar(samples * 1.03**i, curve, yerr=error, capsize=2, label=name, **look)
    labels = [*NAMES[:2], "unlikeliness 0.25", "unlikeliness 1"]
    for i, (runs, label) in enumerate(zip((arrays["before"], *arrays["after"]), labels, strict=True)):
        draw_runs(ours, samples * 1.03**i, runs, i, color=(colors[0], colors[1], colors[3], colors[4])[i], label=label)
    means = arrays["before"].mean(axis=-1), arrays["after"][0].mean(axis=-1)
    for axis, pair in ((theirs, arrays["models"][:2]), (ours, means)):
        at = crossing(*pair)
        axis.axvline(at, color="gray", linestyle=":", label=f"GRPO falls below the start: N = {at:.0f}")
        log_ticks(axis, samples, most=9)
        axis.set(xlabel="samples N", ylabel="pass@N, mean over problems")
    theirs.set(title="published: 200 theorems", ylim=(0.45, 1))
    ours.set(title="ours: ten targets of sums, exact", ylim=(0, 1.02))
    return finish(
        figure,
        "Training on groups lifts pass@1 and, from some N on, lowers pass@N; ours does so in a setting that was chosen "
        f"among {TRIED}. Bars: one standard error of a share of 200 on the left, two of a mean of starts on the right",
    )


PUBLISHED = Figure(
    name="published",
    title="Pass@N before and after training: published curves, and a small policy whose curves are exact, in a setting "
    f"that was chosen among {TRIED}.",
    compute=compute_published,
    claims=published_claims,
    draw=draw_published,
    beside=published_beside,
    seed=SEED,
    inputs=INPUTS,
)

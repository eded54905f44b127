"""Accuracy on tasks of digits for all methods: one and five shots, classes of equal shares and not."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside, headline, stream
from figures.transductive_clustering._tasks import METHODS, SLOW
from lrtheory.transductive_clustering import evaluate, load_digits_features, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 3
NAMES = list(METHODS)
#: shots, and the parameter of the Dirichlet law of the classes' shares among the queries
SETTINGS: tuple[tuple[int, float | None], ...] = ((1, None), (5, None), (1, 2.0), (5, 2.0))
TITLES = ("1 shot, equal shares", "5 shots, equal shares", "1 shot, Dirichlet(2)", "5 shots, Dirichlet(2)")
PAIRS = (
    ("K-means", "nearest prototype"), ("SLK-means", "K-means"), ("SLK-means, hard", "K-means"),
    ("SLK-means, hard", "SLK-means"), ("SLK-means", "label spreading"), ("K-means", "LaplacianShot"),
    ("K-modes", "K-means"), ("SLK-modes", "SLK-means"), ("SLK-means", "TIM"), ("SLK-means", "PT-MAP"),
)  # fmt: skip
SURE = 3.1 / 1.96  # half-widths of a one-sided interval at 99.9 %
INPUTS: dict[str, dict[str, Any]] = {"quick": {"tasks": 600, "slow": 80}, "full": {"tasks": 10_000, "slow": 2000}}


@functools.cache
def compute_accuracy(profile: str) -> dict[str, np.ndarray]:
    """Right labels (settings, methods, tasks); all methods see the same tasks, slow ones the first of them only."""
    points, correct = load_digits_features(), np.full((len(SETTINGS), len(NAMES), INPUTS[profile]["tasks"]), np.nan)
    for number, (shot, law) in enumerate(SETTINGS):
        for slow in (False, True):
            methods = {name: METHODS[name] for name in NAMES if (name in SLOW) == slow}
            options = {"n_tasks": INPUTS[profile]["slow" if slow else "tasks"], "shot": shot, "proportions": law}
            found = evaluate(points, methods=methods, rng=stream(SEED, number), **options).correct
            for name, row in zip(methods, found, strict=True):
                correct[number, NAMES.index(name), : len(row)] = row
    return {"correct": correct}


def summary(values: np.ndarray) -> tuple[float, float]:
    """Mean over the tasks that a method saw, and half of its 95 % interval."""
    seen = values[~np.isnan(values)]
    return float(seen.mean()), float(theory.half_width(seen))


def difference(correct: np.ndarray, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the paired differences in every setting, and half of its 95 % interval."""
    paired = correct[:, NAMES.index(first)] - correct[:, NAMES.index(second)]
    mean, half = np.array([summary(row) for row in paired]).T
    return mean, half


def accuracy_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins in shares of the queries; comparisons are one-sided at 99.9 %."""
    correct = arrays["correct"]

    def better(first: str, second: str, settings: tuple[int, ...]) -> tuple[bool, float]:
        value, half = difference(correct, first, second)
        return below(0.0, (value - SURE * half)[list(settings)])

    mean = np.nanmean(correct, axis=2)
    drop = dict(zip(NAMES, (mean[:2] - mean[2:]).T, strict=True))
    return {
        "K-means with one shot is better than the nearest prototype": better("K-means", "nearest prototype", (0, 2)),
        "with equal shares SLK-means is better than K-means": better("SLK-means", "K-means", (0, 1)),
        "with hard means and T = 1 SLK-means is better than K-means in all four settings": better(
            "SLK-means, hard", "K-means", (0, 1, 2, 3)
        ),
        "with equal shares and one shot soft means at T = 0.3 are better than hard ones": better(
            "SLK-means", "SLK-means, hard", (0,)
        ),
        "with unequal shares and one shot SLK-means with soft means is worse even than K-means": better(
            "K-means", "SLK-means", (2,)
        ),
        "with unequal shares and one shot label spreading, which moves no prototypes, beats hard means": better(
            "label spreading", "SLK-means, hard", (2,)
        ),
        "with five shots and equal shares K-means is no better than LaplacianShot, unlike in the papers": below(
            difference(correct, "K-means", "LaplacianShot")[0][1], 0.0
        ),
        "unequal shares cost TIM and PT-MAP more than 10 points": below(
            0.1, np.concatenate([drop["TIM"], drop["PT-MAP"]])
        ),
    }


def accuracy_beside(arrays: Any) -> list[Beside]:
    """Paired differences under hard means at T = 1, in points, classes of equal shares."""
    known = published("transductive_clustering")["digits"]
    pairs = {
        "K-means - nearest prototype": ("K-means", "nearest prototype"),
        "K-modes - K-means": ("K-modes", "K-means"),
        "SLK-means - K-means": ("SLK-means, hard", "K-means"),
    }
    ours = np.array([difference(100 * arrays["correct"], *pair)[0][:2] for pair in pairs.values()])
    theirs = [[known["paired"][f"{shot}-shot"][name] for shot in (1, 5)] for name in pairs]
    names = [f"paired difference in points, {name}, {shot}-shot" for name in pairs for shot in (1, 5)]
    source = f"{known['source']}; {known['paired']['tasks']} tasks there, other ones here"
    return beside(names, theirs, ours, source)


def draw_accuracy(arrays: Any) -> matplotlib.figure.Figure:
    """Means of the methods on the left, paired differences on the right."""
    import matplotlib.pyplot as plt

    correct = 100 * arrays["correct"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.8), layout="constrained")
    for number, title in enumerate(TITLES):
        options = {"color": COLORS[number], "marker": MARKERS[number], "markersize": 5, "linestyle": "", "capsize": 2}
        off = 0.15 * (number - 1.5)
        mean, half = np.array([summary(row) for row in correct[number]]).T
        left.errorbar(mean, np.arange(len(NAMES)) + off, xerr=half, label=title, **options)
        pairs = [difference(correct, *pair) for pair in PAIRS]
        middle, spread = np.array([[value[number], half[number]] for value, half in pairs]).T
        right.errorbar(middle, np.arange(len(PAIRS)) + off, xerr=spread, **options)
    left.set_yticks(range(len(NAMES)), NAMES)
    right.set_yticks(range(len(PAIRS)), [f"{a}\nless {b}" for a, b in PAIRS], fontsize=8)
    right.axvline(0, color="gray", linewidth=0.8)
    for axis, count in ((left, len(NAMES)), (right, len(PAIRS))):
        axis.invert_yaxis()
        for row in range(count - 1):
            axis.axhline(row + 0.5, color="gray", linewidth=0.3)
    left.set(xlabel="right labels, %")
    right.set(xlabel="paired difference, points")
    figure.legend(*left.get_legend_handles_labels(), ncols=4, loc="outside lower center")
    headline(
        figure,
        f"{correct.shape[2]} tasks of five digits, the first {(~np.isnan(correct[0, -1])).sum()} for modes, TIM and "
        "PT-MAP; 75 queries, raw pixels; 95 % intervals. TIM and PT-MAP are told that shares are equal",
    )
    return figure


ACCURACY = Figure(
    name="accuracy",
    title="All methods on tasks of digits, with paired differences.",
    compute=compute_accuracy,
    claims=accuracy_claims,
    draw=draw_accuracy,
    beside=accuracy_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_features",),
)

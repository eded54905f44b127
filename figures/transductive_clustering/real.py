"""Real tasks: sentences through a small language model, and larger digits; with sentences that a person can judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, MARKERS, below, stream
from figures.transductive_clustering._tasks import METHODS, SLOW
from figures.transductive_clustering.accuracy import SURE, difference, summary
from lrtheory._data.sentences import SENTENCES
from lrtheory.transductive_clustering import evaluate, few_shot, load_mnist_5k, load_sentences, make_episodes

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 7
NAMES = list(METHODS)
TOPICS = list(SENTENCES)
SETTINGS: dict[str, dict[str, Any]] = {
    "sentences, 4 ways, 1 shot": {"way": 4, "shot": 1, "query": 8},
    "sentences, 8 ways, 1 shot": {"way": 8, "shot": 1, "query": 8},
    "MNIST, 5 ways, 1 shot": {"way": 5, "shot": 1},
    "MNIST, 5 ways, 5 shots": {"way": 5, "shot": 5},
}
LINES = 6  # sentences that are shown
INPUTS: dict[str, dict[str, Any]] = {"quick": {"tasks": 100, "slow": 24}, "full": {"tasks": 2000, "slow": 500}}


def compute_real(profile: str) -> dict[str, np.ndarray]:
    """Right labels (settings, methods, tasks), NaN where a slow method was left out, and one task in words."""
    correct = np.full((len(SETTINGS), len(NAMES), INPUTS[profile]["tasks"]), np.nan)
    loaded = {"sentences": load_sentences(), "MNIST": load_mnist_5k()}
    for number, (title, size) in enumerate(SETTINGS.items()):
        for slow in (False, True):
            methods = {name: METHODS[name] for name in NAMES if (name in SLOW) == slow}
            n_tasks, points = INPUTS[profile]["slow" if slow else "tasks"], loaded[title.partition(",")[0]]
            found = evaluate(points, n_tasks=n_tasks, methods=methods, rng=stream(SEED, number), **size).correct
            for name, row in zip(methods, found, strict=True):
                correct[number, NAMES.index(name), : len(row)] = row
    return {"correct": correct} | in_words(loaded["sentences"])


def in_words(points: Any) -> dict[str, np.ndarray]:
    """Pick from twenty tasks the one on which the nearest prototype and SLK-means disagree most often."""
    batch = make_episodes(points, n_tasks=20, rng=stream(SEED, 9), **SETTINGS["sentences, 4 ways, 1 shot"])
    given = {"base_mean": batch.base_mean}
    answers = [
        few_shot(batch.support, batch.support_labels, batch.query, method=method, **given).labels
        for method in ("nearest", "slk")
    ]
    task = int((answers[0] != answers[1]).sum(axis=1).argmax())
    rows = {row.tobytes(): text for row, text in zip(points.features, points.labels, strict=True)}
    shown = np.flatnonzero(answers[0][task] != answers[1][task])[:LINES]
    labels = [batch.query_labels[task], *(found[task] for found in answers)]
    return {
        "labeled": np.array([rows[row.tobytes()] for row in batch.support[task]]),
        "labels": batch.support_labels[task],
        "queries": np.array([rows[row.tobytes()] for row in batch.query[task][shown]]),
        "answers": np.stack([found[shown] for found in labels]),
    }


def real_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins in shares of the queries; comparisons are one-sided at 99.9 %."""
    correct = arrays["correct"]

    def better(first: str, second: str, settings: tuple[int, ...]) -> tuple[bool, float]:
        value, half = difference(correct, first, second)
        return below(0.0, (value - SURE * half)[list(settings)])

    truth, nearest, slk = arrays["answers"]
    return {
        "SLK-means is better than the nearest prototype everywhere": better(
            "SLK-means", "nearest prototype", (0, 1, 2, 3)
        ),
        "SLK-means is better than K-means everywhere": better("SLK-means", "K-means", (0, 1, 2, 3)),
        "on sentences soft means are better than hard ones": better("SLK-means", "SLK-means, hard", (0, 1)),
        "where topics are equally frequent PT-MAP, which is told so, is better on sentences": better(
            "PT-MAP", "SLK-means", (0, 1)
        ),
        "LaplacianShot is within 5 points of SLK-means on sentences and MNIST": below(
            difference(correct, "SLK-means", "LaplacianShot")[0], 0.05
        ),
        "of the sentences that are shown SLK-means labels more rightly": below(
            float((nearest == truth).mean()), float((slk == truth).mean())
        ),
    }


def draw_real(arrays: Any) -> matplotlib.figure.Figure:
    """Accuracies on the left, sentences on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(2, 1, figsize=(9.2, 9), height_ratios=(1, 1.15), layout="constrained")
    for number, title in enumerate(SETTINGS):
        mean, half = 100 * np.array([summary(row) for row in arrays["correct"][number]]).T
        options = {"color": COLORS[number], "marker": MARKERS[number], "markersize": 5, "linestyle": "", "capsize": 2}
        left.errorbar(mean, np.arange(len(NAMES)) + 0.15 * (number - 1.5), xerr=half, label=title, **options)
    left.set_yticks(range(len(NAMES)), NAMES)
    left.invert_yaxis()
    for row in range(len(NAMES) - 1):
        left.axhline(row + 0.5, color="gray", linewidth=0.3)
    left.set(xlabel="right labels, %; equal shares, 95 % intervals")
    figure.legend(*left.get_legend_handles_labels(), ncols=4, loc="outside upper center")
    draw_words(right, arrays)
    return figure


def draw_words(axis: Any, arrays: Any) -> None:
    """The labeled sentences, and queries on which the answers differ, with what each method says."""
    axis.axis("off")
    lines = [("one labeled sentence a topic", "black", "bold")]
    for text, label in zip(arrays["labeled"].tolist(), arrays["labels"].tolist(), strict=True):
        lines.append((f"{TOPICS[label]}:  {text}", "black", "normal"))
    lines += [
        ("", "black", "normal"),
        ("queries on which the methods differ, in the task of twenty with most", "black", "bold"),
    ]
    for text, (truth, nearest, slk) in zip(arrays["queries"].tolist(), arrays["answers"].T.tolist(), strict=True):
        lines.append((text, "black", "normal"))
        marks = ["right" if answer == truth else "wrong" for answer in (nearest, slk)]
        answers = f"      nearest: {TOPICS[nearest]} ({marks[0]});  SLK-means: {TOPICS[slk]} ({marks[1]})"
        lines.append((answers, COLORS[0] if marks[1] == "right" else COLORS[1], "normal"))
    for row, (text, color, weight) in enumerate(lines):
        axis.text(0, 1 - row / len(lines), text, color=color, weight=weight, fontsize=9, va="top")


REAL = Figure(
    name="real-tasks",
    title="Tasks of sentences and of larger digits.",
    compute=compute_real,
    claims=real_claims,
    draw=draw_real,
    seed=SEED,
    inputs=INPUTS,
    data=("sentences", "mnist_5k"),
)

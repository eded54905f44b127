"""Accuracies of a network on five tasks with permuted pixels, by the directions that are protected, and by Adam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import below, beside, headline
from lrtheory._data.network import Network
from lrtheory.continual_learning.loaders import load_permuted_digits
from lrtheory.continual_learning.metrics import average_accuracy, backward_transfer
from lrtheory.continual_learning.tasks.learners import NetworkLearner, Protection, Training, accuracies
from lrtheory.continual_learning.tasks.optimizer import OPTIMIZERS

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("continual_learning")["permuted digits"]
HIDDEN, EPOCHS = (100, 100), 8
#: optimizer and protection of each run
RUNS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "none": ("momentum", None),
    "input": ("momentum", {"keep_energy": 0.95}),
    "output": ("momentum", {"keep_energy": 0.98, "rows": "gradients", "side": "output", "projected": "gradients"}),
    "adam gradient": ("adam", {"keep_energy": 0.95, "projected": "gradients"}),
    "adam update": ("adam", {"keep_energy": 0.95}),
}
TITLES = {
    "none": "nothing is protected",
    "input": "inputs of layers",
    "output": "outputs' gradients",
    "adam gradient": "inputs; gradients\nprojected, then Adam",
    "adam update": "inputs; Adam, then\nupdates projected",
}
INPUTS: dict[str, dict[str, Any]] = {"quick": {"seeds": 1}, "full": {"seeds": 5}}


def table(run: str, seed: int) -> np.ndarray:
    """Accuracies, (tasks, tasks), after each task in a row."""
    optimizer, protection = RUNS[run]
    problem = load_permuted_digits(rng=seed)
    start, order = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    network = Network((problem.n_features, *HIDDEN, problem.n_classes), start, np.dtype(np.float64))
    training = Training(optimizer, OPTIMIZERS[optimizer], EPOCHS)
    guarded = None if protection is None else Protection(**protection)
    learner = NetworkLearner(network, training, order, guarded)
    tests = [(np.asarray(task.X_test), np.asarray(task.y_test)) for task in problem.tasks]
    rows = []
    for task in problem.tasks:
        learner.learn(np.asarray(task.X), np.asarray(task.y))
        rows.append(accuracies(learner, tests))
    return np.array(rows)


def compute_permuted_digits(profile: str) -> dict[str, np.ndarray]:
    """Accuracies, (runs, seeds, tasks, tasks), and their two metrics, (runs, seeds)."""
    seeds = INPUTS[profile]["seeds"]
    tables = each(table, [(run, seed) for run in RUNS for seed in range(seeds)])
    metrics = {"final": average_accuracy, "transfer": backward_transfer}
    measured = {name: np.reshape([metric(one) for one in tables], (-1, seeds)) for name, metric in metrics.items()}
    return {"accuracy": np.reshape(tables, (len(RUNS), seeds, *tables[0].shape)), **measured}


def summary(arrays: Any) -> tuple[dict[str, float], dict[str, float]]:
    """Mean final accuracy and mean backward transfer of each run."""
    final, transfer = (arrays[name].mean(axis=1).tolist() for name in ("final", "transfer"))
    return dict(zip(RUNS, final, strict=True)), dict(zip(RUNS, transfer, strict=True))


def permuted_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of images."""
    last, moved = summary(arrays)
    return {
        "protecting the inputs of layers saves 0.3 of the accuracy": below(0.3, last["input"] - last["none"]),
        "protecting the output side of layers saves at most 0.2 of the accuracy": below(
            last["output"] - last["none"], 0.2
        ),
        "Adam forgets less where its updates are projected, not its gradients": below(
            moved["adam gradient"], moved["adam update"]
        ),
    }


def permuted_beside(arrays: Any) -> list[Beside]:
    """Final accuracies and backward transfer."""
    last, moved = summary(arrays)
    rows = []
    for word, published_, ours in (("accuracy", KNOWN["accuracy"], last), ("transfer", KNOWN["transfer"], moved)):
        rows += beside([f"{word}, {run}" for run in KNOWN["runs"]], published_, list(ours.values()), KNOWN["source"])
    return rows


def draw_permuted_digits(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the accuracy tables, a panel a run."""
    import matplotlib.pyplot as plt

    last, moved = summary(arrays)
    figure, axes = plt.subplots(1, len(RUNS), figsize=(9.2, 2.9), sharey=True, layout="constrained")
    tables = arrays["accuracy"].mean(axis=1)
    ticks = np.arange(tables.shape[-1])
    for axis, run, table in zip(axes, RUNS, tables, strict=True):
        image = axis.imshow(np.where(np.tri(len(ticks), dtype=bool), table, np.nan), cmap="cividis", vmin=0, vmax=1)
        axis.set(title=TITLES[run], xticks=ticks, xticklabels=ticks + 1, yticks=ticks, yticklabels=ticks + 1)
        axis.set_xlabel(f"accuracy {last[run]:.2f},\ntransfer {moved[run]:+.2f}")
    axes[0].set_ylabel("tasks learned")
    figure.colorbar(image, ax=axes, label="accuracy", shrink=0.8)
    headline(
        figure,
        "Digits with permuted pixels, five tasks: accuracy on each task (column) after each task (row). What is "
        "protected decides, and whether Adam can leave it",
    )
    return figure


PERMUTED_DIGITS = Figure(
    name="permuted-digits",
    title="Accuracies of a network on five tasks in turn, by what is protected and how.",
    compute=compute_permuted_digits,
    claims=permuted_claims,
    draw=draw_permuted_digits,
    beside=permuted_beside,
    inputs=INPUTS,
    data=("permuted_digits",),
)

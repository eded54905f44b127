"""The effect of lambda, of the temperature and of the number of neighbors on tasks of digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, stream
from figures.transductive_clustering._tasks import digits_tasks
from lrtheory.transductive_clustering import EpisodeBatch, Turns, few_shot, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 5
SHOTS = (1, 5)
#: the four variants of the papers, and soft means at the temperature of the defaults
VARIANTS: dict[str, dict[str, Any]] = {
    "hard means, $T$ = 1": {"turns": Turns(hard=True), "temperature": 1.0},
    "hard modes, $T$ = 1": {"turns": Turns(hard=True), "temperature": 1.0, "prototype": "mode"},
    "soft means, $T$ = 1": {"temperature": 1.0},
    "soft means, $T$ = 0.3": {"temperature": 0.3},
}
LAMS = np.array([0.0, 0.1, 0.3, 0.7, 1.0, 1.5, 3.0])  # in units of T
TEMPERATURES = np.array([0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
NEIGHBORS = np.array([1, 2, 3, 4, 6, 8, 12])
KNOWN = published("transductive_clustering")["temperature"]
GRAPH = published("transductive_clustering")["graph_and_temperature"]
INPUTS: dict[str, dict[str, Any]] = {"quick": {"tasks": 250, "modes": 25}, "full": {"tasks": 3000, "modes": 500}}


def right(batch: EpisodeBatch, n_tasks: int, **options: Any) -> tuple[float, float, float]:
    """Share of right labels in percent, half of its 95 % interval, and in how many tasks steps were damped."""
    part = slice(n_tasks)
    given = batch.support[part], batch.support_labels[part], batch.query[part]
    found = few_shot(*given, base_mean=batch.base_mean[part], **options)
    share = 100 * (found.labels == batch.query_labels[part]).mean(axis=1)
    return float(share.mean()), float(theory.half_width(share)), float((found.damping < 1).mean())


def compute_sensitivity(profile: str) -> dict[str, np.ndarray]:
    """Accuracy, half-width and share of damped tasks along each axis; the first axis is the number of shots."""
    n_tasks, few = INPUTS[profile]["tasks"], INPUTS[profile]["modes"]
    by_lam, by_temperature, by_neighbors = [], [], []
    for shot in SHOTS:
        batch = digits_tasks(n_tasks, stream(SEED, shot), shot=shot)
        by_lam.append(
            [
                [
                    right(batch, few if "prototype" in rule else n_tasks, lam=lam * rule["temperature"], **rule)
                    for lam in LAMS.tolist()
                ]
                for rule in VARIANTS.values()
            ]
        )
        by_temperature.append([right(batch, n_tasks, lam=0.7 * T, temperature=T) for T in TEMPERATURES.tolist()])
        by_neighbors.append(
            [[right(batch, n_tasks, n_neighbors=k, lam=c * 0.3) for k in NEIGHBORS.tolist()] for c in (0.7, 1.4)]
        )
    return {"lam": np.array(by_lam), "temperature": np.array(by_temperature), "neighbors": np.array(by_neighbors)}


def sensitivity_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins in points."""
    lam, temperature = arrays["lam"][..., 0], arrays["temperature"]
    known = np.array([KNOWN[f"{shot}-shot"] for shot in SHOTS])
    where = np.isin(TEMPERATURES, KNOWN["temperature"])
    at = LAMS.tolist().index
    return {
        "a graph adds more than half a point to hard means, for every lambda from 0.7 to 1.5": below(
            lam[:, 0, :1] + 0.5, lam[:, 0, at(0.7) : at(3.0)]
        ),
        "soft means at T = 1 without a graph fall more than 4 points behind hard ones with one shot": below(
            lam[0, 2, 0] + 4, np.abs(lam[0, 0, 0])
        ),
        "at T = 0.3 soft means are within a point of hard ones, or better, for lambda from 0.7 T on": below(
            lam[:, 0, at(0.7) :] - 1, lam[:, 3, at(0.7) :]
        ),
        "accuracies by temperature are those of independent code within two half-widths and half a point": below(
            np.abs(temperature[:, where, 0] - known), 2 * temperature[:, where, 1] + 0.5
        ),
        "with one shot T = 0.3 is better than T = 0.01 and than T = 3": below(
            temperature[0, [1, -1], 0], temperature[0, TEMPERATURES.tolist().index(0.3), 0]
        ),
        "one to four neighbors are within two points of each other": below(
            np.ptp(arrays["neighbors"][:, 0, : NEIGHBORS.tolist().index(6), 0], axis=1), 2.0
        ),
        "up to lambda = 0.7 T no step was damped": below(arrays["lam"][:, :, : at(1.0), 2], 0.005),
    }


def sensitivity_beside(arrays: Any) -> list[Beside]:
    """Accuracies by the temperature, and by lambda for hard prototypes."""
    names = [f"right labels in %, {shot}-shot, T = {T:g}" for shot in SHOTS for T in KNOWN["temperature"]]
    ours = arrays["temperature"][:, np.isin(TEMPERATURES, KNOWN["temperature"]), 0]
    rows = beside(names, [KNOWN[f"{shot}-shot"] for shot in SHOTS], ours, f"{KNOWN['source']}; here other tasks")
    for v, rule in enumerate(VARIANTS):
        for b, shot in enumerate(SHOTS if rule in GRAPH else ()):
            what = f"right labels in %, {shot}-shot, {rule.replace('$', '')}"
            names = [f"{what}, lambda = {lam:g}" for lam in GRAPH["lam"]]
            ours = arrays["lam"][b, v, np.isin(LAMS, GRAPH["lam"]), 0]
            rows += beside(names, GRAPH[rule][f"{shot}-shot"], ours, f"{GRAPH['source']}; here other, fewer tasks")
    return rows


def draw_sensitivity(arrays: Any) -> matplotlib.figure.Figure:
    """A column an option, a row a number of shots."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(9.2, 6.4), sharey="row", layout="constrained")
    for b, shot in enumerate(SHOTS):
        left, middle, end = axes[b]
        for number, (name, lines) in enumerate(zip(VARIANTS, arrays["lam"][b], strict=True)):
            if "modes" in name:  # too few tasks for bars that would not hide the others
                left.plot(
                    LAMS, lines[:, 0], "--", marker=MARKERS[number], color=COLORS[number], markersize=4, label=name
                )
            else:
                draw(left, LAMS, lines, number, name)
        draw(middle, TEMPERATURES, arrays["temperature"][b], 3, r"soft means, $\lambda = 0.7\,T$")
        middle.plot(
            KNOWN["temperature"],
            KNOWN[f"{shot}-shot"],
            "*",
            color="white",
            markersize=11,
            mec="black",
            mew=0.7,
            zorder=5,
        )
        for number, c in ((3, 0.7), (5, 1.4)):
            draw(end, NEIGHBORS, arrays["neighbors"][b, int(number == 5)], number, rf"$\lambda = {c}\,T$, $T$ = 0.3")
        left.set(ylabel=f"{shot} shot{'s' * b}: right labels, %")
        middle.set(xscale="log")
        end.set_xticks(NEIGHBORS)
    axes[1, 1].plot([], [], "*", color="white", markersize=11, mec="black", mew=0.7, label="independent code")
    for axis, label in zip(axes[1], (r"$\lambda / T$", "$T$", "neighbors"), strict=True):
        axis.set(xlabel=label)
        axis.legend(loc="lower right" if axis is not axes[1, 2] else "upper right")
    headline(figure, "Tasks of five digits: what the options do; 95 % intervals, modes on fewer tasks")
    return figure


def draw(axis: Any, x: np.ndarray, lines: np.ndarray, number: int, label: str) -> None:
    """One line with its half-widths."""
    options: dict[str, Any] = {"color": COLORS[number], "marker": MARKERS[number], "linestyle": LINES[number % 4]}
    axis.errorbar(x, lines[:, 0], yerr=lines[:, 1], label=label, markersize=4, capsize=2, **options)


SENSITIVITY = Figure(
    name="sensitivity",
    title="Accuracy against lambda, the temperature and the number of neighbors.",
    compute=compute_sensitivity,
    claims=sensitivity_claims,
    draw=draw_sensitivity,
    beside=sensitivity_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_features",),
)

"""Clusters that a person can look at: shapes in the plane, and digits with their prototypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside, stream
from lrtheory.transductive_clustering import baselines, cluster, few_shot, load_digits_features

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 8
KNOWN = published("transductive_clustering")["clusters"]["accuracy"]
KINDS = ("K-means", "SLK-means", "SLK-modes", "spectral")
SHAPES = ("uneven", "moons")
COLUMNS = {"uneven": ("K-means", "SLK-means", "SLK, Gaussians"), "moons": ("K-means", "SLK-means", "label spreading")}
#: on digits of length 1: temperature, and lambda for means and modes
T, LAM_MEANS, LAM_MODES = 0.1, 0.07, 0.03
INPUTS: dict[str, dict[str, Any]] = {"quick": {"starts": 4}, "full": {"starts": 40}}


def uneven(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A wide Gaussian and two narrow ones beside it, which have few points."""
    truth = np.where(np.arange(n) < 3, np.arange(n), rng.choice(3, size=n, p=(0.7, 0.15, 0.15)))
    centers, spreads = np.array([[0.0, 0.0], [4.5, 1.0], [2.0, -4.0]]), np.array([1.6, 0.35, 0.35])
    return centers[truth] + spreads[truth][:, None] * rng.normal(size=(n, 2)), truth


def moons(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles that reach into each other."""
    angle, truth = np.pi * rng.random(n), np.arange(n) % 2
    x = np.where(truth, 1 - np.cos(angle), np.cos(angle))
    y = np.where(truth, 0.5 - np.sin(angle), np.sin(angle))
    return np.stack([x, y], axis=1) + 0.07 * rng.normal(size=(n, 2)), truth


def classes_of(labels: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The class that is matched with each cluster, one to one, so that most labels are right."""
    table = np.zeros((truth.max() + 1, truth.max() + 1))
    np.add.at(table, (labels, truth), 1)
    return linear_sum_assignment(-table)[1]


def in_the_plane(shape: str) -> dict[str, np.ndarray]:
    """One labeled point a cluster, and the labels that three methods give the others."""
    X, truth = {"uneven": uneven, "moons": moons}[shape](450, stream(SEED, SHAPES.index(shape)))
    K = int(truth.max()) + 1
    clamp = np.full(len(X), -1)
    clamp[:K] = truth[:K]  # the first points are one of each
    options = {"clamp": clamp, "n_neighbors": 6, "rng": 0, "temperature": 0.3}
    labels = [cluster(X, K, lam=lam, **options).labels for lam in (0.0, 1.2)]
    if shape == "uneven":
        labels.append(cluster(X, K, lam=0.3, prototype="gaussian", **options).labels)
    else:
        plain = {"normalize": None, "query_shift": False, "temperature": 0.02, "tol": 1e-8, "max_iter": 2000}
        spread = few_shot(X[:K], truth[:K], X[K:], method="label-spreading", **plain).labels
        labels.append(np.concatenate([truth[:K], spread]))
    return {f"{shape}_X": X, f"{shape}_truth": truth, f"{shape}_labels": np.array(labels)}


def compute_shapes(profile: str) -> dict[str, np.ndarray]:
    """Shapes, accuracies on digits from the same starts, (kinds, starts), and prototypes of the first start."""
    digits = load_digits_features()
    X = digits.features / np.linalg.norm(digits.features, axis=1, keepdims=True)
    accuracy, images = np.zeros((len(KINDS), INPUTS[profile]["starts"])), []
    for start in range(accuracy.shape[1]):
        runs = [
            baselines.lloyd(X, 10, rng=start),
            cluster(X, 10, lam=LAM_MEANS, temperature=T, rng=start),
            cluster(X, 10, prototype="mode", lam=LAM_MODES, temperature=T, rng=start),
            baselines.spectral(X, 10, rng=start),
        ]
        found = [(classes_of(run.labels, digits.truth)[run.labels] == digits.truth).mean() for run in runs]
        accuracy[:, start] = found
        if start == 0:
            medoids = cluster(X, 10, prototype="medoid", lam=LAM_MEANS, temperature=T, rng=start)
            for run in (runs[0], runs[1], runs[2], medoids):
                images.append(run.prototypes[np.argsort(classes_of(run.labels, digits.truth))])
    return {"accuracy": accuracy, "images": np.array(images)} | in_the_plane("uneven") | in_the_plane("moons")


def right(arrays: Any, shape: str) -> np.ndarray:
    """The share of right labels of the three methods."""
    return (arrays[f"{shape}_labels"] == arrays[f"{shape}_truth"]).mean(axis=1)


def shapes_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins in shares of the points."""
    mean = dict(zip(KINDS, arrays["accuracy"].mean(axis=1), strict=True))
    flat, curved = right(arrays, "uneven"), right(arrays, "moons")
    known = np.array([KNOWN[kind] for kind in KINDS])
    return {
        "in the plane the graph repairs some of what means get wrong": below(
            np.array([flat[0], curved[0]]) + 0.005, np.array([flat[1], curved[1]])
        ),
        "in the plane what the graph leaves wrong needs other prototypes, or none": below(
            np.array([flat[1], curved[1]]) + 0.05, np.array([flat[2], curved[2]])
        ),
        "on digits the graph adds more than 3 points to K-means, from the same starts": below(
            mean["K-means"] + 0.03, np.array([mean["SLK-means"], mean["SLK-modes"]])
        ),
        "on digits spectral clustering of the graph is better than SLK-means and SLK-modes": below(
            np.array([mean["SLK-means"], mean["SLK-modes"]]) + 0.03, mean["spectral"]
        ),
        "means over few starts are within 0.08 of those of independent code": below(
            np.abs(np.array(list(mean.values())) - known), 0.08
        ),
        "every prototype is an image: no gray value is negative": below(-1e-9, arrays["images"]),
    }


def shapes_beside(arrays: Any) -> list[Beside]:
    """Shares of digits with the right label."""
    source = published("transductive_clustering")["clusters"]
    differences = f"here lambda = {LAM_MEANS:g} for means and {LAM_MODES:g} for modes, T = {T:g}, other starts"
    names = [f"digits with the right label, {kind}" for kind in KINDS]
    known = [KNOWN[kind] for kind in KINDS]
    return beside(
        names, known, arrays["accuracy"].mean(axis=1), f"{source['source']}; {source['setting']}; {differences}"
    )


def draw_shapes(arrays: Any) -> matplotlib.figure.Figure:
    """The plane on the left, digits on the right."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(9.2, 8.6), layout="constrained")
    left, right_side = figure.subfigures(2, 1, height_ratios=(1.3, 1))
    axes = left.subplots(2, 3, height_ratios=(1, 0.65))
    for row, shape in enumerate(SHAPES):
        for column, name in enumerate(COLUMNS[shape]):
            draw_points(axes[row, column], arrays, shape, column)
            axes[row, column].set_title(f"{name}: {100 * right(arrays, shape)[column]:.1f} % right")
    left.suptitle("one labeled point a cluster (stars); wrong labels are crosses")
    top, bottom = right_side.subfigures(1, 2, width_ratios=(1.4, 1))
    draw_images(top, arrays["images"])
    axis = bottom.subplots()
    for number, kind in enumerate(KINDS):
        values = arrays["accuracy"][number]
        axis.plot(values, np.full(len(values), number), MARKERS[number], color=COLORS[number], fillstyle="none")
        axis.plot(values.mean(), number, "|", color=COLORS[number], markersize=16, mew=2)
        options = {"color": "white", "markersize": 11, "mec": "black", "mew": 0.7, "zorder": 5}
        axis.plot(KNOWN[kind], number, "*", label="independent code, lambda chosen" if number == 0 else None, **options)
    axis.set_yticks(range(len(KINDS)), KINDS)
    axis.invert_yaxis()
    axis.set(xlabel="digits with the right label after\nmatching; starts, their mean (bar)")
    axis.legend(loc="lower left")
    return figure


def draw_points(axis: Any, arrays: Any, shape: str, column: int) -> None:
    """Points by label, those that are wrong as crosses, those that were given as stars."""
    X, truth, labels = arrays[f"{shape}_X"], arrays[f"{shape}_truth"], arrays[f"{shape}_labels"][column]
    K = int(truth.max()) + 1
    for c in range(K):
        for wrong, marker in ((False, "."), (True, "x")):
            some = (labels == c) & ((labels != truth) == wrong)
            axis.plot(*X[some].T, marker, color=COLORS[c], markersize=4)
        axis.plot(*X[c], "*", color=COLORS[c], markersize=13, mec="black", mew=0.8)
    axis.set(xticks=[], yticks=[], aspect="equal")


def draw_images(part: Any, images: np.ndarray) -> None:
    """Ten prototypes of each kind."""
    axes = part.subplots(len(images), 10)
    names = ("K-means", "SLK-means", "SLK-modes", "SLK-medoids")
    for (row, column), axis in np.ndenumerate(axes):
        axis.imshow(images[row, column].reshape(8, 8), cmap="gray_r")
        axis.set(xticks=[], yticks=[])
        if row == 0:
            axis.set_title(str(column))
    for row, name in enumerate(names):
        axes[row, 0].set_ylabel(name, fontsize=8, rotation=0, ha="right", va="center")
    part.suptitle("prototypes of ten clusters of digits, \nunder the digit that each is matched with")


SHAPES_FIGURE = Figure(
    name="shapes",
    title="Clusters in the plane, and prototypes of digits.",
    compute=compute_shapes,
    claims=shapes_claims,
    draw=draw_shapes,
    beside=shapes_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_features",),
)

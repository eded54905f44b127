"""Published accuracies beside ours: on the same digits by independent code, and on other data by the papers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, MARKERS, below, beside, headline, stream
from figures.transductive_clustering import accuracy
from figures.transductive_clustering._tasks import METHODS, clamped_labels, digits_tasks, features
from figures.transductive_clustering.energies import graphs
from lrtheory.transductive_clustering import bound_update, evaluate, load_digits_features

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 4
KNOWN = published("transductive_clustering")
SAME = KNOWN["digits"]
SHOTS = (1, 5)
LAWS: dict[str, float | None] = {"balanced": None, "unbalanced": 2.0}
#: hard means and T = 1, as the independent code has them
HARD = METHODS["SLK-means, hard"]
CONVENTIONS: dict[str, dict[str, Any]] = {
    "nearest prototype": METHODS["nearest prototype"],
    "K-means": METHODS["K-means"],
    "SLK-means": HARD,
    "K-modes": METHODS["K-modes"],
    "SLK-modes": HARD | {"prototype": "mode"},
}
SMOOTHED = "LaplacianShot"  # there with the support in the graph
FEW = ("K-modes", "SLK-modes", SMOOTHED)  # slower, so on fewer tasks
ORDER = [*CONVENTIONS, SMOOTHED]
DATA = ("mini-ImageNet", "tiered-ImageNet", "CUB", "mini-ImageNet, easyfsl")
ROWS = ("BD-CSPN", "LaplacianShot", "K-means", "K-modes", "SLK-means", "SLK-modes", "TIM", "PT-MAP")
INPUTS: dict[str, dict[str, Any]] = {"quick": {"tasks": 600, "few": 80}, "full": {"tasks": 5000, "few": 1000}}


def with_support(n_tasks: int, shot: int, law: float | None, rng: np.random.Generator) -> np.ndarray:
    """Fixed prototypes and a graph on support and queries, the support clamped: right labels per task."""
    batch = digits_tasks(n_tasks, rng, shot=shot, proportions=law)
    X, costs = features(batch)
    options = {"lam": 0.7, "tol": 1e-6, "max_iter": 20}
    found = bound_update(costs, graphs(X)["symmetric"], clamp=clamped_labels(batch), **options).labels
    labels = np.take_along_axis(batch.support_labels[:, ::shot], found[:, batch.support.shape[1] :], axis=1)
    return (labels == batch.query_labels).mean(axis=1)


def compute_papers(profile: str) -> dict[str, np.ndarray]:
    """Ours under the conventions of the independent code, (laws, shots, methods, 2), and with our defaults."""
    settings, points = INPUTS[profile], load_digits_features()
    same = np.zeros((len(LAWS), len(SHOTS), len(ORDER), 2))
    for (a, law), (b, shot) in ((x, y) for x in enumerate(LAWS.values()) for y in enumerate(SHOTS)):
        for m, name in enumerate(ORDER):
            rng = stream(SEED, a, b)
            n_tasks = settings["few" if name in FEW else "tasks"]
            if name == SMOOTHED:
                same[a, b, m] = accuracy.summary(100 * with_support(n_tasks, shot, law, rng))
                continue
            options: dict[str, Any] = {"shot": shot, "proportions": law, "methods": {name: CONVENTIONS[name]}}
            same[a, b, m] = accuracy.summary(100 * evaluate(points, n_tasks=n_tasks, rng=rng, **options).correct[0])
    correct = 100 * accuracy.compute_accuracy(profile)["correct"]  # its first two settings are one and five shots
    gains = [accuracy.difference(correct, name, "nearest prototype") for name in ROWS]
    ours = np.array(gains).transpose(2, 0, 1)[: len(SHOTS)]
    return {"same": same, "known": known_digits(), "ours": ours, "papers": gains_of_papers()}


def known_digits() -> np.ndarray:
    """The numbers of the independent code, as `same`."""
    found = np.zeros((len(LAWS), len(SHOTS), len(ORDER), 2))
    for a, law in enumerate(LAWS):
        for m, name in enumerate(ORDER):
            found[a, :, m, 0] = SAME[law]["accuracy"][name]
            found[a, :, m, 1] = SAME[law]["half_width"]
    return found


def gains_of_papers() -> np.ndarray:
    """Return printed gains over the nearest prototype in points, (data, shots, methods); NaN where none is printed."""
    gains = np.full((len(DATA), len(SHOTS), len(ROWS)), np.nan)
    for d, name in enumerate(DATA):
        table = KNOWN["reported"].get(name, KNOWN["second_run"])["accuracy"]
        more = KNOWN["higher"].get(name, {})
        table = table | ({"TIM": more["TIM-GD"]} if "TIM-GD" in more else {})
        for r, row in enumerate(ROWS):
            if row in table:
                gains[d, :, r] = np.array(table[row]) - table["nearest prototype"]
    return gains


def papers_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins in points."""
    same, known = arrays["same"], arrays["known"]
    spread = np.hypot(same[..., 1], known[..., 1])
    gain, paper = arrays["ours"][..., 0], arrays["papers"]
    at = ROWS.index
    printed = ~np.isnan(np.append(paper[:, 0], gain[:1]))
    return {
        "all 24 accuracies are within 2.5 half-widths of those of independent code, by its conventions": below(
            np.abs(same - known)[..., 0], 2.5 * spread
        ),
        "with one shot, K-means adds more than 5 points to the nearest prototype, here as in the papers": below(
            5.0, np.append(paper[:3, 0, at("K-means")], gain[0, at("K-means")])
        ),
        "with five shots every gain is smaller than with one, here as in the papers": below(
            np.append(paper[:, 1], gain[1:])[printed], np.append(paper[:, 0], gain[:1])[printed]
        ),
        "with five shots the graph adds less than a point to K-means in the papers, here more": below(
            1.0, np.append(2 - (paper[:3, 1, at("SLK-means")] - paper[:3, 1, at("K-means")]), graph_gain(gain[1]))
        ),
    }


def papers_beside(arrays: Any) -> list[Beside]:
    """Accuracies on the same digits, and gains over the nearest prototype on other data."""
    names = [f"right labels in %, {law}, {shot}-shot, {name}" for law in LAWS for shot in SHOTS for name in ORDER]
    rows = beside(names, arrays["known"][..., 0], arrays["same"][..., 0], f"{SAME['source']}; {SAME['setting']}")
    for data, gains in zip(DATA, arrays["papers"], strict=True):
        table = KNOWN["reported"].get(data, KNOWN["second_run"])
        differences = "; ".join(KNOWN["reported"]["differences"])
        source = f"{data}, {table['network']}: {table.get('source', KNOWN['reported']['source'])}; here: {differences}"
        source += f"; TIM: {KNOWN['higher']['source']}" if data in KNOWN["higher"] else ""
        what = [f"points above the nearest prototype, {data}, {shot}-shot, {row}" for shot in SHOTS for row in ROWS]
        rows += beside(what, gains, arrays["ours"][..., 0], source)
    return rows


def graph_gain(gain: np.ndarray) -> float:
    """Return the gain of the graph over K-means, in the unit of `gain`."""
    return float(gain[ROWS.index("SLK-means")] - gain[ROWS.index("K-means")])


def draw_papers(arrays: Any) -> matplotlib.figure.Figure:
    """Agreement on the left, gains over the nearest prototype on the right."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9.2, 4.8), width_ratios=(1, 1, 1), layout="constrained")
    left = axes[0]
    for number, (a, b) in enumerate(np.ndindex(len(LAWS), len(SHOTS))):
        (x, xerr), (y, yerr) = arrays["known"][a, b].T, arrays["same"][a, b].T
        options = {"color": COLORS[number], "marker": MARKERS[number], "markersize": 4, "linestyle": "", "capsize": 2}
        left.errorbar(x, y, yerr, xerr, label=f"{list(LAWS)[a]}, {SHOTS[b]} shot{'s' * b}", **options)
    ends = [70, 95]
    left.plot(ends, ends, color="gray", linewidth=0.8)
    left.set(xlabel="independent code, %", ylabel="ours, %")
    left.set_title("the same digits and conventions:\nhard means, $T$ = 1, $\\lambda$ = 0.7")
    left.legend()
    for axis, b in zip(axes[1:], range(2), strict=True):
        draw_gains(axis, arrays, b)
    axes[1].set_yticks(range(len(ROWS)), ROWS)
    axes[2].set_yticks(range(len(ROWS)), [""] * len(ROWS))
    figure.legend(*axes[2].get_legend_handles_labels(), ncols=5, loc="outside lower right")
    headline(
        figure,
        "Papers: networks on natural images, base means of training images, lambda from validation classes, 10,000 "
        "tasks.\nHere: raw pixels of digits, means of five other classes, default lambda, soft means at $T$ = 0.3, "
        "symmetric graph, held support",
    )
    return figure


def draw_gains(axis: Any, arrays: Any, b: int) -> None:
    """Draw the gain of each method, for one number of shots."""
    for number, name in enumerate(DATA):
        y = np.arange(len(ROWS)) + 0.12 * (number - 2.2)
        axis.plot(arrays["papers"][number, b], y, MARKERS[number], color=COLORS[number], markersize=5, label=name)
    gain, half = arrays["ours"][b].T
    y = np.arange(len(ROWS)) + 0.28
    axis.errorbar(gain, y, xerr=half, color="black", marker="*", linestyle="", capsize=2, label="digits, ours")
    axis.axvline(0, color="gray", linewidth=0.8)
    for row in range(len(ROWS) - 1):
        axis.axhline(row + 0.5, color="gray", linewidth=0.3)
    axis.invert_yaxis()
    axis.set(xlabel="points above the nearest prototype", xlim=(-2.5, 13.5))
    axis.set_title(f"{SHOTS[b]} shot{'s' * b}: gains over the\nnearest prototype, printed and ours")


PAPERS = Figure(
    name="papers",
    title="Published accuracies beside ours, on the same digits and on the data of the papers.",
    compute=compute_papers,
    claims=papers_claims,
    draw=draw_papers,
    beside=papers_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_features",),
)

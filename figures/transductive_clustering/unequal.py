"""Tasks that are not as methods expect: unequal shares of the classes, and other numbers of ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, headline, stream
from figures.transductive_clustering._tasks import METHODS, SLOW
from lrtheory.transductive_clustering import evaluate, load_digits_features

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 6
PRINTED = published("transductive_clustering")["unbalanced"]
KNOWN = PRINTED["drop"]
LAWS: tuple[float | None, ...] = (None, 8.0, 4.0, 2.0, 1.0, 0.5)
WAYS = np.array([2, 3, 4, 5, 6, 8, 10])
#: without the shift of the queries to the mean of the support, which takes shares to be equal
UNSHIFTED = "SLK-means, hard,\nqueries not moved"
NAMES = [
    "nearest prototype",
    "LaplacianShot",
    "label spreading",
    "K-means",
    "SLK-means",
    "SLK-means, hard",
    "TIM",
    "PT-MAP",
]
LINES = [*NAMES[:6], UNSHIFTED, *NAMES[6:]]
INPUTS: dict[str, dict[str, Any]] = {"quick": {"tasks": 250, "slow": 50}, "full": {"tasks": 3000, "slow": 1000}}


def rules(**more: Any) -> dict[str, dict[str, Any]]:
    """The methods that are drawn, with more options."""
    named = {name: METHODS[name] for name in NAMES}
    named[UNSHIFTED] = METHODS["SLK-means, hard"] | {"query_shift": False}
    return {name: named[name] | more for name in LINES}


def scores(profile: str, key: tuple[int, ...], law: float | None, way: int, centered: bool) -> np.ndarray:
    """Accuracy in percent and half of its 95 % interval, (methods, 2); `key` names the tasks."""
    # with ten ways no other class is left to center by, so where ways are compared all are centered by their own points
    methods, found = rules() if centered else rules(base_mean=None), {}
    for slow in (False, True):
        some = {name: options for name, options in methods.items() if (name in SLOW) == slow}
        size = {"n_tasks": INPUTS[profile]["slow" if slow else "tasks"], "way": way, "proportions": law}
        table = evaluate(load_digits_features(), methods=some, rng=stream(SEED, *key), **size)
        found |= dict(zip(some, zip(100 * table.accuracy, 100 * table.half_width, strict=True), strict=True))
    return np.array([found[name] for name in methods])


def compute_unequal(profile: str) -> dict[str, np.ndarray]:
    """Accuracies by the law of the shares, and by the number of ways, (laws or ways, methods, 2); one shot."""
    shares = each(scores, [(profile, (a,), law, 5, True) for a, law in enumerate(LAWS)])
    by_way = each(scores, [(profile, (9, way), None, way, False) for way in WAYS.tolist()])
    return {"shares": np.array(shares), "ways": np.array(by_way)}


def unequal_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins in points."""
    shares, ways = arrays["shares"][..., 0], arrays["ways"][..., 0]
    line = dict(zip(LINES, shares.T, strict=True))
    by_way = dict(zip(LINES, ways.T, strict=True))
    drop = {name: values[0] - values for name, values in line.items()}
    two = LAWS.index(2.0)
    return {
        "at Dirichlet(2) PT-MAP and TIM lose more than 10 points, label spreading less than 6": below(
            np.array([10.0, 10.0, drop["label spreading"][two]]), np.array([drop["PT-MAP"][two], drop["TIM"][two], 6.0])
        ),
        "PT-MAP and TIM lose more the less equal the shares are": below(
            np.diff([line["PT-MAP"][1:], line["TIM"][1:]], axis=1), 1.0
        ),
        "soft means lose more than hard ones at Dirichlet(2)": below(
            drop["SLK-means, hard"][two] + 2, drop["SLK-means"][two]
        ),
        "moving the queries helps where shares are equal and costs where they are far from it": below(
            np.array([line[UNSHIFTED][0], line["SLK-means, hard"][-1]]),
            np.array([line["SLK-means, hard"][0], line[UNSHIFTED][-1]]),
        ),
        "every method does worse with ten ways than with two": below(ways[-1], ways[0] - 10),
        "SLK-means stays above the nearest prototype from two ways to ten": below(
            by_way["nearest prototype"] + 3, by_way["SLK-means"]
        ),
    }


def unequal_beside(arrays: Any) -> list[Beside]:
    """Points lost to unequal shares."""
    drop = arrays["shares"][0, :, 0] - arrays["shares"][LAWS.index(2.0), :, 0]
    names = [name for name in LINES if name in KNOWN]
    source = f"{PRINTED['source']}; {PRINTED['network']}, here raw pixels of digits and our versions of the methods"
    what = [f"points lost at Dirichlet(2), 1-shot, {name}" for name in names]
    return beside(what, [KNOWN[name][0] for name in names], drop[[LINES.index(name) for name in names]], source)


def draw_unequal(arrays: Any) -> matplotlib.figure.Figure:
    """Shares on the left, what they cost beside the papers in the middle, ways on the right."""
    import matplotlib.pyplot as plt

    places = [["left", "end"], ["middle", "middle"]]
    figure, axes = plt.subplot_mosaic(places, figsize=(9.2, 7.4), layout="constrained")
    left, end, middle = (axes[place] for place in ("left", "end", "middle"))
    for number, name in enumerate(LINES):
        options = {
            "color": (*COLORS, "#882255")[number],
            "marker": (MARKERS + "<>")[number],
            "markersize": 4,
            "capsize": 2,
        }
        options |= {"linestyle": "--" if name in (*SLOW, UNSHIFTED) else "-", "label": name}
        for axis, x, lines in ((left, np.arange(len(LAWS)), arrays["shares"]), (end, WAYS, arrays["ways"])):
            axis.errorbar(x, lines[:, number, 0], yerr=lines[:, number, 1], **options)
    left.set_xticks(range(len(LAWS)), ["equal", *(f"{law:g}" for law in LAWS[1:])])
    left.set(
        xlabel="parameter of the Dirichlet law of the shares", ylabel="right labels, %", title="five ways, one shot"
    )
    end.set(xlabel="ways", ylabel="right labels, %", title="equal shares, one shot, centered by the task")
    two = LAWS.index(2.0)
    drop = arrays["shares"][0, :, 0] - arrays["shares"][two, :, 0]
    spread = np.hypot(arrays["shares"][0, :, 1], arrays["shares"][two, :, 1])
    y = np.arange(len(LINES))
    middle.errorbar(drop, y, xerr=spread, color="black", marker="o", linestyle="", capsize=2, label="digits, ours")
    known = [(KNOWN[name][0], row) for row, name in enumerate(LINES) if name in KNOWN]
    middle.plot(
        *zip(*known, strict=True), "*", color=COLORS[1], markersize=9, label="mini-ImageNet, ResNet-18, published"
    )
    middle.set_yticks(y, LINES, fontsize=8)
    middle.invert_yaxis()
    middle.axvline(0, color="gray", linewidth=0.8)
    middle.set(xlabel="points lost from equal shares to Dirichlet(2), one shot")
    middle.legend()
    figure.legend(*left.get_legend_handles_labels(), ncols=4, loc="outside lower center")
    headline(figure, "Tasks of digits: what unequal shares of the classes cost each method, and more ways")
    return figure


UNEQUAL = Figure(
    name="unequal",
    title="What unequal shares of the classes cost each method, and more ways.",
    compute=compute_unequal,
    claims=unequal_claims,
    draw=draw_unequal,
    beside=unequal_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_features",),
)

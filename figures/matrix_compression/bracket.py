"""The bracket while blocks stream in: a line, a tree of merges, Frequent Directions, and a direction that hides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, headline, log_axes, log_ticks, stream
from lrtheory.matrix_compression import StackSketch, baselines, make_hidden_direction

if TYPE_CHECKING:
    import matplotlib.figure

SEED, ROWS, COLUMNS, RANK, OVERSAMPLING, DIRECTIONS, LEAF = 3, 64, 4, 8, 8, 12, 16
KNOWN = published("matrix_compression")["hidden"]
KINDS = ("line", "tree", "fd")
LABELS = ("sketch, in a line (CM-3)", "sketch, in a tree (CM-7)", "Frequent Directions (CM-16)")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"blocks": 10_000, "noise": [0.1, 0.3, 1, 3], "sweep": 2000},
    "full": {"blocks": 10_000, "noise": [0.1, 0.2, 0.3, 0.5, 1, 2, 3], "sweep": 10_000},
}


def blocks_of(n_blocks: int, noise: float) -> Iterator[np.ndarray]:
    """Draw blocks of twelve directions of falling strength, with noise in all."""
    rng = stream(SEED)
    basis = np.linalg.qr(rng.normal(size=(ROWS, DIRECTIONS)))[0] * np.linspace(1, 0.3, DIRECTIONS)
    for _ in range(n_blocks):
        rest = rng.normal(size=(ROWS, COLUMNS)) / np.sqrt(ROWS)
        yield basis @ rng.normal(size=(DIRECTIONS, COLUMNS)) + noise * rest


def sketch_of(method: str) -> StackSketch:
    """Make an empty sketch that factors sixteen blocks at once."""
    return StackSketch(RANK, oversampling=OVERSAMPLING, method=method, buffer=LEAF * COLUMNS)  # type: ignore[arg-type]


def merged(trees: list[tuple[int, StackSketch]]) -> StackSketch:
    """Everything that trees have seen so far, in one sketch."""
    *others, whole = (tree.copy() for _, tree in trees)
    for earlier in others[::-1]:
        earlier.merge(whole)
        whole = earlier
    return whole


def streamed(n_blocks: int, noise: float, n_marks: int) -> np.ndarray:
    """Return best error, and lower and upper sides of the kinds, (marks, 1 + 2 kinds), at whole numbers of leaves."""
    marks = set(np.unique(np.geomspace(n_blocks // LEAF, 1, n_marks).astype(int)) * LEAF)
    gram, line, fd = sketch_of("gram"), sketch_of("sketch"), sketch_of("fd")
    trees: list[tuple[int, StackSketch]] = []  # leaves below, and their sketch
    leaf, rows = sketch_of("sketch"), []
    for k, block in enumerate(blocks_of(n_blocks, noise), 1):
        for one in (gram, line, fd, leaf):
            one.update(block)
        if k % LEAF == 0:
            tree, size = leaf, 1
            while trees and trees[-1][0] == size:  # two trees of one size become one
                earlier = trees.pop()[1]
                earlier.merge(tree)
                tree, size = earlier, 2 * size
            trees.append((size, tree))
            leaf = sketch_of("sketch")
        if k in marks:
            brackets = [one.interval() for one in (line, merged(trees), fd)]
            rows.append([k, gram.interval().upper, *(side for one in brackets for side in (one.lower, one.upper))])
    return np.array(rows)


def hidden(n: int) -> np.ndarray:
    """Return best error, both sides of the sketch and of Frequent Directions, and the published prediction, by step."""
    blocks = make_hidden_direction(n).blocks
    options: dict[str, Any] = {"oversampling": 0, "buffer": 1}
    sketches = [StackSketch(1, method="sketch", **options), StackSketch(1, method="fd", **options)]
    rows = []
    for k, block in enumerate(blocks, 1):
        for one in sketches:
            one.update(block)
        seen = np.concatenate(blocks[:k], axis=1)
        energies = np.linalg.svd(seen, compute_uv=False) ** 2
        best = np.sqrt(max(0.0, 1 - energies[0] / energies.sum()))
        sides = [side for one in sketches for side in (one.interval().lower, one.interval().upper)]
        rows.append([k, best, *sides, baselines.published_update(blocks[:k], 1, oversampling=0).upper])
    return np.array(rows)


def compute_bracket(profile: str) -> dict[str, np.ndarray]:
    """Brackets by step, at the end for several noises, and on the stream that hides a direction."""
    settings = INPUTS[profile]
    ends = each(streamed, [(settings["sweep"], noise, 1) for noise in settings["noise"]])
    [steps] = each(streamed, [(settings["blocks"], 1.0, 24)])
    return {
        "noise": np.array(settings["noise"], float),
        "steps": steps,
        "ends": np.array([rows[-1] for rows in ends]),
        "hidden": hidden(KNOWN["n"]),
    }


def widths(rows: np.ndarray) -> np.ndarray:
    """Return the widths of the brackets of the kinds."""
    return rows[:, 3::2] - rows[:, 2::2]


def bracket_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as differences of relative errors."""
    rows = np.concatenate([arrays["steps"], arrays["ends"]])
    last, wide, noise = arrays["hidden"][-1], widths(arrays["ends"]), arrays["noise"]
    return {
        "the best error lies in all three brackets at every step": below(
            np.maximum(rows[:, 2::2] - rows[:, 1:2], rows[:, 1:2] - rows[:, 3::2]), 1e-9
        ),
        "with noise of the size of the blocks or more the bracket of the tree is narrower than the line's": below(
            wide[noise >= 1, 1], wide[noise >= 1, 0]
        ),
        "with noise of 0.3 of the blocks the bracket of the line, which truncates less often, is narrower": below(
            wide[(noise > 0.2) & (noise < 0.4), 0], wide[(noise > 0.2) & (noise < 0.4), 1]
        ),
        "where a direction hides, the published prediction is five times the best error": below(5, last[6] / last[1]),
        "where a direction hides, the bracket of the sketch is wider than 0.8, and so tells of it": below(
            0.8, last[3] - last[2]
        ),
        "where a direction hides, Frequent Directions find it, with an upper side below 0.3": below(last[5], 0.3),
    }


def bracket_beside(arrays: Any) -> list[Beside]:
    """Errors at the end of the stream that hides a direction."""
    last = arrays["hidden"][-1]
    names = ["relative error that is predicted, hidden direction", "best relative error, hidden direction"]
    return beside(names, [KNOWN["predicted"], KNOWN["best"]], last[[6, 1]], KNOWN["source"])


def draw_bracket(arrays: Any) -> matplotlib.figure.Figure:
    """Draw both sides of brackets by step, widths by noise, and the hidden direction."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(9.2, 4.2), width_ratios=(1.25, 1, 1), layout="constrained"
    )
    steps = arrays["steps"]
    for i, label in enumerate(LABELS):
        left.plot(steps[:, 0], steps[:, 2 + 2 * i], color=COLORS[i], label=label)
        left.plot(steps[:, 0], steps[:, 3 + 2 * i], color=COLORS[i], linewidth=(2.6, 1.4, 1.4)[i])
        look = {"color": COLORS[i], "marker": MARKERS[i], "markersize": 4}
        middle.plot(arrays["ends"][:, 1], widths(arrays["ends"])[:, i], **look)
    left.plot(steps[:, 0], steps[:, 1], color="black", linewidth=1, label="best basis")
    log_ticks(left, [16, 160, 1600, 10_000])
    left.set(xlabel=f"blocks, {ROWS} x {COLUMNS}", ylabel="relative error at rank 8")
    left.set_title("both sides in one pass, noise 1")
    log_axes(middle, np.round(arrays["ends"][:, 1], 2))
    middle.set(xlabel="best relative error", ylabel="width of the bracket")
    middle.set_title(f"at the end, noise {arrays['noise'][0]:g} to {arrays['noise'][-1]:g}")
    hid = arrays["hidden"]
    for side, color in ((2, COLORS[0]), (3, COLORS[0]), (4, COLORS[2]), (5, COLORS[2])):
        right.plot(hid[:, 0], hid[:, side], color=color, linewidth=2)
    right.plot(hid[:, 0], hid[:, 6], color=COLORS[3], linestyle="--", label="predicted, published")
    right.plot(hid[:, 0], hid[:, 1], color="black", linewidth=1)
    right.set(xlabel="columns", ylabel="relative error at rank 1")
    right.set_title("$e_1$, then 0.9 $e_2$ again and again")
    handles, labels = left.get_legend_handles_labels()
    more, words = right.get_legend_handles_labels()
    figure.legend(handles + more, labels + words, ncols=3, loc="outside lower center")
    headline(
        figure,
        f"A basis of rank {RANK} in one pass, {RANK + OVERSAMPLING} columns kept. A tree is narrower where the error "
        "is large, and a line where it is small: neither is so everywhere",
    )
    return figure


BRACKET = Figure(
    name="bracket",
    title="The bracket around the best error while ten thousand blocks stream in.",
    compute=compute_bracket,
    claims=bracket_claims,
    draw=draw_bracket,
    beside=bracket_beside,
    seed=SEED,
    inputs=INPUTS,
)

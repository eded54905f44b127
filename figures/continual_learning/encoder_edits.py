"""Words that a small language model learns by edits of one map, and which of them it still knows at the end."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline
from lrtheory.continual_learning.baselines import fixed_covariance, hard_write, null_space
from lrtheory.continual_learning.edits.ridge_edit import ridge_edit
from lrtheory.continual_learning.loaders import EncoderEdits, load_encoder_edits

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("continual_learning")["encoder edits"]
METHODS = {
    "recursive ridge": ridge_edit,
    "fixed covariance": fixed_covariance,
    "hard write": hard_write,
    "null space": null_space,
}
#: squares of lambda and mu
WEIGHTS = {"ridge": 100.0, "anchor_weight": 9.0}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"after": [12, 24, 48]},
    "full": {"after": [4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48]},
}
#: edits that are shown together
GROUP = 6


@cache
def words() -> EncoderEdits:
    """The edits, loaded once for all figures."""
    return load_encoder_edits()


def known(method: str, after: int) -> tuple[np.ndarray, float]:
    """Return whether paraphrases are found, (edits, sentences), after the first edits alone, and the collateral."""
    problem = words()
    done = METHODS[method](problem.W0, problem.edits[:after], anchors=problem.anchors, layout=problem.layout, **WEIGHTS)
    score = problem.score(np.asarray(done.weights))
    return score.found[:, 3:], score.collateral


def compute_encoder_edits(profile: str) -> dict[str, np.ndarray]:
    """By method and number of edits: found paraphrases (methods, counts, edits, sentences), collateral."""
    counts = INPUTS[profile]["after"]
    told = [[known(method, after) for after in counts] for method in METHODS]
    return {
        "after": np.array(counts),
        "found": np.array([[one for one, _ in row] for row in told], float),
        "collateral": np.array([[moved for _, moved in row] for row in told]),
    }


def encoder_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of sentences, or of 1 - cosine."""
    last, moved = arrays["found"][:, -1], arrays["collateral"][:, -1]
    shares, first = last.mean(axis=(1, 2)), last[:, :12].mean(axis=(1, 2))
    return {
        "the recursion knows nine tenths of all words in sentences that were never taught": below(0.9, shares[0]),
        "every other method knows at most four tenths of all words in sentences that were never taught": below(
            shares[1:], 0.4
        ),
        "every other method knows at most three tenths of the first twelve words in the end": below(first[1:], 0.3),
        "the recursion still knows nine tenths of the first twelve words in the end": below(0.9, first[0]),
        "the recursion moves other sentences less than hard writes do": below(moved[0], moved[2]),
    }


def encoder_beside(arrays: Any) -> list[Beside]:
    """Shares of paraphrases that are found, and the collateral, of four methods."""
    shares, moved = arrays["found"][:, -1].mean(axis=(1, 2)), arrays["collateral"][:, -1]
    rows = []
    for what, word, ours in (("paraphrases found", "paraphrases", shares), ("1 - cosine", "collateral", moved)):
        names = [f"{what}, {name}" for name in KNOWN["methods"]]
        rows += beside(names, KNOWN[word], ours, KNOWN["source"])
    return rows


def draw_encoder_edits(arrays: Any) -> matplotlib.figure.Figure:
    """Draw what is left of each group of edits, and what the edits did to other sentences."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.8), layout="constrained", width_ratios=(3, 2))
    groups = arrays["found"][:, -1].reshape(len(METHODS), -1, GROUP * arrays["found"].shape[-1]).mean(axis=2)
    middle = GROUP * np.arange(groups.shape[1]) + (GROUP + 1) / 2
    for i, name in enumerate(METHODS):
        look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[i], "markersize": 5}
        left.plot(middle, groups[i], label=name, **look)
        so_far = [arrays["found"][i, j, :n].mean() for j, n in enumerate(arrays["after"].tolist())]
        right.plot(arrays["collateral"][i], so_far, **look)
    left.set(xlabel="number of the edit, six at a time", ylabel="found after all 48 edits", ylim=(-0.03, 1.05))
    left.legend(loc="center left")
    right.set(xlabel="1 - cosine of other sentences, mean", ylabel="found among the words so far", ylim=(-0.03, 1.05))
    headline(
        figure,
        "Forty-eight made-up words for a small language model: is the sentence with the word nearest to that with its "
        "meaning? Right: as more and more words are written",
    )
    return figure


ENCODER_EDITS = Figure(
    name="encoder-edits",
    title="Words that an encoder still knows after 48 edits, and how far other sentences moved, by method.",
    compute=compute_encoder_edits,
    claims=encoder_claims,
    draw=draw_encoder_edits,
    beside=encoder_beside,
    inputs=INPUTS,
    data=("encoder_edits",),
)

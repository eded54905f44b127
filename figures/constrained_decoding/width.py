"""A wider beam can be worse, and its certificate says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, between, headline, stream
from lrtheory.constrained_decoding import Table, TrieIndex, search

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
#: tokens, length and items of a random catalogue
V, L, N = 5, 4, 60
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"catalogues": 200, "widths": [1, 2, 3, 4, 6, 8, 12, 16]},
    "full": {"catalogues": 2_000, "widths": list(range(1, 17))},
}
#: the probabilities of the smallest example: two items behind 1, of which each prefix looks better than it is
TREE = {(): (0.6, 0.4), (0,): (0.3, 0.7), (1,): (0.5, 0.5), (0, 0): (1.0, 0.0), (1, 0): (0.1, 0.9), (1, 1): (0.1, 0.9)}


def tree() -> tuple[TrieIndex, Table]:
    """Three items of ST-3, for which the second width is the worst."""
    with np.errstate(divide="ignore"):
        rows = {prefix: np.log(values) for prefix, values in TREE.items()}
    return TrieIndex([[0, 0, 0], [1, 0, 0], [1, 1, 0]], 2), Table(rows)


def random_catalogue(rng: np.random.Generator) -> tuple[TrieIndex, Table]:
    """A catalogue of random items, and a model with a random row for each prefix."""
    rows = rng.integers(0, V, (N, L))
    index = TrieIndex(rows, V)
    inner = index.prefixes(np.arange(index.level_offsets[L]))
    return index, Table({tuple(prefix): np.log(rng.dirichlet(np.full(V, 0.5))) for prefix in inner})


def best_of(index: TrieIndex, model: Table, width: int) -> tuple[float, float]:
    """The probability of the best item that a beam finds, and how much larger another one could be, as logarithm."""
    found = search(index, model, 1, method="beam", width=width)
    return float(found.log_probs[0]), float(found.certificate.gap)


def compute_width(profile: str) -> dict[str, np.ndarray]:
    """By width: the best score on the tree, and over catalogues the shares that are best and that are certified."""
    settings = INPUTS[profile]
    widths = settings["widths"]
    small = [best_of(*tree(), width) for width in (1, 2, 3)]
    scores, gaps, optima = [], [], []
    for number in range(settings["catalogues"]):
        index, model = random_catalogue(stream(SEED, number))
        pairs = [best_of(index, model, width) for width in widths]
        scores.append([score for score, _ in pairs])
        gaps.append([gap for _, gap in pairs])
        optima.append(float(search(index, model, 1, method="best-first").log_probs[0]))
    return {
        "widths": np.array(widths),
        "tree": np.array(small),
        "scores": np.array(scores),
        "gaps": np.array(gaps),
        "optima": np.array(optima),
    }


def width_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as probabilities or shares."""
    scores, gaps, optima = arrays["scores"], arrays["gaps"], arrays["optima"]
    worse = np.any(np.diff(scores, axis=1) < -1e-12, axis=1)
    certified, missed = gaps <= 0, optima[:, None] - scores
    return {
        "on the tree width 2 finds a ninth of what width 1 finds": between(
            np.exp(arrays["tree"][1, 0] - arrays["tree"][0, 0]), 1 / 9 - 1e-9, 1 / 9 + 1e-9
        ),
        "on the tree the certificate of width 2 leaves a gap": below(0, arrays["tree"][1, 1]),
        "some random catalogue has a wider beam that is worse": below(0, worse.mean()),
        "every beam that is certified has found the best item": below(missed[certified], 1e-12),
        "no item is better than the score plus the gap of the certificate": below(missed - gaps, 1e-12),
        "the widest beam is certified more often than the narrowest": below(
            certified[:, 0].mean(), certified[:, -1].mean()
        ),
    }


def draw_width(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the tree's scores by width, and the shares of random catalogues."""
    import matplotlib.pyplot as plt

    figure, (small, many) = plt.subplots(1, 2, figsize=(8.6, 3.8), layout="constrained")
    score, gap = arrays["tree"].T
    small.plot((1, 2, 3), np.exp(score), color=COLORS[0], marker="o", linestyle="", label="the item that is found")
    small.plot(
        (1, 2, 3),
        np.exp(score + gap),
        color=COLORS[1],
        marker="_",
        markersize=18,
        linestyle="",
        label="certified: none is better",
    )
    small.set(
        xlabel="width of the beam", ylabel="probability", xticks=(1, 2, 3), ylim=(0, None), title="three items (ST-3)"
    )
    best = arrays["scores"] >= arrays["optima"][:, None] - 1e-12
    shown = (best, "best item found"), (arrays["gaps"] <= 0, "certified as best (ST-2)")
    for i, (values, label) in enumerate(shown):
        mean = values.mean(axis=0)
        error = 2 * np.sqrt(mean * (1 - mean) / len(values))
        look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[i], "markersize": 5, "capsize": 2}
        many.errorbar(arrays["widths"], mean, yerr=error, label=label, **look)
    many.set(
        xlabel="width of the beam", ylabel="share of catalogues", title=f"{len(best)} random catalogues of {N} rows"
    )
    for axis in (small, many):
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    headline(figure, "A wider beam can find less, and the certificate of the beam knows; bars are two standard errors")
    return figure


WIDTH = Figure(
    name="width",
    title="The best item that a beam finds, and what its certificate says, by the width of the beam.",
    compute=compute_width,
    claims=width_claims,
    draw=draw_width,
    seed=SEED,
    inputs=INPUTS,
)

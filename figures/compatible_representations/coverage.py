"""Failures of intervals of a mean gap, and of limits of a difference of hits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._style import COLORS
from figures._tools import LINES, MARKERS, below, headline, log_ticks, stream
from lrtheory.compatible_representations import compatibility_gap, simplex_prototypes
from lrtheory.compatible_representations.theory import difference_limits

if TYPE_CHECKING:
    import matplotlib.figure

SEED, K, QUERIES, DELTA = 0, 5, 60, 0.1
GALLERIES = (10, 50, 200, 1000)
NUMBERS = (50, 100, 200, 400)
#: probabilities of a won and of a lost query
LAWS = ((0.1, 0.1), (0.0, 0.02), (0.6, 0.4))
NORMAL = 1.6448536269514722  # beyond which a normal law has 5 % on each side
INPUTS: dict[str, dict[str, Any]] = {"quick": {"runs": 100}, "full": {"runs": 5_000}}


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of norm 1."""
    return rows / np.linalg.norm(rows, axis=1)[:, None]


def missed(n_items: int, runs: int) -> np.ndarray:
    """Shares of runs in which the interval by queries, and the normal one over all pairs, miss the true gap, 0.

    Both encoders see a query's class alike, each with noise of its own, and the gallery is fixed.
    """
    rng, W = stream(SEED, n_items), simplex_prototypes(K)
    noisy = lambda classes: unit(W[classes] + 0.8 * rng.normal(size=(len(classes), K - 1)))
    items = np.arange(n_items) % K
    gallery, found = noisy(items), np.zeros((runs, 2), bool)
    for run in range(runs):
        classes = rng.integers(0, K, size=QUERIES)
        new, old = noisy(classes), noisy(classes)
        gap = compatibility_gap(new, old, gallery, query_labels=classes, gallery_labels=items, delta=DELTA)
        low, high = gap.same_interval or (-2.0, 2.0)
        pairs = ((new - old) @ gallery.T)[np.equal.outer(classes, items)]
        half = NORMAL * pairs.std() / np.sqrt(len(pairs))
        found[run] = not low <= 0 <= high, abs(pairs.mean()) > half
    return found.mean(axis=0)


def exceeds(won: float, lost: float, n: int) -> float:
    """The exact probability that the lower limit exceeds the difference, by a sum over all counts."""
    from scipy import stats

    b, c = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    b, c = b[b + c <= n], c[b + c <= n]
    lower = np.asarray(difference_limits(b, c, n, delta=DELTA)[0])
    law = stats.multinomial.pmf(np.stack([b, c, n - b - c], axis=1), n, [won, lost, max(0.0, 1 - won - lost)])
    return float(law[lower > won - lost].sum())


def compute_coverage(profile: str) -> dict[str, np.ndarray]:
    """Shares that miss, (galleries, kinds), and exact probabilities, (laws, numbers of queries)."""
    runs = INPUTS[profile]["runs"]
    return {
        "gaps": np.array(each(missed, [(n, runs) for n in GALLERIES])),
        "hits": np.array([[exceeds(*law, n) for n in NUMBERS] for law in LAWS]),
    }


def coverage_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as probabilities."""
    by_queries, by_pairs = arrays["gaps"].T
    return {
        "intervals by queries miss no more often than they may": below(by_queries, DELTA),
        "intervals over pairs miss three times as often as they may, with 200 items or more": below(
            3 * DELTA, by_pairs[2:]
        ),
        "limits of a difference of hits miss less than half as often as they may": below(arrays["hits"], DELTA / 2),
    }


def draw_coverage(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the rates against the items of the gallery, and against the number of queries."""
    import matplotlib.pyplot as plt

    figure, (gaps, hits) = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained")
    for j, label in enumerate(("by queries", "by pairs")):
        gaps.plot(GALLERIES, arrays["gaps"][:, j], marker=MARKERS[j], color=COLORS[j], linestyle=LINES[j], label=label)
    for j, ((won, lost), row) in enumerate(zip(LAWS, arrays["hits"], strict=True)):
        hits.plot(NUMBERS, row, marker=MARKERS[j], color=COLORS[j], label=f"won {won:g}, lost {lost:g}")
    for axis, x in ((gaps, GALLERIES), (hits, NUMBERS)):
        axis.axhline(DELTA, color="gray", linestyle=":", label="allowed")
        log_ticks(axis, x)
        axis.set_ylim(bottom=0)
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    gaps.set(
        xlabel="items of the gallery", ylabel="share of intervals that miss", title=f"mean gap of {QUERIES} queries"
    )
    hits.set(xlabel="queries", ylabel="probability to miss", title="lower limit of won minus lost")
    headline(
        figure,
        f"Queries are independent, and pairs are not: with 1,000 items intervals over pairs miss in "
        f"{arrays['gaps'][-1, 1]:.0%} of the runs instead of {DELTA:.0%}",
    )
    return figure


COVERAGE = Figure(
    name="coverage",
    title="How often intervals of mean gaps and limits of differences of hits miss.",
    compute=compute_coverage,
    claims=coverage_claims,
    draw=draw_coverage,
    seed=SEED,
    inputs=INPUTS,
)

"""The tight instance: guesses get no more than one half of OPT from it, where greedy, at its price, gets more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, stream
from lrtheory.dynamic_submodular import DynamicSubmodular, make_tight, maximize, theory
from proofs_checks.dynamic_submodular.all_guesses.traps import tight_failure_probability

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 3
K, EPSILON = 3, 0.1
METHODS = {
    "eager": "all guesses",
    "lazy": "lazy pair of guesses",
    "batched": "lazy pair, batches",
    "sieve++": "sieve++, decoys first",
    "greedy": "greedy",
}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n_identical": 300, "n_decoys": [30_000, 3000, 300], "runs": [3, 15, 15]},
    "full": {"n_identical": 300, "n_decoys": [30_000, 3000, 300], "runs": [60, 200, 200]},
}


def once(method: str, n_identical: int, n_decoys: int, run: int) -> tuple[float, float]:
    """Return the ratio to OPT at the end, and queries per insertion."""
    order = "decoys-first" if method == "sieve++" else "random"
    rng = stream(SEED, n_decoys, run)
    given = make_tight(K, n_identical, n_decoys, order=order, rng=rng)  # type: ignore[arg-type]
    if method in ("sieve++", "greedy"):
        epsilon = EPSILON if method == "sieve++" else None
        found = maximize(given, method="lazy" if method == "greedy" else method, candidates=given.ops, epsilon=epsilon)  # type: ignore[arg-type]
        # greedy is asked after every insertion: each time about the marginals of this last call, of all present
        cost = found.counts["queries"] / 2 if method == "greedy" else found.counts["queries"] / len(given)
        return found.value / float(given.truth or math.nan), cost
    best = DynamicSubmodular(given, epsilon=EPSILON, method=method, rng=rng)  # type: ignore[arg-type]
    counts = best.update(given).counts
    return best.value / float(given.truth or math.nan), counts["queries"] / len(given)


def compute_tight(profile: str) -> dict[str, np.ndarray]:
    """Compute ratios and queries, (methods, decoys, runs), NaN after the last run, and the bound on an escape."""
    settings = INPUTS[profile]
    n_identical, decoys, runs = settings["n_identical"], settings["n_decoys"], settings["runs"]
    ratio, queries = np.full((2, len(METHODS), len(decoys), max(runs)), np.nan)
    for number, (place, count) in ((m, pair) for m in range(len(METHODS)) for pair in enumerate(runs)):
        for run in range(count if number < 3 else 1):  # the last two have no coins
            where = (number, place, run)
            ratio[where], queries[where] = once(list(METHODS)[number], n_identical, decoys[place], run)
    # guesses from the largest single value, about 1/2, to 1 fill with decoys; above, up to K, the bait passes
    n_low, n_high = (math.floor(math.log(ratio) / math.log1p(EPSILON)) + 1 for ratio in (2, K))
    escapes = [tight_failure_probability(K, n_identical, count, n_high, n_low) for count in decoys]
    return {
        "ratio": ratio, "queries": queries, "decoys": np.array(decoys), "runs": np.array(runs),
        "escape": np.minimum(1.0, np.array(escapes, dtype=float)), "identical": np.array(n_identical),
    }  # fmt: skip


def trapped_share(arrays: Any) -> np.ndarray:
    """Return the share of the runs of the maintained solutions that end at one half, (methods, decoys)."""
    return np.nansum(np.abs(arrays["ratio"][:3] - 0.5) < 0.002, axis=2) / arrays["runs"]


def tight_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure as booleans with margins."""
    ratio, runs, trapped = arrays["ratio"], arrays["runs"], trapped_share(arrays)
    escape = arrays["escape"][0]
    proved = 1 - escape - 3 * np.sqrt(escape * (1 - escape) / runs[0])
    greedy, pair = arrays["queries"][4, :, 0], np.nanmean(arrays["queries"][1], axis=-1)
    return {
        "no run is below what is proved, 1/2 up to epsilon": below(theory.table_ratio(EPSILON), np.nanmin(ratio[:2])),
        "with the most decoys more than 60 % of the runs end at one half": below(0.6, trapped[:2, 0]),
        "at least as many runs end at one half as the chance of an escape allows, up to three standard errors": below(
            proved, trapped[:2, 0]
        ),
        "with the fewest decoys four fifths of the runs of single samples escape": below(trapped[:2, -1], 0.2),
        "with decoys first sieve++ always ends at one half": below(np.abs(ratio[3, :, 0] - 0.5), 0.002),
        "greedy takes the bait, and then all blocks but one": below(
            np.abs(ratio[4, :, 0] - 0.5 - (K - 1) / (2 * K)), 0.002
        ),
        "with the most decoys greedy pays 500 times the queries of the lazy pair": below(500 * pair[0], greedy[0]),
    }


def tight_beside(arrays: Any) -> list[Beside]:
    """Return the shares of the runs that end at one half, and the ratio of sieve++, beside published numbers."""
    known = published("dynamic_submodular")["tight"]
    at = arrays["decoys"].tolist().index(known["n_decoys"])
    names = [f"share of runs that end at one half, {METHODS[name]}" for name in known["at_one_half"]]
    theirs = [count / known["runs"] for count in known["at_one_half"].values()]
    source = f"{known['source']}; here {int(arrays['runs'][at])} runs"
    rows = beside(names, theirs, trapped_share(arrays)[: len(theirs), at], source)
    return [*rows, Beside("value / OPT, sieve++", known["sieve++"], float(arrays["ratio"][3, at, 0]), known["source"])]


def draw_tight(arrays: Any) -> matplotlib.figure.Figure:
    """Draw shares of the ratios by the number of decoys, and ratio against queries."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(9.2, 3.9), layout="constrained", width_ratios=(1, 1, 1, 1.3))
    edges = np.linspace(0.475, 1.025, 23)
    for number, name in enumerate(list(METHODS.values())[:3]):
        for place, decoys in enumerate(arrays["decoys"].tolist()):
            runs = arrays["ratio"][number, place, : arrays["runs"][place]]
            share = np.histogram(runs, edges)[0] / len(runs)
            line = {"color": COLORS[place], "linestyle": LINES[place], "linewidth": 2.2 - 0.5 * place}
            label = f"{decoys:,} decoys, {len(runs)} runs"
            axes[number].step((edges[1:] + edges[:-1]) / 2, share, where="mid", label=label, **line)
        axes[number].axvline(0.5, color="gray", linestyle=":", linewidth=1)
        axes[number].set(xlabel="value / OPT", ylim=(0, 1.05))
        axes[number].set_title(name)
    axes[0].set_ylabel("share of the runs")
    figure.legend(*axes[2].get_legend_handles_labels(), ncols=3, loc="outside lower left")
    for number, name in enumerate(METHODS.values()):
        mean = [np.nanmean(arrays[key][number, 0]) for key in ("queries", "ratio")]
        axes[3].plot(*mean, MARKERS[number], color=COLORS[number], markersize=9, label=name)
    axes[3].axhline(0.5, color="gray", linestyle=":", linewidth=1)
    axes[3].set(xscale="log", xlabel="queries an insertion", ylim=(0.4, 1.05))
    axes[3].set_title(f"means, {int(arrays['decoys'][0]):,} decoys")
    axes[3].legend(loc="upper left")
    headline(
        figure,
        f"One half is tight: k = {K} blocks, {int(arrays['identical'])} copies of the bait, decoys that fill low "
        f"guesses; epsilon = {EPSILON}",
    )
    return figure


TIGHT = Figure(
    name="tight",
    title="On the tight instance maintained solutions end at one half of the optimum, and greedy does not.",
    compute=compute_tight,
    claims=tight_claims,
    draw=draw_tight,
    beside=tight_beside,
    seed=SEED,
    inputs=INPUTS,
)

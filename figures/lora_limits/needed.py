"""Degrees and features that a gradient needs when its entries grow, against the length from which they pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline, stream
from figures.lora_limits._dense import gradient, softmax, taylor_attention, uniform
from lrtheory.lora_limits import theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED, D, MOST = 1, 8, 40
KNOWN = published("lora_limits")["needed"]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n_tokens": [256, 512, 1024], "bounds": [0.25, 0.5, 1, 1.5, 2, 3, 4], "draws": 3},
    "full": {"n_tokens": [256, 512, 1024, 2048, 4096], "bounds": [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4],
             "draws": 5},
}  # fmt: skip


def needed(n_tokens: int, bound: float, draw: int) -> tuple[int, float, float]:
    """The least Taylor degree with a gradient within 1/L of its largest entry; the largest logit, and its bound."""
    x = uniform(n_tokens, D, bound, stream(SEED, n_tokens, draw))  # one draw is scaled along the bounds
    logits = x.logits
    right = gradient(softmax(logits), x)
    reach = np.abs(logits).max(), theory.logit_bound(x.queries, x.keys, beta=1.0)
    for degree, attention in enumerate(taylor_attention(logits, MOST), 1):
        if attention is not None and np.abs(gradient(attention, x) - right).max() * n_tokens <= np.abs(right).max():
            return degree, *reach
    raise RuntimeError(f"degree {MOST} is not enough for {n_tokens} tokens up to {bound}")


def compute_needed(profile: str) -> dict[str, np.ndarray]:
    """Degrees, largest logits and their bounds, (lengths, bounds, draws)."""
    settings = INPUTS[profile]
    sizes, bounds, draws = settings["n_tokens"], settings["bounds"], settings["draws"]
    runs = each(needed, [(n, b, i) for n in sizes for b in bounds for i in range(draws)])
    shape = (len(sizes), len(bounds), draws)
    degree, reach, proved = (np.reshape([run[i] for run in runs], shape).astype(float) for i in range(3))
    table = dict(zip(KNOWN["n_tokens"], KNOWN["degrees"], strict=True))
    rows = [dict(zip(KNOWN["bounds"], table.get(n, []), strict=False)) for n in sizes]
    return {
        "n_tokens": np.array(sizes),
        "bounds": np.array(bounds, float),
        "degree": degree,
        "logit": reach,
        "logit_bound": proved,
        "known": np.array([[row.get(b, np.nan) for b in bounds] for row in rows], float),
    }


def features(degrees: Any) -> np.ndarray:
    """Columns of the factors."""
    counts = [theory.n_features(D, max(0, round(g))) for g in np.ravel(degrees)]
    return np.array(counts, float).reshape(np.shape(degrees))


def wall(arrays: Any) -> np.ndarray:
    """Interpolate, for each length, the bound on entries at which features cost as much as the exact gradient."""
    places = []
    for n, degrees in zip(arrays["n_tokens"], np.median(arrays["degree"], axis=-1), strict=True):
        pays = [theory.break_even_length(D, int(k)) / n for k in features(degrees)]
        places.append(np.interp(0, np.log(pays), arrays["bounds"]))
    return np.array(places)


def needed_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return what the figure shows, as booleans with margins."""
    n, bounds, degree, known = (arrays[name] for name in ("n_tokens", "bounds", "degree", "known"))
    middle, there = np.median(degree, axis=-1), np.isfinite(known)
    columns = features(middle)
    return {
        "degrees never fall when one instance is scaled up": below(-0.5, np.diff(degree, axis=1)),
        "entries up to 1/2 need at most degree 3, 165 features": below(np.abs(middle[:, bounds <= 0.5]), 3.5),
        "entries up to 4 need more than a hundred thousand features": below(1e5, columns[:, bounds == 4]),
        "for entries up to 4 features outnumber tokens a hundred times": below(
            100 * n[:, None], columns[:, bounds == 4]
        ),
        "features cost as much as the exact gradient at a bound on entries between 0.5 and 1.5": below(
            np.abs(wall(arrays) - 1), 0.5
        ),
        "the bound on entries up to which features pay grows with the number of tokens": below(
            0.02, np.diff(wall(arrays)[[0, -1]])
        ),
        "the bound on logits in O(L d) is right, and at most twice the largest logit": below(
            np.abs(arrays["logit_bound"] / arrays["logit"] - 1.5), 0.5
        ),
        "degrees are within one of independent ones for entries up to 2, within two beyond": below(
            np.abs(middle - known)[there], np.broadcast_to(np.where(bounds > 2, 2.1, 1.1), there.shape)[there]
        ),
    }


def needed_beside(arrays: Any) -> list[Beside]:
    """Degrees at single points."""
    names = [f"degree, L = {n}, entries up to {b:g}" for n in arrays["n_tokens"] for b in arrays["bounds"]]
    return beside(names, arrays["known"], np.median(arrays["degree"], axis=-1), KNOWN["source"])


def draw_needed(arrays: Any) -> matplotlib.figure.Figure:
    """Degrees on the left, features and the lengths at which they pay on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.4), layout="constrained")
    bounds = arrays["bounds"]
    for i, n in enumerate(arrays["n_tokens"].tolist()):
        options = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[i % 4], "markersize": 4}
        middle = np.median(arrays["degree"][i], axis=-1)
        low, high = arrays["degree"][i].min(axis=-1), arrays["degree"][i].max(axis=-1)
        left.errorbar(bounds, middle, yerr=(middle - low, high - middle), capsize=2, label=f"L = {n:,}", **options)
        left.plot(bounds, arrays["known"][i], "*", color=COLORS[i], markersize=10, mec="black", mew=0.6, zorder=5)
        right.plot(bounds, features(middle), label=f"L = {n:,}", **options)
        even = n * 2 * D / (D + 1) ** 2
        right.axhline(even, color=COLORS[i], linestyle=":", linewidth=1.2)
    left.plot([], [], "*", color="white", markersize=10, mec="black", mew=0.6, label="independent numbers")
    right.plot([], [], ":", color="gray", label=r"as dear as exact: $2dL / (d+1)^2$")
    last = features(np.median(arrays["degree"][-1], axis=-1))
    literature = [theory.as23_rank(D, round(g)) for g in np.median(arrays["degree"][-1], axis=-1)]
    right.plot(bounds, literature, "--", color="black", linewidth=1, label="count of the literature")
    right.set(yscale="log", ylabel="features", ylim=(2e-3, 50 * last[-1]))
    left.set(ylabel="Taylor degree", yticks=range(0, 21, 4))
    for axis in (left, right):
        axis.set(xlabel=r"entries of queries and keys up to $\Gamma$")
        axis.legend(loc="upper left" if axis is left else "lower right")
    draws = arrays["degree"].shape[-1]
    headline(
        figure,
        f"What a gradient within 1/L of its largest entry needs: d = {D}, uniform entries, $\\beta$ = 1/d; median and "
        f"range of {draws} draws",
    )
    return figure


NEEDED = Figure(
    name="needed-features",
    title="Degrees and features that an accurate gradient needs as entries grow, and where they stop to pay.",
    compute=compute_needed,
    claims=needed_claims,
    draw=draw_needed,
    beside=needed_beside,
    seed=SEED,
    inputs=INPUTS,
)

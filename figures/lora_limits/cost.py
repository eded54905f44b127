"""The cost of a gradient as tokens become more: measured ratios of times, counted operations, and proved counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, between, headline, slope
from figures._tools import LINES as DASHES
from lrtheory.lora_limits import lora_gradients, make_uniform, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 3
KNOWN, SPEED = published("lora_limits")["slopes"], published("lora_limits")["speed"]
BOUND = 0.8
LINES = ((8, 2), (8, 3), (8, 4), (16, 2), (16, 3))  # d, degree
PROVED = (2, 4, 8)  # d
LENGTHS = tuple(2**k for k in range(8, 18))  # of the counts
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n_tokens": [512, 1024, 2048, 4096], "turns": 3},
    "full": {"n_tokens": [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536], "turns": 2},
}


def costs(d: int, degree: int, n_tokens: int, turns: int) -> np.ndarray:
    """CPU seconds of the exact and the low-rank gradient, and the relative error of the latter."""
    problem, found, seconds = make_uniform(n_tokens, d, bound=BOUND, rng=SEED), {}, np.full((turns + 1, 2), np.inf)
    for turn, i in np.ndindex(seconds.shape):  # the first turn compiles; the methods take turns, and the fastest counts
        start = time.process_time()
        if i:
            found[i] = lora_gradients(problem, adapt=("Q",), method="low-rank", degree=degree).W["Q"]
        else:
            found[i] = lora_gradients(problem, adapt=("Q",), method="tiled").W["Q"]
        seconds[turn, i] = time.process_time() - start
    return np.array([*seconds[1:].min(axis=0), np.abs(found[1] - found[0]).max() / np.abs(found[0]).max()])


def proved_flops(d: int, n_tokens: int) -> float:
    """Operations when entries are at most 1, beta = 1/d, and the degree is one that is proved to be right to 1 / L."""
    degree = theory.min_degree(KNOWN["bound"] ** 2, 1 / n_tokens, kind="certificate")
    return float(theory.flop_model(n_tokens, n_tokens, d, n_features=theory.n_features(d, degree)))


def compute_cost(profile: str) -> dict[str, np.ndarray]:
    """Seconds, (2, lines, lengths), errors and counts, (lines, lengths), and proved counts, (d, more lengths)."""
    sizes, turns = INPUTS[profile]["n_tokens"], INPUTS[profile]["turns"]
    runs = np.reshape(each(costs, [(*line, n, turns) for line in LINES for n in sizes]), (len(LINES), len(sizes), 3))
    known = [
        dict(zip(zip(SPEED["d"], SPEED["degree"], strict=True), SPEED["ratio"], strict=True)).get(line, np.nan)
        if n == SPEED["n_tokens"]
        else np.nan
        for line in LINES
        for n in sizes
    ]
    return {
        "n_tokens": np.array(sizes),
        "seconds": np.moveaxis(runs[..., :2], -1, 0),
        "error": runs[..., 2],
        "exact": np.array([[theory.flop_model(n, n, d) for n in sizes] for d, _ in LINES], float),
        "low_rank": np.array(
            [[theory.flop_model(n, n, d, n_features=theory.n_features(d, g)) for n in sizes] for d, g in LINES], float
        ),
        "proved": np.array([[proved_flops(d, n) for n in LENGTHS] for d in PROVED]),
        "known": np.reshape(known, (len(LINES), len(sizes))),
    }


def proved_slopes(arrays: Any) -> np.ndarray:
    """Exponents of the proved counts."""
    return np.array([slope(LENGTHS, line) for line in arrays["proved"]])


def break_even(arrays: Any) -> np.ndarray:
    """Lengths at which both take the same time; 0 where it is below the shortest, infinite where beyond the longest."""
    n, (exact, fast) = np.log(arrays["n_tokens"]), arrays["seconds"]
    with np.errstate(invalid="ignore"):
        lines = np.log(exact / fast)
    return np.array([np.exp(np.interp(0, line, n, left=-np.inf, right=np.inf)) for line in lines])


def length(value: float, arrays: Any) -> str:
    """Write a length at which both take the same time in words."""
    n = arrays["n_tokens"]
    if not np.isfinite(value):
        return f"beyond {n[-1]:,} tokens"
    return f"from about {float(f'{value:.1g}'):,.0f} tokens" if value else f"from fewer than {n[0]:,} tokens"


def cost_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return what the figure shows, as booleans with margins; of seconds, only ratios of the same run."""
    n, (exact, fast), error = arrays["n_tokens"], arrays["seconds"], arrays["error"]
    ratio, proved = exact / fast, proved_slopes(arrays)
    by_degree = {g: error[[i for i, (_, degree) in enumerate(LINES) if degree == g]] for g in (2, 3, 4)}
    even, counted = (
        break_even(arrays),
        np.array([theory.break_even_length(d, theory.n_features(d, g)) for d, g in LINES]),
    )
    inside = (even > 0) & np.isfinite(even)
    return {
        "gradients by degree 2, 3 and 4 are right within 2e-3, 1e-4 and 1e-5": below(
            [np.log10(by_degree[g]).max() for g in (2, 3, 4)], np.log10([2e-3, 1e-4, 1e-5])
        ),
        "operations of the exact gradient grow with the exponent 2": between(
            [slope(n, line) for line in arrays["exact"]], 1.999, 2.001
        ),
        "operations of a fixed degree grow with the exponent 1": between(
            [slope(n, line) for line in arrays["low_rank"]], 0.999, 1.001
        ),
        "operations for a proved accuracy of 1 / L grow with an exponent between 1.05 and 1.4": between(
            proved, 1.05, 1.4
        ),
        "the exponent for a proved accuracy of 1 / L is within 0.02 of independent numbers": below(
            np.abs(proved - KNOWN["slope"]), 0.02
        ),
        "from 1024 tokens on exact time over fast time grows with an exponent of at least two thirds": below(
            2 / 3, [slope(n[n >= 1024], line[n >= 1024]) for line in ratio]
        ),
        "degree 2 in 8 coordinates is three times as fast as exact at 4096 tokens": below(3, ratio[0, n == 4096]),
        "exact and fast gradients take equal times at a fifth to five times the counted length": between(
            (even / counted)[inside], 0.2, 5
        ),
    }


def cost_beside(arrays: Any) -> list[Beside]:
    """Exponents of counts, and ratios of times at one length."""
    rows = beside([f"exponent, d = {d}" for d in PROVED], KNOWN["slope"], proved_slopes(arrays), KNOWN["source"])
    names = [f"exact / low rank, d = {d}, degree {g}, {n} tokens" for d, g in LINES for n in arrays["n_tokens"]]
    return rows + beside(names, arrays["known"], arrays["seconds"][0] / arrays["seconds"][1], SPEED["source"])


def draw_cost(arrays: Any) -> matplotlib.figure.Figure:
    """Ratios of times; errors; counts at a proved accuracy."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9.2, 4.2), layout="constrained")
    n, ratio, even = arrays["n_tokens"], arrays["seconds"][0] / arrays["seconds"][1], break_even(arrays)
    for i, (d, g) in enumerate(LINES):
        line = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": DASHES[i % 4], "markersize": 4}
        label = f"d = {d}, degree {g}: pays {length(even[i], arrays)}"
        left.plot(n, ratio[i], label=label, **line)
        left.plot(n, arrays["known"][i], "*", color=COLORS[i], markersize=10, mec="black", mew=0.6)
        middle.plot(n, arrays["error"][i], **line)
    left.axhline(1, color="black", linewidth=1)
    left.set(ylabel="CPU time, exact / low rank, in this run")
    middle.set(ylabel="error of the gradient / its largest entry")
    slopes = proved_slopes(arrays)
    for i, d in enumerate(PROVED):
        label = f"low rank, d = {d}: slope {slopes[i]:.2f}"
        right.plot(LENGTHS, arrays["proved"][i], "-", marker=MARKERS[i], color=COLORS[i], markersize=4, label=label)
        right.plot(LENGTHS, [theory.flop_model(m, m, d) for m in LENGTHS], ":", color=COLORS[i])
    right.plot([], [], ":", color="gray", label="exact: slope 2")
    right.set(ylabel=r"operations, degree proved for 1/L, $\Gamma$ = 1")
    for axis, places in ((left, n[::2]), (middle, n[::2]), (right, LENGTHS[::3])):
        axis.set(xscale="log", yscale="log", xlabel="tokens L")
        axis.set_xticks(places, [f"{place:,}" for place in places])
        axis.xaxis.set_minor_formatter("")
    right.set_ylim(top=3000 * arrays["proved"].max())
    right.legend(loc="upper left")
    figure.legend(*left.get_legend_handles_labels(), ncols=2, loc="outside lower left", title="left and middle")
    stars = ". Stars: independent code in plain NumPy, another machine" if np.isfinite(arrays["known"]).any() else ""
    headline(figure, f"Exact and low-rank gradients, uniform entries up to {BOUND:g} (left, middle), one thread{stars}")
    return figure


COST = Figure(
    name="cost",
    title="From which length polynomials pay, and how the proved cost grows with the number of tokens.",
    compute=compute_cost,
    claims=cost_claims,
    draw=draw_cost,
    beside=cost_beside,
    seed=SEED,
    inputs=INPUTS,
)

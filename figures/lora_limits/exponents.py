"""The wall: which power of the number of tokens the rank of attention is, against the size of its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, headline
from figures.lora_limits._dense import softmax
from lrtheory.lora_limits import make_hypercube, theory

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("lora_limits")["exponents"]
ACCURACIES = (0.25, 0.5, 1.0)  # a: entries within L^(-1-a), so that an entry of the size 1 / L is within L^(-a)
BITS = (10, 20, 40, 80, 160, 320)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"c": [0.01, 0.02, 0.05, 0.1, 0.175, 0.25, 0.5, 1.0], "measured": [6, 8, 10]},
    "full": {"c": [0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.175, 0.25, 0.35, 0.5, 0.7, 1.0],
             "measured": [6, 8, 10, 12]},
}  # fmt: skip


def measured_rank(d: int, c: float) -> np.ndarray:
    """Measure the least ranks whose tails are at most L^(-2a), from singular values of the matrix: (accuracies,)."""
    cube = make_hypercube(d, float(np.sqrt(c * d * np.log(2))))
    matrix = softmax(cube.beta * cube.C1 @ cube.C2.T)
    assert np.allclose(matrix, matrix.T, rtol=1e-12, atol=0)  # queries are keys, and all rows have one sum
    squares = np.sort(np.linalg.eigvalsh(matrix) ** 2)[::-1]  # so these are the squares of the singular values
    tails = np.append(np.cumsum(squares[::-1])[::-1], 0.0)  # entry R: what a best approximation of rank R misses
    return np.array([int(np.argmax(tails <= 2.0 ** (-2 * a * d))) for a in ACCURACIES])


def bound(d: int, c: float) -> np.ndarray:
    """Compute the least ranks from the spectrum in closed form, as base-2 logarithms of integers beyond floats."""
    ranks = [theory.hypercube_rank_lower_bound(d, c, a) for a in ACCURACIES]
    return np.array([-np.inf if rank == 0 else float(np.log2(float(rank))) for rank in ranks])


def compute_exponents(profile: str) -> dict[str, np.ndarray]:
    """log_L of ranks, (accuracies, bits, c), those measured, (accuracies, measured, c), and limits, (accuracies, c)."""
    grid, sizes = INPUTS[profile]["c"], INPUTS[profile]["measured"]
    found = np.reshape(each(bound, [(d, c) for d in BITS for c in grid]), (len(BITS), len(grid), -1))
    seen = np.reshape(each(measured_rank, [(d, c) for d in sizes for c in grid]), (len(sizes), len(grid), -1))
    exact = [[[theory.hypercube_rank_lower_bound(d, c, a) for c in grid] for d in sizes] for a in ACCURACIES]
    return {
        "c": np.array(grid),
        "bits": np.array(BITS),
        "sizes": np.array(sizes),
        "exponent": np.maximum(np.moveaxis(found, -1, 0) / np.array(BITS)[:, None], 0),
        "measured": np.moveaxis(seen, -1, 0).astype(float),
        "exact": np.array(exact, float),
        "limit": np.array([[theory.rank_exponent_limit(c, a) for c in grid] for a in ACCURACIES]),
        "known": np.array([known_at(a, c) for a in ACCURACIES for c in grid]).reshape(3, len(grid), -1),
    }


def known_at(a: float, c: float) -> list[float]:
    """Recorded exponents of one line, and its limit; NaN where there are none."""
    nothing = [np.nan] * len(BITS)
    line = KNOWN[f"a={a:g}"].get(f"c={c:g}", nothing)
    return [*line, KNOWN["limit"][f"a={a:g}"].get(f"c={c:g}", np.nan)]


def exponents_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return what the figure shows, as booleans with margins."""
    c, exponent, limit = arrays["c"], arrays["exponent"], arrays["limit"]
    known = np.moveaxis(arrays["known"], -1, 1)
    ours = np.concatenate([exponent, limit[:, None]], axis=1)
    there = np.isfinite(known)
    at = int(np.argmin(np.abs(c - 0.05)))
    return {
        "ranks counted from singular values are those of the closed form, but for one": below(
            np.abs(arrays["measured"] - arrays["exact"]), 1.5
        ),
        "at a = 1/2 and Gamma^2 = 0.05 ln L attention needs a rank above L^0.59 from 2^80 tokens on": below(
            0.59, exponent[1, 3:, at]
        ),
        "at a = 1/2 and Gamma^2 = 0.05 ln L attention needs a rank above L^0.65 in the limit": below(
            0.65, limit[1, at]
        ),
        "the exponent in the limit grows with c, by 0.01 a step until it is 1": below(
            0.01, np.diff(limit[:, c <= 0.1], axis=1)
        ),
        "the exponent in the limit is below 0.4 at c = 0.01 and a = 1/4": below(
            np.abs(limit[0, np.isclose(c, 0.01)]), 0.4
        ),
        "exponents of 2^320 tokens are within 0.03 of the limit": below(np.abs(exponent[:, -1] - limit), 0.03),
        "exponents of finite numbers of tokens stay below the limit": below(exponent[:, 1:], limit[:, None] + 1e-9),
        "the exponents are within 0.012 of independent numbers": below(np.abs(known - ours)[there], 0.012),
    }


def exponents_beside(arrays: Any) -> list[Beside]:
    """Exponents of ranks and their limits."""
    known = np.moveaxis(arrays["known"], -1, 1)
    ours = np.concatenate([arrays["exponent"], arrays["limit"][:, None]], axis=1)
    sizes = [f"2^{d} tokens" for d in BITS] + ["in the limit"]
    names = [f"exponent, a = {a:g}, {n}, c = {c:g}" for a in ACCURACIES for n in sizes for c in arrays["c"].tolist()]
    return beside(names, known, ours, KNOWN["source"])


def draw_exponents(arrays: Any) -> matplotlib.figure.Figure:
    """Draw one panel per accuracy."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9.2, 4.3), sharey=True, layout="constrained")
    c = arrays["c"]
    for a, axis in enumerate(axes):
        for i, d in enumerate(arrays["bits"].tolist()):
            if d in (10, 20, 40, 80, 320):
                axis.plot(
                    c, arrays["exponent"][a, i], LINES[i % 4], color=COLORS[i], linewidth=1.3, label=f"$L = 2^{{{d}}}$"
                )
        axis.plot(c, arrays["limit"][a], "k--", linewidth=2, label="limit")
        for i, d in enumerate(arrays["sizes"].tolist()):
            with np.errstate(divide="ignore"):
                seen = np.log2(arrays["measured"][a, i]) / d
            axis.plot(c, np.maximum(seen, 0), MARKERS[i], mfc="none", color="gray", markersize=5,
                      label=f"$L = 2^{{{d}}}$, singular values")  # fmt: skip
        axis.set(xscale="log", xlabel=r"$c = \Gamma^2 / \ln L$", ylim=(-0.03, 1.04))
        axis.set_title(f"entries within $L^{{-1-a}}$, a = {ACCURACIES[a]:g}")
        axis.set_xticks([0.01, 0.03, 0.1, 0.3, 1], ["0.01", "0.03", "0.1", "0.3", "1"])
    axes[0].set(ylabel=r"$\log_L$ of the least rank")
    figure.legend(*axes[-1].get_legend_handles_labels(), ncols=5, loc="outside lower center")
    headline(
        figure,
        r"Attention of all sign vectors $\Gamma\,\{-1, 1\}^d$, $L = 2^d$ tokens, $\beta = 1/d$: for every fixed c a "
        "power of L, however small c is. This binds\nfactorizations of the matrix, not all algorithms: its gradient "
        r"takes $d^2 L \log L$ operations by transforms",
    )
    return figure


EXPONENTS = Figure(
    name="rank-exponents",
    title="The rank that attention needs is a power of the number of tokens once entries grow like sqrt(log L).",
    compute=compute_exponents,
    claims=exponents_claims,
    draw=draw_exponents,
    beside=exponents_beside,
    inputs=INPUTS,
)

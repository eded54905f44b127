"""Degrees of polynomials for exp on [-M, M]: four ways to choose one, and how well any can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, between, headline, slope
from lrtheory.lora_limits import exp_polynomial, theory

if TYPE_CHECKING:
    import matplotlib.figure

TABLE, BEST = published("lora_limits")["table"], published("lora_limits")["best_error"]
KINDS = ("certificate", "taylor", "chebyshev", "minimax")
LABELS = ("Taylor, by its closed bound", "Taylor", "Chebyshev, cut", "minimax")
ETAS = (1e-2, 1e-4, 1e-6)
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"M": [0.25, 0.5, 1, 2, 4, 8], "ends": [1, 4, 8, 16], "degrees": 24},
    "full": {"M": [0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8], "ends": [1, 4, 8, 16], "degrees": 48},
}


def least_degree(bound: float, eta: float, kind: str) -> int:
    """Return the least degree of each kind with a relative error of eta on [-M, M]."""
    if kind == "minimax":  # the first that reaches it, whatever later ones do
        return next(g for g in range(200) if exp_polynomial(bound, degree=g, kind=kind).error <= eta)
    return theory.min_degree(bound, eta, kind=kind)


def compute_degrees(profile: str) -> dict[str, np.ndarray]:
    """Degrees, (kinds, eta, M), and the two ends of the best absolute error, (M, degrees, 2)."""
    grid, reach, most = (INPUTS[profile][name] for name in ("M", "ends", "degrees"))
    shape = (len(KINDS), len(ETAS), len(grid))
    degrees = each(least_degree, [(grid[m], ETAS[e], KINDS[k]) for k, e, m in np.ndindex(shape)])
    ends = each(theory.chebyshev_bracket, [(g, M) for M in reach for g in range(most + 1)])
    known = np.full(shape, np.nan)
    for k, e, m in np.ndindex(shape):
        if grid[m] in TABLE["M"]:
            known[k, e, m] = TABLE[KINDS[k]][TABLE["M"].index(grid[m])][e]
    recorded = [theory.chebyshev_bracket(g, M) for M, g in zip(BEST["M"], BEST["degree"], strict=True)]
    return {
        "M": np.array(grid, float),
        "degree": np.reshape(degrees, shape).astype(float),
        "reach": np.array(reach),
        "ends": np.reshape(ends, (len(reach), most + 1, 2)),
        "known": known,
        "at_known": np.array(recorded),
        "best": np.array(BEST["best"]),
    }


def degrees_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return what the figure shows, as booleans with margins."""
    M, degree, known, ends = arrays["M"], arrays["degree"], arrays["known"], arrays["ends"]
    certificate, taylor, chebyshev, minimax = degree
    large = np.abs(M) >= 2
    there = np.isfinite(known)
    visible = ends[..., 0] > 1e-12  # below that a sum of Bessel functions has few digits to compare
    ratio = ends[..., 1][visible] / ends[..., 0][visible]
    widest = np.where(ends[..., 0] <= 1, ends[..., 1] / np.maximum(ends[..., 0], 1e-300), 1)[visible]
    return {
        "the closed bound asks for at most one degree more than Taylor needs": between(certificate - taylor, -0.5, 1.5),
        "minimax needs 0.3 to 0.75 of Taylor's degrees from M = 2 on": between((minimax / taylor)[:, large], 0.3, 0.75),
        "minimax never needs more degrees than the cut Chebyshev series": below(minimax, chebyshev + 0.5),
        "from M = 2 on Taylor's degrees grow with the power 0.6 to 1 of M": between(
            [slope(M[large], line[large]) for line in taylor], 0.6, 1.0
        ),
        "the ends of the best absolute error are in order": below(1, ratio),
        "where the best absolute error is below 1, its two ends are within a factor of 1.5": below(widest, 1.5),
        "independent best absolute errors lie between the two ends": below(
            np.zeros((2, len(BEST["M"]))),
            np.array([arrays["best"] / arrays["at_known"][:, 0] - 1, 1 - arrays["best"] / arrays["at_known"][:, 1]]),
        ),
        "the degrees are within one of those of an independent table": below(np.abs(degree - known)[there], 1.5),
        "the degrees are those of an independent table in nine of ten places": below(
            np.mean(np.abs(degree - known)[there] > 0.5), 0.1
        ),
    }


def degrees_beside(arrays: Any) -> list[Beside]:
    """Degrees, and best errors as the mean of their two ends."""
    names = [f"degree, {k}, eta = {eta:g}, M = {M:g}" for k in LABELS for eta in ETAS for M in arrays["M"]]
    rows = beside(names, arrays["known"], arrays["degree"], TABLE["source"])
    for side, which in enumerate(("lower", "upper")):
        names = [f"{which} end, M = {M:g}, degree {g}" for M, g in zip(BEST["M"], BEST["degree"], strict=True)]
        rows += beside(names, BEST[which], arrays["at_known"][:, side], BEST["source"])
    return rows


def draw_degrees(arrays: Any) -> matplotlib.figure.Figure:
    """Degrees for two errors on the left; the best error between its ends on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.4), layout="constrained")
    M = arrays["M"]
    for k, label in enumerate(LABELS):
        for e, style in ((0, ":"), (2, "-")):
            options = {"color": COLORS[k], "marker": MARKERS[k], "markersize": 4, "linestyle": style}
            shown = {"label": label} if e == 2 else {}
            left.plot(M, arrays["degree"][k, e], mfc=COLORS[k] if e == 2 else "none", **options, **shown)
    left.plot([], [], "-", color="gray", label=f"relative error {ETAS[2]:g}")
    left.plot([], [], ":", color="gray", label=f"relative error {ETAS[0]:g}")
    left.set(xscale="log", yscale="log", xlabel="M", ylabel="least degree")
    for axis, places in ((left.xaxis, M.tolist()), (left.yaxis, [2, 5, 10, 20, 50])):
        axis.set_ticks(places, [f"{place:g}" for place in places])
        axis.set_minor_formatter("")
    degrees = np.arange(arrays["ends"].shape[1])
    for i, bound in enumerate(arrays["reach"].tolist()):
        low, high = arrays["ends"][i].T
        seen = low > 1e-12
        right.fill_between(degrees[seen], low[seen], high[seen], color=COLORS[i], alpha=0.6, label=f"M = {bound}")
    right.plot(BEST["degree"], arrays["best"], "*", color="white", markersize=11, mec="black", mew=0.8,
               label="independent minimax")  # fmt: skip
    right.set(yscale="log", xlabel="degree", ylabel="best absolute error on [-M, M], between two bounds")
    left.legend()
    right.legend()
    headline(
        figure,
        "Polynomials for exp on [-M, M]: degrees for a relative error, and Bessel sums around the best absolute one",
    )
    return figure


DEGREES = Figure(
    name="degrees",
    title="The degree that exp asks for on an interval, by four choices and between two proofs.",
    compute=compute_degrees,
    claims=degrees_claims,
    draw=draw_degrees,
    beside=degrees_beside,
    inputs=INPUTS,
)

"""Attention that finds a pair of equal bit vectors: exact against polynomials, as the scale of its logits grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, MARKERS, below, beside, headline, stream
from lrtheory.lora_limits import make_gadget, theory

if TYPE_CHECKING:
    import matplotlib.figure

SEED, BITS, WEIGHT = 4, 32, 16
KNOWN = published("lora_limits")["gadget"]
DEGREES = (4, 8, 16, 32)  # those whose accuracy is drawn
MOST = 96
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": 256, "beta0": [10, 20, 40, 50, 60, 80, 100, 120], "instances": 8},
    "full": {"n": 256, "beta0": [10, 20, 30, 40, 45, 50, 55, 60, 70, 80, 100, 120, 160], "instances": 30},
}


def points(n: int, planted: bool, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of bit vectors of half the weight; if planted, one vector is in both, else no two share w - 1 ones."""
    while True:
        a, b = (rng.permuted(np.tile(np.arange(BITS) < WEIGHT, (n, 1)), axis=1).astype(int) for _ in range(2))
        if planted:
            b[rng.integers(n)] = a[rng.integers(n)]
            return a, b
        if (a @ b.T).max() <= WEIGHT - 2:
            return a, b


def decides(n: int, beta0: float, instance: int) -> np.ndarray:
    """Return whether attention is right about a pair: exact attention (index 0), and Taylor of degree 1, 2, ...."""
    planted = bool(instance % 2)
    gadget = make_gadget(*points(n, planted, stream(SEED, n, instance)), beta0=beta0)
    logits = gadget.beta * (gadget.Q[:n] @ gadget.K.T)
    right, term, total = [], np.ones_like(logits), np.ones_like(logits)
    weights = np.exp(logits)
    for degree in range(MOST + 1):
        if degree:
            term *= logits
            term /= degree
            total += term
            weights = total
        attention = weights @ gadget.V / weights.sum(axis=1, keepdims=True)
        rows = np.concatenate([attention, attention])  # the lower half of the gadget is not looked at
        found = theory.decide_pair(rows, WEIGHT, n_bits=BITS, beta0=beta0)
        right.append(bool(found.any()) == planted)
    return np.array(right)


def compute_gadget(profile: str) -> dict[str, np.ndarray]:
    """Shares of right answers, (beta0, 1 + degrees), and the degree from which all are, (beta0,)."""
    n, grid, count = (INPUTS[profile][name] for name in ("n", "beta0", "instances"))
    runs = np.reshape(each(decides, [(n, b, i) for b in grid for i in range(count)]), (len(grid), count, -1))
    share = runs.mean(axis=1)
    # NaN where exact attention is not always right itself
    settled = [_settled(row[1:]) if row[0] == 1 else np.nan for row in share]
    table = dict(zip(KNOWN["beta0"], KNOWN["degree"], strict=True))
    return {
        "n": np.array(n),
        "beta0": np.array(grid, float),
        "share": share,
        "settled": np.array(settled),
        "known": np.array([table.get(b, np.nan) for b in grid], float),
        "sufficient": np.array([theory.decisive_beta0(n, BITS, gap=gap) for gap in (3, 2)]),
        "count": np.array(count),
    }


def _settled(line: np.ndarray) -> float:
    """The degree from which every larger one is always right; line has degree 1 first."""
    wrong = np.flatnonzero(line < 1)
    return float(wrong[-1] + 2) if wrong.size else 1.0


def gadget_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return what the figure shows, as booleans with margins."""
    beta0, share, settled, known = (arrays[name] for name in ("beta0", "share", "settled", "known"))
    decided, there = np.isfinite(settled), np.isfinite(known)
    return {
        "exact attention is always right where the scale is decisive": below(
            0.999, share[beta0 >= arrays["sufficient"][0], 0]
        ),
        "exact attention is always right from a scale of 80 on": below(0.999, share[beta0 >= 80, 0]),
        "at a scale of 20 and below exact attention says yes to everything": below(
            np.abs(share[beta0 <= 20, 0] - 0.5), 1e-9
        ),
        "polynomials of degree 4, 8 and 16 are at chance where exact attention is right": below(
            np.abs(share[beta0 >= 80][:, [4, 8, 16]] - 0.5), 0.13
        ),
        "the degree that decides is above 0.7 of the largest logit": below(0.7, 2 * settled[decided] / beta0[decided]),
        "the degree that decides has more features than 10^15 times the points": below(
            15, [np.log10(float(theory.n_features(2 * BITS, abs(int(g))) / arrays["n"])) for g in settled[decided]]
        ),
        "degrees that decide are within a third of independent ones": below(
            np.abs(settled / known - 1)[there & decided], 1 / 3
        ),
    }


def gadget_beside(arrays: Any) -> list[Beside]:
    """Degrees from which polynomials decide."""
    names = [f"degree that decides, beta0 = {b:g}" for b in arrays["beta0"]]
    source = f"{KNOWN['source']}, {int(arrays['count'])} in all"
    return beside(names, arrays["known"], arrays["settled"], source)


def draw_gadget(arrays: Any) -> matplotlib.figure.Figure:
    """Shares of right answers on the left, degrees on the right."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 4.3), layout="constrained")
    beta0, n = arrays["beta0"], int(arrays["n"])
    left.plot(beta0, arrays["share"][:, 0], "k-o", linewidth=2, label="exact")
    for i, g in enumerate(DEGREES):
        line = {"color": COLORS[i], "marker": MARKERS[i + 1], "markersize": 10 - 2 * i, "mfc": "none"}
        left.plot(beta0, arrays["share"][:, g], "--", label=f"degree {g}", **line)
    left.axvspan(*arrays["sufficient"], color="gray", alpha=0.2, label="proved to be decisive, gap 3 to 2")
    left.set(ylabel="share of right answers", ylim=(0, 1.05))
    right.plot(beta0, arrays["settled"], "-o", color=COLORS[0], markersize=5, label="degree that decides")
    right.plot(beta0, arrays["known"], "*", color="white", markersize=11, mec="black", mew=0.7, zorder=5,
               label="independent numbers")  # fmt: skip
    right.plot(beta0, beta0 / 2, ":", color="gray", label=r"largest logit, $\beta_0 / 2$")
    for b, g in zip(beta0, arrays["settled"], strict=True):
        if np.isfinite(g):
            power = np.log10(float(theory.n_features(2 * BITS, int(g))))
            right.annotate(
                f"$10^{{{power:.0f}}}$", (b, g), (10, -12), textcoords="offset points", ha="center", fontsize=8
            )
    right.set(ylabel="Taylor degree (and how many features)", ylim=(0, 1.2 * np.nanmax(arrays["settled"])))
    right.set_xlim(right=1.08 * beta0.max())
    for axis in (left, right):
        axis.set(xlabel=r"scale of the logits $\beta_0$")
    left.legend(loc="lower right")
    right.legend(loc="lower right")
    headline(
        figure,
        f"Is one of {n} bit vectors in both sets? {BITS} bits, weight {WEIGHT}, {int(arrays['count'])} instances, half "
        "of them with a pair; attention of the gadget, exact and by polynomials",
    )
    return figure


GADGET = Figure(
    name="gadget",
    title="Where attention decides whether two sets share a vector, polynomials of few features do not.",
    compute=compute_gadget,
    claims=gadget_claims,
    draw=draw_gadget,
    beside=gadget_beside,
    seed=SEED,
    inputs=INPUTS,
)

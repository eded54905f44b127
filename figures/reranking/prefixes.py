"""The prefix that passes of windows sort for every order, measured and as the theorem says."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import below, headline
from lrtheory.reranking import rerank
from lrtheory.reranking.theory import window_prefix

if TYPE_CHECKING:
    import matplotlib.figure

N = 8
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n": N, "passes": [1, 2]},
    "full": {"n": 11, "passes": [1, 2, 3]},
}


def certain_prefix(n: int, w: int, s: int, p: int) -> int:
    """The prefix that is right for every order, by the 0-1 principle.

    A strategy that compares documents puts the g best first, in this order, for all orders if and only if for each
    j <= g it brings the ones to the front of every list of zeros and j ones, since its steps commute with cutting the
    hidden order in two.
    """
    for j in range(1, n + 1):
        for places in itertools.combinations(range(n), j):
            worse = np.ones(n, bool)
            worse[list(places)] = False
            judge = lambda documents, worse=worse: documents[np.argsort(worse[documents], kind="stable")]
            found = rerank(judge, n, n, strategy="window", size=w, step=s, passes=p)
            if worse[found.order[:j]].any():
                return j - 1
    return n


def compute_prefixes(profile: str) -> dict[str, np.ndarray]:
    """Measured and stated prefixes, (passes, w, s), w and s from 1 to n - 1 on both axes; -1 where s >= w."""
    n, passes = INPUTS[profile]["n"], INPUTS[profile]["passes"]
    shape = (len(passes), n, n)
    found, stated = np.full(shape, -1.0), np.full(shape, -1.0)
    for i, p in enumerate(passes):
        for w in range(2, n):
            for s in range(1, w):
                found[i, w, s], stated[i, w, s] = certain_prefix(n, w, s, p), window_prefix(n, w, s, passes=p)
    return {"found": found, "stated": stated, "passes": np.array(passes)}


def prefixes_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as documents or shares."""
    found, stated = arrays["found"], arrays["stated"]
    places = np.arange(found.shape[1])
    cells = np.broadcast_to((places >= 1) & (places < places[:, None]), found.shape)  # steps that are below w
    return {
        "at least one document is certain wherever windows overlap": below(0, found[cells]),
        "no order has a shorter right prefix than the theorem says (RK-W2)": below((stated - found)[cells], 0.5),
        "after one pass the prefix is exactly that of the theorem (RK-W1)": below(
            abs(found - stated)[0][cells[0]], 0.5
        ),
        "it is in more than 90 % of all cells": below(0.9, (found == stated)[cells].mean()),
    }


def draw_prefixes(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the measured prefixes by w and s, with a frame where the theorem says less."""
    import matplotlib.pyplot as plt

    found, stated = arrays["found"], arrays["stated"]
    n = found.shape[1]
    figure, axes = plt.subplots(1, len(found), figsize=(4.2 * len(found), 3.8), layout="constrained", squeeze=False)
    for axis, one, due, p in zip(axes[0], found, stated, arrays["passes"], strict=True):
        table = np.ma.masked_less(one, 0)
        axis.imshow(table.T, origin="lower", vmin=0, vmax=n, cmap="viridis", aspect="auto")
        for w, s in np.argwhere(one >= 0):
            more = "+" if one[w, s] > due[w, s] else ""
            color = "black" if one[w, s] > n / 2 else "white"
            axis.text(w, s, f"{one[w, s]:.0f}{more}", ha="center", va="center", fontsize=8, color=color)
        axis.set(
            xlabel="documents w of a window",
            ylabel="step s",
            xlim=(1.5, n - 0.5),
            ylim=(0.5, n - 1.5),
            title=f"{p} pass{'es' if p > 1 else ''}",
        )
    headline(figure, f"{n} documents: the prefix that is right for every order; + is more than the theorem says")
    return figure


PREFIXES = Figure(
    name="prefixes",
    title="The prefix that passes of windows make certain, by the size and the step of the windows.",
    compute=compute_prefixes,
    claims=prefixes_claims,
    draw=draw_prefixes,
    inputs=INPUTS,
)

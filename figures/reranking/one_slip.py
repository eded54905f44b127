"""Windows that are cut from the input list: documents that are lost with a judge that never errs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, below, beside, between, headline, stream
from lrtheory.reranking import make_oracle, rerank
from lrtheory.reranking.baselines import rankify_window

if TYPE_CHECKING:
    import matplotlib.figure

SEED = 0
#: the usual sizes: documents, documents of a window, step
N, W, S = 100, 20, 10
INPUTS: dict[str, dict[str, Any]] = {"quick": {"orders": 400}, "full": {"orders": 10_000}}


KNOWN = published("reranking")["one-slip"]


def compute_slip(profile: str) -> dict[str, np.ndarray]:
    """By order, with and without the slip: documents that are lost, and the share of the ten best in the first ten."""
    rng = stream(SEED, 0)
    lost, recall = [], []
    for _ in range(INPUTS[profile]["orders"]):
        hidden = rng.permutation(N)
        judge, best = make_oracle(hidden), set(hidden[:10].tolist())
        orders = [
            rankify_window(judge, N, size=W, step=S),
            rerank(judge, N, 10, strategy="window", size=W, step=S, passes=1).order,
        ]
        lost.append([N - len(set(order.tolist())) for order in orders])
        recall.append([len(best & set(order[:10].tolist())) / 10 for order in orders])
    return {"lost": np.array(lost), "recall": np.array(recall)}


def slip_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins in documents or shares."""
    lost, recall = arrays["lost"].mean(axis=0), arrays["recall"].mean(axis=0)
    return {
        "35 to 39 of 100 documents are lost on average": between(lost[0], 35, 39),
        "17 to 23 % of the best ten are among the first ten": between(recall[0], 0.17, 0.23),
        "without it no document is lost": below(arrays["lost"][:, 1], 0.5),
        "without it all of the best ten are among the first ten (RK-W1)": below(1 - arrays["recall"][:, 1], 1e-9),
    }


def slip_beside(arrays: Any) -> list[Beside]:
    """Documents that the slip loses, and the share of the best ten that it finds, beside published numbers."""
    ours = arrays["lost"][:, 0].mean(), arrays["recall"][:, 0].mean()
    names = ["documents lost of 100", "share of the best ten in the first ten"]
    return beside(names, [KNOWN["lost"], KNOWN["recall"]], np.array(ours), KNOWN["source"])


def draw_slip(arrays: Any) -> matplotlib.figure.Figure:
    """Draw how many orders lose how many documents, and how many of the best ten are found."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.6), layout="constrained")
    lost, found = arrays["lost"], np.rint(10 * arrays["recall"]).astype(int)
    for axis, values, last in ((left, lost, int(lost.max())), (right, found, 10)):
        for i, label in enumerate(("cut from the input list", "cut from what is sorted so far")):
            counts = np.bincount(values[:, i], minlength=last + 1) / len(values)
            axis.bar(np.arange(len(counts)) + 0.4 * i - 0.2, counts, width=0.4, color=COLORS[i], label=label)
    left.set(xlabel=f"documents of {N} that are lost", ylabel="share of orders")
    right.set(xlabel="best ten among the first ten", ylabel="share of orders", xticks=range(0, 11, 2))
    left.legend()
    headline(figure, f"{N} documents in windows of {W} with the step {S}, and a judge that never errs: one slip")
    return figure


ONE_SLIP = Figure(
    name="one-slip",
    title="Documents that are lost where each window is cut from the input list, with a judge that never errs.",
    compute=compute_slip,
    claims=slip_claims,
    draw=draw_slip,
    beside=slip_beside,
    seed=SEED,
    inputs=INPUTS,
)

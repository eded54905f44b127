"""A catalogue that changes every day, switched item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, below, beside, headline
from lrtheory.constrained_decoding import LiveIndex, TrieIndex, load_product_codes

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("constrained_decoding")["days"]
#: a product lives while it was sold within this many days
WINDOW, LENGTH = 7, 13
INPUTS: dict[str, dict[str, Any]] = {"quick": {"days": 120, "compared": 5}, "full": {"days": 120, "compared": 120}}


def compute_days(profile: str) -> dict[str, np.ndarray]:
    """By day: living products, switches and writes; and whether the index allows what one made anew allows."""
    codes, settings = load_product_codes(), INPUTS[profile]
    rows, days = np.array(codes.index.sequences()), settings["days"]
    live = LiveIndex(codes.index, alive=np.zeros(codes.index.n_items, bool))
    before, living, switched, writes, equal = np.zeros(codes.index.n_items, bool), [], [], [], []
    compared = set(np.linspace(0, days - 1, settings["compared"]).astype(int).tolist())
    for day in range(days):
        now = codes.sold(max(0, day - WINDOW + 1), day + 1)
        written = live.n_writes
        come, gone = np.flatnonzero(now & ~before), np.flatnonzero(before & ~now)
        switched.append(live.toggle(come, True) + live.toggle(gone, False))
        writes.append(live.n_writes - written)
        living.append(live.n_alive)
        before = now
        if day in compared:
            equal.append(live.compact().sequences() == TrieIndex(rows[now], 10).sequences())
    return {
        "living": np.array(living, float),
        "switched": np.array(switched),
        "writes": np.array(writes),
        "equal": np.array(equal),
        "products": np.array(len(rows)),
    }


def days_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as counts."""
    return {
        "each switch writes one number for each of the 13 digits (ST-10)": below(
            abs(arrays["writes"] - LENGTH * arrays["switched"]), 0.5
        ),
        "the index has the items of one that is made anew": below(0, arrays["equal"].astype(float)),
        "most days switch fewer products than live": below(0.5, float((arrays["switched"] < arrays["living"]).mean())),
    }


def days_beside(arrays: Any) -> list[Beside]:
    """Switches and writes in all."""
    ours = [arrays["switched"].sum(), arrays["writes"].sum()]
    return beside(["switches", "writes"], [KNOWN["toggles"], KNOWN["writes"]], ours, KNOWN["source"])


def draw_days(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the living products and the switches of each day."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7.2, 3.8), layout="constrained")
    day = np.arange(len(arrays["living"]))
    axis.plot(day, arrays["living"], color=COLORS[0], label=f"products that were sold within {WINDOW} days")
    axis.plot(day, arrays["switched"], color=COLORS[1], linestyle="--", label="switches of the day")
    axis.axhline(float(arrays["products"]), color="gray", linestyle=":", label="all products")
    axis.set(xlabel="day", ylabel="products", ylim=(0, None))
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3)
    total = int(arrays["writes"].sum())
    headline(
        figure, f"A catalogue of the products on sale: {total:,} writes in {len(day)} days, and nothing is rebuilt"
    )
    return figure


DAYS = Figure(
    name="days",
    title="Products on sale by day, switched in an index that is never rebuilt.",
    compute=compute_days,
    claims=days_claims,
    draw=draw_days,
    beside=days_beside,
    inputs=INPUTS,
    data=("product_codes",),
)

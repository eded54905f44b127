"""Columns of a weight that a very sparse random adapter can never change, and the rank that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, below, beside, headline, log_ticks, stream
from lrtheory.low_rank_adapters.theory.randlora import dead_share

if TYPE_CHECKING:
    import matplotlib.figure

SEED, RANK = 5, 32
KNOWN = published("low_rank_adapters")["dead columns"]
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"side": [96, 192, 384, 768, 1536, 4096], "draws": 20},
    "full": {"side": [96, 192, 384, 768, 1536, 3072, 4096, 8192], "draws": 400},
}


def dead(side: int, draws: int) -> np.ndarray:
    """Return the share of zero columns of factors whose entries are nonzero with probability 1 / sqrt(side)."""
    rng = stream(SEED, side)
    return np.array([np.mean(~(rng.random((RANK, side)) < side**-0.5).any(axis=0)) for _ in range(draws)])


def compute_dead(profile: str) -> dict[str, np.ndarray]:
    """Shares of dead columns, (sides, draws), and what is expected of the law in use and of the one documented."""
    sides, draws = INPUTS[profile]["side"], INPUTS[profile]["draws"]
    expected = [[float(dead_share(share * side**0.5, RANK)) for share in (1.0, 0.5)] for side in sides]
    shares = np.array(each(dead, [(side, draws) for side in sides]))
    return {"side": np.array(sides), "shares": shares, "expected": np.array(expected)}


def ours(arrays: Any) -> np.ndarray:
    """Return mean shares at the sides of which measurements are known."""
    return arrays["shares"].mean(axis=1)[np.searchsorted(arrays["side"], KNOWN["side"])]


def dead_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of columns."""
    mean = arrays["shares"].mean(axis=1)
    known = np.array(KNOWN["share"])
    used, documented = arrays["expected"].T
    return {
        "draws have the share of dead columns that is expected, within 0.01": below(np.abs(mean - used), 0.01),
        "adapters of peft have our share of dead columns within 0.02 at sides 384 and 768": below(
            np.abs(ours(arrays) - known), 0.02
        ),
        "the documented law would leave fewer dead columns by 0.08 or more from side 192 on": below(
            0.08, (mean - documented)[arrays["side"] >= 192]
        ),
        "peft has no higher rank than columns that live": below(
            np.array(KNOWN["rank"]), np.array(KNOWN["side"]) * (1 - known) + 1
        ),
    }


def dead_beside(arrays: Any) -> list[Beside]:
    """Shares of dead columns at two sides."""
    names = [f"share of dead columns, side {side}" for side in KNOWN["side"]]
    return beside(names, KNOWN["share"], ours(arrays), KNOWN["source"])


def draw_dead(arrays: Any) -> matplotlib.figure.Figure:
    """Draw the share of dead columns against the side."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    side, known = arrays["side"], KNOWN
    axis.plot(
        side, arrays["expected"][:, 0], color=COLORS[0], label="expected, law of the code: $(1 - 1/\\sqrt{d})^{32}$"
    )
    axis.plot(
        side, arrays["expected"][:, 1], color=COLORS[1], linestyle="--", label="expected, law of the documentation"
    )
    look = {"linestyle": "none", "markersize": 6}
    axis.plot(side, arrays["shares"].mean(axis=1), marker="o", color=COLORS[0], label="drawn here", **look)
    axis.plot(known["side"], known["share"], marker="x", color="black", label="measured in peft", **look)
    for d, share, rank in zip(known["side"], known["share"], known["rank"], strict=True):
        axis.annotate(f"rank {rank} of {d}", (d, share), xytext=(8, -12), textcoords="offset points", fontsize=8)
    log_ticks(axis, side)
    axis.set(xlabel="side d of the weight", ylabel="share of dead columns", ylim=(0, None))
    axis.legend(loc="upper left")
    headline(
        figure,
        "RandLoRA with very sparse bases of rank 32: a zero column of A is zero in every update",
    )
    return figure


DEAD_COLUMNS = Figure(
    name="dead-columns",
    title="Columns of a weight that very sparse RandLoRA can never change, against the side of the weight.",
    compute=compute_dead,
    claims=dead_claims,
    draw=draw_dead,
    beside=dead_beside,
    seed=SEED,
    inputs=INPUTS,
)
